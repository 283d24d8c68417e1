//! The worked examples that `handgrad trace` prints: helper functions for the tests that read them.
#![allow(dead_code, reason = "each test file that reads traces uses some of these functions")]

use std::path::Path;

use serde_json::Value;

use crate::command::{self, err, number, run};

pub const NAMES: [&str; 20] = [
    "elman",
    "jordan",
    "jordan-classic",
    "lstm",
    "gru",
    "bptt",
    "bptt-printed",
    "two-units",
    "dense",
    "autoencoder",
    "batch",
    "pca",
    "mse",
    "bce",
    "adam",
    "conv",
    "stride",
    "noise",
    "vae",
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
