//! Converts the pixels that the decoders return to planes of numbers. In the files of this folder, a *sample* is one
//! of the numbers of a pixel, as in the specification of PNG.

use ndarray::{Array3, ArrayView2, ShapeError, Zip};

use super::orientation::Orientation;

/// The weights of red, green and blue in the brightness, for the primary colours of sRGB.
const BRIGHTNESS: [f32; 3] = [0.21264784, 0.7151792, 0.07217304];

/// The properties of an image that are known before its pixels are unpacked.
pub struct Header {
    pub width: u32,
    pub height: u32,
    /// Number of samples of a pixel: 1 for grey, 3 for red, green and blue, and one more if there is an alpha sample.
    pub samples: usize,
    /// Number of bytes of a sample: 1, or 2 in big-endian order.
    pub bytes: usize,
    pub orientation: Orientation,
}

/// A header, and a function that unpacks the pixels into a slice of [`Header::length`] bytes.
pub type Opened<'a> = (Header, Box<dyn FnOnce(&mut [u8]) -> Result<(), String> + 'a>);

impl Header {
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The height and the width of the upright image.
    pub fn upright_size(&self) -> [usize; 2] {
        let [height, width] = [self.height as usize, self.width as usize];
        if self.orientation.swaps_sides() { [width, height] } else { [height, width] }
    }

    /// Number of bytes of all pixels.
    pub fn length(&self) -> u64 {
        self.pixels() * (self.samples * self.bytes) as u64
    }

    /// Converts the pixels in `bytes` to planes, `channels` × height × width. The result is upright, and transparent
    /// pixels are blended with white. With 1 channel it is the brightness; 3 channels are red, green and blue.
    pub fn planes(&self, bytes: &[u8], channels: usize) -> Result<Array3<f32>, ShapeError> {
        match (self.bytes, self.samples) {
            (1, 1) => self.planes_of(bytes.as_chunks::<1>().0.as_chunks::<1>().0, channels),
            (1, 2) => self.planes_of(bytes.as_chunks::<1>().0.as_chunks::<2>().0, channels),
            (1, 3) => self.planes_of(bytes.as_chunks::<1>().0.as_chunks::<3>().0, channels),
            (1, 4) => self.planes_of(bytes.as_chunks::<1>().0.as_chunks::<4>().0, channels),
            (_, 1) => self.planes_of(bytes.as_chunks::<2>().0.as_chunks::<1>().0, channels),
            (_, 2) => self.planes_of(bytes.as_chunks::<2>().0.as_chunks::<2>().0, channels),
            (_, 3) => self.planes_of(bytes.as_chunks::<2>().0.as_chunks::<3>().0, channels),
            (_, _) => self.planes_of(bytes.as_chunks::<2>().0.as_chunks::<4>().0, channels),
        }
    }

    /// Does the same for pixels of `SAMPLES` samples of `BYTES` bytes each.
    fn planes_of<const SAMPLES: usize, const BYTES: usize>(
        &self,
        pixels: &[[[u8; BYTES]; SAMPLES]],
        channels: usize,
    ) -> Result<Array3<f32>, ShapeError> {
        let stored = ArrayView2::from_shape((self.height as usize, self.width as usize), pixels)?;
        let image = self.orientation.upright(stored);
        let mut planes = Array3::zeros((channels, image.nrows(), image.ncols()));
        for (channel, plane) in planes.outer_iter_mut().enumerate() {
            Zip::from(plane).and(image).for_each(|value, pixel| *value = value_of(pixel, channel, channels));
        }
        Ok(planes)
    }
}

/// The value of a pixel in one of `channels` channels, blended with white.
fn value_of<const SAMPLES: usize, const BYTES: usize>(
    pixel: &[[u8; BYTES]; SAMPLES],
    channel: usize,
    channels: usize,
) -> f32 {
    let most = ((1_u32 << (8 * BYTES)) - 1) as f32;
    let number = |at: usize| pixel[at].iter().fold(0, |number, &byte| number << 8 | u32::from(byte)) as f32;
    // Earlier versions, which used the crate `image`, rounded in these two ways. The values are still the same.
    let converts = (SAMPLES < 3) != (channels == 1);
    let sample = |at| if converts { number(at) * (1.0 / most) } else { number(at) / most };
    let value = match (SAMPLES, channels) {
        (1 | 2, _) => sample(0),
        (_, 1) => BRIGHTNESS[0] * sample(0) + BRIGHTNESS[1] * sample(1) + BRIGHTNESS[2] * sample(2),
        _ => sample(channel),
    };
    if SAMPLES.is_multiple_of(2) {
        let alpha = sample(SAMPLES - 1);
        value * alpha + (1.0 - alpha)
    } else {
        value
    }
}
