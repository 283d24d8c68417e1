//! `handgrad finetune` and `handgrad predict`. This file belongs to the package of the binary, which it needs.

use std::fs;

mod command;

use command::{err, files, json, number, run, small, train};

const QUICK: &[&str] = &["--epochs", "1", "--quiet", "--json"];

#[test]
fn a_classifier_is_made_and_used() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "32", "--noise", "masking", "--noise-level", "0.25"]);
    let args = ["finetune", "run", "--labels-per-class", "2,all,5", "--seeds", "2", "--out", "sorted"];
    let report = json(at, &[&args, QUICK].concat());
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.iter().map(|row| row["labels"].as_u64().expect("a number")).collect::<Vec<_>>(), [20, 50, 300]);
    for row in rows {
        for method in ["fine_tuned", "from_scratch"] {
            let errors = row[method].as_array().expect("errors");
            assert!(errors.len() == 2 && errors.iter().map(number).all(|error| error < 0.7), "{row}");
        }
    }
    let table = fs::read_to_string(at.join("sorted/errors.csv")).expect("a table");
    assert_eq!(table.lines().count(), 1 + 3 * 2 * 2, "{table}");
    let first = format!("2,20,fine-tuned,0,{}", rows[0]["fine_tuned"][0]);
    assert_eq!(table.lines().nth(1), Some(first.as_str()));
    let chart = fs::read_to_string(at.join("sorted/errors.svg")).expect("a chart");
    for text in ["fine-tuned", "from scratch", "labelled samples", "300"] {
        assert!(chart.contains(text), "{text}");
    }

    // The samples of the run, then a folder and a file, with the same network.
    let told = json(at, &["predict", "sorted", "--out", "own.csv", "--json"]);
    let last = number(&rows[2]["fine_tuned"][0]);
    assert!((number(&told["accuracy"]) - (1.0 - last)).abs() < 1e-9);
    let accuracy = number(&told["accuracy"]);
    assert!((number(&told["standard_error"]) - (accuracy * (1.0 - accuracy) / 60.0).sqrt()).abs() < 1e-12);
    let own = fs::read_to_string(at.join("own.csv")).expect("predictions");
    let lines: Vec<Vec<&str>> = own.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["sample", "label", "class", "probability"]);
    let right = lines[1..].iter().filter(|line| line[1] == line[2]).count();
    assert_eq!((lines.len(), right as f64), (61, (60.0 * accuracy).round()));
    assert!(lines[1..].iter().all(|line| (0.1..=1.0).contains(&line[3].parse::<f64>().expect("a probability"))));
    json(at, &["predict", "sorted/model.safetensors", "small", "--out", "named.csv", "--threads", "1", "--json"]);
    assert_eq!(fs::read_to_string(at.join("named.csv")).expect("predictions"), own);
    let images = "small/t10k-images-idx3-ubyte.gz";
    let output = run(at, &["predict", "sorted", images, "--out", "file.csv", "--label-column", "none"]);
    assert!(!output.status.success() && err(&output).contains("CSV"), "{}", err(&output));

    let text = run(at, &["finetune", "run", "--labels-per-class", "2", "--epochs", "1", "--no-scratch", "--out", "a"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(
        text.contains("labels a class") && text.contains("–") && text.contains("wrote a: model.safetensors"),
        "{text}"
    );
    // The network that is printed is the classifier, not the autoencoder.
    let told = run(at, &["finetune", "run", "--labels-per-class", "2", "--epochs", "1", "--no-scratch", "--out", "b"]);
    let told = err(&told);
    let summary: Vec<&str> = told.lines().skip_while(|line| !line.contains("parameters")).take(4).collect();
    assert!(summary[2].contains("330") && summary[3].contains("25,450"), "784·32 + 32 + 32·10 + 10: {told}");
    // The codes of a classifier are those of its encoder.
    json(at, &["encode", "sorted", "--out", "codes.csv", "--json"]);
}

#[test]
fn layers_are_pre_trained_with_the_same_bits_on_any_number_of_threads() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "24,16", "--activation", "tanh", "--epochs", "1"]);
    let made = |threads: &str| {
        let args = ["finetune", "run", "--pretrain", "layerwise", "--pretrain-epochs", "6", "--masked", "0.2"];
        let more = ["--labels-per-class", "3", "--no-scratch", "--threads", threads, "--out", threads];
        let report = json(at, &[&args[..], &more, QUICK].concat());
        for layer in report["layers"].as_array().expect("layers") {
            assert!(number(&layer["after"]) < number(&layer["before"]), "{layer}");
        }
        assert_eq!(report["layers"].as_array().map(Vec::len), Some(2));
        fs::read(at.join(threads).join("model.safetensors")).expect("a model")
    };
    let one = made("1");
    ["2", "5", "16"].into_iter().for_each(|threads| assert!(made(threads) == one, "{threads} threads"));
}

#[test]
fn rows_of_a_table_keep_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |number: usize| {
        let kind = ["ash", "birch"][number % 2];
        let height = 2.0 + (number % 2) as f64 * 3.0 + (number % 7) as f64 * 0.1;
        format!("tree-{number},{height},{},{kind}\n", (number % 5) as f64 * 0.2)
    };
    let table = String::from("name,height,width,kind\n") + &(0..120).map(row).collect::<String>();
    fs::write(at.join("trees.csv"), table).expect("written");
    let args = ["train", "--data", "trees.csv", "--preset", "table", "--label-column", "kind", "--epochs", "2"];
    json(at, &[&args[..], &["--out", "run", "--quiet", "--json"]].concat());
    json(at, &[&["finetune", "run", "--labels-per-class", "all", "--out", "trees"], QUICK].concat());
    let told = json(at, &["predict", "trees", "--out", "own.csv", "--json"]);
    assert!(number(&told["accuracy"]) > 0.9, "{told}");
    assert_eq!(told["classes"], serde_json::json!(["ash", "birch"]));
    let whole = json(at, &["predict", "trees", "trees.csv", "--out", "all.csv", "--json"]);
    assert_eq!(whole["samples"], 120);
    let all = fs::read_to_string(at.join("all.csv")).expect("predictions");
    assert!(all.starts_with("line,name,label,class,probability\n2,tree-0,ash,"), "{all}");
    let bare = json(at, &["predict", "trees", "trees.csv", "--label-column", "none", "--out", "b.csv", "--json"]);
    assert!(bare["accuracy"].is_null(), "{bare}");

    // A row without any value is left out, which is said.
    fs::write(at.join("gap.csv"), "name,height,width,kind\na,2.0,0.2,ash\nb,,,birch\nc,5.0,0.2,birch\n")
        .expect("written");
    let output = run(at, &["predict", "trees", "gap.csv", "--out", "gap-classes.csv"]);
    assert!(output.status.success() && err(&output).contains("1 row without any value left out"), "{}", err(&output));
    // Numbers that overflow in the network have no class.
    fs::write(at.join("far.csv"), "name,height,width,kind\na,2.0,0.2,ash\nb,1e38,3e38,birch\n").expect("written");
    let output = run(at, &["predict", "trees", "far.csv", "--out", "far-classes.csv"]);
    assert!(!output.status.success() && err(&output).contains("sample 1 (counted from 0)"), "{}", err(&output));
    assert!(!at.join("far-classes.csv").exists());
}

#[test]
fn wrong_uses_are_one_line_and_write_nothing() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16", "--epochs", "1"]);
    json(at, &[&["finetune", "run", "--labels-per-class", "2", "--no-scratch", "--out", "sorted"], QUICK].concat());
    json(at, &["split", "run", "--decoder", "decoder.safetensors", "--encoder", "encoder.safetensors", "--json"]);
    json(at, &["encode", "run", "--out", "bare.npy", "--json"]);
    let before = files(at);
    let images = "small/t10k-images-idx3-ubyte.gz";
    let cases: &[(&[&str], &str)] = &[
        (&["finetune", "run", "--labels-per-class", "1000", "--out", "new"], "1000 labels of each class are asked for"),
        (&["finetune", "run", "--labels-per-class", "0", "--out", "new"], "numbers above 0 and `all`"),
        (&["finetune", "run", "--masked", "0.1", "--out", "new"], "only for --pretrain layerwise"),
        (&["finetune", "run", "--dropout", "1", "--out", "new"], "--dropout 1: expected a number"),
        (&["finetune", "run", "--encoder-rate=-1", "--out", "new"], "encoder-rate"),
        (&["finetune", "run", "--encoder-rate", "0", "--dropout", "0.1", "--out", "new"], "dropout and input noise"),
        (&["finetune", "run", "--learning-rate", "nan", "--out", "new"], "--learning-rate must be"),
        (&["finetune", "run", "--data", images, "--out", "new"], "not divided into training and test"),
        (&["finetune", "run", "--out", "sorted"], "model.safetensors"),
        (&["finetune", "sorted", "--out", "new"], "the model is a classifier"),
        (&["finetune", "decoder.safetensors", "--data", "small", "--out", "new"], "holds only the decoder"),
        (&["finetune", "encoder.safetensors", "--out", "new"], "does not say which data"),
        (&["reconstruct", "sorted", "--out", "new.png"], "neither reconstructs nor decodes"),
        (&["anomaly", "sorted", "--out", "new.png"], "neither reconstructs nor decodes"),
        (&["eval", "sorted"], "neither reconstructs nor decodes"),
        (&["split", "sorted", "--encoder", "new.safetensors"], "neither reconstructs nor decodes"),
        (&["decode", "sorted", "bare.npy", "--out", "new.png"], "neither reconstructs nor decodes"),
        (&["predict", "run", "--out", "new.csv"], "not a classifier"),
        (&["predict", "decoder.safetensors", "small", "--out", "new.csv"], "not a classifier"),
        (&["predict", "sorted", "bare.npy", "--out", "new.csv"], "but the network takes"),
        (&["predict", "sorted", "--out", "new.npy"], "name that ends in .csv"),
        (&["predict", "sorted", "--out", "sorted/errors.csv"], "exists already"),
        (&["predict", "nothing", "--out", "new.csv"], "nothing"),
    ];
    for (args, why) in cases {
        let output = run(at, args);
        let told = err(&output);
        assert!(!output.status.success() && told.contains(why), "{args:?}: {told}");
        assert!(told.lines().filter(|line| line.starts_with("error:")).count() == 1, "{args:?}: {told}");
    }
    assert!(files(at) == before, "nothing is written or changed");
}

/// Rows without a label take no part in what is measured, and get a class by `predict`.
#[test]
fn rows_without_a_label_are_left_out_and_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |number: usize| {
        let kind = if number.is_multiple_of(4) { "unknown" } else { ["ash", "birch"][number % 2] };
        let height = 2.0 + (number % 2) as f64 * 3.0 + (number % 7) as f64 * 0.1;
        format!("{height},{},{kind}\n", (number % 5) as f64 * 0.2)
    };
    let table = String::from("height,width,kind\n") + &(0..160).map(row).collect::<String>();
    fs::write(at.join("trees.csv"), table).expect("written");
    let args = ["train", "--data", "trees.csv", "--preset", "table", "--label-column", "kind", "--epochs", "2"];
    json(at, &[&args[..], &["--out", "run", "--quiet", "--json"]].concat());
    let unlabelled = ["--unlabelled", "unknown"];
    let made = |rate: &str, out: &str| {
        let args = ["finetune", "run", "--labels-per-class", "all", "--encoder-rate", rate, "--out", out];
        json(at, &[&args[..], &unlabelled, QUICK].concat())
    };
    for (rate, out) in [("1", "tuned"), ("0", "frozen")] {
        let report = made(rate, out);
        assert_eq!((&report["classes"], &report["test_samples"]), (&serde_json::json!(["ash", "birch"]), &12.into()));
        assert_eq!(report["rows"][0]["labels"], 108, "three quarters of 144 training rows: {report}");
    }
    let predicted = |more: &[&str], out: &str| {
        json(at, &[&["predict", "frozen", "trees.csv", "--out", out, "--json"], more].concat())
    };
    let told = predicted(&unlabelled, "all.csv");
    assert!(told["samples"] == 160 && number(&told["accuracy"]) > 0.9, "{told}");
    let text = fs::read_to_string(at.join("all.csv")).expect("predictions");
    assert!(text.starts_with("line,label,class,probability\n2,,"), "{text}");
    assert_eq!(text.lines().filter(|line| line.split(',').nth(1) == Some("")).count(), 40);
    assert!(text.lines().skip(1).all(|line| ["ash", "birch"].contains(&line.split(',').nth(2).expect("a class"))));
    // Without the flag it is a class, which the classifier does not know.
    let output = run(at, &["predict", "frozen", "trees.csv", "--out", "x.csv"]);
    assert!(err(&output).contains("a sample is of class unknown"), "{}", err(&output));
    let probed = json(at, &[&["probe", "run", "--json"], &unlabelled[..]].concat());
    assert_eq!(probed["classes"], serde_json::json!(["ash", "birch"]));
    let counted = ["training_samples", "samples"].map(|name| probed[name].as_u64().expect("a count"));
    assert_eq!((counted, &probed["left_out"]), ([108, 12], &serde_json::json!([36, 4])));
    let text = run(at, &[&["probe", "run"], &unlabelled[..]].concat());
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("left out, of class unknown: 36 training samples and 4 others"), "{text}");
    let output = run(at, &["probe", "run", "--unlabelled", "unknwon"]);
    assert!(err(&output).contains("no sample is of class unknwon"), "{}", err(&output));
}

#[test]
fn a_class_that_the_classifier_does_not_know_is_named() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16", "--epochs", "1", "--only-class", "0,1,2"]);
    json(at, &[&["finetune", "run", "--labels-per-class", "all", "--no-scratch", "--out", "sorted"], QUICK].concat());
    let own = json(at, &["predict", "sorted", "--out", "own.csv", "--json"]);
    assert_eq!(own["classes"], serde_json::json!(["0", "1", "2"]));
    let output = run(at, &["predict", "sorted", "small", "--out", "new.csv"]);
    assert!(
        err(&output).contains("which the classifier does not know: it knows the classes 0, 1, 2"),
        "{}",
        err(&output)
    );
    assert!(!at.join("new.csv").exists());
    train(at, "one", &["--layers", "16", "--epochs", "1", "--only-class", "3"]);
    let output = run(at, &["finetune", "one", "--out", "new"]);
    assert!(err(&output).contains("every sample is of class 3"), "{}", err(&output));
}
