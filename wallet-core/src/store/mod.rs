//! Stores that come with the engine.

mod pending;
mod sqlite;

pub use sqlite::SqliteStore;
