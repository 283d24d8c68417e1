use std::any::{Any, TypeId};

use handgrad_layers::{
    Activation, ActivityL1, Conv2d, ConvLstm, ConvTranspose2d, Dense, Dropout, Init, KlSparsity, Layer, LossKind,
    MaxPool2d, Noise, Padding, Reduction, Reparameterize, RepeatVector, Reshape, Scalar, Shift, TiedDense,
    TimeDistributed, Upsample2d, window,
};
use serde::{Deserialize, Serialize};

use crate::Recurrent;
use crate::{Error, tied};

/// Everything about a network but its numbers. As TOML it travels inside the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Shape of one sample: `[28, 28]`, or `[3, 32, 32]` for channels, height and width.
    pub input: Vec<usize>,
    /// How values are moved before the network sees them, and moved back behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// What training makes small.
    pub loss: LossKind,
    /// Whether the loss of a sample is the mean or the sum over its values.
    pub reduction: Reduction,
    /// From the sample to the code.
    pub encoder: Vec<LayerSpec>,
    /// From the code back to the sample.
    pub decoder: Vec<LayerSpec>,
}

/// `(value − offset) / factor`, the same for all values of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// What becomes 0.
    pub offset: f64,
    /// What becomes 1 away from it: above 0.
    pub factor: f64,
}

/// One layer. Its number of inputs is what the layer before it gives. A short way to write each is in
/// [`builders`](crate::builders).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// [`handgrad_layers::tied_dense`]: in the decoder, with the weights of a dense layer of the encoder.
    TiedDense {
        /// Which of the encoder's dense layers, counted from 0; layers of other kinds do not count.
        mirrors: usize,
        /// φ.
        activation: Activation,
    },
    /// [`handgrad_layers::conv2d`].
    #[serde(rename = "conv2d")]
    Conv2d {
        /// Channels of the output.
        filters: usize,
        /// Side of the window.
        kernel_size: usize,
        /// Values from one window to the next.
        stride: usize,
        /// Zeros around the image.
        padding: Padding,
        /// Values from one tap to the next.
        dilation: usize,
        /// φ.
        activation: Activation,
        /// How the weights start.
        init: Init,
    },
    /// [`handgrad_layers::conv_transpose2d`].
    #[serde(rename = "conv-transpose2d")]
    ConvTranspose2d {
        /// Channels of the output.
        filters: usize,
        /// Side of the window.
        kernel_size: usize,
        /// Values between the windows of neighbouring inputs.
        stride: usize,
        /// What is taken away around the output.
        padding: Padding,
        /// Lines and columns more than the least, where the padding is explicit.
        output_padding: usize,
        /// Values from one tap to the next.
        dilation: usize,
        /// φ.
        activation: Activation,
        /// How the weights start.
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
        /// The part that is left out.
        rate: f64,
    },
    /// [`handgrad_layers::noise`].
    Noise(Noise),
    /// [`handgrad_layers::reparameterize`].
    Reparameterize {
        /// Size of the code.
        latent_dim: usize,
        /// Weight of the divergence.
        beta: f64,
    },
    /// [`handgrad_layers::activity_l1`].
    ActivityL1 {
        /// Of the penalty.
        weight: f64,
    },
    /// [`handgrad_layers::kl_sparsity`].
    KlSparsity {
        /// The mean activity that is asked for.
        rho: f64,
        /// Of the penalty.
        weight: f64,
    },
    /// [`handgrad_layers::recurrent`].
    Recurrent(Recurrent),
    /// [`handgrad_layers::conv_lstm`].
    ConvLstm {
        /// Channels of h.
        filters: usize,
        /// Side of the windows.
        kernel_size: usize,
        /// It gives h₁ … h_T; otherwise h_T alone.
        return_sequences: bool,
        /// Behind every so many steps no gradient comes back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        truncate_every: Option<usize>,
        /// How the weights start.
        init: Init,
    },
    /// [`handgrad_layers::repeat_vector`].
    RepeatVector {
        /// How often.
        steps: usize,
    },
    /// [`handgrad_layers::time_distributed`].
    TimeDistributed {
        /// Values of a step of the output.
        units: usize,
        /// φ.
        activation: Activation,
        /// How the weights start.
        init: Init,
    },
    /// [`handgrad_layers::shift`].
    Shift,
}

impl LayerSpec {
    /// The layer, for samples of shape `input`; `mirrored` has the inputs and units of the layer that it is tied to.
    ///
    /// All layers are compiled here, for both types of numbers. If this were only generic, every crate that makes a
    /// network would compile all of them once more.
    pub(crate) fn build<T: Scalar>(&self, input: &[usize], mirrored: [usize; 2]) -> Result<Box<dyn Layer<T>>, Error> {
        let layer: Box<dyn Any> = match TypeId::of::<T>() == TypeId::of::<f32>() {
            true => Box::new(self.build_f32(input, mirrored)?),
            false => Box::new(self.build_f64(input, mirrored)?),
        };
        Ok(*layer.downcast().expect("T is f32 or f64: nothing else is a Scalar"))
    }

    #[inline(never)]
    fn build_f32(&self, input: &[usize], mirrored: [usize; 2]) -> Result<Box<dyn Layer<f32>>, Error> {
        self.build_generic(input, mirrored)
    }

    #[inline(never)]
    fn build_f64(&self, input: &[usize], mirrored: [usize; 2]) -> Result<Box<dyn Layer<f64>>, Error> {
        self.build_generic(input, mirrored)
    }

    fn build_generic<T: Scalar>(&self, input: &[usize], mirrored: [usize; 2]) -> Result<Box<dyn Layer<T>>, Error> {
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

    /// φ, behind what the layer computes: linear for a layer that has none, or has it within.
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

    /// The same layer with another φ, where it has one.
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

    /// Has it weights, its own or tied ones?
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

    /// Can it give images of another height and width than it takes?
    pub(crate) fn resizes_images(&self) -> bool {
        matches!(
            self,
            LayerSpec::Conv2d { .. }
                | LayerSpec::ConvTranspose2d { .. }
                | LayerSpec::MaxPool2d { .. }
                | LayerSpec::Upsample2d { .. }
        )
    }

    /// Does PyTorch have a layer that computes the same? If not, nothing there should take its weights.
    pub(crate) fn is_in_pytorch(&self) -> bool {
        match self {
            LayerSpec::Recurrent(recurrent) => recurrent.cell.is_in_pytorch(),
            LayerSpec::ConvLstm { .. } => false,
            _ => true,
        }
    }

    /// How its weights start, if it has any.
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

impl Spec {
    /// An autoencoder of these layers, with the usual reduction of the loss and without a scale. Short ways to write
    /// the layers are in [`builders`](crate::builders).
    ///
    /// ```
    /// use handgrad_layers::LossKind;
    /// use handgrad_models::builders::{conv2d, max_pool2d, upsample2d};
    /// use handgrad_models::{Network, Spec};
    ///
    /// let encoder = [conv2d(8, 3).relu(), max_pool2d(2)];
    /// let decoder = [upsample2d(2), conv2d(1, 3).sigmoid()];
    /// let network = Network::<f32>::new(&Spec::autoencoder(&[28, 28], encoder, decoder, LossKind::Mse))?;
    /// assert_eq!(network.shape(2), [8, 14, 14]);
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    #[must_use]
    pub fn autoencoder(
        input: &[usize],
        encoder: impl IntoIterator<Item = LayerSpec>,
        decoder: impl IntoIterator<Item = LayerSpec>,
        loss: LossKind,
    ) -> Self {
        Self {
            input: input.to_vec(),
            scale: None,
            loss,
            reduction: loss.usual_reduction(),
            encoder: encoder.into_iter().collect(),
            decoder: decoder.into_iter().collect(),
        }
    }

    /// Values of one sample; `usize::MAX` where that many cannot be counted.
    #[must_use]
    pub fn features(&self) -> usize {
        features(&self.input)
    }

    /// All layers, from the sample back to the sample.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = &LayerSpec> {
        self.encoder.iter().chain(&self.decoder)
    }
}

/// Values of one sample of this shape; `usize::MAX` where that many cannot be counted.
pub(crate) fn features(input: &[usize]) -> usize {
    input.iter().fold(1, |product, &dim| product.saturating_mul(dim))
}
