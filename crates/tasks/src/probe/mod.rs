//! # Probes: how well simple classifiers tell the classes apart, from codes and from inputs
//!
//! ```text
//! k-NN          the class of most of the k nearest fitting samples                       see vote.rs
//! logistic      multinomial logistic regression with an L2 penalty, C = 1                see logistic.rs
//!               on rows with the mean 0 and the scale 1                                  see scaled.rs
//! accuracy a    part of the n other samples whose class is found; standard error √(a·(1 − a)/n)
//! ```
//!
//! Both are applied to the codes, to as many principal components, and to the inputs ([`views`](crate::views)). The
//! network never saw a label. If a simple classifier is better on codes than on principal components, the network has
//! arranged the samples by what distinguishes the classes.
//!
//! The standard error says how much the accuracy would vary with other samples of the same kind; it does not include
//! how much it varies with another training of the network.
//!
//! Source: Alain & Bengio, "Understanding intermediate layers using linear classifier probes", 2016. The standard error
//! is that of a proportion: each sample is classified correctly or not, a Bernoulli variable with variance a·(1 − a).

pub mod logistic;
mod scaled;

use handgrad_analysis::{nearest, standard_error, vote};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::Array2;

pub(crate) use self::scaled::Scale;
pub use self::scaled::{C, Scaled};
use crate::Error;
use crate::views::{Classes, Form, view};

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
    progress.start("classifying", Some(Form::ALL.len() as u64), Unit::Parts);
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
    if fit.is_empty() || samples.is_empty() {
        return Err(Error::FewSamples { what: "A classifier".into(), needed: 1, has: 0 });
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
    let fitted = Scaled::fit(view.fit.view(), &classes.fit, count).ok_or(Error::AllEqual { form: form.name() })?;
    let of_logistic = fitted.classes(view.rows.view());
    let measured = |method, called: &[u32], is_converged| Measured {
        form,
        values: view.fit.ncols(),
        method,
        confusion: confusion(&classes.rows, called, count),
        is_converged,
    };
    Ok([measured(Method::Knn, &of_knn, true), measured(Method::Logistic, &of_logistic, fitted.logistic.is_converged)])
}

/// How many rows of each class are called each class.
fn confusion(classes: &[u32], called: &[u32], count: usize) -> Array2<usize> {
    let mut counts = Array2::zeros((count, count));
    classes.iter().zip(called).for_each(|(&class, &called)| counts[[class as usize, called as usize]] += 1);
    counts
}
