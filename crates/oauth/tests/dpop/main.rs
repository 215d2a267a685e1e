//! DPoP proofs and server nonces.

#[cfg(test)]
mod proofs;
