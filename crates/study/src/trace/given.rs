//! The numbers an example starts from.

use super::form::{Trace, Value};
use crate::Error;

/// An input or a parameter.
#[derive(Debug)]
pub struct Given {
    pub name: &'static str,
    pub value: Value,
    /// The names of its values, if each value has its own name by which it can be set.
    pub elements: &'static [&'static str],
    pub what: &'static str,
}

impl Given {
    /// Returns the name of one of its values in formulas.
    pub fn name_of(&self, place: usize) -> String {
        self.elements.get(place).map_or_else(|| self.value.name_of(self.name, place), ToString::to_string)
    }
}

/// Returns a given number.
pub fn number(name: &'static str, value: f64, what: &'static str) -> Given {
    Given { name, value: Value::number(value), elements: &[], what }
}

/// Returns a given list, or a matrix with `columns` columns.
pub fn matrix(name: &'static str, values: &[f64], columns: usize, what: &'static str) -> Given {
    Given { name, value: Value::matrix(values, columns), elements: &[], what }
}

/// Returns a parameter with several values, each with its own name, all equal to 1.
pub fn ones(name: &'static str, elements: &'static [&'static str], what: &'static str) -> Given {
    Given { name, value: Value::matrix(&vec![1.0; elements.len()], elements.len()), elements, what }
}

/// Everything that an example is worked from: its given values and its options.
#[derive(Debug)]
pub struct Numbers {
    pub given: Vec<Given>,
    pub steps: usize,
    pub learning_rate: f64,
    /// True if a setting has changed a given value.
    pub changed: bool,
}

impl Numbers {
    pub fn of(&self, name: &str) -> &[f64] {
        self.given.iter().find(|given| given.name == name).map_or(&[], |given| &given.value.values)
    }

    pub fn one(&self, name: &str) -> f64 {
        self.of(name).first().copied().unwrap_or(f64::NAN)
    }

    /// As [`of`](Self::of), but returns an error if a value is outside of 0..1.
    pub fn within_unit(&self, name: &str) -> Result<&[f64], Error> {
        let values = self.of(name);
        match values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            Some(wrong) => {
                let problem = format!("{wrong} is out of range; the values of {name} must be within 0..1");
                Err(Error::Setting { setting: name.into(), problem })
            }
            None => Ok(values),
        }
    }

    /// Writes the section "Given", which is the first one of every example.
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
