//! What is asked for is refused before anything is computed: samples that are not there, results that no memory holds.

use handgrad_dataset::Samples;
use handgrad_files::memory::has_room_for;

use crate::Error;

/// Refuses numbers of samples that there are not.
pub fn check_numbers(samples: &Samples, numbers: &[u32]) -> Result<(), Error> {
    let count = samples.len();
    match numbers.iter().find(|&&number| number as usize >= count) {
        Some(&number) => Err(Error::NoSuchSample { number, count }),
        None => Ok(()),
    }
}

/// Refuses `rows` rows of `columns` values, of which `rows` is None where it is no number that fits, if there is no
/// memory for them; `what` says in words what they are.
pub fn check_room(rows: Option<usize>, columns: usize, what: impl FnOnce() -> String) -> Result<(), Error> {
    let bytes = rows.and_then(|rows| rows.checked_mul(columns)?.checked_mul(size_of::<f32>()));
    if bytes.is_some_and(|bytes| has_room_for(bytes as u64)) {
        Ok(())
    } else {
        Err(Error::OutOfMemory { what: what() })
    }
}
