//! Claims of the slides about what codes are good for, put to the test.
//!
//! Slides: DIVE "Applications of Autoencoders", 2 (features for other tasks, such as clustering and classification) and
//! 6 (labels from few labels); UTMIST "Dimensionality Reduction" (maps by t-SNE); CE6146 "Sparse Autoencoders",
//! "Example – Sparse Autoencoders".

use std::ops::ControlFlow;

use handgrad_analysis::clusters::{agreement, kmeans, nearest_centre};
use handgrad_analysis::embedding::trust::trust;
use handgrad_analysis::embedding::{Gradient, optimize, tsne};
use handgrad_analysis::{deviation, mean, nearest, nearest_others, vote};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_tasks::finetune::{self, Event, Options, Outcome, Settings};
use handgrad_tasks::label;
use handgrad_tasks::probe::Scaled;
use handgrad_tasks::views::{Classes, Form, codes, view};
use ndarray::{Array2, ArrayView2};

use super::Found;
use crate::Error;
use crate::experiment::{Experiment, Setup};

/// The settings of a denoising autoencoder of MNIST, besides its layers.
const DENOISING: [(&str, &str); 6] = [
    ("data", "mnist"),
    ("loss", "bce"),
    ("noise", "masking"),
    ("noise_level", "0.25"),
    ("epochs", "8"),
    ("batch_size", "128"),
];
/// The training samples that a method learns from, where not all are needed.
const FIT: usize = 10_000;
/// The test samples that are measured, where not all are needed.
const MEASURED: usize = 2_000;
/// The number of neighbours by which a map is judged.
const NEIGHBOURS: usize = 12;
const PERPLEXITY: f64 = 30.0;

/// Trains a denoising autoencoder with these layers, whose code is not bounded.
fn denoising(layers: &str, seed: u64, setup: &Setup) -> Result<Experiment, Error> {
    let settings: Vec<_> = DENOISING.into_iter().chain([("layers", layers), ("code_activation", "linear")]).collect();
    Experiment::run(&format!("784-{}", layers.replace(',', "-")), &settings, seed, setup)
}

/// The first `count` samples.
fn first(samples: &Samples, count: usize) -> Samples {
    samples.select(&(0..count.min(samples.len())).collect::<Vec<_>>())
}

/// The part of the samples whose class is found.
fn right(found: &[u32], classes: &[u32]) -> f64 {
    found.iter().zip(classes).filter(|(found, class)| found == class).count() as f64 / classes.len() as f64
}

fn undefined(form: Form) -> Error {
    handgrad_tasks::Error::NotFinite { form: form.name() }.into()
}

/// Measures the accuracy of k-means by the best matching of clusters with classes.
pub fn codes_cluster(setup: &Setup) -> Result<Found, Error> {
    let mut lines = Vec::new();
    for seed in 0..3 {
        let experiment = denoising("256,64,10", seed, setup)?;
        let (fit, test) = (first(&experiment.data.train, FIT), &experiment.data.validation);
        let classes = Classes::of(&fit, test)?;
        let accuracy = |form: Form| {
            let view = view(form, &experiment.model, &fit, test)?;
            let found = kmeans(view.fit.view(), 10, 3, seed).ok_or_else(|| undefined(form))?;
            let clusters = nearest_centre(view.rows.view(), &found.centres);
            Ok::<_, Error>(agreement(&clusters, &classes.rows).map_or(f64::NAN, |agreement| agreement.accuracy))
        };
        let [code, pca, pixels] = [Form::Code, Form::Pca, Form::Inputs].map(accuracy);
        lines.push((format!("seed {seed}"), vec![code?, pca?, pixels?]));
    }
    let is_best = |(_, figures): &(String, Vec<f64>)| figures[0] > figures[1] && figures[0] > figures[2];
    Ok(Found { holds: lines.iter().all(is_best), lines })
}

/// A map by t-SNE.
fn map(rows: ArrayView2<f32>, name: &str, form: Form, progress: &dyn Progress) -> Result<Array2<f32>, Error> {
    progress.start(&format!("t-SNE of the {name}"), Some(optimize::STEPS as u64), Unit::Parts);
    let mut made = 0;
    let found = tsne(rows, PERPLEXITY, 0, Gradient::Exact, &mut |steps, _| {
        progress.advance((steps - made) as u64);
        made = steps;
    });
    progress.finish();
    let points = found.ok_or_else(|| undefined(form))?.points;
    Ok(Array2::from_shape_fn((points.len(), 2), |(i, axis)| points[i][axis] as f32))
}

/// Measures how many neighbours in a map are neighbours in the data, for maps of codes and of pixels.
pub fn codes_on_a_map(setup: &Setup) -> Result<Found, Error> {
    let experiment = denoising("256,32", 0, setup)?;
    let test = first(&experiment.data.validation, MEASURED);
    let classes = Classes::of(&test, &test)?;
    let (pixels, codes) = (test.to_floats(), codes(&experiment.model, &test)?);
    let of_pixels = map(pixels.view(), "pixels", Form::Inputs, setup.progress)?;
    let of_codes = map(codes.view(), "codes", Form::Code, setup.progress)?;
    let mut lines = Vec::new();
    for (name, map, data, form) in [
        ("map of the pixels, compared with the pixels", &of_pixels, &pixels, Form::Inputs),
        ("map of the codes, compared with the codes", &of_codes, &codes, Form::Code),
        ("map of the codes, compared with the pixels", &of_codes, &pixels, Form::Inputs),
    ] {
        let trust = trust(data.view(), map.view(), NEIGHBOURS).ok_or_else(|| undefined(form))?;
        let near = nearest_others(map.view(), NEIGHBOURS).ok_or_else(|| undefined(form))?;
        let accuracy = right(&vote(&near, &classes.rows, classes.names.len()), &classes.rows);
        lines.push((name.to_owned(), vec![trust.trustworthiness, trust.continuity, accuracy]));
    }
    let trustworthiness = |line: usize| lines[line].1[0];
    Ok(Found { holds: (1..3).all(|line| trustworthiness(line) >= trustworthiness(0) - 0.01), lines })
}

/// Measures the error of a classifier whose encoder was trained without labels, and of the same one from scratch.
pub fn pre_training(setup: &Setup) -> Result<Found, Error> {
    let mut lines: Vec<(String, Vec<f64>)> = Vec::new();
    for activation in ["tanh", "relu"] {
        let network = [("layers", "256,64"), ("activation", activation)];
        let settings: Vec<_> = DENOISING.into_iter().chain(network).collect();
        let experiment = Experiment::run(activation, &settings, 0, setup)?;
        for row in compared(&experiment, setup)?.rows {
            let name = row.per_class.map_or_else(|| "all labels".into(), |count| format!("{count} labels a class"));
            let (tuned, scratch) = (mean(&row.fine_tuned), mean(&row.from_scratch));
            lines.push((format!("{activation}, {name}"), vec![tuned, scratch, tuned / scratch]));
        }
    }
    let each = lines.chunks(lines.len() / 2);
    let holds = each.into_iter().all(|lines| lines[0].1[2] < 0.9 && lines[lines.len() - 1].1[2] > 0.9);
    Ok(Found { lines, holds })
}

/// Fine-tunes the encoder of a trained network with several numbers of labels, and tells the progress.
fn compared(experiment: &Experiment, setup: &Setup) -> Result<Outcome, Error> {
    let epochs = setup.epochs.unwrap_or(3);
    let options = Options {
        labels: vec![Some(5), Some(50), Some(500), None],
        settings: Settings { epochs, batch_size: 100, learning_rate: 1e-3, seed: 0 },
        dropout: 0.0,
        input_noise: 0.0,
        encoder_rate: 1.0,
        unknown: None,
        pretraining: None,
        from_scratch: true,
        seeds: 3,
    };
    let (train, test) = (&experiment.data.train, &experiment.data.validation);
    let mut seen = None;
    let outcome = finetune::compare(&experiment.model, train, test, &options, &mut |event| {
        match event {
            Event::Begins { what, samples } => {
                if seen.replace(0).is_some() {
                    setup.progress.finish();
                }
                setup.progress.start(what, Some(samples as u64), Unit::Samples);
            }
            Event::Step { samples, .. } => {
                setup.progress.advance((samples - seen.unwrap_or(0)) as u64);
                seen = Some(samples);
            }
            Event::Epoch { .. } => {}
        }
        ControlFlow::Continue(())
    });
    setup.progress.finish();
    Ok(outcome?)
}

/// Measures how many values of a code are near 0, and what simple classifiers tell from the codes.
pub fn sparse_codes(setup: &Setup) -> Result<Found, Error> {
    let common = [("data", "mnist"), ("layers", "64"), ("loss", "bce"), ("epochs", "10"), ("batch_size", "256")];
    let mut lines = Vec::new();
    for (name, setting) in [
        ("ReLU, no penalty", None),
        ("L1, weight 10⁻⁴", Some(("l1", "1e-4"))),
        ("L1, weight 10⁻³", Some(("l1", "1e-3"))),
        ("KL to 0.05", Some(("sparsity", "0.05"))),
    ] {
        let settings: Vec<_> = common.into_iter().chain(setting).collect();
        let experiment = Experiment::run(name, &settings, 0, setup)?;
        let (fit, test) = (first(&experiment.data.train, FIT), &experiment.data.validation);
        let classes = Classes::of(&fit, test)?;
        let [fit, test] = [codes(&experiment.model, &fit)?, codes(&experiment.model, test)?];
        let largest = test.iter().fold(0.0, |largest: f32, &value| largest.max(value));
        let near_zero = test.iter().filter(|value| **value < 0.01 * largest).count() as f64 / test.len() as f64;
        let near = nearest(fit.view(), test.view(), 5).ok_or_else(|| undefined(Form::Code))?;
        let of_knn = right(&vote(&near, &classes.fit, classes.names.len()), &classes.rows);
        let fitted = Scaled::fit(fit.view(), &classes.fit, classes.names.len());
        let fitted = fitted.ok_or(handgrad_tasks::Error::AllEqual { form: Form::Code.name() })?;
        let of_logistic = right(&fitted.classes(test.view()), &classes.rows);
        lines.push((name.to_owned(), vec![near_zero, of_logistic, of_knn]));
    }
    // L1 with the stronger weight, beside the plain code.
    let (plain, sparse): (&[f64], &[f64]) = (&lines[0].1, &lines[2].1);
    let holds = sparse[0] > 0.5 && sparse[1] > plain[1] - 0.01 && sparse[2] > plain[2] - 0.01;
    Ok(Found { lines, holds })
}

/// Measures the labels of the nearest reconstruction, the nearest image and the nearest code.
pub fn nearest_reconstruction(setup: &Setup) -> Result<Found, Error> {
    let experiment = denoising("256,32", 0, setup)?;
    let (fit, test) = (first(&experiment.data.train, FIT), first(&experiment.data.validation, MEASURED));
    let asked = label::Asked { per_class: vec![5, 20, 80], draws: 5, seed: 0, neighbours: 10, unknown: None };
    let found = label::measure(&experiment.model, &fit, &test, &asked, setup.progress)?;
    let line = |errors: &[label::Errors]| {
        let of = |method| errors.iter().find(|of| of.method == method).map_or(&[][..], |of| &of.errors);
        let figures = [label::Method::Dive, label::Method::NearestInputs].map(of);
        let figures = figures.map(|errors| [mean(errors), deviation(errors).unwrap_or(f64::NAN)]);
        let code = mean(of(label::Method::NearestCode));
        (format!("{} labels a class", errors[0].per_class), figures.into_iter().flatten().chain([code]).collect())
    };
    let lines: Vec<(String, Vec<f64>)> = found.errors.chunks(label::Method::ALL.len()).map(line).collect();
    let holds = lines.iter().all(|(_, figures)| figures[0] < figures[2]);
    Ok(Found { lines, holds })
}
