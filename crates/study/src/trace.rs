//! Worked examples: the forward and the backward pass of small networks, computed by the functions that train.
//!
//! Each example is a file in `trace/examples/`. The other files in `trace/` are shared by the examples, or show a
//! worked example in different ways.

mod cell;
mod changes;
mod elman_network;
mod example;
mod examples;
pub(crate) mod form;
mod given;
mod jordan_network;
mod next;
mod notes;
mod options;
mod passes;
pub(crate) mod render;
pub(crate) mod small_autoencoder;
mod sweep;
mod two_unit_network;
mod worked;

use serde_json::json;

use example::Example;
use examples::EXAMPLES;

pub use changes::changes;
pub use options::Options;
pub use render::Format;
pub use sweep::{Sweep, sweep};
pub use worked::{Piece, Worked};

/// Returns the names of all examples, in the order of the list.
#[must_use]
pub fn names() -> Vec<&'static str> {
    names_where(|_| true)
}

fn names_where(wanted: impl Fn(&Example) -> bool) -> Vec<&'static str> {
    EXAMPLES.iter().filter(|example| wanted(example)).map(|example| example.name).collect()
}

/// Returns the list of all examples, each with its name and title.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text of the error. It must be a usage error, and its text must not name a flag of the command.
    fn refused(name: &str, options: &Options) -> String {
        let error = Worked::new(name, options).expect_err("it makes no sense");
        let text = error.to_string();
        assert!(error.is_usage() && !text.contains("--"), "{text}");
        text
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for steps in [0, 1001, usize::MAX] {
            let text = refused("elman", &Options { steps: Some(steps), ..Options::default() });
            assert_eq!(text, format!("steps is {steps}, but must be 1 to 1000"));
        }
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let text = refused("elman", &Options { learning_rate: Some(rate), ..Options::default() });
            assert_eq!(text, format!("learning_rate is {rate}, but must be a number above 0, such as 0.01"));
        }
        let text = refused("mse", &Options { steps: Some(3), ..Options::default() });
        assert!(text.starts_with("mse does not use the option steps; these examples do: elman, "), "{text}");
        for (setting, start) in [
            ("w_hh", "w_hh: write a name, = and one or more numbers, as in w_hh=0.5 or x=1,2,3"),
            ("w_hh=abc", "w_hh=abc: \"abc\" is not a number"),
            ("x=1,2", "x=1,2: 2 numbers are given, but x has 3: give 1 or 3; steps changes how many it has"),
        ] {
            let text = refused("elman", &Options { set: vec![setting.into()], ..Options::default() });
            assert!(text.starts_with(start), "{text}");
        }
    }
}
