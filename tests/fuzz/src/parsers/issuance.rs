//! OpenID4VCI: what a wallet sends to the issuer, and what comes back.

use inro_base::Secret;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::{RustCrypto, Signer as _};
use inro_jose::Jwk;
use inro_jose::jwe::{ContentEncryption, PartyInfo, Recipient, UnverifiedJwe, encrypt};
use inro_oauth::metadata::PRE_AUTHORIZED_CODE;
use inro_oauth::{NonceKey, Purpose, form};
use inro_openid4vci::attestation::{self, KeyAttestation};
use inro_openid4vci::issuer::{
    Access, CheckedAccess, CheckedCredentialRequest, CheckedDeferredRequest, CheckedNotification,
    CheckedTokenRequest, Granting, IssuerEncryption, RequestBody, TokenEndpoint, TokenGrant,
};
use inro_openid4vci::proofs::{self, Proofs};
use inro_openid4vci::response::{CredentialResponse, parse_nonce};
use inro_openid4vci::wallet::{
    Authorized, CredentialAnswer, CredentialSent, CredentialStep, DeferredAnswer, DeferredDraft,
    DeferredStep, DeferredTicket, MetadataTrust, NextStep, Notifier, OfferSeen, OfferStep, ProofDraft, Ready,
    RefreshServerFetch, RefreshTicket, ServerFetch, TokenAnswer, TokenSent, TokenStep, read_offer,
};
use inro_openid4vci::{
    AttestationDemand, CredentialErrorCode, CredentialOffer, IssuerMetadata, NotificationEvent, OfferLink,
    details, signed,
};
use serde_json::{Value, json};

use super::tokens::{dpop, nonce, seal, server_json};
use super::world::{
    EMPLOYEE, NOW, WORLD, answer, decryption_key, holder, key, map, response, text, url, value,
};
use super::{Parser, Takes, shown};
use crate::stream::Stream;

const JSON: &str = "application/json";
const JWT: &str = "application/jwt";
const CONFIGURATION: &str = "employee-id";
const TOKEN_URL: &str = "https://issuer.example/token";
const CREDENTIAL_URL: &str = "https://issuer.example/credential";

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "offer_link",
        drives: &["openid4vci::OfferLink::parse", "openid4vci::ready::read_offer"],
        read: |bytes| {
            let text = text(bytes)?;
            let read = OfferLink::parse(text);
            assert_eq!(read_offer(text).is_ok(), read.is_ok());
            shown(read.ok()?)
        },
        good: || CredentialOffer::parse(&offer()).unwrap().to_link().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "offer",
        drives: &["openid4vci::CredentialOffer::parse", "openid4vci::OfferFetch::received"],
        read: |bytes| {
            let offer = CredentialOffer::parse(bytes);
            let OfferStep::Fetch(fetch, _) =
                read_offer(&OfferLink::to_reference("https://issuer.example/offers/1")).unwrap()
            else {
                return None;
            };
            let seen = fetch.received(&response(&answer(JSON, bytes))?);
            assert_eq!(seen.is_ok(), offer.is_ok());
            let offer = offer.ok()?;
            let again = CredentialOffer::parse(offer.to_json().to_string().as_bytes()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{offer:?}"));
            Some(offer.to_json())
        },
        good: offer,
        takes: Takes::Any,
    },
    Parser {
        name: "issuer_metadata",
        drives: &["openid4vci::IssuerMetadata::parse", "openid4vci::IssuerMetadata::from_object"],
        read: |bytes| {
            let metadata = IssuerMetadata::parse(bytes, &WORLD.issuer_url).ok()?;
            let written = metadata.to_json();
            let again = IssuerMetadata::from_object(&written, &WORLD.issuer_url).unwrap();
            assert_eq!(Value::from(again.to_json()), Value::from(written.clone()));
            Some(written.into())
        },
        good: || metadata(false).to_string().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "issuer_metadata_signed",
        drives: &["openid4vci::signed::verify"],
        read: |bytes| {
            let found = signed::verify(bytes, &WORLD.issuer_url, &WORLD.anchors, NOW, &RustCrypto).ok()?;
            Some(found.0.to_json().into())
        },
        good: metadata_jwt,
        takes: Takes::Same,
    },
    Parser {
        name: "metadata_answer",
        drives: &["openid4vci::MetadataFetch::received"],
        read: |bytes| {
            let _ = server_fetch(&response(bytes)?)?;
            Some(true.into())
        },
        good: || answer(JWT, metadata_jwt()),
        takes: Takes::Any,
    },
    Parser {
        name: "server_metadata_answer",
        drives: &["openid4vci::ServerFetch::received"],
        read: |bytes| {
            let ready = server_fetch(&metadata_answer(false))?.received(&response(bytes)?).ok()?;
            Some(json!([ready.token_authority(), ready.batch_size(), ready.offered().len()]))
        },
        good: || answer(JSON, server_json().to_string()),
        takes: Takes::Any,
    },
    Parser {
        name: "token_request",
        drives: &["openid4vci::CheckedTokenRequest::check", "openid4vci::details::parse"],
        read: |bytes| {
            let (url, nonces) = (url(TOKEN_URL), NonceKey::new([7; 32]));
            let endpoint = TokenEndpoint { url: &url, issuer: &WORLD.issuer_url, nonces: &nonces, now: NOW };
            let proof = dpop(TOKEN_URL, None, &nonce(Purpose::Dpop));
            let checked = CheckedTokenRequest::check([&*proof], bytes, &endpoint, &RustCrypto).ok()?;
            let digest = match checked.grant {
                TokenGrant::Code { digest, .. } | TokenGrant::Refresh { digest } => digest,
            };
            Some(json!([digest, checked.details]))
        },
        good: || {
            let details = details::wanted(&[CONFIGURATION], Some(&WORLD.issuer_url)).to_string();
            form::encode(&[
                ("grant_type", PRE_AUTHORIZED_CODE),
                ("pre-authorized_code", "code"),
                ("tx_code", "123456"),
                ("authorization_details", &details),
            ])
        },
        takes: Takes::Any,
    },
    Parser {
        name: "token_endpoint_answer",
        drives: &["openid4vci::TokenSent::received"],
        read: |bytes| match token_sent(false)?.received(&response(bytes)?).ok()? {
            TokenAnswer::Authorized(authorized) => Some(authorized.remaining().count().into()),
            TokenAnswer::Again(_) => None,
        },
        good: || answer(JSON, TOKEN_ANSWER),
        takes: Takes::Any,
    },
    Parser {
        name: "nonce_answer",
        drives: &["openid4vci::NonceFetch::received", "openid4vci::response::parse_nonce"],
        read: |bytes| {
            let response = response(bytes)?;
            let draft = nonce_received(false, &response)?;
            assert_eq!(parse_nonce(&response.body).ok().as_deref(), draft.c_nonce());
            draft.c_nonce().map(Value::from)
        },
        good: || answer(JSON, NONCE_ANSWER),
        takes: Takes::Any,
    },
    Parser {
        name: "access",
        drives: &["openid4vci::CheckedAccess::check"],
        read: |bytes| {
            let (authorization, proof) = text(bytes)?.split_once('\n')?;
            let (url, nonces) = (url(CREDENTIAL_URL), NonceKey::new([7; 32]));
            let access = Access { url: &url, nonces: &nonces, now: NOW };
            let checked = CheckedAccess::check([authorization], [proof], &access, &RustCrypto).ok()?;
            Some(json!([checked.token_digest, checked.proof.thumbprint(), checked.proof.jti_digest()]))
        },
        good: || {
            let proof = dpop(CREDENTIAL_URL, Some("token"), &nonce(Purpose::Dpop));
            format!("DPoP token\n{proof}").into_bytes()
        },
        takes: Takes::Same,
    },
    Parser {
        name: "key_proofs",
        drives: &["openid4vci::Proofs::parse"],
        read: |bytes| proved(&value(bytes)?, false),
        good: || key_proofs(2).to_string().into_bytes(),
        takes: Takes::Part,
    },
    Parser {
        name: "key_proofs_attested",
        drives: &[],
        read: |bytes| proved(&value(bytes)?, true),
        good: || {
            let unsigned = proofs::attested_jwt_to_sign(
                &holder().public_key(),
                &key_attestation(),
                &WORLD.issuer_url,
                Some(&nonce(Purpose::KeyProof)),
                NOW,
            );
            json!({ "jwt": [unsigned.sign_with(&holder()).unwrap()] }).to_string().into_bytes()
        },
        takes: Takes::Same,
    },
    Parser {
        name: "key_attestation",
        drives: &["openid4vci::KeyAttestation::verify"],
        read: |bytes| {
            let demand = AttestationDemand::default();
            let text = text(bytes)?;
            let read = KeyAttestation::verify(text, &demand, &WORLD.anchors, NOW, &RustCrypto).ok()?;
            let keys: Vec<Value> = read.keys().map(|key| Jwk::new(*key).to_value()).collect();
            Some(json!([keys, read.nonce(), read.has_end()]))
        },
        good: || key_attestation().into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "credential_request",
        drives: &["openid4vci::CheckedCredentialRequest::check"],
        read: |bytes| credential_request(bytes, false),
        good: || credential_request_json(2).to_string().into_bytes(),
        takes: Takes::Part,
    },
    Parser {
        name: "credential_request_encrypted",
        drives: &[],
        read: |bytes| credential_request(bytes, true),
        good: || {
            let mut request = map(&credential_request_json(1));
            let reply = Jwk { alg: Some("ECDH-ES".into()), ..Jwk::new(key(61).public_key()) };
            request.insert(
                "credential_response_encryption".into(),
                json!({ "jwk": reply.to_value(), "enc": "A256GCM" }),
            );
            seal(&Value::from(request).to_string(), 24).into_bytes()
        },
        takes: Takes::Same,
    },
    Parser {
        name: "credential_answer",
        drives: &[
            "openid4vci::CredentialSent::received",
            "openid4vci::CredentialResponse::parse",
            "openid4vci::CredentialErrorCode::parse",
        ],
        read: |bytes| {
            let response = response(bytes)?;
            CredentialErrorCode::parse(text(&response.body).unwrap_or_default());
            let parsed = CredentialResponse::parse(&response.body, 1);
            let (sent, _) = credential_sent(false)?;
            let received = received(sent, &response);
            assert!(received.is_none() || parsed.is_ok());
            received
        },
        good: || answer(JSON, CREDENTIAL_ANSWER),
        takes: Takes::Any,
    },
    Parser {
        name: "credential_answer_encrypted",
        drives: &[],
        read: |bytes| received(credential_sent(true)?.0, &response(bytes)?),
        good: || {
            let (_, body) = credential_sent(true).unwrap();
            let jwe = UnverifiedJwe::parse(text(&body).unwrap(), 1 << 20).unwrap();
            let opened = jwe.decrypt(&decryption_key(), &ContentEncryption::ALL, &RustCrypto).unwrap();
            let request: Value = serde_json::from_slice(&opened).unwrap();
            let jwk = request.pointer("/credential_response_encryption/jwk").unwrap();
            let enc = request.pointer("/credential_response_encryption/enc").and_then(Value::as_str);
            let enc = ContentEncryption::parse(enc.unwrap()).unwrap();
            let recipient = Recipient { jwk: &Jwk::parse(jwk).unwrap(), enc };
            let (party, rng) = (PartyInfo::default(), &mut Stream::new(25));
            answer(JWT, encrypt(CREDENTIAL_ANSWER.as_bytes(), &recipient, party, rng, &RustCrypto).unwrap())
        },
        takes: Takes::Same,
    },
    Parser {
        name: "deferred_request",
        drives: &["openid4vci::CheckedDeferredRequest::check"],
        read: |bytes| {
            let body = RequestBody { bytes, encrypted: false };
            let checked = CheckedDeferredRequest::check(body, None, &RustCrypto).ok()?;
            Some(checked.transaction_id.into())
        },
        good: || br#"{"transaction_id":"t1"}"#.to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "deferred_ticket",
        drives: &["openid4vci::DeferredTicket::from_secret"],
        read: |bytes| {
            let ticket = DeferredTicket::from_secret(&Secret::new(bytes.to_vec())).ok()?;
            let again = DeferredTicket::from_secret(&ticket.to_secret()).unwrap();
            assert_eq!(again.to_secret().expose(), ticket.to_secret().expose());
            Some(ticket.issuer().as_str().into())
        },
        good: || ticket().unwrap().to_secret().expose().clone(),
        takes: Takes::Any,
    },
    Parser {
        name: "deferred_metadata_answer",
        drives: &["openid4vci::DeferredMetadataFetch::received"],
        read: |bytes| Some(deferred_draft(&response(bytes)?)?.offered().id.clone().into()),
        good: || answer(JSON, metadata(false).to_string()),
        takes: Takes::Any,
    },
    Parser {
        name: "deferred_answer",
        drives: &["openid4vci::DeferredSent::received"],
        read: |bytes| {
            let draft = deferred_draft(&metadata_answer(false))?;
            let sent = match draft.send(NOW, &mut Stream::new(27), &RustCrypto).ok()? {
                DeferredStep::Sign(signing) => {
                    let signature = key(51).sign_es256(signing.signing_input()).unwrap();
                    signing.signed(&signature).0
                }
                DeferredStep::Send(sent, _) => sent,
            };
            match sent.received(&response(bytes)?, &RustCrypto).ok()? {
                DeferredAnswer::Received { credentials, .. } => Some(json!(credentials)),
                DeferredAnswer::Pending { interval } => Some(interval.into()),
                DeferredAnswer::Again(_) => None,
            }
        },
        good: || answer(JSON, CREDENTIAL_ANSWER),
        takes: Takes::Any,
    },
    Parser {
        name: "refresh_ticket",
        drives: &["openid4vci::RefreshTicket::from_secret"],
        read: |bytes| {
            let ticket = RefreshTicket::from_secret(&Secret::new(bytes.to_vec())).ok()?;
            let again = RefreshTicket::from_secret(&ticket.to_secret()).unwrap();
            assert_eq!(again.to_secret().expose(), ticket.to_secret().expose());
            Some(ticket.issuer().as_str().into())
        },
        good: || refresh_ticket().unwrap().to_secret().expose().clone(),
        takes: Takes::Any,
    },
    Parser {
        name: "refresh_metadata_answer",
        drives: &["openid4vci::RefreshMetadataFetch::received"],
        read: |bytes| Some(refresh_server(&response(bytes)?)?.1.url.into()),
        good: || answer(JSON, metadata(false).to_string()),
        takes: Takes::Any,
    },
    Parser {
        name: "refresh_server_answer",
        drives: &["openid4vci::RefreshServerFetch::received"],
        read: |bytes| {
            let refreshable = refresh_server(&metadata_answer(false))?.0.received(&response(bytes)?).ok()?;
            Some(refreshable.offered().len().into())
        },
        good: || answer(JSON, server_json().to_string()),
        takes: Takes::Any,
    },
    Parser {
        name: "notification_request",
        drives: &["openid4vci::CheckedNotification::check", "openid4vci::NotificationEvent::parse"],
        read: |bytes| {
            let checked = CheckedNotification::check(bytes, &RustCrypto).ok()?;
            assert_eq!(NotificationEvent::parse(checked.event.as_str()), Some(checked.event));
            Some(json!([checked.id_digest, checked.event.as_str()]))
        },
        good: || br#"{"notification_id":"n1","event":"credential_accepted"}"#.to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "notification_answer",
        drives: &["openid4vci::Notifier::received"],
        read: |bytes| {
            let again = authorized(false)?.notifier()?.received(&response(bytes)?);
            again.then_some(Value::Bool(true))
        },
        good: || b"401 application/json\n{\"error\":\"use_dpop_nonce\"}".to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "stored_notifier",
        drives: &["openid4vci::Notifier::from_secret"],
        read: |bytes| {
            let secret = Notifier::from_secret(&Secret::new(bytes.to_vec())).ok()?.to_secret();
            let again = Notifier::from_secret(&secret).unwrap();
            assert_eq!(again.to_secret().expose(), secret.expose());
            serde_json::from_slice(secret.expose()).ok()
        },
        good: || authorized(false).unwrap().notifier().unwrap().to_secret().expose().clone(),
        takes: Takes::Any,
    },
];

const TOKEN_ANSWER: &str = r#"{"access_token":"token","token_type":"DPoP","expires_in":300}"#;
const NONCE_ANSWER: &str = r#"{"c_nonce":"c"}"#;
const CREDENTIAL_ANSWER: &str = r#"{"credentials":[{"credential":"a~b~"}],"notification_id":"n1"}"#;

fn offer() -> Vec<u8> {
    let code = json!({ "pre-authorized_code": "code" });
    let offer = json!({
        "credential_issuer": "https://issuer.example",
        "credential_configuration_ids": [CONFIGURATION],
        "grants": { PRE_AUTHORIZED_CODE: code },
    });
    offer.to_string().into_bytes()
}

fn metadata(encrypted: bool) -> Value {
    let at = |path: &str| format!("https://issuer.example/{path}");
    let mut metadata = json!({
        "credential_issuer": "https://issuer.example",
        "credential_endpoint": CREDENTIAL_URL,
        "nonce_endpoint": at("nonce"),
        "deferred_credential_endpoint": at("deferred"),
        "notification_endpoint": at("notification"),
        "batch_credential_issuance": { "batch_size": 10 },
        "display": [{ "name": "みなと市", "locale": "ja" }],
        "credential_configurations_supported": { CONFIGURATION: {
            "format": "dc+sd-jwt",
            "vct": EMPLOYEE,
            "cryptographic_binding_methods_supported": ["jwk"],
            "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": ["ES256"] } },
            "credential_metadata": { "display": [{ "name": "Employee ID", "locale": "en" }] },
        }},
    });
    if let (true, Some(members)) = (encrypted, metadata.as_object_mut()) {
        let encryption = IssuerEncryption { keys: vec![decryption_key()], required: true };
        members.insert("credential_request_encryption".into(), encryption.request_metadata().to_json());
        members.insert("credential_response_encryption".into(), encryption.response_metadata().to_json());
    }
    metadata
}

fn metadata_jwt() -> Vec<u8> {
    let metadata = IssuerMetadata::from_object(&map(&metadata(true)), &WORLD.issuer_url).unwrap();
    let chain = [WORLD.issuer.der.clone()];
    let unsigned = signed::to_sign(&metadata, &chain, NOW.plus(-60), NOW.plus(3_600));
    unsigned.sign_with(&WORLD.issuer.key).unwrap().into_bytes()
}

fn metadata_answer(encrypted: bool) -> HttpResponse {
    response(&answer(JSON, metadata(encrypted).to_string())).unwrap()
}

fn trust() -> MetadataTrust<'static> {
    MetadataTrust { anchors: &WORLD.anchors, now: NOW, provider: &RustCrypto }
}

fn key_attestation() -> String {
    let payload = json!({
        "iat": NOW.plus(-60).as_secs(),
        "exp": NOW.plus(3_600).as_secs(),
        "nonce": nonce(Purpose::KeyProof),
        "attested_keys": [Jwk::new(holder().public_key()).to_value(), Jwk::new(key(52).public_key()).to_value()],
    });
    WORLD.attester.sign(attestation::TYP, &payload)
}

fn key_proofs(count: u8) -> Value {
    let proof = |seed: u8| {
        let (key, c_nonce) = (key(seed), nonce(Purpose::KeyProof));
        let unsigned = proofs::jwt_to_sign(&key.public_key(), &WORLD.issuer_url, Some(&c_nonce), NOW);
        unsigned.sign_with(&key).unwrap()
    };
    json!({ "jwt": (52..52 + count).map(proof).collect::<Vec<_>>() })
}

fn proved(proofs: &Value, attested: bool) -> Option<Value> {
    let demand = AttestationDemand::default();
    let attestation = attested.then_some((&demand, &WORLD.anchors));
    let expected = proofs::Expected { issuer: &WORLD.issuer_url, batch_size: 10, attestation, now: NOW };
    let keys = Proofs::parse(Some(proofs)).ok()?.verify(&expected, &RustCrypto).ok()?;
    let mut shown: Vec<String> = keys.keys().iter().map(|key| format!("{key:?}")).collect();
    shown.sort_unstable();
    Some(json!([shown, keys.c_nonces()]))
}

fn credential_request_json(count: u8) -> Value {
    json!({ "credential_configuration_id": CONFIGURATION, "proofs": key_proofs(count) })
}

fn credential_request(bytes: &[u8], encrypted: bool) -> Option<Value> {
    let encryption = IssuerEncryption { keys: vec![decryption_key()], required: true };
    let nonces = NonceKey::new([7; 32]);
    let granting = Granting {
        issuer: &WORLD.issuer_url,
        configuration_ids: &[CONFIGURATION.into()],
        identifiers: &[],
        batch_size: 10,
        nonces: &nonces,
        encryption: encrypted.then_some(&encryption),
        attested: &[],
        wallet_providers: &WORLD.anchors,
        now: NOW,
    };
    let body = RequestBody { bytes, encrypted };
    let checked = CheckedCredentialRequest::check(body, &granting, &RustCrypto).ok()?;
    assert_eq!(checked.reply.is_some(), encrypted);
    let mut keys: Vec<String> = checked.holder_keys.iter().map(|key| format!("{key:?}")).collect();
    keys.sort_unstable();
    Some(json!([checked.configuration_id, keys, format!("{:?}", checked.reply)]))
}

fn seen() -> Option<OfferSeen> {
    let offer = CredentialOffer::parse(&offer()).unwrap();
    match read_offer(&offer.to_link()).ok()? {
        OfferStep::Seen(seen) => Some(seen),
        OfferStep::Fetch(..) => None,
    }
}

fn server_fetch(metadata: &HttpResponse) -> Option<ServerFetch> {
    Some(seen()?.fetch_metadata().0.received(metadata, &trust()).ok()?.0)
}

fn token_sent(encrypted: bool) -> Option<TokenSent> {
    let server = response(&answer(JSON, server_json().to_string()))?;
    let ready: Ready = server_fetch(&metadata_answer(encrypted))?.received(&server).ok()?;
    let draft = ready.redeem(None, key(51).public_key()).ok()?;
    match draft.send(NOW, &mut Stream::new(26), &RustCrypto) {
        TokenStep::Sign(signing) => {
            let signature = key(51).sign_es256(signing.signing_input()).unwrap();
            Some(signing.signed(&signature).0)
        }
        TokenStep::Send(sent, _) => Some(sent),
    }
}

fn authorized(encrypted: bool) -> Option<Authorized> {
    match token_sent(encrypted)?.received(&response(&answer(JSON, TOKEN_ANSWER))?).ok()? {
        TokenAnswer::Authorized(authorized) => Some(authorized),
        TokenAnswer::Again(_) => None,
    }
}

fn nonce_received(encrypted: bool, response: &HttpResponse) -> Option<ProofDraft> {
    match authorized(encrypted)?.next() {
        NextStep::Nonce(fetch, _) => fetch.received(response).ok(),
        NextStep::Proofs(_) | NextStep::Done => None,
    }
}

/// A credential request on its way, and its body.
fn credential_sent(encrypted: bool) -> Option<(CredentialSent, Vec<u8>)> {
    let draft = nonce_received(encrypted, &response(&answer(JSON, NONCE_ANSWER))?)?;
    let signing = draft.proofs(&[holder().public_key()], NOW).ok()?;
    let inputs: Vec<&[u8]> = signing.signing_inputs().collect();
    let signatures: Vec<_> = inputs.iter().map(|input| holder().sign_es256(input).unwrap()).collect();
    let draft = signing.signed(&signatures).ok()?;
    let (sent, request) = match draft.send(NOW, &mut Stream::new(28), &RustCrypto).ok()? {
        CredentialStep::Sign(signing) => {
            let signature = key(51).sign_es256(signing.signing_input()).unwrap();
            signing.signed(&signature)
        }
        CredentialStep::Send(sent, request) => (sent, request),
    };
    Some((sent, request.body))
}

fn received(sent: CredentialSent, response: &HttpResponse) -> Option<Value> {
    match sent.received(response, &RustCrypto).ok()? {
        CredentialAnswer::Received(received, _) => {
            Some(json!([received.credentials, received.notification_id]))
        }
        CredentialAnswer::Deferred(deferred, _) => Some(deferred.interval.into()),
        CredentialAnswer::Again(_) | CredentialAnswer::NewNonce(_) => None,
    }
}

fn ticket() -> Option<DeferredTicket> {
    let deferred = response(&answer(JSON, br#"{"transaction_id":"t1","interval":60}"#))?;
    match credential_sent(false)?.0.received(&deferred, &RustCrypto).ok()? {
        CredentialAnswer::Deferred(deferred, _) => Some(deferred.ticket),
        _ => None,
    }
}

fn refresh_ticket() -> Option<RefreshTicket> {
    let granted = answer(JSON, br#"{"access_token":"tok","token_type":"DPoP","refresh_token":"r1"}"#);
    match token_sent(false)?.received(&response(&granted)?).ok()? {
        TokenAnswer::Authorized(authorized) => {
            RefreshTicket::from_secret(&authorized.refresh_ticket()?.to_secret()).ok()
        }
        TokenAnswer::Again(_) => None,
    }
}

fn refresh_server(metadata: &HttpResponse) -> Option<(RefreshServerFetch, HttpRequest)> {
    refresh_ticket()?.fetch_metadata().0.received(metadata, &trust()).ok()
}

fn deferred_draft(metadata: &HttpResponse) -> Option<DeferredDraft> {
    ticket()?.fetch_metadata().0.received(metadata, &trust()).ok()
}
