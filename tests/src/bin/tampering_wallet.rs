//! A wallet that answers one request and, when told to, changes one disclosure of what it signed on
//! its way to the verifier: for the demo, which shows that the verifier notices.
//!
//! `inro-tampering-wallet as-signed|one-disclosure-changed HOME TLS-AUTHORITY.pem LINK`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use inro_base::UnixTime;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::report::Language;
use inro_crypto::RustCrypto;
use inro_wallet_cli::{FileKeys, HttpsClient, SystemClock, SystemRng, TerminalPrompts, open_store};
use inro_wallet_core::{AnchorKind, AnchorRecord, Boxed, Choice, Http, HttpError, Ports, Wallet};

/// The network between wallet and verifier.
struct Network {
    inner: HttpsClient,
    tampers: bool,
}

impl Http for Network {
    fn send(&self, mut request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        if self.tampers {
            change_a_disclosure(&mut request.body);
        }
        self.inner.send(request)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, home, authority, link] = arguments.as_slice() else {
        return Err("usage: as-signed|one-disclosure-changed HOME TLS-AUTHORITY.pem LINK".into());
    };
    let tampers = match how.as_str() {
        "as-signed" => false,
        "one-disclosure-changed" => true,
        _ => return Err("as-signed or one-disclosure-changed".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(present(Path::new(home), authority, link, tampers))
}

async fn present(home: &Path, authority: &str, link: &str, tampers: bool) -> Result<(), Box<dyn Error>> {
    let pem = std::fs::read_to_string(authority)?;
    let anchor = AnchorRecord { kind: AnchorKind::Tls, pem, added_at: UnixTime::from_secs(0) };
    let keys = FileKeys::open(home.join("keys"))?;
    let store = open_store(home, &keys).await?;
    let wallet = Wallet::open(Ports {
        keys: Arc::new(keys),
        prompts: Arc::new(TerminalPrompts::new(Language::En, true)),
        store: Arc::new(store),
        http: Arc::new(Network { inner: HttpsClient::new(&[anchor])?, tampers }),
        clock: Arc::new(SystemClock),
        rng: Box::new(SystemRng),
        provider: Arc::new(RustCrypto),
    })
    .await?;
    let mut reviewing = wallet.review(link).await?;
    let choice = Choice::least(reviewing.review());
    let sent = wallet.approve(&mut reviewing, choice).await;
    // The verifier says no to what was tampered with: that is what the demo looks for.
    if tampers {
        return Ok(());
    }
    sent.map(drop).map_err(Into::into)
}

/// Changes letters in the salt of a presentation's first disclosure, which stays well-formed; leaves
/// other bodies alone.
fn change_a_disclosure(body: &mut [u8]) {
    // `~` stands between issuer-signed JWT, disclosures and key binding; a form escapes it as %7E.
    let separator = |at: usize| match body.get(at..)? {
        [b'~', ..] => Some(at + 1),
        [b'%', b'7', b'E' | b'e', ..] => Some(at + 3),
        _ => None,
    };
    let Some(start) = (0..body.len()).find_map(separator) else { return };
    // A disclosure is base64url of `["salt",…`: its second group of four characters is three letters
    // of the salt.
    if let Some(letters) = body.get_mut(start + 4..start + 8) {
        letters.copy_from_slice(if letters == b"QUFB" { b"QkJC" } else { b"QUFB" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_the_salt_of_a_disclosure_and_nothing_of_another_body() {
        for (form, changed) in [
            (
                "vp_token=eyJ.a.b%7EWyJhYmNkZWZnaGk%7E&state=x",
                "vp_token=eyJ.a.b%7EWyJhQUFBZWZnaGk%7E&state=x",
            ),
            ("vp_token=eyJ.a.b~WyJhQUFBZWZnaGk~&state=x", "vp_token=eyJ.a.b~WyJhQkJCZWZnaGk~&state=x"),
            ("error=access_denied", "error=access_denied"),
        ] {
            let mut body = form.as_bytes().to_vec();
            change_a_disclosure(&mut body);
            assert_eq!(body, changed.as_bytes());
        }
    }
}
