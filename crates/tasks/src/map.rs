//! A map of codes: a place in the plane for each sample, and how far it can be trusted.
//!
//! ```text
//! method            place of a sample                                         judged by the neighbours among
//! code              its code, if that has one or two values                   the inputs
//! pca               the first two principal components of its code            the codes
//! tsne              t-SNE of the codes                                        the codes
//! parametric-tsne   by a network that learnt from the codes of other samples  the codes
//! ```
//!
//! Each map is judged by three numbers: trustworthiness (are neighbours in the map neighbours in the data?), continuity
//! (the reverse), and the part of the samples whose class is that of most of their nearest others in the map. The same
//! numbers of as many principal components say what a linear map would give. They are components of the same data, or,
//! for parametric t-SNE, of the codes that the network learnt from.

use handgrad_analysis::embedding::trust::{Trust, trust};
use handgrad_analysis::embedding::{Gradient, affinities, optimize, tsne};
use handgrad_analysis::{Pca, nearest_others, vote};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::{Array2, ArrayView2};

use crate::placer::Placer;
use crate::views::{Form, codes};
use crate::{Error, check_labels, inputs};

/// The number of nearest samples by which a map is judged, if there are enough samples.
pub const NEIGHBOURS: usize = 12;
/// The smallest perplexity.
pub const LEAST_PERPLEXITY: f64 = 2.0;

/// How the places are found.
#[derive(Clone, Copy, Debug)]
pub enum Method<'a> {
    /// The codes as they are.
    Code,
    /// The first two principal components of the codes.
    Pca,
    /// t-SNE of the codes.
    Tsne {
        /// About how many neighbours of a point count.
        perplexity: f64,
        /// The seed of the small random part of the start.
        seed: u64,
    },
    /// Parametric t-SNE: by a network that learns from the codes of other samples.
    ParametricTsne {
        /// About how many neighbours of a point count.
        perplexity: f64,
        /// The seed of the weights of the network and of the order of the samples it learns from.
        seed: u64,
        /// The samples it learns from.
        train: &'a Samples,
    },
}

/// How well a map keeps neighbourhoods and classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Trustworthiness and continuity.
    pub trust: Trust,
    /// The part of the samples whose class is that of most of their nearest others in the map. `None` if there are no
    /// labels, or if all samples are of one class.
    pub accuracy: Option<f64>,
}

/// Places of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The place of each sample. If the map has one axis only, the second value is 0.
    pub points: Vec<[f64; 2]>,
    /// The number of axes: 2, or 1 for codes of one value by the methods code and pca.
    pub axes: usize,
    /// The data whose neighbourhoods the map is compared with.
    pub data: Form,
    /// The number of nearest samples by which the map is judged.
    pub neighbours: usize,
    /// How good the map is.
    pub score: Score,
    /// How good the same number of principal components is: of the same data, or of the codes that parametric t-SNE
    /// learnt from. `None` if the map itself is that.
    pub by_pca: Option<Score>,
    /// The Kullback–Leibler divergence of t-SNE after some numbers of steps. Empty for other methods.
    pub curve: Vec<(usize, f64)>,
}

/// Maps samples by their codes.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
/// use handgrad_tasks::map::{Method, map};
///
/// let samples = synthetic::draw(0, 40);
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&samples.shape))?;
/// let weights = network.init(0);
/// let model = Model::new(network, weights)?;
/// let found = map(&model, &samples, Method::Tsne { perplexity: 5.0, seed: 0 }, &())?;
/// assert_eq!(found.points.len(), 40);
/// // A random map has about 0.5.
/// assert!(found.score.trust.trustworthiness > 0.6);
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// As [`Model::encode`]; [`Error::FewSamples`] and [`Error::Perplexity`] if the samples are too few,
/// [`Error::WideCode`] if the codes have too many values to be a map, [`Error::LabelCount`], [`Error::AllEqual`] and
/// [`Error::NotFinite`].
pub fn map(model: &Model, samples: &Samples, method: Method<'_>, progress: &dyn Progress) -> Result<Map, Error> {
    check(method, model.code_len(), samples.len())?;
    check_labels(samples)?;
    let checked = |samples| {
        let codes = codes(model, samples)?;
        check_values(codes.view(), Form::Code)?;
        Ok::<_, Error>(codes)
    };
    let codes = checked(samples)?;
    let learnt_from = match method {
        Method::ParametricTsne { train, .. } => Some(checked(train)?),
        Method::Code | Method::Pca | Method::Tsne { .. } => None,
    };
    // The codes whose principal components are used.
    let fit = learnt_from.as_ref().unwrap_or(&codes).view();
    let (places, curve) = match method {
        Method::Code => (codes.clone(), Vec::new()),
        Method::Pca => (components(fit, codes.view(), 2, Form::Code)?, Vec::new()),
        Method::Tsne { perplexity, seed } => by_tsne(codes.view(), perplexity, seed, progress)?,
        Method::ParametricTsne { perplexity, seed, .. } => {
            (Placer::fit(fit, perplexity, seed, progress)?.place(codes.view()), Vec::new())
        }
    };
    let axes = places.ncols();
    let inputs = matches!(method, Method::Code).then(|| network_inputs(model, samples)).transpose()?;
    let (fit, data, form) = match &inputs {
        Some(inputs) => (inputs.view(), inputs.view(), Form::Inputs),
        None => (fit, codes.view(), Form::Code),
    };
    let neighbours = NEIGHBOURS.min((samples.len() - 1) / 2);
    let score_of = |places: ArrayView2<f32>| score(data, places, samples, neighbours, form);
    let by_pca = match method {
        Method::Pca => None,
        Method::Code | Method::Tsne { .. } | Method::ParametricTsne { .. } => {
            Some(score_of(components(fit, data, axes, form)?.view())?)
        }
    };
    let score = score_of(places.view())?;
    let points = places.rows().into_iter().map(|place| [0, 1].map(|axis| place.get(axis).map_or(0.0, |&x| x.into())));
    Ok(Map { points: points.collect(), axes, data: form, neighbours, score, by_pca, curve })
}

/// Refuses what cannot become a map.
fn check(method: Method<'_>, code_len: usize, samples: usize) -> Result<(), Error> {
    match method {
        Method::Code if code_len > 2 => return Err(Error::WideCode { values: code_len }),
        Method::Tsne { perplexity, .. } | Method::ParametricTsne { perplexity, .. } => {
            let (what, samples) = match method {
                Method::ParametricTsne { train, .. } => ("Training for parametric t-SNE", train.len()),
                _ => ("t-SNE", samples),
            };
            // Three times the perplexity are other samples.
            let most = (samples.saturating_sub(1) / 3) as f64;
            if most < LEAST_PERPLEXITY {
                let needed = affinities::neighbours(LEAST_PERPLEXITY) + 1;
                return Err(Error::FewSamples { what: what.into(), needed, has: samples });
            }
            if !(LEAST_PERPLEXITY..=most).contains(&perplexity) {
                return Err(Error::Perplexity { asked: perplexity, samples, least: LEAST_PERPLEXITY, most });
            }
        }
        Method::Code | Method::Pca => {}
    }
    // With fewer, no number of neighbours is below the half.
    if samples < 3 {
        return Err(Error::FewSamples { what: "A map".into(), needed: 3, has: samples });
    }
    Ok(())
}

/// Refuses values that are not finite, and rows that are all the same.
fn check_values(rows: ArrayView2<f32>, form: Form) -> Result<(), Error> {
    if rows.iter().any(|value| !value.is_finite()) {
        return Err(Error::NotFinite { form: form.name() });
    }
    if rows.rows().into_iter().all(|row| row == rows.row(0)) {
        return Err(Error::AllEqual { form: form.name() });
    }
    Ok(())
}

/// The samples as the network gets them, with missing values filled.
fn network_inputs(model: &Model, samples: &Samples) -> Result<Array2<f32>, Error> {
    let mut rows = inputs::rows(model, samples, &samples.numbers());
    let means = inputs::means(&rows);
    inputs::fill(&mut rows, &means);
    check_values(rows.view(), Form::Inputs)?;
    Ok(rows)
}

/// The first `count` principal components of `fit`, or as many as there are values if these are fewer, for each of
/// `rows`.
fn components(fit: ArrayView2<f32>, rows: ArrayView2<f32>, count: usize, form: Form) -> Result<Array2<f32>, Error> {
    let pca = Pca::fit(fit, count.min(rows.ncols())).ok_or(Error::NotFinite { form: form.name() })?;
    Ok(pca.codes(rows))
}

/// The number of steps and the divergence after them.
type Curve = Vec<(usize, f64)>;

fn by_tsne(
    codes: ArrayView2<f32>,
    perplexity: f64,
    seed: u64,
    progress: &dyn Progress,
) -> Result<(Array2<f32>, Curve), Error> {
    progress.start("t-SNE", Some(optimize::STEPS as u64), Unit::Parts);
    let mut made = 0;
    let found = tsne(codes, perplexity, seed, Gradient::of(codes.nrows()), &mut |steps, _| {
        progress.advance((steps - made) as u64);
        made = steps;
    });
    progress.finish();
    let found = found.ok_or(Error::NotFinite { form: Form::Code.name() })?;
    let places = Array2::from_shape_fn((codes.nrows(), 2), |(i, axis)| found.points[i][axis] as f32);
    Ok((places, found.curve))
}

fn score(
    data: ArrayView2<f32>,
    places: ArrayView2<f32>,
    samples: &Samples,
    neighbours: usize,
    form: Form,
) -> Result<Score, Error> {
    let undefined = || Error::NotFinite { form: form.name() };
    let trust = trust(data, places, neighbours).ok_or_else(undefined)?;
    // Some of the classes that have names may have no sample.
    let of_several = |numbers: &[u32]| numbers.iter().any(|class| *class != numbers[0]);
    let labels = samples.labels.as_ref().filter(|labels| of_several(labels.numbers()));
    let accuracy = |labels: &handgrad_dataset::Labels| {
        let nearest = nearest_others(places, neighbours).ok_or_else(undefined)?;
        let found = vote(&nearest, labels.numbers(), labels.classes().len());
        let right = found.iter().zip(labels.numbers()).filter(|(found, class)| found == class).count();
        Ok::<_, Error>(right as f64 / places.nrows() as f64)
    };
    Ok(Score { trust, accuracy: labels.map(accuracy).transpose()? })
}
