//! `handgrad cluster`, as users run it: on images with and without labels, on tables, and on data that has no clusters.
//! This file belongs to the package `handgrad-cli`.

mod command;

use std::fs;
use std::path::Path;

use command::{err, json, number, png_size, run, samples, small, train};
use handgrad_analysis::Pca;
use handgrad_analysis::clusters::{agreement, kmeans, nearest_centre};
use serde_json::Value;

/// The columns of the table that `--out` writes, without the header.
fn table(path: &Path) -> (String, Vec<Vec<String>>) {
    let text = fs::read_to_string(path).expect("a table");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().expect("a header").join(",");
    let rows: Vec<Vec<String>> = lines.collect();
    (header, (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at].clone()).collect()).collect())
}

fn numbers(column: &[String]) -> Vec<u32> {
    column.iter().map(|cell| cell.parse().expect("a number")).collect()
}

fn training(at: &Path) -> ndarray::Array2<f32> {
    let data = handgrad_dataset::load(at.join("small").to_str().expect("UTF-8"), at, &Default::default(), &());
    data.expect("data").train.to_floats()
}

#[test]
fn means_are_fitted_to_training_samples_and_measured_on_others() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "8"]);
    let args =
        ["cluster", "run", "--clusters", "6", "--restarts", "2", "--seed", "3", "--sheet", "sheet.png", "--json"];
    let found = json(at, &[&args[..], &["--out", "of.csv"]].concat());
    assert_eq!((&found["samples"], &found["found_on"]), (&60.into(), &300.into()));
    let (header, columns) = table(&at.join("of.csv"));
    assert_eq!(header, "sample,label,code,pca,inputs");

    // The same from the pixels that the data has, without any network.
    let (fit, rows) = (training(at), samples(at));
    let pca = Pca::fit(fit.view(), 8).expect("finite values");
    for (form, column, fit, rows) in
        [("pca", 3, pca.codes(fit.view()), pca.codes(rows.view())), ("inputs", 4, fit.clone(), rows.clone())]
    {
        let centres = kmeans(fit.view(), 6, 2, 3).expect("finite values").centres;
        let labels = nearest_centre(rows.view(), &centres);
        assert_eq!(numbers(&columns[column]), labels, "{form}");
        let ours = agreement(&labels, &numbers(&columns[1])).expect("as many");
        let theirs = found["forms"].as_array().expect("forms").iter().find(|of| of["form"] == form).expect("the form");
        let [ari, nmi, accuracy] = ["ari", "nmi", "accuracy"].map(|name| number(&theirs[name]));
        assert_eq!([ari, nmi, accuracy], [ours.ari, ours.nmi, ours.accuracy], "{form}");
    }
    // The decoded mean and eight samples in each row.
    let rows = found["rows_of_sheet"].as_array().expect("rows").len() as u32;
    assert_eq!(png_size(&fs::read(at.join("sheet.png")).expect("a picture")), (9 * 90 + 6, rows * 90 + 6));

    let first = fs::read(at.join("of.csv")).expect("a table");
    let output = run(at, &["cluster", "run", "--out", "of.csv"]);
    assert!(!output.status.success() && err(&output).contains("of.csv"), "a table is not replaced");
    for threads in ["1", "2", "5", "16"] {
        let out = format!("of-{threads}.csv");
        let again = json(at, &[&args[..], &["--out", &out, "--threads", threads]].concat());
        assert_eq!((again, fs::read(at.join(out)).expect("a table")), (found.clone(), first.clone()));
    }
}

#[test]
fn trees_and_dense_regions_are_drawn() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "8"]);
    let args = ["cluster", "run", "--method", "hierarchical", "--clusters", "4", "--points", "50", "--chart", "a.svg"];
    let found = json(at, &[&args[..], &["--linkage", "average", "--json"]].concat());
    assert_eq!((&found["samples"], &found["found_on"]), (&50.into(), &50.into()));
    assert!(found["forms"].as_array().expect("forms").iter().all(|of| of["clusters"] == 4));
    let tree = fs::read_to_string(at.join("a.svg")).expect("a chart");
    assert!(tree.contains("4 clusters") && tree.contains("samples, ") && !tree.contains("NaN"), "{tree}");
    assert_eq!(tree.matches("class=\"branch\"").count(), 29);

    let args = ["cluster", "run", "--method", "dbscan", "--min-samples", "4", "--chart", "b.svg", "--out", "b.csv"];
    let found = json(at, &[&args[..], &["--json"]].concat());
    let eps = |found: &Value, form: usize| number(&found["forms"][form]["eps"]);
    for of in found["forms"].as_array().expect("forms") {
        assert!(number(&of["noise"]) <= 0.1, "90 % are core samples");
    }
    assert!(fs::read_to_string(at.join("b.svg")).expect("a chart").contains("eps "));
    // A smaller radius makes more noise in all forms.
    let radius = (0.6 * eps(&found, 0)).to_string();
    let smaller = json(at, &["cluster", "run", "--method", "dbscan", "--min-samples", "4", "--eps", &radius, "--json"]);
    for form in 0..3 {
        assert!(eps(&smaller, form) < eps(&found, form), "form {form}");
        assert!(number(&smaller["forms"][form]["noise"]) > number(&found["forms"][form]["noise"]), "form {form}");
    }
    let text = run(at, &["cluster", "run", "--method", "dbscan"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("90 % of the samples are core samples") && text.contains("eps"), "{text}");
}

#[test]
fn preparations_change_the_codes() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "8"]);
    let found = |more: &[&str]| json(at, &[&["cluster", "run", "--json"][..], more].concat());
    let (plain, both) = (found(&[]), found(&["--unit-length", "--smooth", "10"]));
    let silhouette = |found: &Value| number(&found["forms"][0]["silhouette"]);
    assert!(silhouette(&both) > silhouette(&plain), "smooth codes are nearer to each other");
    let output = run(at, &["cluster", "run", "--smooth", "301"]);
    assert!(!output.status.success() && err(&output).contains("301 nearest samples"), "{}", err(&output));
}

#[test]
fn unusual_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let write = |name: &str, header: &str, row: &dyn Fn(usize) -> String, rows: usize| {
        let lines: Vec<String> = (0..rows).map(row).collect();
        fs::write(at.join(name), format!("{header}\n{}\n", lines.join("\n"))).expect("written");
    };
    let values = |i: usize| format!("{},{},{}", i % 7, (i * i) % 11, (i * 5) % 13);
    write("plain.csv", "a,b,c", &values, 80);
    write("one.csv", "a,b,c,label", &|i| format!("{},x", values(i)), 80);
    write("equal.csv", "a,b,c", &|_| "1,2,3".into(), 20);
    write("two.csv", "a,b,c", &values, 2);
    let args = ["train", "--data", "plain.csv", "--layers", "1", "--epochs", "2", "--out", "run"];
    let output = run(at, &args);
    assert!(output.status.success(), "{}", err(&output));

    // A code of one value, and no labels.
    let found = json(at, &["cluster", "run", "--data", "plain.csv", "--clusters", "3", "--json"]);
    assert!(found["forms"][0]["ari"].is_null() && found["forms"][0]["silhouette"].is_number(), "{found}");
    let text = run(at, &["cluster", "run", "--data", "plain.csv", "--clusters", "3"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("there are no labels"));
    let text = run(at, &["cluster", "run", "--data", "plain.csv", "--clusters", "3", "--out", "rows.csv"]);
    assert!(text.status.success(), "{}", err(&text));
    assert!(fs::read_to_string(at.join("rows.csv")).expect("a table").starts_with("line,sample,code,pca,inputs\n2,0,"));

    let hierarchical = ["--method", "hierarchical", "--clusters", "2"];
    let two = json(at, &[&["cluster", "run", "--data", "two.csv", "--json"], &hierarchical[..]].concat());
    assert!(two["forms"][0]["silhouette"].is_null() && two["forms"][0]["clusters"] == 2, "{two}");

    for (args, says) in [
        (&["--data", "equal.csv", "--method", "hierarchical"][..], "the code of all samples is the same"),
        (&["--data", "two.csv", "--method", "hierarchical"], "a division into 10 clusters needs at least 10 samples"),
        (&["--data", "two.csv", "--method", "dbscan"], "needs at least 5 samples, but there are 2"),
        (&["--clusters", "900"], "the training samples into 900 clusters needs at least 900 samples"),
        (&["--method", "dbscan", "--eps=-1"], "must be a finite number above 0"),
        (&["--method", "dbscan", "--clusters", "3"], "--clusters is only for --method kmeans and hierarchical"),
        (&["--eps", "1"], "--eps is only for --method dbscan"),
        (&["--method", "hierarchical", "--points", "10001"], "at most 10,000"),
        (&["--sheet", "x.png"], "draws pictures"),
        (&["--out", "x.txt"], ".csv"),
    ] {
        let output = run(at, &[&["cluster", "run"], args].concat());
        assert!(!output.status.success() && err(&output).contains(says), "{args:?}: {}", err(&output));
    }
    // Labels of one class.
    let output = run(at, &["cluster", "run", "--data", "one.csv", "--label-column", "label", "--clusters", "3"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("every sample is of class x"));
}
