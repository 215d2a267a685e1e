//! What the holder chooses of a review: an option of each group, and claims that stay in the wallet.

use inro_credential::{ClaimPath, PathElement};

use crate::error::WalletError;
use crate::records::CredentialId;
use crate::review::{Asked, AskedClaim, Group, GroupOption, Review, ReviewTransaction, Way, is_within};

/// What the holder chose. Nothing can be chosen that the verifier does not take: a claim that is
/// switched off picks another of its claim sets, or none is left and nothing is presented.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// Which option of each group, in the order of the groups; `None` leaves the group out.
    pub picks: Vec<Option<usize>>,
    /// What is not to be disclosed.
    pub off: Vec<SwitchedOff>,
}

/// A claim that stays in the wallet, with what lies beneath it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SwitchedOff {
    /// The wallet's credential.
    pub credential: CredentialId,
    /// Where the claim stands in it, as [`AskedClaim::path`] says.
    pub path: ClaimPath,
}

/// What a choice presents of one credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer<'a> {
    /// The credential, and what it is asked for.
    pub asked: &'a Asked,
    way: &'a Way,
}

/// One claim of the picked options, as a switch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Switch<'a> {
    /// The credential, and what it is asked for.
    pub asked: &'a Asked,
    /// The claim.
    pub claim: &'a AskedClaim,
    /// Whether the choice discloses it.
    pub on: bool,
    /// Whether it can be switched off beside what is off already.
    pub movable: bool,
}

impl Review {
    /// What `choice` presents, in the order of the groups: of each credential the first answer that the
    /// verifier takes and that discloses nothing that is switched off.
    ///
    /// # Errors
    /// [`WalletError::NoMatch`] when the request cannot be answered;
    /// [`WalletError::NotInReview`] when the choice does not fit the review;
    /// [`WalletError::Mandatory`] when every answer discloses something that is switched off;
    /// [`WalletError::Transaction`] when it has no credential to authorize a transaction with;
    /// [`WalletError::AllSpent`] when every copy of a chosen credential was used.
    pub fn chosen(&self, choice: &Choice) -> Result<Vec<Answer<'_>>, WalletError> {
        if !self.satisfiable {
            return Err(WalletError::NoMatch);
        }
        let mut chosen: Vec<Answer<'_>> = Vec::new();
        for option in self.picked(choice)? {
            for asked in &option.credentials {
                let answer = asked.answer(&choice.off).ok_or(WalletError::Mandatory)?;
                // Two groups may need the same answer; it is given once.
                if !chosen.contains(&answer) {
                    chosen.push(answer);
                }
            }
        }
        if chosen.iter().any(|answer| answer.asked.copies == 0) {
            return Err(WalletError::AllSpent);
        }
        let only = |answer: &Answer<'_>| {
            let same = chosen.iter().filter(|other| other.asked.query == answer.asked.query);
            answer.asked.multiple || same.count() == 1
        };
        if chosen.is_empty() || !chosen.iter().all(only) {
            return Err(WalletError::NotInReview);
        }
        if !self.transactions.iter().all(|transaction| transaction.fits(chosen.iter().map(|one| one.asked))) {
            return Err(WalletError::Transaction);
        }
        let needed = |id: &CredentialId| chosen.iter().filter(|one| one.asked.credential == *id).count();
        let enough = |one: &Answer<'_>| {
            u32::try_from(needed(&one.asked.credential)).is_ok_and(|n| n <= one.asked.copies)
        };
        if chosen.iter().all(enough) { Ok(chosen) } else { Err(WalletError::AllSpent) }
    }

    /// Whether `choice` discloses a claim that no registration covers, asked for or not.
    ///
    /// # Errors
    /// As [`Review::chosen`].
    pub fn over_asks(&self, choice: &Choice) -> Result<bool, WalletError> {
        let beyond = |one: &Answer<'_>| one.asked.over_asked || one.disclosed().any(|claim| claim.over_asked);
        Ok(self.chosen(choice)?.iter().any(beyond))
    }

    /// The claims of the picked options as switches, each claim of a credential once.
    ///
    /// # Errors
    /// As [`Review::chosen`].
    pub fn switches(&self, choice: &Choice) -> Result<Vec<Switch<'_>>, WalletError> {
        let chosen = self.chosen(choice)?;
        let mut switches: Vec<Switch<'_>> = Vec::new();
        for Answer { asked, .. } in &chosen {
            for claim in asked.claims.iter().chain(&asked.beside) {
                let same = |other: &Switch<'_>| {
                    other.asked.credential == asked.credential && other.claim.path == claim.path
                };
                if switches.iter().any(same) {
                    continue;
                }
                let discloses =
                    |one: &Answer<'_>| one.asked.credential == asked.credential && one.discloses(&claim.path);
                let movable = self.chosen(&choice.and_off(asked, claim)).is_ok();
                let on = chosen.iter().any(discloses);
                switches.push(Switch { asked, claim, on, movable });
            }
        }
        Ok(switches)
    }

    /// The picked options. What is switched off has to be in one of the groups.
    fn picked(&self, choice: &Choice) -> Result<Vec<&GroupOption>, WalletError> {
        if choice.picks.len() != self.groups.len() || !choice.off.iter().all(|off| self.names(off)) {
            return Err(WalletError::NotInReview);
        }
        let mut picked = Vec::new();
        for (group, pick) in self.groups.iter().zip(&choice.picks) {
            match pick {
                Some(pick) => picked.push(group.options.get(*pick).ok_or(WalletError::NotInReview)?),
                None if group.required => return Err(WalletError::NotInReview),
                None => {}
            }
        }
        Ok(picked)
    }

    fn names(&self, off: &SwitchedOff) -> bool {
        self.all_asked().any(|asked| {
            let mut claims = asked.claims.iter().chain(&asked.beside);
            asked.credential == off.credential && claims.any(|claim| claim.path.covers(&off.path))
        })
    }

    fn all_asked(&self) -> impl Iterator<Item = &Asked> {
        self.groups.iter().flat_map(|group| &group.options).flat_map(|option| &option.credentials)
    }
}

impl Asked {
    /// What would be presented if the verifier had its way.
    pub fn preferred(&self) -> Option<Answer<'_>> {
        self.answer(&[])
    }

    /// Whether the holder has a choice of what to disclose.
    pub fn has_switches(&self) -> bool {
        self.ways.len() > 1
    }

    fn answer(&self, off: &[SwitchedOff]) -> Option<Answer<'_>> {
        let off = || off.iter().filter(|off| off.credential == self.credential);
        // What everybody sees cannot be switched off.
        if off().any(|off| self.shows_regardless(&off.path)) {
            return None;
        }
        let mut answers = self.ways.iter().map(|way| Answer { asked: self, way });
        answers.find(|answer| !off().any(|off| answer.discloses(&off.path)))
    }

    fn shows_regardless(&self, path: &ClaimPath) -> bool {
        let mut claims = self.claims.iter().chain(&self.beside).filter(|claim| claim.path == *path);
        claims.any(|claim| self.always_shows(&claim.name))
    }
}

impl<'a> Answer<'a> {
    /// What is asked for and would be disclosed.
    pub fn claims(&self) -> impl Iterator<Item = &'a AskedClaim> + use<'a> {
        let asked = self.asked;
        self.way.claims.iter().filter_map(|index| asked.claims.get(*index))
    }

    /// What would be disclosed with it without having been asked for.
    pub fn beside(&self) -> impl Iterator<Item = &'a AskedClaim> + use<'a> {
        let asked = self.asked;
        self.way.beside.iter().filter_map(|index| asked.beside.get(*index))
    }

    /// What would be disclosed of it: what is asked for, and what comes with it.
    pub fn disclosed(&self) -> impl Iterator<Item = &'a AskedClaim> + use<'a> {
        self.claims().chain(self.beside())
    }

    /// Whether any part of the claim at `path` would be disclosed.
    fn discloses(&self, path: &ClaimPath) -> bool {
        self.disclosed().any(|claim| claim.path.covers(path) || path.covers(&claim.path))
    }
}

impl Choice {
    /// These options, and nothing switched off.
    pub const fn of(picks: Vec<Option<usize>>) -> Self {
        Self { picks, off: Vec::new() }
    }

    /// The first option of each required group, and nothing that is optional but what a transaction
    /// needs. Where no group is required, the first that can be answered.
    pub fn least(review: &Review) -> Self {
        Self::of(least(review, &|_| true))
    }

    /// The same, without the claims called `names` and what lies beneath them, whichever credential
    /// has them.
    ///
    /// # Errors
    /// [`WalletError::NotInReview`] for a name that the request does not ask for;
    /// [`WalletError::Mandatory`] when there is no answer without them.
    pub fn without(review: &Review, names: &[String]) -> Result<Self, WalletError> {
        let overlap = |one: &str, other: &str| is_within(one, other) || is_within(other, one);
        let known = |name: &String| {
            let mut asked = review.all_asked();
            asked.any(|asked| {
                let mut claims = asked.claims.iter().chain(&asked.beside);
                let visible = asked.always_visible.iter().any(|visible| overlap(visible, name));
                visible || claims.any(|claim| overlap(&claim.name, name))
            })
        };
        if !names.iter().all(known) {
            return Err(WalletError::NotInReview);
        }
        let mut off: Vec<SwitchedOff> = Vec::new();
        for asked in review.all_asked() {
            let claims = asked.claims.iter().chain(&asked.beside);
            let paths = claims.flat_map(|claim| names.iter().filter_map(|name| part(claim, name)));
            for path in paths {
                let one = SwitchedOff { credential: asked.credential.clone(), path };
                if !off.contains(&one) {
                    off.push(one);
                }
            }
        }
        let hides = |asked: &Asked| {
            let mut visible = asked.always_visible.iter();
            !visible.any(|visible| names.iter().any(|name| overlap(visible, name)))
                && asked.answer(&off).is_some()
        };
        let picks = least(review, &|option| option.credentials.iter().all(hides));
        let missing = review.groups.iter().zip(&picks).any(|(group, pick)| group.required && pick.is_none());
        if missing || picks.iter().all(Option::is_none) {
            return Err(WalletError::Mandatory);
        }
        Ok(Self { picks, off })
    }

    /// The same choice with one claim more that stays in the wallet.
    ///
    /// # Errors
    /// [`WalletError::Mandatory`] when there is no answer without it; else as [`Review::chosen`].
    pub fn switch_off(&self, review: &Review, switch: SwitchedOff) -> Result<Self, WalletError> {
        let mut choice = self.clone();
        if !choice.off.contains(&switch) {
            choice.off.push(switch);
        }
        review.chosen(&choice)?;
        Ok(choice)
    }

    /// The same choice, in which this claim need not stay in the wallet.
    pub fn switch_on(&self, switch: &SwitchedOff) -> Self {
        let off = self.off.iter().filter(|off| *off != switch).cloned().collect();
        Self { picks: self.picks.clone(), off }
    }

    fn and_off(&self, asked: &Asked, claim: &AskedClaim) -> Self {
        let switch = SwitchedOff { credential: asked.credential.clone(), path: claim.path.clone() };
        let mut choice = self.clone();
        choice.off.push(switch);
        choice
    }
}

impl Switch<'_> {
    /// What switches it off.
    pub fn off(&self) -> SwitchedOff {
        SwitchedOff { credential: self.asked.credential.clone(), path: self.claim.path.clone() }
    }
}

/// Where what is called `name` stands in `claim`: all of it, or a part that lies in it.
fn part(claim: &AskedClaim, name: &str) -> Option<ClaimPath> {
    if is_within(&claim.name, name) {
        return Some(claim.path.clone());
    }
    let rest = name.strip_prefix(&claim.name).filter(|_| is_within(name, &claim.name))?;
    let mut steps = claim.path.elements().to_vec();
    for step in rest.split(['.', '[']).filter(|step| !step.is_empty()) {
        steps.push(match step.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => PathElement::Index(index),
            None => PathElement::Key(step.to_owned()),
        });
    }
    ClaimPath::new(steps).ok()
}

/// Of each required group the first option that is `fit`, and nothing that is optional but what a
/// transaction needs. Where no group is required, the first that has such an option.
fn least(review: &Review, fit: &dyn Fn(&GroupOption) -> bool) -> Vec<Option<usize>> {
    let first = |group: &Group| group.options.iter().position(fit);
    let required = |group: &Group| if group.required { first(group) } else { None };
    let mut picks: Vec<_> = review.groups.iter().map(required).collect();
    if !review.groups.iter().any(|group| group.required) {
        let answerable = review.groups.iter().position(|group| first(group).is_some());
        if let Some((index, pick)) = answerable.and_then(|index| Some((index, picks.get_mut(index)?))) {
            *pick = review.groups.get(index).and_then(first);
        }
    }
    for transaction in &review.transactions {
        authorize(transaction, &review.groups, &mut picks, fit);
    }
    picks
}

/// Where no picked option can authorize `transaction`, picks the first that can.
fn authorize(
    transaction: &ReviewTransaction,
    groups: &[Group],
    picks: &mut [Option<usize>],
    fit: &dyn Fn(&GroupOption) -> bool,
) {
    let picked = |(group, pick): (&Group, &Option<usize>)| {
        let option = pick.and_then(|pick| group.options.get(pick));
        option.is_some_and(|option| transaction.fits(&option.credentials))
    };
    if groups.iter().zip(picks.iter()).any(picked) {
        return;
    }
    for (group, pick) in groups.iter().zip(picks) {
        let fitting =
            group.options.iter().position(|option| transaction.fits(&option.credentials) && fit(option));
        if let Some(fitting) = fitting {
            *pick = Some(fitting);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;

    use super::*;
    use crate::records::Localized;
    use crate::review::{Asker, GroupOption, Way};
    use inro_credential::Format;
    use serde_json::Value;

    fn asked(query: &str, over_asked: bool) -> Asked {
        Asked {
            query: query.into(),
            credential: CredentialId("c".into()),
            vct: "urn:test".into(),
            format: Format::SdJwtVc,
            name: Localized::default(),
            issuer_name: Localized::default(),
            claims: vec![AskedClaim {
                path: ClaimPath::claim("agency"),
                name: "agency".into(),
                label: None,
                value: Value::Null,
                over_asked,
                mandatory: true,
                kept: None,
            }],
            beside: Vec::new(),
            ways: vec![Way { claims: vec![0], beside: Vec::new() }],
            multiple: false,
            always_visible: Vec::new(),
            bound: true,
            over_asked: false,
            copies: 2,
        }
    }

    fn review() -> Review {
        let option = |query, over| GroupOption { credentials: vec![asked(query, over)] };
        Review {
            asker: Asker::Claimed { name: "Somebody".into() },
            purpose: None,
            host: "verifier.example".into(),
            transactions: Vec::new(),
            groups: vec![
                Group { required: true, options: vec![option("a", false), option("b", true)] },
                Group { required: false, options: vec![option("c", true)] },
            ],
            satisfiable: true,
            standing: None,
            shown_before: Vec::new(),
        }
    }

    fn credentials<'a>(review: &'a Review, choice: &Choice) -> Vec<&'a Asked> {
        review.chosen(choice).unwrap().into_iter().map(|answer| answer.asked).collect()
    }

    #[test]
    fn the_least_choice_leaves_out_what_is_optional() {
        let review = review();
        let least = Choice::least(&review);
        assert_eq!(least, Choice::of(vec![Some(0), None]));
        assert_eq!(credentials(&review, &least), [&asked("a", false)]);
        assert!(!review.over_asks(&least).unwrap());
        assert!(review.over_asks(&Choice::of(vec![Some(1), None])).unwrap());
        assert!(review.over_asks(&Choice::of(vec![Some(0), Some(0)])).unwrap());
    }

    #[test]
    fn where_nothing_is_required_the_least_choice_is_the_first_that_can_be_answered() {
        let mut review = review();
        review.groups.iter_mut().for_each(|group| group.required = false);
        review.groups[0].options.clear();
        let least = Choice::least(&review);
        assert_eq!(least, Choice::of(vec![None, Some(0)]));
        assert_eq!(credentials(&review, &least), [&asked("c", true)]);
    }

    #[test]
    fn refuses_a_choice_outside_the_review() {
        let review = review();
        assert!(review.chosen(&Choice::of(vec![Some(1), Some(0)])).is_ok());
        for picks in [vec![Some(2), None], vec![None, None], vec![Some(0)], vec![Some(0), Some(1)]] {
            let refused = review.chosen(&Choice::of(picks)).unwrap_err();
            assert_eq!(refused.code().as_str(), "INRO-WALLET-045");
        }
    }

    #[test]
    fn refuses_a_choice_that_needs_more_copies_than_are_left() {
        let mut review = review();
        let both = Choice::of(vec![Some(0), Some(0)]);
        assert!(review.chosen(&both).is_ok());
        for group in &mut review.groups {
            group.options.iter_mut().for_each(|option| option.credentials[0].copies = 1);
        }
        assert!(review.chosen(&Choice::least(&review)).is_ok());
        assert_eq!(review.chosen(&both).unwrap_err().code().as_str(), "INRO-WALLET-040");
    }

    #[test]
    fn a_choice_without_a_credential_for_a_transaction_is_refused() {
        let mut review = review();
        let without = Choice::of(vec![Some(0), None]);
        assert!(review.chosen(&without).is_ok());
        let transaction = |query: &str| ReviewTransaction {
            text: Localized { en: "Approve".into(), ja: "承認".into() },
            queries: vec![query.into()],
        };
        review.transactions = vec![transaction("c")];
        assert_eq!(review.chosen(&without).unwrap_err().code().as_str(), "INRO-WALLET-061");
        // What is optional is needed then, and the least choice has it.
        assert_eq!(Choice::least(&review), Choice::of(vec![Some(0), Some(0)]));
        assert!(review.chosen(&Choice::least(&review)).is_ok());
        review.transactions = vec![transaction("b")];
        assert_eq!(Choice::least(&review), Choice::of(vec![Some(1), None]));
    }

    /// Takes `agency` and `grade`, or `agency` alone, or `post` with `unit` beside it.
    fn with_ways() -> Review {
        let mut review = review();
        review.groups.truncate(1);
        review.groups[0].options.truncate(1);
        let asked = &mut review.groups[0].options[0].credentials[0];
        let claim = |name: &str| AskedClaim {
            path: ClaimPath::claim(name),
            name: name.into(),
            mandatory: false,
            ..asked.claims[0].clone()
        };
        asked.beside = vec![claim("unit")];
        asked.claims = ["agency", "grade", "post"].map(claim).into();
        let way = |claims: &[usize], beside: &[usize]| Way { claims: claims.into(), beside: beside.into() };
        asked.ways = vec![way(&[0, 1], &[]), way(&[0], &[]), way(&[2], &[0])];
        review
    }

    fn names(review: &Review, choice: &Choice) -> Vec<String> {
        let chosen = review.chosen(choice).unwrap();
        chosen.iter().flat_map(|one| one.disclosed().map(|claim| claim.name.clone())).collect()
    }

    fn off(name: &str) -> SwitchedOff {
        SwitchedOff { credential: CredentialId("c".into()), path: ClaimPath::claim(name) }
    }

    #[test]
    fn switching_a_claim_off_picks_the_next_answer_that_the_verifier_takes() {
        let review = with_ways();
        let least = Choice::least(&review);
        assert_eq!(names(&review, &least), ["agency", "grade"]);
        let without_grade = least.switch_off(&review, off("grade")).unwrap();
        assert_eq!(names(&review, &without_grade), ["agency"]);
        let without_both = without_grade.switch_off(&review, off("agency")).unwrap();
        assert_eq!(names(&review, &without_both), ["post", "unit"]);
        assert_eq!(names(&review, &without_both.switch_on(&off("agency"))), ["agency"]);
        for last in ["post", "unit"] {
            let refused = without_both.switch_off(&review, off(last)).unwrap_err();
            assert_eq!(refused.code().as_str(), "INRO-WALLET-046", "{last}");
        }
        let unheard_of = least.switch_off(&review, off("name")).unwrap_err();
        assert_eq!(unheard_of.code().as_str(), "INRO-WALLET-045");
    }

    #[test]
    fn a_switch_says_whether_its_claim_is_shown_and_whether_it_can_be_kept() {
        let review = with_ways();
        let states = |choice: &Choice| -> Vec<(String, bool, bool)> {
            let switches = review.switches(choice).unwrap();
            switches.iter().map(|one| (one.claim.name.clone(), one.on, one.movable)).collect()
        };
        let state = |name: &str, on, movable| (name.to_owned(), on, movable);
        let least = Choice::least(&review);
        assert_eq!(
            states(&least),
            [
                state("agency", true, true),
                state("grade", true, true),
                state("post", false, true),
                state("unit", false, true)
            ]
        );
        let kept = least.switch_off(&review, off("agency")).unwrap();
        assert_eq!(
            states(&kept),
            [
                state("agency", false, true),
                state("grade", false, true),
                state("post", true, false),
                state("unit", true, false)
            ]
        );
    }

    #[test]
    fn what_every_verifier_sees_cannot_be_switched_off() {
        let mut review = with_ways();
        let without = |review: &Review, name: &str| Choice::without(review, &[name.to_owned()]);
        assert_eq!(names(&review, &without(&review, "agency").unwrap()), ["post", "unit"]);
        review.groups[0].options[0].credentials[0].always_visible = vec!["agency".into(), "sub".into()];
        for seen in ["agency", "sub"] {
            assert_eq!(without(&review, seen).unwrap_err().code().as_str(), "INRO-WALLET-046", "{seen}");
        }
        let refused = Choice::least(&review).switch_off(&review, off("agency")).unwrap_err();
        assert_eq!(refused.code().as_str(), "INRO-WALLET-046");
        assert_eq!(without(&review, "su").unwrap_err().code().as_str(), "INRO-WALLET-045");
    }

    #[test]
    fn doing_without_a_part_leaves_out_the_whole_that_it_comes_with() {
        let mut review = with_ways();
        let asked = &mut review.groups[0].options[0].credentials[0];
        let paths = [vec!["office"], vec!["office", "name"], vec!["office", "rooms", "0"]];
        for (claim, path) in asked.claims.iter_mut().zip(paths) {
            let step = |step: &str| match step.parse() {
                Ok(index) => PathElement::Index(index),
                Err(_) => PathElement::Key(step.into()),
            };
            claim.path = ClaimPath::new(path.into_iter().map(step).collect()).unwrap();
            claim.name = crate::records::path_name(&claim.path);
        }
        asked.ways = [0, 1, 2].map(|index| Way { claims: vec![index], beside: Vec::new() }).into();
        let without = |name: &str| Choice::without(&review, &[name.to_owned()]);
        assert_eq!(names(&review, &Choice::least(&review)), ["office"]);
        assert_eq!(names(&review, &without("office.unit").unwrap()), ["office.name"]);
        assert_eq!(names(&review, &without("office.rooms[3]").unwrap()), ["office.name"]);
        assert_eq!(names(&review, &without("office.name").unwrap()), ["office.rooms[0]"]);
        assert_eq!(without("office").unwrap_err().code().as_str(), "INRO-WALLET-046");
        assert_eq!(without("offic").unwrap_err().code().as_str(), "INRO-WALLET-045");
    }

    #[test]
    fn doing_without_a_claim_takes_another_option_where_one_can() {
        let mut review = with_ways();
        let mut other = asked("b", false);
        other.credential = CredentialId("other".into());
        other.claims[0].name = "contract".into();
        review.groups[0].options.push(GroupOption { credentials: vec![other] });
        let without = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
            Choice::without(&review, &names)
        };
        assert_eq!(without(&["post", "agency"]).unwrap().picks, [Some(1)]);
        assert_eq!(without(&["post"]).unwrap().picks, [Some(0)]);
        let none = without(&["post", "agency", "contract"]).unwrap_err();
        assert_eq!(none.code().as_str(), "INRO-WALLET-046");
    }

    #[test]
    fn two_answers_to_a_query_that_takes_one_are_no_choice() {
        let mut review = review();
        review.groups[1].options[0].credentials[0].query = "a".into();
        let both = Choice::of(vec![Some(0), Some(0)]);
        assert_eq!(review.chosen(&both).unwrap_err().code().as_str(), "INRO-WALLET-045");
        for group in &mut review.groups {
            group.options[0].credentials[0].multiple = true;
        }
        assert_eq!(review.chosen(&both).unwrap().len(), 2);
    }

    #[test]
    fn what_comes_beside_counts_as_over_asked_too() {
        let mut review = review();
        let least = Choice::least(&review);
        assert!(!review.over_asks(&least).unwrap());
        let first = &mut review.groups[0].options[0].credentials[0];
        first.beside = asked("a", true).claims;
        first.ways[0].beside = vec![0];
        assert!(review.over_asks(&least).unwrap());
    }

    #[test]
    fn nothing_can_be_chosen_when_nothing_fits() {
        let unsatisfiable = Review { satisfiable: false, ..review() };
        let refused = unsatisfiable.chosen(&Choice::of(vec![Some(0), None])).unwrap_err();
        assert_eq!(refused.code().as_str(), "INRO-WALLET-041");
    }
}
