//! What a model of a table is used for: finding and explaining odd rows, filling holes, writing rows. This file belongs
//! to the package `handgrad-cli`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_tests::doubles;

mod command;

use command::{err, json, number, run};

/// a is random, b = 2·a, c has nothing to do with them; `holes` says which cells are empty.
fn doubled(count: usize, seed: u64, holes: impl Fn(usize, usize) -> bool) -> Vec<[String; 3]> {
    let values = doubles(2 * count, seed);
    let row = |(at, values): (usize, &[f64])| {
        let cells = [values[0], 2.0 * values[0], values[1]];
        [0, 1, 2].map(|column| if holes(at, column) { String::new() } else { format!("{:.4}", cells[column]) })
    };
    values.chunks_exact(2).enumerate().map(row).collect()
}

fn write(at: &Path, file: &str, rows: &[[String; 3]]) {
    let text = rows.iter().fold("a,b,c\n".to_owned(), |text, row| text + &row.join(",") + "\n");
    fs::write(at.join(file), text).expect("written");
}

fn train(at: &Path, data: &str, out: &str, flags: &[&str]) {
    let output = run(at, &[&["train", "--data", data, "--out", out, "--quiet"], flags].concat());
    assert!(output.status.success(), "{data}: {}", err(&output));
}

fn out(output: &std::process::Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_wrong_column_of_a_planted_row_is_named_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let mut rows = doubled(300, 1, |_, _| false);
    // Both values are usual, but not together.
    rows[117][0] = "0.5".into();
    rows[117][1] = "-1.0".into();
    write(at, "t.csv", &rows);
    train(at, "t.csv", "r", &[]);
    let args = ["anomaly", "r", "--data", "t.csv", "--explain", "--reasons", "r.csv", "--out", "o.svg"];
    let text = out(&run(at, &args));
    let reasons = fs::read_to_string(at.join("r.csv")).expect("reasons");
    let mut lines = reasons.lines();
    assert_eq!(lines.next(), Some("sample,line,identifier,score,column,found,expected,contribution,rarity"));
    let first: Vec<&str> = lines.next().expect("a reason").split(',').collect();
    // b is −1 where a says 1, or a is 0.5 where b says −0.5: the deviation of both is the same in standard deviations.
    assert_eq!(first[..2], ["117", "119"], "{reasons}");
    assert!(["a", "b"].contains(&first[4]), "{reasons}");
    let [found, expected] = [5, 6].map(|at: usize| first[at].parse::<f64>().expect("a number"));
    let [own, other] = if first[4] == "b" { [-1.0, 1.0] } else { [0.5, -0.5] };
    assert!(found == own && (expected - other).abs() < 0.5 * other.abs(), "{reasons}");
    let second: Vec<&str> = lines.next().expect("a reason").split(',').collect();
    assert!(["a", "b"].contains(&second[4]) && second[4] != first[4], "{reasons}");
    let rarity: f64 = first[8].parse().expect("a number");
    assert!(rarity < 0.02, "{reasons}");
    // The text, the picture and the JSON say the same.
    let place = text.find("line 119: score").expect("the row");
    let told = format!("{}: found {}, expected {}", first[4], first[5], first[6]);
    assert!(text[place..].lines().nth(1).is_some_and(|line| line.contains(&told)), "{text}");
    let svg = fs::read_to_string(at.join("o.svg")).expect("a picture");
    assert!(svg.contains("line 119") && svg.find("line 119") < svg.find("line 1:").or(Some(usize::MAX)), "{svg}");
    let found = json(at, &["anomaly", "r", "--data", "t.csv", "--explain", "--json"]);
    let row = &found["rows"][0];
    assert_eq!(
        (&row["sample"], &row["line"], &row["reasons"][0]["column"]),
        (&117.into(), &119.into(), &first[4].into())
    );
    assert_eq!(row["reasons"][0]["found"].as_str(), Some(first[5]));
}

#[test]
fn a_value_that_b_does_not_explain_is_the_one_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // c and d follow a as b does, so only b can be wrong.
    let values = doubles(300, 2);
    let line = |(at, a): (usize, &f64)| {
        let b = if at == 41 { -2.0 * a + 0.7 } else { 2.0 * a };
        format!("{a:.4},{b:.4},{:.4},{:.4}\n", 1.0 - a, 3.0 * a)
    };
    let text = "a,b,c,d\n".to_owned() + &values.iter().enumerate().map(line).collect::<String>();
    fs::write(at.join("t.csv"), text).expect("written");
    train(at, "t.csv", "r", &[]);
    let found = json(at, &["anomaly", "r", "--data", "t.csv", "--explain", "--json"]);
    let row = &found["rows"][0];
    assert_eq!((&row["sample"], &row["reasons"][0]["column"]), (&41.into(), &"b".into()), "{row}");
}

#[test]
fn detectors_are_printed_beside_one_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "t.csv", &doubled(300, 1, |_, _| false));
    train(at, "t.csv", "r", &["--epochs", "40"]);
    let rows = doubled(60, 2, |_, _| false);
    // Another value of the same range, which is not twice a.
    let moved = |b: &str| {
        let b: f64 = b.parse().expect("a number");
        format!("{:.4}", b - 2.0 * b.signum())
    };
    let text = rows.iter().enumerate().fold("a,b,c,label\n".to_owned(), |text, (number, row)| {
        let odd = number % 6 == 0;
        let b = if odd { moved(&row[1]) } else { row[1].clone() };
        text + &format!("{},{b},{},{}\n", row[0], row[2], if odd { "odd" } else { "usual" })
    });
    fs::write(at.join("new.csv"), text).expect("written");
    let args = ["anomaly", "r", "--data", "new.csv", "--normal-class", "usual", "--detector", "autoencoder,pca,knn"];
    let said = out(&run(at, &args));
    let table = said.split_once("average precision\n").expect("a table").1;
    let areas: Vec<f64> = ["autoencoder", "pca", "knn"]
        .iter()
        .map(|name| {
            let line =
                said.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{said}"));
            line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
        })
        .collect();
    // The rows break the only rule that there is.
    assert!(areas.iter().all(|area| (0.9..=1.0).contains(area)), "{table}");
    let found = json(at, &[&args[..], &["--json"]].concat());
    let detectors = &found["detectors"];
    for (name, area) in ["autoencoder", "pca", "knn"].iter().zip(areas) {
        assert!((number(&detectors[name]["roc_auc"]) - area).abs() < 1e-3, "{found}");
    }
    // Each alone gives the scores that its row is computed from.
    for (at_place, name) in ["autoencoder", "pca", "knn"].iter().enumerate() {
        let args = ["anomaly", "r", "--data", "new.csv", "--normal-class", "usual", "--detector", name, "--json"];
        let alone = number(&json(at, &args)["roc_auc"]);
        assert!((alone - number(&detectors[["autoencoder", "pca", "knn"][at_place]]["roc_auc"])).abs() < 1e-9);
    }
}

/// The cells of a text without quotes, by line.
fn cells(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn imputing_changes_only_holes_and_beats_the_mean() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let whole = doubled(400, 3, |_, _| false);
    let holes = doubled(400, 3, |row, column| (row + 5 * column) % 13 == 0 && column < 2);
    write(at, "t.csv", &holes);
    train(at, "t.csv", "r", &[]);
    // Spaces, line ends of Windows, an empty line, and a last line without an end.
    let text = holes.iter().map(|row| format!("{}, {},{}\r\n", row[0], row[1], row[2])).collect::<String>();
    let text = format!("a,b,c\r\n\r\n{}", text.trim_end());
    fs::write(at.join("new.csv"), &text).expect("written");
    let said = json(at, &["impute", "r", "--data", "new.csv", "--out", "filled.csv", "--json"]);
    let filled = fs::read_to_string(at.join("filled.csv")).expect("a table");
    let [before, after] = [cells(&text), cells(&filled)];
    assert!(before.len() == after.len() && filled.ends_with(text.rsplit(',').next().expect("a cell")));
    assert_eq!(filled.matches("\r\n").count(), text.matches("\r\n").count());
    let (mut count, mut own, mut mean) = (0, 0.0, 0.0);
    for (row, (before, after)) in before.iter().zip(&after).enumerate() {
        assert_eq!(before.len(), after.len(), "line {}", row + 1);
        for (column, (old, new)) in before.iter().zip(after).enumerate() {
            if !old.trim().is_empty() || before.len() == 1 {
                assert_eq!(old.as_bytes(), new.as_bytes());
                continue;
            }
            let truth: f64 = whole[row - 2][column].parse().expect("a number");
            count += 1;
            own += (new.trim().parse::<f64>().expect("a number") - truth).powi(2);
            // The mean of numbers within −1..1 and −2..2 is near 0.
            mean += truth.powi(2);
        }
    }
    assert!(count > 30 && said["filled"] == count, "{said}");
    assert!(own < 0.2 * mean, "a squared error of {own}, and {mean} for the mean");
    // The file that was filled is not written over, nor is the original.
    assert!(!run(at, &["impute", "r", "--data", "new.csv", "--out", "filled.csv"]).status.success());
    assert_eq!(fs::read_to_string(at.join("new.csv")).expect("the table"), text);
}

#[test]
fn dates_and_classes_are_filled_in_in_the_form_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |at: usize, holes: bool| {
        let hole = |column: usize| holes && (at + 3 * column).is_multiple_of(10);
        let (day, town) = (1 + at * 11 % 28, at * 7 % 3);
        let cells = [
            format!("{day:02}.0{}.2021", 1 + town),
            ["Bern", "\"Rome; Italy\"", "Oslo"][town].to_owned(),
            format!("{},{:02}", 10 * town + day, day),
        ];
        (0..3).map(|column| if hole(column) { "" } else { &cells[column] }).collect::<Vec<_>>().join(";")
    };
    let text = |holes: bool| "day;town;x\n".to_owned() + &(0..200).map(|at| row(at, holes) + "\n").collect::<String>();
    fs::write(at.join("t.csv"), text(true)).expect("written");
    train(at, "t.csv", "r", &["--epochs", "60"]);
    out(&run(at, &["impute", "r", "--data", "t.csv", "--out", "filled.csv"]));
    let filled = fs::read_to_string(at.join("filled.csv")).expect("a table");
    let mut towns = (0, 0);
    for (before, (after, truth)) in text(true).lines().zip(filled.lines().zip(text(false).lines())).skip(1) {
        let split = |line: &str| -> Vec<String> {
            line.replace("\"Rome; Italy\"", "Rome").split(';').map(str::to_owned).collect()
        };
        let [before, after, truth] = [before, after, truth].map(split);
        assert_eq!(after.len(), 3, "{after:?}");
        for (column, cell) in after.iter().enumerate().filter(|(column, _)| before[*column].is_empty()) {
            let number = |text: &str| text.replace(',', ".").parse::<f64>();
            match column {
                0 => {
                    let parts: Vec<&str> = cell.split('.').collect();
                    assert!(parts.len() == 3 && parts[2].len() == 4 && parts[2].starts_with("202"), "a date: {cell}");
                }
                1 => {
                    assert!(["Bern", "Rome", "Oslo"].contains(&cell.as_str()), "a town: {cell}");
                    towns = (towns.0 + usize::from(*cell == truth[1]), towns.1 + 1);
                }
                _ => assert!(number(cell).is_ok() && !cell.contains('.') && cell.contains(','), "a number: {cell}"),
            }
        }
    }
    // The month says which town it is.
    assert!(towns.1 == 20 && towns.0 > 14, "{towns:?}");
}

#[test]
fn imputing_is_measured_beside_three_other_methods() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let rows = doubled(300, 4, |row, column| column == 1 && row % 9 == 0);
    let text = rows.iter().fold("a,b,c,word\n".to_owned(), |text, row| {
        let word = if row[2].starts_with('-') { "minus" } else { "plus" };
        text + &row.join(",") + &format!(",{word}\n")
    });
    fs::write(at.join("t.csv"), text).expect("written");
    train(at, "t.csv", "r", &["--epochs", "200"]);
    let measured = json(at, &["impute", "r", "--measure", "--rate", "0.3", "--json"]);
    for (hiding, columns) in [("at_random", &["a", "b", "c", "word"][..]), ("as_observed", &["b"])] {
        let list = measured[hiding].as_array().expect("a list");
        let names: Vec<&str> = list.iter().map(|column| column["column"].as_str().expect("a name")).collect();
        assert_eq!(names, columns, "{hiding}");
        for column in list {
            let errors = column["errors"].as_object().expect("errors");
            let mut methods: Vec<&str> = errors.keys().map(String::as_str).collect();
            methods.sort_unstable();
            assert_eq!(methods, ["5 nearest rows", "autoencoder", "iterated ridge", "mean or mode"]);
            assert!(
                errors.values().all(|error| number(error).is_finite()) && number(&column["cells"]) > 0.0,
                "{column}"
            );
            if column["kind"] == "category" {
                assert!(errors.values().all(|accuracy| (0.0..=1.0).contains(&number(accuracy))), "{column}");
            }
        }
    }
    // b is twice a: everything but the mean knows it.
    let b = &measured["at_random"][1]["errors"];
    assert!(number(&b["autoencoder"]) < number(&b["mean or mode"]), "{b}");
    assert!(number(&b["iterated ridge"]) < number(&b["mean or mode"]), "{b}");
    // The same seed hides the same cells; another one hides others.
    let again = |seed: &str| json(at, &["impute", "r", "--measure", "--rate", "0.3", "--seed", seed, "--json"]);
    assert_eq!(again("0"), measured);
    assert_ne!(again("1")["at_random"], measured["at_random"]);
    let text = out(&run(at, &["impute", "r", "--measure", "--rate", "0.3"]));
    assert!(
        ["hidden at random", "in proportion", "accuracy, mean of 1 × category"].iter().all(|w| text.contains(w)),
        "{text}"
    );
    for rate in ["0", "1", "NaN", "-1"] {
        let output = run(at, &["impute", "r", "--measure", &format!("--rate={rate}")]);
        assert_eq!(output.status.code(), Some(2), "{rate}: {}", err(&output));
    }
}

#[test]
fn codes_of_each_part_are_written_with_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let rows = doubled(100, 5, |_, _| false);
    let text = rows.iter().enumerate().fold("a,b,c,label\n".to_owned(), |text, (at, row)| {
        text + &row.join(",") + &format!(",{}\n", ["x", "y"][at % 2])
    });
    fs::write(at.join("t.csv"), text).expect("written");
    train(at, "t.csv", "r", &["--epochs", "3"]);
    let lines = |split: &str| -> Vec<String> {
        let file = format!("{split}.csv");
        json(at, &["encode", "r", "--split", split, "--out", &file, "--json"]);
        fs::read_to_string(at.join(file)).expect("codes").lines().map(str::to_owned).collect()
    };
    let [train, validation, all] = ["train", "validation", "all"].map(lines);
    assert_eq!([train.len(), validation.len(), all.len()], [91, 11, 101]);
    assert!(all[0].starts_with("line,label,z0") && all[1..91] == train[1..] && all[91..] == validation[1..]);
    assert_eq!(validation[1..].iter().filter(|line| line.contains(",x,")).count(), 5);
    json(at, &["encode", "r", "--data", "t.csv", "--out", "file.csv", "--json"]);
    let file = fs::read_to_string(at.join("file.csv")).expect("codes");
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(file.lines().map(str::to_owned).collect()), sorted(all));
    // A file that is named has no parts.
    let output = run(at, &["encode", "r", "--data", "t.csv", "--split", "train", "--out", "u.csv"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

#[test]
fn rows_of_a_table_are_written_with_names_of_classes_and_dates() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |at: usize| {
        let stars = at * 13 % 5;
        format!(
            "{}.5,{}-{:02}-{:02},{},{stars}\n",
            at * 37 % 101,
            2020 + at % 2,
            1 + at % 12,
            1 + at % 28,
            ["red", "blue"][at % 2]
        )
    };
    let text = "x,day,colour,stars\n".to_owned() + &(0..200).map(line).collect::<String>();
    fs::write(at.join("t.csv"), text).expect("written");
    train(at, "t.csv", "ae", &["--epochs", "5"]);
    train(at, "t.csv", "vae", &["--preset", "vae", "--epochs", "5"]);
    let rows = |file: &str| {
        let text = fs::read_to_string(at.join(file)).expect("rows");
        let mut lines = text.lines();
        let header = lines.next().expect("a header");
        // The lines of the table are written before reconstructions.
        let before = usize::from(header.starts_with("line,"));
        assert!(["x,day,colour,stars", "line,x,day,colour,stars"].contains(&header), "{file}: {header}");
        let mut count = 0;
        for line in lines {
            let cells: Vec<&str> = line.split(',').skip(before).collect();
            assert!(cells.len() == 4 && cells[0].parse::<f64>().is_ok_and(f64::is_finite), "{file}: {line}");
            let date = cells[1].split('-').map(|part| part.parse::<u32>().expect("a number")).collect::<Vec<_>>();
            assert!(cells[1].len() == 10 && (1..=12).contains(&date[1]) && (1..=31).contains(&date[2]), "{line}");
            assert!(["red", "blue", "other"].contains(&cells[2]) && "01234".contains(cells[3]), "{file}: {line}");
            count += 1;
        }
        count
    };
    for model in ["ae", "vae"] {
        out(&run(at, &["reconstruct", model, "--data", "t.csv", "--out", &format!("{model}-back.csv")]));
        assert!(rows(&format!("{model}-back.csv")) > 0);
        out(&run(at, &["encode", model, "--data", "t.csv", "--out", &format!("{model}-codes.csv")]));
        let codes = format!("{model}-codes.csv");
        out(&run(at, &["decode", model, &codes, "--out", &format!("{model}-decoded.csv")]));
        assert_eq!(rows(&format!("{model}-decoded.csv")), 200);
    }
    out(&run(at, &["sample", "vae", "--count", "30", "--out", "new.csv"]));
    assert_eq!(rows("new.csv"), 30);
    // Min-max scaling brings the values into 0..1, where the loss is defined, except for a few held-out ones.
    let outside = &json(at, &["eval", "vae", "--data", "t.csv", "--json"])["values_outside_0_to_1"];
    assert!(number(outside) < 10.0, "{outside}");
    let output = run(at, &["sample", "vae", "--out", "new.png"]);
    assert!(output.status.code() == Some(2) && err(&output).contains(".csv"), "{}", err(&output));

    for command in [
        &["interpolate", "ae", "--from", "0", "--to", "1", "--out", "p.png"][..],
        &["denoise", "ae", "--out", "p.png"],
        &["alter", "ae", "--from-class", "red", "--to-class", "blue", "--out", "p.png"],
    ] {
        let output = run(at, command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", err(&output));
        assert!(err(&output).contains("trained on a table") && !at.join("p.png").exists(), "{command:?}");
    }
}

#[test]
fn the_model_file_alone_knows_the_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "t.csv", &doubled(200, 7, |row, column| (row + column) % 11 == 0));
    write(at, "new.csv", &doubled(40, 8, |row, column| (row + column) % 7 == 0));
    for (out_name, flags) in [("own", &["--epochs", "10"][..]), ("mean", &["--epochs", "10", "--fill", "mean"])] {
        train(at, "t.csv", out_name, flags);
        let elsewhere = tempfile::tempdir().expect("a folder");
        let alone = elsewhere.path();
        fs::copy(at.join(out_name).join("model.safetensors"), alone.join("model.safetensors")).expect("copied");
        for file in ["t.csv", "new.csv"] {
            fs::copy(at.join(file), alone.join(file)).expect("copied");
        }
        let scores = |at: &Path, model: &str| {
            let args = ["anomaly", model, "--data", "new.csv", "--normal", "t.csv", "--scores", "s.csv"];
            out(&run(at, &args));
            let text = fs::read_to_string(at.join("s.csv")).expect("scores");
            fs::remove_file(at.join("s.csv")).expect("removed");
            text
        };
        assert_eq!(scores(alone, "model.safetensors"), scores(at, out_name), "{out_name}");
        if out_name == "mean" {
            // Its network never gets a missing cell, so it cannot tell one.
            let output = run(at, &["impute", out_name, "--data", "new.csv", "--out", "filled.csv"]);
            assert!(!output.status.success() && err(&output).contains("train it without fill"), "{}", err(&output));
            continue;
        }
        let of = |at: &Path, model: &str| {
            out(&run(at, &["impute", model, "--data", "new.csv", "--out", "filled.csv"]));
            let text = fs::read_to_string(at.join("filled.csv")).expect("rows");
            fs::remove_file(at.join("filled.csv")).expect("removed");
            text
        };
        assert_eq!(of(alone, "model.safetensors"), of(at, out_name), "{out_name}");
    }
}
