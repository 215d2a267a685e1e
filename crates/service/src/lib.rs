//! What the two services share, and nothing of either's domain: system clock and randomness, key and
//! certificate files, the TLS listener with its bounds, problem details and request ids, log lines
//! that take nothing secret, SQLite opening with migrations, and how a command reports an error.
//!
//! Together with the wallet's CLI this is where the house touches the operating system.

mod bounds;
pub mod cli;
pub mod config;
mod error;
pub mod files;
mod group;
pub mod kept;
mod layer;
pub mod log;
pub mod pki;
pub mod problem;
pub mod server;
mod slots;
pub mod sqlite;
mod system;
pub mod tls;

pub use bounds::Bounds;
pub use error::ServiceError;
pub use group::GroupWriter;
pub use problem::Problem;
pub use system::{OsRng, SystemClock};
