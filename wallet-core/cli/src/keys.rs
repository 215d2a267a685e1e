//! A key store of plain files. **Software keys: for tests and demonstrations.** A phone keeps its
//! keys in hardware; here whoever reads the folder has the keys.

use std::fs::{self, File, OpenOptions};
use std::future::ready;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use inro_base::{Rng, Secret};
use inro_crypto::{Provider as _, RustCrypto, Signature, Signer as _, SoftwareKey};
use inro_wallet_core::{Boxed, CreatedKey, KeyId, KeyStore, KeyStoreError};
use zeroize::Zeroizing;

use crate::system::SystemRng;

/// What this key store is, for whoever looks at a wallet that uses it.
pub const LABEL: &str = "software keys: for tests and demonstrations";

const PEM: &str = "pem";
const WRAPPING_KEY: &str = "wrapping.key";

/// A [`KeyStore`] with one file of mode 0600 per key.
pub struct FileKeys {
    folder: PathBuf,
}

impl FileKeys {
    /// Opens the key store in `folder`, and makes the folder (mode 0700) where needed.
    ///
    /// # Errors
    /// [`KeyStoreError::Failed`] when the folder cannot be used.
    pub fn open(folder: PathBuf) -> Result<Self, KeyStoreError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let label = folder.join("README");
        if !label.exists() {
            fs::write(label, format!("{LABEL}. The files are not encrypted.\n")).map_err(failed)?;
        }
        Ok(Self { folder })
    }

    fn path(&self, key: &KeyId) -> Result<PathBuf, KeyStoreError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        // A name out of a damaged database must not lead out of the folder.
        if key.0.is_empty() || !key.0.bytes().all(plain) {
            return Err(KeyStoreError::NoSuchKey);
        }
        Ok(self.folder.join(&key.0).with_extension(PEM))
    }

    fn make(&self) -> Result<CreatedKey, KeyStoreError> {
        let key = SoftwareKey::generate(&mut SystemRng);
        let rng: &mut dyn Rng = &mut SystemRng;
        let id = KeyId(rng.token::<16>());
        self.write_new(&self.path(&id)?, key.to_pkcs8_pem().expose().as_bytes()).map_err(failed)?;
        Ok(CreatedKey { id, public_key: key.public_key() })
    }

    fn sign_with(&self, key: &KeyId, message: &[u8]) -> Result<Signature, KeyStoreError> {
        let pem = Zeroizing::new(fs::read_to_string(self.path(key)?).map_err(failed)?);
        let key = SoftwareKey::from_pkcs8_pem(&pem).map_err(|_| KeyStoreError::Failed)?;
        key.sign_es256(message).map_err(|_| KeyStoreError::Failed)
    }

    fn seal(&self, secret: &Secret<Vec<u8>>) -> Result<Vec<u8>, KeyStoreError> {
        let rng: &mut dyn Rng = &mut SystemRng;
        let nonce = rng.bytes::<12>();
        let sealed = RustCrypto.aes256_gcm_seal(&*self.wrapping_key()?, &nonce, b"", secret.expose());
        Ok([nonce.as_slice(), &sealed.map_err(|_| KeyStoreError::Failed)?].concat())
    }

    fn open_sealed(&self, wrapped: &[u8]) -> Result<Secret<Vec<u8>>, KeyStoreError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<12>().ok_or(KeyStoreError::Altered)?;
        let opened = RustCrypto.aes256_gcm_open(&*self.wrapping_key()?, nonce, b"", sealed);
        opened.map(Secret::new).map_err(|_| KeyStoreError::Altered)
    }

    fn wrapping_key(&self) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
        let path = self.folder.join(WRAPPING_KEY);
        if !path.exists() {
            let rng: &mut dyn Rng = &mut SystemRng;
            self.write_new(&path, &*Zeroizing::new(rng.bytes::<32>())).map_err(failed)?;
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
        let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyStoreError::Failed)?;
        Ok(Zeroizing::new(*key))
    }

    fn remove(&self, key: &KeyId) -> Result<(), KeyStoreError> {
        match fs::remove_file(self.path(key)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        // A key that comes back after a power failure was not deleted.
        self.settle().map_err(failed)
    }

    fn names(&self) -> Result<Vec<KeyId>, KeyStoreError> {
        let mut names = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == PEM) {
                let name = path.file_stem().and_then(|name| name.to_str()).ok_or(KeyStoreError::Failed)?;
                names.push(KeyId(name.to_owned()));
            }
        }
        Ok(names)
    }

    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        self.settle()
    }

    fn settle(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

impl KeyStore for FileKeys {
    fn create(&self) -> Boxed<'_, Result<CreatedKey, KeyStoreError>> {
        Box::pin(ready(self.make()))
    }

    fn sign<'a>(&'a self, key: &'a KeyId, message: &'a [u8]) -> Boxed<'a, Result<Signature, KeyStoreError>> {
        Box::pin(ready(self.sign_with(key, message)))
    }

    fn wrap<'a>(&'a self, secret: &'a Secret<Vec<u8>>) -> Boxed<'a, Result<Vec<u8>, KeyStoreError>> {
        Box::pin(ready(self.seal(secret)))
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8]) -> Boxed<'a, Result<Secret<Vec<u8>>, KeyStoreError>> {
        Box::pin(ready(self.open_sealed(wrapped)))
    }

    fn delete<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<(), KeyStoreError>> {
        Box::pin(ready(self.remove(key)))
    }

    fn list(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        Box::pin(ready(self.names()))
    }
}

fn failed(error: io::Error) -> KeyStoreError {
    match error.kind() {
        ErrorKind::NotFound => KeyStoreError::NoSuchKey,
        _ => KeyStoreError::Failed,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use inro_wallet_core::testing::{contract, run};

    use super::*;

    #[test]
    fn keeps_the_contract_of_a_key_store() {
        let folders = tempfile::tempdir().unwrap();
        let number = std::cell::Cell::new(0);
        contract::key_store(&|| {
            number.set(number.get() + 1);
            Box::new(FileKeys::open(folders.path().join(number.get().to_string())).unwrap())
        });
    }

    #[test]
    fn makes_files_that_only_their_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let keys = FileKeys::open(folder.path().join("keys")).unwrap();
        let key = run(keys.create()).unwrap();
        run(keys.wrap(&Secret::new(vec![1]))).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("keys")), 0o700);
        assert_eq!(mode(&keys.path(&key.id).unwrap()), 0o600);
        assert_eq!(mode(&folder.path().join("keys").join(WRAPPING_KEY)), 0o600);
    }

    #[test]
    fn refuses_a_name_that_leads_out_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside.pem");
        fs::write(&outside, "x").unwrap();
        let keys = FileKeys::open(folder.path().join("keys")).unwrap();
        let refused = run(keys.delete(&KeyId("../outside".into()))).unwrap_err();
        assert_eq!(refused, KeyStoreError::NoSuchKey);
        assert!(outside.exists());
    }
}
