//! `handgrad anomaly`. This file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_dataset::idx;
use ndarray::Axis;
use serde_json::Value;

mod command;

use command::{err, files, json, number, png_size, run, small};

/// Next to `small`, a folder `normal` whose training samples are of the classes 1 and 8 only, while its validation
/// samples are of all classes; and a model trained on it.
fn one_sided() -> tempfile::TempDir {
    let folder = small();
    let at = folder.path();
    fs::create_dir(at.join("normal")).expect("made");
    let read = |name: &str| match idx::read(&at.join("small").join(name)).expect("an IDX file") {
        idx::Array::U8(array) => array,
        other => panic!("{}", other.element()),
    };
    for name in ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"] {
        fs::copy(at.join("small").join(name), at.join("normal").join(name)).expect("copied");
    }
    let labels = read("train-labels-idx1-ubyte.gz");
    let kept: Vec<_> =
        labels.iter().enumerate().filter(|(_, label)| [1, 8].contains(*label)).map(|(at, _)| at).collect();
    for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"] {
        let part = read(name).select(Axis(0), &kept);
        idx::write_gz(&at.join("normal").join(name), &part.view()).expect("written");
    }
    let args = ["train", "--data", "normal", "--loss", "mse", "--layers", "12", "--epochs", "60", "--batch-size", "10"];
    json(at, &[&args[..], &["--out", "run", "--json", "--quiet"]].concat());
    folder
}

fn anomaly(at: &Path, args: &[&str]) -> Value {
    json(at, &[&["anomaly", "run", "--out", "odd.png", "--json", "--quiet"], args].concat())
}

/// The column `name` of a CSV file.
fn column(path: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(path).expect("scores");
    let at = text.lines().next().expect("a header").split(',').position(|column| column == name).expect("a column");
    text.lines().skip(1).map(|line| line.split(',').nth(at).expect("a cell").to_string()).collect()
}

fn scores(path: &Path) -> Vec<f64> {
    column(path, "score").iter().map(|score| score.parse().expect("a number")).collect()
}

fn assert_near(what: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-9 * theirs.abs().max(1.0), "{what}: {ours} reported, {theirs} by hand");
}

/// Every reported value follows from the scores and labels in the CSV file, by its definition.
#[test]
fn figures_follow_from_the_scores() {
    let folder = one_sided();
    let at = folder.path();
    let report = anomaly(
        at,
        &["--normal-class", "1,8", "--scores", "scores.csv", "--chart", "scores.svg", "--threshold", "std:2"],
    );
    let tried = scores(&at.join("scores.csv"));
    let odd: Vec<bool> =
        column(&at.join("scores.csv"), "label").iter().map(|label| label != "1" && label != "8").collect();
    // A score is the squared error that `reconstruct` reports.
    let seen = json(at, &["reconstruct", "run", "--out", "seen.png", "--count", "60", "--json"]);
    for (ours, theirs) in tried.iter().zip(seen["mse_of_each"].as_array().expect("a list")) {
        assert!((ours - number(theirs)).abs() < 1e-6 * ours, "{ours} as a score, {theirs} by reconstruct");
    }

    // The threshold comes from the training samples. Their scores are written by naming them as a file of the user's
    // own.
    anomaly(at, &["--data", "normal/train-images-idx3-ubyte.gz", "--scores", "train.csv"]);
    let normal = scores(&at.join("train.csv"));
    let mean = normal.iter().sum::<f64>() / normal.len() as f64;
    let std = (normal.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / normal.len() as f64).sqrt();
    assert_near("threshold", number(&report["threshold"]), mean + 2.0 * std);
    assert_eq!(report["normal"]["samples"], normal.len());

    let threshold = number(&report["threshold"]);
    let count = |called: bool, is: bool| {
        let pairs = tried.iter().zip(&odd);
        pairs.filter(|&(&score, &odd)| (score >= threshold) == called && odd == is).count() as f64
    };
    let [tp, fp, tn, fn_] = [count(true, true), count(true, false), count(false, false), count(false, true)];
    let confusion = &report["confusion"];
    assert_eq!(number(&confusion["anomaly_called_anomalous"]), tp);
    assert_eq!(number(&confusion["normal_called_anomalous"]), fp);
    assert_eq!(number(&confusion["normal_called_normal"]), tn);
    assert_eq!(number(&confusion["anomaly_called_normal"]), fn_);
    assert_near("accuracy", number(&report["accuracy"]), (tp + tn) / 60.0);
    for (kind, right, wrong, missed) in [("anomaly", tp, fp, fn_), ("normal", tn, fn_, fp)] {
        let found = &report[format!("{kind}_as_positive")];
        let (precision, recall) = (right / (right + wrong), right / (right + missed));
        assert_near("precision", number(&found["precision"]), precision);
        assert_near("recall", number(&found["recall"]), recall);
        assert_near("F1", number(&found["f1"]), 2.0 * precision * recall / (precision + recall));
    }
    let (mut won, mut pairs) = (0.0, 0.0);
    for (a, _) in tried.iter().zip(&odd).filter(|(_, odd)| **odd) {
        for (b, _) in tried.iter().zip(&odd).filter(|(_, odd)| !**odd) {
            won += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
            pairs += 1.0;
        }
    }
    assert_near("ROC-AUC", number(&report["roc_auc"]), won / pairs);
    assert!(won / pairs > 0.8, "a model of trousers and bags does not know other clothes: {}", won / pairs);
    let called = column(&at.join("scores.csv"), "called");
    assert!(tried.iter().zip(&called).all(|(score, called)| (called == "anomalous") == (*score >= threshold)));

    assert_eq!(png_size(&fs::read(at.join("odd.png")).expect("a picture")), (10 * 90 + 6, 3 * 90 + 6));
    let chart = fs::read_to_string(at.join("scores.svg")).expect("a chart");
    assert!(chart.contains("<polyline") && chart.contains("threshold") && chart.contains("ROC, area"), "{chart}");
    // A chart may replace an existing chart.
    anomaly(at, &["--chart", "scores.svg"]);
    assert!(!fs::read_to_string(at.join("scores.svg")).expect("a chart").contains("ROC"), "no labels, no curve");
}

#[test]
fn thresholds_are_found_in_three_ways() {
    let folder = one_sided();
    let at = folder.path();
    let threshold = |args: &[&str]| number(&anomaly(at, args)["threshold"]);
    // Nine of ten training samples have a score below it.
    let value = threshold(&["--threshold", "quantile:0.9"]);
    anomaly(at, &["--data", "normal/train-images-idx3-ubyte.gz", "--scores", "train.csv"]);
    let normal = scores(&at.join("train.csv"));
    let below = normal.iter().filter(|score| **score < value).count() as f64 / normal.len() as f64;
    assert!((below - 0.9).abs() < 0.05, "{below}");
    // No score, used as the threshold, gives a better F1 than the best threshold.
    let best = anomaly(at, &["--normal-class", "1,8", "--threshold", "best-f1"]);
    let f1 = number(&best["anomaly_as_positive"]["f1"]);
    assert!(best.get("normal").is_none() && best["rule"].as_str().expect("words").contains("too optimistic"), "{best}");
    for rule in ["std:0", "std:1", "std:3", "quantile:0", "quantile:0.5", "quantile:1"] {
        let other = anomaly(at, &["--normal-class", "1,8", "--threshold", rule]);
        assert!(number(&other["anomaly_as_positive"]["f1"]) <= f1 + 1e-12, "{rule}: {other}");
    }
    // Normal data given by the user; the labels select the normal samples of a mixed set.
    let mixed = anomaly(at, &["--normal", "small", "--normal-class", "1,8"]);
    let alone = anomaly(at, &["--normal", "normal", "--normal-class", "1,8"]);
    assert_eq!((&mixed["threshold"], &mixed["normal"]["samples"]), (&alone["threshold"], &alone["normal"]["samples"]));
    assert_ne!(threshold(&["--normal", "small"]), threshold(&["--normal", "normal"]));
    // Another score, with its own name in the output.
    let mae = anomaly(at, &["--score", "mae"]);
    assert!(mae["score"].as_str().expect("words").contains("absolute error"), "{mae}");
    // With a model file alone, the training samples of the named data are used.
    let file = json(at, &["anomaly", "run/model.safetensors", "--data", "normal", "--out", "odd.png", "--json"]);
    assert_eq!(number(&file["threshold"]), threshold(&[]));
}

/// Exit code, arguments, and words that the error must contain.
const MISTAKES: &[(i32, &[&str], &[&str])] = &[
    (2, &["run", "--normal-class", "1,77"], &["77", "0, 1, 2"]),
    (1, &["run", "--normal-class", "0,1,2,3,4,5,6,7,8,9"], &["no anomaly"]),
    (1, &["run", "--data", "small/t10k-images-idx3-ubyte.gz", "--normal-class", "1"], &["no labels", "--normal-class"]),
    (1, &["run", "--data", "flat.idx"], &["flat.idx", "16×49", "28×28"]),
    (1, &["run", "--normal", "flat.idx"], &["flat.idx", "16×49", "28×28"]),
    (1, &["run", "--normal", "nothing"], &["nothing"]),
    (1, &["run/model.safetensors", "--data", "small/t10k-images-idx3-ubyte.gz"], &["--normal"]),
    (2, &["run", "--threshold", "best-f1"], &["best-f1", "--normal-class"]),
    (2, &["run", "--threshold", "best-f1", "--normal-class", "1", "--normal", "small"], &["--normal is given"]),
    (2, &["run", "--threshold", "std:many"], &["std:2"]),
    (2, &["run", "--threshold", "quantile:2"], &["0..1"]),
    (2, &["run", "--threshold", "mean"], &["std:K"]),
    (2, &["run", "--scores", "scores.npy"], &["CSV"]),
    (1, &["run", "--scores", "mine.csv"], &["mine.csv", "not overwritten"]),
    (2, &["run", "--chart", "scores.png"], &["scores.png", ".svg"]),
    (1, &["run", "--chart", "mine.svg"], &["mine.svg", "not overwritten"]),
];

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let folder = one_sided();
    let at = folder.path();
    let flat: Vec<u8> = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 49].into_iter().chain([7; 2 * 784]).collect();
    for (name, bytes) in [("flat.idx", &flat[..]), ("mine.csv", b"mine"), ("mine.svg", b"mine")] {
        fs::write(at.join(name), bytes).expect("written");
    }
    let before = files(at);
    for (code, args, words) in MISTAKES {
        let output = run(at, &[&["anomaly"], *args, &["--out", "x.png", "--quiet"]].concat());
        let text = err(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {text}");
        assert!(!text.contains("panicked"), "{args:?}: {text}");
        for word in *words {
            assert!(text.contains(word), "{args:?}: {word:?} is not in {text:?}");
        }
    }
    assert_eq!(before, files(at), "what was there is as it was, and nothing was added");
}
