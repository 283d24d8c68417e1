//! The network in use: samples to codes, and codes to samples, in the units that the network computes in.

use handgrad_layers::{BatchRows, Scalar};
use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::Trainer;
use crate::rows::{Job, Phase};
use crate::{Error, Source, check};

impl<T: Scalar> Trainer<T> {
    /// The predictions for the given samples, one a row. Samples and predictions are as the network takes and gives
    /// them: no [`Scale`](handgrad_models::Scale) is applied.
    ///
    /// # Errors
    /// If they are of another size than the network takes, the source does not have one of them, or the network is a
    /// part of one.
    pub fn predict(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::whole(&self.network)?;
        let last = self.network.layers().len();
        let mut predictions = self.outputs_of(source, samples, last)?;
        self.finish(&mut predictions);
        Ok(predictions)
    }

    /// The codes of the given samples, one a row: by a whole network or an encoder. The samples are as the network
    /// takes them: no [`Scale`](handgrad_models::Scale) is applied.
    ///
    /// # Errors
    /// If they are of another size than the network takes, the source does not have one of them, or the network is a
    /// decoder alone.
    pub fn encode(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        if !self.network.has_encoder() {
            return Err(Error::NoEncoder);
        }
        self.outputs_of(source, samples, self.network.encoder_len())
    }

    /// What the decoder makes of codes, one a row: by a whole network or a decoder.
    ///
    /// # Errors
    /// If they are of another size than the network's, or it is an encoder alone.
    pub fn decode(&mut self, codes: &Array2<T>) -> Result<Array2<T>, Error> {
        if !self.network.has_decoder() {
            return Err(Error::NoDecoder);
        }
        let Self { network, engine, theta, .. } = self;
        let (first, last) = (network.encoder_len(), network.layers().len());
        if codes.ncols() != network.width(first) {
            return Err(Error::CodeSize { network: network.width(first), codes: codes.ncols() });
        }
        let mut all = Array2::from_elem((codes.nrows(), network.width(last)), T::ZERO);
        let numbers: Vec<u32> = (0..engine.batch_size() as u32).collect();
        let job = Job::predict(network, theta, None);
        let (arena, workspace, memory) = (&engine.arena, &engine.workspace, &mut engine.memory);
        let phase = Phase { job, arena, workspace, batch: numbers.len(), backward: false };
        let width = codes.ncols();
        for (codes, mut outputs) in
            codes.axis_chunks_iter(Axis(0), numbers.len()).zip(all.axis_chunks_iter_mut(Axis(0), numbers.len()))
        {
            let rows = codes.nrows();
            let codes: Vec<T> = codes.iter().copied().collect();
            let shards = codes.par_chunks(arena.shard_rows() * width);
            memory.par_chunks_mut(arena.shard_len()).zip(shards).for_each(|(shard, codes)| {
                let rows = codes.len() / width;
                arena.x(shard, first, rows).copy_from_slice(codes);
                phase.forward_from(first, shard, &numbers[..rows]);
            });
            copy_rows(arena.batch_x(memory, last, rows), &mut outputs);
        }
        self.finish(&mut all);
        Ok(all)
    }

    /// What layer number `at` is given for the samples, one a row.
    fn outputs_of(&mut self, source: &Source, samples: &[u32], at: usize) -> Result<Array2<T>, Error> {
        check::samples(&self.network, source, "given")?;
        source.check_numbers(samples)?;
        let Self { network, engine, theta, .. } = self;
        let mut all = Array2::from_elem((samples.len(), network.width(at)), T::ZERO);
        let batch_size = engine.batch_size();
        for (samples, mut outputs) in samples.chunks(batch_size).zip(all.axis_chunks_iter_mut(Axis(0), batch_size)) {
            engine.forward(Job::predict(network, theta, Some(source)), samples);
            copy_rows(engine.arena.batch_x(&engine.memory, at, samples.len()), &mut outputs);
        }
        Ok(all)
    }

    /// The last layer's outputs become predictions.
    fn finish(&self, outputs: &mut Array2<T>) {
        for mut row in outputs.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                self.network.output().forward(row);
            }
        }
    }
}

fn copy_rows<T: Scalar>(from: BatchRows<T>, to: &mut ArrayViewMut2<T>) {
    for (mut to, from) in to.rows_mut().into_iter().zip(from.iter()) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
    }
}
