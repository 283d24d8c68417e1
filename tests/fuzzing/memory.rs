//! The memory that unpacking may take, depending on the content of the file.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use image::ImageReader;

/// The largest number of pixels of a picture.
const MOST_PIXELS: usize = 1 << 26;

/// Four times the bytes that the stream unpacks to before it is damaged, and the window and the tables of a decoder
/// for each member.
pub fn in_gzip(bytes: &[u8]) -> usize {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return 0;
    }
    let (mut reader, mut piece, mut unpacked) = (MultiGzDecoder::new(bytes), [0; 1 << 12], 0);
    while let Ok(count @ 1..) = reader.read(&mut piece) {
        unpacked += count;
    }
    let members = bytes.windows(2).filter(|pair| *pair == [0x1f, 0x8b]).count();
    4 * unpacked + members * (128 << 10)
}

/// For each entry of a zip file, the bytes that its stream may unpack to, which are read into values of up to eight
/// times their size and put in order, and a decoder. An entry is unpacked at most up to what it claims.
pub fn in_deflate(bytes: &[u8]) -> usize {
    let entries = bytes.windows(4).filter(|four| *four == b"PK\x01\x02").count();
    let claimed = bytes.windows(28).filter(|head| head.starts_with(b"PK\x01\x02"));
    let claimed = claimed.map(|head| u32::from_le_bytes([head[24], head[25], head[26], head[27]]) as usize);
    let most: usize = claimed.map(|claimed| claimed.min(1032 * bytes.len())).sum();
    entries * (128 << 10) + 17 * most + 17 * entries * bytes.len()
}

/// 24 bytes per pixel, allocated twice: the first time only to test whether the memory is available. None if there
/// are too many pixels, or more than the file can contain. JPEG stores pixels in blocks of up to 32×32, all of which
/// are unpacked.
pub fn of_pixels(bytes: &[u8]) -> usize {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let size = reader.map_err(image::ImageError::from).and_then(ImageReader::into_dimensions);
    let Ok((width, height)) = size.map(|(width, height)| (width as usize, height as usize)) else { return 0 };
    let pixels = width.saturating_mul(height);
    let block = if bytes.starts_with(&[0xff, 0xd8]) { 32 } else { 1 };
    let unpacked = || width.next_multiple_of(block) * height.next_multiple_of(block);
    if pixels > MOST_PIXELS || pixels > 8 * 1032 * bytes.len() { 0 } else { 2 * 24 * unpacked() }
}

/// Reading TOML takes a hundred times its length, which is at most 10 KiB. A few pairs of braces take some KiB each,
/// and a few errors take more than that.
pub fn of_toml(bytes: &[u8]) -> usize {
    (256 << 10) + 100 * bytes.len().min(10 << 10)
}

/// The cells of a table, its words, and its values as series and as samples, of which windows hold the same value
/// several times. Padding takes as many values as there are series, times the length of the longest one: at most a
/// quarter of the square of the number of bytes, which are short here.
pub fn of_series(bytes: &[u8]) -> usize {
    let values = bytes.len() / 2 + 1;
    (64 << 10) + 400 * bytes.len() + 8 * values * values / 4
}

/// The first 64 KiB of a CSV file are cut into cells with each of four separators: lists of 24 bytes for each cell of
/// a byte and its separator, which double as they grow. Its first 6 lines are cut once more for the header, and for
/// this at most 512 KiB are read.
pub fn of_csv(bytes: &[u8]) -> usize {
    (96 << 10) + 128 * bytes.len().min(64 << 10) + 2 * bytes.len().min(512 << 10)
}

/// The cells of a table and its words, and for each column, which may be two bytes wide, its values in order, what is
/// known about it, and why.
pub fn of_table(bytes: &[u8]) -> usize {
    of_csv(bytes) + (64 << 10) + 2000 * bytes.len()
}
