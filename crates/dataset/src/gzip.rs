//! A gzip stream of one or more members, read as one.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// Reads member after member. Unlike `MultiGzDecoder`, it tells a damaged stream from a sound one with something
/// appended, which call for different advice.
pub(crate) struct Members<R> {
    member: Option<GzDecoder<R>>,
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
        Self { member: Some(GzDecoder::new(reader)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let count = member.read(into)?;
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
