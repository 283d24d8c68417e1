//! Divides the samples of a run into those for training, for validation and for a test at the end.

use handgrad_dataset::held_out::{self, held_out};
use handgrad_dataset::tables::{Column, KindName};
use handgrad_dataset::{DataSet, count, thousands};
use handgrad_trainer::Source;

use crate::{Error, Result, Settings};

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
    /// part `split` of the training samples, where [`draw`] has put those that are held out.
    pub fn new(data: &'a DataSet, split: Option<f64>) -> Result<Self> {
        let DataSet { origin, validation_origin, .. } = data;
        let set_apart = Source::new(&data.validation);
        let Some(split) = split else {
            let about = format!("{origin}; validation with {validation_origin}");
            return Ok(Self { train: Source::new(&data.train), validation: set_apart, test: None, about });
        };
        let all = data.train.len();
        let kept = kept(all, Some(split));
        let held_out = all - kept;
        if kept == 0 || held_out == 0 {
            return Err(Error::Split(format!(
                "validation_split is {split}, but of the {} of {} this leaves none to {}: choose another part, or use \
                 more samples",
                count(all, "training sample", "training samples"),
                data.name,
                if kept == 0 { "train on" } else { "validate with" }
            )));
        }
        Ok(Self {
            train: Source::part(&data.train, 0..kept)?,
            validation: Source::part(&data.train, kept..all)?,
            test: Some(set_apart),
            about: format!(
                "{origin}; {} of them for validation; a test at the end with {validation_origin}",
                thousands(held_out)
            ),
        })
    }
}

/// The number of samples that a split leaves for training. Those after them are held out.
pub(crate) fn kept(all: usize, split: Option<f64>) -> usize {
    all - split.map_or(0, |split| held(all, split))
}

/// The number of samples that a split holds out of `all`.
fn held(all: usize, split: f64) -> usize {
    ((all as f64 * split).round() as usize).min(all)
}

/// Moves the training samples that a split holds out behind the others. They are drawn with the seed of the run, with
/// the same share of each class. Windows of a series keep their order, so that the last ones are held out.
pub(crate) fn draw(data: &mut DataSet, settings: &Settings) {
    if let (Some(split), None) = (settings.validation_split, settings.window) {
        let train = &mut data.train;
        let (_, numbers) = held_out(train.len(), train.labels.as_ref(), held(train.len(), split), settings.seed());
        train.move_to_end(&numbers);
    }
}

/// Says where the samples for training and those for validation differ greatly.
pub(crate) fn differences(data: &DataSet, settings: &Settings) -> Vec<String> {
    let (train, all) = (&data.train, data.train.len());
    let is_series = data.series.is_some();
    let kept = kept(all, settings.validation_split);
    let validation = if kept < all { (train, kept..all) } else { (&data.validation, 0..data.validation.len()) };
    let columns = data.table.iter().flat_map(|schema| schema.used()).enumerate();
    let is_category = |(_, column): &(usize, &Column)| column.kind_name() == KindName::Category;
    let classes: Vec<usize> = columns.filter(is_category).map(|(at, _)| at).collect();
    held_out::differences((train, 0..kept), validation, &data.columns, &classes, is_series)
}
