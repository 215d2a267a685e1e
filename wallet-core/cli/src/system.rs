//! Time and randomness of the operating system.

use inro_base::{Clock, Rng, UnixTime};

/// The system's clock.
pub struct SystemClock;

/// The system's source of randomness.
pub struct SystemRng;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one adapter of this product that reads the clock")]
    fn now(&self) -> UnixTime {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is as wrong as one that stands at the epoch.
        let seconds = since_epoch.map_or(0, |duration| duration.as_secs());
        UnixTime::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "the one adapter of this product that asks for randomness")]
    fn fill(&mut self, destination: &mut [u8]) {
        getrandom::fill(destination).expect("no caller can go on safely without randomness");
    }
}

#[cfg(test)]
mod tests {
    use inro_wallet_core::testing::contract;

    use super::*;

    #[test]
    fn keep_the_contracts_of_clock_and_randomness() {
        contract::clock(&SystemClock);
        contract::rng(&mut SystemRng);
    }
}
