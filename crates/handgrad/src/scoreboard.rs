//! `handgrad scoreboard`: the published examples, run again on the real data, beside what was published.

use anyhow::{Context, Result};
use handgrad_analysis::{Confusion, roc, threshold};
use handgrad_dataset::{Samples, thousands};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::args::ScoreboardArgs;
use crate::config::UsageError;
use crate::experiment::{Experiment, floats, squared_error};
use crate::{Done, anomaly, noisy, scale, show, subject};

/// A published example.
struct Row {
    name: &'static str,
    source: &'static str,
    /// What was published, in the terms of `measure`.
    published: &'static str,
    /// What is trained: a label where there are several, and the flags of `handgrad train`.
    runs: &'static [(&'static str, &'static str)],
    /// Trained with the seeds 0, 1, … below this.
    seeds: u64,
    measure: fn(&mut Experiment) -> Result<Vec<Figure>>,
}

/// A name and a value.
type Figure = (&'static str, f64);

const ROWS: [Row; 12] = [
    Row {
        name: "basic",
        source: "Keras blog, basic",
        published: "BCE .0916",
        runs: &[("", "--preset basic --data mnist")],
        seeds: 3,
        measure: validation_bce,
    },
    Row {
        name: "deep",
        source: "Keras blog, deep",
        published: "BCE .0845",
        runs: &[("", "--preset deep --data mnist")],
        seeds: 3,
        measure: validation_bce,
    },
    Row {
        name: "tf-basic",
        source: "TensorFlow tutorial, basic",
        published: "MSE .0088",
        runs: &[("", "--preset tf-basic --data fashion-mnist")],
        seeds: 3,
        measure: |run| Ok(vec![("MSE", run.last().validation_loss)]),
    },
    Row {
        name: "sparse",
        source: "Keras blog, sparse",
        published: "mean code 7.30 without and 3.33 with the penalty",
        runs: &[
            ("without penalty", "--preset basic --epochs 100 --data mnist"),
            ("with penalty", "--preset sparse --data mnist"),
        ],
        seeds: 3,
        measure: sparsity,
    },
    Row {
        name: "keras-conv",
        source: "Keras blog, convolutional",
        published: "BCE .094",
        runs: &[("", "--preset keras-conv --epochs 100 --data mnist")],
        seeds: 1,
        measure: validation_bce,
    },
    Row {
        name: "strided-conv",
        source: "Keras blog's data, the TensorFlow tutorial's strides",
        published: "BCE .081",
        runs: &[("", "--preset strided-conv --data mnist")],
        seeds: 1,
        measure: validation_bce,
    },
    Row {
        name: "tf-denoise",
        source: "TensorFlow tutorial, denoising",
        published: "MSE .0076, noisy input .0255",
        runs: &[("", "--preset tf-denoise --data fashion-mnist")],
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
                "--model pooled-strided-conv --layers 32,32 --loss bce --epochs 50 --batch-size 128 --data mnist",
            ),
            ("noisy", "--preset keras-denoise --data mnist"),
        ],
        seeds: 1,
        measure: validation_bce,
    },
    Row {
        name: "vae",
        source: "PyTorch examples, VAE",
        published: "105.6 nats an image",
        runs: &[("", "--preset vae --data mnist")],
        seeds: 3,
        measure: nats,
    },
    Row {
        name: "conv-vae",
        source: "keras-io, convolutional VAE",
        published: "146.95 = 140.15 + 6.80 nats an image, on the training images",
        runs: &[("", "--preset conv-vae --data mnist")],
        seeds: 1,
        measure: nats,
    },
    Row {
        name: "hinton",
        source: "Hinton & Salakhutdinov 2006",
        published: "squared error 3.00 an image (PCA with 30 components: 13.87)",
        runs: &[("", "--preset hinton --data mnist")],
        seeds: 1,
        measure: error_of_an_image,
    },
    Row {
        name: "ecg",
        source: "TensorFlow tutorial, ECG5000",
        published: "accuracy .943, precision .992, recall .905, counting normal as positive",
        runs: &[("", "--preset ecg"), ("LSTM", "--preset ecg-lstm")],
        seeds: 3,
        measure: heartbeats,
    },
];

/// The error of every sample as its score, the threshold mean + 1 standard deviation of those of normal training samples.
fn heartbeats(run: &mut Experiment) -> Result<Vec<Figure>> {
    // The experiment's own are of the normal class alone.
    let (layout, quiet) = (run.config.settings().layout(), ProgressBar::hidden);
    let mut all = handgrad_dataset::load(&run.config.data, &run.config.data_dir, &layout, &())?.validation;
    scale::apply(&mut all, run.trainer.network().spec().scale);
    let loss = anomaly::loss(&run.trainer, None);
    let mut scores =
        |samples: &Samples| anomaly::scores(&mut run.trainer, samples, &subject::all(samples), loss, &quiet());
    let (normal, scores) = (scores(&run.data.train)?, scores(&all)?);
    let threshold = threshold::mean_plus_std(&normal, 1.0).context("normal beats")?;
    let only = run.config.only_class.as_deref().unwrap_or_default();
    let truth: Vec<bool> = all.labels.iter().flatten().map(|label| !only.contains(label)).collect();
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

fn validation_bce(run: &mut Experiment) -> Result<Vec<Figure>> {
    Ok(vec![("BCE", run.last().validation_loss)])
}

fn nats(run: &mut Experiment) -> Result<Vec<Figure>> {
    let last = run.last();
    let mut figures = vec![("nats", last.validation_loss)];
    figures.extend(last.validation_terms.iter().copied());
    figures.push(("on the training images", last.train_loss));
    Ok(figures)
}

/// The mean of all values of all codes, and the reconstruction without the penalty.
fn sparsity(run: &mut Experiment) -> Result<Vec<Figure>> {
    let codes = run.codes()?;
    let part = |sum: f64| sum / codes.len() as f64;
    let mean = part(codes.iter().map(|&value| f64::from(value)).sum());
    let zero = part(codes.iter().filter(|value| **value == 0.0).count() as f64);
    Ok(vec![("mean code", mean), ("part of it that is 0", zero), ("BCE", run.reconstruction())])
}

/// The error of the denoised images and of the noisy ones, and how much smaller one is.
fn denoising(run: &mut Experiment) -> Result<Vec<Figure>> {
    let denoised = run.last().validation_loss;
    let clean = floats(&run.data.validation);
    let mut noisy = clean.clone();
    let numbers: Vec<u32> = (0..clean.nrows() as u32).collect();
    noisy::put_on(&mut noisy, &numbers, &noisy::of(run.trainer.network()));
    let before = squared_error(&clean, &noisy) / clean.ncols() as f64;
    Ok(vec![("MSE", denoised), ("noisy input", before), ("dB gained", 10.0 * (before / denoised).log10())])
}

/// Summed over the values of an image, mean over the images.
fn error_of_an_image(run: &mut Experiment) -> Result<Vec<Figure>> {
    let error = squared_error(&floats(&run.data.validation), &run.reconstructions()?);
    Ok(vec![("squared error", error)])
}

/// The names of all rows, for `--help` and errors.
pub fn names() -> String {
    ROWS.map(|row| row.name).join(", ")
}

pub fn run(args: &ScoreboardArgs) -> Result<Done> {
    let unknown = args.rows.iter().find(|name| ROWS.iter().all(|row| row.name != **name));
    if let Some(name) = unknown {
        return Err(UsageError(format!("there is no row {name:?} on the scoreboard: there are {}", names())).into());
    }
    let pool = args.experiment.pool()?;
    let mut objects = Vec::new();
    if !args.experiment.output.json {
        show::result("| example | measured here | published | seconds a run |\n| --- | --- | --- | --- |")?;
    }
    for row in ROWS.iter().filter(|row| args.rows.is_empty() || args.rows.iter().any(|name| name == row.name)) {
        let mut measured = Vec::new();
        for (label, flags) in row.runs {
            let mut results = Vec::new();
            for seed in 0..args.seeds.map_or(row.seeds, u64::from) {
                results.push(pool.install(|| -> Result<_> {
                    let mut run = Experiment::run(row.name, flags, seed, &args.experiment)?;
                    Ok(Measured { figures: (row.measure)(&mut run)?, seconds: run.seconds })
                })?);
            }
            measured.push((*label, *flags, results));
        }
        match args.experiment.output.json {
            true => objects.push(object(row, &measured)),
            false => show::result(&line(row, &measured))?,
        }
    }
    if args.experiment.output.json {
        show::result(&Value::from(objects).to_string())?;
    }
    Ok(Done::Whole)
}

/// What one training came to.
struct Measured {
    figures: Vec<Figure>,
    seconds: f64,
}

/// The middle, the least and the largest of a figure over the seeds.
fn spread(results: &[Measured], figure: usize) -> [f64; 3] {
    let mut values: Vec<f64> = results.iter().map(|result| result.figures[figure].1).collect();
    values.sort_by(f64::total_cmp);
    [values[values.len() / 2], values[0], values[values.len() - 1]]
}

type MeasuredRuns<'a> = [(&'a str, &'a str, Vec<Measured>)];

/// A row of the table in Markdown.
fn line(row: &Row, measured: &MeasuredRuns) -> String {
    let runs = measured.iter().map(|(label, flags, results)| {
        let figures = (0..results[0].figures.len()).map(|at| {
            let [middle, least, largest] = spread(results, at).map(show::number);
            let name = results[0].figures[at].0;
            match results.len() {
                1 => format!("{name} {middle}"),
                _ => format!("{name} {middle} ({least}–{largest})"),
            }
        });
        let label = if label.is_empty() { String::new() } else { format!("{label}: ") };
        format!("{label}{} `{flags}`", figures.collect::<Vec<_>>().join(", "))
    });
    let runs: Vec<_> = runs.collect();
    let seconds = measured.iter().map(|(_, _, results)| {
        let mean = results.iter().map(|result| result.seconds).sum::<f64>() / results.len() as f64;
        thousands(mean.round() as usize)
    });
    let seconds = seconds.collect::<Vec<_>>().join(", ");
    format!("| **{}** {} | {} | {} | {seconds} |", row.name, row.source, runs.join("<br>"), row.published)
}

fn object(row: &Row, measured: &MeasuredRuns) -> Value {
    let runs = measured.iter().map(|(label, flags, results)| {
        let seeds = results.iter().map(|result| {
            let mut object: serde_json::Map<_, _> =
                result.figures.iter().map(|&(name, value)| (name.to_string(), json!(value))).collect();
            object.insert("seconds".into(), json!(result.seconds));
            Value::from(object)
        });
        json!({ "run": label, "flags": flags, "seeds": seeds.collect::<Vec<_>>() })
    });
    json!({ "row": row.name, "source": row.source, "published": row.published, "runs": runs.collect::<Vec<_>>() })
}
