//! exp, ln, tanh, sigmoid and softplus against f64, over the whole range of f32.

use handgrad_kernels::{Scalar, math, vectorize};

/// Name, function, reference in f64, guaranteed error in ulp.
type Function = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f64);

const FUNCTIONS: [Function; 6] = [
    ("exp", math::exp, libm::exp, 1.05),
    ("ln", math::ln, libm::log, 0.87),
    ("tanh", math::tanh, libm::tanh, 2.58),
    ("sigmoid", math::sigmoid, |x| if x < -40.0 { libm::exp(x) } else { 1.0 / (1.0 + libm::exp(-x)) }, 2.41),
    // Nothing is guaranteed for negative arguments, so the absolute value is used.
    ("ln_1p", |x| math::ln_1p(x.abs()), |x| libm::log1p(x.abs()), 1.54),
    ("softplus", math::softplus, |x| if x > 40.0 { x } else { libm::log1p(libm::exp(x)) }, 1.7),
];

/// Distance between adjacent floats at `x`; for denormal numbers their common distance.
fn ulp(x: f64) -> f64 {
    let x = (x.abs() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
    f64::from(x) - f64::from(f32::from_bits(x.to_bits() - 1))
}

fn assert_close((name, function, exact, promised): Function, x: f32) {
    let (got, want) = (function(x), exact(f64::from(x)));
    if got == want as f32 || (got.is_nan() && want.is_nan()) {
        return;
    }
    let error = (f64::from(got) - want).abs() / ulp(want);
    assert!(error <= promised, "{name}({x:e}) = {got:e}, not {want:e}: {error:.2} ulp, promised {promised}");
}

#[test]
fn elementary_functions_keep_their_promise_over_the_whole_range() {
    for function in FUNCTIONS {
        // A prime step through all bit patterns: every exponent, both signs, denormals, infinities and NaN.
        for bits in (0..=u32::MAX).step_by(4_001) {
            assert_close(function, f32::from_bits(bits));
        }
        // Every float near the points where the formula changes.
        for centre in
            [0.0_f32, f32::MIN_POSITIVE, 1.0, std::f32::consts::SQRT_2, 9.011, 10.0, 88.722, 90.0, 103.97, 105.0]
        {
            for offset in -2_000_i32..2_000 {
                let x = f32::from_bits(centre.to_bits().saturating_add_signed(offset));
                assert_close(function, x);
                assert_close(function, -x);
            }
        }
    }
}

/// For arguments that need no special care, the fast exponential equals the careful one.
#[test]
fn the_exponential_of_a_normal_result_is_the_exponential() {
    for bits in (0..=u32::MAX).step_by(1_009) {
        let x = f32::from_bits(bits);
        if (-87.0..=88.0).contains(&x) {
            assert_eq!(math::exp_normal(x).to_bits(), math::exp(x).to_bits(), "{x:e}");
        }
    }
    assert!(math::exp_normal(f32::NAN).is_nan());
}

#[test]
fn limits_and_special_values() {
    let inf = f32::INFINITY;
    assert_eq!([math::exp(inf), math::exp(-inf), math::exp(0.0), math::exp(-0.0)], [inf, 0.0, 1.0, 1.0]);
    assert_eq!([math::ln(inf), math::ln(0.0), math::ln(-0.0), math::ln(1.0)], [inf, -inf, -inf, 0.0]);
    assert!(math::ln(-1e-40).is_nan() && math::ln(-inf).is_nan());
    assert_eq!([math::tanh(inf), math::tanh(-inf), math::tanh(1e-40)], [1.0, -1.0, 1e-40]);
    assert!(math::tanh(-0.0).is_sign_negative());
    assert_eq!([math::sigmoid(inf), math::sigmoid(-inf), math::sigmoid(0.0)], [1.0, 0.0, 0.5]);
    assert_eq!([math::softplus(inf), math::softplus(-inf)], [inf, 0.0]);
    assert_eq!(math::sigmoid(-100.0), math::exp(-100.0), "a small result keeps its digits");
    assert!(math::exp(-103.0) > 0.0, "a denormal result is not flushed");
    for (_, function, _, _) in FUNCTIONS {
        assert!(function(f32::NAN).is_nan());
    }
}

/// The vector code of a loop gives the same bits as the function called on a single number.
#[test]
fn loops_of_any_width_give_the_bits_of_a_single_call() {
    let inputs: Vec<f32> = (0..=u32::MAX).step_by(1_000_003).map(f32::from_bits).collect();
    for length in [1, 7, 16, 33, inputs.len()] {
        for (name, function, _, _) in FUNCTIONS {
            let mut values = inputs[inputs.len() - length..].to_vec();
            match name {
                "exp" => vectorize!(values.iter_mut().for_each(|v| *v = Scalar::exp(*v))),
                "ln" => vectorize!(values.iter_mut().for_each(|v| *v = Scalar::ln(*v))),
                "tanh" => vectorize!(values.iter_mut().for_each(|v| *v = Scalar::tanh(*v))),
                "sigmoid" => vectorize!(values.iter_mut().for_each(|v| *v = Scalar::sigmoid(*v))),
                "ln_1p" => vectorize!(values.iter_mut().for_each(|v| *v = Scalar::ln_1p(v.abs()))),
                _ => vectorize!(values.iter_mut().for_each(|v| *v = Scalar::softplus(*v))),
            }
            for (&x, value) in inputs[inputs.len() - length..].iter().zip(values) {
                let alone = std::hint::black_box(function)(x);
                assert!(value.to_bits() == alone.to_bits() || (value.is_nan() && alone.is_nan()), "{name}({x:e})");
            }
        }
    }
}
