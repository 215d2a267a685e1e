//! A verifier is sent on an errand: the address of a status list is the choice of who issued the credential,
//! and may lead inside the verifier's own network.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use inro_base::Clock as _;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_credential::dcql::Candidate;
use inro_credential::{ClaimPath, HeldCredential};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::Jwk;
use inro_openid4vp::wallet::{Chosen, RequestLink};
use inro_sd_jwt::{HeldSdJwt, VcIssuance};
use inro_status::{Bits, StatusArray, StatusListToken};
use inro_trust::{Anchors, Usage, oid};
use inro_wallet_cli::{SystemClock, SystemRng};
use inro_wallet_core::Http as _;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::revocation::edit_policy;
use crate::story::{Story, block_on, client};

/// An authority, or a leaf under one.
struct Certified {
    params: CertificateParams,
    pair: KeyPair,
    der: Vec<u8>,
}

impl Certified {
    fn authority(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pair = KeyPair::generate().unwrap();
        let der = params.self_signed(&pair).unwrap().der().to_vec();
        Self { params, pair, der }
    }

    fn leaf(&self, params: CertificateParams) -> Self {
        let pair = KeyPair::generate().unwrap();
        let authority = rcgen::Issuer::from_params(&self.params, &self.pair);
        let der = params.signed_by(&pair, &authority).unwrap().der().to_vec();
        Self { params, pair, der }
    }

    fn key(&self) -> SoftwareKey {
        SoftwareKey::from_pkcs8_pem(&self.pair.serialize_pem()).unwrap()
    }

    /// Has the verifier's operator trust it.
    fn add_to(&self, story: &Story, usage: &str) {
        let path = story.path(&format!("added{usage}.pem"));
        std::fs::write(&path, self.params.self_signed(&self.pair).unwrap().pem()).unwrap();
        story.verifier(&["trust", "add"], &[usage, path.to_str().unwrap(), "--json"]);
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params
}

/// An agency that the verifier trusts, and one of its employees.
struct Agency {
    signer: Certified,
    holder: SoftwareKey,
}

impl Agency {
    fn trusted_in(story: &Story) -> Self {
        let authority = Certified::authority("Errands City CA");
        authority.add_to(story, "--issuer");
        let mut leaf = params("Errands City");
        leaf.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::Other(Usage::CredentialIssuer.oid().to_vec())];
        let types = inro_trust::credential_types_extension(&["role-authority"]).unwrap();
        leaf.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, types));
        Self { signer: authority.leaf(leaf), holder: SoftwareKey::generate(&mut SystemRng) }
    }

    fn credential(&self, status: &str) -> HeldSdJwt {
        let now = SystemClock.now();
        let claims = json!({
            "powers": ["welfare.approve"], "scope": { "agency": "13103" },
            "status": { "status_list": { "idx": 0, "uri": status } },
        });
        let issuance = VcIssuance {
            vct: "urn:inro:role-authority:1".into(),
            issued_at: Some(now),
            not_before: None,
            expires_at: Some(now.plus(3_600)),
            claims: claims.as_object().unwrap().clone(),
            disclosable: vec![ClaimPath::parse(&json!(["powers", null])).unwrap()],
            decoys_per_object: 0,
            holder_key: Some(Jwk::from(self.holder.public_key())),
            x5c: vec![self.signer.der.clone()],
        };
        let unsigned = issuance.build(&mut SystemRng, &RustCrypto).unwrap();
        HeldSdJwt::parse(&unsigned.sign_with(&self.signer.key()).unwrap(), &RustCrypto).unwrap()
    }

    /// A list in which everybody is valid.
    fn list(&self, uri: &str) -> String {
        let now = SystemClock.now();
        let list = StatusArray::valid(Bits::Two, 16).unwrap();
        let token =
            StatusListToken { uri: uri.into(), issued_at: now, expires_at: now.plus(3_600), ttl: 1, list };
        token.jwt_to_sign(std::slice::from_ref(&self.signer.der)).sign_with(&self.signer.key()).unwrap()
    }

    /// Presents a credential whose status stands at `status`; gives what the verifier says of it.
    fn present(&self, story: &Story, status: &str) -> Value {
        let asked = story.ask(&json!({ "policy": "approve-welfare" }));
        let network = client(&story.path("verifier/tls/ca.pem"));
        let send = |request: HttpRequest| -> HttpResponse { block_on(network.send(request)).unwrap() };
        let link = asked["authorization_request"].as_str().unwrap();
        let (awaiting, fetch) = RequestLink::parse(link).unwrap().fetch(&mut SystemRng);
        let mut anchors = Anchors::new();
        let pem = std::fs::read_to_string(story.path("verifier/trust/ca.pem")).unwrap();
        anchors.add_pem(&pem, &[Usage::Verifier]).unwrap();
        let unverified = awaiting.received(&send(fetch), &RustCrypto).unwrap();
        let request = unverified.verify(&anchors, SystemClock.now(), &RustCrypto).unwrap();
        let held = self.credential(status);
        let candidate = Candidate {
            format: "dc+sd-jwt",
            type_id: held.vct(),
            claims: held.claims(),
            holder_binding: true,
            authority_key_ids: &[],
        };
        let reviewing = request.review(&[candidate]);
        let paths = reviewing.matches().unwrap().preferred()[0].candidate.paths.clone();
        let chosen = Chosen { credential: "authority".into(), copy: HeldCredential::SdJwt(held), paths };
        let signing = reviewing.approve(vec![chosen], SystemClock.now(), &RustCrypto).unwrap();
        let sign = |input: &&[u8]| self.holder.sign_es256(input).unwrap();
        let signatures = signing.signing_inputs().iter().map(sign).collect();
        send(signing.finish(signatures, &mut SystemRng, &RustCrypto).unwrap().1);
        story.result(&asked)
    }
}

/// A server on the loopback addresses that counts who connects to it, and serves lists.
struct Inside {
    port: u16,
    connected: Arc<AtomicUsize>,
    /// What it serves, by the path.
    lists: Arc<OnceLock<Vec<String>>>,
}

impl Inside {
    /// The verifier trusts its certificate, which names all of its addresses.
    fn trusted_in(story: &Story) -> Self {
        let authority = Certified::authority("Errands TLS");
        authority.add_to(story, "--tls");
        let mut leaf = params("localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into().unwrap()),
            SanType::IpAddress("127.0.0.1".parse().unwrap()),
            SanType::IpAddress("::1".parse().unwrap()),
        ];
        let leaf = authority.leaf(leaf);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf.pair.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(leaf.der)], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inside = Self { port, connected: Arc::default(), lists: Arc::default() };
        // Where the machine has IPv6, `localhost` may be either.
        let listeners = std::iter::once(listener).chain(TcpListener::bind(("::1", port)));
        listeners.for_each(|listener| inside.serve(listener, Arc::clone(&config)));
        inside
    }

    #[expect(clippy::disallowed_methods, reason = "a server of its own beside the story's processes")]
    fn serve(&self, listener: TcpListener, config: Arc<ServerConfig>) {
        let (connected, lists) = (Arc::clone(&self.connected), Arc::clone(&self.lists));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connected.fetch_add(1, Ordering::SeqCst);
                // A client that hangs up has its reasons.
                drop(answer(stream, &config, lists.get().map_or(&[], Vec::as_slice)));
            }
        });
    }

    fn connected(&self) -> usize {
        self.connected.load(Ordering::SeqCst)
    }
}

/// One request, and the list of the number that its path is.
fn answer(stream: TcpStream, config: &Arc<ServerConfig>, lists: &[String]) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    while reader.read_line(&mut String::new())? > 2 {}
    let number = first.split(['/', ' ']).find_map(|part| part.parse::<usize>().ok());
    let list = number.and_then(|number| lists.get(number)).map_or("", String::as_str);
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/statuslist+jwt\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{list}",
        list.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
fn no_list_is_fetched_from_inside_the_network_unless_the_settings_allow_it() {
    let mut story = Story::begin_unregistered();
    let (agency, inside) = (Agency::trusted_in(&story), Inside::trusted_in(&story));
    let hosts = ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"];
    let uris: Vec<String> = hosts
        .iter()
        .enumerate()
        .map(|(number, host)| format!("https://{host}:{}/{number}", inside.port))
        .collect();
    inside.lists.set(uris.iter().map(|uri| agency.list(uri)).collect()).unwrap();

    allow(&mut story, false);
    for uri in uris.iter().map(String::as_str).chain(["https://10.0.0.1/1", "https://[fd00::1]/1"]) {
        let result = agency.present(&story, uri);
        assert_eq!(result["status"], "rejected", "{uri}: {result}");
        assert_eq!(result["error"]["inro_code"], "INRO-VERIFIER-018", "{uri}");
    }
    // It says so too where the policy takes what nobody could determine.
    edit_policy(&story, "on_undetermined = \"reject\"", "on_undetermined = \"accept\"");
    for uri in &uris {
        let result = agency.present(&story, uri);
        assert_eq!(result["credentials"]["authority"][0]["status"], "undetermined", "{uri}: {result}");
    }
    assert_eq!(inside.connected(), 0);
    let log = std::fs::read_to_string(story.path("verifier.log")).unwrap();
    assert!(log.contains("INRO-STATUS-003"), "{log}");

    // The same credentials, once the settings allow it.
    allow(&mut story, true);
    for (number, uri) in uris.iter().take(4).enumerate() {
        let result = agency.present(&story, uri);
        assert_eq!(result["credentials"]["authority"][0]["status"], "valid", "{uri}: {result}");
        assert_eq!(inside.connected(), number + 1, "{uri}");
    }
}

/// Whether status lists may lie at private addresses.
fn allow(story: &mut Story, allowed: bool) {
    let path = story.path("verifier/config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = |allowed: bool| format!("private_status_hosts = {allowed}");
    assert!(text.contains(&line(!allowed)), "{text}");
    std::fs::write(&path, text.replace(&line(!allowed), &line(allowed))).unwrap();
    story.restart_verifier();
}
