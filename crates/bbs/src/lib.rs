//! BBS, blind BBS, pseudonyms and sub-proofs over BLS12-381.

mod blind_bbs;
mod commitment;
mod context;
mod core_bbs;
mod error;
#[expect(unsafe_code, reason = "blst is a C library; this module is its safe face")]
mod ffi;
mod generators;
pub mod inro1;
mod key;
mod marks;
mod mask;
mod multiples;
mod nym_bbs;
mod octets;
mod proof;
mod reader;
mod secret;
mod signature;
mod suite;
mod table;
#[doc(hidden)]
pub mod units;

pub use blind_bbs::{BlindBbs, BlindCredential, BlindGenerators};
pub use core_bbs::{CoreBbs, CoreCredential, CoreGenerators, Disclosed, Shown};
pub use error::BbsError;
#[cfg(inro_ct)]
pub use ffi::{mark_public, mark_secret};
pub use key::{PublicKey, SecretKey};
pub use nym_bbs::{NymBbs, NymCredential, NymGenerators, Pseudonym};
pub use secret::SecretScalar;
pub use signature::Signature;
pub use suite::Suite;

/// The most messages that one signature covers, blind ones and the secret included.
///
/// Bounds the tables of generators to 4 MiB and the work that a stranger's numbers can cause. Our largest
/// credential type has 30 messages.
pub const MAX_MESSAGES: usize = 120;
