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

use handgrad_analysis::spreading::{ALPHA, Graph};
use handgrad_analysis::{nearest, nearest_others};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Method, known, rebuilt, rows, selected};
use crate::draws::balanced;
use crate::probe::logistic::{Problem, most_probable};
use crate::probe::{C, Scale};
use crate::views::{Classes, Form, codes, view};
use crate::{Error, check_numbers};

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

impl Errors {
    /// The mean over the draws.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.errors.iter().sum::<f64>() / self.errors.len() as f64
    }

    /// The standard deviation over the draws. `None` if there is only one.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let (mean, draws) = (self.mean(), self.errors.len());
        let squares: f64 = self.errors.iter().map(|error| (error - mean).powi(2)).sum();
        (draws > 1).then(|| (squares / (draws - 1) as f64).sqrt())
    }
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
    /// The mean number of test samples over all draws that label spreading does not reach.
    pub unreached: f64,
}

/// What does not depend on a draw.
struct Ground<'a> {
    model: &'a Model,
    /// The training samples whose labels are known, by number, and the classes of both sets.
    fit: &'a Samples,
    known: Vec<u32>,
    classes: Classes,
    /// The test samples whose labels are known, and their numbers.
    tests: Samples,
    of_tests: Vec<u32>,
    /// The reconstructions of the test samples, and the codes of all samples, the training samples first.
    rebuilt: Array2<f32>,
    codes: Array2<f32>,
    scaled: Array2<f32>,
    graph: Graph,
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
/// assert!(found.errors.iter().all(|of| of.errors.len() == 3 && of.mean() < 0.8));
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
    let (mut errors, mut unreached) = (Vec::new(), 0);
    progress.start("labelling", Some(asked.draws * asked.per_class.len() as u64), Unit::Samples);
    for &per_class in &asked.per_class {
        let draw = |&seed: &u64| {
            let found = ground.of_draw(per_class, seed);
            progress.advance(1);
            found
        };
        let found: Result<Vec<Drawn>, Error> = seeds.par_iter().map(draw).collect();
        let found = found.inspect_err(|_| progress.finish())?;
        unreached += found.iter().map(|of| of.unreached).sum::<usize>();
        let labels = found.first().map_or(0, |of| of.labels);
        errors.extend(Method::ALL.iter().enumerate().map(|(at, &method)| {
            let errors = found.iter().map(|of| of.errors[at]).collect();
            Errors { method, per_class, labels, errors }
        }));
    }
    progress.finish();
    let unreached = unreached as f64 / (asked.draws * asked.per_class.len() as u64) as f64;
    let (samples, in_graph) = (ground.tests.len(), ground.graph.len());
    Ok(Measured { errors, samples, in_graph, unreached })
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

/// The errors of the methods with one draw, in the order of [`Method::ALL`].
struct Drawn {
    errors: [f64; 5],
    labels: usize,
    unreached: usize,
}

impl Ground<'_> {
    fn of_draw(&self, per_class: usize, seed: u64) -> Result<Drawn, Error> {
        let Self { model, fit, classes, tests, .. } = self;
        let drawn = balanced(&classes.fit, &classes.names, per_class, seed)?;
        let labels: Vec<u32> = drawn.iter().map(|&at| classes.fit[at as usize]).collect();
        // In the numbers of all training samples, and of all samples in the graph.
        let drawn: Vec<u32> = drawn.iter().map(|&at| self.known[at as usize]).collect();
        check_numbers(fit, &drawn)?;
        let of_tests: Vec<u32> = self.of_tests.iter().map(|at| fit.len() as u32 + at).collect();
        let labelled = selected(fit, &drawn);

        let of_nearest = |form: &'static str, known: ArrayView2<f32>, samples: ArrayView2<f32>| {
            let found = nearest(known, samples, 1).ok_or(Error::NotFinite { form })?;
            Ok::<_, Error>(found.rows.column(0).iter().map(|&row| labels[row as usize]).collect::<Vec<u32>>())
        };
        let dive = of_nearest("reconstruction", rebuilt(model, &labelled)?.view(), self.rebuilt.view())?;
        let inputs = view(Form::Inputs, model, &labelled, tests)?;
        let nearest_inputs = of_nearest(Form::Inputs.name(), inputs.fit.view(), inputs.rows.view())?;
        let codes = [&drawn, &of_tests].map(|numbers| rows(&self.codes, numbers));
        let nearest_code = of_nearest(Form::Code.name(), codes[0].view(), codes[1].view())?;

        let count = classes.names.len();
        let [of_drawn, of_samples] = [&drawn, &of_tests].map(|numbers| rows(&self.scaled, numbers));
        let fitted = Problem { rows: of_drawn.view(), classes: &labels, count, c: C }.fit();
        let probe = fitted.classes(of_samples.view());

        let pairs: Vec<(u32, u32)> = drawn.iter().copied().zip(labels.iter().copied()).collect();
        let spread = self.graph.spread(&pairs, count, ALPHA);
        let spread = spread.select(Axis(0), &of_tests.iter().map(|&row| row as usize).collect::<Vec<_>>());
        let is_reached: Vec<bool> = spread.rows().into_iter().map(|row| row.sum() > 0.0).collect();
        let spreading = most_probable(&spread);

        let error = |called: &[u32]| {
            let wrong = called.iter().zip(&classes.rows).filter(|(called, class)| called != class).count();
            wrong as f64 / tests.len() as f64
        };
        let right = spreading.iter().zip(&classes.rows).zip(&is_reached);
        let right = right.filter(|((called, class), is_reached)| **is_reached && called == class).count();
        let of_spreading = 1.0 - right as f64 / tests.len() as f64;
        Ok(Drawn {
            errors: [error(&dive), error(&nearest_inputs), error(&nearest_code), error(&probe), of_spreading],
            labels: drawn.len(),
            unreached: is_reached.iter().filter(|is_reached| !**is_reached).count(),
        })
    }
}
