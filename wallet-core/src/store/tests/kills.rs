//! `kill -9`, at any moment of opening, writing and taking over. What was confirmed is there, and nothing
//! that was not begun.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::keys::WrappingKey;
use crate::records::CopyId;

/// How often; all 500 in a longer run, by this variable.
const KILLS: &str = "INRO_VAULT_KILLS";
const USUAL_KILLS: u32 = 50;
/// Then a new vault begins, so that looking at all of it stays cheap.
const KILLS_OF_A_VAULT: u32 = 25;
/// Where the child works, what it does there, and its seed.
const CHILD: &str = "INRO_VAULT_CHILD";
/// A credential with as many copies less one, and then each copy's presentation.
const PERIOD: u64 = 5;

/// What a test does in a process of its own until it is killed. Run by itself it does nothing.
#[test]
#[ignore = "the process that other tests kill"]
fn works_until_it_is_killed() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let [what, seed, folder] = order.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    let seed: u64 = seed.parse().unwrap();
    let folder = Path::new(folder);
    let store = open(folder, seed, what == "import").unwrap();
    // What the test runner prints has no end of line before this.
    println!();
    let begun = u64::try_from(run(store.history(u32::MAX)).unwrap().len()).unwrap();
    for step in begun.. {
        if what == "write" {
            do_step(&store, step);
        }
        println!("{}", step + 1);
    }
}

/// Opens the vault with the one key that every process of this test makes first.
fn open(folder: &Path, seed: u64, import: bool) -> Result<VaultStore, WalletError> {
    let keys = MemoryKeys::default();
    let WrappingKey { .. } = run(keys.create_wrapping(&KeyPolicy::QUIET)).unwrap();
    let (path, earlier) = (folder.join("vault"), folder.join("earlier"));
    let (rng, provider) = (Box::new(SeededRng::new(seed)), Arc::new(RustCrypto));
    // A new vault has its key wrapped by the first of a key store's keys, too.
    let fresh = MemoryKeys::default();
    let keys = if path.exists() { keys } else { fresh };
    match import {
        true => run(VaultStore::open_after(&earlier, &path, &keys, rng, provider)),
        false => run(VaultStore::open(&path, &keys, rng, provider)),
    }
}

fn copies_of(step: u64) -> Vec<KeyId> {
    (1..PERIOD).map(|copy| KeyId(format!("{step}-{copy}"))).collect()
}

fn digest(step: u64) -> RequestDigest {
    RequestDigest(RustCrypto.sha256(&step.to_be_bytes()))
}

/// Each step adds one entry to the history.
fn do_step(store: &VaultStore, step: u64) {
    let of = step - step % PERIOD;
    let id = contract::numbered_credential(of);
    if of == step {
        contract::store_numbered(store, step, &copies_of(step));
        return;
    }
    let copy: CopyId = run(store.unspent_copies(&id, 1)).unwrap().remove(0).id;
    contract::spend(store, copy, digest(step)).unwrap();
}

/// What the first `steps` come to.
fn check(store: &VaultStore, steps: u64) {
    for step in 0..steps + PERIOD {
        let done = step < steps;
        if step % PERIOD == 0 {
            let id = contract::numbered_credential(step);
            let spent = (steps - step.min(steps)).saturating_sub(1).min(PERIOD - 1);
            let record = run(store.credential(&id)).unwrap();
            assert_eq!(record.is_some(), done, "credential {step} of {steps}");
            let left: Vec<KeyId> =
                run(store.unspent_copies(&id, 9)).unwrap().into_iter().map(|copy| copy.key).collect();
            let expected = if done { copies_of(step) } else { Vec::new() };
            assert_eq!(left, expected.into_iter().skip(usize::try_from(spent).unwrap()).collect::<Vec<_>>());
        } else {
            assert_eq!(run(store.was_answered(&digest(step))).unwrap(), done, "answer {step} of {steps}");
        }
    }
}

fn start(what: &str, seed: u64, folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store::tests::kills::works_until_it_is_killed", "--ignored", "--nocapture"]);
    command.env(CHILD, format!("{what} {seed} {}", folder.display()));
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
}

/// Waits for `lines` confirmations, then a moment more, and kills. Gives what was confirmed in all.
fn kill(mut child: Child, lines: u64, moment: u64) -> Option<u64> {
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut confirmed = None;
    let mut read = |output: &mut dyn Iterator<Item = std::io::Result<String>>| {
        let line = output.next()?.ok()?;
        confirmed = line.parse().ok().or(confirmed);
        Some(line.parse::<u64>().is_ok())
    };
    let mut seen = 0;
    while seen < lines {
        seen += u64::from(read(&mut output).expect("the child goes on until it is killed"));
    }
    for _ in 0..moment {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    while read(&mut output).is_some() {}
    child.wait().unwrap();
    confirmed
}

#[test]
fn what_was_confirmed_is_there_after_a_kill_at_any_moment() {
    let kills = std::env::var(KILLS).map_or(USUAL_KILLS, |kills| kills.parse().unwrap());
    let mut random = SeededRng::new(u64::from(kills));
    let random: &mut dyn inro_base::Rng = &mut random;
    let mut folder = tempfile::tempdir().unwrap();
    for number in 0..kills {
        if number % KILLS_OF_A_VAULT == 0 {
            folder = tempfile::tempdir().unwrap();
        }
        // Some are killed before they have confirmed anything: while they make or open the vault.
        let child = start("write", u64::from(number) * 2, folder.path());
        let confirmed = kill(child, random.below(6).into(), random.below(3_000).into());
        let store = open(folder.path(), u64::from(number) * 2 + 1, false).unwrap();
        let there = u64::try_from(run(store.history(u32::MAX)).unwrap().len()).unwrap();
        if let Some(confirmed) = confirmed {
            // One more may have been written and not told.
            assert!((confirmed..=confirmed + 1).contains(&there), "{confirmed} confirmed, {there} there");
        }
        check(&store, there);
    }
}

#[test]
fn a_kill_while_an_earlier_file_is_taken_over_loses_nothing() {
    let mut random = SeededRng::new(1);
    let random: &mut dyn inro_base::Rng = &mut random;
    for number in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("earlier"), EARLIER[2]).unwrap();
        let child = start("import", number * 2, folder.path());
        kill(child, 0, random.below(20_000).into());
        takes_over(&open(folder.path(), number * 2 + 1, true).unwrap(), 3);
        assert!(!folder.path().join("earlier").exists());
    }
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start("write", 1, folder.path());
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    // It has confirmed something, so it has the store open.
    output.find(|line| line.as_ref().is_ok_and(|line| line.parse::<u64>().is_ok())).unwrap().unwrap();
    assert_eq!(refusal(open(folder.path(), 2, false)), "INRO-WALLET-026");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(refusal(open(folder.path(), 3, false)), "opened");
}
