//! The numbers an example starts from, and how `--set` changes them.

use anyhow::Result;

use super::Example;
use super::form::{Trace, Value};
use crate::args::TraceArgs;
use crate::config::UsageError;

/// An input or a parameter.
#[derive(Debug)]
pub struct Given {
    pub name: &'static str,
    pub value: Value,
    /// Names of its values, if they have names of their own that can be set.
    pub elements: &'static [&'static str],
    pub what: &'static str,
}

/// A number.
pub fn number(name: &'static str, value: f64, what: &'static str) -> Given {
    Given { name, value: Value::number(value), elements: &[], what }
}

/// A list, or a matrix of so many columns.
pub fn matrix(name: &'static str, values: &[f64], columns: usize, what: &'static str) -> Given {
    Given { name, value: Value::matrix(values, columns), elements: &[], what }
}

/// Values that lie together in one parameter, each with a name of its own, all of them 1.
pub fn ones(name: &'static str, elements: &'static [&'static str], what: &'static str) -> Given {
    Given { name, value: Value::matrix(&vec![1.0; elements.len()], elements.len()), elements, what }
}

/// All that an example is worked from.
#[derive(Debug)]
pub struct Numbers {
    given: Vec<Given>,
    pub steps: usize,
    pub learning_rate: f64,
    /// Has `--set` changed anything?
    pub changed: bool,
}

impl Numbers {
    /// The example's own numbers, but for what was typed.
    pub fn new(example: &Example, args: &TraceArgs) -> Result<Self> {
        let steps = args.steps.map(usize::from).or(example.steps).unwrap_or(1);
        let learning_rate = args.learning_rate.or(example.learning_rate).unwrap_or(0.0);
        let mut given = (example.given)(steps);
        for setting in &args.set {
            set(&mut given, setting, example, steps)?;
        }
        Ok(Self { given, steps, learning_rate, changed: !args.set.is_empty() })
    }

    pub fn of(&self, name: &str) -> &[f64] {
        self.given.iter().find(|given| given.name == name).map_or(&[], |given| &given.value.values)
    }

    pub fn one(&self, name: &str) -> f64 {
        self.of(name).first().copied().unwrap_or(f64::NAN)
    }

    /// As [`of`](Self::of), for what must lie within 0..1.
    pub fn within_unit(&self, name: &str) -> Result<&[f64]> {
        let values = self.of(name);
        match values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            Some(wrong) => {
                Err(UsageError(format!("--set {name}: {wrong} is outside of 0..1, where {name} must lie")).into())
            }
            None => Ok(values),
        }
    }

    /// The section that every example opens with.
    pub fn write(&self, trace: &mut Trace) {
        trace.section("Given");
        for given in &self.given {
            trace.matrix(given.name, "", given.value.clone());
            trace.note(match given.elements {
                [] => given.what.to_string(),
                elements => format!("{}: {}", given.what, elements.join(", ")),
            });
            for (&name, &value) in given.elements.iter().zip(&given.value.values) {
                trace.know(name, value);
            }
        }
    }
}

/// What was typed, or how it begins, for an error to show.
fn begin(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// `w_hh=0.5`, or `x=1,2,3`.
fn set(given: &mut [Given], whole: &str, example: &Example, steps: usize) -> Result<()> {
    let usage = |text: String| Err(UsageError(text).into());
    let setting = begin(whole);
    let Some((name, text)) = whole.split_once('=') else {
        return usage(format!(
            "--set {setting}: write a name, = and a number or several: --set w_hh=0.5, --set x=1,2,3"
        ));
    };
    let mut values = Vec::new();
    for text in text.split(',') {
        match text.trim().replace('−', "-").parse::<f64>() {
            Ok(value) if value.is_finite() => values.push(value),
            _ => return usage(format!("--set {setting}: {:?} is not a number, such as 0.5", begin(text))),
        }
    }
    let same = |known: &str| known.eq_ignore_ascii_case(name.trim());
    let found = given.iter_mut().enumerate().find_map(|(at, given)| {
        let element = given.elements.iter().position(|element| same(element));
        let all = &mut given.value.values[..];
        if same(given.name) { Some((Some(at), all)) } else { element.map(|at| (None, &mut all[at..=at])) }
    });
    let Some((at, found)) = found else {
        let known = given.iter().map(|given| match given.elements {
            [] => given.name.to_string(),
            elements => format!("{} ({})", given.name, elements.join(", ")),
        });
        let known = known.collect::<Vec<_>>().join(", ");
        return usage(format!(
            "--set {setting}: {} has no {:?}; what can be set is {known}",
            example.name,
            begin(name)
        ));
    };
    match values[..] {
        [value] => found.fill(value),
        _ if values.len() == found.len() => found.copy_from_slice(&values),
        _ => {
            let (count, room) = (values.len(), found.len());
            let longer = at.is_some_and(|at| (example.given)(steps + 1)[at].value.values.len() != room);
            let give = if room == 1 { "give one".to_string() } else { format!("give 1 or {room}") };
            let by_steps = if longer { "; --steps changes how many it has" } else { "" };
            return usage(format!(
                "--set {setting}: these are {count} numbers, but {name} has {room}: {give}{by_steps}"
            ));
        }
    }
    Ok(())
}
