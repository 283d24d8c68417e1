//! Reads the user's own images: PNG and JPEG of any size, as planes of numbers within 0..1.
//!
//! The size that a file claims is checked before memory is allocated for it: an image may have at most 67 million
//! pixels, and no more than a file of its length can hold. Reading needs at most 48 bytes of memory per pixel, plus
//! four times the length of the file.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Limits, Luma};
use ndarray::{Array3, Axis};

use crate::{Error, check_room, thousands};

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 28;
/// The most pixels that an image may have: 67 million, that is 8192 × 8192.
const MOST_PIXELS: u64 = 1 << 26;
/// The most pixels per byte of a file. Deflate, which PNG uses, makes at most 1032 bytes of one, and one byte can hold
/// 8 pixels. JPEG needs far more bytes per pixel.
const MOST_PIXELS_A_BYTE: u64 = 8 * 1032;
/// The longest chunk of a PNG besides its pixels, in bytes, for example of a text or a colour profile.
const LONGEST_CHUNK: u32 = 1 << 20;
/// The most texts in a PNG. They are limited because the decoder needs several times the memory of a short text.
const MOST_TEXTS: usize = 1000;
/// The memory in bytes that a decoder may use for lines of pixels and for metadata, in addition to twice the length of
/// the file.
const MEMORY: u64 = 1 << 19;

/// Reads an image as an array of `channels` × height × width: 1 channel for grey, 3 channels for red, green and blue.
/// The orientation in the metadata is applied, and transparent pixels are blended with white.
///
/// # Errors
/// If the file cannot be read, is neither PNG nor JPEG, is damaged or too large, or if `channels` is neither 1 nor 3.
pub fn read(path: &Path, channels: usize) -> Result<Array3<f32>, Error> {
    let unfit = |problem: &str| Error::Unfit { path: path.to_path_buf(), problem: problem.to_owned() };
    // Opening a pipe could block for ever, and a pipe cannot be rewound.
    if !fs::metadata(path).map_err(Error::io(path, "opening"))?.is_file() {
        return Err(unfit("not a file, where a PNG or JPEG was expected"));
    }
    let (file, _) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    decode(BufReader::new(file), path, channels)
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
    let image = pixels(bytes, name)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    // Bytes per pixel: 4 floats of the converted image plus 3 of the result, or for grey 2 floats plus 1.
    let each = if channels == 1 { 12 } else { 28 };
    check_room(name, (width as u64 * height as u64).saturating_mul(each))?;
    let on_white = |value: f32, alpha: f32| value * alpha + (1.0 - alpha);
    let wrong = |error: ndarray::ShapeError| unfit(error.to_string());
    if channels == 1 {
        let values = if image.color().has_alpha() {
            image.to_luma_alpha32f().pixels().map(|pixel| on_white(pixel[0], pixel[1])).collect()
        } else {
            image.to_luma32f().into_raw()
        };
        return Array3::from_shape_vec((1, height, width), values).map_err(wrong);
    }
    let image = image.into_rgba32f();
    let mut planes = Vec::with_capacity(3 * height * width);
    (0..3).for_each(|c| planes.extend(image.pixels().map(|pixel| on_white(pixel[c], pixel[3]))));
    Array3::from_shape_vec((3, height, width), planes).map_err(wrong)
}

fn pixels(mut bytes: impl BufRead + Seek, name: &Path) -> Result<DynamicImage, Error> {
    let unfit = |problem: String| Error::Unfit { path: name.to_path_buf(), problem };
    let no_image = |error: ImageError| {
        let said: String = error.to_string().lines().next().unwrap_or_default().chars().take(200).collect();
        unfit(format!("not a PNG or JPEG that can be read: {said}"))
    };
    let length = bytes.seek(SeekFrom::End(0)).map_err(Error::io(name, "reading"))?;
    if length > LONGEST_FILE {
        let (found, most) = (length >> 20, LONGEST_FILE >> 20);
        return Err(unfit(format!("has {found} MiB, where an image file of at most {most} MiB was expected")));
    }
    let problem = if starts(&mut bytes, b"\x89PNG\r\n\x1a\n").map_err(Error::io(name, "reading"))? {
        wrong_chunk(&mut bytes)
    } else if starts(&mut bytes, b"\xff\xd8").map_err(Error::io(name, "reading"))? {
        wrong_marker(&mut bytes)
    } else {
        Ok(None)
    };
    if let Some(problem) = problem.map_err(Error::io(name, "reading"))? {
        return Err(unfit(problem));
    }
    bytes.rewind().map_err(Error::io(name, "reading"))?;
    let mut reader = ImageReader::new(bytes).with_guessed_format().map_err(Error::io(name, "reading"))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY + 2 * length);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(no_image)?;
    // The claimed size is checked before memory is allocated for the pixels.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let most = thousands(MOST_PIXELS as usize);
        return Err(unfit(format!(
            "has {width}×{height} pixels, but at most {most} are allowed: make it smaller first"
        )));
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS_A_BYTE.saturating_mul(length) {
        return Err(unfit(format!(
            "claims {width}×{height} pixels, which a file of {length} bytes cannot hold: it is damaged"
        )));
    }
    let orientation = decoder.orientation().map_err(no_image)?;
    let copies = if orientation == Orientation::NoTransforms { 1 } else { 2 };
    check_room(name, copies * decoder.total_bytes())?;
    // The JPEG decoder is known to panic on some damaged files.
    let decoded = catch_unwind(AssertUnwindSafe(|| DynamicImage::from_decoder(decoder)));
    let broke_off = |_| unfit("not a PNG or JPEG that can be read: decoding it failed; it is damaged".into());
    let mut image = decoded.map_err(broke_off)?.map_err(no_image)?;
    image.apply_orientation(orientation);
    Ok(image)
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

/// Checks the chunks of a PNG, which follow its first eight bytes. Returns an error message if one of the metadata
/// chunks is too long or if there are too many texts.
fn wrong_chunk(bytes: &mut (impl BufRead + Seek)) -> io::Result<Option<String>> {
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

/// Checks the markers of a JPEG. Returns an error message if the end marker is missing, or if the colours have a higher
/// resolution than the brightness.
///
/// Without an end marker pixels are missing, and the decoder would invent them. Some decoders fail if the colours have
/// a higher resolution. Bytes after the end marker are not checked.
fn wrong_marker(bytes: &mut (impl BufRead + Seek)) -> io::Result<Option<String>> {
    let mut length = [0; 2];
    // A marker is FF, followed by a byte that is neither 00 (FF 00 is the value FF among the pixels) nor FF.
    while bytes.skip_until(0xff)? > 0 {
        let mut kind = [0xff];
        while kind == [0xff] && fills(bytes, &mut kind)? {}
        match kind {
            [0xd9] => return Ok(None),
            // These markers have no length and no contents.
            [0 | 1 | 0xd0..=0xd8] => {}
            _ if fills(bytes, &mut length)? => {
                let mut rest = bytes.take(u64::from(u16::from_be_bytes(length).saturating_sub(2)));
                // A frame header. C4, C8 and CC are in the same range but are not frame headers.
                if matches!(kind, [0xc0..=0xcf])
                    && !matches!(kind, [0xc4 | 0xc8 | 0xcc])
                    && has_finer_colours(&mut rest)?
                {
                    return Ok(Some(
                        "a JPEG whose colours are finer than its brightness: save it with other settings".into(),
                    ));
                }
                let rest = rest.limit();
                bytes.seek_relative(rest as i64)?;
            }
            _ => break,
        }
    }
    let problem =
        "not a PNG or JPEG that can be read: it ends before the end marker of a JPEG; it is incomplete: copy it again";
    Ok(Some(problem.to_owned()))
}

/// True if a component of a JPEG frame has more samples in a block, across or down, than the first component.
fn has_finer_colours(frame: &mut impl Read) -> io::Result<bool> {
    // The frame header: precision, height, width and the number of components. Then for each component: its identifier,
    // the number of samples across and down, and its table.
    let (mut head, mut component, mut first) = ([0; 6], [0; 3], None);
    if !fills(frame, &mut head)? {
        return Ok(false);
    }
    for _ in 0..head[5] {
        if !fills(frame, &mut component)? {
            break;
        }
        let [across, down] = [component[1] >> 4, component[1] & 15];
        let [first_across, first_down] = *first.get_or_insert([across, down]);
        if across > first_across || down > first_down {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Resizes an image, channels × height × width, to the given height and width; the proportions may change. Returns
/// `None` if a side of the old or of the new image is 0 or does not fit into 32 bits.
#[must_use]
pub fn resized(image: &Array3<f32>, [height, width]: [usize; 2]) -> Option<Array3<f32>> {
    let (channels, old_height, old_width) = image.dim();
    let sides = [old_width, old_height, width, height].map(|side| u32::try_from(side).ok().filter(|&side| side > 0));
    let [Some(old_width), Some(old_height), Some(new_width), Some(new_height)] = sides else { return None };
    let mut values = Vec::new();
    for plane in image.axis_iter(Axis(0)) {
        let plane = plane.iter().copied().collect::<Vec<_>>();
        let plane = ImageBuffer::<Luma<f32>, _>::from_raw(old_width, old_height, plane)?;
        values.extend(imageops::resize(&plane, new_width, new_height, FilterType::Triangle).into_raw());
    }
    Array3::from_shape_vec((channels, height, width), values).ok()
}
