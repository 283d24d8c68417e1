//! ECG5000: 5,000 heartbeats of 140 values, in five classes, of which class 1 is normal. As in TensorFlow's tutorial,
//! the two parts of the archive are concatenated, the training part first, and a fifth of all beats is held out. It is
//! the fifth that the tutorial's call of scikit-learn, `train_test_split(beats, test_size=0.2, random_state=21)`,
//! selects.
//!
//! Source: Chen, Hao, Rakthanmanon, Zakaria, Hu & Keogh, "A general framework for never-ending learning from time
//! series streams", Data Mining and Knowledge Discovery 29 (2015), from record chf07 of the BIDMC Congestive Heart
//! Failure Database (Goldberger et al., "PhysioBank, PhysioToolkit, and PhysioNet", Circulation 101 (2000)).

use std::path::Path;

use ndarray::{Axis, concatenate};
use rand_mt::Mt;

use crate::csv::{self, Header, Label, Layout, Rows};
use crate::{DataSet, Error, Labels, thousands};

/// The name of the set.
pub(crate) const NAME: &str = "ecg5000";
/// The files of the set, which the archive calls the training part and the test part.
pub(crate) const FILES: [&str; 2] = ["ECG5000_TRAIN.csv", "ECG5000_TEST.csv"];
/// Seed of the split.
const SEED: u32 = 21;

/// Loads the set from its two files in `folder`.
pub(crate) fn load(folder: &Path) -> Result<DataSet, Error> {
    let layout = Layout { label: Label::Last, header: Some(false), ..Layout::default() };
    let path = folder.join(FILES[1]);
    let [first, second] = [csv::read(&folder.join(FILES[0]), &layout)?, csv::read(&path, &layout)?];
    let wrong = |error| Error::io(&path, "appending it to the other file")(std::io::Error::other(error));
    let values = concatenate(Axis(0), &[first.values.view(), second.values.view()]).map_err(wrong)?;
    let [first, second] = [&first.labels, &second.labels].map(|labels| labels.iter().flat_map(Labels::names));
    let labels = Labels::named(first.chain(second));
    let order = permutation(SEED, labels.len());
    let all = Rows {
        values: values.select(Axis(0), &order),
        labels: Some(labels.select(&order)),
        names: None,
        header: Header::None,
    };
    let count = all.len();
    let (validation, train) = all.split(count / 5);
    let (train, validation) = (train.samples(), validation.samples());
    Ok(DataSet {
        columns: Vec::new(),
        name: NAME.to_owned(),
        origin: format!("{} of the {} beats, shuffled", thousands(train.len()), thousands(count)),
        validation_origin: format!("the other {} beats", thousands(validation.len())),
        train,
        validation,
        table: None,
        series: None,
        understood: Vec::new(),
    })
}

/// The permutation that `numpy.random.RandomState(seed).permutation(count)` gives. It is a Fisher–Yates shuffle with a
/// Mersenne twister: each position is taken from the lowest bits of a random number, only as many bits as are needed,
/// and is drawn again if it is too large.
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

    /// The expected values are those of `numpy.random.RandomState(21).permutation(n)` in numpy 2.
    #[test]
    fn the_order_is_that_of_numpy() {
        assert_eq!(permutation(21, 10), [1, 2, 7, 3, 5, 6, 0, 4, 8, 9]);
        assert_eq!(permutation(21, 5000)[..8], [3055, 362, 4163, 2360, 3190, 4865, 3599, 1278]);
    }
}
