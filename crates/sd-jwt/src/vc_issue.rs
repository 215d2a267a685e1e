use inro_base::{Rng, UnixTime};
use inro_crypto::Provider;
use inro_jose::Jwk;
use inro_trust::ClaimPath;
use serde_json::{Map, Value};

use crate::SdJwtError;
use crate::issue::{Issuance, Unsigned};
use crate::profile::{TYP, is_never_disclosable};

/// What an SD-JWT VC is to say.
#[derive(Clone, Debug)]
pub struct VcIssuance {
    /// The credential type.
    pub vct: String,
    /// `iat`; `None` leaves it out.
    pub issued_at: Option<UnixTime>,
    /// `nbf`; `None` leaves it out.
    pub not_before: Option<UnixTime>,
    /// `exp`; `None` leaves it out.
    pub expires_at: Option<UnixTime>,
    /// All other claims; `iss` and `status` may be among them.
    pub claims: Map<String, Value>,
    /// Which of them are selectively disclosable; see [`Issuance::disclosable`].
    pub disclosable: Vec<ClaimPath>,
    /// How many decoys stand among the digests of each object that has any.
    pub decoys_per_object: usize,
    /// The key that the credential is bound to.
    pub holder_key: Option<Jwk>,
    /// The issuer's certificates (DER, leaf first).
    pub x5c: Vec<Vec<u8>>,
}

impl VcIssuance {
    /// Lays out the SD-JWT VC to sign; see [`Issuance::build`].
    ///
    /// # Errors
    /// As [`Issuance::build`]; [`SdJwtError::NeverDisclosable`] when a claim of
    /// [`crate::NEVER_DISCLOSABLE`] is among the selectively disclosable ones; [`SdJwtError::Unissuable`]
    /// when `claims` repeat what has a field here; [`SdJwtError::NoType`] without a type.
    pub fn build(self, rng: &mut dyn Rng, provider: &dyn Provider) -> Result<Unsigned, SdJwtError> {
        if self.vct.is_empty() {
            return Err(SdJwtError::NoType);
        }
        if self.disclosable.iter().filter_map(ClaimPath::top).any(is_never_disclosable) {
            return Err(SdJwtError::NeverDisclosable);
        }
        let times = [("iat", self.issued_at), ("nbf", self.not_before), ("exp", self.expires_at)];
        let mut claims = Map::from_iter([("vct".to_owned(), Value::String(self.vct))]);
        for (name, time) in times {
            if let Some(time) = time {
                claims.insert(name.to_owned(), Value::from(time.as_secs()));
            }
        }
        for (name, value) in self.claims {
            if claims.insert(name, value).is_some() {
                return Err(SdJwtError::Unissuable);
            }
        }
        let issuance = Issuance {
            typ: TYP.to_owned(),
            x5c: self.x5c,
            claims,
            disclosable: self.disclosable,
            decoys_per_object: self.decoys_per_object,
            holder_key: self.holder_key,
        };
        issuance.build(rng, provider)
    }
}
