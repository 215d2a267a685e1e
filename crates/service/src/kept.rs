//! What was read from files, kept for as long as the files are the same: whoever changes a file is heard
//! at the next use, and nobody pays for reading one that did not change.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::hash::Hash;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inro_base::{Clock as _, UnixTime};

use crate::SystemClock;

/// A file that changed so lately may change again within one tick of the file system's clock, and look the
/// same; it is read at every use until it has rested for so many seconds.
const RESTED: i64 = 2;

/// The most that is kept at once; beyond it nothing is kept.
const MAX_KEPT: usize = 1_024;

/// How files look from outside: equal marks are equal contents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mark(Vec<[i64; 7]>);

/// Values read from files, by name.
#[derive(Debug)]
pub struct Kept<K, T>(Mutex<HashMap<K, (Mark, Arc<T>)>>);

impl Mark {
    /// How `paths` look, in their order; `None` where one is missing, or has changed so lately that its look
    /// tells nothing.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Option<Self> {
        let now = SystemClock.now();
        let marks = paths.into_iter().map(|path| look(&fs::metadata(path).ok()?, now));
        marks.collect::<Option<_>>().map(Self)
    }
}

impl<K: Eq + Hash, T> Kept<K, T> {
    /// What is kept under `name`, if files still look like `mark`; else what `read` reads.
    ///
    /// # Errors
    /// What `read` says.
    pub fn or_read<E>(
        &self,
        name: K,
        mark: Option<Mark>,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        // The look was taken before the reading: what changes in between is read again the next time.
        let Some(mark) = mark else { return read().map(Arc::new) };
        if let Some((known, value)) = self.kept().get(&name)
            && *known == mark
        {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(read()?);
        let mut kept = self.kept();
        if kept.len() < MAX_KEPT || kept.contains_key(&name) {
            kept.insert(name, (mark, Arc::clone(&value)));
        }
        Ok(value)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<K, (Mark, Arc<T>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> Default for Kept<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

fn look(file: &Metadata, now: UnixTime) -> Option<[i64; 7]> {
    // What changed in a time to come has not rested either.
    if now < UnixTime::from_secs(file.ctime()).plus(RESTED) {
        return None;
    }
    let signed = |number: u64| i64::from_ne_bytes(number.to_ne_bytes());
    Some([
        signed(file.dev()),
        signed(file.ino()),
        signed(file.size()),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec(),
    ])
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    fn mark(size: i64) -> Option<Mark> {
        Some(Mark(vec![[size; 7]]))
    }

    #[test]
    fn reads_once_for_one_look_and_anew_for_another() {
        let kept = Kept::<&str, u32>::default();
        let reads = Cell::new(0);
        let read = |name, mark| {
            let counted = || {
                reads.set(reads.get() + 1);
                Ok::<_, Infallible>(reads.get())
            };
            *kept.or_read(name, mark, counted).unwrap()
        };
        assert_eq!((read("a", mark(1)), read("a", mark(1))), (1, 1));
        assert_eq!((read("a", mark(2)), read("b", mark(2))), (2, 3));
        // The look before is forgotten, and no look means no keeping.
        assert_eq!((read("a", mark(1)), read("a", None), read("a", None)), (4, 5, 6));
    }

    #[test]
    fn an_error_is_not_kept() {
        let kept = Kept::<(), u32>::default();
        assert_eq!(kept.or_read((), mark(1), || Err("broken")).unwrap_err(), "broken");
        assert_eq!(*kept.or_read((), mark(1), || Ok::<_, Infallible>(7)).unwrap(), 7);
    }

    #[test]
    fn a_file_that_changed_lately_or_is_missing_has_no_look() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        assert_eq!(Mark::of([path.as_path()]), None);
        fs::write(&path, "new").unwrap();
        assert_eq!(Mark::of([path.as_path()]), None);
        let look_after = |seconds: i64| {
            let file = fs::metadata(&path).unwrap();
            look(&file, UnixTime::from_secs(file.ctime()).plus(seconds))
        };
        assert_eq!((look_after(-1), look_after(1)), (None, None));
        let before = look_after(3).unwrap();
        assert_eq!(look_after(60), Some(before));
        fs::write(&path, "other").unwrap();
        assert_ne!(look_after(3), Some(before));
    }
}
