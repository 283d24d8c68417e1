//! The recurrent examples that CE6146 computes by hand, with all weights and biases 1, on the sequence 1, 2, 3, 4,
//! computed with the functions used in training. The slides print four digits. The expected values here have more
//! digits; they come from tanh and σ, and if the unit is the identity every number is an integer.

use handgrad_layers::{
    Activation, Dense, Elman, Jordan, Layer, Loss, LossKind, Lstm, Reduction, Sequence, TimeDistributed, lstm,
};
use handgrad_tests::{Ran, run_layer};

/// One unit that reads one number per step.
fn sequence(steps: usize) -> Sequence {
    Sequence { inputs: 1, units: 1, steps, repeat: false, return_sequences: true, truncate_every: None }
}

fn near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{found:?}, not {expected:?}");
    }
}

/// w_ih = W_xh = 1 and w_hh = W_hh = 1. The slide has one bias b_h = 1, which is b_ih here; b_hh = 0.
const ELMAN: [f64; 4] = [1.0, 1.0, 1.0, 0.0];
/// W_hy and b_y.
const OUTPUT: [f64; 2] = [1.0, 1.0];

/// y_t = W_hy·h_t + b_y.
fn output(steps: usize) -> TimeDistributed {
    TimeDistributed { steps, dense: Dense { inputs: 1, units: 1, activation: Activation::Linear } }
}

/// "Example – Elman Network (2/3)", "(3/3)".
#[test]
fn elman() {
    let layer = Elman { sequence: sequence(2), activation: Activation::Tanh };
    let h = run_layer(&layer, &ELMAN, &[1.0, 2.0], [1, 2], <[f64]>::to_vec).y;
    let y = run_layer(&output(2), &OUTPUT, &h, [1, 2], <[f64]>::to_vec).y;
    near(&[h[0], y[0], h[1], y[1]], &[0.9640275801, 1.9640275801, 0.9992792862, 1.9992792862], 5e-11);
}

/// "Example – Jordan Network (2/3)", "(3/3)". The slide prints h₂ ≈ 0.9999 and y₂ ≈ 1.9999: truncated, not rounded.
#[test]
fn jordan() {
    let (activation, output_activation) = (Activation::Tanh, Activation::Linear);
    let hybrid = Jordan { sequence: sequence(2), outputs: 1, activation, output_activation, hybrid: true };
    let y = run_layer(&hybrid, &[1.0; 6], &[1.0, 2.0], [1, 2], <[f64]>::to_vec).y;
    // b_y = 1 and W_hy = 1: h is one less.
    near(&[y[0] - 1.0, y[0], y[1] - 1.0, y[1]], &[0.9640275801, 1.9640275801, 0.9999858100, 1.9999858100], 5e-11);
    // The classic network, without W_hh·h₁: tanh(2 + 1.9640… + 1).
    let classic = Jordan { hybrid: false, ..hybrid };
    let y = run_layer(&classic, &[1.0; 5], &[1.0, 2.0], [1, 2], <[f64]>::to_vec).y;
    near(&y, &[1.9640275801, 1.0 + 4.964_027_580_1_f64.tanh()], 5e-11);
}

/// "Example – LSTM (2/2)": z = 3 for every gate, from 1·0 + 1 + 1·1 + 1.
#[test]
fn lstm() {
    let layer = Lstm { sequence: sequence(1) };
    let h = run_layer(&layer, &[1.0; 16], &[1.0], [1, 1], <[f64]>::to_vec).y;
    near(&h, &[0.7037753330], 5e-11);
    let (mut gates, mut c, mut h) = ([3.0; 4], [0.0], [0.0]);
    lstm::step(&mut gates, &mut c, &mut h);
    let [i, f, g, o] = gates;
    near(&[i, f, o], &[0.9525741268; 3], 5e-11);
    near(&[g, c[0], h[0]], &[0.9950547537, 0.9478634131, 0.7037753330], 5e-11);
}

/// If the two biases of a gate are merged into one, it must be 2.
#[test]
fn two_biases_are_one_of_twice_the_size() {
    let layer = Lstm { sequence: sequence(3) };
    let run = |b_ih: f64, b_hh: f64| {
        let theta = [[1.0; 8].to_vec(), vec![b_ih; 4], vec![b_hh; 4]].concat();
        run_layer(&layer, &theta, &[1.0, 2.0, 3.0], [1, 3], <[f64]>::to_vec).y
    };
    assert_eq!(run(1.0, 1.0), run(2.0, 0.0));
    assert!(run(1.0, 0.0)[0] < run(1.0, 1.0)[0]);
}

/// "Example – BPTT": h_t = φ(h_{t−1} + x_t + 1), y_t = h_t + 1, the loss of a step is (y_t − x_{t+1})², and the
/// gradients are summed over the steps. Returns the losses, [dW_xh, dW_hh, db_h], and [dW_hy, db_y].
fn bptt(activation: Activation, truncate_every: Option<usize>) -> ([f64; 3], Ran<f64>, Ran<f64>) {
    let (x, target) = ([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]);
    let hidden = Elman { sequence: Sequence { truncate_every, ..sequence(3) }, activation };
    let loss = Loss { kind: LossKind::Mse, reduction: Reduction::Sum };
    let h = run_layer(&hidden, &ELMAN, &x, [1, 3], <[f64]>::to_vec).y;
    let mut losses = [f64::NAN; 3];
    let of_y = run_layer(&output(3), &OUTPUT, &h, [1, 3], |y| {
        losses = [0, 1, 2].map(|t| loss.forward(&y[t..=t], &target[t..=t]));
        let mut dy = vec![f64::NAN; 3];
        loss.forward_backward(y, &target, 1, &mut dy);
        dy
    });
    let of_h = run_layer(&hidden, &ELMAN, &x, [1, 3], |_| of_y.dx.clone());
    (losses, of_h, of_y)
}

#[test]
fn backpropagation_through_time() {
    let (losses, of_h, of_y) = bptt(Activation::Linear, None);
    assert_eq!(losses, [1.0, 9.0, 36.0]);
    // w_ih, w_hh, b_ih, b_hh: 92, 96, 50.
    assert_eq!((of_h.dtheta, of_y.dtheta), (vec![92.0, 96.0, 50.0, 50.0], vec![142.0, 20.0]));
    // ∂L/∂h_t: 2 + 6 + 12, 6 + 12, 12.
    assert_eq!(of_h.delta, [20.0, 18.0, 12.0]);

    let (losses, of_h, of_y) = bptt(Activation::Tanh, None);
    near(&[losses.iter().sum()], &[5.00309968], 5e-9);
    near(&of_h.dtheta[..3], &[-0.01323891, -0.00350805, -0.00889914], 5e-9);
    near(&of_y.dtheta, &[-6.06917390, -6.07356812], 5e-9);
}

/// The slide's ∂h_t/∂W_h leaves out the dependence of h_{t−1} on W_h: no gradient goes from a step to the one before.
#[test]
fn backpropagation_through_time_as_printed() {
    let (losses, of_h, of_y) = bptt(Activation::Linear, Some(1));
    assert_eq!(losses, [1.0, 9.0, 36.0]);
    assert_eq!((of_h.dtheta, of_y.dtheta), (vec![50.0, 72.0, 20.0, 20.0], vec![142.0, 20.0]));
}

/// "Comparisons of RNN, LSTM, and GRU (3/7)": the ratio of parameters is 1 to 3 to 4, for any sizes.
#[test]
fn parameter_counts() {
    let sequence = Sequence { inputs: 28, units: 64, ..sequence(28) };
    let count = |layer: &dyn Layer<f64>| layer.params().iter().map(handgrad_layers::ParamSpec::len).sum::<usize>();
    let gru = handgrad_layers::Gru {
        sequence,
        update: handgrad_layers::gru::Update::TakesNew,
        reset: handgrad_layers::gru::Reset::AfterProduct,
    };
    let elman = count(&Elman { sequence, activation: Activation::Tanh });
    assert_eq!(elman, (28 + 64 + 2) * 64);
    assert_eq!((count(&gru), count(&Lstm { sequence })), (3 * elman, 4 * elman));
}
