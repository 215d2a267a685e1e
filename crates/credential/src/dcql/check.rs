use inro_base::{Code, Coded};
use serde_json::{Map, Value};

use super::evaluate;
use super::query::Query;
use crate::path::ArrayPositions;

/// One verified presentation as it stands in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The key of the `vp_token` under which it stands.
    pub query_id: &'a str,
    /// The format identifier, such as `dc+sd-jwt`.
    pub format: &'a str,
    /// The type: the verified `vct` for `dc+sd-jwt`.
    pub type_id: &'a str,
    /// The disclosed claims.
    pub claims: &'a Map<String, Value>,
    /// Where the elements of its arrays stood when it was issued; `None` where nothing was
    /// withheld from arrays, or no path of the query has an index.
    pub positions: Option<&'a ArrayPositions>,
    /// Whether the holder proved the possession of the credential's key.
    pub key_bound: bool,
}

/// Why an answer does not satisfy its query. `index` counts the presentations from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A presentation stands under an id that the query does not ask for.
    #[error("presentation {index} was not asked for")]
    NotAskedFor {
        /// Which.
        index: usize,
    },
    /// Several presentations where one was asked for.
    #[error("presentation {index} is one too many")]
    TooMany {
        /// Which.
        index: usize,
    },
    /// Another format than asked for.
    #[error("presentation {index} has another format than asked for")]
    Format {
        /// Which.
        index: usize,
    },
    /// Another type than asked for.
    #[error("presentation {index} is of another type than asked for")]
    Type {
        /// Which.
        index: usize,
    },
    /// No proof of possession where one was asked for.
    #[error("presentation {index} is not bound to its holder's key")]
    NotBound {
        /// Which.
        index: usize,
    },
    /// A claim is missing, or its value is not one of those asked for.
    #[error("presentation {index} lacks a claim that was asked for")]
    Claims {
        /// Which.
        index: usize,
    },
    /// A required credential or credential set is not there.
    #[error("a required credential is missing")]
    Missing,
}

impl Coded for CheckError {
    fn code(&self) -> Code {
        match self {
            Self::NotAskedFor { .. } => const { Code::new("INRO-DCQL-020") },
            Self::TooMany { .. } => const { Code::new("INRO-DCQL-021") },
            Self::Format { .. } => const { Code::new("INRO-DCQL-022") },
            Self::Type { .. } => const { Code::new("INRO-DCQL-023") },
            Self::NotBound { .. } => const { Code::new("INRO-DCQL-024") },
            Self::Claims { .. } => const { Code::new("INRO-DCQL-025") },
            Self::Missing => const { Code::new("INRO-DCQL-026") },
        }
    }
}

impl Query {
    /// Checks what was received against what was asked, trusting the wallet in nothing.
    ///
    /// An entry of the `vp_token` without presentations has no [`Presented`]; the caller refuses it
    /// while reading the token. Whether the issuers are trusted is the caller's to check, too:
    /// `trusted_authorities` is advice to wallets.
    ///
    /// # Errors
    /// [`CheckError`] with the first constraint that is not satisfied.
    ///
    /// Source: OpenID4VP 1.0 §8.6 and §14.8.
    pub fn check(&self, presented: &[Presented<'_>]) -> Result<(), CheckError> {
        for (index, presentation) in presented.iter().enumerate() {
            let earlier = presented.iter().take(index).any(|other| other.query_id == presentation.query_id);
            self.check_one(index, presentation, earlier)?;
        }
        let is_there = |id: &str| presented.iter().any(|presentation| presentation.query_id == id);
        let complete = if self.sets.is_empty() {
            self.credentials.iter().all(|query| is_there(&query.id))
        } else {
            self.sets
                .iter()
                .filter(|set| set.required)
                .all(|set| set.options.iter().any(|option| self.ids(option).all(is_there)))
        };
        // An answer without any credential proves nothing, even where each set is optional.
        if complete && !presented.is_empty() { Ok(()) } else { Err(CheckError::Missing) }
    }

    fn check_one(&self, index: usize, presented: &Presented<'_>, repeated: bool) -> Result<(), CheckError> {
        let (at, query) = self
            .credentials
            .iter()
            .enumerate()
            .find(|(_, query)| query.id == presented.query_id)
            .ok_or(CheckError::NotAskedFor { index })?;
        if !self.asks_for(at) {
            return Err(CheckError::NotAskedFor { index });
        }
        if repeated && !query.multiple {
            return Err(CheckError::TooMany { index });
        }
        if query.format != presented.format {
            return Err(CheckError::Format { index });
        }
        if !query.types().iter().any(|accepted| accepted == presented.type_id) {
            return Err(CheckError::Type { index });
        }
        if query.holder_binding && !presented.key_bound {
            return Err(CheckError::NotBound { index });
        }
        let as_received = ArrayPositions::new();
        let positions = presented.positions.unwrap_or(&as_received);
        match evaluate::claims(query, presented.claims, positions).next() {
            Some(_) => Ok(()),
            None => Err(CheckError::Claims { index }),
        }
    }
}
