//! The file that carries history and settings to another phone: sealed under a passphrase.
//!
//! `INROMOVE`, the version (1 byte), memory in KiB, passes, lanes (4 bytes each, big-endian), salt (16), nonce (12), and what
//! AES-256-GCM made of the content with all before it as associated data. The key is Argon2id of the passphrase. Source: RFC 9106.

use argon2::{Algorithm, Argon2, Params, Version};
use inro_base::{Code, Coded, Rng, Secret};
use inro_crypto::Provider;
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"INROMOVE";
const VERSION: u8 = 1;
const SALT: usize = 16;
const NONCE: usize = 12;
const HEADER: usize = 8 + 1 + 12 + SALT + NONCE;
/// The longest file that is read, in bytes.
const MAX_FILE: usize = 64 << 20;
/// A file may not ask for more: memory in KiB (256 MiB), and passes.
const MAX_MEMORY: u32 = 256 << 10;
const MAX_PASSES: u32 = 16;
const LANES: u32 = 1;

/// What guessing a passphrase costs; one lane.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    /// In KiB, 8 to 262,144.
    pub memory: u32,
    /// 1 to 16.
    pub passes: u32,
}

/// A transfer file that was read, and not opened.
#[derive(Debug)]
pub struct TransferFile<'a> {
    cost: Cost,
    header: &'a [u8],
    salt: &'a [u8],
    nonce: &'a [u8; NONCE],
    sealed: &'a [u8],
}

/// Why a transfer came to nothing. Nothing was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// It is no transfer file, or was cut, or is too long.
    #[error("not a transfer file, or not all of one")]
    Malformed,
    /// It was made by a newer version.
    #[error("a transfer file of version {found}")]
    TooNew {
        /// The version found.
        found: u8,
    },
    /// It asks for more memory or time than is given to a file.
    #[error("a transfer file that costs too much to open")]
    TooCostly,
    /// The passphrase is wrong, or the file was altered: one cannot be told from the other.
    #[error("the passphrase does not open the file, or it was altered")]
    Sealed,
    /// The wallet is not new: it has credentials or a history.
    #[error("the wallet is in use")]
    Used,
}

impl Cost {
    /// 64 MiB and 3 passes. Source: RFC 9106 §4, the second recommended option.
    pub const USUAL: Self = Self { memory: 64 << 10, passes: 3 };
}

impl<'a> TransferFile<'a> {
    /// The longest file, in bytes.
    pub const MAX: u64 = 64 << 20;

    /// Reads what is readable without the passphrase.
    ///
    /// # Errors
    /// [`TransferError`], before anything costly is done.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TransferError> {
        use TransferError::Malformed;
        let rest = bytes.strip_prefix(MAGIC).ok_or(Malformed)?;
        let (version, rest) = rest.split_first().ok_or(Malformed)?;
        if *version > VERSION {
            return Err(TransferError::TooNew { found: *version });
        }
        if *version != VERSION || bytes.len() > MAX_FILE {
            return Err(Malformed);
        }
        let (memory, rest) = number(rest)?;
        let (passes, rest) = number(rest)?;
        let (lanes, rest) = number(rest)?;
        let (salt, rest) = rest.split_at_checked(SALT).ok_or(Malformed)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Malformed)?;
        if memory > MAX_MEMORY || passes > MAX_PASSES || lanes > LANES {
            return Err(TransferError::TooCostly);
        }
        if memory < 8 || passes < 1 || lanes < 1 {
            return Err(Malformed);
        }
        let header = bytes.get(..HEADER).ok_or(Malformed)?;
        Ok(Self { cost: Cost { memory, passes }, header, salt, nonce, sealed })
    }

    /// What it costs to open.
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// The content.
    ///
    /// # Errors
    /// [`TransferError::Sealed`].
    pub(crate) fn open(
        &self,
        passphrase: &Secret<String>,
        provider: &dyn Provider,
    ) -> Result<Secret<Vec<u8>>, TransferError> {
        let key = derive(passphrase, self.salt, self.cost)?;
        let opened = provider.aes256_gcm_open(&key, self.nonce, self.header, self.sealed);
        opened.map(Secret::new).map_err(|_| TransferError::Sealed)
    }
}

/// The file that carries `content`.
pub(crate) fn seal(
    content: &[u8],
    passphrase: &Secret<String>,
    cost: Cost,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> Result<Vec<u8>, TransferError> {
    let (salt, nonce) = (rng.bytes::<SALT>(), rng.bytes::<NONCE>());
    let numbers = [cost.memory, cost.passes, LANES].map(u32::to_be_bytes).concat();
    let header = [MAGIC, [VERSION].as_slice(), &numbers, &salt, &nonce].concat();
    let key = derive(passphrase, &salt, cost)?;
    let sealed =
        provider.aes256_gcm_seal(&key, &nonce, &header, content).map_err(|_| TransferError::Malformed)?;
    let file = [header, sealed].concat();
    // What nobody can read again is no transfer.
    TransferFile::parse(&file)?;
    Ok(file)
}

fn derive(
    passphrase: &Secret<String>,
    salt: &[u8],
    cost: Cost,
) -> Result<Zeroizing<[u8; 32]>, TransferError> {
    let mut key = Zeroizing::new([0; 32]);
    let params =
        Params::new(cost.memory, cost.passes, LANES, Some(32)).map_err(|_| TransferError::TooCostly)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let derived = argon.hash_password_into(passphrase.expose().as_bytes(), salt, &mut *key);
    derived.map_err(|_| TransferError::Sealed)?;
    Ok(key)
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), TransferError> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or(TransferError::Malformed)?;
    Ok((u32::from_be_bytes(*number), rest))
}

impl Coded for TransferError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed => const { Code::new("INRO-WALLET-110") },
            Self::TooNew { .. } => const { Code::new("INRO-WALLET-111") },
            Self::TooCostly => const { Code::new("INRO-WALLET-112") },
            Self::Sealed => const { Code::new("INRO-WALLET-113") },
            Self::Used => const { Code::new("INRO-WALLET-114") },
        }
    }
}
