//! Published examples, trained again on the real data and compared with the published results.

use handgrad_analysis::{Confusion, roc};
use handgrad_tasks::anomaly::{self, Threshold};
use handgrad_tasks::noise;

use crate::Error;
use crate::experiment::{Experiment, Pairs, Setup, squared_error};

/// A published example.
pub struct Row {
    /// The name that selects it.
    pub name: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// The published results, with the figures that `measure` returns.
    pub published: &'static str,
    /// The trainings: a label, which is empty if there is only one, and the settings.
    pub runs: &'static [(&'static str, Pairs)],
    /// The number of seeds: each training is repeated with the seeds 0, 1, …
    pub seeds: u64,
    measure: fn(&mut Experiment) -> Result<Vec<Figure>, Error>,
}

/// A name and a value.
pub type Figure = (&'static str, f64);

/// All rows.
pub static ROWS: [Row; 12] = [
    Row {
        name: "basic",
        source: "Keras blog, basic",
        published: "BCE .0916",
        runs: &[("", &[("preset", "basic"), ("data", "mnist")])],
        seeds: 3,
        measure: validation_bce,
    },
    Row {
        name: "deep",
        source: "Keras blog, deep",
        published: "BCE .0845",
        runs: &[("", &[("preset", "deep"), ("data", "mnist")])],
        seeds: 3,
        measure: validation_bce,
    },
    Row {
        name: "tf-basic",
        source: "TensorFlow tutorial, basic",
        published: "MSE .0088",
        runs: &[("", &[("preset", "tf-basic"), ("data", "fashion-mnist")])],
        seeds: 3,
        measure: |run| Ok(vec![("MSE", run.last().validation_loss)]),
    },
    Row {
        name: "sparse",
        source: "Keras blog, sparse",
        published: "mean code 7.30 without and 3.33 with the penalty",
        runs: &[
            ("without penalty", &[("preset", "basic"), ("epochs", "100"), ("data", "mnist")]),
            ("with penalty", &[("preset", "sparse"), ("data", "mnist")]),
        ],
        seeds: 3,
        measure: sparsity,
    },
    Row {
        name: "keras-conv",
        source: "Keras blog, convolutional",
        published: "BCE .094",
        runs: &[("", &[("preset", "keras-conv"), ("epochs", "100"), ("data", "mnist")])],
        seeds: 1,
        measure: validation_bce,
    },
    Row {
        name: "strided-conv",
        source: "Keras blog's data, the TensorFlow tutorial's strides",
        published: "BCE .081",
        runs: &[("", &[("preset", "strided-conv"), ("data", "mnist")])],
        seeds: 1,
        measure: validation_bce,
    },
    Row {
        name: "tf-denoise",
        source: "TensorFlow tutorial, denoising",
        published: "MSE .0076, noisy input .0255",
        runs: &[("", &[("preset", "tf-denoise"), ("data", "fashion-mnist")])],
        seeds: 3,
        measure: denoising,
    },
    Row {
        name: "keras-denoise",
        source: "keras-io, convolutional denoiser",
        published: "BCE .063 on clean images, .085 on noisy ones",
        runs: &[
            (
                "clean",
                &[
                    ("model", "pooled-strided-conv"),
                    ("layers", "32,32"),
                    ("loss", "bce"),
                    ("epochs", "50"),
                    ("batch_size", "128"),
                    ("data", "mnist"),
                ],
            ),
            ("noisy", &[("preset", "keras-denoise"), ("data", "mnist")]),
        ],
        seeds: 1,
        measure: validation_bce,
    },
    Row {
        name: "vae",
        source: "PyTorch examples, VAE",
        published: "105.6 nats per image",
        runs: &[("", &[("preset", "vae"), ("data", "mnist")])],
        seeds: 3,
        measure: nats,
    },
    Row {
        name: "conv-vae",
        source: "keras-io, convolutional VAE",
        published: "146.95 = 140.15 + 6.80 nats per image, on the training images",
        runs: &[("", &[("preset", "conv-vae"), ("data", "mnist")])],
        seeds: 1,
        measure: nats,
    },
    Row {
        name: "hinton",
        source: "Hinton & Salakhutdinov 2006",
        published: "squared error 3.00 per image (PCA with 30 components: 13.87)",
        runs: &[("", &[("preset", "hinton"), ("data", "mnist")])],
        seeds: 1,
        measure: error_of_an_image,
    },
    Row {
        name: "ecg",
        source: "TensorFlow tutorial, ECG5000",
        published: "accuracy .943, precision .992, recall .905, counting normal as positive",
        runs: &[("", &[("preset", "ecg")]), ("LSTM", &[("preset", "ecg-lstm")])],
        seeds: 3,
        measure: heartbeats,
    },
];

/// Detects anomalies: the score of a sample is its error, and the threshold is the mean + 1 standard deviation of the
/// scores of the normal training samples.
fn heartbeats(run: &mut Experiment) -> Result<Vec<Figure>, Error> {
    // The experiment's own validation samples contain the normal class only.
    let all = run.all_validation()?;
    let normal = anomaly::scores(&run.model, &run.data.train, &run.data.train.numbers(), None, &())?;
    let scores = anomaly::scores(&run.model, &all, &all.numbers(), None, &())?;
    let threshold = Threshold::from_normal(anomaly::Rule::Std(1.0), &normal)?.value;
    let only = run.config.settings().only_class.clone().unwrap_or_default().0;
    let truth: Vec<bool> = all.labels.iter().flat_map(|labels| labels.among(&only)).map(|among| !among).collect();
    let anomalies = Confusion::new(scores.iter().map(|&score| score >= threshold).zip(truth.iter().copied()));
    let normal = anomalies.swapped();
    let figure = |name, value: Option<f64>| (name, value.unwrap_or(f64::NAN));
    Ok(vec![
        figure("accuracy", anomalies.accuracy()),
        figure("normal positive: precision", normal.precision()),
        figure("normal positive: recall", normal.recall()),
        figure("normal positive: F1", normal.f1()),
        figure("anomaly positive: precision", anomalies.precision()),
        figure("anomaly positive: recall", anomalies.recall()),
        figure("anomaly positive: F1", anomalies.f1()),
        figure("ROC-AUC", roc::area(&scores, &truth)),
    ])
}

fn validation_bce(run: &mut Experiment) -> Result<Vec<Figure>, Error> {
    Ok(vec![("BCE", run.last().validation_loss)])
}

fn nats(run: &mut Experiment) -> Result<Vec<Figure>, Error> {
    let last = run.last();
    let mut figures = vec![("nats", last.validation_loss)];
    figures.extend(last.validation_terms.iter().copied());
    figures.push(("on the training images", last.train_loss));
    Ok(figures)
}

/// Measures the mean of all values of all codes, the part of these values that is 0, and the reconstruction loss
/// without the penalty.
fn sparsity(run: &mut Experiment) -> Result<Vec<Figure>, Error> {
    let codes = run.codes()?;
    let part = |sum: f64| sum / codes.len() as f64;
    let mean = part(codes.iter().map(|&value| f64::from(value)).sum());
    let zero = part(codes.iter().filter(|value| **value == 0.0).count() as f64);
    Ok(vec![("mean code", mean), ("part of it that is 0", zero), ("BCE", run.reconstruction())])
}

/// Measures the error of the denoised images, that of the noisy images, and the gain in dB.
fn denoising(run: &mut Experiment) -> Result<Vec<Figure>, Error> {
    let denoised = run.last().validation_loss;
    let (clean, numbers) = (run.data.validation.to_floats(), run.data.validation.numbers());
    let mut noisy = clean.clone();
    noise::put_on(&run.model, &mut noisy, &numbers, &noise::of(run.model.network()))?;
    let before = squared_error(&clean, &noisy) / clean.ncols() as f64;
    Ok(vec![("MSE", denoised), ("noisy input", before), ("dB gained", 10.0 * (before / denoised).log10())])
}

/// Measures the squared error, summed over the values of an image and averaged over the images.
fn error_of_an_image(run: &mut Experiment) -> Result<Vec<Figure>, Error> {
    let error = squared_error(&run.data.validation.to_floats(), &run.reconstructions()?);
    Ok(vec![("squared error", error)])
}

/// The results of one training.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The figures that the published results have.
    pub figures: Vec<Figure>,
    /// The duration of the training.
    pub seconds: f64,
}

/// Returns the rows with these names, or all rows if `names` is empty.
///
/// # Errors
/// If no row has one of these names.
pub fn choose(names: &[String]) -> Result<Vec<&'static Row>, Error> {
    if let Some(name) = names.iter().find(|name| ROWS.iter().all(|row| row.name != **name)) {
        let known = ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        return Err(Error::NoSuchRow { name: name.clone(), known });
    }
    Ok(ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)).collect())
}

impl Row {
    /// Trains once with these settings and this seed, and measures the result.
    ///
    /// # Errors
    /// If the data cannot be loaded, or if the training fails.
    pub fn run(&self, settings: Pairs, seed: u64, setup: &Setup) -> Result<Measured, Error> {
        let mut run = Experiment::run(self.name, settings, seed, setup)?;
        Ok(Measured { figures: (self.measure)(&mut run)?, seconds: run.seconds })
    }
}

/// Returns the median, the smallest and the largest value of a figure over the seeds.
#[must_use]
pub fn spread(results: &[Measured], figure: usize) -> [f64; 3] {
    let mut values: Vec<f64> = results.iter().map(|result| result.figures[figure].1).collect();
    values.sort_by(f64::total_cmp);
    [values[values.len() / 2], values[0], values[values.len() - 1]]
}

/// Returns the mean duration of a training.
#[must_use]
pub fn mean_seconds(results: &[Measured]) -> f64 {
    results.iter().map(|result| result.seconds).sum::<f64>() / results.len() as f64
}
