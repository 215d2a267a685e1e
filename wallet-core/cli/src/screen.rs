//! The review as its holder reads it. Nothing of a stranger's reaches the terminal unbounded.

use std::io::{self, Write};

use inro_base::UnixTime;
use inro_base::report::Language;
use inro_wallet_core::{
    Answer, Asked, AskedClaim, Asker, Finding, Group, Localized, Review, ReviewPurpose, Standing, Switch,
    SwitchedOff,
};

use crate::language::{brief, localized, value};

/// The longest name, path or host on the screen, in characters.
const MAX_NAME: usize = 100;
/// The longest purpose, in characters. Source: ours, as `inro_openid4vp` reads them.
const MAX_PURPOSE: usize = 400;
/// The longest finding, in characters.
const MAX_FINDING: usize = 500;
/// The longest text of a transaction, in characters. Source: ours, as `inro_openid4vp` reads them.
const MAX_TRANSACTION: usize = 1_000;

/// Who asks, why, where the answer goes, and every option.
pub(crate) fn show(review: &Review, language: Language, output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "{}", asker(&review.asker, language))?;
    let host = brief(&review.host, MAX_NAME);
    writeln!(output, "{}{host}", language.pick("Answer goes to: ", "送信先："))?;
    writeln!(output, "{}", purpose(review.purpose.as_ref(), language))?;
    match review.standing {
        None => {}
        Some(Standing::Withdrawn { at, .. }) => match language {
            Language::En => writeln!(output, "You withdrew your approval for this on {at}.")?,
            Language::Ja => writeln!(output, "この要求元への承認は{at}に取り消しています。")?,
        },
        Some(Standing::Approved { until, .. }) => show_until(until, language, output)?,
    }
    for transaction in &review.transactions {
        let label =
            language.pick("You would AUTHORIZE, in the verifier's words: ", "承認する内容（要求元の記載）：");
        let text = claimed(localized(&transaction.text, language), MAX_TRANSACTION, language);
        writeln!(output, "{label}{text}")?;
    }
    for (number, group) in review.groups.iter().enumerate() {
        show_group(number + 1, group, language, output)?;
    }
    Ok(())
}

/// What a standing approval presents, in short.
pub(crate) fn show_standing(
    review: &Review,
    chosen: &[Answer<'_>],
    until: UnixTime,
    language: Language,
    output: &mut dyn Write,
) -> io::Result<()> {
    writeln!(output, "{}", asker(&review.asker, language))?;
    let host = brief(&review.host, MAX_NAME);
    writeln!(output, "{}{host}", language.pick("Answer goes to: ", "送信先："))?;
    writeln!(output, "{}", purpose(review.purpose.as_ref(), language))?;
    show_until(until, language, output)?;
    show_chosen(chosen, language, output)
}

fn show_until(until: UnixTime, language: Language, output: &mut dyn Write) -> io::Result<()> {
    match language {
        Language::En => writeln!(output, "You approved this always, until {until}."),
        Language::Ja => writeln!(output, "「常に承認」を選んだ要求です（{until}まで）。"),
    }
}

/// What was chosen in short, and whether any of it stands outside every registration.
pub(crate) fn show_chosen(
    chosen: &[Answer<'_>],
    language: Language,
    output: &mut dyn Write,
) -> io::Result<()> {
    writeln!(output, "{}", language.pick("What you would present:", "提示する内容："))?;
    let (colon, comma) = (language.pick(": ", "："), language.pick(", ", "、"));
    for answer in chosen {
        // Several elements of an array have one label.
        let mut labels: Vec<String> = Vec::new();
        for label in answer.disclosed().map(|claim| label(claim, language)) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        writeln!(output, "  {}{colon}{}", credential_name(answer.asked, language), labels.join(comma))?;
    }
    let beyond = |one: &Answer<'_>| one.asked.over_asked || one.disclosed().any(|claim| claim.over_asked);
    if chosen.iter().any(beyond) {
        let warning = language.pick(
            "WARNING: part of this is not covered by any registration.",
            "警告：登録の範囲外の項目が含まれています。",
        );
        writeln!(output, "{warning}")?;
    }
    Ok(())
}

/// What links the holder, one line each.
pub(crate) fn show_findings(
    findings: &[Finding],
    language: Language,
    output: &mut dyn Write,
) -> io::Result<()> {
    for finding in findings {
        let text = brief(localized(&finding.text(), language), MAX_FINDING);
        writeln!(output, "{}{text}", language.pick("NOTE: ", "注意："))?;
    }
    Ok(())
}

/// The claims that the holder may keep, numbered, and the question for one of them.
pub(crate) fn show_switches(
    switches: &[Switch<'_>],
    off: &[SwitchedOff],
    language: Language,
    output: &mut dyn Write,
) -> io::Result<()> {
    writeln!(output, "{}", language.pick("You can withhold:", "開示しないことができる項目："))?;
    for (index, switch) in switches.iter().enumerate() {
        let mark = if switch.on { "[x]" } else { "[ ]" };
        let name = label(switch.claim, language);
        let state = match (switch.on, off.contains(&switch.off())) {
            (true, _) => "",
            (false, true) => language.pick("  (withheld)", "（開示しない）"),
            (false, false) => language.pick("  (not needed)", "（不要）"),
        };
        let credential = credential_name(switch.asked, language);
        let colon = language.pick(": ", "：");
        writeln!(output, "  {}) {mark} {credential}{colon}{name}{state}", index + 1)?;
    }
    let question = language
        .pick("Switch which, by number? Enter goes on. ", "切り替える項目の番号（Enterキーで次へ）：");
    write!(output, "{question}")?;
    output.flush()
}

fn asker(asker: &Asker, language: Language) -> String {
    let (label, name) = match asker {
        Asker::Registered { name } => {
            let label = language.pick("Registered verifier: ", "登録済みの要求元：");
            (label, brief(localized(name, language), MAX_NAME))
        }
        Asker::Claimed { name } => {
            let label = language.pick("CLAIMED, NOT VERIFIED: ", "自称（未確認）：");
            (label, claimed(name, MAX_NAME, language))
        }
    };
    if name.is_empty() {
        return format!("{label}{}", language.pick("(no name)", "（名称なし）"));
    }
    format!("{label}{name}")
}

fn purpose(purpose: Option<&ReviewPurpose>, language: Language) -> String {
    let Some(purpose) = purpose else {
        return language.pick("Purpose: not stated", "目的：示されていません").to_owned();
    };
    let text = localized(&purpose.text, language);
    if purpose.registered {
        let label = language.pick("Purpose: ", "目的：");
        return format!("{label}{}", brief(text, MAX_PURPOSE));
    }
    let label = language.pick("Purpose (claimed, not verified): ", "目的（自称・未確認）：");
    format!("{label}{}", claimed(text, MAX_PURPOSE, language))
}

/// A stranger's own words, between marks that show where they end.
fn claimed(text: &str, limit: usize, language: Language) -> String {
    let text = brief(text, limit).replace(['“', '”', '「', '」'], "'");
    let (open, close) = match language {
        _ if text.is_empty() => ("", ""),
        Language::En => ("“", "”"),
        Language::Ja => ("「", "」"),
    };
    format!("{open}{text}{close}")
}

fn show_group(number: usize, group: &Group, language: Language, output: &mut dyn Write) -> io::Result<()> {
    let title = match (group.required, language) {
        (true, Language::En) => format!("Part {number} (required)"),
        (false, Language::En) => format!("Part {number} (optional)"),
        (true, Language::Ja) => format!("項目{number}（必須）"),
        (false, Language::Ja) => format!("項目{number}（任意）"),
    };
    writeln!(output, "{title}")?;
    for (index, option) in group.options.iter().enumerate() {
        for (place, asked) in option.credentials.iter().enumerate() {
            let mark = if place == 0 { format!("{})", index + 1) } else { " +".to_owned() };
            show_asked(&mark, asked, language, output)?;
        }
    }
    Ok(())
}

fn show_asked(mark: &str, asked: &Asked, language: Language, output: &mut dyn Write) -> io::Result<()> {
    let (name, issuer) = (credential_name(asked, language), name(&asked.issuer_name, language));
    writeln!(output, "  {mark} {name} — {issuer}{}", outside(asked.over_asked, language))?;
    for claim in &asked.claims {
        show_claim(asked, claim, language, output)?;
    }
    if !asked.beside.is_empty() {
        let text = language.pick(
            "also disclosed, though not asked for, because it cannot be separated:",
            "次の項目は要求されていませんが、分けられないため併せて開示されます：",
        );
        writeln!(output, "       {text}")?;
    }
    for claim in &asked.beside {
        show_claim(asked, claim, language, output)?;
    }
    if !asked.always_visible.is_empty() {
        let names: Vec<_> = asked.always_visible.iter().map(|name| brief(name, MAX_NAME)).collect();
        let label = language.pick("always visible: ", "常に開示される項目：");
        writeln!(output, "       {label}{}", names.join(language.pick(", ", "、")))?;
    }
    if !asked.bound {
        let text = language.pick(
            "not bound to this verifier: whoever receives it can pass it on",
            "この要求元に限定されません。受け取った者が他へ転送できます",
        );
        writeln!(output, "       {text}")?;
    }
    let copies = match language {
        Language::En => format!("uses up 1 of {} copies; equal values can still be recognized", asked.copies),
        Language::Ja => {
            format!(
                "残り{}枚のうち1枚を使用します。値が同じ場合、同じ人だと分かることがあります",
                asked.copies
            )
        }
    };
    writeln!(output, "       {copies}")
}

fn show_claim(
    asked: &Asked,
    claim: &AskedClaim,
    language: Language,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (label, path) = (label(claim, language), brief(&claim.name, MAX_NAME));
    let value = value(&claim.value, language);
    let optional = optional(asked, claim, language);
    let mark = [optional, outside(claim.over_asked, language), kept(claim.kept, language)].concat();
    let (open, close) = (language.pick(" (", "（"), language.pick("): ", "）："));
    let path =
        if label == path { language.pick(": ", "：").to_owned() } else { format!("{open}{path}{close}") };
    writeln!(output, "       {label}{path}{value}{mark}")
}

/// Says of a claim that not every answer needs whether the verifier asks for it first or makes do with it.
fn optional(asked: &Asked, claim: &AskedClaim, language: Language) -> &'static str {
    let first = |answer: Answer<'_>| answer.disclosed().any(|shown| shown.path == claim.path);
    match (claim.mandatory, asked.preferred().is_some_and(first)) {
        (true, _) => "",
        (false, true) => language.pick("  [optional]", "  【任意】"),
        (false, false) => language.pick("  [only instead of another]", "  【他の項目の代わりに開示】"),
    }
}

const fn outside(over_asked: bool, language: Language) -> &'static str {
    match over_asked {
        true => language.pick("  [not covered by any registration]", "  【登録の範囲外】"),
        false => "",
    }
}

const fn kept(kept: Option<bool>, language: Language) -> &'static str {
    match kept {
        Some(true) => language.pick("  [the verifier will keep it]", "  【要求元が保存します】"),
        Some(false) => language.pick("  [the verifier will not keep it]", "  【要求元は保存しません】"),
        None => "",
    }
}

fn label(claim: &AskedClaim, language: Language) -> String {
    let label = claim.label.as_ref().map(|label| name(label, language)).filter(|label| !label.is_empty());
    label.unwrap_or_else(|| brief(&claim.name, MAX_NAME))
}

fn credential_name(asked: &Asked, language: Language) -> String {
    let name = name(&asked.name, language);
    if name.is_empty() { brief(&asked.vct, MAX_NAME) } else { name }
}

fn name(name: &Localized, language: Language) -> String {
    brief(localized(name, language), MAX_NAME)
}
