//! The root: what all records together must come to.

use crate::ports::StoreError;

const LENGTH: usize = 56;

/// The state of the whole set of records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Root {
    /// How many transactions there were.
    pub(super) generation: u64,
    /// How many records there are.
    pub(super) count: u64,
    /// The slot of the next record; none is used twice.
    pub(super) next: i64,
    /// The sum of what each record adds, modulo 2^256: the order does not count.
    sum: [u8; 32],
}

impl Root {
    /// The root of a vault without records.
    pub(super) const fn empty() -> Self {
        Self { generation: 0, count: 0, next: 1, sum: [0; 32] }
    }

    /// Counts a record in.
    pub(super) fn add(&mut self, share: &[u8; 32]) {
        self.count = self.count.saturating_add(1);
        add(&mut self.sum, share, false);
    }

    /// Counts a record out.
    pub(super) fn subtract(&mut self, share: &[u8; 32]) {
        self.count = self.count.saturating_sub(1);
        add(&mut self.sum, share, true);
    }

    /// Whether both count the same records.
    pub(super) fn holds_the_records_of(&self, other: &Self) -> bool {
        (self.count, &self.sum) == (other.count, &other.sum)
    }

    pub(super) fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let parts = self.generation.to_be_bytes().into_iter().chain(self.count.to_be_bytes());
        let parts = parts.chain(self.next.to_be_bytes()).chain(self.sum);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let parts = bytes
            .split_first_chunk::<8>()
            .and_then(|(generation, rest)| Some((generation, rest.split_first_chunk::<8>()?)))
            .and_then(|(generation, (count, rest))| {
                Some((generation, count, rest.split_first_chunk::<8>()?))
            });
        let (generation, count, (next, sum)) = parts.ok_or(StoreError::Corrupt)?;
        Ok(Self {
            generation: u64::from_be_bytes(*generation),
            count: u64::from_be_bytes(*count),
            next: i64::from_be_bytes(*next),
            sum: sum.try_into().map_err(|_| StoreError::Corrupt)?,
        })
    }
}

/// `sum + share`, or `sum - share` as `sum + !share + 1`; both big-endian, modulo 2^256.
fn add(sum: &mut [u8; 32], share: &[u8; 32], negative: bool) {
    let mut carry = u16::from(negative);
    for (digit, part) in sum.iter_mut().zip(share).rev() {
        let part = if negative { !part } else { *part };
        carry += u16::from(*digit) + u16::from(part);
        let [high, low] = carry.to_be_bytes();
        *digit = low;
        carry = u16::from(high);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_of_records_does_not_count_and_each_can_be_taken_back(
            shares in prop::collection::vec(any::<[u8; 32]>(), 1..20),
            taken in any::<prop::sample::Index>(),
        ) {
            let sum = |shares: &mut dyn Iterator<Item = &[u8; 32]>| {
                let mut root = Root::empty();
                shares.for_each(|share| root.add(share));
                root
            };
            let all = sum(&mut shares.iter());
            prop_assert_eq!(&all, &sum(&mut shares.iter().rev()));
            let taken = taken.index(shares.len());
            let mut less = all.clone();
            less.subtract(&shares[taken]);
            let others = shares.iter().enumerate().filter(|(at, _)| *at != taken).map(|(_, share)| share);
            prop_assert!(less.holds_the_records_of(&sum(&mut others.into_iter())));
            prop_assert_eq!(Root::from_bytes(&all.to_bytes()).unwrap(), all);
        }
    }

    #[test]
    fn counts_modulo_two_to_the_256() {
        let mut root = Root::empty();
        root.add(&[0xff; 32]);
        let one: [u8; 32] = std::array::from_fn(|at| u8::from(at == 31));
        root.add(&one);
        assert_eq!(root.sum, [0; 32]);
        root.subtract(&one);
        assert_eq!(root.sum, [0xff; 32]);
    }

    #[test]
    fn a_root_of_another_length_is_none() {
        let bytes = Root::empty().to_bytes();
        assert!(Root::from_bytes(&bytes).is_ok());
        for length in [0, 8, 24, 55] {
            assert_eq!(Root::from_bytes(&bytes[..length]), Err(StoreError::Corrupt));
        }
        assert_eq!(Root::from_bytes(&[bytes.as_slice(), &[0]].concat()), Err(StoreError::Corrupt));
    }
}
