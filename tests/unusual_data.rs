//! The uses of codes on data that is not as it should be: without labels, of one class, of few or of equal samples.
//! Each gives a result that says so, or one clear error. This file belongs to the package `handgrad-cli`, whose binary
//! it needs.

mod command;

use std::fs;
use std::path::Path;

use command::{err, files, run};

/// Writes a table, and trains a network with a code of one value on it.
fn table(at: &Path, name: &str, header: &str, rows: usize, row: &dyn Fn(usize) -> String) {
    let lines: Vec<String> = (0..rows).map(row).collect();
    fs::write(at.join(format!("{name}.csv")), format!("{header}\n{}\n", lines.join("\n"))).expect("written");
}

fn train(at: &Path, name: &str, label: &str) {
    let data = format!("{name}.csv");
    let args = ["train", "--data", &data, "--label-column", label, "--layers", "1", "--code-activation", "linear"];
    let output = run(at, &[&args[..], &["--epochs", "2", "--quiet", "--out", name]].concat());
    assert!(output.status.success(), "{name}: {}", err(&output));
}

/// The folders of runs: `good` has two classes, `bare` no labels, `one` one class, and `few` three training samples.
/// Other data: `equal.csv` has equal samples, and `two.csv` two samples.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let values = |i: usize| format!("{},{},{}", i % 7, i * i % 11, i * 5 % 13);
    let with = |i: usize, class: &str| format!("{},{class}", values(i));
    let labelled = |i: usize| with(i, ["x", "y"][i % 2]);
    table(at, "good", "a,b,c,label", 80, &labelled);
    table(at, "bare", "a,b,c", 80, &values);
    table(at, "one", "a,b,c,label", 80, &|i| with(i, "x"));
    table(at, "few", "a,b,c,label", 4, &labelled);
    table(at, "two", "a,b,c,label", 2, &labelled);
    table(at, "equal", "a,b,c,label", 20, &|i| with(3, ["x", "y"][i % 2]));
    for (name, label) in [("good", "label"), ("bare", "none"), ("one", "label"), ("few", "label")] {
        train(at, name, label);
    }
    folder
}

/// Runs a command that must fail with one error, and writes nothing.
fn refused(at: &Path, args: &[&str], says: &str) {
    let before = files(at);
    let output = run(at, args);
    let text = err(&output);
    assert!(!output.status.success() && text.contains(says), "{args:?}: {text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{args:?}: {text}");
    assert!(!text.contains("panicked") && files(at) == before, "{args:?}: {text}");
}

/// Runs a command that must succeed, and returns what it prints.
fn printed(at: &Path, args: &[&str]) -> String {
    let output = run(at, args);
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &err(&output)
}

#[test]
fn what_cannot_be_done_is_one_clear_error() {
    let folder = folder();
    let at = folder.path();
    let no_labels = "no labels, so the classes of the samples are not known";
    let one_class = "every sample is of class x";
    for (args, says) in [
        // No labels.
        (&["probe", "bare"][..], no_labels),
        (&["label", "bare", "--out", "new.csv"], no_labels),
        (&["finetune", "bare", "--out", "new"], no_labels),
        // One class.
        (&["probe", "one"], one_class),
        (&["label", "one", "--out", "new.csv"], one_class),
        (&["finetune", "one", "--labels-per-class", "all", "--out", "new"], one_class),
        // Fewer samples than neighbours, labels or clusters.
        (&["nearest", "few"], "few.csv: 9 nearest samples are asked for, but there are 3"),
        (&["probe", "few"], "5 nearest samples are asked for, but there are 3"),
        (&["label", "few", "--out", "new.csv"], "10 nearest samples are asked for, but there are 3"),
        (&["finetune", "few", "--labels-per-class", "9", "--out", "new"], "9 labels of each class are asked for"),
        (&["features", "few", "--inputs", "2"], "Choosing inputs needs at least 12 samples, but there are 3"),
        (&["cluster", "few"], "into 10 clusters needs at least 10 samples, but there are 3"),
        (&["map", "few", "--method", "parametric-tsne", "--out", "new.svg"], "needs at least 7 samples"),
        // Two samples.
        (&["map", "good", "--data", "two.csv", "--out", "new.svg"], "at least 3 samples, but there are 2"),
        (&["cluster", "good", "--data", "two.csv", "--method", "hierarchical"], "needs at least 10 samples"),
        // All samples are equal.
        (&["map", "good", "--data", "equal.csv", "--out", "new.svg"], "the code of all samples is the same"),
        (&["cluster", "good", "--data", "equal.csv", "--method", "dbscan"], "the code of all samples is the same"),
        // No input is left to be told.
        (&["features", "good", "--inputs", "3"], "3 of 3 inputs"),
    ] {
        refused(at, args, says);
    }
    // The origin that is named is that of the training samples, not of the one row that was held out.
    let text = err(&run(at, &["nearest", "few"]));
    assert!(text.contains("error: 3 rows of "), "{text}");
}

#[test]
fn what_can_be_done_says_what_is_missing() {
    let folder = folder();
    let at = folder.path();
    // A code of one value is drawn on one axis, compared, clustered and classified like any other.
    for (args, says) in [
        (&["map", "good", "--out", "one-axis.svg"][..], "PCA of the inputs of the network, 1 component"),
        (&["cluster", "good", "--clusters", "3"], "code"),
        (&["nearest", "good", "--neighbours", "3"], "of the class of their sample"),
        (&["probe", "good"], "code, 1 value"),
        (&["label", "good", "--labels-per-class", "3", "--draws", "2"], "wrong labels in %"),
        (&["finetune", "good", "--labels-per-class", "3", "--epochs", "1", "--out", "sorted"], "wrote sorted"),
        (&["features", "good", "--inputs", "2"], "accuracy 2"),
        // Without labels, and with one class.
        (&["map", "bare", "--out", "bare.svg"], "the samples have no labels, so the map has no colours"),
        (&["map", "one", "--out", "one.svg"], "–"),
        (&["cluster", "bare", "--clusters", "3"], "there are no labels, so the clusters are not compared"),
        (&["cluster", "one", "--clusters", "3"], "every sample is of class x"),
        (&["nearest", "bare", "--neighbours", "3"], "by inputs"),
        (&["features", "bare", "--inputs", "2"], "stability"),
        (&["features", "one", "--inputs", "2"], "stability"),
        (
            &["predict", "sorted", "bare.csv", "--label-column", "none", "--out", "bare-classes.csv"],
            "no sample has a label",
        ),
        (&["predict", "sorted", "one.csv", "--out", "one-classes.csv"], "of 80 are as their labels say"),
        // Two samples, and equal samples, are measured and used like others.
        (&["predict", "sorted", "two.csv", "--out", "two-classes.csv"], "the classes of 2 samples"),
        (&["predict", "sorted", "equal.csv", "--out", "equal-classes.csv"], "the classes of 20 samples"),
        (&["nearest", "good", "--data", "two.csv", "--neighbours", "3"], "of the class of their sample"),
        (&["nearest", "good", "--data", "equal.csv", "--neighbours", "3"], "of the class of their sample"),
        (&["probe", "good", "--data", "two.csv"], "measured on 2 samples of 2 classes"),
        (&["probe", "good", "--data", "equal.csv"], "measured on 20 samples"),
        (&["label", "good", "--data", "two.csv", "--out", "two-labels.csv"], "2 got one"),
        (&["label", "good", "--data", "equal.csv", "--out", "equal-labels.csv"], "20 got one"),
        (&["features", "good", "--data", "two.csv", "--inputs", "2"], "measured on 2 samples"),
        (&["features", "good", "--data", "equal.csv", "--inputs", "2"], "measured on 20 samples"),
        (&["cluster", "good", "--data", "equal.csv", "--clusters", "3"], "figures of 20 samples"),
    ] {
        let text = printed(at, args);
        assert!(text.contains(says), "{args:?}: {text}");
    }
}

/// Three different rows cannot be divided into five clusters, which is told and not hidden.
#[test]
fn fewer_clusters_than_asked_for_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    table(at, "three", "a,b,c", 90, &|i| ["1,2,3", "4,4,1", "9,1,7"][i % 3].to_owned());
    train(at, "three", "none");
    let text = printed(at, &["cluster", "three", "--clusters", "5"]);
    assert!(
        text.contains("inputs: only 3 clusters, not 5, because the other centres lost all training samples"),
        "{text}"
    );
    let found = command::json(at, &["cluster", "three", "--clusters", "5", "--json"]);
    assert_eq!(found["forms"][2]["clusters"], 3, "{found}");
    let text = printed(at, &["cluster", "three", "--clusters", "3"]);
    assert!(!text.contains("lost all"), "{text}");
}
