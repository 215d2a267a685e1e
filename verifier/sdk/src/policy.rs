use inro_base::json::{self, JsonError};
use inro_base::{Code, Coded};
use inro_credential::dcql::{Query, QueryError};
use inro_openid4vp::Purpose;
use inro_openid4vp::verifier::QUERY_LIMITS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest policy file that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 64 * 1024;
/// The longest name of a policy, in characters.
const MAX_ID_CHARS: usize = 64;
/// The longest age that a policy may name, in seconds: ten years.
const MAX_AGE: i64 = 10 * 366 * 86_400;

/// The policies that every new verifier starts with: name and file text.
pub const BUILT_IN_POLICIES: &[(&str, &str)] = &[
    ("approve-welfare", include_str!("../policies/approve-welfare.toml")),
    ("identify-employee", include_str!("../policies/identify-employee.toml")),
];

/// What a relying system asks for, why, and which answers it takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Why it asks; the id is the policy's name.
    pub purpose: Purpose,
    /// The DCQL query, as JSON.
    pub query: Value,
    /// Which answers it takes.
    pub acceptance: AcceptanceRules,
}

/// Which credentials a policy takes, once they are authentic.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct AcceptanceRules {
    /// Issuers by the common name of their anchor; empty: every issuer that is trusted.
    pub issuers: Vec<String>,
    /// How long ago a credential may have been issued, in seconds.
    pub max_credential_age: Option<i64>,
    /// How old a status list may be, in seconds.
    pub status_max_age: Option<i64>,
    /// What to do with a credential whose status cannot be determined.
    pub on_undetermined: OnUndetermined,
}

/// What to do with a credential whose status cannot be determined.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUndetermined {
    /// Take it for invalid.
    #[default]
    Reject,
    /// Take it, and say in the result that its status is undetermined.
    Accept,
}

/// Why a policy was not read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Its name has characters other than letters, digits, `-` and `_`, or is too long.
    #[error("a policy's name has characters that are not allowed, or too many")]
    Name,
    /// The file is longer than a policy may be.
    #[error("a policy of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Not TOML, or with a member that is missing, unknown or of another kind. `offset` is in bytes.
    #[error("malformed policy near byte {offset}")]
    Malformed {
        /// From the start of the file.
        offset: usize,
    },
    /// An age is not between 0 and ten years.
    #[error("an age in the policy is out of range")]
    Age,
    /// A text of the purpose is empty, too long, or has control characters.
    #[error("a purpose that cannot be shown")]
    Purpose,
    /// The query is not JSON.
    #[error("the policy's query: {0}")]
    Json(#[from] JsonError),
    /// The query is no DCQL.
    #[error("the policy's query: {0}")]
    Query(#[from] QueryError),
}

impl Coded for PolicyError {
    fn code(&self) -> Code {
        match self {
            Self::Name => const { Code::new("INRO-VERIFIER-001") },
            Self::TooLong { .. } | Self::Malformed { .. } => const { Code::new("INRO-VERIFIER-002") },
            Self::Age => const { Code::new("INRO-VERIFIER-003") },
            Self::Purpose => const { Code::new("INRO-VERIFIER-004") },
            Self::Json(error) => error.code(),
            Self::Query(error) => error.code(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    purpose: PurposeFile,
    dcql_query: String,
    #[serde(default)]
    issuers: Vec<String>,
    max_credential_age: Option<i64>,
    status_max_age: Option<i64>,
    #[serde(default)]
    on_undetermined: OnUndetermined,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeFile {
    en: String,
    ja: String,
}

impl Policy {
    /// Reads the file of the policy `name`.
    ///
    /// # Errors
    /// [`PolicyError`], with the place where the file is wrong and never its content.
    pub fn parse(name: &str, text: &str) -> Result<Self, PolicyError> {
        if !is_policy_name(name) {
            return Err(PolicyError::Name);
        }
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLong { length: text.len(), limit: MAX_POLICY_BYTES });
        }
        let file: PolicyFile = toml::from_str(text)
            .map_err(|error| PolicyError::Malformed { offset: error.span().map_or(0, |span| span.start) })?;
        let ages = [file.max_credential_age, file.status_max_age];
        if !ages.into_iter().flatten().all(|age| (0..=MAX_AGE).contains(&age)) {
            return Err(PolicyError::Age);
        }
        let purpose = Purpose { id: name.into(), en: file.purpose.en, ja: file.purpose.ja };
        let shown = !purpose.en.is_empty() && !purpose.ja.is_empty();
        let purpose = Purpose::parse(&purpose.to_value()).filter(|_| shown).ok_or(PolicyError::Purpose)?;
        let query = json::parse(file.dcql_query.as_bytes(), QUERY_LIMITS)?;
        Query::parse_own(&query)?;
        let acceptance = AcceptanceRules {
            issuers: file.issuers,
            max_credential_age: file.max_credential_age,
            status_max_age: file.status_max_age,
            on_undetermined: file.on_undetermined,
        };
        Ok(Self { purpose, query, acceptance })
    }

    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.purpose.id
    }
}

/// Whether `name` can name a policy, and so a file: letters, digits, `-` and `_`, at most 64.
pub fn is_policy_name(name: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welfare() -> String {
        BUILT_IN_POLICIES[0].1.to_owned()
    }

    fn refusal(text: &str) -> &'static str {
        Policy::parse("approve-welfare", text).unwrap_err().code().as_str()
    }

    #[test]
    fn reads_the_policies_that_init_writes() {
        for (name, text) in BUILT_IN_POLICIES {
            let policy = Policy::parse(name, text).unwrap();
            assert_eq!(policy.name(), *name);
            assert_eq!(policy.acceptance.on_undetermined, OnUndetermined::Reject);
        }
    }

    #[test]
    fn refuses_a_name_that_could_leave_its_folder() {
        assert!(Policy::parse("approve-welfare", &welfare()).is_ok());
        for name in ["", "../approve-welfare", "a/b", "a.b", &"a".repeat(65)] {
            assert_eq!(Policy::parse(name, &welfare()).unwrap_err().code().as_str(), "INRO-VERIFIER-001");
        }
    }

    #[test]
    fn refuses_unknown_missing_and_mistyped_members() {
        assert!(Policy::parse("p", &welfare()).is_ok());
        assert_eq!(refusal(&welfare().replace("issuers = []", "issuer = []")), "INRO-VERIFIER-002");
        assert_eq!(refusal(&welfare().replace("[purpose]", "[purposes]")), "INRO-VERIFIER-002");
        assert_eq!(refusal(&welfare().replace("\"reject\"", "\"ignore\"")), "INRO-VERIFIER-002");
        assert_eq!(refusal(&welfare().replace("= 604800", "= -1")), "INRO-VERIFIER-003");
        assert_eq!(
            refusal(&welfare().replace("福祉の申請を承認する権限があることの確認", "")),
            "INRO-VERIFIER-004"
        );
    }

    #[test]
    fn refuses_a_query_that_is_none() {
        assert!(Policy::parse("p", &welfare()).is_ok());
        assert_eq!(refusal(&welfare().replace("\"credentials\": [", "\"credentials\" [")), "INRO-BASE-004");
        assert_eq!(refusal(&welfare().replace("\"credentials\"", "\"credential\"")), "INRO-DCQL-001");
        let twice = welfare().replace("[\"scope\", \"agency\"]", "[\"powers\", null]");
        assert_eq!(refusal(&twice), "INRO-DCQL-001");
    }
}
