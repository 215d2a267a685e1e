//! `init`: a new verifier's folder.

use std::net::IpAddr;
use std::path::Path;

use inro_base::{Clock as _, Rng, UnixTime};
use inro_service::pki::{Authority, LeafProfile, Validity};
use inro_service::tls::{self, Origin};
use inro_service::{OsRng, ServiceError, SystemClock, config, files, sqlite};
use inro_trust::oid;
use inro_verifier_sdk::BUILT_IN_POLICIES;

use crate::error::CommandError;
use crate::layout::{ClientIdChoice, Layout, Settings};
use crate::store::MIGRATIONS;
use crate::{draft, fetch};

/// How long the verifier's own authority holds, in days.
const AUTHORITY_DAYS: i64 = 3_650;
/// How long the verifier's certificate holds, in days.
const LEAF_DAYS: i64 = 730;

/// Makes a verifier in `root`, which must be empty or absent.
///
/// # Errors
/// [`CommandError::Service`] for a URL that is no `https` origin and a folder that is in use.
pub fn init(root: &Path, settings: &Settings) -> Result<(), CommandError> {
    let origin = origin(&settings.url, settings.client_id)?;
    files::create_service_dir(root)?;
    let layout = Layout::new(root);
    for folder in [
        root.join("keys"),
        root.join("trust"),
        layout.issuer_anchors(),
        layout.tls_anchors(),
        layout.policies(),
    ] {
        files::create_private_dir(&folder)?;
    }
    let now = SystemClock.now();
    write_keys(&layout, settings, &origin, now)?;
    tls::create(&layout.tls(), &origin, now)?;
    for (name, text) in BUILT_IN_POLICIES {
        files::write_public(&layout.policies().join(format!("{name}.toml")), text.as_bytes())?;
    }
    let rng: &mut dyn Rng = &mut OsRng;
    files::write_private(&layout.api_token(), rng.token::<32>().as_bytes())?;
    draft::write(&layout, settings, &origin)?;
    sqlite::open(&layout.database(), MIGRATIONS)?;
    // Last, because a folder with a config.toml counts as made.
    config::write(&layout.config(), "Made by `inro-verifier init`.", settings)?;
    Ok(())
}

/// Whether `url` is at a loopback or private address: what it verifies comes from the same network.
pub fn is_private(url: &str) -> bool {
    Origin::parse(url).is_ok_and(|origin| match origin.host.parse::<IpAddr>() {
        Ok(address) => !fetch::is_public(address),
        Err(_) => origin.host == "localhost" || origin.host.ends_with(".localhost"),
    })
}

/// The URL is an origin alone, so that paths can be put behind it; a name in the certificate is a
/// DNS name.
fn origin(url: &str, client_id: ClientIdChoice) -> Result<Origin, CommandError> {
    let origin = Origin::parse(url)?;
    let bare = url::Url::parse(url).is_ok_and(|parsed| parsed.path() == "/") && !url.ends_with('/');
    let named = client_id == ClientIdChoice::X509Hash || origin.host.parse::<IpAddr>().is_err();
    if origin.secure && bare && named { Ok(origin) } else { Err(ServiceError::Url.into()) }
}

/// Source: OpenID4VP 1.0 §5.9.3: the leaf signs requests, and its names are where answers may go.
fn write_keys(
    layout: &Layout,
    settings: &Settings,
    origin: &Origin,
    now: UnixTime,
) -> Result<(), CommandError> {
    let name = format!("{} Verifier CA", settings.name);
    let authority = Authority::create(&name, Validity::days(now, AUTHORITY_DAYS))?;
    authority.identity().write(&layout.own_anchor(), &layout.key("ca.key.pem"))?;
    let mut profile = LeafProfile {
        common_name: settings.name.clone(),
        extended_key_usages: vec![oid::VERIFIER],
        ..LeafProfile::default()
    };
    match origin.host.parse::<IpAddr>() {
        Ok(address) => profile.addresses.push(address),
        Err(_) => profile.dns_names.push(origin.host.clone()),
    }
    let leaf = authority.issue(&profile, Validity::days(now, LEAF_DAYS))?;
    Ok(leaf.write(&layout.key("verifier.pem"), &layout.key("verifier.key.pem"))?)
}
