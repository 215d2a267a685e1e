//! Refresh tokens, from the wallet's side.

use std::sync::LazyLock;

use inro_base::Coded as _;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::{RustCrypto, Signer as _};
use inro_openid4vci::VciError;
use inro_openid4vci::wallet::*;
use inro_trust::Anchors;
use serde_json::{Value, json};

use crate::support::*;

fn trust() -> MetadataTrust<'static> {
    static NOBODY: LazyLock<Anchors> = LazyLock::new(Anchors::new);
    MetadataTrust { anchors: &NOBODY, now: NOW, provider: &RustCrypto }
}

/// The answer to a redeemed code, and to a refresh token.
fn granted(refresh_token: Option<&str>) -> Value {
    match refresh_token {
        Some(token) => json!({ "access_token": "tok", "token_type": "DPoP", "refresh_token": token }),
        None => json!({ "access_token": "tok", "token_type": "DPoP" }),
    }
}

/// The draft of a token request after signature and sending.
fn sent(draft: TokenDraft) -> (TokenSent, HttpRequest) {
    match draft.send(NOW, &mut Counter(0), &RustCrypto) {
        TokenStep::Sign(signing) => {
            let signature = key(1).sign_es256(signing.signing_input()).unwrap();
            signing.signed(&signature)
        }
        TokenStep::Send(sent, request) => (sent, request),
    }
}

fn authorized_with(answered: &Value, server: &Value) -> Result<Authorized, VciError> {
    let link = format!("openid-credential-offer://?credential_offer={}", percent(&offer_json().to_string()));
    let OfferStep::Seen(seen) = read_offer(&link)? else { panic!("by value") };
    let (fetch, _) = seen.fetch_metadata().0.received(&answer(200, &metadata_json()), &trust())?;
    let ready = fetch.received(&answer(200, server))?;
    let draft = ready.redeem(Some("123456"), key(1).public_key()).unwrap();
    match sent(draft).0.received(&answer(200, answered))? {
        TokenAnswer::Authorized(authorized) => Ok(authorized),
        TokenAnswer::Again(_) => panic!("authorized"),
    }
}

fn ticket() -> RefreshTicket {
    let authorized = authorized_with(&granted(Some("r1")), &server_json()).unwrap();
    RefreshTicket::from_secret(&authorized.refresh_ticket().unwrap().to_secret()).unwrap()
}

fn refreshable(metadata: &Value, server: &Value) -> Result<Refreshable, VciError> {
    let (fetch, request) = ticket().fetch_metadata();
    assert_eq!(request.url, "https://issuer.example/.well-known/openid-credential-issuer");
    let (fetch, request) = fetch.received(&answer(200, metadata), &trust())?;
    assert_eq!(request.url, "https://issuer.example/.well-known/oauth-authorization-server");
    fetch.received(&answer(200, server))
}

fn refreshing() -> (TokenSent, HttpRequest) {
    let refreshable = refreshable(&metadata_json(), &server_json()).unwrap();
    let wanted = refreshable.offered();
    sent(refreshable.refresh(wanted).unwrap())
}

fn refreshed(response: &HttpResponse) -> Result<Option<Value>, VciError> {
    match refreshing().0.received(response)? {
        TokenAnswer::Authorized(authorized) => {
            let ticket = authorized.refresh_ticket().map(RefreshTicket::to_secret);
            Ok(ticket.map(|secret| serde_json::from_slice(secret.expose()).unwrap()))
        }
        TokenAnswer::Again(_) => panic!("authorized"),
    }
}

#[test]
fn asks_with_the_refresh_token_and_no_transaction_code() {
    let (_, request) = refreshing();
    assert_eq!(request.url, "https://issuer.example/token");
    assert_eq!(String::from_utf8(request.body.clone()).unwrap(), "grant_type=refresh_token&refresh_token=r1");
    assert_eq!(header(&request, "dpop").len(), 1);
}

#[test]
fn the_next_ticket_has_the_new_token_or_the_old_one_where_none_came() {
    for (came, kept) in [(Some("r2"), "r2"), (None, "r1")] {
        let ticket = refreshed(&answer(200, &granted(came))).unwrap().unwrap();
        assert_eq!(ticket["refresh_token"], kept);
        assert_eq!(ticket["configurations"], json!([CONFIGURATION]));
    }
}

#[test]
fn keeps_no_refresh_token_that_is_bound_to_no_key() {
    let bound = authorized_with(&granted(Some("r1")), &server_json()).unwrap();
    assert!(bound.refresh_ticket().is_some());
    let mut server = server_json();
    server.as_object_mut().unwrap().remove("dpop_signing_alg_values_supported");
    let mut bearer = granted(Some("r1"));
    bearer["token_type"] = "Bearer".into();
    assert!(authorized_with(&bearer, &server).unwrap().refresh_ticket().is_none());
    // Nor is a bound one shown to a server that has forgotten about DPoP.
    assert!(refreshable(&metadata_json(), &server_json()).is_ok());
    assert_eq!(refreshable(&metadata_json(), &server).err().unwrap().code().as_str(), "INRO-VCI-007");
}

#[test]
fn shows_the_refresh_token_to_the_server_that_gave_it_and_to_no_other() {
    let mut metadata = metadata_json();
    metadata["authorization_servers"] = json!(["https://other.example", "https://issuer.example"]);
    assert!(refreshable(&metadata, &server_json()).is_ok());
    metadata["authorization_servers"] = json!(["https://other.example"]);
    assert_eq!(refreshable(&metadata, &server_json()).err().unwrap().code().as_str(), "INRO-VCI-008");
}

#[test]
fn asks_for_what_the_issuer_still_has() {
    let mut metadata = metadata_json();
    let gone = metadata["credential_configurations_supported"].as_object_mut().unwrap().remove(CONFIGURATION);
    metadata["credential_configurations_supported"]["other"] = gone.unwrap();
    let refreshable = refreshable(&metadata, &server_json()).unwrap();
    let wanted = refreshable.offered();
    assert!(wanted.is_empty());
    assert_eq!(refreshable.refresh(wanted).err().unwrap().code().as_str(), "INRO-VCI-006");
}

/// A token that has ended is told from one that will be good again.
#[test]
fn tells_the_end_of_refills_from_a_refusal_for_the_time_being() {
    assert!(refreshed(&answer(200, &granted(None))).is_ok());
    let said = |error: &str, code: Option<&str>| {
        let mut body = json!({ "error": error });
        if let Some(code) = code {
            body["inro_code"] = code.into();
        }
        refreshed(&answer(400, &body)).err().unwrap().code().as_str()
    };
    assert_eq!(said("invalid_grant", None), "INRO-VCI-099");
    assert_eq!(said("invalid_grant", Some("INRO-VCI-097")), "INRO-VCI-099");
    assert_eq!(said("invalid_grant", Some("INRO-ISSUER-033")), "INRO-VCI-100");
    assert_eq!(said("temporarily_unavailable", Some("INRO-VCI-098")), "INRO-VCI-100");
    assert_eq!(said("server_error", None), "INRO-VCI-100");
}
