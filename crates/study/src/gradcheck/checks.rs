//! What is checked: the layers and losses of the catalogue, weight decay, truncated backpropagation, whole models.

use handgrad_dataset::sizes;
use handgrad_layers::gradcheck::catalogue::{self, Entry, numbers};
use handgrad_layers::gradcheck::{Report, check, gradients};
use handgrad_layers::{Activation, Elman, Layer, Loss, Pass, Reduction, Sequence, weight_decay};
use handgrad_models::Spec;

use super::found::Found;
use super::models;
use crate::Error;

/// The kind of thing that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One layer.
    Layer,
    /// A loss, or a term that is added to it.
    Loss,
    /// A whole model.
    Model,
}

impl Kind {
    /// Returns the heading of its list, such as `layers`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Layer => "layers",
            Kind::Loss => "losses",
            Kind::Model => "models",
        }
    }
}

/// A check with a name.
pub struct Check {
    /// The name that selects it.
    pub name: String,
    /// The kind of thing that it checks.
    pub kind: Kind,
    /// A description of one line.
    pub says: &'static str,
    what: What,
}

enum What {
    Layer(Entry),
    Loss(Loss),
    /// Returns the report, and a description of what was checked.
    Rule(fn() -> (Report, &'static str)),
    Model(Box<Spec>),
}

/// The number of samples on which a layer is checked, and the number of rows of a parameter whose gradient is
/// computed at once.
const ROWS: usize = 3;
const BLOCK_ROWS: usize = 2;

impl Check {
    /// Compares the backward pass with central differences.
    ///
    /// # Errors
    /// If the layers of a model do not fit together.
    pub fn run(&self) -> Result<Found, Error> {
        match &self.what {
            What::Layer(entry) => Ok(layer(entry)),
            What::Loss(loss) => {
                let [n, batch] = catalogue::LOSS_SIZES;
                Ok(Found::new(catalogue::check_loss(loss), format!("a sample of {n} values, batch of {batch}")))
            }
            What::Rule(run) => {
                let (report, at) = run();
                Ok(Found::new(report, at.into()))
            }
            What::Model(spec) => models::check(spec),
        }
    }
}

/// Returns everything that can be checked.
///
/// # Errors
/// If a layer or a model of the list does not fit together.
pub fn all() -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    for entry in catalogue::layers()? {
        let (name, says) = (entry.name.clone(), entry.says);
        checks.push(Check { name, kind: Kind::Layer, says, what: What::Layer(entry) });
    }
    let says = "backpropagation truncated every 2 steps: the gradient with the state held constant at every cut";
    checks.push(Check { name: "elman-truncated".into(), kind: Kind::Layer, says, what: What::Rule(truncated) });
    for (name, loss) in catalogue::losses() {
        let says =
            if name.ends_with("-sum") { "summed over a sample's values" } else { "averaged over a sample's values" };
        checks.push(Check { name, kind: Kind::Loss, says, what: What::Loss(loss) });
    }
    let says = "columns of numbers and categories, some of them missing";
    for (name, rule) in [("columns-mean", columns_mean as fn() -> _), ("columns-sum", columns_sum)] {
        checks.push(Check { name: name.into(), kind: Kind::Loss, says, what: What::Rule(rule) });
    }
    let says = "it subtracts α times the gradient of ½·λ·‖w‖² from w";
    checks.push(Check { name: "weight-decay".into(), kind: Kind::Loss, says, what: What::Rule(decay) });
    for (name, says, spec) in models::specs()? {
        checks.push(Check { name: name.into(), kind: Kind::Model, says, what: What::Model(Box::new(spec)) });
    }
    Ok(checks)
}

fn columns_mean() -> (Report, &'static str) {
    (catalogue::check_columns(Reduction::Mean), "6 columns, 2 of them missing, averaged")
}

fn columns_sum() -> (Report, &'static str) {
    (catalogue::check_columns(Reduction::Sum), "6 columns, 2 of them missing, summed")
}

fn layer(entry: &Entry) -> Found {
    let mut worst: Option<Found> = None;
    for case in &entry.cases {
        let report = case.check(ROWS, BLOCK_ROWS);
        if worst.as_ref().is_none_or(|worst| report.error > worst.error) {
            let (input, output) = (sizes(&case.input), sizes(&case.output));
            worst = Some(Found::new(report, format!("{ROWS} rows {input} to {output}: {}", case.layer.describe())));
        }
    }
    // An entry without cases has checked nothing, so it must not pass.
    let nothing = Report { error: f64::NAN, place: (String::new(), 0), analytic: f64::NAN, numeric: f64::NAN };
    Found { cases: entry.cases.len(), ..worst.unwrap_or_else(|| Found::new(nothing, "no size".into())) }
}

/// Checks weight decay: w − decay(w) = α·λ·w, and ∂(½·λ·‖w‖²)/∂w = λ·w.
fn decay() -> (Report, &'static str) {
    let (w, rate, lambda) = (numbers(21, 1), 0.1, 0.01);
    let mut smaller = w.clone();
    weight_decay::decay(&mut smaller, rate, lambda);
    let gradient: Vec<f64> = w.iter().zip(&smaller).map(|(w, smaller)| (w - smaller) / rate).collect();
    let penalty = |w: &[f64]| 0.5 * lambda * w.iter().map(|w| w * w).sum::<f64>();
    (check("dw", &w, &gradient, penalty), "21 weights")
}

/// Checks the gradient of an Elman layer whose backpropagation is truncated every κ steps, by cutting the sequence
/// into pieces of k steps. Each piece starts from h₀ = 0 and gets the state before the cut, held constant, as
/// additional inputs of its first step, with the weights w_hh. So z₁ = x₁·w_ih + h·w_hh + b as in the whole sequence,
/// but no gradient goes back to h.
fn truncated() -> (Report, &'static str) {
    let (rows, inputs, units, steps, k) = (2, 2, 3, 6, 2);
    let whole = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: Some(k) };
    let activation = Activation::Tanh;
    let layer = Elman { sequence: whole, activation };
    let theta = numbers(inputs * units + units * units + 2 * units, 1);
    let (x, dy) = (numbers(rows * steps * inputs, 2), numbers(rows * steps * units, 3));
    let found = gradients(&layer, &theta, &x, &dy, rows, rows);
    let held = &found.y;

    let piece = Sequence { inputs: inputs + units, steps: k, truncate_every: None, ..whole };
    let piece = Elman { sequence: piece, activation };
    let loss = |theta: &[f64]| {
        // The weights of a piece: w_ih with w_hh as additional rows below it, then w_hh and the biases.
        let (w_ih, rest) = theta.split_at(inputs * units);
        let theta = [w_ih, &rest[..units * units], rest].concat();
        let mut sum = 0.0;
        for (row, first) in (0..rows).flat_map(|row| (0..steps).step_by(k).map(move |first| (row, first))) {
            let mut x_of_piece = Vec::new();
            for t in first..first + k {
                x_of_piece.extend_from_slice(&x[(row * steps + t) * inputs..][..inputs]);
                match t == first && t > 0 {
                    true => x_of_piece.extend_from_slice(&held[(row * steps + t - 1) * units..][..units]),
                    false => x_of_piece.extend(vec![0.0; units]),
                }
            }
            let (mut y, mut cache) = (vec![0.0; k * units], vec![0.0; Layer::<f64>::cache_len(&piece)]);
            piece.forward(&theta, &x_of_piece, &mut y, &mut Pass { cache: &mut cache, ..Pass::predict() });
            sum += y.iter().zip(&dy[(row * steps + first) * units..]).map(|(y, dy)| y * dy).sum::<f64>();
        }
        sum
    };
    (check("dθ", &theta, &found.dtheta, loss), "2 rows 6×2 to 6×3, truncated every 2 steps, against 3 pieces of 2")
}
