/// A source of unpredictable bytes, given as an argument so that a test can replay it.
///
/// A product's implementation asks the operating system and aborts when that fails: no caller can
/// go on safely without randomness.
pub trait Rng: Send {
    /// Fills `destination` with random bytes.
    fn fill(&mut self, destination: &mut [u8]);
}

impl dyn Rng + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// `N` random bytes as base64url text without padding; 16 bytes are 128 bits of entropy.
    pub fn token<const N: usize>(&mut self) -> String {
        crate::base64url::encode(&self.bytes::<N>())
    }

    /// A number below `bound` without bias; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        // Values past the last whole multiple of `bound` would favour the small results.
        let limit = u32::MAX - u32::MAX % bound;
        loop {
            let candidate = u32::from_le_bytes(self.bytes());
            if candidate < limit {
                return candidate % bound;
            }
        }
    }

    /// Puts `items` into a random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
            let pick = usize::try_from(self.below(bound)).unwrap_or(last);
            items.swap(last, pick);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Rng for Counting {
        fn fill(&mut self, destination: &mut [u8]) {
            for byte in destination {
                self.0 = self.0.wrapping_mul(5).wrapping_add(77);
                *byte = self.0;
            }
        }
    }

    #[test]
    fn below_stays_below_and_reaches_every_value() {
        let rng: &mut dyn Rng = &mut Counting(1);
        let mut seen = [false; 5];
        for _ in 0..500 {
            seen[usize::try_from(rng.below(5)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn shuffle_keeps_every_item() {
        let rng: &mut dyn Rng = &mut Counting(3);
        let mut items: Vec<u32> = (0..50).collect();
        rng.shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<u32>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<u32>>());
    }
}
