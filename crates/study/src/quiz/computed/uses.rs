//! Noise, penalties, the sampler, and what codes are for: chapters 5, 6, 7 and 10.

use handgrad_analysis::{Confusion, Random, threshold};
use handgrad_layers::{activity_l1, dropout, kl_sparsity, reparameterize};

use super::{listed, number, tenths};
use crate::quiz::question::Question;

pub fn denoising(random: &mut Random) -> Vec<Question> {
    let (h, rate) = (tenths(random, 1, 20), [0.2, 0.25, 0.5, 0.75][random.below(4)]);
    let known = [("h", h), ("rate", rate)];
    let text = format!("A value goes through dropout and is not hidden. {}. Compute y.", listed(&known));
    let kept = Question::value(5, text, ["y", "h/(1 − rate)"], &known, dropout::masked(h, 1.0, rate))
        .because("So the mean over many masks is h.");

    let (x, std, eps, back) = (tenths(random, 1, 9), tenths(random, 1, 5), number(random), tenths(random, 1, 9));
    let known = [("x", x), ("std", std), ("ε", eps), ("x̂", back)];
    let text = format!(
        "A denoising autoencoder gets y = x + std·ε and returns x̂. {}. Compute the squared error of this value.",
        listed(&known)
    );
    let loss = handgrad_layers::mse::loss(back, x);
    let loss = Question::value(5, text, ["ℓ", "(x̂ − x)²"], &known, loss).because("The target is the clean value.");
    vec![kept, loss]
}

pub fn sparse(random: &mut Random) -> Vec<Question> {
    let h: [f64; 3] = std::array::from_fn(|_| number(random));
    let weight = [0.01, 0.001, 0.1][random.below(3)];
    let known = [("h₁", h[0]), ("h₂", h[1]), ("h₃", h[2]), ("weight", weight)];
    let text = format!("A code has three values. {}. Compute its L1 penalty.", listed(&known));
    let penalty = activity_l1::penalty(&h, weight);
    let l1 = Question::value(6, text, ["P", "weight·(|h₁| + |h₂| + |h₃|)"], &known, penalty);

    let (rho, mean) = (0.05, tenths(random, 2, 8));
    let known = [("rho", rho), ("ρ̂", mean)];
    let text = format!("The mean activity of a unit is ρ̂. {}. Compute the slope of KL(ρ ‖ ρ̂).", listed(&known));
    let slope = kl_sparsity::derivative(rho, mean);
    let kl = Question::value(6, text, ["slope", "(1 − rho)/(1 − ρ̂) − rho/ρ̂"], &known, slope)
        .because("It is 0 only where ρ̂ = ρ.");
    vec![l1, kl]
}

pub fn variational(random: &mut Random) -> Vec<Question> {
    let [mu, logvar, eps] = std::array::from_fn(|_| number(random));
    let known = [("mu", mu), ("logvar", logvar), ("eps", eps)];
    let mut z = [0.0];
    reparameterize::forward(&[mu, logvar], &[eps], &mut z);
    let text = format!("A code of one number. {}, where logvar is ln σ². Compute z.", listed(&known));
    let sample = Question::value(7, text, ["z", "mu + exp(logvar/2)·eps"], &known, z[0]);

    let known = [("mu", mu), ("logvar", logvar)];
    let text = format!("The same code: {}. Compute its KL divergence from N(0, 1).", listed(&known));
    let kl = reparameterize::kl(&[mu, logvar]);
    let kl = Question::value(7, text, ["KL", "(mu² + exp(logvar) − 1 − logvar)/2"], &known, kl);

    let (dz, beta) = (number(random), tenths(random, 1, 20));
    let known = [("dz", dz), ("mu", mu), ("beta", beta)];
    let mut dx = [0.0; 2];
    reparameterize::backward(&[mu, logvar], &[eps], &[dz], &mut dx);
    reparameterize::backward_kl(&[mu, logvar], beta, &mut dx);
    let text =
        format!("∂L/∂z of the reconstruction is dz, and beta weighs the divergence. {}. Compute dmu.", listed(&known));
    let gradient = Question::value(7, text, ["dmu", "dz + beta·mu"], &known, dx[0])
        .because("There are two paths: through z, where ∂z/∂μ = 1, and through the divergence, where it is μ.");
    vec![sample, kl, gradient]
}

pub fn codes(random: &mut Random) -> Vec<Question> {
    let [found, missed, alarms] = [(40, 60), (1, 20), (1, 30)].map(|(low, range)| low + random.below(range));
    let counts = Confusion {
        true_positives: found,
        false_negatives: missed,
        false_positives: alarms,
        true_negatives: 1000 - alarms,
    };
    let known = [("TP", found as f64), ("FN", missed as f64), ("FP", alarms as f64)];
    let text = format!(
        "Anomalies count as positive. {found} anomalies are found (TP), {missed} are missed (FN), and {alarms} normal \
         samples are called anomalous (FP)."
    );
    let [precision, recall] = [counts.precision(), counts.recall()].map(|ratio| ratio.unwrap_or(f64::NAN));
    let of_found =
        Question::value(10, format!("{text} Compute the precision."), ["precision", "TP/(TP + FP)"], &known, precision);
    let of_all = Question::value(10, format!("{text} Compute the recall."), ["recall", "TP/(TP + FN)"], &known, recall);

    let errors: [f64; 4] = std::array::from_fn(|_| tenths(random, 5, 30));
    let (mean, _) = threshold::mean_and_std(&errors).unwrap_or((f64::NAN, f64::NAN));
    let known = [("e₁", errors[0]), ("e₂", errors[1]), ("e₃", errors[2]), ("e₄", errors[3]), ("mean", mean)];
    let text = format!(
        "The errors of four normal samples are {}. Compute the threshold: their mean plus one standard deviation \
         (divide by 4, not by 3).",
        listed(&known[..4])
    );
    let limit = threshold::mean_plus_std(&errors, 1.0).unwrap_or(f64::NAN);
    let formula = "mean + √(((e₁ − mean)² + (e₂ − mean)² + (e₃ − mean)² + (e₄ − mean)²)/4)";
    let limit = Question::value(10, text, ["threshold", formula], &known, limit);
    vec![of_found, of_all, limit]
}
