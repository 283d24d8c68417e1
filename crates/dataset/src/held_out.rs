//! Which samples are held out for validation, and how far the two parts differ.

use std::ops::Range;

use ndarray::{ArrayView2, Axis};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{Labels, Samples, Values, thousands};

/// Draws `held` of `count` samples, which are held out. Returns the numbers of the training samples and those of the
/// held-out samples, counted from 0, each in ascending order.
///
/// The samples depend only on the arguments: they are the same on every machine and with any number of threads. With
/// labels, each class has its share of the held-out samples, rounded up or down. A class with a single sample stays in
/// training, as long as the other classes have enough samples.
///
/// ```
/// use handgrad_dataset::{Labels, held_out::held_out};
///
/// let labels = Labels::named((0..20).map(|row| if row < 10 { "a" } else { "b" }));
/// let (training, held_out) = held_out(20, Some(&labels), 4, 0);
/// assert_eq!((training.len(), held_out.len()), (16, 4));
/// assert_eq!(labels.select(&held_out).numbers(), [0, 0, 1, 1]);
/// ```
#[must_use]
pub fn held_out(count: usize, labels: Option<&Labels>, held: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut dice = Dice::new(seed);
    let mut classes: Vec<Vec<usize>> = vec![Vec::new(); labels.map_or(1, |labels| labels.classes().len())];
    match labels {
        None => classes[0] = (0..count).collect(),
        Some(labels) => labels.numbers().iter().enumerate().for_each(|(at, &class)| classes[class as usize].push(at)),
    }
    // Classes whose shares have equal remainders come in random order.
    dice.shuffle(&mut classes);
    classes.iter_mut().for_each(|class| dice.shuffle(class));
    let held = held.min(count);
    // The share of a class is held · size / count. The rest of its division decides who gets one sample more.
    let share = |class: &Vec<usize>| (class.len() as u128 * held as u128, count.max(1) as u128);
    let whole = |class: &Vec<usize>| (share(class).0 / share(class).1) as usize;
    let remainder = |class: &Vec<usize>| share(class).0 % share(class).1;
    let left = held - classes.iter().map(whole).sum::<usize>();
    classes.sort_by_key(|class| (class.len() == 1, std::cmp::Reverse(remainder(class))));
    let mut is_held = vec![false; count];
    for (at, class) in classes.iter().enumerate() {
        let of_class = whole(class) + usize::from(at < left);
        class[..of_class].iter().for_each(|&sample| is_held[sample] = true);
    }
    (0..count).partition(|&sample| !is_held[sample])
}

/// Random numbers for the choice of samples.
struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        // This constant ensures that other uses of the same seed get other random numbers.
        key[16..24].copy_from_slice(b"held out");
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Brings the items into random order, each order with the same probability (Fisher and Yates).
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = last as u128 + 1;
            // The product of a 64-bit number and the bound, without its lower 64 bits, is below the bound.
            items.swap(last, ((u128::from(self.0.next_u64()) * bound) >> 64) as usize);
        }
    }
}

/// Two means differ greatly only if they are more than this number of standard errors apart …
const STANDARD_ERRORS: f64 = 6.0;
/// … and more than this part of a standard deviation.
const DEVIATIONS: f64 = 0.5;
/// The most columns, and the most classes, that are named.
const MOST_NAMED: usize = 3;

/// Says in whole sentences where training and validation samples differ greatly: columns whose means are more than 6
/// standard errors and more than half a standard deviation apart, and classes that are in one part only. `columns` are
/// the names of the values in the last dimension; those at the places `classes` are numbers of classes, whose means say
/// nothing. `is_series` says that the samples are windows, whose steps have the
/// same columns. All values of an image count as one column.
#[must_use]
pub fn differences(
    training: (&Samples, Range<usize>),
    validation: (&Samples, Range<usize>),
    columns: &[String],
    classes: &[usize],
    is_series: bool,
) -> Vec<String> {
    let shape = &training.0.shape;
    let width = match shape[..] {
        [values] if !is_series => values,
        [_, channels] if is_series => channels,
        _ => 1,
    };
    let [a, b] = [&training, &validation].map(|(samples, rows)| Moments::of(samples, rows.clone(), width));
    let mut apart: Vec<(f64, usize)> = (0..width)
        .filter(|column| !classes.contains(column))
        .filter_map(|column| {
            let (difference, deviation) = ((a.means[column] - b.means[column]).abs(), a.variances[column].sqrt());
            let error = (a.variances[column] / a.samples + b.variances[column] / b.samples).sqrt();
            let differ = difference > STANDARD_ERRORS * error && difference > DEVIATIONS * deviation;
            differ.then(|| (difference / deviation.max(f64::MIN_POSITIVE), column))
        })
        .collect();
    apart.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut told: Vec<String> = apart
        .iter()
        .take(MOST_NAMED)
        .map(|&(_, column)| {
            let name = match columns.get(column) {
                Some(name) => format!("column {name}"),
                None if width > 1 => format!("column {} (labels are not counted)", column + 1),
                None => "the values".to_owned(),
            };
            let [mean, other] = [a.means[column], b.means[column]].map(short);
            let deviation = short(a.variances[column].sqrt());
            format!(
                "the mean of {name} is {mean} in training and {other} in validation (standard deviation {deviation})"
            )
        })
        .collect();
    if apart.len() > MOST_NAMED {
        told.push(format!("{} more columns differ as much", thousands(apart.len() - MOST_NAMED)));
    }
    told.extend(classes_apart(&training, &validation));
    told
}

/// Says which classes are in one part only.
fn classes_apart(training: &(&Samples, Range<usize>), validation: &(&Samples, Range<usize>)) -> Vec<String> {
    let labels = |(samples, rows): &(&Samples, Range<usize>)| {
        samples.labels.as_ref().map(|labels| labels.select(&rows.clone().collect::<Vec<_>>()))
    };
    let (Some(a), Some(b)) = (labels(training), labels(validation)) else { return Vec::new() };
    let mut told = Vec::new();
    for (of, not_of, there, missing) in [(&a, &b, "training", "validation"), (&b, &a, "validation", "training")] {
        let apart: Vec<&String> = of.classes().iter().filter(|class| !not_of.has(class)).collect();
        for class in apart.iter().take(MOST_NAMED) {
            let count = of.names().filter(|name| name == *class).count();
            let samples = if count == 1 { "1 sample".to_owned() } else { format!("{} samples", thousands(count)) };
            told.push(format!("class {class} has {samples} in {there} and none in {missing}"));
        }
        if apart.len() > MOST_NAMED {
            told.push(format!("{} more classes have none in {missing}", thousands(apart.len() - MOST_NAMED)));
        }
    }
    told
}

/// The mean and the variance of each column.
struct Moments {
    samples: f64,
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl Moments {
    fn of(samples: &Samples, rows: Range<usize>, width: usize) -> Self {
        match &samples.values {
            Values::Bytes(values) => Self::of_bytes(values.slice_axis(Axis(0), rows.into()), width),
            Values::Floats(values) => Self::of_floats(values.slice_axis(Axis(0), rows.into()), width),
            Values::Doubles(values) => Self::of_floats(values.slice_axis(Axis(0), rows.into()), width),
        }
    }

    /// A byte counts as byte/255. The sums are whole numbers, so they are exact and fast.
    fn of_bytes(rows: ArrayView2<u8>, width: usize) -> Self {
        let mut sums = vec![[0_u64; 2]; width];
        for row in rows.rows() {
            let mut column = 0;
            for &byte in row {
                let [sum, squares] = &mut sums[column];
                *sum += u64::from(byte);
                *squares += u64::from(byte) * u64::from(byte);
                column = if column + 1 == width { 0 } else { column + 1 };
            }
        }
        let count = rows.len().checked_div(width).unwrap_or(0);
        let n = count as f64;
        let means = sums.iter().map(|[sum, _]| *sum as f64 / n / 255.0).collect();
        let scatter = |[sum, squares]: &[u64; 2]| count as u128 * u128::from(*squares) - u128::from(*sum).pow(2);
        let variances = sums.iter().map(|sums| scatter(sums) as f64 / (n * n) / (255.0 * 255.0)).collect();
        Self { samples: rows.nrows().max(1) as f64, means, variances }
    }

    fn of_floats<T: Copy + Into<f64>>(rows: ArrayView2<T>, width: usize) -> Self {
        // Missing values are NaN, and are not counted.
        let [mut sums, mut squares, mut counts] = [(); 3].map(|()| vec![0.0_f64; width]);
        let mut first = vec![f64::NAN; width];
        // Sums of distances from the first sample, so that a small variance beside a large mean is exact enough.
        for row in rows.rows() {
            let values = row.iter().map(|&value| value.into()).enumerate();
            for (at, value) in values.filter(|(_, value)| !value.is_nan()) {
                let column = at % width;
                if first[column].is_nan() {
                    first[column] = value;
                }
                let distance = value - first[column];
                counts[column] += 1.0;
                sums[column] += distance;
                squares[column] += distance * distance;
            }
        }
        // Without any value, mean and variance are NaN, which differ greatly from nothing.
        let mean = |column: usize| sums[column] / counts[column];
        let variances = (0..width).map(|at| (squares[at] / counts[at] - mean(at).powi(2)).max(0.0)).collect();
        let means = (0..width).map(|at| first[at] + mean(at)).collect();
        Self { samples: rows.nrows().max(1) as f64, means, variances }
    }
}

/// A number with 3 significant digits.
fn short(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    match magnitude {
        -4..=5 => format!("{value:.*}", (2 - magnitude).max(0) as usize),
        _ => format!("{value:.2e}"),
    }
}
