//! The Jordan network shared by the examples `jordan` and `jordan-classic`.

use handgrad_layers::jordan::Kept;
use handgrad_layers::{Activation, Jordan};

use super::form::{Trace, sub, sum};
use super::given::{Given, Numbers, number};
use super::next::{self, Losses, losses, products};
use super::passes::run_layer;

pub fn given(steps: usize) -> Vec<Given> {
    let [w_hy, b_y] = next::output();
    vec![
        next::sequence(steps),
        number("w_xh", 1.0, "from x to h: w_ih in jordan.rs"),
        number("w_yh", 1.0, "from the previous y to h"),
        number("b_h", 1.0, "bias of h"),
        w_hy,
        b_y,
    ]
}

/// Returns the names of the parameters in the order of the layer. The classic network has no w_hh.
fn parameters(hybrid: bool) -> Vec<&'static str> {
    ["w_xh", "w_hh", "w_yh", "b_h", "w_hy", "b_y"].into_iter().filter(|name| hybrid || *name != "w_hh").collect()
}

/// The values of the forward and the backward pass over x₁ … x_T.
struct Run {
    h: Vec<f64>,
    y: Vec<f64>,
    losses: Losses,
    /// ∂L/∂y_t, both through the loss of step t and through h_{t+1}.
    dy: Vec<f64>,
    /// ∂L/∂z_t, where h = tanh z.
    delta: Vec<f64>,
    gradients: Vec<f64>,
}

fn run(hybrid: bool, theta: &[f64], x: &[f64]) -> Run {
    let steps = x.len() - 1;
    let (activation, output_activation) = (Activation::Tanh, Activation::Linear);
    let layer = Jordan { sequence: next::one_unit(steps), outputs: 1, activation, output_activation, hybrid };
    let mut of_y = Losses::default();
    let mut ran = run_layer(&layer, theta, &x[..steps], steps, |y| {
        of_y = losses(y, x);
        of_y.dy.clone()
    });
    let h = Kept::new(&layer, &mut ran.kept, 1).h_steps.to_vec();
    let delta = Kept::new(&layer, &mut ran.back, 1).deltas.to_vec();
    Run { h, y: ran.y, losses: of_y, dy: ran.dy, delta, gradients: ran.dtheta }
}

fn write_forward(trace: &mut Trace, hybrid: bool, run: &Run) {
    trace.know("h₀", 0.0);
    trace.know("y₀", 0.0);
    for (t, (&h, &y)) in (1..).zip(run.h.iter().zip(&run.y)) {
        let (now, before) = (sub(t), sub(t - 1));
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text(if hybrid { "h₀ = y₀ = 0." } else { "y₀ = 0." });
        }
        let of_h = if hybrid { format!("w_hh·h{before} + ") } else { String::new() };
        trace.line(format!("h{now}"), format!("tanh({of_h}w_xh·x{now} + w_yh·y{before} + b_h)"), h);
        match (hybrid, t) {
            (true, 1) => {
                trace.slide(".9640");
                trace.note_as_printed(
                    "the slide puts in 1·0 + 1·0 + 1·1 + 1: the products w_xh·x₁ and w_yh·y₀ are swapped, the sum is \
                     the same",
                );
            }
            (true, 2) => {
                trace.slide(".9999");
                trace.note_as_printed("truncated: rounded, it would be 1.0000");
            }
            (false, 1) => trace.slide(".9640"),
            _ => {}
        }
        next::write_output(trace, t, y);
        match (hybrid, t) {
            (_, 1) => trace.slide("1.9640"),
            (true, 2) => {
                trace.slide("1.9999");
                trace.note_as_printed("truncated: rounded, it would be 2.0000");
            }
            _ => {}
        }
    }
}

fn write_backward(trace: &mut Trace, hybrid: bool, run: &Run) {
    let steps = run.h.len();
    for t in (1..=steps).rev() {
        let (now, after) = (sub(t), sub(t + 1));
        trace.section(format!("Back through t = {t}"));
        if t == steps {
            trace.text(
                "dy is ∂L/∂y: L depends on y_t directly, and also through h_{t+1}. δ is ∂L/∂z, where h = tanh \
                        z.",
            );
        }
        let (by_y, by_h) = match (t < steps, hybrid) {
            (false, _) => (String::new(), String::new()),
            (true, true) => (format!(" + w_yh·δ{after}"), format!(" + w_hh·δ{after}")),
            (true, false) => (format!(" + w_yh·δ{after}"), String::new()),
        };
        trace.line(format!("dy{now}"), format!("2·(y{now} − x{after}){by_y}"), run.dy[t - 1]);
        trace.line(format!("δ{now}"), format!("(w_hy·dy{now}{by_h})·(1 − h{now}²)"), run.delta[t - 1]);
    }
    trace.section(next::SUMMED);
    for (name, &gradient) in parameters(hybrid).into_iter().zip(&run.gradients) {
        let formula = match name {
            "w_xh" => products("δ", "x", steps, 0),
            "w_hh" => products("δ", "h", steps, 1),
            "w_yh" => products("δ", "y", steps, 1),
            "b_h" => sum("δ", steps),
            "w_hy" => products("dy", "h", steps, 0),
            _ => sum("dy", steps),
        };
        trace.line(format!("d{name}"), formula, gradient);
    }
}

/// Works the hybrid or the classic network: all sections except the last one, which is about the slides.
pub fn work_either(numbers: &Numbers, trace: &mut Trace, hybrid: bool) {
    let names = parameters(hybrid);
    let theta: Vec<f64> = names.iter().map(|name| numbers.one(name)).collect();
    let x = numbers.of("x");
    let run = run(hybrid, &theta, x);
    write_forward(trace, hybrid, &run);
    next::write_losses(trace, &run.losses, next::BORROWED_LOSS);
    write_backward(trace, hybrid, &run);
    let parameters: Vec<_> =
        names.into_iter().zip(theta).zip(&run.gradients).map(|((name, theta), &g)| (name, theta, g)).collect();
    next::write_update(trace, next::UPDATE, numbers, &parameters, |after| self::run(hybrid, after, x).losses.sum);
}
