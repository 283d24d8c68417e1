//! ECG5000: 5,000 heartbeats of 140 values, in five classes, 1 of which is normal. As in TensorFlow's tutorial they are put
//! together, shuffled, and a fifth is held out.
//!
//! Source: Chen, Hao, Rakthanmanon, Zakaria, Hu & Keogh, "A general framework for never-ending learning from time series
//! streams", Data Mining and Knowledge Discovery 29 (2015), from record chf07 of the BIDMC Congestive Heart Failure Database
//! (Goldberger et al., "PhysioBank, PhysioToolkit, and PhysioNet", Circulation 101 (2000)).

use std::path::Path;

use ndarray::{Axis, concatenate};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::csv::{self, Label, Layout, Rows};
use crate::error::thousands;
use crate::{DataSet, Error};

/// Its name.
pub(crate) const NAME: &str = "ecg5000";
/// Its files, which the archive calls the training and the test part.
pub(crate) const FILES: [&str; 2] = ["ECG5000_TRAIN.csv", "ECG5000_TEST.csv"];
/// Of the shuffle.
const SEED: u64 = 0;

/// The set, from its two files in `folder`.
pub(crate) fn load(folder: &Path) -> Result<DataSet, Error> {
    let layout = Layout { label: Label::Last, ..Layout::default() };
    let path = folder.join(FILES[1]);
    let [first, second] = [csv::read(&folder.join(FILES[0]), &layout)?, csv::read(&path, &layout)?];
    let wrong = |error| Error::io(&path, "putting it behind the other file")(std::io::Error::other(error));
    let values = concatenate(Axis(0), &[first.values.view(), second.values.view()]).map_err(wrong)?;
    let labels: Vec<u8> = [first.labels, second.labels].into_iter().flatten().flatten().collect();
    let order = shuffled(labels.len());
    let labels = order.iter().map(|&beat| labels[beat]).collect();
    let all = Rows { values: values.select(Axis(0), &order), labels: Some(labels) };
    let count = all.len();
    let (train, validation) = all.split(count - count / 5);
    let (train, validation) = (train.samples(None, &path)?, validation.samples(None, &path)?);
    Ok(DataSet {
        name: NAME.to_owned(),
        origin: format!("{} of the {} beats, shuffled", thousands(train.len()), thousands(count)),
        validation_origin: format!("the other {} beats", thousands(validation.len())),
        train,
        validation,
    })
}

/// 0..count in an order that never changes (Fisher and Yates).
fn shuffled(count: usize) -> Vec<usize> {
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, (dice.next_u64() % (last as u64 + 1)) as usize);
    }
    order
}
