//! Mistakes that are the same in the forward and the backward pass, or that are made after the gradient: the gradient
//! check passes, and a property of the forward pass finds them.

use handgrad_layers::gradcheck::{catalogue::numbers, check};
use handgrad_layers::{
    Activation, Block, Conv2d, ConvTranspose2d, Dense, Dropout, Layer, Loss, LossKind, Padding, Pass, Reduction, Saved,
    SavedBatch, adam, adam::Adam, random,
};

use super::dense;
use super::images::flipped;
use super::mistake::{Mistake, Plant, Planting, Property};
use super::planted::{Planted, both, training};
use super::sampler;
use crate::Error;

pub const MISTAKES: [Mistake; 7] = [
    Mistake {
        name: "sigma-for-sigma-squared",
        says: "the KL divergence has σ instead of σ², in both passes",
        right: "KL = ½·Σ( μ² + σ² − 1 − ln σ² )",
        wrong: "KL = ½·Σ( μ² + σ − 1 − ln σ² )",
        property: Some("a Monte Carlo estimate of the divergence"),
        plant: Plant::Other(sampler::sigma_in_divergence),
    },
    Mistake {
        name: "sigma-squared-for-sigma",
        says: "the sampler multiplies ε by σ² instead of σ, in both passes",
        right: "z = μ + e^(½·ln σ²)·ε",
        wrong: "z = μ + e^(ln σ²)·ε",
        property: Some("the variance of the sampler"),
        plant: Plant::Other(sampler::variance_in_sampler),
    },
    Mistake {
        name: "mean-for-sum",
        says: "a loss that should sum over a sample's values averages them, in both passes",
        right: "ℓ = Σ_i (p_i − t_i)²",
        wrong: "ℓ = 1/n·Σ_i (p_i − t_i)²",
        property: Some("a value by hand"),
        plant: Plant::Other(plant_mean_for_sum),
    },
    Mistake {
        name: "kernel-not-flipped",
        says: "a transposed convolution inserts zeros into x, but does not flip its window",
        right: "y(p,q) = Σ w(u,v)·x(p − u, q − v)",
        wrong: "y(p,q) = Σ w(k−1−u, k−1−v)·x(p − u, q − v)",
        property: Some("the adjoint identity"),
        plant: Plant::Other(plant_kernel_not_flipped),
    },
    Mistake {
        name: "transposed-weights",
        says: "a dense layer reads w as units×inputs, although its shape is inputs×units",
        right: "z_j = Σ_i x_i·w[i·units + j] + b_j",
        wrong: "z_j = Σ_i x_i·w[j·inputs + i] + b_j",
        property: Some("what w's shape says"),
        plant: Plant::Other(plant_transposed_weights),
    },
    Mistake {
        name: "dropout-without-scale",
        says: "dropout does not divide the remaining values by 1 − rate, so their mean shrinks",
        right: "y = x ⊙ mask/(1 − rate)",
        wrong: "y = x ⊙ mask",
        property: Some("the mean over many masks"),
        plant: Plant::Other(plant_dropout_without_scale),
    },
    Mistake {
        name: "adam-no-bias-correction",
        says: "Adam uses its running means, which start at 0, without correcting their bias",
        right: "θ ← θ − α·m̂/(√v̂ + ε),  m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)",
        wrong: "θ ← θ − α·m/(√v + ε)",
        property: Some("the length of the first step"),
        plant: Plant::Other(plant_adam_without_correction),
    },
];

fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn plant_mean_for_sum() -> Result<Planting, Error> {
    let right = Loss { kind: LossKind::Mse, reduction: Reduction::Sum };
    // It should be a sum. Right: Reduction::Sum.
    let planted = Loss { kind: LossKind::Mse, reduction: Reduction::Mean };
    let (p, t) = (numbers(7, 1), numbers(7, 2));
    let checks = [right, planted].map(|loss| {
        let mut delta = vec![f64::NAN; p.len()];
        loss.forward_backward(&p, &t, 1, &mut delta);
        check("prediction", &p, &delta, |p| loss.forward(p, &t))
    });
    let property = Property {
        says: "the summed squared error of p = (1, 2, 3) and t = (0, 0, 0), compared with 1 + 4 + 9 = 14",
        expected: 14.0,
        tolerance: 1e-12,
        found: [right, planted].map(|loss| loss.forward(&[1.0, 2.0, 3.0], &[0.0; 3])),
    };
    Ok(Planting { checks, property: Some(property) })
}

fn plant_kernel_not_flipped() -> Result<Planting, Error> {
    let up = |activation| ConvTranspose2d::new([2, 4, 3], 3, [3, 2, 1], Padding::Same, 0, activation);
    /// Returns θ with the window flipped. Right: θ unchanged.
    fn with_flipped_window(layer: &ConvTranspose2d, theta: &[f64]) -> Vec<f64> {
        let (w, b) = theta.split_at(theta.len() - layer.window.x[0]);
        [flipped(w, layer.window.kernel_size), b.to_vec()].concat()
    }
    fn forward(layer: &ConvTranspose2d, theta: &[f64], x: &[f64], y: &mut [f64], pass: &mut Pass<'_, f64>) {
        layer.forward(&with_flipped_window(layer, theta), x, y, pass);
    }
    fn backward_input(
        layer: &ConvTranspose2d,
        theta: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        layer.backward_input(&with_flipped_window(layer, theta), saved, dy, Some(dx), pass);
    }
    fn backward_params(
        layer: &ConvTranspose2d,
        saved: SavedBatch<'_, f64>,
        block: &Block,
        dtheta: &mut [f64],
        scratch: &mut [f64],
    ) {
        layer.backward_params(saved, block, dtheta, scratch);
        if block.param == 0 {
            dtheta.copy_from_slice(&flipped(dtheta, layer.window.kernel_size));
        }
    }
    let plant = |layer| Planted {
        forward: Some(forward),
        backward_input: Some(backward_input),
        backward_params: Some(backward_params),
        ..Planted::on(layer)
    };

    // ⟨C·a, b⟩ = ⟨a, Cᵀ·b⟩, where C is a convolution with the same w, without biases and activation.
    let linear = up(Activation::Linear)?;
    let down = Conv2d { window: linear.window, activation: Activation::Linear };
    let len = |shape: [usize; 3]| shape.iter().product::<usize>();
    let (large, small) = (numbers(len(linear.window.x), 4), numbers(len(linear.window.y), 5));
    let w = numbers(linear.window.taps() * linear.window.y[0], 6);
    let run = |layer: &dyn Layer<f64>, x: &[f64], outputs: usize, biases: usize| {
        let (mut y, mut scratch) = (vec![f64::NAN; outputs], vec![f64::NAN; layer.scratch_len()]);
        let theta = [w.clone(), vec![0.0; biases]].concat();
        layer.forward(&theta, x, &mut y, &mut Pass { scratch: &mut scratch, ..Pass::predict() });
        y
    };
    let of_up = |layer: &dyn Layer<f64>| sum_of_products(&large, &run(layer, &small, large.len(), linear.window.x[0]));
    let property = Property {
        says: "⟨a, Cᵀ·b⟩ compared with ⟨C·a, b⟩, where C is the convolution with the same w: they are equal by the \
               definition of the transpose",
        expected: sum_of_products(&run(&down, &large, small.len(), linear.window.y[0]), &small),
        tolerance: 1e-10,
        found: [of_up(&linear), of_up(&plant(linear))],
    };
    let tanh = up(Activation::Tanh)?;
    Ok(Planting { checks: both(&tanh, &plant(tanh), &tanh.window.y)?, property: Some(property) })
}

fn plant_transposed_weights() -> Result<Planting, Error> {
    const LAYER: Dense = Dense { inputs: 5, units: 3, activation: Activation::Linear };
    let planted = dense::transposed_weights(LAYER);
    let theta = numbers((LAYER.inputs + 1) * LAYER.units, 1);
    // With x = e₁, y is row 1 of w (counted from 0) plus b.
    let read_off = |layer: &dyn Layer<f64>| {
        let mut y = [f64::NAN; LAYER.units];
        layer.forward(&theta, &[0.0, 1.0, 0.0, 0.0, 0.0], &mut y, &mut Pass::predict());
        y[2]
    };
    let property = Property {
        says: "y₂ for the unit vector x = e₁, compared with w₁₂ + b₂: row 1, column 2 of w as it is saved",
        expected: theta[LAYER.units + 2] + theta[LAYER.inputs * LAYER.units + 2],
        tolerance: 1e-12,
        found: [read_off(&LAYER), read_off(&planted)],
    };
    Ok(Planting { checks: both(&LAYER, &planted, &[LAYER.inputs])?, property: Some(property) })
}

fn plant_dropout_without_scale() -> Result<Planting, Error> {
    const DROPOUT: Dropout = Dropout { rate: 0.4 };
    fn masked(layer: &Dropout, values: &mut [f64], pass: &Pass<'_, f64>) {
        let width = values.len() / pass.samples.len();
        for (row, values) in values.chunks_exact_mut(width).enumerate() {
            // Right: value / (1.0 - layer.rate).
            random::with_uniform(pass, row, values, |value, u| if u < layer.rate { 0.0 } else { value });
        }
    }
    fn forward(layer: &Dropout, _: &[f64], x: &[f64], y: &mut [f64], pass: &mut Pass<'_, f64>) {
        y.copy_from_slice(x);
        masked(layer, y, pass);
    }
    fn backward_input(
        layer: &Dropout,
        _: &[f64],
        _: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        dx.copy_from_slice(dy);
        masked(layer, dx, pass);
    }
    let planted = Planted { forward: Some(forward), backward_input: Some(backward_input), ..Planted::on(DROPOUT) };
    const DRAWS: usize = 100_000;
    let mean = |layer: &dyn Layer<f64>| {
        let mut y = vec![f64::NAN; DRAWS];
        layer.forward(&[], &vec![1.0; DRAWS], &mut y, &mut training(&[0], &mut []));
        y.iter().sum::<f64>() / DRAWS as f64
    };
    let property = Property {
        says: "the mean of 100,000 values x = 1 after dropout, compared with x: dropout must not change the mean",
        expected: 1.0,
        // A value is 0 or 1/(1 − rate), so its variance is rate/(1 − rate).
        tolerance: 3.0 * (DROPOUT.rate / (1.0 - DROPOUT.rate) / DRAWS as f64).sqrt(),
        found: [mean(&DROPOUT), mean(&planted)],
    };
    Ok(Planting { checks: both(&DROPOUT, &planted, &[10])?, property: Some(property) })
}

/// A step of Adam for one parameter, without the correction of the running means.
pub fn adam_no_bias_correction(theta: &mut f64, g: f64, m: &mut f64, v: &mut f64, adam: &Adam) {
    *m = adam.beta1 * *m + (1.0 - adam.beta1) * g;
    *v = adam.beta2 * *v + (1.0 - adam.beta2) * g * g;
    // Right: m/(1 − β₁ᵗ) and v/(1 − β₂ᵗ).
    *theta -= adam.learning_rate * *m / (v.sqrt() + adam.epsilon);
}

fn plant_adam_without_correction() -> Result<Planting, Error> {
    let (settings, g) = (Adam::default(), 0.3);
    let (mut theta, mut m, mut v) = ([0.0], [0.0], [0.0]);
    adam::update(&mut theta, &[g], &mut m, &mut v, &settings, 1);
    let (mut moved, mut m, mut v) = (0.0, 0.0, 0.0);
    adam_no_bias_correction(&mut moved, g, &mut m, &mut v, &settings);
    let property = Property {
        says: "the length of the first step in units of α, compared with 1: the step is −α·sign(g) for every g, except \
               for the effect of ε; here g = 0.3",
        expected: 1.0,
        tolerance: 1e-6,
        found: [theta[0], moved].map(|theta| -theta / settings.learning_rate),
    };
    // Adam gets the same gradient with and without the mistake.
    let dense = Dense { inputs: 4, units: 4, activation: Activation::Tanh };
    Ok(Planting { checks: both(&dense, &dense, &[4])?, property: Some(property) })
}
