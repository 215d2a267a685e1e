use std::collections::BTreeSet;
use std::time::Duration;

use inro_base::UnixTime;
use inro_crypto::Provider;
use rustls_pki_types::{CertificateDer, Der, TrustAnchor};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, VerifiedPath};

use crate::algorithm::EcdsaP256Sha256;
use crate::certificate::{MAX_DER_BYTES, UntrustedCertificate};
use crate::key::TrustedKey;
use crate::pem::certificates_from_pem;
use crate::{TrustError, Usage};

/// The longest `x5c` that is followed, the leaf included. With so few, webpki's own budget (100
/// signatures for one path search) is never the first to end. Source: ours; HAIP chains have one
/// or two.
pub const MAX_CHAIN: usize = 6;

/// The certificate authorities that one party trusts, each with the usages it may vouch for.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    anchors: Vec<Anchor>,
}

#[derive(Clone, Debug)]
struct Anchor {
    trusted: TrustAnchor<'static>,
    der: Vec<u8>,
    /// The common name of its subject.
    name: String,
    usages: BTreeSet<Usage>,
    path_length: Option<u8>,
    type_limit: Option<Vec<String>>,
    not_before: UnixTime,
    not_after: UnixTime,
}

impl Anchors {
    /// An empty list: nobody is trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nobody is on the list.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// How many certificates are on the list.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// The common name of each anchor, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.anchors.iter().map(|anchor| anchor.name.as_str())
    }

    /// Lets every certificate of a PEM text vouch for `usages`, added to what it may vouch for already.
    ///
    /// # Errors
    /// As [`certificates_from_pem`] and [`Anchors::add_der`]; then nothing was added.
    pub fn add_pem(&mut self, pem: &str, usages: &[Usage]) -> Result<(), TrustError> {
        let mut extended = self.clone();
        for der in certificates_from_pem(pem)? {
            extended.add_der(&der, usages)?;
        }
        *self = extended;
        Ok(())
    }

    /// Lets one certificate vouch for `usages`, added to what it may vouch for already.
    ///
    /// # Errors
    /// [`TrustError`] for what [`UntrustedCertificate::read`] refuses, and [`TrustError::Role`] when
    /// it is no certificate authority's, or its key may not sign certificates.
    pub fn add_der(&mut self, der: &[u8], usages: &[Usage]) -> Result<(), TrustError> {
        if let Some(known) = self.anchors.iter_mut().find(|anchor| anchor.der == der) {
            known.usages.extend(usages);
            return Ok(());
        }
        let read = UntrustedCertificate::read(der)?;
        if !read.may_sign_certificates() {
            return Err(TrustError::Role);
        }
        let certificate = CertificateDer::from(der);
        let trusted = webpki::anchor_from_trusted_cert(&certificate).map_err(|_| TrustError::Certificate)?;
        self.anchors.push(Anchor {
            trusted: trusted.to_owned(),
            der: der.to_vec(),
            name: read.claimed_name().to_owned(),
            usages: usages.iter().copied().collect(),
            path_length: read.path_length(),
            type_limit: read.type_limit().map(<[String]>::to_vec),
            not_before: read.not_before(),
            not_after: read.not_after(),
        });
        Ok(())
    }

    /// The key of the first certificate of `x5c` (DER, leaf first), when a chain leads from it to an
    /// anchor that may vouch for `usage` and everything on the way is valid at `now`.
    ///
    /// # Errors
    /// [`TrustError`] with the first reason found against it.
    ///
    /// Source: RFC 5280 §6; RFC 7515 §4.1.6.
    pub fn trust(
        &self,
        x5c: &[Vec<u8>],
        usage: Usage,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<TrustedKey, TrustError> {
        let (leaf, others) = bounded(x5c)?;
        let read = UntrustedCertificate::read(leaf)?;
        let vouching = |anchor: &Anchor| anchor.may_vouch(usage) && anchor.is_valid(now);
        let anchor = match self.find_path(leaf, others, usage, now, provider, &vouching) {
            Ok(anchor) => anchor,
            Err(TrustError::NotListed) => {
                return Err(self.why_not_listed(leaf, others, usage, now, provider));
            }
            Err(error) => return Err(error),
        };
        if !read.claimed_usages().contains(&usage) {
            return Err(TrustError::CertificateUsage { usage });
        }
        if !read.may_sign_messages() {
            return Err(TrustError::Role);
        }
        Ok(TrustedKey::from_leaf(&read, leaf, provider.sha256(leaf), usage, &anchor.name))
    }

    /// Searches a path to one of the anchors that `admit` lets through.
    fn find_path(
        &self,
        leaf: &[u8],
        others: &[Vec<u8>],
        usage: Usage,
        now: UnixTime,
        provider: &dyn Provider,
        admit: &dyn Fn(&Anchor) -> bool,
    ) -> Result<&Anchor, TrustError> {
        let algorithm = EcdsaP256Sha256(provider);
        let admitted: Vec<&Anchor> = self.anchors.iter().filter(|anchor| admit(anchor)).collect();
        let anchors: Vec<TrustAnchor<'_>> = admitted.iter().map(|anchor| anchor.borrowed()).collect();
        let others: Vec<CertificateDer<'_>> =
            others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let leaf = CertificateDer::from(leaf);
        let leaf = EndEntityCert::try_from(&leaf).map_err(|error| refusal(&error, usage, now))?;
        let seconds = u64::try_from(now.as_secs()).map_err(|_| TrustError::NotYetValid { now })?;
        let path = leaf
            .verify_for_usage(
                &[&algorithm],
                &anchors,
                &others,
                rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
                OurUsage(usage),
                None,
                Some(&|path| check_authorities(path, &admitted)),
            )
            .map_err(|error| refusal(&error, usage, now))?;
        let end = path.anchor();
        admitted.into_iter().find(|anchor| anchor.trusted == *end).ok_or(TrustError::NotListed)
    }

    /// Tells an anchor that is listed, but for another usage or another time, from none at all.
    fn why_not_listed(
        &self,
        leaf: &[u8],
        others: &[Vec<u8>],
        usage: Usage,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> TrustError {
        match self.find_path(leaf, others, usage, now, provider, &|_| true) {
            Ok(anchor) if !anchor.may_vouch(usage) => TrustError::AnchorUsage { usage },
            Ok(anchor) if now < anchor.not_before => TrustError::NotYetValid { now },
            Ok(anchor) if now > anchor.not_after => TrustError::Expired { now },
            Ok(_) | Err(_) => TrustError::NotListed,
        }
    }
}

impl Anchor {
    fn may_vouch(&self, usage: Usage) -> bool {
        self.usages.contains(&usage)
    }

    fn is_valid(&self, now: UnixTime) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    fn borrowed(&self) -> TrustAnchor<'_> {
        TrustAnchor {
            subject: Der::from_slice(&self.trusted.subject),
            subject_public_key_info: Der::from_slice(&self.trusted.subject_public_key_info),
            name_constraints: self.trusted.name_constraints.as_ref().map(|der| Der::from_slice(der)),
        }
    }
}

fn bounded(x5c: &[Vec<u8>]) -> Result<(&[u8], &[Vec<u8>]), TrustError> {
    let (leaf, others) = x5c.split_first().ok_or(TrustError::NoCertificate)?;
    if x5c.len() > MAX_CHAIN {
        return Err(TrustError::TooMany { count: x5c.len(), limit: MAX_CHAIN });
    }
    match x5c.iter().map(Vec::len).find(|length| *length > MAX_DER_BYTES) {
        Some(length) => Err(TrustError::TooLong { length, limit: MAX_DER_BYTES }),
        None => Ok((leaf, others)),
    }
}

/// What webpki leaves unchecked: whether each authority's key may sign certificates, the path length
/// of the anchor, and that the leaf names no credential type that an authority above it does not
/// name. Source: RFC 5280 §6.1.4 (l) to (n); the types are ours.
fn check_authorities(path: &VerifiedPath<'_>, anchors: &[&Anchor]) -> Result<(), webpki::Error> {
    let read = |der: &[u8]| UntrustedCertificate::read(der).map_err(|_| webpki::Error::BadDer);
    let leaf = read(&path.end_entity().der())?;
    let within = |limit: Option<&[String]>| {
        limit.is_none_or(|limit| leaf.claimed_types().iter().all(|id| limit.contains(id)))
    };
    let mut between = 0_u8;
    for authority in path.intermediate_certificates() {
        let authority = read(&authority.der())?;
        if !authority.may_sign_certificates() {
            return Err(webpki::Error::EndEntityUsedAsCa);
        }
        if !within(authority.type_limit()) {
            return Err(webpki::Error::NameConstraintViolation);
        }
        between = between.saturating_add(1);
    }
    // Of two anchors with one name and key, either may be the one that allows it.
    let mut ends = anchors.iter().filter(|anchor| anchor.trusted == *path.anchor());
    let allows = |anchor: &&Anchor| {
        anchor.path_length.is_none_or(|length| between <= length) && within(anchor.type_limit.as_deref())
    };
    if ends.any(allows) { Ok(()) } else { Err(webpki::Error::PathLenConstraintViolated) }
}

/// An authority may leave its usages open; where it names some, ours must be among them. The leaf
/// must name ours, which [`Anchors::trust`] sees to. Source: RFC 5280 §4.2.1.12.
struct OurUsage(Usage);

impl ExtendedKeyUsageValidator for OurUsage {
    fn validate(&self, named: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let ours = KeyPurposeId::new(self.0.oid_der());
        let mut open = true;
        for usage in named {
            open = false;
            if usage? == ours {
                return Ok(());
            }
        }
        if open {
            return Ok(());
        }
        // Without the names that were present: webpki would decode arcs of any length for them.
        let required = webpki::KeyUsage::required(self.0.oid_der());
        let context = webpki::RequiredEkuNotFoundContext { required, present: Vec::new() };
        Err(webpki::Error::RequiredEkuNotFoundContext(context))
    }
}

fn refusal(error: &webpki::Error, usage: Usage, now: UnixTime) -> TrustError {
    use webpki::Error as E;
    match error {
        E::UnknownIssuer => TrustError::NotListed,
        E::CertExpired { .. } => TrustError::Expired { now },
        E::CertNotValidYet { .. } => TrustError::NotYetValid { now },
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => TrustError::CertificateUsage { usage },
        E::CaUsedAsEndEntity | E::EndEntityUsedAsCa => TrustError::Role,
        E::MaximumNameConstraintComparisonsExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumSignatureChecksExceeded => TrustError::Budget,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => TrustError::Algorithm,
        E::BadDer
        | E::BadDerTime
        | E::ExtensionValueInvalid
        | E::InvalidCertValidity
        | E::InvalidSerialNumber
        | E::MalformedDnsIdentifier
        | E::MalformedExtensions
        | E::MalformedNameConstraint
        | E::SignatureAlgorithmMismatch
        | E::TrailingData(_)
        | E::UnsupportedCertVersion
        | E::UnsupportedCriticalExtension => TrustError::Certificate,
        // `webpki::Error` is open; whatever else it finds stands in the way of trust as well.
        _ => TrustError::Chain,
    }
}
