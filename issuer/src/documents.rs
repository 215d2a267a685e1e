//! The documents that the issuer publishes: its metadata and those of its types.

use inro_base::base64url;
use inro_credential::types::{Claim, Kind, Text};
use inro_credential::{CredentialType, Format};
use inro_jose::JwsToSign;
use inro_oauth::ServerMetadata;
use inro_oauth::metadata::{PRE_AUTHORIZED_CODE, REFRESH_TOKEN};
use inro_openid4vci::issuer::IssuerEncryption;
use inro_openid4vci::metadata::ProofType;
use inro_openid4vci::{AttestationDemand, Configuration, Display, IssuerMetadata, details, signed};
use serde_json::{Map, Value, json};

use crate::error::IssuerError;
use crate::issuer::{BATCH_SIZE, Issuer};

/// The `typ` of signed type metadata.
const TYPE_TYP: &str = "inro-type-metadata+jwt";
/// How long signed metadata hold, in seconds.
const METADATA_LIFETIME: i64 = 86_400;
/// A shared point in time for `iat`, so that a signature tells nothing of who asked: one hour.
const METADATA_GRID: i64 = 3_600;

impl Issuer {
    /// The credential issuer metadata. Source: OpenID4VCI 1.0 §12.2.4.
    pub fn metadata(&self) -> IssuerMetadata {
        IssuerMetadata {
            issuer: self.url().clone(),
            authorization_servers: Vec::new(),
            credential_endpoint: self.credential_endpoint().clone(),
            nonce_endpoint: Some(self.nonce_endpoint().clone()),
            batch_size: Some(BATCH_SIZE),
            deferred_endpoint: Some(self.deferred_endpoint().clone()),
            notification_endpoint: Some(self.notification_endpoint().clone()),
            request_encryption: self.encryption().map(IssuerEncryption::request_metadata),
            response_encryption: self.encryption().map(IssuerEncryption::response_metadata),
            display: displays(&self.name().en, &self.name().ja),
            configurations: self
                .every_configuration()
                .map(|(kind, format)| (configuration_id(kind, format), self.configuration(kind, format)))
                .collect(),
        }
    }

    fn every_configuration(&self) -> impl Iterator<Item = (&CredentialType, Format)> {
        self.types().iter().flat_map(|kind| Format::ALL.iter().map(move |format| (kind, *format)))
    }

    /// The same, signed.
    ///
    /// # Errors
    /// [`IssuerError`] when the key cannot be used.
    pub fn signed_metadata(&self) -> Result<String, IssuerError> {
        let issued_at = self.now().rounded_down_to(METADATA_GRID);
        let expires_at = issued_at.plus(METADATA_LIFETIME);
        Ok(signed::to_sign(&self.metadata(), self.chain(), issued_at, expires_at).sign_with(self.signer())?)
    }

    /// The authorization server's metadata: the issuer is its own. Source: RFC 8414 §2.
    pub fn server_metadata(&self) -> ServerMetadata {
        ServerMetadata {
            issuer: self.url().clone(),
            token_endpoint: self.token_endpoint().clone(),
            grant_types: Some(match self.refill().days {
                0 => vec![PRE_AUTHORIZED_CODE.into()],
                _ => vec![PRE_AUTHORIZED_CODE.into(), REFRESH_TOKEN.into()],
            }),
            dpop_algorithms: vec!["ES256".into()],
            anonymous_pre_authorized: true,
            details_types: vec![details::TYPE.into()],
        }
    }

    /// The type metadata of the type with this id.
    pub fn type_metadata(&self, id: &str) -> Option<Map<String, Value>> {
        match self.types().by_id(id)?.metadata() {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Signs type metadata.
    ///
    /// # Errors
    /// [`IssuerError`] when the key cannot be used.
    pub fn sign_type_metadata(&self, mut metadata: Map<String, Value>) -> Result<String, IssuerError> {
        let issued_at = self.now().rounded_down_to(METADATA_GRID);
        metadata.insert("iss".into(), self.url().as_str().into());
        metadata.insert("iat".into(), issued_at.as_secs().into());
        metadata.insert("exp".into(), issued_at.plus(METADATA_LIFETIME).as_secs().into());
        let mut header = Map::new();
        header.insert("typ".into(), TYPE_TYP.into());
        let chain = self.chain().iter().map(|der| Value::from(base64url::encode_standard(der)));
        header.insert("x5c".into(), chain.collect());
        Ok(JwsToSign::new(header, &metadata).sign_with(self.signer())?)
    }

    /// The configuration ids of these types in these formats, each once, types first.
    ///
    /// # Errors
    /// [`IssuerError::UnknownType`], [`IssuerError::UnknownFormat`].
    pub(crate) fn configurations(
        &self,
        types: &[String],
        formats: &[String],
    ) -> Result<Vec<String>, IssuerError> {
        let formats = formats.iter().map(|format| Format::of(format).ok_or(IssuerError::UnknownFormat));
        let formats = formats.collect::<Result<Vec<_>, _>>()?;
        let mut ids = Vec::with_capacity(types.len());
        for id in types {
            let kind = self.types().by_id(id).ok_or(IssuerError::UnknownType)?;
            for id in formats.iter().map(|format| configuration_id(kind, *format)) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(ids)
    }

    /// The configurations whose keys have to be attested, and how.
    pub(crate) fn attested_configurations(&self) -> Vec<(String, AttestationDemand)> {
        let demand = |(kind, format): (&CredentialType, Format)| {
            let demand = self.attestation(kind.id())?.clone();
            Some((configuration_id(kind, format), demand))
        };
        self.every_configuration().filter_map(demand).collect()
    }

    /// The type and format that a configuration id names.
    pub(crate) fn named_by(&self, configuration: &str) -> Result<(&CredentialType, Format), IssuerError> {
        let mut all = self.every_configuration();
        let found = all.find(|(kind, format)| configuration_id(kind, *format) == configuration);
        found.ok_or(IssuerError::UnknownType)
    }

    /// The values that a claim may have, with their names: what the type allows, else the powers that
    /// the role table knows.
    fn values_of(&self, claim: &Claim) -> Vec<(String, Text)> {
        match claim.kind() {
            Kind::String { allowed, .. } if !allowed.is_empty() => {
                allowed.iter().map(|value| (value.clone(), claim.name().clone())).collect()
            }
            _ => {
                let powers = self.roles().powers().iter();
                powers.map(|power| (power.code.clone(), power.name.clone())).collect()
            }
        }
    }

    fn configuration(&self, kind: &CredentialType, format: Format) -> Configuration {
        let claims = match format {
            Format::SdJwtVc => kind.issuer_metadata_claims(),
            Format::Mdoc => kind.issuer_metadata_elements(&|claim| self.values_of(claim)),
        };
        configuration(kind, format, &claims, self.attestation(kind.id()))
    }
}

/// `<type>.<format>`.
fn configuration_id(kind: &CredentialType, format: Format) -> String {
    format!("{}.{}", kind.id(), format.as_str())
}

fn configuration(
    kind: &CredentialType,
    format: Format,
    claims: &Value,
    attestation: Option<&AttestationDemand>,
) -> Configuration {
    let display = |name: &str, locale: &str, description: &str| {
        json!({
            "name": name,
            "locale": locale,
            "description": description,
            "background_color": kind.colour(),
            "text_color": kind.text_colour(),
        })
    };
    let (name, text) = (kind.name(), kind.description());
    let metadata = json!({
        "display": [display(&name.ja, "ja", &text.ja), display(&name.en, "en", &text.en)],
        "claims": claims,
    });
    let (vct, doctype, binding_method, algorithm) = match format {
        Format::SdJwtVc => (Some(kind.vct().into()), None, "jwk", json!("ES256")),
        Format::Mdoc => (None, Some(kind.doctype().into()), "cose_key", json!(inro_cose::es256())),
    };
    Configuration {
        format: format.as_str().into(),
        scope: Some(kind.id().into()),
        vct,
        doctype,
        binding_methods: vec![binding_method.into()],
        signing_algorithms: vec![algorithm],
        proof_types: proof_types(attestation),
        display: displays(&name.en, &name.ja),
        credential_metadata: Some(metadata),
    }
}

/// Where keys have to be attested, an attestation alone will do.
fn proof_types(attestation: Option<&AttestationDemand>) -> Vec<ProofType> {
    let names: &[&str] = if attestation.is_some() { &["jwt", "attestation"] } else { &["jwt"] };
    let proof_type = |name: &&str| ProofType {
        name: (*name).to_owned(),
        algorithms: vec!["ES256".into()],
        attestation: attestation.cloned(),
    };
    names.iter().map(proof_type).collect()
}

fn displays(en: &str, ja: &str) -> Vec<Display> {
    let display = |name: &str, locale: &str| Display { name: name.into(), locale: Some(locale.into()) };
    vec![display(ja, "ja"), display(en, "en")]
}
