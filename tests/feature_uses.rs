//! `handgrad features`, as users run it. This file belongs to the package `handgrad-cli`.

mod command;

use std::fs;

use command::{err, json, list, png_size, run, small, train};

#[test]
fn pixels_are_chosen_and_samples_rebuilt() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "8"]);
    let args = ["features", "run", "--inputs", "20", "--seeds", "2", "--json"];
    let found = json(at, &[&args[..], &["--out", "pixels.png", "--chart", "error.svg"]].concat());
    assert_eq!((&found["fitted_on"], &found["measured_on"]), (&300.into(), &60.into()));
    let scores = found["scores"].as_array().expect("scores");
    let names: Vec<_> = scores.iter().map(|of| of["score"].as_str().expect("a name")).collect();
    assert_eq!(names, ["group-l1", "permutation", "variance", "loadings", "random"]);
    for of in scores {
        assert_eq!(list(&of["inputs"]).len(), 20);
        let errors = list(&of["errors"]);
        assert!(errors.iter().all(|error| *error > 0.0), "{of}");
        assert!(errors[4] < errors[0], "200 pixels tell more than 10: {of}");
    }
    // Samples, and a row for each score; the chosen pixels and eight samples in each.
    assert_eq!(png_size(&fs::read(at.join("pixels.png")).expect("a picture")), (9 * 90 + 6, 6 * 90 + 6));
    let chart = fs::read_to_string(at.join("error.svg")).expect("a chart");
    assert!(names.iter().all(|name| chart.contains(name)));
    for threads in ["1", "5"] {
        assert_eq!(json(at, &[&args[..], &["--threads", threads]].concat()), found, "{threads} threads");
    }
    let output = run(at, &["features", "run", "--inputs", "784"]);
    assert!(!output.status.success() && err(&output).contains("784 of 784 inputs"), "{}", err(&output));
}

#[test]
fn columns_of_a_table_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |i: usize| format!("{},{},{}", i % 7, (i * i) % 11, (i * 5) % 13);
    let lines: Vec<String> = (0..80).map(line).collect();
    fs::write(at.join("rows.csv"), format!("first,second,third\n{}\n", lines.join("\n"))).expect("written");
    let output = run(at, &["train", "--data", "rows.csv", "--layers", "2", "--epochs", "2", "--out", "run"]);
    assert!(output.status.success(), "{}", err(&output));
    let output = run(at, &["features", "run", "--inputs", "2"]);
    assert!(output.status.success(), "{}", err(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("variance: ") && text.contains("third"), "{text}");
    // A category has an input for each class.
    let line = |i: usize| format!("{},{}", ["red", "green", "blue"][i % 3], (i * i) % 11);
    let lines: Vec<String> = (0..80).map(line).collect();
    fs::write(at.join("colours.csv"), format!("colour,size\n{}\n", lines.join("\n"))).expect("written");
    let args = ["train", "--data", "colours.csv", "--layers", "2", "--epochs", "2", "--out", "colours"];
    assert!(run(at, &args).status.success());
    let output = run(at, &["features", "colours", "--inputs", "4"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("colour (red)") && text.contains("colour (blue)"), "{text}{}", err(&output));
    // Nothing can be chosen if all samples are the same.
    let lines = vec!["1,2,3"; 80].join("\n");
    fs::write(at.join("rows.csv"), format!("first,second,third\n{lines}\n")).expect("written");
    let output = run(at, &["features", "run", "--inputs", "2"]);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let output = run(at, &["features", "run", "--inputs", "2", "--out", "x.png"]);
    assert!(!output.status.success() && err(&output).contains("draws pictures"), "{}", err(&output));
}
