//! Where samples come from: the line of a file, a time, the name of a series or of a picture.

/// For each sample, where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// What is known of each sample: the names of the columns.
    columns: Vec<String>,
    /// The cells of all samples, one sample after another.
    cells: Vec<Box<str>>,
}

impl Places {
    /// No places yet, with columns of these names.
    pub(crate) fn new(columns: Vec<String>) -> Self {
        Self { columns, cells: Vec::new() }
    }

    /// Adds the place of the next sample: one cell for each column.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = Box<str>>) {
        self.cells.extend(cells);
    }

    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// Returns whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The cells of a sample, one for each column. Empty if there is no such sample.
    #[must_use]
    pub fn of(&self, sample: usize) -> &[Box<str>] {
        let width = self.columns.len();
        self.cells.get(sample * width..(sample + 1) * width).unwrap_or_default()
    }

    /// The places of the samples with these numbers.
    pub(crate) fn select(&self, samples: impl IntoIterator<Item = usize>) -> Self {
        let cells = samples.into_iter().flat_map(|sample| self.of(sample).iter().cloned()).collect();
        Self { columns: self.columns.clone(), cells }
    }
}
