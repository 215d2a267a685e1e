//! Key attestations.
