//! What the engine remembers, as records of a vault: one file per subject, and the port over them.

mod anchors;
mod answered;
mod credentials;
mod forms;
mod history;
mod import;
mod moved;
mod named;
mod notices;
mod pending;
mod receipts;
#[cfg(test)]
mod tests;
mod vault_store;

pub use vault_store::VaultStore;
