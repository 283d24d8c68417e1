//! What is asked for is refused before anything is computed: samples that are not there, results that no memory holds.

use std::hint::black_box;

use handgrad_dataset::Samples;

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
    let values = rows.and_then(|rows| rows.checked_mul(columns));
    let mut room = Vec::<f32>::new();
    let there = values.is_some_and(|values| room.try_reserve_exact(values).is_ok());
    // Else the compiler sees that nothing is put there, and leaves it out. What is set aside is given back at once.
    black_box(&room);
    if there { Ok(()) } else { Err(Error::OutOfMemory { what: what() }) }
}
