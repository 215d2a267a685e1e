//! What the wallet keeps of a refresh token, and when it is used.
//!
//! An issuer sees when it is asked for new copies. So that this tells it little of when a copy was shown, the
//! time of the next look at the copies is drawn beforehand, and the time of a renewal when the credential
//! is stored: neither moves because a copy is used.

use inro_base::{Rng, UnixTime, base64url};
use serde::{Deserialize, Serialize};

use crate::keys::KeyId;
use crate::records::{CredentialId, CredentialRecord, NamedRecord};
use crate::ticket;

/// Between two looks at the copies lie this many seconds at least, and as many as [`LOOK_SPREAD`] more.
const LOOK_AFTER: i64 = 6 * 3_600;
const LOOK_SPREAD: u32 = 12 * 3_600;
/// After a failure the wallet waits this long at first, in seconds, then twice as long each time, up to
/// [`MAX_RETRY_AFTER`]; and up to as long again, at random.
const RETRY_AFTER: i64 = 15 * 60;
const MAX_RETRY_AFTER: i64 = 86_400;
/// A look that lies further ahead than any that is drawn, in seconds, is due: the clock was put right.
const MAX_AHEAD: i64 = 2 * MAX_RETRY_AFTER;
/// The life of a credential whose issuer sets no end, in seconds, for the renewal: half a year.
const ENDLESS: i64 = 180 * 86_400;

/// When the wallet asks for new copies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefillWhen {
    /// At the times that were drawn, where a third of the copies or fewer is left or the time of a renewal
    /// has come.
    Scheduled,
    /// At once, where a copy was used: the issuer then knows that one was. For a holder who asks for it.
    AtOnce,
}

/// A refresh token with what it is good for: stored as a named record.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refills {
    /// The credential issuer identifier.
    pub(crate) issuer: String,
    /// The key that the token is bound to.
    dpop_key: String,
    /// Wrapped; base64url.
    ticket: String,
    pub(crate) credentials: Vec<Planned>,
    look_at: UnixTime,
    failures: u32,
}

/// A credential that is refilled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) id: CredentialId,
    /// How many copies came; 0 as long as it is deferred.
    copies: u32,
    /// From when on it is renewed whatever is left.
    renew_at: Option<UnixTime>,
}

impl Refills {
    /// `ticket` is wrapped.
    pub(crate) fn new(issuer: &str, dpop_key: &KeyId, ticket: &[u8], ids: Vec<CredentialId>) -> Self {
        let planned = |id| Planned { id, copies: 0, renew_at: None };
        Self {
            issuer: issuer.to_owned(),
            dpop_key: dpop_key.0.clone(),
            ticket: base64url::encode(ticket),
            credentials: ids.into_iter().map(planned).collect(),
            look_at: UnixTime::from_secs(0),
            failures: 0,
        }
    }

    /// What stands in a record; `None` when it cannot be read, so that it is good for nothing.
    pub(crate) fn read(record: &NamedRecord) -> Option<Self> {
        serde_json::from_slice(&record.content).ok()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn dpop_key(&self) -> KeyId {
        KeyId(self.dpop_key.clone())
    }

    pub(crate) fn ticket(&self) -> Vec<u8> {
        base64url::decode(&self.ticket).unwrap_or_default()
    }

    pub(crate) fn replace_ticket(&mut self, ticket: &[u8]) {
        self.ticket = base64url::encode(ticket);
    }

    /// The key of the token, and the one that wraps the ticket.
    pub(crate) fn keys(&self) -> [KeyId; 2] {
        [self.dpop_key(), ticket::split(&self.ticket()).0]
    }

    pub(crate) fn is_due(&self, now: UnixTime) -> bool {
        self.look_at <= now || self.look_at.seconds_since(now) > MAX_AHEAD
    }

    /// Draws the time of the next look.
    pub(crate) fn look_later(&mut self, now: UnixTime, rng: &mut dyn Rng) {
        self.failures = 0;
        self.look_at = now.plus(LOOK_AFTER).plus(i64::from(rng.below(LOOK_SPREAD)));
    }

    /// Draws the time of the next attempt after one that failed.
    pub(crate) fn retry_later(&mut self, now: UnixTime, rng: &mut dyn Rng) {
        let doubled = RETRY_AFTER.saturating_mul(1_i64 << self.failures.min(16)).min(MAX_RETRY_AFTER);
        self.failures = self.failures.saturating_add(1);
        self.look_at = now.plus(doubled).plus(i64::from(rng.below(seconds(doubled))));
    }
}

impl Planned {
    /// Takes down what came, and draws the time of the renewal: between half and four fifths of the life
    /// that is left.
    pub(crate) fn plan(&mut self, record: &CredentialRecord, now: UnixTime, rng: &mut dyn Rng) {
        let life = record.expires_at.map_or(ENDLESS, |end| end.seconds_since(now).max(0));
        let spread = rng.below(seconds(life / 10 * 3).max(1));
        self.copies = record.copies;
        self.renew_at = Some(now.plus(life / 2).plus(i64::from(spread)));
    }

    /// Whether it has come.
    pub(crate) const fn is_planned(&self) -> bool {
        self.renew_at.is_some()
    }

    pub(crate) fn needs_copies(&self, record: &CredentialRecord, when: RefillWhen, now: UnixTime) -> bool {
        let few = match when {
            RefillWhen::Scheduled => record.copies.saturating_mul(3) <= self.copies,
            RefillWhen::AtOnce => record.copies < self.copies,
        };
        few || self.renew_at.is_some_and(|at| at <= now)
    }
}

fn seconds(duration: i64) -> u32 {
    u32::try_from(duration).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRng;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn refills() -> Refills {
        Refills::new("https://issuer.example", &KeyId("dpop".into()), b"wrapped", Vec::new())
    }

    #[test]
    fn looks_between_six_and_eighteen_hours_later_and_not_always_as_late() {
        let rng = &mut SeededRng::new(1);
        let mut seen = Vec::new();
        for _ in 0..50 {
            let mut refills = refills();
            refills.look_later(NOW, rng);
            let wait = refills.look_at.seconds_since(NOW);
            assert!((6 * 3_600..18 * 3_600).contains(&wait), "{wait}");
            assert!(!refills.is_due(NOW.plus(wait - 1)) && refills.is_due(NOW.plus(wait)));
            seen.push(wait);
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 40, "{seen:?}");
    }

    #[test]
    fn waits_longer_after_each_failure_up_to_two_days_and_begins_anew_after_a_success() {
        let (rng, mut refills) = (&mut SeededRng::new(2), refills());
        for least in [900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 86_400] {
            refills.retry_later(NOW, rng);
            let wait = refills.look_at.seconds_since(NOW);
            assert!((least..2 * least).contains(&wait), "{wait}");
        }
        refills.look_later(NOW, rng);
        refills.retry_later(NOW, rng);
        assert!(refills.look_at.seconds_since(NOW) < 1_800);
    }

    #[test]
    fn a_look_beyond_all_that_are_drawn_is_due() {
        let mut refills = refills();
        refills.look_at = NOW.plus(MAX_AHEAD);
        assert!(!refills.is_due(NOW));
        refills.look_at = NOW.plus(MAX_AHEAD + 1);
        assert!(refills.is_due(NOW));
    }
}
