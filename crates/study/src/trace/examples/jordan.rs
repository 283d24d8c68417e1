//! `jordan`: the Jordan network of the slides, a hybrid of an Elman and a Jordan network.

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::Trace;
use crate::trace::given::{Given, Numbers, number};
use crate::trace::jordan_network::{self, work_either};

pub const EXAMPLE: Example = Example {
    name: "jordan",
    title: "the slides' Jordan network, which gets its previous output and its previous state",
    slides: "CE6146 \"RNN – Jordan Network\", \"Example – Jordan Network (1/3)\" to \"(3/3)\"",
    steps: Some(2),
    learning_rate: Some(0.01),
    loss: Some("L"),
    given,
    work,
};

fn given(steps: usize) -> Vec<Given> {
    let mut given = jordan_network::given(steps);
    given.insert(2, number("w_hh", 1.0, "from the previous h to h"));
    given
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    work_either(numbers, trace, true);
    trace.section("What the slides get wrong");
    trace.text(
        "The equation of \"RNN – Jordan Network\" computes h_t from W_yh·h_t, so h_t would have to be known before it \
         is computed. The example uses y_{t−1} instead, which is what the equation should have.",
    );
    trace.text(
        "The equation also has the term W_hh·h_{t−1}, which makes the network a hybrid of an Elman and a Jordan \
         network. Jordan's own network has no w_hh: see `handgrad trace jordan-classic`.",
    );
    trace.text(
        "Step 1 writes W_hh·h₀ + W_xh·x₁ + W_yh·y₀ + b_h and puts in 1·0 + 1·0 + 1·1 + 1: the second and the third \
         product are swapped. In the order of the formula it is 1·0 + 1·1 + 1·0 + 1.",
    );
    trace.text(
        "Step 2 prints h₂ ≈ 0.9999 and y₂ ≈ 1.9999. h₂ is 0.9999858100, so these two figures are truncated, while all \
         others are rounded.",
    );
    Ok(())
}
