//! One training step, in two phases.
//!
//! *Rows:* each shard of the batch runs forward, loss and the chain of `backward_input`, on its own. *Weights:* for
//! each block of the parameters the gradient is summed over all rows in order, and the optimiser moves that block at
//! once, while it is in cache. (Where the gradient is clipped, all of it is needed first: see `weights.rs`.) No value
//! depends on how many threads there are or how large a shard is.

mod predict;
mod weights;

use std::sync::atomic::AtomicBool;

use handgrad_layers::{Optimizer, Scalar};
use handgrad_models::{Model, Network};
use ndarray::Array2;

use crate::engine::{Engine, check_memory};
use crate::rows::Job;
use crate::{Error, Evaluation, Source, Training, check};

/// A network with its weights, the optimiser with its running values, and the memory that a step needs.
pub struct Trainer<T> {
    pub(crate) network: Network<T>,
    pub(crate) engine: Engine<T>,
    training: Training,
    /// Of the next step: the schedule's, where there is one.
    learning_rate: f64,
    clipping: Option<weights::Clipping<T>>,
    theta: Vec<T>,
    slots: [Vec<T>; 2],
    steps: u64,
    /// Were all weights numbers after the last step?
    finite: AtomicBool,
    finished_epochs: usize,
    /// Samples that the steps of the epoch after those have seen.
    seen: usize,
}

impl<T: Scalar> Trainer<T> {
    /// Starts from fresh weights.
    ///
    /// # Errors
    /// If a setting has no sensible value, or there is too little memory.
    pub fn new(network: Network<T>, training: &Training) -> Result<Self, Error> {
        let theta = network.init(training.seed);
        Self::with_weights(network, theta, training)
    }

    /// Starts from the given weights.
    ///
    /// # Errors
    /// If there are not as many weights as the network has, a setting has no sensible value, or there is too little
    /// memory.
    pub fn with_weights(network: Network<T>, theta: Vec<T>, training: &Training) -> Result<Self, Error> {
        training.check()?;
        check::weights(&network, &theta)?;
        check_memory(Self::memory_needed(&network, training))?;
        let training = *training;
        let slots = [0, 1].map(|slot| vec![T::ZERO; if slot < training.optimizer.slots() { theta.len() } else { 0 }]);
        Ok(Self {
            engine: Engine::new(&network, training.batch_size),
            learning_rate: training.optimizer.learning_rate(),
            clipping: training.clip_norm.map(|max_norm| weights::Clipping::new(max_norm, theta.len())),
            network,
            training,
            theta,
            slots,
            steps: 0,
            finite: AtomicBool::new(true),
            finished_epochs: 0,
            seen: 0,
        })
    }

    /// Bytes that a trainer of this network takes: weights, running values, a batch on its way through the layers, and
    /// the whole gradient where it is clipped.
    #[must_use]
    pub fn memory_needed(network: &Network<T>, training: &Training) -> usize {
        let copies = 1 + training.optimizer.slots() + usize::from(training.clip_norm.is_some());
        let weights = network.param_count().saturating_mul(copies);
        weights.saturating_add(Engine::values_needed(network, training.batch_size)).saturating_mul(size_of::<T>())
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The weights, θ.
    #[must_use]
    pub fn theta(&self) -> &[T] {
        &self.theta
    }

    /// One parameter by its name in the model file, such as `0.weight`; None if there is none of that name. Its values
    /// are row-major and in the shape of [`ParamSpec`](handgrad_layers::ParamSpec): a dense layer's weight has a row
    /// for each input, which in the file is a column.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&[T]> {
        let has_name = |other: &str| other == name;
        let param = self.network.params().iter().find(|param| {
            has_name(&param.torch_name) || param.tie.as_ref().is_some_and(|tie| has_name(&tie.torch_name))
        })?;
        Some(&self.theta[param.range.clone()])
    }

    /// Puts other weights in their place.
    ///
    /// # Errors
    /// If there are not as many.
    pub fn set_theta(&mut self, theta: &[T]) -> Result<(), Error> {
        check::weights(&self.network, theta)?;
        self.theta.copy_from_slice(theta);
        Ok(())
    }

    /// How it trains, as it was given.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The optimiser as it was given: with the learning rate that a schedule starts from.
    #[must_use]
    pub fn optimizer(&self) -> &Optimizer {
        &self.training.optimizer
    }

    /// The learning rate of the next steps, instead of the optimiser's own.
    ///
    /// # Errors
    /// If it is below 0, or not a finite number.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error> {
        self.training.optimizer.with_learning_rate(learning_rate).check()?;
        self.learning_rate = learning_rate;
        Ok(())
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Epochs finished so far: the steps have seen as many samples as their source has, so many times.
    #[must_use]
    pub fn finished_epochs(&self) -> usize {
        self.finished_epochs
    }

    /// The terms of the loss that the last step or gradient returned, named by [`Network::term_names`]: they add up to
    /// it.
    #[must_use]
    pub fn terms(&self) -> &[f64] {
        &self.engine.terms
    }

    /// Samples that a step takes at most.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.training.batch_size
    }

    /// Writes NaN over all memory that a step must not read before it writes it: for tests.
    #[cfg(feature = "poison")]
    pub fn poison(&mut self) {
        self.engine.poison();
        self.clipping.iter_mut().for_each(weights::Clipping::poison);
    }

    /// One step on the given samples, at most [`batch_size`](Self::batch_size) of them. Returns the loss before the
    /// step.
    ///
    /// What is random in a step depends on its epoch. An epoch ends by itself, after the step with which the samples
    /// seen are as many as `source` has.
    ///
    /// Allocates nothing as long as it is called on a rayon thread.
    ///
    /// # Panics
    /// If the source does not have one of the samples ("sample 15 does not exist: …"), there are more samples than a
    /// batch has, or none ("a batch has 1 to 32 samples, …"), they are of another size than the network takes, or the
    /// network is a part of one.
    pub fn step(&mut self, source: &Source, samples: &[u32]) -> f64 {
        if let Err(error) = check::batch(&self.network, source, samples, self.batch_size()) {
            panic!("{error}");
        }
        let loss = self.train_rows(source, samples);
        self.steps += 1;
        self.weights(samples.len());
        self.seen += samples.len();
        if self.seen >= source.len() {
            (self.finished_epochs, self.seen) = (self.finished_epochs + 1, 0);
        }
        loss
    }

    /// Phase one, with what is random in this epoch. Returns the loss.
    fn train_rows(&mut self, source: &Source, samples: &[u32]) -> f64 {
        let random = [self.training.seed, self.finished_epochs as u64 + 1];
        let Self { engine, network, theta, .. } = self;
        engine.rows(Job::train(network, theta, source, random), samples);
        engine.mean_terms(samples.len())
    }

    /// Loss and ∂L/∂θ of the given samples, at most [`batch_size`](Self::batch_size) of them. They are not learnt from.
    ///
    /// # Errors
    /// If there are more of them, or none, the source does not have one, they are of another size than the network
    /// takes, or the network is a part of one.
    pub fn gradient(&mut self, source: &Source, samples: &[u32]) -> Result<(f64, Vec<T>), Error> {
        check::batch(&self.network, source, samples, self.batch_size())?;
        let loss = self.train_rows(source, samples);
        Ok((loss, self.engine.gradient(&self.network, samples.len())))
    }

    /// ∂L/∂x of the given samples, one a row: how the loss of this batch changes with what the network is given, while
    /// the target stays as it is. L is measured as [`evaluate`](Self::evaluate) does it, and x is in the data's own
    /// units.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    pub fn input_gradient(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        check::batch(&self.network, source, samples, self.batch_size())?;
        let Self { engine, network, theta, .. } = self;
        let mut inputs = vec![T::ZERO; samples.len() * network.width(0)];
        engine.input_gradient(Job::measure(network, theta, source), samples, &mut inputs);
        if let Some(scale) = network.spec().scale {
            // The network is given (x − offset)/factor.
            let factor = T::from_f64(scale.factor);
            inputs.iter_mut().for_each(|value| *value /= factor);
        }
        let mut gradient = Array2::from_elem((samples.len(), network.width(0)), T::ZERO);
        gradient.iter_mut().zip(inputs).for_each(|(to, from)| *to = from);
        Ok(gradient)
    }

    /// Mean loss over all samples of `source`, which are not learnt from. It does not depend on the batch size, to the
    /// bit.
    ///
    /// # Errors
    /// If there are none, they do not fit the network or have values that are no finite numbers, or the network is a
    /// part of one.
    pub fn evaluate(&mut self, source: &Source) -> Result<Evaluation, Error> {
        check::set(&self.network, source, "validation")?;
        Ok(self.measure(source))
    }

    /// The same of samples that were checked.
    pub(crate) fn measure(&mut self, source: &Source) -> Evaluation {
        self.engine.evaluate(&self.network, &self.theta, source)
    }

    /// Mean loss of the given samples, a batch of them, by an untrained network: with the weights that the seed gives.
    /// This overwrites the memory of the last step, but not its terms, and allocates.
    pub(crate) fn untrained_loss(&mut self, source: &Source, samples: &[u32]) -> f64 {
        let theta = self.network.init(self.training.seed);
        let Self { engine, network, .. } = self;
        // The terms of the step that is being judged are still needed.
        let terms = engine.terms.clone();
        engine.rows(Job::measure(network, &theta, source), samples);
        let loss = engine.mean_terms(samples.len());
        engine.terms = terms;
        loss
    }

    /// The first layer whose output over the samples of `source` is no number.
    pub(crate) fn blame_on(&mut self, source: &Source) -> Option<String> {
        self.engine.blame_on(&self.network, &self.theta, source)
    }

    /// Says where the training is: after so many epochs, and so many samples into the next one, with the learning rate
    /// of its schedule.
    pub(crate) fn set_place(&mut self, finished_epochs: usize, seen: usize, learning_rate: f64) {
        (self.finished_epochs, self.seen, self.learning_rate) = (finished_epochs, seen, learning_rate);
    }
}

impl Trainer<f32> {
    /// The network with its weights, to use.
    ///
    /// # Errors
    /// If a weight is no number.
    pub fn into_model(self) -> Result<Model, Error> {
        Model::new(self.network, self.theta).map_err(Error::in_use)
    }
}
