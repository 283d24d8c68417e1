//! The head of an encoder that stays as it is: logistic regression of its codes, at the minimum of its loss.
//!
//! ```text
//! h_r = encoder(x_r)            the codes of the labelled samples, which never change
//! z_r = h_r·w + b               w and b: multinomial logistic regression with an L2 penalty, C = 1, fitted by L-BFGS
//! ```
//!
//! The loss is convex, so it has one minimum, and no step of a training would end nearer to it. It is the classifier
//! that `probe` measures on codes ([`probe::Scaled`](crate::probe::Scaled)); here it becomes the last layer of a
//! network. So there are no epochs, and nothing in which dropout or noise would take part.

use handgrad_dataset::Samples;
use handgrad_models::{Classifier, Model};

use crate::Error;
use crate::probe::Scaled;
use crate::views::{Form, codes};

/// A classifier whose encoder is that of `model`.
pub(super) struct Fitted {
    pub classifier: Model,
    /// The loss at the end, in nats per sample, with the penalty.
    pub loss: f64,
    /// Whether it is the minimum.
    pub is_converged: bool,
}

/// Fits the head to the codes of labelled samples.
///
/// # Errors
/// As [`Model::encode`]; [`Error::AllEqual`] if all codes are equal.
pub(super) fn fitted(
    ready: &Classifier,
    model: &Model,
    samples: &Samples,
    classes: &[u32],
    seed: u64,
) -> Result<Fitted, Error> {
    let codes = codes(model, samples)?;
    let found =
        Scaled::fit(codes.view(), classes, ready.classes.len()).ok_or(Error::AllEqual { form: Form::Code.name() })?;
    let (w, b) = found.layer();
    let (network, mut theta) = ready.on(model, seed)?;
    let head = network.theta_of(network.layers().len() - 1);
    theta[head].iter_mut().zip(w.iter().chain(&b)).for_each(|(to, &value)| *to = value as f32);
    Ok(Fitted {
        classifier: Model::new(network, theta)?,
        loss: found.logistic.loss,
        is_converged: found.logistic.is_converged,
    })
}
