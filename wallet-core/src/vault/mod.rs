//! One encrypted file: records that have a kind, a name and an owner, and hold bytes.
//!
//! It knows nothing of credentials. Names, owners and contents are unreadable without the data key, which
//! a key store wraps; [`Vault::open`] checks in one pass that the records are exactly those that were
//! written last. The form of the file, and what it does not hide: docs/adr/0020-the-vault.md.

mod change;
mod custody;
mod directory;
mod erase;
mod file;
mod keys;
mod records;
mod root;
#[cfg(test)]
mod tests;

use inro_base::Rng;

pub(crate) use change::{Change, NewRecord};
#[cfg(test)]
use custody::DataKey;
pub(crate) use custody::{make_data_key, open_data_key};
pub(crate) use directory::Tag;
pub(crate) use erase::{erase, put_aside, remove_aside};
pub(crate) use file::{Closed, Vault, beside, failed, make, settle};
pub(crate) use records::Records;

/// What a record is about. The owner of this module's users gives the numbers.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Kind(pub(crate) u8);

/// `N` random bytes.
fn draw<const N: usize>(rng: &mut dyn Rng) -> [u8; N] {
    rng.bytes()
}
