//! A trained network for inference: it has no optimiser and no batch size, and it does not change.

use std::path::Path;

use handgrad_dataset::tables::Schema;
use handgrad_layers::{Loss, LossKind, Reduction};
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::{Encoding, Error, Network, Part, Spec, file, targets};

/// A network, its weights and its scale, ready to use.
///
/// Samples are in the units of the data, both as input and as output: [`Spec::scale`] is applied before the network
/// and reversed after it. All methods take `&self` and any number of samples, one in each row, and run on the threads
/// of the current rayon pool. The results do not depend on the number of threads or on the division of the rows into
/// calls, to the last bit.
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
    /// Creates a model from a network and its weights.
    ///
    /// # Errors
    /// If the number of weights is wrong, or a weight is not finite.
    pub fn new(network: Network<f32>, weights: Vec<f32>) -> Result<Self, Error> {
        let (expected, found) = (network.param_count(), weights.len());
        if expected != found {
            return Err(Error::Weights { expected, found });
        }
        finite(
            "the weights",
            ArrayView2::from_shape((1, found), &weights).map_err(|_| Error::Weights { expected, found })?,
            |_| false,
        )?;
        Ok(Self { network, weights })
    }

    /// Returns the same model with other knowledge about the columns of its table.
    ///
    /// # Errors
    /// If the columns do not have the same widths.
    pub fn with_table(self, table: Schema) -> Result<Self, Error> {
        let spec = Spec { table: Some(table), ..self.spec().clone() };
        Self::new(Network::of(&spec, self.network.part())?, self.weights)
    }

    /// Reads a model file: a whole model, an encoder, a decoder or a classifier.
    ///
    /// # Errors
    /// If it cannot be read or is not a model file; the error names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let of_file = |error: Error| Error::File { path: path.to_path_buf(), source: Box::new(error) };
        let read = || {
            // Reading from a pipe could block for ever.
            if !std::fs::metadata(path)?.is_file() {
                return Err(Error::NotAModel("it is not a file".into()));
            }
            let (bytes, length) = handgrad_files::open(path)?;
            file::read(bytes, length.unwrap_or(0))
        };
        let (network, weights) = read().map_err(of_file)?;
        Ok(Self { network, weights })
    }

    /// Writes the model file. It is first written to a temporary file beside `path` and then renamed, so that it is
    /// never incomplete. An existing file is replaced.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Ok(handgrad_files::write(path.as_ref(), &self.to_bytes()?)?)
    }

    /// Returns the bytes of the model file.
    ///
    /// # Errors
    /// As [`file::encode`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        file::encode(&self.network, &self.weights)
    }

    /// Returns the network.
    #[must_use]
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// Returns the specification that the network is built from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        self.network.spec()
    }

    /// Returns the weights θ, in the order of [`Network::params`].
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Returns the network and its weights, for example for further training.
    #[must_use]
    pub fn into_parts(self) -> (Network<f32>, Vec<f32>) {
        (self.network, self.weights)
    }

    /// Returns the encoder or the decoder as a separate model.
    ///
    /// # Errors
    /// If this model is already a part, or a classifier.
    pub fn split(&self, part: Part) -> Result<Self, Error> {
        let (network, weights) = self.network.split(part, &self.weights)?;
        Ok(Self { network, weights })
    }

    /// Returns the number of values of a code.
    #[must_use]
    pub fn code_len(&self) -> usize {
        self.network.width(self.network.encoder_len())
    }

    /// Encodes samples. Shapes: samples × values → samples × code, with one sample in each row. A variational model
    /// returns the means.
    ///
    /// # Errors
    /// If the model is only a decoder, the samples have the wrong size, or a value is not finite.
    pub fn encode<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Result<Array2<f32>, Error> {
        self.check_values(x)?;
        self.network.encode(&self.weights, self.scaled(x).view())
    }

    /// Returns the distribution of the code of each sample: its means, then the logarithms of its variances. Shapes:
    /// samples × values → samples × twice the code. Returns `None` if the model is not variational.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn code_distributions<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Result<Option<Array2<f32>>, Error> {
        self.check_values(x)?;
        self.network.code_distributions(&self.weights, self.scaled(x).view())
    }

    /// Decodes codes. Shapes: samples × code → samples × values, with one code in each row.
    ///
    /// # Errors
    /// If the model is only an encoder or a classifier, the codes have the wrong size, or a value is not finite.
    pub fn decode(&self, codes: ArrayView2<f32>) -> Result<Array2<f32>, Error> {
        finite("the codes", codes, |_| false)?;
        Ok(self.in_data_units(self.network.decode(&self.weights, codes)?))
    }

    /// Reconstructs samples. Shapes: samples × values → samples × values, with one sample in each row.
    ///
    /// # Errors
    /// If the model is only a part or a classifier, the samples have the wrong size, or a value is not finite.
    pub fn reconstruct<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Result<Array2<f32>, Error> {
        self.check_values(x)?;
        Ok(self.in_data_units(self.network.predict(&self.weights, self.scaled(x).view())?))
    }

    /// Returns the probabilities of the classes of a classifier, in the order of [`Spec::classes`]. Shapes: samples ×
    /// values → samples × classes, with one sample in each row.
    ///
    /// # Errors
    /// If the model is not a [`classifier`](crate::classifier), the samples have the wrong size, or a value is not
    /// finite.
    pub fn classify<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Result<Array2<f32>, Error> {
        self.check_values(x)?;
        self.network.classify(&self.weights, self.scaled(x).view())
    }

    /// Returns the reconstruction error of each sample: how far the loss of the model is above its least possible value
    /// for this sample ([`Loss::excess`]), as the mean over the values of the sample. For squared and absolute error
    /// this is the loss itself. For the cross-entropies it is the Kullback–Leibler divergence between the sample and
    /// its reconstruction, computed from logits; with binary cross-entropy, values outside 0..1 add to it as derived
    /// in [`bce`](handgrad_layers::bce). It is computed on scaled values, in the units that the network was trained in.
    ///
    /// # Errors
    /// As [`reconstruct`](Self::reconstruct), or if the loss is cross-entropy and a sample is not a distribution, or if
    /// a score is not finite.
    pub fn score<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Result<Array1<f64>, Error> {
        self.score_by(self.network.loss().kind, x)
    }

    /// Like [`score`](Self::score), with the given loss instead of the loss of the model. A loss of logits for which
    /// the network has no logits uses those of its predictions: see
    /// [`Output::inverse`](handgrad_layers::Output::inverse).
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn score_by<A: Copy + Into<f64>>(&self, kind: LossKind, x: ArrayView2<A>) -> Result<Array1<f64>, Error> {
        self.check_values(x)?;
        if self.network.part() == Part::Classifier {
            return Err(Error::IsClassifier);
        }
        let target = self.scaled(x);
        for (sample, row) in target.rows().into_iter().enumerate().filter(|_| self.network.columns().is_none()) {
            let values = row.iter().map(|&value| f64::from(value));
            targets::check_use(kind, values).map_err(|misfit| Error::Target { sample, misfit })?;
        }
        let outputs = self.network.outputs(&self.weights, target.view())?;
        // Both losses are the same function of the prediction, but logits are more accurate.
        let kind = if kind == LossKind::Bce { LossKind::BceLogits } else { kind };
        let loss = Loss { kind, reduction: Reduction::Mean };
        let (from, to) = (self.network.output(), kind.output());
        let score = |output: ArrayView1<f32>, target: ArrayView1<f32>| {
            if let Some(columns) = self.network.columns() {
                return columns.excess(&output.mapv(f64::from).to_vec(), &target.mapv(f64::from).to_vec());
            }
            let [mut output, target] =
                [output, target].map(|row| row.iter().copied().map(f64::from).collect::<Vec<_>>());
            if from != to {
                from.forward(&mut output);
                to.inverse(&mut output);
            }
            loss.excess(&output, &target)
        };
        let pairs = outputs.axis_iter(Axis(0)).into_par_iter().zip(target.axis_iter(Axis(0)));
        let scores: Vec<f64> = pairs.map(|(output, target)| score(output, target)).collect();
        match scores.iter().position(|score| !score.is_finite()) {
            Some(sample) => Err(Error::Score { sample, score: scores[sample] }),
            None => Ok(scores.into()),
        }
    }

    /// Returns a range of values of the data, scaled to the units of the network. If channels have scales of their own,
    /// the result is the range over all of them.
    #[must_use]
    pub fn scaled_range(&self, (low, high): (f32, f32)) -> (f32, f32) {
        let Some(scale) = &self.spec().scale else { return (low, high) };
        let ends = |value: f32| (0..scale.offset.len()).map(move |at| scale.apply(at, f64::from(value)) as f32);
        (ends(low).fold(f32::INFINITY, f32::min), ends(high).fold(f32::NEG_INFINITY, f32::max))
    }

    /// Returns samples in the units of the network, contiguous in memory: one row for each row of `x`, which is in the
    /// units of the data. The columns of a table become as many values as [`Schema::encode`] makes of them.
    ///
    /// [`Schema::encode`]: handgrad_dataset::tables::Schema::encode
    #[must_use]
    pub fn scaled<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Array2<f32> {
        let width = if x.ncols() == self.spec().values() { self.spec().features() } else { x.ncols() };
        let mut scaled = Array2::zeros((x.nrows(), width));
        let encoding = self.spec().encoding();
        for (row, mut to) in x.rows().into_iter().zip(scaled.rows_mut()) {
            if let Some(to) = to.as_slice_mut() {
                encoding.apply(row.iter().map(|&value| value.into()), to);
            }
        }
        scaled
    }

    /// Like [`unscaled`](Self::unscaled), with 32-bit numbers, and without a copy if the units are the same.
    fn in_data_units(&self, y: Array2<f32>) -> Array2<f32> {
        match self.spec().encoding() {
            Encoding::Same => y,
            _ => self.unscaled(y.view()).mapv(|value| value as f32),
        }
    }

    /// Returns samples in the units of the data, given samples in the units of the network.
    #[must_use]
    pub fn unscaled(&self, y: ArrayView2<f32>) -> Array2<f64> {
        let encoding = self.spec().encoding();
        let mut values = Array2::zeros((y.nrows(), self.spec().values()));
        for (row, mut to) in y.rows().into_iter().zip(values.rows_mut()) {
            encoding.undo(&row.to_vec()).into_iter().zip(&mut to).for_each(|(value, to)| *to = value);
        }
        values
    }

    /// Refuses samples of another size, and values that are not finite. NaN, a missing value, is allowed if the model
    /// takes missing values.
    fn check_values<A: Copy + Into<f64>>(&self, x: ArrayView2<A>) -> Result<(), Error> {
        let (expected, found) = (self.spec().values(), x.ncols());
        if expected != found {
            return Err(Error::Width { what: "samples", expected, found });
        }
        let missing = self.spec().allows_missing();
        finite("the samples", x, |value| missing && value.is_nan())
    }
}

/// Refuses values that are not finite 32-bit numbers: a ReLU, for example, would turn −∞ into 0, and the result would
/// look valid.
fn finite<A: Copy + Into<f64>>(
    what: &'static str,
    values: ArrayView2<A>,
    allowed: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    let wrong = |&value: &A| !(value.into() as f32).is_finite() && !allowed(value.into());
    for (row, values) in values.axis_iter(Axis(0)).enumerate() {
        if let Some(column) = values.iter().position(wrong) {
            return Err(Error::NotFinite { what, row, column, found: values[column].into() });
        }
    }
    Ok(())
}
