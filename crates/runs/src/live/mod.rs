//! What is shown of a network while it trains: reconstructions of fixed samples, a map of codes, and the gradient and
//! the update of each layer.
//!
//! ```text
//! score of a sample       s = 1/|O| · Σ_{i∈O} (x̂_i − x_i)²     in the units of the network; O: the known values
//! gradient of a layer     ‖∂L/∂θ_l‖                θ_l: its parameters; L: the loss of one fixed batch of training
//!                                                  samples, with the noise and the dropout of the first epoch
//! update of a layer       ‖θ_l − θ′_l‖ / ‖θ′_l‖      θ′: the weights at the measurement before
//! ```
//!
//! A training step never has the whole gradient in memory, so it is computed here again, for one batch. All of this is
//! computed from copies of the weights and of some samples, with memory of its own: the training has no part in it,
//! and its bits are those of a training that nobody watches.

mod start;

use std::ops::Range;

use handgrad_dataset::Samples;
use handgrad_models::{Network, Spec};
use handgrad_pictures::live::{Event, Values, levels, place};
use handgrad_pictures::to_unit;
use handgrad_tasks::report::{Plane, plane, score};
use handgrad_trainer::{Source, Trainer};
use ndarray::Array2;

use crate::Result;
use crate::report::{cell, ends};

pub use start::watch;

/// Measures a network while it trains. See the [module](self).
pub struct Watch {
    /// This trainer holds a copy of the weights, which is measured. It never makes a training step.
    trainer: Trainer<f32>,
    /// How the samples are drawn.
    look: Look,
    /// The samples that are reconstructed, in the units of the network.
    shown: Array2<f32>,
    /// The samples whose codes are on the map, in the units of the network.
    mapped: Array2<f32>,
    /// The directions of the last map.
    directions: Option<[Vec<f32>; 2]>,
    /// The batch of the gradient.
    batch: Samples,
    /// The layers that have parameters.
    layers: Vec<usize>,
    /// The weights of the last measurement of the layers, and the number of epochs after which they were copied.
    before: (usize, Vec<f32>),
}

/// How samples are drawn.
struct Look {
    /// `image`, `series` or `table`.
    form: &'static str,
    /// As in [`handgrad_pictures::live::Samples`].
    shape: [usize; 3],
    /// The smallest and the largest value of the samples.
    range: (f32, f32),
}

impl Watch {
    /// Reconstructs the samples with the weights `theta`. `when` says in words which weights these are.
    ///
    /// # Errors
    /// If the number of weights is wrong, or there is not enough memory.
    pub fn samples(&self, theta: &[f32], when: &str) -> Result<Event> {
        let network = self.trainer.network();
        let told = network.predict(theta, self.shown.view())?;
        let scores = self.shown.rows().into_iter().zip(told.rows()).map(|(x, told)| score(x, told)).collect();
        Ok(Event::Samples { when: when.into(), scores, outputs: self.look.values(network, &told) })
    }

    /// Draws the map of the codes for the weights `theta`. Each axis points in the direction in which it pointed last
    /// time. `None` if a code has a single value.
    ///
    /// # Errors
    /// As [`samples`](Self::samples).
    pub fn map(&mut self, theta: &[f32], when: &str) -> Result<Option<Event>> {
        let codes = self.trainer.network().encode(theta, self.mapped.view())?;
        let Some(mut plane) = plane(codes.view()) else { return Ok(None) };
        if let Some(last) = &self.directions {
            align(&mut plane, last);
        }
        let ends = ends(&plane.points);
        let part = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        let places = |[x, y]: [f64; 2]| [place(part(x, ends[0])), place(1.0 - part(y, ends[1]))];
        let points = plane.points.iter().flat_map(|point| places(*point)).collect();
        self.directions = Some(plane.directions);
        Ok(Some(Event::Map { when: when.into(), axes: plane.axes, ends, points }))
    }

    /// Measures the gradient of each layer with the weights `theta` after an epoch, and the update since the last call.
    ///
    /// # Errors
    /// As [`samples`](Self::samples).
    pub fn layers(&mut self, theta: &[f32], epoch: usize) -> Result<Event> {
        let Self { trainer, batch, layers, before, .. } = self;
        trainer.set_theta(theta)?;
        let (_, gradient) = trainer.gradient(&Source::new(batch), &batch.numbers())?;
        let ranges: Vec<Range<usize>> = layers.iter().map(|&layer| trainer.network().theta_of(layer)).collect();
        let of_gradient = |range: &Range<usize>| norm(gradient[range.clone()].iter().map(|&g| f64::from(g)));
        let update = |range: &Range<usize>| {
            let (old, new) = (&before.1[range.clone()], &theta[range.clone()]);
            let moved = norm(old.iter().zip(new).map(|(&old, &new)| f64::from(new) - f64::from(old)));
            let size = norm(old.iter().map(|&old| f64::from(old)));
            if size > 0.0 { moved / size } else { f64::NAN }
        };
        let (gradients, updates) = (ranges.iter().map(of_gradient).collect(), ranges.iter().map(update).collect());
        let from = std::mem::replace(&mut before.0, epoch);
        before.1.copy_from_slice(theta);
        Ok(Event::Layers { epoch, from, gradients, updates })
    }
}

/// Mirrors the axes that point away from their last directions: the sign of a principal component has no meaning.
fn align(plane: &mut Plane, last: &[Vec<f32>; 2]) {
    for axis in [0, 1] {
        let along: f32 = plane.directions[axis].iter().zip(&last[axis]).map(|(now, last)| now * last).sum();
        if along < 0.0 {
            plane.directions[axis].iter_mut().for_each(|value| *value = -*value);
            plane.points.iter_mut().for_each(|point| point[axis] = -point[axis]);
        }
    }
}

/// √(Σ v²)
fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

impl Look {
    /// Converts samples or reconstructions, in the units of the network, to what the page shows.
    fn values(&self, network: &Network<f32>, rows: &Array2<f32>) -> Values {
        let encoding = network.spec().encoding();
        let rows: Vec<Vec<f64>> = rows.rows().into_iter().map(|row| encoding.undo(&row.to_vec())).collect();
        self.drawn(network.spec(), &rows)
    }

    /// The same for rows in the units of the data.
    fn drawn(&self, spec: &Spec, rows: &[Vec<f64>]) -> Values {
        let narrow = |row: &Vec<f64>| row.iter().map(|&value| value as f32).collect::<Vec<f32>>();
        match (self.form, &spec.table) {
            ("table", Some(schema)) => {
                let cells =
                    |row: &Vec<f64>| schema.used().zip(row).map(|(column, &value)| cell(column, value)).collect();
                Values::Cells(rows.iter().map(cells).collect())
            }
            ("image", _) => {
                let [planes, height, width] = self.shape;
                let level = |row: &Vec<f64>| {
                    let row = Array2::from_shape_fn((1, row.len()), |(_, at)| row[at] as f32);
                    levels(to_unit(&row, self.range).into_iter().take(planes * height * width))
                };
                Values::Levels(rows.iter().map(level).collect())
            }
            _ => Values::Numbers(rows.iter().map(narrow).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use handgrad_tasks::report::Plane;

    use super::align;

    #[test]
    fn an_axis_keeps_its_direction() {
        let of = |directions: [Vec<f32>; 2], points: Vec<[f64; 2]>| Plane {
            mean: vec![0.0; 2],
            directions,
            axes: [String::new(), String::new()],
            points,
        };
        let mut plane = of([vec![0.8, 0.6], vec![0.6, -0.8]], vec![[1.0, 2.0], [-3.0, 4.0]]);
        align(&mut plane, &[vec![0.9, 0.1], vec![-0.1, 0.9]]);
        let mirrored = of([vec![0.8, 0.6], vec![-0.6, 0.8]], vec![[1.0, -2.0], [-3.0, -4.0]]);
        assert_eq!(plane, mirrored);
    }
}
