use std::fmt::Display;

use crate::{Code, RequestId, UnixTime};

/// What may stand in a log line: codes, offsets, counts, times, request ids and fixed texts.
///
/// A claim, token, nonce or URL has no implementation, so a log call that is given one does not
/// compile.
pub trait LogSafe: Display {}

impl LogSafe for Code {}
impl LogSafe for RequestId {}
impl LogSafe for UnixTime {}
impl LogSafe for u16 {}
impl LogSafe for u32 {}
impl LogSafe for u64 {}
impl LogSafe for usize {}
impl LogSafe for i64 {}
impl LogSafe for bool {}
/// Texts of the program itself; nothing that a stranger sent lives for `'static`.
impl LogSafe for &'static str {}
