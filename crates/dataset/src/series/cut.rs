//! From series to samples: windows are cut, or whole series are padded to the same length.

use std::path::Path;

use ndarray::Array2;

use super::one::{Sequences, Series};
use crate::csv::Window;
use crate::{Error, Labels, Places, Samples, Values, check_room};

/// The number of windows in these series.
pub(super) fn windows_in(series: &[Series], window: Window) -> usize {
    let (steps, stride) = (window.steps.get(), window.stride.get());
    let in_stretch = |length: usize| if length < steps { 0 } else { (length - steps) / stride + 1 };
    series.iter().flat_map(|series| &series.stretches).map(|stretch| in_stretch(stretch.len())).sum()
}

/// Cuts windows from series. None crosses from one series to another, nor a gap.
///
/// # Errors
/// If there is no window, or if memory is not sufficient.
pub(super) fn windows(path: &Path, of: &Sequences, series: &[Series], window: Window) -> Result<Samples, Error> {
    let (steps, stride, channels) = (window.steps.get(), window.stride.get(), of.channels);
    let count = windows_in(series, window);
    if count == 0 {
        let longest = series.iter().flat_map(|series| &series.stretches).map(ExactSizeIterator::len).max();
        return Err(Error::WindowTooLong { path: path.to_path_buf(), steps, found: longest.unwrap_or(0) });
    }
    // Overlapping windows store the same value several times, so they may need much more memory than the file.
    check_room(path, (count as u64).saturating_mul(steps.saturating_mul(channels) as u64).saturating_mul(8))?;
    let mut values = Vec::with_capacity(count * steps * channels);
    let (mut labels, mut places) = (Vec::new(), places_of(of));
    for one in series {
        for stretch in one.stretches.iter().filter(|stretch| stretch.len() >= steps) {
            for start in (stretch.start..=stretch.end - steps).step_by(stride) {
                values.extend_from_slice(&one.values[start * channels..(start + steps) * channels]);
                labels.extend(label(one.classes_of(start..start + steps), &of.classes));
                add_place(&mut places, of, one, start);
            }
        }
    }
    samples(path, values, [count, steps, channels], &labels, places)
}

/// Makes one sample of each series, with NaN after the last step of a series that is shorter than `steps`.
///
/// # Errors
/// If a series has more steps, or if memory is not sufficient.
pub(super) fn whole(path: &Path, of: &Sequences, series: &[Series], steps: usize) -> Result<Samples, Error> {
    let channels = of.channels;
    if let Some(at) = series.iter().position(|series| series.steps > steps) {
        let found = series[at].steps;
        let problem = format!(
            "series {}, counted from 1, has {found} steps, where at most {steps} were expected, as in the longest \
             series that the model was trained on; shorten it, or train a model with longer series",
            at + 1
        );
        return Err(Error::Unfit { path: path.to_path_buf(), problem });
    }
    check_room(path, (series.len() as u64).saturating_mul(steps.saturating_mul(channels) as u64).saturating_mul(8))?;
    let width = steps * channels;
    let mut values = Vec::with_capacity(series.len() * width);
    let (mut labels, mut places) = (Vec::new(), places_of(of));
    for one in series {
        values.extend_from_slice(&one.values);
        values.resize(values.len() + width - one.values.len(), f64::NAN);
        labels.extend(label(&one.classes, &of.classes));
        add_place(&mut places, of, one, 0);
    }
    samples(path, values, [series.len(), steps, channels], &labels, places)
}

fn samples(
    path: &Path,
    values: Vec<f64>,
    [count, steps, channels]: [usize; 3],
    labels: &[String],
    places: Places,
) -> Result<Samples, Error> {
    let values = Array2::from_shape_vec((count, steps * channels), values)
        .map_err(|error| Error::io(path, "putting its steps together")(std::io::Error::other(error)))?;
    let labels = (labels.len() == count).then(|| Labels::named(labels));
    let shape = if channels == 1 { vec![steps] } else { vec![steps, channels] };
    Ok(Samples { values: Values::Doubles(values), shape, labels, places: (places.len() == count).then_some(places) })
}

/// No places yet. A sample of series has a line, a time and the name of its series, as far as the file has them.
fn places_of(of: &Sequences) -> Places {
    let columns = std::iter::once("line".to_owned()).chain(of.time.clone()).chain(of.series.clone());
    Places::new(columns.collect())
}

/// Adds where a sample comes from that begins with this step. Without a line, or without a time because a model is
/// being trained, nothing is added.
fn add_place(places: &mut Places, of: &Sequences, series: &Series, step: usize) {
    let line = series.lines.get(if series.lines.len() == 1 { 0 } else { step });
    let time = series.times.get(step);
    if let Some(line) = line
        && time.is_some() == of.time.is_some()
    {
        let name = of.series.as_ref().map(|_| series.name.clone().into());
        places.push(std::iter::once(line.to_string().into()).chain(time.cloned()).chain(name));
    }
}

/// The label of some steps: their class, or the names of all of their classes with + between them, such as
/// `fault+normal`. So a window in which a class begins or ends is not confused with one that has a single class.
fn label(of: &[u32], classes: &[String]) -> Option<String> {
    let mut occurring = of.to_vec();
    occurring.sort_unstable();
    occurring.dedup();
    let names: Vec<&str> = occurring.iter().map(|&class| classes[class as usize].as_str()).collect();
    (!names.is_empty()).then(|| names.join("+"))
}
