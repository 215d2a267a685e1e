//! The services, the wallet and the issuer's commands under `kill -9`.
//!
//! A number, the seed, says who is killed, in the midst of what and when: `INRO_SOAK_SEED` is the first,
//! `INRO_SOAK_KILLS` says how many follow. `cargo xtask soak` sets both.

mod load;
mod memory;
mod phases;
mod requests;
mod seed;
mod strangers;
mod world;

use std::sync::atomic::Ordering;

use load::Load;
use phases::Approved;
use seed::{Case, Phase};
use world::World;

use crate::story::Story;

/// Kills between two looks at what waits for an approval.
const BLOCK: usize = 50;

/// Kills of one agency beside the load.
const BESIDE: u64 = 20;

/// Says which seed failed.
struct Watched(Case);

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0.seed;
            eprintln!("{:?}\nfailed; alone: cargo xtask soak --minutes 0 --kills 1 --seed {seed}", self.0);
        }
    }
}

#[test]
fn fifty_seeded_kills_leave_nothing_half_done() {
    let world = kill(1, 50);
    let struck: u64 = world.tally.values().map(|(_, struck)| struck).sum();
    assert!(struck >= 10, "kills that come too late show nothing: {struck} struck");
}

#[test]
#[ignore = "cargo xtask soak runs it, with as many kills as it is asked for"]
fn many_seeded_kills_leave_nothing_half_done() {
    let world = kill(number("INRO_SOAK_SEED", 1), number("INRO_SOAK_KILLS", 500));
    println!("phase     killed                     kills  before its end");
    for ((phase, victims), (kills, struck)) in &world.tally {
        let named = [(victims.caller, "caller"), (victims.issuer, "issuer"), (victims.verifier, "verifier")];
        let named: Vec<_> = named.iter().filter(|(is_killed, _)| *is_killed).map(|(_, name)| *name).collect();
        println!("{:<9} {:<25} {kills:>6} {struck:>15}", format!("{phase:?}"), named.join(", "));
    }
}

#[test]
#[ignore = "cargo xtask soak runs it, for as long as it is asked to"]
fn mixed_load_with_faults_leaves_memory_flat_and_every_error_coded() {
    let (seed, minutes) = (number("INRO_SOAK_SEED", 1), number("INRO_SOAK_MINUTES", 60));
    let story = Story::begin();
    let load = Load::new(&story);
    let findings = std::thread::scope(|scope| {
        scope.spawn(|| load.wallet(seed));
        scope.spawn(|| load.wallet(seed + 1));
        scope.spawn(|| load.requests(seed));
        scope.spawn(|| load.requests(seed + 1));
        scope.spawn(|| load.faults(seed));
        // Beside it, and on the same processors, an agency whose services are killed.
        let beside = scope.spawn(|| {
            while !load.is_over() {
                let first = seed + load.kills.load(Ordering::Relaxed);
                kill(first, BESIDE);
                load.kills.fetch_add(BESIDE, Ordering::Relaxed);
            }
        });
        let mut findings = load.watch(minutes);
        if beside.join().is_err() {
            findings.push("a kill left something half-done".to_owned());
        }
        findings
    });
    load.print();
    assert!(findings.is_empty(), "{} findings: {findings:#?}", findings.len());
}

fn kill(first: u64, count: u64) -> World {
    let cases: Vec<_> = (first..first + count).map(Case::of).collect();
    let mut world = World::begin();
    phases::measure(&mut world);
    let mut done = 0;
    for block in cases.chunks(BLOCK) {
        // Beforehand: a wallet waits some seconds before it asks for what was deferred.
        let approved: Vec<Option<Approved>> = block
            .iter()
            .map(|case| {
                let waits = case.phase == Phase::Collect;
                waits.then(|| {
                    phases::approve(&world, &format!("wallet-{}", case.seed), case.seed, case.formats)
                })
            })
            .collect();
        for (case, approved) in block.iter().zip(&approved) {
            let watched = Watched(*case);
            phases::run(&mut world, case, approved.as_ref());
            drop(watched);
        }
        done += block.len();
        println!("soak: {done} of {count} kills");
    }
    world
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}
