use serde_json::{Map, Value};

use crate::path::ClaimPath;

/// The format identifier of SD-JWT VC. Source: OpenID4VP 1.0 annex B.3.
pub const SD_JWT_VC: &str = "dc+sd-jwt";
/// The format identifier of an ISO mdoc. Source: OpenID4VP 1.0 annex B.2.
pub const MSO_MDOC: &str = "mso_mdoc";

/// A query for credentials, parsed.
///
/// Source: OpenID4VP 1.0 §6.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    pub(super) credentials: Vec<CredentialQuery>,
    pub(super) sets: Vec<CredentialSet>,
}

/// What is asked of one credential.
///
/// Source: OpenID4VP 1.0 §6.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialQuery {
    pub(super) id: String,
    pub(super) format: String,
    pub(super) multiple: bool,
    pub(super) meta: Meta,
    pub(super) trusted_authorities: Vec<TrustedAuthorities>,
    pub(super) holder_binding: bool,
    pub(super) claims: Vec<ClaimsQuery>,
    /// Indices into `claims`; empty where the query has no `claim_sets`.
    pub(super) claim_sets: Vec<Vec<usize>>,
}

/// The format's own constraints.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Meta {
    /// `dc+sd-jwt`: the accepted values of `vct`. Source: OpenID4VP 1.0 annex B.3.5.
    SdJwtVc {
        /// At least one.
        vct_values: Vec<String>,
    },
    /// `mso_mdoc`. Source: OpenID4VP 1.0 annex B.2.3.
    Mdoc {
        /// The one accepted document type.
        doctype_value: String,
    },
    /// A format that is not matched here yet, as it came.
    Other(Map<String, Value>),
}

/// Whose credentials the verifier accepts, in one of several notations.
///
/// Source: OpenID4VP 1.0 §6.1.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedAuthorities {
    pub(super) kind: String,
    pub(super) values: Vec<String>,
}

/// One claim that is asked for.
///
/// Source: OpenID4VP 1.0 §6.3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimsQuery {
    pub(super) id: Option<String>,
    pub(super) path: ClaimPath,
    /// Strings, integers and booleans; empty where any value will do.
    pub(super) values: Vec<Value>,
    /// `mso_mdoc` alone.
    pub(super) intent_to_retain: Option<bool>,
}

/// Combinations of credentials for one use.
///
/// Source: OpenID4VP 1.0 §6.2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialSet {
    pub(super) required: bool,
    /// Indices into the query's credentials.
    pub(super) options: Vec<Vec<usize>>,
}

/// All that one credential query could ask its holder to reveal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Requested<'a> {
    /// The id of the credential query.
    pub query_id: &'a str,
    /// The format identifier.
    pub format: &'a str,
    /// The accepted types; empty for a format that is not matched here.
    pub types: &'a [String],
    /// The paths of every claim set, each once, as the verifier wrote them.
    pub paths: Vec<&'a ClaimPath>,
}

impl Query {
    /// The credential queries, in the verifier's order.
    pub fn credentials(&self) -> &[CredentialQuery] {
        &self.credentials
    }

    /// The credential query with this id.
    pub fn credential(&self, id: &str) -> Option<&CredentialQuery> {
        self.credentials.iter().find(|query| query.id == id)
    }

    /// The credential sets, in the verifier's order; empty where all credentials are required.
    pub fn credential_sets(&self) -> &[CredentialSet] {
        &self.sets
    }

    /// Whether a credential query asks for credentials of this format and type. No other can match.
    pub fn names_type(&self, format: &str, type_id: &str) -> bool {
        let names = |query: &CredentialQuery| {
            query.format == format && query.types().iter().any(|accepted| accepted == type_id)
        };
        self.credentials.iter().any(names)
    }

    /// Everything that an answer could reveal, for a wallet's review and for the comparison with
    /// what a verifier registered.
    pub fn requested_paths(&self) -> Vec<Requested<'_>> {
        self.credentials.iter().map(CredentialQuery::requested).collect()
    }

    /// The ids of an option of a credential set.
    pub(super) fn ids<'a>(&'a self, option: &'a [usize]) -> impl Iterator<Item = &'a str> {
        option.iter().filter_map(|index| self.credentials.get(*index)).map(|query| query.id.as_str())
    }

    /// Whether an answer may hold the credential at `index`: every one where there are no sets,
    /// else those that a set names. Source: OpenID4VP 1.0 §6.4.2.
    pub(super) fn asks_for(&self, index: usize) -> bool {
        self.sets.is_empty()
            || self.sets.iter().flat_map(|set| set.options.iter().flatten()).any(|at| *at == index)
    }
}

impl CredentialQuery {
    /// The identifier under which the answer stands in the `vp_token`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The format identifier.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// Whether an answer may hold several credentials.
    pub fn multiple(&self) -> bool {
        self.multiple
    }

    /// The format's own constraints.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Whose credentials are accepted; empty where the query does not say.
    pub fn trusted_authorities(&self) -> &[TrustedAuthorities] {
        &self.trusted_authorities
    }

    /// Whether the holder must prove the possession of the credential's key.
    pub fn requires_holder_binding(&self) -> bool {
        self.holder_binding
    }

    /// The claims that are asked for; empty where only those that cannot be withheld are.
    pub fn claims(&self) -> &[ClaimsQuery] {
        &self.claims
    }

    /// The accepted types; empty for a format that is not matched here.
    pub fn types(&self) -> &[String] {
        match &self.meta {
            Meta::SdJwtVc { vct_values } => vct_values,
            Meta::Mdoc { doctype_value } => std::slice::from_ref(doctype_value),
            Meta::Other(_) => &[],
        }
    }

    fn requested(&self) -> Requested<'_> {
        let mut paths: Vec<&ClaimPath> = Vec::new();
        for claim in &self.claims {
            if !paths.contains(&&claim.path) {
                paths.push(&claim.path);
            }
        }
        Requested { query_id: &self.id, format: &self.format, types: self.types(), paths }
    }
}

impl TrustedAuthorities {
    /// The notation, such as `aki`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The authorities in that notation.
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

impl ClaimsQuery {
    /// The identifier within the credential query.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Where the claim stands.
    pub fn path(&self) -> &ClaimPath {
        &self.path
    }

    /// The values that are accepted: strings, integers, booleans; empty where any will do.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether the verifier means to keep the value beyond this transaction; `None` where it does
    /// not say. Source: OpenID4VP 1.0 annex B.2.4.
    pub fn intent_to_retain(&self) -> Option<bool> {
        self.intent_to_retain
    }
}

impl CredentialSet {
    /// Whether an answer must satisfy the set.
    pub fn required(&self) -> bool {
        self.required
    }
}
