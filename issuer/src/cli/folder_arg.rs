use std::path::PathBuf;

use clap::Args;

/// The folder of the issuer.
#[derive(Args)]
pub(super) struct Folder {
    /// The issuer's folder.
    #[arg(long, value_name = "D")]
    pub(super) dir: PathBuf,
}
