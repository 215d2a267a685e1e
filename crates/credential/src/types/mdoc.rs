//! A type's claims as the data elements of an ISO mdoc.

use serde_json::{Map, Value, json};

use super::model::{Claim, CredentialType, Kind, MdocElement, Step, Text};

/// One data element of a credential.
#[derive(Clone, PartialEq)]
pub struct DataElement {
    /// The name space.
    pub namespace: String,
    /// The data element identifier.
    pub identifier: String,
    /// Its content as JSON.
    pub value: Value,
    /// Whether it is a day of the calendar, which CBOR marks by a tag.
    pub is_date: bool,
}

impl CredentialType {
    /// What `claims`, which [`CredentialType::validate`] accepts, say as an mdoc. Claims without a place
    /// in an mdoc are part of one that has it, or are left out.
    pub fn data_elements(&self, claims: &Map<String, Value>) -> Vec<DataElement> {
        let root = Value::Object(claims.clone());
        self.claims.iter().flat_map(|claim| data_elements(claim, &root)).collect()
    }

    /// The data elements as the issuer's metadata lists them in `credential_metadata`. `of_value` names
    /// the values that a claim may have where each is a data element of its own.
    ///
    /// Source: OpenID4VCI 1.0 annexes A.2.2 and B.2.
    pub fn issuer_metadata_elements(&self, of_value: &dyn Fn(&Claim) -> Vec<(String, Text)>) -> Value {
        let entry = |namespace: &str, element: &str, mandatory: bool, name: &Text| {
            json!({
                "path": [namespace, element],
                "mandatory": mandatory,
                "display": [{"name": name.en, "locale": "en"}, {"name": name.ja, "locale": "ja"}],
            })
        };
        let entries = self.claims.iter().filter_map(|claim| Some((claim, claim.mdoc.as_ref()?)));
        entries
            .flat_map(|(claim, mdoc)| match &mdoc.element {
                MdocElement::Named(element) => {
                    vec![entry(&mdoc.namespace, element, claim.mandatory, &claim.name)]
                }
                MdocElement::ByValue => of_value(claim)
                    .iter()
                    .map(|(value, name)| entry(&mdoc.namespace, value, false, name))
                    .collect(),
            })
            .collect()
    }
}

fn data_elements(claim: &Claim, root: &Value) -> Vec<DataElement> {
    let Some(mdoc) = &claim.mdoc else { return Vec::new() };
    let element = |identifier: &str, value: Value| DataElement {
        namespace: mdoc.namespace.clone(),
        identifier: identifier.to_owned(),
        value,
        is_date: claim.kind == Kind::Date,
    };
    let path = claim.path();
    let found = path.select(root);
    match &mdoc.element {
        MdocElement::Named(name) if claim.steps.contains(&Step::Elements) => {
            // An empty array says something else than no array: it is there.
            let is_there = array_is_there(claim, root);
            let all = found.into_iter().cloned().collect();
            if is_there { vec![element(name, Value::Array(all))] } else { Vec::new() }
        }
        MdocElement::Named(name) => {
            found.first().map(|value| element(name, (*value).clone())).into_iter().collect()
        }
        MdocElement::ByValue => {
            let mut values: Vec<&str> = found.into_iter().filter_map(Value::as_str).collect();
            values.sort_unstable();
            values.dedup();
            values.into_iter().map(|value| element(value, Value::Bool(true))).collect()
        }
    }
}

/// Whether the outermost array on the way to `claim` is there.
fn array_is_there(claim: &Claim, root: &Value) -> bool {
    let names = claim.steps.iter().map_while(|step| match step {
        Step::Member(name) => Some(name.as_str()),
        Step::Elements => None,
    });
    names.into_iter().try_fold(root, |value, name| value.get(name)).is_some_and(Value::is_array)
}
