use std::sync::Arc;

use crate::context::Context;
use crate::ffi::{G1, Scalar};
use crate::generators::{Generators, create};
use crate::inro1::layout::Layout;
use crate::octets::Octets;
use crate::table::Table;
use crate::{BbsError, PublicKey, Suite};

/// The identifier that separates this profile from every other use of the hash functions.
///
/// Source: docs/specs/bbs-mod-inro1.md §2.
pub(crate) const API_ID: &str = "BBS-MOD-INRO1_BLS12381G1_XMD:SHA-256_SSWU_RO_BLIND_H2G_HM2S_";
pub(crate) const SUITE: Suite = Suite::Sha256;
/// Numbers and bounds are below 2^63, so that differences keep their sign in a `u64`.
pub(crate) const NUMBER_BITS: u32 = 63;

/// What a credential type fixes: its layout, its generators and their tables. Made once for each layout and
/// shared.
#[derive(Clone)]
pub struct TypeParameters(Arc<Inner>);

struct Inner {
    layout: Layout,
    generators: Arc<Generators>,
    pedersen: Pedersen,
}

/// The two generators of commitments m·G + t·H.
#[derive(Clone)]
pub(crate) struct Pedersen {
    pub(crate) g: Table,
    pub(crate) h: Table,
}

/// What all credentials of one type under one key and header share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) parameters: TypeParameters,
    pub(crate) context: Arc<Context>,
}

/// A message as the issuer signs it.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// Octets that are hashed to a scalar.
    Octets(&'a [u8]),
    /// A number below 2^63 that is signed as it is, so that a range can be proved of it.
    Number(u64),
    /// A scalar, big-endian, that is signed as it is.
    Scalar(&'a [u8; 32]),
}

impl Message<'_> {
    /// The number that a claim's payload says: in decimal digits, without a sign or a leading zero.
    ///
    /// # Errors
    /// [`BbsError::Scalar`] for other octets and for a number that is not below 2^63.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §3.2.
    pub fn number(payload: &[u8]) -> Result<Self, BbsError> {
        let digits = payload.iter().all(u8::is_ascii_digit);
        let canonical = digits && (payload.first() != Some(&b'0') || payload.len() == 1);
        let text = str::from_utf8(payload).ok().filter(|_| canonical).ok_or(BbsError::Scalar)?;
        let number = text.parse::<u64>().ok().filter(|number| number >> NUMBER_BITS == 0);
        number.map(Self::Number).ok_or(BbsError::Scalar)
    }
}

impl TypeParameters {
    /// The parameters of `layout`.
    ///
    /// # Errors
    /// [`BbsError::TooMany`] when it has too many messages.
    pub fn new(layout: Layout) -> Result<Self, BbsError> {
        let generators = Generators::blind(SUITE, API_ID, layout.payloads(), 1)?;
        let made = create(SUITE, &format!("COM_DIS_{API_ID}"), 2);
        let [h, g] = &made[..] else { return Err(BbsError::Count) };
        let pedersen = Pedersen { g: Table::dense(g), h: Table::dense(h) };
        Ok(Self(Arc::new(Inner { layout, generators: Arc::new(generators), pedersen })))
    }

    /// The layout.
    pub fn layout(&self) -> Layout {
        self.0.layout
    }

    pub(crate) fn generators(&self) -> &Arc<Generators> {
        &self.0.generators
    }

    pub(crate) fn pedersen(&self) -> &Pedersen {
        &self.0.pedersen
    }

    pub(crate) fn scalar(&self, message: &Message<'_>) -> Result<Scalar, BbsError> {
        match message {
            Message::Octets(octets) => Ok(self.0.generators.message(octets)),
            Message::Number(number) if number >> NUMBER_BITS != 0 => Err(BbsError::Scalar),
            Message::Number(number) => Ok(Scalar::from_u64(*number)),
            Message::Scalar(bytes) => Scalar::from_be_bytes(bytes).ok_or(BbsError::Scalar),
        }
    }
}

impl Shared {
    pub(crate) fn new(parameters: &TypeParameters, key: &PublicKey, header: &[u8]) -> Self {
        let context = Context::new(Arc::clone(parameters.generators()), key.clone(), header);
        Self { parameters: parameters.clone(), context: Arc::new(context) }
    }
}

/// The point that pseudonyms in `scope` are multiples of.
///
/// Source: docs/specs/bbs-mod-inro1.md §4.
pub(crate) fn pseudonym_base(scope: &[u8], tag: &str) -> G1 {
    SUITE.hash_to_curve(scope, format!("{API_ID}{tag}").as_bytes())
}

/// The challenge of a proof of this profile: the scalar of `octets` under `tag`.
pub(crate) fn challenge(octets: &Octets, tag: &str) -> Scalar {
    SUITE.scalar(&[octets.as_bytes()], format!("{API_ID}{tag}").as_bytes())
}
