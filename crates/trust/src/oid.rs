//! The object identifiers of this house, as numbers and as DER content.
//!
//! They stand under 2.25, where anyone may name things without asking. The arc is the first word
//! of the UUID 6f1d9d3e-3a52-4c1b-9a57-8f0c2f2b71e4: the whole UUID has 128 bits, and programs that
//! make certificates rarely take an arc of more than 64. See `docs/adr/0011`.

/// 2.25.1864211774, the arc under which everything of ours stands.
pub const ARC: &[u64] = &[2, 25, 1_864_211_774];

/// Extended key usage: signs credentials.
pub const CREDENTIAL_ISSUER: &[u64] = &[2, 25, 1_864_211_774, 1];
/// Extended key usage: signs presentation requests.
pub const VERIFIER: &[u64] = &[2, 25, 1_864_211_774, 2];
/// Extended key usage: signs registrations of verifiers.
pub const REGISTRAR: &[u64] = &[2, 25, 1_864_211_774, 3];
/// Extended key usage: signs key attestations of wallets.
pub const WALLET_PROVIDER: &[u64] = &[2, 25, 1_864_211_774, 4];
/// Certificate extension, not critical: `SEQUENCE OF UTF8String`, the ids of the credential types
/// that the certificate may issue.
pub const CREDENTIAL_TYPES: &[u64] = &[2, 25, 1_864_211_774, 10];

/// DER content (without tag and length) of [`CREDENTIAL_ISSUER`].
pub const CREDENTIAL_ISSUER_DER: &[u8] = &[0x69, 0x86, 0xf8, 0xf6, 0xba, 0x3e, 1];
/// DER content of [`VERIFIER`].
pub const VERIFIER_DER: &[u8] = &[0x69, 0x86, 0xf8, 0xf6, 0xba, 0x3e, 2];
/// DER content of [`REGISTRAR`].
pub const REGISTRAR_DER: &[u8] = &[0x69, 0x86, 0xf8, 0xf6, 0xba, 0x3e, 3];
/// DER content of [`WALLET_PROVIDER`].
pub const WALLET_PROVIDER_DER: &[u8] = &[0x69, 0x86, 0xf8, 0xf6, 0xba, 0x3e, 4];
/// DER content of [`CREDENTIAL_TYPES`].
pub const CREDENTIAL_TYPES_DER: &[u8] = &[0x69, 0x86, 0xf8, 0xf6, 0xba, 0x3e, 10];
