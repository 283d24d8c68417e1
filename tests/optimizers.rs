//! Optimisers and initialisation against their formulas.

use handgrad_layers::{Init, Optimizer, ParamRole, ParamSpec, adam::Adam, clip, sgd, weight_decay};
use handgrad_tests::numbers;

#[test]
fn gradient_descent_with_momentum_by_hand() {
    // v: 2, then 0.9·2 + 4 = 5.8; θ: 1 − 0.1·2 = 0.8, then 0.8 − 0.58 = 0.22
    let (mut theta, mut v) = ([1.0_f64], [0.0]);
    sgd::update(&mut theta, &[2.0], &mut v, 0.1, 0.9);
    assert!((theta[0] - 0.8).abs() < 1e-15 && v == [2.0]);
    sgd::update(&mut theta, &[4.0], &mut v, 0.1, 0.9);
    assert!((theta[0] - 0.22).abs() < 1e-15 && (v[0] - 5.8).abs() < 1e-15);
}

#[test]
fn adam_by_hand() {
    let adam = Adam { learning_rate: 0.1, ..Adam::default() };
    let (mut theta, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
    let mut step = |g: f64, t| {
        Optimizer::Adam(adam).update(&mut theta, &[g], [&mut m, &mut v], t);
        theta[0]
    };
    // t = 1: m̂ = g, v̂ = g², so the step is α·g/(|g| + ε)
    assert!((step(0.5, 1) - (1.0 - 0.1 * 0.5 / (0.5 + 1e-8))).abs() < 1e-15);
    // t = 2: m = .9·.05 − .1·.25 = .02, m̂ = .02/.19; v = .999·.00025 + .001·.0625, v̂ = v/.001999
    let m_hat: f64 = 0.02 / 0.19;
    let v_hat: f64 = (0.999 * 0.000_25 + 0.001 * 0.062_5) / 0.001_999;
    let expected = (1.0 - 0.1 * 0.5 / (0.5 + 1e-8)) - 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
    assert!((step(-0.25, 2) - expected).abs() < 1e-15);
}

/// Numbers too small to change a weight become 0. All others have the bits of the plain recurrence.
#[test]
fn adam_lets_dead_gradients_die() {
    let (beta1, beta2) = (0.9_f32, 0.999_f32);
    let (mut theta, mut m, mut v) = ([0.25_f32], [0.0_f32], [0.0_f32]);
    let (mut plain_theta, mut plain_m, mut plain_v) = (0.25_f32, 0.0_f32, 0.0_f32);
    let adam = Adam::default();
    for t in 1..=40_000_u64 {
        // Ordinary gradients, then gradients of 0.
        let g = if t <= 100 { 1e-3 * (t as f32).sin() } else { 0.0 };
        Optimizer::Adam(adam).update(&mut theta, &[g], [&mut m, &mut v], t);
        plain_m = beta1 * plain_m + (1.0 - 0.9_f64) as f32 * g;
        plain_v = beta2 * plain_v + (1.0 - 0.999_f64) as f32 * (g * g);
        let corrections = [0.9_f64, 0.999].map(|beta| 1.0 - beta.powi(t as i32));
        let step_size = (1e-3 / corrections[0]) as f32;
        plain_theta -= step_size * plain_m / (plain_v.sqrt() * (1.0 / corrections[1].sqrt()) as f32 + 1e-8);
        assert_eq!(theta[0].to_bits(), plain_theta.to_bits(), "step {t}");
        assert!(m[0] == 0.0 || m[0].is_normal(), "m is denormal in step {t}");
        assert!(v[0] == 0.0 || v[0].is_normal(), "v is denormal in step {t}");
    }
    assert!(m == [0.0] && v != [0.0], "m has died, v not yet");
    assert!(plain_m != 0.0 && !plain_m.is_normal(), "without care m stays denormal for ever");
    // A gradient that is denormal, or whose square would be.
    for g in [1e-42_f32, 1e-30, 1e-18, f32::MIN_POSITIVE] {
        let (mut m, mut v) = ([0.0_f32], [0.0_f32]);
        Optimizer::Adam(adam).update(&mut theta, &[g], [&mut m, &mut v], 1);
        assert!((m[0] == 0.0 || m[0].is_normal()) && (v[0] == 0.0 || v[0].is_normal()), "{g}");
    }
    // A NaN or an infinity stays visible.
    let (mut m, mut v) = ([0.0_f32], [0.0_f32]);
    Optimizer::Adam(adam).update(&mut theta, &[f32::NAN], [&mut m, &mut v], 1);
    assert!(theta[0].is_nan() && m[0].is_nan() && v[0].is_nan());
}

#[test]
fn the_first_step_of_adam_does_not_depend_on_the_scale_of_the_gradient() {
    for scale in [1e-3, 1.0, 1e6] {
        let (mut theta, mut m, mut v) = ([0.0_f64; 2], [0.0; 2], [0.0; 2]);
        Optimizer::Adam(Adam::default()).update(&mut theta, &[scale, -3.0 * scale], [&mut m, &mut v], 1);
        assert!((theta[0] + 1e-3).abs() < 1e-7 && (theta[1] - 1e-3).abs() < 1e-7, "{theta:?}");
    }
}

/// After 20,000 gradients of 0, the first other one moves the parameter by (1 − β₁)/√(1 − β₂) = 3.16 α, and the twelfth
/// of the same size by 6.57 α. No sequence of gradients gives more than 7.27 α.
#[test]
fn after_a_silence_adam_takes_steps_longer_than_alpha() {
    let (mut theta, mut m, mut v) = ([0.0_f64], [0.0], [0.0]);
    let mut steps = Vec::new();
    for t in 1..=20_040 {
        let (before, g) = (theta[0], if t > 20_000 { 0.25 } else { 0.0 });
        Optimizer::Adam(Adam::default()).update(&mut theta, &[g], [&mut m, &mut v], t);
        steps.push((before - theta[0]) / 1e-3);
    }
    assert!(steps[..20_000].iter().all(|step| *step == 0.0));
    let after = &steps[20_000..];
    assert!((after[0] - 0.1 / 0.001_f64.sqrt()).abs() < 1e-4, "{}", after[0]);
    let longest = after.iter().copied().fold(0.0, f64::max);
    assert!((longest - 6.5685).abs() < 1e-3 && longest == after[11], "{after:?}");
    let bound = 0.1 / (0.001 * (1.0 - 0.81 / 0.999_f64)).sqrt();
    assert!((bound - 7.27).abs() < 5e-3 && longest < bound, "{bound}");
}

/// AdamW's recurrence as in the paper, written out in f64, compared with decay and Adam applied one after the other.
#[test]
fn adam_with_decay_is_the_recurrence_of_adamw() {
    let (alpha, lambda, beta1, beta2, epsilon) = (1e-2_f64, 0.5_f64, 0.9_f64, 0.999_f64, 1e-8_f64);
    let adam = Optimizer::Adam(Adam { learning_rate: alpha, beta1, beta2, epsilon });
    let gradients: Vec<f64> = numbers(50, 9).into_iter().map(f64::from).collect();
    let (mut theta, mut m, mut v) = ([0.75_f64], [0.0], [0.0]);
    let (mut w, mut mean, mut square) = (0.75_f64, 0.0, 0.0);
    for (t, g) in gradients.into_iter().enumerate().map(|(at, g)| (at + 1, g)) {
        weight_decay::decay(&mut theta, alpha, lambda);
        adam.update(&mut theta, &[g], [&mut m, &mut v], t as u64);
        mean = beta1 * mean + (1.0 - beta1) * g;
        square = beta2 * square + (1.0 - beta2) * g * g;
        let m_hat = mean / (1.0 - beta1.powi(t as i32));
        let v_hat: f64 = square / (1.0 - beta2.powi(t as i32));
        w -= alpha * m_hat / (v_hat.sqrt() + epsilon) + alpha * lambda * w;
        assert!((theta[0] - w).abs() < 1e-14, "step {t}: {} and {w}", theta[0]);
    }
    assert!((w - 0.75).abs() > 0.1, "it has moved: {w}");
}

/// With a gradient of 0 a weight decreases as (1 − α·λ)ᵗ, finally to 0, without passing through denormal numbers.
#[test]
fn weights_without_a_gradient_fade_to_nothing() {
    let mut w = [1.0_f32, -3.0, 0.0];
    for t in 1..=8_000 {
        weight_decay::decay(&mut w, 0.1, 0.1);
        let expected = 0.99_f64.powi(t);
        if t == 100 {
            assert!((f64::from(w[0]) / expected - 1.0).abs() < 1e-5 && (f64::from(w[1]) / expected + 3.0).abs() < 3e-5);
        }
        assert!(w.iter().all(|w| *w == 0.0 || w.is_normal()), "step {t}: {w:?}");
    }
    assert_eq!(w, [0.0; 3]);
    // A NaN or an infinity stays visible.
    let mut w = [f32::NAN, f32::INFINITY];
    weight_decay::decay(&mut w, 0.1, 0.1);
    assert!(w.iter().all(|w| !w.is_finite()));
}

#[test]
fn clipping_by_hand() {
    // ‖(3, 4)‖ = 5: to get a norm of 1 the factor is 1/5; a limit of 6 changes nothing.
    let mut g = [3.0_f64, 4.0];
    assert_eq!(clip::sum_of_squares(&g), 25.0);
    assert_eq!((clip::factor(5.0, 1.0), clip::factor(5.0, 6.0), clip::factor(0.0, 1.0)), (0.2, 1.0, 1.0));
    clip::scale(&mut g, 0.2);
    assert!((g[0] - 0.6).abs() < 1e-15 && (g[1] - 0.8).abs() < 1e-15);
    // Every value counts once, for any length; squares of very large and very small f32 values are representable.
    for len in 0..70 {
        let g: Vec<f32> = (1..=len).map(|v| v as f32).collect();
        assert_eq!(clip::sum_of_squares(&g), (len * (len + 1) * (2 * len + 1) / 6) as f64, "1² + … + {len}²");
    }
    assert_eq!(clip::sum_of_squares(&[f32::MAX]), f64::from(f32::MAX) * f64::from(f32::MAX));
    assert!(clip::sum_of_squares(&[1e-45_f32]) > 0.0);
}

#[test]
fn fresh_weights_have_the_variance_of_their_formula_and_biases_are_zero() {
    let (fan_in, fan_out) = (300, 200);
    let spec = |role| ParamSpec { name: "w", shape: vec![fan_in, fan_out], uses: 1, role };
    let n = (fan_in * fan_out) as f64;
    for (init, variance, bounded) in [
        (Init::XavierNormal, 2.0 / 500.0, false),
        (Init::XavierUniform, 2.0 / 500.0, true),
        (Init::HeNormal, 2.0 / 300.0, false),
        (Init::HeUniform, 2.0 / 300.0, true),
    ] {
        let mut w = vec![f64::NAN; fan_in * fan_out];
        init.fill(&spec(ParamRole::Weight { fan_in, fan_out }), 7, 0, &mut w);
        let mean = w.iter().sum::<f64>() / n;
        let found = w.iter().map(|w| w * w).sum::<f64>() / n;
        // Standard errors: √(Var/n) of the mean; of the variance √2/√n relative for a normal, less for a uniform.
        assert!(mean.abs() < 4.0 * (variance / n).sqrt(), "{init:?}: mean {mean}");
        assert!((found / variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{init:?}: variance {found}, not {variance}");
        let largest = w.iter().fold(0.0_f64, |a, w| a.max(w.abs()));
        assert_eq!(largest <= (3.0 * variance).sqrt(), bounded, "{init:?}: {largest}");

        let mut again = vec![0.0_f32; w.len()];
        init.fill(&spec(ParamRole::Weight { fan_in, fan_out }), 7, 0, &mut again);
        assert!(w.iter().zip(&again).all(|(&w, &again)| w as f32 == again), "f32 and f64 start alike");
        init.fill(&spec(ParamRole::Weight { fan_in, fan_out }), 7, 1, &mut again);
        assert!(w[0] as f32 != again[0], "another stream, other numbers");
        init.fill(&spec(ParamRole::Bias), 7, 0, &mut again);
        assert!(again.iter().all(|&b| b == 0.0));
    }
}
