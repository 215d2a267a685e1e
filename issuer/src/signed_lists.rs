//! Signed status lists, kept until a status changes or their time is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inro_base::UnixTime;

/// How long a verifier may use a list before it fetches a newer one, in seconds.
pub const TTL: u32 = 30;
/// The most bytes of signed lists that are kept at once. The ten copies of 3.4 million credentials fill
/// 65 lists of each format: with one place in a hundred taken back 2 MB, with all of them some 25 MB.
const MAX_BYTES: usize = 64 << 20;

/// The two formats of a list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ListFormat {
    /// A JWT.
    Jwt,
    /// A CWT.
    Cwt,
}

/// Which list.
pub(crate) type Which = (i64, ListFormat);

/// Signed lists by number and format.
pub(crate) struct SignedLists {
    kept: Mutex<Shelf>,
    /// Held while a list is made. One at a time: many who ask at once cost the work and room of one.
    making: Mutex<()>,
}

pub(crate) struct Signed {
    pub(crate) version: i64,
    pub(crate) signed_at: UnixTime,
    pub(crate) token: Arc<[u8]>,
}

struct Shelf {
    lists: HashMap<Which, Signed>,
    bytes: usize,
    max_bytes: usize,
}

impl SignedLists {
    pub(crate) fn new() -> Self {
        Self::with_room(MAX_BYTES)
    }

    fn with_room(max_bytes: usize) -> Self {
        let shelf = Shelf { lists: HashMap::new(), bytes: 0, max_bytes };
        Self { kept: Mutex::new(shelf), making: Mutex::new(()) }
    }

    /// The list as it is kept, or as `make` makes it at the time that it is given. A list is used until it
    /// changes or its `ttl` is over: then a verifier gets one that is as new as its request.
    ///
    /// # Errors
    /// What `make` returns.
    pub(crate) fn find_or_make<E>(
        &self,
        which: Which,
        version: i64,
        now: impl Fn() -> UnixTime,
        make: impl FnOnce(UnixTime) -> Result<Option<Signed>, E>,
    ) -> Result<Option<Arc<[u8]>>, E> {
        if let Some(token) = self.shelf().find(which, version, now()) {
            return Ok(Some(token));
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        // Read here, so that a list made later never says that it is older.
        let now = now();
        if let Some(token) = self.shelf().find(which, version, now) {
            return Ok(Some(token));
        }
        let Some(signed) = make(now)? else { return Ok(None) };
        let token = Arc::clone(&signed.token);
        self.shelf().keep(which, signed);
        Ok(Some(token))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn find(&self, which: Which, version: i64, now: UnixTime) -> Option<Arc<[u8]>> {
        let found = self.lists.get(&which)?;
        let age = now.seconds_since(found.signed_at);
        // Versions go up: who read an older one before it waited takes the newer list.
        let is_current = found.version >= version && (0..i64::from(TTL)).contains(&age);
        is_current.then(|| Arc::clone(&found.token))
    }

    /// Makes room by those that were signed first.
    fn keep(&mut self, which: Which, signed: Signed) {
        self.remove(which);
        while self.bytes.saturating_add(signed.token.len()) > self.max_bytes {
            let oldest = self.lists.iter().min_by_key(|(_, signed)| signed.signed_at);
            let Some(oldest) = oldest.map(|(which, _)| *which) else { return };
            self.remove(oldest);
        }
        self.bytes += signed.token.len();
        self.lists.insert(which, signed);
    }

    fn remove(&mut self, which: Which) {
        if let Some(gone) = self.lists.remove(&which) {
            self.bytes -= gone.token.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

    /// Asks for a list; how often it was made, and how long it is.
    struct Asking {
        lists: SignedLists,
        made: AtomicUsize,
    }

    impl Asking {
        fn with_room(max_bytes: usize) -> Self {
            Self { lists: SignedLists::with_room(max_bytes), made: AtomicUsize::new(0) }
        }

        fn ask(&self, list: i64, version: i64, now: UnixTime) -> usize {
            let make = |signed_at| {
                let made = self.made.fetch_add(1, Ordering::SeqCst);
                let token = vec![0; 10 + made].into();
                Ok::<_, Infallible>(Some(Signed { version, signed_at, token }))
            };
            let found = self.lists.find_or_make((list, ListFormat::Jwt), version, || now, make);
            found.unwrap().unwrap().len()
        }
    }

    #[test]
    fn a_list_is_made_again_when_it_changed_or_its_time_is_over() {
        let asking = Asking::with_room(1_000);
        let ttl = i64::from(TTL);
        assert_eq!(asking.ask(1, 1, NOW), 10);
        assert_eq!(asking.ask(1, 1, NOW.plus(ttl - 1)), 10);
        assert_eq!(asking.ask(1, 1, NOW.plus(ttl)), 11);
        assert_eq!(asking.ask(1, 2, NOW.plus(ttl)), 12);
        assert_eq!(asking.ask(1, 1, NOW.plus(ttl)), 12, "a newer list serves who read an older version");
        assert_eq!(asking.ask(1, 2, NOW.plus(-1)), 13, "time was turned back");
        let unknown = |_| Ok::<_, Infallible>(None);
        assert_eq!(asking.lists.find_or_make((2, ListFormat::Jwt), 1, || NOW, unknown), Ok(None));
    }

    #[test]
    fn many_who_ask_at_once_have_one_list_made() {
        let asking = Asking::with_room(1_000);
        let start = Barrier::new(16);
        let one = || {
            start.wait();
            asking.ask(1, 1, NOW)
        };
        let lengths: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(lengths, [10; 16]);
        assert_eq!(asking.made.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_lists_that_were_signed_first_make_room() {
        let asking = Asking::with_room(35);
        for (list, second) in [(1, 0), (2, 1), (3, 2)] {
            asking.ask(list, 1, NOW.plus(second));
        }
        // 10 + 11 + 12 bytes are kept; 13 more send the first away.
        asking.ask(4, 1, NOW.plus(3));
        let kept = |list| asking.lists.shelf().lists.contains_key(&(list, ListFormat::Jwt));
        assert_eq!([1, 2, 3, 4].map(kept), [false, false, true, true]);
        assert_eq!(asking.lists.shelf().bytes, 25);
        assert_eq!(asking.ask(3, 1, NOW.plus(3)), 12);
        let huge = |signed_at| {
            Ok::<_, Infallible>(Some(Signed { version: 1, signed_at, token: vec![0; 36].into() }))
        };
        let served = asking.lists.find_or_make((5, ListFormat::Jwt), 1, || NOW, huge);
        assert_eq!(served.unwrap().unwrap().len(), 36, "what has no room is served all the same");
        assert_eq!(asking.lists.shelf().bytes, 0);
    }
}
