//! Pixels as the decoders give them, and how they become planes of numbers.

use ndarray::{Array3, ArrayView3, Axis, ShapeError};

use super::orientation::Orientation;

/// How much red, green and blue add to the brightness, by the primary colours of sRGB.
const BRIGHTNESS: [f32; 3] = [0.21264784, 0.7151792, 0.07217304];

/// What is known of an image before its pixels are unpacked.
pub struct Header {
    pub width: u32,
    pub height: u32,
    /// The samples of a pixel: 1 for grey, 3 for red, green and blue, and one more if the last is the alpha sample.
    pub samples: usize,
    /// The bytes of a sample: 1, or 2 of which the first is worth more.
    pub bytes: usize,
    pub orientation: Orientation,
}

/// A header, and a function that unpacks the pixels into as many bytes as [`Header::length`] tells.
pub type Opened<'a> = (Header, Box<dyn FnOnce(&mut [u8]) -> Result<(), String> + 'a>);

impl Header {
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The bytes of all pixels.
    pub fn length(&self) -> u64 {
        self.pixels() * (self.samples * self.bytes) as u64
    }

    /// The planes of the pixels in `bytes`, `channels` × height × width, upright and blended with white. 1 channel is
    /// the brightness, and 3 channels are red, green and blue.
    pub fn planes(&self, bytes: &[u8], channels: usize) -> Result<Array3<f32>, ShapeError> {
        let stored = (self.height as usize, self.width as usize, self.samples * self.bytes);
        let image = self.orientation.upright(ArrayView3::from_shape(stored, bytes)?);
        let (height, width, _) = image.dim();
        let mut values = Vec::with_capacity(channels * height * width);
        for channel in 0..channels {
            let pixels = image.lanes(Axis(2));
            values.extend(pixels.into_iter().map(|pixel| self.value(|at| pixel[at], channel, channels)));
        }
        Array3::from_shape_vec((channels, height, width), values)
    }

    /// One of `channels` values of the pixel whose bytes are `byte(0)`, `byte(1)` and so on.
    fn value(&self, byte: impl Fn(usize) -> u8, channel: usize, channels: usize) -> f32 {
        let (number, most) = (
            |sample: usize| match self.bytes {
                1 => f32::from(byte(sample)),
                _ => f32::from(u16::from_be_bytes([byte(2 * sample), byte(2 * sample + 1)])),
            },
            if self.bytes == 1 { f32::from(u8::MAX) } else { f32::from(u16::MAX) },
        );
        // Earlier versions, which used the crate `image`, rounded in these two ways. The values are still the same.
        let converts = (self.samples < 3) != (channels == 1);
        let sample = |at| if converts { number(at) * (1.0 / most) } else { number(at) / most };
        let value = match (self.samples, channels) {
            (1 | 2, _) => sample(0),
            (_, 1) => BRIGHTNESS[0] * sample(0) + BRIGHTNESS[1] * sample(1) + BRIGHTNESS[2] * sample(2),
            _ => sample(channel),
        };
        if self.samples.is_multiple_of(2) {
            let alpha = sample(self.samples - 1);
            value * alpha + (1.0 - alpha)
        } else {
            value
        }
    }
}
