//! OpenID4VP: the request of a verifier, and the answer of a wallet.

use std::sync::LazyLock;

use inro_base::base64url;
use inro_credential::HeldCredential;
use inro_credential::dcql::{Candidate, Query};
use inro_crypto::{Provider as _, RustCrypto, Signer as _};
use inro_jose::Jwk;
use inro_jose::jwe::{ContentEncryption, PartyInfo, Recipient, encrypt};
use inro_mdoc::{HeldMdoc, SessionTranscript};
use inro_openid4vp::form::{self, Form};
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::transaction_data::{Approval, TransactionData};
use inro_openid4vp::verifier::{Acceptance, AwaitingResponse, NewPresentation, RequestFetch};
use inro_openid4vp::wallet::{RequestLink, VerifiedRequest};
use inro_openid4vp::{ClientId, Purpose};
use inro_sd_jwt::HeldSdJwt;
use inro_trust::ClaimPath;
use serde_json::{Map, Value, json};

use super::tokens::registration;
use super::world::{
    DOC_TYPE, EMPLOYEE, HOST, MDOC, NOW, SD_JWT, WORLD, answer, holder, response, text, value,
};
use super::{Parser, Takes, shown};
use crate::stream::Stream;

const REQUEST: &str = "application/oauth-authz-req+jwt";

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "request_link",
        drives: &["openid4vp::RequestLink::parse", "openid4vp::ClientId::parse"],
        read: |bytes| {
            let text = text(bytes)?;
            let _ = ClientId::parse(text).map(|id| ClientId::parse(id.as_str()).unwrap());
            let _ = ClientId::x509_san_dns(text);
            Some(RequestLink::parse(text).ok()?.request_host().into())
        },
        good: || asked(ResponseMode::DirectPost).link().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "vp_form",
        drives: &["openid4vp::Form::parse", "openid4vp::ResponseMode::parse"],
        read: |bytes| {
            let form = Form::parse(bytes).ok()?;
            form.value("response_mode").map(ResponseMode::parse);
            Some(json!([form.value("state"), form.value("vp_token")]))
        },
        good: || {
            form::encode(&[("state", "s"), ("vp_token", "{}"), ("response_mode", "direct_post")]).into_bytes()
        },
        takes: Takes::Any,
    },
    Parser {
        name: "request_object",
        drives: &["openid4vp::AwaitingRequest::received"],
        read: |bytes| Some(asked_by(&request(bytes, false)?)),
        good: || request_object().into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "request_object_encrypted",
        drives: &[],
        read: |bytes| Some(asked_by(&request(bytes, true)?)),
        good: || {
            let (_, fetch) = RequestLink::parse(&link(true)).unwrap().fetch(&mut Stream::new(35));
            posted_request_object(&fetch.body).unwrap().into_bytes()
        },
        takes: Takes::Same,
    },
    Parser {
        name: "wallet_metadata",
        drives: &["openid4vp::RequestFetch::by_post"],
        read: |bytes| Some(posted_request_object(bytes)?.into()),
        good: || RequestLink::parse(&link(true)).unwrap().fetch(&mut Stream::new(35)).1.body,
        takes: Takes::Any,
    },
    Parser {
        name: "dcql_query",
        drives: &[
            "credential::Query::parse",
            "credential::Query::parse_own",
            "credential::Query::check",
            "verifier_sdk::verifier::read_query",
        ],
        read: |bytes| {
            let value = inro_verifier_sdk::read_query(bytes).ok()?;
            let query = Query::parse(&value);
            assert!(Query::parse_own(&value).is_err() || query.is_ok());
            let query = query.ok()?;
            answered_fits(&query);
            shown(query)
        },
        good: || query().to_string().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "transaction_data",
        drives: &["openid4vp::TransactionData::parse"],
        read: |bytes| {
            let data = TransactionData::parse(text(bytes)?).ok()?;
            Some(json!([data.credential_ids(), data.text().en, data.text().ja]))
        },
        good: || {
            let approval = Approval { en: "Approve it.".into(), ja: "承認する。".into() };
            let data = TransactionData::approval(approval, vec!["employee".into()]).unwrap();
            data.encoded().as_bytes().to_vec()
        },
        takes: Takes::Any,
    },
    Parser {
        name: "purpose",
        drives: &["openid4vp::Purpose::parse"],
        read: |bytes| {
            let purpose = Purpose::parse(&value(bytes)?)?;
            assert_eq!(
                Purpose::parse(&purpose.to_value()).map(|again| again.to_value()),
                Some(purpose.to_value())
            );
            Some(purpose.to_value())
        },
        good: || purpose().to_value().to_string().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "response",
        drives: &["openid4vp::AwaitingResponse::receive"],
        read: |bytes| verdict(ResponseMode::DirectPost, bytes),
        good: || {
            let (token, state) = presented(ResponseMode::DirectPost);
            form::encode(&[("vp_token", &token.to_string()), ("state", &state)]).into_bytes()
        },
        takes: Takes::Same,
    },
    Parser {
        name: "response_encrypted",
        drives: &[],
        read: |bytes| verdict(ResponseMode::DirectPostJwt, bytes),
        good: || {
            let (token, state) = presented(ResponseMode::DirectPostJwt);
            let payload = json!({ "vp_token": token, "state": state }).to_string();
            let recipient = Recipient {
                jwk: &response_key(ResponseMode::DirectPostJwt).unwrap(),
                enc: ContentEncryption::A256Gcm,
            };
            let (party, rng) = (PartyInfo::default(), &mut Stream::new(36));
            let jwe = encrypt(payload.as_bytes(), &recipient, party, rng, &RustCrypto).unwrap();
            form::encode(&[("response", &jwe)]).into_bytes()
        },
        takes: Takes::Same,
    },
    Parser {
        name: "response_answer",
        drives: &["openid4vp::Sending::answered"],
        read: |bytes| {
            let request = request(request_object().as_bytes(), false)?;
            let (sending, _) = request.review(&[]).refuse(&mut Stream::new(37), &RustCrypto);
            shown(sending.answered(&response(bytes)?).ok()?.redirect_uri)
        },
        good: || answer("application/json", br#"{"redirect_uri":"https://verifier.example/done"}"#),
        takes: Takes::Any,
    },
    Parser {
        name: "presentation_record",
        drives: &[],
        read: |bytes| {
            let record: inro_verifier_sdk::PresentationRecord = serde_json::from_slice(bytes).ok()?;
            let written = serde_json::to_value(&record).unwrap();
            let awaiting = written.get("awaiting")?.to_string();
            // What the store gives back is used without another check.
            let awaiting: AwaitingResponse = serde_json::from_str(&awaiting).unwrap();
            let _ = (awaiting.link(), awaiting.request_object(&[vec![0]], None));
            let acceptance = Acceptance { anchors: &WORLD.anchors, issuers: &[], max_age: None };
            let received = awaiting.receive(b"vp_token=%7B%7D&state=s", NOW, &RustCrypto);
            let _ = received.and_then(|received| received.check(&acceptance, NOW, &RustCrypto));
            Some(written)
        },
        good: || {
            let rules = inro_verifier_sdk::AcceptanceRules::default();
            let record = json!({
                "id": "i", "handle": "h", "expires_at": NOW, "redirect_uri": null, "rules": rules,
                "awaiting": asked(ResponseMode::DirectPostJwt),
            });
            record.to_string().into_bytes()
        },
        takes: Takes::Any,
    },
];

fn query() -> Value {
    json!({ "credentials": [
        {
            "id": "employee", "format": "dc+sd-jwt", "meta": { "vct_values": [EMPLOYEE] },
            "claims": [{ "path": ["employee_number"] }, { "path": ["agency", "name"], "values": ["みなと市"] }],
        },
        {
            "id": "card", "format": "mso_mdoc", "meta": { "doctype_value": DOC_TYPE },
            "claims": [{ "path": [DOC_TYPE, "employee_number"] }],
        },
    ]})
}

fn purpose() -> Purpose {
    Purpose { id: "p".into(), en: "Own words.".into(), ja: "自称".into() }
}

/// A request that waits for its answer.
fn asked(response_mode: ResponseMode) -> AwaitingResponse {
    let question = NewPresentation {
        client_id: ClientId::x509_hash(&RustCrypto.sha256(&WORLD.verifier.der)),
        request_uri: format!("https://{HOST}/requests/1"),
        response_uri: format!("https://{HOST}/responses/1"),
        query: query(),
        purpose: Some(purpose()),
        response_mode,
        transaction_data: Vec::new(),
        lifetime: 300,
    };
    question.start(NOW, &mut Stream::new(34)).unwrap()
}

fn link(posts: bool) -> String {
    let link = asked(ResponseMode::DirectPost).link();
    if posts { link } else { link.replace("&request_uri_method=post", "") }
}

fn chain() -> [Vec<u8>; 1] {
    [WORLD.verifier.der.clone()]
}

fn request_object() -> String {
    let unsigned = asked(ResponseMode::DirectPost).request_object(&chain(), Some(&registration()));
    unsigned.sign_with(&WORLD.verifier.key).unwrap()
}

/// The request object for a wallet that posted `body`.
fn posted_request_object(body: &[u8]) -> Option<String> {
    let fetch = RequestFetch::by_post(body).ok()?;
    let awaiting = asked(ResponseMode::DirectPost);
    let unsigned = awaiting.request_object_for(&fetch, &chain(), Some(&registration())).ok()?;
    let signature = WORLD.verifier.key.sign_es256(unsigned.signing_input()).unwrap();
    Some(unsigned.finish(&signature, &mut Stream::new(38), &RustCrypto).unwrap())
}

fn request(bytes: &[u8], posts: bool) -> Option<VerifiedRequest> {
    let (awaiting, _) = RequestLink::parse(&link(posts)).unwrap().fetch(&mut Stream::new(35));
    let received = awaiting.received(&response(&answer(REQUEST, bytes))?, &RustCrypto).ok()?;
    received.verify(&WORLD.anchors, NOW, &RustCrypto).ok()
}

fn asked_by(request: &VerifiedRequest) -> Value {
    json!([
        request.client_id().as_str(),
        request.response_host(),
        request.replay_key(),
        request.expires_at().as_secs(),
        format!("{:?} {:?}", request.query(), request.purpose()),
        format!("{:?}", request.verifier().registration().map(|registration| registration.claims())),
    ])
}

/// The parameters of the request object, without any check.
fn parameters(mode: ResponseMode) -> Map<String, Value> {
    let unsigned = asked(mode).request_object(&[vec![0]], None);
    let payload = text(unsigned.signing_input()).unwrap().rsplit('.').next().unwrap();
    serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap()
}

fn response_key(mode: ResponseMode) -> Option<Jwk> {
    let parameters = parameters(mode);
    Jwk::parse(parameters.get("client_metadata")?.pointer("/jwks/keys/0")?).ok()
}

/// The `vp_token` and the state of an honest answer.
fn presented(mode: ResponseMode) -> (Value, String) {
    let parameters = parameters(mode);
    let said = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap().to_owned();
    let (audience, nonce) = (said("client_id"), said("nonce"));
    let path = |value: Value| ClaimPath::parse(&value).unwrap();
    let held = HeldSdJwt::parse(&SD_JWT, &RustCrypto).unwrap();
    let shown = held.present(&[path(json!(["employee_number"])), path(json!(["agency", "name"]))]).unwrap();
    let sd_jwt = shown.key_binding(&audience, &nonce, NOW, &RustCrypto).sign_with(&holder()).unwrap();
    let thumbprint = response_key(mode).map(|key| key.thumbprint_sha256(&RustCrypto));
    let session = SessionTranscript::openid4vp(
        &audience,
        &nonce,
        thumbprint.as_ref(),
        &said("response_uri"),
        &RustCrypto,
    );
    let held = HeldMdoc::parse(&MDOC, &RustCrypto).unwrap();
    let shown = held.present(&[path(json!([DOC_TYPE, "employee_number"]))]).unwrap();
    let mdoc = base64url::encode(&shown.device_signature(&session).sign_with(&holder()).unwrap());
    (json!({ "employee": [sd_jwt], "card": [mdoc] }), said("state"))
}

fn verdict(mode: ResponseMode, form: &[u8]) -> Option<Value> {
    let acceptance = Acceptance { anchors: &WORLD.anchors, issuers: &[], max_age: Some(3_600) };
    let received = asked(mode).receive(form, NOW, &RustCrypto).ok()?;
    let verified = received.check(&acceptance, NOW, &RustCrypto).ok()?;
    let mut said: Vec<String> = verified
        .credentials()
        .iter()
        .map(|one| format!("{} {} {}", one.query_id(), one.issuer(), json!(one.claims())))
        .collect();
    said.sort_unstable();
    Some(said.into())
}

static HELD: LazyLock<[HeldCredential; 2]> = LazyLock::new(|| {
    [
        HeldCredential::SdJwt(HeldSdJwt::parse(&SD_JWT, &RustCrypto).unwrap()),
        HeldCredential::Mdoc(Box::new(HeldMdoc::parse(&MDOC, &RustCrypto).unwrap())),
    ]
});

/// What a wallet chooses for a query satisfies the verifier's check of the same query.
pub(super) fn answered_fits(query: &Query) -> bool {
    let candidates: Vec<Candidate<'_>> = HELD
        .iter()
        .map(|held| Candidate {
            format: held.format().as_str(),
            type_id: held.type_id(),
            claims: held.claims(),
            holder_binding: true,
            authority_key_ids: &[],
        })
        .collect();
    let Ok(matches) = query.select(&candidates) else { return false };
    let presented: Vec<inro_credential::dcql::Presented<'_>> = matches
        .preferred()
        .iter()
        .filter_map(|chosen| Some((chosen, candidates.get(chosen.candidate.candidate)?)))
        .map(|(chosen, candidate)| inro_credential::dcql::Presented {
            query_id: chosen.query_id,
            format: candidate.format,
            type_id: candidate.type_id,
            claims: candidate.claims,
            positions: None,
            key_bound: true,
        })
        .collect();
    if !presented.is_empty() {
        assert_eq!(query.check(&presented), Ok(()));
    }
    true
}
