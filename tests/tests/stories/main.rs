//! End to end: the three programs as processes over HTTPS.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong"
)]

mod authorizing;
mod clock_skew;
mod deferred;
mod disk_full;
mod errands;
mod key_rotation;
mod kills;
mod locked;
mod log_lines;
mod lost_phone;
mod main_job;
mod mdoc;
mod refill;
mod revocation;
mod soak;
mod story;
