//! What an issuance at once and a deferred one have in common: checking, keeping, and telling the
//! issuer.

use inro_base::UnixTime;
use inro_credential::{ClaimPath, Format};
use inro_openid4vci::wallet::{NotificationStep, Notifier, Offered};
use inro_openid4vci::{Display, NotificationEvent};
use inro_trust::Anchors;
use serde_json::Value;

use crate::error::WalletError;
use crate::issued::{self, Batch};
use crate::notices::NewNotice;
use crate::records::CreatedKey;
use crate::records::{ClaimLabel, CredentialId, KeyId, Localized, NewCredential};
use crate::wallet::Wallet;

/// How many names of claims are kept of one type, and how long each may be, in characters.
const MAX_LABELS: usize = 256;
const MAX_LABEL_CHARS: usize = 100;
/// How often a notification is sent: once more with the server's DPoP nonce.
const NOTIFICATION_ROUNDS: usize = 2;

/// However long the issuer says, the wallet asks again after a week, in seconds.
const MAX_WAIT: i64 = 7 * 86_400;

/// Who issues, as the wallet shows it.
pub(crate) struct Issuer {
    pub(crate) identifier: String,
    pub(crate) name: Localized,
    /// Whether an anchor vouches for the name.
    pub(crate) vouched: bool,
}

/// Tells the issuer, where it wants to know, what became of each answer.
pub(crate) struct Notices {
    pub(crate) notifier: Option<Notifier>,
    pub(crate) dpop: KeyId,
    pub(crate) ids: Vec<String>,
}

impl Wallet {
    /// When an issuer may be asked again that said to wait `interval` seconds. The clock tells whole seconds
    /// and drops the rest, so one more is waited.
    pub(crate) fn after(&self, interval: u64) -> UnixTime {
        let wait = i64::try_from(interval).unwrap_or(i64::MAX).min(MAX_WAIT);
        self.now().plus(wait.saturating_add(1))
    }

    /// Checks the copies of one answer.
    pub(crate) fn check(
        &self,
        offered: &Offered,
        texts: Vec<String>,
        keys: &[CreatedKey],
        issuer: &Issuer,
        anchors: &Anchors,
    ) -> Result<NewCredential, WalletError> {
        let configuration = &offered.configuration;
        let batch = Batch {
            issuer: &issuer.identifier,
            issuer_name: &issuer.name,
            issuer_vouched: issuer.vouched,
            format: Format::of(&configuration.format).ok_or(WalletError::NothingSupported)?,
            type_id: configuration.type_id(),
            name: localized(&configuration.display),
            labels: labels(configuration.credential_metadata.as_ref()),
            keys,
            texts,
        };
        issued::check(batch, anchors, self.now(), &*self.provider)
    }

    /// Refuses to take what would replace another employee's credential.
    pub(crate) async fn check_holder(&self, credential: &NewCredential) -> Result<(), WalletError> {
        let held = self.store.credential(&credential.record.id).await?;
        match held {
            Some(held) if !credential.record.may_replace(&held) => Err(WalletError::OtherEmployee),
            Some(_) | None => Ok(()),
        }
    }

    /// Deletes those of `made` that nothing in the store needs.
    pub(crate) async fn delete_unused(&self, made: &[KeyId]) -> Result<(), WalletError> {
        let unused = self.unused_keys(made).await?;
        self.delete_keys(&unused).await
    }

    /// Keeps what tells the issuer later that the credential was deleted. Where that fails it will not hear of it, which
    /// costs the holder nothing.
    pub(crate) async fn keep_notices(&self, notices: &Notices, named: Vec<(CredentialId, String)>) {
        let Some(notifier) = &notices.notifier else { return };
        let new = |(credential, notification_id)| NewNotice {
            credential,
            notifier: notifier.to_secret(),
            dpop_key: notices.dpop.clone(),
            notification_id,
        };
        let _ = self.store.put_notices(&named.into_iter().map(new).collect::<Vec<_>>()).await;
    }

    /// Tells the issuer. Whether it hears is its affair: what the wallet keeps does not hang on it.
    pub(crate) async fn tell(&self, notices: Notices, event: NotificationEvent) {
        let Some(mut notifier) = notices.notifier else { return };
        for id in &notices.ids {
            for _ in 0..NOTIFICATION_ROUNDS {
                if !matches!(self.notify(&mut notifier, &notices.dpop, id, event).await, Ok(true)) {
                    break;
                }
            }
        }
    }

    /// Whether the same notification is worth another attempt.
    async fn notify(
        &self,
        notifier: &mut Notifier,
        dpop: &KeyId,
        id: &str,
        event: NotificationEvent,
    ) -> Result<bool, WalletError> {
        let step = self.with_rng(|rng| notifier.send(id, event, self.now(), rng, &*self.provider));
        let request = match step {
            NotificationStep::Send(request) => request,
            NotificationStep::Sign(signing) => {
                let signature = self.keys.sign(dpop, signing.signing_input()).await?;
                signing.signed(&signature)
            }
        };
        Ok(notifier.received(&self.send(request).await?))
    }
}

/// The names in English and Japanese; one without a locale stands for English.
pub(crate) fn localized(displays: &[Display]) -> Localized {
    let find = |language: &str| {
        let fits = |display: &&Display| {
            let locale = display.locale.as_deref().unwrap_or("en");
            locale.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case(language))
        };
        displays.iter().find(fits).map(|display| display.name.clone()).unwrap_or_default()
    };
    Localized { en: find("en"), ja: find("ja") }
}

/// What the issuer calls its claims; an entry of another form says nothing.
///
/// Source: OpenID4VCI 1.0 Appendix B.2.
fn labels(credential_metadata: Option<&Value>) -> Vec<ClaimLabel> {
    let claims = credential_metadata.and_then(|metadata| metadata.get("claims")).and_then(Value::as_array);
    let label = |claim: &Value| {
        let path = ClaimPath::parse(claim.get("path")?).ok()?;
        let displays = claim.get("display")?.as_array()?;
        let displays: Vec<_> = displays.iter().filter_map(display).collect();
        Some(ClaimLabel { path, name: localized(&displays) })
    };
    claims.into_iter().flatten().take(MAX_LABELS).filter_map(label).collect()
}

fn display(value: &Value) -> Option<Display> {
    let name = value.get("name")?.as_str()?;
    let locale = value.get("locale").and_then(Value::as_str).map(String::from);
    (name.chars().count() <= MAX_LABEL_CHARS).then(|| Display { name: name.to_owned(), locale })
}
