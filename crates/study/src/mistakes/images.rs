//! Mistakes in convolutions and pooling: the gradient check sees them.

use handgrad_layers::{Activation, Block, Conv2d, Layer, MaxPool2d, Padding, Pass, Saved, SavedBatch};

use super::mistake::{Mistake, Pair, Plant, Size};
use super::planted::Planted;
use crate::Error;

pub const MISTAKES: [Mistake; 5] = [
    Mistake {
        name: "kernel-not-flipped-in-dx",
        says: "the gradient of a convolution's input uses the window as in the forward pass, without flipping it",
        right: "dx(p,q) = Σ w(u,v)·δ(p − u, q − v)",
        wrong: "dx(p,q) = Σ w(k−1−u, k−1−v)·δ(p − u, q − v)",
        property: None,
        plant: Plant::Layer(|size| in_convolution(size, |planted| planted.backward_input = Some(not_flipped))),
    },
    Mistake {
        name: "window-gradient-flipped",
        says: "the gradient of a convolution's window is flipped",
        right: "dw(u,v) = Σ δ(i,j)·x(i + u, j + v)",
        wrong: "dw(u,v) = Σ δ(i,j)·x(i + k−1−u, j + k−1−v)",
        property: None,
        plant: Plant::Layer(|size| in_convolution(size, |planted| planted.backward_params = Some(window_flipped))),
    },
    Mistake {
        name: "bias-averaged-over-places",
        says: "the gradient of a convolution's bias is the mean over the places of the window instead of the sum",
        right: "db = Σ over the places of δ",
        wrong: "db = mean over the places of δ",
        property: None,
        plant: Plant::Layer(|size| in_convolution(size, |planted| planted.backward_params = Some(bias_averaged))),
    },
    Mistake {
        name: "pooling-gradient-to-all",
        says: "every value of a pooling square gets the gradient, not only the largest one",
        right: "dx = dy at the largest value of the square, 0 elsewhere",
        wrong: "dx = dy at every value of the square",
        property: None,
        plant: Plant::Layer(|size| in_pooling(size, |planted| planted.backward_input = Some(to_all))),
    },
    Mistake {
        name: "pooling-gradient-shared",
        says: "the values of a pooling square share the gradient, as for a mean",
        right: "dx = dy at the largest value of the square, 0 elsewhere",
        wrong: "dx = dy/s² at every value of the square",
        property: None,
        plant: Plant::Layer(|size| in_pooling(size, |planted| planted.backward_input = Some(shared))),
    },
];

fn in_convolution(size: Size, change: fn(&mut Planted<Conv2d>)) -> Result<Pair, Error> {
    let layer = match size {
        Size::Whole => Conv2d::new([2, 5, 4], 3, [3, 1, 1], Padding::Same, Activation::Tanh)?,
        Size::Small => Conv2d::new([1, 3, 3], 1, [2, 1, 1], Padding::Valid, Activation::Tanh)?,
    };
    let forward = "z(i,j) = b + Σ w(u,v)·x(i + u, j + v),  y = tanh(z); the places of an image are in one row here";
    Ok(Pair::new(layer, &layer.window.x, forward, change))
}

/// Returns w with every window of k×k flipped in both directions.
pub fn flipped(w: &[f64], k: usize) -> Vec<f64> {
    w.chunks_exact(k * k).flat_map(|window| window.iter().rev().copied()).collect()
}

fn not_flipped(
    layer: &Conv2d,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    // Right: theta unchanged. The backward pass flips the window itself; flipping it here as well undoes that.
    let (w, b) = theta.split_at(theta.len() - layer.window.y[0]);
    let theta = [flipped(w, layer.window.kernel_size), b.to_vec()].concat();
    layer.backward_input(&theta, saved, dy, Some(dx), pass);
}

fn window_flipped(layer: &Conv2d, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    layer.backward_params(saved, block, dtheta, scratch);
    if block.param == 0 {
        // Right: no change.
        dtheta.copy_from_slice(&flipped(dtheta, layer.window.kernel_size));
    }
}

fn bias_averaged(layer: &Conv2d, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    layer.backward_params(saved, block, dtheta, scratch);
    if block.param == 1 {
        let [_, height, width] = layer.window.y;
        // Right: no division.
        dtheta.iter_mut().for_each(|db| *db /= (height * width) as f64);
    }
}

fn in_pooling(size: Size, change: fn(&mut Planted<MaxPool2d>)) -> Result<Pair, Error> {
    let input = if size == Size::Small { [1, 2, 4] } else { [2, 4, 6] };
    let forward = "y = the largest value of each square of 2×2; the places of an image are in one row here";
    Ok(Pair::new(MaxPool2d { input, size: 2 }, &input, forward, change))
}

/// dx ← part·dy at every value of the square that dy belongs to.
fn spread(layer: &MaxPool2d, dy: &[f64], dx: &mut [f64], part: f64) {
    let ([_, height, width], size) = (layer.input, layer.size);
    for (place, dx) in dx.iter_mut().enumerate() {
        let (image, row, column) = (place / (height * width), place / width % height, place % width);
        let square = (row / size) * (width / size) + column / size;
        *dx = part * dy[image * (height / size) * (width / size) + square];
    }
}

fn to_all(layer: &MaxPool2d, _: &[f64], _: Saved<'_, f64>, dy: &mut [f64], dx: &mut [f64], _: &mut Pass<'_, f64>) {
    spread(layer, dy, dx, 1.0);
}

fn shared(layer: &MaxPool2d, _: &[f64], _: Saved<'_, f64>, dy: &mut [f64], dx: &mut [f64], _: &mut Pass<'_, f64>) {
    spread(layer, dy, dx, 1.0 / (layer.size * layer.size) as f64);
}
