//! Every layer except the dense and the recurrent ones: forward passes against their definition.

use handgrad_kernels::Finish;
use handgrad_layers::gradcheck::catalogue;
use handgrad_layers::window::{self, Chw};
use handgrad_layers::{
    Activation, ActivityL1, BatchRows, Conv2d, ConvTranspose2d, Dense, Dropout, KlSparsity, Layer, MaxPool2d, Mode,
    Noise, Padding, Pass, Reparameterize, Reshape, Saved, Scalar, TiedDense, Upsample2d, kl_sparsity, reparameterize,
};
use handgrad_tests::{doubles, numbers};

fn convolutions() -> impl Iterator<Item = Conv2d> {
    catalogue::convolutions(Activation::Linear).map(|(_, conv)| conv)
}

fn transposed() -> impl Iterator<Item = ConvTranspose2d> {
    catalogue::transposed_convolutions(Activation::Linear).map(|(_, conv)| conv)
}

fn len(shape: Chw) -> usize {
    shape.iter().product()
}

#[test]
fn most_windows_fit() {
    assert!(convolutions().count() >= 30 && transposed().count() >= 18);
}

/// y(o,i,j) = b(o) + Σ w·x̂, written out directly.
fn naive(conv: &Conv2d, w: &[f64], b: &[f64], x: &[f64]) -> Vec<f64> {
    let window::Window { x: [c, h, width], y: [o, lines, columns], kernel_size: k, .. } = conv.window;
    let (s, d) = (conv.window.stride, conv.window.dilation);
    let mut y = Vec::new();
    for output in 0..o {
        for (i, j) in (0..lines).flat_map(|i| (0..columns).map(move |j| (i, j))) {
            let mut sum = b[output];
            for channel in 0..c {
                for (u, v) in (0..k).flat_map(|u| (0..k).map(move |v| (u, v))) {
                    let p = (s * i + d * u).checked_sub(conv.window.top).filter(|&p| p < h);
                    let q = (s * j + d * v).checked_sub(conv.window.left).filter(|&q| q < width);
                    if let (Some(p), Some(q)) = (p, q) {
                        sum += w[((output * c + channel) * k + u) * k + v] * x[(channel * h + p) * width + q];
                    }
                }
            }
            y.push(sum);
        }
    }
    y
}

fn run<T: Scalar>(layer: &dyn Layer<T>, theta: &[T], x: &[T], outputs: usize) -> Vec<T> {
    let mut y = vec![T::NAN; outputs];
    let mut scratch = vec![T::NAN; layer.scratch_len()];
    layer.forward(theta, x, &mut y, &mut Pass { scratch: &mut scratch, ..Pass::predict() });
    y
}

#[test]
fn a_convolution_is_its_sum_written_out() {
    for conv in convolutions() {
        let (w, b) = (doubles(conv.window.taps() * conv.window.y[0], 1), doubles(conv.window.y[0], 5));
        let x = doubles(len(conv.window.x), 2);
        let y = run(&conv, &[w.clone(), b.clone()].concat(), &x, len(conv.window.y));
        let expected = naive(&conv, &w, &b, &x);
        let near = y.iter().zip(&expected).all(|(y, expected)| (y - expected).abs() < 1e-12);
        assert!(near, "{conv:?}: {y:?}, not {expected:?}");
        // The loops for f32 have the same source, with wider registers.
        let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let y = run(&conv, &single(&[w, b].concat()), &single(&x), len(conv.window.y));
        assert!(
            y.iter().zip(&expected).all(|(&y, expected)| (f64::from(y) - expected).abs() < 1e-5),
            "{conv:?} in f32"
        );
    }
}

/// 35 samples are two groups of sixteen, which are kept, and three samples that are packed again.
#[test]
fn the_gradient_of_the_weights_has_the_same_bits_from_what_was_kept() {
    const ROWS: usize = 35;
    for Conv2d { window, .. } in convolutions() {
        let (x, delta) = (numbers(ROWS * len(window.x), 1), numbers(ROWS * len(window.y), 2));
        let w = numbers(window.taps() * window.y[0], 3);
        let nan = |len: usize| vec![f32::NAN; len];
        let mut scratch = nan(window.scratch_len(w.len()));
        let [mut kept_x, mut kept_delta] = window.kept_lens().map(|len| nan(ROWS * len));
        let (mut y, mut dx) = (nan(delta.len()), nan(x.len()));
        window::correlate(&window, &w, &[], Finish::None, &x, &mut y, [&mut kept_x, &mut scratch]);
        window::transpose(&window, &w, &[], Finish::None, &delta, &mut dx, [&mut kept_delta, &mut scratch]);

        let rows = |values, len| BatchRows::contiguous(values, len);
        let [of_x, of_delta] = window.kept_lens();
        let kept = [rows(&kept_x, of_x), rows(&kept_delta, of_delta)];
        assert!(kept[0].group(16, 16).is_some() && kept[1].group(32, 16).is_none());
        let mut gradient = |kept| {
            let (x, delta, mut dw) = (rows(&x, len(window.x)), rows(&delta, len(window.y)), nan(w.len()));
            window::weights(&window, x, delta, kept, 0..window.y[0], &mut dw, &mut scratch);
            dw
        };
        assert_eq!(gradient(Some(kept)), gradient(None), "{window:?}");
    }
}

/// ⟨C·y, x⟩ = ⟨y, Cᵀ·x⟩.
#[test]
fn the_transposed_convolution_is_the_adjoint() {
    for up in transposed() {
        let down = Conv2d { window: up.window, activation: Activation::Linear };
        let w = doubles(up.window.taps() * up.window.y[0], 1);
        let (small, large) = (doubles(len(up.window.y), 2), doubles(len(up.window.x), 3));
        let with_zeros = |biases: usize| [w.clone(), vec![0.0; biases]].concat();
        let down_of_large = run(&down, &with_zeros(up.window.y[0]), &large, small.len());
        let up_of_small = run(&up, &with_zeros(up.window.x[0]), &small, large.len());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (left, right) = (dot(&down_of_large, &small), dot(&large, &up_of_small));
        assert!((left - right).abs() < 1e-10 * left.abs().max(1.0), "{up:?}: {left} and {right}");
    }
}

/// Keras divides the zeros of 'same' padding between both sides; an odd one goes below and to the right.
#[test]
fn same_padding_is_that_of_keras() {
    // size, kernel, stride: lines of padding above, outputs
    for (size, kernel, stride, expected) in [
        (28, 3, 1, (1, 28)),
        (28, 3, 2, (0, 14)),
        (7, 3, 2, (1, 4)),
        (14, 3, 2, (0, 7)),
        (28, 5, 2, (1, 14)),
        (28, 2, 2, (0, 14)),
        (28, 4, 1, (1, 28)),
        (5, 1, 2, (0, 3)),
    ] {
        assert_eq!(Padding::Same.outputs(size, kernel, stride, 1), Some(expected), "{size}, {kernel}, {stride}");
    }
    let up = ConvTranspose2d::new([8, 7, 7], 8, [3, 2, 1], Padding::Same, 0, Activation::Relu);
    assert_eq!(up.map(|up| up.window.x), Ok([8, 14, 14]));
    let torch = ConvTranspose2d::new([8, 7, 7], 8, [3, 2, 1], Padding::Explicit(1), 1, Activation::Relu);
    assert_eq!(torch.map(|up| up.window.x), Ok([8, 14, 14]));
}

#[test]
fn windows_that_mean_nothing_are_refused() {
    let refused = |sizes: [usize; 3], filters, padding| {
        Conv2d::new([1, 4, 4], filters, sizes, padding, Activation::Relu).expect_err("refused").to_string()
    };
    assert!(refused([5, 1, 1], 1, Padding::Valid).contains("does not fit images of 4×4"));
    assert!(refused([0, 1, 1], 1, Padding::Same).contains("kernel_size"));
    assert!(refused([3, 0, 1], 1, Padding::Same).contains("stride"));
    assert!(refused([3, 1, 0], 1, Padding::Same).contains("dilation"));
    assert!(refused([3, 1, 1], 0, Padding::Same).contains("filters"));
    assert!(refused([17, 1, 1], 1, Padding::Same).contains("at most 16"));
    let up = |padding, more| ConvTranspose2d::new([1, 2, 2], 1, [3, 2, 1], padding, more, Activation::Relu);
    assert!(up(Padding::Explicit(9), 0).is_err() && up(Padding::Explicit(1), 2).is_err());
    let conv = Conv2d::new([1, 4, 4], 1, [3, 1, 1], Padding::Same, Activation::Relu).expect("fits");
    assert!(
        Layer::<f32>::output_shape(&conv, &[2, 4, 4]).is_err() && Layer::<f32>::output_shape(&conv, &[4, 4]).is_ok()
    );
}

#[test]
fn pooling_and_upsampling_are_their_definition() {
    for (input, size) in catalogue::POOLED {
        let x = doubles(len(input), 2);
        let [c, h, w] = input;
        let (lines, columns) = (h.div_ceil(size), w.div_ceil(size));
        let pool = MaxPool2d { input, size };
        let y = run(&pool, &[], &x, c * lines * columns);
        for (at, &y) in y.iter().enumerate() {
            let (plane, i, j) = (at / (lines * columns), at / columns % lines, at % columns);
            let inside = |p: usize, q: usize| p / size == i && q / size == j;
            let places = (0..h).flat_map(|p| (0..w).map(move |q| (p, q))).filter(|&(p, q)| inside(p, q));
            let largest = places.map(|(p, q)| x[(plane * h + p) * w + q]).fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(y, largest);
        }

        let up = Upsample2d { input, size };
        let y = run(&up, &[], &x, len(input) * size * size);
        for (at, &y) in y.iter().enumerate() {
            let (plane, p, q) = (at / (h * w * size * size), at / (w * size) % (h * size), at % (w * size));
            assert_eq!(y, x[(plane * h + p / size) * w + q / size]);
        }
    }
    // Of equal values the first one gets the gradient; a NaN is not lost.
    let pool = MaxPool2d { input: [1, 2, 2], size: 2 };
    let (x, mut dy, mut dx) = ([1.0, 3.0, 3.0, 0.0], [5.0], [f64::NAN; 4]);
    pool.backward_input(&[], Saved { x: &x, y: &[3.0] }, &mut dy, Some(&mut dx), &mut Pass::predict());
    assert_eq!(dx, [0.0, 5.0, 0.0, 0.0]);
    for place in 0..4 {
        let mut x = [1.0, 3.0, 2.0, 0.0];
        x[place] = f64::NAN;
        assert!(run(&pool, &[], &x, 1)[0].is_nan());
    }
}

/// The same bits as a dense layer whose w is the transpose, in f32 and in f64.
#[test]
fn a_tied_dense_layer_is_a_dense_one_with_its_weights_turned() {
    fn both<T: Scalar>() {
        for (rows, inputs, units) in [(1, 1, 1), (5, 3, 7), (33, 300, 20), (70, 17, 784)] {
            let values = |count, seed| numbers(count, seed).into_iter().map(|v| T::from_f64(f64::from(v))).collect();
            let (w, b, x): (Vec<T>, Vec<T>, Vec<T>) =
                (values(inputs * units, 1), values(units, 2), values(rows * inputs, 3));
            let turned: Vec<T> = (0..units * inputs).map(|at| w[at % inputs * units + at / inputs]).collect();
            for activation in [Activation::Linear, Activation::Relu, Activation::Tanh] {
                let dense = Dense { inputs, units, activation };
                let tied = TiedDense { inputs, units, activation };
                let y = run(&dense, &[w.clone(), b.clone()].concat(), &x, rows * units);
                assert!(run(&tied, &[b.clone(), turned.clone()].concat(), &x, rows * units) == y, "{tied:?}");
            }
        }
    }
    both::<f32>();
    both::<f64>();
    let tied = TiedDense { inputs: 3, units: 4, activation: Activation::Relu };
    assert!(Layer::<f32>::output_shape(&tied, &[4]).is_err() && Layer::<f32>::output_shape(&tied, &[3]).is_ok());
}

/// E_q(ln q(z) − ln p(z)), estimated by drawing z, against the closed form.
#[test]
fn the_divergence_equals_a_monte_carlo_estimate() {
    let x = [0.7, -0.4, 0.0, -1.2, 0.5, 0.1_f64];
    let (mu, logvar) = x.split_at(3);
    let draws = 200_000;
    let eps = normals(3 * draws);
    let terms: Vec<f64> = eps
        .chunks_exact(3)
        .map(|eps| {
            let one = |k: usize| {
                let z = mu[k] + (0.5 * logvar[k]).exp() * eps[k];
                -0.5 * logvar[k] - 0.5 * eps[k] * eps[k] + 0.5 * z * z
            };
            (0..3).map(one).sum()
        })
        .collect();
    let mean = terms.iter().sum::<f64>() / draws as f64;
    let variance = terms.iter().map(|term| (term - mean).powi(2)).sum::<f64>() / draws as f64;
    let error = (variance / draws as f64).sqrt();
    let exact = reparameterize::kl(&x);
    assert!((mean - exact).abs() < 3.0 * error, "{mean} ± {error}, not {exact}");
    assert_eq!(reparameterize::kl(&[0.0; 6]), 0.0);
}

/// Normal numbers as a sampler draws them, for many rows at one position.
fn normals(count: usize) -> Vec<f64> {
    let samples: Vec<u32> = (0..count as u32 / 16 + 1).collect();
    let mut eps = vec![0.0; samples.len() * 16];
    let mut scratch = vec![f64::NAN; 16];
    // μ = 0 and ln σ² = 0: z is ε.
    let x = vec![0.0; samples.len() * 32];
    let mut pass = Pass { mode: Mode::Train, samples: &samples, scratch: &mut scratch, ..Pass::predict() };
    Reparameterize { latent_dim: 16, beta: 1.0 }.forward(&[], &x, &mut eps, &mut pass);
    eps.truncate(count);
    eps
}

#[test]
fn the_sampler_has_the_mean_and_the_variance_it_is_told() {
    let (mu, logvar) = (0.3, -0.8_f64);
    let draws = 100_000;
    let z: Vec<f64> = normals(draws)
        .into_iter()
        .map(|eps| {
            let mut z = [f64::NAN];
            reparameterize::forward(&[mu, logvar], &[eps], &mut z);
            z[0]
        })
        .collect();
    let mean = z.iter().sum::<f64>() / draws as f64;
    let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / draws as f64;
    let expected = logvar.exp();
    // Standard errors: σ/√n of the mean, σ²·√(2/n) of the variance.
    assert!((mean - mu).abs() < 4.0 * (expected / draws as f64).sqrt(), "mean {mean}");
    assert!(
        (variance / expected - 1.0).abs() < 4.0 * (2.0 / draws as f64).sqrt(),
        "variance {variance}, not {expected}"
    );
}

#[test]
fn nothing_is_random_in_use() {
    let x = doubles(20, 1);
    let layers: [&dyn Layer<f64>; 4] = [
        &Dropout { rate: 0.5 },
        &Noise::Gaussian { std: 1.0, clip: Some([0.0, 1.0]) },
        &Noise::Masking { p: 0.5 },
        &Noise::SaltAndPepper { p: 0.5, ends: [0.0, 1.0] },
    ];
    for layer in layers {
        assert_eq!(run(layer, &[], &x, 20), x, "{}", layer.describe());
    }
    assert_eq!(run::<f64>(&Reparameterize { latent_dim: 10, beta: 1.0 }, &[], &x, 10), x[..10], "z = μ");
}

#[test]
fn the_sparsity_penalty_is_least_where_the_mean_is_rho() {
    assert!(kl_sparsity::divergence(0.05, &[0.05_f64]).abs() < 1e-15);
    assert!(kl_sparsity::derivative(0.05, 0.05_f64).abs() < 1e-12);
    for mean in [0.0, 1e-9, 0.04, 0.06, 0.9, 1.0_f64] {
        assert!(kl_sparsity::divergence(0.05, &[mean]) > 0.0 && kl_sparsity::divergence(0.05, &[mean]).is_finite());
    }
    // By hand: ½·ln(½/¼) + ½·ln(½/¾)
    let expected = 0.5 * 2.0_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln();
    assert!((kl_sparsity::divergence(0.5, &[0.25_f64]) - expected).abs() < 1e-15);
}

/// Value and gradient agree where the divergence goes on along its tangent, and a silent unit is still called back: by
/// ρ for each unit of its pre-activation, as the true divergence does, in 32 bits too.
#[test]
fn the_sparsity_penalty_of_a_silent_unit_calls_it_back() {
    let (rho, weight) = (0.05, 0.7);
    for b in [-16.2, -40.0, -69.0, -69.3, -80.0, -200.0, 16.0, 16.2, 17.0, 25.0] {
        let mean = |z: f64| 1.0 / (1.0 + (-z).exp());
        let mut dx = [f64::NAN];
        let mut pass = Pass { batch: 1, means: &[mean(b)], ..Pass::predict() };
        let x = [mean(b)];
        KlSparsity { rho, weight }.backward_input(&[], Saved { x: &x, y: &x }, &mut [0.0], Some(&mut dx), &mut pass);
        let analytic = dx[0] * mean(b) * mean(-b);
        let f = |z: f64| weight * kl_sparsity::divergence(rho, &[mean(z)]);
        let numeric = (f(b + 1e-4) - f(b - 1e-4)) / 2e-4;
        assert!((analytic - numeric).abs() < 1e-5, "b {b}: {analytic:e}, not {numeric:e}");
    }
    for b in [-16.2_f32, -30.0, -60.0] {
        let mean = b.exp();
        let pull = kl_sparsity::derivative(0.05, mean) * mean;
        assert!((pull / -0.05 - 1.0).abs() < 1e-5, "b {b}: {pull}");
    }
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    let refused: [&dyn Layer<f64>; 13] = [
        &Dropout { rate: 1.0 },
        &Dropout { rate: f64::NAN },
        &Noise::Gaussian { std: -1.0, clip: None },
        &Noise::Gaussian { std: 1.0, clip: Some([1.0, 0.0]) },
        &Noise::Masking { p: 1.5 },
        &Noise::SaltAndPepper { p: 0.5, ends: [0.0, f64::NAN] },
        &ActivityL1 { weight: -1.0 },
        &KlSparsity { rho: 0.0, weight: 1.0 },
        &KlSparsity { rho: 1.0, weight: 1.0 },
        &Reparameterize { latent_dim: 3, beta: 1.0 },
        &Reparameterize { latent_dim: 4, beta: f64::INFINITY },
        &Reshape { shape: vec![3, 3] },
        &MaxPool2d { input: [1, 4, 2], size: 0 },
    ];
    for layer in refused {
        assert!(layer.output_shape(&[8]).is_err() && layer.output_shape(&[4, 2]).is_err(), "{}", layer.describe());
    }
}
