//! What the benchmarks printed, and how a page writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

/// The figures by name: nanoseconds, bytes or counts.
#[derive(Default)]
pub(super) struct Figures(BTreeMap<String, u64>);

#[derive(Deserialize)]
struct Line {
    name: String,
    #[serde(alias = "median_ns", alias = "bytes")]
    value: u64,
}

impl Figures {
    /// Reads the lines of JSON among what the benchmarks printed.
    ///
    /// # Errors
    /// When a line is none of theirs.
    pub(super) fn read(output: &str) -> Result<Self, String> {
        let lines = output.lines().filter(|line| line.starts_with('{'));
        let figures = lines
            .map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}")))
            .map(|line| line.map(|Line { name, value }| (name, value)));
        Ok(Self(figures.collect::<Result<_, String>>()?))
    }

    /// One figure.
    ///
    /// # Errors
    /// When no benchmark printed it.
    pub(super) fn of(&self, name: &str) -> Result<u64, String> {
        self.0.get(name).copied().ok_or_else(|| format!("no figure for {name}"))
    }

    /// The figures whose names begin with `prefix`, which is taken away.
    pub(super) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, *value)))
    }
}

/// Appends a table with a heading, its setting, and a row for each of `rows`.
pub(super) fn table<const N: usize>(
    page: &mut String,
    title: &str,
    setting: &str,
    head: [&str; N],
    rows: &[[String; N]],
) {
    let _ = write!(page, "\n## {title}\n\n{setting}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
}

/// Nanoseconds as microseconds with one place.
pub(super) fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{}", nanoseconds / 1_000, nanoseconds % 1_000 / 100)
}

/// What a goal says of a figure that should not be above it.
pub(super) const fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

/// `value / to` with two places.
pub(super) fn ratio(value: u64, to: u64) -> String {
    let hundredths = value.saturating_mul(100) / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_down_and_keeps_its_places() {
        assert_eq!(ratio(131, 100), "1.31");
        assert_eq!(ratio(5, 0), "5.00");
        assert_eq!(microseconds(55_960), "55.9");
    }

    #[test]
    fn reads_times_and_bytes_and_nothing_else() {
        let output = "noise\n{\"name\":\"a/b\",\"median_ns\":5,\"least_ns\":4}\n{\"name\":\"c\",\"bytes\":7}";
        let figures = Figures::read(output).unwrap();
        assert_eq!((figures.of("a/b"), figures.of("c")), (Ok(5), Ok(7)));
        assert_eq!(figures.below("a/").collect::<Vec<_>>(), [("b", 5)]);
        assert!(figures.of("d").is_err() && Figures::read("{\"other\":1}").is_err());
    }
}
