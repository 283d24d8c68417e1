//! `jordan`, the hybrid of the slide.

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::Trace;
use crate::trace::given::{Given, Numbers, number};
use crate::trace::jordan_network::{self, work_either};

pub const EXAMPLE: Example = Example {
    name: "jordan",
    title: "the slides' Jordan network, which sees its last output and its last state",
    slides: "CE6146 \"RNN – Jordan Network\", \"Example – Jordan Network (1/3)\" to \"(3/3)\"",
    steps: Some(2),
    learning_rate: Some(0.01),
    given,
    work,
};

fn given(steps: usize) -> Vec<Given> {
    let mut given = jordan_network::given(steps);
    given.insert(2, number("w_hh", 1.0, "from h to itself, a step later"));
    given
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    work_either(numbers, trace, true);
    trace.section("Where the slides err");
    trace.text(
        "\"RNN – Jordan Network\" feeds W_yh·h_t back into h_t, which would have to be known before it is computed; \
         the example feeds y_{t−1} back, which is meant.",
    );
    trace.text(
        "It keeps W_hh·h_{t−1}, which makes it a hybrid of Elman's and Jordan's network. Jordan's own has no w_hh: \
         `handgrad trace jordan-classic`.",
    );
    trace.text(
        "Step 1 writes W_hh·h₀ + W_xh·x₁ + W_yh·y₀ + b_h and puts in 1·0 + 1·0 + 1·1 + 1: the operands of the second \
         and the third product are swapped. With numbers put in the order of the formula it is 1·0 + 1·1 + 1·0 + 1.",
    );
    trace.text(
        "Step 2 prints h₂ ≈ 0.9999 and y₂ ≈ 1.9999. h₂ is 0.9999858100: the figures are truncated, where all others \
         are rounded.",
    );
    Ok(())
}
