use crate::oid;

/// What a certificate's key is for, and what an anchor may vouch for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Usage {
    /// Signs credentials.
    CredentialIssuer,
    /// Signs presentation requests.
    Verifier,
    /// Signs registrations of verifiers.
    Registrar,
    /// Signs key attestations of wallets.
    WalletProvider,
}

impl Usage {
    /// The extended key usage that stands for it, as numbers.
    pub const fn oid(self) -> &'static [u64] {
        match self {
            Self::CredentialIssuer => oid::CREDENTIAL_ISSUER,
            Self::Verifier => oid::VERIFIER,
            Self::Registrar => oid::REGISTRAR,
            Self::WalletProvider => oid::WALLET_PROVIDER,
        }
    }

    /// The extended key usage that stands for it, as DER content without tag and length.
    pub const fn oid_der(self) -> &'static [u8] {
        match self {
            Self::CredentialIssuer => oid::CREDENTIAL_ISSUER_DER,
            Self::Verifier => oid::VERIFIER_DER,
            Self::Registrar => oid::REGISTRAR_DER,
            Self::WalletProvider => oid::WALLET_PROVIDER_DER,
        }
    }
}
