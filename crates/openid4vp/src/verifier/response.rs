use std::fmt;

use inro_base::json::{self, Limits};
use inro_base::{UnixTime, base64url};
use inro_credential::dcql::{CheckError, CredentialQuery, Presented, Query};
use inro_credential::{ArrayPositions, Format, FormatError, VerifiedClaims};
use inro_crypto::Provider;
use inro_mdoc::{SessionTranscript, UnverifiedDeviceResponse};
use inro_sd_jwt::{Expected, UnverifiedSdJwt};
use inro_trust::{Anchors, TrustedKey, Usage};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::form::{Form, MAX_FORM_BYTES};
use crate::profile::CLOCK_SKEW;
use crate::verifier::request::AwaitingResponse;
use crate::verifier::transaction::{self, Authorized};
use crate::verifier::{ResponseError, authority, encryption, minimal};

/// The most presentations in one response: each costs three signature checks and more.
pub const MAX_PRESENTATIONS: usize = 16;

/// `vp_token` is an object of arrays of texts, so anything deeper is refused while reading.
const TOKEN_LIMITS: Limits = Limits { bytes: MAX_FORM_BYTES, depth: 2 };

/// Which credentials are taken, once they are authentic.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance<'a> {
    /// The trusted issuers.
    pub anchors: &'a Anchors,
    /// The common names of the anchors whose issuers are accepted; empty: all that are trusted.
    pub issuers: &'a [String],
    /// How long ago a credential may have been issued, in seconds.
    pub max_age: Option<i64>,
}

/// A response that belongs to its presentation and came in time. Nothing in it is established.
#[must_use]
pub struct ReceivedResponse {
    awaiting: AwaitingResponse,
    content: Content,
}

/// An answer that satisfies the query; it alone hands out claims.
#[derive(Debug)]
#[must_use]
pub struct VerifiedPresentation {
    credentials: Vec<VerifiedCredential>,
    authorized: Vec<Authorized>,
}

/// One credential of a [`VerifiedPresentation`].
pub struct VerifiedCredential {
    query_id: String,
    issuer: TrustedKey,
    credential: VerifiedClaims,
    claims: Map<String, Value>,
}

enum Content {
    /// The text of `vp_token`.
    Token(String),
    /// The value of `vp_token` in an encrypted response.
    Opened(Value),
    /// The wallet sent an error that may be for its holder's reasons.
    Declined,
    /// The wallet sent an error about the request.
    Faulty,
    /// Neither, or both.
    Unclear,
}

impl Content {
    /// Source: OpenID4VP 1.0 §8.5; RFC 6749 §4.1.2.1.
    fn error(error: &str) -> Self {
        let of_the_request = [
            "invalid_request",
            "invalid_client",
            "invalid_scope",
            "unsupported_response_type",
            "vp_formats_not_supported",
            "invalid_request_uri_method",
            "invalid_transaction_data",
        ];
        if of_the_request.contains(&error) { Self::Faulty } else { Self::Declined }
    }
}

impl AwaitingResponse {
    /// Takes the form that was posted to `response_uri`. A form that is refused here is not the
    /// presentation's one response: whoever sent it may know nothing of the request.
    ///
    /// # Errors
    /// [`ResponseError`] for a malformed form, another state, a form that came late, and a response
    /// that is not encrypted as it was asked for. A wallet that cannot encrypt may say so in the clear.
    ///
    /// Source: OpenID4VP 1.0 §8.1, §8.2, §8.3, §14.3.2.
    pub fn receive(
        self,
        form: &[u8],
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<ReceivedResponse, ResponseError> {
        let form = Form::parse(form)?;
        let content = match (&self.encryption, form.value("response")) {
            (None, None) => self.in_the_clear(&form)?,
            (None, Some(_)) => return Err(ResponseError::Encrypted),
            (Some(_), None) if form.value("vp_token").is_some() => return Err(ResponseError::NotEncrypted),
            (Some(_), None) => self.in_the_clear(&form)?,
            (Some(key), Some(response)) => {
                if form.value("vp_token").is_some() || form.value("error").is_some() {
                    return Err(ResponseError::NotEncrypted);
                }
                self.opened(encryption::open(key, response, provider)?)?
            }
        };
        if now >= self.expires_at.plus(CLOCK_SKEW) {
            return Err(ResponseError::Late { at: self.expires_at });
        }
        Ok(ReceivedResponse { awaiting: self, content })
    }

    fn in_the_clear(&self, form: &Form) -> Result<Content, ResponseError> {
        self.check_state(form.value("state"))?;
        Ok(match (form.value("vp_token"), form.value("error")) {
            (Some(token), None) => Content::Token(token.to_owned()),
            (None, Some(error)) => Content::error(error),
            (Some(_), Some(_)) | (None, None) => Content::Unclear,
        })
    }

    fn opened(&self, mut payload: Map<String, Value>) -> Result<Content, ResponseError> {
        self.check_state(payload.get("state").and_then(Value::as_str))?;
        Ok(match (payload.remove("vp_token"), payload.get("error")) {
            (Some(token), None) => Content::Opened(token),
            (None, Some(error)) => Content::error(error.as_str().unwrap_or_default()),
            (Some(_), Some(_)) | (None, None) => Content::Unclear,
        })
    }

    fn check_state(&self, state: Option<&str>) -> Result<(), ResponseError> {
        let same = |state: &str| bool::from(state.as_bytes().ct_eq(self.state.as_bytes()));
        if state.is_some_and(same) { Ok(()) } else { Err(ResponseError::State) }
    }
}

impl ReceivedResponse {
    /// Checks every presentation, and all of them against the query.
    ///
    /// # Errors
    /// [`ResponseError`] with the first reason found; [`ResponseError::Declined`] and
    /// [`ResponseError::FaultyRequest`] when the wallet sent an error.
    ///
    /// Source: OpenID4VP 1.0 §8.6, §14.1.2, §B.3.6.
    pub fn check(
        self,
        acceptance: &Acceptance<'_>,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<VerifiedPresentation, ResponseError> {
        let presentations = match self.content {
            Content::Token(token) => read_token(json::parse(token.as_bytes(), TOKEN_LIMITS)?)?,
            Content::Opened(token) => read_token(token)?,
            Content::Declined => return Err(ResponseError::Declined),
            Content::Faulty => return Err(ResponseError::FaultyRequest),
            Content::Unclear => return Err(ResponseError::Neither),
        };
        let query = Query::parse(&self.awaiting.query)?;
        let mut credentials = Vec::with_capacity(presentations.len());
        for (index, (query_id, text)) in presentations.into_iter().enumerate() {
            let asked = query.credential(&query_id).ok_or(CheckError::NotAskedFor { index })?;
            let (issuer, credential) = self.awaiting.verify(&text, asked, acceptance, now, provider)?;
            accept(&issuer, &credential, acceptance, now)?;
            credentials.push((query_id, issuer, credential));
        }
        let positions: Vec<ArrayPositions> =
            credentials.iter().map(|(_, _, credential)| credential.positions()).collect();
        let presented: Vec<Presented<'_>> = credentials
            .iter()
            .zip(&positions)
            .map(|((query_id, _, credential), positions)| Presented {
                query_id,
                format: credential.format().as_str(),
                type_id: credential.type_id(),
                claims: credential.claims(),
                positions: Some(positions),
                key_bound: credential.key_bound(),
            })
            .collect();
        query.check(&presented)?;
        let signed: Vec<transaction::Signed<'_>> = credentials
            .iter()
            .map(|(query_id, _, credential)| (query_id.as_str(), credential.key_binding_claims()))
            .collect();
        let authorized = transaction::check(self.awaiting.transactions()?, &signed, provider)?;
        let credentials = credentials
            .into_iter()
            .zip(&positions)
            .map(|((query_id, issuer, credential), positions)| {
                let claims = minimal::asked_claims(&query, &query_id, credential.claims(), positions);
                VerifiedCredential { query_id, issuer, credential, claims }
            })
            .collect();
        Ok(VerifiedPresentation { credentials, authorized })
    }
}

impl AwaitingResponse {
    /// Verifies one presentation in the format that its query asks for.
    fn verify(
        &self,
        text: &str,
        asked: &CredentialQuery,
        acceptance: &Acceptance<'_>,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<(TrustedKey, VerifiedClaims), ResponseError> {
        match Format::of(asked.format()).ok_or(ResponseError::Format)? {
            Format::SdJwtVc => {
                let unverified = UnverifiedSdJwt::parse(text)?;
                let issuer =
                    acceptance.anchors.trust(unverified.x5c(), Usage::CredentialIssuer, now, provider)?;
                authority::check(asked, unverified.x5c())?;
                let expected = self.expected(asked.requires_holder_binding(), now);
                let verified = unverified.verify(&issuer, &expected, provider)?;
                Ok((issuer, VerifiedClaims::SdJwt(verified)))
            }
            Format::Mdoc => {
                let bytes = base64url::decode(text).map_err(|_| FormatError::Encoding)?;
                let document = UnverifiedDeviceResponse::parse(&bytes)?.only_document()?;
                let issuer =
                    acceptance.anchors.trust(document.x5c(), Usage::CredentialIssuer, now, provider)?;
                authority::check(asked, document.x5c())?;
                let expected = inro_mdoc::Expected::at(now);
                let verified = document.verify(&issuer, &self.transcript(provider), &expected, provider)?;
                Ok((issuer, VerifiedClaims::Mdoc(verified)))
            }
        }
    }

    /// What a device signature has to cover. Source: OpenID4VP 1.0 annex B.2.6.1.
    fn transcript(&self, provider: &dyn Provider) -> SessionTranscript {
        let thumbprint = self.encryption_thumbprint(provider);
        SessionTranscript::openid4vp(
            &self.client_id,
            &self.nonce,
            thumbprint.as_ref(),
            &self.response_uri,
            provider,
        )
    }

    /// A holder's signature is as fresh as the nonce that it covers: no older than the request.
    fn expected(&self, bound: bool, now: UnixTime) -> Expected<'_> {
        if bound {
            Expected::presented(now, &self.client_id, &self.nonce, now.seconds_since(self.issued_at).max(0))
        } else {
            Expected::without_key_binding(now)
        }
    }
}

impl VerifiedPresentation {
    /// The credentials, in the order of the response.
    pub fn credentials(&self) -> &[VerifiedCredential] {
        &self.credentials
    }

    /// The transactions that the holder authorized: every one that was asked for.
    pub fn authorized(&self) -> &[Authorized] {
        &self.authorized
    }

    /// The credentials by value.
    pub fn into_credentials(self) -> Vec<VerifiedCredential> {
        self.credentials
    }
}

impl VerifiedCredential {
    /// The id of the credential query that it answers.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// The common name of the issuer's certificate, as its authority wrote it.
    pub fn issuer(&self) -> &str {
        self.issuer.subject()
    }

    /// The common name of the anchor that vouches for the issuer.
    pub fn authority(&self) -> &str {
        self.issuer.authority()
    }

    /// The credential format.
    pub const fn format(&self) -> Format {
        self.credential.format()
    }

    /// The credential type: `vct` or document type.
    pub fn type_id(&self) -> &str {
        self.credential.type_id()
    }

    /// The claims that the query asks for, and no others, whatever else the wallet showed.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// When it was issued.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.credential.issued_at()
    }

    /// From when on it is void.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.credential.expires_at()
    }

    /// Whether it refers to a status that has to be looked up. Source: Token Status List §6.1.
    pub fn has_status(&self) -> bool {
        self.credential.has_status()
    }
}

impl fmt::Debug for ReceivedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Token(token) => write!(f, "ReceivedResponse({} bytes)", token.len()),
            Content::Opened(_) => f.write_str("ReceivedResponse(opened)"),
            Content::Declined => f.write_str("ReceivedResponse(declined)"),
            Content::Faulty => f.write_str("ReceivedResponse(faulty request)"),
            Content::Unclear => f.write_str("ReceivedResponse(unclear)"),
        }
    }
}

impl fmt::Debug for VerifiedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedCredential({} claims)", self.claims.len())
    }
}

/// Source: OpenID4VP 1.0 §8.1.
fn read_token(token: Value) -> Result<Vec<(String, String)>, ResponseError> {
    let Value::Object(entries) = token else { return Err(ResponseError::Shape) };
    let mut presentations = Vec::new();
    for (query_id, list) in entries {
        let Value::Array(list) = list else { return Err(ResponseError::Shape) };
        if list.is_empty() {
            return Err(ResponseError::Shape);
        }
        for presentation in list {
            let Value::String(text) = presentation else { return Err(ResponseError::Shape) };
            if presentations.len() >= MAX_PRESENTATIONS {
                return Err(ResponseError::TooMany { limit: MAX_PRESENTATIONS });
            }
            presentations.push((query_id.clone(), text));
        }
    }
    Ok(presentations)
}

/// What a policy asks beyond authenticity.
fn accept(
    issuer: &TrustedKey,
    credential: &VerifiedClaims,
    acceptance: &Acceptance<'_>,
    now: UnixTime,
) -> Result<(), ResponseError> {
    // By the anchor: one trusted authority could write another one's name into a certificate.
    let listed = acceptance.issuers.iter().any(|name| name == issuer.authority());
    if !acceptance.issuers.is_empty() && !listed {
        return Err(ResponseError::Issuer);
    }
    if let Some(max_age) = acceptance.max_age {
        let issued_at = credential.issued_at().ok_or(ResponseError::NoIssueTime)?;
        if now.seconds_since(issued_at) > max_age.saturating_add(CLOCK_SKEW) {
            return Err(ResponseError::TooOld { issued_at, max_age });
        }
    }
    Ok(())
}
