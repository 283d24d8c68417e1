//! Layers for sequences.

use handgrad_layers::Init;

use crate::LayerSpec;
use crate::{Cell, Recurrent};

/// [`handgrad_layers::recurrent`]: processes a sequence step by step with the given cell. h has `units` values in
/// each step.
///
/// ```
/// use handgrad_models::builders::{recurrent, time_distributed};
/// use handgrad_models::Cell;
///
/// let encoder = [recurrent(Cell::Lstm, 64).bidirectional(true).return_sequences(false)];
/// let decoder = [recurrent(Cell::Lstm, 64).repeat(28).return_sequences(true), time_distributed(28).sigmoid()];
/// # assert_ne!(encoder[0], decoder[0]);
/// ```
#[must_use]
pub fn recurrent(cell: Cell, units: usize) -> Recurrent {
    let init = Init::XavierUniform;
    let (return_sequences, bidirectional) = (false, false);
    Recurrent { cell, units, return_sequences, repeat: None, truncate_every: None, bidirectional, init }
}

impl Recurrent {
    /// Makes one vector the input of each of `steps` steps. A sample of the input is then this vector.
    #[must_use]
    pub fn repeat(self, steps: usize) -> Self {
        Self { repeat: Some(steps), ..self }
    }

    /// Truncates backpropagation through time: the gradient is cut after every `steps` steps.
    #[must_use]
    pub fn truncate_every(self, steps: usize) -> Self {
        Self { truncate_every: Some(steps), ..self }
    }

    /// If true, two layers process the sequence, one forwards and one backwards; otherwise one layer.
    #[must_use]
    pub fn bidirectional(self, bidirectional: bool) -> Self {
        Self { bidirectional, ..self }
    }

    /// Sets the initialisation of the weights.
    #[must_use]
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Returns the layer. Its output is h₁ … h_T for true, and only h_T for false.
    #[must_use]
    pub fn return_sequences(self, return_sequences: bool) -> LayerSpec {
        LayerSpec::Recurrent(Self { return_sequences, ..self })
    }
}

/// [`handgrad_layers::conv_lstm`]: an LSTM with convolutions. Its state h has `filters` channels, and the convolutions
/// have square windows of side `kernel_size`.
///
/// ```
/// use handgrad_layers::Init;
/// use handgrad_models::{LayerSpec, builders::conv_lstm};
///
/// let written_out = LayerSpec::ConvLstm {
///     filters: 2,
///     kernel_size: 3,
///     return_sequences: true,
///     truncate_every: Some(4),
///     init: Init::XavierUniform,
/// };
/// assert_eq!(conv_lstm(2, 3).truncate_every(4).return_sequences(true), written_out);
/// ```
pub fn conv_lstm(filters: usize, kernel_size: usize) -> ConvLstm {
    ConvLstm { filters, kernel_size, truncate_every: None, init: Init::XavierUniform }
}

/// A convolutional LSTM whose `return_sequences` is not set yet: see [`conv_lstm`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ConvLstm {
    filters: usize,
    kernel_size: usize,
    truncate_every: Option<usize>,
    init: Init,
}

impl ConvLstm {
    /// Truncates backpropagation through time: the gradient is cut after every `steps` steps.
    pub fn truncate_every(self, steps: usize) -> Self {
        Self { truncate_every: Some(steps), ..self }
    }

    /// Sets the initialisation of the weights.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Returns the layer. Its output is h₁ … h_T for true, and only h_T for false.
    #[must_use]
    pub fn return_sequences(self, return_sequences: bool) -> LayerSpec {
        let Self { filters, kernel_size, truncate_every, init } = self;
        LayerSpec::ConvLstm { filters, kernel_size, return_sequences, truncate_every, init }
    }
}

/// [`handgrad_layers::repeat_vector`]: repeats one vector `steps` times, as a sequence of equal steps.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::repeat_vector};
///
/// assert_eq!(repeat_vector(5), LayerSpec::RepeatVector { steps: 5 });
/// ```
#[must_use]
pub fn repeat_vector(steps: usize) -> LayerSpec {
    LayerSpec::RepeatVector { steps }
}

/// [`handgrad_layers::shift`]: every step gets the values of the step before it.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::shift};
///
/// assert_eq!(shift(), LayerSpec::Shift);
/// ```
#[must_use]
pub fn shift() -> LayerSpec {
    LayerSpec::Shift
}
