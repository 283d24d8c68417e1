//! Functions that build the specification of a layer in a short form.
//!
//! The options of a layer come first, and the last method of the chain returns the [`LayerSpec`]. Options that are
//! not set have default values: stride 1, padding *same*, dilation 1, and Xavier uniform initialisation of the
//! weights.
//!
//! ```
//! use handgrad_layers::{Init, LossKind};
//! use handgrad_models::Spec;
//! use handgrad_models::builders::{conv_transpose2d, conv2d, dense, reshape};
//!
//! let spec = Spec::autoencoder(
//!     &[28, 28],
//!     [conv2d(16, 3).stride(2).relu(), dense(32).init(Init::HeUniform).relu()],
//!     [dense(16 * 14 * 14).relu(), reshape([16, 14, 14]), conv_transpose2d(1, 3).stride(2).sigmoid()],
//!     LossKind::Bce,
//! );
//! assert_eq!(spec.layers().count(), 5);
//! ```
//!
//! * A layer with an activation ends with `relu()`, `sigmoid()`, `tanh()`, `linear()` or `activation(…)`.
//! * A recurrent layer ends with `return_sequences(true)` (its output is h₁ … h_T) or `return_sequences(false)` (its
//!   output is only h_T).
//! * The other layers have no options.
//!
//! An option that a layer does not have is therefore a compile error:
//!
//! ```compile_fail
//! handgrad_models::builders::dense(32).stride(2).relu();
//! ```

use handgrad_layers::Noise;

use crate::LayerSpec;

// Defines a method for each activation, for every builder that has `activation`. The macro must be defined before the
// modules that use it.
macro_rules! activations {
    ($($builder:ident),*) => {$(
        impl $builder {
            /// The layer with φ(z) = max(z, 0).
            #[must_use]
            pub fn relu(self) -> LayerSpec {
                self.activation(Activation::Relu)
            }

            /// The layer with φ(z) = 1/(1 + e⁻ᶻ).
            #[must_use]
            pub fn sigmoid(self) -> LayerSpec {
                self.activation(Activation::Sigmoid)
            }

            /// The layer with φ(z) = tanh z.
            #[must_use]
            pub fn tanh(self) -> LayerSpec {
                self.activation(Activation::Tanh)
            }

            /// The layer with φ(z) = z.
            #[must_use]
            pub fn linear(self) -> LayerSpec {
                self.activation(Activation::Linear)
            }
        }
    )*};
}

mod convolution;
mod dense;
mod recurrent;

pub use convolution::{Conv2d, ConvTranspose2d, conv_transpose2d, conv2d, max_pool2d, upsample2d};
pub use dense::{Dense, TiedDense, TimeDistributed, dense, tied_dense, time_distributed};
pub use recurrent::{ConvLstm, conv_lstm, recurrent, repeat_vector, shift};

/// [`handgrad_layers::reshape`]: the same values in another shape.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::reshape};
///
/// assert_eq!(reshape([64, 7, 7]), LayerSpec::Reshape { shape: vec![64, 7, 7] });
/// ```
#[must_use]
pub fn reshape(shape: impl Into<Vec<usize>>) -> LayerSpec {
    LayerSpec::Reshape { shape: shape.into() }
}

/// [`handgrad_layers::dropout`]: sets the fraction `rate` of the values to 0 in training.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::dropout};
///
/// assert_eq!(dropout(0.3), LayerSpec::Dropout { rate: 0.3 });
/// ```
#[must_use]
pub fn dropout(rate: f64) -> LayerSpec {
    LayerSpec::Dropout { rate }
}

/// [`handgrad_layers::noise`]: adds noise to its input.
///
/// ```
/// use handgrad_layers::Noise;
/// use handgrad_models::{LayerSpec, builders::noise};
///
/// assert_eq!(noise(Noise::Masking { p: 0.2 }), LayerSpec::Noise(Noise::Masking { p: 0.2 }));
/// ```
#[must_use]
pub fn noise(noise: Noise) -> LayerSpec {
    LayerSpec::Noise(noise)
}

/// [`handgrad_layers::reparameterize`]: draws a code of `latent_dim` values from its input [μ │ ln σ²]. `beta` is the
/// weight of the divergence.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::reparameterize};
///
/// assert_eq!(reparameterize(20, 1.0), LayerSpec::Reparameterize { latent_dim: 20, beta: 1.0 });
/// ```
#[must_use]
pub fn reparameterize(latent_dim: usize, beta: f64) -> LayerSpec {
    LayerSpec::Reparameterize { latent_dim, beta }
}

/// [`handgrad_layers::activity_l1`]: an L1 penalty with the given weight on the values of its input.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::activity_l1};
///
/// assert_eq!(activity_l1(1e-4), LayerSpec::ActivityL1 { weight: 1e-4 });
/// ```
#[must_use]
pub fn activity_l1(weight: f64) -> LayerSpec {
    LayerSpec::ActivityL1 { weight }
}

/// [`handgrad_layers::kl_sparsity`]: a penalty with the given weight for units whose mean activity differs from
/// `rho`.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::kl_sparsity};
///
/// assert_eq!(kl_sparsity(0.1, 0.3), LayerSpec::KlSparsity { rho: 0.1, weight: 0.3 });
/// ```
#[must_use]
pub fn kl_sparsity(rho: f64, weight: f64) -> LayerSpec {
    LayerSpec::KlSparsity { rho, weight }
}
