use serde_json::{Value, json};

use super::model::{Claim, CredentialType};

impl CredentialType {
    /// The type metadata document.
    ///
    /// Source: draft-ietf-oauth-sd-jwt-vc §5.2, §5.5, §5.6.
    pub fn metadata(&self) -> Value {
        let rendering = json!({"simple": {"background_color": self.colour, "text_color": self.text_colour}});
        json!({
            "vct": self.vct,
            "name": self.name.en,
            "description": self.description.en,
            "display": [
                {"locale": "en", "name": self.name.en, "description": self.description.en, "rendering": rendering},
                {"locale": "ja", "name": self.name.ja, "description": self.description.ja, "rendering": rendering},
            ],
            "claims": self.claims.iter().map(claim).collect::<Vec<_>>(),
        })
    }

    /// The claims as the issuer's metadata lists them in `credential_metadata`.
    ///
    /// Source: OpenID4VCI 1.0 §12.2.4 and annex B.2.
    pub fn issuer_metadata_claims(&self) -> Value {
        self.claims
            .iter()
            .map(|claim| {
                json!({
                    "path": claim.path().to_value(),
                    "mandatory": claim.mandatory,
                    "display": [
                        {"name": claim.name.en, "locale": "en"},
                        {"name": claim.name.ja, "locale": "ja"},
                    ],
                })
            })
            .collect()
    }
}

fn claim(claim: &Claim) -> Value {
    json!({
        "path": claim.path().to_value(),
        "display": [
            {"locale": "en", "label": claim.name.en, "description": claim.description.en},
            {"locale": "ja", "label": claim.name.ja, "description": claim.description.ja},
        ],
        "mandatory": claim.mandatory,
        "sd": claim.disclosure.as_str(),
    })
}
