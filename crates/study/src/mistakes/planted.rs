//! A layer with some of its passes replaced, and how it is checked beside the right one.

use handgrad_layers::gradcheck::{Report, catalogue::numbers, check_layer};
use handgrad_layers::{Block, Layer, Mode, ParamSpec, Pass, Saved, SavedBatch};

use crate::Error;

type Forward<L> = fn(&L, &[f64], &[f64], &mut [f64], &mut Pass<'_, f64>);
type BackwardInput<L> = fn(&L, &[f64], Saved<'_, f64>, &mut [f64], &mut [f64], &mut Pass<'_, f64>);
type BackwardParams<L> = fn(&L, SavedBatch<'_, f64>, &Block, &mut [f64], &mut [f64]);
type Penalty<L> = fn(&L, Saved<'_, f64>, &mut [f64]);

/// Behaves like `layer`, except for the passes that are replaced. A replacement is a function with the layer's
/// arguments; that of `backward_input` is called only if dx is asked for, so it always has dx.
#[derive(Debug)]
pub struct Planted<L> {
    pub layer: L,
    pub forward: Option<Forward<L>>,
    pub backward_input: Option<BackwardInput<L>>,
    pub backward_params: Option<BackwardParams<L>>,
    pub penalty: Option<Penalty<L>>,
}

impl<L> Planted<L> {
    /// Returns the layer with none of its passes replaced.
    pub fn on(layer: L) -> Self {
        Self { layer, forward: None, backward_input: None, backward_params: None, penalty: None }
    }
}

impl<L: Layer<f64>> Layer<f64> for Planted<L> {
    fn describe(&self) -> String {
        self.layer.describe()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, handgrad_layers::Error> {
        self.layer.output_shape(input)
    }

    fn params(&self) -> Vec<ParamSpec> {
        self.layer.params()
    }

    fn scratch_len(&self) -> usize {
        self.layer.scratch_len()
    }

    fn cache_len(&self) -> usize {
        self.layer.cache_len()
    }

    fn forward(&self, theta: &[f64], x: &[f64], y: &mut [f64], pass: &mut Pass<'_, f64>) {
        match self.forward {
            Some(forward) => forward(&self.layer, theta, x, y, pass),
            None => self.layer.forward(theta, x, y, pass),
        }
    }

    fn backward_input(
        &self,
        theta: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: Option<&mut [f64]>,
        pass: &mut Pass<'_, f64>,
    ) {
        match (self.backward_input, dx) {
            (Some(backward_input), Some(dx)) => backward_input(&self.layer, theta, saved, dy, dx, pass),
            (_, dx) => self.layer.backward_input(theta, saved, dy, dx, pass),
        }
    }

    fn backward_params(&self, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
        match self.backward_params {
            Some(backward_params) => backward_params(&self.layer, saved, block, dtheta, scratch),
            None => self.layer.backward_params(saved, block, dtheta, scratch),
        }
    }

    fn penalty(&self, saved: Saved<'_, f64>, penalties: &mut [f64], pass: &mut Pass<'_, f64>) {
        match self.penalty {
            Some(penalty) => penalty(&self.layer, saved, penalties),
            None => self.layer.penalty(saved, penalties, pass),
        }
    }
}

/// Runs the gradient check on the right and on the wrong layer, with three samples of shape `input`.
pub fn both(right: &dyn Layer<f64>, wrong: &dyn Layer<f64>, input: &[usize]) -> Result<[Report; 2], Error> {
    const ROWS: usize = 3;
    let params = right.params().iter().map(|param| param.len()).sum();
    let inputs: usize = input.iter().product();
    let outputs: usize = right.output_shape(input)?.iter().product();
    let (theta, x, dy) = (numbers(params, 1), numbers(ROWS * inputs, 2), numbers(ROWS * outputs, 3));
    Ok([right, wrong].map(|layer| check_layer(layer, &theta, &x, &dy, ROWS, 2)))
}

/// Returns the pass of a training step on these samples.
pub fn training<'a>(samples: &'a [u32], scratch: &'a mut [f64]) -> Pass<'a, f64> {
    Pass { mode: Mode::Train, seed: 1, samples, scratch, batch: samples.len(), ..Pass::predict() }
}
