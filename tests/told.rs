//! What `handgrad` tells of data and models that are valid but not as they should be. This file belongs to the package
//! `handgrad`, whose binary it needs.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use handgrad_dataset::held_out::held_out;

mod command;

use command::{err, json, number, run};

/// Pseudo-random numbers in 0..1 (a linear congruential generator with Knuth's constants).
fn fractions() -> impl Iterator<Item = f64> {
    let mut state = 3_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// A table of four columns between 10 and 15, with the header a, b, c, d.
fn table(rows: usize) -> String {
    let mut text = String::from("a,b,c,d\n");
    let mut fractions = fractions();
    for _ in 0..rows {
        let mut next = || 10.0 + 5.0 * fractions.next().unwrap_or_default();
        writeln!(text, "{:.3},{:.3},{:.3},{:.3}", next(), next(), next(), next()).expect("text");
    }
    text
}

const TRAIN: [&str; 11] =
    ["train", "--preset", "basic", "--scale", "min-max", "--layers", "3", "--epochs", "3", "--quiet", "--data"];

/// Runs a command that must succeed, and returns its standard output and its standard error.
fn both(at: &Path, args: &[&str]) -> [String; 2] {
    let output = run(at, args);
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    [String::from_utf8_lossy(&output.stdout).into_owned(), err(&output)]
}

/// A model of normal rows is there to be used on rows that are not normal.
#[test]
fn rows_beyond_the_range_of_the_training_are_scored() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("normal.csv"), table(400)).expect("written");
    // Two rows lie beyond the range of every column, the others within it.
    fs::write(at.join("new.csv"), "a,b,c,d\n12,13,14,11\n40,40,40,40\n15,15,15,15\n9,12,12,12\n").expect("written");
    both(at, &[&TRAIN[..], &["normal.csv", "--out", "r"]].concat());
    let args = ["anomaly", "r", "--data", "new.csv", "--out", "o.png"];
    let [out, told] = both(at, &[&args[..], &["--scores", "s.csv"]].concat());
    assert!(told.contains("note: 8 of 16 values of all rows of new.csv lie outside 0..1 when scaled"), "{told}");
    assert!(out.contains("minus the entropy of the sample"), "{out}");
    let text = fs::read_to_string(at.join("s.csv")).expect("scores");
    let scores: Vec<f64> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).expect("a cell").parse())
        .map(|score| score.expect("a number"))
        .collect();
    assert!(scores[1] > 10.0 && scores[1] > scores[2] && scores[3] > scores[0], "{scores:?}");
    // No score is below the squared error.
    both(at, &[&args[..], &["--scores", "mse.csv", "--score", "mse"]].concat());
    let text = fs::read_to_string(at.join("mse.csv")).expect("scores");
    let squared =
        text.lines().skip(1).map(|line| line.split(',').nth(2).expect("a cell").parse::<f64>().expect("a number"));
    assert!(squared.zip(&scores).all(|(mse, &score)| score >= mse * (1.0 - 1e-6)), "{text} {scores:?}");
    for args in [&["encode", "--out", "c.csv"][..], &["reconstruct", "--out", "x.csv"], &["eval"]] {
        let [_, told] = both(at, &[&args[..1], &["r", "--data", "new.csv"], &args[1..]].concat());
        assert!(told.contains("note: 8 of 16 values"), "{args:?}: {told}");
    }
    let found = json(at, &["eval", "r", "--data", "new.csv", "--json"]);
    assert!(found["values_outside_0_to_1"] == 8 && number(&found["value"]) > 0.0, "{found}");
    assert!(number(&found["value"]) >= number(&found["least_possible"]), "{found}");
    // Data within the range gets no note.
    fs::write(at.join("inside.csv"), "a,b,c,d\n12,13,14,11\n").expect("written");
    let [_, told] = both(at, &["eval", "r", "--data", "inside.csv"]);
    assert_eq!(told, "");
}

/// A seed with which the last of `rows` rows is held out, and the first is not.
fn holding_out_the_last(rows: usize) -> String {
    let is_right = |seed: &u64| {
        let held = held_out(rows, None, rows / 10, *seed).1;
        held.contains(&(rows - 1)) && !held.contains(&0)
    };
    (0..1000).find(is_right).expect("a seed").to_string()
}

/// The scale is that of the training samples, so a held-out row may lie beyond it. A training row may not.
#[test]
fn held_out_rows_may_lie_beyond_the_range() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("tail.csv"), table(400) + "15.2,12,12,3\n").expect("written");
    let [_, told] = both(at, &[&TRAIN[..], &["tail.csv", "--out", "r", "--seed", &holding_out_the_last(401)]].concat());
    assert!(told.contains("note: ") && told.contains("outside 0..1 when scaled"), "{told}");
    let config = fs::read_to_string(at.join("r/config.toml")).expect("a configuration");
    assert!(config.contains("output_activation = \"sigmoid\""), "{config}");
}

/// A training that ends with dead units says so, names them, and says what to do. So does `eval`.
#[test]
fn dead_units_and_constant_codes_are_named() {
    let folder = command::small();
    let at = folder.path();
    let train = ["train", "--data", "small", "--layers", "8", "--epochs", "4", "--quiet", "--out", "dead"];
    let [out, _] = both(at, &[&train[..], &["--learning-rate", "0.5"]].concat());
    let report = json(at, &["eval", "dead", "--json"]);
    let [shown, _] = both(at, &["eval", "dead"]);
    // The codes themselves say which units have the same value for every sample.
    both(at, &["encode", "dead", "--out", "codes.csv"]);
    let text = fs::read_to_string(at.join("codes.csv")).expect("codes");
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').skip(1).collect()).collect();
    let same: Vec<usize> = (0..8).filter(|&unit| rows.iter().all(|row| row[unit] == rows[0][unit])).collect();
    assert!(!same.is_empty(), "a learning rate of 0.5 kills ReLU units: {text}");
    assert_eq!(report["code"]["constant_units"], serde_json::json!(same), "{report}");
    let words = if same.len() == 8 { "the code is constant" } else { "of 8 code units" };
    for text in [&out, &shown] {
        for word in [words, "all 60 samples", "--code-activation linear", "--learning-rate", "--seed"] {
            assert!(text.contains(word), "{word:?} is not in {text:?}");
        }
    }
    // A code whose units are all in use has no note.
    let report = command::train(at, "good", &["--layers", "8", "--code-activation", "linear"]);
    assert_eq!((&report["code"]["constant_units"], &report["code"]["units"]), (&serde_json::json!([]), &8.into()));
    assert!(report["code"]["note"].is_null() && report["code"]["kl_divergence"].is_null(), "{report}");
}

/// With the mean over 784 values, the divergence outweighs the reconstruction, and the code says nothing any more.
#[test]
fn a_collapsed_code_is_named() {
    let folder = command::small();
    let at = folder.path();
    let args = ["train", "--data", "small", "--preset", "vae", "--epochs", "8", "--quiet"];
    let [out, _] = both(at, &[&args[..], &["--reduction", "mean", "--out", "v"]].concat());
    assert!(out.contains("the code has collapsed") && out.contains("--reduction sum"), "{out}");
    let report = json(at, &["eval", "v", "--json"]);
    let of_units = command::list(&report["code"]["kl_divergence_of_units"]);
    assert!(of_units.len() == 20 && of_units.iter().all(|kl| (0.0..0.01).contains(kl)), "{report}");
    assert_eq!(report["code"]["inactive_units"].as_array().map(Vec::len), Some(20), "{report}");
    // Too large a β has the same effect.
    let [out, _] = both(at, &[&args[..], &["--beta", "1000", "--out", "b"]].concat());
    assert!(out.contains("the code has collapsed") && out.contains("a smaller --beta"), "{out}");
}

/// The KL divergence is printed without its weight.
#[test]
fn the_divergence_is_printed_itself() {
    let folder = command::small();
    let at = folder.path();
    let args = ["train", "--data", "small", "--preset", "vae-2d", "--epochs", "2", "--beta", "0.5", "--out", "v"];
    let [out, told] = both(at, &args);
    assert!(told.contains("validation = reconstruction + 0.5·KL divergence"), "{told}");
    let report = json(at, &["eval", "v", "--json"]);
    let weighted = number(&report["terms"]["KL divergence"]);
    let kl = number(&report["code"]["kl_divergence"]);
    assert!((weighted - 0.5 * kl).abs() < 1e-4 * kl, "half of {kl}, not {weighted}");
    let shown = |text: &str| {
        let (_, rest) = text.split_once("KL divergence ").expect("the term");
        assert!(rest.split_once(' ').is_some_and(|(_, rest)| rest.starts_with("(× 0.5 in the loss)")), "{text}");
        rest.split_once(' ').and_then(|(value, _)| value.parse::<f64>().ok()).expect("a number")
    };
    let [of_eval, _] = both(at, &["eval", "v"]);
    for text in [&out, &of_eval] {
        assert!((shown(text) - kl).abs() < 1e-3 * kl, "{text}: {kl}");
    }
}

/// An IDX file of bytes.
fn bytes(at: &Path, name: &str, byte: impl Fn(usize) -> u8) {
    let header = [0, 0, 8, 3, 0, 0, 0, 100, 0, 0, 0, 8, 0, 0, 0, 8];
    fs::write(at.join(name), header.into_iter().chain((0..6400).map(byte)).collect::<Vec<_>>()).expect("written");
}

/// A byte means value/255, so a mask of 0 and 1 is almost black. `--scale min-max` is what such data needs.
#[test]
fn bytes_that_are_not_grey_values_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    bytes(at, "mask.idx", |place| (place * place / 7 % 2) as u8);
    bytes(at, "classes.idx", |place| (place * place / 7 % 10) as u8);
    bytes(at, "grey.idx", |place| (place * place / 7 % 256) as u8);
    let train = |name: &str, out: &str, more: &[&str]| {
        let args = ["train", "--data", name, "--layers", "8", "--epochs", "1", "--quiet", "--out", out];
        both(at, &[&args[..], more].concat())[1].clone()
    };
    for (name, words) in [("mask.idx", "all bytes are 0 or 1;"), ("classes.idx", "no byte is above 9;")] {
        for text in [train(name, name.trim_end_matches(".idx"), &[]), both(at, &["data", "info", name])[0].clone()] {
            assert!(text.contains(words) && text.contains("--scale min-max"), "{name}: {text}");
        }
    }
    assert_eq!(train("mask.idx", "scaled", &["--scale", "min-max"]), "", "with the scale there is nothing to tell");
    assert_eq!(train("grey.idx", "grey", &[]), "");
    assert!(!both(at, &["data", "info", "grey.idx"])[0].contains("note"));
}

#[test]
fn values_that_are_all_equal_are_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    bytes(at, "black.idx", |_| 0);
    bytes(at, "white.idx", |_| 255);
    fs::write(at.join("rows.csv"), "2.5,2.5\n".repeat(40)).expect("written");
    for (data, value) in
        [("black.idx", "are 0"), ("white.idx", "are 1"), ("rows.csv", "every column has the same value")]
    {
        let output = run(at, &["train", "--data", data, "--layers", "2", "--loss", "mse", "--out", "r"]);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(1), "{data}: {text}");
        assert!(text.contains(value) && text.contains("nothing to learn"), "{data}: {text}");
        assert!(!at.join("r").exists(), "{data}: no run is begun");
    }
    let [text, _] = both(at, &["data", "info", "white.idx"]);
    assert!(text.contains("all values are the byte 255"), "{text}");
}
