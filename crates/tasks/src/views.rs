//! The same samples in three forms, to see what a code is good for: methods for codes are applied to all three.
//!
//! ```text
//! code      z = encode(x), k values                       the mean of its distribution if the model is variational
//! pca       h_j = v_j·(x − m), j ≤ k                      the principal components of the fitting samples
//! inputs    x as the network gets it, d values            pixels; of a table, its encoded columns
//! ```
//!
//! A code that is not better than the principal components of the same width did not need a network. A missing value
//! counts as the mean of its place over the fitting samples, except for a network that was trained with missing values.

use std::borrow::Cow;

use handgrad_analysis::Pca;
use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::{Array2, Axis};

use crate::{CHUNK, Error, check_labels, inputs};

/// A form of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The codes of the model.
    Code,
    /// Principal components, as many as a code has values, or as a sample has if that is fewer.
    Pca,
    /// The inputs of the network.
    Inputs,
}

impl Form {
    /// All forms, the code first.
    pub const ALL: [Self; 3] = [Self::Code, Self::Pca, Self::Inputs];

    /// Its name in tables: `code`, `pca` or `inputs`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Pca => "pca",
            Self::Inputs => "inputs",
        }
    }
}

/// Samples to learn from and samples to measure on, both in the same form, one per row.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The form.
    pub form: Form,
    /// The fitting samples.
    pub fit: Array2<f32>,
    /// The other samples.
    pub rows: Array2<f32>,
}

/// Returns the codes of samples, one per row.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
///
/// let samples = synthetic::draw(0, 20);
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&samples.shape))?;
/// let weights = network.init(0);
/// let codes = handgrad_tasks::views::codes(&Model::new(network, weights)?, &samples)?;
/// assert_eq!(codes.dim(), (20, 8));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// As [`Model::encode`].
pub fn codes(model: &Model, samples: &Samples) -> Result<Array2<f32>, Error> {
    let mut all = Array2::zeros((samples.len(), model.code_len()));
    for (numbers, mut to) in samples.numbers().chunks(CHUNK).zip(all.axis_chunks_iter_mut(Axis(0), CHUNK)) {
        to.assign(&model.encode(samples.exact_rows(numbers).view())?);
    }
    Ok(all)
}

/// Returns `fit` and `samples` in a form. Principal components are those of `fit`.
///
/// # Errors
/// As [`Model::encode`]; [`Error::NotFinite`] if the values of a sample or a code are not finite.
pub fn view(form: Form, model: &Model, fit: &Samples, samples: &Samples) -> Result<View, Error> {
    let view = match form {
        Form::Code => View { form, fit: codes(model, fit)?, rows: codes(model, samples)? },
        Form::Inputs => {
            let [mut fit, mut rows] = [fit, samples].map(|samples| inputs::rows(model, samples, &samples.numbers()));
            let means = inputs::means(&fit);
            inputs::fill(&mut fit, &means);
            inputs::fill(&mut rows, &means);
            View { form, fit, rows }
        }
        Form::Pca => {
            let View { fit, rows, .. } = view(Form::Inputs, model, fit, samples)?;
            let k = model.code_len().min(fit.ncols());
            let pca = Pca::fit(fit.view(), k).ok_or(Error::NotFinite { form: form.name() })?;
            View { form, fit: pca.codes(fit.view()), rows: pca.codes(rows.view()) }
        }
    };
    if view.fit.iter().chain(&view.rows).any(|value| !value.is_finite()) {
        return Err(Error::NotFinite { form: form.name() });
    }
    Ok(view)
}

/// The classes of two sets of samples, numbered in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// The names: first the numbers, then the words, each in ascending order.
    pub names: Vec<String>,
    /// For each fitting sample, the position of its class in `names`.
    pub fit: Vec<u32>,
    /// The same for each of the other samples.
    pub rows: Vec<u32>,
}

impl Classes {
    /// Numbers the classes of `fit` and `samples`.
    ///
    /// # Errors
    /// If one of them has no labels or another number of labels than of samples, or if all fitting samples are of one
    /// class.
    pub fn of(fit: &Samples, samples: &Samples) -> Result<Self, Error> {
        [fit, samples].into_iter().try_for_each(check_labels)?;
        let (fit, rows) = fit.labels.as_ref().zip(samples.labels.as_ref()).ok_or(Error::NoLabels)?;
        if let [class] = fit.classes() {
            return Err(Error::OneClass { class: class.clone() });
        }
        let both = handgrad_dataset::Labels::named(fit.names().chain(rows.names()));
        let (fit, rows) = both.numbers().split_at(fit.len());
        Ok(Self { names: both.classes().to_vec(), fit: fit.to_vec(), rows: rows.to_vec() })
    }
}

/// Returns the numbers of the samples whose class is known: all but those of class `unknown`, the class that stands for
/// no label, if there is one.
///
/// # Errors
/// If no class is known, or if there are not as many labels as samples.
pub fn known(samples: &Samples, unknown: Option<&str>) -> Result<Vec<u32>, Error> {
    check_labels(samples)?;
    let labels = samples.labels.as_ref().ok_or(Error::NoLabels)?;
    let Some(unknown) = unknown else { return Ok(samples.numbers()) };
    let is_unknown = labels.among(&[unknown.to_owned()]);
    let known: Vec<u32> = (0..).zip(is_unknown).filter(|(_, is_unknown)| !is_unknown).map(|(at, _)| at).collect();
    if known.is_empty() { Err(Error::NoLabels) } else { Ok(known) }
}

/// Returns the samples whose class is known, without a copy if that is so for all of them.
///
/// ```
/// use handgrad_dataset::{Labels, synthetic};
/// use handgrad_tasks::views::with_class;
///
/// let mut samples = synthetic::draw(0, 3);
/// samples.labels = Some(Labels::named(["shoe", "unknown", "bag"]));
/// assert_eq!(with_class(&samples, Some("unknown"))?.classes(), ["bag", "shoe"]);
/// assert_eq!(with_class(&samples, None)?.len(), 3);
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// As [`known`].
pub fn with_class<'a>(samples: &'a Samples, unknown: Option<&str>) -> Result<Cow<'a, Samples>, Error> {
    let known = known(samples, unknown)?;
    Ok(if known.len() == samples.len() { Cow::Borrowed(samples) } else { Cow::Owned(selected(samples, &known)) })
}

/// The samples with these numbers.
pub(crate) fn selected(samples: &Samples, numbers: &[u32]) -> Samples {
    samples.select(&numbers.iter().map(|&number| number as usize).collect::<Vec<_>>())
}
