//! The sections on whole presentations.

use super::figures::{Figures, microseconds, ratio, table, verdict};

/// Sessions a second.
const GOAL: u64 = 1_000;
/// The requests of a session.
const REQUESTS: u64 = 4;

/// Appends the sections.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures) -> Result<(), String> {
    let rate = figures.of("sessions/in a second")?;
    let each = |name: &str| figures.of(&format!("sessions/each/{name}"));
    page.push_str(&format!(
        "\n## Whole sessions a second\n\n**{rate}** a second; goal {GOAL}: {}.\n\n\
         `inro-verifier` with SQLite on disk (every commit synced) over HTTPS, and the load generator beside it on the same processors: eight conversations at once, each \
         over a connection of its own that is kept alive, five rounds of 2,000 sessions after 500 to warm up. A session: a relying system asks by policy, a \
         wallet fetches the signed request with the verifier's registration (`GET`), signs and encrypts its answer (`direct_post.jwt`) with a copy and a key that \
         are used once, posts it, and the relying system reads the result. The generator does not judge the request, and the copies name no status list. \
         Results are kept for ten minutes and at most 50,000 at once: who goes on at this rate has to acknowledge them.\n",
        verdict(rate >= GOAL)
    ));
    let mut rows = Vec::new();
    let mut whole = 0;
    for name in
        ["verifier, own code", "verifier, kernel", "load generator, own code", "load generator, kernel"]
    {
        let time = each(&format!("processor/{name}"))?;
        whole += time;
        rows.push([name.to_owned(), microseconds(time)]);
    }
    rows.push(["all".to_owned(), microseconds(whole)]);
    let elapsed = 1_000_000_000 / rate.max(1);
    rows.push(["of two processors in the time of a session".to_owned(), microseconds(2 * elapsed)]);
    let setting = "µs of processor time for each session, from `/proc/<pid>/stat`.";
    table(page, "Sessions: the processors", setting, ["who", "µs"], &rows);
    let waited: Vec<_> = figures
        .below("sessions/each/waited/")
        .map(|(name, time)| [name.to_owned(), microseconds(time)])
        .collect();
    let setting = "µs that one of the eight conversations waits, with all eight at work.";
    table(page, "Sessions: the steps", setting, ["step", "µs"], &waited);
    let mut parts: Vec<(String, u64)> =
        figures.below("sessions/part/").map(|(name, time)| (name.to_owned(), time)).collect();
    let bare = figures.of("sessions/bare request")?;
    parts.push((format!("{REQUESTS} × HTTP, TLS, runtime, log, one read of SQLite"), REQUESTS * bare));
    let sum: u64 = parts.iter().map(|(_, time)| time).sum();
    let rows: Vec<_> = parts
        .into_iter()
        .chain([("sum".to_owned(), sum)])
        .map(|(name, time)| [name, microseconds(time), ratio(time * 100, sum)])
        .collect();
    let setting = "µs in the verifier, one after the other in one thread, means; a commit waits for the disk. The last line is processor time of `GET /healthz`.";
    table(page, "Sessions: what the time goes to", setting, ["part", "µs", "% of the sum"], &rows);
    Ok(())
}
