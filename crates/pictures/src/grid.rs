//! Draws samples as a PNG, for instance a row of originals above a row of reconstructions, and writes whole images.

use crate::SOFTWARE;
use ndarray::{Array2, ArrayView1, ArrayView3, Axis};

use crate::Error;

/// The size of a sample in the picture, in pixels. Smaller samples are enlarged by the largest whole factor that does
/// not make them larger than this. Larger samples are not reduced to this size.
const SIDE: usize = 84;
/// The width of the white gaps between samples, in pixels.
const GAP: usize = 6;
/// The grey level of a curve.
const INK: u8 = 20;
/// The grey level of the background of a curve.
const PAPER: u8 = 238;
/// The most pixels that all samples of a picture have together. If there would be more, only every n-th value is drawn.
const MOST_PIXELS: usize = 1 << 24;

/// Draws a grid of images as a PNG. `rows` are the rows of the grid; each is a matrix with one sample per row, and each
/// sample has the shape `shape`. The values 0..1 are drawn from black to white.
///
/// - A sample of 3 × height × width is drawn in colour: its channels are red, green and blue. A sample of 4 × height ×
///   width is drawn in the same way, and its fourth channel, the opacity, is not drawn. It is not used to blend the
///   image with white, because an error map with an opacity error of 0 would then be white everywhere.
/// - A sample with one dimension is drawn as a curve.
/// - Every other sample is grey. If it has more than two dimensions, its last dimension is the width, and all others
///   together are the height.
///
/// ```
/// let samples = ndarray::array![[0.0, 1.0, 1.0, 0.0], [0.5, 0.5, 0.5, 0.5]];
/// let reconstructions = samples.mapv(|value| 0.9 * value);
/// let png = handgrad_pictures::grid(&[samples, reconstructions], &[2, 2])?;
/// # assert!(png.starts_with(b"\x89PNG"));
///
/// // One pixel: red, green and blue.
/// let orange = ndarray::array![[1.0, 0.5, 0.0]];
/// let png = handgrad_pictures::grid(&[orange], &[3, 1, 1])?;
/// # assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), handgrad_pictures::Error>(())
/// ```
///
/// # Errors
/// If the samples do not have as many values as `shape` says, or if the picture is too large for a PNG.
pub fn grid(rows: &[Array2<f32>], shape: &[usize]) -> Result<Vec<u8>, Error> {
    let product = shape.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    let values = product.unwrap_or(usize::MAX);
    if let Some(wrong) = rows.iter().find(|samples| samples.ncols() == 0 || samples.ncols() != values) {
        return Err(Error::Shape { values: wrong.ncols(), shape: shape.to_vec() });
    }
    let values_across = shape.last().copied().unwrap_or(1).max(1);
    let in_colour = matches!(shape, [3 | 4, _, _]);
    // One plane is drawn in grey, three are red, green and blue.
    let planes = if in_colour { 3 } else { 1 };
    let values_down = if in_colour { shape[1].max(1) } else { (values / values_across).max(1) };
    let columns = rows.iter().map(Array2::nrows).max().unwrap_or(0);
    let tiles = (rows.len() * columns).max(1);
    // Every `thin`-th value across and down is drawn.
    let longest = ((MOST_PIXELS / tiles) as f64).sqrt() as usize;
    let thin = values_across.max(values_down).div_ceil(longest.max(1));
    let (width, height) = (values_across.div_ceil(thin), values_down.div_ceil(thin));
    let factor = (SIDE / width.max(height)).max(1);
    let is_curve = height == 1 && !in_colour;
    let tile_width = width * factor;
    let tile_height = if is_curve { (tile_width / 2).max(SIDE) } else { height * factor };
    let full_width = columns * (tile_width + GAP) + GAP;
    let full_height = rows.len() * (tile_height + GAP) + GAP;

    // The channels of a pixel are stored next to each other.
    let mut pixels = vec![255; full_width * full_height * planes];
    for (row, samples) in rows.iter().enumerate() {
        for (column, sample) in samples.rows().into_iter().enumerate() {
            let (left, top) = (GAP + column * (tile_width + GAP), GAP + row * (tile_height + GAP));
            let levels = to_grey(sample);
            let curve = is_curve.then(|| curve(&levels, factor, thin, [tile_width, tile_height]));
            for y in 0..tile_height {
                let line = &mut pixels[((top + y) * full_width + left) * planes..][..tile_width * planes];
                if let Some(curve) = &curve {
                    line.copy_from_slice(&curve[y * tile_width..][..tile_width]);
                    continue;
                }
                let source = y / factor * thin * values_across;
                for (x, pixel) in line.chunks_exact_mut(planes).enumerate() {
                    for (plane, level) in pixel.iter_mut().enumerate() {
                        *level = levels[plane * values_down * values_across + source + x / factor * thin];
                    }
                }
            }
        }
    }

    let color = if in_colour { png::ColorType::Rgb } else { png::ColorType::Grayscale };
    png(&pixels, [full_width, full_height], color)
}

/// Draws a curve through every `thin`-th of the values. The value 255 is at the top and 0 at the bottom, and `factor`
/// pixels lie between one drawn value and the next.
fn curve(values: &[u8], factor: usize, thin: usize, [width, height]: [usize; 2]) -> Vec<u8> {
    let mut tile = vec![PAPER; width * height];
    let level = |at: usize| (255 - usize::from(values[at * thin])) * (height - 1) / 255;
    let last = (values.len() - 1) / thin;
    for x in 0..width {
        // Linear interpolation between one drawn value and the next.
        let y = |x: usize| {
            let (at, way) = (x / factor, x % factor);
            let [from, to] = [at.min(last), (at + 1).min(last)].map(level);
            (from * (factor - way) + to * way) / factor
        };
        let (from, to) = (y(x), y((x + 1).min(width - 1)));
        (from.min(to)..=from.max(to)).for_each(|y| tile[y * width + x] = INK);
    }
    tile
}

fn png(pixels: &[u8], [width, height]: [usize; 2], color: png::ColorType) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let (Ok(columns), Ok(lines)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(Error::TooLarge { width, height });
    };
    let mut encoder = png::Encoder::new(&mut bytes, columns, lines);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk("Software".into(), SOFTWARE.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// The number of columns of an almost square grid: as many columns as rows, or one more.
///
/// ```
/// assert_eq!(handgrad_pictures::columns_of_square(10), 4);
/// ```
#[must_use]
pub fn columns_of_square(samples: usize) -> usize {
    (1..).find(|columns| columns * columns >= samples).unwrap_or(1)
}

/// Draws a grid of samples that has about as many columns as rows. See [`grid()`].
///
/// # Errors
/// The same as those of [`grid()`].
pub fn square(samples: &Array2<f32>, shape: &[usize]) -> Result<Vec<u8>, Error> {
    let columns = columns_of_square(samples.nrows());
    grid(&samples.axis_chunks_iter(Axis(0), columns).map(|row| row.to_owned()).collect::<Vec<_>>(), shape)
}

/// Draws a grid in which each matrix is one column: row `i` of the picture has the samples in row `i` of all matrices.
///
/// ```
/// use handgrad_pictures::{grid, grid_of_columns};
/// use ndarray::array;
///
/// let (left, right) = (array![[0.1, 0.2], [0.3, 0.4]], array![[0.5, 0.6], [0.7, 0.8]]);
/// let rows = [array![[0.1, 0.2], [0.5, 0.6]], array![[0.3, 0.4], [0.7, 0.8]]];
/// assert_eq!(grid_of_columns(&[left, right], &[1, 2])?, grid(&rows, &[1, 2])?);
/// # Ok::<(), handgrad_pictures::Error>(())
/// ```
///
/// # Errors
/// The same as those of [`grid()`].
pub fn grid_of_columns(columns: &[Array2<f32>], shape: &[usize]) -> Result<Vec<u8>, Error> {
    let (count, width) = columns.first().map_or((0, 0), Array2::dim);
    let row = |at: usize| {
        Array2::from_shape_fn((columns.len(), width), |(column, value)| {
            columns[column].get((at, value)).copied().unwrap_or(0.0)
        })
    };
    grid(&(0..count).map(row).collect::<Vec<_>>(), shape)
}

/// Draws images of the same size as a PNG, one below the other. Each image is channels × height × width, with 1 or 3
/// channels, and each of its pixels is one pixel of the picture.
///
/// ```
/// let image = ndarray::Array3::from_elem((3, 20, 30), 0.5);
/// let png = handgrad_pictures::images(&[image.view()])?;
/// # assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), handgrad_pictures::Error>(())
/// ```
///
/// # Errors
/// If there is no image, if the images differ in size, or if they have neither 1 nor 3 channels.
pub fn images(images: &[ArrayView3<f32>]) -> Result<Vec<u8>, Error> {
    let (channels, height, width) = images.first().map_or((1, 1, 1), |image| image.dim());
    let mut pixels = Vec::new();
    for image in images {
        if image.dim() != (channels, height, width) {
            let other = image.dim().into();
            return Err(Error::DifferentSizes { first: [channels, height, width], other });
        }
        if !pixels.is_empty() {
            pixels.resize(pixels.len() + GAP * width * channels, 255);
        }
        // In a PNG the channels of a pixel are stored next to each other.
        pixels.extend(image.view().permuted_axes([1, 2, 0]).iter().map(|&value| grey(value)));
    }
    let color = if channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale };
    png(&pixels, [width, height * images.len() + GAP * images.len().saturating_sub(1)], color)
}

fn grey(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn to_grey(sample: ArrayView1<f32>) -> Vec<u8> {
    sample.iter().map(|&value| grey(value)).collect()
}

/// Scales values linearly so that the range of the data, from `low` to `high`, becomes 0..1 and they can be drawn. If
/// the range is within 0..1 already, the values are returned unchanged.
///
/// ```
/// let values = ndarray::array![[-1.0, 0.0, 1.0]];
/// assert_eq!(handgrad_pictures::to_unit(&values, (-1.0, 1.0)), ndarray::array![[0.0, 0.5, 1.0]]);
/// ```
#[must_use]
pub fn to_unit(values: &Array2<f32>, (low, high): (f32, f32)) -> Array2<f32> {
    if low >= 0.0 && high <= 1.0 {
        return values.clone();
    }
    let span = if high > low { high - low } else { 1.0 };
    values.mapv(|value| (value - low) / span)
}

/// Scales values for which no range of data is known, such as those that a decoder computes from codes. If a value is
/// outside 0..1, all are scaled linearly so that their own range becomes 0..1, and that range is returned too.
/// Otherwise they are returned unchanged, with `None`.
///
/// ```
/// let (drawn, range) = handgrad_pictures::to_be_seen(&ndarray::array![[-2.0, 0.0, 2.0]]);
/// assert_eq!(drawn, ndarray::array![[0.0, 0.5, 1.0]]);
/// assert_eq!(range, Some((-2.0, 2.0)));
/// ```
#[must_use]
pub fn to_be_seen(values: &Array2<f32>) -> (Array2<f32>, Option<(f32, f32)>) {
    let all = (f32::INFINITY, f32::NEG_INFINITY);
    let range = values.iter().fold(all, |(low, high), &value| (low.min(value), high.max(value)));
    let outside = range.0 < 0.0 || range.1 > 1.0;
    (to_unit(values, range), outside.then_some(range))
}
