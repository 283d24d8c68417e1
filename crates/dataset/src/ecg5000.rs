//! ECG5000: 5,000 heartbeats of 140 values, in five classes, 1 of which is normal. As in TensorFlow's tutorial they are
//! put together, the archive's training part first, and a fifth is held out: the samples of scikit-learn's
//! `train_test_split(beats, test_size=0.2, random_state=21)`, which is the tutorial's call.
//!
//! Source: Chen, Hao, Rakthanmanon, Zakaria, Hu & Keogh, "A general framework for never-ending learning from time
//! series streams", Data Mining and Knowledge Discovery 29 (2015), from record chf07 of the BIDMC Congestive Heart
//! Failure Database (Goldberger et al., "PhysioBank, PhysioToolkit, and PhysioNet", Circulation 101 (2000)).

use std::path::Path;

use ndarray::{Axis, concatenate};
use rand_mt::Mt;

use crate::csv::{self, Label, Layout, Rows};
use crate::{DataSet, Error, thousands};

/// Its name.
pub(crate) const NAME: &str = "ecg5000";
/// Its files, which the archive calls the training and the test part.
pub(crate) const FILES: [&str; 2] = ["ECG5000_TRAIN.csv", "ECG5000_TEST.csv"];
/// Of the split.
const SEED: u32 = 21;

/// The set, from its two files in `folder`.
pub(crate) fn load(folder: &Path) -> Result<DataSet, Error> {
    let layout = Layout { label: Label::Last, ..Layout::default() };
    let path = folder.join(FILES[1]);
    let [first, second] = [csv::read(&folder.join(FILES[0]), &layout)?, csv::read(&path, &layout)?];
    let wrong = |error| Error::io(&path, "putting it behind the other file")(std::io::Error::other(error));
    let values = concatenate(Axis(0), &[first.values.view(), second.values.view()]).map_err(wrong)?;
    let labels: Vec<u8> = [first.labels, second.labels].into_iter().flatten().flatten().collect();
    let order = permutation(SEED, labels.len());
    let labels = order.iter().map(|&beat| labels[beat]).collect();
    let all = Rows { values: values.select(Axis(0), &order), labels: Some(labels) };
    let count = all.len();
    let (validation, train) = all.split(count / 5);
    let (train, validation) = (train.samples(None, &path)?, validation.samples(None, &path)?);
    Ok(DataSet {
        name: NAME.to_owned(),
        origin: format!("{} of the {} beats, shuffled", thousands(train.len()), thousands(count)),
        validation_origin: format!("the other {} beats", thousands(validation.len())),
        train,
        validation,
    })
}

/// `numpy.random.RandomState(seed).permutation(count)`: Fisher and Yates, each place drawn from the lowest bits of a
/// Mersenne twister that suffice, again where it is too large.
fn permutation(seed: u32, count: usize) -> Vec<usize> {
    let mut twister = Mt::new(seed);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let mask = (last.next_power_of_two() - 1) | last;
        let place = loop {
            let place = (twister.next_u32() as usize) & mask;
            if place <= last {
                break place;
            }
        };
        order.swap(last, place);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::permutation;

    /// `numpy.random.RandomState(21).permutation(n)`, numpy 2.
    #[test]
    fn the_order_is_that_of_numpy() {
        assert_eq!(permutation(21, 10), [1, 2, 7, 3, 5, 6, 0, 4, 8, 9]);
        assert_eq!(permutation(21, 5000)[..8], [3055, 362, 4163, 2360, 3190, 4865, 3599, 1278]);
    }
}
