//! Chains of receipts: made, carried, checked, and what must not pass.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, outside the test functions"
)]

mod chains;
mod hostile;
mod properties;
mod support;
