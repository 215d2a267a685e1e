//! What every room stands on: time and randomness as values, secrets that do not print, readers
//! with bounds, error codes with their texts. Nothing here does I/O.

pub mod base64url;
pub mod code;
pub mod http;
pub mod json;
mod log_safe;
pub mod report;
mod request_id;
mod rng;
mod secret;
mod text;
mod time;

pub use code::{Code, Coded};
pub use log_safe::LogSafe;
pub use request_id::RequestId;
pub use rng::Rng;
pub use secret::Secret;
pub use text::steers;
pub use time::{Clock, UnixTime};
