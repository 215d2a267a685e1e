//! What the fuzz targets run. `README.md` lists them.

#[expect(dead_code, reason = "the stable test uses the rest of the table")]
mod decoders;
#[expect(dead_code, reason = "the stable tests use the rest")]
mod stream;

/// Gives `bytes` to the decoder of the fuzz target `name`.
///
/// # Panics
/// When there is no such target, the decoder panics, or it takes other bytes than the good ones.
pub fn run(name: &str, bytes: &[u8]) {
    let target = decoders::TARGETS.iter().find(|target| target.name == name);
    target.expect("the table names every fuzz target").run(bytes);
}
