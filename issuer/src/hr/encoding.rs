use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, SHIFT_JIS, UTF_8};

/// How the bytes of a file stand for characters.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Encoding {
    /// UTF-8 where the whole file is UTF-8, else Shift_JIS where it is that, else an error.
    #[default]
    Auto,
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Shift_JIS as Windows writes it (code page 932).
    ShiftJis,
}

impl Encoding {
    /// The encoding with this name on the command line: `auto`, `utf-8`, `shift_jis`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "utf-8" => Some(Self::Utf8),
            "shift_jis" => Some(Self::ShiftJis),
            _ => None,
        }
    }
}

/// One of the two encodings, settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Settled {
    /// With or without a byte order mark.
    Utf8,
    /// Code page 932.
    ShiftJis,
}

impl Settled {
    pub(super) fn decoder(self) -> Decoder {
        match self {
            Self::Utf8 => UTF_8.new_decoder_with_bom_removal(),
            Self::ShiftJis => SHIFT_JIS.new_decoder_without_bom_handling(),
        }
    }
}

const CHUNK: usize = 16 * 1024;

/// Hands on a file as UTF-8, some kilobytes at a time.
pub(super) struct Transcoded<R> {
    source: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// Read and not yet decoded: `input[start..end]`.
    start: usize,
    end: usize,
    output: Vec<u8>,
    /// Decoded and not yet handed on: `output[given..ready]`.
    given: usize,
    ready: usize,
    finished: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(source: R, encoding: Settled) -> Self {
        Self {
            source,
            decoder: encoding.decoder(),
            input: vec![0; CHUNK],
            start: 0,
            end: 0,
            // Three bytes for each byte of Shift_JIS, and what a decoder holds back.
            output: vec![0; 4 * CHUNK],
            given: 0,
            ready: 0,
            finished: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.source.read(&mut self.input)?;
        }
        let last = self.end == 0;
        let input = self.input.get(self.start..self.end).unwrap_or_default();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.output, last);
        self.start += read;
        (self.given, self.ready) = (0, written);
        match result {
            DecoderResult::Malformed(..) => Err(io::ErrorKind::InvalidData.into()),
            DecoderResult::InputEmpty => {
                self.finished = last;
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready && !self.finished {
            self.refill()?;
        }
        let mut waiting = self.output.get(self.given..self.ready).unwrap_or_default();
        let count = waiting.read(buffer)?;
        self.given += count;
        Ok(count)
    }
}
