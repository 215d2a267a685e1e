//! Puts disclosed claims back where their digests stand. Source: RFC 9901 §7.1, steps 3 to 5.

use std::collections::{HashMap, HashSet};
use std::mem;

use inro_crypto::Provider;
use inro_trust::PathElement;
use serde_json::{Map, Value};

use crate::SdJwtError;
use crate::disclosure::{self, Disclosure};
use crate::frame::{Frame, MAX_DEPTH};

/// A payload with its disclosures in place and all digests removed.
#[derive(Debug)]
pub(crate) struct Processed {
    pub(crate) claims: Map<String, Value>,
    /// Where each disclosure went, in the order of the disclosures: the full path of its value.
    pub(crate) places: Vec<Vec<PathElement>>,
    /// The arrays that lack elements.
    pub(crate) gaps: Vec<Gap>,
}

/// An array of which elements stayed hidden.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// Where the array stands: keys, and indices as they are without the hidden elements.
    pub array: Vec<PathElement>,
    /// For each element that is there, its index among all that were issued.
    pub issued: Vec<usize>,
}

/// Processes `payload` with the disclosures of `frame`.
pub(crate) fn process(
    mut payload: Map<String, Value>,
    frame: &Frame,
    provider: &dyn Provider,
) -> Result<Processed, SdJwtError> {
    match payload.shift_remove("_sd_alg") {
        None => {}
        Some(Value::String(name)) if name == "sha-256" => {}
        Some(_) => return Err(SdJwtError::HashAlgorithm),
    }
    let mut walk = Walk::new(frame, provider)?;
    walk.object(&mut payload, None, MAX_DEPTH)?;
    walk.finish(payload)
}

/// Where the walk stands; the steps above it live on the stack of the recursion.
#[derive(Clone, Copy)]
struct Here<'a> {
    above: Option<&'a Here<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

struct Walk {
    /// The index of each disclosure under its digest.
    by_digest: HashMap<String, usize>,
    /// The disclosures that no digest has referred to yet.
    waiting: Vec<Option<Disclosure>>,
    /// Every digest met so far, decoys included.
    met: HashSet<String>,
    places: Vec<Vec<PathElement>>,
    gaps: Vec<Gap>,
}

impl Walk {
    fn new(frame: &Frame, provider: &dyn Provider) -> Result<Self, SdJwtError> {
        let mut by_digest = HashMap::new();
        let mut waiting = Vec::new();
        for (index, text) in frame.disclosures().enumerate() {
            waiting.push(Some(Disclosure::parse(text, index)?));
            if by_digest.insert(disclosure::digest(text, provider), index).is_some() {
                return Err(SdJwtError::Repeated);
            }
        }
        let places = vec![Vec::new(); waiting.len()];
        Ok(Self { by_digest, waiting, met: HashSet::new(), places, gaps: Vec::new() })
    }

    fn finish(self, claims: Map<String, Value>) -> Result<Processed, SdJwtError> {
        match self.waiting.iter().position(Option::is_some) {
            Some(index) => Err(SdJwtError::Unreferenced { index }),
            None => Ok(Processed { claims, places: self.places, gaps: self.gaps }),
        }
    }

    /// `left` counts the levels that may still follow.
    fn value(&mut self, value: &mut Value, here: Here<'_>, left: usize) -> Result<(), SdJwtError> {
        match value {
            Value::Object(object) => self.object(object, Some(&here), left),
            Value::Array(items) => self.array(items, &here, left),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn object(
        &mut self,
        object: &mut Map<String, Value>,
        here: Option<&Here<'_>>,
        left: usize,
    ) -> Result<(), SdJwtError> {
        let left = deeper(left)?;
        // `_sd_alg` may stand at the top alone, and was taken from there. Source: §4.1.1.
        if object.contains_key("...") || object.contains_key("_sd_alg") {
            return Err(SdJwtError::Digests);
        }
        let digests = match object.shift_remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(SdJwtError::Digests),
        };
        for (name, value) in object.iter_mut() {
            self.value(value, Here { above: here, step: Step::Key(name) }, left)?;
        }
        for digest in digests {
            let Value::String(digest) = digest else { return Err(SdJwtError::Digests) };
            let Some((index, disclosure)) = self.take(digest)? else { continue };
            let Disclosure::Member { name, mut value } = disclosure else {
                return Err(SdJwtError::Place { index });
            };
            if name == "_sd" || name == "..." || name == "_sd_alg" {
                return Err(SdJwtError::Name { index });
            }
            if object.contains_key(&name) {
                return Err(SdJwtError::Collision { index });
            }
            let at = Here { above: here, step: Step::Key(&name) };
            self.place(index, at);
            self.value(&mut value, at, left)?;
            object.insert(name, value);
        }
        Ok(())
    }

    fn array(&mut self, items: &mut Vec<Value>, here: &Here<'_>, left: usize) -> Result<(), SdJwtError> {
        let left = deeper(left)?;
        let received = mem::take(items);
        items.reserve(received.len());
        let all = received.len();
        let mut issued = Vec::new();
        for (index_issued, mut item) in received.into_iter().enumerate() {
            // Elements that stay hidden are removed, so an element's place is counted in the result.
            let at = Here { above: Some(here), step: Step::Index(items.len()) };
            if let Some(digest) = hidden_element(&mut item)? {
                let Some((index, disclosure)) = self.take(digest)? else { continue };
                let Disclosure::Element(value) = disclosure else {
                    return Err(SdJwtError::Place { index });
                };
                self.place(index, at);
                item = value;
                if item.as_object().is_some_and(|object| object.contains_key("...")) {
                    return Err(SdJwtError::Digests);
                }
            }
            self.value(&mut item, at, left)?;
            items.push(item);
            issued.push(index_issued);
        }
        if issued.len() < all {
            self.gaps.push(Gap { array: here.path(), issued });
        }
        Ok(())
    }

    /// The disclosure that `digest` refers to; `None` for a decoy or one that stays hidden.
    fn take(&mut self, digest: String) -> Result<Option<(usize, Disclosure)>, SdJwtError> {
        let index = self.by_digest.get(&digest).copied();
        if !self.met.insert(digest) {
            return Err(SdJwtError::Repeated);
        }
        let found = index.and_then(|index| Some((index, self.waiting.get_mut(index)?.take()?)));
        Ok(found)
    }

    fn place(&mut self, index: usize, here: Here<'_>) {
        if let Some(place) = self.places.get_mut(index) {
            *place = here.path();
        }
    }
}

impl Here<'_> {
    fn path(&self) -> Vec<PathElement> {
        let mut path = self.above.map(Here::path).unwrap_or_default();
        path.push(match self.step {
            Step::Key(name) => PathElement::Key(name.to_owned()),
            Step::Index(index) => PathElement::Index(index),
        });
        path
    }
}

fn deeper(left: usize) -> Result<usize, SdJwtError> {
    left.checked_sub(1).ok_or(SdJwtError::TooDeep { limit: MAX_DEPTH })
}

/// The digest of an element `{"...": digest}`. Source: RFC 9901 §4.2.4.2: no other key beside it.
fn hidden_element(item: &mut Value) -> Result<Option<String>, SdJwtError> {
    let Value::Object(object) = item else { return Ok(None) };
    let alone = object.len() == 1;
    match object.get_mut("...") {
        None => Ok(None),
        Some(Value::String(digest)) if alone => Ok(Some(mem::take(digest))),
        Some(_) => Err(SdJwtError::Digests),
    }
}
