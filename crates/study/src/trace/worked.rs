//! A worked example: as a whole, or piece by piece with a question for every value.

use std::collections::HashMap;
use std::rc::Rc;

use super::example::Example;
use super::examples::EXAMPLES;
use super::form::{Item, Line, Trace};
use super::options::Options;
use super::render::{self, Format};
use super::{names, names_where};
use crate::Error;
use crate::answer::Asked;

/// An example with all its numbers.
#[derive(Debug)]
pub struct Worked {
    pub(crate) example: &'static Example,
    pub(crate) trace: Trace,
}

/// A piece of a worked example, in the order in which it is read.
#[derive(Debug)]
pub enum Piece {
    /// A title, a heading, a text, or given values.
    Text(String),
    /// A line with a result.
    Line {
        /// The whole line.
        text: String,
        /// The line up to its formula, and the question for its value. `None` if the line has no formula that can be
        /// computed from the lines above, or more than one value.
        question: Option<(String, Asked)>,
    },
}

/// Returns the example with this name, if it uses the options that are given.
pub(super) fn find(name: &str, options: &Options) -> Result<&'static Example, Error> {
    let Some(example) = EXAMPLES.iter().find(|example| example.name == name) else {
        return Err(Error::NoSuchExample { name: name.into(), known: names().join(", ") });
    };
    let unused = |option, users: Vec<_>| Error::UnusedOption { option, example: example.name, users: users.join(", ") };
    if options.steps.is_some() && example.steps.is_none() {
        return Err(unused("steps", names_where(|example| example.steps.is_some())));
    }
    if options.learning_rate.is_some() && example.learning_rate.is_none() {
        return Err(unused("learning_rate", names_where(|example| example.learning_rate.is_some())));
    }
    Ok(example)
}

impl Worked {
    /// Works the example `name`.
    ///
    /// # Errors
    /// If no example has this name, if the example does not use a given option, or if a setting does not fit the
    /// example.
    pub fn new(name: &str, options: &Options) -> Result<Self, Error> {
        let example = find(name, options)?;
        let numbers = options.numbers(example)?;
        let mut trace = Trace::new(!numbers.changed);
        numbers.write(&mut trace);
        (example.work)(&numbers, &mut trace)?;
        Ok(Self { example, trace })
    }

    /// Returns the whole example in the given format.
    #[must_use]
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text => render::text(self.example, &self.trace),
            Format::Markdown => render::markdown(self.example, &self.trace),
            Format::Json => render::json(self.example, &self.trace).to_string(),
        }
    }

    /// Returns the example piece by piece.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let log: Rc<[(String, f64)]> = self.trace.log.clone().into();
        // The values that are known before a line.
        let (mut values, mut known) = (HashMap::new(), log.iter());
        let mut pieces = vec![Piece::Text(render::title(self.example))];
        for (at, section) in self.trace.sections.iter().enumerate() {
            pieces.push(Piece::Text(render::heading(section)));
            for item in &section.items {
                pieces.push(match item {
                    // The first section has the given values.
                    Item::Line(line) if at > 0 => {
                        let before = line.known - (log.len() - known.len());
                        values.extend(known.by_ref().take(before).map(|(name, value)| (name.as_str(), *value)));
                        Piece::Line { text: render::text_line(line), question: question(line, &log, &values) }
                    }
                    item => Piece::Text(render::item(item)),
                });
            }
        }
        pieces
    }
}

/// Returns the question for the value of a line; `values` has those that are known before it.
fn question(line: &Line, log: &Rc<[(String, f64)]>, values: &HashMap<&str, f64>) -> Option<(String, Asked)> {
    let (None, [value]) = (line.value.columns, &line.value.values[..]) else { return None };
    let asked = Asked::new(&line.symbol, &line.formula, log, line.known, *value);
    asked.agrees(values).then(|| (render::question(line), asked))
}
