//! `cargo xtask soak`: what the stories of the room `tests` do for a moment, for long.

use crate::shell;

const KILLS: &str = "soak::many_seeded_kills_leave_nothing_half_done";
const LOAD: &str = "soak::mixed_load_with_faults_leaves_memory_flat_and_every_error_coded";

/// How long, how often, and from which seed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Soak {
    minutes: u64,
    kills: u64,
    seed: u64,
}

impl Default for Soak {
    fn default() -> Self {
        Self { minutes: 60, kills: 500, seed: 1 }
    }
}

impl Soak {
    /// Reads the options of the command line; nothing when one is unknown or no number.
    pub(crate) fn of(options: &[&str]) -> Option<Self> {
        let mut soak = Self::default();
        let (pairs, rest) = options.as_chunks::<2>();
        for [name, value] in pairs {
            let place = match *name {
                "--minutes" => &mut soak.minutes,
                "--kills" => &mut soak.kills,
                "--seed" => &mut soak.seed,
                _ => return None,
            };
            *place = value.parse().ok()?;
        }
        rest.is_empty().then_some(soak)
    }

    /// Kills first, then loads. A task of no kills or of no minutes is left out.
    ///
    /// # Errors
    /// When anything was found, or could not be built.
    pub(crate) fn run(self) -> Result<(), String> {
        shell::build_binaries()?;
        let mut findings = Vec::new();
        for (amount, test) in [(self.kills, KILLS), (self.minutes, LOAD)] {
            if amount > 0 && self.story(test).is_err() {
                findings.push(test);
            }
        }
        if findings.is_empty() {
            println!("soak: ok");
            return Ok(());
        }
        Err(format!("soak: found something: {}", findings.join(", ")))
    }

    fn story(self, test: &str) -> Result<(), String> {
        let mut command = shell::cargo();
        command.args([
            "test",
            "--quiet",
            "--package",
            "inro-tests",
            "--test",
            "stories",
            "--",
            "--ignored",
            "--exact",
        ]);
        command.args(["--nocapture", test]);
        for (name, value) in [("MINUTES", self.minutes), ("KILLS", self.kills), ("SEED", self.seed)] {
            command.env(format!("INRO_SOAK_{name}"), value.to_string());
        }
        shell::run(&mut command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_options() {
        assert_eq!(Soak::of(&[]), Some(Soak { minutes: 60, kills: 500, seed: 1 }));
        let asked = Soak::of(&["--seed", "7", "--minutes", "0", "--kills", "1"]);
        assert_eq!(asked, Some(Soak { minutes: 0, kills: 1, seed: 7 }));
        for wrong in [&["--kills"][..], &["--kills", "many"], &["--hours", "1"], &["7"]] {
            assert_eq!(Soak::of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_stories_have_the_names_that_are_asked_for() {
        let source = include_str!("../../tests/tests/stories/soak/mod.rs");
        for test in [KILLS, LOAD] {
            assert!(source.contains(&format!("fn {}()", test.trim_start_matches("soak::"))));
        }
    }
}
