use inro_base::UnixTime;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::json::Limits;
use inro_crypto::{Provider, PublicKey};
use inro_oauth::metadata::WELL_KNOWN as SERVER_WELL_KNOWN;
use inro_oauth::{ErrorSeen, HttpsUrl, ServerMetadata};
use inro_trust::{Anchors, TrustedKey};

use super::session::{Offered, fetch_json};
use super::token::TokenDraft;
use crate::metadata::{Display, IssuerMetadata, WELL_KNOWN};
use crate::offer::{self, CredentialOffer, OfferLink, TxCodeDemand};
use crate::{VciError, signed};

const JSON: &str = "application/json";
/// Nothing stands at the offer's address, or not any more. Source: RFC 9110 §§15.5.5, 15.5.11.
const GONE: [u16; 2] = [404, 410];

/// What an offer's link leads to.
#[derive(Debug)]
pub enum OfferStep {
    /// The offer has to be fetched first.
    Fetch(OfferFetch, HttpRequest),
    /// The link carried the offer.
    Seen(OfferSeen),
}

/// Waits for an offer by reference.
#[derive(Debug)]
#[must_use]
pub struct OfferFetch(());

/// An offer that was read; nothing was sent to the issuer for it yet.
#[derive(Debug)]
#[must_use]
pub struct OfferSeen {
    offer: CredentialOffer,
}

/// Waits for the issuer's metadata.
#[derive(Debug)]
#[must_use]
pub struct MetadataFetch {
    offer: CredentialOffer,
}

/// Whom the wallet trusts to sign metadata, and when it is.
#[derive(Clone, Copy)]
pub struct MetadataTrust<'a> {
    /// Anchors; those that vouch for credential issuers count.
    pub anchors: &'a Anchors,
    /// The present time.
    pub now: UnixTime,
    /// Checks the signatures.
    pub provider: &'a dyn Provider,
}

/// Waits for the authorization server's metadata.
#[must_use]
pub struct ServerFetch {
    offer: CredentialOffer,
    metadata: IssuerMetadata,
    signer: Option<TrustedKey>,
    server: HttpsUrl,
}

/// Everything is known that the holder needs to decide whether to accept.
#[must_use]
pub struct Ready {
    offer: CredentialOffer,
    metadata: IssuerMetadata,
    signer: Option<TrustedKey>,
    server: ServerMetadata,
    offered: Vec<Offered>,
}

/// Reads an offer's link. Source: OpenID4VCI 1.0 §4.1.
///
/// # Errors
/// [`VciError`] for a link or an offer that we cannot use.
pub fn read_offer(link: &str) -> Result<OfferStep, VciError> {
    match OfferLink::parse(link)? {
        OfferLink::Value(offer) => Ok(OfferStep::Seen(OfferSeen { offer })),
        OfferLink::Reference(uri) => {
            Ok(OfferStep::Fetch(OfferFetch(()), fetch_json(uri.as_str(), JSON, offer::LIMITS.bytes)))
        }
    }
}

impl OfferFetch {
    /// Reads the offer that came.
    ///
    /// # Errors
    /// [`VciError::OfferDead`] when it is gone; [`VciError`] for anything else but a JSON offer with
    /// status 200.
    pub fn received(self, response: &HttpResponse) -> Result<OfferSeen, VciError> {
        if GONE.contains(&response.status) {
            let seen = ErrorSeen::read(&response.body);
            return Err(VciError::OfferDead { status: response.status, seen });
        }
        check_document(response)?;
        if response.media_type().as_deref() != Some(JSON) {
            return Err(VciError::MediaType);
        }
        Ok(OfferSeen { offer: CredentialOffer::parse(&response.body)? })
    }
}

impl OfferSeen {
    /// Who offers, by identifier.
    pub fn issuer(&self) -> &HttpsUrl {
        &self.offer.issuer
    }

    /// What is offered, by configuration id.
    pub fn configuration_ids(&self) -> &[String] {
        &self.offer.configuration_ids
    }

    /// Asks for the issuer's metadata, signed if the issuer can.
    pub fn fetch_metadata(self) -> (MetadataFetch, HttpRequest) {
        let request = metadata_request(&self.offer.issuer);
        (MetadataFetch { offer: self.offer }, request)
    }
}

impl MetadataFetch {
    /// Reads the metadata, signed or not; signed ones must be by a trusted signer.
    ///
    /// # Errors
    /// [`VciError`] when they cannot be used for this offer.
    pub fn received(
        self,
        response: &HttpResponse,
        trust: &MetadataTrust<'_>,
    ) -> Result<(ServerFetch, HttpRequest), VciError> {
        let (metadata, signer) = read_metadata(response, &self.offer.issuer, trust)?;
        // Before the code is redeemed: what cannot be asked for should cost nothing.
        metadata.sealing()?;
        let server = server_of(&self.offer, &metadata)?;
        let request = server_request(&server);
        Ok((ServerFetch { offer: self.offer, metadata, signer, server }, request))
    }
}

impl ServerFetch {
    /// Reads the authorization server's metadata.
    ///
    /// # Errors
    /// [`VciError`] when they cannot be used, or the issuer's metadata do not describe the offer.
    pub fn received(self, response: &HttpResponse) -> Result<Ready, VciError> {
        let server = read_server(response, &self.server)?;
        if !server.allows_pre_authorized() {
            return Err(VciError::Unsupported { what: "another grant than a pre-authorized code" });
        }
        let describe = |id: &String| {
            let configuration = self.metadata.configuration(id)?.clone();
            Some(Offered { id: id.clone(), configuration })
        };
        let offered: Option<Vec<Offered>> = self.offer.configuration_ids.iter().map(describe).collect();
        Ok(Ready {
            offered: offered.ok_or(VciError::UnknownConfiguration)?,
            offer: self.offer,
            metadata: self.metadata,
            signer: self.signer,
            server,
        })
    }
}

impl Ready {
    /// Who offers, by identifier.
    pub fn issuer(&self) -> &HttpsUrl {
        &self.offer.issuer
    }

    /// The names that the issuer gives itself: claimed, unless [`Ready::signer`] is there.
    pub fn issuer_display(&self) -> &[Display] {
        &self.metadata.display
    }

    /// Who signed the metadata, if they were signed: an anchor vouches for it.
    pub const fn signer(&self) -> Option<&TrustedKey> {
        self.signer.as_ref()
    }

    /// What is offered.
    pub fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// The transaction code that the holder has to give, if any.
    pub const fn tx_code(&self) -> Option<&TxCodeDemand> {
        self.offer.tx_code.as_ref()
    }

    /// Whom the transaction code will be sent to: host and port of the token endpoint. Worth
    /// showing before the holder types. Source: OpenID4VCI 1.0 §13.6.2.
    pub fn token_authority(&self) -> String {
        self.server.token_endpoint.authority()
    }

    /// How many copies one request can bring.
    pub fn batch_size(&self) -> usize {
        self.metadata.batch_size.unwrap_or(1)
    }

    /// Accepts the offer. `dpop_key` is the public half of a key made for this issuance alone; it
    /// is used if the server supports DPoP.
    ///
    /// # Errors
    /// [`VciError::Unsupported`] when a configuration needs a format or proof that we lack;
    /// [`VciError::TxCodeNeeded`] and [`VciError::TxCodeUnfit`] for the code.
    pub fn redeem(self, tx_code: Option<&str>, dpop_key: PublicKey) -> Result<TokenDraft, VciError> {
        if self.offered.iter().any(|offered| offered.configuration.proof_plan().is_none()) {
            return Err(VciError::Unsupported { what: "another proof than one of a key with ES256" });
        }
        match (&self.offer.tx_code, tx_code) {
            (None, None) => {}
            (Some(_), None) => return Err(VciError::TxCodeNeeded),
            (Some(demand), Some(code)) if demand.fits(code) => {}
            (_, Some(_)) => return Err(VciError::TxCodeUnfit),
        }
        let code = self.offer.pre_authorized_code;
        Ok(TokenDraft::new(self.metadata, self.server, self.offered, dpop_key, &code, tx_code))
    }
}

/// Asks for an issuer's metadata, signed if the issuer can.
pub(super) fn metadata_request(issuer: &HttpsUrl) -> HttpRequest {
    let accept = "application/jwt, application/json;q=0.9";
    // A signed document is a third longer than its JSON.
    fetch_json(issuer.well_known(WELL_KNOWN), accept, Limits::DOCUMENT.bytes * 2)
}

/// Asks for an authorization server's metadata.
pub(super) fn server_request(server: &HttpsUrl) -> HttpRequest {
    fetch_json(server.well_known(SERVER_WELL_KNOWN), JSON, Limits::DOCUMENT.bytes)
}

/// Reads an authorization server's metadata.
pub(super) fn read_server(response: &HttpResponse, server: &HttpsUrl) -> Result<ServerMetadata, VciError> {
    check_document(response)?;
    Ok(ServerMetadata::parse(&response.body, server)?)
}

/// Reads metadata, signed or not; signed ones must be by a trusted signer.
pub(super) fn read_metadata(
    response: &HttpResponse,
    issuer: &HttpsUrl,
    trust: &MetadataTrust<'_>,
) -> Result<(IssuerMetadata, Option<TrustedKey>), VciError> {
    check_document(response)?;
    match response.media_type().as_deref() {
        Some(JSON) => Ok((IssuerMetadata::parse(&response.body, issuer)?, None)),
        Some(signed::MEDIA_TYPE) => {
            let found = signed::verify(&response.body, issuer, trust.anchors, trust.now, trust.provider)?;
            Ok((found.0, Some(found.1)))
        }
        _ => Err(VciError::MediaType),
    }
}

/// The authorization server that takes the code. Source: OpenID4VCI 1.0 §§4.1.1, 12.2.4.
fn server_of(offer: &CredentialOffer, metadata: &IssuerMetadata) -> Result<HttpsUrl, VciError> {
    let servers = &metadata.authorization_servers;
    match &offer.authorization_server {
        Some(named) if servers.contains(named) => Ok(HttpsUrl::parse(named)?),
        Some(_) => Err(VciError::ForeignServer),
        None => match servers.as_slice() {
            [] => Ok(metadata.issuer.clone()),
            [first, ..] => Ok(HttpsUrl::parse(first)?),
        },
    }
}

fn check_document(response: &HttpResponse) -> Result<(), VciError> {
    if response.status == 200 { Ok(()) } else { Err(VciError::of_status(response)) }
}
