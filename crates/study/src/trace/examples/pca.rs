//! `pca`: one principal component of four points, which is the best linear autoencoder with a code of one number.

use handgrad_analysis::Pca;
use ndarray::Array2;

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, at, sub, sum, terms};
use crate::trace::given::{Given, Numbers, matrix};

pub const EXAMPLE: Example = Example {
    name: "pca",
    title: "one principal component of four points: the best linear autoencoder with a code of one number",
    slides: "KERAS \"Common Unsupervised Learning Approaches\"; CE6146 \"Importance in Various Domains (1/3)\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of points.
const M: usize = 4;

fn given(_: usize) -> Vec<Given> {
    vec![matrix("x", &[3.0, 2.0, -1.0, 0.0, 2.0, 3.0, 0.0, -1.0], 2, "four samples of two values, one per row")]
}

/// Returns the formula of the mean over the samples of `term`.
fn mean(term: impl Fn(usize) -> String) -> String {
    format!("({})/4", terms(M, term))
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let x: Vec<[f64; 2]> = numbers.of("x").as_chunks().0.to_vec();
    let average = |term: &dyn Fn(&[f64; 2]) -> f64| x.iter().map(term).sum::<f64>() / M as f64;
    let mu = [0, 1].map(|i| average(&|x| x[i]));
    let covariance = |i: usize, j: usize| average(&|x| (x[i] - mu[i]) * (x[j] - mu[j]));
    let [c11, c12, c22] = [covariance(0, 0), covariance(0, 1), covariance(1, 1)];
    if c12 == 0.0 {
        let problem = "the covariance of the two columns is 0, so the component is one of the axes".to_string();
        return Err(Error::Setting { setting: "x".into(), problem });
    }
    trace.section("Mean and covariance");
    for (i, mu) in (1..).zip(mu) {
        trace.line(format!("mean{}", sub(i)), mean(|r| at("x", r, i)), mu);
    }
    for (i, j, c) in [(1, 1, c11), (1, 2, c12), (2, 2, c22)] {
        let centred = |r, i| format!("({} − mean{})", at("x", r, i), sub(i));
        trace.line(at("c", i, j), mean(|r| format!("{}·{}", centred(r, i), centred(r, j))), c);
    }
    let root = ((c11 - c22) / 2.0).hypot(c12);
    let [l1, l2] = [root, -root].map(|root| (c11 + c22) / 2.0 + root);
    trace.section("The direction with the largest variance");
    trace.text("λ₁ and λ₂ are the eigenvalues of the covariance; v is the eigenvector of λ₁, of length 1.");
    let formula = |sign| format!("(c₁₁ + c₂₂)/2 {sign} √(((c₁₁ − c₂₂)/2)² + c₁₂²)");
    trace.line("λ₁", formula("+"), l1);
    trace.note("the variance along v");
    trace.line("λ₂", formula("−"), l2);
    trace.note("the variance across v");
    let length = c12.hypot(l1 - c11);
    let v = [c12 / length, (l1 - c11) / length];
    trace.line("v₁", "c₁₂/√(c₁₂² + (λ₁ − c₁₁)²)", v[0]);
    trace.line("v₂", "(λ₁ − c₁₁)/√(c₁₂² + (λ₁ − c₁₁)²)", v[1]);

    trace.section("Encode and decode");
    let mut errors = Vec::new();
    for (r, x) in (1..).zip(&x) {
        let now = sub(r);
        let code = (x[0] - mu[0]) * v[0] + (x[1] - mu[1]) * v[1];
        let back = [0, 1].map(|i| mu[i] + code * v[i]);
        let formula = format!("({} − mean₁)·v₁ + ({} − mean₂)·v₂", at("x", r, 1), at("x", r, 2));
        trace.line(format!("h{now}"), formula, code);
        for (i, back) in (1..).zip(back) {
            trace.line(at("x̂", r, i), format!("mean{i} + h{now}·v{i}", i = sub(i)), back);
        }
        errors.push((x[0] - back[0]).powi(2) + (x[1] - back[1]).powi(2));
        let error = |i| format!("({} − {})²", at("x", r, i), at("x̂", r, i));
        trace.line(format!("e{now}"), format!("{} + {}", error(1), error(2)), errors[r - 1]);
    }
    trace.line("E", format!("({})/4", sum("e", M)), errors.iter().sum::<f64>() / M as f64);
    trace.note("the mean squared error of a sample equals λ₂, the variance that was left out");
    let samples = Array2::from_shape_fn((M, 2), |(r, i)| x[r][i] as f32);
    let library = Pca::fit(samples.view(), 1).ok_or(Error::NoComponents)?.errors(samples.view());
    trace.line("E of pca.rs", "", library.iter().sum::<f64>() / M as f64);
    trace.note("the function that `handgrad search` and the claims use, from samples of 32 bits");
    Ok(())
}
