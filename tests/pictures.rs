//! Pictures, decoded again by the crate `image`.

use handgrad_pictures::{Error, columns_of_square, grid, images, square, to_be_seen, to_unit};
use handgrad_tests::numbers;
use image::{DynamicImage, GrayImage};
use ndarray::{Array2, Array3, array};

fn decoded(png: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(png, image::ImageFormat::Png).expect("a PNG")
}

fn grey(png: &[u8]) -> GrayImage {
    match decoded(png) {
        DynamicImage::ImageLuma8(image) => image,
        other => panic!("not grey, but {:?}", other.color()),
    }
}

/// The byte nearest to a value in 0..1: white is 255.
fn byte(value: f32) -> u8 {
    (0..=255_u8)
        .min_by(|&a, &b| (f32::from(a) / 255.0 - value).abs().total_cmp(&(f32::from(b) / 255.0 - value).abs()))
        .expect("256 bytes")
}

/// `count` rows of values in 0..1.
fn rows(count: usize, values: usize, seed: u64) -> Array2<f32> {
    let values_of_all = numbers(count * values, seed).into_iter().map(|value| 0.5 + 0.5 * value).collect();
    Array2::from_shape_vec((count, values), values_of_all).expect("as many")
}

/// Every pixel of the picture belongs to the tile of a sample, or is white.
#[test]
fn each_value_fills_its_square_of_the_grid_and_the_rest_is_white() {
    let (factor, gap) = (84 / 3, 6);
    let tile = (3 * factor, 2 * factor);
    let drawn = [rows(3, 6, 1), rows(2, 6, 2)];
    let picture = grey(&grid(&drawn, &[2, 3]).expect("drawn"));
    assert_eq!(picture.dimensions(), (gap + 3 * (tile.0 + gap), gap + 2 * (tile.1 + gap)));
    for (x, y, pixel) in picture.enumerate_pixels() {
        let (column, row) = (x / (tile.0 + gap), y / (tile.1 + gap));
        let in_tile = (x % (tile.0 + gap)).checked_sub(gap).zip((y % (tile.1 + gap)).checked_sub(gap));
        let sample = drawn.get(row as usize).and_then(|samples| samples.rows().into_iter().nth(column as usize));
        let expected = match (in_tile, sample) {
            (Some((x, y)), Some(sample)) => byte(sample[(y / factor * 3 + x / factor) as usize]),
            _ => 255,
        };
        assert_eq!(pixel.0, [expected], "at {x}, {y}");
    }
}

/// Samples of 3 and 4 channels are red, green and blue; the fourth channel is not drawn.
#[test]
fn samples_of_three_and_four_channels_are_drawn_in_colour() {
    let (factor, gap) = (84 / 3, 6);
    let tile = (3 * factor, 2 * factor);
    for channels in [3, 4] {
        let drawn = [rows(2, channels * 6, 21), rows(1, channels * 6, 22)];
        let DynamicImage::ImageRgb8(picture) = decoded(&grid(&drawn, &[channels, 2, 3]).expect("drawn")) else {
            panic!("not in colour")
        };
        assert_eq!(picture.dimensions(), (gap + 2 * (tile.0 + gap), gap + 2 * (tile.1 + gap)));
        for (x, y, pixel) in picture.enumerate_pixels() {
            let (column, row) = (x / (tile.0 + gap), y / (tile.1 + gap));
            let in_tile = (x % (tile.0 + gap)).checked_sub(gap).zip((y % (tile.1 + gap)).checked_sub(gap));
            let sample = drawn.get(row as usize).and_then(|samples| samples.rows().into_iter().nth(column as usize));
            let expected = match (in_tile, sample) {
                (Some((x, y)), Some(sample)) => {
                    let image = sample.to_shape((channels, 2, 3)).expect("as many");
                    [0, 1, 2].map(|channel| byte(image[[channel, (y / factor) as usize, (x / factor) as usize]]))
                }
                _ => [255; 3],
            };
            assert_eq!(pixel.0, expected, "at {x}, {y} of {channels} channels");
        }
    }
}

/// Each colour by itself, and a large sample of which every second value is drawn.
#[test]
fn colours_are_in_the_order_red_green_blue_and_large_samples_are_thinned() {
    let sample = array![[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]];
    let picture = decoded(&grid(&[sample], &[3, 1, 3]).expect("drawn")).into_rgb8();
    let colors = [0, 1, 2].map(|at| picture.get_pixel(6 + 28 * at, 6).0);
    assert_eq!(colors, [[255, 0, 0], [0, 255, 0], [0, 0, 255]]);
    assert_eq!(picture.dimensions(), (84 + 12, 28 + 12), "an image of one line is no curve");

    let sample = rows(1, 3 * 4 * 5000, 23);
    let picture = decoded(&grid(std::slice::from_ref(&sample), &[3, 4, 5000]).expect("drawn")).into_rgb8();
    assert_eq!(picture.dimensions(), (2500 + 12, 2 + 12));
    for (x, y) in (0..2500).flat_map(|x| (0..2).map(move |y| (x, y))) {
        let expected = [0, 1, 2].map(|channel| byte(sample[[0, (channel * 4 + 2 * y) * 5000 + 2 * x]]));
        assert_eq!(picture.get_pixel(x as u32 + 6, y as u32 + 6).0, expected, "at {x}, {y}");
    }
}

#[test]
fn other_numbers_of_channels_are_grey_below_each_other() {
    for channels in [1, 2, 5] {
        let sample = rows(1, channels * 6, 24);
        let below_each_other = grid(std::slice::from_ref(&sample), &[channels * 2, 3]).expect("drawn");
        assert!(grid(&[sample], &[channels, 2, 3]).expect("drawn") == below_each_other, "{channels} channels");
    }
}

#[test]
fn a_sample_of_one_dimension_is_a_curve_from_the_bottom_to_the_top() {
    let line_of = |values: Array2<f32>| {
        let picture = grey(&grid(&[values], &[5]).expect("drawn"));
        // Tiles of 5 · 16 by 84 pixels.
        assert_eq!(picture.dimensions(), (80 + 12, 84 + 12));
        let inside = |at: u32| (0..80).map(move |x| (x + 6, at + 6));
        let ink = |x: u32| (0..84).filter(|&y| picture.get_pixel(x + 6, y + 6).0 == [20]).collect::<Vec<_>>();
        assert!((0..84).flat_map(inside).all(|(x, y)| [[20], [238]].contains(&picture.get_pixel(x, y).0)));
        (0..80).map(ink).collect::<Vec<_>>()
    };
    assert_eq!(line_of(array![[1.0, 1.0, 1.0, 1.0, 1.0]]), vec![vec![0]; 80], "1 is at the top");
    assert_eq!(line_of(array![[0.0, 0.0, 0.0, 0.0, 0.0]]), vec![vec![83]; 80], "0 is at the bottom");
    let rising = line_of(array![[0.0, 0.25, 0.5, 0.75, 1.0]]);
    for (x, ink) in rising.iter().enumerate().take(64) {
        // A straight line from (0, 83) to (64, 0), and on to the next pixel; integers are rounded down twice.
        let exact = |x: usize| 83.0 * (1.0 - x as f64 / 64.0);
        let allowed = exact(x + 1) - 2.2..=exact(x) + 0.2;
        assert!(ink.iter().all(|&y| allowed.contains(&f64::from(y))), "{ink:?} at {x}, not in {allowed:?}");
    }
    let joined = |pair: &[Vec<u32>]| pair[0].iter().any(|a| pair[1].iter().any(|b| a.abs_diff(*b) <= 1));
    assert!(rising.windows(2).all(joined), "the curve has no holes");
}

#[test]
fn large_samples_are_thinned_to_every_second_value() {
    let sample = rows(1, 10 * 5000, 3);
    let picture = grey(&grid(std::slice::from_ref(&sample), &[10, 5000]).expect("drawn"));
    assert_eq!(picture.dimensions(), (2500 + 12, 5 + 12));
    for (x, y) in (0..2500).flat_map(|x| (0..5).map(move |y| (x, y))) {
        let expected = byte(sample[[0, (2 * y * 5000 + 2 * x) as usize]]);
        assert_eq!(picture.get_pixel(x + 6, y + 6).0, [expected], "at {x}, {y}");
    }
}

#[test]
fn a_square_is_a_grid_in_reading_order() {
    let samples = rows(7, 16, 4);
    let part = |from: usize, to: usize| samples.slice(ndarray::s![from..to, ..]).to_owned();
    let by_hand = grid(&[part(0, 3), part(3, 6), part(6, 7)], &[4, 4]).expect("drawn");
    assert!(square(&samples, &[4, 4]).expect("drawn") == by_hand);
    for samples in 1..200_usize {
        let columns = columns_of_square(samples);
        assert!(columns.pow(2) >= samples && (columns - 1).pow(2) < samples, "{samples} in {columns} columns");
    }
}

#[test]
fn images_are_drawn_pixel_by_pixel_below_each_other() {
    for channels in [1, 3] {
        let image_of = |seed| {
            let values = rows(1, channels * 4 * 5, seed).into_raw_vec_and_offset().0;
            Array3::from_shape_vec((channels, 4, 5), values).expect("as many")
        };
        let drawn = [image_of(5), image_of(6)];
        let picture = decoded(&images(&[drawn[0].view(), drawn[1].view()]).expect("drawn"));
        assert_eq!(usize::from(picture.color().channel_count()), channels);
        let picture = picture.into_rgb8();
        assert_eq!(picture.dimensions(), (5, 4 + 6 + 4));
        for (x, y, pixel) in picture.enumerate_pixels() {
            let (image, y) = (y / 10, y % 10);
            for (channel, &value) in pixel.0.iter().enumerate() {
                let at = [channel.min(channels - 1), y as usize, x as usize];
                let expected = drawn[image as usize].get(at).map_or(255, |&value| byte(value));
                assert_eq!(value, expected, "channel {channel} at {x}, {y} of image {image}");
            }
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error_with_its_numbers() {
    let shape = |values: usize, shape: &[usize]| grid(&[rows(2, values, 7)], shape).expect_err("refused").to_string();
    assert_eq!(shape(5, &[2, 3]), "samples of 5 values cannot be drawn in the shape [2, 3]");
    assert!(shape(0, &[0]).contains("0 values"));
    assert!(shape(1, &[2]).contains("samples of 1 value cannot"));
    assert!(shape(4, &[usize::MAX, 2]).contains("4 values"));
    let (small, large) = (Array3::zeros((1, 2, 3)), Array3::zeros((1, 2, 4)));
    let different = images(&[small.view(), large.view()]).expect_err("refused");
    assert!(matches!(different, Error::DifferentSizes { first: [1, 2, 3], other: [1, 2, 4] }), "{different}");
    assert!(matches!(images(&[]), Err(Error::Png(_))), "no image");
    assert!(matches!(images(&[Array3::zeros((2, 2, 2)).view()]), Err(Error::Png(_))), "two channels");
}

#[test]
fn values_are_moved_into_0_to_1_only_where_they_lie_outside() {
    let inside = array![[0.2, 0.4], [0.9, 0.0]];
    assert_eq!(to_be_seen(&inside), (inside.clone(), None));
    assert_eq!(to_unit(&inside, (0.0, 1.0)), inside);
    let (drawn, range) = to_be_seen(&array![[-4.0, 0.0], [12.0, 4.0]]);
    assert_eq!((drawn, range), (array![[0.0, 0.25], [1.0, 0.5]], Some((-4.0, 12.0))));
    assert_eq!(to_be_seen(&array![[3.0, 3.0]]).0, array![[0.0, 0.0]], "all values equal");
}
