//! Recurrent layers as data: which cell goes along a sequence, and how.

use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, Bidirectional, Elman, Gru, Init, Jordan, Layer, Lstm, Scalar, Sequence};
use serde::{Deserialize, Serialize};

use crate::Error;

/// What goes along a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cell {
    /// [`handgrad_layers::elman`].
    Elman {
        /// φ.
        activation: Activation,
    },
    /// [`handgrad_layers::jordan`].
    Jordan {
        /// Values of a step of y; `units` are those of h.
        outputs: usize,
        /// φ.
        activation: Activation,
        /// ψ.
        output_activation: Activation,
        /// With w_hh, as on the slide; otherwise the classic one.
        hybrid: bool,
    },
    /// [`handgrad_layers::lstm`].
    Lstm,
    /// [`handgrad_layers::gru`].
    Gru {
        /// What z means.
        update: Update,
        /// Where r stands.
        reset: Reset,
    },
}

impl Cell {
    /// PyTorch's `RNN`, of which the slide's is a special case.
    pub const ELMAN: Self = Self::Elman { activation: Activation::Tanh };
    /// PyTorch's and Keras's.
    pub const GRU: Self = Self::Gru { update: Update::KeepsOld, reset: Reset::AfterProduct };

    /// Does PyTorch have it, with this formula?
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
    /// Which one.
    pub cell: Cell,
    /// Values of a step of h.
    pub units: usize,
    /// It gives h₁ … h_T; otherwise h_T alone.
    pub return_sequences: bool,
    /// T, for a sample that is one vector and the input of every step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
    /// Behind every so many steps no gradient comes back: see [`handgrad_layers::recurrent`] for what is left of it
    /// where a layer gives h_T alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate_every: Option<usize>,
    /// Two of them, one going backwards: [`handgrad_layers::bidirectional`].
    #[serde(default)]
    pub bidirectional: bool,
    /// How the weights start.
    pub init: Init,
}

impl Recurrent {
    /// The layer, for samples of shape `input`.
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
