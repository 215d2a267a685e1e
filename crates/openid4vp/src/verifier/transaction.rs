use inro_crypto::Provider;
use serde_json::{Map, Value};

use crate::transaction_data::{HASH_ALGORITHM, HASHES, HASHES_ALG, TransactionData};
use crate::verifier::ResponseError;

/// A transaction that the holder authorized.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorized {
    /// The id of the credential query whose answer carries the holder's signature over it.
    pub query_id: String,
    /// What was authorized.
    pub transaction: TransactionData,
}

/// What the holder signed with one presentation: the query's id, and the key binding's claims.
pub(super) type Signed<'a> = (&'a str, Option<&'a Map<String, Value>>);

/// Finds each transaction in exactly one of the presentations, and nothing else signed there.
///
/// # Errors
/// [`ResponseError::TransactionMissing`] for one that was not authorized,
/// [`ResponseError::TransactionHash`] for a hash of something else, for a credential that it is not
/// for, or twice; [`ResponseError::TransactionAlgorithm`] for another hash algorithm.
///
/// Source: OpenID4VP 1.0 §5.1, §8.4, §B.3.3.1.
pub(super) fn check(
    transactions: Vec<TransactionData>,
    presented: &[Signed<'_>],
    provider: &dyn Provider,
) -> Result<Vec<Authorized>, ResponseError> {
    if transactions.is_empty() {
        // Nothing was asked for, so what a wallet signs beside means nothing here.
        return Ok(Vec::new());
    }
    let hashes: Vec<String> = transactions.iter().map(|one| one.hash(provider)).collect();
    let mut found: Vec<Option<&str>> = vec![None; transactions.len()];
    for (query_id, claims) in presented {
        let Some(signed) = claims.and_then(|claims| claims.get(HASHES)) else { continue };
        check_algorithm(*claims, &transactions)?;
        let signed =
            signed.as_array().filter(|list| !list.is_empty()).ok_or(ResponseError::TransactionHash)?;
        for hash in signed {
            // Two equal transactions have equal hashes: each of them is found once.
            let place = transactions.iter().zip(&hashes).zip(&found).position(|((one, own), found)| {
                let for_this = one.credential_ids().iter().any(|id| id == query_id);
                hash.as_str() == Some(own) && for_this && found.is_none()
            });
            let place = place.and_then(|place| found.get_mut(place)).ok_or(ResponseError::TransactionHash)?;
            *place = Some(*query_id);
        }
    }
    let authorized = transactions.into_iter().zip(found).map(|(transaction, found)| {
        let query_id = found.ok_or(ResponseError::TransactionMissing)?.to_owned();
        Ok(Authorized { query_id, transaction })
    });
    authorized.collect()
}

/// The algorithm is repeated where the request named it, and is never another.
fn check_algorithm(
    claims: Option<&Map<String, Value>>,
    transactions: &[TransactionData],
) -> Result<(), ResponseError> {
    let algorithm = claims.and_then(|claims| claims.get(HASHES_ALG));
    let silent = algorithm.is_none() && !transactions.iter().any(TransactionData::names_algorithm);
    if silent || algorithm.and_then(Value::as_str) == Some(HASH_ALGORITHM) {
        Ok(())
    } else {
        Err(ResponseError::TransactionAlgorithm)
    }
}
