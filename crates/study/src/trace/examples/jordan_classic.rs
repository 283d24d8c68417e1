//! `jordan-classic`: a Jordan network without w_hh.

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::Trace;
use crate::trace::given::Numbers;
use crate::trace::jordan_network::{self, work_either};

pub const EXAMPLE: Example = Example {
    name: "jordan-classic",
    title: "a Jordan network as Jordan defined it, without w_hh",
    slides: "CE6146 \"RNN – Jordan Network\", without the term W_hh·h_{t−1}",
    steps: Some(2),
    learning_rate: Some(0.01),
    loss: Some("L"),
    given: jordan_network::given,
    work,
};

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    work_either(numbers, trace, false);
    trace.section("How the slides differ");
    trace.text(
        "The slide has the term W_hh·h_{t−1}, so its network is a hybrid of an Elman and a Jordan network: see \
         `handgrad trace jordan`. Here only y_{t−1} is fed back, as in Jordan's own network. With h₀ = 0 the first \
         step is the same, but the second one is not.",
    );
    Ok(())
}
