//! Who plays, and how their words are read.

use serde_json::Value;

use super::api::Api;

pub(super) const ISSUER: &str = "inro-issuer";
pub(super) const VERIFIER: &str = "inro-verifier";
pub(super) const WALLET: &str = "inro-wallet";
/// An employee of the sample file who may approve welfare claims.
pub(super) const EMPLOYEE: &str = "E0001";

/// The policy of the first question, below the stage.
pub(super) const VERIFIER_POLICY: &str = "verifier/policies/approve-welfare.toml";

pub(super) fn verdict(api: &Api, id: &str, expected: &str) -> Result<Value, String> {
    let result = api.result(id)?;
    if member(&result, "status")? == expected {
        return Ok(result);
    }
    Err(format!("the verifier was expected to say {expected:?}: {result}"))
}

pub(super) fn member<'a>(object: &'a Value, name: &str) -> Result<&'a Value, String> {
    object.get(name).ok_or_else(|| format!("no {name} in {object}"))
}

/// A JSON value as people read it: a text without its quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
