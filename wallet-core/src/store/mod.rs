//! Stores that come with the engine.

mod sqlite;

pub use sqlite::SqliteStore;
