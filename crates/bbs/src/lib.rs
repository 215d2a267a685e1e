//! BBS, blind BBS, pseudonyms and sub-proofs over BLS12-381.
//!
//! | interface | what it is | source |
//! |---|---|---|
//! | [`CoreBbs`] | core BBS, both ciphersuites | draft-irtf-cfrg-bbs-signatures-09 |
//! | [`BlindBbs`], [`NymBbs`] | blind BBS and pseudonyms as the vectors of zkryptium 0.8 pin them | `docs/vectors.md` |
//! | [`inro1`] | our credential profile BBS-MOD-INRO1 with its sub-proofs | `docs/specs/bbs-mod-inro1.md` |
//!
//! An interface's generators are made once for a number of messages and shared; they carry the tables that signing,
//! proving and verifying use. A credential is accepted once, which checks it and makes the tables of its own points;
//! then it makes any number of proofs. What touches a secret is constant-time: `docs/specs/bbs-constant-time.md`.
//!
//! Only `ffi.rs` calls C. Everything else is safe code over scalars and points that were checked when they came in.

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
pub const MAX_MESSAGES: usize = 112;
