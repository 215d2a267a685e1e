use std::borrow::Borrow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest path that is read, in elements: as deep as a document may nest. Source: ours.
const MAX_ELEMENTS: usize = 32;

/// Names claims of a JSON credential: an object's member, an array's element, or all elements.
///
/// Its JSON form is an array of strings, non-negative integers and nulls.
///
/// Source: OpenID4VP 1.0 §7.1; SD-JWT VC §5.6.1.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "Vec<PathElement>", into = "Vec<PathElement>")]
pub struct ClaimPath(Vec<PathElement>);

/// One step of a [`ClaimPath`].
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathElement {
    /// The member of this name of an object.
    Key(String),
    /// The element at this place of an array, counted from 0.
    Index(usize),
    /// All elements of an array; `null` in JSON.
    All,
}

/// A path without elements, with too many, or not an array of strings, integers and nulls.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a claim path")]
pub struct NotClaimPath;

impl ClaimPath {
    /// A path of `elements`.
    ///
    /// # Errors
    /// [`NotClaimPath`] when it is empty or longer than a document may nest.
    pub fn new(elements: Vec<PathElement>) -> Result<Self, NotClaimPath> {
        if elements.is_empty() || elements.len() > MAX_ELEMENTS {
            Err(NotClaimPath)
        } else {
            Ok(Self(elements))
        }
    }

    /// The path of the top-level claim `name`.
    pub fn claim(name: &str) -> Self {
        Self(vec![PathElement::Key(name.to_owned())])
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`NotClaimPath`] for anything else.
    pub fn parse(value: &Value) -> Result<Self, NotClaimPath> {
        Vec::<PathElement>::deserialize(value).map_err(|_| NotClaimPath).and_then(Self::new)
    }

    /// The JSON form.
    pub fn to_value(&self) -> Value {
        self.0
            .iter()
            .map(|element| match element {
                PathElement::Key(name) => Value::from(name.as_str()),
                PathElement::Index(index) => Value::from(*index),
                PathElement::All => Value::Null,
            })
            .collect()
    }

    /// The elements, at least one.
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// The name of the top-level claim; `None` when the path begins with an array's element.
    pub fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(PathElement::Key(name)) => Some(name),
            _ => None,
        }
    }

    /// The values in `root` that the path names, in their order; none when a step meets a value of
    /// another kind than it needs (the specification's "abort").
    pub fn select<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        follow((Vec::new(), root), &self.0).into_iter().map(|(_, value)| value).collect()
    }

    /// As [`ClaimPath::select`] in a top-level object, but where the values stand: paths of names and
    /// indices alone.
    pub fn locate(&self, root: &Map<String, Value>) -> Vec<Self> {
        let Some((PathElement::Key(name), rest)) = self.0.split_first() else { return Vec::new() };
        let Some(value) = root.get(name) else { return Vec::new() };
        let start = (vec![PathElement::Key(name.clone())], value);
        follow(start, rest).into_iter().map(|(path, _)| Self(path)).collect()
    }

    /// Whether whoever may see this path may see `other`: it is the same or leads deeper, and all
    /// elements include each one.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.len() <= other.0.len() && self.0.iter().zip(&other.0).all(|(ours, theirs)| ours.covers(theirs))
    }
}

impl PathElement {
    /// Whether this step takes every value that `other` takes.
    pub fn covers(&self, other: &Self) -> bool {
        self == other || (*self == Self::All && matches!(other, Self::Index(_)))
    }
}

/// A set of paths can then be asked for elements that are on the way, without a copy.
impl Borrow<[PathElement]> for ClaimPath {
    fn borrow(&self) -> &[PathElement] {
        &self.0
    }
}

impl TryFrom<Vec<PathElement>> for ClaimPath {
    type Error = NotClaimPath;

    fn try_from(elements: Vec<PathElement>) -> Result<Self, NotClaimPath> {
        Self::new(elements)
    }
}

impl From<ClaimPath> for Vec<PathElement> {
    fn from(path: ClaimPath) -> Self {
        path.0
    }
}

/// A value and where it stands.
type Found<'a> = (Vec<PathElement>, &'a Value);

fn follow<'a>(start: Found<'a>, elements: &[PathElement]) -> Vec<Found<'a>> {
    let mut selected = vec![start];
    for element in elements {
        let mut next = Vec::new();
        for (path, value) in selected {
            if step(path, value, element, &mut next).is_none() {
                return Vec::new();
            }
        }
        selected = next;
    }
    selected
}

/// Source: OpenID4VP 1.0 §7.1.1, steps 2.1 to 2.3; `None` is its "abort processing".
fn step<'a>(
    path: Vec<PathElement>,
    value: &'a Value,
    element: &PathElement,
    next: &mut Vec<Found<'a>>,
) -> Option<()> {
    let beneath = |last| path.iter().cloned().chain([last]).collect();
    match element {
        PathElement::Key(name) => {
            let found = value.as_object()?.get(name);
            next.extend(found.map(|value| (beneath(element.clone()), value)));
        }
        PathElement::Index(index) => {
            let found = value.as_array()?.get(*index);
            next.extend(found.map(|value| (beneath(element.clone()), value)));
        }
        PathElement::All => {
            let items = value.as_array()?.iter().enumerate();
            next.extend(items.map(|(index, value)| (beneath(PathElement::Index(index)), value)));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(value: Value) -> ClaimPath {
        ClaimPath::parse(&value).unwrap()
    }

    /// The credential of OpenID4VP 1.0 §7.3.
    fn arthur() -> Value {
        json!({
            "name": "Arthur Dent",
            "address": { "street_address": "42 Market Street", "locality": "Milliways" },
            "degrees": [
                { "type": "Bachelor of Science", "university": "University of Betelgeuse" },
                { "type": "Master of Science", "university": "University of Betelgeuse" },
            ],
            "nationalities": ["British", "Betelgeusian"],
        })
    }

    #[test]
    fn selects_as_the_examples_of_the_specification_do() {
        let root = arthur();
        let cases = [
            (json!(["name"]), json!(["Arthur Dent"])),
            (json!(["address"]), json!([root["address"]])),
            (json!(["address", "street_address"]), json!(["42 Market Street"])),
            (json!(["degrees", null, "type"]), json!(["Bachelor of Science", "Master of Science"])),
            (json!(["nationalities", 1]), json!(["Betelgeusian"])),
            (json!(["nationalities", 2]), json!([])),
            (json!(["absent"]), json!([])),
            (json!(["name", "deeper"]), json!([])),
            (json!(["address", null]), json!([])),
            (json!(["nationalities", "0"]), json!([])),
        ];
        for (asked, expected) in cases {
            let found: Value = path(asked.clone()).select(&root).into_iter().cloned().collect();
            assert_eq!(found, expected, "{asked}");
        }
    }

    #[test]
    fn reads_and_writes_its_json_form_and_refuses_others() {
        let form = json!(["degrees", null, "type", 0]);
        assert_eq!(path(form.clone()).to_value(), form);
        assert_eq!(serde_json::to_value(path(form.clone())).unwrap(), form);
        assert_eq!(serde_json::from_value::<ClaimPath>(form.clone()).unwrap(), path(form));
        let too_long: Value = (0..33).map(|_| "a").collect();
        for other in
            [json!([]), json!("name"), json!([-1]), json!([1.5]), json!([true]), json!([["a"]]), too_long]
        {
            assert_eq!(ClaimPath::parse(&other), Err(NotClaimPath), "{other}");
            assert!(serde_json::from_value::<ClaimPath>(other).is_err());
        }
    }

    #[test]
    fn covers_itself_and_what_lies_deeper_and_nothing_beside_or_above() {
        let covers = |left, right| path(left).covers(&path(right));
        assert!(covers(json!(["a"]), json!(["a"])));
        assert!(covers(json!(["a"]), json!(["a", "b"])));
        assert!(covers(json!(["a", null]), json!(["a", 3, "c"])));
        assert!(!covers(json!(["a", 3]), json!(["a", null])));
        assert!(!covers(json!(["a", "b"]), json!(["a"])));
        assert!(!covers(json!(["a"]), json!(["b"])));
    }
}
