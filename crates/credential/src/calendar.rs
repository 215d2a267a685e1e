//! Days of the calendar, `YYYY-MM-DD`.

/// The number of days from 1970-01-01 to `date`; `None` where `date` is not a day of the calendar
/// in the form `YYYY-MM-DD`.
pub fn day_number(date: &str) -> Option<i64> {
    let bytes = date.as_bytes();
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else { return None };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let month = number(&[*m1, *m2])?;
    let day = number(&[*d1, *d2])?;
    if year < 1 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    // Counts in years that begin on 1 March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::day_number;

    #[test]
    fn counts_days() {
        let cases = [
            ("1970-01-01", 0),
            ("1970-01-02", 1),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2026-11-23", 20_780),
        ];
        for (date, days) in cases {
            assert_eq!(day_number(date), Some(days), "{date}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_day() {
        for date in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026/04/01",
            "26-04-01",
            "2026-4-1",
            "",
            "２０２６-04-01",
            "0000-01-01",
        ] {
            assert_eq!(day_number(date), None, "{date}");
        }
    }
}
