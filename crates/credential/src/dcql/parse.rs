use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::error::QueryError;
use super::query::{
    ClaimsQuery, CredentialQuery, CredentialSet, MSO_MDOC, Meta, Query, SD_JWT_VC, TrustedAuthorities,
};
use inro_sd_jwt::{ClaimPath, NotClaimPath, PathElement};

// OpenID4VP sets no limits. These stand far above any query that a holder could review, and keep
// the work of one evaluation (candidates × claims × sets) small.
const MAX_CREDENTIALS: usize = 32;
const MAX_CLAIMS: usize = 128;
const MAX_SETS: usize = 32;
const MAX_VALUES: usize = 128;
const MAX_ID_LENGTH: usize = 128;
const MAX_TEXT_LENGTH: usize = 1024;
const MAX_PATH_ELEMENTS: usize = 16;

type Object = Map<String, Value>;

impl Query {
    /// Reads the value of `dcql_query`. Members that the specification does not define are ignored.
    ///
    /// # Errors
    /// [`QueryError`] with the part that is malformed, too large, or refers to nothing.
    ///
    /// Source: OpenID4VP 1.0 §6.
    pub fn parse(value: &Value) -> Result<Self, QueryError> {
        let object = value.as_object().ok_or(QueryError::Malformed { member: "dcql_query" })?;
        let entries = array(object, "credentials", MAX_CREDENTIALS)?
            .ok_or(QueryError::Malformed { member: "credentials" })?;
        let credentials = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| credential(entry, index))
            .collect::<Result<Vec<_>, _>>()?;
        let ids = unique_ids(credentials.iter().map(|query| Some(query.id.as_str())))?;
        let sets = match array(object, "credential_sets", MAX_SETS)? {
            None => Vec::new(),
            Some(entries) => entries
                .iter()
                .enumerate()
                .map(|(index, entry)| credential_set(entry, index, &ids))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { credentials, sets })
    }

    /// Reads a query that is to be sent. What a wallet passes over, a verifier must not write.
    ///
    /// # Errors
    /// As [`Query::parse`]; [`QueryError::RepeatedClaim`] where a credential query points to one claim twice.
    ///
    /// Source: OpenID4VP 1.0 §6.1, `claims`.
    pub fn parse_own(value: &Value) -> Result<Self, QueryError> {
        let query = Self::parse(value)?;
        for credential in &query.credentials {
            let mut seen = HashSet::new();
            if let Some(index) =
                credential.claims.iter().position(|claim| !seen.insert(claim.path.elements()))
            {
                return Err(QueryError::RepeatedClaim { index });
            }
        }
        Ok(query)
    }
}

fn credential(value: &Value, index: usize) -> Result<CredentialQuery, QueryError> {
    let object = value.as_object().ok_or(QueryError::Malformed { member: "credentials" })?;
    let id = identifier(object, index)?.ok_or(QueryError::Malformed { member: "id" })?;
    let format = text(object.get("format"), "format")?;
    let meta = meta(object, &format, index)?;
    let trusted_authorities = match array(object, "trusted_authorities", MAX_SETS)? {
        None => Vec::new(),
        Some(entries) => entries.iter().map(trusted_authorities).collect::<Result<_, _>>()?,
    };
    let claims = match array(object, "claims", MAX_CLAIMS)? {
        None => Vec::new(),
        Some(entries) => entries
            .iter()
            .enumerate()
            .map(|(at, entry)| claims_query(entry, at, &meta))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let claim_ids = unique_ids(claims.iter().map(|claim: &ClaimsQuery| claim.id.as_deref()))?;
    let claim_sets = claim_sets(object, index, &claims, &claim_ids)?;
    Ok(CredentialQuery {
        id,
        format,
        multiple: boolean(object, "multiple", false)?,
        meta,
        trusted_authorities,
        holder_binding: boolean(object, "require_cryptographic_holder_binding", true)?,
        claim_sets,
        claims,
    })
}

/// Source: OpenID4VP 1.0 annex B.3.5 and B.2.3. The general text lets `meta` be empty; the format's own asks
/// for `vct_values` or `doctype_value` all the same, and a query for any type at all could not be reviewed.
fn meta(object: &Object, format: &str, index: usize) -> Result<Meta, QueryError> {
    let meta =
        object.get("meta").and_then(Value::as_object).ok_or(QueryError::Malformed { member: "meta" })?;
    if format == MSO_MDOC {
        let doctype = meta.get("doctype_value").ok_or(QueryError::NoTypes { index })?;
        return Ok(Meta::Mdoc { doctype_value: text(Some(doctype), "doctype_value")? });
    }
    if format != SD_JWT_VC {
        return Ok(Meta::Other(meta.clone()));
    }
    let entries = array(meta, "vct_values", MAX_VALUES)?.ok_or(QueryError::NoTypes { index })?;
    let vct_values = entries.iter().map(|entry| text(Some(entry), "vct_values")).collect::<Result<_, _>>()?;
    Ok(Meta::SdJwtVc { vct_values })
}

fn trusted_authorities(value: &Value) -> Result<TrustedAuthorities, QueryError> {
    let object = value.as_object().ok_or(QueryError::Malformed { member: "trusted_authorities" })?;
    let entries = array(object, "values", MAX_VALUES)?.ok_or(QueryError::Malformed { member: "values" })?;
    Ok(TrustedAuthorities {
        kind: text(object.get("type"), "type")?,
        values: entries.iter().map(|entry| text(Some(entry), "values")).collect::<Result<_, _>>()?,
    })
}

fn claims_query(value: &Value, index: usize, meta: &Meta) -> Result<ClaimsQuery, QueryError> {
    let object = value.as_object().ok_or(QueryError::Malformed { member: "claims" })?;
    let entries =
        array(object, "path", MAX_PATH_ELEMENTS)?.ok_or(QueryError::Malformed { member: "path" })?;
    if entries.iter().filter_map(Value::as_str).any(|key| key.len() > MAX_TEXT_LENGTH) {
        return Err(QueryError::TooLarge { member: "path", limit: MAX_TEXT_LENGTH });
    }
    let path = object
        .get("path")
        .ok_or(NotClaimPath)
        .and_then(ClaimPath::parse)
        .map_err(|_| QueryError::Malformed { member: "path" })?;
    let values = match array(object, "values", MAX_VALUES)? {
        None => Vec::new(),
        Some(entries) => entries.iter().map(match_value).collect::<Result<_, _>>()?,
    };
    let is_mdoc = matches!(meta, Meta::Mdoc { .. });
    if is_mdoc && !is_data_element(&path) {
        return Err(QueryError::NotDataElement { index });
    }
    // It is defined for mdoc alone; elsewhere it is a member like any other that nobody defined.
    let intent_to_retain = match object.get("intent_to_retain") {
        Some(value) if is_mdoc => {
            Some(value.as_bool().ok_or(QueryError::Malformed { member: "intent_to_retain" })?)
        }
        _ => None,
    };
    Ok(ClaimsQuery { id: identifier(object, index)?, path, values, intent_to_retain })
}

/// A name space and a data element identifier. Source: OpenID4VP 1.0 §7.2.
fn is_data_element(path: &ClaimPath) -> bool {
    matches!(path.elements(), [PathElement::Key(_), PathElement::Key(_)])
}

fn match_value(value: &Value) -> Result<Value, QueryError> {
    match value {
        Value::String(string) if string.len() > MAX_TEXT_LENGTH => {
            Err(QueryError::TooLarge { member: "values", limit: MAX_TEXT_LENGTH })
        }
        Value::String(_) | Value::Bool(_) => Ok(value.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(value.clone()),
        _ => Err(QueryError::Malformed { member: "values" }),
    }
}

fn claim_sets(
    object: &Object,
    index: usize,
    claims: &[ClaimsQuery],
    ids: &HashMap<&str, usize>,
) -> Result<Vec<Vec<usize>>, QueryError> {
    let Some(entries) = array(object, "claim_sets", MAX_SETS)? else { return Ok(Vec::new()) };
    if claims.is_empty() {
        return Err(QueryError::ClaimSetsWithoutClaims { index });
    }
    if let Some(at) = claims.iter().position(|claim| claim.id.is_none()) {
        return Err(QueryError::Id { index: at });
    }
    entries
        .iter()
        .enumerate()
        .map(|(at, entry)| references(entry, "claim_sets", at, MAX_CLAIMS, ids))
        .collect()
}

fn credential_set(
    value: &Value,
    index: usize,
    ids: &HashMap<&str, usize>,
) -> Result<CredentialSet, QueryError> {
    let object = value.as_object().ok_or(QueryError::Malformed { member: "credential_sets" })?;
    let options = array(object, "options", MAX_SETS)?.ok_or(QueryError::Malformed { member: "options" })?;
    let options = options
        .iter()
        .map(|option| references(option, "options", index, MAX_CREDENTIALS, ids))
        .collect::<Result<_, _>>()?;
    Ok(CredentialSet { required: boolean(object, "required", true)?, options })
}

/// The indices behind a non-empty list of different identifiers.
fn references(
    value: &Value,
    member: &'static str,
    index: usize,
    limit: usize,
    ids: &HashMap<&str, usize>,
) -> Result<Vec<usize>, QueryError> {
    let entries =
        value.as_array().filter(|entries| !entries.is_empty()).ok_or(QueryError::Malformed { member })?;
    if entries.len() > limit {
        return Err(QueryError::TooLarge { member, limit });
    }
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        let id = entry.as_str().ok_or(QueryError::Malformed { member })?;
        let at = *ids.get(id).ok_or(QueryError::UnknownId { index })?;
        if found.contains(&at) {
            return Err(QueryError::UnknownId { index });
        }
        found.push(at);
    }
    Ok(found)
}

fn unique_ids<'a>(ids: impl Iterator<Item = Option<&'a str>>) -> Result<HashMap<&'a str, usize>, QueryError> {
    let mut seen = HashMap::new();
    for (index, id) in ids.enumerate() {
        let Some(id) = id else { continue };
        if seen.insert(id, index).is_some() {
            return Err(QueryError::RepeatedId { index });
        }
    }
    Ok(seen)
}

/// Source: OpenID4VP 1.0 §6.1 and §6.3: alphanumeric, underscore or hyphen, not empty.
fn identifier(object: &Object, index: usize) -> Result<Option<String>, QueryError> {
    let Some(value) = object.get("id") else { return Ok(None) };
    let id = value.as_str().ok_or(QueryError::Malformed { member: "id" })?;
    if id.len() > MAX_ID_LENGTH {
        return Err(QueryError::TooLarge { member: "id", limit: MAX_ID_LENGTH });
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.is_empty() || !id.bytes().all(allowed) {
        return Err(QueryError::Id { index });
    }
    Ok(Some(id.to_owned()))
}

fn text(value: Option<&Value>, member: &'static str) -> Result<String, QueryError> {
    let text = value.and_then(Value::as_str).ok_or(QueryError::Malformed { member })?;
    if text.is_empty() {
        return Err(QueryError::Malformed { member });
    }
    if text.len() > MAX_TEXT_LENGTH {
        return Err(QueryError::TooLarge { member, limit: MAX_TEXT_LENGTH });
    }
    Ok(text.to_owned())
}

fn boolean(object: &Object, member: &'static str, default: bool) -> Result<bool, QueryError> {
    match object.get(member) {
        None => Ok(default),
        Some(value) => value.as_bool().ok_or(QueryError::Malformed { member }),
    }
}

/// A non-empty array of at most `limit` entries, or `None` where the member is absent.
fn array<'a>(
    object: &'a Object,
    member: &'static str,
    limit: usize,
) -> Result<Option<&'a Vec<Value>>, QueryError> {
    let Some(value) = object.get(member) else { return Ok(None) };
    let entries =
        value.as_array().filter(|entries| !entries.is_empty()).ok_or(QueryError::Malformed { member })?;
    if entries.len() > limit {
        return Err(QueryError::TooLarge { member, limit });
    }
    Ok(Some(entries))
}
