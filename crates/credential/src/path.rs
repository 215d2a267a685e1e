use std::collections::HashMap;

use serde_json::{Map, Value};

pub use inro_sd_jwt::{ClaimPath, PathElement};

/// Where the elements of received arrays stood when the credential was issued. A received array
/// lacks the elements that its holder withheld, so its indices are not those that a path means.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ArrayPositions(HashMap<Vec<PathElement>, Vec<usize>>);

impl ArrayPositions {
    /// Nothing was withheld from any array.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the issued indices of the elements of one array, in the order received. `array` is
    /// its path of keys and received indices.
    pub fn insert(&mut self, array: Vec<PathElement>, issued: Vec<usize>) {
        self.0.insert(array, issued);
    }

    /// The issued index of the element at the received index `received` of `array`.
    pub fn issued(&self, array: &[PathElement], received: usize) -> usize {
        self.0.get(array).and_then(|issued| issued.get(received)).copied().unwrap_or(received)
    }

    fn received(&self, array: &[PathElement], issued: usize) -> Option<usize> {
        match self.0.get(array) {
            Some(positions) => positions.iter().position(|position| *position == issued),
            None => Some(issued),
        }
    }
}

/// One claim that a path selects: its path with every `null` replaced by an index, and its value.
pub(crate) type Selected<'a> = (ClaimPath, &'a Value);

/// The claims that `path` selects in `claims`; none where processing the path fails or ends empty.
///
/// Source: OpenID4VP 1.0 §7.1.1.
pub(crate) fn select<'a>(
    path: &ClaimPath,
    claims: &'a Map<String, Value>,
    positions: &ArrayPositions,
) -> Vec<Selected<'a>> {
    let mut elements = path.elements().iter();
    let Some(PathElement::Key(first)) = elements.next() else { return Vec::new() };
    let Some(value) = claims.get(first) else { return Vec::new() };
    let mut selected = vec![(vec![PathElement::Key(first.clone())], value)];
    for element in elements {
        let mut next = Vec::new();
        for (at, value) in selected {
            if step(element, &at, value, positions, &mut next).is_none() {
                return Vec::new();
            }
        }
        selected = next;
    }
    selected.into_iter().filter_map(|(at, value)| Some((ClaimPath::new(at).ok()?, value))).collect()
}

/// `None` where the element does not fit the value, which ends the whole processing.
fn step<'a>(
    element: &PathElement,
    at: &[PathElement],
    value: &'a Value,
    positions: &ArrayPositions,
    next: &mut Vec<(Vec<PathElement>, &'a Value)>,
) -> Option<()> {
    match element {
        PathElement::Key(key) => {
            let member = value.as_object()?.get(key);
            next.extend(member.map(|member| (extended(at, element.clone()), member)));
        }
        PathElement::All => {
            let items = value.as_array()?.iter().enumerate();
            next.extend(items.map(|(index, item)| (extended(at, PathElement::Index(index)), item)));
        }
        PathElement::Index(issued) => {
            let items = value.as_array()?;
            let found = positions.received(at, *issued).and_then(|index| Some((index, items.get(index)?)));
            next.extend(found.map(|(index, item)| (extended(at, PathElement::Index(index)), item)));
        }
    }
    Some(())
}

fn extended(at: &[PathElement], element: PathElement) -> Vec<PathElement> {
    at.iter().cloned().chain([element]).collect()
}
