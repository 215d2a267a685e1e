//! Stand-ins and contract suites for those who implement a port. Not for a product.

pub mod contract;
mod memory;
mod run;

pub use memory::{Journal, MemoryKeys, ScriptedHttp, SeededRng, StillClock};
pub use run::run;
