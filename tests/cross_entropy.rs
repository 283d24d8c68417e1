//! Softmax cross-entropy against its definition, for extreme numbers, and in a network.

use handgrad_dataset::{Samples, Values};
use handgrad_layers::softmax_cross_entropy::{entropy, excess, forward, forward_backward, softmax};
use handgrad_layers::{Activation, LossKind, Output, Reduction, Scalar};
use handgrad_models::{Deep, Error, Network, Spec};
use handgrad_tests::{ADAM, all, numbers, to_the_end, training};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Plan, Source, Trainer, fit};
use ndarray::Array2;

/// n logits within ±scale, and a distribution over n values.
fn logits_and_target(n: usize, scale: f32) -> (Vec<f32>, Vec<f32>) {
    let z = numbers(n, 1).into_iter().map(|z| scale * z).collect();
    let t: Vec<f32> = numbers(n, 2).into_iter().map(|t| t + 1.0).collect();
    let sum: f32 = t.iter().sum();
    (z, t.into_iter().map(|t| t / sum).collect())
}

fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// −Σ t·ln(e^z/Σ e^z) and the Jacobian exactly as defined, in f64, for logits that do not overflow.
#[test]
fn it_is_the_logarithm_of_a_softmax() {
    for n in [1, 2, 15, 16, 17, 100, 784] {
        let (z, t) = logits_and_target(n, 12.0);
        let (z64, t64) = (double(&z), double(&t));
        let sum: f64 = z64.iter().map(|z| z.exp()).sum();
        let p: Vec<f64> = z64.iter().map(|z| z.exp() / sum).collect();
        let expected: f64 = p.iter().zip(&t64).map(|(p, t)| -t * p.ln()).sum();

        let mut delta = vec![f64::NAN; n];
        let loss = forward_backward(&z64, &t64, 0.5, &mut delta);
        assert!((loss - expected).abs() < 1e-13 * expected.max(1.0), "{n}: {loss}, not {expected}");
        assert_eq!(loss, forward(&z64, &t64), "with and without δ");
        // Through the Jacobian: δ_k = Σ_i ∂ℓ/∂p_i·∂p_i/∂z_k, with ∂ℓ/∂p = −t/p.
        for k in 0..n {
            let jacobian = |i: usize| p[i] * (f64::from(i == k) - p[k]);
            let chain: f64 = (0..n).map(|i| -t64[i] / p[i] * jacobian(i)).sum();
            assert!((delta[k] - 0.5 * chain).abs() < 1e-13, "{n}: δ {k}");
        }
        assert!(delta.iter().sum::<f64>().abs() < 1e-8, "softmax and target both sum to 1 (the target to within f32)");

        let mut single = vec![f32::NAN; n];
        let loss = forward_backward(&z, &t, 0.5, &mut single);
        assert!((f64::from(loss) - expected).abs() <= 2e-6 * expected, "{n}: {loss} in f32, not {expected}");
        for (single, delta) in single.iter().zip(&delta) {
            assert!((f64::from(*single) - delta).abs() < 1e-7);
        }

        let mut ours = z64.clone();
        softmax(&mut ours);
        assert!(ours.iter().zip(&p).all(|(ours, p)| (ours - p).abs() < 1e-15));
        let divergence: f64 = t64.iter().zip(&p).filter(|(t, _)| **t > 0.0).map(|(t, p)| t * (t / p).ln()).sum();
        let found = excess(&z64, &t64);
        assert!((found - divergence).abs() < 1e-9 * divergence.max(1.0), "{n}: {found}, not {divergence}");
    }
}

#[test]
fn adding_a_constant_to_all_logits_changes_nothing() {
    for n in [3, 40] {
        let (z, t) = logits_and_target(n, 5.0);
        let (z, mut t) = (double(&z), double(&t));
        let sum: f64 = t.iter().sum();
        t.iter_mut().for_each(|t| *t /= sum);
        let mut delta = vec![f64::NAN; n];
        let loss = forward_backward(&z, &t, 1.0, &mut delta);
        for c in [-1e6, -3.0, 0.1, 1e3, 1e6] {
            let moved: Vec<f64> = z.iter().map(|z| z + c).collect();
            let mut again = vec![f64::NAN; n];
            let loss_again = forward_backward(&moved, &t, 1.0, &mut again);
            // The sum z + c itself is rounded to about 10⁻¹⁰ at 10⁶.
            assert!((loss - loss_again).abs() < 1e-9, "{c}: {loss_again}, not {loss}");
            assert!(delta.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-9), "{c}");
        }
    }
}

#[test]
fn nothing_overflows_and_small_losses_keep_their_digits() {
    fn far<T: Scalar>() {
        let of = T::from_f64;
        for (target, expected) in [(0, 0.0), (1, 2e4), (2, 1e4)] {
            let z = [of(1e4), of(-1e4), T::ZERO];
            let mut t = [T::ZERO; 3];
            t[target] = T::ONE;
            let mut delta = [T::NAN; 3];
            let loss = forward_backward(&z, &t, T::ONE, &mut delta);
            assert!((loss.to_f64() - expected).abs() < 1e-20, "{target}: {loss}");
            for (k, delta) in delta.iter().enumerate() {
                let p = f64::from(k == 0) - f64::from(k == target);
                assert!((delta.to_f64() - p).abs() < 1e-20, "{target}: δ {k} is {delta}");
            }
            let mut p = z;
            softmax(&mut p);
            assert!(p == [T::ONE, T::ZERO, T::ZERO], "{p:?}");
        }
    }
    far::<f32>();
    far::<f64>();
    // −ln p = ln(1 + e^−20) = 2.06·10⁻⁹, which would be lost in a sum with 1.
    for (logits, others) in [(vec![20.0_f32, 0.0], 1.0), ([vec![0.0_f32; 30], vec![20.0]].concat(), 30.0)] {
        let t: Vec<f32> = logits.iter().map(|&z| if z > 0.0 { 1.0 } else { 0.0 }).collect();
        let exact = (others * (-20.0_f64).exp()).ln_1p();
        assert!((f64::from(forward(&logits, &t)) / exact - 1.0).abs() < 1e-6, "{}", forward(&logits, &t));
    }
    // Equal logits: the loss is ln n, and p = 1/n for each.
    let mut delta = [f32::NAN; 5];
    assert!((forward_backward(&[7.5; 5], &[0.2; 5], 1.0, &mut delta) - 5.0_f32.ln()).abs() < 1e-6);
    assert!(delta.iter().all(|delta| delta.abs() < 1e-7));
    // Scaled values are never denormal.
    let mut delta = [f32::NAN; 2];
    forward_backward(&[0.0_f32, -90.0], &[1.0, 0.0], 1e-6, &mut delta);
    assert!(delta.iter().all(|delta| *delta == 0.0 || delta.is_normal()), "{delta:?}");
    for place in 0..3 {
        let mut z = [0.0_f32, 1.0, 2.0];
        z[place] = f32::NAN;
        let mut delta = [0.0; 3];
        assert!(forward_backward(&z, &[0.5, 0.25, 0.25], 1.0, &mut delta).is_nan());
        assert!(delta.iter().all(|delta| delta.is_nan()) && forward(&z, &[0.5, 0.25, 0.25]).is_nan());
    }
}

/// ℓ ≥ entropy of t, with equality if softmax(z) = t: z = ln t plus any constant.
#[test]
fn the_least_loss_is_the_entropy() {
    let t = [0.5_f64, 0.25, 0.125, 0.125];
    let least = 1.75 * 2.0_f64.ln();
    assert!((entropy(&t) - least).abs() < 1e-15);
    let z: Vec<f64> = t.iter().map(|t| t.ln() + 3.0).collect();
    assert!((forward(&z, &t) - least).abs() < 1e-15 && excess(&z, &t) < 1e-15);
    for place in 0..4 {
        let mut other = z.clone();
        other[place] += 0.1;
        assert!(forward(&other, &t) > least && excess(&other, &t) > 0.0);
    }
    assert_eq!(entropy(&[1.0, 0.0]), 0.0, "one-hot: 0·ln 0 is 0");
    // The less probable the value that is present, the larger the excess, also where its probability is 0 in f32.
    let of_logit = |z: f32| excess(&[0.0, -z], &[0.0, 1.0]);
    assert!((1..1000).all(|z| of_logit(z as f32 + 1.0) > of_logit(z as f32)));
    assert!((of_logit(500.0) - 500.0).abs() < 1e-3);
}

fn samples(rows: &[&[f32]]) -> Samples {
    let values = Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("rows of one length");
    Samples { values: Values::Floats(values), shape: vec![rows[0].len()], labels: None, places: None }
}

/// By hand: the mean of the training samples is (½, ¼, ¼); the validation samples are one-hot, or half and half.
#[test]
fn the_yardsticks_of_distributions() {
    let train = samples(&[&[1.0, 0.0, 0.0], &[0.0, 0.5, 0.5]]);
    let validation = samples(&[&[0.0, 1.0, 0.0], &[0.5, 0.0, 0.5]]);
    let ln2 = 2.0_f64.ln();
    let from = |train: &Samples, reduction| {
        let (output_activation, loss) = (Activation::Linear, LossKind::CrossEntropy);
        let spec = Deep { layers: vec![1], output_activation, loss, ..Deep::default() }.spec(&[3]);
        let network = Network::<f32>::new(&Spec { reduction, ..spec }).expect("fits");
        yardsticks(&Source::new(train), &Source::new(&validation), &network).expect("fits")
    };
    let of = |reduction| from(&train, reduction);
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a}, not {b}");
    near(of(Reduction::Sum).least, ln2 / 2.0);
    near(of(Reduction::Sum).mean_sample, (2.0 * ln2 + 1.5 * ln2) / 2.0);
    near(of(Reduction::Mean).least, ln2 / 6.0);
    // A value that no training sample has does not make the loss infinite.
    let unseen = from(&samples(&[&[1.0, 0.0, 0.0]]), Reduction::Sum);
    assert!(unseen.mean_sample.is_finite());
}

/// Words of a vocabulary of 12, one-hot: 12 samples through a code of 3. The network learns to distinguish them, its
/// predictions are distributions, and the loss is −ln of the probability of the correct word.
#[test]
fn a_network_learns_one_hot_rows() {
    let n = 12;
    let rows: Vec<Vec<f32>> = (0..n).map(|i| (0..n).map(|j| f32::from(u8::from(i == j))).collect()).collect();
    let words = samples(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let spec = Deep {
        layers: vec![16, 3],
        activation: Activation::Tanh,
        output_activation: Activation::Linear,
        loss: LossKind::CrossEntropy,
        ..Deep::default()
    }
    .spec(&[n]);
    assert_eq!(spec.reduction, Reduction::Sum, "a loss a sample");
    let network = Network::<f32>::new(&spec).expect("fits");
    assert_eq!(network.output(), Output::Softmax);
    let source = Source::new(&words);
    let least = yardsticks(&source, &source, &network).expect("fits");
    assert_eq!(least.least, 0.0);
    assert!((least.mean_sample - (n as f64).ln()).abs() < 1e-6, "1/12 each");
    let mut trainer = Trainer::new(network, &training(ADAM, n)).expect("fits");
    let start = trainer.evaluate(&source).expect("fits").loss;
    let plan = Plan { epochs: 600, ..Plan::default() };
    fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect("learns");
    let loss = trainer.evaluate(&source).expect("fits").loss;
    assert!(loss < 0.05 && start > 2.0, "{start} at the start, {loss} at the end");
    let predictions = trainer.predict(&source, &all(n)).expect("fits");
    let mut sum = 0.0;
    for (row, p) in predictions.rows().into_iter().enumerate() {
        assert!((p.sum() - 1.0).abs() < 1e-6 && p.iter().all(|&p| (0.0..=1.0).contains(&p)), "{p}");
        assert!(p[row] > 0.9, "word {row}: {p}");
        sum -= f64::from(p[row]).ln();
    }
    assert!((sum / n as f64 - loss).abs() < 1e-6, "{sum}, {loss}");
}

#[test]
fn only_a_linear_last_layer_gives_logits() {
    let spec = |output| {
        Deep { layers: vec![3], output_activation: output, loss: LossKind::CrossEntropy, ..Deep::default() }.spec(&[8])
    };
    for output in [Activation::Sigmoid, Activation::Relu, Activation::Tanh] {
        let error = Network::<f32>::new(&spec(output)).map(|_| ()).expect_err("no logits");
        assert!(matches!(error, Error::LogitsThroughActivation { loss: "cross-entropy", .. }), "{error}");
        assert!(error.to_string().contains("make it linear"), "{error}");
    }
    assert!(Network::<f32>::new(&spec(Activation::Linear)).is_ok());
}
