//! How much a shared library grows by a room.

use std::fs;

use crate::shell;

const MANIFEST: &str = "tests/cdylib/Cargo.toml";

/// The sizes of a stripped shared library without and with the bbs room, in bytes.
///
/// # Errors
/// When one cannot be built or found.
pub(super) fn sizes() -> Result<[u64; 2], String> {
    Ok([size(&[])?, size(&["--features", "bbs"])?])
}

fn size(features: &[&str]) -> Result<u64, String> {
    let folder = shell::target_dir()?.join("cdylib");
    let mut build = shell::cargo();
    build.args(["build", "--quiet", "--locked", "--release", "--manifest-path", MANIFEST]).args(features);
    shell::run(build.env("CARGO_TARGET_DIR", &folder))?;
    let name = format!("{}inro_cdylib{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = folder.join("release").join(name);
    let metadata = fs::metadata(&library).map_err(|error| format!("{}: {error}", library.display()))?;
    Ok(metadata.len())
}
