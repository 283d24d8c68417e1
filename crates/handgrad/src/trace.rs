//! `handgrad trace`: worked examples, forward and backward, from the functions that train.

mod adam;
mod autoencoder;
mod cell;
mod conv;
mod elman;
mod form;
mod given;
mod gru;
mod jordan;
mod losses;
mod lstm;
mod next;
mod passes;
mod render;
mod sparse;
mod vae;

use anyhow::Result;
use serde_json::json;

use crate::args::TraceArgs;
use crate::config::UsageError;
use crate::{Done, show};
use form::Trace;
use given::{Given, Numbers};

/// An example: what it starts from, and how it is worked.
pub struct Example {
    name: &'static str,
    title: &'static str,
    slides: &'static str,
    /// How many there are, if `--steps` can change it: of time, or of the optimiser.
    steps: Option<usize>,
    /// α, if `--learning-rate` can change it.
    learning_rate: Option<f64>,
    given: fn(usize) -> Vec<Given>,
    work: fn(&Numbers, &mut Trace) -> Result<()>,
}

const EXAMPLES: &[Example] = &[
    Example {
        name: "elman",
        title: "an Elman network predicts the next number",
        slides: "CE6146 \"RNN – Elman Network\", \"Example – Elman Network (1/3)\" to \"(3/3)\"",
        steps: Some(2),
        learning_rate: Some(0.01),
        given: elman::given,
        work: elman::work,
    },
    Example {
        name: "jordan",
        title: "the slides' Jordan network, which sees its last output and its last state",
        slides: "CE6146 \"RNN – Jordan Network\", \"Example – Jordan Network (1/3)\" to \"(3/3)\"",
        steps: Some(2),
        learning_rate: Some(0.01),
        given: jordan::given,
        work: jordan::work,
    },
    Example {
        name: "jordan-classic",
        title: "a Jordan network as Jordan has it: no w_hh",
        slides: "CE6146 \"RNN – Jordan Network\", without what makes it a hybrid",
        steps: Some(2),
        learning_rate: Some(0.01),
        given: jordan::given_classic,
        work: jordan::work_classic,
    },
    Example {
        name: "lstm",
        title: "an LSTM cell: three gates, two biases each",
        slides: "CE6146 \"LSTM\", \"Example – LSTM (1/2)\", \"(2/2)\"",
        steps: Some(2),
        learning_rate: Some(0.01),
        given: lstm::given,
        work: lstm::work,
    },
    Example {
        name: "gru",
        title: "a GRU with the slide's update gate, and the equations it leaves out",
        slides: "CE6146 \"Gated Recurrent Unit (GRU)\", \"GRU\", \"LSTM vs. GRU\"",
        steps: Some(2),
        learning_rate: Some(0.01),
        given: gru::given,
        work: gru::work,
    },
    Example {
        name: "bptt",
        title: "backpropagation through time, by hand",
        slides: "CE6146 \"BPTT Steps (1/4)\" to \"(4/4)\", \"Example – BPTT (1/4)\" to \"(4/4)\"",
        steps: Some(3),
        learning_rate: Some(0.01),
        given: elman::given,
        work: elman::work_bptt,
    },
    Example {
        name: "bptt-printed",
        title: "the slide's formula without the recursion, beside the right one",
        slides: "CE6146 \"Example – BPTT (3/4)\"",
        steps: Some(3),
        learning_rate: Some(0.01),
        given: elman::given,
        work: elman::work_printed,
    },
    Example {
        name: "autoencoder",
        title: "4-2-4: forward, loss, every δ, and a step of Adam",
        slides: "KERAS \"Encoder\", \"Decoder\"; CE6146 \"Basic Autoencoder (2/3)\", small enough to follow",
        steps: Some(1),
        learning_rate: Some(0.001),
        given: autoencoder::given,
        work: autoencoder::work,
    },
    Example {
        name: "mse",
        title: "mean squared error, averaged and summed",
        slides: "KERAS \"Reconstruction Loss\"; CE6146 \"Example – BPTT (2/4)\"",
        steps: None,
        learning_rate: None,
        given: losses::given_mse,
        work: losses::work_mse,
    },
    Example {
        name: "bce",
        title: "binary cross-entropy after a sigmoid, and after a ReLU",
        slides: "CE6146 \"Basic Autoencoder (2/3)\", loss='binary_crossentropy'; DIVE \"Define Autoencoder Model\"",
        steps: None,
        learning_rate: None,
        given: losses::given_bce,
        work: losses::work_bce,
    },
    Example {
        name: "adam",
        title: "steps of Adam on one parameter, beside plain gradient descent",
        slides: "CE6146 \"Basic Autoencoder (2/3)\", optimizer='adam'; DIVE \"Define Autoencoder Model\"",
        steps: Some(3),
        learning_rate: Some(0.001),
        given: adam::given,
        work: adam::work,
    },
    Example {
        name: "conv",
        title: "a 3×3 convolution of a 4×4 image, and back to window and image",
        slides: "DIVE \"Convolutional autoencoder\"; UTMIST \"Convolutional Autoencoder\"",
        steps: None,
        learning_rate: None,
        given: conv::given,
        work: conv::work,
    },
    Example {
        name: "vae",
        title: "the reparameterisation trick and the KL divergence",
        slides: "DIVE \"Variational autoencoder\"; CE6146 \"Variational Autoencoders (VAEs)\"",
        steps: None,
        learning_rate: None,
        given: vae::given,
        work: vae::work,
    },
    Example {
        name: "sparse",
        title: "the L1 and the KL penalty on a code",
        slides: "CE6146 \"Sparse Autoencoders\", \"Guideline for Autoencoders (3/4)\"; DIVE \"Sparse autoencoder\"",
        steps: None,
        learning_rate: None,
        given: sparse::given,
        work: sparse::work,
    },
];

/// The examples, for `--help` and where none is named.
pub fn list() -> String {
    EXAMPLES.iter().map(|example| format!("  {:15} {}\n", example.name, example.title)).collect()
}

fn names(of: impl Fn(&Example) -> bool) -> String {
    EXAMPLES.iter().filter(|example| of(example)).map(|example| example.name).collect::<Vec<_>>().join(", ")
}

pub fn run(args: &TraceArgs) -> Result<Done> {
    let Some(name) = &args.name else {
        show::result(&listing(args)?)?;
        return Ok(Done::Whole);
    };
    let Some(example) = EXAMPLES.iter().find(|example| example.name == name) else {
        return Err(UsageError(format!("there is no example {name:?}: there are {}", names(|_| true))).into());
    };
    let unused = [
        ("--steps", args.steps.is_some() && example.steps.is_none(), names(|example| example.steps.is_some())),
        (
            "--learning-rate",
            args.learning_rate.is_some() && example.learning_rate.is_none(),
            names(|example| example.learning_rate.is_some()),
        ),
    ];
    if let Some((option, _, users)) = unused.iter().find(|option| option.1) {
        return Err(UsageError(format!("{option} means nothing to {name}; it is for {users}")).into());
    }
    let numbers = Numbers::new(example, args)?;
    let mut trace = Trace::new(!numbers.changed);
    numbers.write(&mut trace);
    (example.work)(&numbers, &mut trace)?;
    show::result(&match (args.json, args.markdown) {
        (true, _) => render::json(example, &trace).to_string(),
        (_, true) => render::markdown(example, &trace),
        _ => render::text(example, &trace),
    })?;
    Ok(Done::Whole)
}

/// What is shown where no example is named.
fn listing(args: &TraceArgs) -> Result<String> {
    if args.steps.is_some() || args.learning_rate.is_some() || !args.set.is_empty() {
        let text = format!("name the example that the options are for: {}", names(|_| true));
        return Err(UsageError(text).into());
    }
    let objects = EXAMPLES.iter().map(|example| json!({ "example": example.name, "title": example.title }));
    let rows = EXAMPLES.iter().map(|example| format!("\n| `{}` | {} |", example.name, example.title));
    Ok(match (args.json, args.markdown) {
        (true, _) => json!({ "examples": objects.collect::<Vec<_>>() }).to_string(),
        (_, true) => format!("| example | |\n| --- | --- |{}", rows.collect::<String>()),
        _ => format!("Worked examples, `handgrad trace NAME`:\n{}", list().trim_end()),
    })
}
