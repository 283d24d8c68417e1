//! Which units of a code carry nothing about the sample.
//!
//! ```text
//! z_rj                                                          unit j of the code of sample r, m samples
//! constant       max_r z_rj − min_r z_rj ≤ 10⁻⁶·max |z|         the same value for every sample: a dead unit
//! KL_j         = 1/m · Σ_r ½·( μ_rj² + σ_rj² − 1 − ln σ_rj² )   of a variational model, in nats
//! inactive       KL_j < 0.01                                    the distribution is N(0, 1) for every sample
//! ```
//!
//! A ReLU unit that is 0 for every sample has the derivative 0 everywhere, so training never changes it again. A
//! variational unit whose distribution is always N(0, 1) says nothing about the sample; if all units are like this, the
//! code has collapsed, and the decoder ignores it. The sum of all KL_j is the KL divergence of the loss, without its
//! weight β.
//!
//! In a code with the shape of an image, a unit is a channel, and in a code with the shape of a sequence it is a value
//! of a step. It is constant if it is constant at every position.
//!
//! Source of the inactive units: Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016, and
//! Bowman et al., "Generating Sentences from a Continuous Space", 2016.

use handgrad_dataset::Samples;
use handgrad_layers::reparameterize;
use handgrad_models::Model;
use ndarray::Array2;

use crate::{CHUNK, Error};

/// The largest number of samples that are measured.
pub const MOST: usize = 2 * CHUNK;
/// A unit with a smaller KL divergence is inactive, in nats.
pub const INACTIVE: f64 = 0.01;
/// A unit is constant if its values differ by at most this part of the largest absolute value of the code.
const SAME: f32 = 1e-6;

/// The units of a code, measured on samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The number of samples that were measured: the first ones, at most [`MOST`].
    pub samples: usize,
    /// The number of units.
    pub units: usize,
    /// The numbers of the units that have the same value for every sample, counted from 0. Empty if the samples are all
    /// the same.
    pub constant: Vec<usize>,
    /// For a variational model: the mean KL divergence of each unit from N(0, 1), in nats.
    pub kl: Option<Vec<f64>>,
}

impl Code {
    /// The numbers of the inactive units of a variational model, counted from 0. Empty for other models.
    #[must_use]
    pub fn inactive(&self) -> Vec<usize> {
        let kl = self.kl.iter().flatten().enumerate();
        kl.filter(|&(_, &kl)| kl < INACTIVE).map(|(unit, _)| unit).collect()
    }

    /// The KL divergence of the whole code of a variational model, in nats per sample, without its weight β.
    #[must_use]
    pub fn kl_divergence(&self) -> Option<f64> {
        self.kl.as_ref().map(|kl| kl.iter().sum())
    }
}

/// Measures the code of the first samples, at most [`MOST`] of them.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
///
/// let samples = synthetic::draw(0, 20);
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&samples.shape))?;
/// // Without weights, all units are 0.
/// let weights = vec![0.0; network.param_count()];
/// let code = handgrad_tasks::code::measure(&Model::new(network, weights)?, &samples)?;
/// assert_eq!((code.units, code.constant.len()), (8, 8));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// As [`Model::encode`].
pub fn measure(model: &Model, samples: &Samples) -> Result<Code, Error> {
    let numbers: Vec<u32> = (0..samples.len().min(MOST) as u32).collect();
    let (units, unit_at) = units_of(model);
    let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); unit_at.len()];
    let mut kl: Option<Vec<f64>> = None;
    let (mut first, mut differ) = (None, false);
    for numbers in numbers.chunks(CHUNK) {
        let rows = samples.exact_rows(numbers);
        let first = first.get_or_insert_with(|| rows.row(0).to_owned());
        differ |= rows.rows().into_iter().any(|row| row != *first);
        for code in model.encode(rows.view())?.rows() {
            range.iter_mut().zip(code).for_each(|(range, &z)| *range = (range.0.min(z), range.1.max(z)));
        }
        if let Some(distributions) = model.code_distributions(rows.view())? {
            add_kl(&distributions, kl.get_or_insert_with(|| vec![0.0; unit_at.len()]));
        }
    }
    kl.iter_mut().flatten().for_each(|kl| *kl /= numbers.len() as f64);
    let largest = range.iter().fold(0.0_f32, |largest, (low, high)| largest.max(low.abs()).max(high.abs()));
    let mut moves = vec![false; units];
    unit_at.iter().zip(range).for_each(|(&unit, (low, high))| moves[unit] |= high - low > SAME * largest);
    let constant = if differ { (0..units).filter(|&unit| !moves[unit]).collect() } else { Vec::new() };
    Ok(Code { samples: numbers.len(), units, constant, kl })
}

/// Adds the KL divergence of each unit to the sums. Shape of the distributions: samples × [μ │ ln σ²].
fn add_kl(distributions: &Array2<f32>, sums: &mut [f64]) {
    let units = sums.len();
    for row in distributions.rows() {
        for (unit, sum) in sums.iter_mut().enumerate() {
            *sum += reparameterize::kl(&[f64::from(row[unit]), f64::from(row[units + unit])]);
        }
    }
}

/// The number of units of the code, and the unit to which each position of the code belongs.
fn units_of(model: &Model) -> (usize, Vec<usize>) {
    let positions = 0..model.code_len();
    match *model.network().shape(model.network().encoder_len()) {
        [channels, h, w] => (channels, positions.map(|at| at / (h * w)).collect()),
        [_, width] => (width, positions.map(|at| at % width).collect()),
        _ => (positions.len(), positions.collect()),
    }
}
