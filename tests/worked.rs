//! The worked examples that `handgrad trace` prints: helper functions for the tests that read them.
#![allow(dead_code, reason = "each test file that reads traces uses some of these functions")]

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::command::{self, err, list, number, run};

pub const NAMES: [&str; 32] = [
    "elman",
    "jordan",
    "jordan-classic",
    "lstm",
    "gru",
    "bptt",
    "bptt-printed",
    "two-units",
    "two-units-lstm",
    "two-units-gru",
    "bidirectional",
    "convlstm",
    "dense",
    "autoencoder",
    "batch",
    "tied",
    "pca",
    "mse",
    "bce",
    "softmax",
    "adam",
    "init",
    "conv",
    "stride",
    "dilation",
    "conv-transpose",
    "pool",
    "noise",
    "dropout",
    "vae",
    "small-vae",
    "sparse",
];

pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The JSON output of an example.
pub fn trace(args: &[&str]) -> Value {
    command::json(here(), &[&["trace", "--json"], args].concat())
}

pub fn text(args: &[&str]) -> String {
    let output = run(here(), &[&["trace"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// All lines with a symbol, each with the heading above it.
pub fn lines(trace: &Value) -> Vec<(&str, &Value)> {
    let sections = trace["sections"].as_array().expect("sections");
    let of = |section: &'_ Value| section["lines"].as_array().expect("lines").len();
    assert!(sections.iter().all(|section| of(section) > 0));
    sections
        .iter()
        .flat_map(|section| {
            let heading = section["heading"].as_str().expect("a heading");
            section["lines"].as_array().expect("lines").iter().map(move |line| (heading, line))
        })
        .filter(|(_, line)| line["symbol"].is_string())
        .collect()
}

/// The first line with this symbol below a heading that contains these words.
pub fn line_of<'a>(trace: &'a Value, heading: &str, symbol: &str) -> &'a Value {
    let found = lines(trace).into_iter().find(|(over, line)| over.contains(heading) && line["symbol"] == symbol);
    found.unwrap_or_else(|| panic!("no {symbol} below {heading:?} in {trace}")).1
}

pub fn value(trace: &Value, symbol: &str) -> f64 {
    number(&line_of(trace, "", symbol)["value"])
}

pub fn value_below(trace: &Value, heading: &str, symbol: &str) -> f64 {
    number(&line_of(trace, heading, symbol)["value"])
}

pub fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, not {expected}");
}

/// Numbers, or rows of numbers, as one list.
pub fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(rows) => rows.iter().flat_map(flat).collect(),
        _ => vec![number(value)],
    }
}

/// The values that formulas use before any line has computed them: the states before the first step, or after the last.
pub fn start() -> HashMap<String, f64> {
    let names = ["h₀", "h₀₁", "h₀₂", "y₀", "c₀", "c₀₁", "c₀₂", "c₀₃", "m₀", "v₀", "f₀", "r₄"];
    names.map(|name| (name.to_string(), 0.0)).into()
}

/// Stores a value by its symbol, the values of a matrix by their positions, and those of gates by their letters.
pub fn remember(scope: &mut HashMap<String, f64>, symbol: &str, value: &Value) {
    let sub = |number: usize| {
        char::from_digit(number as u32, 10).map(|c| char::from_u32(0x2080 + c as u32 - 48)).expect("a digit")
    };
    let place = |at: usize| sub(at + 1).expect("a subscript");
    match value {
        Value::Array(rows) if rows.iter().all(Value::is_number) => {
            let gates = match rows.len() {
                4 => "ifgo",
                _ => "rzn",
            };
            for (at, (value, gate)) in list(value).into_iter().zip(gates.chars().chain("-----".chars())).enumerate() {
                scope.insert(format!("{symbol}{}", place(at)), value);
                if let Some(start) = symbol.strip_suffix("ih").or_else(|| symbol.strip_suffix("hh")) {
                    let source = if symbol.ends_with("ih") { 'i' } else { 'h' };
                    scope.insert(format!("{start}{source}{gate}"), value);
                }
            }
        }
        Value::Array(rows) => {
            for (i, row) in rows.iter().enumerate() {
                for (j, value) in list(row).into_iter().enumerate() {
                    scope.insert(format!("{symbol}{}{}", place(i), place(j)), value);
                }
            }
        }
        _ => {
            if symbol == "theta" {
                scope.extend(["theta₀", "plain₀"].map(|name| (name.to_string(), number(value))));
            }
            scope.insert(symbol.into(), number(value));
        }
    }
}
