//! `split`, tied weights and cross-entropy, as users run them. This file belongs to the package `handgrad`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use handgrad_dataset::held_out::held_out;
use serde_json::Value;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handgrad"));
    command.current_dir(folder).env_remove("HANDGRAD_DATA").stdin(Stdio::null());
    command.args(args).output().expect("the binary starts")
}

/// Runs a command, expects success, and returns the JSON object in the last line.
fn json(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_else(|e| panic!("{e} in {text:?}"))
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command, and expects an error of one paragraph that contains these words.
fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let output = run(folder, args);
    let text = err(&output);
    assert!(!output.status.success() && !text.contains("panicked"), "{args:?}: {text}");
    assert!(!text.trim_end().contains("\n\n") || output.status.code() == Some(2), "{args:?}: one paragraph: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: {word:?} is not in {text:?}");
    }
}

/// A folder with a tied and a variational run on 300 garments in `small`.
fn runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let output = run(at, &["data", "synthesize", "--out", "small", "--train", "300", "--validation", "60"]);
    assert!(output.status.success(), "{}", err(&output));
    let train = ["train", "--data", "small", "--epochs", "1", "--json", "--quiet", "--out"];
    json(at, &[&train[..], &["tied", "--tied", "--layers", "20,6"]].concat());
    json(at, &[&train[..], &["vae", "--preset", "vae-2d"]].concat());
    folder
}

#[test]
fn parts_do_what_the_whole_model_does() {
    let folder = runs();
    let at = folder.path();
    let written = json(at, &["split", "tied", "--encoder", "e.st", "--decoder", "d.st", "--json"]);
    assert_eq!((&written["encoder"], &written["decoder"]), (&"e.st".into(), &"d.st".into()));
    assert!(json(at, &["split", "vae", "--decoder", "vd.st", "--json"])["encoder"].is_null());
    assert!(run(at, &["split", "vae/model.safetensors", "--encoder", "ve.st"]).status.success());

    let text = |name: &str| fs::read(at.join(name)).expect("it was written");
    json(at, &["encode", "tied", "--out", "whole.csv", "--json", "--quiet"]);
    json(at, &["encode", "e.st", "--data", "small", "--out", "part.csv", "--json", "--quiet"]);
    assert_eq!(text("whole.csv"), text("part.csv"), "the same codes, to the last digit");
    for (command, more) in [("sample", ["--count", "9"]), ("latent-grid", ["--side", "3"])] {
        json(at, &[&[command, "vae", "--out", "whole.png", "--json"], &more[..]].concat());
        json(at, &[&[command, "vd.st", "--out", "part.png", "--json"], &more[..]].concat());
        assert_eq!(text("whole.png"), text("part.png"), "{command}: the same picture");
    }

    let before = text("e.st");
    for (args, words) in [
        (&["eval", "e.st", "--data", "small"][..], &["e.st", "only the encoder of a model", "a whole model"][..]),
        (&["eval", "d.st", "--data", "small"], &["d.st", "only the decoder of a model"]),
        (&["reconstruct", "d.st", "--data", "small", "--out", "x.png"], &["d.st", "a whole model"]),
        (&["encode", "d.st", "--data", "small", "--out", "x.csv"], &["d.st", "a whole model or its encoder"]),
        (&["encode", "e.st", "--out", "x.csv"], &["e.st", "--data"]),
        (&["sample", "d.st", "--out", "x.png"], &["d.st", "not variational"]),
        (&["sample", "ve.st", "--out", "x.png"], &["ve.st", "a whole model or its decoder"]),
        (&["split", "e.st", "--encoder", "x.st"], &["e.st", "a whole model"]),
        (&["split", "tied", "--encoder", "e.st"], &["e.st", "not overwritten"]),
        (&["split", "tied", "--encoder", "x.st", "--decoder", "x.st"], &["the same file"]),
        (&["split", "tied"], &["--encoder", "--decoder"]),
        (&["split", "small", "--encoder", "x.st"], &["small"]),
    ] {
        refused(at, args, words);
        assert!(!at.join("x.png").exists() && !at.join("x.csv").exists() && !at.join("x.st").exists(), "{args:?}");
    }
    assert_eq!(text("e.st"), before);
}

#[test]
fn tied_weights_are_a_setting_of_dense_models() {
    let folder = runs();
    let at = folder.path();
    let config = fs::read_to_string(at.join("tied/config.toml")).expect("a configuration");
    assert!(config.contains("tied = true"), "{config}");
    let train = ["train", "--config", "tied/config.toml", "--json", "--quiet", "--out"];
    let again = json(at, &[&train[..], &["again"]].concat());
    assert_eq!(again["parameters"], 784 * 20 + 20 * 6 + (20 + 6) + (20 + 784));
    let model = |run: &str| fs::read(at.join(run).join("model.safetensors")).expect("a model");
    assert!(model("tied") == model("again"), "the same run writes the same file");
    let untied = json(at, &[&train[..], &["untied", "--tied=false"]].concat());
    assert_eq!(untied["parameters"], 2 * (784 * 20 + 20 * 6) + (20 + 6) + (20 + 784));
    refused(at, &["train", "--data", "small", "--preset", "vae", "--tied"], &["tied", "model dense"]);
    let shown = err(&run(at, &["train", "--config", "tied/config.toml", "--out", "shown"]));
    let lines: Vec<_> = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in ["Tied dense 6 → 20, relu 20 20", "Tied dense 20 → 784, sigmoid 784 784", "total 16,630"] {
        assert!(lines.iter().any(|found| found == line), "{line:?} is not in {shown}");
    }
}

/// Rows of 6 values as an IDX file of f32.
fn write_rows(at: &Path, name: &str, rows: &[[f32; 6]]) {
    let header = [&[0, 0, 0x0d, 2][..], &(rows.len() as u32).to_be_bytes(), &6_u32.to_be_bytes()].concat();
    let values = rows.as_flattened().iter().flat_map(|value| value.to_be_bytes());
    fs::write(at.join(name), header.into_iter().chain(values).collect::<Vec<_>>()).expect("written");
}

#[test]
fn cross_entropy_takes_distributions_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    // 40 rows: one-hot, or two values of one half.
    let row = |number: usize| {
        let mut row = [0.0; 6];
        let share = if number.is_multiple_of(3) { 1.0 } else { 0.5 };
        row[number % 6] += share;
        row[(number + 1) % 6] += 1.0 - share;
        row
    };
    let rows: Vec<_> = (0..40).map(row).collect();
    write_rows(at, "rows.idx", &rows);
    let settings = ["--loss", "cross-entropy", "--layers", "8,3", "--epochs", "400", "--learning-rate", "0.01"];
    let train = [&["train", "--data", "rows.idx", "--out", "run", "--json"], &settings[..]].concat();
    let report = json(at, &train);
    assert!(report["val_loss"].as_f64().expect("a loss") < 0.75, "{report}");
    let config = fs::read_to_string(at.join("run/config.toml")).expect("a configuration");
    assert!(config.contains("loss = \"cross-entropy\"") && config.contains("\"linear\""), "{config}");
    let eval = json(at, &["eval", "run", "--data", "rows.idx", "--json"]);
    assert_eq!(eval["loss"], "cross-entropy (nats) per sample");
    // 14 of the 40 rows are one-hot, and the others have an entropy of ln 2.
    let least = 26.0 / 40.0 * 2.0_f64.ln();
    assert!((eval["least_possible"].as_f64().expect("a number") - least).abs() < 1e-9, "{eval}");
    assert!(eval["value"].as_f64().expect("a number") > least, "{eval}");
    let shown = err(&run(at, &[&["train", "--data", "rows.idx", "--out", "shown"], &settings[..]].concat()));
    assert!(shown.contains("Dense 8 → 6, softmax"), "{shown}");

    // Row 200, 54 is the one that is held out.
    let mut values = [255, 0, 255, 0, 255, 0];
    values[2 * held_out(3, None, 1, 0).1[0]..][..2].copy_from_slice(&[200, 54]);
    let bytes: Vec<u8> = [&[0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2][..], &values].concat();
    fs::write(at.join("bytes.idx"), bytes).expect("written");
    let changed = |number: usize, place: usize, value: f32| {
        let mut rows = rows.clone();
        rows[number][place] = value;
        rows
    };
    // Of training sample 7 one value becomes a quarter more than all of them; held-out sample 3 gets a negative value.
    let (training, held_out) = held_out(40, None, 4, 0);
    let place = rows[training[7]].iter().position(|&value| value == 0.0).expect("a zero");
    write_rows(at, "more.idx", &changed(training[7], place, 0.25));
    write_rows(at, "negative.idx", &changed(held_out[3], 5, -0.5));
    for (data, words) in [
        ("more.idx", &["training samples: sample 7 (counted from 0)", "sums to 1.25"][..]),
        ("negative.idx", &["validation samples: sample 3 (counted from 0)", "-0.5 at position 5"]),
        ("bytes.idx", &["validation samples: sample 0", "sums to 0.996"]),
    ] {
        let args = [&["train", "--data", data, "--out", "refused"], &settings[..]].concat();
        refused(at, &args, &[words, &["cross-entropy", "distributions", "the loss bce"]].concat());
        assert!(!at.join("refused").exists());
    }
    refused(
        at,
        &["eval", "run", "--data", "more.idx"],
        &[&format!("sample {} (counted from 0)", training[7]), "sums to 1.25"],
    );
    let args = [&train[..], &["--output-activation", "sigmoid"]].concat();
    refused(at, &args, &["cross-entropy takes logits", "sigmoid", "make it linear"]);
}
