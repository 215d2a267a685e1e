use std::fmt;

use inro_openid4vp::transaction_data::{Approval, TransactionData};
use inro_openid4vp::verifier::Authorized;
use serde::{Deserialize, Serialize};

use crate::VerifierError;

/// The name of the one type in the API; on the wire it is
/// [`inro_openid4vp::transaction_data::APPROVAL`].
const APPROVAL: &str = "approval";

/// What a relying system wants its user to authorize. Source: `docs/specs/transaction-data.md`.
#[derive(Clone, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionRequest {
    /// `approval`.
    #[serde(rename = "type")]
    pub transaction_type: String,
    /// The ids of the credential queries of which one answer is to authorize it.
    pub credential_ids: Vec<String>,
    /// What the user approves.
    pub text: TransactionText,
}

/// A text in the languages that holders read.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionText {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

/// A transaction that the holder authorized.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ResultTransaction {
    /// `approval`.
    #[serde(rename = "type")]
    pub transaction_type: String,
    /// The id of the credential query with whose answer it was authorized.
    pub credential_id: String,
    /// What was approved.
    pub text: TransactionText,
}

impl TransactionRequest {
    /// The transaction data to send.
    ///
    /// # Errors
    /// [`VerifierError::TransactionType`] for another type; [`VerifierError::Response`] for a text or
    /// credentials that the type does not allow.
    pub fn into_transaction_data(self) -> Result<TransactionData, VerifierError> {
        if self.transaction_type != APPROVAL {
            return Err(VerifierError::TransactionType);
        }
        let approval = Approval { en: self.text.en, ja: self.text.ja };
        let data = TransactionData::approval(approval, self.credential_ids);
        Ok(data.map_err(inro_openid4vp::verifier::ResponseError::from)?)
    }
}

impl From<&Authorized> for ResultTransaction {
    fn from(authorized: &Authorized) -> Self {
        let Approval { en, ja } = authorized.transaction.text().clone();
        Self {
            transaction_type: APPROVAL.to_owned(),
            credential_id: authorized.query_id.clone(),
            text: TransactionText { en, ja },
        }
    }
}

impl fmt::Debug for TransactionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransactionRequest({} credentials)", self.credential_ids.len())
    }
}

impl fmt::Debug for TransactionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransactionText(…)")
    }
}
