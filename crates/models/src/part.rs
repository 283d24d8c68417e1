//! The encoder or the decoder of a model as a separate network.

use handgrad_layers::Scalar;
use serde::{Deserialize, Serialize};

use crate::{Error, Network};

/// Which part of an autoencoder a network is, or that it is a classifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The whole model, from the sample to the code and back.
    #[default]
    Whole,
    /// The encoder, from the sample to the code.
    Encoder,
    /// The decoder, from the code to the sample.
    Decoder,
    /// No part of an autoencoder, but an encoder with a head that tells classes: see
    /// [`classifier`](crate::classifier).
    Classifier,
}

impl Part {
    /// Returns the name of the part in model files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Whole => "whole",
            Part::Encoder => "encoder",
            Part::Decoder => "decoder",
            Part::Classifier => "classifier",
        }
    }
}

impl<T: Scalar> Network<T> {
    /// Returns a part of a whole network, and its weights from θ. The part computes the same values as in the whole
    /// network, to the bit. Its [`spec`](Network::spec) is still that of the whole network. Each part gets a copy of
    /// tied weights.
    ///
    /// # Errors
    /// If this network is already a part, or a classifier.
    ///
    /// # Panics
    /// If θ has the wrong length.
    pub fn split(&self, part: Part, theta: &[T]) -> Result<(Self, Vec<T>), Error> {
        match self.part() {
            Part::Whole => {}
            Part::Classifier => return Err(Error::IsClassifier),
            other => return Err(Error::NotWhole(other.name())),
        }
        if part == Part::Classifier {
            return Err(Error::NotAClassifier);
        }
        assert_eq!(theta.len(), self.param_count(), "as many weights as the network has");
        let network = Network::of(self.spec(), part)?;
        let first = if part == Part::Decoder { self.encoder_len() } else { 0 };
        let weights = match part {
            Part::Whole | Part::Classifier => theta.to_vec(),
            _ => (first..first + network.layers().len())
                .flat_map(|at| theta[self.theta_of(at)].iter().copied())
                .collect(),
        };
        Ok((network, weights))
    }
}
