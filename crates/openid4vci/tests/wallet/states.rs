//! Steps through the wallet's states, for the tests of what comes after them.

use inro_base::http::HttpRequest;
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_openid4vci::VciError;
use inro_openid4vci::wallet::*;
use inro_trust::Anchors;
use serde_json::{Value, json};

use crate::support::*;

/// The state before the token endpoint, with these metadata.
pub(crate) fn ready(metadata: &Value) -> Result<Ready, VciError> {
    let link = format!("openid-credential-offer://?credential_offer={}", percent(&offer_json().to_string()));
    let OfferStep::Seen(seen) = read_offer(&link)? else { panic!("by value") };
    let (fetch, _) = seen.fetch_metadata();
    let trust = MetadataTrust { anchors: &Anchors::new(), now: NOW, provider: &RustCrypto };
    let (fetch, _) = fetch.received(&answer(200, metadata), &trust)?;
    fetch.received(&answer(200, &server_json()))
}

/// The state behind the token endpoint, with these metadata.
pub(crate) fn authorized(metadata: &Value) -> Authorized {
    let (key, rng) = (key(1), &mut Counter(0));
    let draft = ready(metadata).unwrap().redeem(Some("123456"), key.public_key()).unwrap();
    let TokenStep::Sign(signing) = draft.send(NOW, rng, &RustCrypto) else { panic!("DPoP") };
    let signature = key.sign_es256(signing.signing_input()).unwrap();
    let granted = json!({"access_token": "tok", "token_type": "DPoP"});
    match signing.signed(&signature).0.received(&answer(200, &granted)).unwrap() {
        TokenAnswer::Authorized(authorized) => authorized,
        TokenAnswer::Again(_) => panic!("authorized"),
    }
}

/// A request for one copy, ready to be laid out.
pub(crate) fn draft(authorized: Authorized) -> CredentialDraft {
    let NextStep::Nonce(fetch, _) = authorized.next() else { panic!("nonce") };
    let draft = fetch.received(&answer(200, &json!({"c_nonce": "n"}))).unwrap();
    let key = key(9);
    let signing = draft.proofs(&[key.public_key()], NOW).unwrap();
    let signature = key.sign_es256(signing.signing_inputs().next().unwrap()).unwrap();
    signing.signed(&[signature]).unwrap()
}

/// Sends it with DPoP.
pub(crate) fn send(draft: CredentialDraft, rng: &mut Counter) -> (CredentialSent, HttpRequest) {
    match draft.send(NOW, rng, &RustCrypto).unwrap() {
        CredentialStep::Sign(signing) => {
            let signature = sign(&key(1), signing.signing_input());
            signing.signed(&signature)
        }
        CredentialStep::Send(..) => panic!("DPoP"),
    }
}

pub(crate) fn sign(key: &SoftwareKey, message: &[u8]) -> inro_crypto::Signature {
    key.sign_es256(message).unwrap()
}
