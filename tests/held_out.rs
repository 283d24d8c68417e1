//! Which rows of a file are held out, and how a model knows the data that it was trained on. This file belongs to the
//! package `handgrad-cli`, whose binary it needs.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use handgrad_dataset::Labels;
use handgrad_dataset::csv::{Label, Layout};
use handgrad_dataset::held_out::held_out;

mod command;

use command::{err, handgrad, json, number, run};

#[test]
fn each_class_has_its_share_and_every_row_has_the_same_chance() {
    for (sizes, held) in [(&[176, 1655][..], 183), (&[1, 1, 98], 10), (&[5; 20], 10), (&[3, 3, 3, 1], 5), (&[1; 7], 2)]
    {
        let names = sizes.iter().enumerate().flat_map(|(class, &size)| vec![class.to_string(); size]);
        let labels = Labels::named(names);
        let count = labels.len();
        for seed in 0..20 {
            let (training, apart) = held_out(count, Some(&labels), held, seed);
            assert_eq!(apart.len(), held, "{sizes:?}");
            assert!(training.is_sorted() && apart.is_sorted());
            let all: HashSet<_> = training.iter().chain(&apart).collect();
            assert!(all.len() == count && training.len() + apart.len() == count, "{sizes:?}");
            for (class, &size) in sizes.iter().enumerate() {
                let found = apart.iter().filter(|&&row| labels.numbers()[row] as usize == class).count() as f64;
                let share = size as f64 * held as f64 / count as f64;
                assert!((found - share).abs() < 1.0, "{sizes:?}: {found} of class {class}, whose share is {share}");
                assert!(size > 1 || sizes.iter().all(|&size| size == 1) || found == 0.0, "a single row is kept");
            }
        }
    }
    // Of 20 rows 2 are held out: with 2000 seeds, each row about 200 times (binomial, σ = 13.4).
    let mut times = [0; 20];
    (0..2000).for_each(|seed| held_out(20, None, 2, seed).1.iter().for_each(|&row| times[row] += 1));
    assert!(times.iter().all(|&times| (130..270).contains(&times)), "{times:?}");
    // The rows that were drawn when this was written: they may never change.
    assert_eq!(held_out(30, None, 3, 0).1, PINNED);
}

const PINNED: [usize; 3] = [12, 17, 29];

/// A table of `rows` rows that is sorted by its label, and whose first column is much larger for the second class.
fn sorted(rows: usize) -> String {
    (0..rows).fold("amount,share,label\n".to_owned(), |mut text, row| {
        let class = usize::from(row >= rows * 9 / 10);
        writeln!(text, "{}.{:02},0.{:03},{class}", 3 + 40 * class, row * 37 % 100, row * 611 % 997).expect("text");
        text
    })
}

const TRAIN: [&str; 9] = ["train", "--epochs", "1", "--layers", "2", "--loss", "mse", "--scale", "standard"];

#[test]
fn a_sorted_file_has_all_classes_in_both_parts_and_a_series_that_drifts_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("sorted.csv"), sorted(200)).expect("written");
    let told = |flags: &[&str]| {
        let output = run(at, &[&TRAIN[..], flags].concat());
        assert!(output.status.success(), "{}", err(&output));
        err(&output)
    };
    let text = told(&["--data", "sorted.csv", "--out", "a"]);
    assert!(text.contains("a random tenth of each class") && !text.contains("differ"), "{text}");
    // Both classes are there to be selected in both parts.
    for class in ["0", "1"] {
        told(&["--data", "sorted.csv", "--out", class, "--only-class", class]);
    }
    // Another seed, other rows; the same seed, the same rows.
    let rows = |seed| {
        let layout = Layout { seed: Some(seed), ..Layout::default() };
        let path = at.join("sorted.csv");
        handgrad_dataset::load(path.to_str().expect("UTF-8"), at, &layout, &()).expect("data").validation
    };
    assert!(rows(3) == rows(3) && rows(3) != rows(4));

    // Windows of a series stay a block at its end, and the column that drifts is named with both means.
    let text = told(&["--data", "sorted.csv", "--out", "s", "--window", "5"]);
    assert!(text.contains("the last tenth of sorted.csv"), "{text}");
    assert!(
        text.contains("the mean of column amount is 3.") && text.contains("and 43.") && !text.contains("share is"),
        "{text}"
    );

    // A class with a single row stays in training, and this is told.
    fs::write(at.join("single.csv"), sorted(200) + "3.5,0.5,7\n").expect("written");
    let text = told(&["--data", "single.csv", "--out", "single"]);
    assert!(text.contains("class 7 has 1 sample in training and none in validation"), "{text}");
}

#[test]
fn the_split_of_training_samples_is_random_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("sorted.csv"), sorted(200)).expect("written");
    let split = ["--data", "sorted.csv", "--validation-split", "0.2", "--only-class", "0,1", "--schedule", "constant"];
    let text = err(&run(at, &[&TRAIN[..], &split, &["--out", "a"]].concat()));
    assert!(text.contains("36 of them for validation") && !text.contains("differ"), "{text}");
    // At any number of threads, and after an interruption, the same bits.
    let report = |out: &str, threads: &str| {
        let args = [&TRAIN[..], &split, &["--out", out, "--threads", threads, "--json", "--quiet"]].concat();
        json(at, &args)["weights_sha256"].clone()
    };
    assert_eq!(report("one", "1"), report("three", "3"));
    let more = json(at, &["train", "--resume", "one", "--epochs", "3", "--json", "--quiet"]);
    let args = [&["train", "--epochs", "3"], &TRAIN[3..], &split, &["--out", "whole", "--json", "--quiet"]].concat();
    assert_eq!(more["weights_sha256"], json(at, &args)["weights_sha256"]);
}

/// Real data: the file is sorted by its label.
#[test]
fn cardio_has_normal_and_anomalous_rows_in_both_parts() {
    let Some(data) = std::env::var_os("HANDGRAD_DATA") else {
        return println!("skipped: HANDGRAD_DATA does not say where cardio.csv is");
    };
    let path = Path::new(&data).join("tabular-anomaly/cardio.csv");
    if !path.exists() {
        return println!("skipped: there is no {}", path.display());
    }
    let layout = Layout { label: Label::Last, seed: Some(0), ..Layout::default() };
    let set = handgrad_dataset::load(path.to_str().expect("UTF-8"), Path::new("."), &layout, &()).expect("data");
    let share = |samples: &handgrad_dataset::Samples| {
        let labels = samples.labels.as_ref().expect("labels");
        labels.names().filter(|name| *name == "1").count() as f64 / labels.len() as f64
    };
    assert!((share(&set.train) - share(&set.validation)).abs() < 0.006);
}

#[test]
fn the_data_of_the_training_is_known_by_its_content() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = sorted(60);
    fs::write(at.join("d.csv"), &text).expect("written");
    let output = run(at, &[&TRAIN[..], &["--data", "d.csv", "--out", "r", "--seed", "5"]].concat());
    assert!(output.status.success(), "{}", err(&output));
    let anomaly = |flags: &[&str]| {
        let output = run(at, &[&["anomaly", "r", "--out", "o.png", "--json"], flags].concat());
        let said = err(&output);
        let object =
            String::from_utf8_lossy(&output.stdout).lines().last().and_then(|line| serde_json::from_str(line).ok());
        (object.unwrap_or(serde_json::Value::Null), said)
    };
    let (first, said) = anomaly(&["--data", "d.csv"]);
    assert!(said.contains("d.csv is the data that the model was trained on"), "{said}");
    assert_eq!(first["normal"]["samples"], 54);

    // The absolute path, a copy, a link and the moved file are the same data.
    let whole = at.join("d.csv");
    fs::copy(&whole, at.join("copy.csv")).expect("copied");
    fs::create_dir(at.join("sub")).expect("made");
    fs::copy(&whole, at.join("sub/d.csv")).expect("copied");
    for path in [whole.to_str().expect("UTF-8"), "./d.csv", "copy.csv", "sub/d.csv"] {
        let (found, said) = anomaly(&["--data", path]);
        assert!(said.contains("is the data that the model was trained on"), "{path}: {said}");
        assert_eq!(found["threshold"], first["threshold"], "{path}");
    }
    // Without data: the held-out rows, drawn with the seed of the run.
    let held = json(at, &["eval", "r", "--json"]);
    let labels = Labels::named(text.lines().skip(1).map(|line| line.rsplit(',').next().expect("a label").to_owned()));
    let rows = held_out(60, Some(&labels), 6, 5).1;
    let lines: Vec<&str> = text.lines().collect();
    let apart = rows.iter().fold("amount,share,label\n".to_owned(), |text, &row| text + lines[row + 1] + "\n");
    fs::write(at.join("apart.csv"), apart).expect("written");
    let again = json(at, &["eval", "r", "--data", "apart.csv", "--json"]);
    assert_eq!(number(&held["value"]), number(&again["value"]));

    // A longer file has grown.
    fs::write(&whole, text.clone() + "3.5,0.5,0\n").expect("written");
    let (found, said) = anomaly(&["--data", "copy.csv"]);
    assert_eq!(found["threshold"], first["threshold"], "{said}");
    let (_, said) = anomaly(&["--data", "d.csv"]);
    assert!(said.contains("has grown") && said.contains("normal data") && said.contains("--normal"), "{said}");
    let (found, said) = anomaly(&["--data", "d.csv", "--normal", "copy.csv"]);
    assert!(said.contains("note: d.csv begins with the data") && found["samples"] == 61, "{said}");
    let said = err(&run(at, &["eval", "r"]));
    assert!(said.contains("has grown since: all of its samples are used"), "{said}");

    // Another content at the same path has changed; another content at another path is simply other data.
    fs::write(&whole, text.replace("3.0", "4.0")).expect("written");
    let said = err(&run(at, &["eval", "r"]));
    assert!(said.contains("has changed since the model was trained on it"), "{said}");
    let said = err(&run(at, &["eval", "r", "--data", "apart.csv"]));
    assert!(!said.contains("note: apart.csv"), "{said}");

    // The model file alone knows it as well.
    fs::copy(at.join("r/model.safetensors"), at.join("m.safetensors")).expect("copied");
    let said = err(&run(at, &["eval", "m.safetensors", "--data", "copy.csv"]));
    assert!(said.contains("copy.csv is the data that the model was trained on"), "{said}");
}

/// Data from a pipe cannot be read again: the model does not say what it was trained on.
#[cfg(unix)]
#[test]
fn data_from_a_pipe_has_no_content_to_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let file = at.join("in.idx");
    let rows: Vec<u8> = (0..40_u8).flat_map(|row| [row, row * 2, row * 3, 255 - row]).collect();
    fs::write(&file, [&[0, 0, 8, 2, 0, 0, 0, 40, 0, 0, 0, 4][..], &rows].concat()).expect("written");
    let status = std::process::Command::new("sh")
        .args(["-c", "cat in.idx | \"$0\" train --data /dev/stdin --epochs 1 --layers 2 --loss mse --out r --quiet"])
        .arg(env!("CARGO_BIN_EXE_handgrad"))
        .current_dir(at)
        .status()
        .expect("a shell");
    assert!(status.success());
    let bytes = fs::read(at.join("r/model.safetensors")).expect("a model");
    assert!(!String::from_utf8_lossy(&bytes).contains("trained_on"));
    let output = handgrad(at).args(["eval", "r", "--data", "in.idx"]).output().expect("the binary starts");
    assert!(output.status.success() && !err(&output).contains("trained on"), "{}", err(&output));
}

#[test]
fn files_of_other_kinds_are_named_as_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let zip =
        |entry: &str| [b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", entry.as_bytes(), b"0"].concat();
    let kinds: [(Vec<u8>, &str); 8] = [
        (b"\x89HDF\r\n\x1a\n\0\0\0\0".to_vec(), "HDF5"),
        (zip("archive/data.pkl"), "PyTorch"),
        (zip("x.npy"), ".npz"),
        (b"\x80\x02}q\0.".to_vec(), "pickle"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>\n".to_vec(), "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n".to_vec(), "Git LFS"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), "JPEG"),
    ];
    for (bytes, name) in kinds {
        for file in ["f.csv", "f.idx"] {
            fs::write(at.join(file), &bytes).expect("written");
            let output = run(at, &["train", "--data", file]);
            let said = err(&output);
            assert!(output.status.code() == Some(1) && said.contains(name), "{file}: {name} is not in {said}");
        }
        let said = err(&run(at, &["eval", "f.idx", "--data", "synthetic"]));
        assert!(said.contains(name) && said.contains("model.safetensors"), "{name} is not in {said}");
    }
}

#[test]
fn wrong_settings_end_with_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("d.csv"), sorted(30)).expect("written");
    fs::write(at.join("wrong.toml"), "data = \"d.csv\"\nepochs = \"many\"\n").expect("written");
    fs::write(at.join("unknown.toml"), "data = \"d.csv\"\nepoch = 3\n").expect("written");
    for flags in [
        &["--preset", "basics"][..],
        &["--config", "wrong.toml"],
        &["--config", "unknown.toml"],
        &["--data", "d.csv", "--cell", "gru"],
        &["--data", "d.csv", "--label-column", "nothing"],
        &["--data", "d.csv", "--only-class", "9"],
        &["--data", "d.csv", "--header", "maybe"],
        &["--data", "d.csv", "--window", "1000"],
        &["--data", "synthetic", "--header", "yes"],
    ] {
        let output = run(at, &[&["train"], flags].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", err(&output));
    }
}
