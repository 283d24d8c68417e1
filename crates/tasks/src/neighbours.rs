//! # Nearest samples: which training samples resemble a sample, by code and by inputs
//!
//! ```text
//! by code       the smallest ‖encode(x) − encode(t)‖ over the training samples t
//! by inputs     the smallest ‖x − t‖, with x and t as the network gets them: pixels; of a table, its encoded columns
//! ```
//!
//! Images are near in pixels if they cover the same places. They are near in codes if the network describes them
//! alike, for example two shirts of which one is shifted by a pixel. The distances of the two columns have different
//! units and cannot be compared with each other.

use handgrad_analysis::{Nearest, nearest};
use handgrad_dataset::Samples;
use handgrad_models::Model;

use crate::views::{Form, selected, view};
use crate::{Error, check_numbers};

/// The nearest training samples of some samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// By code.
    pub by_code: Nearest,
    /// By inputs.
    pub by_inputs: Nearest,
}

/// Returns the `k` nearest samples of `train` for the samples with these numbers, the nearest first.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
///
/// let train = synthetic::draw(0, 50);
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&train.shape))?;
/// let weights = network.init(0);
/// let model = Model::new(network, weights)?;
/// // The nearest sample of a training sample is itself.
/// let found = handgrad_tasks::neighbours::of(&model, &train, &train, &[3, 7], 5)?;
/// assert_eq!(found.by_code.rows.column(0).to_vec(), [3, 7]);
/// assert_eq!(found.by_inputs.distances.column(0).to_vec(), [0.0, 0.0]);
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// If there are fewer than `k` training samples, if a number is not that of a sample, or if a value is not finite; also
/// the errors of [`Model::encode`].
pub fn of(model: &Model, train: &Samples, samples: &Samples, numbers: &[u32], k: usize) -> Result<Neighbours, Error> {
    check_numbers(samples, numbers)?;
    if k == 0 || k > train.len() {
        return Err(Error::Neighbours { asked: k, has: train.len() });
    }
    let chosen = selected(samples, numbers);
    let in_form = |form: Form| {
        let view = view(form, model, train, &chosen)?;
        nearest(view.fit.view(), view.rows.view(), k).ok_or(Error::NotFinite { form: form.name() })
    };
    Ok(Neighbours { by_code: in_form(Form::Code)?, by_inputs: in_form(Form::Inputs)? })
}
