//! The use case `receive`: from an offer's link to checked copies in the store.

use inro_base::http::{HttpRequest, HttpResponse};
use inro_credential::{ClaimPath, Format};
use inro_crypto::Signature;
use inro_openid4vci::wallet::{
    Authorized, CredentialAnswer, CredentialDraft, CredentialStep, MetadataTrust, NextStep, OfferStep,
    ProofDraft, Ready, Received, TokenAnswer, TokenDraft, TokenStep, read_offer,
};
use inro_openid4vci::{Display, VciError};
use inro_trust::Anchors;
use serde_json::Value;

use crate::error::WalletError;
use crate::issued::{self, Batch};
use crate::ports::CreatedKey;
use crate::records::{ClaimLabel, CredentialRecord, KeyId, Localized, NewCredential};
use crate::wallet::Wallet;

/// How many copies the wallet asks for at most: each is used once, and each costs a key.
const WANTED_COPIES: usize = 10;
/// How many names of claims are kept of one type, and how long each may be, in characters.
const MAX_LABELS: usize = 256;
const MAX_LABEL_CHARS: usize = 100;
/// How many answers of one issuance lead to another request; the states allow fewer.
const MAX_ROUNDS: usize = 100;

/// Who issues, as the wallet shows it.
struct Issuer {
    identifier: String,
    name: Localized,
    /// Whether an anchor vouches for the name.
    vouched: bool,
}

impl Wallet {
    /// Receives every credential of an offer, one key per copy. All copies of all credentials are
    /// checked, then stored in one transaction; after a failure nothing is stored, and no key of
    /// this issuance is left unless the key store resists until the wallet opens again.
    ///
    /// # Errors
    /// [`WalletError`], by the step that failed.
    ///
    /// Source: OpenID4VCI 1.0 §§4–8.
    pub async fn receive(
        &self,
        link: &str,
        tx_code: Option<&str>,
    ) -> Result<Vec<CredentialRecord>, WalletError> {
        let mut made = Vec::new();
        let outcome = self.receive_all(link, tx_code, &mut made).await;
        // Keys that resist are deleted when the wallet opens again; what was stored stays stored.
        let _ = self.delete_unused(&made).await;
        outcome
    }

    async fn receive_all(
        &self,
        link: &str,
        tx_code: Option<&str>,
        made: &mut Vec<KeyId>,
    ) -> Result<Vec<CredentialRecord>, WalletError> {
        let anchors = self.anchors().await?;
        let ready = self.read(link, &anchors).await?;
        let supported = |format: &str| Format::of(format).is_some();
        if !ready.offered().iter().all(|offered| supported(&offered.configuration.format)) {
            return Err(WalletError::NothingSupported);
        }
        // Before a key is made: a forgotten code should cost nothing.
        if ready.tx_code().is_some() && tx_code.is_none() {
            return Err(VciError::TxCodeNeeded.into());
        }
        let issuer = Issuer {
            identifier: ready.issuer().as_str().to_owned(),
            name: localized(ready.issuer_display()),
            vouched: ready.signer().is_some(),
        };
        let dpop = self.make_key(made).await?;
        let draft = ready.redeem(tx_code, dpop.public_key)?;
        let mut authorized = self.token(draft, &dpop.id).await?;
        let mut credentials = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let Some(step) = self.next_proofs(authorized).await? else {
                return self.keep(credentials).await;
            };
            let (rest, new) = self.request(step, &dpop.id, &issuer, &anchors, made).await?;
            credentials.extend(new);
            authorized = rest;
        }
        Err(VciError::TooManyNonces { times: u32::try_from(MAX_ROUNDS).unwrap_or(u32::MAX) }.into())
    }

    async fn read(&self, link: &str, anchors: &Anchors) -> Result<Ready, WalletError> {
        let seen = match read_offer(link)? {
            OfferStep::Seen(seen) => seen,
            OfferStep::Fetch(state, request) => state.received(&self.send(request).await?)?,
        };
        let (state, request) = seen.fetch_metadata();
        let response = self.send(request).await?;
        let trust = MetadataTrust { anchors, now: self.now(), provider: &*self.provider };
        let (state, request) = state.received(&response, &trust)?;
        Ok(state.received(&self.send(request).await?)?)
    }

    async fn token(&self, mut draft: TokenDraft, dpop: &KeyId) -> Result<Authorized, WalletError> {
        loop {
            let step = self.with_rng(|rng| draft.send(self.now(), rng, &*self.provider));
            let (sent, request) = match step {
                TokenStep::Send(sent, request) => (sent, request),
                TokenStep::Sign(signing) => {
                    let signature = self.keys.sign(dpop, signing.signing_input()).await?;
                    signing.signed(&signature)
                }
            };
            // The state counts the repetitions and ends them.
            match sent.received(&self.send(request).await?)? {
                TokenAnswer::Authorized(authorized) => return Ok(authorized),
                TokenAnswer::Again(again) => draft = again,
            }
        }
    }

    /// The next credential to ask for; `None` when all were asked for.
    async fn next_proofs(&self, authorized: Authorized) -> Result<Option<ProofDraft>, WalletError> {
        match authorized.next() {
            NextStep::Done => Ok(None),
            NextStep::Proofs(draft) => Ok(Some(draft)),
            NextStep::Nonce(state, request) => Ok(Some(state.received(&self.send(request).await?)?)),
        }
    }

    /// Asks for one batch and checks it. `None` instead of a credential: the issuer wants another
    /// nonce, and the next round asks again.
    async fn request(
        &self,
        draft: ProofDraft,
        dpop: &KeyId,
        issuer: &Issuer,
        anchors: &Anchors,
        made: &mut Vec<KeyId>,
    ) -> Result<(Authorized, Option<NewCredential>), WalletError> {
        let mut keys = Vec::new();
        for _ in 0..draft.max_copies().min(WANTED_COPIES) {
            keys.push(self.make_key(made).await?);
        }
        let public_keys: Vec<_> = keys.iter().map(|key| key.public_key).collect();
        let signing = draft.proofs(&public_keys, self.now())?;
        let mut signatures: Vec<Signature> = Vec::new();
        for (key, input) in keys.iter().zip(signing.signing_inputs()) {
            signatures.push(self.keys.sign(&key.id, input).await?);
        }
        match self.credential(signing.signed(&signatures)?, dpop).await? {
            CredentialAnswer::Received(received, rest) => {
                Ok((rest, Some(self.check(received, &keys, issuer, anchors)?)))
            }
            CredentialAnswer::NewNonce(rest) => Ok((rest, None)),
            CredentialAnswer::Deferred(..) => Err(VciError::Unsupported { what: "deferred issuance" }.into()),
            CredentialAnswer::Again(_) => Err(VciError::TooManyNonces { times: 1 }.into()),
        }
    }

    /// Sends one credential request, again with the server's DPoP nonce where it asks for that.
    async fn credential(
        &self,
        mut draft: CredentialDraft,
        dpop: &KeyId,
    ) -> Result<CredentialAnswer, WalletError> {
        loop {
            let step = self.with_rng(|rng| draft.send(self.now(), rng, &*self.provider));
            let (sent, request) = match step {
                CredentialStep::Send(sent, request) => (sent, request),
                CredentialStep::Sign(signing) => {
                    let signature = self.keys.sign(dpop, signing.signing_input()).await?;
                    signing.signed(&signature)
                }
            };
            match sent.received(&self.send(request).await?)? {
                CredentialAnswer::Again(again) => draft = again,
                answer => return Ok(answer),
            }
        }
    }

    fn check(
        &self,
        received: Received,
        keys: &[CreatedKey],
        issuer: &Issuer,
        anchors: &Anchors,
    ) -> Result<NewCredential, WalletError> {
        let configuration = &received.offered.configuration;
        let batch = Batch {
            issuer: &issuer.identifier,
            issuer_name: &issuer.name,
            issuer_vouched: issuer.vouched,
            format: Format::of(&configuration.format).ok_or(WalletError::NothingSupported)?,
            type_id: configuration.type_id(),
            name: localized(&configuration.display),
            labels: labels(configuration.credential_metadata.as_ref()),
            keys,
            texts: received.credentials,
        };
        issued::check(batch, anchors, self.now(), &*self.provider)
    }

    async fn keep(&self, credentials: Vec<NewCredential>) -> Result<Vec<CredentialRecord>, WalletError> {
        for credential in &credentials {
            let held = self.store.credential(&credential.record.id).await?;
            if held.is_some_and(|held| !credential.record.may_replace(&held)) {
                return Err(WalletError::OtherEmployee);
            }
        }
        let replaced = self.store.put_credentials(&credentials).await?;
        // As above: the copies are gone, and with them the only use of these keys.
        let _ = self.delete_keys(&replaced).await;
        let mut stored = Vec::new();
        for credential in &credentials {
            stored.push(self.show(&credential.record.id).await?);
        }
        Ok(stored)
    }

    /// Deletes those of `made` that no stored copy has.
    async fn delete_unused(&self, made: &[KeyId]) -> Result<(), WalletError> {
        let in_use = self.store.keys_in_use(None).await?;
        let unused: Vec<_> = made.iter().filter(|key| !in_use.contains(key)).cloned().collect();
        self.delete_keys(&unused).await
    }

    async fn make_key(&self, made: &mut Vec<KeyId>) -> Result<CreatedKey, WalletError> {
        let key = self.keys.create().await?;
        made.push(key.id.clone());
        Ok(key)
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, WalletError> {
        Ok(self.http.send(request).await?)
    }
}

/// The names in English and Japanese; one without a locale stands for English.
fn localized(displays: &[Display]) -> Localized {
    let find = |language: &str| {
        let fits = |display: &&Display| {
            let locale = display.locale.as_deref().unwrap_or("en");
            locale.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case(language))
        };
        displays.iter().find(fits).map(|display| display.name.clone()).unwrap_or_default()
    };
    Localized { en: find("en"), ja: find("ja") }
}

/// What the issuer calls its claims; an entry of another form says nothing.
///
/// Source: OpenID4VCI 1.0 Appendix B.2.
fn labels(credential_metadata: Option<&Value>) -> Vec<ClaimLabel> {
    let claims = credential_metadata.and_then(|metadata| metadata.get("claims")).and_then(Value::as_array);
    let label = |claim: &Value| {
        let path = ClaimPath::parse(claim.get("path")?).ok()?;
        let displays = claim.get("display")?.as_array()?;
        let displays: Vec<_> = displays.iter().filter_map(display).collect();
        Some(ClaimLabel { path, name: localized(&displays) })
    };
    claims.into_iter().flatten().take(MAX_LABELS).filter_map(label).collect()
}

fn display(value: &Value) -> Option<Display> {
    let name = value.get("name")?.as_str()?;
    let locale = value.get("locale").and_then(Value::as_str).map(String::from);
    (name.chars().count() <= MAX_LABEL_CHARS).then(|| Display { name: name.to_owned(), locale })
}
