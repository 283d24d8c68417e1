//! `handgrad nearest`, `probe` and `label`, as users run them, with good and with bad input. This file belongs to the
//! package `handgrad-cli`, whose binary it needs.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use handgrad_tests::doubles;
use serde_json::Value;

mod command;

use command::{err, json, number, png_size, run, small, train};

fn out(at: &Path, args: &[&str]) -> String {
    let output = run(at, args);
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value} is not a list"))
}

#[test]
fn nearest_shows_training_samples_by_code_and_by_inputs() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "40,8", "--epochs", "40", "--batch-size", "20"]);
    let found = json(at, &["nearest", "run", "--sample", "3,18", "--neighbours", "4", "--out", "near.png", "--json"]);
    let bytes = fs::read(at.join("near.png")).expect("a picture");
    assert_eq!(png_size(&bytes), (5 * 90 + 6, 4 * 90 + 6));
    assert_eq!(array(&found["samples"]).len(), 2);
    for sample in array(&found["samples"]) {
        for form in ["by_code", "by_inputs"] {
            let distances: Vec<f64> = array(&sample[form]).iter().map(|near| number(&near["distance"])).collect();
            assert!(distances.len() == 4 && distances.is_sorted() && distances[0] > 0.0, "{sample}");
        }
    }
    // A training sample is its own nearest one.
    let file = "small/train-images-idx3-ubyte.gz";
    let own = json(at, &["nearest", "run", "--data", file, "--sample", "7", "--json"]);
    for form in ["by_code", "by_inputs"] {
        let first = &own["samples"][0][form][0];
        assert_eq!((&first["sample"], number(&first["distance"])), (&7.into(), 0.0));
    }
    let text = out(at, &["nearest", "run"]);
    assert_eq!(text.lines().filter(|line| line.starts_with("sample ")).count(), 5, "{text}");
    assert!(text.contains("by inputs") && text.contains("of the class of their sample: "), "{text}");
}

#[test]
fn probe_measures_all_forms_and_draws_a_confusion_matrix() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "40,8", "--epochs", "40", "--batch-size", "20"]);
    let args = ["probe", "run", "--out", "c.svg", "--json", "--threads"];
    let found = json(at, &[&args[..], &["1"]].concat());
    let picture = fs::read_to_string(at.join("c.svg")).expect("a chart");
    assert_eq!(json(at, &[&args[..], &["5"]].concat()), found, "the same on any number of threads");
    assert_eq!(fs::read_to_string(at.join("c.svg")).expect("a chart"), picture);
    let measured = array(&found["measured"]);
    assert_eq!(measured.len(), 6);
    for of in measured {
        let (accuracy, error) = (number(&of["accuracy"]), number(&of["standard_error"]));
        assert!((error - (accuracy * (1.0 - accuracy) / 60.0).sqrt()).abs() < 1e-12, "{of}");
        let rows = array(&of["confusion"]);
        let right: f64 = rows.iter().enumerate().map(|(class, row)| number(&row[class])).sum();
        let all: f64 = rows.iter().flat_map(array).map(number).sum();
        assert!(all == 60.0 && (right / 60.0 - accuracy).abs() < 1e-12, "{of}");
        assert!(accuracy > 0.5, "{of}");
        let values = if of["form"] == "inputs" { 784 } else { 8 };
        assert_eq!(of["values"], values);
    }
    is_whole(&picture);
    let text = out(at, &["probe", "run", "--neighbours", "3"]);
    assert!(text.contains("3-NN") && text.contains("inputs, 784 values") && text.contains(" ± "), "{text}");
}

/// The picture is one SVG element with a cell for each pair of classes.
fn is_whole(picture: &str) {
    assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"));
    assert_eq!(picture.matches(", called ").count(), 100, "ten classes");
}

#[test]
fn label_measures_methods_and_writes_labels() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "40,8", "--epochs", "40", "--batch-size", "20"]);
    let args = ["label", "run", "--labels-per-class", "5,2", "--draws", "3", "--chart", "few.svg", "--json"];
    let found = json(at, &args);
    let measured = array(&found["measured"]);
    assert_eq!((measured.len(), &found["in_graph"], &found["samples"]), (10, &360.into(), &60.into()));
    assert_eq!(found["probe_is_m1"], false);
    for (of, (per_class, labels)) in measured.iter().zip([(2, 20); 5].into_iter().chain([(5, 50); 5])) {
        assert_eq!((&of["labels_per_class"], &of["labels"]), (&per_class.into(), &labels.into()));
        let errors: Vec<f64> = array(&of["errors"]).iter().map(number).collect();
        let mean = errors.iter().sum::<f64>() / 3.0;
        let variance = errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / 2.0;
        assert!((mean - number(&of["error"])).abs() < 1e-12 && mean < 0.7, "{of}");
        assert!((variance.sqrt() - number(&of["standard_deviation"])).abs() < 1e-12, "{of}");
    }
    assert!(fs::read_to_string(at.join("few.svg")).expect("a chart").contains("spreading"));
    assert_eq!(json(at, &[&args[..], &["--threads", "3"]].concat()), found, "the same on any number of threads");

    let args = ["label", "run", "--labels-per-class", "5", "--draws", "1", "--out", "labels.csv", "--json"];
    let written = json(at, &[&args[..], &["--method", "probe", "--threshold", "0.6"]].concat())["written"].clone();
    assert!(number(&written["labelled"]) > 0.0 && number(&written["abstained"]) > 0.0, "{written}");
    let counted = ["given", "labelled", "abstained"].map(|name| number(&written[name]));
    assert_eq!((number(&written["samples"]), counted[0], counted.iter().sum::<f64>()), (360.0, 50.0, 360.0));
    assert!(number(&written["wrong"]) < 0.5 * number(&written["compared"]), "{written}");
    let text = fs::read_to_string(at.join("labels.csv")).expect("labels");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((rows[0].join(","), rows.len()), ("part,sample,given,label,confidence".to_owned(), 361));
    for row in &rows[1..] {
        let confidence: f64 = row[4].parse().expect("a number");
        assert_eq!(row[3].is_empty(), confidence < 0.6, "{row:?}");
        assert!(row[2].is_empty() || (row[2] == row[3] && confidence == 1.0), "{row:?}");
    }
    let empty = rows[1..].iter().filter(|row| row[3].is_empty()).count();
    assert_eq!(empty as f64, counted[2]);

    train(at, "vae", &["--preset", "vae", "--epochs", "1"]);
    let text = out(at, &["label", "vae", "--labels-per-class", "2", "--draws", "2"]);
    assert!(text.contains("probe is Kingma's M1"), "{text}");
}

/// A table of two groups with a key, whose labels are mostly unknown.
fn table(at: &Path) {
    let values = doubles(600, 4);
    let mut text = "key,a,b,c,label\n".to_owned();
    for (row, values) in values.chunks_exact(3).enumerate() {
        let group = row % 2;
        let shift = 3.0 * group as f64;
        let label = if row % 5 == 0 { ["low", "high"][group] } else { "unknown" };
        let [a, b, c] = [values[0] + shift, values[1] - shift, values[2]];
        writeln!(text, "K{:04},{a:.4},{b:.4},{c:.4},{label}", 7 * row).expect("a string");
    }
    fs::write(at.join("t.csv"), text).expect("written");
}

#[test]
fn rows_of_a_table_have_their_keys_and_get_the_labels_that_are_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    table(at);
    out(at, &["train", "--data", "t.csv", "--label-column", "label", "--epochs", "30", "--out", "r", "--quiet"]);
    let text = out(at, &["nearest", "r", "--sample", "0"]);
    assert!(text.matches(", key K").count() == 19, "{text}");
    let args = ["label", "r", "--unlabelled", "unknown", "--out", "labels.csv", "--method", "probe", "--json"];
    let written = json(at, &args)["written"].clone();
    assert_eq!((number(&written["samples"]), number(&written["abstained"])), (200.0, 0.0));
    assert_eq!(number(&written["given"]) + number(&written["compared"]), 40.0, "{written}");
    let text = fs::read_to_string(at.join("labels.csv")).expect("labels");
    assert!(text.starts_with("part,sample,line,key,given,label,confidence\n"), "{text}");
    let right = text.lines().skip(1).filter(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let row: usize = cells[3][1..].parse::<usize>().expect("a key") / 7;
        cells[5] == ["low", "high"][row % 2]
    });
    assert!(right.count() > 190, "{text}");
    let text = out(at, &["label", "r", "--unlabelled", "unknown", "--labels-per-class", "3", "--draws", "2"]);
    assert!(text.contains("measured on 4 samples"), "{text}");
}

#[test]
fn mistakes_are_one_clear_error_each() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &[]);
    fs::write(at.join("there.csv"), "mine").expect("written");
    let images = "small/t10k-images-idx3-ubyte.gz";
    table(at);
    out(at, &["train", "--data", "t.csv", "--label-column", "label", "--epochs", "1", "--out", "r", "--quiet"]);
    out(at, &["train", "--data", "t.csv", "--label-column", "none", "--epochs", "1", "--out", "n", "--quiet"]);
    let cases: [(i32, &[&str], &[&str]); 18] = [
        (1, &["nearest", "run", "--sample", "60"], &["no sample 60", "0 to 59"]),
        (2, &["nearest", "run", "--neighbours", "0"], &["--neighbours"]),
        (2, &["nearest", "run", "--out", "x.svg"], &["x.svg", ".png"]),
        (2, &["nearest", "r", "--out", "x.png"], &["table", "--out"]),
        (1, &["nearest", "r", "--data", "t.csv", "--sample", "200"], &["no sample 200"]),
        (1, &["probe", "run", "--data", images], &["no labels"]),
        (1, &["probe", "n"], &["no labels"]),
        (2, &["probe", "r", "--data", "t.csv"], &["t.csv holds the samples", "leave --data out"]),
        (2, &["probe", "run", "--neighbours", "301"], &["301 nearest samples", "300"]),
        (2, &["probe", "run", "--out", "there.csv"], &["there.csv", ".svg"]),
        (2, &["label", "run"], &["--labels-per-class", "--out"]),
        (2, &["label", "run", "--labels-per-class", "0"], &["--labels-per-class"]),
        (2, &["label", "run", "--labels-per-class", "900"], &["900 labels of each class", "ask for at most"]),
        (2, &["label", "run", "--labels-per-class", "2", "--neighbours", "360"], &["360 nearest samples", "359"]),
        (1, &["label", "run", "--labels-per-class", "2", "--out", "there.csv"], &["there.csv", "not overwritten"]),
        (2, &["label", "run", "--out", "x.csv", "--threshold", "1.5"], &["--threshold is 1.5"]),
        (2, &["label", "run", "--out", "x.csv", "--chart", "x.svg"], &["--labels-per-class"]),
        (1, &["label", "run", "--data", images, "--labels-per-class", "2"], &["no labels"]),
    ];
    for (code, args, words) in cases {
        let output = run(at, args);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(words.iter().all(|word| text.contains(word)), "{args:?}: {text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{args:?}: {text}");
    }
    assert_eq!(fs::read_to_string(at.join("there.csv")).expect("a file"), "mine");
    assert!(!at.join("x.csv").exists() && !at.join("x.svg").exists() && !at.join("x.png").exists());
}

#[test]
fn only_the_classes_of_the_training_take_part() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16", "--epochs", "1", "--only-class", "1,2"]);
    let found = json(at, &["probe", "run", "--json"]);
    assert_eq!(array(&found["measured"][0]["confusion"]).len(), 2, "{found}");
    let text = out(at, &["nearest", "run"]);
    assert!(text.contains("class 1") && !text.contains("class 0"), "{text}");
}
