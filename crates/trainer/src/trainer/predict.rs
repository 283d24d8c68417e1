//! The network in use while it is being trained: samples to codes, and codes to samples, in the data's own units. What
//! is trained is used without a trainer as a [`Model`](handgrad_models::Model).

use handgrad_layers::Scalar;
use handgrad_models::Scale;
use ndarray::Array2;

use super::Trainer;
use crate::{Error, Source, check};

impl<T: Scalar> Trainer<T> {
    /// The reconstructions of the given samples, one a row.
    ///
    /// # Errors
    /// If they are of another size than the network takes, the source does not have one of them, or the network is a
    /// part of one.
    pub fn predict(&self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::whole(&self.network)?;
        let predictions = self.network.predict(&self.theta, self.rows_of(source, samples)?.view());
        Ok(self.unscaled(predictions.map_err(Error::in_use)?))
    }

    /// The codes of the given samples, one a row: by a whole network or an encoder.
    ///
    /// # Errors
    /// If they are of another size than the network takes, the source does not have one of them, or the network is a
    /// decoder alone.
    pub fn encode(&self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        if !self.network.has_encoder() {
            return Err(Error::NoEncoder);
        }
        self.network.encode(&self.theta, self.rows_of(source, samples)?.view()).map_err(Error::in_use)
    }

    /// What the decoder makes of codes, one a row: by a whole network or a decoder.
    ///
    /// # Errors
    /// If they are of another size than the network's, or it is an encoder alone.
    pub fn decode(&self, codes: &Array2<T>) -> Result<Array2<T>, Error> {
        if !self.network.has_decoder() {
            return Err(Error::NoDecoder);
        }
        let (network, codes_len) = (self.network.width(self.network.encoder_len()), codes.ncols());
        if network != codes_len {
            return Err(Error::CodeSize { network, codes: codes_len });
        }
        let decoded = self.network.decode(&self.theta, codes.view()).map_err(Error::in_use)?;
        Ok(self.unscaled(decoded))
    }

    /// Samples of these numbers, one a row, as the network takes them.
    fn rows_of(&self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::samples(&self.network, source, "given")?;
        source.check_numbers(samples)?;
        let mut rows = Array2::from_elem((samples.len(), source.features()), T::ZERO);
        if let Some(rows) = rows.as_slice_mut() {
            source.fill_batch(samples, self.network.spec().scale, rows);
        }
        Ok(rows)
    }

    /// Back to the data's own units.
    fn unscaled(&self, mut values: Array2<T>) -> Array2<T> {
        if let Some(Scale { offset, factor }) = self.network.spec().scale {
            values.mapv_inplace(|value| T::from_f64(value.to_f64() * factor + offset));
        }
        values
    }
}
