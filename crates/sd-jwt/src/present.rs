use inro_base::UnixTime;
use inro_crypto::{Provider, Signature, Signer};
use inro_jose::JwsToSign;
use serde_json::{Map, Value};

use crate::SdJwtError;
use crate::key_binding::{TYP, hash};

/// An SD-JWT with the disclosures that its holder chose.
#[derive(Debug)]
#[must_use]
pub struct Presentation {
    text: String,
}

/// A presentation that waits for its holder's signature.
#[derive(Debug)]
#[must_use]
pub struct KeyBindingToSign {
    presented: String,
    jws: JwsToSign,
}

impl Presentation {
    pub(crate) fn new<'a>(jwt: &str, disclosures: impl Iterator<Item = &'a str>) -> Self {
        let mut text = jwt.to_owned();
        text.push('~');
        for disclosure in disclosures {
            text.push_str(disclosure);
            text.push('~');
        }
        Self { text }
    }

    /// The text to send where no key binding is asked for.
    pub fn without_key_binding(self) -> String {
        self.text
    }

    /// Binds the presentation to `audience` and `nonce` at `now`.
    ///
    /// Source: RFC 9901 §4.3.
    pub fn key_binding(
        self,
        audience: &str,
        nonce: &str,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> KeyBindingToSign {
        self.key_binding_with(audience, nonce, Map::new(), now, provider)
    }

    /// As [`Presentation::key_binding`], with `more` claims for the holder to sign. None of them takes
    /// the place of one that binds.
    ///
    /// Source: RFC 9901 §4.3; OpenID4VP 1.0 §B.3.3.1.
    pub fn key_binding_with(
        self,
        audience: &str,
        nonce: &str,
        more: Map<String, Value>,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> KeyBindingToSign {
        let header = Map::from_iter([("typ".to_owned(), Value::from(TYP))]);
        let mut payload = more;
        payload.extend([
            ("iat".to_owned(), Value::from(now.as_secs())),
            ("aud".to_owned(), Value::from(audience)),
            ("nonce".to_owned(), Value::from(nonce)),
            ("sd_hash".to_owned(), Value::from(hash(&self.text, provider))),
        ]);
        KeyBindingToSign { presented: self.text, jws: JwsToSign::new(header, &payload) }
    }
}

impl KeyBindingToSign {
    /// The bytes that the holder's key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    /// The text to send.
    pub fn finish(self, signature: &Signature) -> String {
        let mut text = self.presented;
        text.push_str(&self.jws.finish(signature));
        text
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// [`SdJwtError::Jose`] when the key cannot be used.
    pub fn sign_with(self, signer: &dyn Signer) -> Result<String, SdJwtError> {
        let mut text = self.presented;
        text.push_str(&self.jws.sign_with(signer)?);
        Ok(text)
    }
}
