//! # Probes: how well simple classifiers tell the classes apart, from codes and from inputs
//!
//! ```text
//! k-NN          the class of most of the k nearest fitting samples                       see vote.rs
//! logistic      multinomial logistic regression with an L2 penalty, C = 1                see logistic.rs
//!               on h = (x − m)/s: m the mean of each column over the fitting samples,
//!               s² = the mean over the columns of their variances: one number for all
//! accuracy a    part of the n other samples whose class is found; standard error √(a·(1 − a)/n)
//! ```
//!
//! Both are applied to the codes, to as many principal components, and to the inputs ([`views`](crate::views)). The
//! network never saw a label. If a simple classifier is better on codes than on principal components, the network has
//! arranged the samples by what distinguishes the classes.
//!
//! One scale s for all columns keeps the distances, and makes the penalty independent of the unit of a code. With a
//! scale for each column, pixels that are almost always 0 would count as much as any other. The other samples have no
//! influence on m and s.
//!
//! The standard error says how much the accuracy would vary with other samples of the same kind; it does not include
//! how much it varies with another training of the network.
//!
//! Source: Alain & Bengio, "Understanding intermediate layers using linear classifier probes", 2016. The standard error
//! is that of a proportion: each sample is classified correctly or not, a Bernoulli variable with variance a·(1 − a).

pub mod logistic;

use handgrad_analysis::{nearest, vote};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use self::logistic::{Logistic, Problem};
use crate::Error;
use crate::views::{Classes, Form, View, view};

/// The weight C of the loss against the penalty.
pub const C: f64 = 1.0;

/// A classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The class of most of the nearest fitting samples.
    Knn,
    /// Multinomial logistic regression.
    Logistic,
}

impl Method {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Knn => "k-NN",
            Self::Logistic => "logistic",
        }
    }
}

/// How well a classifier finds the classes of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The form of the samples.
    pub form: Form,
    /// The number of values of a sample in this form.
    pub values: usize,
    /// The classifier.
    pub method: Method,
    /// How many samples of each class (row) are called each class (column).
    pub confusion: Array2<usize>,
    /// Whether the classifier has reached the minimum of its loss. `true` for one that has no loss.
    pub is_converged: bool,
}

impl Measured {
    /// The part of the samples whose class is found.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.confusion.diag().sum() as f64 / self.confusion.sum() as f64
    }

    /// The standard error of the accuracy.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        standard_error(self.accuracy(), self.confusion.sum())
    }
}

/// √(a·(1 − a)/n): the standard error of an accuracy a on n samples.
///
/// ```
/// assert!((handgrad_tasks::probe::standard_error(0.9, 900) - 0.01).abs() < 1e-15);
/// ```
#[must_use]
pub fn standard_error(accuracy: f64, samples: usize) -> f64 {
    (accuracy * (1.0 - accuracy) / samples as f64).sqrt()
}

/// The figures of all classifiers.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// How many fitting samples there are.
    pub fitted: usize,
    /// How many samples were classified.
    pub samples: usize,
    /// One entry for each form and classifier.
    pub measured: Vec<Measured>,
}

/// Fits both classifiers to `fit` in each form, and classifies `samples`.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
///
/// let [fit, samples] = [synthetic::draw(0, 300), synthetic::draw(1, 100)];
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&fit.shape))?;
/// let weights = network.init(0);
/// let found = handgrad_tasks::probe::measure(&Model::new(network, weights)?, &fit, &samples, 5, &())?;
/// assert_eq!(found.measured.len(), 6);
/// assert!(found.measured.iter().all(|measured| measured.accuracy() > 0.3));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// If a set has no labels, if all fitting samples are of one class or all are equal, if there are fewer than `k` of
/// them, or if a value is not finite; also the errors of [`Model::encode`].
pub fn measure(
    model: &Model,
    fit: &Samples,
    samples: &Samples,
    k: usize,
    progress: &dyn Progress,
) -> Result<Probe, Error> {
    let classes = check(fit, samples, k)?;
    let mut measured = Vec::new();
    progress.start("classifying", Some(Form::ALL.len() as u64), Unit::Samples);
    for form in Form::ALL {
        let found = of_form(form, model, [fit, samples], &classes, k);
        measured.extend(found.inspect_err(|_| progress.finish())?);
        progress.advance(1);
    }
    progress.finish();
    Ok(Probe { classes: classes.names, fitted: fit.len(), samples: samples.len(), measured })
}

/// Returns the classes of both sets.
fn check(fit: &Samples, samples: &Samples, k: usize) -> Result<Classes, Error> {
    for samples in [fit, samples] {
        if let Some(labels) = samples.labels.as_ref().filter(|labels| labels.len() != samples.len()) {
            return Err(Error::LabelCount { labels: labels.len(), samples: samples.len() });
        }
        if samples.is_empty() {
            return Err(Error::FewSamples { what: "a classifier".into(), needed: 1, has: 0 });
        }
    }
    if k == 0 || k > fit.len() {
        return Err(Error::Neighbours { asked: k, has: fit.len() });
    }
    Classes::of(fit, samples)
}

/// Both classifiers on one form.
fn of_form(
    form: Form,
    model: &Model,
    [fit, samples]: [&Samples; 2],
    classes: &Classes,
    k: usize,
) -> Result<[Measured; 2], Error> {
    let view = view(form, model, fit, samples)?;
    let count = classes.names.len();
    let found = nearest(view.fit.view(), view.rows.view(), k).ok_or(Error::NotFinite { form: form.name() })?;
    let of_knn = vote(&found, &classes.fit, count);
    let (fitted, of_logistic) = fit_and_classify(&view, classes)?;
    let measured = |method, called: &[u32], is_converged| Measured {
        form,
        values: view.fit.ncols(),
        method,
        confusion: confusion(&classes.rows, called, count),
        is_converged,
    };
    Ok([measured(Method::Knn, &of_knn, true), measured(Method::Logistic, &of_logistic, fitted.is_converged)])
}

/// Fits logistic regression to the fitting samples of a view, and classifies the others.
fn fit_and_classify(view: &View, classes: &Classes) -> Result<(Logistic, Vec<u32>), Error> {
    let scale = Scale::of(view.fit.view()).ok_or(Error::AllEqual { form: view.form.name() })?;
    let rows = scale.applied(view.fit.view());
    let fitted = Problem { rows: rows.view(), classes: &classes.fit, count: classes.names.len(), c: C }.fit();
    let called = fitted.classes(scale.applied(view.rows.view()).view());
    Ok((fitted, called))
}

/// The mean of each column, and one scale for all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    mean: Array1<f32>,
    scale: f32,
}

impl Scale {
    /// The scale of rows. `None` if all rows are equal.
    pub fn of(rows: ArrayView2<f32>) -> Option<Self> {
        let n = rows.nrows() as f64;
        let mut sums = Array1::<f64>::zeros(rows.ncols());
        rows.rows().into_iter().for_each(|row| sums.zip_mut_with(&row, |sum, &x| *sum += f64::from(x)));
        let mean = sums / n;
        let mut squares = 0.0;
        for row in rows.rows() {
            squares += row.iter().zip(&mean).map(|(&x, &mean)| (f64::from(x) - mean).powi(2)).sum::<f64>();
        }
        let scale = (squares / (n * rows.ncols() as f64)).sqrt();
        // Rows that are equal have exactly this variance; rounding of the mean may leave another one.
        let first = rows.rows().into_iter().next()?;
        if rows.rows().into_iter().all(|row| row == first) {
            return None;
        }
        Some(Self { mean: mean.mapv(|mean| mean as f32), scale: scale as f32 })
    }

    pub fn applied(&self, rows: ArrayView2<f32>) -> Array2<f32> {
        (&rows - &self.mean.view().insert_axis(Axis(0))) / self.scale
    }
}

/// How many rows of each class are called each class.
fn confusion(classes: &[u32], called: &[u32], count: usize) -> Array2<usize> {
    let mut counts = Array2::zeros((count, count));
    classes.iter().zip(called).for_each(|(&class, &called)| counts[[class as usize, called as usize]] += 1);
    counts
}
