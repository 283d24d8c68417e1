//! `elman`: the Elman network of the slides.

use handgrad_layers::Activation;

use crate::Error;
use crate::trace::elman_network::{self, run, theta, write_backward, write_forward, write_gradients, write_update};
use crate::trace::example::Example;
use crate::trace::form::Trace;
use crate::trace::given::Numbers;
use crate::trace::next;

pub const EXAMPLE: Example = Example {
    name: "elman",
    title: "an Elman network predicts the next number",
    slides: "CE6146 \"RNN – Elman Network\", \"Example – Elman Network (1/3)\" to \"(3/3)\"",
    steps: Some(2),
    learning_rate: Some(0.01),
    loss: Some("L"),
    given: elman_network::given,
    work,
};

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let phi = Activation::Tanh;
    let run = run(phi, None, theta(numbers), numbers.of("x"));
    write_forward(trace, phi, &run, Some([[".9640", "1.9640"], [".9993", "1.9993"]]));
    next::write_losses(trace, &run.prediction.losses, next::BORROWED_LOSS);
    write_backward(trace, phi, &run, "");
    write_gradients(trace, next::SUMMED, &run);
    next::write_norms(trace, &run.norms);
    write_update(trace, next::UPDATE, numbers, phi, &run.gradients);
    trace.section("How the slides differ");
    trace.text(
        "All four figures on the slides are correct to the digits printed. The slide puts in rounded figures, 1·0.9640 \
         + 1·2 + 1. Here all digits are used in the computation, and only the printed numbers are rounded. \"Example – \
         Elman Network (1/3)\" writes W_hv and b_v for W_hy and b_y.",
    );
    Ok(())
}
