//! The specification of one layer, and the layer that is built from it.

use std::any::{Any, TypeId};

use handgrad_layers::{
    Activation, ActivityL1, Conv2d, ConvLstm, ConvTranspose2d, Dense, Dropout, Init, KlSparsity, Layer, Mask,
    MaxPool2d, Noise, Padding, Reparameterize, RepeatVector, Reshape, Scalar, Shift, TiedDense, TimeDistributed,
    Upsample2d, window,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Recurrent, tied};

/// The specification of one layer. Its inputs are the outputs of the layer before it. [`builders`](crate::builders)
/// has a short form for each layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LayerSpec {
    /// [`handgrad_layers::dense`].
    Dense {
        /// Number of output values for each sample.
        units: usize,
        /// The activation function φ.
        activation: Activation,
        /// The initialisation of the weights.
        init: Init,
    },
    /// [`handgrad_layers::tied_dense`]: a layer of the decoder with the weights of a dense layer of the encoder.
    TiedDense {
        /// The number of the dense layer among the dense layers of the encoder, counted from 0.
        mirrors: usize,
        /// The activation function φ.
        activation: Activation,
    },
    /// [`handgrad_layers::conv2d`].
    #[serde(rename = "conv2d")]
    Conv2d {
        /// Number of output channels.
        filters: usize,
        /// Side of the window.
        kernel_size: usize,
        /// Distance from one window to the next, in values.
        stride: usize,
        /// The zeros around the image.
        padding: Padding,
        /// Distance from one tap to the next, in values.
        dilation: usize,
        /// The activation function φ.
        activation: Activation,
        /// The initialisation of the weights.
        init: Init,
    },
    /// [`handgrad_layers::conv_transpose2d`].
    #[serde(rename = "conv-transpose2d")]
    ConvTranspose2d {
        /// Number of output channels.
        filters: usize,
        /// Side of the window.
        kernel_size: usize,
        /// Distance between the windows of neighbouring inputs, in values.
        stride: usize,
        /// The lines and columns that are removed around the output.
        padding: Padding,
        /// Number of lines and columns that are added to the smallest possible output, for explicit padding.
        output_padding: usize,
        /// Distance from one tap to the next, in values.
        dilation: usize,
        /// The activation function φ.
        activation: Activation,
        /// The initialisation of the weights.
        init: Init,
    },
    /// [`handgrad_layers::max_pool2d`].
    #[serde(rename = "max-pool2d")]
    MaxPool2d {
        /// Side of a square.
        size: usize,
    },
    /// [`handgrad_layers::upsample2d`].
    #[serde(rename = "upsample2d")]
    Upsample2d {
        /// Side of a square.
        size: usize,
    },
    /// [`handgrad_layers::reshape`].
    Reshape {
        /// The new shape.
        shape: Vec<usize>,
    },
    /// [`handgrad_layers::dropout`].
    Dropout {
        /// The fraction of values that is set to 0 in training.
        rate: f64,
    },
    /// [`handgrad_layers::mask`]. It is the first layer of a network that takes missing values. Its groups are the
    /// columns of a table; without a table, each value is a group.
    Mask {
        /// The part of the groups that is hidden in training.
        rate: f64,
    },
    /// [`handgrad_layers::noise`].
    Noise(Noise),
    /// [`handgrad_layers::reparameterize`].
    Reparameterize {
        /// Number of values of the code.
        latent_dim: usize,
        /// Weight of the divergence.
        beta: f64,
    },
    /// [`handgrad_layers::activity_l1`].
    ActivityL1 {
        /// Weight of the penalty.
        weight: f64,
    },
    /// [`handgrad_layers::kl_sparsity`].
    KlSparsity {
        /// The desired mean activity.
        rho: f64,
        /// Weight of the penalty.
        weight: f64,
    },
    /// [`handgrad_layers::recurrent`].
    Recurrent(Recurrent),
    /// [`handgrad_layers::conv_lstm`].
    ConvLstm {
        /// Number of channels of h.
        filters: usize,
        /// Side of the windows.
        kernel_size: usize,
        /// If true, the output is h₁ … h_T; otherwise it is only h_T.
        return_sequences: bool,
        /// If set, backpropagation through time is truncated: the gradient is cut after this number of steps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        truncate_every: Option<usize>,
        /// The initialisation of the weights.
        init: Init,
    },
    /// [`handgrad_layers::repeat_vector`].
    RepeatVector {
        /// Number of repetitions.
        steps: usize,
    },
    /// [`handgrad_layers::time_distributed`].
    TimeDistributed {
        /// Number of output values in each step.
        units: usize,
        /// The activation function φ.
        activation: Activation,
        /// The initialisation of the weights.
        init: Init,
    },
    /// [`handgrad_layers::shift`].
    Shift,
}

impl LayerSpec {
    /// Builds the layer for samples of shape `input`. `mirrored` is the number of inputs and of units of the layer
    /// that it is tied to. `groups` are those of a mask: [`Spec::groups`](crate::Spec::groups).
    ///
    /// All layers are compiled here, for both number types. If this function were only generic, every crate that
    /// builds a network would compile all layers again.
    pub(crate) fn build<T: Scalar>(
        &self,
        input: &[usize],
        mirrored: [usize; 2],
        groups: &[usize],
    ) -> Result<Box<dyn Layer<T>>, Error> {
        let layer: Box<dyn Any> = match TypeId::of::<T>() == TypeId::of::<f32>() {
            true => Box::new(self.build_f32(input, mirrored, groups)?),
            false => Box::new(self.build_f64(input, mirrored, groups)?),
        };
        Ok(*layer.downcast().expect("T is f32 or f64, the only Scalar types"))
    }

    #[inline(never)]
    fn build_f32(&self, input: &[usize], mirrored: [usize; 2], groups: &[usize]) -> Result<Box<dyn Layer<f32>>, Error> {
        self.build_generic(input, mirrored, groups)
    }

    #[inline(never)]
    fn build_f64(&self, input: &[usize], mirrored: [usize; 2], groups: &[usize]) -> Result<Box<dyn Layer<f64>>, Error> {
        self.build_generic(input, mirrored, groups)
    }

    fn build_generic<T: Scalar>(
        &self,
        input: &[usize],
        mirrored: [usize; 2],
        groups: &[usize],
    ) -> Result<Box<dyn Layer<T>>, Error> {
        let image = |what| window::chw(input).ok_or(Error::NotAnImage { what, shape: input.to_vec() });
        let sequence = |what| match *input {
            [steps, width] => Ok([steps, width]),
            _ => Err(Error::NotASequence { what, shape: input.to_vec() }),
        };
        Ok(match *self {
            LayerSpec::Dense { units, activation, .. } => {
                Box::new(Dense { inputs: input.iter().product(), units, activation })
            }
            LayerSpec::TiedDense { mirrors, activation } => {
                let [units, inputs] = mirrored;
                tied::check_size(mirrors, mirrored, input)?;
                Box::new(TiedDense { inputs, units, activation })
            }
            LayerSpec::Conv2d { filters, kernel_size, stride, padding, dilation, activation, .. } => {
                let x = image("a convolution")?;
                Box::new(Conv2d::new(x, filters, [kernel_size, stride, dilation], padding, activation)?)
            }
            LayerSpec::ConvTranspose2d {
                filters,
                kernel_size,
                stride,
                padding,
                output_padding,
                dilation,
                activation,
                ..
            } => {
                let (x, window) = (image("a transposed convolution")?, [kernel_size, stride, dilation]);
                Box::new(ConvTranspose2d::new(x, filters, window, padding, output_padding, activation)?)
            }
            LayerSpec::MaxPool2d { size } => Box::new(MaxPool2d { input: image("pooling")?, size }),
            LayerSpec::Upsample2d { size } => Box::new(Upsample2d { input: image("upsampling")?, size }),
            LayerSpec::Reshape { ref shape } => Box::new(Reshape { shape: shape.clone() }),
            LayerSpec::Dropout { rate } => Box::new(Dropout { rate }),
            LayerSpec::Mask { rate } => {
                let steps = input.iter().rev().skip(1).product();
                Box::new(Mask { steps, widths: groups.to_vec(), rate })
            }
            LayerSpec::Noise(noise) => Box::new(noise),
            LayerSpec::Reparameterize { latent_dim, beta } => Box::new(Reparameterize { latent_dim, beta }),
            LayerSpec::ActivityL1 { weight } => Box::new(ActivityL1 { weight }),
            LayerSpec::KlSparsity { rho, weight } => Box::new(KlSparsity { rho, weight }),
            LayerSpec::Recurrent(ref recurrent) => return recurrent.build(input),
            LayerSpec::ConvLstm { filters, kernel_size, return_sequences, truncate_every, .. } => {
                let (steps, x) = match *input {
                    [steps, h, w] => (steps, [1, h, w]),
                    [steps, c, h, w] => (steps, [c, h, w]),
                    _ => return Err(Error::NotAVideo { shape: input.to_vec() }),
                };
                Box::new(ConvLstm::new(steps, x, filters, kernel_size, return_sequences, truncate_every)?)
            }
            LayerSpec::RepeatVector { steps } => Box::new(RepeatVector { inputs: input.iter().product(), steps }),
            LayerSpec::TimeDistributed { units, activation, .. } => {
                let [steps, inputs] = sequence("a layer at every step")?;
                Box::new(TimeDistributed { steps, dense: Dense { inputs, units, activation } })
            }
            LayerSpec::Shift => {
                let [steps, inputs] = sequence("a shift by a step")?;
                Box::new(Shift { steps, inputs })
            }
        })
    }

    /// Returns the activation φ that is applied to the output of the layer. It is linear if the layer has none, or if
    /// φ is part of the layer's own formula.
    pub(crate) fn activation(&self) -> Activation {
        match *self {
            LayerSpec::Dense { activation, .. }
            | LayerSpec::TiedDense { activation, .. }
            | LayerSpec::Conv2d { activation, .. }
            | LayerSpec::ConvTranspose2d { activation, .. }
            | LayerSpec::TimeDistributed { activation, .. } => activation,
            _ => Activation::Linear,
        }
    }

    /// Returns the same layer with a different activation, if it has one.
    pub(crate) fn with_activation(&self, new: Activation) -> Self {
        let mut spec = self.clone();
        if let LayerSpec::Dense { activation, .. }
        | LayerSpec::TiedDense { activation, .. }
        | LayerSpec::Conv2d { activation, .. }
        | LayerSpec::ConvTranspose2d { activation, .. }
        | LayerSpec::TimeDistributed { activation, .. } = &mut spec
        {
            *activation = new;
        }
        spec
    }

    /// Returns whether the layer has weights, its own or tied ones.
    pub(crate) fn has_weights(&self) -> bool {
        matches!(
            self,
            LayerSpec::Dense { .. }
                | LayerSpec::TiedDense { .. }
                | LayerSpec::Conv2d { .. }
                | LayerSpec::ConvTranspose2d { .. }
                | LayerSpec::Recurrent(_)
                | LayerSpec::ConvLstm { .. }
                | LayerSpec::TimeDistributed { .. }
        )
    }

    /// Returns whether the layer can change the height and the width of images.
    pub(crate) fn resizes_images(&self) -> bool {
        matches!(
            self,
            LayerSpec::Conv2d { .. }
                | LayerSpec::ConvTranspose2d { .. }
                | LayerSpec::MaxPool2d { .. }
                | LayerSpec::Upsample2d { .. }
        )
    }

    /// Returns whether PyTorch has a layer that computes the same. If not, no layer of PyTorch should load its
    /// weights.
    pub(crate) fn is_in_pytorch(&self) -> bool {
        match self {
            LayerSpec::Recurrent(recurrent) => recurrent.cell.is_in_pytorch(),
            LayerSpec::ConvLstm { .. } => false,
            _ => !self.pads_one_side(),
        }
    }

    /// Returns whether the layer is a convolution, or the transpose of one, whose *same* padding may have another
    /// number of zeros before the image than after it. PyTorch's layers with a stride have the same number on both
    /// sides.
    pub(crate) fn pads_one_side(&self) -> bool {
        // The settings may come from a file and are not checked yet.
        let reach = |kernel_size: usize, dilation: usize| {
            kernel_size.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
        };
        match *self {
            // The number of zeros also depends on the size of the image.
            LayerSpec::Conv2d { stride, padding: Padding::Same, .. } => stride > 1,
            LayerSpec::ConvTranspose2d { kernel_size, stride, dilation, padding: Padding::Same, .. } => {
                reach(kernel_size, dilation).saturating_sub(stride) % 2 == 1
            }
            _ => false,
        }
    }

    /// Returns the initialisation of its weights, if it has any.
    pub(crate) fn init(&self) -> Init {
        match *self {
            LayerSpec::Dense { init, .. }
            | LayerSpec::Conv2d { init, .. }
            | LayerSpec::ConvTranspose2d { init, .. }
            | LayerSpec::Recurrent(Recurrent { init, .. })
            | LayerSpec::ConvLstm { init, .. }
            | LayerSpec::TimeDistributed { init, .. } => init,
            _ => Init::XavierUniform,
        }
    }
}
