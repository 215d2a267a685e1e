//! Places for connections. When all are taken, the connection that has waited longest for its peer gives way
//! to the next one, so that peers who say nothing keep nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// All places of a server.
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    total: usize,
    patience: Duration,
    taken: Mutex<Taken>,
    /// Told when a connection begins to wait for its peer.
    waits: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    by_number: BTreeMap<u64, Arc<Slot>>,
}

/// What a connection's task and its requests know of its place.
pub(crate) struct Slot {
    /// Since when it waits for its peer; nothing while a request is handled.
    waiting_since: Mutex<Option<Instant>>,
    give_way: Notify,
}

/// A place that is taken until this is dropped.
pub(crate) struct Place {
    number: u64,
    slots: Arc<Slots>,
    slot: Arc<Slot>,
    _permit: OwnedSemaphorePermit,
}

/// A request that is being handled: its connection does not give way until this is dropped.
pub(crate) struct Busy {
    slots: Arc<Slots>,
    slot: Arc<Slot>,
}

/// What [`Slots::displace`] came to.
enum Displaced {
    One,
    /// Nobody has waited long enough, and somebody will have then.
    NotBefore(Instant),
    /// Each handles a request.
    Nobody,
}

impl Slots {
    /// `total` places; whoever waits for its peer for `patience` may have to give way.
    pub(crate) fn new(total: usize, patience: Duration) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(total));
        Arc::new(Self { free, total, patience, taken: Mutex::default(), waits: Notify::new() })
    }

    /// A place, once there is one.
    pub(crate) async fn take(self: &Arc<Self>) -> Place {
        let permit = self.permit().await;
        let slot =
            Arc::new(Slot { waiting_since: Mutex::new(Some(Instant::now())), give_way: Notify::new() });
        let mut taken = lock(&self.taken);
        let number = taken.next;
        taken.next += 1;
        taken.by_number.insert(number, Arc::clone(&slot));
        Place { number, slots: Arc::clone(self), slot, _permit: permit }
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        let acquire = || async {
            let permit = Arc::clone(&self.free).acquire_owned().await;
            permit.expect("nobody closes the semaphore")
        };
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return permit;
        }
        loop {
            let waits = self.waits.notified();
            match self.displace() {
                Displaced::One => return acquire().await,
                Displaced::NotBefore(then) => tokio::select! {
                    permit = acquire() => return permit,
                    () = sleep_until(then) => {}
                },
                Displaced::Nobody => tokio::select! {
                    permit = acquire() => return permit,
                    () = waits => {}
                },
            }
        }
    }

    /// Has the connection that waits longest give way.
    fn displace(&self) -> Displaced {
        let mut taken = lock(&self.taken);
        let waiting = taken
            .by_number
            .iter()
            .filter_map(|(number, slot)| Some((lock(&slot.waiting_since).as_ref().copied()?, *number)));
        let Some((since, number)) = waiting.min() else { return Displaced::Nobody };
        let then = since + self.patience;
        if Instant::now() < then {
            return Displaced::NotBefore(then);
        }
        if let Some(slot) = taken.by_number.remove(&number) {
            slot.give_way.notify_one();
        }
        Displaced::One
    }

    /// Resolves when no place is taken; false when that lasts longer than `limit`.
    pub(crate) async fn all_free(&self, limit: Duration) -> bool {
        let all = u32::try_from(self.total).unwrap_or(u32::MAX);
        timeout(limit, self.free.acquire_many(all)).await.is_ok()
    }
}

impl Place {
    /// Resolves when this connection has to give way.
    pub(crate) async fn has_to_give_way(&self) {
        self.slot.give_way.notified().await;
    }

    /// A handle for the requests of this connection.
    pub(crate) fn requests(&self) -> Requests {
        Requests { slots: Arc::clone(&self.slots), slot: Arc::clone(&self.slot) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.slots.taken).by_number.remove(&self.number);
    }
}

/// Stands among the extensions of each request.
#[derive(Clone)]
pub(crate) struct Requests {
    slots: Arc<Slots>,
    slot: Arc<Slot>,
}

impl Requests {
    /// From here on the connection waits for us and not for its peer.
    pub(crate) fn begin(&self) -> Busy {
        *lock(&self.slot.waiting_since) = None;
        Busy { slots: Arc::clone(&self.slots), slot: Arc::clone(&self.slot) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *lock(&self.slot.waiting_since) = Some(Instant::now());
        self.slots.waits.notify_one();
    }
}

/// What a panic leaves is whole: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
