//! The 4-2-4 autoencoder shared by the examples `autoencoder` and `batch`, and by the playground.

use handgrad_layers::{Activation, BatchRows, Loss, LossKind, Reduction, dense};

use super::given::{Given, Numbers, matrix};

/// The number of inputs, and the number of units of the code.
pub const N: usize = 4;
pub const K: usize = 2;
/// Three samples, one per row.
pub const BATCH: [f64; 3 * N] = [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.2, 0.8, 0.9, 0.1, 0.0, 0.2];
/// Averages over the values of a sample, as Keras does.
const LOSS: Loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Mean };

/// The given weights and biases.
pub fn weights() -> [Given; 4] {
    let w_e = [0.5, -0.3, 0.1, 0.4, -0.2, 0.6, 0.3, 0.2];
    let w_d = [0.6, -0.4, 0.2, 0.1, -0.5, 0.3, 0.7, -0.2];
    [
        matrix("w_e", &w_e, K, "weights of the encoder, one row per input"),
        matrix("b_e", &[0.0; K], K, "biases of the encoder"),
        matrix("w_d", &w_d, N, "weights of the decoder, one row per unit of the code"),
        matrix("b_d", &[0.0; N], N, "biases of the decoder"),
    ]
}

/// The parameters in the order of θ: the name, the number of values and the number of columns of each.
pub const PARAMETERS: [(&str, usize, usize); 4] = [("w_e", N * K, K), ("b_e", K, K), ("w_d", K * N, N), ("b_d", N, N)];

/// Returns all parameters, one after another.
pub fn theta(numbers: &Numbers) -> Vec<f64> {
    PARAMETERS.iter().flat_map(|(name, ..)| numbers.of(name).to_vec()).collect()
}

/// Splits θ, or its gradient, into the four parameters.
pub fn parts(theta: &[f64]) -> [&[f64]; 4] {
    let mut rest = theta;
    PARAMETERS.map(|(_, len, _)| {
        let (part, after) = rest.split_at(len);
        rest = after;
        part
    })
}

/// The values of the forward and the backward pass for a batch, one row per sample.
pub struct Run {
    pub h: Vec<f64>,
    pub z: Vec<f64>,
    /// The loss of each sample.
    pub losses: Vec<f64>,
    /// The mean of the losses.
    pub loss: f64,
    pub delta_d: Vec<f64>,
    pub dh: Vec<f64>,
    pub delta_e: Vec<f64>,
    pub dtheta: Vec<f64>,
}

/// Runs both passes for the samples x, which are also the targets.
pub fn run(theta: &[f64], x: &[f64]) -> Run {
    let [w_e, b_e, w_d, b_d] = parts(theta);
    let m = x.len() / N;
    let (mut h, mut z, mut delta_d, mut dh) = (vec![0.0; m * K], vec![0.0; m * N], vec![0.0; m * N], vec![0.0; m * K]);
    dense::forward(x, w_e, b_e, Activation::Relu, &mut h);
    // The sigmoid is part of the loss: δ is p − t, without a division by p·(1 − p).
    dense::forward(&h, w_d, b_d, Activation::Linear, &mut z);
    let rows = z.chunks(N).zip(x.chunks(N)).zip(delta_d.chunks_mut(N));
    let losses: Vec<f64> = rows.map(|((z, x), delta)| LOSS.forward_backward(z, x, m, delta)).collect();
    dense::backward_input(w_d, &delta_d, N, &mut dh);
    let mut delta_e = dh.clone();
    dense::backward_activation(&h, Activation::Relu, &mut delta_e);

    let mut dtheta = vec![0.0; theta.len()];
    let (dw_e, rest) = dtheta.split_at_mut(N * K);
    let (db_e, rest) = rest.split_at_mut(K);
    let (dw_d, db_d) = rest.split_at_mut(K * N);
    let (x, h_rows) = (BatchRows::contiguous(x, N), BatchRows::contiguous(&h, K));
    let (of_e, of_d) = (BatchRows::contiguous(&delta_e, K), BatchRows::contiguous(&delta_d, N));
    dense::backward_weights(x, of_e, 0..N, dw_e);
    dense::backward_bias(of_e, 0..K, db_e);
    dense::backward_weights(h_rows, of_d, 0..K, dw_d);
    dense::backward_bias(of_d, 0..N, db_d);
    let loss = losses.iter().sum::<f64>() / m as f64;
    Run { h, z, losses, loss, delta_d, dh, delta_e, dtheta }
}
