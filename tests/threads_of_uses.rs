//! Every use of codes prints and writes the same bytes on any number of threads. This file belongs to the package
//! `handgrad-cli`, whose binary it needs.

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{err, files, handgrad, json, small, train};

const THREADS: [&str; 4] = ["1", "2", "5", "16"];
/// Stands for the folder into which a command writes: each number of threads has its own.
const FOLDER: &str = "OUT";

/// What a command prints, and the files that it writes, by their names.
type Done = (String, Vec<(PathBuf, Vec<u8>)>);

/// Runs a command that must succeed.
fn done(at: &Path, args: &[&str], threads: &str) -> Done {
    let folder = format!("on-{threads}");
    fs::create_dir(at.join(&folder)).expect("a new folder");
    let args: Vec<String> = args.iter().map(|arg| arg.replace(FOLDER, &folder)).collect();
    // A command without the flag reads this variable too.
    let output = handgrad(at).args(&args).env("RAYON_NUM_THREADS", threads).output().expect("it starts");
    assert!(output.status.success(), "{args:?} on {threads} threads: {}", err(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8").replace(&folder, FOLDER);
    let written = files(&at.join(&folder)).into_iter().filter(|(path, _)| !has_times(path));
    let named =
        |(path, bytes): (PathBuf, Vec<u8>)| (path.strip_prefix(at.join(&folder)).expect("inside").to_path_buf(), bytes);
    let found = written.map(named).collect();
    fs::remove_dir_all(at.join(&folder)).expect("removed");
    (text, found)
}

/// Whether a file of a training holds the seconds that it took, or the process that has locked the folder.
fn has_times(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "checkpoint")
        || path.file_name().is_some_and(|name| name == "metrics.csv" || name == "lock")
}

/// Compares a command on all numbers of threads, and returns the number of files that it writes.
fn same(at: &Path, args: &[&str]) -> usize {
    let [one, others @ ..] = THREADS.map(|threads| (threads, done(at, args, threads)));
    assert!(!one.1.0.is_empty(), "{args:?} prints something");
    for (threads, other) in others {
        assert_eq!(other.0, one.1.0, "{args:?} on {threads} threads");
        let names = |done: &Done| done.1.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&other), names(&one.1), "{args:?} on {threads} threads");
        for ((path, bytes), (_, expected)) in other.1.iter().zip(&one.1.1) {
            assert!(bytes == expected, "{args:?} on {threads} threads: {}", path.display());
        }
    }
    one.1.1.len()
}

#[test]
fn maps_and_clusters() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16", "--code-activation", "linear"]);
    train(at, "two", &["--preset", "vae-2d", "--epochs", "1"]);
    let map = |args: &[&str]| same(at, &[&["map"], args, &["--out", "OUT/map.svg"]].concat());
    assert_eq!(map(&["two", "--method", "code"]), 3);
    assert_eq!(map(&["run", "--method", "pca"]), 3);
    assert_eq!(map(&["run", "--method", "tsne", "--perplexity", "10"]), 4);
    assert_eq!(map(&["run", "--method", "parametric-tsne", "--perplexity", "10"]), 3);
    let cluster = |args: &[&str]| same(at, &[&["cluster", "run", "--out", "OUT/of.csv"], args].concat());
    assert_eq!(cluster(&["--clusters", "6", "--restarts", "2", "--sheet", "OUT/sheet.png"]), 2);
    assert_eq!(cluster(&["--clusters", "6", "--unit-length", "--smooth", "5", "--points", "200"]), 1);
    assert_eq!(cluster(&["--method", "hierarchical", "--linkage", "average", "--chart", "OUT/tree.svg"]), 2);
    assert_eq!(cluster(&["--method", "dbscan", "--chart", "OUT/distances.svg"]), 2);
}

#[test]
fn neighbours_probes_and_labels() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16", "--code-activation", "linear"]);
    assert_eq!(same(at, &["nearest", "run", "--sample", "3,18", "--out", "OUT/near.png"]), 1);
    assert_eq!(same(at, &["probe", "run", "--out", "OUT/confusion.svg"]), 1);
    let label = ["label", "run", "--labels-per-class", "2,5", "--draws", "3", "--out", "OUT/labels.csv"];
    assert_eq!(same(at, &[&label[..], &["--chart", "OUT/few.svg"]].concat()), 2);
    assert_eq!(same(at, &[&label[..], &["--method", "probe", "--threshold", "0.5"]].concat()), 1);
}

#[test]
fn classifiers() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "24,16"]);
    let finetune = ["finetune", "run", "--labels-per-class", "2,all", "--epochs", "1", "--quiet", "--out", "OUT"];
    assert_eq!(same(at, &[&finetune[..], &["--dropout", "0.1", "--input-noise", "0.1"]].concat()), 4);
    assert_eq!(same(at, &[&finetune[..], &["--encoder-rate", "0", "--no-scratch"]].concat()), 4);
    let args = ["finetune", "run", "--labels-per-class", "2", "--epochs", "1", "--no-scratch", "--out", "sorted"];
    json(at, &[&args[..], &["--quiet", "--json"]].concat());
    assert_eq!(same(at, &["predict", "sorted", "--out", "OUT/own.csv"]), 1);
}

#[test]
fn inputs_comparisons_and_searches() {
    let folder = small();
    let at = folder.path();
    let line = |i: usize| format!("{},{},{},{}", ["red", "green", "blue"][i % 3], i * i % 11, i * 5 % 13, i % 7);
    let lines: Vec<String> = (0..300).map(line).collect();
    fs::write(at.join("rows.csv"), format!("colour,a,b,c\n{}\n", lines.join("\n"))).expect("written");
    json(at, &["train", "--data", "rows.csv", "--layers", "2", "--epochs", "2", "--out", "rows", "--json", "--quiet"]);
    assert_eq!(same(at, &["features", "rows", "--inputs", "4", "--seeds", "2", "--chart", "OUT/error.svg"]), 1);
    train(at, "small-code", &["--layers", "4"]);
    train(at, "large-code", &["--layers", "8"]);
    assert_eq!(same(at, &["compare", "small-code", "large-code", "--out", "OUT/losses.svg"]), 1);
    let search = ["search", "--data", "small", "--epochs", "1", "--batch-size", "50", "--try", "layers=4/8"];
    let more = ["--seeds", "2", "--quiet", "--out", "OUT"];
    assert!(same(at, &[&search[..], &more].concat()) > 3);
}
