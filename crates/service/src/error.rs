use std::path::{Path, PathBuf};

use inro_base::{Code, Coded};
use rusqlite::ErrorCode;

/// Why something that both services do failed.
///
/// The texts name files, for the operator at the command line. A log line takes the code alone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// `init` was pointed at a folder that is in use.
    #[error("{} already holds files", .path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A command was pointed at a folder that `init` did not make.
    #[error("{} has no config.toml", .path.display())]
    NotInitialized {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A secret file, or the folder of one, can be read by others.
    #[error("{} has the rights {mode:04o}", .path.display())]
    TooOpen {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A settings file is no TOML, or not of the shape that the program knows.
    #[error("{} at line {line}: {reason}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Counted from 1; 0 when the mistake has no place.
        line: usize,
        /// What the reader missed there.
        reason: String,
    },
    /// SQLite failed.
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    /// The database is newer than this program.
    #[error("the database has version {found}, this program knows {known}")]
    NewerDatabase {
        /// The database's version.
        found: usize,
        /// The newest version that this program knows.
        known: usize,
    },
    /// A key or certificate file could not be used.
    #[error("the key or certificate file {} cannot be used", .path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
    },
    /// A key or certificate could not be made.
    #[error("a key or certificate could not be made")]
    Pki,
    /// The address is taken or not ours.
    #[error("cannot listen: {source}")]
    Listen {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The service's URL is not an `https` origin.
    #[error("not an https URL of a host and a port")]
    Url,
    /// Something that cannot happen in a sound program, such as a worker that died.
    #[error("an internal failure")]
    Internal,
    /// A request's body is longer than the limit.
    #[error("the body is longer than {limit} bytes")]
    BodyTooLong {
        /// In bytes.
        limit: usize,
    },
    /// No such resource.
    #[error("no such resource")]
    NotFound,
    /// The resource does not take this method.
    #[error("no such method here")]
    MethodNotAllowed,
    /// A request was not answered in time.
    #[error("not answered within {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
}

impl ServiceError {
    /// Whether another process kept the database too long: the same attempt can succeed later.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// A failed read of `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// A failed write of `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

impl Coded for ServiceError {
    fn code(&self) -> Code {
        match self {
            Self::NotEmpty { .. } => const { Code::new("INRO-SERVICE-001") },
            Self::NotInitialized { .. } => const { Code::new("INRO-SERVICE-002") },
            Self::Read { .. } => const { Code::new("INRO-SERVICE-003") },
            Self::Write { .. } => const { Code::new("INRO-SERVICE-004") },
            Self::TooOpen { .. } => const { Code::new("INRO-SERVICE-005") },
            Self::Config { .. } => const { Code::new("INRO-SERVICE-006") },
            Self::Database(_) => const { Code::new("INRO-SERVICE-007") },
            Self::NewerDatabase { .. } => const { Code::new("INRO-SERVICE-008") },
            Self::KeyFile { .. } => const { Code::new("INRO-SERVICE-009") },
            Self::Pki => const { Code::new("INRO-SERVICE-010") },
            Self::Listen { .. } => const { Code::new("INRO-SERVICE-011") },
            Self::Url => const { Code::new("INRO-SERVICE-012") },
            Self::Internal => const { Code::new("INRO-SERVICE-013") },
            Self::BodyTooLong { .. } => const { Code::new("INRO-SERVICE-014") },
            Self::NotFound => const { Code::new("INRO-SERVICE-015") },
            Self::MethodNotAllowed => const { Code::new("INRO-SERVICE-016") },
            Self::TimedOut { .. } => const { Code::new("INRO-SERVICE-017") },
        }
    }
}
