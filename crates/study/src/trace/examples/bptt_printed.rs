//! `bptt-printed`: the formula of the slide beside the right one.

use handgrad_layers::Activation;

use crate::Error;
use crate::trace::elman_network::{
    self, PARAMETERS, delta_formula, run, theta, write_backward, write_bptt_errors, write_bptt_forward,
    write_gradients, write_one_weight, write_update,
};
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub};
use crate::trace::given::Numbers;
use crate::trace::next;

pub const EXAMPLE: Example = Example {
    name: "bptt-printed",
    title: "the slide's formula without the recursion, beside the right one",
    slides: "CE6146 \"Example – BPTT (3/4)\"",
    steps: Some(3),
    learning_rate: Some(0.01),
    loss: None,
    given: elman_network::given,
    work,
};

/// The formula as printed equals truncated backpropagation with κ = 1: no gradient passes from a step to the step
/// before.
fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let phi = Activation::Linear;
    let [printed, right] = [Some(1), None].map(|k| run(phi, k, theta(numbers), numbers.of("x")));
    let steps = printed.h.len();
    write_bptt_forward(trace, &printed);

    trace.section("Backward by the formula as printed, without the recursion");
    trace.text(
        "∂Loss_t/∂W_h = ∂Loss_t/∂y_t·∂y_t/∂h_t·∂h_t/∂W_h, where h_{t−1} is treated as a constant, so no gradient \
         passes from one step to another. Truncated backpropagation with κ = 1 computes the same.",
    );
    for t in 1..=steps {
        next::write_dy(trace, t, printed.prediction.losses.dy[t - 1]);
        trace.line(format!("dh{}", sub(t)), format!("w_hy·dy{}", sub(t)), printed.dh[t - 1]);
        trace.line(format!("δ{}", sub(t)), delta_formula(phi, t), printed.delta[t - 1]);
    }
    write_gradients(trace, "Gradients as printed", &printed);
    write_one_weight(trace, &printed);
    write_update(trace, "Update along the printed gradients", numbers, phi, &printed.gradients);
    write_backward(trace, phi, &right, ", with the recursion");
    write_gradients(trace, "Gradients with the recursion", &right);
    write_one_weight(trace, &right);
    write_update(trace, "Update along the right gradients", numbers, phi, &right.gradients);

    trace.section("What is missing");
    trace.text(
        "h_{t−1} is not a constant, since it depends on W_h too. The right gradient minus the printed one is the \
         effect of W_h on the later losses through the earlier states. w_hy and b_y are not part of the recursion, so \
         their gradients agree.",
    );
    for (name, (right, printed)) in PARAMETERS.iter().zip(right.gradients.iter().zip(printed.gradients)) {
        trace.know("printed", printed);
        trace.line(format!("Δd{name}"), format!("d{name} − printed"), right - printed);
    }
    write_bptt_errors(trace);
    Ok(())
}
