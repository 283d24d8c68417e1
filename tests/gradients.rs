//! Every gradient against central differences in f64.

use handgrad_layers::gradcheck::catalogue::{self, ACTIVATIONS};
use handgrad_layers::gradcheck::check;
use handgrad_layers::{Activation, Dense, Layer, Loss, LossKind, Pass, Reduction, Saved, Scalar};
use handgrad_tests::{doubles, numbers};

const TOLERANCE: f64 = 1e-6;

/// On one row and on several rows; each parameter as a whole, and row by row.
#[test]
fn layers_agree_with_central_differences() {
    let mut cases = 0;
    for entry in catalogue::layers().expect("the list's layers fit") {
        for case in &entry.cases {
            for (rows, block_rows) in [(1, 100), (4, 1)] {
                let report = case.check(rows, block_rows);
                let layer = case.layer.describe();
                assert!(report.error < TOLERANCE, "{layer}, {rows} rows, blocks of {block_rows}: {report:?}");
                cases += 1;
            }
        }
    }
    assert!(cases > 800, "only {cases} cases");
}

#[test]
fn the_gradient_of_relu_at_its_kink_is_zero() {
    let dense = Dense { inputs: 1, units: 1, activation: Activation::Relu };
    let (mut dy, mut dx) = ([1.0], [f64::NAN]);
    let mut y = [f64::NAN];
    dense.forward(&[1.0, -2.0], &[2.0], &mut y, &mut Pass::predict());
    let saved = Saved { x: &[2.0], y: &y };
    dense.backward_input(&[1.0, -2.0], saved, &mut dy, Some(&mut dx), &mut Pass::predict());
    assert_eq!((y, dy, dx), ([0.0], [0.0], [0.0]));
}

#[test]
fn losses_agree_with_central_differences() {
    for (name, loss) in catalogue::losses() {
        let report = catalogue::check_loss(&loss);
        assert!(report.error < TOLERANCE, "{name}: {report:?}");
        let (prediction, target) = (doubles(21, 1), doubles(21, 2));
        let [prediction, target] =
            [prediction, target].map(|values| values.iter().map(|v| 0.5 + 0.49 * v).collect::<Vec<_>>());
        let with_gradient = loss.forward_backward(&prediction, &target, 4, &mut [f64::NAN; 21]);
        assert_eq!(with_gradient, loss.forward(&prediction, &target), "{name}");
    }
}

/// `handgrad gradcheck --break` shows what mistakes look like.
#[test]
fn nothing_that_is_no_number_passes() {
    assert!(check("nan", &[1.0], &[f64::NAN], |v| v[0]).error > 1.0, "NaN must not pass");
    assert!(check("nan", &[1.0], &[1.0], |_| f64::NAN).error > 1.0, "NaN must not pass");
    let step = |v: &[f64]| if v[0] > 1.0 { f64::INFINITY } else { 0.0 };
    assert!(check("infinite", &[1.0], &[f64::INFINITY], step).error > 1.0, "∞ on both sides must not pass");
}

/// A wrong forward pass with a matching wrong backward pass would pass a gradient check, so the forward pass is
/// compared with sums written out here.
#[test]
fn the_forward_pass_of_a_dense_layer_is_its_formula() {
    let (rows, inputs, units) = (3, 5, 4);
    let (w, b, x) = (doubles(inputs * units, 1), doubles(units, 2), doubles(rows * inputs, 3));
    let theta = [w.clone(), b.clone()].concat();
    for activation in ACTIVATIONS {
        let mut y = vec![f64::NAN; rows * units];
        Dense { inputs, units, activation }.forward(&theta, &x, &mut y, &mut Pass::predict());
        for r in 0..rows {
            for j in 0..units {
                let z: f64 = (0..inputs).map(|i| x[r * inputs + i] * w[i * units + j]).sum::<f64>() + b[j];
                let want = match activation {
                    Activation::Linear => z,
                    Activation::Relu => f64::max(z, 0.0),
                    Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
                    Activation::Tanh => z.tanh(),
                };
                assert!((y[r * units + j] - want).abs() < 1e-14, "{activation:?}");
            }
        }
    }
}

/// One logarithm for many values gives the sum of their logarithms, for rows of any length, and every δ is σ(z) − t,
/// scaled.
#[test]
fn cross_entropy_of_a_row_is_the_sum_over_its_values() {
    use handgrad_layers::bce_logits;
    let numbers = numbers(3000, 5);
    for n in [1, 15, 16, 17, 784, 1024, 1025, 3000] {
        // Logits up to ±40: the factors of a product are up to 2, and the sums differ widely.
        let z: Vec<f32> = numbers[..n].iter().map(|z| 40.0 * z * z * z).collect();
        let t: Vec<f32> = numbers[..n].iter().rev().map(|t| t.abs().min(1.0)).collect();
        let exact: f64 = z.iter().zip(&t).map(|(&z, &t)| bce_logits::loss(f64::from(z), f64::from(t))).sum();
        let mut delta = vec![f32::NAN; n];
        let sum = bce_logits::forward_backward(&z, &t, 0.5, &mut delta);
        assert_eq!(sum.to_bits(), bce_logits::forward(&z, &t).to_bits(), "with and without δ");
        assert!((f64::from(sum) - exact).abs() <= 2e-6 * exact, "{n}: {sum}, not {exact}");
        for ((&z, &t), &delta) in z.iter().zip(&t).zip(&delta) {
            assert_eq!(delta, 0.5 * bce_logits::derivative(z, t), "z {z}, t {t}");
        }

        let double = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let sum = bce_logits::forward(&double(&z), &double(&t));
        assert!((sum - exact).abs() <= 1e-12 * exact, "{n}: {sum}, not {exact} in f64");
    }
    // If every value is predicted well, the digits of a small loss are not lost in a sum with 1.
    for z in [-12.0_f32, -15.0, -17.0, -30.0] {
        let sum = f64::from(bce_logits::forward(&[z; 784], &[0.0; 784]));
        let exact = 784.0 * f64::from(z).exp().ln_1p();
        assert!((sum / exact - 1.0).abs() < 1e-5, "z {z}: {sum:e}, not {exact:e}");
    }
    for (z, t) in [(-1e4_f32, 0.0), (1e4, 1.0), (-200.0, 0.0), (-80.0, 0.0)] {
        let mut delta = [f32::NAN];
        assert!(bce_logits::forward_backward(&[z], &[t], 1e-6, &mut delta).abs() < 1e-6);
        assert!(delta[0] == 0.0 || delta[0].is_normal(), "δ is denormal at {z}");
        assert!(delta[0].abs() <= 1e-32, "beyond ±60 σ is held at e⁻⁶⁰: δ {} at {z}", delta[0]);
    }
    // A gradient keeps its digits where the prediction is nearly right, in f32 as in f64: e^−|z|/(1 + e^−|z|).
    for (z, t) in [(15.0_f32, 1.0_f32), (17.0, 1.0), (25.0, 1.0), (50.0, 1.0), (-15.0, 0.0), (-50.0, 0.0)] {
        let e = f64::from(-z.abs()).exp();
        let exact = if t == 1.0 { -e / (1.0 + e) } else { e / (1.0 + e) };
        let mut delta = [f32::NAN];
        bce_logits::forward_backward(&[z], &[t], 1.0, &mut delta);
        for slope in [delta[0], bce_logits::derivative(z, t)] {
            assert!((f64::from(slope) / exact - 1.0).abs() < 1e-6, "z {z}, t {t}: {slope:e}, not {exact:e}");
        }
    }
    let mut delta = [0.0_f32; 2];
    assert!(bce_logits::forward_backward(&[f32::NAN, 0.0], &[0.5, 0.5], 1.0, &mut delta).is_nan());
    assert!(delta[0].is_nan() && delta[1] == 0.0);
}

/// The part of the right class may be 1 to all 24 bits: its gradient is what the other parts sum to, with a minus.
#[test]
fn softmax_keeps_the_digits_of_a_small_gradient() {
    use handgrad_layers::softmax_cross_entropy::forward_backward;
    for distance in [5.0_f32, 15.0, 17.0, 25.0] {
        let (z, t, mut delta) = ([0.5 + distance, 0.5, -0.5], [1.0, 0.0, 0.0], [f32::NAN; 3]);
        forward_backward(&z, &t, 1.0, &mut delta);
        let rest: f64 = z[1..].iter().map(|&other| f64::from(other - z[0]).exp()).sum();
        let exact = -rest / (1.0 + rest);
        assert!((f64::from(delta[0]) / exact - 1.0).abs() < 2e-6, "{distance}: {:e}, not {exact:e}", delta[0]);
    }
}

#[test]
fn absolute_error_by_hand() {
    // |1 − 3| + |0.5 − 0.25| + |−1 − (−1)| = 2.25; slopes by sign, and 0 at the kink
    let (p, t) = ([1.0_f64, 0.5, -1.0], [3.0, 0.25, -1.0]);
    let sum = Loss { kind: LossKind::Mae, reduction: Reduction::Sum };
    let mut delta = [f64::NAN; 3];
    assert!((sum.forward_backward(&p, &t, 2, &mut delta) - 2.25).abs() < 1e-15);
    assert_eq!(delta, [-0.5, 0.5, 0.0]);
    let mean = Loss { kind: LossKind::Mae, reduction: Reduction::Mean };
    assert!((mean.forward(&p, &t) - 0.75).abs() < 1e-15);
}

#[test]
fn binary_cross_entropy_is_stable_on_logits_and_clipped_on_probabilities() {
    use handgrad_layers::{bce, bce_logits};
    // Against f64, in which 1 + e^−100 is already rounded to 1, so the closed forms for a certain target are used.
    for z in [-100.0_f32, -60.0, -17.5, -1.0, 0.0, 0.5, 20.0, 88.0, 100.0] {
        let e = f64::from(-z.abs()).exp();
        let softplus_of_minus_abs = e.ln_1p();
        for t in [0.0_f32, 1.0] {
            let wrong_side = (z > 0.0) == (t == 0.0);
            let exact = softplus_of_minus_abs + if wrong_side { f64::from(z.abs()) } else { 0.0 };
            let value = f64::from(bce_logits::loss(z, t));
            assert!((value - exact).abs() <= 3e-7 * exact + 2e-45, "z {z}, t {t}: {value:e}, not {exact:e}");
            let slope = bce_logits::derivative(z, t);
            assert!(slope.is_finite() && slope.abs() <= 1.0);
        }
    }
    assert!(bce_logits::loss(f32::NAN, 0.5).is_nan() && bce_logits::derivative(f32::NAN, 0.5).is_nan());
    // The two forms are the same function where both are accurate.
    for z in [-8.0_f64, -2.0, 0.3, 7.0] {
        for t in [0.0, 0.25, 1.0] {
            let p = z.sigmoid();
            assert!((bce_logits::loss(z, t) - bce::loss(p, t)).abs() < 1e-9);
            let chain = bce::derivative(p, t) * p * (1.0 - p);
            assert!((bce_logits::derivative(z, t) - chain).abs() < 1e-9);
        }
    }
    // At the clipping limit: −ln 10⁻⁷, and a slope of 0 beyond it.
    assert!((bce::loss(0.0_f64, 1.0) - 16.118_095_65).abs() < 1e-8);
    assert_eq!(bce::derivative(0.0_f64, 1.0), 0.0);
    assert_eq!(bce::derivative(1.0_f64, 1.0), 0.0);
    assert!(bce::loss(f64::NAN, 1.0).is_nan() && bce::derivative(f64::NAN, 1.0).is_nan());
    // The minimum is at p = t, where the loss is the entropy of t.
    let entropy = -(0.3_f64 * 0.3_f64.ln() + 0.7 * 0.7_f64.ln());
    assert!((bce::loss(0.3, 0.3) - entropy).abs() < 1e-12);
    assert!(bce::loss(0.31, 0.3) > entropy && bce::loss(0.29, 0.3) > entropy);
}
