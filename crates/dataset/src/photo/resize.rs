//! Resizes images with a triangle filter: a new pixel is a weighted mean of the old pixels near its centre.

use ndarray::{Array3, Axis};

/// Resizes an image, channels × height × width, to the given height and width; the proportions may change. Returns
/// `None` if a side of the old or of the new image is 0 or does not fit into 32 bits.
#[must_use]
pub fn resized(image: &Array3<f32>, [height, width]: [usize; 2]) -> Option<Array3<f32>> {
    let (channels, old_height, old_width) = image.dim();
    if [old_width, old_height, width, height].iter().any(|&side| side == 0 || u32::try_from(side).is_err()) {
        return None;
    }
    if (old_height, old_width) == (height, width) {
        return Some(image.clone());
    }
    let (rows, columns) = (windows(old_height, height), windows(old_width, width));
    let (mut values, mut line) = (Vec::with_capacity(channels * height * width), vec![0.0; old_width]);
    for plane in image.axis_iter(Axis(0)) {
        for (top, weights) in &rows {
            line.fill(0.0);
            for (old, weight) in plane.split_at(Axis(0), *top).1.rows().into_iter().zip(weights) {
                line.iter_mut().zip(old).for_each(|(sum, value)| *sum += value * weight);
            }
            values.extend(columns.iter().map(|(left, weights)| {
                let sum = line[*left..].iter().zip(weights).fold(0.0, |sum, (value, weight)| sum + value * weight);
                sum.clamp(0.0, 1.0)
            }));
        }
    }
    Array3::from_shape_vec((channels, height, width), values).ok()
}

/// For each of `new` pixels in a line: the first of the `old` pixels that it depends on, and the weights of that pixel
/// and of those after it. The sum of the weights is 1.
fn windows(old: usize, new: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = old as f32 / new as f32;
    // Half the width of the triangle.
    let reach = ratio.max(1.0);
    let window = |at: usize| {
        let centre = (at as f32 + 0.5) * ratio;
        // Negative numbers become 0.
        let first = ((centre - reach).floor() as usize).min(old - 1);
        let end = ((centre + reach).ceil() as usize).clamp(first + 1, old);
        // The centre of an old pixel is half a pixel after its beginning.
        let weight = |pixel: usize| (1.0 - ((pixel as f32 - (centre - 0.5)) / reach).abs()).max(0.0);
        let weights: Vec<f32> = (first..end).map(weight).collect();
        let sum = weights.iter().fold(0.0, |sum, weight| sum + weight);
        (first, weights.into_iter().map(|weight| weight / sum).collect())
    };
    (0..new).map(window).collect()
}
