//! `cargo xtask mutants`: each check that is taken out of a room makes a named test fail.
//!
//! `xtask/mutants/` has a file for each room that refuses something, and in it an entry for each check: the text of the
//! code, and what stands in its place when nobody checks. [`check`] reads that alone; [`run`] builds and tests.

mod list;
mod run;
mod target;
mod tree;

use std::path::Path;

pub(crate) use run::run;

/// The fewest mutants that the house wants.
const FEWEST: usize = 60;

/// The rooms that refuse something, and where their code is.
const ROOMS: [(&str, &str); 16] = [
    ("base", "crates/base/src"),
    ("jose", "crates/jose/src"),
    ("cose", "crates/cose/src"),
    ("trust", "crates/trust/src"),
    ("status", "crates/status/src"),
    ("sd-jwt", "crates/sd-jwt/src"),
    ("mdoc", "crates/mdoc/src"),
    ("credential", "crates/credential/src"),
    ("oauth", "crates/oauth/src"),
    ("openid4vci", "crates/openid4vci/src"),
    ("openid4vp", "crates/openid4vp/src"),
    ("service", "crates/service/src"),
    ("wallet-core", "wallet-core"),
    ("issuer", "issuer/src"),
    ("verifier-sdk", "verifier/sdk/src"),
    ("verifier", "verifier/service/src"),
];

/// Checks that every mutant can be made and names a test.
///
/// # Errors
/// Each entry that is not whole, one to a line.
pub(crate) fn check() -> Result<(), String> {
    let mutants = list::read(Path::new("."), &ROOMS, FEWEST)?;
    println!("mutants: {} checks in {} rooms, each with a test", mutants.len(), ROOMS.len());
    Ok(())
}
