//! CSV: one series per row or one long series, labels, missing values, and the errors for wrong files. This file
//! belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use handgrad_dataset::csv::{self, Fill, Label, Layout, Window};
use handgrad_dataset::{DataSet, Values, all_of_csv, load};
use ndarray::{Array2, array};

mod command;

use command::{err, json, number, run};

fn window(steps: usize, stride: usize) -> Option<Window> {
    let [steps, stride] = [steps, stride].map(|n| NonZeroUsize::new(n).expect("not 0"));
    Some(Window { steps, stride })
}

fn exact(values: &Values) -> &Array2<f64> {
    match values {
        Values::Doubles(values) => values,
        _ => panic!("series have 64-bit numbers"),
    }
}

/// The file's rows.
fn read(text: &str, layout: &Layout) -> Result<csv::Rows, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("series.csv");
    fs::write(&path, text).expect("written");
    csv::read(&path, layout).map_err(|error| error.to_string())
}

#[test]
fn labels_are_found_by_name_by_number_or_at_the_end() {
    let with_header = "a,label,b\n1,7,2\n3,8,4\n";
    let bare = "1,7,2\n3,8,4\n";
    let without_second = array![[1.0, 2.0], [3.0, 4.0]];
    for (text, label) in [
        (with_header, Label::ByName),
        (with_header, Label::Column("label".into())),
        (with_header, Label::Column("2".into())),
        (bare, Label::Column("2".into())),
    ] {
        let rows = read(text, &Layout { label, ..Layout::default() }).expect("rows");
        assert_eq!((rows.values, rows.labels), (without_second.clone(), Some(vec![7, 8].into())));
    }
    let last = read(bare, &Layout { label: Label::Last, ..Layout::default() }).expect("rows");
    assert_eq!((last.values, last.labels), (array![[1.0, 7.0], [3.0, 8.0]], Some(vec![2, 4].into())));
    let none = read(with_header, &Layout { label: Label::None, ..Layout::default() }).expect("rows");
    assert_eq!((none.values.ncols(), none.labels), (3, None));
    // The archive writes its classes like this.
    let scientific = read("1.0000000e+00,2\n", &Layout { label: Label::Column("1".into()), ..Layout::default() });
    assert_eq!(scientific.expect("rows").labels, Some(vec![1].into()));
}

#[test]
fn missing_values_are_refused_by_line_and_column_or_filled() {
    let text = "1,10\n,20\n3,?\n";
    let error = read(text, &Layout::default()).expect_err("missing");
    assert!(error.contains("line 2, column 1") && error.contains("mean or previous"), "{error}");
    let fill = |fill| read(text, &Layout { fill: Some(fill), ..Layout::default() }).expect("rows").values;
    assert_eq!(fill(Fill::Zero), array![[1.0, 10.0], [0.0, 20.0], [3.0, 0.0]]);
    assert_eq!(fill(Fill::Mean), array![[1.0, 10.0], [2.0, 20.0], [3.0, 15.0]]);
    // If a row is a series, the step before is the cell before; for the first cells it is the first known value.
    assert_eq!(fill(Fill::Previous), array![[1.0, 10.0], [20.0, 20.0], [3.0, 3.0]]);
    // If the file is a series, the step before is the row before. A single row is also a series.
    let windows = |text, fill| {
        let layout = Layout { fill: Some(fill), window: window(3, 1), ..Layout::default() };
        let (samples, _) = handgrad_dataset::series::decode(text, "s.csv".as_ref(), &layout).expect("a window");
        exact(&samples.values).row(0).to_vec()
    };
    assert_eq!(windows(text.as_bytes(), Fill::Previous), [1.0, 10.0, 1.0, 20.0, 3.0, 20.0]);
    assert_eq!(windows(b"1,,3\n", Fill::Previous), [1.0, 1.0, 3.0]);
    assert_eq!(windows(b"1,,3\n", Fill::Mean), [1.0, 2.0, 3.0]);
    // An empty line is a step of a series with one column.
    assert_eq!(windows(b"v\n1\n\n3\n", Fill::Zero), [1.0, 0.0, 3.0]);
    // In a file with one column, an empty line is a missing value, for every kind of line ending.
    for text in ["v\n1\n\n3\n\n", "v\r\n1\r\n\r\n3", "v\r1\r\r3\r"] {
        let error = read(text, &Layout::default()).expect_err("missing");
        assert!(error.contains("line 3, column 1") && error.contains("missing"), "{text:?}: {error}");
        let filled = read(text, &Layout { fill: Some(Fill::Zero), ..Layout::default() }).expect("filled");
        assert_eq!(filled.values, array![[1.0], [0.0], [3.0]], "{text:?}");
    }
    let nothing = |fill| read("1,\n2,NaN\n", &Layout { fill: Some(fill), ..Layout::default() });
    let error = nothing(Fill::Mean).expect_err("nothing known");
    assert!(error.contains("column 2") && error.contains("no value"), "{error}");
    assert_eq!(nothing(Fill::Previous).expect("filled").values, array![[1.0, 1.0], [2.0, 2.0]]);
    let error =
        read("label,a\n1,\n", &Layout { fill: Some(Fill::Previous), ..Layout::default() }).expect_err("nothing");
    assert!(error.contains("line 2"), "{error}");
}

fn load_file(path: &Path, layout: &Layout) -> Result<DataSet, String> {
    load(path.to_str().expect("UTF-8"), Path::new("/nowhere"), layout, &()).map_err(|error| error.to_string())
}

#[test]
fn windows_are_cut_from_each_part_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.csv");
    let text: String = (0..40).map(|step| format!("{step},{}\n", 100 + step)).collect();
    fs::write(&path, &text).expect("written");
    let layout = Layout { window: window(3, 2), ..Layout::default() };
    let set = load_file(&path, &layout).expect("windows");
    // 36 steps for training give windows at 0, 2, … 32; 4 steps for validation give one at 36.
    assert_eq!((set.train.len(), &set.train.shape[..], set.validation.len()), (17, &[3, 2][..], 1));
    assert_eq!(exact(&set.train.values).row(16).to_vec(), [32.0, 132.0, 33.0, 133.0, 34.0, 134.0]);
    assert_eq!(exact(&set.validation.values).row(0).to_vec(), [36.0, 136.0, 37.0, 137.0, 38.0, 138.0]);
    assert_eq!(all_of_csv(&path, &layout).expect("all").len(), 19);
    assert_eq!(set.origin, format!("17 windows of {}", path.display()));
    assert_eq!(set.validation_origin, "1 window of the last tenth of long.csv");
    let rows = load_file(&path, &Layout::default()).expect("rows");
    assert_eq!(rows.origin, format!("36 rows of {} (header: none)", path.display()));
    assert_eq!(rows.validation_origin, "4 rows of the last tenth of long.csv");

    // A single row is also a series, with one value per step.
    let line: Vec<_> = (50..90).map(|step| step.to_string()).collect();
    fs::write(&path, line.join(",") + "\n").expect("written");
    let set = load_file(&path, &layout).expect("windows");
    assert_eq!((set.train.len(), &set.train.shape[..]), (17, &[3][..]));
    assert_eq!(exact(&set.train.values).row(1).to_vec(), [52.0, 53.0, 54.0]);

    let long = Layout { window: window(5, 1), ..Layout::default() };
    let error = load_file(&path, &long).expect_err("too long");
    assert!(error.contains("4 steps") && error.contains("window of 5"), "{error}");
}

/// A file, arguments after `train --data FILE`, and words that the error must contain. The exit code for wrong usage
/// is 2.
const MISTAKES: &[(i32, &str, &[&str], &[&str])] = &[
    (
        1,
        "1,2,3\n4,5\n",
        &[],
        &["s.csv, line 2", "found 2 cells, where a row of 3, as in the first line, separated by commas, was"],
    ),
    (1, "1,2\n3\n", &[], &["s.csv, line 2", "found 1 cell, where a row of 2"]),
    (1, "1,2\n3,oops\n", &["--window", "1"], &["s.csv, line 2, column", "column 2", "oops", "number"]),
    (1, "1,2\n3,inf\n", &["--window", "1"], &["s.csv, line 2, column", "column 2", "inf"]),
    (1, "", &[], &["s.csv", "empty"]),
    (1, "a,b\n", &[], &["s.csv", "no rows"]),
    (1, "1,2\n", &[], &["s.csv", "1 sample"]),
    (2, "1,2\n3,4\n", &["--label-column", "3"], &["s.csv, line 1", "2 columns", "\"3\""]),
    (2, "1,2\n3,4\n", &["--label-column", "0"], &["s.csv, line 1", "2 columns", "\"0\"", "a number from 1 to 2"]),
    (2, "1\n3\n", &["--label-column", "2"], &["s.csv, line 1", "found 1 column,", "from the header, 1, last or none"]),
    (2, "a,b\n3,4\n", &["--label-column", "c"], &["s.csv, line 1", "\"c\"", "last"]),
    (1, "1,2\n3,\n", &["--label-column", "last"], &["s.csv, line 2, column 2", "\"\"", "label"]),
    (1, "1,2\r\n\r\n3,oops", &["--window", "1"], &["s.csv, line 3, column", "oops"]),
    (1, "\"a\nb\",c\n1,2\n3,oops\n", &["--window", "1"], &["s.csv, line 4, column", "oops"]),
    (1, "a,b\n1;2,3\n", &["--window", "1"], &["s.csv, line 2, column", "1;2"]),
    (1, "1,2\n3,\u{feff}\n", &["--window", "1"], &["s.csv, line 2, column"]),
    (1, "1\n2\n", &["--label-column", "last"], &["s.csv, line 1", "nothing but labels"]),
    (2, "1\n2\n3\n", &["--window", "3"], &["s.csv", "2 steps", "window of 3"]),
    (2, "1,2\n3,4\n", &["--only-class", "1"], &["no labels", "--only-class"]),
    (2, "1,2\n3,4\n", &["--label-column", "last", "--only-class", "9"], &["class 9", "the data has only class 2"]),
    (1, "5,5\n5,5\n5,5\n", &["--scale", "min-max"], &["s.csv", "every column has the same value"]),
    (2, "1,2\n3,4\n", &["--config", "empty.toml"], &["only_class", "at least one"]),
    (2, "1,2\n3,4\n", &["--window-stride", "2"], &["window_stride", "--window"]),
    (2, "1,2\n3,4\n", &["--window", "0"], &["--window", "1 or more"]),
    (2, "1,2\n3,4\n", &["--cell", "gru"], &["cell", "sequence"]),
    (2, "1,2\n3,4\n", &["--model", "sequence", "--layers", "8,4"], &["2 numbers", "sequence"]),
];

#[test]
fn mistakes_are_told_in_one_paragraph_with_line_and_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("empty.toml"), "only_class = []\n").expect("written");
    for (code, text, args, words) in MISTAKES {
        fs::write(at.join("s.csv"), text).expect("written");
        let output =
            run(at, &[&["train", "--data", "s.csv", "--epochs", "1", "--loss", "mse", "--quiet"], *args].concat());
        let said = err(&output);
        assert_eq!(output.status.code(), Some(*code), "{text:?} {args:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{text:?} {args:?}: {said}");
        assert!(*code == 2 || said.trim().lines().count() == 1, "{said}");
        assert!(!at.join("runs").exists(), "{text:?}: nothing is left of a run that never began");
    }
    // An option that only CSV uses.
    let output = run(at, &["train", "--data", "synthetic", "--fill", "zero"]);
    assert!(output.status.code() == Some(2) && err(&output).contains("CSV"), "{}", err(&output));
}

/// The length of a row is limited, and so is that of a cell with an open quote; neither is read to its end.
#[test]
fn a_row_without_an_end_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.csv");
    for (begin, line, most) in [("", "1,", "a row of more than 16777216"), ("\"", "1\n", "a cell of more than 4096")] {
        fs::write(&path, begin.to_owned() + &line.repeat(1 + (1 << 23))).expect("written");
        let error = csv::read(&path, &Layout::default()).expect_err("too long").to_string();
        assert!(error.contains(most) && error.lines().count() == 1, "{begin:?}: {error}");
    }
    fs::write(&path, b"1,2\n\xff,3\n").expect("written");
    let error = csv::read(&path, &Layout::default()).expect_err("no text").to_string();
    assert!(error.contains("UTF-8") && error.contains("line 2"), "{error}");
}

/// An error names the line on which a row begins, even if a quote extends the row over several lines.
#[test]
fn an_open_quote_is_found_where_it_begins() {
    for (text, line) in [
        ("1,2\n3,4\n\"5,6\n7,8\n", "line 3"),
        ("1,2\n3,4\n\"5,6\n7,8\n\n\n", "line 3"),
        ("1,2\n\n\n3,4\n\"5\n", "line 5"),
        ("1\n\"x", "line 2"),
        ("1\n2\n\"x\"", "line 3"),
        ("1\n2\n\"\nx\"\n", "line 3"),
        ("1,2\n3,\"x\n", "line 2"),
    ] {
        let error =
            csv::decode(text.as_bytes(), "s.csv".as_ref(), &Layout::default()).expect_err("a quote").to_string();
        assert!(error.contains(line), "{text:?}: {error}");
    }
}

/// Two kinds of waves; the second one is rarer.
fn waves(count: usize) -> String {
    let mut text = String::from("class");
    (0..24).for_each(|step| text += &format!(",t{step}"));
    for number in 0..count {
        let phase = (number * 7 % 13) as f32 / 13.0;
        let class = u8::from(number % 5 == 4);
        let step = |t: usize| (t as f32 * if class == 0 { 0.5 } else { 1.3 } + phase).sin() * 3.0 + 10.0;
        let values: Vec<_> = (0..24).map(|t| step(t).to_string()).collect();
        text += &format!("\n{class},{}", values.join(","));
    }
    text
}

#[test]
fn a_model_keeps_its_scale_and_what_it_calls_normal() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("waves.csv"), waves(400)).expect("written");
    let trained = json(
        at,
        &[
            "train",
            "--data",
            "waves.csv",
            "--only-class",
            "0",
            "--scale",
            "min-max",
            "--layers",
            "16,4",
            "--loss",
            "mse",
            "--output-activation",
            "sigmoid",
            "--epochs",
            "150",
            "--out",
            "run",
            "--quiet",
            "--json",
        ],
    );
    // Measured with the scale and the classes of the training, without options for them.
    let eval = json(at, &["eval", "run", "--json"]);
    assert_eq!(number(&eval["value"]), number(&trained["val_loss"]), "{eval} {trained}");
    assert_eq!(number(&eval["samples"]), 32.0);
    let anomaly =
        json(at, &["anomaly", "run", "--data", "waves.csv", "--threshold", "std:3", "--out", "odd.png", "--json"]);
    assert!(number(&anomaly["roc_auc"]) > 0.95, "{anomaly}");
    assert!(
        anomaly["anomaly_as_positive"]["recall"].is_number() && anomaly["normal_as_positive"]["recall"].is_number()
    );

    // The user's own file without labels: the normal class and the way to read the file are still those of the
    // training.
    let bare: String = waves(20).lines().skip(1).map(|line| line[2..].to_owned() + "\n").collect();
    fs::write(at.join("new.csv"), bare).expect("written");
    let new =
        json(at, &["anomaly", "run", "--data", "new.csv", "--label-column", "none", "--out", "new.png", "--json"]);
    assert_eq!((number(&new["samples"]), number(&new["normal"]["samples"])), (20.0, 288.0), "{new}");
    assert!(new["roc_auc"].is_null(), "{new}");

    // Decoded codes are in the units of the data.
    json(at, &["encode", "run", "--data", "waves.csv", "--out", "codes.csv", "--json"]);
    json(at, &["decode", "run", "codes.csv", "--out", "back.csv", "--json"]);
    let back = csv::read(&at.join("back.csv"), &Layout::default()).expect("rows");
    let there = csv::read(&at.join("waves.csv"), &Layout::default()).expect("rows");
    assert_eq!(back.labels, there.labels);
    let normal = |row: usize| there.labels.as_ref().expect("labels").name(row) == Some("0");
    let error = (0..400).filter(|&row| normal(row)).map(|row| {
        let difference = &back.values.row(row) - &there.values.row(row);
        f64::from(difference.mapv(|d| d * d).mean().expect("values"))
    });
    let mean = error.sum::<f64>() / 320.0;
    assert!(mean < 0.5, "waves of ±3 around 10 come back with a squared error of {mean}");
}

#[test]
fn recurrent_models_go_through_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("waves.csv"), waves(60)).expect("written");
    let common =
        ["train", "--data", "waves.csv", "--scale", "standard", "--loss", "mse", "--layers", "6", "--epochs", "2"];
    for (run, settings) in [
        ("lstm", &["--model", "sequence"][..]),
        ("gru", &["--model", "sequence", "--cell", "gru", "--bidirectional"]),
        ("elman", &["--model", "sequence", "--cell", "elman"]),
        ("next", &["--model", "next-step", "--cell", "gru"]),
    ] {
        json(at, &[&common[..], settings, &["--out", run, "--quiet", "--json"]].concat());
        let width = number(&json(at, &["encode", run, "--out", &format!("{run}.csv"), "--json"])["values"]);
        assert_eq!(
            width,
            if run == "next" {
                24.0 * 6.0
            } else if run == "gru" {
                12.0
            } else {
                6.0
            },
            "{run}"
        );
        json(at, &["decode", run, &format!("{run}.csv"), "--out", &format!("{run}.png"), "--json"]);
        json(at, &["reconstruct", run, "--out", "seen.png", "--json"]);
        json(at, &["interpolate", run, "--from", "0", "--to", "1", "--out", "walk.png", "--json"]);
        // The configuration of the run reproduces it, to the bit.
        let again = format!("{run}-again");
        json(at, &["train", "--config", &format!("{run}/config.toml"), "--out", &again, "--quiet", "--json"]);
        let model = |run: &str| fs::read(at.join(run).join("model.safetensors")).expect("a model");
        assert_eq!(model(run), model(&again), "{run}");
    }
    let windows = ["train", "--data", "waves.csv", "--label-column", "class", "--window", "5", "--window-stride", "3"];
    json(
        at,
        &[&windows[..], &["--model", "sequence", "--loss", "mse", "--epochs", "1", "--out", "w", "--quiet", "--json"]]
            .concat(),
    );
    assert!(number(&json(at, &["eval", "w", "--json"])["value"]).is_finite());
    let score = json(at, &["score", "--model", "sequence", "--data", "waves.csv", "--samples", "8", "--json"]);
    assert!(number(&score["score"]) < 0.0 && score["scores"].as_array().map(Vec::len) == Some(5), "{score}");
    let dense = run(at, &["score", "--data", "waves.csv"]);
    assert!(dense.status.code() == Some(2) && err(&dense).contains("recurrent"), "{}", err(&dense));
}
