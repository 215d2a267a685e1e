//! How long, and how often, wallets may fetch new copies without a new offer.

use inro_base::UnixTime;
use serde::{Deserialize, Serialize};

/// The longest time for which refills may be set, in days.
const MAX_DAYS: u32 = 1_095;
/// The most refills that may be set for one day.
const MAX_PER_DAY: u32 = 100;

/// `[refill]`: new copies without a new offer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "RefillTable")]
pub struct RefillSetting {
    /// For how many days after an offer was redeemed; 0 gives no refills.
    pub days: u32,
    /// How many refills an employee's wallets may ask for within 24 hours.
    pub per_day: u32,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefillTable {
    #[serde(default = "days")]
    days: u32,
    #[serde(default = "per_day")]
    per_day: u32,
}

const fn days() -> u32 {
    180
}

const fn per_day() -> u32 {
    10
}

impl Default for RefillSetting {
    fn default() -> Self {
        Self { days: days(), per_day: per_day() }
    }
}

impl TryFrom<RefillTable> for RefillSetting {
    type Error = &'static str;

    fn try_from(RefillTable { days, per_day }: RefillTable) -> Result<Self, Self::Error> {
        if days > MAX_DAYS || !(1..=MAX_PER_DAY).contains(&per_day) {
            return Err("refills of 0 to 1095 days, 1 to 100 of them a day");
        }
        Ok(Self { days, per_day })
    }
}

impl RefillSetting {
    /// When refills of an offer that is redeemed now end; `None` where there are none.
    pub(crate) fn end(self, now: UnixTime) -> Option<UnixTime> {
        (self.days > 0).then(|| now.plus(i64::from(self.days) * 86_400))
    }
}
