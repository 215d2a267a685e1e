//! The port that asks whether the holder is there.

use inro_base::{Code, Coded, steers};

use crate::boxed::Boxed;
use crate::records::Localized;

/// The longest name of somebody or something in a prompt, in characters.
const MAX_NAME: usize = 60;

/// The system's prompt: a fingerprint, a face, the device's code.
///
/// The engine asks before it uses a key for the holder. Where the keys of this device ask by themselves at
/// each use, an app shows the prompt once: it keeps `reason` for the prompt of the key, and answers here
/// at once.
pub trait Prompts: Send + Sync {
    /// Asks the holder for a gesture, and says why. Each call asks anew.
    ///
    /// # Errors
    /// [`PromptError`], when there was none.
    fn presence<'a>(&'a self, reason: &'a Reason) -> Boxed<'a, Result<(), PromptError>>;
}

/// What the holder is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// To open the wallet.
    OpenWallet,
    /// To receive credentials.
    Receive {
        /// The issuer's name for people.
        issuer: Localized,
    },
    /// To present what was chosen.
    Present {
        /// The verifier's name for people.
        verifier: Localized,
        /// Whether a registration vouches for that name.
        registered: bool,
    },
    /// To delete a credential.
    Delete {
        /// Its name for people.
        credential: Localized,
    },
    /// To take data out of the wallet.
    Export,
    /// To withdraw a standing approval.
    Withdraw {
        /// The verifier's name for people.
        verifier: Localized,
    },
    /// To give the wallet up for good.
    Unenrol,
}

/// Why there was no gesture.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The holder dismissed the prompt.
    #[error("the holder cancelled")]
    Cancelled,
    /// Nobody answered, or the system took the prompt away.
    #[error("the holder did not confirm in time")]
    TimedOut,
    /// Too many wrong attempts: the device takes no gesture for a while, or wants its code first.
    #[error("the device is locked after wrong attempts")]
    LockedOut,
    /// There is no way to ask: no screen lock, no terminal.
    #[error("nobody can be asked")]
    Unavailable,
}

impl Reason {
    /// The reason in a sentence for the prompt. The names in it are strangers' words: cut, and without
    /// characters that could rearrange the sentence.
    pub fn text(&self) -> Localized {
        match self {
            Self::OpenWallet => sentence("Open the wallet.", "ウォレットを開きます。"),
            Self::Receive { issuer } => {
                let (en, ja) = names(issuer);
                sentence(format!("Receive from {en}."), format!("{ja}から受け取ります。"))
            }
            Self::Present { verifier, registered } => {
                let (en, ja) = names(verifier);
                let (claimed, own) = if *registered { ("", "") } else { (" (claimed)", "（自称）") };
                sentence(format!("Present to {en}{claimed}."), format!("{ja}{own}に提示します。"))
            }
            Self::Delete { credential } => {
                let (en, ja) = names(credential);
                sentence(format!("Delete {en}."), format!("{ja}を削除します。"))
            }
            Self::Export => sentence("Take data out of the wallet.", "ウォレットからデータを取り出します。"),
            Self::Withdraw { verifier } => {
                let (en, ja) = names(verifier);
                sentence(format!("Withdraw the approval for {en}."), format!("{ja}への承認を取り消します。"))
            }
            Self::Unenrol => sentence("Give up this wallet for good.", "ウォレットの利用を終了します。"),
        }
    }
}

impl Coded for PromptError {
    fn code(&self) -> Code {
        match self {
            Self::Cancelled => const { Code::new("INRO-WALLET-004") },
            Self::TimedOut => const { Code::new("INRO-WALLET-005") },
            Self::LockedOut => const { Code::new("INRO-WALLET-006") },
            Self::Unavailable => const { Code::new("INRO-WALLET-009") },
        }
    }
}

fn sentence(en: impl Into<String>, ja: impl Into<String>) -> Localized {
    Localized { en: en.into(), ja: ja.into() }
}

/// The name in English and in Japanese; where one is missing, the other.
fn names(name: &Localized) -> (String, String) {
    let (en, ja) = (short(&name.en), short(&name.ja));
    let unnamed = |other: &str, word: &str| if other.is_empty() { word.to_owned() } else { other.to_owned() };
    let english = if en.is_empty() { unnamed(&ja, "(no name)") } else { en.clone() };
    let japanese = if ja.is_empty() { unnamed(&en, "（名称なし）") } else { ja };
    (english, japanese)
}

fn short(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().collect();
    let mut line: String = words.join(" ").chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect();
    if let Some((end, _)) = line.char_indices().nth(MAX_NAME) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_name_neither_fills_the_prompt_nor_rearranges_it() {
        let reason = |en: &str, ja: &str| Reason::Present {
            verifier: Localized { en: en.into(), ja: ja.into() },
            registered: false,
        };
        let plain = reason("Welfare System", "福祉システム").text();
        assert_eq!(plain.en, "Present to Welfare System (claimed).");
        assert_eq!(plain.ja, "福祉システム（自称）に提示します。");
        assert_eq!(reason("Somebody", "").text().ja, "Somebody（自称）に提示します。");
        assert_eq!(reason("", "").text().en, "Present to (no name) (claimed).");
        let hostile = reason(&format!("A\n\n{}\u{202e}{}", " ".repeat(500), "b".repeat(500)), "").text().en;
        assert!(
            hostile.starts_with("Present to A \u{fffd}bb") && hostile.ends_with("b… (claimed)."),
            "{hostile}"
        );
        assert!(hostile.chars().count() < 100);
    }
}
