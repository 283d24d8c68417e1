//! Rows of tables: which of them are samples, where their labels are, and what is written beside their codes. This file
//! belongs to the package `handgrad-cli`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_dataset::csv::Label;
use handgrad_dataset::held_out::differences;
use handgrad_dataset::tables::{self, Asked, Cell, KindName, Schema};
use handgrad_dataset::{Samples, Values};
use handgrad_tests::doubles;
use ndarray::Array2;

mod command;

use command::{err, run};

/// Rows of an identifier, two numbers that follow one another, a price and a word.
fn rows(count: usize, seed: u64) -> Vec<String> {
    let values = doubles(count, seed);
    let row = |(at, x): (usize, &f64)| {
        let price = 10.0 + 5.0 * x.abs();
        format!("P{at:03},{x:.4},{:.3},{price:.1}0,{}", 2.0 * x, if *x > 0.0 { "plus" } else { "minus" })
    };
    values.iter().enumerate().map(row).collect()
}

const HEADER: &str = "id,a,b,price,word";

fn write(at: &Path, file: &str, header: &str, rows: &[String]) {
    let text = rows.iter().fold(format!("{header}\n"), |text, row| text + row + "\n");
    fs::write(at.join(file), text).expect("written");
}

/// Runs a command, and returns everything that it says.
fn said(at: &Path, args: &[&str]) -> String {
    let output = run(at, args);
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    err(&output) + &String::from_utf8_lossy(&output.stdout)
}

fn train(at: &Path, data: &str, out: &str, flags: &[&str]) -> String {
    said(at, &[&["train", "--data", data, "--out", out, "--epochs", "4"], flags].concat())
}

fn read(at: &Path, file: &str) -> Vec<String> {
    fs::read_to_string(at.join(file)).expect("a file").lines().map(str::to_owned).collect()
}

#[test]
fn rows_without_a_value_keep_their_holes_and_move_no_other_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "t.csv", HEADER, &rows(200, 1));
    train(at, "t.csv", "r", &[]);
    let holes: Vec<String> = rows(20, 2)
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut cells: Vec<&str> = row.split(',').collect();
            cells[1 + at % 4] = "";
            cells.join(",")
        })
        .collect();
    write(at, "whole.csv", HEADER, &holes);
    let nothing = ["only,,,,", ",,,,"].map(str::to_owned);
    let mixed = [&nothing[..1], &holes[..7], &nothing, &holes[7..], &nothing[..1]].concat();
    write(at, "mixed.csv", HEADER, &mixed);
    said(at, &["impute", "r", "--data", "whole.csv", "--out", "filled-whole.csv"]);
    let text = said(at, &["impute", "r", "--data", "mixed.csv", "--out", "filled-mixed.csv"]);
    assert!(text.contains("filled 20 cells in 20 rows; 4 rows without any value keep their holes"), "{text}");
    let [whole, mixed] = ["filled-whole.csv", "filled-mixed.csv"].map(|file| read(at, file));
    let (kept, filled): (Vec<_>, Vec<_>) = mixed.into_iter().partition(|line| nothing.contains(line));
    assert_eq!((kept.len(), filled), (4, whole.clone()));
    // Prices are written as in the training, with two decimals.
    let price = |line: &String| line.split(',').nth(3).expect("a price").to_owned();
    assert!(whole[1..].iter().all(|line| price(line).rsplit_once('.').is_some_and(|(_, d)| d.len() == 2)), "{whole:?}");
}

#[test]
fn only_samples_are_counted_and_held_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let all = rows(200, 3);
    write(at, "t.csv", HEADER, &all);
    let mixed: Vec<String> =
        all.iter().enumerate().flat_map(|(at, row)| [row.clone(), format!("empty{at},,,,")]).collect();
    write(at, "mixed.csv", HEADER, &mixed);
    for data in ["t", "mixed"] {
        let file = format!("{data}.csv");
        let text = train(at, &file, data, &[]);
        assert!(text.contains("180 rows of") && text.contains("20 rows, a random tenth"), "{text}");
        assert_eq!(text.contains("200 rows without any value left out"), data == "mixed", "{text}");
        said(at, &["encode", data, "--split", "all", "--out", &format!("{data}-codes.csv")]);
        let info = said(at, &["data", "info", &file]);
        assert!(info.contains(": 200 rows") && !info.contains("missing"), "{info}");
    }
    // The same rows are trained on, so the codes are the same, to the bit.
    let codes = |file: &str| -> Vec<String> {
        read(at, file).iter().map(|line| line.split_once(',').expect("cells").1.to_owned()).collect()
    };
    assert_eq!(codes("t-codes.csv"), codes("mixed-codes.csv"));
}

#[test]
fn labels_are_found_by_the_name_that_they_had_in_training() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let all = rows(200, 4);
    let state = |at: usize| if at.is_multiple_of(5) { "bad" } else { "good" };
    let last: Vec<String> = all.iter().enumerate().map(|(at, row)| format!("{row},{}", state(at))).collect();
    let first: Vec<String> = all.iter().enumerate().map(|(at, row)| format!("{},{row}", state(at))).collect();
    write(at, "last.csv", &format!("{HEADER},state"), &last);
    write(at, "first.csv", &format!("state,{HEADER}"), &first);
    write(at, "none.csv", HEADER, &all);
    let scores = |model: &str, data: &str| -> Vec<String> {
        said(at, &["anomaly", model, "--data", data, "--scores", "s.csv"]);
        let lines = read(at, "s.csv");
        fs::remove_file(at.join("s.csv")).expect("removed");
        lines
    };
    for (model, column) in [("by-place", "last"), ("by-number", "6"), ("by-name", "state")] {
        train(at, "last.csv", model, &["--label-column", column]);
        let known = scores(model, "last.csv");
        assert!(known[0].contains(",label,") && known[1].contains(",bad,"), "{}", known[1]);
        assert_eq!(scores(model, "first.csv"), known, "{model}");
        let unlabelled = scores(model, "none.csv");
        assert!(!unlabelled[0].contains("label") && unlabelled.len() == known.len(), "{}", unlabelled[0]);
        // Who takes a column of the model for labels is told so.
        let output = run(at, &["anomaly", model, "--data", "none.csv", "--label-column", "last"]);
        assert!(!output.status.success() && err(&output).contains("\"word\" was taken as labels"), "{}", err(&output));
    }
    // Without a header, the place says it, and a table with one column less has no labels.
    for (file, rows) in [("bare-last.csv", &last), ("bare-none.csv", &all)] {
        fs::write(at.join(file), rows.join("\n")).expect("written");
    }
    train(at, "bare-last.csv", "bare", &["--label-column", "last"]);
    for model in ["bare", "by-place"] {
        assert!(scores(model, "bare-last.csv")[0].contains(",label,"), "{model}");
        assert!(!scores(model, "bare-none.csv")[0].contains("label"), "{model}");
    }
}

#[test]
fn codes_and_reconstructions_name_their_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let mut all = rows(60, 5);
    all[3] = "only,,,,".into();
    let named = |row: &String| row.replacen('P', "P,", 1);
    write(
        at,
        "t.csv",
        HEADER,
        &all.iter().map(|row| format!("\"{}\"{}", &named(row)[..5], &row[4..])).collect::<Vec<_>>(),
    );
    train(at, "t.csv", "r", &[]);
    said(at, &["encode", "r", "--data", "t.csv", "--out", "codes.csv"]);
    said(at, &["reconstruct", "r", "--data", "t.csv", "--out", "back.csv"]);
    said(at, &["reconstruct", "r", "--data", "t.csv", "--out", "first.csv", "--count", "3"]);
    let [codes, back, first] = ["codes.csv", "back.csv", "first.csv"].map(|file| read(at, file));
    assert!(codes[0].starts_with("line,id,z0,z1,") && back[0] == "line,id,a,b,price,word", "{} {}", codes[0], back[0]);
    assert_eq!((codes.len(), back.len(), &first[..]), (60, 60, &back[..4]));
    for lines in [&codes, &back] {
        assert!(lines[3].starts_with("4,\"P,002\",") && lines[4].starts_with("6,\"P,004\","), "{:?}", &lines[..5]);
    }
    // Codes are decoded without these columns.
    said(at, &["decode", "r", "codes.csv", "--out", "decoded.csv"]);
    let decoded = read(at, "decoded.csv");
    assert_eq!((decoded[0].as_str(), decoded.len()), ("a,b,price,word", 60));
    let values = |line: &str, from: usize| -> Vec<f64> {
        line.rsplit(',').skip(1).take(3).map(|cell| cell.parse().expect("a number")).skip(from).collect()
    };
    for (one, other) in back.iter().zip(&decoded).skip(1) {
        assert!(values(one, 0).iter().zip(values(other, 0)).all(|(a, b)| (a - b).abs() < 1e-3), "{one} {other}");
    }
}

#[test]
fn commands_for_other_data_say_so() {
    let folder = command::small();
    let at = folder.path();
    write(at, "t.csv", HEADER, &rows(40, 6));
    said(at, &["train", "--data", "small", "--out", "p", "--epochs", "1"]);
    let output = run(at, &["impute", "p", "--data", "t.csv", "--out", "filled.csv"]);
    assert!(!output.status.success() && err(&output).contains("not trained on a table"), "{}", err(&output));
    let output = run(at, &["data", "convert", "t.csv", "idx"]);
    assert!(err(&output).contains("IDX files hold numbers alone") && err(&output).contains("P000"), "{}", err(&output));
}

#[test]
fn what_is_printed_fits_small_and_constant_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |(at, x): (usize, &f64)| format!("{:e},7,{},{}", 3e-8 * (2.0 + x), 1 + at * 7 % 2 * 40, 2.0 * x);
    let values = doubles(100, 7);
    write(at, "t.csv", "tiny,always,price,x", &values.iter().enumerate().map(line).collect::<Vec<_>>());
    let info = said(at, &["data", "info", "t.csv"]);
    let line =
        |name: &str| info.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("tiny").contains("e-8 ± ") && line("always").contains("7.0000 ± 0 "), "{info}");
    // The mean of the numbers of classes says nothing.
    let samples = |class: f64| Samples {
        values: Values::Doubles(Array2::from_shape_fn((50, 1), |(at, _)| class + 0.1 * (at % 2) as f64)),
        shape: vec![1],
        labels: None,
        places: None,
    };
    let (one, other, names) = (samples(0.0), samples(5.0), ["city".to_owned()]);
    let told = |classes: &[usize]| differences((&one, 0..50), (&other, 0..50), &names, classes, false);
    assert!(told(&[])[0].contains("the mean of column city") && told(&[0]).is_empty());
}

fn table(text: &str) -> tables::Table {
    tables::decode(text.as_bytes(), "t.csv".as_ref(), &Label::ByName, Some(true), None, &()).expect("a table")
}

fn schema(table: &tables::Table) -> Schema {
    Schema::of(table, &(0..table.len()).collect::<Vec<_>>(), &Asked::default()).expect("columns")
}

#[test]
fn numbers_that_64_bits_cannot_tell_apart_keep_their_digits() {
    let text = |from: u64| {
        (0..40).fold("name,x\n".to_owned(), |text, at| text + &format!("{},{}.5\n", from + at, at * 37 % 41))
    };
    let long = table(&text(10_000_000_000_000_001));
    let column = schema(&long).columns.swap_remove(0);
    assert!(column.kind_name() == KindName::Identifier && column.reason.contains("64 bits"), "{}", column.reason);
    // The user may want them as numbers all the same.
    let asked = Asked { kinds: vec![("name".into(), KindName::Number, None)], ..Asked::default() };
    let all: Vec<usize> = (0..long.len()).collect();
    let column = Schema::of(&long, &all, &asked).expect("columns").columns.swap_remove(0);
    assert_eq!((column.kind_name(), column.known), (KindName::Number, 40));
    assert_eq!(long.text(1, 0), "10000000000000002");
    // Numbers up to 2⁵³ are exact, and the largest of them are numbers like others.
    let exact = table(&text(9_007_199_254_740_900));
    assert_eq!(schema(&exact).columns[0].kind_name(), KindName::Identifier);
    assert_eq!(exact.cell(0, 0), Cell::Number(9_007_199_254_740_900.0));
    // A long number among many short ones is an amount, in training and in use.
    let mut mixed =
        (0..40).fold("n,x\n".to_owned(), |text, at| text + &format!("{},{}.5\n", at * 7 % 40, at * 37 % 41));
    mixed += "20000000000000000001,3.5\n";
    let mixed = table(&mixed);
    let of = schema(&mixed);
    assert!(!of.columns[0].reason.contains("text") && of.columns[0].known == 41, "{:?}", of.columns[0]);
    let (values, told) = of.values(&mixed, &[40]).expect("fits");
    assert_eq!((values[[0, 0]], told.lines().len()), (2e19, 0));
}

#[test]
fn the_line_of_the_first_cell_of_another_kind_is_told() {
    let day = |at: usize| if at % 10 == 4 { "soon".to_owned() } else { format!("2021-03-{:02}", 1 + at % 28) };
    let days =
        table(&(0..60).fold("day,x\n".to_owned(), |text, at| text + &format!("{},{}.5\n", day(at), at * 37 % 41)));
    let reason = &schema(&days).columns[0].reason;
    assert!(reason.contains("6 cells are no date, for example \"soon\" in line 6"), "{reason}");
    let number = |at: usize| if at == 7 { "few".to_owned() } else { (at * 37 % 41).to_string() };
    let numbers = table(&(0..60).fold("n,x\n".to_owned(), |text, at| text + &format!("{},{at}.5\n", number(at))));
    let reason = &schema(&numbers).columns[0].reason;
    assert!(reason.contains("1 cell holds text, for example \"few\" in line 9"), "{reason}");
}
