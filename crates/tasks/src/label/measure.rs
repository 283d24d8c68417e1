//! How many samples get a wrong label, from how many labels: the mean and the standard deviation over several draws of
//! labelled training samples, the same draws for every method.
//!
//! ```text
//! draw s: n training samples of each class, the same for a seed on every machine      see draws.rs
//! e_s      = part of the test samples whose label is wrong
//! mean     = 1/m · Σ_s e_s          deviation = √( 1/(m − 1) · Σ_s (e_s − mean)² )
//! ```
//!
//! A test sample that gets no label, because label spreading does not reach it, counts as wrong.

use handgrad_analysis::nearest_others;
use handgrad_analysis::spreading::Graph;
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::{Array2, Axis, concatenate};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::draw::{Drawn, Ground};
use super::{Method, rebuilt};
use crate::Error;
use crate::draws::balanced;
use crate::probe::Scale;
use crate::views::{Classes, Form, codes, known, selected};

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The numbers of labels of each class.
    pub per_class: Vec<usize>,
    /// The number of draws for each number of labels.
    pub draws: u64,
    /// The seed of the first draw. The others have the seeds after it.
    pub seed: u64,
    /// The number of nearest codes that each sample is connected with.
    pub neighbours: usize,
    /// The class that stands for no label, if there is one.
    pub unknown: Option<String>,
}

/// The errors of a method with a number of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// The method.
    pub method: Method,
    /// The number of labels of each class.
    pub per_class: usize,
    /// The number of labels in all.
    pub labels: usize,
    /// The part of the test samples that get a wrong label, for each draw.
    pub errors: Vec<f64>,
}

/// The errors of all methods.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// For each number of labels, the errors of each method.
    pub errors: Vec<Errors>,
    /// The number of test samples whose labels were compared.
    pub samples: usize,
    /// The number of samples in the graph of label spreading.
    pub in_graph: usize,
    /// The mean number of test samples over all draws that label spreading gives no label, because no labelled sample
    /// is connected with them.
    pub unconnected: f64,
    /// The same, because the labelled samples that are connected with them are too far away.
    pub too_far: f64,
    /// In how many draws logistic regression did not reach the minimum of its loss.
    pub unfinished: usize,
}

/// Measures all methods. `fit` are the training samples, from which labelled ones are drawn; `samples` are the test
/// samples.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
/// use handgrad_tasks::label::{Asked, Method, measure};
///
/// let [fit, samples] = [synthetic::draw(0, 200), synthetic::draw(1, 50)];
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&fit.shape))?;
/// let weights = network.init(0);
/// let asked = Asked { per_class: vec![2], draws: 3, seed: 0, neighbours: 5, unknown: None };
/// let found = measure(&Model::new(network, weights)?, &fit, &samples, &asked, &())?;
/// assert_eq!(found.errors.len(), Method::ALL.len());
/// assert!(found.errors.iter().all(|of| of.errors.len() == 3 && handgrad_analysis::mean(&of.errors) < 0.8));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// If a set has no labels, if a class has fewer samples than labels are asked for, if all samples are equal or of one
/// class, if there are fewer samples than neighbours, or if a value is not finite; also the errors of
/// [`Model::encode`].
pub fn measure(
    model: &Model,
    fit: &Samples,
    samples: &Samples,
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<Measured, Error> {
    if asked.per_class.contains(&0) || asked.per_class.is_empty() || asked.draws == 0 {
        return Err(Error::Usage("at least one label of each class and one draw are needed".into()));
    }
    let unknown = asked.unknown.as_deref();
    let (known, of_tests) = (known(fit, unknown)?, known(samples, unknown)?);
    let tests = selected(samples, &of_tests);
    let classes = Classes::of(&selected(fit, &known), &tests)?;
    // Too many labels are an error before anything is computed.
    for &per_class in &asked.per_class {
        balanced(&classes.fit, &classes.names, per_class, asked.seed)?;
    }
    let of_graph = Coded::of(model, fit, samples, asked.neighbours)?;
    let Coded { codes, scaled, graph } = of_graph;
    let rebuilt = rebuilt(model, &tests)?;
    let ground = Ground { model, fit, known, classes, tests, of_tests, rebuilt, codes, scaled, graph };
    let seeds: Vec<u64> = (0..asked.draws).map(|draw| asked.seed.wrapping_add(draw)).collect();
    let (mut errors, mut drawn) = (Vec::new(), Vec::new());
    progress.start("labelling", Some(asked.draws * asked.per_class.len() as u64), Unit::Parts);
    for &per_class in &asked.per_class {
        let draw = |&seed: &u64| {
            let found = ground.of_draw(per_class, seed);
            progress.advance(1);
            found
        };
        let found: Result<Vec<Drawn>, Error> = seeds.par_iter().map(draw).collect();
        let found = found.inspect_err(|_| progress.finish())?;
        let labels = found.first().map_or(0, |of| of.labels);
        errors.extend(Method::ALL.iter().enumerate().map(|(at, &method)| {
            let errors = found.iter().map(|of| of.errors[at]).collect();
            Errors { method, per_class, labels, errors }
        }));
        drawn.extend(found);
    }
    progress.finish();
    let mean = |of: fn(&Drawn) -> usize| drawn.iter().map(of).sum::<usize>() as f64 / drawn.len() as f64;
    Ok(Measured {
        errors,
        samples: ground.tests.len(),
        in_graph: ground.graph.len(),
        unconnected: mean(|of| of.unconnected),
        too_far: mean(|of| of.too_far),
        unfinished: drawn.iter().filter(|of| !of.is_converged).count(),
    })
}

/// The codes of training samples and other samples, and their graph.
pub(super) struct Coded {
    /// The codes, the training samples first.
    pub codes: Array2<f32>,
    /// The same, with the mean 0 and the scale 1 over the training samples.
    pub scaled: Array2<f32>,
    /// The graph of the nearest codes.
    pub graph: Graph,
}

impl Coded {
    pub fn of(model: &Model, fit: &Samples, samples: &Samples, neighbours: usize) -> Result<Self, Error> {
        let not_finite = || Error::NotFinite { form: Form::Code.name() };
        let (of_fit, of_samples) = (codes(model, fit)?, codes(model, samples)?);
        let all = [of_fit.view(), of_samples.view()];
        let codes = concatenate(Axis(0), &all).map_err(|error| Error::Usage(error.to_string()))?;
        if codes.iter().any(|value| !value.is_finite()) {
            return Err(not_finite());
        }
        if neighbours == 0 || neighbours >= codes.nrows() {
            return Err(Error::Neighbours { asked: neighbours, has: codes.nrows().saturating_sub(1) });
        }
        let scale = Scale::of(of_fit.view()).ok_or(Error::AllEqual { form: Form::Code.name() })?;
        let graph = Graph::of(&nearest_others(codes.view(), neighbours).ok_or_else(not_finite)?);
        Ok(Self { scaled: scale.applied(codes.view()), codes, graph })
    }
}
