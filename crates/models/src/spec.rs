use handgrad_dataset::series::Channels;
use handgrad_dataset::tables::{Column, Schema};
use handgrad_layers::{LossKind, Reduction};
use serde::{Deserialize, Serialize};

use crate::{Encoding, LayerSpec, Scale};

/// The complete description of a network, except its weights. It is stored as TOML in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Shape of one sample: `[28, 28]`, or `[3, 32, 32]` for channels, height and width.
    pub input: Vec<usize>,
    /// The scaling of the values before the network, which is reversed after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// The columns of a table, if the samples are its rows. A sample then has one value for each used column, and the
    /// network gets the values that [`Schema::encode`] makes of them. It is stored beside this specification.
    #[serde(skip)]
    pub table: Option<Schema>,
    /// The channels of the series that the samples are, with what replaces their missing values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Channels>,
    /// What the values of the training data were. `None` for tables and series, whose values are always numbers, and if
    /// it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_kind: Option<ValueKind>,
    /// The file that the model was trained on, if that is a single file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<TrainedOn>,
    /// The loss that training minimises. For a table it is that of the columns of numbers.
    pub loss: LossKind,
    /// Whether the loss of a sample is the mean or the sum over its values.
    pub reduction: Reduction,
    /// The layers from the sample to the code.
    pub encoder: Vec<LayerSpec>,
    /// The layers from the code back to the sample, or for a classifier the head, from the code to one logit for each
    /// class.
    pub decoder: Vec<LayerSpec>,
    /// The names of the classes, if the network is a [`classifier`](crate::classifier). They are stored beside this
    /// specification.
    #[serde(skip)]
    pub classes: Vec<String>,
}

/// What the values of samples are, before they are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    /// Bytes, which are divided by 255.
    Bytes,
    /// Numbers within 0..1.
    Unit,
    /// Other numbers.
    Numbers,
}

/// A file that a model was trained on. It is known by its content, so it may be moved and renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedOn {
    /// The SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// The length of the file.
    pub bytes: u64,
    /// The seed with which the held-out samples were drawn.
    pub seed: u64,
}

impl Spec {
    /// Returns an autoencoder with these layers, with the default reduction of the loss and without a scale.
    /// [`builders`](crate::builders) has short forms for the layers.
    ///
    /// ```
    /// use handgrad_layers::LossKind;
    /// use handgrad_models::builders::{conv2d, max_pool2d, upsample2d};
    /// use handgrad_models::{Network, Spec};
    ///
    /// let encoder = [conv2d(8, 3).relu(), max_pool2d(2)];
    /// let decoder = [upsample2d(2), conv2d(1, 3).sigmoid()];
    /// let network = Network::<f32>::new(&Spec::autoencoder(&[28, 28], encoder, decoder, LossKind::Mse))?;
    /// assert_eq!(network.shape(2), [8, 14, 14]);
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    #[must_use]
    pub fn autoencoder(
        input: &[usize],
        encoder: impl IntoIterator<Item = LayerSpec>,
        decoder: impl IntoIterator<Item = LayerSpec>,
        loss: LossKind,
    ) -> Self {
        Self {
            input: input.to_vec(),
            scale: None,
            table: None,
            series: None,
            value_kind: None,
            trained_on: None,
            loss,
            reduction: loss.usual_reduction(),
            encoder: encoder.into_iter().collect(),
            decoder: decoder.into_iter().collect(),
            classes: Vec::new(),
        }
    }

    /// Returns the widths of the groups of values that are missing together: the columns of a table. Without a table,
    /// each value of a step is a group.
    #[must_use]
    pub fn groups(&self) -> Vec<usize> {
        match &self.table {
            Some(table) => table.used().map(Column::width).collect(),
            None => vec![1; self.input.last().copied().unwrap_or(0)],
        }
    }

    /// Returns whether the network takes missing values: whether its first layer is a mask.
    #[must_use]
    pub fn takes_missing(&self) -> bool {
        matches!(self.encoder.first(), Some(LayerSpec::Mask { .. }))
    }

    /// Returns whether samples may have missing values: whether the network takes them, or all columns of the table
    /// have a value to fill in.
    #[must_use]
    pub fn allows_missing(&self) -> bool {
        let fills = |table: &Schema| table.used().all(|column| column.fill.is_some());
        self.takes_missing() || self.table.as_ref().is_some_and(fills)
    }

    /// Returns how the values of a sample become values of the network.
    #[must_use]
    pub fn encoding(&self) -> Encoding<'_> {
        match (&self.table, &self.scale) {
            (Some(table), _) => Encoding::Table(table),
            (None, Some(scale)) => Encoding::Scaled(scale),
            (None, None) => Encoding::Same,
        }
    }

    /// Returns the number of values of one sample in the units of the data: one for each used column of a table.
    #[must_use]
    pub fn values(&self) -> usize {
        self.table.as_ref().map_or(self.features(), |table| table.used().count())
    }

    /// Returns the number of values of one sample in the units of the network, or `usize::MAX` if it is larger than
    /// that.
    #[must_use]
    pub fn features(&self) -> usize {
        features(&self.input)
    }

    /// Iterates over all layers, first those of the encoder.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = &LayerSpec> {
        self.encoder.iter().chain(&self.decoder)
    }
}

/// Returns the number of values of one sample of this shape, or `usize::MAX` if it is larger than that.
pub(crate) fn features(input: &[usize]) -> usize {
    input.iter().fold(1, |product, &dim| product.saturating_mul(dim))
}
