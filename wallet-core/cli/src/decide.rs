//! The review at a terminal, and the rules for `--yes`.

use std::io::{self, BufRead, IsTerminal as _, Write};

use inro_wallet_core::{Asked, Asker, Choice, Group, Review};
use serde_json::Value;

use crate::error::CliError;
use crate::language::{Language, plain};

/// How often a person may answer with something else than was asked.
const MAX_ATTEMPTS: u32 = 5;

/// What `--yes` may approve.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Approval {
    /// Ask at the terminal.
    Ask,
    /// Approve what the verifier is registered for.
    Registered,
    /// Approve also what no registration covers.
    Anything,
}

/// What was decided.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Present this.
    Approve(Choice),
    /// Decline, for this reason.
    Decline(CliError),
}

/// Decides on a review.
///
/// # Errors
/// [`CliError::NoTerminal`] when a person has to decide and none is there. Nothing may be sent
/// then, not even a refusal.
pub(crate) fn decide(review: &Review, approval: Approval, language: Language) -> Result<Decision, CliError> {
    match approval {
        Approval::Ask if !io::stdin().is_terminal() => Err(CliError::NoTerminal),
        Approval::Ask => ask(review, language, &mut io::stdin().lock(), &mut io::stderr()),
        Approval::Registered | Approval::Anything => Ok(by_rule(review, approval)),
    }
}

/// The decision of `--yes`: the least choice, and only what a registration covers.
fn by_rule(review: &Review, approval: Approval) -> Decision {
    let choice = Choice::least(review);
    let over_asks = match review.over_asks(&choice) {
        Ok(over_asks) => over_asks,
        Err(error) => return Decision::Decline(error.into()),
    };
    match approval {
        Approval::Anything => Decision::Approve(choice),
        _ if !review.is_registered() => Decision::Decline(CliError::Unregistered),
        _ if over_asks => Decision::Decline(CliError::OverAsked),
        _ => Decision::Approve(choice),
    }
}

fn ask(
    review: &Review,
    language: Language,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Decision, CliError> {
    let no_terminal = |_| CliError::NoTerminal;
    show(review, language, output).map_err(no_terminal)?;
    if !review.satisfiable {
        let text = language.pick(
            "The wallet holds nothing that fits. Press Enter to decline.",
            "要求に合う資格情報がありません。Enterキーで拒否を送ります。",
        );
        writeln!(output, "{text}").map_err(no_terminal)?;
        line(input)?;
        return Ok(Decision::Decline(inro_wallet_core::WalletError::NoMatch.into()));
    }
    let mut picks = Vec::new();
    for (number, group) in review.groups.iter().enumerate() {
        picks.push(pick(number, group, language, input, output)?);
    }
    let choice = Choice(picks);
    if let Err(error) = review.chosen(&choice) {
        return Ok(Decision::Decline(error.into()));
    }
    let question = language.pick("Present this? [y/N] ", "これを提示しますか？ [y/N] ");
    write!(output, "{question}").and_then(|()| output.flush()).map_err(no_terminal)?;
    match line(input)?.as_str() {
        "y" | "Y" | "yes" | "はい" => Ok(Decision::Approve(choice)),
        _ => Ok(Decision::Decline(CliError::Refused)),
    }
}

fn pick(
    number: usize,
    group: &Group,
    language: Language,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Option<usize>, CliError> {
    if group.required && group.options.len() == 1 {
        return Ok(Some(0));
    }
    if group.options.is_empty() {
        return Ok(None);
    }
    let (most, part) = (group.options.len(), number + 1);
    let default = if group.required { "1" } else { "0" };
    for _ in 0..MAX_ATTEMPTS {
        let (first, leave_out) = match (group.required, language) {
            (true, _) => (1, ""),
            (false, Language::En) => (0, ", 0 leaves it out"),
            (false, Language::Ja) => (0, "、0は提示しない"),
        };
        let question = match language {
            Language::En => format!("Part {part}: which option, {first}–{most}{leave_out}? [{default}] "),
            Language::Ja => {
                format!("項目{part}：どれを選びますか（{first}〜{most}{leave_out}）？ [{default}] ")
            }
        };
        write!(output, "{question}").and_then(|()| output.flush()).map_err(|_| CliError::NoTerminal)?;
        let answer = line(input)?;
        let answer = if answer.is_empty() { default } else { answer.as_str() };
        match answer.parse::<usize>() {
            Ok(0) if !group.required => return Ok(None),
            Ok(chosen) if (1..=most).contains(&chosen) => return Ok(Some(chosen - 1)),
            _ => {}
        }
    }
    Err(CliError::Refused)
}

fn show(review: &Review, language: Language, output: &mut dyn Write) -> io::Result<()> {
    match &review.asker {
        Asker::Registered { name } => {
            let label = language.pick("Registered verifier", "登録済みの要求元");
            writeln!(output, "{label}: {}", plain(language.name(name)))?;
        }
        Asker::Claimed { name } => {
            let label = language.pick("CLAIMED, NOT VERIFIED", "自称（未確認）");
            writeln!(output, "{label}: {}", plain(name))?;
        }
    }
    writeln!(output, "{}: {}", language.pick("Answer goes to", "送信先"), plain(&review.host))?;
    if let Some(purpose) = &review.purpose {
        let label = match purpose.registered {
            true => language.pick("Purpose", "目的"),
            false => language.pick("Purpose (claimed, not verified)", "目的（自称・未確認）"),
        };
        writeln!(output, "{label}: {}", plain(language.name(&purpose.text)))?;
    }
    for (number, group) in review.groups.iter().enumerate() {
        let kind = match group.required {
            true => language.pick("required", "必須"),
            false => language.pick("optional", "任意"),
        };
        writeln!(output, "{} {} ({kind})", language.pick("Part", "項目"), number + 1)?;
        for (index, option) in group.options.iter().enumerate() {
            for asked in &option.credentials {
                show_asked(index + 1, asked, language, output)?;
            }
        }
    }
    Ok(())
}

fn show_asked(option: usize, asked: &Asked, language: Language, output: &mut dyn Write) -> io::Result<()> {
    let (name, issuer) = (plain(language.name(&asked.name)), plain(language.name(&asked.issuer_name)));
    let mark = match asked.over_asked {
        true => language.pick("  [not covered by any registration]", "  【登録の範囲外】"),
        false => "",
    };
    writeln!(output, "  {option}) {name} — {issuer}{mark}")?;
    for claim in &asked.claims {
        let mark = match claim.over_asked {
            true => language.pick("  [not covered by any registration]", "  【登録の範囲外】"),
            false => "",
        };
        let label = claim.label.as_ref().map(|label| language.name(label)).filter(|label| !label.is_empty());
        let (label, value) = (plain(label.unwrap_or(&claim.name)), shown(&claim.value));
        writeln!(output, "       {label} ({}): {value}{mark}", plain(&claim.name))?;
    }
    if !asked.always_visible.is_empty() {
        let label = language.pick("always visible", "常に開示される項目");
        writeln!(output, "       ({label}: {})", plain(&asked.always_visible.join(", ")))?;
    }
    let copies = match language {
        Language::En => format!("uses up one of {} copies; equal claims can still be linked", asked.copies),
        Language::Ja => format!("残り{}枚のうち1枚を使用。同じ内容の項目は照合され得ます", asked.copies),
    };
    writeln!(output, "       ({copies})")
}

fn shown(value: &Value) -> String {
    plain(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn line(input: &mut dyn BufRead) -> Result<String, CliError> {
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(read) if read > 0 => Ok(line.trim().to_owned()),
        _ => Err(CliError::NoTerminal),
    }
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;
    use inro_credential::ClaimPath;
    use inro_wallet_core::{AskedClaim, CredentialId, GroupOption, Localized, ReviewPurpose};

    use super::*;

    fn review(asker: Asker, over_asked: bool) -> Review {
        let path = ClaimPath::claim("role_code");
        let claims = vec![AskedClaim {
            path,
            name: "role_code".into(),
            label: None,
            value: "welfare\u{1b}".into(),
            over_asked,
        }];
        let asked = Asked {
            query: "one".into(),
            credential: CredentialId("c".into()),
            vct: "urn:test".into(),
            name: Localized { en: "Role".into(), ja: "職務権限".into() },
            issuer_name: Localized { en: "Minato City".into(), ja: "みなと市".into() },
            claims,
            always_visible: vec!["agency".into()],
            over_asked: false,
            copies: 10,
        };
        let option = GroupOption { credentials: vec![asked] };
        Review {
            asker,
            purpose: Some(ReviewPurpose {
                text: Localized { en: "To approve welfare".into(), ja: "福祉の承認".into() },
                registered: true,
            }),
            host: "localhost:9443".into(),
            groups: vec![
                Group { required: true, options: vec![option.clone()] },
                Group { required: false, options: vec![option] },
            ],
            satisfiable: true,
        }
    }

    fn registered() -> Asker {
        Asker::Registered { name: Localized { en: "Welfare System".into(), ja: "福祉システム".into() } }
    }

    fn claimed() -> Asker {
        Asker::Claimed { name: "Somebody\u{1b}[2J".into() }
    }

    fn declined(decision: Decision) -> &'static str {
        match decision {
            Decision::Decline(error) => error.code().as_str(),
            Decision::Approve(_) => "approved",
        }
    }

    #[test]
    fn yes_approves_what_a_registration_covers_and_nothing_else() {
        let least = Choice(vec![Some(0), None]);
        let fits = by_rule(&review(registered(), false), Approval::Registered);
        assert!(matches!(fits, Decision::Approve(choice) if choice == least));
        let unregistered = review(claimed(), true);
        assert_eq!(declined(by_rule(&unregistered, Approval::Registered)), "INRO-WALLET-043");
        let over_asking = review(registered(), true);
        assert_eq!(declined(by_rule(&over_asking, Approval::Registered)), "INRO-WALLET-044");
        let anything = by_rule(&unregistered, Approval::Anything);
        assert!(matches!(anything, Decision::Approve(choice) if choice == least));
    }

    #[test]
    fn yes_declines_what_the_wallet_does_not_hold() {
        let nothing = Review { satisfiable: false, ..review(registered(), false) };
        for approval in [Approval::Registered, Approval::Anything] {
            assert_eq!(declined(by_rule(&nothing, approval)), "INRO-WALLET-041");
        }
    }

    fn answer(review: &Review, typed: &str, language: Language) -> (Result<Decision, CliError>, String) {
        let mut screen = Vec::new();
        let decision = ask(review, language, &mut typed.as_bytes(), &mut screen);
        (decision, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn a_person_approves_with_y_and_declines_with_anything_else() {
        let review = review(registered(), false);
        let (decision, screen) = answer(&review, "\ny\n", Language::En);
        assert!(
            matches!(decision.unwrap(), Decision::Approve(choice) if choice == Choice(vec![Some(0), None]))
        );
        assert!(
            screen.contains("Registered verifier: Welfare System") && screen.contains("To approve welfare")
        );
        let (decision, screen) = answer(&review, "1\ny\n", Language::Ja);
        assert!(
            matches!(decision.unwrap(), Decision::Approve(choice) if choice == Choice(vec![Some(0), Some(0)]))
        );
        assert!(screen.contains("登録済みの要求元: 福祉システム"), "{screen}");
        for typed in ["0\n\n", "0\nn\n", "\nyy\n"] {
            assert_eq!(declined(answer(&review, typed, Language::En).0.unwrap()), "INRO-WALLET-042");
        }
        assert!(answer(&review, "", Language::En).0.is_err(), "an input that ends decides nothing");
    }

    #[test]
    fn shows_a_claimed_name_and_over_asked_claims_as_such() {
        let (_, screen) = answer(&review(claimed(), true), "\nn\n", Language::En);
        assert!(screen.contains("CLAIMED, NOT VERIFIED: Somebody\u{fffd}[2J"), "{screen}");
        assert!(screen.contains("role_code (role_code): welfare\u{fffd}  [not covered by any registration]"));
        assert!(!screen.contains('\u{1b}'));
    }
}
