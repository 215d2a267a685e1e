//! How much memory a process has, and whether that grows.

use std::fmt::{self, Display};

/// Between the first and the last third, after the first tenth, in kilobytes and in hundredths: allocators round
/// up, and a database fills its cache.
const MAY_GROW: (u64, u64) = (4 * 1024, 5);

/// What was seen of one process, in kilobytes.
pub(super) struct Memory {
    name: &'static str,
    samples: Vec<u64>,
}

impl Memory {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, samples: Vec::new() }
    }

    pub(super) fn sample(&mut self, kilobytes: u64) {
        self.samples.push(kilobytes);
    }

    pub(super) fn last(&self) -> u64 {
        self.samples.last().copied().unwrap_or_default()
    }

    /// What the process had on average in the first and in the last third, after the first tenth.
    fn thirds(&self) -> (u64, u64) {
        let warm = &self.samples[self.samples.len() / 10..];
        let third = (warm.len() / 3).max(1);
        let mean = |samples: &[u64]| {
            let sum: u64 = samples.iter().sum();
            sum.checked_div(u64::try_from(samples.len()).unwrap()).unwrap_or_default()
        };
        (mean(&warm[..third.min(warm.len())]), mean(&warm[warm.len().saturating_sub(third)..]))
    }

    /// What is to be told where it grows by more than it may.
    pub(super) fn grows(&self) -> Option<String> {
        let (first, last) = self.thirds();
        let may = first + MAY_GROW.0 + first * MAY_GROW.1 / 100;
        (last > may).then(|| format!("the {} grew from {first} to {last} kB, and may to {may} kB", self.name))
    }
}

impl Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.thirds();
        let most = self.samples.iter().max().copied().unwrap_or_default();
        write!(f, "{}: {first} kB in the first third, {last} kB in the last, {most} kB at most", self.name)
    }
}

/// The `VmRSS` of a process, in kilobytes; nothing when it is gone. Source: proc(5).
pub(super) fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn memory_that_grows_is_told_and_the_warming_up_is_not() {
    let of = |samples: &[u64]| Memory { name: "service", samples: samples.to_vec() };
    assert_eq!(of(&[30_000; 100]).grows(), None);
    let warming: Vec<_> = (0..100).map(|second| if second < 10 { 1_000 * second } else { 30_000 }).collect();
    assert_eq!(of(&warming).grows(), None);
    let leaking: Vec<_> = (0..100).map(|second| 30_000 + 200 * second).collect();
    assert!(of(&leaking).grows().is_some());
    assert!(resident(std::process::id()).unwrap() > 1_000);
}
