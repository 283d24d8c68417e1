//! The options of an example, and how they change its numbers.

use std::ops::Range;

use super::example::Example;
use super::given::{Given, Numbers};
use crate::Error;
use crate::subscripts::typed;

/// The largest number of steps of an example.
const MOST_STEPS: usize = 1000;

/// What to change about an example. By default nothing is changed.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The number of time steps of a recurrent network, or of optimiser steps: 1 to 1000.
    pub steps: Option<usize>,
    /// The learning rate α of the update, above 0.
    pub learning_rate: Option<f64>,
    /// Settings of given values, by name: `w_hh=0.5` sets all values of w_hh to one number, `x=1,2,3` sets each value
    /// of x, `w21=0.5` sets the value in row 2 and column 1 of w.
    pub set: Vec<String>,
}

impl Options {
    /// Returns the example's own numbers with these changes applied.
    pub(super) fn numbers(&self, example: &Example) -> Result<Numbers, Error> {
        let steps = self.steps.or(example.steps).unwrap_or(1);
        if !(1..=MOST_STEPS).contains(&steps) {
            let (value, range) = (steps.to_string(), format!("1 to {MOST_STEPS}"));
            return Err(Error::OptionOutOfRange { option: "steps", value, range });
        }
        if let Some(rate) = self.learning_rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            let (value, range) = (rate.to_string(), "a number above 0, such as 0.01".to_string());
            return Err(Error::OptionOutOfRange { option: "learning_rate", value, range });
        }
        let learning_rate = self.learning_rate.or(example.learning_rate).unwrap_or(0.0);
        let mut given = (example.given)(steps);
        for setting in &self.set {
            set(&mut given, setting, example, steps)?;
        }
        Ok(Numbers { given, steps, learning_rate, changed: !self.set.is_empty() })
    }
}

/// Returns the text, or its beginning if it is long, to be shown in an error message.
pub fn begin(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// Finds given values by their name, as it is typed: the place of what is given, and the places of the values in it.
/// That is one value for `w21` and for the name of an element, and all values for the name of the whole.
pub fn find(given: &[Given], name: &str) -> Option<(usize, Range<usize>)> {
    let wanted = typed(name);
    let whole = given.iter().position(|given| typed(given.name) == wanted);
    let all = |at: usize| (at, 0..given[at].value.values.len());
    let single = |(at, given): (usize, &Given)| {
        let mut places = 0..given.value.values.len();
        let is_it = |&place: &usize| {
            let names = [given.name_of(place), given.value.name_of(given.name, place)];
            names.iter().any(|name| typed(name) == wanted)
        };
        places.find(is_it).map(|place| (at, place..place + 1))
    };
    whole.map(all).or_else(|| given.iter().enumerate().find_map(single))
}

/// Applies one setting to the given values, such as `w_hh=0.5` or `x=1,2,3`.
fn set(given: &mut [Given], whole: &str, example: &Example, steps: usize) -> Result<(), Error> {
    let setting = begin(whole);
    let Some((name, text)) = whole.split_once('=') else {
        return Err(Error::NoEqualsSign { setting });
    };
    let mut values = Vec::new();
    for text in text.split(',') {
        match text.trim().replace('−', "-").parse::<f64>() {
            Ok(value) if value.is_finite() => values.push(value),
            _ => {
                let problem = format!("{:?} is not a number, such as 0.5", begin(text));
                return Err(Error::Setting { setting, problem });
            }
        }
    }
    let Some((at, places)) = find(given, name) else {
        let known = given.iter().map(|given| match given.elements {
            [] => given.name.to_string(),
            elements => format!("{} ({})", given.name, elements.join(", ")),
        });
        let known = known.collect::<Vec<_>>().join(", ");
        let problem = format!("{} has no {:?}; these can be set: {known}", example.name, begin(name));
        return Err(Error::Setting { setting, problem });
    };
    let all = given[at].value.values.len();
    let found = &mut given[at].value.values[places];
    match values[..] {
        [value] => found.fill(value),
        _ if values.len() == found.len() => found.copy_from_slice(&values),
        _ => {
            let (count, room) = (values.len(), found.len());
            let by_steps = room == all && (example.given)(steps + 1)[at].value.values.len() != room;
            return Err(Error::WrongCount { setting, name: name.to_string(), count, room, by_steps });
        }
    }
    Ok(())
}
