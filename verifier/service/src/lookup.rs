//! Status lists for a response that is being judged: from the cache, else fetched, each by one task at a
//! time, however many responses wait for it.

use std::sync::Arc;

use inro_base::Coded as _;
use inro_service::log;
use inro_status::StatusError;
use inro_verifier_sdk::{KnownList, KnownLists, NeededList};

use crate::app::App;
use crate::fetch;
use crate::status::Failure;

/// How long those that wait for a list take the failure of another's fetch for their own, in seconds:
/// an issuer that hangs delays everybody once, not one after the other.
const FAILURE_HOLDS: i64 = 5;

impl App {
    /// What is known of the lists in `needed`; those that are missing or stale are fetched, all at once.
    pub async fn status_lists(self: Arc<Self>, needed: Vec<NeededList>, max_age: Option<i64>) -> KnownLists {
        let tasks: Vec<_> = needed
            .into_iter()
            .map(|list| {
                let app = Arc::clone(&self);
                tokio::spawn(async move {
                    let known = app.status_list(&list, max_age).await;
                    (list, known)
                })
            })
            .collect();
        let mut known = KnownLists::new();
        for task in tasks {
            if let Ok((list, found)) = task.await {
                known.insert(list, found);
            }
        }
        known
    }

    async fn status_list(self: Arc<Self>, needed: &NeededList, max_age: Option<i64>) -> KnownList {
        let cache = &self.status.cache;
        let known = cache.known(needed, max_age, self.clock.now());
        if known.fresh.is_ok() {
            return known;
        }
        let turn = self.status.turn(needed);
        let mut failure = turn.lock().await;
        // Who waited for another task's fetch finds what it brought, or shares its failure.
        let mut known = cache.known(needed, max_age, self.clock.now());
        if known.fresh.is_err() {
            known = match self.fetch_or_fail(needed, &mut failure).await {
                Ok(fetched) => fetched,
                Err(error) => cache.without_fetching(needed, max_age, self.clock.now(), error),
            };
        }
        drop(failure);
        self.status.forget_turn(needed, &turn);
        known
    }

    async fn fetch_or_fail(
        self: &Arc<Self>,
        needed: &NeededList,
        failure: &mut Failure,
    ) -> Result<KnownList, StatusError> {
        if let Some((at, error)) = failure
            && (0..FAILURE_HOLDS).contains(&self.clock.now().seconds_since(*at))
        {
            return Err(error.clone());
        }
        let fetched = self.fetch_list(needed).await;
        *failure = fetched.as_ref().err().map(|error| {
            log::warn("a status list could not be had", &[("code", &error.code())]);
            (self.clock.now(), error.clone())
        });
        fetched
    }

    async fn fetch_list(self: &Arc<Self>, needed: &NeededList) -> Result<KnownList, StatusError> {
        let response = fetch::fetch(&self.layout, self.private_status_hosts, needed.request()).await?;
        let needed = needed.clone();
        // Large lists take milliseconds to decompress.
        let verified = Arc::clone(self).blocking(move |app| {
            let anchors = app.issuers()?;
            let now = app.clock.now();
            Ok(app.status.cache.received(&needed, &response, &anchors, now, app.verifier.provider()))
        });
        verified.await.unwrap_or(Err(StatusError::Unreachable))
    }
}
