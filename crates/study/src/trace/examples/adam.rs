//! `adam`: steps of Adam on one parameter, compared with plain gradient descent.

use handgrad_layers::adam::{self, Adam};
use handgrad_layers::sgd;

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::notes::note_on_first_step;

pub const EXAMPLE: Example = Example {
    name: "adam",
    title: "steps of Adam on one parameter, compared with plain gradient descent",
    slides: "CE6146 \"Basic Autoencoder (2/3)\", optimizer='adam'; DIVE \"Define Autoencoder Model\"",
    steps: Some(3),
    learning_rate: Some(0.001),
    loss: None,
    given,
    work,
};

fn given(steps: usize) -> Vec<Given> {
    let gradients: Vec<f64> = [0.5, -0.1, 0.02].into_iter().cycle().take(steps).collect();
    let Adam { beta1, beta2, epsilon, .. } = Adam::default();
    vec![
        number("theta", 1.0, "the parameter"),
        matrix("g", &gradients, steps, "its gradient at each step"),
        number("beta1", beta1, "decay rate of the running mean m"),
        number("beta2", beta2, "decay rate of the running mean square v"),
        number("epsilon", epsilon, "ε, which prevents a division by 0"),
    ]
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let settings = Adam {
        learning_rate: numbers.learning_rate,
        beta1: numbers.one("beta1"),
        beta2: numbers.one("beta2"),
        epsilon: numbers.one("epsilon"),
    };
    for (name, beta) in [("beta1", settings.beta1), ("beta2", settings.beta2)] {
        if !(0.0..1.0).contains(&beta) {
            let problem = "it must be at least 0 and below 1, such as 0.9".to_string();
            return Err(Error::Setting { setting: format!("{name}={beta}"), problem });
        }
    }
    if settings.epsilon < 1e-12 {
        let problem = "it must be at least 1e-12; 1e-8 is usual".to_string();
        return Err(Error::Setting { setting: format!("epsilon={}", settings.epsilon), problem });
    }
    trace.section("Start");
    trace.text(
        "The running means m and v start at 0, so they are too small at first. Dividing by 1 − beta^t corrects \
                this.",
    );
    trace.line("α", "", settings.learning_rate);
    trace.note("--learning-rate");
    let theta = numbers.one("theta");
    for name in ["m₀", "v₀"] {
        trace.know(name, 0.0);
    }
    for name in ["theta₀", "plain₀"] {
        trace.know(name, theta);
    }
    let (mut theta, mut m, mut v) = ([theta], [0.0], [0.0]);
    let (mut plain, mut velocity) = (theta, [0.0]);
    for (t, g) in (1..).zip(numbers.of("g").chunks(1)) {
        let (before, from) = (sub(t - 1), theta[0]);
        let now = sub(t);
        adam::update(&mut theta, g, &mut m, &mut v, &settings, t as u64);
        sgd::update(&mut plain, g, &mut velocity, settings.learning_rate, 0.0);
        trace.section(format!("Step t = {t}"));
        trace.line(format!("m{now}"), format!("beta1·m{before} + (1 − beta1)·g{now}"), m[0]);
        trace.line(format!("v{now}"), format!("beta2·v{before} + (1 − beta2)·g{now}²"), v[0]);
        let mean = format!("m{now}/(1 − beta1^{t})");
        let root = format!("√(v{now}/(1 − beta2^{t}))");
        trace.line(format!("theta{now}"), format!("theta{before} − α·({mean})/({root} + epsilon)"), theta[0]);
        trace.line(format!("Δ{now}"), format!("theta{now} − theta{before}"), theta[0] - from);
        if t == 1 {
            note_on_first_step(trace, g[0], settings.epsilon);
        }
        trace.line(format!("plain{now}"), format!("plain{before} − α·g{now}"), plain[0]);
        trace.note(if t == 1 { "plain gradient descent, for comparison" } else { "" });
    }
    trace.section("What the slides leave open");
    trace.text(
        "The slides name Adam, optimizer='adam', but give no formula. This is algorithm 1 of Kingma & Ba (2015), as in \
         PyTorch. Keras adds ε to √v before v is corrected, and its ε is 1e−7.",
    );
    Ok(())
}
