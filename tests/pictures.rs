//! Pictures, decoded again by the crate `image`, and charts, read back by their own axes.

use std::collections::HashMap;

use handgrad_pictures::charts::losses::{self, Losses};
use handgrad_pictures::charts::number;
use handgrad_pictures::charts::scores::{self, Roc, Scores};
use handgrad_pictures::{Error, columns_of_square, grid, images, square, to_be_seen, to_unit};
use handgrad_tests::numbers;
use image::{DynamicImage, GrayImage};
use ndarray::{Array2, Array3, array};
use proptest::prelude::*;

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

/// An element of an SVG, and the text that follows its tag.
struct Element<'a> {
    tag: &'a str,
    attributes: HashMap<&'a str, &'a str>,
    text: &'a str,
}

impl Element<'_> {
    fn at(&self, name: &str) -> f64 {
        self.attributes[name].parse().expect("a number")
    }

    fn is(&self, tag: &str, class: &str) -> bool {
        self.tag == tag && self.attributes.get("class") == Some(&class)
    }

    /// The points of a polyline.
    fn points(&self) -> Vec<[f64; 2]> {
        let number = |text: &str| text.parse().expect("a number");
        let point = |text: &str| text.split_once(',').map(|(x, y)| [number(x), number(y)]).expect("two numbers");
        self.attributes["points"].split_whitespace().map(point).collect()
    }
}

fn elements(svg: &str) -> Vec<Element<'_>> {
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let element = |part| {
        let (inside, text) = str::split_once(part, '>').expect("a tag ends");
        let (tag, rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let parts: Vec<_> = rest.split('"').collect();
        let attributes = parts.chunks_exact(2).map(|pair| (pair[0].trim().trim_end_matches('='), pair[1])).collect();
        Element { tag, attributes, text }
    };
    svg.split('<').skip(1).map(element).collect()
}

/// A function from a coordinate to its value, from two marks of an axis and their labels.
fn axis(marks: &[(f64, f64)]) -> impl Fn(f64) -> f64 + use<> {
    let [(from, low), .., (to, high)] = *marks else { panic!("an axis has two marks, not {marks:?}") };
    for (at, label) in marks {
        let expected = low + (at - from) / (to - from) * (high - low);
        assert!((label - expected).abs() < 2e-3 * (high - low), "{label} stands at {expected}");
    }
    move |at| low + (at - from) / (to - from) * (high - low)
}

/// The y axis from the grid lines that start at `left`, each followed by its label.
fn y_axis(svg: &[Element], left: f64) -> impl Fn(f64) -> f64 + use<> {
    let lines = svg.iter().enumerate().filter(|(_, line)| line.is("line", "grid") && line.at("x1") == left);
    let label = |at: usize| svg[at + 1].text.trim_end_matches(" %").parse().expect("a number");
    axis(&lines.map(|(at, line)| (line.at("y1"), label(at))).collect::<Vec<_>>())
}

/// The x axis from the labels below the lowest point of a chart, between two ends.
fn x_axis(svg: &[Element], below: f64, [left, right]: [f64; 2]) -> impl Fn(f64) -> f64 + use<> {
    let is = |text: &&Element| text.tag == "text" && text.at("y") == below && text.text.parse::<f64>().is_ok();
    let marks = svg.iter().filter(is).map(|text| (text.at("x"), text.text.parse().expect("a number")));
    axis(&marks.filter(|(at, _)| (left..=right).contains(at)).collect::<Vec<_>>())
}

fn near(what: &str, drawn: f64, meant: f64, within: f64) {
    assert!((drawn - meant).abs() <= within, "{what}: drawn at {drawn}, meant {meant}");
}

#[test]
fn losses_stand_where_the_axes_say() {
    let of = |seed, scale: f64| (numbers(40, seed).into_iter().map(move |v| scale * (1.5 + f64::from(v)))).collect();
    for (seed, scale) in [(8, 1e-3), (9, 1.0), (10, 700.0)] {
        let (training, validation): (Vec<f64>, Vec<f64>) = (of(seed, scale), of(seed + 10, scale));
        let chart = Losses {
            title: "",
            loss: "",
            training: &training,
            validation: &validation,
            terms: &[],
            best_epoch: Some(7),
            least: 0.0,
        };
        let svg = losses::svg(&chart);
        let svg = elements(&svg);
        let y = y_axis(&svg, 70.0);
        let x = x_axis(&svg, 370.0, [0.0, 720.0]);
        // A tenth of a pixel.
        let (fine_x, fine_y) = ((x(0.1) - x(0.0)).abs(), (y(0.1) - y(0.0)).abs());
        for (class, losses) in [("train", &training), ("val", &validation)] {
            let points = svg.iter().find(|line| line.is("polyline", class)).expect("a curve").points();
            assert_eq!(points.len(), losses.len());
            for (at, ([drawn_x, drawn_y], &loss)) in points.into_iter().zip(losses).enumerate() {
                near("epoch", x(drawn_x), at as f64 + 1.0, fine_x);
                near("loss", y(drawn_y), loss, fine_y);
            }
        }
        let [least, best] = &svg.iter().filter(|line| line.is("line", "least")).collect::<Vec<_>>()[..] else {
            panic!("the least possible loss and the best epoch")
        };
        near("least", y(least.at("y1")), 0.0, fine_y);
        near("best epoch", x(best.at("x1")), 7.0, fine_x);
        assert!(svg.iter().any(|text| text.text == "kept: epoch 7"));
        let label = svg.iter().find_map(|text| text.text.strip_prefix("training ")).expect("a label");
        let four_digits = format!("{:.3e}", training[39]);
        assert_eq!(label.parse::<f64>(), four_digits.parse(), "{label}");
    }
}

#[test]
fn the_least_possible_loss_is_left_out_where_it_would_press_the_curves_flat() {
    let with = |least| Losses {
        title: "",
        loss: "",
        training: &[5.0, 4.0],
        validation: &[5.0, 4.5],
        terms: &[],
        best_epoch: None,
        least,
    };
    assert!(losses::svg(&with(2.1)).contains("least possible 2.100"));
    assert!(!losses::svg(&with(1.9)).contains("least possible"));
}

/// Losses over several powers of ten have a logarithmic axis, on which equal ratios have equal distances.
#[test]
fn losses_of_many_sizes_have_a_logarithmic_axis() {
    for (scale, decades) in [(1e-9, 2), (0.03, 2), (1.0, 5), (700.0, 40)] {
        let losses: Vec<f64> = (0..=10).map(|at| scale * 10_f64.powf(f64::from((10 - at) * decades) / 10.0)).collect();
        let term = vec![0.0, scale * 1e-9, scale * 3.0];
        let chart = Losses {
            title: "",
            loss: "error",
            training: &losses,
            validation: &losses,
            terms: &[("one", term), ("two", losses.clone())],
            best_epoch: None,
            least: 0.0,
        };
        let svg = losses::svg(&chart);
        assert!(svg.contains("error (logarithmic axis)") && !svg.contains("NaN"), "{svg}");
        let svg = elements(&svg);
        // The logarithm of a loss against its place, from the labels of the grid lines.
        let lines = svg.iter().enumerate().filter(|(_, line)| line.is("line", "grid"));
        let label = |at: usize| svg[at + 1].text.parse::<f64>().expect("a number").log10();
        let ticks: Vec<(f64, f64)> = lines.map(|(at, line)| (line.at("y1"), label(at))).collect();
        assert!((3..=10).contains(&ticks.len()), "{ticks:?}");
        let [(from, low), .., (to, high)] = ticks[..] else { panic!("several ticks") };
        let of = |place: f64| low + (place - from) / (to - from) * (high - low);
        let fine = (of(0.2) - of(0.0)).abs();
        ticks.iter().for_each(|(place, tick)| near("tick", of(*place), *tick, fine));
        let points = |class: &str| svg.iter().find(|line| line.is("polyline", class)).map(Element::points);
        for class in ["train", "val", "term1"] {
            for ([_, place], loss) in points(class).expect("a curve").into_iter().zip(&losses) {
                near(class, of(place), loss.log10(), fine);
            }
        }
        // A term of 0 is a gap, and one far below all losses is at the lower end.
        let small = points("term0").expect("a curve");
        assert_eq!((small.len(), small[0][1]), (2, 350.0));
        near("a term", of(small[1][1]), (scale * 3.0).log10(), fine);
    }
}

#[test]
fn the_axis_of_losses_is_linear_where_they_are_alike_or_not_positive() {
    for losses in [[1.0, 0.1, 0.06], [5.0, 0.0, 1.0], [100.0, -1.0, 2.0]] {
        let one = [("reconstruction", losses.to_vec())];
        let (training, validation) = (&losses[..], &losses[..]);
        let chart =
            Losses { title: "", loss: "", training, validation, terms: &one, best_epoch: None, least: f64::NAN };
        let svg = losses::svg(&chart);
        assert!(!svg.contains("logarithmic") && !svg.contains("reconstruction"), "a single term is the loss: {svg}");
        let y = y_axis(&elements(&svg), 70.0);
        let points = elements(&svg).iter().find(|line| line.is("polyline", "train")).expect("a curve").points();
        let fine = (y(0.1) - y(0.0)).abs();
        points.iter().zip(losses).for_each(|(point, loss)| near("loss", y(point[1]), loss, fine));
    }
    // With a second term that is much smaller than the loss, both are to be seen.
    let terms = [("reconstruction", vec![200.0, 190.0]), ("KL divergence", vec![2.0, 3.0])];
    let (training, validation) = (&[202.0, 193.0][..], &[202.0, 193.0][..]);
    let chart = Losses { title: "", loss: "", training, validation, terms: &terms, best_epoch: None, least: 0.0 };
    let svg = losses::svg(&chart);
    for text in ["logarithmic", "reconstruction 190.0", "KL divergence 3.000", "validation 193.0"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn scores_stand_where_the_axes_say() {
    // In the middle of a bar: each is 0.02 wide.
    let all = numbers(300, 11).into_iter().map(|v| (5.0 + 5.0 * f64::from(v)).floor() / 10.0 + 0.03);
    let all: Vec<f64> = all.collect();
    let truth: Vec<bool> = (0..all.len()).map(|at| at % 7 == 0).collect();
    let points = [[0.0, 0.0], [0.25, 0.5], [0.5, 0.875], [1.0, 1.0]];
    let roc = Some(Roc { points: &points, area: 0.703 });
    let chart = Scores { title: "", name: "", scores: &all, truth: Some(&truth), threshold: 0.51, roc };
    let svg = scores::svg(&chart);
    let svg = elements(&svg);
    let y = y_axis(&svg, 60.0);
    let x = x_axis(&svg, 360.0, [0.0, 535.0]);
    let (fine_x, fine_y) = ((x(0.2) - x(0.0)).abs(), (y(0.2) - y(0.0)).abs());
    for (class, kind) in [("normal", false), ("anomalous", true)] {
        let of_kind: Vec<f64> =
            all.iter().zip(&truth).filter(|(_, is)| **is == kind).map(|(score, _)| *score).collect();
        let is_bar = |bar: &&Element| bar.is("rect", class) && bar.attributes["y"] != "44";
        let bars: Vec<_> = svg.iter().filter(is_bar).collect();
        let mut seen = 0;
        for bar in bars {
            let (from, to) = (x(bar.at("x")), x(bar.at("x") + bar.at("width")));
            near("width", to - from, 0.02, 2.0 * fine_x);
            let within = of_kind.iter().filter(|score| (from..to).contains(*score)).count();
            near("bar", y(bar.at("y")), 100.0 * within as f64 / of_kind.len() as f64, fine_y);
            near("foot", y(bar.at("y") + bar.at("height")), 0.0, fine_y);
            seen += within;
        }
        assert_eq!(seen, of_kind.len(), "every score is in a bar");
    }
    let lines: Vec<_> = svg.iter().filter(|line| line.is("line", "threshold")).collect();
    near("threshold", x(lines[0].at("x1")), 0.51, fine_x);

    let y = y_axis(&svg, 630.0);
    let x = x_axis(&svg, 360.0, [600.0, 930.0]);
    let drawn = svg.iter().find(|line| line.is("polyline", "curve")).expect("a curve").points();
    assert_eq!(drawn.len(), points.len());
    for (drawn, point) in drawn.into_iter().zip(points) {
        near("false positive rate", x(drawn[0]), point[0], 1e-3);
        near("true positive rate", y(drawn[1]), point[1], 1e-3);
    }
    assert!(svg.iter().any(|text| text.text == "ROC, area 0.7030: anomalies found"));
}

#[test]
fn a_curve_of_very_many_points_is_thinned_but_keeps_its_ends() {
    let points: Vec<[f64; 2]> = (0..=100_000).map(|at| f64::from(at) / 1e5).map(|part| [part, part.sqrt()]).collect();
    let roc = Some(Roc { points: &points, area: 2.0 / 3.0 });
    let chart = Scores { title: "", name: "", scores: &[0.0], truth: Some(&[true]), threshold: 0.5, roc };
    let svg = scores::svg(&chart);
    let drawn = elements(&svg).iter().find(|line| line.is("polyline", "curve")).expect("a curve").points();
    assert!((100..1000).contains(&drawn.len()), "{} points", drawn.len());
    assert_eq!((drawn[0], drawn[drawn.len() - 1]), ([630.0, 340.0], [900.0, 70.0]));
    // The area under what is drawn, by trapezoids.
    let area: f64 = drawn.windows(2).map(|p| (p[1][0] - p[0][0]) * (680.0 - p[0][1] - p[1][1]) / 2.0).sum();
    near("area", area / (270.0 * 270.0), 2.0 / 3.0, 1e-3);
}

#[test]
fn charts_of_nothing_and_of_one_number_have_axes() {
    for losses in [&[][..], &[0.0], &[3.0]] {
        let chart = Losses {
            title: "",
            loss: "",
            training: losses,
            validation: losses,
            terms: &[],
            best_epoch: None,
            least: 0.0,
        };
        assert!(y_axis(&elements(&losses::svg(&chart)), 70.0)(100.0).is_finite());
    }
    for scores in [&[][..], &[0.0], &[3.0]] {
        for truth in [None, Some(&[true][..])] {
            let chart = Scores { title: "", name: "", scores, truth, threshold: 3.0, roc: None };
            assert!(y_axis(&elements(&scores::svg(&chart)), 60.0)(100.0).is_finite());
        }
    }
}

#[test]
fn names_cannot_break_the_svg_and_long_titles_are_cut() {
    let title = "a < b & c > d";
    let chart =
        Losses { title, loss: title, training: &[1.0], validation: &[1.0], terms: &[], best_epoch: None, least: 0.0 };
    let escaped = "a &lt; b &amp; c &gt; d";
    assert_eq!(losses::svg(&chart).matches(&format!(">{escaped}</")).count(), 3, "twice the title, once the loss");
    let scores = |title| Scores { title, name: "a&b", scores: &[1.0], truth: None, threshold: 2.0, roc: None };
    assert!(scores::svg(&scores(title)).contains(&format!("<title>{escaped}</title>")));
    assert!(scores::svg(&scores(title)).contains(">a&amp;b</text>"));
    let long = "x".repeat(200);
    let svg = scores::svg(&scores(&long));
    let cut = elements(&svg).iter().find(|text| text.is("text", "title")).expect("a title").text.to_string();
    assert!(cut.ends_with("x…") && cut.chars().count() < 60, "{cut}");
}

proptest! {
    /// Rounding to five digits in the scientific notation of the standard library is the same.
    #[test]
    fn numbers_have_five_significant_digits(mantissa in 1.0..10.0_f64, power in -5..4_i32, sign in prop::bool::ANY) {
        let value = mantissa * 10_f64.powi(power) * if sign { 1.0 } else { -1.0 };
        let parsed = |text: String| text.parse::<f64>().expect("a number");
        prop_assert_eq!(parsed(number(value)), parsed(format!("{value:.4e}")));
    }
}
