//! Credential types as data: what a credential of a type holds, and what it is called.
//!
//! A type is a TOML file. Reading it ([`CredentialType::parse`]) checks it once and for all;
//! [`CredentialType::validate`] then holds claims against it, and [`CredentialType::metadata`]
//! tells wallets and verifiers about it.

mod catalog;
mod error;
mod file;
mod load;
mod mdoc;
mod metadata;
mod model;
mod roles;
mod validate;

pub use catalog::TypeCatalog;
pub use error::{ClaimError, ClaimFault, CredentialError, Rule, TypeError};
pub use mdoc::DataElement;
pub use model::{Claim, CredentialType, Disclosure, Kind, MdocElement, MdocName, Step, Text};
pub use roles::{Power, Role, RoleTable};
