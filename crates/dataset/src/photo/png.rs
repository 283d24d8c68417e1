//! Opens PNG files.

use std::io::{self, BufRead, Seek};

use png::{BitDepth, Decoder, Limits, Transformations};

use super::fills;
use super::orientation::Orientation;
use super::pixels::{Header, Opened};
use crate::thousands;

/// The longest chunk of a PNG besides its pixels, in bytes, for example of a text or a colour profile.
const LONGEST_CHUNK: u32 = 1 << 20;
/// The most texts in a PNG. They are limited because the decoder needs several times the memory of a short text.
const MOST_TEXTS: usize = 1000;

/// Reads a PNG up to its pixels. The decoder may use `memory` bytes for lines of pixels and for metadata. Fewer than 8
/// bits per sample become 8, a palette becomes red, green and blue, and a transparent colour becomes an alpha sample.
pub fn open<'a>(bytes: impl BufRead + Seek + 'a, memory: u64) -> Result<Opened<'a>, String> {
    let limits = Limits { bytes: usize::try_from(memory).unwrap_or(usize::MAX) };
    let mut decoder = Decoder::new_with_limits(bytes, limits);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let ((colours, depth), info) = (reader.output_color_type(), reader.info());
    let header = Header {
        width: info.width,
        height: info.height,
        samples: colours.samples(),
        bytes: if depth == BitDepth::Sixteen { 2 } else { 1 },
        orientation: Orientation::of_exif(info.exif_metadata.as_deref()),
    };
    let unpack = move |into: &mut [u8]| reader.next_frame(into).map(|_| ()).map_err(|error| error.to_string());
    Ok((header, Box::new(unpack)))
}

/// Checks the chunks of a PNG, which follow its first eight bytes. Returns an error message if one of the metadata
/// chunks is too long or if there are too many texts.
pub fn wrong_chunk(bytes: &mut (impl BufRead + Seek)) -> io::Result<Option<String>> {
    let without = "besides the pixels were expected: save it without metadata";
    let (mut start, mut texts) = ([0; 8], 0);
    while fills(bytes, &mut start)? {
        let [length @ .., a, b, c, d] = start;
        let (length, chunk) = (u32::from_be_bytes(length), [a, b, c, d]);
        if length > LONGEST_CHUNK && ![*b"IDAT", *b"fdAT"].contains(&chunk) {
            let (chunk, found, most) = (String::from_utf8_lossy(&chunk), length as usize, LONGEST_CHUNK as usize);
            let (found, most) = (thousands(found), thousands(most));
            return Ok(Some(format!("its chunk {chunk:?} has {found} bytes, where at most {most} {without}")));
        }
        texts += usize::from([*b"tEXt", *b"zTXt", *b"iTXt"].contains(&chunk));
        if texts > MOST_TEXTS {
            let most = thousands(MOST_TEXTS);
            return Ok(Some(format!("it has more than {most} texts, where at most that many {without}")));
        }
        // The decoder does not read beyond the end chunk either.
        if chunk == *b"IEND" {
            break;
        }
        // The contents of the chunk and a checksum of 4 bytes are skipped.
        bytes.seek_relative(i64::from(length) + 4)?;
    }
    Ok(None)
}
