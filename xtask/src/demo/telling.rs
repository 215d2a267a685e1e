//! How the demo speaks: one numbered line for each step, with its time.

use std::io::Write as _;

use crate::shell::Stopwatch;

/// Counts and times the steps.
pub(crate) struct Telling {
    number: u32,
    total: Stopwatch,
}

impl Telling {
    /// Starts the clock.
    pub(crate) fn begin() -> Self {
        Self { number: 0, total: Stopwatch::start() }
    }

    /// Does one step and tells what it showed.
    ///
    /// # Errors
    /// Names the step that failed, and why.
    pub(crate) fn step(
        &mut self,
        words: &str,
        japanese: &str,
        work: impl FnOnce() -> Result<Vec<String>, String>,
    ) -> Result<(), String> {
        self.number += 1;
        print!("{:>2}. {words} … ", self.number);
        let _ = std::io::stdout().flush();
        let watch = Stopwatch::start();
        let result = work();
        let seconds = watch.elapsed().as_secs_f64();
        match result {
            Ok(lines) => {
                println!("{seconds:.2} s\n    （{japanese}）");
                lines.iter().for_each(|line| println!("    {line}"));
                Ok(())
            }
            Err(error) => {
                println!("failed after {seconds:.2} s");
                Err(format!("demo: step {} failed: {words}\n{error}", self.number))
            }
        }
    }

    /// The closing lines.
    pub(crate) fn end(&self) {
        println!("{} steps in {:.1} s", self.number, self.total.elapsed().as_secs_f64());
        println!("demo: ok");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_step() {
        let mut telling = Telling::begin();
        telling.step("First", "一", || Ok(Vec::new())).unwrap();
        let error = telling.step("Second", "二", || Err("because".to_owned())).unwrap_err();
        assert_eq!(error, "demo: step 2 failed: Second\nbecause");
    }
}
