use inro_base::json::{self, Limits};
use inro_credential::Format;
use inro_credential::dcql::Query;
use inro_jose::jwe::{self, ContentEncryption};
use serde_json::{Map, Value};

use crate::form::{Form, FormError};
use crate::formats;
use crate::profile::{MAX_REQUEST_BYTES, MAX_TOKEN_CHARS};
use crate::verifier::ResponseError;
use crate::verifier::sealing::Sealing;

/// What a wallet posted to get its request object.
#[derive(Debug)]
pub struct RequestFetch {
    wallet_nonce: Option<String>,
    metadata: Map<String, Value>,
    sealing: Option<Sealing>,
}

impl RequestFetch {
    /// Reads the posted `form`.
    ///
    /// # Errors
    /// [`ResponseError::Form`], [`ResponseError::WalletNonce`] and [`ResponseError::WalletMetadata`]
    /// for what is malformed; [`ResponseError::RequestKey`] for a wallet that wants the request object
    /// encrypted in a way that we do not have.
    ///
    /// Source: OpenID4VP 1.0 §5.10.
    pub fn by_post(form: &[u8]) -> Result<Self, ResponseError> {
        if form.len() > MAX_REQUEST_BYTES {
            return Err(FormError::TooLong { length: form.len(), limit: MAX_REQUEST_BYTES }.into());
        }
        let form = Form::parse(form)?;
        let wallet_nonce = form.value("wallet_nonce");
        // Whatever it says is repeated; only a length and something to repeat are asked for.
        if wallet_nonce.is_some_and(|nonce| !(1..=MAX_TOKEN_CHARS).contains(&nonce.len())) {
            return Err(ResponseError::WalletNonce);
        }
        let metadata = form.value("wallet_metadata").map(|text| {
            json::parse_object(text.as_bytes(), Limits::MESSAGE).map_err(|_| ResponseError::WalletMetadata)
        });
        let metadata = metadata.transpose()?.unwrap_or_default();
        let sealing = Sealing::choose(&metadata)?;
        Ok(Self { wallet_nonce: wallet_nonce.map(str::to_owned), metadata, sealing })
    }

    /// What has to stand in the request object as `wallet_nonce`.
    pub(super) fn wallet_nonce(&self) -> Option<&str> {
        self.wallet_nonce.as_deref()
    }

    /// How the request object is to be encrypted; `None` for one in the clear.
    pub(super) fn sealing(&self) -> Option<&Sealing> {
        self.sealing.as_ref()
    }

    /// Whether the wallet says that it can answer a request for `query`, `encrypted` or in the clear, by
    /// the verifier `client_id`. A member that is not there leaves all open.
    ///
    /// # Errors
    /// [`ResponseError::WalletUnsuitable`] when it says that it cannot.
    ///
    /// Source: OpenID4VP 1.0 §5.10, §10.1.
    pub(super) fn check(&self, client_id: &str, query: &Query, encrypted: bool) -> Result<(), ResponseError> {
        let prefix = client_id.split(':').next().unwrap_or_default();
        let mut suits = self.names("client_id_prefixes_supported", &[prefix])
            && self.names("request_object_signing_alg_values_supported", &["ES256"]);
        if encrypted {
            let enc_values = ContentEncryption::ALL.map(ContentEncryption::name);
            suits &= self.names("authorization_encryption_alg_values_supported", &[jwe::ALGORITHM])
                && self.names("authorization_encryption_enc_values_supported", &enc_values);
        }
        if let Some(theirs) = self.metadata.get("vp_formats_supported") {
            let asked = query.credentials().iter().filter_map(|asked| Format::of(asked.format()));
            suits &= asked.into_iter().any(|format| formats::accepted(format, theirs));
        }
        if suits { Ok(()) } else { Err(ResponseError::WalletUnsuitable) }
    }

    /// Whether the list `member` names one of `ours`, or is not there.
    fn names(&self, member: &str, ours: &[&str]) -> bool {
        let Some(list) = self.metadata.get(member) else { return true };
        let is_ours = |value: &Value| value.as_str().is_some_and(|name| ours.contains(&name));
        list.as_array().is_some_and(|list| list.iter().any(is_ours))
    }
}
