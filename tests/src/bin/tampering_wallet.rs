//! A wallet that answers one request and, when told to, changes one character of what it signed on
//! its way to the verifier: for the demo, which shows that the verifier notices.
//!
//! `inro-tampering-wallet as-signed|one-character-changed HOME TLS-AUTHORITY.pem LINK`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use inro_base::UnixTime;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::RustCrypto;
use inro_wallet_cli::{FileKeys, HttpsClient, SystemClock, SystemRng};
use inro_wallet_core::{
    AnchorKind, AnchorRecord, Boxed, Choice, Http, HttpError, Ports, SqliteStore, Wallet,
};

/// The network between wallet and verifier.
struct Network {
    inner: HttpsClient,
    tampers: bool,
}

impl Http for Network {
    fn send(&self, mut request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        if self.tampers {
            change_one_character(&mut request.body);
        }
        self.inner.send(request)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, home, authority, link] = arguments.as_slice() else {
        return Err("usage: as-signed|one-character-changed HOME TLS-AUTHORITY.pem LINK".into());
    };
    let tampers = match how.as_str() {
        "as-signed" => false,
        "one-character-changed" => true,
        _ => return Err("as-signed or one-character-changed".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(present(Path::new(home), authority, link, tampers))
}

async fn present(home: &Path, authority: &str, link: &str, tampers: bool) -> Result<(), Box<dyn Error>> {
    let pem = std::fs::read_to_string(authority)?;
    let anchor = AnchorRecord { kind: AnchorKind::Tls, pem, added_at: UnixTime::from_secs(0) };
    let wallet = Wallet::open(Ports {
        keys: Arc::new(FileKeys::open(home.join("keys"))?),
        store: Arc::new(SqliteStore::open(&home.join("wallet.sqlite"))?),
        http: Arc::new(Network { inner: HttpsClient::new(&[anchor])?, tampers }),
        clock: Arc::new(SystemClock),
        rng: Box::new(SystemRng),
        provider: Arc::new(RustCrypto),
    })
    .await?;
    let reviewing = wallet.review(link).await?;
    let choice = Choice::least(reviewing.review());
    let sent = wallet.approve(reviewing, choice).await;
    // The verifier says no to what was tampered with: that is what the demo looks for.
    if tampers {
        return Ok(());
    }
    sent.map(drop).map_err(Into::into)
}

/// Changes a character inside the first disclosure of a presentation; leaves other bodies alone.
fn change_one_character(body: &mut [u8]) {
    // `~` stands between issuer-signed JWT, disclosures and key binding; a form escapes it as %7E.
    let tilde = |window: &[u8]| window.eq_ignore_ascii_case(b"%7E") || window.starts_with(b"~");
    /// Behind the tilde, its escape and the first letters of the disclosure.
    const INTO_THE_DISCLOSURE: usize = 10;
    let Some(start) = body.windows(3).position(tilde) else { return };
    if let Some(byte) = body.get_mut(start + INTO_THE_DISCLOSURE) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_one_character_of_a_presentation_and_none_of_another_body() {
        for form in
            ["vp_token=eyJ.a.b%7EWyJhYmNkZWZnaGk%7E&state=x", "vp_token=eyJ.a.b~WyJhYmNkZWZnaGk~&state=x"]
        {
            let mut body = form.as_bytes().to_vec();
            change_one_character(&mut body);
            let differences = body.iter().zip(form.as_bytes()).filter(|(left, right)| left != right).count();
            assert_eq!((differences, body.len()), (1, form.len()));
        }
        let mut body = b"error=access_denied".to_vec();
        change_one_character(&mut body);
        assert_eq!(body, b"error=access_denied");
    }
}
