use std::ops::ControlFlow;

use handgrad_layers::Activation;
use handgrad_models::{Model, Network};
use handgrad_runs::settings::{LossName, ModelName, NoiseName, ScaleName};
use handgrad_runs::{Config, Settings};
use handgrad_trainer::{EpochRecord, Event, Source, Trainer, fit};

use crate::{Data, Error, Result, Training};

/// The description of a network. It is checked by [`train`](Self::train), where the data is known.
///
/// ```
/// use handgrad::prelude::*;
/// use ndarray::Array2;
///
/// let data = Data::from_array(Array2::from_shape_fn((60, 6), |(row, column)| ((row * column) % 5) as f32 / 4.0))?;
/// let model = Autoencoder::dense([4, 2]).loss(Loss::Mse).train(&data, Training::epochs(2))?;
/// assert_eq!(model.reconstruct(data.test())?.dim(), data.test().dim());
/// # Ok::<(), handgrad::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Autoencoder {
    settings: Settings,
}

impl Autoencoder {
    fn of(model: ModelName, layers: Vec<usize>) -> Self {
        let loss = Some(LossName::Mse);
        Self { settings: Settings { model: Some(model), layers: Some(layers), loss, ..Settings::default() } }
    }

    /// An autoencoder of dense layers. The encoder has one layer for each number of units; the last number is the size
    /// of the code. The decoder mirrors the encoder.
    ///
    /// ```
    /// let network = handgrad::Autoencoder::dense([128, 64, 32]);
    /// # assert_ne!(network, handgrad::Autoencoder::dense([64]));
    /// ```
    #[must_use]
    pub fn dense(units: impl Into<Vec<usize>>) -> Self {
        Self::of(ModelName::Dense, units.into())
    }

    /// An autoencoder for images. The encoder has one convolution of stride 2 for each number of channels, and the
    /// decoder mirrors it with transposed convolutions.
    ///
    /// ```
    /// use handgrad::prelude::*;
    /// use ndarray::Array2;
    ///
    /// let images = Array2::from_shape_fn((20, 64), |(row, pixel)| ((row + pixel) % 9) as f32 / 8.0);
    /// let data = Data::from_array(images)?.with_shape([8, 8])?;
    /// let model = Autoencoder::convolutional([4, 2]).train(&data, Training::epochs(1))?;
    /// assert_eq!(model.encode(data.test())?.ncols(), 2 * 2 * 2, "2 channels of 2 × 2 values");
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn convolutional(filters: impl Into<Vec<usize>>) -> Self {
        Self::of(ModelName::StridedConv, filters.into())
    }

    /// A variational autoencoder of dense layers. The encoder has one hidden layer for each number in `hidden`, and a
    /// code of `latent_dim` values.
    ///
    /// ```
    /// use handgrad::prelude::*;
    /// use ndarray::Array2;
    ///
    /// let data = Data::from_array(Array2::from_shape_fn((40, 5), |(row, column)| ((row + column) % 3) as f32 / 2.0))?;
    /// let model = Autoencoder::variational([8], 2).loss(Loss::Bce).train(&data, Training::epochs(1))?;
    /// assert_eq!(handgrad::tasks::latent::drawn(&model, 10, 0)?.dim(), (10, 2));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn variational(hidden: impl Into<Vec<usize>>, latent_dim: usize) -> Self {
        let mut layers = hidden.into();
        layers.push(latent_dim);
        Self::of(ModelName::Vae, layers)
    }

    /// An autoencoder for sequences. An LSTM with `units` units encodes a sequence into a code, and another LSTM
    /// decodes it. A sample has the shape steps × values; a sample with one dimension is a series of single values.
    ///
    /// ```
    /// use handgrad::prelude::*;
    /// use ndarray::Array2;
    ///
    /// let data = Data::from_array(Array2::from_shape_fn((30, 6), |(row, step)| ((row + step) % 4) as f32 / 3.0))?;
    /// let model = Autoencoder::sequence(3).train(&data, Training::epochs(1))?;
    /// assert_eq!(model.encode(data.test())?.ncols(), 3);
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn sequence(units: usize) -> Self {
        Self::of(ModelName::Sequence, vec![units])
    }

    /// Sets the loss. The default is the mean squared error.
    ///
    /// ```
    /// use handgrad::prelude::*;
    ///
    /// let network = Autoencoder::dense([32]).loss(Loss::Bce);
    /// # assert_ne!(network, Autoencoder::dense([32]));
    /// ```
    #[must_use]
    pub fn loss(mut self, loss: LossName) -> Self {
        self.settings.loss = Some(loss);
        self
    }

    /// Sets the activation of the hidden layers of a dense network. The default is ReLU.
    ///
    /// ```
    /// use handgrad::prelude::*;
    ///
    /// let network = Autoencoder::dense([32]).activation(Activation::Tanh);
    /// # assert_ne!(network, Autoencoder::dense([32]));
    /// ```
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.settings.activation = Some(activation);
        self
    }

    /// Sets the activation of the last layer. The default is a sigmoid for data within 0..1, and no activation for
    /// other data.
    ///
    /// ```
    /// use handgrad::prelude::*;
    ///
    /// let network = Autoencoder::dense([32]).output_activation(Activation::Linear);
    /// # assert_ne!(network, Autoencoder::dense([32]));
    /// ```
    #[must_use]
    pub fn output_activation(mut self, activation: Activation) -> Self {
        self.settings.output_activation = Some(activation);
        self
    }

    /// Adds noise to the samples during training, so that the network learns to remove it. `level` is the amount of
    /// noise, for example the standard deviation of Gaussian noise.
    ///
    /// ```
    /// use handgrad::prelude::*;
    ///
    /// let network = Autoencoder::dense([32]).noise(Noise::Masking, 0.3);
    /// # assert_ne!(network, Autoencoder::dense([32]));
    /// ```
    #[must_use]
    pub fn noise(mut self, noise: NoiseName, level: f64) -> Self {
        (self.settings.noise, self.settings.noise_level) = (Some(noise), Some(level));
        self
    }

    /// Scales all values linearly, with the same scale for all of them, to a range in which a network learns well. The
    /// scale is computed from the training samples and is part of the model: its inputs and outputs are in the units of
    /// the data.
    ///
    /// ```
    /// use handgrad::prelude::*;
    /// use ndarray::Array2;
    ///
    /// let data = Data::from_array(Array2::from_shape_fn((40, 3), |(row, column)| (1000 + row * column) as f32))?;
    /// let model = Autoencoder::dense([2]).scale(Scale::MinMax).train(&data, Training::epochs(2))?;
    /// let back = model.reconstruct(data.test())?;
    /// assert!(back.iter().all(|value| (900.0..1200.0).contains(value)));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn scale(mut self, scale: ScaleName) -> Self {
        self.settings.scale = Some(scale);
        self
    }

    /// Sets any setting of a network by its name. `handgrad train --help` lists the settings; write `_` instead of `-`.
    /// Settings of the data, such as `only_class`, are an error in [`train`](Self::train), because the samples are
    /// given as [`Data`].
    ///
    /// ```
    /// use handgrad::Autoencoder;
    ///
    /// let network = Autoencoder::dense([128, 32]).set("dropout", "0.2")?.set("tied", "true")?;
    /// assert!(Autoencoder::dense([32]).set("tied", "perhaps").is_err());
    /// # assert_ne!(network, Autoencoder::dense([128, 32]));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no setting with this name, or if it cannot have this value.
    pub fn set(mut self, name: &str, value: &str) -> Result<Self> {
        self.settings = Settings::of(&[(name, value)])?.or(self.settings);
        Ok(self)
    }

    /// Trains the network on the data's training samples.
    ///
    /// ```
    /// use handgrad::prelude::*;
    ///
    /// let samples = ndarray::Array2::from_shape_fn((40, 4), |(row, column)| ((row + column) % 2) as f32);
    /// let data = Data::from_array(samples)?;
    /// let model = Autoencoder::dense([2]).loss(Loss::Bce).train(&data, Training::epochs(3).batch_size(8))?;
    /// assert_eq!(model.code_len(), 2);
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is not valid or does not fit the data, or if the training fails.
    pub fn train(&self, data: &Data, training: Training) -> Result<Model> {
        self.train_watched(data, training, |_| ControlFlow::Continue(()))
    }

    /// The same as [`train`](Self::train), but calls `on_epoch` after each epoch with its results on the training
    /// samples and on the test samples. `on_epoch` can stop the training by returning `ControlFlow::Break`.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use handgrad::prelude::*;
    ///
    /// let samples = ndarray::Array2::from_shape_fn((40, 4), |(row, column)| ((row + column) % 2) as f32);
    /// let data = Data::from_array(samples)?;
    /// let mut losses = Vec::new();
    /// Autoencoder::dense([2]).train_watched(&data, Training::epochs(9), |epoch| {
    ///     losses.push(epoch.validation_loss);
    ///     if losses.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// })?;
    /// assert_eq!(losses.len(), 3);
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// The same as those of [`train`](Self::train).
    pub fn train_watched(
        &self,
        data: &Data,
        training: Training,
        mut on_epoch: impl FnMut(&EpochRecord) -> ControlFlow<()> + Send,
    ) -> Result<Model> {
        let given = training.settings.or(self.settings.clone());
        refuse_settings_of_data(&given)?;
        let mut config = Config::new(given)?;
        refuse_parts_of_data(config.settings())?;
        let scale = config.scale_for(data.set())?;
        let spec = config.fit_to(data.set(), scale)?;
        let (train, test) = (Source::new(&data.set().train), Source::new(&data.set().validation));
        let mut trainer = Trainer::new(Network::new(&spec)?, &config.training(train.len()))?;
        fit(&mut trainer, &train, &test, &config.plan(), &mut |event| match event {
            Event::Step { .. } => ControlFlow::Continue(()),
            Event::Epoch { record, .. } => on_epoch(record),
        })?;
        Ok(trainer.into_model()?)
    }
}

/// Returns an error if a setting names the data. The samples are given as [`Data`], so it would have no effect.
fn refuse_settings_of_data(given: &Settings) -> Result<()> {
    match (&given.data, &given.data_dir) {
        (None, None) => Ok(()),
        (Some(_), _) => Err(not_here("data", "name the data with Data::named or Data::read")),
        (None, Some(_)) => Err(not_here("data_dir", "set the environment variable HANDGRAD_DATA")),
    }
}

/// Returns an error if a setting or a preset selects a part of the samples. [`Data`] decides which samples are used.
fn refuse_parts_of_data(settings: &Settings) -> Result<()> {
    match (&settings.only_class, settings.validation_split) {
        (None, None) => Ok(()),
        (Some(_), _) => Err(not_here("only_class", "give data that has only samples of those classes")),
        (None, Some(_)) => Err(not_here("validation_split", "Data decides which samples are for testing")),
    }
}

fn not_here(name: &str, instead: &str) -> Error {
    Error::Usage(format!("{name} is a setting of the command line, which has no effect in the library: {instead}"))
}
