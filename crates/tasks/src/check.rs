//! Checks that are made before anything is computed: that samples exist, that each has a label if there are labels, and
//! that there is enough memory for results.

use handgrad_dataset::Samples;
use handgrad_files::memory::has_room_for;

use crate::Error;

/// Returns an error if one of the numbers is not that of a sample.
pub fn check_numbers(samples: &Samples, numbers: &[u32]) -> Result<(), Error> {
    let count = samples.len();
    match numbers.iter().find(|&&number| number as usize >= count) {
        Some(&number) => Err(Error::NoSuchSample { number, count }),
        None => Ok(()),
    }
}

/// Returns an error if there are labels, but not one for each sample.
pub fn check_labels(samples: &Samples) -> Result<(), Error> {
    match samples.labels.as_ref().filter(|labels| labels.len() != samples.len()) {
        Some(labels) => Err(Error::LabelCount { labels: labels.len(), samples: samples.len() }),
        None => Ok(()),
    }
}

/// Returns an error if there is not enough memory for `rows` rows of `columns` values. `rows` is `None` if their number
/// overflows, which is an error too. `what` says in words what the rows are, for the message.
pub fn check_room(rows: Option<usize>, columns: usize, what: impl FnOnce() -> String) -> Result<(), Error> {
    let bytes = rows.and_then(|rows| rows.checked_mul(columns)?.checked_mul(size_of::<f32>()));
    if bytes.is_some_and(|bytes| has_room_for(bytes as u64)) {
        Ok(())
    } else {
        Err(Error::OutOfMemory { what: what() })
    }
}
