//! The numbers of a page with their names, and for one of them the formula with numbers put in, as in the worked
//! examples of `trace`.

use handgrad_layers::bce_logits;
use serde::{Deserialize, Serialize};

use super::passes::{self, Run};
use super::state::{IN_ADAM, OptimizerName, State};
use crate::Error;
use crate::trace::form::{Trace, long, sub};

/// A matrix of the page, or a vector, which has one row or one column.
#[derive(Clone, Copy, Debug)]
pub struct Quantity<'a> {
    /// Its name in requests.
    pub of: &'static str,
    /// Its name in formulas.
    pub symbol: &'static str,
    pub columns: usize,
    pub values: &'a [f64],
}

/// Returns everything that the page shows in cells.
pub fn quantities<'a>(state: &'a State, run: &'a Run) -> [Quantity<'a>; 15] {
    let [n, k, _] = state.network.sizes();
    let [w_e, b_e, w_d, b_d] = passes::parameters(state).map(|(_, range, _)| &state.theta[range]);
    let [dw_e, db_e, dw_d, db_d] = passes::parameters(state).map(|(_, range, _)| &run.dtheta[range]);
    let quantity = |of, symbol, columns, values| Quantity { of, symbol, columns, values };
    [
        quantity("x", "x", n, &state.x),
        quantity("w_e", "w_e", k, w_e),
        quantity("b_e", "b_e", k, b_e),
        quantity("h", "h", k, &run.h),
        quantity("w_d", "w_d", n, w_d),
        quantity("b_d", "b_d", n, b_d),
        quantity("p", "x̂", n, &run.p),
        quantity("losses", "L", 1, &run.losses),
        quantity("delta_d", "δ_d", n, &run.delta_d),
        quantity("dw_d", "dw_d", n, dw_d),
        quantity("db_d", "db_d", n, db_d),
        quantity("dh", "dh", k, &run.dh),
        quantity("delta_e", "δ_e", k, &run.delta_e),
        quantity("dw_e", "dw_e", k, dw_e),
        quantity("db_e", "db_e", k, db_e),
    ]
}

/// A cell of the page. Rows and columns are counted from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    pub of: String,
    pub row: usize,
    pub column: usize,
}

/// A number with its formula, and what computed it.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    pub symbol: String,
    pub formula: String,
    /// The formula with numbers put in, and once more with a sum computed.
    pub numbers: Vec<String>,
    pub value: String,
    pub file: &'static str,
    pub function: String,
    pub note: &'static str,
}

/// A function that computes: its file and its name.
type By = (&'static str, &'static str);

const FORWARD: By = ("crates/layers/src/dense/dense.rs", "forward");
const SIGMOID: By = ("crates/layers/src/dense/activation.rs", "forward");
const LOSS: By = ("crates/layers/src/losses/bce_logits.rs", "forward_backward");
const OF_SAMPLE: By = ("crates/layers/src/losses/loss.rs", "forward_backward");
const INPUT: By = ("crates/layers/src/dense/dense.rs", "backward_input");
const ACTIVATION: By = ("crates/layers/src/dense/dense.rs", "backward_activation");
const WEIGHTS: By = ("crates/layers/src/dense/dense.rs", "backward_weights");
const BIAS: By = ("crates/layers/src/dense/dense.rs", "backward_bias");
const SGD: By = ("crates/layers/src/optimizers/sgd.rs", "update");
const ADAM: By = ("crates/layers/src/optimizers/adam.rs", "update");
const PLANTED: &str = "crates/study/src/mistakes/dense.rs";
const PLANTED_IN_ADAM: By = ("crates/study/src/mistakes/unseen.rs", "adam_no_bias_correction");

/// Returns the lines that explain a cell. The last line is the cell itself; for a weight it is its next value.
pub fn explain(state: &State, run: &Run, cell: &Cell) -> Result<Vec<Explained>, Error> {
    let quantities = quantities(state, run);
    let Some(quantity) = quantities.iter().find(|quantity| quantity.of == cell.of) else {
        let known = quantities.map(|quantity| quantity.of).join(", ");
        return Err(Error::Playground { problem: format!("there is no {:?}; choose one of {known}", cell.of) });
    };
    let (row, column) = (cell.row, cell.column);
    if column >= quantity.columns || row >= quantity.values.len() / quantity.columns {
        let (rows, columns) = (quantity.values.len() / quantity.columns, quantity.columns);
        let problem = format!("{} has {rows} rows and {columns} columns, so no cell {row}, {column}", cell.of);
        return Err(Error::Playground { problem });
    }
    let mut page = Page::new(state, run, &quantities);
    let value = quantity.values[row * quantity.columns + column];
    match quantity.of {
        "x" | "w_e" | "b_e" | "w_d" | "b_d" => {}
        "h" => page.h(row, column, value),
        "p" => page.p(row, column, value),
        "losses" => page.loss(row, value),
        "delta_d" => page.delta_d(row, column, value),
        "dh" => page.dh(row, column, value),
        "delta_e" => page.delta_e(row, column, value),
        "dw_e" | "dw_d" => page.dw(quantity.symbol, row, column, value),
        _ => page.db(quantity.symbol, column, value),
    }
    if let Some((_, range, columns)) =
        passes::parameters(state).into_iter().find(|(name, ..)| name[1..] == *quantity.of)
    {
        page.next(quantity.symbol, row, column, range.start + row * columns + column);
    }
    Ok(page.lines)
}

/// The explanation while it is written.
struct Page<'a> {
    state: &'a State,
    run: &'a Run,
    /// Knows all numbers of the page.
    trace: Trace,
    lines: Vec<Explained>,
}

impl<'a> Page<'a> {
    fn new(state: &'a State, run: &'a Run, quantities: &[Quantity<'_>]) -> Self {
        let mut page = Self { state, run, trace: Trace::new(false), lines: Vec::new() };
        for quantity in quantities {
            let rows = quantity.values.len() / quantity.columns;
            for (at, &value) in quantity.values.iter().enumerate() {
                let (row, column) = (at / quantity.columns, at % quantity.columns);
                let name = match (rows, quantity.columns) {
                    (1, _) => one(quantity.symbol, column),
                    (_, 1) => one(quantity.symbol, row),
                    _ => page.at(quantity.symbol, row, column),
                };
                page.trace.know(name, value);
            }
        }
        page
    }

    /// Returns a name with two subscripts. Where one of them can have two digits, there is a sign between them:
    /// `w_e₁₂_₃`, which is written as `w_e₁₂,₃` on the page, because a comma is not part of a name.
    fn at(&self, symbol: &str, row: usize, column: usize) -> String {
        let between = if self.state.network.sizes().iter().any(|&size| size > 9) { "_" } else { "" };
        format!("{symbol}{}{between}{}", sub(row + 1), sub(column + 1))
    }

    /// Adds a line. The numbers that its formula uses must be known already.
    fn line(&mut self, symbol: String, formula: String, value: f64, by: (&'static str, String), note: &'static str) {
        let numbers = self.trace.put_in(&formula);
        self.trace.know(symbol.clone(), value);
        let (file, function) = by;
        let (symbol, formula) = (with_commas(&symbol), with_commas(&formula));
        self.lines.push(Explained { symbol, formula, numbers, value: long(value), file, function, note });
    }

    /// Returns the function `right`, or that of the planted mistake if it is one of these.
    fn by(&self, right: By, mistakes: &[&str]) -> (&'static str, String) {
        match &self.state.mistake {
            Some(name) if self.state.has(mistakes) => (PLANTED, name.replace('-', "_")),
            _ => (right.0, right.1.to_string()),
        }
    }

    /// Returns where w_ij is read: elsewhere if a mistake reads w as units×inputs.
    fn weight(&self, symbol: &str, [i, j]: [usize; 2], [inputs, units]: [usize; 2], mistakes: &[&str]) -> String {
        if !self.state.has(mistakes) {
            return self.at(symbol, i, j);
        }
        let at = j * inputs + i;
        self.at(symbol, at / units, at % units)
    }

    fn h(&mut self, r: usize, j: usize, value: f64) {
        let [n, k, _] = self.state.network.sizes();
        let weight = |i| self.weight("w_e", [i, j], [n, k], &["transposed-weights"]);
        let sum = sum(n, |i| format!("{}·{}", self.at("x", r, i), weight(i)));
        let by = self.by(FORWARD, &["transposed-weights"]);
        self.line(self.at("h", r, j), format!("relu({sum} + {})", one("b_e", j)), value, by, "");
    }

    fn p(&mut self, r: usize, j: usize, value: f64) {
        let [n, k, _] = self.state.network.sizes();
        let weight = |i| self.weight("w_d", [i, j], [k, n], &["transposed-weights"]);
        let sum = sum(k, |i| format!("{}·{}", self.at("h", r, i), weight(i)));
        let (by, z) = (self.by(FORWARD, &["transposed-weights"]), self.run.z[r * n + j]);
        self.line(self.at("z", r, j), format!("{sum} + {}", one("b_d", j)), z, by, "");
        let formula = format!("σ({})", self.at("z", r, j));
        self.line(self.at("x̂", r, j), formula, value, self.by(SIGMOID, &[]), "σ(z) = 1/(1 + e^(−z))");
    }

    fn loss(&mut self, r: usize, value: f64) {
        let [n, _, m] = self.state.network.sizes();
        for i in 0..n {
            let loss = bce_logits::loss(self.run.z[r * n + i], self.state.x[r * n + i]);
            let (name, x, p) = (self.at("ℓ", r, i), self.at("x", r, i), self.at("x̂", r, i));
            match i {
                0 => self.line(
                    name,
                    format!("−({x}·ln({p}) + (1 − {x})·ln(1 − {p}))"),
                    loss,
                    self.by(LOSS, &[]),
                    "the binary cross-entropy of the first value; it is computed from z, as ln(1 + e^z) − x·z, which \
                     keeps all digits where x̂ is close to 0 or 1",
                ),
                _ => self.trace.know(name, loss),
            }
        }
        let sample = format!("({})/{n}", sum(n, |i| self.at("ℓ", r, i)));
        self.line(one("L", r), sample, value, self.by(OF_SAMPLE, &[]), "the mean over the values of the sample");
        let all = format!("({})/{m}", sum(m, |r| one("L", r)));
        let by = ("crates/study/src/playground/passes.rs", "run".to_string());
        self.line("L".into(), all, self.run.loss, by, "the loss of the batch: the mean over the samples");
    }

    fn delta_d(&mut self, r: usize, j: usize, value: f64) {
        let [n, _, m] = self.state.network.sizes();
        let formula = format!("({} − {})/{}", self.at("x̂", r, j), self.at("x", r, j), m * n);
        let note = "∂L/∂z: the derivatives of the loss and of σ together are x̂ − x; the divisor is the number of all \
                    values of the batch";
        self.line(self.at("δ_d", r, j), formula, value, self.by(LOSS, &[]), note);
    }

    fn dh(&mut self, r: usize, i: usize, value: f64) {
        const MISTAKES: [&str; 2] = ["missing-transpose", "transposed-weights"];
        let [n, k, _] = self.state.network.sizes();
        let weight = |j| self.weight("w_d", [i, j], [k, n], &MISTAKES);
        let formula = sum(n, |j| format!("{}·{}", self.at("δ_d", r, j), weight(j)));
        self.line(self.at("dh", r, i), formula, value, self.by(INPUT, &MISTAKES), "");
    }

    fn delta_e(&mut self, r: usize, j: usize, value: f64) {
        const MISTAKES: [&str; 1] = ["missing-activation-derivative"];
        let [_, k, _] = self.state.network.sizes();
        let dh = self.at("dh", r, j);
        let is_on = self.run.h[r * k + j] > 0.0;
        let (formula, note) = match (self.state.has(&MISTAKES), is_on) {
            (true, _) => (dh, "the slope of ReLU is missing"),
            (false, true) => (format!("{dh}·1"), "h > 0, where the slope of ReLU is 1"),
            (false, false) => (format!("{dh}·0"), "h = 0, where the slope of ReLU is 0"),
        };
        self.line(self.at("δ_e", r, j), formula, value, self.by(ACTIVATION, &MISTAKES), note);
    }

    /// Returns the sum of a gradient over the samples, changed by a planted mistake.
    fn over_samples(&self, term: impl Fn(usize) -> String) -> String {
        let [_, _, m] = self.state.network.sizes();
        let sum = sum(m, term);
        match self.state.mistake.as_deref() {
            Some("negative-gradient") => format!("−({sum})"),
            Some("averaged-twice") => format!("({sum})/{m}"),
            _ => sum,
        }
    }

    fn dw(&mut self, symbol: &str, row: usize, column: usize, value: f64) {
        const MISTAKES: [&str; 3] = ["negative-gradient", "averaged-twice", "transposed-weights"];
        let [n, k, _] = self.state.network.sizes();
        let (x, delta, inputs, units) = if symbol == "dw_e" { ("x", "δ_e", n, k) } else { ("h", "δ_d", k, n) };
        let at = row * units + column;
        let is_transposed = self.state.has(&["transposed-weights"]);
        let (i, j) = if is_transposed { (at % inputs, at / inputs) } else { (row, column) };
        let formula = self.over_samples(|r| format!("{}·{}", self.at(x, r, i), self.at(delta, r, j)));
        let by = self.by(WEIGHTS, &MISTAKES);
        self.line(self.at(symbol, row, column), formula, value, by, "a sum over the samples");
    }

    fn db(&mut self, symbol: &str, j: usize, value: f64) {
        const MISTAKES: [&str; 3] = ["negative-gradient", "averaged-twice", "forgotten-bias"];
        let delta = if symbol == "db_e" { "δ_e" } else { "δ_d" };
        let (formula, note) = match self.state.has(&["forgotten-bias"]) {
            true => ("0".to_string(), "the bias gets no gradient"),
            false => (self.over_samples(|r| self.at(delta, r, j)), "a sum over the samples"),
        };
        self.line(one(symbol, j), formula, value, self.by(BIAS, &MISTAKES), note);
    }

    /// Adds the next value of a weight or a bias, whose place in θ is `place`.
    fn next(&mut self, symbol: &str, row: usize, column: usize, place: usize) {
        let mut after = self.state.clone();
        passes::step(&mut after, &self.run.dtheta);
        let name = if symbol.starts_with('b') { one(symbol, column) } else { self.at(symbol, row, column) };
        self.trace.know("α", self.state.learning_rate);
        if self.state.optimizer == OptimizerName::Sgd {
            let formula = format!("{name} − α·d{name}");
            let note = "its value after the next step of gradient descent";
            return self.line(format!("{name}′"), formula, after.theta[place], self.by(SGD, &[]), note);
        }
        let adam = self.state.adam();
        let power = |beta: f64| beta.powf(after.step as f64);
        let known = [
            ("m", self.state.slots[0][place]),
            ("v", self.state.slots[1][place]),
            ("β₁", adam.beta1),
            ("β₂", adam.beta2),
            ("β₁ᵗ", power(adam.beta1)),
            ("β₂ᵗ", power(adam.beta2)),
            ("ε", adam.epsilon),
        ];
        known.into_iter().for_each(|(name, value)| self.trace.know(name, value));
        let is_planted = self.state.has(&[IN_ADAM]);
        let by = if is_planted { PLANTED_IN_ADAM } else { ADAM };
        let by = (by.0, by.1.to_string());
        let g = format!("d{name}");
        let note = "the running mean of the gradient after the next step; m is the one before it";
        self.line("m′".into(), format!("β₁·m + (1 − β₁)·{g}"), after.slots[0][place], by.clone(), note);
        let note = "the running mean of its square";
        self.line("v′".into(), format!("β₂·v + (1 − β₂)·{g}²"), after.slots[1][place], by.clone(), note);
        let formula = match is_planted {
            true => format!("{name} − α·m′/(√(v′) + ε)"),
            false => format!("{name} − α·(m′/(1 − β₁ᵗ))/(√(v′/(1 − β₂ᵗ)) + ε)"),
        };
        let note = "its value after the next step of Adam; t is the number of that step";
        self.line(format!("{name}′"), formula, after.theta[place], by, note);
    }
}

/// Returns the sum of `term` over 0..count.
fn sum(count: usize, term: impl Fn(usize) -> String) -> String {
    (0..count).map(term).collect::<Vec<_>>().join(" + ")
}

/// Returns a name with one subscript.
fn one(symbol: &str, at: usize) -> String {
    format!("{symbol}{}", sub(at + 1))
}

/// Writes a comma instead of the sign between two subscripts.
fn with_commas(text: &str) -> String {
    let is_digit = |c: Option<&char>| c.is_some_and(|c| ('₀'..='₉').contains(c));
    let letters: Vec<char> = text.chars().collect();
    let comma = |at: usize| {
        let is_between = letters[at] == '_' && at > 0 && is_digit(letters.get(at - 1)) && is_digit(letters.get(at + 1));
        if is_between { ',' } else { letters[at] }
    };
    (0..letters.len()).map(comma).collect()
}

#[cfg(test)]
mod tests {
    use super::with_commas;

    #[test]
    fn only_subscripts_are_separated_by_commas() {
        assert_eq!(with_commas("w_e₁₂_₃ − α·dw_e₁₂_₃ + x_1"), "w_e₁₂,₃ − α·dw_e₁₂,₃ + x_1");
    }
}
