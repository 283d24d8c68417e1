//! Reads pictures in parallel: first their sizes, then their pixels.

use std::collections::BTreeMap;
use std::path::Path;

use handgrad_files::{Progress, Unit, memory, shown};
use ndarray::Array2;
use rayon::prelude::*;

use super::find::{Files, LeftOut};
use crate::csv::Layout;
use crate::photo::{self, About};
use crate::{Error, count, sizes};

/// The form of all samples.
pub(super) struct Form {
    /// Height and width.
    pub size: [usize; 2],
    pub in_colour: bool,
}

impl Form {
    /// The form of samples from pictures of these kinds. If the pictures are scaled, their sizes are returned too, in
    /// words.
    pub fn of(about: &[About], layout: &Layout) -> Result<(Self, Option<String>), String> {
        let in_colour = layout.in_colour.unwrap_or_else(|| about.iter().any(|about| about.in_colour));
        let mut found = BTreeMap::<[usize; 2], usize>::new();
        about.iter().for_each(|about| *found.entry([about.height, about.width]).or_default() += 1);
        let most_frequent = found.iter().max_by_key(|(_, count)| **count).map(|(&size, _)| size);
        let usual = most_frequent.unwrap_or_default();
        match layout.size {
            Some(size) => {
                let scaled = found.keys().any(|&found| found != size).then(|| in_words(&found));
                Ok((Self { size, in_colour }, scaled))
            }
            None if found.len() == 1 => Ok((Self { size: usual, in_colour }, None)),
            None => Err(format!(
                "found pictures of {} (height × width), where pictures of one size were expected; scale them all, for \
                 example with the size {}x{}",
                in_words(&found),
                usual[0],
                usual[1]
            )),
        }
    }

    pub fn channels(&self) -> usize {
        if self.in_colour { 3 } else { 1 }
    }

    /// The shape of a sample.
    pub fn shape(&self) -> Vec<usize> {
        let [height, width] = self.size;
        if self.in_colour { vec![3, height, width] } else { vec![height, width] }
    }
}

/// `2 sizes: 40 of 32×32, 20 of 64×48`. The most frequent ones are listed.
fn in_words(found: &BTreeMap<[usize; 2], usize>) -> String {
    let mut by_count: Vec<_> = found.iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let one = |(size, count): &(&[usize; 2], &usize)| format!("{count} of {}", sizes(*size));
    let listed = by_count.iter().take(super::LISTED).map(one).collect::<Vec<_>>().join(", ");
    let more = if by_count.len() > super::LISTED { ", …" } else { "" };
    format!("{}: {listed}{more}", count(by_count.len(), "size", "sizes"))
}

/// Reads the size and the kind of each file. Returns which files are pictures, and what is known about these. The
/// others are added to `left_out`.
pub(super) fn about(
    part: &Files,
    left_out: &mut Vec<LeftOut>,
    progress: &dyn Progress,
) -> Result<(Vec<bool>, Vec<About>), Error> {
    progress.start("looking at the pictures", Some(part.files.len() as u64), Unit::Samples);
    let look = |path: &std::path::PathBuf| {
        let found = reason_of(path, photo::about(path));
        progress.advance(1);
        found
    };
    let found: Result<Vec<Result<About, String>>, Error> = part.files.par_iter().map(look).collect();
    progress.finish();
    let found = found?;
    let readable = found.iter().map(Result::is_ok).collect();
    Ok((readable, kept(part, found, left_out)))
}

/// Reads the pixels of all files, one sample per row, and says which rows are those of readable files: only these are
/// returned. The others are added to `left_out`.
pub(super) fn decode(
    part: &Files,
    form: &Form,
    folder: &Path,
    left_out: &mut Vec<LeftOut>,
    progress: &dyn Progress,
) -> Result<(Array2<u8>, Vec<bool>), Error> {
    let features = form.shape().iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let bytes = features.and_then(|features| features.checked_mul(part.files.len())).unwrap_or(usize::MAX);
    let mut values = Vec::new();
    let out_of_memory = |_| Error::OutOfMemory { path: folder.to_path_buf(), bytes: bytes as u64 };
    memory::reserve(&mut values, bytes).map_err(out_of_memory)?;
    values.resize(bytes, 0);
    let features = features.unwrap_or(1).max(1);
    progress.start("reading the pictures", Some(part.files.len() as u64), Unit::Samples);
    let read = |(row, path): (&mut [u8], &std::path::PathBuf)| {
        let found = read_into(row, path, form);
        progress.advance(1);
        reason_of(path, found)
    };
    let found: Result<Vec<Result<(), String>>, Error> =
        values.par_chunks_mut(features).zip(&part.files).map(read).collect();
    progress.finish();
    let found = found?;
    let readable: Vec<bool> = found.iter().map(Result::is_ok).collect();
    let count = kept(part, found, left_out).len();
    if count < part.files.len() {
        // The rows of readable files are moved to the front.
        for (to, from) in (0..part.files.len()).filter(|&at| readable[at]).enumerate() {
            values.copy_within(from * features..(from + 1) * features, to * features);
        }
        values.truncate(count * features);
    }
    let rows = Array2::from_shape_vec((count, features), values);
    Ok((rows.map_err(|error| super::unfit(folder, error.to_string()))?, readable))
}

/// Writes the values of one picture to `row`, as bytes.
fn read_into(row: &mut [u8], path: &Path, form: &Form) -> Result<(), Error> {
    let picture = photo::read(path, form.channels())?;
    let (_, height, width) = picture.dim();
    let scaled = if [height, width] == form.size { Some(picture) } else { photo::resized(&picture, form.size) };
    let picture = scaled.ok_or_else(|| super::unfit(path, "its size cannot be changed to the wanted one".into()))?;
    row.iter_mut().zip(&picture).for_each(|(byte, value)| *byte = (value * 255.0).round() as u8);
    Ok(())
}

/// Turns the errors of a file into words. If memory is missing, this is an error of the whole reading: which files are
/// left out must not depend on the machine.
fn reason_of<T>(path: &Path, found: Result<T, Error>) -> Result<Result<T, String>, Error> {
    match found {
        Err(error @ Error::OutOfMemory { .. }) => Err(error),
        Err(error) => {
            let text = error.to_string();
            let reason = text.strip_prefix(&format!("{}: ", shown(path))).map_or(text.clone(), str::to_owned);
            Ok(Err(reason))
        }
        Ok(found) => Ok(Ok(found)),
    }
}

/// Keeps what was found, and adds the files with errors to `left_out`.
fn kept<T>(part: &Files, found: Vec<Result<T, String>>, left_out: &mut Vec<LeftOut>) -> Vec<T> {
    let keep = |(path, found): (&std::path::PathBuf, Result<T, String>)| match found {
        Ok(found) => Some(found),
        Err(reason) => {
            left_out.push(LeftOut { path: path.clone(), reason });
            None
        }
    };
    part.files.iter().zip(found).filter_map(keep).collect()
}
