//! Judging an answer to a question for a value: whether it is right, and if not, which known slip gives it.

mod formula;
mod slips;
mod typed;

use std::collections::HashMap;
use std::rc::Rc;

pub(crate) use formula::Formula;
pub use slips::kinds;
use typed::Typed;

/// The question for the value of a formula.
#[derive(Clone, Debug)]
pub struct Asked {
    symbol: String,
    /// The formula; `None` if it cannot be read.
    formula: Option<Formula>,
    /// The values that are known, in the order in which they became known, and how many of them were known before.
    known: Rc<[(String, f64)]>,
    before: usize,
    value: f64,
}

/// What is to be said about an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is right, to the digits that were given.
    Right,
    /// It is neither a number nor a formula of numbers.
    NotANumber,
    /// It is wrong. The slip, if it is a known one: its name, and an explanation.
    Wrong(Option<(&'static str, String)>),
}

impl Asked {
    /// Returns the question for `symbol`, which has this value. The formula, which explains slips, can use the first
    /// `before` of the known values.
    pub(crate) fn new(symbol: &str, formula: &str, known: &Rc<[(String, f64)]>, before: usize, value: f64) -> Self {
        let (symbol, formula) = (symbol.to_string(), Formula::read(formula));
        Self { symbol, formula, known: Rc::clone(known), before, value }
    }

    /// Does the formula give the value, if its names have these values? A layer may clip a value, or compute it in
    /// another way where a number is very large.
    pub(crate) fn agrees(&self, values: &HashMap<&str, f64>) -> bool {
        let computed = self.formula.as_ref().and_then(|formula| formula.value(&|name| values.get(name).copied()));
        computed.is_some_and(|computed| (computed - self.value).abs() <= 1e-9 * self.value.abs() + 1e-12)
    }

    /// The values that the names have before the question.
    pub(crate) fn values(&self) -> HashMap<&str, f64> {
        self.known[..self.before].iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }

    /// Returns the wrong values that known slips give, each with the name of the slip and an explanation.
    pub(crate) fn slips(&self) -> Vec<(&'static str, f64, String)> {
        let (Some(formula), values) = (&self.formula, self.values()) else { return Vec::new() };
        let case = slips::Case { symbol: &self.symbol, formula, values: &values, value: self.value };
        slips::all(&case)
    }

    /// Judges what was typed.
    #[must_use]
    pub fn judge(&self, answer: &str) -> Verdict {
        let Some(answer) = Typed::read(answer) else { return Verdict::NotANumber };
        if answer.is(self.value) {
            return Verdict::Right;
        }
        let slip = self.slips().into_iter().find(|(_, value, _)| answer.is(*value));
        let is_rough = answer.value != 0.0 && (answer.value - self.value).abs() <= 1.000_001 * answer.rough;
        let rough = is_rough.then(|| (slips::DIGITS, "The digits are right, but give at least three of them.".into()));
        Verdict::Wrong(slip.map(|(name, _, why)| (name, why)).or(rough))
    }
}
