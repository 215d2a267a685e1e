//! Issuance: the holder commits to its secret, the issuer checks and signs.

use inro_base::Rng;
use zeroize::Zeroizing;

use crate::ffi::{G1, G1Affine, Scalar};
use crate::inro1::layout::Layout;
use crate::inro1::parameters::{API_ID, Message, Shared, TypeParameters, challenge, pseudonym_base};
use crate::inro1::session::encode_proper;
use crate::marks::{Reason, public_point};
use crate::multiples::multiple_public;
use crate::octets::Octets;
use crate::proof::{draw, publish};
use crate::reader::Reader;
use crate::table::{combine, combine_public};
use crate::{BbsError, Pseudonym, PublicKey, SecretKey, SecretScalar, Signature, signature};

/// Bytes of a request: C, the pseudonym, two answers, the challenge.
const REQUEST_LENGTH: usize = 2 * 48 + 3 * 32;
const PSEUDONYM_TAG: &str = "ISSUER_NYM_";
const CHALLENGE_TAG: &str = "COMMIT_CHAL_";

/// The issuer of one type of credential under one key and header.
#[derive(Clone)]
pub struct Issuer(Shared);

/// A holder's request that was checked: its commitment can be signed for the holder of its pseudonym.
#[must_use]
pub struct CheckedRequest {
    commitment: G1Affine,
    pseudonym: Pseudonym,
}

/// What a holder keeps and sends for one issuance.
pub struct Request {
    /// The commitment, the pseudonym at the issuer and their proof, to send.
    pub bytes: Vec<u8>,
    /// The blinding factor, to keep with the credential.
    pub blind: SecretScalar,
    /// The holder's pseudonym at the issuer.
    pub pseudonym: Pseudonym,
}

/// What a request is bound to.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// The credential issuer's identifier.
    pub issuer: &'a [u8],
    /// The issuer's `c_nonce`.
    pub nonce: &'a [u8],
}

impl TypeParameters {
    /// A request for a credential on `secret`.
    ///
    /// # Errors
    /// [`BbsError::Pseudonym`] when the secret is 0.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §5.1.
    pub fn request(
        &self,
        secret: &SecretScalar,
        occasion: &Occasion<'_>,
        rng: &mut dyn Rng,
    ) -> Result<Request, BbsError> {
        let random = draw(rng, 3);
        let [blind, blind_tilde, secret_tilde] = &random[..] else { return Err(BbsError::Count) };
        let base = pseudonym_base(occasion.issuer, PSEUDONYM_TAG);
        let points = [
            self.commitment(*blind, secret.scalar(), combine),
            base.times(secret.scalar()),
            self.commitment(*blind_tilde, *secret_tilde, combine),
            base.times(*secret_tilde),
        ];
        let points = publish(&points, rng);
        let [commitment, pseudonym, ..] = &points[..] else { return Err(BbsError::Count) };
        let pseudonym = Pseudonym::from_bytes(pseudonym).map_err(|_| BbsError::Pseudonym)?;
        let challenge = self.request_challenge(occasion, &points);
        let mut bytes = Vec::with_capacity(REQUEST_LENGTH);
        bytes.extend_from_slice(commitment);
        bytes.extend_from_slice(pseudonym.as_bytes());
        let answers =
            [*blind_tilde + *blind * challenge, *secret_tilde + secret.scalar() * challenge, challenge];
        for answer in answers {
            bytes.extend_from_slice(&answer.to_be_bytes());
        }
        Ok(Request { bytes, blind: SecretScalar::new(*blind), pseudonym })
    }

    /// Checks a request that was made for `occasion`.
    ///
    /// # Errors
    /// [`BbsError::Length`], [`BbsError::Point`] or [`BbsError::Scalar`] when it cannot be read,
    /// [`BbsError::Commitment`] when its proof does not hold.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §5.2.
    pub fn check_request(&self, bytes: &[u8], occasion: &Occasion<'_>) -> Result<CheckedRequest, BbsError> {
        let mut reader = Reader::exactly(bytes, REQUEST_LENGTH)?;
        let (commitment, pseudonym) = (reader.point()?, reader.point()?);
        let (blind, secret, claimed) = (reader.scalar()?, reader.scalar()?, reader.scalar()?);
        let base = pseudonym_base(occasion.issuer, PSEUDONYM_TAG);
        let first = self.commitment(blind, secret, combine_public);
        let points = encode_proper(&[
            commitment.into(),
            pseudonym.into(),
            first.plus(&multiple_public(&commitment, -claimed)),
            multiple_public(&base.to_affine(), secret).plus(&multiple_public(&pseudonym, -claimed)),
        ])
        .map_err(|_| BbsError::Commitment)?;
        if self.request_challenge(occasion, &points) != claimed {
            return Err(BbsError::Commitment);
        }
        Ok(CheckedRequest { commitment, pseudonym: Pseudonym::new(pseudonym.to_compressed()) })
    }

    /// blind·Q_2 + secret·J_1.
    fn commitment(
        &self,
        blind: Scalar,
        secret: Scalar,
        sum: fn(&[(&crate::table::Table, Scalar)]) -> G1,
    ) -> G1 {
        let terms: Vec<_> = self.generators().blind_part().zip([blind, secret]).collect();
        sum(&terms)
    }

    fn request_challenge(&self, occasion: &Occasion<'_>, points: &[[u8; 48]]) -> Scalar {
        let mut octets = Octets::default();
        octets.counted(API_ID.as_bytes()).counted(occasion.issuer).counted(occasion.nonce);
        for point in self.generators().encoded_blind_part().chain(points) {
            octets.bytes(point);
        }
        challenge(&octets, CHALLENGE_TAG)
    }
}

impl CheckedRequest {
    /// The holder's pseudonym at the issuer: to be stored, unique for each employee and equal at each
    /// re-issuance.
    pub fn pseudonym(&self) -> Pseudonym {
        self.pseudonym
    }
}

impl Issuer {
    /// The issuer of credentials with `parameters` under `key` and `header`.
    pub fn new(parameters: &TypeParameters, key: &PublicKey, header: &[u8]) -> Self {
        Self(Shared::new(parameters, key, header))
    }

    /// Signs `messages`, one for each of [`Layout::payloads`], and the request's commitment.
    ///
    /// # Errors
    /// [`BbsError::Count`] for another number of messages, [`BbsError::Scalar`] for a scalar that is none,
    /// [`BbsError::Signature`] when `key` is not the secret of this issuer's key.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §5.3.
    pub fn sign(
        &self,
        key: &SecretKey,
        request: &CheckedRequest,
        messages: &[Message<'_>],
    ) -> Result<Signature, BbsError> {
        let Shared { parameters, context } = &self.0;
        context.check_key(key)?;
        if messages.len() != parameters.layout().payloads() {
            return Err(BbsError::Count);
        }
        let mut scalars = Zeroizing::new(Vec::with_capacity(messages.len()));
        for message in messages {
            scalars.push(parameters.scalar(message)?);
        }
        let b = signature::partial_b(context, &scalars).plus(&request.commitment.into());
        let mut octets = Octets::with_room(32 + 48);
        let known = public_point(b, Reason::KnownToHolder).to_affine();
        octets.scalar(key.scalar()).bytes(&known.to_compressed());
        signature::finish(context, key, &b, &octets)
    }

    /// The layout of the credentials.
    pub fn layout(&self) -> Layout {
        self.0.parameters.layout()
    }
}
