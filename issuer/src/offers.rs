//! Offers: made by an administrator, shown to a wallet.

use inro_base::{Secret, UnixTime, base64url};
use inro_openid4vci::{CredentialOffer, OfferLink, TxCodeDemand};

use crate::employees;
use crate::error::IssuerError;
use crate::issuer::{BATCH_SIZE, Issuer};
use crate::store::{DecisionRefused, Denied, NewOffer};

/// How long an offer waits unless the administrator says otherwise, in seconds.
pub const DEFAULT_LIFETIME: i64 = 600;
/// Digits of a transaction code; five guesses hit one in a million with a chance of 1 : 200,000.
const TX_CODE_DIGITS: usize = 6;

/// What the administrator wants to offer.
#[derive(Clone, Debug)]
pub struct OfferWish {
    /// To whom.
    pub employee: String,
    /// Ids of credential types, in order.
    pub types: Vec<String>,
    /// Format identifiers, in order.
    pub formats: Vec<String>,
    /// Whether a transaction code has to be given.
    pub tx_code: bool,
    /// Whether a second person has to approve before anything is issued.
    pub needs_approval: bool,
    /// How long the offer waits, in seconds.
    pub lifetime: i64,
}

/// An offer that was made. It is shown once: the database keeps digests alone.
#[derive(Debug)]
pub struct CreatedOffer {
    /// Its id, for lists and logs; nothing can be fetched with it.
    pub id: String,
    /// `openid-credential-offer://…` with the offer by value.
    pub by_value: Secret<String>,
    /// `openid-credential-offer://…` with the offer by reference: short enough for a QR code.
    pub by_reference: Secret<String>,
    /// Where the wallet fetches the offer.
    pub uri: Secret<String>,
    /// To be given to the employee by another way.
    pub tx_code: Option<Secret<String>>,
    /// When it ends.
    pub expires_at: UnixTime,
}

impl Issuer {
    /// Offers credentials to an employee in office.
    ///
    /// # Errors
    /// [`IssuerError`] when the employee, a type or a format does not allow it.
    pub fn create_offer(&self, wish: &OfferWish) -> Result<CreatedOffer, IssuerError> {
        let now = self.now();
        let configurations = self.configurations(&wish.types, &wish.formats)?;
        let employee = employees::in_office(&self.store().employee(&wish.employee)?, now)?;
        self.check_not_suspended(&wish.employee, &configurations)?;
        // A claim that cannot be made should stop the administrator now, not the employee later.
        for id in &configurations {
            self.content(id, &employee, now)?;
        }
        // Whoever knows the handle can fetch the offer, so the database has its digest alone.
        let handle = Secret::new(self.with_rng(|rng| rng.token::<16>()));
        let id = self.offer_id(handle.expose());
        let code = self.secrets().code(handle.expose(), self.provider());
        let code_digest = self.provider().sha256(code.expose().as_bytes());
        let tx_code = wish.tx_code.then(|| self.new_tx_code());
        let expires_at = now.plus(wish.lifetime);
        self.store().add_offer(&NewOffer {
            id: id.clone(),
            code_digest,
            tx_code_digest: tx_code
                .as_ref()
                .map(|text| self.secrets().tx_code_digest(&code_digest, text.expose(), self.provider())),
            employee: wish.employee.clone(),
            configurations: configurations.clone(),
            copies: u32::try_from(BATCH_SIZE).unwrap_or(u32::MAX),
            needs_approval: wish.needs_approval,
            created_at: now,
            expires_at,
        })?;
        let offer = self.offer_document(handle.expose(), configurations, wish.tx_code);
        let uri = format!("{}/offers/{}", self.url().as_str(), handle.expose());
        Ok(CreatedOffer {
            by_value: Secret::new(offer.to_link()),
            by_reference: Secret::new(OfferLink::to_reference(&uri)),
            uri: Secret::new(uri),
            id,
            tx_code,
            expires_at,
        })
    }

    /// The offer at `handle` as a wallet fetches it, while it can be redeemed.
    ///
    /// # Errors
    /// [`IssuerError::Store`] when the database fails.
    pub fn open_offer(&self, handle: &str) -> Result<Option<CredentialOffer>, IssuerError> {
        let open = self.store().open_offer(&self.offer_id(handle), self.now())?;
        Ok(open.map(|open| self.offer_document(handle, open.configurations, open.tx_code)))
    }

    /// Takes down a second person's decision on an offer, once.
    ///
    /// # Errors
    /// [`IssuerError`] when there is no such offer to decide on.
    pub fn decide(&self, id: &str, approve: bool) -> Result<(), IssuerError> {
        self.store().decide(id, approve, self.now()).map_err(|denied| match denied {
            Denied::Store(error) => error.into(),
            Denied::Refused(DecisionRefused::Unknown) => IssuerError::NothingToDecide,
            Denied::Refused(DecisionRefused::Decided) => IssuerError::Decided,
            Denied::Refused(DecisionRefused::NotNeeded) => IssuerError::NoApprovalNeeded,
        })
    }

    fn offer_id(&self, handle: &str) -> String {
        base64url::encode(&self.provider().sha256(handle.as_bytes()))
    }

    fn offer_document(&self, handle: &str, configuration_ids: Vec<String>, tx_code: bool) -> CredentialOffer {
        CredentialOffer {
            issuer: self.url().clone(),
            configuration_ids,
            pre_authorized_code: self.secrets().code(handle, self.provider()),
            tx_code: tx_code.then_some(TxCodeDemand {
                text: false,
                length: Some(TX_CODE_DIGITS),
                description: None,
            }),
            authorization_server: None,
        }
    }

    fn new_tx_code(&self) -> Secret<String> {
        let number = self.with_rng(|rng| rng.below(1_000_000));
        Secret::new(format!("{number:0TX_CODE_DIGITS$}"))
    }
}
