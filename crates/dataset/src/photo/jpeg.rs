//! Opens JPEG files.

use std::io::{self, BufRead, Read, Seek};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::fills;
use super::orientation::Orientation;
use super::pixels::{Header, Opened};

/// Reads a JPEG up to its pixels. Grey remains grey, and all other colours become red, green and blue.
pub fn open(mut bytes: impl Read) -> Result<Opened<'static>, String> {
    let mut file = Vec::new();
    bytes.read_to_end(&mut file).map_err(|error| error.to_string())?;
    // The decoder would also take files with something else between the start and the first marker.
    if !file.starts_with(&[0xff, 0xd8, 0xff]) {
        return Err("no marker follows the start of a JPEG".to_owned());
    }
    let mut decoder = decoder(&file, ColorSpace::RGB);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (Some(info), Some(colours)) = (decoder.info(), decoder.input_colorspace()) else {
        return Err("it has no header".to_owned());
    };
    let colours = if colours == ColorSpace::Luma { colours } else { ColorSpace::RGB };
    let header = Header {
        width: info.width.into(),
        height: info.height.into(),
        samples: colours.num_components(),
        bytes: 1,
        orientation: Orientation::of_exif(info.exif_data.as_deref()),
    };
    let unpack = move |into: &mut [u8]| {
        let mut decoder = self::decoder(&file, colours);
        decoder.decode_into(into).map_err(|error| error.to_string())
    };
    Ok((header, Box::new(unpack)))
}

/// A decoder of `file` to `colours`. It accepts images of any size, because [`super::decode`] checks the size.
fn decoder(file: &[u8], colours: ColorSpace) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default().set_strict_mode(false).jpeg_set_out_colorspace(colours);
    let options = options.set_max_width(usize::MAX).set_max_height(usize::MAX);
    JpegDecoder::new_with_options(ZCursor::new(file), options)
}

/// Checks the markers of a JPEG. Returns an error message if the end marker is missing, or if the colours have a higher
/// resolution than the brightness.
///
/// Without an end marker pixels are missing, and the decoder would invent them. Some decoders fail if the colours have
/// a higher resolution. Bytes after the end marker are not checked.
pub fn wrong_marker(bytes: &mut (impl BufRead + Seek)) -> io::Result<Option<String>> {
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
