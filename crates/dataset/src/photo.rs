//! People's own images: PNG and JPEG of any size, as planes of numbers within 0..1.
//!
//! What a file claims is looked at before anything of that size is taken: an image may have 67 million pixels, and no
//! more than its file can hold. Reading takes 48 bytes a pixel at most, and four times the file.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Limits, Luma};
use ndarray::{Array3, Axis};

use crate::{Error, check_room, thousands};

/// Longest file that is opened.
const LONGEST_FILE: u64 = 1 << 28;
/// Most pixels that an image may have: 67 million, 8192 × 8192.
const MOST_PIXELS: u64 = 1 << 26;
/// Deflate, in PNG, makes at most 1032 bytes of one, and a byte may hold 8 pixels; JPEG stays far below.
const MOST_PIXELS_A_BYTE: u64 = 8 * 1032;
/// Of what a PNG says beside its pixels, each: a text, a colour profile.
const LONGEST_CHUNK: u32 = 1 << 20;
/// Of texts, since what is kept of each is several times a short one.
const MOST_TEXTS: usize = 1000;
/// Memory of a decoder for lines of pixels and for what it unpacks beside them; twice the file comes to it.
const MEMORY: u64 = 1 << 19;

/// Reads an image as `channels` × height × width: 1 for grey, 3 for red, green and blue. It is rotated as its camera
/// noted, and what is transparent is laid on white.
///
/// # Errors
/// If it cannot be read, is neither PNG nor JPEG, is damaged or too large, or `channels` is neither 1 nor 3.
pub fn read(path: &Path, channels: usize) -> Result<Array3<f32>, Error> {
    let unfit = |problem: &str| Error::Unfit { path: path.to_path_buf(), problem: problem.to_owned() };
    // A pipe would have us wait for ever, and cannot be gone back in.
    if !fs::metadata(path).map_err(Error::io(path, "opening it"))?.is_file() {
        return Err(unfit("not a file, where a PNG or JPEG was expected"));
    }
    let (file, _) = handgrad_files::open(path).map_err(Error::io(path, "opening it"))?;
    decode(BufReader::new(file), path, channels)
}

/// As [`read`], from `bytes`; `name` is what errors call them.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: impl BufRead + Seek, name: &Path, channels: usize) -> Result<Array3<f32>, Error> {
    let unfit = |problem: String| Error::Unfit { path: name.to_path_buf(), problem };
    if ![1, 3].contains(&channels) {
        let (has, takes) = ("a picture has 1, grey, or 3, red, green and blue", "the network takes images of");
        return Err(unfit(format!("{takes} {channels} channels, and {has}: give it data of that kind")));
    }
    let image = pixels(bytes, name)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    // Four floats a pixel and three, or two and one.
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
        return Err(unfit(format!("has {found} MiB, and an image file of at most {most} MiB was expected")));
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
    // Nothing of the size that it claims is taken before the claim is looked at.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let most = thousands(MOST_PIXELS as usize);
        return Err(unfit(format!(
            "has {width}×{height} pixels, and at most {most} were expected: make it smaller first"
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
    // The decoder of JPEG is known to panic on some that are damaged.
    let decoded = catch_unwind(AssertUnwindSafe(|| DynamicImage::from_decoder(decoder)));
    let broke_off = |_| unfit("not a PNG or JPEG that can be read: decoding it broke off; it is damaged".into());
    let mut image = decoded.map_err(broke_off)?.map_err(no_image)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Does it begin so? What follows is next.
fn starts(bytes: &mut (impl BufRead + Seek), with: &[u8]) -> io::Result<bool> {
    bytes.rewind()?;
    let mut start = [0; 8];
    let start = &mut start[..with.len()];
    Ok(fills(bytes, start)? && start == with)
}

/// Is there as much as `into` takes?
fn fills(bytes: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match bytes.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a PNG has too much of beside its pixels, behind its first eight bytes.
fn wrong_chunk(bytes: &mut (impl BufRead + Seek)) -> io::Result<Option<String>> {
    let without = "beside the pixels were expected: save it without what it says of itself";
    let (mut start, mut texts) = ([0; 8], 0);
    while fills(bytes, &mut start)? {
        let [length @ .., a, b, c, d] = start;
        let (length, chunk) = (u32::from_be_bytes(length), [a, b, c, d]);
        if length > LONGEST_CHUNK && ![*b"IDAT", *b"fdAT"].contains(&chunk) {
            let (chunk, found, most) = (String::from_utf8_lossy(&chunk), length as usize, LONGEST_CHUNK as usize);
            let (found, most) = (thousands(found), thousands(most));
            return Ok(Some(format!("its chunk {chunk:?} has {found} bytes, and at most {most} {without}")));
        }
        texts += usize::from([*b"tEXt", *b"zTXt", *b"iTXt"].contains(&chunk));
        if texts > MOST_TEXTS {
            let most = thousands(MOST_TEXTS);
            return Ok(Some(format!("it has more than {most} texts, and at most as many {without}")));
        }
        // What follows the end is not read by the decoder either.
        if chunk == *b"IEND" {
            break;
        }
        // Its checksum follows.
        bytes.seek_relative(i64::from(length) + 4)?;
    }
    Ok(None)
}

/// What a JPEG lacks or must not have. Without its end marker pixels are missing, and the decoder makes some up; what
/// follows that is not looked at. On colours that are finer than the brightness some decoders break off.
fn wrong_marker(bytes: &mut (impl BufRead + Seek)) -> io::Result<Option<String>> {
    let mut length = [0; 2];
    // A marker is FF and a byte that is neither 0, which stands for FF among the pixels, nor FF again.
    while bytes.skip_until(0xff)? > 0 {
        let mut kind = [0xff];
        while kind == [0xff] && fills(bytes, &mut kind)? {}
        match kind {
            [0xd9] => return Ok(None),
            // These have nothing behind them.
            [0 | 1 | 0xd0..=0xd8] => {}
            _ if fills(bytes, &mut length)? => {
                let mut rest = bytes.take(u64::from(u16::from_be_bytes(length).saturating_sub(2)));
                // A frame, and no table of Huffman's or of arithmetic coding.
                if matches!(kind, [0xc0..=0xcf])
                    && !matches!(kind, [0xc4 | 0xc8 | 0xcc])
                    && has_finer_colours(&mut rest)?
                {
                    return Ok(Some(
                        "a JPEG whose colours are finer than its brightness: save it in another way".into(),
                    ));
                }
                let rest = rest.limit();
                bytes.seek_relative(rest as i64)?;
            }
            _ => break,
        }
    }
    let problem =
        "not a PNG or JPEG that can be read: it ends before the end marker of a JPEG, cut short; copy it again";
    Ok(Some(problem.to_owned()))
}

/// Has one of a JPEG's components more samples in a block, across or down, than the first?
fn has_finer_colours(frame: &mut impl Read) -> io::Result<bool> {
    // Precision, height, width and number; then for each: its name, how many samples across and down, its table.
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

/// The image in another size; its proportions become those of the new one. None if one of the two is no image.
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
