//! The binary, as users run it.
#![allow(dead_code, reason = "each test file of the package uses some of these functions")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ndarray::Array2;
use serde_json::Value;

/// The binary with no data, no network (a proxy that refuses) and no terminal.
pub fn handgrad(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handgrad"));
    command.current_dir(folder).env_remove("HANDGRAD_DATA").env("HTTPS_PROXY", "http://127.0.0.1:9");
    command.env("ALL_PROXY", "http://127.0.0.1:9").stdin(Stdio::null());
    command
}

pub fn run(folder: &Path, args: &[&str]) -> Output {
    handgrad(folder).args(args).output().expect("the binary starts")
}

/// Runs a command, expects success, and returns the JSON object in the last line.
pub fn json(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_else(|e| panic!("{e} in {text:?}"))
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with 300 training and 60 validation garments in `small`.
pub fn small() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run(folder.path(), &["data", "synthesize", "--out", "small", "--train", "300", "--validation", "60"]);
    assert!(output.status.success(), "{}", err(&output));
    folder
}

/// Every file below `folder`, with its bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push((entry.clone(), fs::read(&entry).expect("a file")));
        }
    }
    found.sort();
    found
}

/// `metrics.csv` without the times, which are in the last two columns.
pub fn metrics(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("metrics.csv")).expect("metrics");
    text.lines().map(|line| line.rsplitn(3, ',').last().expect("columns").to_string()).collect()
}

pub fn png_size(bytes: &[u8]) -> (u32, u32) {
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
    (reader.info().width, reader.info().height)
}

/// Trains on `small`, for two epochs if the settings do not say otherwise.
pub fn train(at: &Path, out: &str, settings: &[&str]) -> Value {
    let epochs = if settings.contains(&"--epochs") { &[][..] } else { &["--epochs", "2"] };
    json(at, &[&["train", "--data", "small", "--out", out, "--json", "--quiet"], epochs, settings].concat())
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

pub fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("{value} is not a list")).iter().map(number).collect()
}

/// The validation samples of `small`.
pub fn samples(at: &Path) -> Array2<f32> {
    let drawn =
        handgrad_dataset::load(at.join("small").to_str().expect("UTF-8"), at, &Default::default(), &()).expect("data");
    let handgrad_dataset::Values::Bytes(bytes) = drawn.validation.values else { panic!("bytes") };
    bytes.mapv(|byte| f32::from(byte) / 255.0)
}
