//! `cargo xtask demo`: an agency, a relying system and an employee as three processes over HTTPS,
//! from an HR file to a decision, told in plain words.

mod api;
mod cast;
pub(crate) mod guard;
mod later;
mod prerequisites;
mod stage;
mod story;
mod telling;

use crate::shell;
use stage::Stage;
use telling::Telling;

/// Tells the story.
///
/// # Errors
/// The step that failed, and why. Whatever was started is stopped, whatever was made is removed.
pub(crate) fn run() -> Result<(), String> {
    let mut telling = Telling::begin();
    telling.step(
        "Check that the machine has what is needed",
        "必要なものを確認する",
        prerequisites::check,
    )?;
    let mut binaries = None;
    telling.step("Build issuer, verifier and wallet", "3つのプログラムを作る", || {
        binaries = Some(shell::build_binaries()?);
        Ok(Vec::new())
    })?;
    let mut stage = Stage::set(binaries.unwrap_or_default())?;
    let told = story::tell(&mut telling, &mut stage);
    // Also after a failure: a step names it, and the stage is cleared when it goes.
    let logs = if told.is_err() { stage.log_ends() } else { String::new() };
    drop(stage);
    told.map_err(|error| format!("{error}{logs}"))?;
    telling.end();
    Ok(())
}
