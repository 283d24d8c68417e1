//! What the slides say about recurrent networks, tried.

use anyhow::Result;
use handgrad_dataset::{Samples, Values};
use handgrad_layers::recurrent::gradient_norms;
use handgrad_layers::{Activation, BatchRows, Layer, Mode, Optimizer, Pass, Saved, Scalar, adam::Adam, random};
use handgrad_models::{Network, NextStep};
use handgrad_trainer::{Plan, Source, Trainer, fit};
use ndarray::Array2;

use super::Found;
use crate::args::ExperimentArgs;
use crate::config::CellName;
use crate::experiment::Experiment;
use crate::{score, show};

const CELLS: [(&str, CellName); 3] = [("elman", CellName::Elman), ("gru", CellName::Gru), ("lstm", CellName::Lstm)];

/// Parameters of the encoder's recurrent layer, time and error.
pub fn cells(args: &ExperimentArgs) -> Result<Found> {
    let mut lines = Vec::new();
    for (name, _) in CELLS {
        let experiment = Experiment::run(name, &format!("--preset lstm --cell {name}"), 0, args)?;
        let network = experiment.trainer.network();
        let parameters = network.theta_of(0).len() as f64;
        let seconds = experiment.seconds / experiment.epochs.len() as f64;
        lines.push((name.to_string(), vec![parameters, seconds, experiment.last().validation_loss]));
    }
    let figure = |line: usize, at: usize| lines[line].1[at];
    let holds = figure(2, 0) == 4.0 * figure(0, 0) && figure(1, 0) == 3.0 * figure(0, 0) && figure(1, 1) < figure(2, 1);
    Ok(Found { lines, holds })
}

/// Kinds of the first step that there are to remember.
const KINDS: usize = 8;
/// Values of a step: a place for each kind, the signal to speak, and noise.
const WIDTH: usize = KINDS + 2;

/// Sequences that begin with one of the kinds, go on with noise, give a signal, and end as they began.
fn recall(count: usize, steps: usize, seed: u64) -> Samples {
    let mut values = Array2::zeros((count, steps * WIDTH));
    for (number, mut row) in values.rows_mut().into_iter().enumerate() {
        let mut noise = vec![0.0_f32; steps + 1];
        let pass = Pass { mode: Mode::Train, seed, samples: &[number as u32], ..Pass::<f32>::predict() };
        random::with_uniform(&pass, 0, &mut noise, |_, uniform| uniform);
        let kind = (noise[steps] * KINDS as f32) as usize % KINDS;
        row[kind] = 1.0;
        (1..steps - 2).for_each(|step| row[step * WIDTH + KINDS + 1] = noise[step]);
        row[(steps - 2) * WIDTH + KINDS] = 1.0;
        row[(steps - 1) * WIDTH + kind] = 1.0;
    }
    Samples { values: Values::Floats(values), shape: vec![steps, WIDTH], labels: None }
}

/// The part of the sequences whose last step is told rightly by networks that saw their beginning `steps` before.
pub fn long_memory(args: &ExperimentArgs) -> Result<Found> {
    const STEPS: [usize; 4] = [10, 20, 30, 40];
    let epochs = args.epochs.map_or(80, usize::from);
    let mut lines = Vec::new();
    for (name, cell) in CELLS {
        let mut figures = Vec::new();
        for steps in STEPS {
            let (train, test) = (recall(4096, steps, 1), recall(1024, steps, 2));
            let spec =
                NextStep { cell: cell.into(), units: 32, output_activation: Activation::Linear, ..NextStep::default() }
                    .spec(&[steps, WIDTH]);
            // All epochs, and the best weights.
            let plan = Plan { epochs, batch_size: 16, early_stopping: Some(epochs), ..Plan::default() };
            let adam = Optimizer::Adam(Adam { learning_rate: 3e-3, ..Adam::default() });
            let mut trainer = Trainer::new(Network::<f32>::new(&spec)?, adam, plan.batch_size, 0).with_clipping(1.0);
            let (train, source) = (Source::new(&train), Source::new(&test));
            let bar = show::sample_bar(epochs, args.output.quiet);
            bar.set_prefix(format!("{name}, {steps} steps"));
            fit(&mut trainer, &train, &source, &plan, &mut |_| true)?;
            bar.finish_and_clear();
            let numbers: Vec<u32> = (0..test.len() as u32).collect();
            let told = trainer.predict(&source, &numbers)?;
            let mut truth = Array2::zeros(told.dim());
            source.fill_rows(&numbers, truth.as_slice_mut().unwrap_or_default());
            let right = told.rows().into_iter().zip(truth.rows()).filter(|(told, truth)| {
                let last = (steps - 1) * WIDTH;
                largest(told.iter().skip(last).take(KINDS)) == largest(truth.iter().skip(last).take(KINDS))
            });
            figures.push(right.count() as f64 / test.len() as f64);
        }
        lines.push((name.to_string(), figures));
    }
    let all = |line: usize, test: fn(&f64) -> bool| lines[line].1.iter().all(test);
    // The simple network may know the shortest; at the longest it must be at a loss.
    let holds = lines[0].1[STEPS.len() - 1] < 0.5 && [1, 2].into_iter().all(|line| all(line, |&right| right > 0.9));
    Ok(Found { lines, holds })
}

/// The place of the largest value.
fn largest<'a>(values: impl Iterator<Item = &'a f32>) -> usize {
    values.enumerate().fold((0, f32::NEG_INFINITY), |best, (at, &v)| if v > best.1 { (at, v) } else { best }).0
}

/// ‖∂L/∂h_t‖ where only the last step has a loss, against that of the last step.
pub fn gradient_by_step(_: &ExperimentArgs) -> Result<Found> {
    const STEPS: usize = 50;
    const UNITS: usize = 64;
    const ROWS: usize = 32;
    let mut lines = Vec::new();
    for (name, cell, factor, keep) in [
        ("elman", CellName::Elman, 1.0, None),
        ("elman, w_hh × 3", CellName::Elman, 3.0, None),
        ("gru", CellName::Gru, 1.0, None),
        ("gru, biases of z at 4", CellName::Gru, 1.0, Some(4.0)),
        ("lstm", CellName::Lstm, 1.0, None),
        ("lstm, biases of f at 4", CellName::Lstm, 1.0, Some(4.0)),
    ] {
        let spec =
            NextStep { cell: cell.into(), units: UNITS, output_activation: Activation::Linear, ..NextStep::default() }
                .spec(&[STEPS, WIDTH]);
        let network = Network::<f64>::new(&spec)?;
        // Behind the shift.
        let layer = &*network.layers()[1];
        let mut theta = network.init(0)[network.theta_of(1)].to_vec();
        let params = layer.params();
        let w_hh = params[0].len()..params[0].len() + params[1].len();
        theta[w_hh].iter_mut().for_each(|w| *w *= factor);
        if let Some(bias) = keep {
            // Gates r, z, n and i, f, g, o: the one that keeps the state is the second of either.
            let b_ih = params[0].len() + params[1].len();
            theta[b_ih + UNITS..][..UNITS].fill(bias);
        }
        let mut x = vec![0.0; ROWS * STEPS * WIDTH];
        let pass = Pass { mode: Mode::Train, samples: &[0], ..Pass::<f64>::predict() };
        random::with_normal(&pass, 0, &mut x, |_, normal| normal);
        let norms = norms(layer, &theta, &x, ROWS, STEPS, UNITS);
        let at = [1, 5, 10, 20, 30, 49].map(|before| norms[STEPS - 1 - before] / norms[STEPS - 1]);
        lines.push((name.to_string(), at.to_vec()));
    }
    let ends: Vec<f64> = lines.iter().map(|(_, figures)| figures[figures.len() - 1]).collect();
    let holds = ends[0] < 1e-5 && ends[1] > 1.0 && ends[2..].iter().all(|&end| end > ends[0]);
    Ok(Found { lines, holds })
}

/// What a layer makes of a gradient of 1 at every value of its last step.
fn norms<T: Scalar>(layer: &dyn Layer<T>, theta: &[T], x: &[T], rows: usize, steps: usize, units: usize) -> Vec<f64> {
    let (mut y, mut dy) = (vec![T::ZERO; rows * steps * units], vec![T::ZERO; rows * steps * units]);
    let mut scratch = vec![T::ZERO; layer.scratch_len()];
    let mut cache = vec![T::ZERO; rows * layer.cache_len()];
    let numbers: Vec<u32> = (0..rows as u32).collect();
    let mut pass = Pass { samples: &numbers, scratch: &mut scratch, cache: &mut cache, ..Pass::predict() };
    layer.forward(theta, x, &mut y, &mut pass);
    dy.chunks_exact_mut(units).skip(steps - 1).step_by(steps).for_each(|last| last.fill(T::ONE));
    layer.backward_input(theta, Saved { x, y: &y }, &mut dy, None, &mut pass);
    gradient_norms(BatchRows::contiguous(&dy, steps * units), steps)
}

/// The score of untrained networks beside what training makes of them.
pub fn hidden_covariance(args: &ExperimentArgs) -> Result<Found> {
    let mut lines = Vec::new();
    for (name, _) in CELLS {
        for units in [32, 64, 128] {
            let label = format!("{name}, {units} units");
            let flags = format!("--preset lstm --cell {name} --layers {units} --epochs 3");
            let experiment = Experiment::run(&label, &flags, 0, args)?;
            let network = Network::<f32>::new(experiment.trainer.network().spec())?;
            // Half of the fewest units: with more samples than units it is the units that are counted.
            let score = score::of_start(network, 0, units, &experiment.data.train, 16)?;
            lines.push((label, vec![score, experiment.last().validation_loss]));
        }
    }
    // Kendall's τ: of all pairs, those where the higher score has the lower error, less the others.
    let mut agree = 0;
    let pairs = (0..lines.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    let count = pairs.clone().count();
    for (a, b) in pairs {
        let [a, b] = [a, b].map(|at| &lines[at].1);
        agree += if (a[0] > b[0]) == (a[1] < b[1]) { 1 } else { -1 };
    }
    let tau = f64::from(agree) / count as f64;
    lines.push(("Kendall's τ of score and −error".into(), vec![tau]));
    Ok(Found { lines, holds: tau > 0.5 })
}
