//! Why a command stopped.

use inro_base::{Code, Coded, RequestId};
use inro_evidence::Fault;
use inro_wallet_core::{KeyStoreError, StoreError, WalletError};

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CliError {
    /// The engine's reason.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key store's reason.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The home folder cannot be made or opened.
    #[error("the home folder cannot be used")]
    Home,
    /// Another process has the home folder.
    #[error("the home folder is in use")]
    InUse,
    /// There is nobody to ask, and no `--yes`.
    #[error("a decision is needed and there is no terminal")]
    NoTerminal,
    /// The holder said no.
    #[error("the holder refused")]
    Refused,
    /// No registration covers who asks.
    #[error("no registration covers who asks")]
    Unregistered,
    /// More is asked for than was registered.
    #[error("more is asked for than was registered")]
    OverAsked,
    /// A transaction is to be authorized, and nobody has read it.
    #[error("a transaction has to be read before it is authorized")]
    Unread,
    /// The folder has files, and none of them is a wallet's.
    #[error("the folder holds something else than a wallet")]
    NotAWallet,
    /// The outcome cannot be written.
    #[error("the standard output cannot be written")]
    Output,
    /// A certificate file cannot be read.
    #[error("a certificate file cannot be read")]
    Certificate,
    /// A file of evidence cannot be read or written.
    #[error("a file of evidence cannot be read or written")]
    File,
    /// The evidence does not hold.
    #[error(transparent)]
    Evidence(#[from] Fault),
    /// The evidence lacks a record that is known from elsewhere.
    #[error("the evidence lacks the record that you know")]
    OtherEnd,
    /// The evidence was begun by another key.
    #[error("the evidence was begun by another key")]
    OtherKey,
}

impl CliError {
    /// Names the refused transaction for a help desk, where a service said an id.
    pub(crate) const fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::Wallet(error) => error.request_id(),
            _ => None,
        }
    }

    /// Whether the wallet refused, rather than failed.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Wallet(error) => error.is_refusal(),
            Self::NoTerminal
            | Self::Refused
            | Self::Unregistered
            | Self::OverAsked
            | Self::Unread
            | Self::Evidence(_)
            | Self::OtherEnd
            | Self::OtherKey => true,
            Self::Store(_)
            | Self::Keys(_)
            | Self::Home
            | Self::InUse
            | Self::NotAWallet
            | Self::Output
            | Self::File
            | Self::Certificate => false,
        }
    }
}

impl Coded for CliError {
    fn code(&self) -> Code {
        match self {
            Self::Wallet(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Refused => const { Code::new("INRO-WALLET-042") },
            Self::Unregistered => const { Code::new("INRO-WALLET-043") },
            Self::OverAsked => const { Code::new("INRO-WALLET-044") },
            Self::Unread => const { Code::new("INRO-WALLET-060") },
            Self::Home => const { Code::new("INRO-WALLET-050") },
            Self::InUse => const { Code::new("INRO-WALLET-051") },
            Self::NoTerminal => const { Code::new("INRO-WALLET-052") },
            Self::NotAWallet => const { Code::new("INRO-WALLET-054") },
            Self::Output => const { Code::new("INRO-WALLET-055") },
            Self::Certificate => const { Code::new("INRO-WALLET-053") },
            Self::File => const { Code::new("INRO-WALLET-092") },
            Self::Evidence(fault) => fault.code(),
            Self::OtherEnd => const { Code::new("INRO-WALLET-093") },
            Self::OtherKey => const { Code::new("INRO-WALLET-094") },
        }
    }
}
