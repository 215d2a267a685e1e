//! Requests of every kind, as wallets, relying systems and strangers send them.

use inro_base::http::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::seed::Dice;
use crate::story::Story;

const LIMIT: usize = 1 << 20;
/// What the services read of a body, in bytes.
pub(super) const MAX_BODY: usize = 512 << 10;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const ASK: &str = "ask";

/// What was learned from answers, for the requests after them.
#[derive(Default)]
pub(super) struct Asked {
    id: String,
    handle: String,
}

impl Asked {
    pub(super) fn learn(&mut self, kind: &str, answer: &HttpResponse) {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let (id, link) = (body["id"].as_str(), body["authorization_request"].as_str());
        if let (ASK, Some(id), Some(link)) = (kind, id, link) {
            id.clone_into(&mut self.id);
            let rest = link.rsplit_once("%2F").map_or("", |(_, rest)| rest);
            rest.split('&').next().unwrap_or_default().clone_into(&mut self.handle);
        }
    }
}

/// One of all kinds; whether it is for the issuer, or else for the verifier.
pub(super) fn any(story: &Story, dice: &mut Dice, asked: &Asked) -> (&'static str, bool, HttpRequest) {
    if dice.below(2) == 0 {
        let (kind, request) = to_issuer(story, dice);
        (kind, true, request)
    } else {
        let (kind, request) = to_verifier(story, dice, asked);
        (kind, false, request)
    }
}

pub(super) fn url(story: &Story, service: &str, path: &str) -> String {
    let base = if service == "issuer" { &story.issuer_url } else { &story.verifier_url };
    format!("{base}{path}")
}

fn to_issuer(story: &Story, dice: &mut Dice) -> (&'static str, HttpRequest) {
    let get = |path: &str| HttpRequest::fetch(url(story, "issuer", path), LIMIT);
    let post = |path: &str, media_type: &'static str, body: Vec<u8>| {
        HttpRequest::post(url(story, "issuer", path), media_type, body, LIMIT)
    };
    match dice.below(16) {
        0 => ("issuer metadata", get("/.well-known/openid-credential-issuer")),
        1 => ("server metadata", get("/.well-known/oauth-authorization-server")),
        2 => ("type", get(dice.of(&["/types/employee-id", "/types/nobodys", "/types/%ff"]))),
        3..6 => ("status list", get(dice.of(&["/status-lists/1", "/status-lists/1", "/status-lists/99", "/status-lists/%ff"]))),
        6..9 => ("nonce", post("/nonce", FORM, Vec::new())),
        9 => ("no offer", get(dice.of(&["/offers/nobodys", "/offers/%ff", "/offers/a%2Fb"]))),
        10 => ("token, malformed", post("/token", dice.of(&[FORM, JSON]), garbage(dice))),
        11 => ("token, unproved", post("/token", FORM, b"grant_type=urn:ietf:params:oauth:grant-type:pre-authorized_code&pre-authorized_code=nobodys".to_vec())),
        12 => ("credential, malformed", post(dice.of(&["/credential", "/deferred_credential"]), JSON, garbage(dice)).with_header("authorization", "DPoP nobodys".to_owned()).with_header("dpop", "a.b.c".to_owned())),
        13 => ("notification, malformed", post("/notification", JSON, garbage(dice))),
        14 => ("issuer, another method", if dice.below(2) == 0 { get("/token") } else { post("/status-lists/1", JSON, Vec::new()) }),
        _ => ("issuer, nothing there", get(dice.of(&["/", "/nobodys", "/%ff", "/offers/"]))),
    }
}

fn to_verifier(story: &Story, dice: &mut Dice, asked: &Asked) -> (&'static str, HttpRequest) {
    let token = std::fs::read_to_string(story.path("verifier/api-token")).unwrap();
    let with_token =
        |request: HttpRequest| request.with_header("authorization", format!("Bearer {}", token.trim()));
    let get = |path: &str| HttpRequest::fetch(url(story, "verifier", path), LIMIT);
    let post = |path: &str, media_type: &'static str, body: Vec<u8>| {
        HttpRequest::post(url(story, "verifier", path), media_type, body, LIMIT)
    };
    let (id, handle) = (&asked.id, &asked.handle);
    match dice.below(16) {
        0..3 => {
            (ASK, with_token(post("/v1/presentations", JSON, br#"{"policy":"approve-welfare"}"#.to_vec())))
        }
        3..5 => ("result", with_token(get(&format!("/v1/presentations/{id}")))),
        5 => ("request object", get(&format!("/openid4vp/requests/{handle}"))),
        6 => ("request object, posted", post(&format!("/openid4vp/requests/{handle}"), FORM, garbage(dice))),
        7..9 => ("response, malformed", post(&format!("/openid4vp/responses/{handle}"), FORM, garbage(dice))),
        9 => ("ask, malformed", with_token(post("/v1/presentations", dice.of(&[JSON, FORM]), garbage(dice)))),
        10 => (
            "ask, no such policy",
            with_token(post("/v1/presentations", JSON, br#"{"policy":"nobodys"}"#.to_vec())),
        ),
        11 => (
            "ask, without a token",
            post("/v1/presentations", JSON, br#"{"policy":"approve-welfare"}"#.to_vec()),
        ),
        12 => (
            "no such presentation",
            with_token(get(dice.of(&[
                "/v1/presentations/nobodys",
                "/v1/presentations/%ff",
                "/v1/presentations/nobodys?response_code=%ff",
                "/v1/presentations/nobodys?response_code=1&response_code=2",
            ]))),
        ),
        13 => (
            "no such request",
            get(dice.of(&[
                "/openid4vp/requests/nobodys",
                "/openid4vp/requests/%ff",
                "/openid4vp/requests/a%2Fb",
            ])),
        ),
        14 => (
            "verifier, another method",
            if dice.below(2) == 0 { get("/v1/presentations") } else { post("/healthz", JSON, Vec::new()) },
        ),
        _ => ("verifier, nothing there", get(dice.of(&["/", "/nobodys", "/%ff", "/openapi.json"]))),
    }
}

/// A body that is nothing, too deep, too long, or of no text at all.
fn garbage(dice: &mut Dice) -> Vec<u8> {
    match dice.below(6) {
        0 => Vec::new(),
        1 => vec![0xff; 100],
        2 => "[".repeat(10_000).into_bytes(),
        3 => vec![b'a'; MAX_BODY + 100_000],
        4 => br#"{"a":1,"a":2}"#.to_vec(),
        _ => b"response=a.b.c.d.e&state=nobodys&vp_token=%7B%7D".to_vec(),
    }
}
