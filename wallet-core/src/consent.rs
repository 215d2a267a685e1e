//! Standing approvals: "always, for this verifier and this query", and what is left when one was
//! withdrawn.
//!
//! An approval is narrow: it holds for the registration, the certificate, the query, the purpose and
//! the host of one request, digest by digest. A withdrawal is wide: it holds against that verifier
//! under another certificate or registration too, and for every query that has a type or a claim in
//! common, so that nobody gets around it by asking in other words.

use inro_base::{UnixTime, base64url};
use inro_credential::{ClaimPath, PathElement};
use inro_crypto::Provider;
use inro_openid4vp::wallet::{StatedPurpose, VerifiedRequest};
use serde::{Deserialize, Serialize};

use crate::choice::{Answer, Choice, SwitchedOff};
use crate::error::WalletError;
use crate::records::{ConsentId, CredentialId, HistoryItem, Localized};
use crate::review::{Asked, Group, GroupOption, Review, Standing};

/// How long a standing approval lasts at most, in days. Source: ours, as a registration is renewed.
pub(crate) const MAX_DAYS: u16 = 365;
/// How far the clock may stand before the time at which an approval was given, in seconds.
const CLOCK_SKEW: i64 = 60;
/// The length of an id before it is encoded, in bytes.
const ID_BYTES: usize = 9;

/// A standing approval, as its holder sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    /// Under which name the wallet knows it.
    pub id: ConsentId,
    /// The verifier's registered name.
    pub verifier: Localized,
    /// Why it asks, if it said so.
    pub purpose: Option<Localized>,
    /// Where the answers go: host, and port where it is not 443.
    pub host: String,
    /// Per credential its type and the names of the claims that are presented.
    pub items: Vec<HistoryItem>,
    /// When it was given.
    pub given_at: UnixTime,
    /// From when on it is void.
    pub until: UnixTime,
    /// When it was withdrawn, if it was.
    pub withdrawn_at: Option<UnixTime>,
}

/// A consent with what it is bound to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) consent: Consent,
    terms: Terms,
    subject: Subject,
    /// What was chosen, per group.
    answer: Vec<Option<Vec<Shown>>>,
}

/// What has to be the same for a standing approval to hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Terms {
    client_id: String,
    registration: [u8; 32],
    certificate: [u8; 32],
    query: [u8; 32],
    host: String,
    encrypted: bool,
    /// In its words, and whether a registrar vouches for them.
    purpose: Option<(Localized, bool)>,
}

/// Whom and what a withdrawal is about.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subject {
    /// By what the verifier is known: certificate, registration, registered name.
    verifier: Vec<String>,
    /// Types that are asked for, and last steps of claims.
    asked: Vec<String>,
}

/// What a standing approval shows of one credential.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
struct Shown {
    query: String,
    credential: CredentialId,
    /// Names of claims. The place of an array's element is left out: a new copy may have it elsewhere.
    claims: Vec<String>,
}

/// What a request is compared by.
pub(crate) struct Compared {
    /// `None` where no standing approval can be given: nobody vouches for the verifier, or there is
    /// something to authorize.
    terms: Option<Terms>,
    subject: Subject,
}

impl Compared {
    pub(crate) fn of(request: &VerifiedRequest) -> Self {
        let digests = request.digests();
        let registration = request.verifier().registration();
        let mut verifier = vec![format!("certificate {}", base64url::encode(&digests.certificate))];
        if let Some(registration) = registration {
            let (name, claims) = (registration.name(), registration.claims());
            verifier.push(format!("registration {} {}", registration.registrar(), claims.sub));
            verifier.push(format!("name {} / {}", name.en, name.ja));
        }
        let mut asked = Vec::new();
        for requested in request.query().requested_paths() {
            asked.extend(requested.types.iter().map(|one| format!("type {one}")));
            asked.extend(requested.paths.into_iter().filter_map(last_key).map(|key| format!("claim {key}")));
        }
        let purpose = match request.purpose() {
            StatedPurpose::Registered(purpose) => Some((purpose, true)),
            StatedPurpose::Claimed(purpose) => Some((purpose, false)),
            StatedPurpose::None => None,
        };
        let terms =
            digests.registration.filter(|_| request.transaction_data().is_empty()).map(|registration| {
                Terms {
                    client_id: request.client_id().as_str().to_owned(),
                    registration,
                    certificate: digests.certificate,
                    query: digests.query,
                    host: request.response_host().to_owned(),
                    encrypted: request.encryption_thumbprint().is_some(),
                    purpose: purpose.map(|(purpose, registered)| {
                        (Localized { en: purpose.en.clone(), ja: purpose.ja.clone() }, registered)
                    }),
                }
            });
        Self { terms, subject: Subject { verifier, asked } }
    }

    /// The standing approval of `choice`, from now for `days`.
    ///
    /// # Errors
    /// [`WalletError::NotStanding`] where none can be given.
    pub(crate) fn consent(
        &self,
        review: &Review,
        choice: &Choice,
        items: Vec<HistoryItem>,
        (now, days): (UnixTime, u16),
        provider: &dyn Provider,
    ) -> Result<Kept, WalletError> {
        let terms = self.terms.clone().ok_or(WalletError::NotStanding)?;
        if !review.may_stand(choice)? || !(1..=MAX_DAYS).contains(&days) {
            return Err(WalletError::NotStanding);
        }
        let text = serde_json::to_vec(&terms).map_err(|_| WalletError::NotStanding)?;
        let digest = provider.sha256(&text);
        let id: Vec<u8> = digest.into_iter().take(ID_BYTES).collect();
        let consent = Consent {
            // One for the same terms takes the place of the one before it.
            id: ConsentId(base64url::encode(&id)),
            verifier: review.asker_name(),
            purpose: review.purpose.as_ref().map(|purpose| purpose.text.clone()),
            host: terms.host.clone(),
            items,
            given_at: now,
            until: now.plus(i64::from(days).saturating_mul(86_400)),
            withdrawn_at: None,
        };
        let answer = described(review, choice)?;
        Ok(Kept { consent, terms, subject: self.subject.clone(), answer })
    }

    /// The newest withdrawal that stands against such a request.
    pub(crate) fn withdrawn(&self, kept: &[Kept]) -> Option<Standing> {
        let withdrawn = self.against(kept).filter_map(|kept| Some((kept.consent.withdrawn_at?, kept)));
        let (at, kept) = withdrawn.max_by_key(|(at, _)| *at)?;
        Some(Standing::Withdrawn { consent: kept.consent.id.clone(), at })
    }

    /// The standing approval that covers such a request, and what would be presented by it.
    pub(crate) fn approved(
        &self,
        kept: &[Kept],
        review: &Review,
        now: UnixTime,
    ) -> Option<(Standing, Choice)> {
        let terms = self.terms.as_ref()?;
        let approved = kept.iter().find(|kept| kept.terms == *terms && kept.consent.holds_at(now))?;
        let choice = approved.choice(review)?;
        let Consent { id, until, .. } = approved.consent.clone();
        Some((Standing::Approved { consent: id, until }, choice))
    }

    /// The withdrawals that stand against such a request.
    pub(crate) fn withdrawals<'a>(&'a self, kept: &'a [Kept]) -> impl Iterator<Item = &'a ConsentId> {
        self.against(kept).map(|kept| &kept.consent.id)
    }

    fn against<'a>(&'a self, kept: &'a [Kept]) -> impl Iterator<Item = &'a Kept> {
        kept.iter()
            .filter(|kept| kept.consent.withdrawn_at.is_some() && kept.subject.is_shared_with(&self.subject))
    }
}

impl Consent {
    /// Whether it stands at `now`. A clock that was set back to a time before it was given makes it void.
    pub fn holds_at(&self, now: UnixTime) -> bool {
        self.withdrawn_at.is_none() && now < self.until && now.plus(CLOCK_SKEW) >= self.given_at
    }
}

impl Kept {
    /// The choice that shows today what was approved, no more and no less.
    fn choice(&self, review: &Review) -> Option<Choice> {
        let mut choice = Choice::of(Vec::new());
        for (group, shown) in review.groups.iter().zip(&self.answer) {
            let pick = match shown {
                None => None,
                Some(shown) => Some(group.options.iter().position(|option| offers(option, shown))?),
            };
            choice.picks.push(pick);
            let option = pick.and_then(|pick| group.options.get(pick));
            for (asked, shown) in
                option.iter().flat_map(|option| &option.credentials).zip(shown.iter().flatten())
            {
                let withheld = asked
                    .claims
                    .iter()
                    .chain(&asked.beside)
                    .filter(|claim| !shown.claims.contains(&without_places(&claim.name)));
                choice.off.extend(withheld.map(|claim| SwitchedOff {
                    credential: asked.credential.clone(),
                    path: claim.path.clone(),
                }));
            }
        }
        let same = described(review, &choice).is_ok_and(|today| today == self.answer);
        (same && review.may_stand(&choice).is_ok_and(|may| may)).then_some(choice)
    }
}

impl Subject {
    fn is_shared_with(&self, other: &Self) -> bool {
        let common = |ours: &[String], theirs: &[String]| ours.iter().any(|one| theirs.contains(one));
        common(&self.verifier, &other.verifier) && common(&self.asked, &other.asked)
    }
}

impl Review {
    /// Whether "always" can be said of `choice`: a registrar vouches for the verifier and for
    /// everything that it would see, and there is nothing to authorize.
    ///
    /// # Errors
    /// As [`Review::chosen`].
    pub fn may_stand(&self, choice: &Choice) -> Result<bool, WalletError> {
        Ok(!self.over_asks(choice)? && self.is_registered() && self.transactions.is_empty())
    }
}

/// What `choice` shows, per group.
fn described(review: &Review, choice: &Choice) -> Result<Vec<Option<Vec<Shown>>>, WalletError> {
    let chosen = review.chosen(choice)?;
    let shown = |asked: &Asked| {
        let same =
            |one: &&Answer<'_>| one.asked.query == asked.query && one.asked.credential == asked.credential;
        let answer = chosen.iter().find(same)?;
        let mut claims: Vec<String> = answer.disclosed().map(|claim| without_places(&claim.name)).collect();
        claims.sort();
        Some(Shown { query: asked.query.clone(), credential: asked.credential.clone(), claims })
    };
    let option = |(pick, group): (&Option<usize>, &Group)| {
        let option = group.options.get((*pick)?)?;
        Some(option.credentials.iter().filter_map(shown).collect())
    };
    Ok(choice.picks.iter().zip(&review.groups).map(option).collect())
}

/// Whether `option` presents the credentials of `shown`.
fn offers(option: &GroupOption, shown: &[Shown]) -> bool {
    let same =
        |(asked, shown): (&Asked, &Shown)| asked.query == shown.query && asked.credential == shown.credential;
    option.credentials.len() == shown.len() && option.credentials.iter().zip(shown).all(same)
}

/// `powers[3]` as `powers[]`.
fn without_places(name: &str) -> String {
    let mut parts = name.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('[');
        plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    plain
}

fn last_key(path: &ClaimPath) -> Option<&str> {
    path.elements().iter().rev().find_map(|element| match element {
        PathElement::Key(key) => Some(key.as_str()),
        PathElement::Index(_) | PathElement::All => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that is set back does not make it good for longer.
    #[test]
    fn holds_from_when_it_was_given_until_its_end_or_its_withdrawal() {
        let given_at = UnixTime::from_secs(1_800_000_000);
        let consent = Consent {
            id: ConsentId("c".into()),
            verifier: Localized::default(),
            purpose: None,
            host: "verifier.example".into(),
            items: Vec::new(),
            given_at,
            until: given_at.plus(86_400),
            withdrawn_at: None,
        };
        for (seconds, holds) in
            [(-61, false), (-60, true), (0, true), (86_399, true), (86_400, false), (-31_536_000, false)]
        {
            assert_eq!(consent.holds_at(given_at.plus(seconds)), holds, "{seconds} s");
        }
        let withdrawn = Consent { withdrawn_at: Some(given_at.plus(9)), ..consent };
        assert!(!withdrawn.holds_at(given_at.plus(10)));
    }

    #[test]
    fn an_element_is_known_again_wherever_it_stands() {
        assert_eq!(without_places("powers[3]"), "powers[]");
        assert_eq!(without_places("roles[12].scope.unit"), "roles[].scope.unit");
        assert_eq!(without_places("department.name"), "department.name");
    }
}
