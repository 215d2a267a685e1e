//! What the holder sees before anything leaves, and what they choose.

use std::fmt;

use inro_credential::{ClaimPath, Format};
use serde_json::Value;

use crate::error::WalletError;
use crate::records::{CredentialId, Localized};

/// A checked request as the holder decides on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Review {
    /// Who asks.
    pub asker: Asker,
    /// Why, if the request says so.
    pub purpose: Option<ReviewPurpose>,
    /// Where the answer goes: host, and port where it is not 443.
    pub host: String,
    /// What the holder authorizes by answering; empty where there is nothing.
    pub transactions: Vec<ReviewTransaction>,
    /// What is asked for. Each group is answered by one of its options.
    pub groups: Vec<Group>,
    /// Whether the wallet holds what every required group and every transaction needs. If not, the holder can only
    /// refuse, and the verifier learns no difference.
    pub satisfiable: bool,
}

/// Who asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asker {
    /// A registrar on the trust list vouches for this name.
    Registered {
        /// The name.
        name: Localized,
    },
    /// The verifier's own word, not verified by anybody.
    Claimed {
        /// The name, in the verifier's words.
        name: String,
    },
}

/// Why somebody asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReviewPurpose {
    /// The reason.
    pub text: Localized,
    /// Whether a registrar vouches for these words.
    pub registered: bool,
}

/// What a holder authorizes by answering, in the verifier's own words: nobody vouches for them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReviewTransaction {
    /// What is approved.
    pub text: Localized,
    /// The ids of the credential queries of which one answer authorizes it.
    pub queries: Vec<String>,
}

/// A part of the request that has to be answered as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// Whether the request is declined without it.
    pub required: bool,
    /// The answers that the wallet can give: those with unused copies first, then as the verifier
    /// prefers them.
    pub options: Vec<GroupOption>,
}

/// One way to answer a group. Of each credential query it presents one credential, and where the
/// verifier takes several (`multiple`, OpenID4VP 1.0 §6.1) there are further options with more of
/// them, behind those with one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupOption {
    /// The credentials that it presents.
    pub credentials: Vec<Asked>,
}

/// What one credential would disclose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// The id of the credential query.
    pub query: String,
    /// The wallet's credential.
    pub credential: CredentialId,
    /// Its type: `vct` or document type.
    pub vct: String,
    /// Its format.
    pub format: Format,
    /// Its name for people.
    pub name: Localized,
    /// The issuer's name for people.
    pub issuer_name: Localized,
    /// What is asked for and would be disclosed, beside what cannot be withheld.
    pub claims: Vec<AskedClaim>,
    /// What was not asked for and would be disclosed with it: the issuer lets it be shown only
    /// together with something in `claims`.
    pub beside: Vec<AskedClaim>,
    /// The names of claims that every verifier sees, whatever is chosen.
    pub always_visible: Vec<String>,
    /// Whether the answer is bound to this verifier and this request. If not, whoever receives it
    /// can pass it on. Source: RFC 9901 §9.5.
    pub bound: bool,
    /// No registration says that this verifier needs a credential of this type at all.
    pub over_asked: bool,
    /// How many copies are left. Each is used once, so that two answers cannot be linked by a
    /// copy's signature, salts or key; equal claims still look equal.
    pub copies: u32,
}

/// A claim that would be disclosed. `Debug` shows its name and not its value.
#[derive(Clone, Eq, PartialEq)]
pub struct AskedClaim {
    /// Where it stands in the credential.
    pub path: ClaimPath,
    /// The path as people read it: `department.name`, `powers[0]`.
    pub name: String,
    /// What the issuer calls it, if it says so.
    pub label: Option<Localized>,
    /// What it says, for the holder's eyes.
    pub value: Value,
    /// No registration says that this verifier needs it.
    pub over_asked: bool,
    /// What the verifier says of keeping it beyond this transaction, if it says anything; only a
    /// request for an mdoc can. Source: OpenID4VP 1.0 annex B.2.4.
    pub kept: Option<bool>,
}

/// Which option of each group the holder chose, in the order of the groups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice(pub Vec<Option<usize>>);

impl Review {
    /// Whether a registrar vouches for who asks.
    pub const fn is_registered(&self) -> bool {
        match self.asker {
            Asker::Registered { .. } => true,
            Asker::Claimed { .. } => false,
        }
    }

    /// The name to show and to remember.
    pub fn asker_name(&self) -> Localized {
        match &self.asker {
            Asker::Registered { name } => name.clone(),
            Asker::Claimed { name } => Localized { en: name.clone(), ja: String::new() },
        }
    }

    /// The credentials that `choice` presents, in the order of the groups.
    ///
    /// # Errors
    /// [`WalletError::NoMatch`] when the request cannot be answered;
    /// [`WalletError::NotInReview`] when the choice does not fit the groups;
    /// [`WalletError::Transaction`] when it has no credential to authorize a transaction with;
    /// [`WalletError::AllSpent`] when every copy of a chosen credential was used.
    pub fn chosen(&self, choice: &Choice) -> Result<Vec<&Asked>, WalletError> {
        if !self.satisfiable {
            return Err(WalletError::NoMatch);
        }
        if choice.0.len() != self.groups.len() {
            return Err(WalletError::NotInReview);
        }
        let mut chosen: Vec<&Asked> = Vec::new();
        for (group, pick) in self.groups.iter().zip(&choice.0) {
            let Some(pick) = pick else {
                if group.required {
                    return Err(WalletError::NotInReview);
                }
                continue;
            };
            let option = group.options.get(*pick).ok_or(WalletError::NotInReview)?;
            // Two groups may need the same answer; it is given once.
            let new = option.credentials.iter().filter(|asked| !chosen.contains(asked));
            chosen.extend(new.collect::<Vec<_>>());
        }
        if chosen.iter().any(|asked| asked.copies == 0) {
            return Err(WalletError::AllSpent);
        }
        if chosen.is_empty() {
            return Err(WalletError::NotInReview);
        }
        if !self.transactions.iter().all(|transaction| transaction.fits(chosen.iter().copied())) {
            return Err(WalletError::Transaction);
        }
        let needed = |id: &CredentialId| chosen.iter().filter(|asked| asked.credential == *id).count();
        let enough =
            |asked: &&Asked| u32::try_from(needed(&asked.credential)).is_ok_and(|n| n <= asked.copies);
        if chosen.iter().all(enough) { Ok(chosen) } else { Err(WalletError::AllSpent) }
    }

    /// Whether `choice` discloses a claim that no registration covers, asked for or not.
    ///
    /// # Errors
    /// As [`Review::chosen`].
    pub fn over_asks(&self, choice: &Choice) -> Result<bool, WalletError> {
        let beyond = |asked: &&Asked| asked.over_asked || asked.disclosed().any(|claim| claim.over_asked);
        Ok(self.chosen(choice)?.iter().any(beyond))
    }
}

impl ReviewTransaction {
    /// Whether one of `credentials` can authorize it.
    pub(crate) fn fits<'a>(&self, credentials: impl IntoIterator<Item = &'a Asked>) -> bool {
        credentials.into_iter().any(|asked| self.queries.contains(&asked.query))
    }
}

impl Asked {
    /// What would be disclosed of it: what is asked for, and what comes with it.
    pub fn disclosed(&self) -> impl Iterator<Item = &AskedClaim> {
        self.claims.iter().chain(&self.beside)
    }
}

impl fmt::Debug for AskedClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskedClaim({}, over-asked: {})", self.name, self.over_asked)
    }
}

impl Choice {
    /// The first option of each required group, and nothing that is optional but what a transaction
    /// needs. Where no group is required, the first that can be answered.
    pub fn least(review: &Review) -> Self {
        let mut picks: Vec<_> = review.groups.iter().map(|group| group.required.then_some(0)).collect();
        if picks.iter().all(Option::is_none) {
            let answerable = review.groups.iter().position(|group| !group.options.is_empty());
            if let Some(pick) = answerable.and_then(|index| picks.get_mut(index)) {
                *pick = Some(0);
            }
        }
        for transaction in &review.transactions {
            authorize(transaction, &review.groups, &mut picks);
        }
        Self(picks)
    }
}

/// Where no picked option can authorize `transaction`, picks the first that can.
fn authorize(transaction: &ReviewTransaction, groups: &[Group], picks: &mut [Option<usize>]) {
    let picked = |(group, pick): (&Group, &Option<usize>)| {
        let option = pick.and_then(|pick| group.options.get(pick));
        option.is_some_and(|option| transaction.fits(&option.credentials))
    };
    if groups.iter().zip(picks.iter()).any(picked) {
        return;
    }
    for (group, pick) in groups.iter().zip(picks) {
        if let Some(fitting) = group.options.iter().position(|option| transaction.fits(&option.credentials)) {
            *pick = Some(fitting);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;

    use super::*;

    fn asked(query: &str, over_asked: bool) -> Asked {
        Asked {
            query: query.into(),
            credential: CredentialId("c".into()),
            vct: "urn:test".into(),
            format: Format::SdJwtVc,
            name: Localized::default(),
            issuer_name: Localized::default(),
            claims: vec![AskedClaim {
                path: ClaimPath::claim("agency"),
                name: "agency".into(),
                label: None,
                value: Value::Null,
                over_asked,
                kept: None,
            }],
            beside: Vec::new(),
            always_visible: Vec::new(),
            bound: true,
            over_asked: false,
            copies: 2,
        }
    }

    fn review() -> Review {
        let option = |query, over| GroupOption { credentials: vec![asked(query, over)] };
        Review {
            asker: Asker::Claimed { name: "Somebody".into() },
            purpose: None,
            host: "verifier.example".into(),
            transactions: Vec::new(),
            groups: vec![
                Group { required: true, options: vec![option("a", false), option("b", true)] },
                Group { required: false, options: vec![option("c", true)] },
            ],
            satisfiable: true,
        }
    }

    #[test]
    fn the_least_choice_leaves_out_what_is_optional() {
        let review = review();
        let least = Choice::least(&review);
        assert_eq!(least, Choice(vec![Some(0), None]));
        assert_eq!(review.chosen(&least).unwrap(), [&asked("a", false)]);
        assert!(!review.over_asks(&least).unwrap());
        assert!(review.over_asks(&Choice(vec![Some(1), None])).unwrap());
        assert!(review.over_asks(&Choice(vec![Some(0), Some(0)])).unwrap());
    }

    #[test]
    fn where_nothing_is_required_the_least_choice_is_the_first_that_can_be_answered() {
        let mut review = review();
        review.groups.iter_mut().for_each(|group| group.required = false);
        review.groups[0].options.clear();
        let least = Choice::least(&review);
        assert_eq!(least, Choice(vec![None, Some(0)]));
        assert_eq!(review.chosen(&least).unwrap(), [&asked("c", true)]);
    }

    #[test]
    fn refuses_a_choice_outside_the_review() {
        let review = review();
        assert!(review.chosen(&Choice(vec![Some(1), Some(0)])).is_ok());
        for picks in [vec![Some(2), None], vec![None, None], vec![Some(0)], vec![Some(0), Some(1)]] {
            let refused = review.chosen(&Choice(picks)).unwrap_err();
            assert_eq!(refused.code().as_str(), "INRO-WALLET-045");
        }
    }

    #[test]
    fn refuses_a_choice_that_needs_more_copies_than_are_left() {
        let mut review = review();
        let both = Choice(vec![Some(0), Some(0)]);
        assert!(review.chosen(&both).is_ok());
        for group in &mut review.groups {
            group.options.iter_mut().for_each(|option| option.credentials[0].copies = 1);
        }
        assert!(review.chosen(&Choice::least(&review)).is_ok());
        assert_eq!(review.chosen(&both).unwrap_err().code().as_str(), "INRO-WALLET-040");
    }

    #[test]
    fn a_choice_without_a_credential_for_a_transaction_is_refused() {
        let mut review = review();
        let without = Choice(vec![Some(0), None]);
        assert!(review.chosen(&without).is_ok());
        let transaction = |query: &str| ReviewTransaction {
            text: Localized { en: "Approve".into(), ja: "承認".into() },
            queries: vec![query.into()],
        };
        review.transactions = vec![transaction("c")];
        assert_eq!(review.chosen(&without).unwrap_err().code().as_str(), "INRO-WALLET-061");
        // What is optional is needed then, and the least choice has it.
        assert_eq!(Choice::least(&review), Choice(vec![Some(0), Some(0)]));
        assert!(review.chosen(&Choice::least(&review)).is_ok());
        review.transactions = vec![transaction("b")];
        assert_eq!(Choice::least(&review), Choice(vec![Some(1), None]));
    }

    #[test]
    fn what_comes_beside_counts_as_over_asked_too() {
        let mut review = review();
        let least = Choice::least(&review);
        assert!(!review.over_asks(&least).unwrap());
        review.groups[0].options[0].credentials[0].beside = asked("a", true).claims;
        assert!(review.over_asks(&least).unwrap());
    }

    #[test]
    fn nothing_can_be_chosen_when_nothing_fits() {
        let unsatisfiable = Review { satisfiable: false, ..review() };
        let refused = unsatisfiable.chosen(&Choice(vec![Some(0), None])).unwrap_err();
        assert_eq!(refused.code().as_str(), "INRO-WALLET-041");
    }
}
