//! A trained network to use: no optimiser, no batch size, no mutation.

use std::path::Path;

use handgrad_layers::{Loss, LossKind, Reduction};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::{Error, Network, Part, Scale, Spec, file, targets};

/// A network, its weights and its scale, ready to use.
///
/// Samples go in and come out in the data's own units: what [`Spec::scale`] does before the network is undone behind
/// it. All methods take `&self` and any number of samples, one a row, and run on the threads of the current rayon pool;
/// the results are the same, to the last bit, for any number of threads and however the rows are divided into calls.
///
/// ```
/// use handgrad_layers::{Activation, LossKind};
/// use handgrad_models::{Basic, Model, Network};
/// use ndarray::Array2;
///
/// let network = Network::new(&Basic { units: 2, loss: LossKind::Mse }.spec(&[4]))?;
/// let weights = network.init(0);
/// let model = Model::new(network, weights)?;
/// let x = Array2::from_elem((3, 4), 0.5);
/// let codes = model.encode(x.view())?;
/// assert_eq!(codes.dim(), (3, 2));
/// assert_eq!(model.decode(codes.view())?, model.reconstruct(x.view())?);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Debug)]
pub struct Model {
    network: Network<f32>,
    weights: Vec<f32>,
}

impl Model {
    /// Puts a network and its weights together.
    ///
    /// # Errors
    /// If there are not as many weights as the network has, or one of them is no number.
    pub fn new(network: Network<f32>, weights: Vec<f32>) -> Result<Self, Error> {
        let (expected, found) = (network.param_count(), weights.len());
        if expected != found {
            return Err(Error::Weights { expected, found });
        }
        finite(
            "the weights",
            ArrayView2::from_shape((1, found), &weights).map_err(|_| Error::Weights { expected, found })?,
        )?;
        Ok(Self { network, weights })
    }

    /// Reads a model file, whole or the encoder or decoder of one.
    ///
    /// # Errors
    /// If it cannot be read or is not a model file; the error names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let of_file = |error: Error| Error::File { path: path.to_path_buf(), source: Box::new(error) };
        let read = || {
            // Reading from a pipe would wait for ever.
            if !std::fs::metadata(path)?.is_file() {
                return Err(Error::NotAModel("it is not a file".into()));
            }
            let (bytes, length) = handgrad_files::open(path)?;
            file::read(bytes, length.unwrap_or(0))
        };
        let (network, weights) = read().map_err(of_file)?;
        Ok(Self { network, weights })
    }

    /// Writes the model file: beside `path` first, then renamed, so that it is whole or not there. What was there is
    /// replaced.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Ok(handgrad_files::write(path.as_ref(), &self.to_bytes()?)?)
    }

    /// The bytes of the model file.
    ///
    /// # Errors
    /// As [`file::encode`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        file::encode(&self.network, &self.weights)
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// What the network is built from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        self.network.spec()
    }

    /// The weights, θ, in the order of [`Network::params`].
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Network and weights, to train them further.
    #[must_use]
    pub fn into_parts(self) -> (Network<f32>, Vec<f32>) {
        (self.network, self.weights)
    }

    /// The encoder or the decoder as a model of its own.
    ///
    /// # Errors
    /// If this is a part already.
    pub fn split(&self, part: Part) -> Result<Self, Error> {
        let (network, weights) = self.network.split(part, &self.weights)?;
        Ok(Self { network, weights })
    }

    /// Values of a code.
    #[must_use]
    pub fn code_len(&self) -> usize {
        self.network.width(self.network.encoder_len())
    }

    /// The codes of samples, one a row: samples × values → samples × code. A variational model gives the means.
    ///
    /// # Errors
    /// If the model is a decoder alone, or the samples have another size than it takes, or hold a value that is no
    /// number.
    pub fn encode(&self, x: ArrayView2<f32>) -> Result<Array2<f32>, Error> {
        finite("the samples", x)?;
        self.network.encode(&self.weights, self.scaled(x).view())
    }

    /// What codes stand for, one a row: samples × code → samples × values.
    ///
    /// # Errors
    /// If the model is an encoder alone, or the codes have another size than its own, or hold a value that is no
    /// number.
    pub fn decode(&self, codes: ArrayView2<f32>) -> Result<Array2<f32>, Error> {
        finite("the codes", codes)?;
        Ok(self.unscaled(self.network.decode(&self.weights, codes)?))
    }

    /// What the model makes of samples, one a row: samples × values → samples × values.
    ///
    /// # Errors
    /// If the model is a part alone, or the samples have another size than it takes, or hold a value that is no number.
    pub fn reconstruct(&self, x: ArrayView2<f32>) -> Result<Array2<f32>, Error> {
        finite("the samples", x)?;
        Ok(self.unscaled(self.network.predict(&self.weights, self.scaled(x).view())?))
    }

    /// How badly each sample is reconstructed: the model's own loss, as a mean over a sample's values. It is computed
    /// behind the scale, in the units that the network was trained in.
    ///
    /// # Errors
    /// As [`reconstruct`](Self::reconstruct), or if the loss cannot take the samples, or a score is no number.
    pub fn score(&self, x: ArrayView2<f32>) -> Result<Array1<f64>, Error> {
        self.score_by(self.network.loss().kind, x)
    }

    /// As [`score`](Self::score), by another loss than the model's own.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn score_by(&self, kind: LossKind, x: ArrayView2<f32>) -> Result<Array1<f64>, Error> {
        finite("the samples", x)?;
        let target = self.scaled(x);
        for (sample, row) in target.rows().into_iter().enumerate() {
            let values = row.iter().map(|&value| f64::from(value));
            targets::check(kind, values).map_err(|misfit| Error::Target { sample, misfit })?;
        }
        let prediction = self.network.predict(&self.weights, target.view())?;
        let loss = Loss { kind, reduction: Reduction::Mean };
        let pairs = prediction.rows().into_iter().zip(target.rows());
        let score = |p: &[f32], t: &[f32]| f64::from(loss.of_prediction(p, t));
        // Both are contiguous: they were made above.
        let scores: Array1<f64> =
            pairs.map(|(p, t)| p.to_slice().zip(t.to_slice()).map_or(f64::NAN, |(p, t)| score(p, t))).collect();
        match scores.iter().position(|score| !score.is_finite()) {
            Some(sample) => Err(Error::Score { sample, score: scores[sample] }),
            None => Ok(scores),
        }
    }

    /// A range of values in the data's units, as the network takes it.
    #[must_use]
    pub fn scaled_range(&self, (low, high): (f32, f32)) -> (f32, f32) {
        self.spec().scale.map_or((low, high), |scale| (scale.apply(low), scale.apply(high)))
    }

    /// To where the network takes samples, one a row, contiguous.
    fn scaled(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let values = match self.spec().scale {
            Some(scale) => x.iter().map(|&value| scale.apply(value)).collect(),
            None => x.iter().copied().collect(),
        };
        Array2::from_shape_vec(x.dim(), values).unwrap_or_else(|_| x.to_owned())
    }

    /// Back to the data's own units.
    fn unscaled(&self, mut y: Array2<f32>) -> Array2<f32> {
        if let Some(scale) = self.spec().scale {
            y.mapv_inplace(|value| scale.undo(value));
        }
        y
    }
}

/// Refuses values that are no numbers: a ReLU would turn NaN into 0 without a word.
fn finite(what: &'static str, values: ArrayView2<f32>) -> Result<(), Error> {
    for (row, values) in values.axis_iter(Axis(0)).enumerate() {
        if let Some(column) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { what, row, column, found: values[column] });
        }
    }
    Ok(())
}

impl Scale {
    /// A value of the data becomes one that the network takes: (value − offset) / factor.
    #[must_use]
    pub fn apply(&self, value: f32) -> f32 {
        ((f64::from(value) - self.offset) / self.factor) as f32
    }

    /// And back: value · factor + offset.
    #[must_use]
    pub fn undo(&self, value: f32) -> f32 {
        (f64::from(value) * self.factor + self.offset) as f32
    }
}
