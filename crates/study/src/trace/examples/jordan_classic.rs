//! `jordan-classic`.

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::Trace;
use crate::trace::given::Numbers;
use crate::trace::jordan_network::{self, work_either};

pub const EXAMPLE: Example = Example {
    name: "jordan-classic",
    title: "a Jordan network as Jordan has it: no w_hh",
    slides: "CE6146 \"RNN – Jordan Network\", without what makes it a hybrid",
    steps: Some(2),
    learning_rate: Some(0.01),
    given: jordan_network::given,
    work,
};

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    work_either(numbers, trace, false);
    trace.section("Where the slides differ");
    trace.text(
        "The slide keeps W_hh·h_{t−1}: a hybrid of Elman's and Jordan's network, `handgrad trace jordan`. Here only \
         y_{t−1} is fed back, as Jordan has it. With h₀ = 0 the first step is the same; the second one is not.",
    );
    Ok(())
}
