//! A question: what is asked, and how an answer is judged.

use std::rc::Rc;

use handgrad_analysis::Random;

use crate::answer::{Asked, Verdict};
use crate::trace::form::long;
use crate::trace::render::wrap;

/// A question about a chapter.
#[derive(Clone, Debug)]
pub struct Question {
    /// The number of the chapter.
    pub chapter: usize,
    text: String,
    asks: Asks,
    why: String,
}

#[derive(Clone, Debug)]
enum Asks {
    /// One of several answers is right.
    Choice { options: Vec<String>, right: usize },
    /// A value, to be computed.
    Value { value: f64, asked: Asked },
}

/// What is to be said about an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is right.
    Right,
    /// It is wrong, and may have an explanation.
    Wrong(Option<String>),
    /// It cannot be read; the text says what is expected.
    Unreadable(&'static str),
}

/// The letters of the answers to choose from.
const LETTERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

impl Question {
    /// A question with answers to choose from, which are put in a random order. The first one of `options` is right.
    pub(super) fn choice(random: &mut Random, chapter: usize, text: &str, options: &[&str], why: &str) -> Self {
        let mut order: Vec<usize> = (0..options.len()).collect();
        random.shuffle(&mut order);
        let right = order.iter().position(|&place| place == 0).unwrap_or(0);
        let options = order.into_iter().map(|place| options[place].to_string()).collect();
        Self::in_order(chapter, text, options, right, why)
    }

    /// A question with answers to choose from, in the given order.
    pub(super) fn in_order(chapter: usize, text: &str, options: Vec<String>, right: usize, why: &str) -> Self {
        Self { chapter, text: text.into(), asks: Asks::Choice { options, right }, why: why.into() }
    }

    /// A question for the value of `formula`, which names the known values.
    pub(super) fn value(
        chapter: usize,
        text: String,
        [symbol, formula]: [&str; 2],
        known: &[(&str, f64)],
        value: f64,
    ) -> Self {
        let known: Rc<[_]> = known.iter().map(|(name, value)| (name.to_string(), *value)).collect();
        let asked = Asked::new(symbol, formula, &known, known.len(), value);
        Self { chapter, text, asks: Asks::Value { value, asked }, why: format!("{symbol} = {formula}") }
    }

    /// Adds a sentence to the explanation.
    pub(super) fn because(mut self, why: &str) -> Self {
        self.why = format!("{}. {why}", self.why);
        self
    }

    /// Returns the question, with the answers to choose from.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.asks {
            Asks::Value { .. } => wrap(&self.text, 0, 0),
            Asks::Choice { options, .. } => {
                let lines = LETTERS.iter().zip(options);
                let lines = lines.map(|(letter, option)| format!("\n  {letter}) {}", wrap(option, 5, 5)));
                lines.fold(wrap(&self.text, 0, 0), |text, line| text + &line)
            }
        }
    }

    /// Returns the right answer and why it is right.
    #[must_use]
    pub fn solution(&self) -> String {
        let answer = match &self.asks {
            Asks::Choice { right, .. } => format!("{})", LETTERS.get(*right).unwrap_or(&"?")),
            Asks::Value { value, .. } => format!("{}.", long(*value)),
        };
        wrap(&format!("The answer: {answer} {}", self.why), 0, 0)
    }

    /// Judges an answer: a letter, a number, or a formula of numbers.
    #[must_use]
    pub fn judge(&self, answer: &str) -> Reply {
        match &self.asks {
            Asks::Choice { options, right } => {
                let letter = answer.trim().trim_end_matches([')', '.']).to_lowercase();
                match LETTERS.iter().take(options.len()).position(|known| *known == letter) {
                    None => Reply::Unreadable("type the letter of an answer"),
                    Some(place) if place == *right => Reply::Right,
                    Some(_) => Reply::Wrong(None),
                }
            }
            Asks::Value { asked, .. } => match asked.judge(answer) {
                Verdict::Right => Reply::Right,
                Verdict::NotANumber => Reply::Unreadable("type a number, or a formula of numbers such as 2*(1 - 3)/4"),
                Verdict::Wrong(slip) => Reply::Wrong(slip.map(|(_, why)| why)),
            },
        }
    }
}

#[cfg(test)]
impl Question {
    pub(super) fn is_value(&self) -> bool {
        matches!(self.asks, Asks::Value { .. })
    }

    /// Does the formula give the value? True for questions with answers to choose from.
    pub(super) fn agrees(&self) -> bool {
        match &self.asks {
            Asks::Choice { .. } => true,
            Asks::Value { asked, .. } => asked.agrees(&asked.values()),
        }
    }

    /// Every answer that can be chosen, or the value and another one.
    pub(super) fn answers(&self) -> Vec<String> {
        match &self.asks {
            Asks::Choice { options, .. } => LETTERS[..options.len()].iter().map(ToString::to_string).collect(),
            Asks::Value { value, .. } => vec![value.to_string(), (value + 1.0).to_string()],
        }
    }
}
