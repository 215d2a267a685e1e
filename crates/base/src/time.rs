use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A point in time in whole seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

/// Where a product reads the time. Rooms below the products take `now: UnixTime` instead.
pub trait Clock: Send + Sync {
    /// The present time, in seconds.
    fn now(&self) -> UnixTime;
}

impl UnixTime {
    /// The time `seconds` after the Unix epoch.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Reads a JWT NumericDate: a JSON number, whose fraction is dropped. `None` for anything else
    /// and for times that do not fit.
    ///
    /// Source: RFC 7519 §2: "non-integer values can be represented".
    pub fn from_numeric_date(value: &Value) -> Option<Self> {
        let number = value.as_number()?;
        if let Some(seconds) = number.as_i64() {
            return Some(Self(seconds));
        }
        // The whole part of the decimal text; a number with an exponent stands for no date in use.
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.')?;
        let plain = fraction.bytes().all(|digit| digit.is_ascii_digit());
        whole.parse().ok().filter(|_| plain).map(Self)
    }

    /// Seconds since the Unix epoch.
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// This time moved by `seconds`, which may be negative; stops at the ends of the range.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this time; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This time rounded down to a multiple of `grid` seconds. A grid that the population shares
    /// keeps a timestamp from marking one holder.
    ///
    /// A `grid` of 0 or less leaves the time as it is.
    #[must_use]
    pub const fn rounded_down_to(self, grid: i64) -> Self {
        if grid <= 0 {
            return self;
        }
        Self(self.0.saturating_sub(self.0.rem_euclid(grid)))
    }
}

/// RFC 3339 in UTC, to the second: `2026-11-23T01:15:29Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400);
        let second_of_day = self.0.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second_of_day / 3_600,
            second_of_day / 60 % 60,
            second_of_day % 60
        )
    }
}

/// The proleptic Gregorian date of a day number counted from 1970-01-01.
///
/// Counts in years that begin on 1 March, so that the leap day is the last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_396_529, "2026-11-23T01:15:29Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(UnixTime::from_secs(seconds).to_string(), text);
        }
    }

    #[test]
    fn rounds_down_on_both_sides_of_the_epoch() {
        assert_eq!(UnixTime::from_secs(3_599).rounded_down_to(3_600), UnixTime::from_secs(0));
        assert_eq!(UnixTime::from_secs(-1).rounded_down_to(3_600), UnixTime::from_secs(-3_600));
        assert_eq!(UnixTime::from_secs(7).rounded_down_to(0), UnixTime::from_secs(7));
    }

    #[test]
    fn reads_numeric_dates_with_and_without_a_fraction() {
        let read = |text: &str| {
            UnixTime::from_numeric_date(&serde_json::from_str(text).unwrap()).map(UnixTime::as_secs)
        };
        assert_eq!(read("1795396529"), Some(1_795_396_529));
        assert_eq!(read("1795396529.25"), Some(1_795_396_529));
        for text in ["\"1795396529\"", "1e300", "1.5e30", "18446744073709551615", "null", "true", "[1]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(UnixTime::from_secs(i64::MAX).plus(1).as_secs(), i64::MAX);
        assert_eq!(UnixTime::from_secs(i64::MIN).seconds_since(UnixTime::from_secs(1)), i64::MIN);
    }
}
