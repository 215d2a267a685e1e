//! New copies without a new offer, also after a restart. Source: OpenID4VCI 1.0 §14.5; RFC 6749 §6.

use inro_base::http::{HttpRequest, HttpResponse};
use inro_oauth::ServerMetadata;
use inro_trust::TrustedKey;

use super::ready::{MetadataTrust, metadata_request, read_metadata, read_server, server_request};
use super::refresh_ticket::RefreshTicket;
use super::session::Offered;
use super::token::TokenDraft;
use crate::VciError;
use crate::metadata::{Display, IssuerMetadata};

/// Waits for the issuer's metadata, which may have changed since.
#[must_use]
pub struct RefreshMetadataFetch(RefreshTicket);

/// Waits for the authorization server's metadata.
#[must_use]
pub struct RefreshServerFetch {
    ticket: RefreshTicket,
    metadata: IssuerMetadata,
    signer: Option<TrustedKey>,
}

/// The refresh token can be presented.
#[must_use]
pub struct Refreshable {
    ticket: RefreshTicket,
    metadata: IssuerMetadata,
    signer: Option<TrustedKey>,
    server: ServerMetadata,
}

impl RefreshTicket {
    /// Asks for the issuer's metadata: its keys and addresses may have changed.
    pub fn fetch_metadata(self) -> (RefreshMetadataFetch, HttpRequest) {
        let request = metadata_request(&self.issuer);
        (RefreshMetadataFetch(self), request)
    }
}

impl RefreshMetadataFetch {
    /// Reads the metadata, signed or not; signed ones must be by a trusted signer.
    ///
    /// # Errors
    /// [`VciError`] when they cannot be used, or name the authorization server no more: a refresh token is
    /// shown to the server that gave it and to no other.
    pub fn received(
        self,
        response: &HttpResponse,
        trust: &MetadataTrust<'_>,
    ) -> Result<(RefreshServerFetch, HttpRequest), VciError> {
        let ticket = self.0;
        let (metadata, signer) = read_metadata(response, &ticket.issuer, trust)?;
        metadata.sealing()?;
        let servers = &metadata.authorization_servers;
        let named = match servers.as_slice() {
            [] => ticket.server == metadata.issuer,
            _ => servers.iter().any(|server| server == ticket.server.as_str()),
        };
        if !named {
            return Err(VciError::ForeignServer);
        }
        let request = server_request(&ticket.server);
        Ok((RefreshServerFetch { ticket, metadata, signer }, request))
    }
}

impl RefreshServerFetch {
    /// Reads the authorization server's metadata.
    ///
    /// # Errors
    /// [`VciError`] when they cannot be used.
    pub fn received(self, response: &HttpResponse) -> Result<Refreshable, VciError> {
        let server = read_server(response, &self.ticket.server)?;
        if !server.supports_dpop() {
            // The token is bound to a key; without the proof it would be thrown away.
            return Err(VciError::Unsupported { what: "a refresh token that is bound to no key" });
        }
        Ok(Refreshable { ticket: self.ticket, metadata: self.metadata, signer: self.signer, server })
    }
}

impl Refreshable {
    /// The names that the issuer gives itself: claimed, unless [`Refreshable::signer`] is there.
    pub fn issuer_display(&self) -> &[Display] {
        &self.metadata.display
    }

    /// Who signed the metadata, if they were signed: an anchor vouches for it.
    pub const fn signer(&self) -> Option<&TrustedKey> {
        self.signer.as_ref()
    }

    /// Those of the configurations that the issuer still has.
    pub fn offered(&self) -> Vec<Offered> {
        let describe = |id: &String| {
            let configuration = self.metadata.configuration(id)?.clone();
            Some(Offered { id: id.clone(), configuration })
        };
        self.ticket.configurations.iter().filter_map(describe).collect()
    }

    /// Asks for a token for `wanted`, which are some of [`Refreshable::offered`].
    ///
    /// # Errors
    /// [`VciError::UnknownConfiguration`] when nothing is wanted; [`VciError::Unsupported`] when one needs a
    /// format or proof that we lack.
    pub fn refresh(self, wanted: Vec<Offered>) -> Result<TokenDraft, VciError> {
        if wanted.is_empty() {
            return Err(VciError::UnknownConfiguration);
        }
        if wanted.iter().any(|offered| offered.configuration.proof_plan().is_none()) {
            return Err(VciError::Unsupported { what: "another proof than one of a key with ES256" });
        }
        Ok(TokenDraft::refresh(self.metadata, self.server, wanted, self.ticket))
    }
}
