//! One training step, in two phases.
//!
//! *Rows:* each shard of the batch runs the forward pass, the loss and the chain of `backward_input` independently of
//! the other shards; or the threads divide the units of one layer after another (see `layered.rs`). *Weights:* for each
//! block of the parameters, the gradient is summed over all rows in order, and the optimiser updates the block
//! immediately, while it is in cache. (If the gradient is clipped, the whole gradient is needed first: see
//! `weights.rs`.) No value depends on the number of threads or on the size of a shard.

mod predict;
mod weights;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use handgrad_kernels::team::{Hands, Timing};
use handgrad_layers::{Optimizer, Scalar};
use handgrad_models::{Model, Network};
use ndarray::Array2;

use crate::aligned::Aligned;
use crate::engine::{Engine, check_memory};
use crate::rows::Job;
use crate::{Error, Evaluation, Source, Training, check};

/// A network with its weights, the optimiser with its running values, and the memory that a step needs.
pub struct Trainer<T> {
    pub(crate) network: Network<T>,
    pub(crate) engine: Engine<T>,
    training: Training,
    /// The learning rate of the next step, which a schedule may have changed.
    learning_rate: f64,
    clipping: Option<weights::Clipping<T>>,
    theta: Aligned<T>,
    slots: [Aligned<T>; 2],
    steps: u64,
    /// Whether all weights were finite after the last step.
    finite: AtomicBool,
    finished_epochs: usize,
    /// Number of samples used so far in the epoch after the finished ones.
    seen: usize,
}

impl<T: Scalar> Trainer<T> {
    /// Creates a trainer with newly initialised weights. It starts as many threads as the rayon pool has in which it is
    /// created, and uses them in every later step, in whichever pool that step is made.
    ///
    /// # Errors
    /// If a setting has an invalid value, or there is not enough memory.
    pub fn new(network: Network<T>, training: &Training) -> Result<Self, Error> {
        let theta = network.init(training.seed);
        Self::with_weights(network, theta, training)
    }

    /// Creates a trainer with the given weights.
    ///
    /// # Errors
    /// If the number of weights is wrong, a setting has an invalid value, or there is not enough memory.
    pub fn with_weights(network: Network<T>, theta: Vec<T>, training: &Training) -> Result<Self, Error> {
        training.check()?;
        check::weights(&network, &theta)?;
        check_memory(Self::memory_needed(&network, training))?;
        let training = *training;
        let used = |slot| if slot < training.optimizer.slots() { theta.len() } else { 0 };
        let slots = [0, 1].map(|slot| Aligned::filled(T::ZERO, used(slot)));
        Ok(Self {
            engine: Engine::new(&network, training.batch_size),
            learning_rate: training.optimizer.learning_rate(),
            clipping: training.clip_norm.map(|max_norm| weights::Clipping::new(max_norm, theta.len())),
            network,
            training,
            theta: Aligned::copied(&theta, T::ZERO),
            slots,
            steps: 0,
            finite: AtomicBool::new(true),
            finished_epochs: 0,
            seen: 0,
        })
    }

    /// Returns the number of bytes that a trainer of this network needs: the weights, the running values, the memory
    /// of a batch in all layers, and the whole gradient if it is clipped.
    #[must_use]
    pub fn memory_needed(network: &Network<T>, training: &Training) -> usize {
        let copies = 1 + training.optimizer.slots() + usize::from(training.clip_norm.is_some());
        let weights = network.param_count().saturating_mul(copies);
        weights.saturating_add(Engine::values_needed(network, training.batch_size)).saturating_mul(size_of::<T>())
    }

    /// Returns the network.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// Returns the weights θ.
    #[must_use]
    pub fn theta(&self) -> &[T] {
        &self.theta
    }

    /// Returns one parameter by its name in the model file, such as `0.weight`, or None if there is no such name. The
    /// values are row-major and have the shape of [`ParamSpec`](handgrad_layers::ParamSpec). The weight of a dense
    /// layer has one row for each input here. In the file it is transposed, with one column for each input.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&[T]> {
        let has_name = |other: &str| other == name;
        let param = self.network.params().iter().find(|param| {
            has_name(&param.torch_name) || param.tie.as_ref().is_some_and(|tie| has_name(&tie.torch_name))
        })?;
        Some(&self.theta[param.range.clone()])
    }

    /// Replaces the weights.
    ///
    /// # Errors
    /// If the number of weights is wrong.
    pub fn set_theta(&mut self, theta: &[T]) -> Result<(), Error> {
        check::weights(&self.network, theta)?;
        self.theta.copy_from_slice(theta);
        Ok(())
    }

    /// Returns the settings of the training.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// Returns the optimiser with its original settings, including the learning rate from which a schedule starts.
    #[must_use]
    pub fn optimizer(&self) -> &Optimizer {
        &self.training.optimizer
    }

    /// Sets the learning rate of the next steps, instead of that of the optimiser.
    ///
    /// # Errors
    /// If the learning rate is below 0 or not finite.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error> {
        self.training.optimizer.with_learning_rate(learning_rate).check()?;
        self.learning_rate = learning_rate;
        Ok(())
    }

    /// Returns the number of steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the number of finished epochs. An epoch is finished when its steps have used as many samples as the
    /// source has.
    #[must_use]
    pub fn finished_epochs(&self) -> usize {
        self.finished_epochs
    }

    /// Returns the terms of the loss that the last step or gradient returned, with the names of
    /// [`Network::term_names`]. Their sum is the loss.
    #[must_use]
    pub fn terms(&self) -> &[f64] {
        &self.engine.terms
    }

    /// Returns the largest number of samples of a step.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.training.batch_size
    }

    /// Fills all memory that a step must write before it reads it with NaN, for tests.
    #[cfg(feature = "poison")]
    pub fn poison(&mut self) {
        self.engine.poison();
        self.clipping.iter_mut().for_each(weights::Clipping::poison);
    }

    /// Makes one training step with the given samples, at most [`batch_size`](Self::batch_size) of them. Returns the
    /// loss before the step.
    ///
    /// The random numbers of a step depend on its epoch. An epoch ends automatically, after the step in which the
    /// number of samples used reaches the number of samples of `source`.
    ///
    /// It allocates nothing.
    ///
    /// # Panics
    /// If a sample does not exist ("sample 15 does not exist: …"), there are no samples or more than a batch may have
    /// ("a batch has 1 to 32 samples, …"), the samples have the wrong size, or the network is only a part of a model.
    pub fn step(&mut self, source: &Source, samples: &[u32]) -> f64 {
        let mut loss = 0.0;
        self.run_steps(source, std::iter::once(samples), |_, _, of_step| {
            loss = of_step;
            ControlFlow::Continue(())
        });
        loss
    }

    /// Makes a training step like [`step`](Self::step) with each of the batches, until `after` returns `Break`. It is
    /// called after each step, with the trainer, the batch and its loss. The threads stay awake between the steps. If
    /// `after` makes the trainer compute something, that is done by one thread alone.
    ///
    /// # Panics
    /// As [`step`](Self::step).
    pub fn run_steps<'s>(
        &mut self,
        source: &Source,
        batches: impl Iterator<Item = &'s [u32]>,
        mut after: impl FnMut(&mut Self, &[u32], f64) -> ControlFlow<()>,
    ) {
        let team = Arc::clone(&self.engine.team);
        team.gather(|hands| {
            for samples in batches {
                let loss = self.step_with(source, samples, hands);
                if after(self, samples, loss).is_break() {
                    break;
                }
            }
        });
    }

    /// Makes steps like [`run_steps`](Self::run_steps), and returns how long the leading thread worked on each part of
    /// them and waited for the other threads after it. Parts that are not divided are not in the list.
    pub fn timed_steps<'s>(&mut self, source: &Source, batches: impl Iterator<Item = &'s [u32]>) -> Vec<Timing> {
        self.engine.team.set_timed(true);
        self.run_steps(source, batches, |_, _, _| ControlFlow::Continue(()));
        self.engine.team.set_timed(false);
        self.engine.team.timings()
    }

    fn step_with(&mut self, source: &Source, samples: &[u32], hands: &mut Hands) -> f64 {
        if let Err(error) = check::batch(&self.network, source, samples, self.batch_size()) {
            panic!("{error}");
        }
        let loss = self.train_rows(source, samples, hands);
        self.steps += 1;
        self.weights(samples.len(), hands);
        self.seen += samples.len();
        if self.seen >= source.len() {
            (self.finished_epochs, self.seen) = (self.finished_epochs + 1, 0);
        }
        loss
    }

    /// Runs phase one with the random numbers of the current epoch. Returns the loss.
    fn train_rows(&mut self, source: &Source, samples: &[u32], hands: &mut Hands) -> f64 {
        let random = [self.training.seed, self.finished_epochs as u64 + 1];
        let Self { engine, network, theta, .. } = self;
        engine.rows(Job::train(network, theta, source, random), samples, hands);
        engine.mean_terms(samples.len())
    }

    /// Returns the loss and ∂L/∂θ for the given samples, at most [`batch_size`](Self::batch_size) of them, without a
    /// training step.
    ///
    /// # Errors
    /// If there are more samples or none, a sample does not exist, the samples have the wrong size, or the network is
    /// only a part of a model.
    pub fn gradient(&mut self, source: &Source, samples: &[u32]) -> Result<(f64, Vec<T>), Error> {
        check::batch(&self.network, source, samples, self.batch_size())?;
        let team = Arc::clone(&self.engine.team);
        let loss = team.gather(|hands| self.train_rows(source, samples, hands));
        Ok((loss, self.engine.gradient(&self.network, samples.len())))
    }

    /// Returns ∂L/∂x for the given samples, one in each row: the derivative of the loss of this batch by the input of
    /// the network, with a constant target. L is computed as in [`evaluate`](Self::evaluate), and x is in the units
    /// of the data.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    pub fn input_gradient(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::batch(&self.network, source, samples, self.batch_size())?;
        let Self { engine, network, theta, .. } = self;
        let mut inputs = vec![T::ZERO; samples.len() * network.width(0)];
        let team = Arc::clone(&engine.team);
        team.gather(|hands| {
            engine.input_gradient(Job::measure(network, theta, source), samples, &mut inputs, hands);
        });
        let mut gradient = Array2::from_elem((samples.len(), network.width(0)), T::ZERO);
        gradient.iter_mut().zip(inputs).for_each(|(to, from)| *to = from);
        if let Some(scale) = &network.spec().scale {
            // The input of the network is (x − offset)/factor.
            gradient.indexed_iter_mut().for_each(|((_, at), value)| *value /= T::from_f64(scale.factor_at(at)));
        }
        Ok(gradient)
    }

    /// Returns the mean loss over all samples of `source`, without training. It does not depend on the batch size, to
    /// the bit.
    ///
    /// # Errors
    /// If there are no samples, they do not fit the network or have values that are not finite, or the network is
    /// only a part of a model.
    pub fn evaluate(&mut self, source: &Source) -> Result<Evaluation, Error> {
        check::set(&self.network, source, "validation")?;
        Ok(self.measure(source))
    }

    /// Like [`evaluate`](Self::evaluate), for samples that were checked.
    pub(crate) fn measure(&mut self, source: &Source) -> Evaluation {
        self.engine.evaluate(&self.network, &self.theta, source)
    }

    /// Returns the mean loss of an untrained network, with the initial weights of the seed, on the given samples,
    /// which are at most one batch. It overwrites the memory of the last step, but not its terms, and it allocates
    /// memory.
    pub(crate) fn untrained_loss(&mut self, source: &Source, samples: &[u32]) -> f64 {
        let theta = self.network.init(self.training.seed);
        let Self { engine, network, .. } = self;
        // The terms of the last step are still needed.
        let terms = engine.terms.clone();
        let team = Arc::clone(&engine.team);
        team.gather(|hands| engine.rows(Job::measure(network, &theta, source), samples, hands));
        let loss = engine.mean_terms(samples.len());
        engine.terms = terms;
        loss
    }

    /// Returns the first layer whose output for the samples of `source` is not finite.
    pub(crate) fn blame_on(&mut self, source: &Source) -> Option<String> {
        self.engine.blame_on(&self.network, &self.theta, source)
    }

    /// Sets the place of the training: the number of finished epochs, the number of samples used in the next epoch,
    /// and the learning rate.
    pub(crate) fn set_place(&mut self, finished_epochs: usize, seen: usize, learning_rate: f64) {
        (self.finished_epochs, self.seen, self.learning_rate) = (finished_epochs, seen, learning_rate);
    }
}

impl Trainer<f32> {
    /// Returns the network and its weights as a model for inference.
    ///
    /// # Errors
    /// If a weight is not finite.
    pub fn into_model(self) -> Result<Model, Error> {
        Model::new(self.network, self.theta.to_vec()).map_err(Error::in_use)
    }
}
