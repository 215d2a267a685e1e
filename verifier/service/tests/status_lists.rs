//! Status lists over HTTPS, from a server that a test fills and empties, at a time that it moves. Every
//! refusal first shows what is accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[expect(dead_code, reason = "the house has more than this file needs")]
mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use common::House;
use inro_base::Clock as _;
use inro_service::server::{Server, Transport};
use inro_service::tls::{self, Origin};
use inro_service::{Bounds, SystemClock};
use inro_status::{Bits, CWT_MEDIA_TYPE, JWT_MEDIA_TYPE, Status, StatusArray, StatusListToken};
use inro_verifier::trust;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The places of the list, by what they say.
const VALID: u64 = 0;
const REVOKED: u64 = 3;
const SUSPENDED: u64 = 4;

/// What the server has: the list as JWT and as CWT; and what it was asked for.
#[derive(Default)]
struct Shelf {
    lists: Option<[Vec<u8>; 2]>,
    /// It has no JWT, and hands out the CWT whatever it is asked for.
    cwt_alone: bool,
    accepted: Vec<String>,
}

/// A verifier, and the server of the agency's one list. Both end with it.
struct Scene {
    house: House,
    shelf: Arc<Mutex<Shelf>>,
    uri: String,
    _folder: TempDir,
    _stop: oneshot::Sender<()>,
}

impl Scene {
    async fn new() -> Self {
        let house = House::new();
        let folder = tempfile::tempdir().unwrap();
        let tls_dir = folder.path().join("tls");
        tls::create(&tls_dir, &Origin::parse("https://localhost").unwrap(), SystemClock.now()).unwrap();
        trust::add_tls(&house.layout, &tls_dir.join("ca.pem")).unwrap();
        let shelf: Arc<Mutex<Shelf>> = Arc::default();
        let router = Router::new().route("/1", get(serve)).with_state(Arc::clone(&shelf));
        let transport = Transport::Tls(tls::server_config(&tls_dir).unwrap());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::bind(address, transport, Bounds::default()).await.unwrap();
        let uri = format!("https://localhost:{}/1", server.address().port());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(router, async move { drop(stopped.await) }));
        Self { house, shelf, uri, _folder: folder, _stop: stop }
    }

    /// A list that was issued `age` seconds ago and ends in `lasts` seconds.
    fn list(&self, age: i64, lasts: i64) -> StatusListToken {
        let mut list = StatusArray::valid(Bits::Two, 16).unwrap();
        list.set(REVOKED, Status::Invalid).unwrap();
        list.set(SUSPENDED, Status::Suspended).unwrap();
        let now = self.house.now();
        let (issued_at, expires_at) = (now.plus(-age), now.plus(lasts));
        StatusListToken { uri: self.uri.clone(), issued_at, expires_at, ttl: 30, list }
    }

    fn serve(&self, list: &StatusListToken) {
        self.shelf.lock().unwrap().lists = Some(self.house.lists(list));
    }

    fn serve_nothing(&self) {
        self.shelf.lock().unwrap().lists = None;
    }

    /// What becomes of an SD-JWT VC at `place`: the code of its rejection, or its status.
    async fn present(&self, place: u64) -> String {
        let credential = self.house.credential(|vc| {
            let status = json!({ "status_list": { "idx": place, "uri": self.uri } });
            vc.claims.insert("status".into(), status);
        });
        self.outcome(&credential, "authority").await
    }

    /// The same of an mdoc.
    async fn present_mdoc(&self, place: u64) -> String {
        self.outcome(&self.house.mdoc(&self.uri, place), "authority_mdoc").await
    }

    async fn outcome(&self, credential: &str, query_id: &str) -> String {
        let created = self.house.create(&json!({ "policy": "approve-welfare" })).await;
        self.house.carry(self.house.answer(&created.link, credential).await).await;
        let result = self.house.result(&created.id).await;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        text(&result["error"]["inro_code"])
            .or_else(|| text(&result["credentials"][query_id][0]["status"]))
            .unwrap()
    }

    fn edit_policy(&self, from: &str, to: &str) {
        let path = self.house.layout.policies().join("approve-welfare.toml");
        let policy = std::fs::read_to_string(&path).unwrap();
        assert!(policy.contains(from));
        std::fs::write(&path, policy.replace(from, to)).unwrap();
    }
}

/// What the request accepts, the JWT sooner.
async fn serve(State(shelf): State<Arc<Mutex<Shelf>>>, headers: HeaderMap) -> Response {
    let mut shelf = shelf.lock().unwrap();
    let accept = headers[header::ACCEPT].to_str().unwrap();
    shelf.accepted.push(accept.to_owned());
    let Some([jwt, cwt]) = shelf.lists.clone() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    if accept.contains(JWT_MEDIA_TYPE) && !shelf.cwt_alone {
        ([(header::CONTENT_TYPE, JWT_MEDIA_TYPE)], jwt).into_response()
    } else {
        ([(header::CONTENT_TYPE, CWT_MEDIA_TYPE)], cwt).into_response()
    }
}

#[tokio::test]
async fn past_its_end_a_list_is_relied_on_for_nothing_and_no_older_one_takes_its_place() {
    let scene = Scene::new().await;
    scene.edit_policy("status_max_age = 60", "status_max_age = 86400");
    scene.serve(&scene.list(0, 1_000));
    let older = scene.list(1, 10_000);
    let with_nobody_taken_back =
        StatusListToken { list: StatusArray::valid(Bits::Two, 16).unwrap(), ..older };
    let all =
        async || [scene.present(VALID).await, scene.present(REVOKED).await, scene.present(SUSPENDED).await];
    assert_eq!(all().await, ["valid", "INRO-VERIFIER-060", "INRO-VERIFIER-061"]);

    scene.serve_nothing();
    scene.house.wait(800);
    assert_eq!(all().await, ["valid", "INRO-VERIFIER-060", "INRO-VERIFIER-061"], "its issuer is away");
    scene.house.wait(200);
    assert_eq!(all().await, ["INRO-VERIFIER-018"; 3], "it is over");
    scene.edit_policy("\"reject\"", "\"accept\"");
    assert_eq!(all().await, ["undetermined"; 3]);

    // Its end does not make room for what was issued before it.
    scene.serve(&with_nobody_taken_back);
    scene.house.wait(5);
    assert_eq!(all().await, ["undetermined"; 3]);
    scene.serve(&scene.list(0, 1_000));
    scene.house.wait(5);
    assert_eq!(all().await, ["valid", "INRO-VERIFIER-060", "INRO-VERIFIER-061"]);
}

#[tokio::test]
async fn a_list_that_was_signed_too_long_ago_makes_nobody_valid() {
    for (age, expected) in [(60, "valid"), (200, "INRO-VERIFIER-018")] {
        let scene = Scene::new().await;
        scene.serve(&scene.list(age, 3_600));
        assert_eq!(scene.present(VALID).await, expected);
        assert_eq!(scene.present(REVOKED).await, "INRO-VERIFIER-060", "which it says at any age");
    }
}

#[tokio::test]
async fn the_list_of_an_sd_jwt_vc_is_a_jwt_and_that_of_an_mdoc_may_be_a_cwt() {
    const BOTH: &str = "application/statuslist+jwt, application/statuslist+cwt;q=0.9";
    let scene = Scene::new().await;
    let accepted = || std::mem::take(&mut scene.shelf.lock().unwrap().accepted);
    scene.serve(&scene.list(0, 1_000));
    assert_eq!(
        (scene.present(VALID).await, scene.present_mdoc(VALID).await),
        ("valid".into(), "valid".into())
    );
    assert_eq!(accepted(), [JWT_MEDIA_TYPE, BOTH], "two lists, each kept as it was asked for");
    assert_eq!(scene.present(REVOKED).await, "INRO-VERIFIER-060");
    assert_eq!(scene.present_mdoc(REVOKED).await, "INRO-VERIFIER-060");
    assert_eq!(accepted().len(), 0);

    let scene = Scene::new().await;
    scene.shelf.lock().unwrap().cwt_alone = true;
    scene.serve(&scene.list(0, 1_000));
    assert_eq!(scene.present_mdoc(VALID).await, "valid");
    assert_eq!(scene.present_mdoc(REVOKED).await, "INRO-VERIFIER-060");
    // The verifier has that very list, and does not take it for an SD-JWT VC.
    for place in [VALID, REVOKED, SUSPENDED] {
        assert_eq!(scene.present(place).await, "INRO-VERIFIER-018");
    }
    scene.house.wait(10);
    scene.shelf.lock().unwrap().cwt_alone = false;
    assert_eq!(scene.present(REVOKED).await, "INRO-VERIFIER-060");
}
