//! The issuer's metadata: made by the issuer, read by the wallet. Source: OpenID4VCI 1.0 §12.2.

use inro_base::json::{self, Limits};
use inro_oauth::HttpsUrl;
use serde_json::{Map, Value, json};

use crate::attestation::AttestationDemand;
use crate::encryption::{RequestEncryption, ResponseEncryption, Sealing};
use crate::{MSO_MDOC, VciError};

/// Where the metadata lie. Source: OpenID4VCI 1.0 §12.2.2.
pub const WELL_KNOWN: &str = "openid-credential-issuer";
/// The most configurations that we read of one issuer.
const MAX_CONFIGURATIONS: usize = 256;
/// The most display entries of one thing: one per language.
const MAX_DISPLAYS: usize = 64;
/// The longest name, in characters: it is shown on a phone and kept.
const MAX_NAME_CHARS: usize = 200;
/// The most authorization servers that we read of one issuer.
const MAX_SERVERS: usize = 16;
/// The proof type by a signature of the key.
const JWT: &str = "jwt";
/// The proof type by an attestation alone.
const ATTESTATION: &str = "attestation";

/// What we use of an issuer's metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct IssuerMetadata {
    /// The issuer's identifier, as it was written.
    pub issuer: HttpsUrl,
    /// The authorization servers; empty when the issuer is its own.
    pub authorization_servers: Vec<String>,
    /// Where credentials are asked for.
    pub credential_endpoint: HttpsUrl,
    /// Where `c_nonce` comes from; without it no proof needs one.
    pub nonce_endpoint: Option<HttpsUrl>,
    /// The most proofs in one request; `None` means one.
    pub batch_size: Option<usize>,
    /// Where deferred credentials are collected.
    pub deferred_endpoint: Option<HttpsUrl>,
    /// Where the issuer is told what became of its credentials.
    pub notification_endpoint: Option<HttpsUrl>,
    /// How requests are encrypted.
    pub request_encryption: Option<RequestEncryption>,
    /// How answers are encrypted.
    pub response_encryption: Option<ResponseEncryption>,
    /// The issuer's names.
    pub display: Vec<Display>,
    /// What it issues, by configuration id, in the document's order.
    pub configurations: Vec<(String, Configuration)>,
}

/// A name in one language; a stranger's text of at most 200 characters. A longer one is left aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Display {
    /// The name.
    pub name: String,
    /// A BCP 47 tag such as `ja`.
    pub locale: Option<String>,
}

/// One kind of credential in one format.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// The format identifier.
    pub format: String,
    /// The scope that stands for it.
    pub scope: Option<String>,
    /// The type of an SD-JWT VC.
    pub vct: Option<String>,
    /// The document type of an mdoc.
    pub doctype: Option<String>,
    /// `cryptographic_binding_methods_supported`; empty when a credential is bound to no key.
    pub binding_methods: Vec<String>,
    /// The algorithms that sign the credential, as written: names, of an mdoc COSE numbers.
    pub signing_algorithms: Vec<Value>,
    /// Proof type and its algorithms.
    pub proof_types: Vec<ProofType>,
    /// The names of the credential, from `credential_metadata`.
    pub display: Vec<Display>,
    /// `credential_metadata` as it stands: display and claims.
    pub credential_metadata: Option<Value>,
}

/// One entry of `proof_types_supported`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProofType {
    /// Such as `jwt`.
    pub name: String,
    /// `proof_signing_alg_values_supported`.
    pub algorithms: Vec<String>,
    /// What the issuer asks of key attestations, if it asks for them.
    pub attestation: Option<AttestationDemand>,
}

/// How the holder's keys are proved to the issuer. Source: OpenID4VCI 1.0 Appendix F.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProofPlan {
    /// One `jwt` proof per key.
    Jwt,
    /// One `jwt` proof by the first key, with an attestation of all keys.
    AttestedJwt,
    /// An attestation of all keys alone.
    Attestation,
}

impl IssuerMetadata {
    /// Reads the metadata that were fetched for `issuer`.
    ///
    /// # Errors
    /// [`VciError`] when they are malformed, incomplete, or another issuer's.
    pub fn parse(body: &[u8], issuer: &HttpsUrl) -> Result<Self, VciError> {
        Self::from_object(&json::parse_object(body, Limits::DOCUMENT)?, issuer)
    }

    /// Reads the metadata that stand in a document or in the payload of a signed one.
    ///
    /// # Errors
    /// As [`IssuerMetadata::parse`].
    pub fn from_object(object: &Map<String, Value>, issuer: &HttpsUrl) -> Result<Self, VciError> {
        if text(object, "credential_issuer")? != issuer.as_str() {
            return Err(VciError::OtherIssuer);
        }
        let endpoint = |name: &'static str| match object.get(name) {
            None => Ok(None),
            Some(_) => Ok::<_, VciError>(Some(HttpsUrl::parse(text(object, name)?)?)),
        };
        Ok(Self {
            issuer: issuer.clone(),
            authorization_servers: texts(object, "authorization_servers", MAX_SERVERS)?,
            credential_endpoint: HttpsUrl::parse(text(object, "credential_endpoint")?)?,
            nonce_endpoint: endpoint("nonce_endpoint")?,
            deferred_endpoint: endpoint("deferred_credential_endpoint")?,
            notification_endpoint: endpoint("notification_endpoint")?,
            batch_size: batch_size(object)?,
            request_encryption: object
                .get("credential_request_encryption")
                .map(RequestEncryption::parse)
                .transpose()?,
            response_encryption: object
                .get("credential_response_encryption")
                .map(ResponseEncryption::parse)
                .transpose()?,
            display: displays(object.get("display"))?,
            configurations: configurations(object)?,
        })
    }

    /// How requests to this issuer are encrypted, where it offers that.
    ///
    /// # Errors
    /// [`VciError::Unsupported`] when it requires an encryption that we lack.
    pub(crate) fn sealing(&self) -> Result<Option<Sealing>, VciError> {
        Sealing::choose(self.request_encryption.as_ref(), self.response_encryption.as_ref())
    }

    /// The configuration with this id.
    pub fn configuration(&self, id: &str) -> Option<&Configuration> {
        self.configurations.iter().find(|(key, _)| key == id).map(|(_, configuration)| configuration)
    }

    /// The document as an issuer publishes it.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("credential_issuer".into(), self.issuer.as_str().into());
        if !self.authorization_servers.is_empty() {
            object.insert("authorization_servers".into(), json!(self.authorization_servers));
        }
        object.insert("credential_endpoint".into(), self.credential_endpoint.as_str().into());
        for (name, endpoint) in [
            ("nonce_endpoint", &self.nonce_endpoint),
            ("deferred_credential_endpoint", &self.deferred_endpoint),
            ("notification_endpoint", &self.notification_endpoint),
        ] {
            if let Some(endpoint) = endpoint {
                object.insert(name.into(), endpoint.as_str().into());
            }
        }
        if let Some(encryption) = &self.request_encryption {
            object.insert("credential_request_encryption".into(), encryption.to_json());
        }
        if let Some(encryption) = &self.response_encryption {
            object.insert("credential_response_encryption".into(), encryption.to_json());
        }
        if let Some(size) = self.batch_size {
            object.insert("batch_credential_issuance".into(), json!({ "batch_size": size }));
        }
        if !self.display.is_empty() {
            object.insert("display".into(), self.display.iter().map(Display::to_json).collect());
        }
        let configurations: Map<String, Value> = self
            .configurations
            .iter()
            .map(|(id, configuration)| (id.clone(), configuration.to_json()))
            .collect();
        object.insert("credential_configurations_supported".into(), configurations.into());
        object
    }
}

impl Configuration {
    /// The type in its format: `vct` or document type.
    pub fn type_id(&self) -> Option<&str> {
        match self.format.as_str() {
            MSO_MDOC => self.doctype.as_deref(),
            _ => self.vct.as_deref(),
        }
    }

    /// How the holder's keys are proved: with `jwt` proofs signed with ES256 where that is enough,
    /// else with a key attestation alone, else with both. `None` when the issuer takes none of these,
    /// or binds credentials to no key in the form that they will carry. The proof itself carries a JWK.
    pub fn proof_plan(&self) -> Option<ProofPlan> {
        let form = if self.format == MSO_MDOC { "cose_key" } else { "jwk" };
        if !self.binding_methods.iter().any(|method| method == form) {
            return None;
        }
        let find = |name: &str| self.proof_type(name).filter(|proof| proof.takes("ES256"));
        match (find(JWT), find(ATTESTATION)) {
            (Some(ProofType { attestation: None, .. }), _) => Some(ProofPlan::Jwt),
            (_, Some(_)) => Some(ProofPlan::Attestation),
            (Some(_), None) => Some(ProofPlan::AttestedJwt),
            (None, None) => None,
        }
    }

    /// What the issuer asks of key attestations in a proof as [`Configuration::proof_plan`] has it, if of any.
    ///
    /// Source: OpenID4VCI 1.0 §12.2.4.
    pub fn attestation_demand(&self) -> Option<&AttestationDemand> {
        match self.proof_plan()? {
            ProofPlan::Jwt => None,
            ProofPlan::AttestedJwt => self.proof_type(JWT)?.attestation.as_ref(),
            ProofPlan::Attestation => self.proof_type(ATTESTATION)?.attestation.as_ref(),
        }
    }

    /// Whether the issuer takes a key attestation that is signed with `algorithm`, in a proof as `plan`
    /// has it.
    ///
    /// Source: OpenID4VCI 1.0 Appendix F.1, F.3.
    pub(crate) fn takes_attestation(&self, plan: ProofPlan, algorithm: &str) -> bool {
        let name = if plan == ProofPlan::Attestation { ATTESTATION } else { JWT };
        self.proof_type(name).is_some_and(|proof| proof.takes(algorithm))
    }

    fn proof_type(&self, name: &str) -> Option<&ProofType> {
        self.proof_types.iter().find(|proof| proof.name == name)
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("format".into(), self.format.as_str().into());
        for (name, value) in [("scope", &self.scope), ("vct", &self.vct), ("doctype", &self.doctype)] {
            if let Some(value) = value {
                object.insert(name.into(), value.as_str().into());
            }
        }
        if !self.binding_methods.is_empty() {
            object.insert("cryptographic_binding_methods_supported".into(), json!(self.binding_methods));
        }
        if !self.signing_algorithms.is_empty() {
            object.insert("credential_signing_alg_values_supported".into(), json!(self.signing_algorithms));
        }
        if !self.proof_types.is_empty() {
            let types: Map<String, Value> =
                self.proof_types.iter().map(|proof| (proof.name.clone(), proof.to_json())).collect();
            object.insert("proof_types_supported".into(), types.into());
        }
        if let Some(metadata) = &self.credential_metadata {
            object.insert("credential_metadata".into(), metadata.clone());
        }
        object.into()
    }

    fn parse(value: &Value) -> Result<Self, VciError> {
        let object =
            value.as_object().ok_or(VciError::Metadata { member: "credential_configurations_supported" })?;
        let credential_metadata = object.get("credential_metadata").cloned();
        Ok(Self {
            format: text(object, "format")?.into(),
            scope: optional_text(object, "scope")?,
            vct: optional_text(object, "vct")?,
            doctype: optional_text(object, "doctype")?,
            binding_methods: texts(object, "cryptographic_binding_methods_supported", MAX_DISPLAYS)?,
            signing_algorithms: object
                .get("credential_signing_alg_values_supported")
                .and_then(Value::as_array)
                .map(|list| {
                    list.iter().filter(|entry| entry.is_string() || entry.is_i64()).cloned().collect()
                })
                .unwrap_or_default(),
            proof_types: proof_types(object)?,
            display: displays(credential_metadata.as_ref().and_then(|metadata| metadata.get("display")))?,
            credential_metadata,
        })
    }
}

impl ProofType {
    fn takes(&self, algorithm: &str) -> bool {
        self.algorithms.iter().any(|taken| taken == algorithm)
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("proof_signing_alg_values_supported".into(), json!(self.algorithms));
        if let Some(demand) = &self.attestation {
            object.insert("key_attestations_required".into(), demand.to_json());
        }
        object.into()
    }
}

impl Display {
    fn to_json(&self) -> Value {
        match &self.locale {
            Some(locale) => json!({ "name": self.name, "locale": locale }),
            None => json!({ "name": self.name }),
        }
    }
}

fn configurations(object: &Map<String, Value>) -> Result<Vec<(String, Configuration)>, VciError> {
    const MEMBER: &str = "credential_configurations_supported";
    let map = object.get(MEMBER).and_then(Value::as_object).ok_or(VciError::Metadata { member: MEMBER })?;
    if map.len() > MAX_CONFIGURATIONS {
        return Err(VciError::Metadata { member: MEMBER });
    }
    map.iter().map(|(id, value)| Ok((id.clone(), Configuration::parse(value)?))).collect()
}

fn proof_types(object: &Map<String, Value>) -> Result<Vec<ProofType>, VciError> {
    const MEMBER: &str = "proof_types_supported";
    let Some(value) = object.get(MEMBER) else {
        return Ok(Vec::new());
    };
    let map = value.as_object().ok_or(VciError::Metadata { member: MEMBER })?;
    map.iter()
        .map(|(name, value)| {
            let value = value.as_object().ok_or(VciError::Metadata { member: MEMBER })?;
            Ok(ProofType {
                name: name.clone(),
                algorithms: value
                    .get("proof_signing_alg_values_supported")
                    .and_then(Value::as_array)
                    .map(|list| list.iter().filter_map(Value::as_str).map(String::from).collect())
                    .ok_or(VciError::Metadata { member: MEMBER })?,
                attestation: value.get("key_attestations_required").map(AttestationDemand::parse),
            })
        })
        .collect()
}

fn batch_size(object: &Map<String, Value>) -> Result<Option<usize>, VciError> {
    const MEMBER: &str = "batch_credential_issuance";
    let Some(batch) = object.get(MEMBER) else {
        return Ok(None);
    };
    let size = batch.get("batch_size").and_then(Value::as_u64).filter(|size| *size >= 2);
    let size = size.ok_or(VciError::Metadata { member: MEMBER })?;
    Ok(Some(usize::try_from(size).unwrap_or(usize::MAX)))
}

fn displays(value: Option<&Value>) -> Result<Vec<Display>, VciError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let list = value
        .as_array()
        .filter(|list| list.len() <= MAX_DISPLAYS)
        .ok_or(VciError::Metadata { member: "display" })?;
    let entry = |item: &Value| {
        let name = item.get("name")?.as_str().filter(|name| name.chars().count() <= MAX_NAME_CHARS)?;
        Some(Display {
            name: name.into(),
            locale: item.get("locale").and_then(Value::as_str).map(String::from),
        })
    };
    Ok(list.iter().filter_map(entry).collect())
}

fn text<'a>(object: &'a Map<String, Value>, member: &'static str) -> Result<&'a str, VciError> {
    object.get(member).and_then(Value::as_str).ok_or(VciError::Metadata { member })
}

fn optional_text(object: &Map<String, Value>, member: &'static str) -> Result<Option<String>, VciError> {
    object.contains_key(member).then(|| text(object, member).map(String::from)).transpose()
}

fn texts(object: &Map<String, Value>, member: &'static str, most: usize) -> Result<Vec<String>, VciError> {
    let Some(value) = object.get(member) else {
        return Ok(Vec::new());
    };
    let malformed = VciError::Metadata { member };
    let list =
        value.as_array().filter(|list| !list.is_empty() && list.len() <= most).ok_or(malformed.clone())?;
    list.iter().map(|item| item.as_str().map(String::from).ok_or(malformed.clone())).collect()
}
