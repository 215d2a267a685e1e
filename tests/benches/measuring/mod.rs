//! What the benchmarks of formats measure with.

use std::hint::black_box;
use std::time::Instant;

use inro_base::Rng;
use serde_json::json;

/// How often something is done.
#[derive(Clone, Copy)]
pub(crate) struct Runs {
    /// Of which the median is taken.
    pub(crate) rounds: usize,
    /// Calls in each round, of which the mean is taken.
    pub(crate) repeats: usize,
}

/// Cheap and repeatable: what is measured is our work, not the machine's entropy.
pub(crate) struct Repeatable(pub(crate) u64);

impl Rng for Repeatable {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            [*byte, ..] = self.0.to_be_bytes();
        }
    }
}

/// Prints the time of one call, in nanoseconds.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub(crate) fn measure<T>(runs: Runs, name: &str, mut work: impl FnMut() -> T) {
    let mut nanoseconds: Vec<u128> = (0..runs.rounds)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..runs.repeats {
                black_box(work());
            }
            start.elapsed().as_nanos() / u128::try_from(runs.repeats).unwrap()
        })
        .collect();
    nanoseconds.sort_unstable();
    let median = nanoseconds.swap_remove(runs.rounds / 2);
    println!("{}", json!({ "name": name, "median_ns": u64::try_from(median).unwrap() }));
}
