//! The data key, and how the key store keeps it. The one place that asks it to wrap.

use inro_base::{Rng, Secret};

use super::draw;
use crate::keys::{Gesture, Hardware, KeyId, KeyPolicy, KeyStore, KeyStoreError, Presence};

/// Opening the wallet takes a gesture, which counts as well for what its holder does next.
const WRAPPING: KeyPolicy = KeyPolicy {
    presence: Presence::Within { seconds: 60, by: Gesture::Unlock },
    hardware: Hardware::Preferred,
};

/// The data key as the file keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DataKey {
    /// The key of the key store that wrapped it.
    pub(crate) wrapping_key: KeyId,
    /// What came of that.
    pub(crate) wrapped: Vec<u8>,
}

/// Draws a new data key and has it wrapped.
pub(crate) async fn make_data_key(
    keys: &dyn KeyStore,
    rng: &mut dyn Rng,
) -> Result<(DataKey, Secret<Vec<u8>>), KeyStoreError> {
    let secret = Secret::new(draw::<32>(rng).to_vec());
    let wrapping_key = keys.create_wrapping(&WRAPPING).await?.id;
    let wrapped = keys.wrap(&wrapping_key, &secret).await?;
    Ok((DataKey { wrapping_key, wrapped }, secret))
}

/// Has the data key unwrapped.
pub(crate) async fn open_data_key(
    keys: &dyn KeyStore,
    key: &DataKey,
) -> Result<Secret<Vec<u8>>, KeyStoreError> {
    keys.unwrap(&key.wrapping_key, &key.wrapped).await
}
