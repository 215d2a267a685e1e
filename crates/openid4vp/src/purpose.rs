use inro_base::steers;
use serde_json::{Value, json};

/// The longest text of a purpose, in characters: it is shown on one screen.
const MAX_PURPOSE_CHARS: usize = 400;

/// Why a verifier asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Purpose {
    /// Names the purpose within its verifier.
    pub id: String,
    /// In English.
    pub en: String,
    /// In Japanese.
    pub ja: String,
}

impl Purpose {
    /// The value of the request's purpose parameter.
    pub fn to_value(&self) -> Value {
        json!({ "id": self.id, "text": { "en": self.en, "ja": self.ja } })
    }

    /// Reads a value that [`Purpose::to_value`] made; `None` for another shape, a text that is too
    /// long, or characters that steer how it is shown.
    pub fn parse(value: &Value) -> Option<Self> {
        let text = |value: Option<&Value>| {
            let text = value?.as_str()?;
            let fits = text.chars().count() <= MAX_PURPOSE_CHARS && !text.chars().any(steers);
            fits.then(|| text.to_owned())
        };
        Some(Self {
            id: text(value.get("id"))?,
            en: text(value.pointer("/text/en"))?,
            ja: text(value.pointer("/text/ja"))?,
        })
    }
}
