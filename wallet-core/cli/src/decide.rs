//! The review at a terminal, and the rules for `--yes`.

use std::io::{self, BufRead, IsTerminal as _, Write};

use inro_base::report::Language;
use inro_wallet_core::{Choice, Group, Review, WalletError};

use crate::error::CliError;
use crate::screen;

/// How often a person may move a switch in one review.
const MAX_SWITCHED: u32 = 200;
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

/// How a decision is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'a> {
    /// By whom.
    pub(crate) approval: Approval,
    /// The claims that `--yes` has to do without.
    pub(crate) without: &'a [String],
    /// For how many days a person would say "always".
    pub(crate) always: Option<u16>,
}

/// Decides on a review.
///
/// # Errors
/// [`CliError::NoTerminal`] when a person has to decide and none is there, or cannot see the review;
/// [`WalletError::NotInReview`] where `without` names what is not asked for; [`WalletError::NotStanding`]
/// where "always" cannot be said. Nothing may be sent then, not even a refusal.
pub(crate) fn decide(review: &Review, manner: Manner<'_>, language: Language) -> Result<Decision, CliError> {
    let Manner { approval, without, always } = manner;
    match approval {
        Approval::Ask if !(io::stdin().is_terminal() && io::stderr().is_terminal()) => {
            Err(CliError::NoTerminal)
        }
        Approval::Ask => ask(review, always, language, &mut io::stdin().lock(), &mut io::stderr()),
        Approval::Registered | Approval::Anything => by_rule(review, approval, without),
    }
}

/// The decision of `--yes`: the least choice, and only what a registration covers. No registration
/// covers the text of a transaction.
fn by_rule(review: &Review, approval: Approval, without: &[String]) -> Result<Decision, CliError> {
    if !review.satisfiable {
        return Ok(Decision::Decline(WalletError::NoMatch.into()));
    }
    let choice = match Choice::without(review, without) {
        // A name that is misspelt withholds nothing: the person decides again.
        Err(error @ WalletError::NotInReview) => return Err(error.into()),
        Err(error) => return Ok(Decision::Decline(error.into())),
        Ok(choice) => choice,
    };
    let over_asks = match review.over_asks(&choice) {
        Ok(over_asks) => over_asks,
        Err(error) => return Ok(Decision::Decline(error.into())),
    };
    Ok(match approval {
        Approval::Anything => Decision::Approve(choice),
        _ if !review.is_registered() => Decision::Decline(CliError::Unregistered),
        _ if over_asks => Decision::Decline(CliError::OverAsked),
        _ if !review.transactions.is_empty() => Decision::Decline(CliError::Unread),
        _ => Decision::Approve(choice),
    })
}

fn ask(
    review: &Review,
    always: Option<u16>,
    language: Language,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Decision, CliError> {
    let no_terminal = |_| CliError::NoTerminal;
    screen::show(review, language, output).map_err(no_terminal)?;
    if !review.satisfiable {
        let text = language.pick("The wallet holds nothing that fits.", "要求に合う資格情報がありません。");
        return decline(WalletError::NoMatch, text, language, input, output);
    }
    let mut picks = Vec::new();
    for (number, group) in review.groups.iter().enumerate() {
        picks.push(pick(number, group, language, input, output)?);
    }
    let choice = switch(review, Choice::of(picks), language, input, output)?;
    match review.chosen(&choice) {
        Ok(chosen) => {
            screen::show_chosen(&chosen, language, output).map_err(no_terminal)?;
            let findings = review.findings(&choice)?;
            screen::show_findings(&findings, language, output).map_err(no_terminal)?;
        }
        Err(error @ WalletError::AllSpent) => {
            let text = language.pick("Every copy was used.", "残りの枚数が足りません。");
            return decline(error, text, language, input, output);
        }
        Err(error @ WalletError::Transaction) => {
            let text = language
                .pick("Nothing that was chosen can authorize it.", "選ばれた資格情報では承認できません。");
            return decline(error, text, language, input, output);
        }
        Err(error) => {
            let text = language.pick("Nothing was chosen.", "何も選ばれていません。");
            return decline(error, text, language, input, output);
        }
    }
    if always.is_some() && !review.may_stand(&choice)? {
        return Err(WalletError::NotStanding.into());
    }
    let question = match (review.transactions.is_empty(), always) {
        (true, None) => language.pick("Present this? [y/N] ", "これを提示しますか？ [y/N] ").to_owned(),
        (false, _) => language
            .pick(
                "Present this and authorize what is written above? [y/N] ",
                "これを提示し、上記の内容を承認しますか？ [y/N] ",
            )
            .to_owned(),
        (true, Some(days)) => always_question(days, language),
    };
    write!(output, "{question}").and_then(|()| output.flush()).map_err(no_terminal)?;
    match line(input)?.as_str() {
        "y" | "Y" | "yes" | "はい" => Ok(Decision::Approve(choice)),
        _ => Ok(Decision::Decline(CliError::Refused)),
    }
}

fn always_question(days: u16, language: Language) -> String {
    match language {
        Language::En => format!(
            "Present this, and for {days} days whenever this verifier asks for exactly this? You will be asked for a gesture each time, and for nothing else. [y/N] "
        ),
        Language::Ja => format!(
            "これを提示し、今後{days}日間、この要求元から同じ要求があれば、内容の確認なしに（毎回の本人操作のみで）提示しますか？ [y/N] "
        ),
    }
}

/// Lets the person withhold what not every answer needs. A choice that cannot be presented is told of
/// afterwards.
fn switch(
    review: &Review,
    mut choice: Choice,
    language: Language,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Choice, CliError> {
    for _ in 0..MAX_SWITCHED {
        let Ok(mut switches) = review.switches(&choice) else { return Ok(choice) };
        switches.retain(|switch| switch.movable);
        if switches.is_empty() {
            return Ok(choice);
        }
        screen::show_switches(&switches, &choice.off, language, output).map_err(|_| CliError::NoTerminal)?;
        let answer = line(input)?;
        if answer.is_empty() {
            return Ok(choice);
        }
        let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let Some(switch) = number.and_then(|number| switches.get(number)) else { continue };
        let off = switch.off();
        choice = match choice.off.contains(&off) {
            true => choice.switch_on(&off),
            false => choice.switch_off(review, off)?,
        };
    }
    Err(CliError::Refused)
}

/// What can only be declined is declined when the person has seen why.
fn decline(
    reason: WalletError,
    text: &str,
    language: Language,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Decision, CliError> {
    let how = language.pick(" Press Enter to decline.", "Enterキーで拒否を送ります。");
    writeln!(output, "{text}{how}").map_err(|_| CliError::NoTerminal)?;
    line(input)?;
    Ok(Decision::Decline(reason.into()))
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

fn line(input: &mut dyn BufRead) -> Result<String, CliError> {
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(read) if read > 0 => Ok(line.trim().to_owned()),
        _ => Err(CliError::NoTerminal),
    }
}

#[cfg(test)]
mod tests {
    use inro_base::{Coded as _, UnixTime};
    use inro_credential::{ClaimPath, Format};
    use inro_wallet_core::{
        Asked, AskedClaim, Asker, ConsentId, CredentialId, GroupOption, Localized, ReviewPurpose,
        ReviewTransaction, Standing,
    };

    use inro_wallet_core::Way;

    use super::*;

    fn by_rule(review: &Review, approval: Approval) -> Decision {
        super::by_rule(review, approval, &[]).unwrap()
    }

    fn review(asker: Asker, over_asked: bool) -> Review {
        let path = ClaimPath::claim("role_code");
        let claims = vec![AskedClaim {
            path,
            name: "role_code".into(),
            label: None,
            value: "welfare\u{1b}".into(),
            over_asked,
            mandatory: true,
            kept: None,
        }];
        let asked = Asked {
            format: Format::SdJwtVc,
            query: "one".into(),
            credential: CredentialId("c".into()),
            vct: "urn:test".into(),
            name: Localized { en: "Role".into(), ja: "職務権限".into() },
            issuer_name: Localized { en: "Minato City".into(), ja: "みなと市".into() },
            claims,
            beside: Vec::new(),
            ways: vec![Way { claims: vec![0], beside: Vec::new() }],
            multiple: false,
            always_visible: vec!["agency".into()],
            bound: true,
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
            transactions: Vec::new(),
            groups: vec![
                Group { required: true, options: vec![option.clone()] },
                Group { required: false, options: vec![option] },
            ],
            satisfiable: true,
            standing: None,
            shown_before: Vec::new(),
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
        let least = Choice::of(vec![Some(0), None]);
        let fits = by_rule(&review(registered(), false), Approval::Registered);
        assert!(matches!(fits, Decision::Approve(choice) if choice == least));
        let unregistered = review(claimed(), true);
        assert_eq!(declined(by_rule(&unregistered, Approval::Registered)), "INRO-WALLET-043");
        let over_asking = review(registered(), true);
        assert_eq!(declined(by_rule(&over_asking, Approval::Registered)), "INRO-WALLET-044");
        let anything = by_rule(&unregistered, Approval::Anything);
        assert!(matches!(anything, Decision::Approve(choice) if choice == least));
    }

    fn approval() -> ReviewTransaction {
        let text = Localized { en: "Approve application 7”".into(), ja: "申請7を承認".into() };
        ReviewTransaction { text, queries: vec!["one".into()] }
    }

    #[test]
    fn yes_authorizes_no_transaction_that_nobody_read() {
        let mut review = review(registered(), false);
        assert!(matches!(by_rule(&review, Approval::Registered), Decision::Approve(_)));
        review.transactions = vec![approval()];
        assert_eq!(declined(by_rule(&review, Approval::Registered)), "INRO-WALLET-060");
        assert!(matches!(by_rule(&review, Approval::Anything), Decision::Approve(_)));
    }

    #[test]
    fn a_person_reads_what_they_authorize() {
        let mut review = review(registered(), false);
        review.transactions = vec![approval()];
        let (decision, screen) = answer(&review, "\ny\n", Language::En);
        assert!(matches!(decision.unwrap(), Decision::Approve(_)));
        assert!(
            screen.contains("You would AUTHORIZE, in the verifier's words: “Approve application 7'”"),
            "{screen}"
        );
        assert!(screen.contains("authorize what is written above? [y/N]"), "{screen}");
        let (decision, screen) = answer(&review, "\nn\n", Language::Ja);
        assert_eq!(declined(decision.unwrap()), "INRO-WALLET-042");
        assert!(screen.contains("承認する内容（要求元の記載）：「申請7を承認」"), "{screen}");
        review.transactions[0].queries = vec!["other".into()];
        let (decision, screen) = answer(&review, "\n\n", Language::En);
        assert_eq!(declined(decision.unwrap()), "INRO-WALLET-061");
        assert!(screen.contains("Nothing that was chosen can authorize it."), "{screen}");
    }

    #[test]
    fn yes_declines_what_the_wallet_does_not_hold() {
        let nothing = Review { satisfiable: false, ..review(registered(), false) };
        for approval in [Approval::Registered, Approval::Anything] {
            assert_eq!(declined(by_rule(&nothing, approval)), "INRO-WALLET-041");
        }
    }

    /// With `INRO_UPDATE_SCREENS` set it writes what is on the screen, to be read and committed.
    fn reads_as(shown: &str, file: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(file);
        if std::env::var_os("INRO_UPDATE_SCREENS").is_some() {
            std::fs::write(&path, shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(path).unwrap());
    }

    fn answer(review: &Review, typed: &str, language: Language) -> (Result<Decision, CliError>, String) {
        let mut screen = Vec::new();
        let decision = ask(review, None, language, &mut typed.as_bytes(), &mut screen);
        (decision, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn a_person_approves_with_y_and_declines_with_anything_else() {
        let review = review(registered(), false);
        let (decision, screen) = answer(&review, "\ny\n", Language::En);
        assert!(
            matches!(decision.unwrap(), Decision::Approve(choice) if choice == Choice::of(vec![Some(0), None]))
        );
        assert!(
            screen.contains("Registered verifier: Welfare System") && screen.contains("To approve welfare")
        );
        let (decision, screen) = answer(&review, "1\ny\n", Language::Ja);
        assert!(
            matches!(decision.unwrap(), Decision::Approve(choice) if choice == Choice::of(vec![Some(0), Some(0)]))
        );
        assert!(screen.contains("登録済みの要求元：福祉システム"), "{screen}");
        for typed in ["0\n\n", "0\nn\n", "\nyy\n"] {
            assert_eq!(declined(answer(&review, typed, Language::En).0.unwrap()), "INRO-WALLET-042");
        }
        assert!(answer(&review, "", Language::En).0.is_err(), "an input that ends decides nothing");
    }

    #[test]
    fn what_needs_more_copies_than_are_left_is_declined() {
        let mut scarce = review(registered(), false);
        let (decision, _) = answer(&scarce, "\ny\n", Language::En);
        assert!(matches!(decision.unwrap(), Decision::Approve(_)));
        for group in &mut scarce.groups {
            group.options[0].credentials[0].copies = 0;
        }
        let (decision, screen) = answer(&scarce, "1\n\n", Language::En);
        assert_eq!(declined(decision.unwrap()), "INRO-WALLET-040");
        assert!(screen.contains("Every copy was used."), "{screen}");
        assert_eq!(declined(by_rule(&scarce, Approval::Registered)), "INRO-WALLET-040");
    }

    fn always(review: &Review, typed: &str, language: Language) -> (Result<Decision, CliError>, String) {
        let mut screen = Vec::new();
        let decision = ask(review, Some(30), language, &mut typed.as_bytes(), &mut screen);
        (decision, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn always_is_asked_in_words_of_its_own_and_only_where_it_can_be_said() {
        let plain = review(registered(), false);
        let (decision, english) = always(&plain, "\ny\n", Language::En);
        assert!(matches!(decision.unwrap(), Decision::Approve(_)));
        reads_as(&english, "always.en.txt");
        let (decision, japanese) = always(&plain, "\nn\n", Language::Ja);
        assert_eq!(declined(decision.unwrap()), "INRO-WALLET-042");
        reads_as(&japanese, "always.ja.txt");
        let mut transaction = review(registered(), false);
        transaction.transactions = vec![approval()];
        for cannot in [review(claimed(), true), review(registered(), true), transaction] {
            let (decision, _) = always(&cannot, "\ny\n", Language::En);
            assert_eq!(decision.unwrap_err().code().as_str(), "INRO-WALLET-070");
        }
    }

    #[test]
    fn the_review_says_what_was_said_before() {
        let mut before = review(registered(), false);
        let (_, screen) = answer(&before, "\nn\n", Language::En);
        assert!(!screen.contains("withdrew"), "{screen}");
        let consent = ConsentId("c".into());
        before.standing = Some(Standing::Withdrawn { consent: consent.clone(), at: UnixTime::from_secs(0) });
        let (_, screen) = answer(&before, "\nn\n", Language::En);
        assert!(screen.contains("You withdrew your approval for this on 1970-01-01T00:00:00Z."), "{screen}");
        before.standing = Some(Standing::Approved { consent, until: UnixTime::from_secs(0) });
        let mut shown = Vec::new();
        let chosen = before.chosen(&Choice::least(&before)).unwrap();
        screen::show_standing(&before, &chosen, UnixTime::from_secs(0), Language::Ja, &mut shown).unwrap();
        reads_as(&String::from_utf8(shown).unwrap(), "standing.ja.txt");
    }

    /// Role or clearance, role first; the grade comes with either.
    fn with_switches() -> Review {
        let mut review = review(registered(), false);
        review.groups.truncate(1);
        let asked = &mut review.groups[0].options[0].credentials[0];
        for (name, mandatory) in [("clearance", false), ("grade", true)] {
            let path = ClaimPath::claim(name);
            asked.claims.push(AskedClaim { path, name: name.into(), mandatory, ..asked.claims[0].clone() });
        }
        asked.claims[0].mandatory = false;
        asked.ways = [[0, 2], [1, 2]].map(|claims| Way { claims: claims.into(), beside: Vec::new() }).into();
        review
    }

    fn presented(review: &Review, decision: Decision) -> Vec<String> {
        let Decision::Approve(choice) = decision else { return Vec::new() };
        let chosen = review.chosen(&choice).unwrap();
        chosen.iter().flat_map(|one| one.disclosed().map(|claim| claim.name.clone())).collect()
    }

    #[test]
    fn a_person_withholds_what_not_every_answer_needs() {
        let review = with_switches();
        for (typed, expected) in [
            ("\ny\n", vec!["role_code", "grade"]),
            ("1\n\ny\n", vec!["clearance", "grade"]),
            ("1\n1\n\ny\n", vec!["role_code", "grade"]),
            ("9\nx\n1\n\ny\n", vec!["clearance", "grade"]),
            ("1\n\nn\n", vec![]),
        ] {
            let (decision, screen) = answer(&review, typed, Language::En);
            assert_eq!(presented(&review, decision.unwrap()), expected, "{typed:?}: {screen}");
        }
        let (_, english) = answer(&review, "1\n\ny\n", Language::En);
        reads_as(&english, "switches.en.txt");
        let (_, japanese) = answer(&review, "1\n\ny\n", Language::Ja);
        reads_as(&japanese, "switches.ja.txt");
    }

    #[test]
    fn a_person_reads_what_links_them() {
        let plain = review(registered(), false);
        let (_, screen) = answer(&plain, "1\nn\n", Language::En);
        assert!(!screen.contains("NOTE:"), "{screen}");
        let mut telling = plain;
        let asked = &mut telling.groups[0].options[0].credentials[0];
        asked.claims[0].path = ClaimPath::claim("employee_number");
        asked.claims[0].label = Some(Localized { en: "Number\u{1b}".into(), ja: "職員番号".into() });
        asked.bound = false;
        asked.copies = 1;
        let (_, english) = answer(&telling, "\nn\n", Language::En);
        reads_as(&english, "findings.en.txt");
        let (_, japanese) = answer(&telling, "\nn\n", Language::Ja);
        reads_as(&japanese, "findings.ja.txt");
    }

    #[test]
    fn yes_does_without_what_it_is_told_to_or_declines() {
        let review = with_switches();
        let without = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
            super::by_rule(&review, Approval::Registered, &names)
        };
        assert_eq!(presented(&review, without(&[]).unwrap()), ["role_code", "grade"]);
        assert_eq!(presented(&review, without(&["role_code"]).unwrap()), ["clearance", "grade"]);
        for needed in [vec!["grade"], vec!["role_code", "clearance"], vec!["agency"]] {
            assert_eq!(declined(without(&needed).unwrap()), "INRO-WALLET-046", "{needed:?}");
        }
        let misspelt = without(&["role_cod"]).unwrap_err();
        assert_eq!(misspelt.code().as_str(), "INRO-WALLET-045");
    }

    #[test]
    fn shows_what_comes_beside_and_that_an_unbound_answer_can_be_passed_on() {
        let mut review = review(registered(), false);
        let (_, before) = answer(&review, "\nn\n", Language::En);
        assert!(!before.contains("not asked for") && !before.contains("pass it on"), "{before}");
        let asked = &mut review.groups[0].options[0].credentials[0];
        asked.beside = vec![AskedClaim { over_asked: true, ..asked.claims[0].clone() }];
        asked.ways[0].beside = vec![0];
        asked.bound = false;
        let (_, screen) = answer(&review, "\nn\n", Language::En);
        assert!(screen.contains("not asked for") && screen.contains("pass it on"), "{screen}");
        assert_eq!(declined(by_rule(&review, Approval::Registered)), "INRO-WALLET-044");
    }

    #[test]
    fn the_whole_review_reads_the_same_as_when_it_was_last_looked_at() {
        let mut review = review(registered(), false);
        let asked = &mut review.groups[1].options[0].credentials[0];
        asked.query = "two".into();
        asked.beside = vec![AskedClaim { over_asked: true, ..asked.claims[0].clone() }];
        asked.ways[0].beside = vec![0];
        let (_, english) = answer(&review, "1\ny\n", Language::En);
        reads_as(&english, "review.en.txt");
        let (_, japanese) = answer(&review, "1\ny\n", Language::Ja);
        reads_as(&japanese, "review.ja.txt");
    }

    #[test]
    fn shows_a_claimed_name_and_over_asked_claims_as_such() {
        let (_, screen) = answer(&review(claimed(), true), "\nn\n", Language::En);
        assert!(screen.contains("CLAIMED, NOT VERIFIED: “Somebody\u{fffd}[2J”"), "{screen}");
        assert!(screen.contains("role_code: welfare\u{fffd}  [not covered by any registration]"));
        assert!(!screen.contains('\u{1b}'));
    }

    /// With a Cyrillic first letter in its second word.
    #[test]
    fn a_name_that_looks_like_a_registered_one_is_shown_as_claimed_and_not_approved() {
        let look_alike = Asker::Claimed { name: "Welfare \u{405}ystem".into() };
        let (_, screen) = answer(&review(registered(), false), "1\nn\n", Language::En);
        assert!(screen.contains("Welfare System") && !screen.contains("NOT VERIFIED"), "{screen}");
        assert!(matches!(by_rule(&review(registered(), false), Approval::Registered), Decision::Approve(_)));
        let imitated = review(look_alike, false);
        assert_eq!(declined(by_rule(&imitated, Approval::Registered)), "INRO-WALLET-043");
        let (_, screen) = answer(&imitated, "1\nn\n", Language::En);
        assert!(screen.contains("CLAIMED, NOT VERIFIED: “Welfare \u{405}ystem”"), "{screen}");
    }
}
