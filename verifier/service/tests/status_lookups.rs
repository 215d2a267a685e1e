//! When a status list is fetched, and what becomes of a credential by what stands in it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[expect(dead_code, reason = "the house has more than this file needs")]
mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::header;
use axum::response::Redirect;
use axum::routing::get;
use common::House;
use inro_base::http::HttpRequest;
use inro_sd_jwt::VcIssuance;
use inro_service::server::{Server, Transport};
use inro_service::{Bounds, tls};
use inro_status::{Bits, JWT_MEDIA_TYPE, ListForms, MAX_TOKEN_BYTES, Status, StatusArray, StatusError};
use inro_verifier::trust;
use inro_verifier_sdk::NeededList;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How many wait for one list.
const MANY: usize = 20;
const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

fn refer(vc: &mut VcIssuance, uri: &str, index: u64) {
    vc.claims.insert("status".into(), json!({ "status_list": { "idx": index, "uri": uri } }));
}

/// An answer in the clear with `credential`, not yet sent, and its presentation's id.
async fn answer(house: &House, credential: &str) -> (String, HttpRequest) {
    let body = json!({ "policy": "approve-welfare", "response_mode": "direct_post" });
    let created = house.create(&body).await;
    let answer = house.answer(&created.link, credential).await;
    (created.id, answer)
}

async fn result(house: &House, (id, answer): (String, HttpRequest)) -> Value {
    house.carry(answer).await;
    house.result(&id).await
}

/// A server that counts who connects, and hangs up.
struct Doorbell {
    uri: String,
    rung: Arc<AtomicUsize>,
}

impl Doorbell {
    async fn hang() -> Self {
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let uri = format!("https://{}/1", listener.local_addr().unwrap());
        let rung = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&rung);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { uri, rung }
    }

    fn rung(&self) -> usize {
        self.rung.load(Ordering::SeqCst)
    }
}

/// Serves what `list` makes of its own address at `/1`, with the certificate of the verifier itself; gives
/// the address.
async fn serve(house: &House, list: impl FnOnce(&str) -> String) -> String {
    let make = |origin: &str| {
        let body = list(&format!("{origin}/1"));
        Router::new().route("/1", get(async move || ([(header::CONTENT_TYPE, JWT_MEDIA_TYPE)], body)))
    };
    format!("{}/1", serve_routes(house, make).await)
}

/// As [`serve`], with routes of any kind; gives the origin.
async fn serve_routes(house: &House, routes: impl FnOnce(&str) -> Router) -> String {
    let files = house.layout.tls();
    trust::add_tls(&house.layout, &files.join("ca.pem")).unwrap();
    let transport = Transport::Tls(tls::server_config(&files).unwrap());
    let server = Server::bind(SocketAddr::from(ANY_PORT), transport, Bounds::default()).await.unwrap();
    let origin = format!("https://{}", server.address());
    tokio::spawn(server.run(routes(&origin), std::future::pending()));
    origin
}

/// The verifier's policy, read anew for each presentation: what it says of a status that is undetermined.
fn take_undetermined(house: &House) {
    let policy = house.layout.policies().join("approve-welfare.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    assert!(text.contains("\"reject\""));
    std::fs::write(&policy, text.replace("\"reject\"", "\"accept\"")).unwrap();
}

#[tokio::test]
async fn no_list_is_fetched_for_a_credential_that_does_not_hold() {
    let (house, doorbell) = (House::new(), Doorbell::hang().await);
    let credential = || house.credential(|vc| refer(vc, &doorbell.uri, 1));
    let code = |result: Value| result["error"]["inro_code"].as_str().map(str::to_owned);
    let untouched = answer(&house, &credential()).await;
    assert_eq!(code(result(&house, untouched).await).as_deref(), Some("INRO-VERIFIER-018"));
    assert_eq!(doorbell.rung(), 1);

    let (id, mut tampered) = answer(&house, &credential()).await;
    let form = String::from_utf8(tampered.body).unwrap();
    // One character within the issuer's signature: every claim is as it was.
    let (at, _) = form.match_indices('.').nth(1).unwrap();
    let at = at + 10;
    let other = if form.as_bytes()[at] == b'A' { "B" } else { "A" };
    tampered.body = format!("{}{other}{}", &form[..at], &form[at + 1..]).into_bytes();
    assert_eq!(code(result(&house, (id, tampered)).await).as_deref(), Some("INRO-JOSE-005"));
    assert_eq!(doorbell.rung(), 1);

    let strangers = answer(&house, &credential()).await;
    std::fs::remove_file(&house.anchor).unwrap();
    assert_eq!(code(result(&house, strangers).await).as_deref(), Some("INRO-TRUST-005"));
    assert_eq!(doorbell.rung(), 1);
}

#[tokio::test]
async fn a_place_behind_the_end_is_rejected_whatever_the_policy_says() {
    let house = House::new();
    let policy = house.layout.policies().join("approve-welfare.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    assert!(text.contains("\"reject\""));
    let places = 4;
    let list = StatusArray::valid(Bits::Two, places).unwrap();
    let uri = serve(&house, |uri| house.status_list(uri, list)).await;
    for taken in ["reject", "accept"] {
        std::fs::write(&policy, text.replace("\"reject\"", &format!("\"{taken}\""))).unwrap();
        let with = async |uri: &str, index: u64| {
            let credential = house.credential(|vc| refer(vc, uri, index));
            let result = result(&house, answer(&house, &credential).await).await;
            let status = result["credentials"]["authority"][0]["status"].clone();
            (status, result["error"]["inro_code"].clone())
        };
        assert_eq!(with(&uri, places - 1).await, (json!("valid"), Value::Null), "{taken}");
        assert_eq!(with(&uri, places).await, (Value::Null, json!("INRO-STATUS-012")), "{taken}");
        // It is no status that could not be determined.
        let undetermined = match taken {
            "accept" => (json!("undetermined"), Value::Null),
            _ => (Value::Null, json!("INRO-VERIFIER-018")),
        };
        assert_eq!(with(&format!("{uri}0"), 1).await, undetermined, "{taken}");
    }
}

#[tokio::test]
async fn a_status_that_means_nothing_here_is_never_taken_for_valid() {
    let house = House::new();
    take_undetermined(&house);
    let mut list = StatusArray::valid(Bits::Two, 4).unwrap();
    list.set(1, Status::Other(3)).unwrap();
    let uri = serve(&house, |uri| house.status_list(uri, list)).await;
    let status = async |claim: Value| {
        let credential = house.credential(|vc| drop(vc.claims.insert("status".into(), claim)));
        let result = result(&house, answer(&house, &credential).await).await;
        result["credentials"]["authority"][0]["status"].clone()
    };
    let listed = |index: u64| json!({ "status_list": { "idx": index, "uri": uri } });
    assert_eq!(status(listed(0)).await, "valid");
    assert_eq!(status(listed(1)).await, "undetermined");
    assert_eq!(
        status(json!({ "status_assertion": { "credential_hash_alg": "sha-256" } })).await,
        "undetermined"
    );
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_more_is_read_than_a_list_may_have() {
    let house = House::new();
    take_undetermined(&house);
    let places = || StatusArray::valid(Bits::Two, 4).unwrap();
    // What follows a list, such as a line end, is left aside: only the length is wrong here.
    let list_at = |uri: &str, longer_by: usize| house.status_list(uri, places()) + &"\n".repeat(longer_by);
    let origin = serve_routes(&house, |origin| {
        let served = |name: &str, longer_by: usize| {
            let body = list_at(&format!("{origin}/{name}"), longer_by);
            get(async move || ([(header::CONTENT_TYPE, JWT_MEDIA_TYPE)], body))
        };
        Router::new()
            .route("/straight", served("straight", 1))
            .route("/there", served("moved", 1))
            .route("/moved", get(async || Redirect::temporary("/there")))
            .route("/long", served("long", MAX_TOKEN_BYTES))
    })
    .await;
    let status = async |name: &str| {
        let credential = house.credential(|vc| refer(vc, &format!("{origin}/{name}"), 1));
        let result = result(&house, answer(&house, &credential).await).await;
        result["credentials"]["authority"][0]["status"].clone()
    };
    assert_eq!(status("straight").await, "valid");
    assert_eq!(status("moved").await, "undetermined");
    assert_eq!(status("long").await, "undetermined");
}

#[tokio::test]
async fn of_many_that_wait_for_a_list_one_fetches_and_all_share_its_failure() {
    let house = House::new();
    let listener = TcpListener::bind(ANY_PORT).await.unwrap();
    let uri = format!("https://{}/1", listener.local_addr().unwrap());
    let needed = NeededList { uri, authority: "Minato City CA".into(), forms: ListForms::JwtAlone };
    let look_up = || Arc::clone(&house.app).status_lists(vec![needed.clone()], Some(60));
    let mut waiting = JoinSet::new();
    for _ in 0..MANY {
        waiting.spawn(look_up());
    }
    let (fetching, _) = listener.accept().await.unwrap();
    // All are on this thread: when it comes back here, each of them waits for the one that fetches.
    for _ in 0..MANY {
        tokio::task::yield_now().await;
    }
    drop(fetching);
    let known = tokio::select! {
        known = waiting.join_all() => known,
        _ = listener.accept() => panic!("a second one fetches"),
    };
    assert_eq!(known.len(), MANY);
    for known in known {
        assert!(known[&needed].list.is_none());
        assert_eq!(known[&needed].fresh, Err(StatusError::Unreachable));
    }
    // Nobody waits for it any more, so the next one fetches again.
    let next = tokio::spawn(look_up());
    let (fetching, _) = listener.accept().await.unwrap();
    drop(fetching);
    assert_eq!(next.await.unwrap()[&needed].fresh, Err(StatusError::Unreachable));
}
