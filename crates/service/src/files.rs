//! A service's folder: secrets are 0600 in a folder of 0700, and nothing is overwritten unasked.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use inro_base::Secret;

use crate::ServiceError;

/// No key, certificate, setting or type file of ours comes near this; an HR file has its own limit.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// Makes the folder of a new service (0700). An empty folder that exists is taken over.
///
/// # Errors
/// [`ServiceError::NotEmpty`] when it holds anything.
pub fn create_service_dir(path: &Path) -> Result<(), ServiceError> {
    if path.exists() {
        let mut entries = fs::read_dir(path).map_err(ServiceError::read(path))?;
        if entries.next().is_some() {
            return Err(ServiceError::NotEmpty { path: path.to_owned() });
        }
    }
    create_private_dir(path)
}

/// Checks that `init` made the folder: it has a `config.toml`.
///
/// # Errors
/// [`ServiceError::NotInitialized`].
pub fn check_service_dir(path: &Path) -> Result<(), ServiceError> {
    if path.join("config.toml").is_file() {
        return Ok(());
    }
    Err(ServiceError::NotInitialized { path: path.to_owned() })
}

/// Makes a folder of 0700 with its parents, or sets an existing one to 0700.
///
/// # Errors
/// [`ServiceError::Write`].
pub fn create_private_dir(path: &Path) -> Result<(), ServiceError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(ServiceError::write(path))?;
    set_mode(path, 0o700)
}

/// Writes a new file of 0600.
///
/// # Errors
/// [`ServiceError::Write`], also when the file exists.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    write_new(path, bytes, 0o600)
}

/// Writes a new file of 0644, for certificates and settings.
///
/// # Errors
/// [`ServiceError::Write`], also when the file exists.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    write_new(path, bytes, 0o644)
}

/// Puts `bytes` in the place of `path` at once (0600): a reader sees the old or the new file.
///
/// # Errors
/// [`ServiceError::Write`].
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    replace(path, bytes, 0o600)
}

/// As [`replace_private`], for certificates and settings (0644).
///
/// # Errors
/// [`ServiceError::Write`].
pub fn replace_public(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    replace(path, bytes, 0o644)
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ServiceError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    write_new(&new, bytes, mode)?;
    fs::rename(&new, path).map_err(ServiceError::write(path))
}

/// Reads a text file of at most [`MAX_FILE_BYTES`].
///
/// # Errors
/// [`ServiceError::Read`], also when it is longer or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, ServiceError> {
    let file = File::open(path).map_err(ServiceError::read(path))?;
    let mut text = String::new();
    let length = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(ServiceError::read(path))?;
    if u64::try_from(length).is_ok_and(|length| length <= MAX_FILE_BYTES) {
        return Ok(text);
    }
    let source = std::io::Error::new(std::io::ErrorKind::FileTooLarge, "longer than 4 MiB");
    Err(ServiceError::Read { path: path.to_owned(), source })
}

/// Reads a secret text file after [`check_private`].
///
/// # Errors
/// As [`check_private`] and [`read_text`].
pub fn read_private(path: &Path) -> Result<Secret<String>, ServiceError> {
    check_private(path)?;
    read_text(path).map(Secret::new)
}

/// Checks that neither the file nor its folder is open to group or others.
///
/// # Errors
/// [`ServiceError::TooOpen`] names the one that is.
pub fn check_private(path: &Path) -> Result<(), ServiceError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for path in [folder, path] {
        let mode = fs::metadata(path).map_err(ServiceError::read(path))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(ServiceError::TooOpen { path: path.to_owned(), mode });
        }
    }
    Ok(())
}

/// Every secret of a service's folder `root`, and every folder with one, that group or others may
/// use. What cannot be looked at is left to the command that needs it.
pub fn open_secrets(root: &Path) -> Vec<ServiceError> {
    let mut errors = Vec::new();
    for folder in [root.to_owned(), root.join("keys"), root.join("tls")] {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut secrets: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_secret(path)).collect();
        secrets.sort();
        for path in std::iter::once(folder).chain(secrets) {
            match fs::metadata(&path).map(|found| found.mode() & 0o777) {
                Ok(mode) if mode & 0o077 != 0 => errors.push(ServiceError::TooOpen { path, mode }),
                Ok(_) | Err(_) => {}
            }
        }
    }
    errors
}

/// Private keys, the server's secret, the API token, and the database with its journals.
fn is_secret(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with("key.pem") || name == "server.key" || name == "api-token" || name.starts_with("db.sqlite")
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ServiceError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(ServiceError::write(path))
}

fn set_mode(path: &Path, mode: u32) -> Result<(), ServiceError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(ServiceError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use inro_base::Coded as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn secrets_are_closed_to_others_and_never_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("D");
        create_service_dir(&folder).unwrap();
        let key = folder.join("key.pem");
        write_private(&key, b"one").unwrap();
        assert_eq!((mode(&folder), mode(&key)), (0o700, 0o600));
        assert_eq!(read_private(&key).unwrap().expose(), "one");
        assert_eq!(write_private(&key, b"two").unwrap_err().code().as_str(), "INRO-SERVICE-004");
        replace_private(&key, b"two").unwrap();
        assert_eq!((read_private(&key).unwrap().expose().as_str(), mode(&key)), ("two", 0o600));
    }

    #[test]
    fn refuses_a_secret_that_others_can_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("D");
        create_private_dir(&folder).unwrap();
        let key = folder.join("key.pem");
        write_private(&key, b"one").unwrap();
        assert!(read_private(&key).is_ok());
        set_mode(&key, 0o640).unwrap();
        assert_eq!(read_private(&key).unwrap_err().code().as_str(), "INRO-SERVICE-005");
        set_mode(&key, 0o600).unwrap();
        set_mode(&folder, 0o755).unwrap();
        assert_eq!(read_private(&key).unwrap_err().code().as_str(), "INRO-SERVICE-005");
    }

    #[test]
    fn lists_each_secret_that_others_can_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("D");
        create_private_dir(&folder.join("keys")).unwrap();
        set_mode(&folder, 0o700).unwrap();
        write_public(&folder.join("config.toml"), b"").unwrap();
        for name in ["db.sqlite", "api-token", "keys/server.key", "keys/ca.key.pem"] {
            let path = folder.join(name);
            write_private(&path, b"").unwrap();
            assert!(open_secrets(&folder).is_empty(), "{name}");
            set_mode(&path, 0o604).unwrap();
            let found = open_secrets(&folder);
            assert!(
                matches!(&found[..], [ServiceError::TooOpen { path: told, .. }] if *told == path),
                "{name}"
            );
            set_mode(&path, 0o600).unwrap();
        }
        set_mode(&folder.join("keys"), 0o750).unwrap();
        assert_eq!(open_secrets(&folder).len(), 1);
    }

    #[test]
    fn refuses_a_folder_in_use_and_one_that_init_did_not_make() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(check_service_dir(root.path()).unwrap_err().code().as_str(), "INRO-SERVICE-002");
        assert!(create_service_dir(root.path()).is_ok());
        write_public(&root.path().join("config.toml"), b"").unwrap();
        assert!(check_service_dir(root.path()).is_ok());
        assert_eq!(create_service_dir(root.path()).unwrap_err().code().as_str(), "INRO-SERVICE-001");
    }

    #[test]
    fn refuses_a_file_past_the_limit() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("big");
        let limit = usize::try_from(MAX_FILE_BYTES).unwrap();
        fs::write(&path, vec![b'a'; limit]).unwrap();
        assert_eq!(read_text(&path).unwrap().len(), limit);
        fs::write(&path, vec![b'a'; limit + 1]).unwrap();
        assert_eq!(read_text(&path).unwrap_err().code().as_str(), "INRO-SERVICE-003");
    }
}
