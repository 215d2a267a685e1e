//! Every public parser of strangers' bytes, given random bytes, altered messages and the fuzzers' seeds: it answers, and
//! takes no message that nobody signed. `tests/fuzz/README.md` lists the fuzz targets over the same table.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

#[expect(dead_code, reason = "tests/fuzz_table.rs uses the rest")]
#[path = "../fuzz/src/parsers/mod.rs"]
mod parsers;
#[path = "../fuzz/src/stream.rs"]
mod stream;

use std::fs;
use std::path::{Path, PathBuf};

use inro_base::Rng as _;
use parsers::{Parser, parsers};
use stream::Stream;

/// The seeds of a target take no more than this, in bytes: they are there to start from, not to keep finds.
const MAX_SEEDS: usize = 64 * 1024;
/// How many altered messages of each kind a target gets.
const ROUNDS: usize = 60;
/// How many messages a structure-aware target makes.
const STRUCTURED: usize = 800;

fn seeds(parser: &Parser) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(parser.name)
}

#[test]
fn every_parser_takes_its_message_and_answers_to_anything() {
    let rng = &mut Stream::new(8);
    for parser in parsers() {
        let good = (parser.good)();
        assert!((parser.read)(&good).is_some(), "{}", parser.name);
        assert_eq!(good, (parser.good)(), "{}: the good message has to be the same each time", parser.name);
        for _ in 0..ROUNDS {
            let mut random = vec![0; rng.below(2 * good.len())];
            rng.fill(&mut random);
            parser.run(&random);
            let mut altered = good.clone();
            let at = rng.below(altered.len());
            altered[at] = altered[at].wrapping_add(1 + rng.next() % 255);
            parser.run(&altered);
            altered[at] = b"{}[]\",:.~\0\n0"[rng.below(12)];
            parser.run(&altered);
            parser.run(&good[..rng.below(good.len())]);
            // A piece of the message once more, somewhere in it.
            let (from, length, to) = (rng.below(good.len()), rng.below(64), rng.below(good.len()));
            let piece = &good[from..good.len().min(from + length)];
            parser.run(&[&good[..to], piece, &good[to..]].concat());
        }
    }
}

#[test]
fn every_parser_answers_to_what_is_deep_long_or_endless() {
    let deep = |open: &[u8]| open.repeat(20_000);
    let hostile = [
        deep(b"["),
        deep(b"{\"a\":"),
        deep(b"\x81"),
        deep(b"\xa1\x00"),
        deep(b"\xd8\x18"),
        deep(b"\x30\x80"),
        b"{\"a\":1,\"a\":1}".to_vec(),
        b"\xa2\x00\x00\x00\x00".to_vec(),
        b"\x9f\xff".to_vec(),
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"~".repeat(100_000),
        b".".repeat(100_000),
        b"a=&".repeat(100_000),
        b"-----BEGIN CERTIFICATE-----\n".repeat(5_000),
        vec![b'a'; 5 * 1024 * 1024],
    ];
    for parser in parsers() {
        for bytes in &hostile {
            parser.run(bytes);
            // The same where an answer has its body.
            parser.run(&[b"200 application/json\n".as_slice(), bytes].concat());
        }
    }
}

#[test]
fn every_choice_of_a_structured_message_has_the_verdict_that_it_deserves() {
    let rng = &mut Stream::new(9);
    for parser in parsers().filter(|parser| parser.name.ends_with("_structured")) {
        let mut verdicts = [0; 2];
        for _ in 0..STRUCTURED {
            let mut choices = [0; 24];
            rng.fill(&mut choices);
            verdicts[usize::from((parser.read)(&choices).is_some())] += 1;
        }
        assert!(verdicts.iter().all(|count| *count > STRUCTURED / 50), "{}: {verdicts:?}", parser.name);
    }
}

#[test]
fn replays_the_seeds_of_every_fuzz_target() {
    for parser in parsers() {
        let folder = seeds(parser);
        if std::env::var_os("INRO_WRITE_SEEDS").is_some() {
            write_seeds(parser, &folder);
        }
        let (mut files, mut bytes) = (0, 0);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let seed = fs::read(&path).unwrap();
            parser.run(&seed);
            if path.ends_with("good") {
                assert_eq!(seed, (parser.good)(), "{}", path.display());
            }
            (files, bytes) = (files + 1, bytes + seed.len());
        }
        assert!(files >= 4, "{}: {files} seeds", parser.name);
        assert!(bytes <= MAX_SEEDS, "{}: {bytes} bytes of seeds", parser.name);
    }
}

/// The good message, and what is nearly good: half of it, one byte too many, another last byte.
fn write_seeds(parser: &Parser, folder: &Path) {
    let good = (parser.good)();
    let mut last = good.clone();
    *last.last_mut().unwrap() ^= 1;
    let half: Vec<u8> = good.iter().copied().take(good.len() / 2).collect();
    let long = [good.as_slice(), &[0]].concat();
    fs::create_dir_all(folder).unwrap();
    let seeds = [("good", good), ("half", half), ("long", long), ("last", last)];
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes).unwrap();
    }
}
