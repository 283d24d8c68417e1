//! Shared by the recurrent examples: the next number of the sequence is predicted from h_t, and the squared errors
//! are summed.

use handgrad_layers::recurrent::gradient_norms;
use handgrad_layers::{Activation, BatchRows, Layer, Loss, LossKind, Reduction, Sequence, dense, sgd};

use super::form::{Trace, Value, sub, sum};
use super::given::{Given, Numbers, matrix, number};
use super::passes::{Ran, run_layer};

/// Σ_t (y_t − x_{t+1})².
const LOSS: Loss = Loss { kind: LossKind::Mse, reduction: Reduction::Sum };

/// Returns the sequence x₁, x₂, … = 1, 2, 3, …, one number longer than `steps`. The last number is only predicted.
pub fn sequence(steps: usize) -> Given {
    let numbers: Vec<f64> = (1..=steps + 1).map(|number| number as f64).collect();
    matrix("x", &numbers, steps + 1, "the sequence; each number is predicted from those before it")
}

/// Returns the given parameters of the output, w_hy and b_y.
pub fn output() -> [Given; 2] {
    [number("w_hy", 1.0, "from h to y"), number("b_y", 1.0, "bias of y")]
}

/// Returns the settings of a layer with one unit and one input per step.
pub fn one_unit(steps: usize) -> Sequence {
    Sequence { inputs: 1, units: 1, steps, repeat: false, return_sequences: true, truncate_every: None }
}

/// Returns the gradient with all steps except the last one set to 0.
fn last_alone(gradient: &[f64]) -> Vec<f64> {
    let last = gradient.len() - 1;
    gradient.iter().enumerate().map(|(at, &value)| if at == last { value } else { 0.0 }).collect()
}

/// The losses of the predictions y, and their gradient.
#[derive(Debug, Default)]
pub struct Losses {
    pub of_step: Vec<f64>,
    pub sum: f64,
    /// ∂L/∂y_t through the loss of step t only, without the path through later steps.
    pub dy: Vec<f64>,
}

pub fn losses(y: &[f64], x: &[f64]) -> Losses {
    let targets = &x[1..];
    let of_step = y.chunks(1).zip(targets.chunks(1)).map(|(y, target)| LOSS.forward(y, target)).collect();
    let mut dy = vec![0.0; y.len()];
    let sum = LOSS.forward_backward(y, targets, 1, &mut dy);
    Losses { of_step, sum, dy }
}

/// y_t = w_hy·h_t + b_y, its losses, and the gradients of h_t, w_hy and b_y.
#[derive(Debug, Default)]
pub struct Prediction {
    pub y: Vec<f64>,
    pub losses: Losses,
    /// w_hy·dy_t.
    pub dh: Vec<f64>,
    pub dw_hy: f64,
    pub db_y: f64,
}

fn predict([w_hy, b_y]: [f64; 2], h: &[f64], x: &[f64]) -> Prediction {
    let (mut y, mut dh) = (vec![0.0; h.len()], vec![0.0; h.len()]);
    dense::forward(h, &[w_hy], &[b_y], Activation::Linear, &mut y);
    let losses = losses(&y, x);
    dense::backward_input(&[w_hy], &losses.dy, 1, &mut dh);
    let (mut dw_hy, mut db_y) = ([0.0], [0.0]);
    let delta = BatchRows::contiguous(&losses.dy, 1);
    dense::backward_weights(BatchRows::contiguous(h, 1), delta, 0..1, &mut dw_hy);
    dense::backward_bias(delta, 0..1, &mut db_y);
    let ([dw_hy], [db_y]) = (dw_hy, db_y);
    Prediction { y, losses, dh, dw_hy, db_y }
}

/// The run of a layer of one unit, whose state h_t predicts the next number at every step.
#[derive(Debug)]
pub struct Predicted {
    pub ran: Ran,
    pub prediction: Prediction,
    /// ‖∂L/∂h_t‖ for the whole loss, and ‖∂L_T/∂h_t‖ for the loss of the last step only.
    pub norms: [Vec<f64>; 2],
}

/// Runs the forward and the backward pass of such a layer over x₁ … x_T. `output` is w_hy and b_y.
pub fn run_predicting(layer: &dyn Layer<f64>, theta: &[f64], output: [f64; 2], x: &[f64]) -> Predicted {
    let steps = x.len() - 1;
    let inputs = &x[..steps];
    let mut prediction = None;
    let ran = run_layer(layer, theta, inputs, steps, |h| prediction.insert(predict(output, h, x)).dh.clone());
    let prediction = prediction.unwrap_or_default();
    let of_last = run_layer(layer, theta, inputs, steps, |_| last_alone(&prediction.dh));
    let norms = [&ran.dy, &of_last.dy].map(|dh| gradient_norms(BatchRows::contiguous(dh, steps), steps));
    Predicted { ran, prediction, norms }
}

/// Writes y_t with the formula of the slides.
pub fn write_output(trace: &mut Trace, t: usize, y: f64) {
    trace.line(format!("y{}", sub(t)), format!("w_hy·h{} + b_y", sub(t)), y);
}

/// Writes the loss of every step and their sum. `why` explains the choice of the loss.
pub fn write_losses(trace: &mut Trace, losses: &Losses, why: &str) {
    trace.section("Loss");
    trace.text(why);
    for (t, &loss) in (1..).zip(&losses.of_step) {
        trace.line(format!("L{}", sub(t)), format!("(y{} − x{})²", sub(t), sub(t + 1)), loss);
    }
    let terms: Vec<_> = (1..=losses.of_step.len()).map(|t| format!("L{}", sub(t))).collect();
    if terms.len() > 1 {
        trace.line("L", terms.join(" + "), losses.sum);
    } else {
        trace.line("L", "L₁", losses.sum);
    }
}

/// Headings of the sections with the gradients and with the update.
pub const SUMMED: &str = "Gradients, summed over the steps";
pub const UPDATE: &str = "Update";

/// Explains the loss of the examples whose slides stop before it.
pub const BORROWED_LOSS: &str = "\
    The slides of this example stop before the loss. The loss used here is that of \"Example – BPTT (2/4)\", since \
    the goal on these slides is to predict the next number.";

/// Writes ∂L/∂y_t through the loss of step t only.
pub fn write_dy(trace: &mut Trace, t: usize, dy: f64) {
    trace.line(format!("dy{}", sub(t)), format!("2·(y{} − x{})", sub(t), sub(t + 1)), dy);
}

/// Returns the formula of the sum of a_t·b_{t−shift} over all steps t.
pub fn products(a: &str, b: &str, steps: usize, shift: usize) -> String {
    (1..=steps).map(|t| format!("{a}{}·{b}{}", sub(t), sub(t - shift))).collect::<Vec<_>>().join(" + ")
}

/// Writes the gradients of w_hy and b_y.
pub fn write_output_gradients(trace: &mut Trace, prediction: &Prediction) {
    let steps = prediction.y.len();
    trace.line("dw_hy", products("dy", "h", steps, 0), prediction.dw_hy);
    trace.line("db_y", sum("dy", steps), prediction.db_y);
}

/// Writes ‖∂L/∂h_t‖ for every step, once for L and once for the loss of the last step only.
pub fn write_norms(trace: &mut Trace, [of_all, of_last]: &[Vec<f64>; 2]) {
    trace.section("How far the gradient reaches");
    trace.text(
        "‖∂L/∂h_t‖ for t = 1 … T, first for the whole loss, then for the loss L_T of the last step only. The second \
         row shows how much of the gradient is left at each earlier step: whether it vanishes or explodes.",
    );
    trace.matrix("‖∂L/∂h_t‖", "", Value::matrix(of_all, of_all.len()));
    trace.matrix("‖∂L_T/∂h_t‖", "", Value::matrix(of_last, of_last.len()));
}

/// Writes one step of gradient descent, and the loss after it. Each parameter is given by its name, value and
/// gradient.
pub fn write_update(
    trace: &mut Trace,
    heading: &str,
    numbers: &Numbers,
    parameters: &[(&str, f64, f64)],
    loss_of: impl FnOnce(&[f64]) -> f64,
) {
    let mut theta: Vec<f64> = parameters.iter().map(|parameter| parameter.1).collect();
    let gradient: Vec<f64> = parameters.iter().map(|parameter| parameter.2).collect();
    let mut velocity = vec![0.0; theta.len()];
    sgd::update(&mut theta, &gradient, &mut velocity, numbers.learning_rate, 0.0);
    trace.section(heading);
    trace.text("W ← W − α·∂Loss/∂W, once all gradients are summed: CE6146 \"BPTT Steps (3/4)\".");
    trace.line("α", "", numbers.learning_rate);
    trace.note("--learning-rate");
    for ((name, ..), &after) in parameters.iter().zip(&theta) {
        trace.line(format!("{name}′"), format!("{name} − α·d{name}"), after);
    }
    trace.line("L′", "", loss_of(&theta));
    trace.note("the loss with the new parameters");
}
