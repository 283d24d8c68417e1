//! Charts as SVG, and the functions that all charts use.

pub mod losses;
pub mod scores;

/// Formats a value with five significant digits, as for losses and scores.
///
/// ```
/// use handgrad_pictures::charts::number;
///
/// assert_eq!(number(0.0123456), "0.012346");
/// assert_eq!(number(81.25), "81.250");
/// ```
#[must_use]
pub fn number(value: f64) -> String {
    let digits = 4 - value.abs().max(1e-12).log10().floor().clamp(-8.0, 4.0) as i32;
    format!("{value:.*}", usize::try_from(digits.clamp(0, 9)).unwrap_or(0))
}

/// The round number (1, 2 or 5 times a power of ten) at or above `value`.
fn nice(value: f64) -> f64 {
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

/// Formats the label of a tick, with as many decimals as are needed to distinguish ticks that are `step` apart.
fn tick_label(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.digits$}")
}

/// Escapes the characters that have a meaning in SVG.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
