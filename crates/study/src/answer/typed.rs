//! Answers as they are typed: numbers with some digits, or formulas of numbers.

use super::Formula;

/// A number that was typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Typed {
    pub value: f64,
    /// Half a unit of the last digit, within which the true value is rounded to this number. 0 if there are fewer than
    /// three digits.
    half: f64,
    /// The same, but also for fewer digits.
    pub rough: f64,
    /// True if it was typed without decimals. If the true value is whole as well, both must then be equal.
    is_whole: bool,
}

/// A computation with rounded numbers, as they are printed, may deviate from the true value by this part of it.
const ROUNDED: f64 = 1e-4;
/// With this many digits a number may be rounded; with fewer it must be exact.
const DIGITS: usize = 3;

impl Typed {
    /// Reads a number, such as `0.964`, `.964`, `0,964` or `-1.2e-3`, or a formula of numbers, such as `2*(1-3)/4` or
    /// `tanh(2)`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().replace('*', "·").replace('-', "−");
        // Commas between groups of three digits, as in 50,992, or a decimal comma.
        let mut groups = text.trim_start_matches('−').split(',').enumerate();
        let are_thousands = groups.all(|(at, group)| {
            let digits = group.len() == 3 || (at == 0 && (1..3).contains(&group.len()) && !group.starts_with('0'));
            digits && group.chars().all(|c| c.is_ascii_digit())
        });
        let text = if text.contains('(') { text } else { text.replace(',', if are_thousands { "" } else { "." }) };
        let value = Formula::read(&text)?.value(&|_| None).filter(|value| value.is_finite())?;
        // The last digit of a number without operators: 0.964 is rounded to 10⁻³.
        let number = text.trim_start_matches('−');
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let is_plain = !mantissa.is_empty() && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.');
        let exponent = exponent.replace('−', "-").parse::<i32>().ok();
        let (Some(exponent), true) = (exponent, is_plain) else {
            return Some(Self { value, half: 0.0, rough: 0.0, is_whole: false });
        };
        let is_whole = exponent == 0 && !mantissa.contains('.');
        let rough = 0.5 * 10_f64.powi(exponent.saturating_sub(decimals as i32));
        let digits = mantissa.replace('.', "").trim_start_matches('0').len();
        Some(Self { value, half: if digits >= DIGITS { rough } else { 0.0 }, rough, is_whole })
    }

    /// Returns true if this is the given value, rounded.
    pub fn is(&self, value: f64) -> bool {
        if self.is_whole && value.fract() == 0.0 {
            return self.value == value;
        }
        // A value that should be 0 may be a rounding error.
        let zero = if value.abs() < 1e-15 { 1e-12 } else { 0.0 };
        (self.value - value).abs() <= (1.000_001 * self.half).max(ROUNDED * value.abs()).max(zero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_may_be_rounded_but_not_too_much() {
        let is = |text: &str, value: f64| Typed::read(text).expect("a number").is(value);
        for text in ["0.964", ".9640", "0,96403", "0.9640275801", "tanh(2)", " 1.9280551602/2 ", "9.64e-1"] {
            assert!(is(text, 0.9640275801), "{text}");
        }
        for text in ["0.96", "1", "0.965", "0.963", "-0.964", "0.9645"] {
            assert!(!is(text, 0.9640275801), "{text}");
        }
        // The slide's truncated figure is within what rounded numbers give.
        assert!(is("0.9999", 0.99998581) && is("1.000", 0.99998581) && !is("1", 0.9998));
        assert!(
            is("142", 142.0)
                && is("-20", -20.0)
                && is("−20", -20.0)
                && is("0", 0.0)
                && is("0", 1e-17)
                && !is("0", 4e-13)
        );
        assert!(is("1/12", 1.0 / 12.0) && is("2*(1-3)/4", -1.0) && is("1.23e-7", 1.2345e-7));
        assert!(is("50,992", 50_992.0) && is("50992", 50_992.0) && !is("50,990", 50_992.0) && is("2,5", 2.5));
        for text in ["", "q", "x", "1/0", "nan", "inf", "1e999", "--1", "e", ".", "1 2"] {
            assert!(Typed::read(text).is_none(), "{text:?} is no answer");
        }
    }
}
