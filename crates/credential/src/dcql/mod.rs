//! The Digital Credentials Query Language: parse a query, answer it, re-check the answer.
//!
//! [`Query::parse`] reads a query from a request, [`Query::parse_own`] one that is to be sent. A wallet
//! calls [`Query::select`] with what it holds and shows its holder the [`Matches`]; a verifier calls
//! [`Query::check`] with what it received and verified. `values` is never trusted to the wallet: `check` compares again.
//!
//! A format takes part through [`Meta`] only. `dc+sd-jwt` and `mso_mdoc` are matched; a query for any
//! other format is read, and nothing satisfies it. The claims of an mdoc are an object of name spaces,
//! each an object of data elements, so one way to follow a path serves both.
//!
//! Source: OpenID4VP 1.0 §6, §7 and annexes B.2, B.3.

mod check;
mod error;
mod evaluate;
mod parse;
mod query;
mod select;

pub use check::{CheckError, Presented};
pub use error::QueryError;
pub use query::{
    ClaimsQuery, CredentialQuery, CredentialSet, MSO_MDOC, Meta, Query, Requested, SD_JWT_VC,
    TrustedAuthorities,
};
pub use select::{Candidate, CandidateMatch, Chosen, Matches, NoMatch, OptionMatch, QueryMatch, SetMatch};
