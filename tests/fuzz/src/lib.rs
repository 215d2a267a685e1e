//! What the fuzz targets run. `README.md` lists them.

#[expect(dead_code, reason = "the stable test uses the rest of the table")]
mod decoders;
#[expect(dead_code, reason = "the stable test uses the rest of the table")]
mod parsers;
#[expect(dead_code, reason = "the stable tests use the rest")]
mod stream;

/// Gives `bytes` to the fuzz target `name`.
///
/// # Panics
/// When there is no such target, what it drives panics, or takes what it must not.
pub fn run(name: &str, bytes: &[u8]) {
    match decoders::TARGETS.iter().find(|target| target.name == name) {
        Some(target) => target.run(bytes),
        None => parsers::parsers().find(|parser| parser.name == name).expect("a target").run(bytes),
    }
}
