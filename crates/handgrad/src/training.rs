use handgrad_runs::Settings;

use crate::Result;

/// How a network is trained. The default optimizer is Adam; [`set`](Self::set) can choose another one.
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
    /// A training of `epochs` epochs: each sample is used that many times. The default batch size is 32.
    ///
    /// ```
    /// let training = handgrad::Training::epochs(10);
    /// assert_ne!(training, handgrad::Training::epochs(11));
    /// ```
    #[must_use]
    pub fn epochs(epochs: usize) -> Self {
        Self { settings: Settings { epochs: Some(epochs), batch_size: Some(32), ..Settings::default() } }
    }

    /// Sets the number of samples in one step of the optimizer. The default is 32.
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

    /// Sets the learning rate. The default is 0.001.
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

    /// Sets the seed of the initial weights, the order of the samples and all noise. The default is 0. The same seed
    /// gives the same weights.
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

    /// Stops the training after `patience` epochs in a row without a lower loss on the test samples, and keeps the
    /// weights of the best epoch.
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

    /// Sets any setting of a training by its name. `handgrad train --help` lists the settings; write `_` for `-`.
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
    /// If there is no setting with this name, or if it cannot have this value.
    pub fn set(mut self, name: &str, value: &str) -> Result<Self> {
        self.settings = Settings::of(&[(name, value)])?.or(self.settings);
        Ok(self)
    }
}
