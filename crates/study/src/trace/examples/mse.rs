//! `mse`: mean squared error, averaged and summed.

use handgrad_layers::{Loss, LossKind, Reduction, mse};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub, sum};
use crate::trace::given::{Given, Numbers, matrix};

pub const EXAMPLE: Example = Example {
    name: "mse",
    title: "mean squared error, averaged and summed",
    slides: "KERAS \"Reconstruction Loss\"; CE6146 \"Example – BPTT (2/4)\"",
    steps: None,
    learning_rate: None,
    loss: Some("MSE"),
    given,
    work,
};

/// The number of values of a sample.
const N: usize = 4;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("t", &[1.0, 0.0, 0.5, 0.25], N, "targets: the observed values, the slide's y"),
        matrix("p", &[0.8, 0.1, 0.6, 0.0], N, "predicted values, the slide's ỹ"),
    ]
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let (t, p) = (numbers.of("t"), numbers.of("p"));
    let of = |reduction| {
        let mut delta = [0.0; N];
        let loss = Loss { kind: LossKind::Mse, reduction }.forward_backward(p, t, 1, &mut delta);
        (loss, delta)
    };
    trace.section("Forward");
    for (at, (&t, &p)) in (1..).zip(t.iter().zip(p)) {
        let at = sub(at);
        trace.line(format!("ℓ{at}"), format!("(p{at} − t{at})²"), mse::loss(p, t));
    }
    let (mean, of_mean) = of(Reduction::Mean);
    trace.line("MSE", format!("({})/4", sum("ℓ", N)), mean);
    trace.note("the slide's 1/n·Σ(y_i − ỹ_i)² with n = 4");
    trace.section("Backward");
    for (at, &delta) in (1..).zip(&of_mean) {
        let at = sub(at);
        trace.line(format!("dp{at}"), format!("2·(p{at} − t{at})/4"), delta);
    }
    trace.section("Summed instead");
    trace.text(
        "The other reduction sums over the values of a sample instead of averaging them. Loss and gradient are then n \
         times as large. Together with a penalty, as in a variational or sparse autoencoder, this is a different loss, \
         since the penalty stays the same.",
    );
    let (total, of_sum) = of(Reduction::Sum);
    trace.line("SSE", sum("ℓ", N), total);
    for (at, &delta) in (1..).zip(&of_sum) {
        let at = sub(at);
        trace.line(format!("dp{at}"), format!("2·(p{at} − t{at})"), delta);
    }
    trace.section("What the slides get wrong");
    trace.text(
        "KERAS \"Reconstruction Loss\" defines N as the number of data points but sums to n, which it does not define: \
         both are the same. It leaves open whether they count pixels, images or both. Here a batch is averaged over \
         its samples, and the values of a sample are averaged or summed, as above.",
    );
    trace.text(
        "CE6146 \"Example – BPTT (2/4)\" calls (y_t − x_{t+1})² a Mean Squared Error, but it is the squared error of \
         one value, and its sum over the steps is not averaged.",
    );
    Ok(())
}
