use handgrad_layers::{Activation, Dense, Init, Layer, LossKind, Reduction, Scalar};
use serde::{Deserialize, Serialize};

/// Everything about a network but its numbers. As TOML it travels inside the model file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Shape of one sample: `[28, 28]`.
    pub input: Vec<usize>,
    /// What training makes small.
    pub loss: LossKind,
    /// Whether the loss of a sample is the mean or the sum over its values.
    pub reduction: Reduction,
    /// From the sample to the code.
    pub encoder: Vec<LayerSpec>,
    /// From the code back to the sample.
    pub decoder: Vec<LayerSpec>,
}

/// One layer. Its number of inputs is what the layer before it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LayerSpec {
    /// [`handgrad_layers::dense`].
    Dense {
        /// Values of a sample of the output.
        units: usize,
        /// φ.
        activation: Activation,
        /// How the weights start.
        init: Init,
    },
}

impl LayerSpec {
    /// The layer, for samples of shape `input`.
    pub(crate) fn build<T: Scalar>(&self, input: &[usize]) -> Box<dyn Layer<T>> {
        match *self {
            LayerSpec::Dense { units, activation, .. } => {
                Box::new(Dense { inputs: input.iter().product(), units, activation })
            }
        }
    }

    pub(crate) fn activation(&self) -> Activation {
        match *self {
            LayerSpec::Dense { activation, .. } => activation,
        }
    }

    pub(crate) fn with_activation(&self, activation: Activation) -> Self {
        match *self {
            LayerSpec::Dense { units, init, .. } => LayerSpec::Dense { units, activation, init },
        }
    }

    pub(crate) fn init(&self) -> Init {
        match *self {
            LayerSpec::Dense { init, .. } => init,
        }
    }
}

impl Spec {
    /// Values of one sample; `usize::MAX` where that many cannot be counted.
    #[must_use]
    pub fn features(&self) -> usize {
        self.input.iter().fold(1, |product, &dim| product.saturating_mul(dim))
    }

    /// All layers, from the sample back to the sample.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = &LayerSpec> {
        self.encoder.iter().chain(&self.decoder)
    }
}
