use inro_crypto::Provider;
use serde_json::{Map, Value};

use crate::transaction_data::{HASH_ALGORITHM, HASHES, HASHES_ALG, TransactionData};
use crate::wallet::RequestError;

/// What the key binding of each presentation says of `transactions`, in the order of `chosen`, the
/// ids of the credential queries. Each is authorized with one credential, the first that it names
/// and that was chosen.
///
/// # Errors
/// [`RequestError::Transaction`] when none of the chosen credentials can authorize one of them.
///
/// Source: OpenID4VP 1.0 §5.1 `credential_ids`, §B.3.3.1.
pub(super) fn claims(
    transactions: &[TransactionData],
    chosen: &[&str],
    provider: &dyn Provider,
) -> Result<Vec<Map<String, Value>>, RequestError> {
    let mut carried: Vec<Vec<&TransactionData>> = vec![Vec::new(); chosen.len()];
    for transaction in transactions {
        let named = |id: &String| chosen.iter().position(|chosen| chosen == id);
        let place = transaction.credential_ids().iter().find_map(named);
        let list = place.and_then(|place| carried.get_mut(place)).ok_or(RequestError::Transaction)?;
        list.push(transaction);
    }
    Ok(carried.iter().map(|list| claims_of(list, provider)).collect())
}

fn claims_of(transactions: &[&TransactionData], provider: &dyn Provider) -> Map<String, Value> {
    let mut claims = Map::new();
    if transactions.is_empty() {
        return claims;
    }
    let hashes: Vec<Value> = transactions.iter().map(|one| one.hash(provider).into()).collect();
    claims.insert(HASHES.to_owned(), hashes.into());
    if transactions.iter().any(|one| one.names_algorithm()) {
        claims.insert(HASHES_ALG.to_owned(), HASH_ALGORITHM.into());
    }
    claims
}
