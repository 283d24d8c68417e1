//! Checks that are made before anything is computed: that samples exist, and that there is enough memory for results.

use std::hint::black_box;

use handgrad_dataset::Samples;

use crate::Error;

/// Returns an error if one of the numbers is not that of a sample.
pub fn check_numbers(samples: &Samples, numbers: &[u32]) -> Result<(), Error> {
    let count = samples.len();
    match numbers.iter().find(|&&number| number as usize >= count) {
        Some(&number) => Err(Error::NoSuchSample { number, count }),
        None => Ok(()),
    }
}

/// Returns an error if there is not enough memory for `rows` rows of `columns` values. `rows` is `None` if their number
/// overflows, which is an error too. `what` says in words what the rows are, for the message.
pub fn check_room(rows: Option<usize>, columns: usize, what: impl FnOnce() -> String) -> Result<(), Error> {
    let values = rows.and_then(|rows| rows.checked_mul(columns));
    let mut room = Vec::<f32>::new();
    let there = values.is_some_and(|values| room.try_reserve_exact(values).is_ok());
    // Without this line, the compiler may remove the allocation, because nothing is ever written to it. The memory is
    // freed again at the end of this function.
    black_box(&room);
    if there { Ok(()) } else { Err(Error::OutOfMemory { what: what() }) }
}
