//! The encoder or the decoder of a model as a network of its own.

use handgrad_layers::Scalar;
use serde::{Deserialize, Serialize};

use crate::{Error, Network};

/// How much of a model a network is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// From the sample to the code and back.
    #[default]
    Whole,
    /// From the sample to the code.
    Encoder,
    /// From the code to the sample.
    Decoder,
}

impl Part {
    /// The name in model files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Whole => "whole",
            Part::Encoder => "encoder",
            Part::Decoder => "decoder",
        }
    }
}

impl<T: Scalar> Network<T> {
    /// A part of a whole network, and its weights out of θ. It computes what it computes in the whole one, to the bit,
    /// and its [`spec`](Network::spec) is still that of the whole. Of tied weights each part gets a copy.
    ///
    /// # Errors
    /// If this is a part already.
    ///
    /// # Panics
    /// If θ is not as long as this network's.
    pub fn split(&self, part: Part, theta: &[T]) -> Result<(Self, Vec<T>), Error> {
        if self.part() != Part::Whole {
            return Err(Error::NotWhole(self.part().name()));
        }
        assert_eq!(theta.len(), self.param_count(), "as many weights as the network has");
        let network = Network::of(self.spec(), part)?;
        let first = if part == Part::Decoder { self.encoder_len() } else { 0 };
        let weights = match part {
            Part::Whole => theta.to_vec(),
            _ => (first..first + network.layers().len())
                .flat_map(|at| theta[self.theta_of(at)].iter().copied())
                .collect(),
        };
        Ok((network, weights))
    }
}
