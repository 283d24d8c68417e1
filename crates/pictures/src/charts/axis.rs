//! The ends of axes and their ticks.

use super::text::tick_label;

/// Larger numbers are not drawn as what they are, so that no difference of two numbers is infinite.
const LARGEST: f64 = 1e300;
/// If the values span more than this many times the range of their middle half, a few of them make the others
/// indistinguishable.
const SPREADS: f64 = 30.0;
/// Values that are farther from the middle half than this many times its range lie beyond a robust axis.
const FENCE: f64 = 10.0;

/// An axis whose ends are ticks, or an axis between two given ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub low: f64,
    pub high: f64,
    /// The distance of two ticks.
    pub step: f64,
}

impl Axis {
    /// An axis of about `parts` steps that contains all values from `low` to `high` and ends with ticks.
    pub fn around(low: f64, high: f64, parts: f64) -> Self {
        let [low, high] = [low, high].map(|end| end.clamp(-LARGEST, LARGEST));
        let (low, high) =
            if high > low { (low, high) } else { (low - 0.5 * low.abs().max(1e-6), high + 0.5 * high.abs().max(1e-6)) };
        let step = nice((high - low) / parts);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    /// An axis from `low` to `high` with about `parts` steps.
    pub fn between(low: f64, high: f64, parts: f64) -> Self {
        let [low, high] = [low, high].map(|end| end.clamp(-LARGEST, LARGEST));
        Self { low, high, step: Self::around(low, high, parts).step }
    }

    /// Where a value is on the axis: 0 is the lower end, and 1 is the upper end.
    pub fn part(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The values of the ticks and their labels.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        // A tick at an end counts, although its quotient may be rounded to the other side.
        let first = (self.low / self.step - 1e-6).ceil();
        let last = (self.high / self.step + 1e-6).floor();
        let count = (last - first).round().clamp(0.0, 100.0) as usize;
        let tick = |at: usize| (first + at as f64) * self.step;
        (0..=count).map(|at| (tick(at), tick_label(tick(at), self.step))).collect()
    }
}

/// A logarithmic axis that contains all values from `low` to `high`, which must be positive: the axis of their decimal
/// logarithms, and the ticks with their labels. Its ends are 1, 2 or 5 times a power of ten. So are the ticks if the
/// axis is short; otherwise they are powers of ten.
pub(super) fn decades(low: f64, high: f64) -> (Axis, Vec<(f64, String)>) {
    let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let round: Vec<(i32, f64, f64)> = exponents
        .flat_map(|power| [1.0, 2.0, 5.0].map(|factor| (power, factor, factor * 10_f64.powi(power))))
        .filter(|(.., value)| value.is_finite() && *value > 0.0)
        .collect();
    let first = round.iter().rposition(|(.., value)| *value <= low).unwrap_or(0);
    let last = round.iter().position(|(.., value)| *value >= high).unwrap_or(round.len().saturating_sub(1));
    let within = round.get(first..=last).unwrap_or_default();
    let end = |found: Option<&(i32, f64, f64)>, other: f64| found.map_or(other, |(.., value)| *value).log10();
    let axis = Axis { low: end(within.first(), low), high: end(within.last(), high), step: 1.0 };
    let length = axis.high - axis.low;
    let each = (length / 6.0).ceil().max(1.0) as i32;
    let is_tick = |power: i32, factor: f64| length <= 2.5 || (factor == 1.0 && power % each == 0);
    let ticks = within.iter().filter(|(power, factor, _)| is_tick(*power, *factor));
    // As many digits as the value itself needs.
    let labelled = |&(.., value): &(i32, f64, f64)| (value, tick_label(value, 1.001 * value));
    (axis, ticks.map(labelled).collect())
}

/// The round number (1, 2 or 5 times a power of ten) at or above `value`.
pub(super) fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-300).log10().floor());
    let factor = value / power;
    power
        * if factor <= 1.0 {
            1.0
        } else if factor <= 2.0 {
            2.0
        } else if factor <= 5.0 {
            5.0
        } else {
            10.0
        }
}

/// The smallest and the largest finite value, or `None` if there is none.
pub(crate) fn ends<'a>(values: impl IntoIterator<Item = &'a f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().copied().filter(|value| value.is_finite());
    finite.fold(None, |ends, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((value.min(low), value.max(high)))
    })
}

/// The ends of the values that remain distinguishable on one linear axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bulk {
    pub low: f64,
    pub high: f64,
    /// How many finite values lie outside.
    pub beyond: usize,
}

/// All finite values, if they span at most 30 times the range of their middle half (the interquartile range). Otherwise
/// those that are at most 10 times this range away from the middle half.
pub(super) fn bulk(values: &[f64]) -> Option<Bulk> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (&low, &high) = (sorted.first()?, sorted.last()?);
    let at = |part: f64| sorted[(part * (sorted.len() - 1) as f64).round() as usize];
    let (quarter, three_quarters) = (at(0.25), at(0.75));
    // If the middle half is one number, nine tenths of the values are taken in its place.
    let spread = [three_quarters - quarter, at(0.95) - at(0.05)].into_iter().find(|spread| *spread > 0.0);
    match spread {
        Some(spread) if high - low > SPREADS * spread => {
            let (low, high) = (quarter - FENCE * spread, three_quarters + FENCE * spread);
            let within: Vec<f64> = sorted.iter().copied().filter(|value| (low..=high).contains(value)).collect();
            let (low, high) = ends(&within)?;
            Some(Bulk { low, high, beyond: sorted.len() - within.len() })
        }
        _ => Some(Bulk { low, high, beyond: 0 }),
    }
}
