//! An agency that lives through many kills, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::seed::{Case, Length, Moment, Phase, Victims};
use crate::revocation::look_each_time;
use crate::story::{Said, Story};

/// Holds a role that the policy `approve-welfare` asks for.
pub(super) const EMPLOYEE: &str = "E0001";
pub(super) const TYPE: &str = "role-authority";
/// The copies of one credential in one format.
pub(super) const COPIES: usize = 10;

/// The key that signs the wallet's history, from its first entry on.
pub(super) const HISTORY: usize = 1;

/// What a wallet holds, by its own list and the files of its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Held {
    /// By id: format and copies.
    pub(super) credentials: BTreeMap<String, (String, usize)>,
    pub(super) keys: BTreeSet<String>,
}

impl Held {
    pub(super) fn copies(&self) -> usize {
        self.credentials.values().map(|(_, copies)| copies).sum()
    }

    /// There is a key for each copy, one for the history, and at most one for the tokens of each credential's issuance.
    pub(super) fn check_keys(&self) {
        let beside = self.keys.len() - self.copies();
        assert!(
            (HISTORY..=HISTORY + self.credentials.len()).contains(&beside),
            "{beside} keys of no copy: {self:?}"
        );
    }
}

/// The keys of one home.
#[derive(Default)]
struct Keys {
    seen: BTreeSet<String>,
    gone: BTreeSet<String>,
}

/// How often each was killed in each phase, and how often before the phase was over.
pub(super) type Tally = BTreeMap<(Phase, Victims), (u64, u64)>;

pub(super) struct World {
    pub(super) story: Story,
    pub(super) tally: Tally,
    /// How many copies the issuer had recorded when it last revoked the credential.
    pub(super) issued_when_revoked: usize,
    took: BTreeMap<Length, Duration>,
    keys: BTreeMap<PathBuf, Keys>,
}

impl World {
    pub(super) fn begin() -> Self {
        let story = Story::begin();
        look_each_time(&story);
        let (tally, took, keys) = (Tally::new(), BTreeMap::new(), BTreeMap::new());
        Self { story, tally, issued_when_revoked: 0, took, keys }
    }

    /// Opens a wallet, which puts right what a kill has left, and looks. No key of its has come back.
    pub(super) fn look(&mut self, home: &Path) -> Held {
        let said = self.story.wallet_in(home, &["list", "--json"]);
        assert_eq!(said.status, 0, "the wallet does not open: {}{}", said.stdout, said.stderr);
        let credential = |one: &Value| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            (text("id"), (text("format"), count(&one["copies"])))
        };
        let credentials = said.json()["credentials"].as_array().unwrap().iter().map(credential).collect();
        let files = std::fs::read_dir(home.join("keys")).unwrap().map(|file| file.unwrap().path());
        let keys = files.filter(|file| file.extension().is_some_and(|end| end == "pem"));
        let keys: BTreeSet<_> =
            keys.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        let known = self.keys.entry(home.to_owned()).or_default();
        assert!(keys.is_disjoint(&known.gone), "a key that was deleted is back");
        known.gone.extend(known.seen.difference(&keys).cloned());
        known.seen.clone_from(&keys);
        Held { credentials, keys }
    }

    /// As [`World::look`], at the employee's own wallet.
    pub(super) fn look_home(&mut self) -> Held {
        let held = self.look(&self.story.home());
        held.check_keys();
        held
    }

    /// What the issuer says of a credential: its id, its status and the copies that were recorded.
    pub(super) fn recorded(&self, employee: &str, type_id: &str) -> Option<(String, String, usize)> {
        let rest = ["--employee", employee, "--type", type_id, "--json"];
        let listed = self.story.issuer(&["credential", "list"], &rest);
        let one = listed["credentials"].as_array().unwrap().first()?;
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        Some((text("id"), text("status"), count(&one["copies"])))
    }

    pub(super) fn issued(&self, employee: &str, type_id: &str) -> usize {
        self.recorded(employee, type_id).map_or(0, |(_, _, copies)| copies)
    }

    /// Makes an offer; gives its id and its link.
    pub(super) fn offer(&self, employee: &str, type_id: &str, formats: &[&str], more: &[&str]) -> Value {
        let mut rest = vec!["--employee", employee, "--credential", type_id, "--json"];
        formats.iter().for_each(|format| rest.extend(["--format", format]));
        self.story.issuer(&["offer", "create"], &[&rest[..], more].concat())
    }

    /// Sees to it that the employee's wallet has copies of a valid credential in both formats.
    pub(super) fn provide(&mut self) {
        let recorded = self.recorded(EMPLOYEE, TYPE);
        let held = self.look_home();
        if let Some((id, status, _)) = &recorded
            && status == "suspended"
        {
            self.story.issuer(&["credential", "resume"], &["--reason", "back", "--json", "--", id]);
        }
        let is_revoked = recorded.is_none_or(|(_, status, _)| status == "revoked");
        let is_short = held.credentials.values().any(|(_, copies)| *copies < 3);
        if is_revoked || is_short || held.credentials.len() < 2 {
            let offer = self.offer(EMPLOYEE, TYPE, &["dc+sd-jwt", "mso_mdoc"], &[]);
            let said = self.story.wallet(&["receive", offer["credential_offer"].as_str().unwrap(), "--json"]);
            assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
        }
    }

    /// Runs a phase and kills the case's victims at its moment. Gives what the caller said, once all services
    /// run again.
    #[expect(clippy::disallowed_methods, reason = "a kill strikes at a share of the time that a phase takes")]
    pub(super) fn strike(&mut self, case: &Case, call: impl FnOnce(&Story) -> Child) -> Said {
        let took = self.took[&case.length()];
        let service = if case.phase == Phase::Present { "verifier" } else { "issuer" };
        let log = self.story.path(&format!("{service}/db.sqlite-wal"));
        let started = Instant::now();
        let mut caller = call(&self.story);
        match case.moment {
            Moment::Share(share) => {
                while started.elapsed() < took.mul_f64(share) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            Moment::Written(times) => wait_for_writes(&mut caller, &log, times),
        }
        let strikes = caller.try_wait().unwrap().is_none();
        if case.victims.caller {
            caller.kill().unwrap();
        }
        self.kill_services(case.victims);
        if case.starts_at_once {
            self.start_services(case.victims);
        }
        let said = Said::of(caller.wait_with_output().unwrap());
        if !case.starts_at_once {
            self.start_services(case.victims);
        }
        let (kills, struck) = self.tally.entry((case.phase, case.victims)).or_default();
        *kills += 1;
        *struck += u64::from(strikes);
        // Whoever lives to tell of a failure tells its code.
        let is_told = said.status <= 0 || said.stdout.contains("\"inro_code\":\"INRO-");
        assert!(is_told, "no code: {}{}", said.stdout, said.stderr);
        said
    }

    /// Measures how long a phase takes undisturbed.
    #[expect(clippy::disallowed_methods, reason = "as above")]
    pub(super) fn measure(&mut self, length: Length, call: impl FnOnce(&Story) -> Child) -> Value {
        let started = Instant::now();
        let said = Said::of(call(&self.story).wait_with_output().unwrap());
        assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
        self.took.insert(length, started.elapsed());
        said.json()
    }

    fn kill_services(&mut self, victims: Victims) {
        if victims.issuer {
            self.story.stop_issuer();
        }
        if victims.verifier {
            self.story.stop_verifier();
        }
    }

    fn start_services(&mut self, victims: Victims) {
        if victims.issuer {
            self.story.restart_issuer();
        }
        if victims.verifier {
            self.story.restart_verifier();
        }
    }
}

/// Waits until a file was seen to change for so many times, or the caller has ended.
fn wait_for_writes(caller: &mut Child, file: &Path, times: u64) {
    let state = || std::fs::metadata(file).ok().and_then(|file| Some((file.len(), file.modified().ok()?)));
    for _ in 0..times {
        let before = state();
        while state() == before && caller.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
    }
}

fn count(number: &Value) -> usize {
    usize::try_from(number.as_u64().unwrap()).unwrap()
}
