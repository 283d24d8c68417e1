use handgrad_files::shown;
use std::path::Path;
use std::sync::OnceLock;

use handgrad_dataset::csv::Layout;
use handgrad_dataset::{DataSet, Labels, Samples, Values, count};
use handgrad_runs::usual_data_dir;
use ndarray::{Array2, ArrayView2};

use crate::{Error, Result};

/// Training samples and test samples. The network is never trained on test samples.
///
/// ```
/// use handgrad::Data;
/// use ndarray::Array2;
///
/// let data = Data::from_array(Array2::from_shape_fn((50, 4), |(row, column)| ((row + column) % 7) as f32))?;
/// assert_eq!((data.train().dim(), data.test().dim()), ((45, 4), (5, 4)));
/// # Ok::<(), handgrad::Error>(())
/// ```
#[derive(Debug)]
pub struct Data {
    set: DataSet,
    train: OnceLock<Array2<f32>>,
    test: OnceLock<Array2<f32>>,
}

impl Data {
    fn of(set: DataSet) -> Self {
        Self { set, train: OnceLock::new(), test: OnceLock::new() }
    }

    /// Loads a data set by its name: `fashion-mnist`, `mnist`, `ecg5000`, or `synthetic`, which is generated. Its files
    /// are kept in the folder that the environment variable `HANDGRAD_DATA` names, or in `data` if the variable is not
    /// set. If they are missing, they are downloaded.
    ///
    /// ```
    /// let data = handgrad::Data::named("synthetic")?;
    /// assert_eq!((data.train().nrows(), data.test().nrows(), data.shape()), (10_000, 2_000, &[28, 28][..]));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no set with this name, or if its files cannot be read or downloaded.
    pub fn named(name: &str) -> Result<Self> {
        match handgrad_dataset::named::find(name) {
            Some(_) => Ok(Self::of(handgrad_dataset::load(name, &usual_data_dir(), &Default::default(), &())?)),
            None => {
                let known: Vec<_> = handgrad_dataset::named::all().iter().map(|set| set.name).collect();
                Err(Error::Usage(format!("there is no data set {name:?}: the known ones are {}", known.join(", "))))
            }
        }
    }

    /// Reads a CSV file (its name must end in .csv), an IDX file, or a folder of IDX files. Of a single file, a random
    /// tenth of the samples is held out for testing, with the same share of each class. They are drawn with the seed 0,
    /// as `handgrad train` does without `--seed`.
    ///
    /// ```
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("my.csv");
    /// std::fs::write(&path, "a,b\n".to_string() + &"0.5,1.5\n".repeat(20))?;
    /// let data = handgrad::Data::read(&path)?;
    /// assert_eq!((data.train().dim(), data.test().dim()), ((18, 2), (2, 2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file or folder cannot be read or is not valid. The error names the place of the problem.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        // Without "./" in front, a file that is called like a known data set would not be read.
        let what = if path.components().count() == 1 { Path::new(".").join(path) } else { path.to_path_buf() };
        let text = what.to_str().ok_or_else(|| {
            Error::Usage(format!("{}: its name is not valid Unicode, which is needed here: rename it", shown(path)))
        })?;
        let layout = Layout { seed: Some(0), ..Layout::default() };
        Ok(Self::of(handgrad_dataset::load(text, &usual_data_dir(), &layout, &())?))
    }

    /// Uses your own samples, one per row. The last tenth, at least one row, is held out for testing.
    ///
    /// ```
    /// use ndarray::Array2;
    ///
    /// let data = handgrad::Data::from_array(Array2::zeros((20, 3)))?;
    /// assert_eq!((data.train().nrows(), data.test().nrows()), (18, 2));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are fewer than two rows, if there are no columns, or if a value is not finite.
    pub fn from_array(samples: Array2<f32>) -> Result<Self> {
        let (rows, columns) = samples.dim();
        if rows < 2 || columns == 0 {
            let (rows, columns) = (count(rows, "row", "rows"), count(columns, "column", "columns"));
            return Err(Error::Usage(format!(
                "the array has {rows} and {columns}, where at least 2 rows, one of them for testing, and 1 column \
                 were expected"
            )));
        }
        let held_out = (rows / 10).max(1);
        let (train, test) = samples.view().split_at(ndarray::Axis(0), rows - held_out);
        Self::from_parts(train.to_owned(), test.to_owned())
    }

    /// Uses your own training samples and test samples, one per row.
    ///
    /// ```
    /// use ndarray::Array2;
    ///
    /// let data = handgrad::Data::from_parts(Array2::zeros((20, 3)), Array2::ones((5, 3)))?;
    /// assert_eq!(data.test(), Array2::<f32>::ones((5, 3)));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If one of the arrays is empty, if they do not have the same number of columns, or if a value is not finite.
    pub fn from_parts(train: Array2<f32>, test: Array2<f32>) -> Result<Self> {
        if train.ncols() != test.ncols() || train.is_empty() || test.is_empty() {
            return Err(Error::Usage(format!(
                "the training samples are {:?} and the test samples {:?} (rows, columns), where at least one row in \
                 each and the same number of columns were expected",
                train.dim(),
                test.dim()
            )));
        }
        for (name, part) in [("training", &train), ("test", &test)] {
            if let Some(((row, column), value)) = part.indexed_iter().find(|(_, value)| !value.is_finite()) {
                return Err(Error::Usage(format!(
                    "the {name} samples have {value} in row {row}, column {column} (both counted from 0), where a \
                     finite number was expected: correct it, or leave the row out"
                )));
            }
        }
        let origin = |part: &Array2<f32>| format!("{} of an array", count(part.nrows(), "row", "rows"));
        let (origin, validation_origin) = (origin(&train), origin(&test));
        let samples = |values: Array2<f32>| {
            let shape = vec![values.ncols()];
            Samples { values: Values::Floats(values), shape, labels: None, places: None }
        };
        let (train, validation) = (samples(train), samples(test));
        let (name, understood, columns) = ("array".into(), Vec::new(), Vec::new());
        let (table, series) = (None, None);
        Ok(Self::of(DataSet { name, origin, train, validation, validation_origin, understood, columns, table, series }))
    }

    /// Sets the shape of one sample, for images or sequences: for example `[28, 28]` for height and width,
    /// `[3, 32, 32]` for channels, height and width, or `[50, 2]` for 50 steps of 2 values.
    ///
    /// ```
    /// use ndarray::Array2;
    ///
    /// let data = handgrad::Data::from_array(Array2::zeros((20, 12)))?.with_shape([3, 4])?;
    /// assert_eq!(data.shape(), [3, 4]);
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a sample does not have as many values as the shape.
    pub fn with_shape(mut self, shape: impl Into<Vec<usize>>) -> Result<Self> {
        let (shape, features) = (shape.into(), self.set.train.features());
        let values = shape.iter().fold(1_usize, |product, &dim| product.saturating_mul(dim));
        if values != features {
            let values = count(values, "value", "values");
            return Err(Error::Usage(format!("the shape {shape:?} has {values}, but a sample has {features}")));
        }
        self.set.train.shape.clone_from(&shape);
        self.set.validation.shape = shape;
        Ok(self)
    }

    /// The training samples, one per row. A byte of an image becomes value/255.
    ///
    /// ```
    /// # let data = handgrad::Data::from_array(ndarray::Array2::zeros((20, 3)))?;
    /// assert_eq!(data.train().dim(), (18, 3));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn train(&self) -> ArrayView2<'_, f32> {
        self.train.get_or_init(|| self.set.train.to_floats()).view()
    }

    /// The test samples, one per row. A byte of an image becomes value/255.
    ///
    /// ```
    /// # let data = handgrad::Data::from_array(ndarray::Array2::zeros((20, 3)))?;
    /// assert_eq!(data.test().dim(), (2, 3));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn test(&self) -> ArrayView2<'_, f32> {
        self.test.get_or_init(|| self.set.validation.to_floats()).view()
    }

    /// The labels of the training samples, if the data has labels.
    ///
    /// ```
    /// let data = handgrad::Data::named("synthetic")?;
    /// assert_eq!(data.train_labels().map(|labels| labels.len()), Some(10_000));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn train_labels(&self) -> Option<&Labels> {
        self.set.train.labels.as_ref()
    }

    /// The labels of the test samples, if the data has labels.
    ///
    /// ```
    /// let data = handgrad::Data::named("synthetic")?;
    /// assert_eq!(data.test_labels().map(|labels| labels.len()), Some(2_000));
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn test_labels(&self) -> Option<&Labels> {
        self.set.validation.labels.as_ref()
    }

    /// The shape of one sample.
    ///
    /// ```
    /// # let data = handgrad::Data::from_array(ndarray::Array2::zeros((20, 3)))?;
    /// assert_eq!(data.shape(), [3]);
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.set.train.shape
    }

    /// Training and test samples in the type that the other crates use.
    ///
    /// ```
    /// # let data = handgrad::Data::from_array(ndarray::Array2::zeros((20, 3)))?;
    /// assert_eq!(data.set().train.len(), 18);
    /// # Ok::<(), handgrad::Error>(())
    /// ```
    #[must_use]
    pub fn set(&self) -> &DataSet {
        &self.set
    }
}
