//! The orientation of an image, which the camera stores in the Exif metadata.

use ndarray::{ArrayView2, Axis};

/// The tag of the orientation in Exif, and the type of its value, a number of 16 bits.
const ORIENTATION: u32 = 0x112;
const SHORT: u32 = 3;

/// How the stored pixels must be rotated and mirrored for an upright image: a number from 1 (not at all) to 8.
///
/// | | the first row is seen | the first column is seen |
/// | --- | --- | --- |
/// | 1 | above | on the left |
/// | 2 | above | on the right |
/// | 3 | below | on the right |
/// | 4 | below | on the left |
/// | 5 | on the left | above |
/// | 6 | on the right | above |
/// | 7 | on the right | below |
/// | 8 | on the left | below |
#[derive(Clone, Copy)]
pub struct Orientation(u32);

impl Orientation {
    /// The orientation in Exif metadata. It is 1 if there is none, or if the metadata is damaged.
    pub fn of_exif(exif: Option<&[u8]>) -> Self {
        Self(exif.and_then(find).filter(|number| (1..=8).contains(number)).unwrap_or(1))
    }

    /// Shows an image (height × width) upright. Nothing is copied.
    pub fn upright<T>(self, mut image: ArrayView2<T>) -> ArrayView2<T> {
        if [3, 4, 6, 7].contains(&self.0) {
            image.invert_axis(Axis(0));
        }
        if [2, 3, 7, 8].contains(&self.0) {
            image.invert_axis(Axis(1));
        }
        if self.swaps_sides() {
            image.swap_axes(0, 1);
        }
        image
    }

    /// True if the height of the stored image is the width of the upright one.
    pub fn swaps_sides(self) -> bool {
        self.0 >= 5
    }
}

/// Finds the orientation in Exif metadata. The layout is that of a TIFF file: four bytes that give the byte order, then
/// the position of a list. The list has the number of its entries and then the entries, each of 12 bytes: a tag, a
/// type, the number of values and the value.
fn find(exif: &[u8]) -> Option<u32> {
    let big = match exif.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let joined = |bytes: &[u8]| {
        let join = |number, &byte: &u8| number << 8 | u32::from(byte);
        if big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    };
    let list = exif.get(joined(exif.get(4..8)?) as usize..)?;
    let (count, entries) = list.split_at_checked(2)?;
    let entries = entries.chunks_exact(12).take(joined(count) as usize);
    let head = |entry: &[u8]| [&entry[..2], &entry[2..4], &entry[4..8]].map(joined);
    entries.into_iter().find(|entry| head(entry) == [ORIENTATION, SHORT, 1]).map(|entry| joined(&entry[8..10]))
}
