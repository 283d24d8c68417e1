//! Layers for sequences.

use super::{ACTIVATIONS, Case, Entry};
use crate::gru::{Reset, Update};
use crate::window::Chw;
use crate::{
    Activation, Bidirectional, ConvLstm, Dense, Elman, Error, Gru, Jordan, Layer, Lstm, RepeatVector, Sequence, Shift,
    TimeDistributed,
};

/// Sequences of every kind, with the shape of their samples: one step or several, more or fewer units than inputs,
/// all outputs or the last one, an input for every step or a repeated one.
pub fn sequences() -> impl Iterator<Item = (Sequence, Vec<usize>)> {
    [(1, 1, 1), (1, 3, 4), (2, 2, 3), (5, 3, 2), (7, 1, 5)].into_iter().flat_map(|(steps, inputs, units)| {
        [(false, true), (false, false), (true, true), (true, false)].into_iter().map(
            move |(repeat, return_sequences)| {
                let input = if repeat { vec![inputs] } else { vec![steps, inputs] };
                (Sequence { inputs, units, steps, repeat, return_sequences, truncate_every: None }, input)
            },
        )
    })
}

/// A cell that runs over a sequence.
#[derive(Debug)]
pub struct Cell {
    /// The name of its check.
    pub name: &'static str,
    /// A short description.
    pub says: &'static str,
    /// The layer.
    pub layer: Box<dyn Layer<f64>>,
    /// Values per step of its output.
    pub outputs: usize,
}

/// Every cell in all variants of its formulas. A name may occur several times.
#[must_use]
pub fn cells(sequence: Sequence) -> Vec<Cell> {
    let units = sequence.units;
    let mut cells = Vec::new();
    let mut add = |name, says, layer: Box<dyn Layer<f64>>, outputs| cells.push(Cell { name, says, layer, outputs });
    for activation in ACTIVATIONS {
        add("elman", "backpropagation through time, every φ", Box::new(Elman { sequence, activation }), units);
    }
    for (hybrid, outputs) in [(true, 1), (true, 3), (false, 2)] {
        let [activation, output_activation] = [Activation::Tanh, Activation::Sigmoid];
        let (name, says) = match hybrid {
            true => ("jordan-hybrid", "depends on its last output and state, as on the slide"),
            false => ("jordan-classic", "depends on its last output alone"),
        };
        let layer = Jordan { sequence, outputs, activation, output_activation, hybrid };
        add(name, says, Box::new(layer), outputs);
    }
    add("lstm", "gates and a cell", Box::new(Lstm { sequence }), units);
    for (update, reset, name, says) in [
        (Update::KeepsOld, Reset::AfterProduct, "gru-keeps-after", "z keeps the old, reset after the product: PyTorch"),
        (Update::KeepsOld, Reset::BeforeProduct, "gru-keeps-before", "z keeps the old, reset before the product"),
        (Update::TakesNew, Reset::AfterProduct, "gru-takes-after", "z takes the new, as on the slide"),
        (Update::TakesNew, Reset::BeforeProduct, "gru-takes-before", "z takes the new, reset before the product"),
    ] {
        add(name, says, Box::new(Gru { sequence, update, reset }), units);
    }
    cells
}

/// Sizes of ConvLSTMs: steps; channels, height and width; filters; kernel.
pub const VIDEOS: [(usize, Chw, usize, usize); 5] =
    [(1, [1, 1, 1], 1, 1), (1, [2, 3, 4], 2, 3), (3, [1, 4, 3], 2, 3), (2, [3, 5, 5], 1, 2), (4, [1, 2, 6], 3, 1)];

pub(super) fn entries() -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut both_ways = Vec::new();
    for (sequence, input) in sequences() {
        for Cell { name, says, layer, .. } in cells(sequence) {
            let case = Case::of(layer, &input)?;
            match entries.iter_mut().find(|entry| entry.name == name) {
                Some(entry) => entry.cases.push(case),
                None => entries.push(Entry::new(name, says, vec![case])),
            }
        }
        for Cell { layer, outputs, .. } in cells(sequence) {
            both_ways.push(Case::new(Bidirectional::new(layer, sequence, outputs), &input)?);
        }
    }
    entries.push(Entry::new("bidirectional", "every cell above, forwards and backwards", both_ways));
    let mut videos = Vec::new();
    for (steps, x, filters, kernel_size) in VIDEOS {
        for return_sequences in [true, false] {
            let layer = ConvLstm::new(steps, x, filters, kernel_size, return_sequences, None)?;
            videos.push(Case::new(layer, &[&[steps], &x[..]].concat())?);
        }
    }
    entries.push(Entry::new("conv-lstm", "an LSTM whose products are convolutions", videos));
    let (mut repeat, mut distributed, mut shift) = (Vec::new(), Vec::new(), Vec::new());
    for (steps, inputs, units) in [(1, 1, 1), (3, 2, 4), (4, 5, 1)] {
        repeat.push(Case::new(RepeatVector { inputs, steps }, &[inputs])?);
        shift.push(Case::new(Shift { inputs, steps }, &[steps, inputs])?);
        let dense = Dense { inputs, units, activation: Activation::Tanh };
        distributed.push(Case::new(TimeDistributed { steps, dense }, &[steps, inputs])?);
    }
    entries.push(Entry::new("repeat-vector", "a vector becomes a sequence of copies of itself", repeat));
    entries.push(Entry::new("time-distributed", "the same dense layer at every step", distributed));
    entries.push(Entry::new("shift", "every step gets the value of the previous step", shift));
    Ok(entries)
}
