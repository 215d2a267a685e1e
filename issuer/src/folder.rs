//! An issuer's folder: made by `init`, opened by every other command.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use inro_base::{Clock as _, UnixTime};
use inro_credential::{CredentialType, RoleTable, TypeCatalog};
use inro_crypto_aws::AwsLc;
use inro_oauth::HttpsUrl;
use inro_service::pki::{Authority, Validity};
use inro_service::tls::{self, Origin};
use inro_service::{OsRng, ServiceError, SystemClock, config as settings, files, pki, sqlite};
use inro_trust::{Anchors, Usage};

use crate::config::{Config, Layout};
use crate::demands::{AttestationRule, Demands, EncryptionSetting};
use crate::error::IssuerError;
use crate::issuer::{AgencyName, Issuer, IssuerParts};
use crate::refill_setting::RefillSetting;
use crate::secrets::ServerSecrets;
use crate::signer;
use crate::store::{MIGRATIONS, SqliteStore};

/// How long the agency's own authority holds, in days.
const AUTHORITY_DAYS: i64 = 3_650;

/// What `init` is told.
#[derive(Clone, Debug)]
pub struct Init {
    /// The agency's name.
    pub name: AgencyName,
    /// The public URL.
    pub url: String,
}

/// Makes a new issuer in the folder `root`, which must be empty or absent.
///
/// # Errors
/// [`IssuerError`] when the URL is no `https` origin, or the folder is in use.
pub fn init(root: &Path, init: &Init) -> Result<Config, IssuerError> {
    let url = origin(&init.url)?;
    files::create_service_dir(root)?;
    let layout = Layout::new(root);
    let now = SystemClock.now();
    for name in ["keys", "tls", "trust", "types"] {
        files::create_private_dir(&root.join(name))?;
    }
    write_types(&layout)?;
    write_keys(&layout, init, &url, now)?;
    tls::create(&root.join("tls"), &Origin::parse(url.as_str())?, now)?;
    sqlite::open(&layout.database(), MIGRATIONS)?;
    let config = Config {
        url: url.as_str().to_owned(),
        name: init.name.clone(),
        encryption: EncryptionSetting::default(),
        refill: RefillSetting::default(),
        attestation: BTreeMap::new(),
    };
    // Last, because a folder with a config.toml counts as made.
    settings::write(&layout.config(), "Made by `inro-issuer init`.", &config)?;
    Ok(config)
}

/// Reads the settings of the folder `root`.
///
/// # Errors
/// [`IssuerError`] when the folder was not made by [`init`], or `config.toml` is malformed.
pub fn config(root: &Path) -> Result<Config, IssuerError> {
    files::check_service_dir(root)?;
    Ok(settings::read(&Layout::new(root).config())?)
}

/// Opens the store in the folder `root`.
///
/// # Errors
/// [`IssuerError`] when the folder is none of ours or the database cannot be opened.
pub fn store(root: &Path) -> Result<SqliteStore, IssuerError> {
    // First, so that the folder of another program is told by its settings.
    config(root)?;
    let path = Layout::new(root).database();
    // A new one would have forgotten every credential, so that none could be taken back.
    std::fs::metadata(&path).map_err(|source| ServiceError::Read { path: path.clone(), source })?;
    Ok(SqliteStore::new(sqlite::open(&path, MIGRATIONS)?))
}

/// Opens the issuer in the folder `root`.
///
/// # Errors
/// [`IssuerError`] when a file is missing, malformed, or open to others.
pub fn open(root: &Path) -> Result<Issuer, IssuerError> {
    let config = config(root)?;
    let layout = Layout::new(root);
    let secret = files::read_private(&layout.key("server.key"))?;
    let types = types(&layout)?;
    let demands = demands(config.encryption, config.attestation, &types, &layout)?;
    Issuer::new(IssuerParts {
        url: origin(&config.url)?,
        name: config.name,
        types,
        roles: roles(&layout)?,
        signer: Arc::new(pki::load_signer(&layout.key("signer.key.pem"))?),
        chain: pki::load_chain(&layout.key("signer.chain.pem"))?,
        secrets: ServerSecrets::from_text(secret.expose(), &AwsLc)?,
        provider: Arc::new(AwsLc),
        clock: Arc::new(SystemClock),
        rng: Box::new(OsRng),
        store: Arc::new(store(root)?),
        demands,
        refill: config.refill,
    })
}

/// Whoever asks for attestations has to say of which types, and whom to believe.
fn demands(
    encryption: EncryptionSetting,
    rules: BTreeMap<String, AttestationRule>,
    types: &TypeCatalog,
    layout: &Layout,
) -> Result<Demands, IssuerError> {
    if rules.keys().any(|id| types.iter().all(|kind| kind.id() != id)) {
        return Err(IssuerError::AttestedType);
    }
    let mut wallet_providers = Anchors::new();
    if !rules.is_empty() {
        let path = layout.wallet_providers();
        let pem = if path.exists() { files::read_text(&path)? } else { String::new() };
        wallet_providers
            .add_pem(&pem, &[Usage::WalletProvider])
            .map_err(|_| IssuerError::NoWalletProvider)?;
    }
    if wallet_providers.is_empty() && !rules.is_empty() {
        return Err(IssuerError::NoWalletProvider);
    }
    let attestation = rules.into_iter().map(|(id, rule)| (id, rule.into())).collect();
    Ok(Demands { encryption, attestation, wallet_providers })
}

/// The credential types of the folder, by file name.
///
/// # Errors
/// [`IssuerError`] for a file that the loader refuses.
pub fn types(layout: &Layout) -> Result<TypeCatalog, IssuerError> {
    let folder = layout.types();
    let read = |source| ServiceError::Read { path: folder.clone(), source };
    let entries = std::fs::read_dir(&folder).map_err(read)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(read)?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml") && *path != folder.join(ROLES));
    paths.sort();
    let mut catalog = TypeCatalog::new();
    for path in paths {
        catalog.add(CredentialType::parse(&files::read_text(&path)?)?)?;
    }
    Ok(catalog)
}

/// The role table of the folder.
///
/// # Errors
/// [`IssuerError`] when it is missing or refused.
pub fn roles(layout: &Layout) -> Result<RoleTable, IssuerError> {
    Ok(RoleTable::parse(&files::read_text(&layout.types().join(ROLES))?)?)
}

/// The role table stands beside the types.
const ROLES: &str = "roles.toml";

fn write_types(layout: &Layout) -> Result<(), IssuerError> {
    for (name, text) in TypeCatalog::built_in_files() {
        files::write_public(&layout.types().join(name), text.as_bytes())?;
    }
    let (name, text) = RoleTable::built_in_file();
    Ok(files::write_public(&layout.types().join(name), text.as_bytes())?)
}

fn write_keys(layout: &Layout, init: &Init, url: &HttpsUrl, now: UnixTime) -> Result<(), IssuerError> {
    let name = &init.name.en;
    let authority = Authority::create(&format!("{name} Inro CA"), Validity::days(now, AUTHORITY_DAYS))?;
    authority.identity().write(&layout.anchor(), &layout.key("ca.key.pem"))?;
    for part in [signer::Part::Credentials, signer::Part::Registrations] {
        signer::issue(&authority, part, name, url, &TypeCatalog::built_in(), now)?
            .write(&layout.key(&part.chain_file()), &layout.key(&part.key_file()))?;
    }
    let secret = ServerSecrets::new_text(&mut OsRng);
    Ok(files::write_private(&layout.key("server.key"), secret.expose().as_bytes())?)
}

/// An `https` origin without a slash at its end: our well-known documents stand at the root.
fn origin(url: &str) -> Result<HttpsUrl, IssuerError> {
    let parsed = HttpsUrl::parse(url.trim_end_matches('/')).map_err(|_| IssuerError::Origin)?;
    let rooted = format!("https://{}", parsed.authority());
    if parsed.as_str() == rooted { Ok(parsed) } else { Err(IssuerError::Origin) }
}
