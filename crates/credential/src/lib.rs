//! One model over the formats: credential types as data, claim paths, and the query language DCQL.
//!
//! - [`types`]: what a credential of a type holds, read from TOML ([`CredentialType`],
//!   [`TypeCatalog`], [`RoleTable`]); checks claims against it and describes it to others.
//! - [`dcql`]: OpenID4VP 1.0 §6–7. [`dcql::Query`] is parsed once; [`dcql::Query::select`] answers
//!   for the wallet, [`dcql::Query::check`] re-checks for the verifier.
//! - [`formats`]: one face over the formats ([`HeldCredential`], [`VerifiedClaims`]).
//! - [`citizen`]: what an employee's credential must never carry.

pub mod calendar;
pub mod citizen;
pub mod dcql;
pub mod formats;
mod path;
pub mod types;

pub use formats::{Format, FormatError, HeldCredential, VerifiedClaims, authority_key_ids};
pub use path::{ArrayPositions, ClaimPath, PathElement};
pub use types::{CredentialError, CredentialType, RoleTable, TypeCatalog};
