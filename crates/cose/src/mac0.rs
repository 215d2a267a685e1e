use coset::iana;
use coset::{Algorithm, AsCborValue as _, CoseMac0, MacContext, ProtectedHeader, mac_structure_data};
use inro_crypto::Provider;
use subtle::ConstantTimeEq as _;

use crate::sign1::protected_header;
use crate::{CoseError, Item, Kind};

/// The tag of COSE_Mac0. Source: RFC 9052 §2.
const TAG: u64 = 17;

/// A COSE_Mac0 whose tag nobody has checked.
#[derive(Debug)]
pub struct UnverifiedMac0 {
    protected: ProtectedHeader,
    payload: Option<Vec<u8>>,
    tag: Vec<u8>,
}

impl UnverifiedMac0 {
    /// Reads a COSE_Mac0, tagged or not, that stands in received CBOR.
    ///
    /// # Errors
    /// [`CoseError`] for another structure, an algorithm other than HMAC 256/256 in the protected
    /// header, or a critical parameter.
    ///
    /// Source: RFC 9052 §6.2; RFC 9053 §3.1.
    pub fn parse(item: Item<'_>) -> Result<Self, CoseError> {
        let item = if item.kind() == Kind::Tag { item.tagged(TAG)? } else { item };
        let parts = item.array()?;
        let [protected, _, _, _] = parts.as_slice() else { return Err(CoseError::Structure) };
        let header = protected_header(*protected)?;
        if header.header.alg != Some(Algorithm::Assigned(iana::Algorithm::HMAC_256_256)) {
            return Err(CoseError::Algorithm);
        }
        let read = CoseMac0::from_cbor_value(item.value()?).map_err(|_| CoseError::Structure)?;
        Ok(Self { protected: header, payload: read.payload, tag: read.tag })
    }

    /// Checks the tag over the payload inside, in constant time.
    ///
    /// # Errors
    /// [`CoseError::Payload`] when the payload is detached, [`CoseError::Tag`] when the tag does not fit.
    pub fn verify(self, key: &[u8], provider: &dyn Provider) -> Result<Vec<u8>, CoseError> {
        let payload = self.payload.ok_or(CoseError::Payload)?;
        let covered = mac_structure_data(MacContext::CoseMac0, self.protected, &[], &payload);
        let expected = provider.hmac_sha256(key, &covered);
        if bool::from(expected.as_slice().ct_eq(&self.tag)) { Ok(payload) } else { Err(CoseError::Tag) }
    }
}
