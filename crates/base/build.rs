//! Turns `errors.toml` into a table, so that a code that stands in no registry does not compile and
//! a phone needs no TOML reader.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    owner: String,
    #[serde(default)]
    retry: bool,
    cause: Text,
    remedy: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    en: String,
    ja: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=errors.toml");
    let registry: BTreeMap<String, Entry> = toml::from_str(&fs::read_to_string("errors.toml")?)?;
    let mut table = String::from("&[\n");
    for (code, entry) in &registry {
        let owner = match entry.owner.as_str() {
            "holder" => "Holder",
            "agency" => "Agency",
            "relying-system" => "RelyingSystem",
            "operator" => "Operator",
            other => return Err(format!("{code}: unknown owner {other:?}").into()),
        };
        writeln!(
            table,
            "Entry {{ code: {code:?}, owner: Owner::{owner}, retry: {}, cause: Text {{ en: {:?}, ja: {:?} }}, \
             remedy: Text {{ en: {:?}, ja: {:?} }} }},",
            entry.retry, entry.cause.en, entry.cause.ja, entry.remedy.en, entry.remedy.ja
        )?;
    }
    table.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("registry.rs"), table)?;
    Ok(())
}
