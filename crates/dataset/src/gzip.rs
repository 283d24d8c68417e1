//! Decompresses a gzip stream of one or more members, and refuses decompression bombs.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// The number of decompressed bytes that any stream may have.
pub(crate) const FREE: u64 = 1 << 26;
/// The number of further decompressed bytes that are allowed for each compressed byte. Deflate reaches a ratio of up to
/// 1032. Ordinary images have a ratio of about 2, empty images of about 300.
pub(crate) const RATIO: u64 = 256;

/// Reads one member after another. Unlike `MultiGzDecoder`, it distinguishes a damaged stream from a valid stream with
/// something appended, so that the error message can say which of the two it is.
pub(crate) struct Members<R> {
    member: Option<GzDecoder<Counted<R>>>,
    given: u64,
}

/// The error for a stream whose contents exceed the limit: a decompression bomb.
#[derive(Debug)]
pub(crate) struct Bomb {
    /// The number of compressed bytes that had been read.
    pub taken: u64,
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the contents are too large for the stream")
    }
}

impl std::error::Error for Bomb {}

/// A reader that counts the bytes that were read.
struct Counted<R> {
    inner: R,
    taken: u64,
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.taken += count as u64;
        self.inner.consume(count);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.taken += count as u64;
        Ok(count)
    }
}

/// The error for bytes after the last member that are not gzip.
#[derive(Debug)]
pub(crate) struct NotGzip;

impl fmt::Display for NotGzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes that are not gzip follow the stream")
    }
}

impl std::error::Error for NotGzip {}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { member: Some(GzDecoder::new(Counted { inner: reader, taken: 0 })), given: 0 }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let count = member.read(into)?;
            self.given += count as u64;
            let taken = member.get_ref().taken;
            if self.given > taken.saturating_mul(RATIO).saturating_add(FREE) {
                return Err(io::Error::other(Bomb { taken }));
            }
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            // The member has ended and its checksum is correct.
            let Some(mut rest) = self.member.take().map(GzDecoder::into_inner) else { return Ok(0) };
            let next = loop {
                match rest.fill_buf() {
                    Ok(next) => break (next.first().copied(), next.get(1).copied()),
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    Err(e) => return Err(e),
                }
            };
            match next {
                (None, _) => return Ok(0),
                // If the buffer holds only the first byte, the decoder checks the second.
                (Some(0x1f), Some(0x8b) | None) => self.member = Some(GzDecoder::new(rest)),
                _ => return Err(io::Error::other(NotGzip)),
            }
        }
    }
}
