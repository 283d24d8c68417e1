//! From the values of a column to the values of the network, and back.
//!
//! ```text
//! number     (x − offset)/factor                                        1 value
//! amount     (sign(x)·ln(1 + |x|/unit) − offset)/factor                 1 value
//! ordinal    as a number; back: the nearest level                       1 value
//! category   1 for the class, 0 for the others; the last one is other   classes + 1 values
//! date       (days − offset)/factor, sin and cos of 2π·day of the year/365.25 and of 2π·day of the week/7    5 values
//! ```
//!
//! With min-max scaling, sin and cos become (1 + sin)/2, so that all values of the training rows are within 0..1.

use std::f64::consts::TAU;

use super::date::cycles;
use super::schema::{Column, Kind, Linear, Scaling};

/// sign(x)·ln(1 + |x|).
pub(super) fn signed_log(x: f64) -> f64 {
    x.signum() * x.abs().ln_1p()
}

/// The inverse of [`signed_log`].
fn signed_exp(y: f64) -> f64 {
    y.signum() * y.abs().exp_m1()
}

impl Linear {
    fn apply(&self, x: f64) -> f64 {
        (x - self.offset) / self.factor
    }

    fn undo(&self, y: f64) -> f64 {
        y * self.factor + self.offset
    }
}

impl Column {
    /// How many values of the network the column has: 0 if it is left out.
    #[must_use]
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::Number { .. } | Kind::Amount { .. } | Kind::Ordinal { .. } => 1,
            Kind::Category { classes, .. } => classes.len() + 1,
            Kind::Date { .. } => 5,
            Kind::LeftOut { .. } => 0,
        }
    }

    /// Passes the values of the network for a value of the column to `put`. NaN, a missing value, becomes NaNs, unless
    /// the column has a value to fill in.
    pub(super) fn encode(&self, value: f64, mut put: impl FnMut(f64)) {
        let value = if value.is_nan() { self.fill.unwrap_or(value) } else { value };
        if value.is_nan() {
            (0..self.width()).for_each(|_| put(f64::NAN));
            return;
        }
        match &self.kind {
            Kind::Number { scale } | Kind::Ordinal { scale, .. } => put(scale.apply(value)),
            Kind::Amount { unit, scale } => put(scale.apply(signed_log(value / unit))),
            Kind::Category { classes, .. } => {
                let class = (value as usize).min(classes.len());
                (0..=classes.len()).for_each(|at| put(if at == class { 1.0 } else { 0.0 }));
            }
            Kind::Date { scale, scaling, .. } => {
                put(scale.apply(value));
                for cycle in cycles(value) {
                    for part in [(TAU * cycle).sin(), (TAU * cycle).cos()] {
                        put(if *scaling == Scaling::MinMax { (1.0 + part) / 2.0 } else { part });
                    }
                }
            }
            Kind::LeftOut { .. } => {}
        }
    }

    /// The value of the column for values of the network: a number, the position of a class, or the days of a date.
    #[must_use]
    pub fn decode(&self, values: &[f64]) -> f64 {
        match &self.kind {
            Kind::Number { scale } => scale.undo(values[0]),
            // No amount of the training rows is negative, so none is expected to be.
            Kind::Amount { unit, scale } => f64::max(signed_exp(scale.undo(values[0])) * unit, 0.0),
            Kind::Ordinal { levels, scale } => {
                let value = scale.undo(values[0]);
                let nearest = levels.iter().copied().min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs()));
                nearest.unwrap_or(value)
            }
            Kind::Category { .. } => {
                let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                values.iter().position(|&value| value == largest).unwrap_or(0) as f64
            }
            Kind::Date { scale, .. } => scale.undo(values[0]),
            Kind::LeftOut { .. } => f64::NAN,
        }
    }
}
