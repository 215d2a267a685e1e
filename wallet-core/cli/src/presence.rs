//! The stand-in for the prompt of a phone: a line at the terminal.

use std::future::ready;
use std::io::{self, BufRead, IsTerminal as _, Write};

use inro_base::report::Language;
use inro_wallet_core::{Boxed, PromptError, Prompts, Reason};

use crate::language::localized;
use crate::output;

/// Asks for the Enter key where a phone asks for a fingerprint. It proves that somebody sits there, and
/// not who: for tests and demonstrations.
pub struct TerminalPrompts {
    language: Language,
    assumed: bool,
}

impl TerminalPrompts {
    /// A prompt in `language`. With `assumed` it asks nobody, and says so.
    pub const fn new(language: Language, assumed: bool) -> Self {
        Self { language, assumed }
    }

    fn ask(&self, reason: &Reason) -> Result<(), PromptError> {
        if self.assumed {
            output::complain(self.language.pick(
                "presence: nobody was asked (--yes), for tests\n",
                "本人の操作：確認を省きました（--yes、試験用）\n",
            ));
            return Ok(());
        }
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(PromptError::Unavailable);
        }
        question(reason, self.language, &mut io::stdin().lock(), &mut io::stderr())
    }
}

impl Prompts for TerminalPrompts {
    fn presence<'a>(&'a self, reason: &'a Reason) -> Boxed<'a, Result<(), PromptError>> {
        Box::pin(ready(self.ask(reason)))
    }
}

fn question(
    reason: &Reason,
    language: Language,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<(), PromptError> {
    let text = reason.text();
    let how = language.pick(
        "Press Enter where a phone would want your finger; n cancels: ",
        "スマートフォンの指紋認証の代わりにEnterキーを押してください（nで中止）：",
    );
    let asked = write!(output, "{}\n{how}", localized(&text, language)).and_then(|()| output.flush());
    asked.map_err(|_| PromptError::Unavailable)?;
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(read) if read > 0 && line.trim().is_empty() => Ok(()),
        Ok(read) if read > 0 => Err(PromptError::Cancelled),
        Ok(_) | Err(_) => Err(PromptError::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use inro_wallet_core::testing::contract;

    use super::*;

    struct Typed(Mutex<&'static [u8]>, Language);

    impl Prompts for Typed {
        fn presence<'a>(&'a self, reason: &'a Reason) -> Boxed<'a, Result<(), PromptError>> {
            let mut typed = self.0.lock().unwrap();
            Box::pin(ready(question(reason, self.1, &mut *typed, &mut io::sink())))
        }
    }

    #[test]
    fn keeps_the_contract_of_a_prompt() {
        for language in [Language::En, Language::Ja] {
            contract::prompts(&|answer| {
                let typed: &[u8] = if answer.is_ok() { b"\n" } else { b"n\n" };
                Box::new(Typed(Mutex::new(typed), language))
            });
        }
    }

    #[test]
    fn says_what_for_and_takes_the_end_of_input_for_nobody() {
        let mut shown = Vec::new();
        let ended = question(&Reason::Export, Language::En, &mut io::empty(), &mut shown);
        assert_eq!(ended, Err(PromptError::Unavailable));
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.starts_with("Take data out of the wallet.\nPress Enter"), "{shown}");
    }
}
