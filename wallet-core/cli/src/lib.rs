//! inro-wallet: the wallet engine at a terminal, over a software key store.
//!
//! The keys are software keys: for tests and demonstrations.

mod args;
mod decide;
mod done;
mod error;
mod evidence;
mod home;
mod https;
mod keys;
mod language;
mod output;
mod presence;
mod print;
mod run;
mod screen;
mod system;
mod transfer;

pub use home::open_store;
pub use https::{HttpsClient, UnreadableAnchor};
pub use keys::{FileKeys, LABEL};
pub use presence::TerminalPrompts;
pub use run::main;
pub use system::{SystemClock, SystemRng};
