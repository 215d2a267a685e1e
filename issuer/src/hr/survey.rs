//! The first way through a file: its encoding, and whether its rows stay within bounds.

use std::io::Read;

use encoding_rs::{Decoder, DecoderResult};

use super::encoding::{Encoding, Settled};
use super::error::HrError;

/// 3.4 million rows of some 250 bytes are 850 MB; this is twice as much.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// A row has 15 cells of at most 256 characters of three bytes. A quotation mark that is never
/// closed would else make one row of the whole file.
const MAX_ROW_BYTES: usize = 64 * 1024;
const CHUNK: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads `source` to its end and tells its encoding.
///
/// # Errors
/// [`HrError::TooLong`], [`HrError::RowTooLong`], [`HrError::Encoding`], [`HrError::Storage`].
pub(super) fn survey(source: &mut impl Read, encoding: Encoding) -> Result<Settled, HrError> {
    let mut utf8 = Trial::new(Settled::Utf8);
    let mut shift_jis = Trial::new(Settled::ShiftJis);
    let mut rows = Rows::new();
    let mut chunk = vec![0; CHUNK];
    let mut length: u64 = 0;
    let mut marked = false;
    loop {
        let count = fill(source, &mut chunk)?;
        let bytes = chunk.get(..count).unwrap_or_default();
        marked = marked || (length == 0 && bytes.starts_with(BYTE_ORDER_MARK));
        length = length.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if length > MAX_FILE_BYTES {
            return Err(HrError::TooLong { limit: MAX_FILE_BYTES });
        }
        rows.pass(bytes)?;
        utf8.pass(bytes, count == 0);
        shift_jis.pass(bytes, count == 0);
        if count == 0 {
            break;
        }
    }
    match encoding {
        Encoding::Auto if utf8.wrong_at.is_none() => Ok(Settled::Utf8),
        Encoding::Auto | Encoding::ShiftJis if !marked => shift_jis.settle(),
        Encoding::Auto | Encoding::Utf8 => utf8.settle(),
        // A file with the mark of UTF-8 is not Shift_JIS, though its bytes could pass for it.
        Encoding::ShiftJis => Err(HrError::Encoding { line: 1 }),
    }
}

/// As many bytes as there are, up to a whole chunk: the byte order mark then comes in one piece.
fn fill(source: &mut impl Read, chunk: &mut [u8]) -> Result<usize, HrError> {
    let limit = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
    let mut room = &mut *chunk;
    let copied = std::io::copy(&mut source.take(limit), &mut room).map_err(|_| HrError::Storage)?;
    usize::try_from(copied).map_err(|_| HrError::Storage)
}

/// Whether everything so far is text in one encoding.
struct Trial {
    encoding: Settled,
    decoder: Decoder,
    output: String,
    lines: u64,
    wrong_at: Option<u64>,
}

impl Trial {
    fn new(encoding: Settled) -> Self {
        Self {
            encoding,
            decoder: encoding.decoder(),
            output: String::with_capacity(4 * CHUNK),
            lines: 1,
            wrong_at: None,
        }
    }

    fn pass(&mut self, mut bytes: &[u8], last: bool) {
        while self.wrong_at.is_none() {
            self.output.clear();
            let (result, read) =
                self.decoder.decode_to_string_without_replacement(bytes, &mut self.output, last);
            let lines = self.output.bytes().filter(|byte| *byte == b'\n').count();
            self.lines = self.lines.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
            bytes = bytes.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.wrong_at = Some(self.lines),
            }
        }
    }

    fn settle(self) -> Result<Settled, HrError> {
        match self.wrong_at {
            None => Ok(self.encoding),
            Some(line) => Err(HrError::Encoding { line }),
        }
    }
}

/// Measures rows. Commas, quotation marks and line ends are never the second byte of a Shift_JIS
/// character (0x40 and above), so the bytes can be read without decoding.
struct Rows {
    cell: Cell,
    line: u64,
    row_begins_at: u64,
    row_bytes: usize,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Cell {
    Begins,
    Plain,
    Quoted,
    /// After a quotation mark in a quoted cell: the end, or half of a doubled mark.
    QuoteInQuoted,
}

impl Rows {
    const fn new() -> Self {
        Self { cell: Cell::Begins, line: 1, row_begins_at: 1, row_bytes: 0 }
    }

    fn pass(&mut self, bytes: &[u8]) -> Result<(), HrError> {
        for byte in bytes {
            self.row_bytes += 1;
            if self.row_bytes > MAX_ROW_BYTES {
                return Err(HrError::RowTooLong { line: self.row_begins_at, limit: MAX_ROW_BYTES });
            }
            self.cell = match (self.cell, byte) {
                (Cell::Begins | Cell::QuoteInQuoted, b'"') => Cell::Quoted,
                (Cell::Quoted, b'"') => Cell::QuoteInQuoted,
                (Cell::Quoted, _) => Cell::Quoted,
                (_, b',' | b'\n' | b'\r') => Cell::Begins,
                _ => Cell::Plain,
            };
            if *byte == b'\n' {
                self.line += 1;
            }
            if self.cell == Cell::Begins && matches!(byte, b'\n' | b'\r') {
                (self.row_begins_at, self.row_bytes) = (self.line, 0);
            }
        }
        Ok(())
    }
}
