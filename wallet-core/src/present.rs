//! The use case `present`: from a request's link over the holder's decision to the answer.

use inro_base::UnixTime;
use inro_base::http::HttpRequest;
use inro_credential::dcql::Candidate;
use inro_credential::{Format, HeldCredential};
use inro_crypto::Signature;
use inro_openid4vp::wallet::{Chosen, RequestLink, Reviewing as ReviewingState, Sending, VerifiedRequest};

use crate::error::WalletError;
use crate::keys::{KeyId, KeyStoreError};
use crate::matching::{self, Held};
use crate::ports::StoreError;
use crate::prompts::Reason;
use crate::records::{Copy, CredentialId, Event, HistoryItem, NewHistoryEntry, Outcome, RequestDigest};
use crate::review::{Asked, Choice, Review};
use crate::wallet::Wallet;

/// How long it is remembered that a request was answered, in seconds after it became void: 30 days. A
/// clock that was set back by less does not make an old request new.
const REMEMBERED: i64 = 30 * 86_400;

/// A checked request that waits for its holder's decision.
#[must_use]
pub struct Reviewing {
    /// `None` once it was answered.
    state: Option<ReviewingState>,
    review: Review,
    digest: RequestDigest,
    keep_until: Option<UnixTime>,
}

impl Reviewing {
    /// Who asks, why, for what, and what nobody registered a need for.
    pub const fn review(&self) -> &Review {
        &self.review
    }
}

impl Wallet {
    /// Fetches and checks a request. Nothing of the holder leaves.
    ///
    /// A request that nothing fits is reviewed like any other, so that the verifier sees a refusal
    /// and no difference.
    ///
    /// # Errors
    /// [`WalletError::Presentation`] for a request that is unsigned, untrusted, expired or would
    /// send its answer elsewhere; [`StoreError::AnsweredBefore`].
    ///
    /// Source: OpenID4VP 1.0 §5, §15.4.1.
    pub async fn review(&self, link: &str) -> Result<Reviewing, WalletError> {
        let request = self.fetch(link).await?;
        let digest = RequestDigest(*request.replay_key());
        if self.store.was_answered(&digest).await? {
            return Err(StoreError::AnsweredBefore.into());
        }
        let keep_until = request.void_from().map(|void| void.plus(REMEMBERED));
        let held = self.held(&request).await?;
        let state = request.review(&held.iter().map(candidate).collect::<Vec<_>>());
        let review = matching::review(&state, &held);
        Ok(Reviewing { state: Some(state), review, digest, keep_until })
    }

    /// Presents what was chosen, after a gesture of the holder. Each credential gives one copy that was
    /// never used; its key signs, the copy is marked as spent, the key is deleted, and only then the answer is sent. A step
    /// that is cut leaves no copy that could be used twice.
    ///
    /// The answer is where the verifier sends its user next.
    ///
    /// # Errors
    /// [`WalletError::NotInReview`], [`WalletError::NoMatch`], [`WalletError::AllSpent`],
    /// [`WalletError::Prompt`], [`WalletError::Keys`] before anything was used up: `reviewing` can still be
    /// answered. Copies whose keys the device has destroyed are dropped then. After that, what the network or the verifier said.
    pub async fn approve(
        &self,
        reviewing: &mut Reviewing,
        choice: Choice,
    ) -> Result<Option<String>, WalletError> {
        let Reviewing { state, review, digest, keep_until } = reviewing;
        let asked = review.chosen(&choice)?;
        let copies = self.copies(&asked).await?;
        let (verifier, registered) = (review.asker_name(), review.is_registered());
        self.prompts.presence(&Reason::Present { verifier, registered }).await?;
        let signed = state.as_ref().map(|state| state.request().signed_text().to_owned()).unwrap_or_default();
        let (sending, request) = self.sign(state, &asked, &copies).await?;
        let entry = self.entry(Event::Presented, review, asked.iter().map(|asked| item(asked)).collect());
        let spent: Vec<_> = copies.iter().map(|copy| copy.id).collect();
        let begun = self.record_answer(digest, &spent, *keep_until, entry, &signed).await?;
        let keys: Vec<_> = copies.into_iter().map(|copy| copy.key).collect();
        let outcome = self.deliver(&keys, sending, request).await;
        self.conclude(begun, outcome.is_ok()).await;
        outcome
    }

    /// Declines: the same bytes whether the holder refused, nothing fitted, or a value differed.
    ///
    /// The answer is where the verifier sends its user next.
    ///
    /// # Errors
    /// [`StoreError::AnsweredBefore`]; what the network said.
    ///
    /// Source: OpenID4VP 1.0 §8.5, §15.4.1.
    pub async fn refuse(&self, reviewing: Reviewing) -> Result<Option<String>, WalletError> {
        let Reviewing { state, review, digest, keep_until } = reviewing;
        let state = state.ok_or(StoreError::AnsweredBefore)?;
        let items = review
            .groups
            .iter()
            .flat_map(|group| group.options.first())
            .flat_map(|option| &option.credentials);
        let entry = self.entry(Event::Refused, &review, items.map(item).collect());
        let signed = state.request().signed_text().to_owned();
        let begun = self.record_answer(&digest, &[], keep_until, entry, &signed).await?;
        let (sending, request): (Sending, _) = self.with_rng(|rng| state.refuse(rng, &*self.provider));
        let sent = self.send(request).await;
        self.conclude(begun, sent.is_ok()).await;
        // How the verifier takes a refusal changes nothing for the holder.
        Ok(sending.answered(&sent?).ok().and_then(|sent| sent.redirect_uri))
    }

    /// What can be presented, of the types that are asked for: no other record is read. An expired
    /// credential is none of it: a verifier would learn its claims and refuse them.
    async fn held(&self, request: &VerifiedRequest) -> Result<Vec<Held>, WalletError> {
        let mut held = Vec::new();
        for brief in self.store.briefs().await? {
            if brief.expires_at.is_some_and(|at| self.now() >= at)
                || !request.query().names_type(&brief.format, &brief.vct)
            {
                continue;
            }
            // A format of a later version cannot be presented by this one.
            let Some(format) = Format::of(&brief.format) else { continue };
            let Some(record) = self.store.credential(&brief.id).await? else { continue };
            let copy = self.store.unspent_copies(&record.id, 1).await?.pop();
            let copy = copy
                .map(|copy| HeldCredential::parse(format, copy.text.expose(), &*self.provider))
                .transpose()?;
            let authority_key_ids = copy.as_ref().map(HeldCredential::authority_key_ids).unwrap_or_default();
            held.push(Held { record, copy, authority_key_ids });
        }
        Ok(held)
    }

    /// Signs the key binding of each copy with that copy's key. Where a key does not sign, `state` is what
    /// it was.
    async fn sign(
        &self,
        state: &mut Option<ReviewingState>,
        asked: &[&Asked],
        copies: &[Copy],
    ) -> Result<(Sending, HttpRequest), WalletError> {
        let mut signers = Vec::new();
        let mut chosen = Vec::new();
        for (asked, copy) in asked.iter().zip(copies) {
            if asked.bound {
                signers.push(&copy.key);
            }
            chosen.push(Chosen {
                credential: asked.query.clone(),
                copy: HeldCredential::parse(asked.format, copy.text.expose(), &*self.provider)?,
                paths: asked.claims.iter().map(|claim| claim.path.clone()).collect(),
            });
        }
        let reviewing = state.take().ok_or(StoreError::AnsweredBefore)?;
        let signing = reviewing.approve(chosen, self.now(), &*self.provider)?;
        let signatures = match self.signatures(&signers, &signing.signing_inputs()).await {
            Ok(signatures) => signatures,
            Err(error) => {
                *state = Some(signing.withdraw());
                return Err(error.into());
            }
        };
        Ok(self.with_rng(|rng| signing.finish(signatures, rng, &*self.provider))?)
    }

    async fn signatures(
        &self,
        signers: &[&KeyId],
        inputs: &[&[u8]],
    ) -> Result<Vec<Signature>, KeyStoreError> {
        let mut signatures = Vec::new();
        for (key, input) in signers.iter().zip(inputs) {
            let signature = self.keys.sign(key, input).await;
            if signature == Err(KeyStoreError::Invalidated) {
                // What cannot be dropped here is dropped when the wallet opens again.
                let _ = self.drop_dead(key).await;
            }
            signatures.push(signature?);
        }
        Ok(signatures)
    }

    /// Deletes the keys, and only then sends.
    async fn deliver(
        &self,
        keys: &[KeyId],
        sending: Sending,
        request: HttpRequest,
    ) -> Result<Option<String>, WalletError> {
        self.delete_keys(keys).await?;
        let response = self.send(request).await?;
        Ok(sending.answered(&response)?.redirect_uri)
    }

    async fn fetch(&self, link: &str) -> Result<VerifiedRequest, WalletError> {
        let anchors = self.anchors().await?;
        let link = RequestLink::parse(link)?;
        let (waiting, request) = self.with_rng(|rng| link.fetch(rng));
        let received = waiting.received(&self.send(request).await?, &*self.provider)?;
        match received.verify(&anchors, self.now(), &*self.provider) {
            Ok(request) => Ok(request),
            Err(refusal) => {
                if let Some(reply) = refusal.reply {
                    // It tells an authenticated verifier of a fault in its own request. Whether it
                    // arrives is the verifier's concern.
                    let _ = self.send(*reply).await;
                }
                Err(refusal.error.into())
            }
        }
    }

    /// One unspent copy for each credential; two different ones where a credential is asked for twice.
    async fn copies(&self, asked: &[&Asked]) -> Result<Vec<Copy>, WalletError> {
        let mut copies: Vec<Copy> = Vec::new();
        let mut taken: Vec<&CredentialId> = Vec::new();
        for asked in asked {
            let before = taken.iter().filter(|id| **id == &asked.credential).count();
            let unspent = self.store.unspent_copies(&asked.credential, before.saturating_add(1)).await?;
            copies.push(unspent.into_iter().nth(before).ok_or(WalletError::AllSpent)?);
            taken.push(&asked.credential);
        }
        Ok(copies)
    }

    fn entry(&self, event: Event, review: &Review, items: Vec<HistoryItem>) -> NewHistoryEntry {
        NewHistoryEntry {
            event,
            at: self.now(),
            counterpart: review.asker_name(),
            registered: review.is_registered(),
            items,
            outcome: Outcome::Begun,
            receipt: None,
        }
    }
}

fn candidate(held: &Held) -> Candidate<'_> {
    Candidate {
        format: &held.record.format,
        type_id: &held.record.vct,
        claims: &held.record.claims,
        holder_binding: true,
        authority_key_ids: &held.authority_key_ids,
    }
}

fn item(asked: &Asked) -> HistoryItem {
    let chosen = asked.disclosed().map(|claim| &claim.name);
    let visible =
        asked.always_visible.iter().filter(|name| !asked.disclosed().any(|claim| claim.name == **name));
    HistoryItem { vct: asked.vct.clone(), claims: chosen.chain(visible).cloned().collect() }
}
