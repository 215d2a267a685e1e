use std::time::{SystemTime, UNIX_EPOCH};

use inro_base::{Clock, Rng, UnixTime};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this adapter is where a service reads the time")]
    fn now(&self) -> UnixTime {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
        };
        UnixTime::from_secs(seconds)
    }
}

/// The operating system's source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRng;

impl Rng for OsRng {
    #[expect(clippy::disallowed_methods, reason = "this adapter is where a service asks for randomness")]
    fn fill(&mut self, destination: &mut [u8]) {
        if getrandom::fill(destination).is_err() {
            // The port has no error: a nonce or key that is not random is worse than no service.
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_after_this_was_written() {
        assert!(SystemClock.now() > UnixTime::from_secs(1_790_000_000));
    }

    #[test]
    fn two_draws_differ() {
        let rng: &mut dyn Rng = &mut OsRng;
        assert_ne!(rng.bytes::<16>(), rng.bytes::<16>());
    }
}
