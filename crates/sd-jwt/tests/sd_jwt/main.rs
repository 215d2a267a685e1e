//! What this room accepts and what it refuses, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions: a test stops where something is wrong"
)]

mod common;
mod credentials;
mod key_binding;
mod properties;
mod structure;
