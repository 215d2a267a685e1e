//! Uses the bbs room from end to end, or not at all.

use std::hint::black_box;

use inro_base::Rng;

#[cfg(feature = "bbs")]
mod room;

struct Fixed;

impl Rng for Fixed {
    fn fill(&mut self, destination: &mut [u8]) {
        destination.fill(black_box(7));
    }
}

/// What both libraries export: something of the standard library and of `base`.
#[unsafe(no_mangle)]
pub extern "C" fn inro_base_alone() -> usize {
    let rng: &mut dyn Rng = &mut Fixed;
    rng.token::<16>().len()
}

/// The whole room: its profile from request to sub-proofs, and the interfaces of the drafts.
#[cfg(feature = "bbs")]
#[unsafe(no_mangle)]
pub extern "C" fn inro_bbs(messages: usize) -> bool {
    room::profile(messages, &mut Fixed).is_ok() && room::drafts(messages, &mut Fixed).is_ok()
}
