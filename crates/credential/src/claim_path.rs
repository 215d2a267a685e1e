//! Stands here until inro-sd-jwt publishes its own.
#![expect(missing_docs, reason = "temporary")]
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum PathElement {
    Key(String),
    Index(usize),
    All,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Value>", into = "Vec<Value>")]
pub struct ClaimPath(Vec<PathElement>);

impl ClaimPath {
    pub fn new(elements: Vec<PathElement>) -> Result<Self, &'static str> {
        if elements.is_empty() { Err("empty") } else { Ok(Self(elements)) }
    }
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }
}
impl TryFrom<Vec<Value>> for ClaimPath {
    type Error = &'static str;
    fn try_from(v: Vec<Value>) -> Result<Self, &'static str> {
        Self::new(
            v.into_iter()
                .map(|e| match e {
                    Value::String(s) => Ok(PathElement::Key(s)),
                    Value::Null => Ok(PathElement::All),
                    Value::Number(n) => n
                        .as_u64()
                        .and_then(|n| usize::try_from(n).ok())
                        .map(PathElement::Index)
                        .ok_or("number"),
                    _ => Err("element"),
                })
                .collect::<Result<_, _>>()?,
        )
    }
}
impl From<ClaimPath> for Vec<Value> {
    fn from(p: ClaimPath) -> Self {
        p.0.into_iter()
            .map(|e| match e {
                PathElement::Key(s) => Value::String(s),
                PathElement::Index(n) => n.into(),
                PathElement::All => Value::Null,
            })
            .collect()
    }
}
impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}
