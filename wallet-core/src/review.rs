//! What the holder sees before anything leaves, and what they choose.

use std::collections::BTreeSet;
use std::fmt;

use inro_base::UnixTime;
use inro_credential::{ClaimPath, Format};
use serde_json::Value;

use crate::records::{ConsentId, CredentialId, Localized};

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
    /// What the holder said before about such a request.
    pub standing: Option<Standing>,
    /// What other verifiers were shown that says who the holder is, by the newest entries of the history.
    pub shown_before: Vec<ShownBefore>,
}

/// What the holder said before about such a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// "Always", to exactly this: a gesture is enough ([`crate::Wallet::approve_standing`]).
    Approved {
        /// The standing approval.
        consent: ConsentId,
        /// From when on it is void.
        until: UnixTime,
    },
    /// A standing approval of this verifier was withdrawn: the request is to be refused, unless the
    /// holder decides anew ([`crate::Wallet::decide_anew`]). Nothing was looked up for it.
    Withdrawn {
        /// What was withdrawn.
        consent: ConsentId,
        /// When.
        at: UnixTime,
    },
}

/// What one other verifier was shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShownBefore {
    /// Its name, as the history has it.
    pub counterpart: Localized,
    /// Whether a registration vouches for that name.
    pub registered: bool,
    /// By what it knows the holder again.
    pub(crate) traits: BTreeSet<String>,
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
    /// What is asked for and could be disclosed, beside what cannot be withheld; `ways` says what goes
    /// together.
    pub claims: Vec<AskedClaim>,
    /// What was not asked for and could be disclosed with it: the issuer lets it be shown only
    /// together with something in `claims`.
    pub beside: Vec<AskedClaim>,
    /// The answers that the verifier takes, what it prefers first; at least one. Source: OpenID4VP
    /// 1.0 §6.4.1.
    pub ways: Vec<Way>,
    /// Whether the verifier takes several credentials in answer to this query.
    pub multiple: bool,
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

/// One answer that the verifier takes: which of the claims of [`Asked`] it discloses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    /// Indices into [`Asked::claims`].
    pub claims: Vec<usize>,
    /// Indices into [`Asked::beside`].
    pub beside: Vec<usize>,
}

/// A claim that could be disclosed. `Debug` shows its name and not its value.
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
    /// Every answer from this credential discloses it.
    pub mandatory: bool,
    /// What the verifier says of keeping it beyond this transaction, if it says anything; only a
    /// request for an mdoc can. Source: OpenID4VP 1.0 annex B.2.4.
    pub kept: Option<bool>,
}

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
}

impl ReviewTransaction {
    /// Whether one of `credentials` can authorize it.
    pub(crate) fn fits<'a>(&self, credentials: impl IntoIterator<Item = &'a Asked>) -> bool {
        credentials.into_iter().any(|asked| self.queries.contains(&asked.query))
    }
}

impl Asked {
    /// Whether every verifier sees the claim at `name`, whatever is chosen.
    pub(crate) fn always_shows(&self, name: &str) -> bool {
        self.always_visible.iter().any(|visible| is_within(name, visible))
    }
}

impl fmt::Debug for AskedClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskedClaim({}, over-asked: {})", self.name, self.over_asked)
    }
}

/// Whether the claim called `name` is the one called `whole`, or a part of it.
pub(crate) fn is_within(name: &str, whole: &str) -> bool {
    name.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
