//! Compares our reader of PNG and JPEG with the crate `image`: both accept the same files and give the same numbers, to
//! the bit. The images are made here, of every kind of colour, depth, orientation and sampling. Both decode the bytes
//! with the crates `png` and `zune-jpeg`, so this tests the steps before and after that.

use std::io::{Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use handgrad_dataset::photo;
use image::codecs::jpeg::JpegEncoder;
use image::error::{LimitError, LimitErrorKind};
use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Limits, Luma, RgbImage};
use ndarray::{Array3, Axis};

mod fuzzing;

use fuzzing::Mutator;
use fuzzing::checks::with_right_crcs;
use fuzzing::seeds::{self, crc32};

/// What `image` makes of the bytes.
fn by_image(bytes: &[u8], channels: usize) -> Result<Array3<f32>, String> {
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(ImageError::from)?;
        let mut limits = Limits::default();
        limits.max_alloc = Some((1 << 19) + 2 * bytes.len() as u64);
        reader.limits(limits);
        let mut decoder = reader.into_decoder()?;
        let (width, height) = decoder.dimensions();
        let pixels = width as usize * height as usize;
        if pixels > 1 << 26 || pixels > 8 * 1032 * bytes.len() {
            return Err(ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError)));
        }
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    }));
    let image = decoded.map_err(|_| "it panics".to_owned())?.map_err(|error: ImageError| error.to_string())?;
    let on_white = |value: f32, alpha: f32| value * alpha + (1.0 - alpha);
    let shape = (channels, image.height() as usize, image.width() as usize);
    let values = match (channels, image.color().has_alpha()) {
        (1, true) => image.to_luma_alpha32f().pixels().map(|pixel| on_white(pixel[0], pixel[1])).collect(),
        (1, false) => image.to_luma32f().into_raw(),
        _ => {
            let image = image.into_rgba32f();
            (0..3).flat_map(|c| image.pixels().map(move |pixel| on_white(pixel[c], pixel[3]))).collect()
        }
    };
    Ok(Array3::from_shape_vec(shape, values).expect("as many values"))
}

fn by_us(bytes: &[u8], channels: usize) -> Result<Array3<f32>, String> {
    photo::decode(Cursor::new(bytes), Path::new("some.file"), channels).map_err(|error| error.to_string())
}

/// The same to the bit. Where the compiler may fuse a product and a sum, `image` does so, and rounds differently.
fn same(a: &Array3<f32>, b: &Array3<f32>) -> bool {
    let fused = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
    let near = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || fused && (a - b).abs() < 1e-6;
    a.dim() == b.dim() && a.iter().zip(b).all(near)
}

/// Both take the bytes, which show `height` × `width` pixels.
fn taken(what: &str, bytes: &[u8], size: [usize; 2]) {
    for channels in [1, 3] {
        let [ours, theirs] = [by_us(bytes, channels), by_image(bytes, channels)]
            .map(|read| read.unwrap_or_else(|error| panic!("{what}: {error}")));
        assert_eq!(ours.dim(), (channels, size[0], size[1]), "{what}");
        assert!(same(&ours, &theirs), "{what}, {channels} channels");
        let varied = ours.iter().any(|&value| value != ours[[0, 0, 0]]);
        assert!(varied || ours.len() < 60, "{what}: all of one colour");
    }
}

/// Numbers without an order, the same for the same seed.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

fn chunk(name: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let named = [name, contents].concat();
    [&(contents.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

/// A PNG of noise. `colours` is the number that PNG has for a kind of colour.
fn png(size: [usize; 2], colours: u8, depth: u8, interlaced: bool, chunks: &[Vec<u8>]) -> Vec<u8> {
    let [height, width] = size;
    let samples = [1, 0, 3, 1, 2, 0, 4][colours as usize];
    // Of each pass the first row and column, and the steps between rows and between columns.
    let passes = [[0, 0, 8, 8], [0, 4, 8, 8], [4, 0, 8, 4], [0, 2, 4, 4], [2, 0, 4, 2], [0, 1, 2, 2], [1, 0, 2, 1]];
    let passes = if interlaced { &passes[..] } else { &[[0, 0, 1, 1]] };
    let mut lines = Vec::new();
    for &[top, left, down, across] in passes {
        let [rows, columns] = [height.saturating_sub(top).div_ceil(down), width.saturating_sub(left).div_ceil(across)];
        for row in (0..rows).filter(|_| columns > 0) {
            // A filter, and the pixels.
            lines.push(row as u8 % 5);
            lines.extend(noise((lines.len() + width) as u64, (columns * samples * depth as usize).div_ceil(8)));
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    packed.write_all(&lines).expect("written");
    let packed = packed.finish().expect("written");
    let header = [&(width as u32).to_be_bytes()[..], &(height as u32).to_be_bytes(), &[depth, colours, 0, 0]].concat();
    let header = [header, vec![interlaced.into()]].concat();
    let start = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunks.concat()].concat();
    [start, chunk(b"IDAT", &packed), chunk(b"IEND", b"")].concat()
}

fn palette(colours: usize) -> Vec<u8> {
    chunk(b"PLTE", &noise(7, 3 * colours))
}

const GREY: u8 = 0;
const RGB: u8 = 2;
const PALETTE: u8 = 3;
const GREY_ALPHA: u8 = 4;
const RGBA: u8 = 6;

#[test]
fn pngs_of_every_colour_and_depth_become_the_same_numbers() {
    let depths = [(GREY, &[1, 2, 4, 8, 16][..]), (RGB, &[8, 16]), (GREY_ALPHA, &[8, 16]), (RGBA, &[8, 16])];
    for (colours, depths) in depths {
        for (depth, interlaced) in depths.iter().flat_map(|&depth| [(depth, false), (depth, true)]) {
            for size in [[7, 9], [1, 1], [1, 30], [30, 1], [64, 300]] {
                let what = format!("colours {colours} of {depth} bits, interlaced {interlaced}, {size:?}");
                taken(&what, &png(size, colours, depth, interlaced, &[]), size);
                // A colour that is transparent: that of the first pixel, but not black of one bit, or all were white.
                if [GREY, RGB].contains(&colours) {
                    let first = noise(1 + size[1] as u64, 6);
                    let value = |sample: usize| match depth {
                        16 => [first[2 * sample], first[2 * sample + 1]],
                        _ => [0, (first[sample] >> (8 - depth)).max(1)],
                    };
                    let clear: Vec<_> = (0..if colours == GREY { 1 } else { 3 }).flat_map(value).collect();
                    let clear = chunk(b"tRNS", &clear);
                    taken(&what, &png(size, colours, depth, interlaced, &[clear]), size);
                }
            }
        }
    }
    for depth in [1, 2, 4, 8] {
        let most = 1_usize << depth;
        for (entries, clear) in [(most, 0), (most, 1), (most, most), (most.div_ceil(2), 0)] {
            let mut chunks = vec![palette(entries)];
            if clear > 0 {
                chunks.push(chunk(b"tRNS", &noise(3, clear)));
            }
            let what = format!("a palette of {entries}, {clear} of them transparent, {depth} bits");
            // Numbers behind the end of a palette are black.
            taken(&what, &png([64, 300], PALETTE, depth, false, &chunks), [64, 300]);
            taken(&what, &png([64, 300], PALETTE, depth, true, &chunks), [64, 300]);
        }
    }
}

/// Exif with an orientation: the order of the bytes, the place of the list, an entry before it, and the orientation.
fn exif(big: bool, orientation: u16) -> Vec<u8> {
    let short = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let long = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let entry = |tag, value| [&short(tag)[..], &short(3), &long(1), &short(value), &[0; 2]].concat();
    let start = [if big { b"MM" } else { b"II" }, &short(42)[..], &long(10), &[0; 2], &short(2)].concat();
    [start, entry(0x100, 5), entry(0x112, orientation)].concat()
}

/// A JPEG with Exif behind its start.
fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let length = (exif.len() as u16 + 8).to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

#[test]
fn images_are_seen_upright_as_their_metadata_tell() {
    let jpeg = jpeg_of(&RgbImage::from_raw(20, 13, noise(1, 3 * 20 * 13)).expect("its size").into());
    for (big, number) in (0..10).chain([256, 262, u16::MAX]).flat_map(|number| [(true, number), (false, number)]) {
        let (exif, turned) = (exif(big, number), (5..=8).contains(&number));
        let size = |[height, width]: [usize; 2]| if turned { [width, height] } else { [height, width] };
        for (colours, depth) in [(GREY, 8), (RGB, 16), (RGBA, 8)] {
            let bytes = png([7, 9], colours, depth, false, &[chunk(b"eXIf", &exif)]);
            taken(&format!("orientation {number}, colours {colours}"), &bytes, size([7, 9]));
        }
        taken(&format!("orientation {number} of a JPEG"), &with_exif(&jpeg, &exif), size([13, 20]));
        // Cut short, or with a flipped bit, it is as damaged to both.
        for at in 0..exif.len() {
            let mut flipped = exif.clone();
            flipped[at] ^= 1 << (at % 8);
            for damaged in [&exif[..at], &flipped] {
                let ours = by_us(&with_exif(&jpeg, damaged), 3).expect("a picture");
                assert!(same(&ours, &by_image(&with_exif(&jpeg, damaged), 3).expect("a picture")), "{damaged:02x?}");
            }
        }
    }
}

fn jpeg_of(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).expect("written");
    bytes
}

/// A JPEG of `rows` × `columns` units with any components. A component has a name, and a number of blocks across and
/// down in a unit. The file is a grey JPEG, whose blocks another frame header deals to the components.
fn dealt(components: &[(u8, u8, u8)], [rows, columns]: [usize; 2], adobe: Option<u8>) -> Vec<u8> {
    let blocks: usize = components.iter().map(|&(_, across, down)| usize::from(across * down)).sum();
    let width = 8 * blocks * rows * columns;
    let smooth = GrayImage::from_fn(width as u32, 8, |x, y| Luma([128 + (x % 16 + y) as u8 * (x / 64 % 5) as u8]));
    let grey = jpeg_of(&smooth.into());
    let find = |marker: u8| grey.windows(2).position(|pair| pair == [0xff, marker]).expect("a marker");
    let (frame, scan) = (find(0xc0), find(0xda));
    let most = |of: fn(&(u8, u8, u8)) -> u8| components.iter().map(of).max().expect("a component");
    // The last unit is not full.
    let [height, width] = [rows * 8 * most(|of| of.2) as usize - 3, columns * 8 * most(|of| of.1) as usize - 5];
    let [count, height, width] = [components.len(), height, width].map(|number| (number as u16).to_be_bytes());
    let kinds: Vec<u8> = components.iter().flat_map(|&(name, across, down)| [name, across << 4 | down, 0]).collect();
    let length = (kinds.len() as u8 + 8).to_be_bytes();
    let header = [b"\xff\xc0\0", &length[..], b"\x08", &height, &width, &count[1..], &kinds].concat();
    let names: Vec<u8> = components.iter().flat_map(|&(name, ..)| [name, 0]).collect();
    let length = (names.len() as u8 + 6).to_be_bytes();
    let scan_header = [b"\xff\xda\0", &length[..], &count[1..], &names, b"\0\x3f\0"].concat();
    let adobe =
        adobe.map(|colours| [b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0", &[colours][..]].concat()).unwrap_or_default();
    let end_of = |at: usize| at + 2 + usize::from(u16::from_be_bytes([grey[at + 2], grey[at + 3]]));
    let between = &grey[end_of(frame)..scan];
    [&grey[..2], &adobe, &grey[2..frame], &header, between, &scan_header, &grey[end_of(scan)..]].concat()
}

#[test]
fn jpegs_of_every_colour_and_sampling_become_the_same_numbers() {
    for (width, height) in [(1, 1), (8, 8), (33, 17), (100, 3)] {
        let size = [height as usize, width as usize];
        let grey = GrayImage::from_raw(width, height, noise(5, size[0] * size[1])).expect("its size");
        let colour = RgbImage::from_raw(width, height, noise(6, 3 * size[0] * size[1])).expect("its size");
        taken("a grey JPEG", &jpeg_of(&grey.into()), size);
        taken("a JPEG in colour", &jpeg_of(&colour.into()), size);
    }
    for bytes in seeds::jpeg() {
        let [ours, theirs] = [by_us(&bytes, 3), by_image(&bytes, 3)].map(|read| read.expect("a picture"));
        assert!(same(&ours, &theirs));
    }
    let size = |rows: usize, columns: usize| [rows * 3 - 3, columns * 4 - 5];
    for (across, down) in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)] {
        let units = [3, 4];
        let size = size(units[0] * 8 * down as usize / 3, units[1] * 2 * across as usize);
        let three = [(1, across, down), (2, 1, 1), (3, 1, 1)];
        taken(&format!("colours at {across}×{down}"), &dealt(&three, units, None), size);
        taken(&format!("Adobe's colours at {across}×{down}"), &dealt(&three, units, Some(1)), size);
    }
    let letters = [(b'R', 1, 1), (b'G', 1, 1), (b'B', 1, 1)];
    let four = [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1)];
    for (what, components, adobe) in [
        ("red, green and blue", &letters[..], None),
        ("four inks", &four, None),
        ("Adobe's four inks", &four, Some(0)),
        ("Adobe's four inks, of which three as brightness and colours", &four, Some(2)),
    ] {
        taken(what, &dealt(components, [3, 4], adobe), [21, 27]);
    }
}

#[test]
fn images_are_resized_to_the_same_numbers() {
    let sides = [1, 2, 3, 7, 16, 28, 100];
    for (height, width) in sides.into_iter().flat_map(|height| sides.map(|width| (height, width))) {
        // Sharp edges, and numbers just outside of 0..1, as blending with white may leave them.
        let values = noise((height * width) as u64, 3 * height * width);
        let values = values.iter().map(|&byte| f32::from(byte) / 254.9 - 1e-4).collect();
        let image = Array3::from_shape_vec((3, height, width), values).expect("its size");
        for (new_height, new_width) in sides.into_iter().flat_map(|height| sides.map(|width| (height, width))) {
            let ours = photo::resized(&image, [new_height, new_width]).expect("resized");
            let mut theirs = Vec::new();
            for plane in image.axis_iter(Axis(0)) {
                let plane = plane.iter().copied().collect::<Vec<_>>();
                let plane = ImageBuffer::<Luma<f32>, _>::from_raw(width as u32, height as u32, plane).expect("a plane");
                let plane = imageops::resize(&plane, new_width as u32, new_height as u32, FilterType::Triangle);
                theirs.extend(plane.into_raw());
            }
            let same = ours.iter().zip(&theirs).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same && ours.len() == theirs.len(), "{height}×{width} to {new_height}×{new_width}");
        }
    }
    let image = Array3::zeros((1, 2, 2));
    for size in [[0, 1], [1, 0], [1 << 32, 1], [1, usize::MAX]] {
        assert!(photo::resized(&image, size).is_none(), "{size:?}");
    }
    assert!(photo::resized(&Array3::zeros((1, 0, 2)), [1, 1]).is_none());
}

/// What we say of files that `image` takes, or takes some of.
const OURS: [&str; 6] = [
    "before the end marker",
    "colours are finer",
    "which a file of",
    "make it smaller first",
    "besides the pixels were expected",
    "bytes of memory",
];

/// Both say the same of damaged bytes: the same numbers, or no image.
fn agreed(bytes: &[u8]) -> bool {
    let channels = 1 + 2 * (bytes.len() % 2);
    match (by_us(bytes, channels), by_image(bytes, channels)) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{bytes:02x?}"),
        (Ok(_), Err(error)) => panic!("only we take it: {error}: {bytes:02x?}"),
        (Err(error), Ok(_)) => {
            assert!(OURS.iter().any(|words| error.contains(words)), "only `image` takes it: {error}: {bytes:02x?}");
        }
        (Err(error), Err(_)) => {
            assert!(error.starts_with("some.file: ") && error.lines().count() == 1, "{error}");
            return false;
        }
    }
    true
}

#[test]
fn damaged_images_are_taken_and_refused_as_image_does() {
    let mut small = [seeds::png(), seeds::jpeg()].concat();
    small.push(png([5, 6], PALETTE, 4, true, &[palette(16), chunk(b"tRNS", &noise(3, 9))]));
    small.push(dealt(&[(1, 2, 2), (2, 1, 1), (3, 1, 1)], [1, 2], None));
    small.push(dealt(&[(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1)], [2, 2], Some(2)));
    for whole in &small {
        assert!(agreed(whole));
        (0..whole.len()).for_each(|length| _ = agreed(&whole[..length]));
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            agreed(&flipped);
        }
    }
    let (mut mutator, mut taken) = (Mutator::new(small, 3), 0);
    for _ in 0..3000 {
        let bytes = mutator.next().to_vec();
        taken += usize::from(agreed(&bytes)) + usize::from(agreed(&with_right_crcs(&bytes)));
    }
    assert!(taken > 300, "{taken} of 6,000 are taken");
    for other in [&b""[..], b"\xff", b"\xff\xd8", b"\xff\xd8\0\xff\xd9", b"GIF89a", b"BM", b"P6 1 1 255\n", b"\x89PNG"]
    {
        let error = by_us(other, 3).expect_err("no image");
        assert!(error.contains("not a PNG or JPEG that can be read: "), "{error}");
    }
}

/// A wrong checksum of the header or the pixels, and pixels that are missing.
#[test]
fn pngs_whose_pixels_are_damaged_are_refused() {
    let whole = png([20, 30], RGB, 8, false, &[]);
    let crc_of_header = 8 + 8 + 13;
    let crc_of_pixels = whole.len() - 12 - 4;
    for at in [crc_of_header, crc_of_pixels] {
        let mut wrong = whole.clone();
        wrong[at] ^= 1;
        assert!(!agreed(&wrong), "byte {at}");
    }
    assert!(!agreed(&whole[..whole.len() / 2]));
    let mut taller = whole.clone();
    taller[20..24].copy_from_slice(&21_u32.to_be_bytes());
    assert!(!agreed(&with_right_crcs(&taller)), "a row is missing");
}
