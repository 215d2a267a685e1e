//! Stand-ins and contract suites for those who implement a port. Not for a product.

pub mod contract;
mod memory;
mod memory_keys;
mod run;

pub use memory::{Journal, ScriptedHttp, ScriptedPrompts, SeededRng, StillClock};
pub use memory_keys::MemoryKeys;
pub use run::run;
