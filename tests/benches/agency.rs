//! An agency's work by the hundred thousand: HR's file in, credentials out; then its service at rest, and
//! a wallet at a terminal.
//!
//! Prints one JSON line for each figure; `cargo xtask bench` makes `docs/benchmarks.md` of them.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops here")]

#[expect(dead_code, reason = "the benchmark of sessions needs the rest")]
mod programs;

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use inro_base::{Clock as _, Rng, base64url};
use inro_crypto::{Provider as _, Signer as _, SoftwareKey};
use inro_crypto_aws::{AwsLc, AwsLcKey};
use inro_issuer::config::Layout;
use inro_issuer::hr::Options;
use inro_issuer::issuer::{BATCH_SIZE, Issuer};
use inro_issuer::offers::OfferWish;
use inro_issuer::{employees, folder};
use inro_jose::{Jwk, JwsToSign};
use inro_oauth::form;
use inro_openid4vci::issuer::RequestBody;
use inro_openid4vci::response::CredentialResponse;
use inro_service::{OsRng, SystemClock};
use programs::{Service, command, free_url, memory, ok, print};
use serde_json::{Value, json};

const ROWS: usize = 100_000;
const BATCHES: usize = 10_000;
/// How long a service rests before its memory is read.
const REST: Duration = Duration::from_secs(10);
const LISTINGS: usize = 21;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

fn main() {
    let root = tempfile::tempdir().unwrap();
    let (agency, url) = (root.path().join("issuer"), free_url());
    programs::agency(&agency, &url);
    import(&agency);
    issue(&agency, &url);
    let service = Service::start("inro-issuer", &agency);
    std::thread::sleep(REST);
    print("agency/at rest, bytes", memory(&service.process(), "VmRSS"));
    wallet(root.path());
}

/// Reads HR's file with [`ROWS`] rows as `employee import` does.
fn import(agency: &Path) {
    let mut text = String::from(
        "employee_number,name_kanji,name_kana,name_latin,agency_code,agency,department_code,department,post,employment,grade,roles,contract_id,valid_from,valid_until\n",
    );
    for number in 0..ROWS {
        let _ = writeln!(
            text,
            "{},見本 花子{number},ミホン ハナコ,MIHON Hanako,M0001,みなと市,D110,福祉課,主事,permanent,2,welfare-clerk:D110:welfare,,2025-04-01,",
            employee(number)
        );
    }
    let (store, roles) = (folder::store(agency).unwrap(), folder::roles(&Layout::new(agency)).unwrap());
    let kept = memory("self", "VmRSS");
    let (now, start) = (SystemClock.now(), clock());
    forget_peak();
    let done = employees::import(&store, Cursor::new(text), Options::default(), &roles, false, now).unwrap();
    print("agency/import/nanoseconds", nanoseconds(start.elapsed()));
    print("agency/import/bytes", memory("self", "VmHWM") - kept);
    assert_eq!(done.report.good, u64::try_from(ROWS).unwrap());
    print("agency/import/rows", done.report.rows);
}

fn employee(number: usize) -> String {
    format!("E{number:06}")
}

/// Issues a batch to each of [`BATCHES`] employees, through everything behind the endpoints. What the
/// wallets do meanwhile is not counted.
fn issue(agency: &Path, url: &str) {
    let issuer = folder::open(agency).unwrap();
    let key = || AwsLcKey::new(&SoftwareKey::generate(&mut OsRng)).unwrap();
    let keys: Vec<AwsLcKey> = (0..BATCH_SIZE).map(|_| key()).collect();
    let mut times = [Duration::ZERO; 3];
    forget_peak();
    for number in 0..BATCHES {
        let taken = Wallet { issuer: &issuer, url, keys: &keys }.receive(&employee(number));
        times.iter_mut().zip(taken).for_each(|(time, taken)| *time += taken);
    }
    print("agency/issue/bytes", memory("self", "VmHWM"));
    print("agency/issue/credentials", u64::try_from(BATCHES * BATCH_SIZE).unwrap());
    for (name, time) in ["1 offer", "2 redeem", "3 issue"].into_iter().zip(times) {
        print(
            &format!("agency/issue/each batch/{name}"),
            nanoseconds(time) / u64::try_from(BATCHES).unwrap(),
        );
    }
}

struct Wallet<'a> {
    issuer: &'a Issuer,
    url: &'a str,
    keys: &'a [AwsLcKey],
}

impl Wallet<'_> {
    /// Receives a batch; gives how long the issuer took to offer, to redeem and to issue.
    fn receive(&self, employee: &str) -> [Duration; 3] {
        let wish = OfferWish {
            employee: employee.into(),
            types: vec!["employee-id".into()],
            formats: vec!["dc+sd-jwt".into()],
            tx_code: false,
            needs_approval: false,
            lifetime: 600,
        };
        let (offer, offering) = timed(|| self.issuer.create_offer(&wish).unwrap());
        let handle = offer.uri.expose().rsplit('/').next().unwrap();
        let code = self.issuer.open_offer(handle).unwrap().unwrap().pre_authorized_code;
        let body = form::encode(&[("grant_type", GRANT), ("pre-authorized_code", code.expose())]);
        let dpop = self.dpop("/token", None);
        let (token, redeeming) = timed(|| self.issuer.redeem([dpop.as_str()], &body).unwrap());
        let token = token.access_token.expose();
        let nonce = self.issuer.c_nonce();
        let claims = json!({ "aud": self.url, "iat": SystemClock.now().as_secs(), "nonce": nonce });
        let proofs: Vec<String> =
            self.keys.iter().map(|key| jws("openid4vci-proof+jwt", key, &claims)).collect();
        let body = json!({
            "credential_configuration_id": "employee-id.dc+sd-jwt", "proofs": { "jwt": proofs },
        });
        let (body, dpop) = (body.to_string(), self.dpop("/credential", Some(token)));
        let authorization = format!("DPoP {token}");
        let (issued, issuing) = timed(|| {
            let body = RequestBody { bytes: body.as_bytes(), encrypted: false };
            self.issuer.issue([authorization.as_str()], [dpop.as_str()], body).unwrap()
        });
        let CredentialResponse::Issued { credentials, .. } = issued.response else { unreachable!() };
        assert_eq!(credentials.len(), BATCH_SIZE);
        [offering, redeeming, issuing]
    }

    fn dpop(&self, path: &str, token: Option<&str>) -> String {
        let rng: &mut dyn Rng = &mut OsRng;
        let mut claims = json!({
            "jti": rng.token::<16>(),
            "htm": "POST",
            "htu": format!("{}{path}", self.url),
            "iat": SystemClock.now().as_secs(),
            "nonce": self.issuer.dpop_nonce(),
        });
        if let (Some(token), Some(claims)) = (token, claims.as_object_mut()) {
            claims.insert("ath".into(), base64url::encode(&AwsLc.sha256(token.as_bytes())).into());
        }
        jws("dpop+jwt", self.keys.first().unwrap(), &claims)
    }
}

fn jws(typ: &str, key: &AwsLcKey, claims: &Value) -> String {
    let header = json!({ "typ": typ, "jwk": Jwk::new(key.public_key()).to_value() });
    let (header, claims) = (header.as_object().unwrap().clone(), claims.as_object().unwrap());
    JwsToSign::new(header, claims).sign_with(key).unwrap()
}

/// A wallet that holds a credential lists what it has.
fn wallet(root: &Path) {
    let path = |below: &str| root.join(below).to_str().unwrap().to_owned();
    let home = path("wallet");
    for (usage, file) in [("--issuer", "issuer/trust/ca.pem"), ("--tls", "issuer/tls/ca.pem")] {
        ok("inro-wallet", &["--home", &home, "trust", "add", usage, &path(file)]);
    }
    let (dir, number) = (path("issuer"), employee(BATCHES));
    let offer = ["offer", "create", "--dir", &dir, "--employee", &number, "--credential", "employee-id"];
    let offer: Value = serde_json::from_str(&ok("inro-issuer", &[&offer[..], &["--json"]].concat())).unwrap();
    let link = offer.get("credential_offer").and_then(Value::as_str).unwrap();
    ok("inro-wallet", &["--home", &home, "receive", link, "--json"]);
    let mut times: Vec<Duration> = (0..LISTINGS).map(|_| first_output(&home)).collect();
    times.sort_unstable();
    print("wallet/first output", nanoseconds(times.swap_remove(LISTINGS / 2)));
}

fn first_output(home: &str) -> Duration {
    let start = clock();
    let mut listing = command("inro-wallet");
    let mut child = listing.args(["--home", home, "list"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    let taken = start.elapsed();
    stdout.read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    taken
}

/// From here on `VmHWM` is the peak of what follows.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = clock();
    let value = work();
    (value, start.elapsed())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn clock() -> Instant {
    Instant::now()
}
