use zeroize::Zeroizing;

use crate::ffi::{G1, Scalar};
use crate::key::PublicKey;
use crate::octets::Octets;
use crate::table::{DENSE_BYTES, TABLE_BYTES, Table};
use crate::{BbsError, MAX_MESSAGES, Suite};

/// The most that the tables of one credential type may take, in bytes.
const MAX_TABLES: usize = 4 << 20;
/// The tables of the largest type, in bytes: P1, Q_1 and Q_2 beside the messages' generators, and the two dense
/// tables of the profile's commitments.
pub(crate) const MOST_TABLE_BYTES: usize = (MAX_MESSAGES + 3) * TABLE_BYTES + 2 * DENSE_BYTES;
const _: () = assert!(MOST_TABLE_BYTES <= MAX_TABLES);

/// The generators of one interface for one number of messages, with their tables.
pub(crate) struct Generators {
    pub(crate) suite: Suite,
    pub(crate) api_id: String,
    p1: Table,
    /// Q_1, H_1.., and for a blind interface Q_2, J_1...
    list: Vec<Generator>,
    /// Messages of the issuer.
    own: usize,
    /// Messages of the holder, in a blind interface.
    committed: Option<usize>,
}

struct Generator {
    table: Table,
    octets: [u8; 48],
}

impl Generators {
    /// Q_1 and one generator for each of `messages`.
    pub(crate) fn new(suite: Suite, api_id: &str, messages: usize) -> Result<Self, BbsError> {
        Self::of(suite, api_id, messages, None)
    }

    /// As [`Self::new`], followed by Q_2 and one generator for each of `committed` messages.
    pub(crate) fn blind(
        suite: Suite,
        api_id: &str,
        messages: usize,
        committed: usize,
    ) -> Result<Self, BbsError> {
        Self::of(suite, api_id, messages, Some(committed))
    }

    /// How many messages one signature covers; a blinding scalar counts as one.
    pub(crate) fn messages(&self) -> usize {
        self.list.len().saturating_sub(1)
    }

    /// How many of them are the issuer's.
    pub(crate) fn own(&self) -> usize {
        self.own
    }

    /// How many of them are the holder's, without the blinding scalar; nothing outside blind interfaces.
    pub(crate) fn committed(&self) -> Option<usize> {
        self.committed
    }

    /// Q_2, J_1...
    pub(crate) fn blind_part(&self) -> impl Iterator<Item = &Table> {
        self.h().skip(self.own)
    }

    /// Q_2, J_1.., encoded.
    pub(crate) fn encoded_blind_part(&self) -> impl Iterator<Item = &[u8; 48]> {
        self.encoded().skip(self.own + 1)
    }

    pub(crate) fn p1(&self) -> &Table {
        &self.p1
    }

    pub(crate) fn q1(&self) -> &Table {
        &self.list.first().expect("made with Q_1").table
    }

    /// The generators of the messages, in their order.
    pub(crate) fn h(&self) -> impl ExactSizeIterator<Item = &Table> {
        self.list.iter().skip(1).map(|generator| &generator.table)
    }

    /// All generators encoded, Q_1 first.
    pub(crate) fn encoded(&self) -> impl ExactSizeIterator<Item = &[u8; 48]> {
        self.list.iter().map(|generator| &generator.octets)
    }

    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.3, `calculate_domain`.
    pub(crate) fn domain(&self, key: &PublicKey, header: &[u8]) -> Scalar {
        let mut octets = Octets::default();
        octets.bytes(key.as_bytes()).number(self.messages());
        for generator in &self.list {
            octets.bytes(&generator.octets);
        }
        octets.bytes(self.api_id.as_bytes()).counted(header);
        self.hash_to_scalar(&octets)
    }

    /// hash_to_scalar under the interface's general tag.
    pub(crate) fn hash_to_scalar(&self, octets: &Octets) -> Scalar {
        self.suite.scalar(&[octets.as_bytes()], self.tag("H2S_").as_bytes())
    }

    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.1.2, `messages_to_scalars`.
    pub(crate) fn message(&self, message: &[u8]) -> Scalar {
        self.suite.scalar(&[message], self.tag("MAP_MSG_TO_SCALAR_AS_HASH_").as_bytes())
    }

    /// The scalars of `messages`.
    pub(crate) fn all(&self, messages: &[&[u8]]) -> Zeroizing<Vec<Scalar>> {
        Zeroizing::new(messages.iter().map(|message| self.message(message)).collect())
    }

    pub(crate) fn tag(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.api_id)
    }

    fn of(suite: Suite, api_id: &str, messages: usize, committed: Option<usize>) -> Result<Self, BbsError> {
        let all = messages.saturating_add(committed.unwrap_or(0));
        if all > MAX_MESSAGES {
            return Err(BbsError::TooMany);
        }
        let mut points = create(suite, api_id, messages + 1);
        if let Some(committed) = committed {
            points.extend(create(suite, &format!("BLIND_{api_id}"), committed + 1));
        }
        let list = points.iter().map(|point| {
            let table = Table::new(point);
            Generator { octets: table.point().to_compressed(), table }
        });
        Ok(Self {
            suite,
            api_id: api_id.to_owned(),
            p1: Table::new(&G1::from(suite.p1())),
            list: list.collect(),
            own: messages,
            committed,
        })
    }
}

/// `count` generators under `api_id`.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §4.1.1, `hash_to_generators`.
pub(crate) fn create(suite: Suite, api_id: &str, count: usize) -> Vec<G1> {
    let seed_dst = format!("{api_id}SIG_GENERATOR_SEED_");
    let generator_dst = format!("{api_id}SIG_GENERATOR_DST_");
    let mut state = [0; 48];
    suite.expand(&[format!("{api_id}MESSAGE_GENERATOR_SEED").as_bytes()], seed_dst.as_bytes(), &mut state);
    (1_u64..)
        .take(count)
        .map(|number| {
            let previous = state;
            suite.expand(&[&previous, &number.to_be_bytes()], seed_dst.as_bytes(), &mut state);
            suite.hash_to_curve(&state, generator_dst.as_bytes())
        })
        .collect()
}
