//! Random numbers that are a function of their position.

use handgrad_kernels::math;
use handgrad_layers::{Mode, Pass, Scalar, random};

fn pass<'a, T: Scalar>(seed: u64, epoch: u64, layer: usize, samples: &'a [u32]) -> Pass<'a, T> {
    Pass { mode: Mode::Train, seed, epoch, layer, samples, ..Pass::predict() }
}

fn drawn<T: Scalar>(seed: u64, epoch: u64, layer: usize, sample: u32, places: usize) -> Vec<T> {
    let mut values = vec![T::NAN; places];
    random::with_normal(&pass(seed, epoch, layer, &[sample]), 0, &mut values, |_, n| n);
    values
}

#[test]
fn a_number_hangs_on_its_place_and_on_nothing_else() {
    let all: Vec<f64> = drawn(1, 2, 3, 4, 784);
    // Neither the row in the batch nor the type of number matters.
    let mut values = vec![0.0_f32; 784];
    random::with_normal(&pass(1, 2, 3, &[9, 8, 4]), 2, &mut values, |_, n| n);
    assert!(all.iter().zip(&values).all(|(&a, &b)| a == f64::from(b)));
    let others = [drawn(0, 2, 3, 4, 784), drawn(1, 1, 3, 4, 784), drawn(1, 2, 2, 4, 784), drawn(1, 2, 3, 5, 784)];
    for other in others {
        let equal = all.iter().zip(&other).filter(|(a, b): &(&f64, &f64)| a == b).count();
        assert!(equal < 5, "{equal} of 784 numbers are the same elsewhere");
    }
}

/// Φ(Φ⁻¹(u)) = u: the numbers have the normal distribution, over all 2²³ of them that can be drawn.
#[test]
fn normal_numbers_are_the_quantiles_of_the_normal_distribution() {
    let below = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    for bits in (0..1_u32 << 23).step_by(37).chain(0..100).chain((1 << 23) - 100..1 << 23) {
        let u = f64::from(math::uniform(bits << 9));
        let z = f64::from(math::normal(math::uniform(bits << 9)));
        let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // The error of z is the error of Φ(z) divided by the slope of Φ.
        let error = (below(z) - u).abs() / density;
        assert!(error < if z.abs() < 3.0 { 2e-6 } else { 1e-5 }, "u {u}: z {z}, off by {error:e}");
    }
}

#[test]
fn uniform_numbers_are_never_0_or_1() {
    assert!(math::uniform(0) > 0.0 && math::uniform(u32::MAX) < 1.0);
    let mut values = vec![0.0_f64; 100_000];
    random::with_uniform(&pass(0, 1, 0, &[3]), 0, &mut values, |_, u| u);
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|u| (u - 0.5).powi(2)).sum::<f64>() / n;
    // Standard errors: 1/√(12n) of the mean, 1/√(180n) of the variance.
    assert!((mean - 0.5).abs() < 4.0 / (12.0 * n).sqrt() && (variance - 1.0 / 12.0).abs() < 4.0 / (180.0 * n).sqrt());
}
