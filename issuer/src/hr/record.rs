use inro_base::UnixTime;
use inro_credential::calendar;
use serde::{Deserialize, Serialize};

/// Japan has one time zone and no summer time: UTC+9.
const JAPAN_SECONDS_AHEAD: i64 = 9 * 3_600;
const DAY_SECONDS: i64 = 86_400;

/// One employee as the HR file tells it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EmployeeRecord {
    /// The number that the agency gave; valid in office only.
    pub employee_number: String,
    /// The name as written in office.
    pub name_kanji: String,
    /// The reading of the name.
    pub name_kana: String,
    /// The name in Latin letters, where the file has it.
    pub name_latin: Option<String>,
    /// The agency's code.
    pub agency_code: String,
    /// The agency's name.
    pub agency: String,
    /// The department's code.
    pub department_code: String,
    /// The department's name.
    pub department: String,
    /// The post.
    pub post: String,
    /// The kind of employment.
    pub employment: Employment,
    /// The grade, where the employee has one.
    pub grade: Option<u8>,
    /// The roles; each code stood in the role table when the file was read.
    pub roles: Vec<Assignment>,
    /// The contract under which a contractor works.
    pub contract_id: Option<String>,
    /// The first day in office, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// The last day in office, `YYYY-MM-DD`.
    pub valid_until: Option<String>,
}

/// A role in a unit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Assignment {
    /// The code of the role in the role table.
    pub code: String,
    /// The unit within which it holds.
    pub unit: String,
    /// The business area within which it holds, where it is confined to one.
    pub business_area: Option<String>,
}

/// A kind of employment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Employment {
    /// 常勤
    Permanent,
    /// 任期付
    FixedTerm,
    /// 非常勤
    PartTime,
    /// 出向
    Seconded,
    /// 委託
    Contractor,
}

impl Employment {
    /// The kind with this name in HR files and credentials.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Permanent, Self::FixedTerm, Self::PartTime, Self::Seconded, Self::Contractor];
        all.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The name in HR files and credentials.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::FixedTerm => "fixed-term",
            Self::PartTime => "part-time",
            Self::Seconded => "seconded",
            Self::Contractor => "contractor",
        }
    }
}

impl EmployeeRecord {
    /// Whether the employee's term has begun at `now` and is not over. Without dates it is open.
    pub fn in_office(&self, now: UnixTime) -> bool {
        self.begins_at().is_none_or(|begin| begin <= now) && self.ends_at().is_none_or(|end| now < end)
    }

    /// When the first day in office begins, in Japan's time.
    pub fn begins_at(&self) -> Option<UnixTime> {
        midnight(self.valid_from.as_deref()?)
    }

    /// When the last day in office is over, in Japan's time.
    pub fn ends_at(&self) -> Option<UnixTime> {
        Some(midnight(self.valid_until.as_deref()?)?.plus(DAY_SECONDS))
    }
}

fn midnight(date: &str) -> Option<UnixTime> {
    let days = calendar::day_number(date)?;
    Some(UnixTime::from_secs(days * DAY_SECONDS - JAPAN_SECONDS_AHEAD))
}

#[cfg(test)]
mod tests {
    use super::midnight;

    #[test]
    fn a_day_begins_at_midnight_in_japan() {
        assert_eq!(midnight("2026-04-01").map(|at| at.to_string()).as_deref(), Some("2026-03-31T15:00:00Z"));
        assert_eq!(midnight("2026-02-30"), None);
    }
}
