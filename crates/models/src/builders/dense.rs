//! Dense layers.

use handgrad_layers::{Activation, Init};

use crate::LayerSpec;

/// [`handgrad_layers::dense`] with `units` output values for each sample.
///
/// ```
/// use handgrad_layers::{Activation, Init};
/// use handgrad_models::{LayerSpec, builders::dense};
///
/// let written_out = LayerSpec::Dense { units: 32, activation: Activation::Relu, init: Init::XavierUniform };
/// assert_eq!(dense(32).relu(), written_out);
/// ```
pub fn dense(units: usize) -> Dense {
    Dense { units, init: Init::XavierUniform }
}

/// A dense layer whose activation is not set yet: see [`dense`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Dense {
    units: usize,
    init: Init,
}

impl Dense {
    /// Sets the initialisation of the weights.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Returns the layer with the given activation φ.
    #[must_use]
    pub fn activation(self, activation: Activation) -> LayerSpec {
        LayerSpec::Dense { units: self.units, activation, init: self.init }
    }
}

/// [`handgrad_layers::tied_dense`]: a layer of the decoder with the weights of the encoder's dense layer number
/// `mirrors`. The number counts only dense layers and starts at 0.
///
/// ```
/// use handgrad_layers::Activation;
/// use handgrad_models::{LayerSpec, builders::tied_dense};
///
/// let written_out = LayerSpec::TiedDense { mirrors: 0, activation: Activation::Sigmoid };
/// assert_eq!(tied_dense(0).sigmoid(), written_out);
/// ```
pub fn tied_dense(mirrors: usize) -> TiedDense {
    TiedDense { mirrors }
}

/// A tied dense layer whose activation is not set yet: see [`tied_dense`].
#[derive(Clone, Debug)]
#[must_use]
pub struct TiedDense {
    mirrors: usize,
}

impl TiedDense {
    /// Returns the layer with the given activation φ.
    #[must_use]
    pub fn activation(self, activation: Activation) -> LayerSpec {
        LayerSpec::TiedDense { mirrors: self.mirrors, activation }
    }
}

/// [`handgrad_layers::time_distributed`]: a dense layer with `units` output values, applied to every step with the
/// same weights.
///
/// ```
/// use handgrad_layers::{Activation, Init};
/// use handgrad_models::{LayerSpec, builders::time_distributed};
///
/// let written_out = LayerSpec::TimeDistributed { units: 3, activation: Activation::Tanh, init: Init::XavierUniform };
/// assert_eq!(time_distributed(3).tanh(), written_out);
/// ```
pub fn time_distributed(units: usize) -> TimeDistributed {
    TimeDistributed { units, init: Init::XavierUniform }
}

/// A dense layer for every step, whose activation is not set yet: see [`time_distributed`].
#[derive(Clone, Debug)]
#[must_use]
pub struct TimeDistributed {
    units: usize,
    init: Init,
}

impl TimeDistributed {
    /// Sets the initialisation of the weights.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Returns the layer with the given activation φ.
    #[must_use]
    pub fn activation(self, activation: Activation) -> LayerSpec {
        LayerSpec::TimeDistributed { units: self.units, activation, init: self.init }
    }
}

activations!(Dense, TiedDense, TimeDistributed);
