use std::fmt;

use inro_cose::{CoseError, Item, Limits, UnverifiedSign1};
use inro_crypto::Provider;
use inro_trust::TrustedKey;

use crate::MdocError;
use crate::issuer_signed;
use crate::mso::Mso;
use crate::present::device_authentication;
use crate::profile::{MAX_DOCUMENTS, MAX_ELEMENTS, is_version_1};
use crate::transcript::SessionTranscript;
use crate::verify::{Expected, UnverifiedIssuerSigned, VerifiedMdoc};

/// A device response that nobody has checked.
#[derive(Debug)]
pub struct UnverifiedDeviceResponse {
    documents: Vec<UnverifiedDocument>,
}

/// One document of a device response, not checked.
pub struct UnverifiedDocument {
    doc_type: String,
    issuer_signed: UnverifiedIssuerSigned,
    /// `nameSpaces` of the device, a tagged byte string as received.
    device_namespaces: Vec<u8>,
    /// Name space and identifier of what the device signs itself.
    device_elements: Vec<(String, String)>,
    device_signature: UnverifiedSign1,
}

impl UnverifiedDeviceResponse {
    /// Reads an encoded `DeviceResponse`.
    ///
    /// # Errors
    /// [`MdocError::Version`], [`MdocError::DeviceStatus`] when the device tells of a failure,
    /// [`MdocError::DocumentError`] when it returns errors instead of documents, [`MdocError::DeviceMac`]
    /// for a MAC, and what is malformed.
    ///
    /// Source: ISO/IEC 18013-5 §8.3.2.1.2.2 (read from peers).
    pub fn parse(bytes: &[u8]) -> Result<Self, MdocError> {
        let item = Item::parse(bytes, Limits::DOCUMENT)?;
        if !is_version_1(item.member("version")?.text()?) {
            return Err(MdocError::Version);
        }
        let status = item.member("status")?.unsigned()?;
        if status != 0 {
            return Err(MdocError::DeviceStatus { status });
        }
        let documents = item.get("documents")?.map(Item::array).transpose()?.unwrap_or_default();
        if documents.is_empty() && item.get("documentErrors")?.is_some() {
            return Err(MdocError::DocumentError);
        }
        if documents.len() > MAX_DOCUMENTS {
            return Err(MdocError::TooMany { count: documents.len(), limit: MAX_DOCUMENTS });
        }
        Ok(Self { documents: documents.into_iter().map(document).collect::<Result<_, _>>()? })
    }

    /// The documents.
    pub fn documents(self) -> Vec<UnverifiedDocument> {
        self.documents
    }

    /// The one document: what stands for one credential in a `vp_token`.
    ///
    /// # Errors
    /// [`MdocError::Documents`] when there is none, or more.
    pub fn only_document(mut self) -> Result<UnverifiedDocument, MdocError> {
        let count = self.documents.len();
        self.documents.pop().filter(|_| count == 1).ok_or(MdocError::Documents { count })
    }
}

impl UnverifiedDocument {
    /// The document type, as the device says.
    pub fn claimed_doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The issuer's certificates (DER, leaf first), for [`inro_trust::Anchors::trust`].
    pub fn x5c(&self) -> &[Vec<u8>] {
        self.issuer_signed.x5c()
    }

    /// Checks issuer, items, times, and that the holder's device signed this session.
    ///
    /// # Errors
    /// [`MdocError`] with the first reason found against it.
    ///
    /// Source: ISO/IEC 18013-5 §9.3.1 (read from peers); OpenID4VP 1.0 annex B.2.6.
    pub fn verify(
        self,
        issuer: &TrustedKey,
        transcript: &SessionTranscript,
        expected: &Expected,
        provider: &dyn Provider,
    ) -> Result<VerifiedMdoc, MdocError> {
        let verified = self.issuer_signed.verify(issuer, expected, provider)?;
        let mso = verified.mso();
        if mso.doc_type != self.doc_type {
            return Err(MdocError::DocType);
        }
        let covered = device_authentication(transcript, &self.doc_type, &self.device_namespaces);
        match self.device_signature.verify_detached(&covered, provider, &mso.device_key) {
            Ok(()) => {}
            Err(CoseError::Signature) => return Err(MdocError::DeviceSignature),
            Err(error) => return Err(error.into()),
        }
        check_authorized(mso, &self.device_elements)?;
        Ok(verified.bound())
    }
}

impl fmt::Debug for UnverifiedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedDocument({:?})", self.issuer_signed)
    }
}

/// Source: ISO/IEC 18013-5 §9.1.2.4 (read from peers).
fn check_authorized(mso: &Mso, elements: &[(String, String)]) -> Result<(), MdocError> {
    let allowed = elements.iter().all(|(namespace, element)| mso.authorized.allows(namespace, element));
    if allowed { Ok(()) } else { Err(MdocError::Unauthorized) }
}

fn document(item: Item<'_>) -> Result<UnverifiedDocument, MdocError> {
    let device_signed = item.member("deviceSigned").map_err(|_| MdocError::NoDeviceSignature)?;
    let namespaces = device_signed.member("nameSpaces")?;
    let device_auth = device_signed.member("deviceAuth")?;
    let signature = match (device_auth.get("deviceSignature")?, device_auth.get("deviceMac")?) {
        (Some(signature), None) => UnverifiedSign1::parse(signature, None)?,
        (None, Some(_)) => return Err(MdocError::DeviceMac),
        (Some(_), Some(_)) | (None, None) => return Err(MdocError::NoDeviceSignature),
    };
    // What the device could not return is the verifier's query to notice; here only its form counts.
    if let Some(errors) = item.get("errors")? {
        errors.map()?;
    }
    Ok(UnverifiedDocument {
        doc_type: item.member("docType")?.text()?.to_owned(),
        issuer_signed: UnverifiedIssuerSigned::new(issuer_signed::read(item.member("issuerSigned")?)?),
        device_namespaces: namespaces.as_received().to_vec(),
        device_elements: device_elements(namespaces)?,
        device_signature: signature,
    })
}

fn device_elements(namespaces: Item<'_>) -> Result<Vec<(String, String)>, MdocError> {
    let mut elements = Vec::new();
    for (namespace, members) in Item::parse(namespaces.encoded()?, Limits::DOCUMENT)?.map()? {
        for (identifier, _) in members.map()? {
            if elements.len() >= MAX_ELEMENTS {
                return Err(MdocError::TooMany { count: elements.len(), limit: MAX_ELEMENTS });
            }
            elements.push((namespace.text()?.to_owned(), identifier.text()?.to_owned()));
        }
    }
    Ok(elements)
}
