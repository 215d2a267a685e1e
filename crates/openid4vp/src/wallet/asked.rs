use inro_credential::Format;
use inro_credential::dcql::Query;
use inro_crypto::Provider;
use serde_json::{Map, Value};

use crate::formats;
use crate::profile::{RESPONSE_TYPE, ResponseMode};
use crate::transaction_data::TransactionData;
use crate::wallet::RequestError;
use crate::wallet::encryption::Encryption;

/// What a request asks for and how it wants its answer, read within what this wallet supports.
pub(super) struct Asked {
    pub(super) query: Query,
    pub(super) encryption: Option<Encryption>,
    pub(super) transaction_data: Vec<TransactionData>,
}

impl Asked {
    /// Reads the parameters of an authenticated request.
    ///
    /// # Errors
    /// [`RequestError`], each of a kind that the verifier is told.
    ///
    /// Source: OpenID4VP 1.0 §5.1, §5.2, §8.2, §8.3, §8.5.
    pub(super) fn read(
        parameters: &Map<String, Value>,
        state: Option<&str>,
        provider: &dyn Provider,
    ) -> Result<Self, RequestError> {
        if parameters.contains_key("redirect_uri") {
            return Err(RequestError::RedirectUri);
        }
        // Source: RFC 9101 §4: a request object carries no further one.
        for name in ["request", "request_uri"] {
            if parameters.contains_key(name) {
                return Err(RequestError::Parameter { name });
            }
        }
        let text = |name| parameters.get(name).and_then(Value::as_str);
        if text("response_type") != Some(RESPONSE_TYPE) {
            return Err(RequestError::ResponseMode);
        }
        let mode = text("response_mode").and_then(ResponseMode::parse).ok_or(RequestError::ResponseMode)?;
        if parameters.contains_key("scope") {
            return Err(RequestError::Scope);
        }
        let query = parameters.get("dcql_query").ok_or(RequestError::Parameter { name: "dcql_query" })?;
        let query = Query::parse(query)?;
        // Source: OpenID4VP 1.0 §5.3: without a holder's signature only the state binds the answer.
        let bound = query.credentials().iter().all(|credential| credential.requires_holder_binding());
        if state.is_none() && !bound {
            return Err(RequestError::Parameter { name: "state" });
        }
        let transaction_data = match parameters.get("transaction_data") {
            Some(value) => TransactionData::read_all(value, &query)?,
            None => Vec::new(),
        };
        let metadata = parameters.get("client_metadata");
        if !takes_any(&query, metadata.and_then(|metadata| metadata.get("vp_formats_supported"))) {
            return Err(RequestError::Formats);
        }
        let encryption = match mode {
            ResponseMode::DirectPost => None,
            ResponseMode::DirectPostJwt => Some(Encryption::choose(metadata, provider)?),
        };
        Ok(Self { query, encryption, transaction_data })
    }
}

/// Whether at least one of the credentials is asked for in a format of ours, as we sign it.
/// Source: OpenID4VP 1.0 §8.5 `vp_formats_not_supported`.
fn takes_any(query: &Query, theirs: Option<&Value>) -> bool {
    let ours = query.credentials().iter().filter_map(|credential| Format::of(credential.format()));
    ours.into_iter().any(|format| theirs.is_none_or(|theirs| formats::accepted(format, theirs)))
}
