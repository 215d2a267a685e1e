use std::fmt;

use inro_openid4vp::transaction_data::{Approval, TransactionData};
use serde::Deserialize;

use crate::VerifierError;
use crate::record::{APPROVAL, TransactionText};

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

impl fmt::Debug for TransactionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransactionRequest({} credentials)", self.credential_ids.len())
    }
}
