use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::json::{self, Limits};
use inro_base::{Rng, UnixTime, base64url};
use inro_credential::dcql::{Candidate, CandidateMatch, CredentialQuery, Matches, OptionMatch};
use inro_credential::{ClaimPath, FormatError, HeldCredential};
use inro_crypto::{Provider, Signature};
use inro_mdoc::{DeviceSignatureToSign, SessionTranscript};
use inro_sd_jwt::KeyBindingToSign;
use serde_json::{Map, Value};

use crate::profile::{ACCESS_DENIED, CLOCK_SKEW, MAX_REPLY_BYTES};
use crate::wallet::request::VerifiedRequest;
use crate::wallet::{RequestError, reply, transaction};
use crate::web::is_https;

/// A verified request, with what the wallet holds for it, that waits for its holder's decision.
///
/// A request that nothing fits is reviewed like any other, and ends in [`Reviewing::refuse`]: the
/// verifier must not learn which of the two it was. Source: OpenID4VP 1.0 §15.4.1.
#[derive(Debug)]
#[must_use]
pub struct Reviewing {
    request: VerifiedRequest,
    matches: Option<Matches>,
}

/// One credential that the holder chose to present.
#[derive(Debug)]
pub struct Chosen {
    /// The id of the credential query that it answers.
    pub credential: String,
    /// The copy, which is never presented again.
    pub copy: HeldCredential,
    /// The claims to disclose: one of the ways of a matching candidate.
    pub paths: Vec<ClaimPath>,
}

/// An approved answer that waits for the holder's signatures.
#[derive(Debug)]
#[must_use]
pub struct Signing {
    reviewing: Reviewing,
    presentations: Vec<(String, Presentation)>,
}

/// A response on its way.
#[derive(Debug)]
#[must_use]
pub struct Sending(());

/// A response that the verifier took.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// Where the holder's browser is sent next: an `https` address of the verifier's choice.
    pub redirect_uri: Option<String>,
}

#[derive(Debug)]
enum Presentation {
    Unbound(String),
    Bound(KeyBindingToSign),
    Device(Box<DeviceSignatureToSign>),
}

impl VerifiedRequest {
    /// Looks up what fits the request among what the wallet holds.
    ///
    /// Source: OpenID4VP 1.0 §6.4.
    pub fn review(self, held: &[Candidate<'_>]) -> Reviewing {
        let matches = self.query.select(held).ok();
        Reviewing { request: self, matches }
    }
}

impl Reviewing {
    /// The request, to show who asks for what.
    pub fn request(&self) -> &VerifiedRequest {
        &self.request
    }

    /// The same request, looked up anew among `held`.
    pub fn again(self, held: &[Candidate<'_>]) -> Self {
        self.request.review(held)
    }

    /// What the wallet holds for it, and the least that each would disclose; `None` when it cannot
    /// answer the request.
    pub fn matches(&self) -> Option<&Matches> {
        self.matches.as_ref()
    }

    /// Answers with `chosen`. Nothing is sent before [`Signing::finish`].
    ///
    /// # Errors
    /// [`RequestError::NotRequested`] for a claim that was not asked for or a choice that does not
    /// answer the query, [`RequestError::Transaction`] for one that cannot authorize what the request
    /// wants to have authorized, [`RequestError::Expired`] when the holder took too long,
    /// [`RequestError::Credential`] for a copy that has no such claim.
    ///
    /// Source: OpenID4VP 1.0 §6.4, §8.1, §B.3.6.
    pub fn approve(
        self,
        chosen: Vec<Chosen>,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<Signing, RequestError> {
        let expires_at = self.request.expires_at();
        if now >= expires_at.plus(CLOCK_SKEW) {
            return Err(RequestError::Expired { at: expires_at });
        }
        self.check_choice(&chosen)?;
        let ids: Vec<&str> = chosen.iter().map(|choice| choice.credential.as_str()).collect();
        let authorized = transaction::claims(&self.request.transaction_data, &ids, provider)?;
        let mut presentations = Vec::with_capacity(chosen.len());
        for (Chosen { credential, copy, paths }, authorized) in chosen.into_iter().zip(authorized) {
            let presentation = self.present(&credential, copy, &paths, authorized, now, provider)?;
            presentations.push((credential, presentation));
        }
        Ok(Signing { reviewing: self, presentations })
    }

    /// Declines. The response is the same for a holder who refuses, a wallet that has nothing that
    /// fits, and a value that does not match. It is encrypted where the answer would be.
    ///
    /// Source: OpenID4VP 1.0 §8.3.1, §8.5, §15.4.1.
    pub fn refuse(self, rng: &mut dyn Rng, provider: &dyn Provider) -> (Sending, HttpRequest) {
        let VerifiedRequest { response_uri, state, encryption, .. } = &self.request;
        let state = state.as_deref();
        let payload = Map::from_iter([("error".to_owned(), ACCESS_DENIED.into())]);
        let encrypted = encryption.as_ref().and_then(|encryption| {
            reply::post_encrypted(response_uri, payload, state, encryption, rng, provider).ok()
        });
        // A wallet that cannot encrypt may send an error in the clear.
        let request = encrypted.unwrap_or_else(|| reply::error(response_uri, ACCESS_DENIED, state));
        (Sending(()), request)
    }

    fn present(
        &self,
        credential: &str,
        copy: HeldCredential,
        paths: &[ClaimPath],
        authorized: Map<String, Value>,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<Presentation, RequestError> {
        let VerifiedRequest { client_id, nonce, response_uri, .. } = &self.request;
        match copy {
            HeldCredential::SdJwt(copy) => {
                let presentation = copy.present(paths).map_err(FormatError::from)?;
                if !self.requires_binding(credential) {
                    return Ok(Presentation::Unbound(presentation.without_key_binding()));
                }
                let audience = client_id.as_str();
                let bound = presentation.key_binding_with(audience, nonce, authorized, now, provider);
                Ok(Presentation::Bound(bound))
            }
            // An mdoc has no form without a device's word. Source: OpenID4VP 1.0 annex B.2.6.
            HeldCredential::Mdoc(copy) => {
                let (uri, thumbprint) = (response_uri.as_str(), self.request.encryption_thumbprint());
                let transcript = SessionTranscript::openid4vp(
                    client_id.as_str(),
                    nonce,
                    thumbprint.as_ref(),
                    uri,
                    provider,
                );
                let presentation = copy.present(paths).map_err(FormatError::from)?;
                Ok(Presentation::Device(Box::new(presentation.device_signature(&transcript))))
            }
        }
    }

    fn requires_binding(&self, id: &str) -> bool {
        self.request.query.credential(id).is_none_or(CredentialQuery::requires_holder_binding)
    }

    /// What is chosen must be what the matches propose, no more and no less: a claim outside the
    /// request cannot get in, nor can half an answer.
    fn check_choice(&self, chosen: &[Chosen]) -> Result<(), RequestError> {
        let matches = self.matches.as_ref().ok_or(RequestError::NotRequested)?;
        let times = |id: &str| chosen.iter().filter(|choice| choice.credential == id).count();
        let proposed = chosen.iter().all(|choice| {
            matches.query(&choice.credential).is_some_and(|query| {
                let mut ways = query.candidates.iter().flat_map(CandidateMatch::ways);
                let fits = ways.any(|way| way == choice.paths);
                fits && (query.multiple || times(&choice.credential) == 1)
            })
        });
        let complete = if matches.sets().is_empty() {
            matches.queries().iter().all(|query| times(&query.query_id) > 0)
        } else {
            let is_met = |option: &OptionMatch| option.query_ids.iter().all(|id| times(id) > 0);
            matches.sets().iter().filter(|set| set.required).all(|set| set.options.iter().any(is_met))
        };
        if proposed && complete && !chosen.is_empty() { Ok(()) } else { Err(RequestError::NotRequested) }
    }
}

impl Signing {
    /// The bytes to sign, one per presentation with key binding or device signature, in the order of the choice, each
    /// with the key of that copy.
    pub fn signing_inputs(&self) -> Vec<&[u8]> {
        self.presentations
            .iter()
            .filter_map(|(_, presentation)| match presentation {
                Presentation::Bound(binding) => Some(binding.signing_input()),
                Presentation::Device(device) => Some(device.signing_input()),
                Presentation::Unbound(_) => None,
            })
            .collect()
    }

    /// Back to the holder's decision: a key did not sign.
    pub fn withdraw(self) -> Reviewing {
        self.reviewing
    }

    /// Puts the signatures in, in the order of [`Signing::signing_inputs`], and encrypts the whole
    /// where the verifier asks for it.
    ///
    /// # Errors
    /// [`RequestError::Signatures`] when there are more or fewer.
    ///
    /// Source: OpenID4VP 1.0 §8.1, §8.2, §8.3.
    pub fn finish(
        self,
        signatures: Vec<Signature>,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<(Sending, HttpRequest), RequestError> {
        let (asked, given) = (self.signing_inputs().len(), signatures.len());
        if asked != given {
            return Err(RequestError::Signatures { asked, given });
        }
        let mut signatures = signatures.into_iter();
        let mut tokens: Map<String, Value> = Map::new();
        for (id, presentation) in self.presentations {
            let mut signature = || signatures.next().ok_or(RequestError::Signatures { asked, given });
            let text = match presentation {
                Presentation::Unbound(text) => text,
                Presentation::Bound(binding) => binding.finish(&signature()?),
                Presentation::Device(device) => base64url::encode(&device.finish(&signature()?)),
            };
            if let Value::Array(list) = tokens.entry(id).or_insert_with(|| Value::Array(Vec::new())) {
                list.push(Value::String(text));
            }
        }
        let VerifiedRequest { response_uri, state, encryption, .. } = &self.reviewing.request;
        let (uri, state, token) = (response_uri, state.as_deref(), Value::Object(tokens));
        let request = match encryption {
            None => reply::post(uri, &[("vp_token", &token.to_string())], state),
            Some(encryption) => {
                let payload = Map::from_iter([("vp_token".to_owned(), token)]);
                reply::post_encrypted(uri, payload, state, encryption, rng, provider)?
            }
        };
        Ok((Sending(()), request))
    }
}

impl Sending {
    /// Takes the verifier's answer.
    ///
    /// # Errors
    /// [`RequestError::NotTaken`] for any status but 200, a redirect included;
    /// [`RequestError::NextAddress`] for a `redirect_uri` that is not `https`.
    ///
    /// Source: OpenID4VP 1.0 §8.2, §14.6.
    pub fn answered(self, response: &HttpResponse) -> Result<Sent, RequestError> {
        if response.status != 200 {
            return Err(RequestError::NotTaken { status: response.status });
        }
        let answer = json::parse_object(&response.body, Limits { bytes: MAX_REPLY_BYTES, depth: 8 })?;
        let redirect_uri = match answer.get("redirect_uri") {
            None => None,
            Some(Value::String(text)) if is_https(text) => Some(text.clone()),
            Some(_) => return Err(RequestError::NextAddress),
        };
        Ok(Sent { redirect_uri })
    }
}
