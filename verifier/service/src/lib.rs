//! inro-verifier: a thin OpenID4VP service over the verifier SDK, and its command line.
//!
//! The SDK does the protocol; here are the folder ([`layout`], [`init`], [`trust`], [`policies`],
//! [`registration`]), the SQLite store ([`store`]), the routes ([`http`], [`api`], [`wallet`]) and
//! the commands ([`cli`]).

mod answer;
pub mod api;
pub mod app;
mod check;
pub mod cli;
mod draft;
mod error;
mod fetch;
pub mod http;
pub mod init;
pub mod layout;
mod lookup;
pub mod policies;
pub mod registration;
mod status;
pub mod store;
pub mod trust;
pub mod wallet;

pub use answer::Failure;
pub use error::CommandError;
