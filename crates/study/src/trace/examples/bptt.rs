//! `bptt`: backpropagation through time on the network of `elman`, as on the slides.

use handgrad_layers::Activation;

use crate::Error;
use crate::trace::elman_network::{
    self, PARAMETERS, run, theta, write_backward, write_bptt_errors, write_bptt_forward, write_gradients,
    write_one_weight, write_update,
};
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value};
use crate::trace::given::Numbers;
use crate::trace::next;

pub const EXAMPLE: Example = Example {
    name: "bptt",
    title: "backpropagation through time, by hand",
    slides: "CE6146 \"BPTT Steps (1/4)\" to \"(4/4)\", \"Example – BPTT (1/4)\" to \"(4/4)\"",
    steps: Some(3),
    learning_rate: Some(0.01),
    loss: Some("L"),
    given: elman_network::given,
    work,
};

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let phi = Activation::Linear;
    let linear = run(phi, None, theta(numbers), numbers.of("x"));
    write_bptt_forward(trace, &linear);
    write_backward(trace, phi, &linear, "");
    write_gradients(trace, next::SUMMED, &linear);
    write_one_weight(trace, &linear);
    next::write_norms(trace, &linear.norms);
    write_update(trace, next::UPDATE, numbers, phi, &linear.gradients);
    for (phi, name) in [(Activation::Tanh, "tanh"), (Activation::Sigmoid, "σ")] {
        let run = run(phi, None, theta(numbers), numbers.of("x"));
        trace.section(format!("The same with h = {name}(…)"));
        trace.matrix("h", "", Value::matrix(&run.h, run.h.len()));
        trace.line("L", "", run.prediction.losses.sum);
        for (name, gradient) in PARAMETERS.iter().zip(run.gradients) {
            trace.line(format!("d{name}"), "", gradient);
        }
        trace.matrix("‖∂L_T/∂h_t‖", "", Value::matrix(&run.norms[1], run.h.len()));
    }
    write_bptt_errors(trace);
    Ok(())
}
