//! Worked examples, forward and backward, from the functions that train.
//!
//! An example is a file in `trace/examples/`. The files beside that folder are what the examples are made with.

mod cell;
mod elman_network;
mod example;
mod examples;
mod form;
mod given;
mod jordan_network;
mod next;
mod notes;
mod options;
mod passes;
mod render;

use serde_json::json;

use crate::Error;
use example::Example;
use examples::EXAMPLES;
use form::Trace;

pub use options::Options;
pub use render::Format;

/// The names of the examples, in the order of the list.
#[must_use]
pub fn names() -> Vec<&'static str> {
    names_where(|_| true)
}

fn names_where(wanted: impl Fn(&Example) -> bool) -> Vec<&'static str> {
    EXAMPLES.iter().filter(|example| wanted(example)).map(|example| example.name).collect()
}

/// The list of the examples: name and title of each.
#[must_use]
pub fn listing(format: Format) -> String {
    let lines = |line: fn(&Example) -> String| EXAMPLES.iter().map(|example| line(example)).collect::<Vec<_>>();
    match format {
        Format::Text => lines(|example| format!("  {:15} {}", example.name, example.title)).join("\n"),
        Format::Markdown => {
            let rows = lines(|example| format!("| `{}` | {} |", example.name, example.title));
            format!("| example | |\n| --- | --- |\n{}", rows.join("\n"))
        }
        Format::Json => {
            let objects = EXAMPLES.iter().map(|example| json!({ "example": example.name, "title": example.title }));
            json!({ "examples": objects.collect::<Vec<_>>() }).to_string()
        }
    }
}

/// Works an example, with all its numbers.
///
/// # Errors
/// If no example has this name, it does not use an option, or a number that was set does not fit it.
pub fn work(name: &str, options: &Options, format: Format) -> Result<String, Error> {
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
    let numbers = options.numbers(example)?;
    let mut trace = Trace::new(!numbers.changed);
    numbers.write(&mut trace);
    (example.work)(&numbers, &mut trace)?;
    Ok(match format {
        Format::Text => render::text(example, &trace),
        Format::Markdown => render::markdown(example, &trace),
        Format::Json => render::json(example, &trace).to_string(),
    })
}
