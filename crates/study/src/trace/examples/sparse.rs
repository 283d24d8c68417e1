//! `sparse`: the L1 and the KL penalty on a code.

use handgrad_layers::{ActivityL1, KlSparsity, Layer, Pass, Saved, activity_l1, kl_sparsity};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub};
use crate::trace::given::{Given, Numbers, matrix, number};

pub const EXAMPLE: Example = Example {
    name: "sparse",
    title: "the L1 and the KL penalty on a code",
    slides: "CE6146 \"Sparse Autoencoders\", \"Guideline for Autoencoders (3/4)\"; DIVE \"Types of Autoencoders\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of units of the first code, and the number of samples and of units of the second one.
const H: usize = 4;
const M: usize = 3;
const K: usize = 2;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("h", &[0.7, 0.0, 0.2, 1.5], H, "a code after a ReLU, one sample"),
        matrix("dy", &[0.01, 0.02, -0.01, 0.0], H, "∂L/∂h from the decoder"),
        number("weight", 1e-4, "weight of the L1 penalty"),
        matrix("s", &[0.1, 0.8, 0.05, 0.3, 0.2, 0.4], K, "codes after a sigmoid, one row per sample"),
        number("rho", 0.05, "ρ, the desired mean activation"),
        number("kl_weight", 0.1, "weight of the KL penalty"),
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
        "CE6146 \"Sparse Autoencoders\" has a regularisation term that penalises non-zero activations, but gives no \
         formula. The two penalties here are in common use: L1 in the tutorial of the Keras blog, KL in Ng's lecture \
         notes.",
    );
    Ok(())
}

fn write_l1(trace: &mut Trace, numbers: &Numbers, weight: f64) {
    let (h, dy) = (numbers.of("h"), numbers.of("dy"));
    trace.section("L1: only a few units are active");
    let terms: Vec<_> = (1..=H).map(|j| format!("|h{}|", sub(j))).collect();
    trace.line("P", format!("weight·({})", terms.join(" + ")), activity_l1::penalty(h, weight));
    let mut dh = dy.to_vec();
    activity_l1::backward(h, weight, &mut dh);
    for (j, (&dh, &h)) in (1..).zip(dh.iter().zip(h)) {
        let (sign, note) = match h {
            h if h > 0.0 => ("+ weight", ""),
            h if h < 0.0 => ("− weight", ""),
            _ => ("+ 0", "the kink: the penalty has no gradient at 0"),
        };
        trace.line(format!("dh{}", sub(j)), format!("dy{} {sign}", sub(j)), dh);
        trace.note(note);
    }
    trace.text(
        "The gradient of the penalty is the same however small h is, so small values are still pushed towards 0. How \
         many values end at exactly 0 depends on the weight: activity_l1.rs has a count.",
    );
}

/// Returns the limit c if the mean is beyond it. There the divergence is continued along its tangent at c, since it is
/// infinite at 0 and 1.
fn limit(mean: f64) -> Option<f64> {
    match mean {
        mean if mean < kl_sparsity::LOWEST => Some(kl_sparsity::LOWEST),
        mean if mean > kl_sparsity::HIGHEST => Some(kl_sparsity::HIGHEST),
        _ => None,
    }
}

/// Returns the formulas of KL and of its derivative for unit `j`, and a note if they are those of the tangent.
fn formulas(j: &str, limit: Option<f64>) -> [String; 3] {
    let at = limit.map_or(format!("ρ̂{j}"), |_| format!("c{j}"));
    let divergence = format!("rho·ln(rho/{at}) + (1 − rho)·ln((1 − rho)/(1 − {at}))");
    let slope = format!("((1 − rho)/(1 − {at}) − rho/{at})");
    match limit {
        Some(_) => [format!("{divergence} + {slope}·(ρ̂{j} − c{j})"), slope, "continued along the tangent at c".into()],
        None => [divergence, slope, String::new()],
    }
}

fn write_kl(trace: &mut Trace, s: &[f64], kl: KlSparsity) {
    // The layer gets these means from outside, since they depend on the whole batch. Here the example computes them.
    let means: Vec<f64> = (0..K).map(|j| s.iter().skip(j).step_by(K).sum::<f64>() / M as f64).collect();
    trace.section("KL: every unit is rarely active");
    for (j, mean) in (1..).zip(&means) {
        let column: Vec<_> = (1..=M).map(|i| format!("s{}{}", sub(i), sub(j))).collect();
        trace.line(format!("ρ̂{}", sub(j)), format!("({})/3", column.join(" + ")), *mean);
    }
    for (j, mean) in (1..).zip(&means) {
        let limit = limit(*mean);
        if let Some(c) = limit {
            trace.line(format!("c{}", sub(j)), "", c);
            trace.note("the limit beyond which KL is continued along its tangent, since it is infinite at 0 and 1");
        }
        let [formula, _, beyond] = formulas(&sub(j), limit);
        trace.line(format!("KL{}", sub(j)), formula, kl_sparsity::divergence(kl.rho, &[*mean]));
        trace.note(beyond);
    }
    let mut pass = Pass { batch: M, means: &means, ..Pass::predict() };
    let mut penalties = [0.0; M];
    kl.penalty(Saved { x: s, y: s }, &mut penalties, &mut pass);
    trace.line("P", "kl_weight·(KL₁ + KL₂)", penalties[0]);
    let mut ds = [0.0; M * K];
    kl.backward_input(&[], Saved { x: s, y: s }, &mut [0.0; M * K], Some(&mut ds), &mut pass);
    for (j, (&ds, &mean)) in (1..).zip(ds.iter().zip(&means)) {
        let [_, slope, beyond] = formulas(&sub(j), limit(mean));
        trace.line(format!("ds{}", sub(j)), format!("kl_weight/3·{slope}"), ds);
        let beyond = if beyond.is_empty() { beyond } else { format!("; {beyond}") };
        trace.note(format!("for each of the 3 samples, added to the gradient from the decoder{beyond}"));
    }
}
