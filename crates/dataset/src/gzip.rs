//! A gzip stream of one or more members, read as one, and no bomb.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// Bytes of contents that any stream may have,
const FREE: u64 = 1 << 26;
/// and how many more for every byte of its own. Deflate makes up to 1032 of one; images make about 2, empty ones 300.
const RATIO: u64 = 256;

/// Reads member after member. Unlike `MultiGzDecoder`, it tells a damaged stream from a sound one with something
/// appended, which call for different advice.
pub(crate) struct Members<R> {
    member: Option<GzDecoder<Counted<R>>>,
    given: u64,
}

/// The contents are far larger than the stream, as no data is.
#[derive(Debug)]
pub(crate) struct Bomb {
    /// Bytes of the stream until then.
    pub taken: u64,
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the contents are too large for the stream")
    }
}

impl std::error::Error for Bomb {}

/// Knows how much was read.
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

/// What follows the last member is not gzip.
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
            // The member ended and its checksum was right.
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
                // With one byte in the buffer, the second is left to the decoder.
                (Some(0x1f), Some(0x8b) | None) => self.member = Some(GzDecoder::new(rest)),
                _ => return Err(io::Error::other(NotGzip)),
            }
        }
    }
}
