//! A deferred issuance with the wallet's own states: encrypted, with credential identifiers, approved
//! after the wallet was started again, collected, and told of.

use inro_base::Rng;
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_openid4vci::NotificationEvent;
use inro_openid4vci::wallet::{
    Authorized, CredentialAnswer, CredentialStep, Deferred, DeferredAnswer, DeferredDraft, DeferredStep,
    DeferredTicket, MetadataTrust, NextStep, NotificationStep, TokenAnswer, TokenStep,
};

use crate::issuance::{carry_out, ready};
use crate::support::*;

async fn authorized(bench: &Bench, link: &str, dpop: &SoftwareKey) -> Authorized {
    let rng: &mut dyn Rng = &mut TestRng::new();
    let mut draft = ready(bench, link).await.redeem(None, dpop.public_key()).unwrap();
    loop {
        let TokenStep::Sign(signing) = draft.send(bench.now(), rng, &RustCrypto) else { panic!("DPoP") };
        let signature = dpop.sign_es256(signing.signing_input()).unwrap();
        let (sent, request) = signing.signed(&signature);
        match sent.received(&carry_out(bench, request).await).unwrap() {
            TokenAnswer::Authorized(authorized) => return authorized,
            TokenAnswer::Again(again) => draft = again,
        }
    }
}

/// Asks for three copies, and gives what is waited for.
async fn ask(bench: &Bench, authorized: Authorized, dpop: &SoftwareKey) -> Box<Deferred> {
    let rng: &mut dyn Rng = &mut TestRng::new();
    let NextStep::Nonce(fetch, request) = authorized.next() else { panic!("nonce") };
    let draft = fetch.received(&carry_out(bench, request).await).unwrap();
    let keys: Vec<SoftwareKey> = (0..3).map(|_| new_key()).collect();
    let publics: Vec<_> = keys.iter().map(SoftwareKey::public_key).collect();
    let signing = draft.proofs(&publics, bench.now()).unwrap();
    let inputs: Vec<Vec<u8>> = signing.signing_inputs().map(<[u8]>::to_vec).collect();
    let signatures: Vec<_> =
        keys.iter().zip(&inputs).map(|(key, input)| key.sign_es256(input).unwrap()).collect();
    let draft = signing.signed(&signatures).unwrap();
    let step = draft.send(bench.now(), rng, &RustCrypto).unwrap();
    let CredentialStep::Sign(signing) = step else { panic!("DPoP") };
    let signature = dpop.sign_es256(signing.signing_input()).unwrap();
    let (sent, request) = signing.signed(&signature);
    assert!(request.headers.contains(&("content-type", "application/jwt".into())));
    match sent.received(&carry_out(bench, request).await, &RustCrypto).unwrap() {
        CredentialAnswer::Deferred(deferred, _) => deferred,
        _ => panic!("deferred"),
    }
}

async fn draft(bench: &Bench, stored: &inro_base::Secret<Vec<u8>>) -> DeferredDraft {
    let (fetch, request) = DeferredTicket::from_secret(stored).unwrap().fetch_metadata();
    let trust = MetadataTrust { anchors: &bench.anchors, now: bench.now(), provider: &RustCrypto };
    fetch.received(&carry_out(bench, request).await, &trust).unwrap()
}

async fn poll(bench: &Bench, mut draft: DeferredDraft, dpop: &SoftwareKey) -> DeferredAnswer {
    let rng: &mut dyn Rng = &mut TestRng::new();
    loop {
        let step = draft.send(bench.now(), rng, &RustCrypto).unwrap();
        let DeferredStep::Sign(signing) = step else { panic!("DPoP") };
        let signature = dpop.sign_es256(signing.signing_input()).unwrap();
        let (sent, request) = signing.signed(&signature);
        assert!(request.headers.contains(&("content-type", "application/jwt".into())));
        match sent.received(&carry_out(bench, request).await, &RustCrypto).unwrap() {
            DeferredAnswer::Again(again) => draft = *again,
            answer => return answer,
        }
    }
}

#[tokio::test]
async fn a_wallet_collects_what_was_approved_while_it_was_away() {
    let bench = Bench::new();
    let (offer, dpop) = (bench.offer_to_approve(), new_key());
    let authorized = authorized(&bench, offer.by_reference.expose(), &dpop).await;
    let deferred = ask(&bench, authorized, &dpop).await;
    assert_eq!((deferred.offered.id.as_str(), deferred.interval), (EMPLOYEE_ID, 5));
    let stored = deferred.ticket.to_secret();

    bench.wait(5);
    let first = poll(&bench, draft(&bench, &stored).await, &dpop).await;
    assert!(matches!(first, DeferredAnswer::Pending { interval: 5 }));
    bench.issuer.decide(&offer.id, true).unwrap();
    bench.wait(86_400);
    let state = draft(&bench, &stored).await;
    let mut notifier = state.notifier().unwrap();
    let DeferredAnswer::Received { credentials, notification_id } = poll(&bench, state, &dpop).await else {
        panic!("received")
    };
    assert_eq!(credentials.len(), 3);

    let rng: &mut dyn Rng = &mut TestRng::new();
    let id = notification_id.unwrap();
    let mut statuses = Vec::new();
    loop {
        let event = NotificationEvent::Accepted;
        let step = notifier.send(&id, event, bench.now(), rng, &RustCrypto);
        let NotificationStep::Sign(signing) = step else { panic!("DPoP") };
        let signature = dpop.sign_es256(signing.signing_input()).unwrap();
        let response = carry_out(&bench, signing.signed(&signature)).await;
        statuses.push(response.status);
        if !notifier.received(&response) {
            break;
        }
    }
    assert_eq!(statuses, [401, 204], "the server's nonce first");
}
