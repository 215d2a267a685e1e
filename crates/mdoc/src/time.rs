//! `tdate`: RFC 3339 text of tag 0. An mdoc's own are in UTC without a fraction.
//!
//! Source: ISO/IEC 18013-5 §9.1.2.4 (read from peers); RFC 8949 §3.4.1; RFC 3339 §5.6.

use inro_base::UnixTime;
use inro_cose::Item;
use inro_cose::write::Writer;

use crate::MdocError;

/// The tag of a date and time as text.
const TDATE: u64 = 0;

pub(crate) fn write(time: UnixTime, to: &mut Writer) {
    to.tag(TDATE);
    to.text(&time.to_string());
}

/// A fraction is dropped and an offset applied: issuers exist that write them.
pub(crate) fn read(item: Item<'_>) -> Result<UnixTime, MdocError> {
    parse(item.tagged(TDATE)?.text()?).ok_or(MdocError::Date)
}

fn parse(text: &str) -> Option<UnixTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = day_number(date)?;
    let rest = rest.strip_prefix(['T', 't'])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock.as_bytes() else { return None };
    let (hour, minute, second) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?);
    // 60 is a leap second; it counts as the first second of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = offset(without_fraction(rest)?)?;
    Some(UnixTime::from_secs(days * 86_400 + hour * 3_600 + minute * 60 + second - offset))
}

fn without_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    (zone.len() < fraction.len()).then_some(zone)
}

fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = zone.as_bytes() else { return None };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    Some(if *sign == b'-' { -seconds } else { seconds })
}

/// The number of days from 1970-01-01 to `date`, `YYYY-MM-DD`.
fn day_number(date: &str) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date.as_bytes() else { return None };
    let (year, month, day) = (digits(&[*y1, *y2, *y3, *y4])?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?);
    if year < 1 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    // Counts in years that begin on 1 March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn digits(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use inro_cose::Limits;

    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for seconds in [0, 951_782_400, 1_795_396_529, 4_107_542_399] {
            let mut writer = Writer::default();
            write(UnixTime::from_secs(seconds), &mut writer);
            let bytes = writer.finish();
            let item = Item::parse(&bytes, Limits::MESSAGE).unwrap();
            assert_eq!(read(item), Ok(UnixTime::from_secs(seconds)));
        }
    }

    #[test]
    fn reads_fractions_and_offsets() {
        let at = |text: &str| parse(text).map(UnixTime::as_secs);
        assert_eq!(at("2026-11-23T01:15:29.999Z"), Some(1_795_396_529));
        assert_eq!(at("2026-11-23T10:15:29+09:00"), Some(1_795_396_529));
        assert_eq!(at("2026-11-22T20:15:29-05:00"), Some(1_795_396_529));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T01:15Z",
            "2026-02-29T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T01:15:29",
            "2026-11-23T01:15:29.Z",
            "2026-11-23 01:15:29Z",
            "2026-11-23T01:15:29Zx",
            "2026-11-23T01:15:29+9:00",
            "２０２６-11-23T01:15:29Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
