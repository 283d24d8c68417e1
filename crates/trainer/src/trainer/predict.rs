//! Inference with a network that is being trained: from samples to codes, and from codes to samples, in the units of
//! the data. After training, a [`Model`](handgrad_models::Model) does the same without a trainer.

use handgrad_layers::Scalar;
use handgrad_models::{Encoding, Part};
use ndarray::Array2;

use super::Trainer;
use crate::{Error, Source, check};

impl<T: Scalar> Trainer<T> {
    /// Returns the reconstructions of the given samples, one in each row.
    ///
    /// # Errors
    /// If the samples have the wrong size, a sample does not exist, or the network is only a part of a model or a
    /// classifier.
    pub fn predict(&self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::whole(&self.network)?;
        let predictions = self.network.predict(&self.theta, self.rows_of(source, samples)?.view());
        Ok(self.unscaled(predictions.map_err(Error::in_use)?))
    }

    /// Returns the codes of the given samples, one in each row. The network is a whole model or an encoder.
    ///
    /// # Errors
    /// If the samples have the wrong size, a sample does not exist, or the network is only a decoder.
    pub fn encode(&self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        if !self.network.has_encoder() {
            return Err(Error::NoEncoder);
        }
        self.network.encode(&self.theta, self.rows_of(source, samples)?.view()).map_err(Error::in_use)
    }

    /// Decodes codes, one in each row. The network is a whole model or a decoder.
    ///
    /// # Errors
    /// If the codes have the wrong size, or the network is only an encoder or a classifier.
    pub fn decode(&self, codes: &Array2<T>) -> Result<Array2<T>, Error> {
        match self.network.part() {
            Part::Encoder => return Err(Error::NoDecoder),
            Part::Classifier => return Err(Error::IsClassifier),
            Part::Whole | Part::Decoder => {}
        }
        let (network, codes_len) = (self.network.width(self.network.encoder_len()), codes.ncols());
        if network != codes_len {
            return Err(Error::CodeSize { network, codes: codes_len });
        }
        let decoded = self.network.decode(&self.theta, codes.view()).map_err(Error::in_use)?;
        Ok(self.unscaled(decoded))
    }

    /// Returns the samples with the given numbers, one in each row, in the units of the network.
    fn rows_of(&self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::samples(&self.network, source, "given")?;
        source.check_numbers(samples)?;
        let (encoding, width) = (self.network.spec().encoding(), self.network.width(0));
        let mut rows = Array2::from_elem((samples.len(), width), T::ZERO);
        if let Some(rows) = rows.as_slice_mut() {
            source.fill_batch(samples, encoding, width, rows);
        }
        Ok(rows)
    }

    /// Converts values back to the units of the data.
    fn unscaled(&self, values: Array2<T>) -> Array2<T> {
        let encoding = self.network.spec().encoding();
        if matches!(encoding, Encoding::Same) {
            return values;
        }
        let mut converted = Array2::from_elem((values.nrows(), self.network.spec().values()), T::ZERO);
        for (row, mut to) in values.rows().into_iter().zip(converted.rows_mut()) {
            encoding.undo(&row.to_vec()).into_iter().zip(&mut to).for_each(|(value, to)| *to = T::from_f64(value));
        }
        converted
    }
}
