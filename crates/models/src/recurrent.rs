//! The specification of recurrent layers: which cell processes a sequence, and how.

use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, Bidirectional, Elman, Gru, Init, Jordan, Layer, Lstm, Scalar, Sequence};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The cell that processes a sequence step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cell {
    /// [`handgrad_layers::elman`].
    Elman {
        /// The activation function φ of h.
        activation: Activation,
    },
    /// [`handgrad_layers::jordan`].
    Jordan {
        /// Number of values of y in each step; `units` is the number of values of h.
        outputs: usize,
        /// The activation function φ of h.
        activation: Activation,
        /// The activation function ψ of y.
        output_activation: Activation,
        /// If true, the network also has w_hh, as on the slide; otherwise it is the classic Jordan network.
        hybrid: bool,
    },
    /// [`handgrad_layers::lstm`].
    Lstm,
    /// [`handgrad_layers::gru`].
    Gru {
        /// The meaning of z.
        update: Update,
        /// Where r is applied.
        reset: Reset,
    },
}

impl Cell {
    /// PyTorch's `RNN`. The network of the slide is a special case of it.
    pub const ELMAN: Self = Self::Elman { activation: Activation::Tanh };
    /// The GRU of PyTorch and Keras.
    pub const GRU: Self = Self::Gru { update: Update::KeepsOld, reset: Reset::AfterProduct };

    /// Returns whether PyTorch has this cell, with the same formula.
    pub(crate) fn is_in_pytorch(self) -> bool {
        match self {
            Self::Elman { activation } => matches!(activation, Activation::Tanh | Activation::Relu),
            Self::Jordan { .. } => false,
            Self::Lstm => true,
            Self::Gru { .. } => self == Self::GRU,
        }
    }
}

/// A recurrent layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recurrent {
    /// The cell.
    pub cell: Cell,
    /// Number of values of h in each step.
    pub units: usize,
    /// If true, the output is h₁ … h_T; otherwise it is only h_T.
    pub return_sequences: bool,
    /// If set, a sample is one vector that is the input of every step, and this is the number of steps T.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
    /// If set, backpropagation through time is truncated: the gradient is cut after this number of steps. See
    /// [`handgrad_layers::recurrent`] for the effect in a layer whose output is only h_T.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate_every: Option<usize>,
    /// If true, a second layer processes the sequence backwards: [`handgrad_layers::bidirectional`].
    #[serde(default)]
    pub bidirectional: bool,
    /// The initialisation of the weights.
    pub init: Init,
}

impl Recurrent {
    /// Builds the layer for samples of shape `input`.
    pub(crate) fn build<T: Scalar>(&self, input: &[usize]) -> Result<Box<dyn Layer<T>>, Error> {
        let (steps, inputs) = match (self.repeat, input) {
            (Some(steps), &[inputs]) => (steps, inputs),
            (None, &[steps, inputs]) => (steps, inputs),
            (Some(_), _) => return Err(Error::NotAVector { shape: input.to_vec() }),
            (None, _) => return Err(Error::NotASequence { what: "a recurrent layer", shape: input.to_vec() }),
        };
        let Self { units, return_sequences, truncate_every, .. } = *self;
        let repeat = self.repeat.is_some();
        let sequence = Sequence { inputs, units, steps, repeat, return_sequences, truncate_every };
        let layer: Box<dyn Layer<T>> = match self.cell {
            Cell::Elman { activation } => Box::new(Elman { sequence, activation }),
            Cell::Jordan { outputs, activation, output_activation, hybrid } => {
                Box::new(Jordan { sequence, outputs, activation, output_activation, hybrid })
            }
            Cell::Lstm => Box::new(Lstm { sequence }),
            Cell::Gru { update, reset } => Box::new(Gru { sequence, update, reset }),
        };
        let outputs = if let Cell::Jordan { outputs, .. } = self.cell { outputs } else { units };
        Ok(if self.bidirectional { Box::new(Bidirectional::new(layer, sequence, outputs)) } else { layer })
    }
}
