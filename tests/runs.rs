//! Runs with checkpoints: helper functions to start and inspect them, for the tests of resuming and of reliability.
#![allow(dead_code, reason = "each test file about runs uses some of these functions")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::command::{err, files, json};

pub fn train(at: &Path, out: &str, settings: &[&str]) -> serde_json::Value {
    json(at, &[&["train", "--json", "--quiet", "--out", out], settings].concat())
}

pub fn resume(at: &Path, run: &str, more: &[&str]) -> serde_json::Value {
    json(at, &[&["train", "--json", "--quiet", "--resume", run], more].concat())
}

/// The checkpoints, the newest last.
pub fn checkpoints(at: &Path, run: &str) -> Vec<PathBuf> {
    let all = files(&at.join(run).join("checkpoint")).into_iter().map(|(path, _)| path);
    let mut found: Vec<_> = all.filter(|path| path.extension().is_some_and(|end| end == "checkpoint")).collect();
    found.sort_by_key(|path| {
        let name = path.file_stem().expect("a name").to_str().expect("Unicode").to_string();
        name.split('-').filter_map(|part| part.parse().ok()).collect::<Vec<usize>>()
    });
    found
}

pub fn refused(output: &Output, code: i32, words: &[&str]) {
    let text = err(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

/// A small run without its newest checkpoint, so that it is not finished.
pub fn unfinished(at: &Path, out: &str) -> serde_json::Value {
    let report = train(at, out, &["--data=small", "--epochs=3", "--batch-size=64", "--checkpoint-every=1step"]);
    let newest = checkpoints(at, out).pop().expect("a checkpoint");
    fs::remove_file(newest).expect("removed");
    report
}
