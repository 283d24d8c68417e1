use std::ops::ControlFlow;

use handgrad_layers::Activation;
use handgrad_models::{Model, Network};
use handgrad_runs::settings::{LossName, ModelName, NoiseName, ScaleName};
use handgrad_runs::{Config, Settings};
use handgrad_trainer::{EpochRecord, Event, Source, Trainer, fit};

use crate::{Data, Error, Result, Training};

/// What a network is made of. Nothing is checked before [`train`](Self::train), where the data is known.
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

    /// Dense layers of these units, the last one the size of the code; the decoder mirrors them.
    ///
    /// ```
    /// let network = handgrad::Autoencoder::dense([128, 64, 32]);
    /// # assert_ne!(network, handgrad::Autoencoder::dense([64]));
    /// ```
    #[must_use]
    pub fn dense(units: impl Into<Vec<usize>>) -> Self {
        Self::of(ModelName::Dense, units.into())
    }

    /// Convolutions of stride 2 with these channels, and transposed ones back: for images.
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

    /// A variational autoencoder of dense layers: these hidden units, then a code of `latent_dim` places.
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

    /// An LSTM of so many units reads a sequence into a code, another one writes it out again. A sample is steps ×
    /// values; one without steps is a series of single values.
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

    /// What to make small: the mean squared error, unless another loss is given.
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

    /// Activation of the hidden layers of a dense network; ReLU otherwise.
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

    /// Activation of the last layer; otherwise a sigmoid for data within 0..1, and none for any other.
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

    /// Noise to put on the samples, which the network is to undo, and how much of it.
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

    /// Moves all values alike, so that those of the training samples lie where a network learns well. The model keeps
    /// the scale: what goes in and comes out of it is in the data's own units.
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

    /// Any setting of a network by its name, as `handgrad train --help` lists them, with `_` for `-`. Settings of the
    /// data, such as `only_class`, are refused when it is trained: [`Data`] says what the samples are.
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
    /// If there is no such setting, or it has no such value.
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
    /// If a setting makes no sense or does not go with the data, or the training goes wrong.
    pub fn train(&self, data: &Data, training: Training) -> Result<Model> {
        self.train_watched(data, training, |_| ControlFlow::Continue(()))
    }

    /// As [`train`](Self::train); `on_epoch` is told what each epoch came to, on the training and on the test samples,
    /// and may stop the training.
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
    /// As [`train`](Self::train).
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
        let scale = config.scale_for(&data.set().train)?;
        let spec = config.fit_to(data.set(), scale)?;
        let (train, test) = (Source::new(&data.set().train), Source::new(&data.set().validation));
        let mut trainer = Trainer::new(Network::new(&spec)?, &config.training(train.len()))?;
        fit(&mut trainer, &train, &test, &config.plan(), &mut |event| match event {
            Event::Step { .. } => ControlFlow::Continue(()),
            Event::Epoch(record) => on_epoch(record),
        })?;
        Ok(trainer.into_model()?)
    }
}

/// The samples come as [`Data`]: a setting that names others would have no effect.
fn refuse_settings_of_data(given: &Settings) -> Result<()> {
    match (&given.data, &given.data_dir) {
        (None, None) => Ok(()),
        (Some(_), _) => Err(not_here("data", "name the data with Data::named or Data::read")),
        (None, Some(_)) => Err(not_here("data_dir", "set the environment variable HANDGRAD_DATA")),
    }
}

/// Which samples are learnt from is said by [`Data`] too, also where a preset says otherwise.
fn refuse_parts_of_data(settings: &Settings) -> Result<()> {
    match (&settings.only_class, settings.validation_split) {
        (None, None) => Ok(()),
        (Some(_), _) => Err(not_here("only_class", "give data that holds samples of those classes alone")),
        (None, Some(_)) => Err(not_here("validation_split", "Data says which samples are for testing")),
    }
}

fn not_here(name: &str, instead: &str) -> Error {
    Error::Usage(format!("{name} is a setting of the command, which has no effect on a training here: {instead}"))
}
