//! The weights as text of the page.
//!
//! ```text
//! s = max |w|           the scale of one parameter
//! q = round(w/s · (2²³ − 1))      24 bits, the lowest byte first;  w ≈ s·q/(2²³ − 1)
//! |error| ≤ ½·s/(2²³ − 1) ≈ 6·10⁻⁸·s        about the rounding of a 32-bit number of size s
//! ```
//!
//! Four characters of base64 hold three bytes, so a weight takes four characters. 32-bit numbers would take a third
//! more: 3.4 MB for the 643,000 weights of 784-400-20-400-784.

use serde::Serialize;

/// Where a parameter is among the packed weights, and its scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Packed {
    /// The number of weights before it.
    pub start: usize,
    /// The number of its weights.
    pub len: usize,
    /// The largest absolute value of its weights.
    pub scale: f64,
}

/// The largest whole number of 24 bits with a sign.
const MOST: f64 = 8_388_607.0;

/// Packs the weights of some parameters as base64.
///
/// ```
/// let (packed, text) = handgrad_pictures::report::pack(&[&[0.5, -0.5][..]]);
/// assert_eq!((packed[0].scale, text.as_str()), (0.5, "//9/AQCA"));
/// ```
#[must_use]
pub fn pack(params: &[&[f32]]) -> (Vec<Packed>, String) {
    let (mut packed, mut bytes) = (Vec::with_capacity(params.len()), Vec::new());
    for weights in params {
        let scale = f64::from(weights.iter().fold(0.0_f32, |largest, w| largest.max(w.abs())));
        packed.push(Packed { start: bytes.len() / 3, len: weights.len(), scale });
        let divisor = if scale > 0.0 { scale } else { 1.0 };
        for &w in *weights {
            let q = (f64::from(w) / divisor * MOST).round() as i32;
            bytes.extend_from_slice(&q.to_le_bytes()[..3]);
        }
    }
    (packed, base64(&bytes))
}

/// 32-bit numbers as base64, the lowest byte first.
pub(super) fn floats<'a>(values: impl IntoIterator<Item = &'a f32>) -> String {
    base64(&values.into_iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// 64-bit numbers as base64, the lowest byte first.
pub(super) fn doubles(values: &[f64]) -> String {
    base64(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// Bytes as base64 (RFC 4648).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The examples of RFC 4648.
    #[test]
    fn base64_is_that_of_the_standard() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }
}
