//! Each phase with a kill in its midst, and what has to hold afterwards. Only the products are asked.

use std::path::PathBuf;

use inro_base::Clock as _;
use inro_status::Status;
use inro_wallet_cli::SystemClock;
use serde_json::{Value, json};

use super::seed::{Case, Phase};
use super::world::{COPIES, EMPLOYEE, HISTORY, TYPE, World};
use crate::kills::places;
use crate::revocation::present;
use crate::story::Said;

/// Employees whose credentials wait for an approval.
const OTHERS: u64 = 18;
const OTHER_TYPE: &str = "employee-id";

/// A deferred credential that was approved, in a wallet of its own.
pub(super) struct Approved {
    home: PathBuf,
    employee: String,
    retry_at: String,
}

/// Does what a case says.
pub(super) fn run(world: &mut World, case: &Case, approved: Option<&Approved>) {
    match case.phase {
        Phase::Offer => offer(world, case),
        Phase::Receive => receive(world, case),
        Phase::Collect => collect(world, case, approved.unwrap()),
        Phase::Present => present_once(world, case),
        Phase::Revoke => change(world, case, "revoke"),
        Phase::Suspend => change(world, case, "suspend"),
        Phase::Resume => change(world, case, "resume"),
    }
}

/// Runs each phase undisturbed, to know how long it takes.
pub(super) fn measure(world: &mut World) {
    let waiting = [
        approve(world, "measured-1", 1, &["dc+sd-jwt"]),
        approve(world, "measured-2", 2, &["dc+sd-jwt", "mso_mdoc"]),
    ];
    for formats in [&["mso_mdoc"][..], &["dc+sd-jwt", "mso_mdoc"]] {
        let rest = offer_arguments(formats);
        let offer = world
            .measure((Phase::Offer, formats.len()), |story| story.start_issuer(&["offer", "create"], &rest));
        let link = text(&offer["credential_offer"]);
        world.measure((Phase::Receive, formats.len()), |story| {
            story.start_wallet(&story.home(), &["receive", link, "--json"])
        });
    }
    let asked = world.story.ask(&json!({ "policy": "approve-welfare" }));
    let link = text(&asked["authorization_request"]);
    world.measure((Phase::Present, 1), |story| {
        story.start_wallet(&story.home(), &["present", link, "--yes", "--json"])
    });
    for (phase, verb) in [(Phase::Suspend, "suspend"), (Phase::Resume, "resume"), (Phase::Revoke, "revoke")] {
        let (id, ..) = world.recorded(EMPLOYEE, TYPE).unwrap();
        let rest = ["--reason", "measured", "--json", "--", &id];
        world.measure((phase, 1), |story| story.start_issuer(&["credential", verb], &rest));
    }
    world.issued_when_revoked = world.issued(EMPLOYEE, TYPE);
    for (formats, approved) in (1..).zip(&waiting) {
        approved.wait();
        world.measure((Phase::Collect, formats), |story| {
            story.start_wallet(&approved.home, &["collect", "--json"])
        });
    }
}

/// Has a credential deferred and approved.
pub(super) fn approve(world: &World, home: &str, number: u64, formats: &[&str]) -> Approved {
    let home = world.story.path(home);
    let employee = format!("E{:04}", 2 + number % OTHERS);
    world.story.trust_in(&home);
    let offer = world.offer(&employee, OTHER_TYPE, formats, &["--needs-approval"]);
    let said = world.story.wallet_in(&home, &["receive", text(&offer["credential_offer"]), "--json"]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    world.story.issuer(&["offer", "approve"], &["--json", "--", text(&offer["id"])]);
    let said = said.json();
    let retry_at = said["pending"].as_array().unwrap().iter().map(|one| text(&one["retry_at"]));
    let retry_at = retry_at.max().unwrap().to_owned();
    Approved { home, employee, retry_at }
}

impl Approved {
    /// Waits until the issuer may be asked.
    fn wait(&self) {
        // Both are written alike, so that texts compare as times do.
        while SystemClock.now().to_string() <= self.retry_at {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

fn offer_arguments<'a>(formats: &[&'a str]) -> Vec<&'a str> {
    let formats = formats.iter().flat_map(|format| ["--format", format]);
    ["--employee", EMPLOYEE, "--credential", TYPE, "--json"].into_iter().chain(formats).collect()
}

/// An offer that was told can be received, once.
fn offer(world: &mut World, case: &Case) {
    world.provide();
    let rest = offer_arguments(case.formats);
    let said = world.strike(case, |story| story.start_issuer(&["offer", "create"], &rest));
    let Some(offer) = told(&said) else {
        // What was not told is nobody's, and the next one is made.
        world.offer(EMPLOYEE, TYPE, case.formats, &[]);
        return;
    };
    let first = world.story.wallet(&["receive", text(&offer["credential_offer"]), "--json"]);
    assert_eq!(first.status, 0, "{}{}", first.stdout, first.stderr);
    let second = world.story.wallet(&["receive", text(&offer["credential_offer"]), "--json"]);
    assert_refused(&second);
    world.look_home();
}

/// All copies or none, and never more than were offered, however often the code is shown.
fn receive(world: &mut World, case: &Case) {
    world.provide();
    let before = world.look_home();
    let issued = world.issued(EMPLOYEE, TYPE);
    let offer = world.offer(EMPLOYEE, TYPE, case.formats, &[]);
    let link = text(&offer["credential_offer"]);
    let receive = ["receive", link, "--json"];
    let said = world.strike(case, |story| story.start_wallet(&story.home(), &receive));

    let most = COPIES * case.formats.len();
    let mut is_here = false;
    for attempt in 0..3 {
        let held = world.look_home();
        // A credential keeps its id when its copies are replaced, but no key of an older copy comes back.
        let new = held.keys.difference(&before.keys).count();
        assert!([0, most, most + 1].contains(&new), "a part of what was offered: {held:?}");
        // With the copies comes the key of their tokens, if the kill was not between the two.
        let came = new.min(most);
        let whole = |format: &str| held.credentials.values().any(|one| *one == (format.to_owned(), COPIES));
        assert!(came == 0 || case.formats.iter().all(|format| whole(format)), "{held:?}");
        if came == 0 {
            assert_eq!(held, before);
        }
        let recorded = world.issued(EMPLOYEE, TYPE) - issued;
        assert!(came <= recorded && recorded <= most, "{came} came, {recorded} recorded, {most} offered");
        assert!(recorded.is_multiple_of(COPIES), "{recorded}");
        assert!(!is_here || came == most, "what was here is gone");
        if attempt == 0 {
            assert!(told(&said).is_none() || came == most, "told and not here");
        }
        is_here = came == most;
        let again = world.story.wallet(&receive);
        if is_here {
            assert_refused(&again);
        }
    }
    assert_refused(&world.story.wallet(&receive));
}

/// As [`receive`], of what the issuer gives once: it waits with its keys, or is here, or is given up.
fn collect(world: &mut World, case: &Case, approved: &Approved) {
    let (home, employee) = (&approved.home, approved.employee.as_str());
    approved.wait();
    let issued = world.issued(employee, OTHER_TYPE);
    let most = COPIES * case.formats.len();
    let collect = ["collect", "--json"];
    let said = world.strike(case, |story| story.start_wallet(home, &collect));

    let held = world.look(home);
    assert!(held.credentials.values().all(|(_, copies)| *copies == COPIES), "{held:?}");
    // The keys of what waits, the one that its token is bound to, and the one of the history.
    let beside = held.keys.len() - held.copies();
    assert!(beside % COPIES <= 1 + HISTORY, "{beside} keys are of no copy");
    assert!(held.copies() + beside / COPIES * COPIES <= most, "{held:?}");
    let first = told(&said).map_or(0, |told| told["credentials"].as_array().unwrap().len());
    assert!(held.credentials.len() >= first, "told and not here");

    let second = world.story.wallet_in(home, &collect);
    assert!(second.status == 0 || second.stdout.contains("\"inro_code\":\"INRO-"), "{}", second.stdout);
    assert_eq!(second.json()["pending"], json!([]), "{}", second.stdout);
    let third = world.story.wallet_in(home, &collect);
    assert_eq!(third.json(), json!({ "credentials": [], "pending": [], "failed": [] }));
    let after = world.look(home);
    after.check_keys();
    assert!(after.copies() >= held.copies());
    let recorded = world.issued(employee, OTHER_TYPE) - issued;
    assert!(after.copies() <= recorded && recorded <= most, "{after:?}, {recorded} recorded");
}

/// A copy is spent before its answer leaves; a request is answered once; what the verifier told stays.
fn present_once(world: &mut World, case: &Case) {
    world.provide();
    let before = world.look_home();
    let asked = world.story.ask(&json!({ "policy": "approve-welfare" }));
    let present = ["present", text(&asked["authorization_request"]), "--yes", "--json"];
    let said = world.strike(case, |story| story.start_wallet(&story.home(), &present));

    let mut result = Value::Null;
    let mut is_spent = false;
    for attempt in 0..3 {
        let held = world.look_home();
        let spent = before.copies() - held.copies();
        assert!(spent <= 1 && (!is_spent || spent == 1), "{spent} copies for one request");
        assert!(held.keys.is_subset(&before.keys));
        is_spent = spent == 1;
        let before = std::mem::replace(&mut result, world.story.result(&asked));
        assert!(result["status"] != "verified" || is_spent, "verified with a copy that can be used again");
        assert!(
            before.is_null() || before["status"] == "pending" || before == result,
            "what was told changed: {before} {result}"
        );
        if attempt == 0 && told(&said).is_some_and(|said| said["status"] == "sent") {
            assert_eq!(result["status"], "verified", "{result}");
        }
        let again = world.story.wallet(&present);
        if is_spent {
            assert_refused(&again);
        } else {
            assert!(again.status == 0 || again.stdout.contains("\"inro_code\":\"INRO-"), "{}", again.stdout);
        }
    }
    assert!(is_spent, "three attempts");
}

/// A change of status holds for all copies or for none, and for all once it was told.
fn change(world: &mut World, case: &Case, verb: &str) {
    world.provide();
    let (id, _, copies) = world.recorded(EMPLOYEE, TYPE).unwrap();
    let rest = ["--reason", "soak", "--json", "--", &id];
    if case.phase == Phase::Resume {
        world.story.issuer(&["credential", "suspend"], &rest);
    }
    let count =
        |world: &World| [Status::Invalid, Status::Suspended].map(|status| places(&world.story, status));
    let (before, before_status) = (count(world), world.recorded(EMPLOYEE, TYPE).unwrap().1);
    let said = world.strike(case, |story| story.start_issuer(&["credential", verb], &rest));

    let status = world.recorded(EMPLOYEE, TYPE).unwrap().1;
    let wanted = match case.phase {
        Phase::Revoke => "revoked",
        Phase::Suspend => "suspended",
        _ => "valid",
    };
    assert!(status == wanted || status == before_status, "{status}");
    assert!(told(&said).is_none() || status == wanted, "{verb} was told, and is {status}");
    let standing = copies - world.issued_when_revoked;
    let [invalid, suspended] = before;
    let expected = match status.as_str() {
        _ if status == before_status => before,
        "revoked" => [invalid + standing, suspended],
        "suspended" => [invalid, suspended + standing],
        _ => [invalid, suspended - standing],
    };
    assert_eq!(count(world), expected, "{verb}: places of {standing} copies");
    if status == "revoked" {
        world.issued_when_revoked = copies;
    }
    let verdict = match status.as_str() {
        "revoked" => (json!("rejected"), json!("INRO-VERIFIER-060")),
        "suspended" => (json!("rejected"), json!("INRO-VERIFIER-061")),
        _ => (json!("verified"), Value::Null),
    };
    assert_eq!(present(&world.story), verdict);
}

/// What a command told as done, also where it was killed after that.
fn told(said: &Said) -> Option<Value> {
    let told: Value = serde_json::from_str(&said.stdout).ok()?;
    (said.status <= 0 && told.get("error").is_none_or(Value::is_null)).then_some(told)
}

fn assert_refused(said: &Said) {
    let is_refused = said.status > 0 && said.stdout.contains("\"inro_code\":\"INRO-");
    assert!(is_refused, "a second use: {}{}", said.stdout, said.stderr);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
