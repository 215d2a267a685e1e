//! What gets new copies, as it is stored.

use inro_base::Secret;
use inro_base::json::{self, Limits};
use inro_crypto::PublicKey;
use inro_jose::Jwk;
use inro_oauth::HttpsUrl;
use serde_json::{Map, Value, json};

use crate::VciError;
use crate::offer::MAX_CONFIGURATIONS;

/// What gets new copies of what one offer brought. It holds a refresh token, so it is stored encrypted.
pub struct RefreshTicket {
    pub(super) issuer: HttpsUrl,
    /// The authorization server's identifier.
    pub(super) server: HttpsUrl,
    /// What the offer was for.
    pub(super) configurations: Vec<String>,
    pub(super) dpop_key: PublicKey,
    pub(super) token: Secret<String>,
}

impl RefreshTicket {
    /// The credential issuer.
    pub const fn issuer(&self) -> &HttpsUrl {
        &self.issuer
    }

    /// What the offer was for, by configuration id.
    pub fn configuration_ids(&self) -> &[String] {
        &self.configurations
    }

    /// The public half of the DPoP key.
    pub const fn dpop_key(&self) -> &PublicKey {
        &self.dpop_key
    }

    /// The ticket as JSON, to be stored encrypted.
    pub fn to_secret(&self) -> Secret<Vec<u8>> {
        let value = json!({
            "issuer": self.issuer.as_str(),
            "server": self.server.as_str(),
            "configurations": self.configurations,
            "dpop_key": Jwk::new(self.dpop_key).to_value(),
            "refresh_token": self.token.expose(),
        });
        Secret::new(value.to_string().into_bytes())
    }

    /// Reads what [`RefreshTicket::to_secret`] gave.
    ///
    /// # Errors
    /// [`VciError`] when it is no such thing.
    pub fn from_secret(secret: &Secret<Vec<u8>>) -> Result<Self, VciError> {
        let object = json::parse_object(secret.expose(), Limits::MESSAGE)?;
        let dpop_key = object.get("dpop_key").ok_or(VciError::Answer { member: "dpop_key" })?;
        let configurations = object.get("configurations").and_then(Value::as_array);
        let configurations = configurations.filter(|list| list.len() <= MAX_CONFIGURATIONS);
        let configurations = configurations.ok_or(VciError::Answer { member: "configurations" })?;
        Ok(Self {
            issuer: HttpsUrl::parse(&text(&object, "issuer")?)?,
            server: HttpsUrl::parse(&text(&object, "server")?)?,
            configurations: configurations.iter().filter_map(Value::as_str).map(String::from).collect(),
            dpop_key: Jwk::parse(dpop_key)?.key,
            token: Secret::new(text(&object, "refresh_token")?),
        })
    }
}

fn text(object: &Map<String, Value>, member: &'static str) -> Result<String, VciError> {
    object.get(member).and_then(Value::as_str).map(String::from).ok_or(VciError::Answer { member })
}
