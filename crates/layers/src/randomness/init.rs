//! # Initialisation: the initial weights
//!
//! ```text
//! Xavier:  Var w = 2/(fan_in + fan_out)       keeps the variance of signals and of gradients, for φ near-linear at 0
//! He:      Var w = 2/fan_in                   twice 1/fan_in, since ReLU passes on only half of its inputs
//!
//! normal   w ~ N(0, Var)
//! uniform  w ~ U(−a, a),  a = √(3·Var)        since Var U(−a, a) = a²/3
//! ```
//!
//! z_j = Σ_i x_i·w_ij with independent terms has Var z = fan_in·Var w·E(x²). The condition Var z = Var x for the
//! forward pass gives Var w = 1/fan_in; the same condition on the gradients in the backward pass gives 1/fan_out.
//! Xavier uses the mean of the two fans. He uses E(x²) = ½·Var z of the ReLU before. The initial biases are 0.
//!
//! Slides: CE6146 "Guideline for Autoencoders (4/4)". Sources: Glorot & Bengio 2010; He, Zhang, Ren & Sun 2015.

use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{ParamRole, ParamSpec, Scalar};

/// The distribution of the initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// N(0, 2/(fan_in + fan_out)).
    XavierNormal,
    /// U(−a, a), a = √(6/(fan_in + fan_out)): the default of Keras, where it is called Glorot uniform.
    XavierUniform,
    /// N(0, 2/fan_in).
    HeNormal,
    /// U(−a, a), a = √(6/fan_in).
    HeUniform,
}

impl Init {
    /// Var w, the variance of a weight.
    #[must_use]
    pub fn variance(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Init::XavierNormal | Init::XavierUniform => 2.0 / (fan_in + fan_out) as f64,
            Init::HeNormal | Init::HeUniform => 2.0 / fan_in as f64,
        }
    }

    /// Draws the initial values of one parameter. Each parameter of a network has its own `stream` of random numbers,
    /// so its initial values stay the same when another parameter is added.
    pub fn fill<T: Scalar>(self, spec: &ParamSpec, seed: u64, stream: u64, values: &mut [T]) {
        let ParamRole::Weight { fan_in, fan_out } = spec.role else {
            return values.fill(T::ZERO);
        };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        let variance = self.variance(fan_in, fan_out);
        match self {
            Init::XavierNormal | Init::HeNormal => {
                let deviation = variance.sqrt();
                values.fill_with(|| T::from_f64(deviation * rng.sample::<f64, _>(StandardNormal)));
            }
            Init::XavierUniform | Init::HeUniform => {
                let a = (3.0 * variance).sqrt();
                values.fill_with(|| T::from_f64(a * (2.0 * rng.random::<f64>() - 1.0)));
            }
        }
    }
}
