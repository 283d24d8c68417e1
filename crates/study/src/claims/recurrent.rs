//! Claims of the slides about recurrent networks, put to the test.

use std::ops::ControlFlow;

use handgrad_analysis::argmax;
use handgrad_dataset::{Samples, Values};
use handgrad_files::Unit;
use handgrad_layers::recurrent::gradient_norms;
use handgrad_layers::{
    Activation, BatchRows, Layer, LossKind, Mode, Optimizer, Pass, Saved, Scalar, adam::Adam, random,
};
use handgrad_models::{Cell, Network, NextStep, Spec};
use handgrad_tasks::untrained;
use handgrad_trainer::{Event, Plan, Source, Trainer, Training, fit};
use ndarray::{Array2, ArrayView1};

use super::Found;
use crate::Error;
use crate::experiment::{Experiment, Setup};

const CELLS: [(&str, Cell); 3] = [("elman", Cell::ELMAN), ("gru", Cell::GRU), ("lstm", Cell::Lstm)];

/// Measures the parameters of the encoder's recurrent layer, the time of an epoch, and the error.
pub fn cells(setup: &Setup) -> Result<Found, Error> {
    let mut lines = Vec::new();
    for (name, _) in CELLS {
        let experiment = Experiment::run(name, &[("preset", "lstm"), ("cell", name)], 0, setup)?;
        let network = experiment.model.network();
        let parameters = network.theta_of(0).len() as f64;
        let seconds = experiment.seconds / experiment.epochs.len() as f64;
        lines.push((name.to_string(), vec![parameters, seconds, experiment.last().validation_loss]));
    }
    let figure = |line: usize, at: usize| lines[line].1[at];
    let holds = figure(2, 0) == 4.0 * figure(0, 0) && figure(1, 0) == 3.0 * figure(0, 0) && figure(1, 1) < figure(2, 1);
    Ok(Found { lines, holds })
}

/// The number of symbols that a sequence can begin with.
const KINDS: usize = 8;
/// The number of values of a step: one for each symbol, one for the signal, and one for noise.
const WIDTH: usize = KINDS + 2;

/// Returns sequences that begin with one of the symbols, continue with noise, and end with the signal and the same
/// symbol.
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
    Samples { values: Values::Floats(values), shape: vec![steps, WIDTH], labels: None, places: None }
}

/// Returns a network that predicts every step of such a sequence from the steps before it.
fn next_step(steps: usize, cell: Cell, units: usize) -> Spec {
    NextStep { cell, units, output_activation: Activation::Linear, loss: LossKind::Mse }.spec(&[steps, WIDTH])
}

/// Measures the fraction of the sequences whose last step is predicted correctly; the answer is the symbol of the
/// first step.
pub fn long_memory(setup: &Setup) -> Result<Found, Error> {
    const STEPS: [usize; 4] = [10, 20, 30, 40];
    let epochs = setup.epochs.unwrap_or(80);
    let mut lines = Vec::new();
    for (name, cell) in CELLS {
        let mut figures = Vec::new();
        for steps in STEPS {
            let (train, test) = (recall(4096, steps, 1), recall(1024, steps, 2));
            // Trains for all epochs, and keeps the best weights.
            let plan = Plan { epochs, early_stopping: Some(epochs), ..Plan::default() };
            let optimizer = Optimizer::Adam(Adam { learning_rate: 3e-3, ..Adam::default() });
            let training = Training { optimizer, batch_size: 16, clip_norm: Some(1.0), ..Training::default() };
            let mut trainer = Trainer::new(Network::<f32>::new(&next_step(steps, cell, 32))?, &training)?;
            setup.progress.start(&format!("{name}, {steps} steps"), Some(epochs as u64), Unit::Parts);
            fit(&mut trainer, &Source::new(&train), &Source::new(&test), &plan, &mut |event| {
                if let Event::Epoch { .. } = event {
                    setup.progress.advance(1);
                }
                ControlFlow::Continue(())
            })?;
            setup.progress.finish();
            let truth = test.to_floats();
            let told = trainer.into_model()?.reconstruct(truth.view())?;
            let right = told.rows().into_iter().zip(truth.rows()).filter(|(told, truth)| {
                let last = (steps - 1) * WIDTH;
                let symbol = |row: ArrayView1<f32>| argmax(row.iter().skip(last).take(KINDS).copied());
                symbol(*told) == symbol(*truth)
            });
            figures.push(right.count() as f64 / test.len() as f64);
        }
        lines.push((name.to_string(), figures));
    }
    let all = |line: usize, test: fn(&f64) -> bool| lines[line].1.iter().all(test);
    // The Elman network may succeed at the shorter lengths, but must fail at the largest.
    let holds = lines[0].1[STEPS.len() - 1] < 0.5 && [1, 2].into_iter().all(|line| all(line, |&right| right > 0.9));
    Ok(Found { lines, holds })
}

/// Measures ‖∂L/∂h_t‖ where only the last step has a loss, divided by that of the last step.
pub fn gradient_by_step(_: &Setup) -> Result<Found, Error> {
    const STEPS: usize = 50;
    const UNITS: usize = 64;
    const ROWS: usize = 32;
    let mut lines = Vec::new();
    for (name, cell, factor, keep) in [
        ("elman", Cell::ELMAN, 1.0, None),
        ("elman, w_hh × 3", Cell::ELMAN, 3.0, None),
        ("gru", Cell::GRU, 1.0, None),
        ("gru, biases of z at 4", Cell::GRU, 1.0, Some(4.0)),
        ("lstm", Cell::Lstm, 1.0, None),
        ("lstm, biases of f at 4", Cell::Lstm, 1.0, Some(4.0)),
    ] {
        let network = Network::<f64>::new(&next_step(STEPS, cell, UNITS))?;
        // The layer after the shift.
        let layer = &*network.layers()[1];
        let mut theta = network.init(0)[network.theta_of(1)].to_vec();
        let params = layer.params();
        let w_hh = params[0].len()..params[0].len() + params[1].len();
        theta[w_hh].iter_mut().for_each(|w| *w *= factor);
        if let Some(bias) = keep {
            // The gates are r, z, n of a GRU and i, f, g, o of an LSTM. In both, the second one keeps the state.
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

/// Returns ‖∂L/∂h_t‖ of a layer at every step, for a gradient of 1 at every value of the last step.
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

/// Compares the score of untrained networks with their error after training.
pub fn hidden_covariance(setup: &Setup) -> Result<Found, Error> {
    let mut lines = Vec::new();
    for (name, _) in CELLS {
        for units in [32, 64, 128] {
            let label = format!("{name}, {units} units");
            let layers = units.to_string();
            let settings = [("preset", "lstm"), ("cell", name), ("layers", &layers), ("epochs", "3")];
            let experiment = Experiment::run(&label, &settings, 0, setup)?;
            // 16 samples are half of the smallest number of units. With more samples than units, the score would
            // mostly measure the number of units.
            let score = untrained::score(experiment.model.spec(), 0, units, &experiment.data.train, 16)?;
            lines.push((label, vec![score, experiment.last().validation_loss]));
        }
    }
    // Kendall's τ: the number of pairs in which the higher score has the lower error, minus the number of the other
    // pairs, divided by the number of all pairs.
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
