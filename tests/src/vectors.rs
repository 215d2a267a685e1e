//! Where the third-party vectors are: at `$INRO_VECTORS`, else beside the workspace.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the vectors, or why there is none.
///
/// # Errors
/// A sentence for the test report: vectors are no part of this repository, so their absence is
/// told, not failed.
///
/// # Panics
/// Where `INRO_REQUIRE_VECTORS=1` and there is none.
#[expect(clippy::panic, reason = "a run that requires the vectors must fail without them")]
pub fn folder(name: &str) -> Result<PathBuf, String> {
    let root = env::var_os("INRO_VECTORS").map_or_else(beside_the_workspace, PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let reason = format!("no vectors in {}; set INRO_VECTORS", folder.display());
    if env::var("INRO_REQUIRE_VECTORS").is_ok_and(|required| required == "1") {
        panic!("{reason}");
    }
    Err(reason)
}

fn beside_the_workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors")
}
