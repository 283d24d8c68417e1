use handgrad_runs::Settings;

use crate::Result;

/// How a network learns: Adam, unless [`set`](Self::set) says otherwise.
///
/// ```
/// use handgrad::Training;
///
/// let training = Training::epochs(20).batch_size(128).learning_rate(3e-4).early_stopping(5);
/// assert!(format!("{training:?}").contains("128"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    pub(crate) settings: Settings,
}

impl Training {
    /// Every sample is seen so many times; batches of 32 samples, unless another number is given.
    ///
    /// ```
    /// let training = handgrad::Training::epochs(10);
    /// assert_ne!(training, handgrad::Training::epochs(11));
    /// ```
    #[must_use]
    pub fn epochs(epochs: usize) -> Self {
        Self { settings: Settings { epochs: Some(epochs), batch_size: Some(32), ..Settings::default() } }
    }

    /// Samples of a step.
    ///
    /// ```
    /// let training = handgrad::Training::epochs(10).batch_size(256);
    /// # assert_ne!(training, handgrad::Training::epochs(10));
    /// ```
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.settings.batch_size = Some(batch_size);
        self
    }

    /// How far a step goes; 0.001 otherwise.
    ///
    /// ```
    /// let training = handgrad::Training::epochs(10).learning_rate(1e-4);
    /// # assert_ne!(training, handgrad::Training::epochs(10));
    /// ```
    #[must_use]
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.settings.learning_rate = Some(learning_rate);
        self
    }

    /// The seed of the first weights, the order of the samples and all noise; 0 otherwise. The same seed gives the same
    /// weights.
    ///
    /// ```
    /// let training = handgrad::Training::epochs(10).seed(7);
    /// # assert_ne!(training, handgrad::Training::epochs(10));
    /// ```
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Stop after so many epochs in a row without a lower loss on the test samples, and keep the weights of the best
    /// epoch.
    ///
    /// ```
    /// let training = handgrad::Training::epochs(100).early_stopping(5);
    /// # assert_ne!(training, handgrad::Training::epochs(100));
    /// ```
    #[must_use]
    pub fn early_stopping(mut self, patience: usize) -> Self {
        self.settings.early_stopping = Some(patience);
        self
    }

    /// Any setting of a training by its name, as `handgrad train --help` lists them, with `_` for `-`.
    ///
    /// ```
    /// use handgrad::Training;
    ///
    /// let training = Training::epochs(10).set("optimizer", "sgd")?.set("schedule", "cosine")?;
    /// assert!(Training::epochs(10).set("optimiser", "sgd").is_err(), "there is no setting of that name");
    /// # assert_ne!(training, Training::epochs(10));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such setting, or it has no such value.
    pub fn set(mut self, name: &str, value: &str) -> Result<Self> {
        self.settings = Settings::of(&[(name, value)])?.or(self.settings);
        Ok(self)
    }
}
