//! Images of any size through a network of one size: in tiles that overlap, and whose edges fade into each other.
//!
//! ```text
//! y(p) = Σ_tiles v_tile(p)·f(x_tile)(p) / Σ_tiles v_tile(p)
//! v(i, j) = sin²(π·(i + ½)/h)·sin²(π·(j + ½)/w)           of a tile of h×w: nearly 0 at its edge, 1 in its middle
//! ```
//!
//! Tiles begin every eighth of their size, some of them outside of the image, which is mirrored at its edges; so every
//! pixel lies in about 8×8 tiles, and no tile's edge shows. Half as many would hide the edges too, but not what a
//! network of stride 4 does differently at each fourth pixel: of an even grey, tiles of 28 a quarter apart made a weave
//! of ±3 levels in 255, and these, 3 pixels apart, none.
//!
//! The window is that of von Hann (Blackman & Tukey, "The Measurement of Power Spectra", 1958).

use std::f64::consts::PI;

use ndarray::{Array2, Array3};

use crate::Error;

/// Tiles that lie over each pixel, down as across, about.
const OVERLAP: usize = 8;
/// Tiles that are handed over at a time.
const BATCH: usize = 256;

/// `image`, channels × height × width, through `f`, which takes and gives tiles of channels × h × w, one a row.
///
/// # Errors
/// If the image has no pixels, or that of `f`.
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
    // Every place of a tile in its row, and where in the image it lies for a tile that begins at (top, left).
    let places = || (0..channels).flat_map(move |c| (0..h).flat_map(move |i| (0..w).map(move |j| (c, i, j))));
    for top in starts(h, height) {
        for lefts in starts(w, width).chunks(BATCH) {
            let mut tiles = Array2::zeros((lefts.len(), channels * h * w));
            for (mut tile, &left) in tiles.rows_mut().into_iter().zip(lefts) {
                for (value, (c, i, j)) in tile.iter_mut().zip(places()) {
                    *value = image[(c, mirrored(top + i as isize, height), mirrored(left + j as isize, width))];
                }
            }
            for (tile, &left) in f(tiles)?.rows().into_iter().zip(lefts) {
                for (&value, (c, i, j)) in tile.iter().zip(places()) {
                    let (y, x) = (top + i as isize, left + j as isize);
                    if (0..height as isize).contains(&y) && (0..width as isize).contains(&x) {
                        let (at, v) = ((y as usize, x as usize), down[i] * across[j]);
                        sum[(c, at.0, at.1)] += v * value;
                        weight[at] += if c == 0 { v } else { 0.0 };
                    }
                }
            }
        }
    }
    Ok(sum / weight)
}

/// How many tiles an image takes.
#[must_use]
pub fn count(image: &Array3<f32>, [h, w]: [usize; 2]) -> usize {
    let (_, height, width) = image.dim();
    starts(h, height).len() * starts(w, width).len()
}

/// Where tiles begin along a side: from the first to the last that reaches into the image.
fn starts(tile: usize, length: usize) -> Vec<isize> {
    let step = (tile / OVERLAP).max(1);
    (step as isize - tile as isize..length as isize).step_by(step).collect()
}

/// The weights along one side of a tile.
fn fade(side: usize) -> Vec<f32> {
    (0..side).map(|i| (PI * (i as f64 + 0.5) / side as f64).sin().powi(2) as f32).collect()
}

/// The place within 0..length that is seen at `at` where the image is mirrored at both ends, again and again.
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

    /// A network that copies its input gives the image back, whatever the sizes.
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

    /// Black tiles on the left, white ones on the right: the image turns from black to white without a step, where
    /// tiles laid side by side would have one of 1.
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
