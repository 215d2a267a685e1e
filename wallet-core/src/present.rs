//! The use case `present`: from a request's link over the holder's decision to the answer.

use inro_base::UnixTime;
use inro_base::http::HttpRequest;
use inro_credential::dcql::Candidate;
use inro_credential::{Format, HeldCredential};
use inro_crypto::Signature;
use inro_openid4vp::wallet::{Chosen, RequestLink, Reviewing as ReviewingState, Sending, VerifiedRequest};

use crate::choice::{Answer, Choice};
use crate::consent::{Compared, Kept};
use crate::error::WalletError;
use crate::keys::{KeyId, KeyStoreError};
use crate::linkability::shown_before;
use crate::matching::{self, Held};
use crate::ports::StoreError;
use crate::prompts::Reason;
use crate::records::{Copy, CredentialId, Event, HistoryItem, NewHistoryEntry, Outcome, RequestDigest};
use crate::review::{Asked, Review, Standing};
use crate::wallet::Wallet;

/// How long it is remembered that a request was answered, in seconds after it became void: 30 days. A
/// clock that was set back by less does not make an old request new.
const REMEMBERED: i64 = 30 * 86_400;

/// How many entries of the history are looked through for verifiers that were shown the same: each has to
/// be decrypted while the holder waits for the review.
const LOOKED_BACK: u32 = 300;

/// A checked request that waits for its holder's decision.
#[must_use]
pub struct Reviewing {
    /// `None` once it was answered.
    state: Option<ReviewingState>,
    review: Review,
    digest: RequestDigest,
    keep_until: Option<UnixTime>,
    compared: Compared,
    /// What a standing approval presents.
    standing: Option<Choice>,
    /// Whether the holder decides anew.
    anew: bool,
}

impl Reviewing {
    /// Who asks, why, for what, and what nobody registered a need for.
    pub const fn review(&self) -> &Review {
        &self.review
    }

    /// What a standing approval would present of it ([`Standing::Approved`]).
    pub const fn standing(&self) -> Option<&Choice> {
        self.standing.as_ref()
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
        let compared = Compared::of(&request);
        let kept = self.kept_consents().await?;
        if let Some(withdrawn) = compared.withdrawn(&kept) {
            // It is refused without anybody being asked: how long that takes must not tell what is held.
            let state = request.review(&[]);
            let review = Review { standing: Some(withdrawn), ..matching::review(&state, &[]) };
            return Ok(Reviewing {
                state: Some(state),
                review,
                digest,
                keep_until,
                compared,
                standing: None,
                anew: false,
            });
        }
        let held = self.held(&request).await?;
        let state = request.review(&held.iter().map(candidate).collect::<Vec<_>>());
        let mut review = self.matched(&state, &held).await?;
        let (standing, choice) = compared.approved(&kept, &review, self.now()).unzip();
        review.standing = standing;
        Ok(Reviewing {
            state: Some(state),
            review,
            digest,
            keep_until,
            compared,
            standing: choice,
            anew: false,
        })
    }

    /// The same request for a holder who was told of what they said before ([`Review::standing`]) and
    /// decides anew. An approval then ends a withdrawal; a refusal leaves it.
    ///
    /// # Errors
    /// [`StoreError::AnsweredBefore`]; what the store says.
    pub async fn decide_anew(&self, reviewing: Reviewing) -> Result<Reviewing, WalletError> {
        let state = reviewing.state.ok_or(StoreError::AnsweredBefore)?;
        let held = self.held(state.request()).await?;
        let state = state.again(&held.iter().map(candidate).collect::<Vec<_>>());
        let review = self.matched(&state, &held).await?;
        let review = Review { standing: reviewing.review.standing, ..review };
        Ok(Reviewing { state: Some(state), review, standing: None, anew: true, ..reviewing })
    }

    /// What the holder is asked, with what they showed others before.
    async fn matched(&self, state: &ReviewingState, held: &[Held]) -> Result<Review, WalletError> {
        let mut review = matching::review(state, held);
        if review.may_identify() {
            review.shown_before = shown_before(&self.store.history(LOOKED_BACK).await?, &review);
        }
        Ok(review)
    }

    /// Presents what was chosen, after a gesture of the holder. Each credential gives one copy that was
    /// never used; its key signs, the copy is marked as spent, the key is deleted, and only then the answer is sent. A step
    /// that is cut leaves no copy that could be used twice.
    ///
    /// The answer is where the verifier sends its user next.
    ///
    /// # Errors
    /// [`WalletError::NotInReview`], [`WalletError::NoMatch`], [`WalletError::AllSpent`],
    /// [`WalletError::Withdrawn`], [`WalletError::Prompt`], [`WalletError::Keys`] before anything was used
    /// up: `reviewing` can still be answered. Copies whose keys the device has destroyed are dropped then.
    /// After that, what the network or the verifier said.
    pub async fn approve(
        &self,
        reviewing: &mut Reviewing,
        choice: Choice,
    ) -> Result<Option<String>, WalletError> {
        self.present(reviewing, choice, None).await
    }

    /// As [`Wallet::approve`], and says "always" to this verifier for this query: for `days` days, 1 to
    /// 365. Each later answer needs a gesture ([`Wallet::approve_standing`]). The history has an entry of it.
    ///
    /// # Errors
    /// [`WalletError::NotStanding`] where a registration does not cover all of it, or there is something
    /// to authorize; else as [`Wallet::approve`].
    pub async fn approve_always(
        &self,
        reviewing: &mut Reviewing,
        choice: Choice,
        days: u16,
    ) -> Result<Option<String>, WalletError> {
        if !reviewing.anew && matches!(reviewing.review.standing, Some(Standing::Withdrawn { .. })) {
            return Err(WalletError::Withdrawn);
        }
        let answers = reviewing.review.chosen(&choice)?;
        let items = answers.iter().map(item).collect();
        let times = (self.now(), days);
        let kept = reviewing.compared.consent(&reviewing.review, &choice, items, times, &*self.provider)?;
        self.present(reviewing, choice, Some(kept)).await
    }

    /// Presents what a standing approval covers, after a gesture of the holder.
    ///
    /// # Errors
    /// [`WalletError::NotStanding`] where there is none, or none any more; else as [`Wallet::approve`].
    pub async fn approve_standing(&self, reviewing: &mut Reviewing) -> Result<Option<String>, WalletError> {
        // It may have ended or been withdrawn while the review was open.
        let kept = self.kept_consents().await?;
        let today = reviewing.compared.approved(&kept, &reviewing.review, self.now());
        match (today, reviewing.standing.clone()) {
            (Some((_, today)), Some(choice)) if today == choice => {
                self.present(reviewing, choice, None).await
            }
            _ => Err(WalletError::NotStanding),
        }
    }

    async fn present(
        &self,
        reviewing: &mut Reviewing,
        choice: Choice,
        always: Option<Kept>,
    ) -> Result<Option<String>, WalletError> {
        let Reviewing { state, review, digest, keep_until, compared, anew, .. } = reviewing;
        // One may have been withdrawn while the review was open.
        let withdrawn: Vec<_> = compared.withdrawals(&self.kept_consents().await?).cloned().collect();
        if !*anew && !withdrawn.is_empty() {
            return Err(WalletError::Withdrawn);
        }
        let answers = review.chosen(&choice)?;
        let copies = self.copies(&answers).await?;
        let (verifier, registered) = (review.asker_name(), review.is_registered());
        self.prompts.presence(&Reason::Present { verifier, registered }).await?;
        for id in &withdrawn {
            self.forget_consent(id).await?;
        }
        if let Some(kept) = &always {
            self.keep_consent(kept, self.consent_entry(Event::Consented, kept)).await?;
        }
        let signed = state.as_ref().map(|state| state.request().signed_text().to_owned()).unwrap_or_default();
        let (sending, request) = self.sign(state, &answers, &copies).await?;
        let entry = self.entry(Event::Presented, review, answers.iter().map(item).collect());
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
        let Reviewing { state, review, digest, keep_until, .. } = reviewing;
        let state = state.ok_or(StoreError::AnsweredBefore)?;
        let items = review
            .groups
            .iter()
            .flat_map(|group| group.options.first())
            .flat_map(|option| &option.credentials)
            .filter_map(Asked::preferred);
        let entry = self.entry(Event::Refused, &review, items.map(|answer| item(&answer)).collect());
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
        answers: &[Answer<'_>],
        copies: &[Copy],
    ) -> Result<(Sending, HttpRequest), WalletError> {
        let mut signers = Vec::new();
        let mut chosen = Vec::new();
        for (answer, copy) in answers.iter().zip(copies) {
            let asked = answer.asked;
            if asked.bound {
                signers.push(&copy.key);
            }
            chosen.push(Chosen {
                credential: asked.query.clone(),
                copy: HeldCredential::parse(asked.format, copy.text.expose(), &*self.provider)?,
                paths: answer.claims().map(|claim| claim.path.clone()).collect(),
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
    async fn copies(&self, answers: &[Answer<'_>]) -> Result<Vec<Copy>, WalletError> {
        let mut copies: Vec<Copy> = Vec::new();
        let mut taken: Vec<&CredentialId> = Vec::new();
        for Answer { asked, .. } in answers {
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

fn item(answer: &Answer<'_>) -> HistoryItem {
    let asked = answer.asked;
    let chosen = answer.disclosed().map(|claim| &claim.name);
    let visible =
        asked.always_visible.iter().filter(|name| !answer.disclosed().any(|claim| claim.name == **name));
    HistoryItem { vct: asked.vct.clone(), claims: chosen.chain(visible).cloned().collect() }
}
