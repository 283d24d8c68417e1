//! What a report shows of a model: an error for each sample, a map of the codes, and examples.
//!
//! ```text
//! score of a sample    s = 1/|O| · Σ_{i∈O} (x̂_i − x_i)²     in the units of the network; O: the values that are known
//! threshold            the quantile 0.95 of the scores of normal samples
//! map                  z ≈ m + a·u + b·v                      m: mean code; u, v: the first two principal components
//!                      a = u·(z − m),  b = v·(z − m)          of a code of two values: m = 0, u = (1, 0), v = (0, 1)
//! ```
//!
//! The score is the same for every kind of data, so that a page can compute it too. The scores of anomaly detection are
//! those of the loss of the model.
//!
//! The components of a very long code (from 600 values on) would take long; its map has the two values with the largest
//! variances as its axes.

use handgrad_analysis::Pca;
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::{CHUNK, Error};

/// The longest code whose principal components are computed.
const LONGEST: usize = 600;

/// Returns the score of each sample.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
///
/// let samples = synthetic::draw(0, 20);
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&samples.shape))?;
/// let weights = network.init(0);
/// let scores = handgrad_tasks::report::scores(&Model::new(network, weights)?, &samples, &())?;
/// assert!(scores.len() == 20 && scores.iter().all(|score| (0.0..1.0).contains(score)));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// As [`Model::reconstruct`].
pub fn scores(model: &Model, samples: &Samples, progress: &dyn Progress) -> Result<Vec<f64>, Error> {
    progress.start("measuring", Some(samples.len() as u64), Unit::Samples);
    let mut scores = Vec::with_capacity(samples.len());
    for numbers in samples.numbers().chunks(CHUNK) {
        let x = model.scaled(samples.exact_rows(numbers).view());
        let told = model.network().predict(model.weights(), x.view())?;
        scores.extend(x.rows().into_iter().zip(told.rows()).map(|(x, told)| score(x, told)));
        progress.advance(numbers.len() as u64);
    }
    progress.finish();
    Ok(scores)
}

/// Returns the score of one sample x and its reconstruction x̂, both in the units of the network. NaN in x is a missing
/// value.
#[must_use]
pub fn score(x: ArrayView1<f32>, told: ArrayView1<f32>) -> f64 {
    let known = x.iter().zip(told).filter(|(x, _)| !x.is_nan());
    let (sum, count) = known
        .fold((0.0, 0.0), |(sum, count), (&x, &told)| (sum + (f64::from(told) - f64::from(x)).powi(2), count + 1.0));
    sum / f64::max(count, 1.0)
}

/// Returns the quantile `part` of some numbers: the one at this part of their sorted list. NaN if there is none.
///
/// ```
/// assert_eq!(handgrad_tasks::report::quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
/// ```
#[must_use]
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((part * sorted.len().saturating_sub(1) as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Returns `most` of the numbers 0 … `len` − 1, evenly spaced, or all of them if they are fewer.
///
/// ```
/// assert_eq!(handgrad_tasks::report::evenly(10, 4), [0, 2, 5, 7]);
/// assert_eq!(handgrad_tasks::report::evenly(3, 4), [0, 1, 2]);
/// ```
#[must_use]
pub fn evenly(len: usize, most: usize) -> Vec<u32> {
    let count = len.min(most);
    (0..count).map(|at| (at * len / count) as u32).collect()
}

/// Returns the positions of the `each` best, of the `each` around the median, and of the `each` worst scores. Of fewer
/// than 3·`each` scores, none is returned twice.
#[must_use]
pub fn picked(scores: &[f64], each: usize) -> [Vec<u32>; 3] {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|&a, &b| scores[a as usize].total_cmp(&scores[b as usize]));
    let each = each.min(order.len() / 3).max(usize::from(!order.is_empty()));
    let worst = order.split_off(order.len().saturating_sub(each));
    let best: Vec<u32> = order.drain(..each.min(order.len())).collect();
    let start = order.len().saturating_sub(each) / 2;
    let median = order[start..(start + each).min(order.len())].to_vec();
    [best, median, worst]
}

/// How often values lie in each of some bins of the same width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The ends of the bins, one more than there are bins. Empty if there is no finite value.
    pub edges: Vec<f64>,
    /// The numbers of values.
    pub counts: Vec<usize>,
}

/// Counts values in `bins` bins from the smallest to the largest. The last bin contains the values from its lower end
/// on, so `most` may be smaller than the largest value: values above it are in the last bin.
#[must_use]
pub fn histogram(values: impl Iterator<Item = f64> + Clone, bins: usize, most: f64) -> Histogram {
    let finite = || values.clone().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (v.min(low), v.max(high)));
    if low > high {
        return Histogram { edges: Vec::new(), counts: Vec::new() };
    }
    let high = high.min(most).max(low);
    let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
    let mut counts = vec![0; bins];
    for value in finite() {
        counts[(((value - low) / (high - low) * bins as f64) as usize).min(bins - 1)] += 1;
    }
    let edge = |at: usize| low + (high - low) * at as f64 / bins as f64;
    Histogram { edges: (0..=bins).map(edge).collect(), counts }
}

/// A plane through the space of codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// The code at a = b = 0.
    pub mean: Vec<f32>,
    /// The two directions u and v.
    pub directions: [Vec<f32>; 2],
    /// What the two axes are, in words.
    pub axes: [String; 2],
    /// a and b of each code.
    pub points: Vec<[f64; 2]>,
}

/// Returns the plane of the map of codes, one code per row. `None` if a code has a single value, if there are no codes,
/// or if a value is not finite.
///
/// ```
/// use ndarray::array;
///
/// let codes = array![[1.0, 0.0, 7.0], [-1.0, 0.0, 7.0], [0.0, 0.5, 7.0], [0.0, -0.5, 7.0]];
/// let plane = handgrad_tasks::report::plane(codes.view()).expect("a plane");
/// assert_eq!(plane.mean, [0.0, 0.0, 7.0]);
/// assert!((plane.points[0][0].abs() - 1.0).abs() < 1e-6);
/// ```
#[must_use]
pub fn plane(codes: ArrayView2<f32>) -> Option<Plane> {
    let k = codes.ncols();
    if k < 2 || codes.nrows() == 0 || codes.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let unit = |at: usize| (0..k).map(|j| if j == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
    let (mean, directions, axes) = if k == 2 {
        (vec![0.0; 2], [unit(0), unit(1)], ["z0".to_owned(), "z1".to_owned()])
    } else if k <= LONGEST {
        let pca = Pca::fit(codes, 2)?;
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<_>>();
        let name = |which: &str| format!("the {which} principal component of the codes");
        let directions = [narrow(pca.component(0)?), narrow(pca.component(1)?)];
        (narrow(pca.mean()), directions, [name("first"), name("second")])
    } else {
        let mean = codes.mean_axis(Axis(0))?;
        let variance = codes.var_axis(Axis(0), 0.0);
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]));
        let name = |at: usize| format!("z{at}, which varies {}", if at == order[0] { "most" } else { "second most" });
        (mean.to_vec(), [unit(order[0]), unit(order[1])], [name(order[0]), name(order[1])])
    };
    let along = |row: ArrayView1<f32>, direction: &[f32]| {
        row.iter().zip(&mean).zip(direction).fold(0.0, |sum, ((&z, &m), &u)| sum + f64::from(z - m) * f64::from(u))
    };
    let points = codes.rows().into_iter().map(|row| [along(row, &directions[0]), along(row, &directions[1])]).collect();
    Some(Plane { mean, directions, axes, points })
}

/// What the library computes for some samples, in the units of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Computed {
    /// Their codes, one per row.
    pub codes: Array2<f32>,
    /// Their reconstructions, one per row.
    pub reconstructions: Array2<f32>,
}

/// Computes the codes and the reconstructions of the samples with these numbers.
///
/// # Errors
/// As [`Model::reconstruct`].
pub fn compute(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Computed, Error> {
    let x = model.scaled(samples.exact_rows(numbers).view());
    let codes = model.network().encode(model.weights(), x.view())?;
    let reconstructions = model.network().decode(model.weights(), codes.view())?;
    Ok(Computed { codes, reconstructions })
}
