//! Draws series and their reconstructions as curves.

use std::ops::Range;

use handgrad_dataset::{DataSet, Samples};
use handgrad_models::{Model, Spec};
use handgrad_pictures::charts::series::{Channel, Series, svg_of_all};
use handgrad_tasks::reconstruct::{Pairs, pairs};
use ndarray::ArrayView1;

use crate::Result;

/// Draws the samples with these numbers and their reconstructions as SVG, one below the other, with one panel for each
/// channel. `titles` has one title for each of them. Steps without any value are marked, and the reconstruction of
/// padding is left out.
///
/// # Errors
/// If a number is not that of a sample, or if the samples do not fit the model.
pub fn curves(model: &Model, samples: &Samples, numbers: &[u32], title: &str, titles: &[String]) -> Result<String> {
    let Pairs { originals, reconstructions } = pairs(model, samples, numbers)?;
    let channels = samples.shape.get(1).copied().unwrap_or(1).max(1);
    let names = channel_names(model.spec(), channels);
    let drawn: Vec<Curves> = originals
        .rows()
        .into_iter()
        .zip(reconstructions.rows())
        .map(|(input, output)| Curves::of(input, output, channels))
        .collect();
    let panels: Vec<Vec<Channel>> = drawn
        .iter()
        .map(|curves| {
            let both = curves.inputs.iter().zip(&curves.outputs).zip(&names);
            both.map(|((input, output), name)| Channel { name, input, reconstruction: output }).collect()
        })
        .collect();
    let charts: Vec<Series> = panels
        .iter()
        .zip(&drawn)
        .zip(titles)
        .map(|((channels, curves), title)| Series {
            title,
            steps: "step",
            channels,
            marked: &curves.marked,
            mark: "no value",
            error: None,
        })
        .collect();
    Ok(svg_of_all(title, &charts))
}

/// The names of the channels of series, or their numbers if they have no names.
pub(crate) fn channel_names(spec: &Spec, channels: usize) -> Vec<String> {
    let known = spec.series.as_ref().map_or(&[][..], |series| &series.names);
    let name = |at: usize| match known.get(at) {
        Some(name) => name.clone(),
        None if channels == 1 => "value".to_owned(),
        None => format!("channel {}", at + 1),
    };
    (0..channels).map(name).collect()
}

/// The most series that are drawn.
const MOST_CURVES: usize = 6;

/// Draws validation series, spread over all of them, with their reconstructions.
pub(crate) fn of_validation(model: &Model, data: &DataSet) -> Result<String> {
    let samples = &data.validation;
    let count = samples.len().min(MOST_CURVES);
    let numbers: Vec<u32> = (0..count).map(|at| (at * samples.len() / count) as u32).collect();
    let title = |number: &u32| match samples.labels.as_ref().and_then(|labels| labels.name(*number as usize)) {
        Some(label) => format!("validation sample {number}, class {label}"),
        None => format!("validation sample {number}"),
    };
    let titles: Vec<String> = numbers.iter().map(title).collect();
    curves(model, samples, &numbers, &format!("Reconstructions of {}", data.name), &titles)
}

/// The curves of one sample, channel by channel.
struct Curves {
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
    /// Steps without any value.
    marked: Vec<Range<usize>>,
}

impl Curves {
    fn of(input: ArrayView1<f32>, output: ArrayView1<f32>, channels: usize) -> Self {
        let of_channels = |row: ArrayView1<f32>| -> Vec<Vec<f64>> {
            let channel = |at: usize| row.iter().skip(at).step_by(channels).map(|&value| f64::from(value)).collect();
            (0..channels).map(channel).collect()
        };
        let (inputs, mut outputs) = (of_channels(input), of_channels(output));
        let steps = input.len() / channels;
        let is_empty = |step: usize| inputs.iter().all(|channel| channel[step].is_nan());
        let mut marked: Vec<Range<usize>> = Vec::new();
        for step in (0..steps).filter(|&step| is_empty(step)) {
            match marked.last_mut() {
                Some(range) if range.end == step => range.end += 1,
                _ => marked.push(step..step + 1),
            }
        }
        if let Some(padding) = marked.last().filter(|range| range.end == steps) {
            outputs.iter_mut().for_each(|channel| channel[padding.clone()].fill(f64::NAN));
        }
        Self { inputs, outputs, marked }
    }
}
