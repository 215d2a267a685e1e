use serde_json::{Map, Value};

use super::error::{ClaimError, ClaimFault, CredentialError};
use super::model::{CredentialType, Kind, Step, path_of};
use crate::calendar;
use crate::citizen;
use crate::path::{ClaimPath, PathElement};

impl CredentialType {
    /// Holds `claims` against the type: every mandatory claim is there, nothing is there that the
    /// type does not define, and each value is of the kind and in the range that the type allows.
    ///
    /// Claims of the format itself (`vct`, `exp`, `cnf` …) are the issuer's, not part of `claims`.
    ///
    /// # Errors
    /// [`CredentialError::Claim`] with the path of the first claim that does not fit, and why.
    pub fn validate(&self, claims: &Map<String, Value>) -> Result<(), CredentialError> {
        Ok(self.object(&[], claims)?)
    }

    fn object(&self, steps: &[Step], object: &Map<String, Value>) -> Result<(), ClaimError> {
        for (step, claim) in self.children(steps) {
            let Step::Member(name) = step else { continue };
            match object.get(name) {
                Some(value) => self.value(&claim.steps, &claim.kind, value)?,
                None if claim.mandatory => return fault(&claim.steps, ClaimFault::Missing),
                None => {}
            }
        }
        let defined = |name: &String| {
            self.children(steps).any(|(step, _)| matches!(step, Step::Member(known) if known == name))
        };
        if object.keys().all(defined) { Ok(()) } else { fault(steps, ClaimFault::Undefined) }
    }

    fn value(&self, steps: &[Step], kind: &Kind, value: &Value) -> Result<(), ClaimError> {
        match (kind, value) {
            (Kind::String { max_length, allowed }, Value::String(text)) => {
                check(steps, string(text, *max_length, allowed))
            }
            (Kind::Integer { minimum, maximum, allowed }, Value::Number(number)) => {
                let Some(number) = number.as_i64() else { return fault(steps, ClaimFault::WrongKind) };
                check(steps, integer(number, *minimum, *maximum, allowed))
            }
            (Kind::Date, Value::String(text)) if calendar::day_number(text).is_some() => Ok(()),
            (Kind::Boolean, Value::Bool(_)) => Ok(()),
            (Kind::Array { max_items }, Value::Array(items)) => {
                if items.len() > *max_items {
                    return fault(steps, ClaimFault::TooLong);
                }
                self.elements(steps, items)
            }
            (Kind::Object, Value::Object(object)) => self.object(steps, object),
            _ => fault(steps, ClaimFault::WrongKind),
        }
    }

    fn elements(&self, steps: &[Step], items: &[Value]) -> Result<(), ClaimError> {
        for (_, claim) in self.children(steps) {
            for item in items {
                self.value(&claim.steps, &claim.kind, item)?;
            }
        }
        Ok(())
    }
}

fn string(text: &str, max_length: usize, allowed: &[String]) -> Result<(), ClaimFault> {
    if text.chars().count() > max_length {
        return Err(ClaimFault::TooLong);
    }
    if citizen::contains_my_number(text) {
        return Err(ClaimFault::MyNumber);
    }
    if !allowed.is_empty() && !allowed.iter().any(|value| value == text) {
        return Err(ClaimFault::NotAllowed);
    }
    Ok(())
}

fn integer(number: i64, minimum: i64, maximum: i64, allowed: &[i64]) -> Result<(), ClaimFault> {
    if !(minimum..=maximum).contains(&number) {
        return Err(ClaimFault::OutOfRange);
    }
    if citizen::contains_my_number(&number.to_string()) {
        return Err(ClaimFault::MyNumber);
    }
    if !allowed.is_empty() && !allowed.contains(&number) {
        return Err(ClaimFault::NotAllowed);
    }
    Ok(())
}

fn check(steps: &[Step], result: Result<(), ClaimFault>) -> Result<(), ClaimError> {
    result.or_else(|found| fault(steps, found))
}

fn fault(steps: &[Step], fault: ClaimFault) -> Result<(), ClaimError> {
    Err(ClaimError { path: shown(steps), fault })
}

/// The type's own path. The whole credential has no path: `null` stands for it.
fn shown(steps: &[Step]) -> ClaimPath {
    if steps.is_empty() {
        return ClaimPath::new(vec![PathElement::All]).expect("one element");
    }
    path_of(steps)
}
