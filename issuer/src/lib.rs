//! `inro-issuer`: an agency's OpenID4VCI service and its admin CLI.
//!
//! [`issuer::Issuer`] is the issuer as a value; the use cases extend it: [`offers`] makes offers,
//! [`redeem`] turns a code into a token, [`refill`] a refresh token, [`issue`] makes copies, [`deferred`] those that somebody has to
//! approve first, [`notice`] hears what became of them, [`documents`] tells about it all.
//! [`http`] carries the protocol, [`cli`] the administrator's commands; [`store`] remembers.

pub mod cli;
pub mod config;
pub mod deferred;
pub mod demands;
pub mod documents;
pub mod employees;
pub mod error;
pub mod folder;
pub mod hr;
pub mod http;
pub mod issue;
pub mod issuer;
pub mod notice;
pub mod offers;
pub mod redeem;
pub mod refill;
pub mod refill_setting;
pub mod registrar;
pub mod renewal;
pub mod secrets;
pub mod signed_lists;
pub mod signer;
pub mod status;
pub mod store;

pub use error::IssuerError;
