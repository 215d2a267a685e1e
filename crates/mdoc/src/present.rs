use std::fmt;

use inro_cose::{Sign1ToSign, Value, encode, write};
use inro_crypto::{Signature, Signer};

use crate::MdocError;
use crate::issuer_signed::SignedItem;
use crate::profile::VERSION;
use crate::transcript::SessionTranscript;

/// The data elements that a holder chose, with the issuer's signature.
#[must_use]
pub struct MdocPresentation {
    doc_type: String,
    /// Encoded `IssuerSigned` with the chosen items, each byte for byte as it was received.
    issuer_signed: Vec<u8>,
}

/// A presentation that waits for the signature of its holder's device.
#[must_use]
pub struct DeviceSignatureToSign {
    presentation: MdocPresentation,
    sign1: Sign1ToSign,
}

impl MdocPresentation {
    pub(crate) fn new<'a>(
        doc_type: &str,
        issuer_auth: &[u8],
        items: impl Iterator<Item = &'a SignedItem>,
    ) -> Self {
        let mut namespaces: Vec<(&str, Vec<&[u8]>)> = Vec::new();
        for item in items {
            match namespaces.iter_mut().find(|(name, _)| *name == item.namespace) {
                Some((_, list)) => list.push(&item.bytes),
                None => namespaces.push((&item.namespace, vec![&item.bytes])),
            }
        }
        let namespaces: Vec<(&str, Vec<u8>)> =
            namespaces.into_iter().map(|(name, list)| (name, write::array_of_encoded(&list))).collect();
        let mut entries = Vec::new();
        if !namespaces.is_empty() {
            entries.push(("nameSpaces", write::map_of_encoded(&namespaces)));
        }
        entries.push(("issuerAuth", issuer_auth.to_vec()));
        Self { doc_type: doc_type.to_owned(), issuer_signed: write::map_of_encoded(&entries) }
    }

    /// Binds the presentation to a session. The device signs no data elements of its own.
    ///
    /// Source: ISO/IEC 18013-5 §9.1.3 (read from peers).
    pub fn device_signature(self, transcript: &SessionTranscript) -> DeviceSignatureToSign {
        let authentication = device_authentication(transcript, &self.doc_type, &no_namespaces());
        let sign1 = Sign1ToSign::detached(&authentication, None, &[]);
        DeviceSignatureToSign { presentation: self, sign1 }
    }
}

impl DeviceSignatureToSign {
    /// The bytes that the holder's key signs with ES256.
    pub fn signing_input(&self) -> &[u8] {
        self.sign1.signing_input()
    }

    /// The encoded `DeviceResponse` with this one document.
    pub fn finish(self, signature: &Signature) -> Vec<u8> {
        let signature = self.sign1.finish(signature);
        let device_auth = write::map_of_encoded(&[("deviceSignature", signature)]);
        let device_signed =
            write::map_of_encoded(&[("nameSpaces", no_namespaces()), ("deviceAuth", device_auth)]);
        let document = write::map_of_encoded(&[
            ("docType", encode(&Value::Text(self.presentation.doc_type))),
            ("issuerSigned", self.presentation.issuer_signed),
            ("deviceSigned", device_signed),
        ]);
        write::map_of_encoded(&[
            ("version", encode(&Value::from(VERSION))),
            ("documents", write::array_of_encoded(&[&document])),
            ("status", encode(&Value::from(0))),
        ])
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// [`MdocError::Cose`] when the key cannot be used.
    pub fn sign_with(self, signer: &dyn Signer) -> Result<Vec<u8>, MdocError> {
        let signature = signer.sign_es256(self.signing_input()).map_err(inro_cose::CoseError::from)?;
        Ok(self.finish(&signature))
    }
}

/// The bytes that a device signature covers; `namespaces` is the tagged byte string as it travels.
pub(crate) fn device_authentication(
    transcript: &SessionTranscript,
    doc_type: &str,
    namespaces: &[u8],
) -> Vec<u8> {
    let authentication = write::array_of_encoded(&[
        &encode(&Value::from("DeviceAuthentication")),
        transcript.as_bytes(),
        &encode(&Value::from(doc_type)),
        namespaces,
    ]);
    encode(&write::encoded(authentication))
}

fn no_namespaces() -> Vec<u8> {
    encode(&write::encoded(encode(&Value::Map(Vec::new()))))
}

impl fmt::Debug for MdocPresentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MdocPresentation({} bytes)", self.issuer_signed.len())
    }
}

impl fmt::Debug for DeviceSignatureToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceSignatureToSign({} bytes)", self.presentation.issuer_signed.len())
    }
}
