//! A key store of plain files. **Software keys: for tests and demonstrations.** A phone keeps its
//! keys in hardware; here whoever reads the folder has the keys.

use std::fs::{self, File, OpenOptions};
use std::future::ready;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use inro_base::{Rng, Secret};
use inro_crypto::{Provider as _, PublicKey, RustCrypto, Signature, Signer as _, SoftwareKey};
use inro_wallet_core::{
    Assurance, Boxed, CreatedKey, Hardware, KeyId, KeyPolicy, KeyRequest, KeyStore, KeyStoreError, Purpose,
    WrappingKey,
};
use zeroize::Zeroizing;

use crate::system::SystemRng;

/// What this key store is, for whoever looks at a wallet that uses it.
pub const LABEL: &str = "software keys: for tests and demonstrations";

/// A pair that signs.
const SIGNING: &str = "pem";
/// A pair that agrees.
const AGREEING: &str = "agree";
/// The 32 bytes of a wrapping key.
const WRAPPING: &str = "wrap";
/// The one wrapping key of a folder from before such keys had names, and its name since.
const UNNAMED: (&str, &str) = ("wrapping.key", "wrapping");

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
        let keys = Self { folder };
        keys.name_the_unnamed()?;
        Ok(keys)
    }

    /// Whether there is a key pair in `folder`.
    ///
    /// # Errors
    /// [`KeyStoreError::Failed`] when the folder cannot be read.
    pub(crate) fn has_pairs(folder: &Path) -> Result<bool, KeyStoreError> {
        let mut found = false;
        for file in fs::read_dir(folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            found |= path.extension().is_some_and(|name| name == SIGNING || name == AGREEING);
        }
        Ok(found)
    }

    fn name_the_unnamed(&self) -> Result<(), KeyStoreError> {
        let (old, name) = UNNAMED;
        let old = self.folder.join(old);
        if !old.exists() {
            return Ok(());
        }
        fs::rename(old, self.path(&KeyId(name.into()), WRAPPING)?).map_err(failed)?;
        self.settle().map_err(failed)
    }

    fn path(&self, key: &KeyId, extension: &str) -> Result<PathBuf, KeyStoreError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        // A name out of a damaged database must not lead out of the folder.
        if key.0.is_empty() || !key.0.bytes().all(plain) {
            return Err(KeyStoreError::NoSuchKey);
        }
        Ok(self.folder.join(&key.0).with_extension(extension))
    }

    fn make(&self, request: &KeyRequest) -> Result<CreatedKey, KeyStoreError> {
        check(request.policy)?;
        let extension = match request.purpose {
            Purpose::Sign => SIGNING,
            Purpose::Agree => AGREEING,
        };
        let key = SoftwareKey::generate(&mut SystemRng);
        let id = self.write_new(extension, key.to_pkcs8_pem().expose().as_bytes())?;
        Ok(CreatedKey { id, public_key: key.public_key(), assurance: Assurance::NONE })
    }

    fn make_wrapping(&self, policy: KeyPolicy) -> Result<WrappingKey, KeyStoreError> {
        check(policy)?;
        let rng: &mut dyn Rng = &mut SystemRng;
        let id = self.write_new(WRAPPING, &*Zeroizing::new(rng.bytes::<32>()))?;
        Ok(WrappingKey { id, assurance: Assurance::NONE })
    }

    /// No hardware speaks for a file.
    fn attest(&self, key: &KeyId) -> Result<Vec<Vec<u8>>, KeyStoreError> {
        for extension in [SIGNING, AGREEING, WRAPPING] {
            if self.path(key, extension)?.exists() {
                return Ok(Vec::new());
            }
        }
        Err(KeyStoreError::NoSuchKey)
    }

    fn read_pair(&self, key: &KeyId, extension: &str) -> Result<SoftwareKey, KeyStoreError> {
        let pem = Zeroizing::new(fs::read_to_string(self.path(key, extension)?).map_err(failed)?);
        SoftwareKey::from_pkcs8_pem(&pem).map_err(|_| KeyStoreError::Failed)
    }

    fn sign_with(&self, key: &KeyId, message: &[u8]) -> Result<Signature, KeyStoreError> {
        self.read_pair(key, SIGNING)?.sign_es256(message).map_err(|_| KeyStoreError::Failed)
    }

    fn agree_with(&self, key: &KeyId, peer: &PublicKey) -> Result<Secret<[u8; 32]>, KeyStoreError> {
        let private = self.read_pair(key, AGREEING)?.to_secret_bytes();
        RustCrypto.ecdh_p256(private.expose(), peer).map(Secret::new).map_err(|_| KeyStoreError::Failed)
    }

    fn seal(&self, key: &KeyId, secret: &Secret<Vec<u8>>) -> Result<Vec<u8>, KeyStoreError> {
        let rng: &mut dyn Rng = &mut SystemRng;
        let nonce = rng.bytes::<12>();
        let sealed = RustCrypto.aes256_gcm_seal(&*self.read_wrapping(key)?, &nonce, b"", secret.expose());
        Ok([nonce.as_slice(), &sealed.map_err(|_| KeyStoreError::Failed)?].concat())
    }

    fn open_sealed(&self, key: &KeyId, wrapped: &[u8]) -> Result<Secret<Vec<u8>>, KeyStoreError> {
        let key = self.read_wrapping(key)?;
        let (nonce, sealed) = wrapped.split_first_chunk::<12>().ok_or(KeyStoreError::Altered)?;
        let opened = RustCrypto.aes256_gcm_open(&key, nonce, b"", sealed);
        opened.map(Secret::new).map_err(|_| KeyStoreError::Altered)
    }

    fn read_wrapping(&self, key: &KeyId) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
        let bytes = Zeroizing::new(fs::read(self.path(key, WRAPPING)?).map_err(failed)?);
        let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyStoreError::Failed)?;
        Ok(Zeroizing::new(*key))
    }

    fn remove(&self, key: &KeyId) -> Result<(), KeyStoreError> {
        for extension in [SIGNING, AGREEING, WRAPPING] {
            match fs::remove_file(self.path(key, extension)?) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
                Ok(()) | Err(_) => {}
            }
        }
        // A key that comes back after a power failure was not deleted.
        self.settle().map_err(failed)
    }

    fn names(&self) -> Result<Vec<KeyId>, KeyStoreError> {
        let mut names = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            let is_key = |extension: &str| [SIGNING, AGREEING, WRAPPING].contains(&extension);
            if path.extension().and_then(|extension| extension.to_str()).is_some_and(is_key) {
                let name = path.file_stem().and_then(|name| name.to_str()).ok_or(KeyStoreError::Failed)?;
                names.push(KeyId(name.to_owned()));
            }
        }
        Ok(names)
    }

    fn write_new(&self, extension: &str, content: &[u8]) -> Result<KeyId, KeyStoreError> {
        let rng: &mut dyn Rng = &mut SystemRng;
        let id = KeyId(rng.token::<16>());
        self.write(&self.path(&id, extension)?, content).map_err(failed)?;
        Ok(id)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
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
    fn create<'a>(&'a self, request: &'a KeyRequest) -> Boxed<'a, Result<CreatedKey, KeyStoreError>> {
        Box::pin(ready(self.make(request)))
    }

    fn create_wrapping<'a>(&'a self, policy: &'a KeyPolicy) -> Boxed<'a, Result<WrappingKey, KeyStoreError>> {
        Box::pin(ready(self.make_wrapping(*policy)))
    }

    fn attestation<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<Vec<Vec<u8>>, KeyStoreError>> {
        Box::pin(ready(self.attest(key)))
    }

    fn sign<'a>(&'a self, key: &'a KeyId, message: &'a [u8]) -> Boxed<'a, Result<Signature, KeyStoreError>> {
        Box::pin(ready(self.sign_with(key, message)))
    }

    fn agree<'a>(
        &'a self,
        key: &'a KeyId,
        peer: &'a PublicKey,
    ) -> Boxed<'a, Result<Secret<[u8; 32]>, KeyStoreError>> {
        Box::pin(ready(self.agree_with(key, peer)))
    }

    fn wrap<'a>(
        &'a self,
        key: &'a KeyId,
        secret: &'a Secret<Vec<u8>>,
    ) -> Boxed<'a, Result<Vec<u8>, KeyStoreError>> {
        Box::pin(ready(self.seal(key, secret)))
    }

    fn unwrap<'a>(
        &'a self,
        key: &'a KeyId,
        wrapped: &'a [u8],
    ) -> Boxed<'a, Result<Secret<Vec<u8>>, KeyStoreError>> {
        Box::pin(ready(self.open_sealed(key, wrapped)))
    }

    fn delete<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<(), KeyStoreError>> {
        Box::pin(ready(self.remove(key)))
    }

    fn list(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        Box::pin(ready(self.names()))
    }
}

/// A file is no hardware, and asks nobody.
fn check(policy: KeyPolicy) -> Result<(), KeyStoreError> {
    match policy.hardware {
        Hardware::Preferred => Ok(()),
        Hardware::Required => Err(KeyStoreError::NoHardware),
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
        for purpose in [Purpose::Sign, Purpose::Agree] {
            run(keys.create(&KeyRequest::new(purpose, KeyPolicy::QUIET))).unwrap();
        }
        run(keys.create_wrapping(&KeyPolicy::QUIET)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keys.folder), 0o700);
        let files = fs::read_dir(&keys.folder).unwrap().map(|file| file.unwrap().path());
        let keys: Vec<_> = files.filter(|path| !path.ends_with("README")).collect();
        assert_eq!(keys.len(), 3);
        assert!(keys.iter().all(|path| mode(path) == 0o600));
    }

    /// What a folder held before wrapping keys had names: the pair of a copy, and the one key that wrapped
    /// `a ticket`.
    #[test]
    fn keys_of_an_older_folder_are_of_use_still() {
        const WRAPPED: [u8; 36] = [
            0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x95, 0x43, 0x6d, 0x3f,
            0xeb, 0xfd, 0x0e, 0xbe, 0x73, 0x86, 0x2e, 0x8a, 0xa1, 0x49, 0xbb, 0x50, 0xa9, 0xb1, 0xde, 0x8e,
            0x23, 0x8a, 0x67, 0x57,
        ];
        let key = SoftwareKey::from_secret_bytes(&[9; 32]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a-copy.pem"), key.to_pkcs8_pem().expose()).unwrap();
        fs::write(folder.path().join("wrapping.key"), [42; 32]).unwrap();
        for _ in ["migrates", "finds it done"] {
            let keys = FileKeys::open(folder.path().to_owned()).unwrap();
            let (pair, wrapping) = (KeyId("a-copy".into()), KeyId("wrapping".into()));
            let signature = run(keys.sign(&pair, b"message")).unwrap();
            RustCrypto.verify_es256(&key.public_key(), b"message", &signature).unwrap();
            assert_eq!(run(keys.unwrap(&wrapping, &WRAPPED)).unwrap().expose(), b"a ticket");
            let mut names = run(keys.list()).unwrap();
            names.sort();
            assert_eq!(names, [pair, wrapping]);
        }
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
