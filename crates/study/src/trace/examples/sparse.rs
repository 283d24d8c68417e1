//! `sparse`: the two penalties on a code.

use handgrad_layers::{ActivityL1, KlSparsity, Layer, Pass, Saved, activity_l1, kl_sparsity};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, long, sub};
use crate::trace::given::{Given, Numbers, matrix, number};

pub const EXAMPLE: Example = Example {
    name: "sparse",
    title: "the L1 and the KL penalty on a code",
    slides: "CE6146 \"Sparse Autoencoders\", \"Guideline for Autoencoders (3/4)\"; DIVE \"Sparse autoencoder\"",
    steps: None,
    learning_rate: None,
    given,
    work,
};

/// Units of the first code; samples and units of the second.
const H: usize = 4;
const M: usize = 3;
const K: usize = 2;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("h", &[0.7, 0.0, 0.2, 1.5], H, "a code behind a ReLU, one sample"),
        matrix("dy", &[0.01, 0.02, -0.01, 0.0], H, "what the decoder sends back to it"),
        number("weight", 1e-4, "of the L1 penalty"),
        matrix("s", &[0.1, 0.8, 0.05, 0.3, 0.2, 0.4], K, "codes behind a sigmoid, a row a sample"),
        number("rho", 0.05, "ρ, the mean activity that is asked for"),
        number("kl_weight", 0.1, "of the KL penalty"),
    ]
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let l1 = ActivityL1 { weight: numbers.one("weight") };
    let kl = KlSparsity { rho: numbers.one("rho"), weight: numbers.one("kl_weight") };
    Layer::<f64>::output_shape(&l1, &[H]).map_err(Error::NotAccepted)?;
    Layer::<f64>::output_shape(&kl, &[K]).map_err(Error::NotAccepted)?;
    write_l1(trace, numbers, l1.weight);
    write_kl(trace, numbers.within_unit("s")?, kl);
    trace.section("What the slides leave open");
    trace.text(
        "CE6146 \"Sparse Autoencoders\" has a regularisation term that penalises activations that are not 0, and gives \
         no formula; these two are those in use: L1 in Keras's tutorial, KL in Ng's lecture notes.",
    );
    Ok(())
}

fn write_l1(trace: &mut Trace, numbers: &Numbers, weight: f64) {
    let (h, dy) = (numbers.of("h"), numbers.of("dy"));
    trace.section("L1: few units may speak");
    let terms: Vec<_> = (1..=H).map(|j| format!("|h{}|", sub(j))).collect();
    trace.line("P", format!("weight·({})", terms.join(" + ")), activity_l1::penalty(h, weight));
    let mut dh = dy.to_vec();
    activity_l1::backward(h, weight, &mut dh);
    for (j, (&dh, &h)) in (1..).zip(dh.iter().zip(h)) {
        let (sign, note) = match h {
            h if h > 0.0 => ("+ weight", ""),
            h if h < 0.0 => ("− weight", ""),
            _ => ("+ 0", "the kink: nothing pulls at 0"),
        };
        trace.line(format!("dh{}", sub(j)), format!("dy{} {sign}", sub(j)), dh);
        trace.note(note);
    }
    trace.text("The pull is the same however small h is, so most units end at exactly 0.");
}

/// Says where the divergence is continued along its tangent, as it is infinite at 0 and 1.
fn beyond(mean: f64) -> String {
    let (lowest, highest) = (kl_sparsity::LOWEST, kl_sparsity::HIGHEST);
    match mean {
        mean if mean < lowest => format!("below {} KL goes on along its tangent there", long(lowest)),
        mean if mean > highest => format!("above {} KL goes on along its tangent there", long(highest)),
        _ => String::new(),
    }
}

fn write_kl(trace: &mut Trace, s: &[f64], kl: KlSparsity) {
    // A layer is handed these by whoever has the whole batch: here that is this example.
    let means: Vec<f64> = (0..K).map(|j| s.iter().skip(j).step_by(K).sum::<f64>() / M as f64).collect();
    trace.section("KL: every unit may speak seldom");
    for (j, mean) in (1..).zip(&means) {
        let column: Vec<_> = (1..=M).map(|i| format!("s{}{}", sub(i), sub(j))).collect();
        trace.line(format!("ρ̂{}", sub(j)), format!("({})/3", column.join(" + ")), *mean);
    }
    for (j, mean) in (1..).zip(&means) {
        let formula = format!("rho·ln(rho/ρ̂{j}) + (1 − rho)·ln((1 − rho)/(1 − ρ̂{j}))", j = sub(j));
        trace.line(format!("KL{}", sub(j)), formula, kl_sparsity::divergence(kl.rho, &[*mean]));
        trace.note(beyond(*mean));
    }
    let mut pass = Pass { batch: M, means: &means, ..Pass::predict() };
    let mut penalties = [0.0; M];
    kl.penalty(Saved { x: s, y: s }, &mut penalties, &mut pass);
    trace.line("P", "kl_weight·(KL₁ + KL₂)", penalties[0]);
    let mut ds = [0.0; M * K];
    kl.backward_input(&[], Saved { x: s, y: s }, &mut [0.0; M * K], Some(&mut ds), &mut pass);
    for (j, (&ds, &mean)) in (1..).zip(ds.iter().zip(&means)) {
        let formula = format!("kl_weight/3·((1 − rho)/(1 − ρ̂{j}) − rho/ρ̂{j})", j = sub(j));
        trace.line(format!("ds{}", sub(j)), formula, ds);
        let beyond = beyond(mean);
        let beyond = if beyond.is_empty() { beyond } else { format!("; {beyond}") };
        trace.note(format!("for each of the 3 samples, beside what the decoder sends back{beyond}"));
    }
}
