use std::collections::BTreeMap;
use std::fmt;

use inro_base::{Code, RequestId, UnixTime};
use inro_openid4vp::transaction_data::Approval;
use inro_openid4vp::verifier::{Authorized, AwaitingResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::policy::AcceptanceRules;

/// The name of the one transaction type in the API; on the wire it is
/// [`inro_openid4vp::transaction_data::APPROVAL`].
pub(crate) const APPROVAL: &str = "approval";

/// A presentation that was asked for, as a store keeps it. Its JSON form carries the nonce, the state
/// and the private key for an encrypted answer, so a store is as secret as the results it keeps; all of
/// it gives way to the result when the answer came.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentationRecord {
    /// Under which the relying system asks for the result: 128 random bits.
    pub id: String,
    /// Under which a wallet fetches the request and posts its response: other 128 random bits, so
    /// that who sees the link cannot ask for the result. Source: OpenID4VP 1.0 §14.3.2.
    pub handle: String,
    /// From when on the request must not be answered.
    pub expires_at: UnixTime,
    /// Where the holder's browser is sent after the response, for a flow on one device.
    pub redirect_uri: Option<String>,
    pub(crate) rules: AcceptanceRules,
    pub(crate) awaiting: AwaitingResponse,
}

/// How a presentation ended, for the relying system.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PresentationResult {
    /// Where it stands.
    pub status: Status,
    /// Query id to the credentials that were presented for it; empty unless verified.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<String, Vec<ResultCredential>>,
    /// The transactions that the holder authorized: every one that was asked for, if verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorized: Vec<ResultTransaction>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ResultError>,
}

/// Where a presentation stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for its response.
    Pending,
    /// Every constraint of the query and the policy holds.
    Verified,
    /// The holder declined, or the response did not hold.
    Rejected,
    /// No response came in time.
    Expired,
}

/// One verified credential.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
pub struct ResultCredential {
    /// The format, `dc+sd-jwt`.
    pub format: String,
    /// The credential's type (`vct`).
    #[serde(rename = "type")]
    pub credential_type: String,
    /// The common name of the issuer's certificate, as its authority wrote it.
    pub issuer: String,
    /// The common name of the anchor that vouches for the issuer.
    pub authority: String,
    /// Whether the issuer still stands by it.
    pub status: CredentialStatus,
    /// What was asked for and disclosed.
    pub claims: Map<String, Value>,
}

/// Whether the issuer still stands by a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialStatus {
    /// It does.
    Valid,
    /// Nobody could say.
    Undetermined,
}

/// Why a presentation was rejected.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ResultError {
    /// The code; see the error registry.
    pub inro_code: String,
    /// For the help desk.
    pub request_id: String,
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

/// A text in the languages that holders read.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionText {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl PresentationResult {
    /// A result without credentials.
    pub fn bare(status: Status) -> Self {
        Self { status, credentials: BTreeMap::new(), authorized: Vec::new(), error: None }
    }

    /// A rejection.
    pub fn rejected(code: Code, request_id: RequestId) -> Self {
        let error = ResultError { inro_code: code.as_str().into(), request_id: request_id.to_string() };
        Self { error: Some(error), ..Self::bare(Status::Rejected) }
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

impl fmt::Debug for PresentationRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentationRecord(until {})", self.expires_at)
    }
}

impl fmt::Debug for ResultCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultCredential({}, {:?}, {} claims)", self.format, self.status, self.claims.len())
    }
}

impl fmt::Debug for TransactionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransactionText(…)")
    }
}
