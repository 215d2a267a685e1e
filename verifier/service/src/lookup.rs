//! Status lists for a response that is being judged: from the cache, else fetched, each by one task at a
//! time, however many responses wait for it.

use std::sync::Arc;

use inro_base::Coded as _;
use inro_service::log;
use inro_status::StatusError;
use inro_verifier_sdk::{KnownList, KnownLists, NeededList};

use crate::app::App;
use crate::{fetch, trust};

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
        let waiting = turn.lock().await;
        // Who waited for another task's fetch finds what it brought.
        let mut known = cache.known(needed, max_age, self.clock.now());
        if known.fresh.is_err() {
            known = match self.fetch_list(needed).await {
                Ok(fetched) => fetched,
                Err(error) => {
                    log::warn("a status list could not be had", &[("code", &error.code())]);
                    cache.without_fetching(needed, max_age, self.clock.now(), error)
                }
            };
        }
        drop(waiting);
        self.status.forget_turn(needed, &turn);
        known
    }

    async fn fetch_list(self: &Arc<Self>, needed: &NeededList) -> Result<KnownList, StatusError> {
        let response = fetch::fetch(&self.layout, self.private_status_hosts, needed.request()).await?;
        let needed = needed.clone();
        // Large lists take milliseconds to decompress.
        let verified = Arc::clone(self).blocking(move |app| {
            let anchors = trust::issuers(&app.layout)?;
            let now = app.clock.now();
            Ok(app.status.cache.received(&needed, &response, &anchors, now, app.verifier.provider()))
        });
        verified.await.unwrap_or(Err(StatusError::Unreachable))
    }
}
