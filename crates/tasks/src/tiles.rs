//! Applies a network with a fixed input size to images of any size: the image is split into overlapping tiles, and
//! their results are blended.
//!
//! ```text
//! y(p) = Σ_tiles v_tile(p)·f(x_tile)(p) / Σ_tiles v_tile(p)
//! v(i, j) = sin²(π·(i + ½)/h)·sin²(π·(j + ½)/w)       weights in a tile of h×w: nearly 0 at the edge, 1 in the middle
//! ```
//!
//! The distance between tiles is an eighth of their size, so every pixel lies in about 8×8 tiles and the edges of tiles
//! are invisible. Some tiles begin outside of the image, which is mirrored at its edges.
//!
//! Half as many tiles per side would hide the edges too. But a network of stride 4 treats every fourth pixel
//! differently: on a uniform grey image, tiles of 28 pixels at a distance of a quarter (7 pixels) left a pattern of ±3
//! levels of 255. At a distance of an eighth (3 pixels) there is no such pattern.
//!
//! The window is that of von Hann (Blackman & Tukey, "The Measurement of Power Spectra", 1958).

use std::f64::consts::PI;
use std::ops::Range;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, Axis, Slice};

use crate::Error;

/// The approximate number of tiles over each pixel, along each side.
const OVERLAP: usize = 8;
/// The largest number of tiles that are passed to the network at a time.
const BATCH: usize = 256;

/// Applies `f` to `image`, channels × height × width, in tiles. `f` takes and returns tiles of channels × h × w, one
/// tile per row. Returns an image of the same size.
///
/// # Errors
/// If the image has no pixels; also the errors of `f`.
pub fn tiled(
    image: &Array3<f32>,
    [h, w]: [usize; 2],
    mut f: impl FnMut(Array2<f32>) -> Result<Array2<f32>, Error>,
) -> Result<Array3<f32>, Error> {
    let (channels, height, width) = image.dim();
    if height == 0 || width == 0 {
        return Err(Error::Usage(format!("the image is {width}×{height} (width × height): it has no pixels")));
    }
    let (down, across) = (fade(h), fade(w));
    let (mut sum, mut weight) = (Array3::<f32>::zeros(image.dim()), Array2::<f32>::zeros((height, width)));
    for top in starts(h, height) {
        let lines: Vec<_> = (0..h as isize).map(|i| mirrored(top + i, height)).collect();
        for lefts in starts(w, width).chunks(BATCH) {
            let mut tiles = Array2::zeros((lefts.len(), channels * h * w));
            tiles.axis_iter_mut(Axis(0)).into_par_iter().zip(lefts).for_each(|(mut tile, &left)| {
                let columns: Vec<_> = (0..w as isize).map(|j| mirrored(left + j, width)).collect();
                let places = (0..channels).flat_map(|c| lines.iter().map(move |&y| (c, y)));
                let places = places.flat_map(|(c, y)| columns.iter().map(move |&x| (c, y, x)));
                tile.iter_mut().zip(places).for_each(|(value, place)| *value = image[place]);
            });
            let tiles = f(tiles)?;
            // Each line of the image is added up by one thread, from left to right: the sums do not depend on threads.
            let rows = within(top, h, height);
            let in_image = Slice::from(top + rows.start as isize..top + rows.end as isize);
            let (mut sum, mut weight) =
                (sum.slice_axis_mut(Axis(1), in_image), weight.slice_axis_mut(Axis(0), in_image));
            let both = sum.axis_iter_mut(Axis(1)).into_par_iter().zip(weight.axis_iter_mut(Axis(0)));
            both.zip(rows).for_each(|((mut sum, mut weight), i)| {
                for (tile, &left) in tiles.rows().into_iter().zip(lefts) {
                    for j in within(left, w, width) {
                        let (x, v) = ((left + j as isize) as usize, down[i] * across[j]);
                        (0..channels).for_each(|c| sum[(c, x)] += v * tile[(c * h + i) * w + j]);
                        weight[x] += v;
                    }
                }
            });
        }
    }
    Ok(sum / weight)
}

/// The number of tiles that an image needs.
#[must_use]
pub fn count(image: &Array3<f32>, [h, w]: [usize; 2]) -> usize {
    let (_, height, width) = image.dim();
    starts(h, height).len() * starts(w, width).len()
}

/// The positions at which tiles begin along a side, for all tiles that overlap the image.
fn starts(tile: usize, length: usize) -> Vec<isize> {
    let step = (tile / OVERLAP).max(1);
    (step as isize - tile as isize..length as isize).step_by(step).collect()
}

/// The places of a tile that begins at `start` which lie within 0..length.
fn within(start: isize, tile: usize, length: usize) -> Range<usize> {
    let place = |at: isize| at.clamp(0, tile as isize) as usize;
    place(-start)..place(length as isize - start)
}

/// The weights along one side of a tile.
fn fade(side: usize) -> Vec<f32> {
    (0..side).map(|i| (PI * (i as f64 + 0.5) / side as f64).sin().powi(2) as f32).collect()
}

/// The position within 0..length that appears at `at` if the image is mirrored repeatedly at both ends.
fn mirrored(at: isize, length: usize) -> usize {
    let at = at.rem_euclid(2 * length as isize) as usize;
    if at < length { at } else { 2 * length - 1 - at }
}

#[cfg(test)]
mod tests {
    use super::{count, mirrored, tiled};
    use ndarray::{Array2, Array3};

    fn image(c: usize, h: usize, w: usize) -> Array3<f32> {
        Array3::from_shape_fn((c, h, w), |(c, y, x)| ((c * 31 + y * 7 + x * 3) % 17) as f32 / 16.0)
    }

    /// A network that copies its input returns the same image, for all sizes.
    #[test]
    fn what_is_copied_comes_back_whole() {
        for (c, h, w, tile) in [(1, 40, 57, [28, 28]), (3, 9, 5, [8, 6]), (1, 3, 100, [28, 28]), (2, 1, 1, [5, 1])] {
            let x = image(c, h, w);
            let mut seen = 0;
            let copied = tiled(&x, tile, |tiles| {
                seen += tiles.nrows();
                Ok(tiles)
            });
            let y = copied.expect("nothing fails");
            assert!(x.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-5), "{c}×{h}×{w} in tiles of {tile:?}");
            assert_eq!(seen, count(&x, tile));
        }
    }

    /// Tiles on the left become black, tiles on the right white. The result changes from black to white gradually;
    /// tiles without overlap would give a step of 1.
    #[test]
    fn no_edge_of_a_tile_shows() {
        let halves = |tiles: Array2<f32>| {
            Ok(Array2::from_shape_fn(tiles.dim(), |(row, _)| if 2 * row < tiles.nrows() { 0.0 } else { 1.0 }))
        };
        let y = tiled(&Array3::zeros((1, 90, 90)), [28, 28], halves).expect("nothing fails");
        let change = |a: [usize; 2], b: [usize; 2]| (y[(0, a[0], a[1])] - y[(0, b[0], b[1])]).abs();
        let places = || (0..89).flat_map(|i| (0..89).map(move |j| [i, j]));
        let largest =
            places().map(|[i, j]| change([i, j], [i, j + 1]).max(change([i, j], [i + 1, j]))).fold(0.0, f32::max);
        assert_eq!((y[(0, 40, 5)], y[(0, 40, 85)]), (0.0, 1.0));
        assert!(largest < 0.08, "{largest}");
    }

    #[test]
    fn nothing_is_no_image() {
        for (h, w) in [(0, 5), (5, 0), (0, 0)] {
            let error = tiled(&Array3::zeros((1, h, w)), [28, 28], Ok).expect_err("no pixels").to_string();
            assert!(error.contains(&format!("{w}×{h}")), "{error}");
        }
    }

    #[test]
    fn mirrors_repeat() {
        let seen: Vec<_> = (-4..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(seen, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }
}
