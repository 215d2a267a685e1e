//! What every key store and every prompt must do.
#![expect(clippy::unwrap_used, reason = "a test suite: a failure should stop it where it stands")]

use inro_base::Secret;
use inro_crypto::{Provider as _, RustCrypto, SoftwareKey};

use super::run;
use crate::keys::{
    CreatedKey, Custody, Gesture, Hardware, KeyId, KeyPolicy, KeyRequest, KeyStore, KeyStoreError, Presence,
    Purpose,
};
use crate::prompts::{PromptError, Prompts, Reason};
use crate::records::Localized;

/// The contract of [`KeyStore`]. `make` gives a new, empty one; on a phone, whoever runs this confirms
/// every prompt.
///
/// # Panics
/// Where the contract is broken.
pub fn key_store(make: &dyn Fn() -> Box<dyn KeyStore>) {
    signs_with_the_key_it_made(&*make());
    agrees_on_a_secret(&*make());
    keeps_each_key_to_its_purpose(&*make());
    keeps_a_key_as_asked_or_says_so(&*make());
    forgets_a_deleted_key(&*make());
    opens_only_what_it_wrapped(&*make());
    attests_no_key_that_it_lacks(&*make());
}

/// The contract of [`Prompts`]. `make` gives one at which the holder does once what the answer says.
///
/// # Panics
/// Where the contract is broken.
pub fn prompts(make: &dyn Fn(Result<(), PromptError>) -> Box<dyn Prompts>) {
    let name = || Localized { en: "Somebody".into(), ja: "だれか".into() };
    let reasons = [
        Reason::OpenWallet,
        Reason::Receive { issuer: name() },
        Reason::Present { verifier: name(), registered: true },
        Reason::Present { verifier: name(), registered: false },
        Reason::Delete { credential: name() },
        Reason::Export,
        Reason::Withdraw { verifier: name() },
        Reason::Unenrol,
    ];
    for reason in reasons {
        for answer in [Ok(()), Err(PromptError::Cancelled)] {
            assert_eq!(run(make(answer).presence(&reason)), answer, "{reason:?}");
        }
    }
}

fn quiet(purpose: Purpose) -> KeyRequest {
    KeyRequest::new(purpose, KeyPolicy::QUIET)
}

fn make(keys: &dyn KeyStore, purpose: Purpose) -> CreatedKey {
    run(keys.create(&quiet(purpose))).unwrap()
}

fn make_wrapping(keys: &dyn KeyStore) -> KeyId {
    run(keys.create_wrapping(&KeyPolicy::QUIET)).unwrap().id
}

fn signs_with_the_key_it_made(keys: &dyn KeyStore) {
    let (first, second) = (make(keys, Purpose::Sign), make(keys, Purpose::Sign));
    assert_ne!(first.id, second.id);
    assert_ne!(first.public_key, second.public_key);
    let signature = run(keys.sign(&first.id, b"message")).unwrap();
    RustCrypto.verify_es256(&first.public_key, b"message", &signature).unwrap();
    assert!(RustCrypto.verify_es256(&second.public_key, b"message", &signature).is_err());
    let mut listed = run(keys.list()).unwrap();
    let mut expected = vec![first.id, second.id];
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

fn agrees_on_a_secret(keys: &dyn KeyStore) {
    let (first, second) = (make(keys, Purpose::Agree), make(keys, Purpose::Agree));
    let one = run(keys.agree(&first.id, &second.public_key)).unwrap();
    let two = run(keys.agree(&second.id, &first.public_key)).unwrap();
    assert_eq!(one.expose(), two.expose());
    let private = [7; 32];
    let peer = inro_crypto::Signer::public_key(&SoftwareKey::from_secret_bytes(&private).unwrap());
    let ours = run(keys.agree(&first.id, &peer)).unwrap();
    assert_eq!(ours.expose(), &RustCrypto.ecdh_p256(&private, &first.public_key).unwrap());
}

fn keeps_each_key_to_its_purpose(keys: &dyn KeyStore) {
    let (signing, agreeing) = (make(keys, Purpose::Sign), make(keys, Purpose::Agree));
    let wrapping = make_wrapping(keys);
    let secret = Secret::new(b"secret".to_vec());
    let wrapped = run(keys.wrap(&wrapping, &secret)).unwrap();
    for other in [&agreeing.id, &wrapping] {
        assert_eq!(run(keys.sign(other, b"message")).unwrap_err(), KeyStoreError::NoSuchKey);
    }
    for other in [&signing.id, &wrapping] {
        let refused = run(keys.agree(other, &signing.public_key)).unwrap_err();
        assert_eq!(refused, KeyStoreError::NoSuchKey);
    }
    for other in [&signing.id, &agreeing.id] {
        assert_eq!(run(keys.wrap(other, &secret)).unwrap_err(), KeyStoreError::NoSuchKey);
        assert_eq!(run(keys.unwrap(other, &wrapped)).unwrap_err(), KeyStoreError::NoSuchKey);
    }
    assert_eq!(run(keys.list()).unwrap().len(), 3, "a wrapping key is named too");
}

fn keeps_a_key_as_asked_or_says_so(keys: &dyn KeyStore) {
    let by = Gesture::Unlock;
    let presences = [Presence::NotAsked, Presence::Within { seconds: 60, by }, Presence::EachUse { by }];
    for presence in presences {
        for purpose in [Purpose::Sign, Purpose::Agree] {
            let preferred = KeyPolicy { presence, hardware: Hardware::Preferred };
            run(keys.create(&KeyRequest::new(purpose, preferred))).unwrap();
            let before = run(keys.list()).unwrap().len();
            let required = KeyPolicy { presence, hardware: Hardware::Required };
            let made = run(keys.create(&KeyRequest::new(purpose, required)));
            check_required(made.map(|key| key.assurance), presence, keys, before);
        }
        let required = KeyPolicy { presence, hardware: Hardware::Required };
        let before = run(keys.list()).unwrap().len();
        let made = run(keys.create_wrapping(&required));
        check_required(made.map(|key| key.assurance), presence, keys, before);
    }
}

fn check_required(
    made: Result<crate::keys::Assurance, KeyStoreError>,
    asked: Presence,
    keys: &dyn KeyStore,
    before: usize,
) {
    let after = run(keys.list()).unwrap().len();
    match made {
        Ok(assurance) => {
            assert!(assurance.custody > Custody::Software, "{assurance:?}");
            assert!(assurance.presence.meets(asked), "{assurance:?} where {asked:?} was asked for");
            assert_eq!(after, before + 1);
        }
        Err(KeyStoreError::NoHardware | KeyStoreError::NoScreenLock) => assert_eq!(after, before),
        Err(error) => assert_eq!(error, KeyStoreError::NoHardware),
    }
}

fn forgets_a_deleted_key(keys: &dyn KeyStore) {
    let (signing, agreeing) = (make(keys, Purpose::Sign), make(keys, Purpose::Agree));
    let wrapping = make_wrapping(keys);
    run(keys.sign(&signing.id, b"before")).unwrap();
    run(keys.agree(&agreeing.id, &signing.public_key)).unwrap();
    let wrapped = run(keys.wrap(&wrapping, &Secret::new(b"secret".to_vec()))).unwrap();
    for key in [&signing.id, &agreeing.id, &wrapping] {
        run(keys.delete(key)).unwrap();
        run(keys.delete(key)).unwrap();
    }
    assert_eq!(run(keys.sign(&signing.id, b"after")).unwrap_err(), KeyStoreError::NoSuchKey);
    let agreed = run(keys.agree(&agreeing.id, &signing.public_key));
    assert_eq!(agreed.unwrap_err(), KeyStoreError::NoSuchKey);
    assert_eq!(run(keys.unwrap(&wrapping, &wrapped)).unwrap_err(), KeyStoreError::NoSuchKey);
    assert_eq!(run(keys.list()).unwrap(), []);
}

fn opens_only_what_it_wrapped(keys: &dyn KeyStore) {
    let (key, other) = (make_wrapping(keys), make_wrapping(keys));
    let secret = Secret::new(b"a holder secret".to_vec());
    let wrapped = run(keys.wrap(&key, &secret)).unwrap();
    assert!(!wrapped.windows(6).any(|window| window == b"holder"));
    assert_eq!(run(keys.unwrap(&key, &wrapped)).unwrap().expose(), secret.expose());
    assert_eq!(run(keys.unwrap(&other, &wrapped)).unwrap_err(), KeyStoreError::Altered);
    let mut altered = wrapped.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(run(keys.unwrap(&key, &altered)).unwrap_err(), KeyStoreError::Altered);
    assert_eq!(run(keys.unwrap(&key, b"")).unwrap_err(), KeyStoreError::Altered);
    assert_ne!(
        run(keys.wrap(&key, &secret)).unwrap(),
        wrapped,
        "wrapping twice must not show that it is one secret"
    );
}

fn attests_no_key_that_it_lacks(keys: &dyn KeyStore) {
    let key = run(keys.create(&quiet(Purpose::Sign).attested(b"a challenge".to_vec()))).unwrap();
    if let Some(leaf) = run(keys.attestation(&key.id)).unwrap().first() {
        let point = key.public_key.to_sec1();
        assert!(leaf.windows(point.len()).any(|window| window == point), "a certificate of another key");
    }
    run(keys.delete(&key.id)).unwrap();
    assert_eq!(run(keys.attestation(&key.id)).unwrap_err(), KeyStoreError::NoSuchKey);
}
