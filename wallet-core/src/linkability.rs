//! What of a choice tells who its holder is, by itself or together with what others were shown.

use std::collections::BTreeSet;

use inro_credential::{Format, PathElement};
use serde_json::Value;

use crate::choice::{Answer, Choice};
use crate::error::WalletError;
use crate::records::{Event, HistoryEntry, Localized};
use crate::review::{AskedClaim, Review, ShownBefore};

/// Claims that one person has. Source: our types; OpenID Connect Core 1.0 §5.1; ISO 18013-5 §7.2.1.
const OF_ONE_PERSON: &[&str] = &[
    "employee_number",
    "name_kanji",
    "name_kana",
    "name_latin",
    "sub",
    "given_name",
    "family_name",
    "preferred_username",
    "email",
    "phone_number",
    "portrait",
    "picture",
    "document_number",
];
/// What somebody does. Together with [`PLACES`] few have it.
const DUTIES: &[&str] = &["post", "roles_code"];
/// Where somebody works.
const PLACES: &[&str] = &["department_code", "department_name", "scope_unit", "roles_scope_unit"];
/// Disclosed as a whole, with duty and place in it.
const WHOLE_ROLE: &str = "roles";
/// The most other verifiers that are named.
const MAX_NAMED: usize = 3;
/// How deep a value is looked into; a verified credential is no deeper.
const MAX_DEPTH: usize = 16;

/// What links the holder, or will.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// These claims say who the holder is, each by itself.
    Identifies {
        /// Their names for people.
        claims: Vec<Localized>,
    },
    /// These claims together fit few people.
    FitsFew {
        /// Their names for people.
        claims: Vec<Localized>,
    },
    /// Another verifier was shown the same, so the two can tell that it was one person.
    SeenBy {
        /// Its name, as the history has it.
        counterpart: Localized,
        /// Whether a registration vouches for that name.
        registered: bool,
    },
    /// More verifiers than those that are named were shown the same.
    SeenByMore {
        /// How many.
        others: usize,
    },
    /// Whoever receives the answer can pass it on, and its signature is the same everywhere.
    NotBound {
        /// The credential's name for people.
        credential: Localized,
    },
    /// The last copies are used up. None is shown twice, so there is no answer until new ones came.
    LastCopies {
        /// The credential's name for people.
        credential: Localized,
    },
}

impl Finding {
    /// What it means, for people. Names in it are those of issuers and verifiers.
    pub fn text(&self) -> Localized {
        let both = |en: String, ja: String| Localized { en, ja };
        match self {
            Self::Identifies { claims } => both(
                format!("Identifies you by itself: {}.", listed(claims, Lang::En)),
                format!("それだけで本人が特定されます：{}", listed(claims, Lang::Ja)),
            ),
            Self::FitsFew { claims } => both(
                format!("Together these may fit you alone: {}.", listed(claims, Lang::En)),
                format!("組み合わせると本人が特定されるおそれがあります：{}", listed(claims, Lang::Ja)),
            ),
            Self::SeenBy { counterpart, registered } => {
                let (en, ja) = if *registered { ("", "") } else { (" (claimed)", "（自称）") };
                both(
                    format!(
                        "{}{en} was shown the same. The two can tell that it was you.",
                        name(counterpart, Lang::En)
                    ),
                    format!(
                        "{}{ja}にも同じ項目を提示しています。両者は同じ人だと分かります。",
                        name(counterpart, Lang::Ja)
                    ),
                )
            }
            Self::SeenByMore { others } => both(
                format!("Further verifiers that were shown the same: {others}."),
                format!("同じ項目を提示した要求元は、ほかに{others}件あります。"),
            ),
            Self::NotBound { credential } => both(
                format!(
                    "{}: whoever receives it can pass it on, and everybody who has it can tell that it is the same.",
                    name(credential, Lang::En)
                ),
                format!(
                    "{}：受け取った者が他へ転送でき、転送先でも同じものだと分かります。",
                    name(credential, Lang::Ja)
                ),
            ),
            Self::LastCopies { credential } => both(
                format!(
                    "{}: this uses up the last copy. No copy is shown twice, so that answers cannot be linked by it; you need new ones first.",
                    name(credential, Lang::En)
                ),
                format!(
                    "{}：最後の1枚を使用します。提示どうしを結び付けられないよう、同じものは二度提示しません。次の提示には再発行が必要です。",
                    name(credential, Lang::Ja)
                ),
            ),
        }
    }
}

impl Review {
    /// What links the holder if `choice` is presented; empty where nothing that the wallet knows of does.
    /// It knows names of claims and not how many people share a value.
    ///
    /// # Errors
    /// As [`Review::chosen`].
    pub fn findings(&self, choice: &Choice) -> Result<Vec<Finding>, WalletError> {
        let chosen = self.chosen(choice)?;
        let mut shown = Shown::default();
        for answer in &chosen {
            shown.add(answer);
        }
        let traits = shown.traits();
        let mut findings = Vec::new();
        let named = |wanted: &dyn Fn(&str) -> bool| shown.labels(wanted);
        if traits.iter().any(|one| *one != FEW) {
            let claims = named(&|name| person(name).is_some());
            findings.push(Finding::Identifies { claims });
        }
        if traits.contains(FEW) {
            let claims = named(&|name| is_one_of(name, DUTIES) || is_one_of(name, PLACES) || is_role(name));
            findings.push(Finding::FitsFew { claims });
        }
        let same = |before: &&ShownBefore| before.traits.iter().any(|one| traits.contains(one.as_str()));
        let others: Vec<&ShownBefore> = self.shown_before.iter().filter(same).collect();
        findings.extend(others.iter().take(MAX_NAMED).map(|before| Finding::SeenBy {
            counterpart: before.counterpart.clone(),
            registered: before.registered,
        }));
        match others.len().saturating_sub(MAX_NAMED) {
            0 => {}
            others => findings.push(Finding::SeenByMore { others }),
        }
        let unbound = chosen.iter().filter(|one| !one.asked.bound);
        findings.extend(unbound.map(|one| Finding::NotBound { credential: one.credential() }));
        let mut last: Vec<&Answer<'_>> = Vec::new();
        for one in &chosen {
            let uses = chosen.iter().filter(|other| other.asked.credential == one.asked.credential).count();
            let is_last = usize::try_from(one.asked.copies).is_ok_and(|copies| copies <= uses);
            if is_last && !last.iter().any(|other| other.asked.credential == one.asked.credential) {
                last.push(one);
            }
        }
        findings.extend(last.iter().map(|one| Finding::LastCopies { credential: one.credential() }));
        Ok(findings)
    }

    /// Whether any choice could say who the holder is: only then is it of use what others were shown.
    pub(crate) fn may_identify(&self) -> bool {
        let mut shown = Shown::default();
        let options = self.groups.iter().flat_map(|group| &group.options);
        for asked in options.flat_map(|option| &option.credentials) {
            asked.claims.iter().chain(&asked.beside).for_each(|claim| shown.claim(claim, asked.format));
            asked.always_visible.iter().for_each(|name| shown.name(name));
        }
        !shown.traits().is_empty()
    }
}

impl Answer<'_> {
    fn credential(&self) -> Localized {
        let Localized { en, ja } = &self.asked.name;
        match en.is_empty() && ja.is_empty() {
            true => Localized { en: self.asked.vct.clone(), ja: String::new() },
            false => self.asked.name.clone(),
        }
    }
}

/// What each other verifier than the one that asks was shown, as far as it says who the holder is.
pub(crate) fn shown_before(history: &[HistoryEntry], review: &Review) -> Vec<ShownBefore> {
    let (asker, registered) = (review.asker_name(), review.is_registered());
    let mut others: Vec<ShownBefore> = Vec::new();
    for entry in history.iter().filter(|entry| entry.event == Event::Presented) {
        if entry.counterpart == asker && entry.registered == registered {
            continue;
        }
        let mut shown = Shown::default();
        entry.items.iter().flat_map(|item| &item.claims).for_each(|name| shown.name(name));
        let traits = shown.traits();
        let known = others
            .iter_mut()
            .find(|other| other.counterpart == entry.counterpart && other.registered == entry.registered);
        match known {
            Some(other) => other.traits.extend(traits.into_iter().map(str::to_owned)),
            None if traits.is_empty() => {}
            None => others.push(ShownBefore {
                counterpart: entry.counterpart.clone(),
                registered: entry.registered,
                traits: traits.into_iter().map(str::to_owned).collect(),
            }),
        }
    }
    others
}

/// The trait of an answer with a duty and its place.
const FEW: &str = "duty and place";

/// Names of what is shown, steps joined by `_`: `department_name` in an SD-JWT as in an mdoc.
#[derive(Default)]
struct Shown(Vec<(String, Localized)>);

impl Shown {
    fn add(&mut self, answer: &Answer<'_>) {
        answer.disclosed().for_each(|claim| self.claim(claim, answer.asked.format));
        answer.asked.always_visible.iter().for_each(|name| self.name(name));
    }

    fn claim(&mut self, claim: &AskedClaim, format: Format) {
        // The name space of a data element says nothing of it.
        let skipped = usize::from(format == Format::Mdoc);
        let steps = claim.path.elements().iter().skip(skipped);
        let keys: Vec<&str> = steps
            .filter_map(|step| match step {
                PathElement::Key(key) => Some(key.as_str()),
                PathElement::Index(_) | PathElement::All => None,
            })
            .collect();
        let label = claim.label.clone().filter(|label| !(label.en.is_empty() && label.ja.is_empty()));
        let label = label.unwrap_or_else(|| Localized { en: claim.name.clone(), ja: String::new() });
        self.value(keys.join("_"), &claim.value, &label, MAX_DEPTH);
    }

    /// Whatever lies in a claim is shown with it.
    fn value(&mut self, name: String, value: &Value, label: &Localized, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    self.value(format!("{name}_{key}"), value, label, depth);
                }
            }
            Value::Array(items) => {
                items.iter().for_each(|value| self.value(name.clone(), value, label, depth));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.0.push((name, label.clone()));
    }

    /// A claim of which the name alone is known.
    fn name(&mut self, name: &str) {
        let label = Localized { en: name.to_owned(), ja: String::new() };
        let parts = name.split(['.', '[', ']']).filter(|part| part.parse::<usize>().is_err());
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        self.0.push((parts.join("_"), label));
    }

    /// By what the holder is known again.
    fn traits(&self) -> BTreeSet<&'static str> {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        let mut traits: BTreeSet<_> = names().filter_map(person).collect();
        let has = |wanted: &[&str]| names().any(|name| is_one_of(name, wanted));
        if has(DUTIES) && has(PLACES) || names().any(is_role) {
            traits.insert(FEW);
        }
        traits
    }

    fn labels(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<Localized> {
        let mut labels: Vec<Localized> = Vec::new();
        for (_, label) in self.0.iter().filter(|(name, _)| wanted(name)) {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        labels
    }
}

/// Which claim of one person `name` is, wherever it stands.
fn person(name: &str) -> Option<&'static str> {
    OF_ONE_PERSON.iter().copied().find(|known| ends_in(name, known))
}

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| ends_in(name, known))
}

fn is_role(name: &str) -> bool {
    ends_in(name, WHOLE_ROLE)
}

fn ends_in(name: &str, known: &str) -> bool {
    name.strip_suffix(known).is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

#[derive(Clone, Copy)]
enum Lang {
    En,
    Ja,
}

fn name(name: &Localized, language: Lang) -> &str {
    let (first, second) = match language {
        Lang::En => (&name.en, &name.ja),
        Lang::Ja => (&name.ja, &name.en),
    };
    if first.is_empty() { second } else { first }
}

fn listed(names: &[Localized], language: Lang) -> String {
    let names: Vec<&str> = names.iter().map(|one| name(one, language)).collect();
    names.join(match language {
        Lang::En => ", ",
        Lang::Ja => "、",
    })
}
