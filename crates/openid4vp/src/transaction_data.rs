//! Transaction data: what a holder authorizes with a presentation. One type is known here, the
//! approval of a text. Source: OpenID4VP 1.0 §5.1, §8.4, §B.3.3; `docs/specs/transaction-data.md`.

use std::fmt;

use inro_base::json::{self, Limits};
use inro_base::{Code, Coded, base64url, steers};
use inro_credential::Format;
use inro_credential::dcql::Query;
use inro_crypto::Provider;
use serde_json::{Map, Value, json};

/// `type` of an approval.
pub const APPROVAL: &str = "urn:inro:approval:1";
/// The one hash algorithm. Source: OpenID4VP 1.0 §B.3.3.1.
pub(crate) const HASH_ALGORITHM: &str = "sha-256";
/// In a request the accepted hash algorithms, in a key binding the one that was used.
pub(crate) const HASHES_ALG: &str = "transaction_data_hashes_alg";
/// In a key binding the hashes.
pub(crate) const HASHES: &str = "transaction_data_hashes";

/// The most objects in one request: each is a text that a person reads.
const MAX_TRANSACTIONS: usize = 4;
/// The longest text of an approval, in characters: it is read on one screen.
const MAX_TEXT_CHARS: usize = 1000;
/// Room for both texts in four bytes a character, and the names of the credentials.
const LIMITS: Limits = Limits { bytes: 16 * 1024, depth: 3 };
/// What an object of our type may say.
const MEMBERS: [&str; 4] = ["type", "credential_ids", "text", HASHES_ALG];

/// What a holder is asked to authorize, as it was received or is to be sent.
#[derive(Clone, Eq, PartialEq)]
pub struct TransactionData {
    encoded: String,
    credential_ids: Vec<String>,
    names_algorithm: bool,
    approval: Approval,
}

/// A text that a holder approves.
#[derive(Clone, Eq, PartialEq)]
pub struct Approval {
    /// In English.
    pub en: String,
    /// In Japanese.
    pub ja: String,
}

/// Why transaction data is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionDataError {
    /// Not a list of base64url JSON objects, or a longer list than a person reads.
    #[error("transaction data is no short list of base64url objects")]
    Shape,
    /// A type that is not known here.
    #[error("transaction data of an unknown type")]
    Type,
    /// A member is missing, unknown, or has a value that its type does not allow.
    #[error("transaction data with a missing, unknown or invalid member")]
    Member,
    /// `credential_ids` names what the query does not ask for.
    #[error("transaction data for a credential that is not asked for")]
    CredentialIds,
    /// No hash algorithm that is known here.
    #[error("transaction data to be hashed by an unknown algorithm")]
    Algorithm,
    /// It is for a credential that its holder would not sign for.
    #[error("transaction data for a credential without holder binding")]
    HolderBinding,
    /// It is for a credential of a format that cannot carry it here.
    #[error("transaction data for a credential format that cannot carry it")]
    Format,
}

impl Coded for TransactionDataError {
    fn code(&self) -> Code {
        match self {
            Self::Type => const { Code::new("INRO-VP-026") },
            Self::Shape => const { Code::new("INRO-VP-065") },
            Self::Member => const { Code::new("INRO-VP-066") },
            Self::CredentialIds => const { Code::new("INRO-VP-067") },
            Self::Algorithm => const { Code::new("INRO-VP-068") },
            Self::HolderBinding => const { Code::new("INRO-VP-069") },
            Self::Format => const { Code::new("INRO-VP-070") },
        }
    }
}

impl TransactionData {
    /// Asks to approve a text with one of the credentials `credential_ids`.
    ///
    /// # Errors
    /// [`TransactionDataError::Member`] for an empty or long text, characters that hide or turn
    /// others, and no or too many credentials.
    pub fn approval(approval: Approval, credential_ids: Vec<String>) -> Result<Self, TransactionDataError> {
        let object = json!({
            "type": APPROVAL,
            "credential_ids": credential_ids,
            "text": { "en": approval.en, "ja": approval.ja },
        });
        Self::parse(&base64url::encode(object.to_string().as_bytes()))
    }

    /// Reads `transaction_data` of a request, and checks it against what the request asks for.
    ///
    /// # Errors
    /// [`TransactionDataError`] with the first reason found.
    ///
    /// Source: OpenID4VP 1.0 §5.1, §8.5 `invalid_transaction_data`.
    pub(crate) fn read_all(value: &Value, query: &Query) -> Result<Vec<Self>, TransactionDataError> {
        let list = value.as_array().filter(|list| (1..=MAX_TRANSACTIONS).contains(&list.len()));
        let list = list.ok_or(TransactionDataError::Shape)?;
        let read = list.iter().map(|item| Self::parse(item.as_str().ok_or(TransactionDataError::Shape)?));
        let all = read.collect::<Result<Vec<_>, _>>()?;
        all.iter().try_for_each(|one| one.check(query))?;
        Ok(all)
    }

    /// Reads one string of `transaction_data`.
    ///
    /// # Errors
    /// [`TransactionDataError`] with the first reason found.
    pub fn parse(encoded: &str) -> Result<Self, TransactionDataError> {
        let object = base64url::decode(encoded).map_err(|_| TransactionDataError::Shape)?;
        let object = json::parse_object(&object, LIMITS).map_err(|_| TransactionDataError::Shape)?;
        let kind = object.get("type").and_then(Value::as_str).ok_or(TransactionDataError::Member)?;
        if kind != APPROVAL {
            return Err(TransactionDataError::Type);
        }
        if !object.keys().all(|name| MEMBERS.contains(&name.as_str())) {
            return Err(TransactionDataError::Member);
        }
        let credential_ids = texts(&object, "credential_ids")?.ok_or(TransactionDataError::Member)?;
        let algorithms = texts(&object, HASHES_ALG)?;
        if algorithms.as_ref().is_some_and(|list| !list.iter().any(|name| name == HASH_ALGORITHM)) {
            return Err(TransactionDataError::Algorithm);
        }
        let approval = object.get("text").and_then(Approval::parse).ok_or(TransactionDataError::Member)?;
        Ok(Self {
            encoded: encoded.to_owned(),
            credential_ids,
            names_algorithm: algorithms.is_some(),
            approval,
        })
    }

    /// Whether each credential that it names is asked for, in a way in which it can carry it.
    ///
    /// # Errors
    /// [`TransactionDataError`] with the first reason found.
    ///
    /// Source: OpenID4VP 1.0 §B.2.1, §B.3.3.
    pub(crate) fn check(&self, query: &Query) -> Result<(), TransactionDataError> {
        for id in &self.credential_ids {
            let asked = query.credential(id).ok_or(TransactionDataError::CredentialIds)?;
            if Format::of(asked.format()) != Some(Format::SdJwtVc) {
                return Err(TransactionDataError::Format);
            }
            if !asked.requires_holder_binding() {
                return Err(TransactionDataError::HolderBinding);
            }
        }
        Ok(())
    }

    /// The text as it was received or is to be sent, which the hash is taken over.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The credential queries of which one answer carries it, the preferred one first.
    pub fn credential_ids(&self) -> &[String] {
        &self.credential_ids
    }

    /// What is to be approved.
    pub const fn text(&self) -> &Approval {
        &self.approval
    }

    /// Whether it names the hash algorithm itself, and a key binding has to repeat it.
    pub(crate) const fn names_algorithm(&self) -> bool {
        self.names_algorithm
    }

    /// SHA-256 over the received text, as base64url. Source: OpenID4VP 1.0 §B.3.3.1.
    pub(crate) fn hash(&self, provider: &dyn Provider) -> String {
        base64url::encode(&provider.sha256(self.encoded.as_bytes()))
    }
}

impl Approval {
    fn parse(value: &Value) -> Option<Self> {
        let members = value.as_object().filter(|members| members.len() == 2)?;
        let text = |name| members.get(name)?.as_str().filter(|text| is_readable(text)).map(str::to_owned);
        Some(Self { en: text("en")?, ja: text("ja")? })
    }
}

impl fmt::Debug for TransactionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransactionData({} bytes)", self.encoded.len())
    }
}

impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approval(…)")
    }
}

/// A text that reads as it is written: nothing turns its direction or hides in it.
fn is_readable(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_TEXT_CHARS && !text.chars().any(steers)
}

/// A list of one text or more, each once; `None` where the member is absent.
fn texts(object: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, TransactionDataError> {
    const MAX: usize = 16;
    let Some(value) = object.get(name) else { return Ok(None) };
    let list = value.as_array().filter(|list| (1..=MAX).contains(&list.len()));
    let mut texts: Vec<String> = Vec::new();
    for item in list.ok_or(TransactionDataError::Member)? {
        let text = item.as_str().ok_or(TransactionDataError::Member)?;
        if texts.iter().any(|known| known == text) {
            return Err(TransactionDataError::Member);
        }
        texts.push(text.to_owned());
    }
    Ok(Some(texts))
}
