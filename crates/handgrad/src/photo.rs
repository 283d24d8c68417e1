//! People's own images: PNG and JPEG of any size, as planes of numbers within 0..1.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use handgrad_dataset::thousands;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageReader, Limits, Luma};
use ndarray::{Array3, Axis};

use crate::table::one_line;

/// Longest file that is opened.
const LONGEST_FILE: u64 = 1 << 28;
/// Most pixels that an image may have: 67 million, 8192 × 8192.
const MOST_PIXELS: u64 = 1 << 26;
/// Memory that decoding may take beside.
const MOST_MEMORY: u64 = 1 << 30;
/// Deflate, in PNG, makes at most 1032 bytes of one, and a byte may hold 8 pixels; JPEG stays far below.
const MOST_BYTES_A_BYTE: u64 = 8 * 1032;

/// Reads an image as `channels` × height × width: 1 for grey, 3 for red, green and blue. It is turned as its camera noted, and
/// what is transparent is laid on white.
pub fn read(path: &Path, channels: usize) -> Result<Array3<f32>> {
    let image = decode(path)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let on_white = |value: f32, alpha: f32| value * alpha + (1.0 - alpha);
    let values: Vec<f32> = match (channels, image.color().has_alpha()) {
        (1, false) => image.to_luma32f().into_raw(),
        (1, true) => image.to_luma_alpha32f().pixels().map(|pixel| on_white(pixel[0], pixel[1])).collect(),
        (3, _) => image.into_rgba32f().pixels().flat_map(|p| [0, 1, 2].map(|c| on_white(p[c], p[3]))).collect(),
        _ => bail!(
            "the network takes images of {channels} channels, and a picture has 1, grey, or 3, red, green and blue"
        ),
    };
    let values = Array3::from_shape_vec((height, width, channels), values)?;
    Ok(values.permuted_axes([2, 0, 1]).as_standard_layout().into_owned())
}

fn decode(path: &Path) -> Result<DynamicImage> {
    let cannot = || format!("{}: cannot be read", path.display());
    let no_image = |error: image::ImageError| {
        anyhow!("{}: not a PNG or JPEG that can be read: {}", path.display(), one_line(&error))
    };
    let about = fs::metadata(path).with_context(cannot)?;
    if !about.is_file() {
        bail!("{}: not a file", path.display());
    }
    if about.len() > LONGEST_FILE {
        bail!(
            "{}: has {} MB, and an image file of at most {} MB was expected",
            path.display(),
            about.len() >> 20,
            LONGEST_FILE >> 20
        );
    }
    let file = BufReader::new(File::open(path).with_context(cannot)?);
    let mut reader = ImageReader::new(file).with_guessed_format().with_context(cannot)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(no_image)?;
    // Nothing of the size that it claims is taken before the claim is looked at.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        bail!(
            "{}: has {width}×{height} pixels, and at most {} were expected: make it smaller first",
            path.display(),
            thousands(MOST_PIXELS as usize)
        );
    }
    if decoder.total_bytes() > MOST_BYTES_A_BYTE.saturating_mul(about.len()) {
        let bytes = about.len();
        bail!(
            "{}: claims {width}×{height} pixels, which a file of {bytes} bytes cannot hold: it is damaged",
            path.display()
        );
    }
    let orientation = decoder.orientation().map_err(no_image)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(no_image)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// The image in another size; its proportions become those of the new one.
pub fn resized(image: &Array3<f32>, [height, width]: [usize; 2]) -> Result<Array3<f32>> {
    let (channels, old_height, old_width) = image.dim();
    let (old, new) =
        ((u32::try_from(old_width)?, u32::try_from(old_height)?), (u32::try_from(width)?, u32::try_from(height)?));
    let mut values = Vec::new();
    for plane in image.axis_iter(Axis(0)) {
        let plane = ImageBuffer::<Luma<f32>, _>::from_raw(old.0, old.1, plane.iter().copied().collect::<Vec<_>>());
        let plane = plane.context("a plane has as many values as its size says")?;
        values.extend(imageops::resize(&plane, new.0, new.1, FilterType::Triangle).into_raw());
    }
    Ok(Array3::from_shape_vec((channels, height, width), values)?)
}
