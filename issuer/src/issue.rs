//! The credential endpoint's work: a batch of copies for one employee, one key each.

use inro_base::{UnixTime, base64url};
use inro_credential::{ClaimPath, CredentialType, Format};
use inro_crypto::PublicKey;
use inro_jose::Jwk;
use inro_mdoc::MdocIssuance;
use inro_oauth::{FreshNonce, HttpsUrl};
use inro_openid4vci::issuer::{
    Access, CheckedAccess, CheckedCredentialRequest, CredentialError, Granting, ReplyTo, RequestBody,
};
use inro_openid4vci::response::CredentialResponse;
use inro_sd_jwt::VcIssuance;
use inro_status::StatusReference;
use serde_json::{Map, Value};

use crate::employees;
use crate::error::IssuerError;
use crate::hr::{self, EmployeeRecord};
use crate::issuer::{BATCH_SIZE, Issuer};
use crate::store::{
    Approval, CopiesRefused, Denied, Grant, Issuance, NewCopy, NewDeferral, Notice, Once, Place, StoreError,
    StoredEmployee, Wish, interval,
};

/// Why a credential request was not fulfilled.
#[derive(Debug)]
pub enum IssueRefused {
    /// The protocol refuses.
    Protocol(CredentialError),
    /// The store failed.
    Store(StoreError),
    /// The agency does not issue (the employee left, a claim cannot be made), or its service failed:
    /// see [`IssuerError::is_denial`].
    Denied(IssuerError),
}

/// Name spaces, each with data elements: identifier and value.
type NameSpaces = Vec<(String, Vec<(String, inro_mdoc::Value)>)>;

/// What one credential says, ready to be copied.
pub(crate) struct Content {
    type_id: String,
    format: Format,
    vct: String,
    doctype: String,
    /// The claims as data elements; empty for another format than mdoc.
    elements: NameSpaces,
    issued_at: UnixTime,
    expires_at: UnixTime,
    claims: Map<String, Value>,
    disclosable: Vec<ClaimPath>,
    decoys: usize,
}

impl Content {
    pub(crate) fn type_id(&self) -> &str {
        &self.type_id
    }
}

impl Issuer {
    /// Answers a credential request with the copies, in the order of their keys, or with a transaction
    /// where a second person has to approve first.
    ///
    /// # Errors
    /// [`IssueRefused`] names who refuses.
    pub fn issue<'h>(
        &self,
        authorization: impl IntoIterator<Item = &'h str>,
        dpop: impl IntoIterator<Item = &'h str>,
        body: RequestBody<'_>,
    ) -> Result<Issued, IssueRefused> {
        let now = self.now();
        let (access, grant) = self.authorized(authorization, dpop, self.credential_endpoint(), now)?;
        let granting = Granting {
            issuer: self.url(),
            configuration_ids: &grant.configurations,
            identifiers: &grant.identifiers,
            batch_size: BATCH_SIZE,
            nonces: self.secrets().nonces(),
            encryption: self.encryption(),
            attested: &self.attested_configurations(),
            wallet_providers: self.wallet_providers(),
            now,
        };
        let request = CheckedCredentialRequest::check(body, &granting, self.provider())?;
        let stored = self.store().employee(&grant.employee)?;
        let employee = employees::in_office(&stored, now)?;
        let content = self.content(&request.configuration_id, &employee, now)?;
        match grant.approval {
            Approval::Granted => {}
            Approval::Waiting => return self.defer(&request, &access, &grant, &stored, now),
            Approval::Rejected => return Err(IssuerError::NotApproved.into()),
        }
        let nonces = remembered(&request.nonces);
        let wish = Wish {
            offer: &grant.offer,
            configuration: &request.configuration_id,
            nonces: &nonces,
            copies: request.holder_keys.len(),
            employee: &stored.number,
            type_id: content.type_id(),
        };
        self.store().check_wish(&wish, now)?;
        let batch = self.batch(&content, &request.holder_keys)?;
        let notice = Notice { id: &batch.notice, token_digest: &access.token_digest };
        let issuance = batch.issuance(&grant.offer, &request.configuration_id, &nonces, notice, &stored);
        self.store().take_copies(&issuance, now)?;
        Ok(Issued { response: batch.response, reply: request.reply })
    }

    /// Keeps what was asked for, and names the transaction.
    fn defer(
        &self,
        request: &CheckedCredentialRequest,
        access: &CheckedAccess,
        grant: &Grant,
        employee: &StoredEmployee,
        now: UnixTime,
    ) -> Result<Issued, IssueRefused> {
        let transaction_id = self.with_rng(|rng| rng.token::<32>());
        self.store().defer(
            &NewDeferral {
                id: &self.provider().sha256(transaction_id.as_bytes()),
                token_digest: &access.token_digest,
                offer: &grant.offer,
                configuration: &request.configuration_id,
                keys: &request.holder_keys,
                nonces: &remembered(&request.nonces),
                employee,
            },
            now,
        )?;
        let response = waiting(transaction_id, interval(0));
        Ok(Issued { response, reply: request.reply.clone() })
    }

    /// Checks token and DPoP proof of a request to `endpoint`, and remembers the proof.
    pub(crate) fn authorized<'h>(
        &self,
        authorization: impl IntoIterator<Item = &'h str>,
        dpop: impl IntoIterator<Item = &'h str>,
        endpoint: &HttpsUrl,
        now: UnixTime,
    ) -> Result<(CheckedAccess, Grant), Denied<CredentialError>> {
        let access = Access { url: endpoint, nonces: self.secrets().nonces(), now };
        let access = CheckedAccess::check(authorization, dpop, &access, self.provider());
        let access = access.map_err(Denied::Refused)?;
        let proof = Once { digest: access.proof.jti_digest(), forget_at: access.forget_proof_at };
        let grant = self.store().authorize(&access.token_digest, access.proof.thumbprint(), proof, now)?;
        Ok((access, grant))
    }

    /// Signs a copy for each key. Nothing is taken yet: a failure costs the employee neither nonce nor
    /// copies.
    pub(crate) fn batch(&self, content: &Content, keys: &[PublicKey]) -> Result<Batch, IssuerError> {
        // Given away even if the copies are never sent: an empty place costs nothing.
        let places = self.reserve_places(keys.len())?;
        let copies = keys.iter().zip(&places).map(|(key, place)| self.copy(content, key, *place));
        let credentials = copies.collect::<Result<Vec<_>, _>>()?;
        let (new_id, records) = self.records(content, places);
        let notification_id = self.with_rng(|rng| rng.token::<16>());
        Ok(Batch {
            type_id: content.type_id.clone(),
            new_id,
            records,
            notice: self.provider().sha256(notification_id.as_bytes()),
            response: CredentialResponse::Issued { credentials, notification_id: Some(notification_id) },
        })
    }
}

/// What the store has to remember of a request's nonces.
fn remembered(nonces: &[FreshNonce]) -> Vec<Once<'_>> {
    nonces.iter().map(|nonce| Once { digest: nonce.digest(), forget_at: nonce.expires_at() }).collect()
}

/// The answer that says to come again.
pub(crate) fn waiting(transaction_id: String, interval: i64) -> CredentialResponse {
    CredentialResponse::Deferred { transaction_id, interval: u64::try_from(interval).unwrap_or(1).max(1) }
}

/// The answer to a credential request, and to whom it is encrypted.
#[derive(Debug)]
pub struct Issued {
    /// The answer.
    pub response: CredentialResponse,
    /// To whom it is encrypted, if it is.
    pub reply: Option<ReplyTo>,
}

/// Copies that were signed and not yet recorded.
pub(crate) struct Batch {
    type_id: String,
    new_id: String,
    records: Vec<NewCopy>,
    /// SHA-256 of the notification id.
    pub(crate) notice: [u8; 32],
    pub(crate) response: CredentialResponse,
}

impl Batch {
    /// What the store has to do before the copies may be sent.
    pub(crate) fn issuance<'a>(
        &'a self,
        offer: &'a str,
        configuration: &'a str,
        nonces: &'a [Once<'a>],
        notice: Notice<'a>,
        employee: &'a StoredEmployee,
    ) -> Issuance<'a> {
        Issuance {
            offer,
            configuration,
            nonces,
            notice,
            employee,
            type_id: &self.type_id,
            new_id: &self.new_id,
            copies: &self.records,
        }
    }
}

impl Issuer {
    /// What the credential of `configuration_id` says of `employee` now.
    pub(crate) fn content(
        &self,
        configuration_id: &str,
        employee: &EmployeeRecord,
        now: UnixTime,
    ) -> Result<Content, IssuerError> {
        let (kind, format) = self.named_by(configuration_id)?;
        let claims = hr::claims(employee, kind, self.roles()).ok_or(IssuerError::NoSuchCredential)?;
        kind.validate(&claims)?;
        let signer_ends_at = self.signer_ends_at();
        if signer_ends_at <= now {
            return Err(IssuerError::SignerEnded { at: signer_ends_at });
        }
        let ends_at = employee.ends_at().map_or(signer_ends_at, |at| at.min(signer_ends_at));
        let (issued_at, expires_at) = kind.lifetime(now, Some(ends_at));
        if expires_at <= now {
            return Err(IssuerError::NotInOffice);
        }
        Ok(Content {
            type_id: kind.id().to_owned(),
            format,
            vct: kind.vct().to_owned(),
            doctype: kind.doctype().to_owned(),
            elements: match format {
                Format::SdJwtVc => Vec::new(),
                Format::Mdoc => elements(kind, &claims)?,
            },
            issued_at,
            expires_at,
            claims,
            disclosable: kind.disclosable_paths(),
            decoys: kind.decoys(),
        })
    }

    /// One copy: fresh salts, one holder key, the times that all copies share.
    fn copy(&self, content: &Content, key: &PublicKey, place: Place) -> Result<String, IssuerError> {
        let status = self.status_reference(place);
        match content.format {
            Format::SdJwtVc => self.sd_jwt(content, key, &status),
            Format::Mdoc => self.mdoc(content, key, status),
        }
    }

    /// Source: OpenID4VCI 1.0 annex A.2.4: base64url of the encoded `IssuerSigned`.
    fn mdoc(
        &self,
        content: &Content,
        key: &PublicKey,
        status: StatusReference,
    ) -> Result<String, IssuerError> {
        let issuance = MdocIssuance {
            doc_type: content.doctype.clone(),
            namespaces: content.elements.clone(),
            decoys_per_namespace: content.decoys,
            // A shared time that lies before the certificate's would contradict it.
            signed_at: content.issued_at.max(self.signer_begins_at()),
            valid_from: content.issued_at.max(self.signer_begins_at()),
            valid_until: content.expires_at,
            expected_update: None,
            holder_key: *key,
            status: Some(inro_mdoc::StatusReference { uri: status.uri, index: status.index }),
            x5c: self.chain().to_vec(),
        };
        let unsigned = self.with_rng(|rng| issuance.build(rng, self.provider()))?;
        Ok(base64url::encode(&unsigned.sign_with(self.signer())?))
    }

    fn sd_jwt(
        &self,
        content: &Content,
        key: &PublicKey,
        status: &StatusReference,
    ) -> Result<String, IssuerError> {
        let mut claims = content.claims.clone();
        claims.insert("status".to_owned(), status.to_claim());
        let issuance = VcIssuance {
            vct: content.vct.clone(),
            issued_at: Some(content.issued_at),
            not_before: None,
            expires_at: Some(content.expires_at),
            claims,
            disclosable: content.disclosable.clone(),
            decoys_per_object: content.decoys,
            holder_key: Some(Jwk::new(*key)),
            x5c: self.chain().to_vec(),
        };
        let unsigned = self.with_rng(|rng| issuance.build(rng, self.provider()))?;
        Ok(unsigned.sign_with(self.signer())?)
    }

    /// An id for the credential if it is new, and what is remembered of the copies at `places`.
    fn records(&self, content: &Content, places: Vec<Place>) -> (String, Vec<NewCopy>) {
        self.with_rng(|rng| {
            let copies = places.into_iter().map(|place| NewCopy {
                place,
                id: rng.token::<16>(),
                format: content.format.as_str().into(),
                issued_at: content.issued_at,
                expires_at: content.expires_at,
            });
            let copies: Vec<NewCopy> = copies.collect();
            (rng.token::<16>(), copies)
        })
    }
}

/// The claims as data elements, by name space.
fn elements(kind: &CredentialType, claims: &Map<String, Value>) -> Result<NameSpaces, IssuerError> {
    let mut namespaces = NameSpaces::new();
    for element in kind.data_elements(claims) {
        let value = match element.value.as_str().filter(|_| element.is_date) {
            Some(date) => inro_mdoc::full_date(date),
            None => inro_mdoc::element_from_json(&element.value)?,
        };
        let entry = (element.identifier, value);
        match namespaces.iter_mut().find(|(name, _)| *name == element.namespace) {
            Some((_, elements)) => elements.push(entry),
            None => namespaces.push((element.namespace, vec![entry])),
        }
    }
    Ok(namespaces)
}

impl From<CredentialError> for IssueRefused {
    fn from(error: CredentialError) -> Self {
        Self::Protocol(error)
    }
}

impl From<StoreError> for IssueRefused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<IssuerError> for IssueRefused {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Store(error) => Self::Store(error),
            other => Self::Denied(other),
        }
    }
}

impl From<Denied<CredentialError>> for IssueRefused {
    fn from(denied: Denied<CredentialError>) -> Self {
        match denied {
            Denied::Store(error) => Self::Store(error),
            Denied::Refused(error) => Self::Protocol(error),
        }
    }
}

impl From<Denied<CopiesRefused>> for IssueRefused {
    fn from(denied: Denied<CopiesRefused>) -> Self {
        match denied {
            Denied::Store(error) => Self::Store(error),
            Denied::Refused(CopiesRefused::Protocol(error)) => Self::Protocol(error),
            Denied::Refused(CopiesRefused::Exhausted) => Self::Denied(IssuerError::Exhausted),
            Denied::Refused(CopiesRefused::TakenBack) => Self::Denied(IssuerError::TakenBack),
        }
    }
}
