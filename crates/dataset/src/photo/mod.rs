//! Reads the user's own images: PNG and JPEG of any size, as planes of numbers within 0..1.
//!
//! The size that a file claims is checked before memory is allocated for it: an image may have at most 67 million
//! pixels, and no more than a file of its length can hold. Reading needs at most 24 bytes of memory per pixel, plus
//! four times the length of the file.

mod jpeg;
mod orientation;
mod pixels;
mod png;
mod resize;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ndarray::Array3;
use pixels::Opened;
pub use resize::resized;

use crate::{Error, check_room, thousands};

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 28;
/// The most pixels that an image may have: 67 million, that is 8192 × 8192.
const MOST_PIXELS: u64 = 1 << 26;
/// The most pixels per byte of a file. Deflate, which PNG uses, makes at most 1032 bytes of one, and one byte can hold
/// 8 pixels. JPEG needs far more bytes per pixel.
const MOST_PIXELS_A_BYTE: u64 = 8 * 1032;
/// The memory in bytes that a decoder may use for lines of pixels and for metadata, in addition to twice the length of
/// the file.
const MEMORY: u64 = 1 << 19;

/// Reads an image as an array of `channels` × height × width: 1 channel for grey, 3 channels for red, green and blue.
/// The orientation in the metadata is applied, and transparent pixels are blended with white.
///
/// # Errors
/// If the file cannot be read, is neither PNG nor JPEG, is damaged or too large, or if `channels` is neither 1 nor 3.
pub fn read(path: &Path, channels: usize) -> Result<Array3<f32>, Error> {
    decode(open_file(path)?, path, channels)
}

/// The same as [`read`], from `bytes`. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read`].
pub fn decode(bytes: impl BufRead + Seek, name: &Path, channels: usize) -> Result<Array3<f32>, Error> {
    let unfit = |problem: String| Error::Unfit { path: name.to_path_buf(), problem };
    if ![1, 3].contains(&channels) {
        let (has, takes) = ("a picture has 1 (grey) or 3 (red, green and blue)", "the network takes images of");
        return Err(unfit(format!("{takes} {channels} channels, but {has}: give it a data file instead")));
    }
    let (header, unpack) = open(bytes, name)?;
    // The result has 4 bytes per value.
    check_room(name, header.length() + 4 * channels as u64 * header.pixels())?;
    let mut stored = vec![0; header.length() as usize];
    caught(|| unpack(&mut stored)).map_err(unfit)?;
    header.planes(&stored, channels).map_err(|error| unfit(error.to_string()))
}

/// What is known about an image before its pixels are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The height in pixels, after the orientation in the metadata is applied.
    pub height: usize,
    /// The width in pixels, after the orientation in the metadata is applied.
    pub width: usize,
    /// Whether the file stores red, green and blue. Otherwise it stores grey.
    pub in_colour: bool,
}

/// Reads the size and the kind of an image, without its pixels.
///
/// # Errors
/// The same as those of [`read`], except that damaged pixels are not noticed.
pub fn about(path: &Path) -> Result<About, Error> {
    let (header, _) = open(open_file(path)?, path)?;
    let [height, width] = header.upright_size();
    Ok(About { height, width, in_colour: header.samples >= 3 })
}

/// Checks an image as far as this is possible without its pixels. Returns its header and a function that unpacks the
/// pixels.
fn open<'a>(mut bytes: impl BufRead + Seek + 'a, name: &Path) -> Result<Opened<'a>, Error> {
    let unfit = |problem: String| Error::Unfit { path: name.to_path_buf(), problem };
    let length = bytes.seek(SeekFrom::End(0)).map_err(Error::io(name, "reading"))?;
    if length > LONGEST_FILE {
        let (found, most) = (length >> 20, LONGEST_FILE >> 20);
        return Err(unfit(format!("has {found} MiB, where an image file of at most {most} MiB was expected")));
    }
    let is_png = starts(&mut bytes, b"\x89PNG\r\n\x1a\n").map_err(Error::io(name, "reading"))?;
    let problem = if is_png {
        png::wrong_chunk(&mut bytes)
    } else if starts(&mut bytes, b"\xff\xd8").map_err(Error::io(name, "reading"))? {
        jpeg::wrong_marker(&mut bytes)
    } else {
        Ok(Some(unread("it begins like neither of them")))
    };
    if let Some(problem) = problem.map_err(Error::io(name, "reading"))? {
        return Err(unfit(problem));
    }
    bytes.rewind().map_err(Error::io(name, "reading"))?;
    let opened = caught(|| if is_png { png::open(bytes, MEMORY + 2 * length) } else { jpeg::open(bytes) });
    let (header, unpack) = opened.map_err(unfit)?;
    // The claimed size is checked before memory is allocated for the pixels.
    let (width, height) = (header.width, header.height);
    if header.pixels() > MOST_PIXELS {
        let most = thousands(MOST_PIXELS as usize);
        return Err(unfit(format!(
            "has {width}×{height} pixels, but at most {most} are allowed: make it smaller first"
        )));
    }
    if header.pixels() > MOST_PIXELS_A_BYTE.saturating_mul(length) {
        return Err(unfit(format!(
            "claims {width}×{height} pixels, which a file of {length} bytes cannot hold: it is damaged"
        )));
    }
    Ok((header, unpack))
}

/// Opens a file. Opening a pipe could block for ever, and a pipe cannot be rewound, so it is refused.
fn open_file(path: &Path) -> Result<impl BufRead + Seek + use<>, Error> {
    if !fs::metadata(path).map_err(Error::io(path, "opening"))?.is_file() {
        let problem = "not a file, where a PNG or JPEG was expected".to_owned();
        return Err(Error::Unfit { path: path.to_path_buf(), problem });
    }
    let (file, _) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    Ok(BufReader::new(file))
}

/// The result of a decoder. Errors and panics become a message: a JPEG decoder is known to panic on some damaged files.
fn caught<T>(decoder: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let broke_off = |_| Err("decoding it failed; it is damaged".to_owned());
    catch_unwind(AssertUnwindSafe(decoder)).unwrap_or_else(broke_off).map_err(|said| unread(&said))
}

/// Returns a message that a decoder could not read a file, with the first line of the error of the decoder, shortened.
fn unread(said: &str) -> String {
    let said: String = said.lines().next().unwrap_or_default().chars().take(200).collect();
    format!("not a PNG or JPEG that can be read: {said}")
}

/// True if the file begins with `with`. The reader is then positioned after these bytes.
fn starts(bytes: &mut (impl BufRead + Seek), with: &[u8]) -> io::Result<bool> {
    bytes.rewind()?;
    let mut start = [0; 8];
    let start = &mut start[..with.len()];
    Ok(fills(bytes, start)? && start == with)
}

/// Fills `into`. Returns false if the file ends before it is full.
fn fills(bytes: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match bytes.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
