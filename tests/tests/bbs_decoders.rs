//! Every decoder of BBS bytes, given random bytes, altered messages and the fuzzers' seeds: it answers, and takes no
//! altered message. `tests/fuzz/README.md` lists the fuzz targets over the same table.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

#[expect(dead_code, reason = "tests/fuzz_table.rs uses the rest")]
#[path = "../fuzz/src/decoders.rs"]
mod decoders;
#[path = "../fuzz/src/stream.rs"]
mod stream;

use std::fs;
use std::path::{Path, PathBuf};

use decoders::{TARGETS, Target};
use inro_base::Rng as _;
use stream::Stream;

/// The seeds of a target take no more than this, in bytes: they are there to start from, not to keep finds.
const MAX_SEEDS: usize = 16 * 1024;

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

#[test]
fn every_decoder_takes_its_message_and_answers_to_anything() {
    let rng = &mut Stream::new(7);
    for target in &TARGETS {
        let good = (target.good)();
        assert!((target.takes)(&good), "{}", target.name);
        for _ in 0..200 {
            let mut random = vec![0; rng.below(2 * good.len())];
            rng.fill(&mut random);
            assert!(!(target.takes)(&random), "{}", target.name);
            let mut altered = good.clone();
            let at = rng.below(altered.len());
            altered[at] = altered[at].wrapping_add(1 + rng.next() % 255);
            assert!(!(target.takes)(&altered), "{} byte {at}", target.name);
            let cut = &good[..rng.below(good.len())];
            assert!(!(target.takes)(cut), "{} cut to {}", target.name, cut.len());
        }
    }
}

#[test]
fn replays_the_seeds_of_every_fuzz_target() {
    for target in &TARGETS {
        let folder = fuzz_folder().join("seeds").join(target.name);
        if std::env::var_os("INRO_WRITE_SEEDS").is_some() {
            write_seeds(target, &folder);
        }
        let (mut files, mut bytes) = (0, 0);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let seed = fs::read(&path).unwrap();
            target.run(&seed);
            assert_eq!((target.takes)(&seed), path.ends_with("good"), "{}", path.display());
            (files, bytes) = (files + 1, bytes + seed.len());
        }
        assert!(files >= 5, "{}: {files} seeds", target.name);
        assert!(bytes <= MAX_SEEDS, "{}: {bytes} bytes of seeds", target.name);
    }
}

/// The good message, and one of each way to be nearly good: too short, too long, a first or a last byte that is
/// another, the point at infinity or the number 0 at the beginning.
fn write_seeds(target: &Target, folder: &Path) {
    let good = (target.good)();
    let altered = |alter: fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        alter(&mut bytes);
        bytes
    };
    let seeds = [
        ("good", good.clone()),
        ("short", altered(|bytes| bytes.truncate(bytes.len() - 1))),
        ("long", altered(|bytes| bytes.push(0))),
        ("first", altered(|bytes| bytes[0] ^= 0x20)),
        ("last", altered(|bytes| *bytes.last_mut().unwrap() ^= 1)),
        (
            "infinity",
            altered(|bytes| {
                bytes.iter_mut().take(48).for_each(|byte| *byte = 0);
                bytes[0] = 0xc0;
            }),
        ),
        ("zero", altered(|bytes| bytes.iter_mut().take(32).for_each(|byte| *byte = 0))),
    ];
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes).unwrap();
    }
}
