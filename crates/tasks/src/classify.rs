//! Telling the classes of samples with a classifier, and how often it is right.
//!
//! ```text
//! p = softmax(z)                         the probabilities of the C classes: see `handgrad_models::classifier`
//! ĉ = argmax_j p_j                       the predicted class; of equal ones the first
//! a = 1/n · Σ_r 1[ĉ_r = c_r]             accuracy: the part of n samples whose class is predicted
//! s = √( a·(1 − a)/n )                   its standard error, that of n independent samples
//! ```

use handgrad_analysis::{argmax, standard_error};
use handgrad_dataset::{Labels, Samples};
use handgrad_models::Model;

use crate::{CHUNK, Error, check_fit};

/// The predicted classes of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// For each sample, the number of its predicted class, in the order of [`Spec::classes`].
    ///
    /// [`Spec::classes`]: handgrad_models::Spec::classes
    pub classes: Vec<u32>,
    /// For each sample, the probability of this class.
    pub probabilities: Vec<f32>,
}

/// Predicts the class of each sample.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_models::{Basic, Classifier, Model, Network};
///
/// let samples = synthetic::draw(0, 20);
/// let autoencoder = Basic { units: 8, ..Basic::default() }.spec(&samples.shape);
/// let network = Network::new(&Classifier::new(samples.classes()).spec(&autoencoder))?;
/// let weights = network.init(0);
/// let predictions = handgrad_tasks::classify::predict(&Model::new(network, weights)?, &samples)?;
/// assert_eq!(predictions.classes.len(), 20);
/// // The largest of ten probabilities, whose sum is 1.
/// assert!(predictions.probabilities.iter().all(|&p| p >= 0.1));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// If the model is not a classifier, or the samples do not fit it; [`Error::NoProbabilities`] if the result for a
/// sample is not finite.
pub fn predict(model: &Model, samples: &Samples) -> Result<Predictions, Error> {
    check_fit(model, samples)?;
    let (mut classes, mut probabilities) = (Vec::new(), Vec::new());
    for numbers in samples.numbers().chunks(CHUNK) {
        for (row, &sample) in model.classify(samples.exact_rows(numbers).view())?.rows().into_iter().zip(numbers) {
            if row.iter().any(|probability| !probability.is_finite()) {
                return Err(Error::NoProbabilities { sample: sample as usize });
            }
            let class = argmax(row.iter().copied());
            classes.push(class as u32);
            probabilities.push(row[class]);
        }
    }
    Ok(Predictions { classes, probabilities })
}

/// Returns for each label the number of its class among `known`, the classes of a classifier.
///
/// ```
/// use handgrad_dataset::Labels;
/// use handgrad_tasks::classify::numbered;
///
/// let known = ["cat", "dog"].map(String::from);
/// assert_eq!(numbered(&Labels::named(["dog", "cat", "dog"]), &known)?, [1, 0, 1]);
/// assert!(numbered(&Labels::named(["cow"]), &known).is_err());
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// [`Error::UnknownClass`] if a class is not among them.
pub fn numbered(labels: &Labels, known: &[String]) -> Result<Vec<u32>, Error> {
    let place = |class: &String| {
        let place = known.iter().position(|known| known == class);
        place.ok_or_else(|| Error::UnknownClass { class: class.clone(), known: known.to_vec() })
    };
    let places: Vec<usize> = labels.classes().iter().map(place).collect::<Result<_, _>>()?;
    Ok(labels.numbers().iter().map(|&number| places[number as usize] as u32).collect())
}

/// How often predictions are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// The number of samples whose class is predicted.
    pub right: usize,
    /// The number of all samples, at least 1.
    pub samples: usize,
}

impl Accuracy {
    /// Compares predictions with the true classes, given by the same numbers.
    ///
    /// ```
    /// use handgrad_tasks::classify::Accuracy;
    ///
    /// let accuracy = Accuracy::of(&[0, 1, 1, 0], &[0, 1, 1, 1])?;
    /// assert_eq!((accuracy.value(), accuracy.standard_error()), (0.75, (0.75_f64 * 0.25 / 4.0).sqrt()));
    /// # Ok::<(), handgrad_tasks::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are not as many true classes as predictions, or none.
    pub fn of(predicted: &[u32], truth: &[u32]) -> Result<Self, Error> {
        if predicted.len() != truth.len() {
            return Err(Error::LabelCount { labels: truth.len(), samples: predicted.len() });
        }
        if truth.is_empty() {
            return Err(Error::FewSamples { what: "An accuracy".into(), needed: 1, has: 0 });
        }
        let right = predicted.iter().zip(truth).filter(|(predicted, truth)| predicted == truth).count();
        Ok(Self { right, samples: truth.len() })
    }

    /// a, the part of the samples whose class is predicted.
    #[must_use]
    pub fn value(self) -> f64 {
        self.right as f64 / self.samples as f64
    }

    /// s, the standard error of a.
    #[must_use]
    pub fn standard_error(self) -> f64 {
        standard_error(self.value(), self.samples)
    }
}
