//! Divides the samples of a run into those for training, for validation and for a test at the end.

use handgrad_dataset::{DataSet, count, thousands};
use handgrad_trainer::Source;

use crate::{Error, Result};

/// The samples of a data set, as one run uses them.
pub(crate) struct Parts<'a> {
    pub train: Source<'a>,
    pub validation: Source<'a>,
    /// If some of the training samples are used for validation: the validation samples of the data set.
    pub test: Option<Source<'a>>,
    /// One line for people.
    pub about: String,
}

impl<'a> Parts<'a> {
    /// Without a split, uses the training and validation samples of the data set. Otherwise validates with the last
    /// part `split` of the training samples.
    pub fn new(data: &'a DataSet, split: Option<f64>) -> Result<Self> {
        let DataSet { origin, validation_origin, .. } = data;
        let set_apart = Source::new(&data.validation);
        let Some(split) = split else {
            let about = format!("{origin}; validation with {validation_origin}");
            return Ok(Self { train: Source::new(&data.train), validation: set_apart, test: None, about });
        };
        let all = data.train.len();
        let held_out = ((all as f64 * split).round() as usize).min(all);
        let kept = all - held_out;
        if kept == 0 || held_out == 0 {
            return Err(Error::Split(format!(
                "validation_split is {split}, but of the {} of {} this leaves none to {}: choose another part, or use \
                 more samples",
                count(all, "training sample", "training samples"),
                data.name,
                if kept == 0 { "train on" } else { "validate with" }
            )));
        }
        let last = if held_out == 1 { "last one".to_owned() } else { format!("last {}", thousands(held_out)) };
        Ok(Self {
            train: Source::part(&data.train, 0..kept)?,
            validation: Source::part(&data.train, kept..all)?,
            test: Some(set_apart),
            about: format!("{origin}; the {last} of them for validation; a test at the end with {validation_origin}"),
        })
    }
}
