//! The forward pass for inference, without the memory and the work that only training needs.

use std::ops::Range;

use handgrad_files::memory;
use handgrad_layers::{Pass, Scalar};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};

use crate::{Error, LayerSpec, Network, Part};

/// Largest number of rows that one thread processes at a time: enough for fast products, and few enough to stay in
/// cache.
const MOST_ROWS: usize = 128;
/// Largest number of values in the memory of a thread, unless a single row needs more.
const MOST_VALUES: usize = 1 << 23;

impl<T: Scalar> Network<T> {
    /// Encodes samples. Shapes: samples × values → samples × code, with one sample in each row, in the units of the
    /// network.
    ///
    /// Nothing is random: noise and dropout have no effect, and a sampler returns its mean. The result of a row does
    /// not depend on the other rows or on the number of threads, to the last bit. The same holds for
    /// [`decode`](Self::decode) and [`predict`](Self::predict).
    ///
    /// # Errors
    /// If the network is only a decoder, the size of the samples or the number of weights is wrong, or there is not
    /// enough memory.
    pub fn encode(&self, theta: &[T], x: ArrayView2<T>) -> Result<Array2<T>, Error> {
        if !self.has_encoder() {
            return Err(Error::NoEncoder);
        }
        forward(self, theta, 0..self.encoder_len(), x, "samples")
    }

    /// Returns the distribution of the code of each sample: its means, then the logarithms of its variances. Shapes:
    /// samples × values → samples × twice the code. Returns `None` if the network is not variational.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn code_distributions(&self, theta: &[T], x: ArrayView2<T>) -> Result<Option<Array2<T>>, Error> {
        match self.spec().encoder.last() {
            Some(LayerSpec::Reparameterize { .. }) if self.has_encoder() => {
                forward(self, theta, 0..self.encoder_len() - 1, x, "samples").map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Decodes codes. Shapes: samples × code → samples × values, with one code in each row, in the units of the
    /// network.
    ///
    /// # Errors
    /// If the network is only an encoder or a classifier, the size of the codes or the number of weights is wrong, or
    /// there is not enough memory.
    pub fn decode(&self, theta: &[T], codes: ArrayView2<T>) -> Result<Array2<T>, Error> {
        match self.part() {
            Part::Encoder => return Err(Error::NoDecoder),
            Part::Classifier => return Err(Error::IsClassifier),
            Part::Whole | Part::Decoder => {}
        }
        Ok(self.predicted(forward(self, theta, self.encoder_len()..self.layers().len(), codes, "codes")?))
    }

    /// Reconstructs samples with the whole network. Shapes: samples × values → samples × values, with one sample in
    /// each row, in the units of the network.
    ///
    /// # Errors
    /// If the network is only a part of a model or a classifier, the size of the samples or the number of weights is
    /// wrong, or there is not enough memory.
    pub fn predict(&self, theta: &[T], x: ArrayView2<T>) -> Result<Array2<T>, Error> {
        Ok(self.predicted(self.outputs(theta, x)?))
    }

    /// Like [`predict`](Self::predict), but without the function that turns the output of the last layer into the
    /// prediction: see [`output`](Self::output). For a loss of logits, these are the logits.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn outputs(&self, theta: &[T], x: ArrayView2<T>) -> Result<Array2<T>, Error> {
        match self.part() {
            Part::Whole => forward(self, theta, 0..self.layers().len(), x, "samples"),
            Part::Encoder => Err(Error::NoDecoder),
            Part::Decoder => Err(Error::NoEncoder),
            Part::Classifier => Err(Error::IsClassifier),
        }
    }

    /// Returns the probabilities of the classes. Shapes: samples × values → samples × classes, with one sample in each
    /// row, in the units of the network.
    ///
    /// # Errors
    /// If the network is not a classifier, the size of the samples or the number of weights is wrong, or there is not
    /// enough memory.
    pub fn classify(&self, theta: &[T], x: ArrayView2<T>) -> Result<Array2<T>, Error> {
        if self.part() != Part::Classifier {
            return Err(Error::NotAClassifier);
        }
        Ok(self.predicted(forward(self, theta, 0..self.layers().len(), x, "samples")?))
    }

    /// Turns outputs of the last layer into predictions.
    fn predicted(&self, mut outputs: Array2<T>) -> Array2<T> {
        for mut row in outputs.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                self.predict_row(row);
            }
        }
        outputs
    }
}

/// Computes the layers of a range. Each row of x holds the values of one sample before the first of these layers, and
/// each row of the result the values after the last one.
fn forward<T: Scalar>(
    network: &Network<T>,
    theta: &[T],
    layers: Range<usize>,
    x: ArrayView2<T>,
    what: &'static str,
) -> Result<Array2<T>, Error> {
    let (expected, found) = (network.param_count(), theta.len());
    if expected != found {
        return Err(Error::Weights { expected, found });
    }
    let (expected, found) = (network.width(layers.start), x.ncols());
    if expected != found {
        return Err(Error::Width { what, expected, found });
    }
    let room = Room::new(network, &layers);
    let mut y = Vec::new();
    let outputs = network.width(layers.end);
    reserve(&mut y, x.nrows().saturating_mul(outputs))?;
    let mut y = Array2::from_shape_vec((x.nrows(), outputs), y).map_err(|_| Error::NoMemory { bytes: usize::MAX })?;

    let rows = x.nrows().div_ceil(rayon::current_num_threads().max(1)).clamp(1, room.rows);
    let shards = y.axis_chunks_iter_mut(Axis(0), rows).into_par_iter();
    shards.zip(x.axis_chunks_iter(Axis(0), rows)).try_for_each(|(mut y, x)| -> Result<(), Error> {
        let mut memory = Vec::new();
        reserve(&mut memory, room.values_for(rows))?;
        room.run(network, theta, layers.clone(), x, &mut y, &mut memory, rows);
        Ok(())
    })?;
    Ok(y)
}

/// The sizes of the memory of one thread: two buffers that are in turn the input and the output of a layer, the cache
/// and the scratch memory of a layer.
struct Room {
    /// The largest width before or after any of the layers.
    width: usize,
    /// The largest cache that a layer needs for one row.
    cache: usize,
    scratch: usize,
    /// Largest number of rows that a thread processes at a time.
    rows: usize,
}

impl Room {
    fn new<T: Scalar>(network: &Network<T>, layers: &Range<usize>) -> Self {
        let of = |f: fn(&dyn handgrad_layers::Layer<T>) -> usize| {
            network.layers()[layers.clone()].iter().map(|layer| f(&**layer)).max().unwrap_or(0)
        };
        let width = (layers.start..=layers.end).map(|at| network.width(at)).max().unwrap_or(0);
        let (cache, scratch) = (of(|layer| layer.cache_len()), of(|layer| layer.scratch_len()));
        let of_a_row = width.saturating_mul(2).saturating_add(cache).max(1);
        Self { width, cache, scratch, rows: (MOST_VALUES / of_a_row).clamp(1, MOST_ROWS) }
    }

    fn values_for(&self, rows: usize) -> usize {
        let of_a_row = self.width.saturating_mul(2).saturating_add(self.cache);
        of_a_row.saturating_mul(rows).saturating_add(self.scratch)
    }

    #[expect(clippy::too_many_arguments, reason = "a call of all layers needs these arguments")]
    fn run<T: Scalar>(
        &self,
        network: &Network<T>,
        theta: &[T],
        layers: Range<usize>,
        x: ArrayView2<T>,
        y: &mut ArrayViewMut2<T>,
        memory: &mut [T],
        most_rows: usize,
    ) {
        let rows = x.nrows();
        let (mut input, rest) = memory.split_at_mut(self.width * most_rows);
        let (mut output, rest) = rest.split_at_mut(self.width * most_rows);
        let (cache, scratch) = rest.split_at_mut(self.cache * most_rows);
        let numbers = [0; MOST_ROWS];
        input.iter_mut().zip(x.iter()).for_each(|(to, &from)| *to = from);
        for at in layers.clone() {
            let layer = &network.layers()[at];
            let [before, after] = [network.width(at) * rows, network.width(at + 1) * rows];
            let mut pass = Pass {
                layer: at,
                samples: &numbers[..rows],
                batch: rows,
                scratch: &mut scratch[..layer.scratch_len()],
                cache: &mut cache[..layer.cache_len() * most_rows],
                ..Pass::predict()
            };
            layer.forward(&theta[network.theta_of(at)], &input[..before], &mut output[..after], &mut pass);
            std::mem::swap(&mut input, &mut output);
        }
        y.iter_mut().zip(&*input).for_each(|(to, &from)| *to = from);
    }
}

/// Fills `values` with `len` zeros, or returns an error if there is not enough memory.
fn reserve<T: Scalar>(values: &mut Vec<T>, len: usize) -> Result<(), Error> {
    let bytes = len.saturating_mul(size_of::<T>());
    memory::reserve(values, len).map_err(|_| Error::NoMemory { bytes })?;
    values.resize(len, T::ZERO);
    Ok(())
}
