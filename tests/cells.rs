//! How a CSV file is understood: its separator, its decimal sign, its header and its missing values. This file belongs
//! to the package `handgrad-cli`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_dataset::csv::{self, Fill, Header, Label, Layout};
use handgrad_dataset::tables::{self, Asked, Schema};
use ndarray::{Array2, array};

mod command;

use command::{err, json, run};

fn read(text: &str, layout: &Layout) -> csv::Rows {
    csv::decode(text.as_bytes(), Path::new("t.csv"), layout).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn refused(text: &str) -> String {
    let layout = Layout::default();
    csv::decode(text.as_bytes(), Path::new("t.csv"), &layout).expect_err("an error").to_string()
}

/// A table of decimals without a header: `rows` rows of `columns` columns.
fn decimals(rows: usize, columns: usize) -> String {
    let cell = |row: usize, column: usize| format!("0.{:03}", (row * 379 + column * 611 + 137) % 997);
    let line = |row| (0..columns).map(|column| cell(row, column)).collect::<Vec<_>>().join(",") + "\n";
    (0..rows).map(line).collect()
}

#[test]
fn the_separator_and_the_decimal_sign_are_found() {
    let expected = array![[1.5, -2.0], [3.25, 40.0], [1e3, 0.5]];
    for text in [
        "a,b\n1.5,-2\n3.25,40\n1e3,.5\n",
        "a;b\n1.5;-2\n3.25;40\n1e3;.5\n",
        "a;b\n1,5;-2\n3,25;40\n1e3;0,5\n",
        "1,5;-2,0\n3,25;40,0\n1e3;0,5\n",
        "a\tb\n1.5\t-2\n3.25\t40\n1e3\t.5\n",
        "a\tb\r\n1,5\t-2\r\n3,25\t40\r\n1e3\t0,5\r\n",
        "a|b\n1.5|-2\n3.25|40\n1e3|.5\n",
        "\"a;c\",b\n1.5,-2\n3.25,40\n1e3,.5\n",
        "\"a,c\";\"b,d\"\n1,5;-2\n3,25;40\n1e3;0,5",
    ] {
        assert_eq!(read(text, &Layout::default()).values, expected, "{text:?}");
    }
    let label = Layout { label: Label::Last, ..Layout::default() };
    let rows = read("1,5;2,5;cat\n3,5;4,5;dog\n", &label);
    assert_eq!(rows.values, array![[1.5, 2.5], [3.5, 4.5]]);
    assert_eq!(rows.labels.expect("labels").classes(), ["cat", "dog"]);
    // Groups of three digits are not guessed.
    for (text, found) in [
        ("a;b\n0,5;1.234\n2,5;7\n", "1.234"),
        ("a\tb\n0.5\t1,234\n2.5\t7\n", "1,234"),
        ("a;b\n0,5;1.234,5\n2,5;7\n", "1.234,5"),
    ] {
        let error = refused(text);
        assert!(error.contains("line 2, column 2") && error.contains(found), "{error}");
    }
}

#[test]
fn errors_name_the_separator_that_was_found() {
    for (text, separators, place) in [
        ("1;2;3\n4;5;6\n7;8\n9;1;2\n", "semicolons", "line 3: found 2 cells"),
        ("1\t2\n4\t5\nx\t8\n", "tabs", "line 3, column 1"),
        ("1|2\n4|5\n7|8|9\n", "vertical bars", "line 3: found 3 cells"),
        ("1,2\n3,4;5\n", "commas", "line 2, column 2"),
    ] {
        let error = refused(text);
        assert!(error.contains(separators) && error.contains(place), "{text:?}: {error}");
    }
    assert!(refused("a;b\n1;2\n3;x\n").contains("decimal comma"));
}

#[test]
fn the_missing_values_of_pandas_are_known_and_numbers_are_read_with_64_bits() {
    let words = "#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null|?|";
    let layout = Layout { fill: Some(Fill::Zero), ..Layout::default() };
    let text = words.split('|').fold("a,b\n".to_owned(), |text, word| text + &format!("1,{word}\n"));
    let values = read(&text, &layout).values;
    assert_eq!(values, Array2::from_shape_fn((20, 2), |(_, column)| if column == 0 { 1.0 } else { 0.0 }));

    // 1 + 2⁻²⁴ + 2⁻⁵⁰ lies above the middle of two 32-bit numbers, so it is rounded up.
    let text = format!("a\n{:?}\n", 1.0 + 2.0_f64.powi(-24) + 2.0_f64.powi(-50));
    assert_eq!(read(&text, &Layout::default()).values[[0, 0]], 1.0 + f32::EPSILON);
    let error = refused("a,b\n1,2\n3,1e300\n");
    assert!(error.contains("line 3, column 2") && error.contains("1e300"), "{error}");
}

#[test]
fn a_header_of_numbers_is_told_from_values() {
    let table = decimals(12, 4);
    let whole = "3,0,7,1\n2,5,0,4\n6,1,1,0\n0,2,5,5\n";
    let pixels = "0,0,5,13,9,1,0,0,2\n0,0,0,12,13,5,0,0,1\n0,0,0,4,15,12,0,0,0\n".to_owned();
    let found = |text: &str| read(text, &Layout::default()).header;
    for (name, header, rows) in [
        ("as pandas writes it", "0,1,2,3", table.clone()),
        ("from 1", "1,2,3,4", table.clone()),
        ("years", "1990,2000,2010,2020", table.clone()),
        ("a label and numbers", "label,0,1,2", table.clone()),
        ("an index and numbers", ",0,1,2", table.clone()),
        ("years above whole numbers", "1990,2000,2010,2020", whole.to_owned()),
        ("nine pixels", "0,1,2,3,4,5,6,7,8", pixels.clone()),
        ("a label and whole numbers", "label,0,1,2,3,4,5,6,7", pixels.clone()),
    ] {
        assert_eq!(found(&format!("{header}\n{rows}")), Header::FoundNumbers, "{name}");
    }
    for (name, text) in [
        ("no header", table.clone()),
        ("whole numbers", whole.to_owned()),
        ("a first row of four grades", format!("1,2,3,4\n{whole}")),
        ("a table that counts", "0,1,2,3\n4,5,6,7\n8,9,10,11\n".to_owned()),
        ("windows of a ramp", "0,1,2,3,4,5,6,7,8\n1,2,3,4,5,6,7,8,9\n2,3,4,5,6,7,8,9,10\n".to_owned()),
        ("one column", "0\n0.25\n0.5\n0.75\n".to_owned()),
        ("not in order", format!("3,1,2,0\n{table}")),
        ("decimals", format!("0.1,1,2,3\n{table}")),
        ("one row", "0,1,2,3\n".to_owned()),
    ] {
        assert_eq!(found(&text), Header::None, "{name}");
    }
    assert_eq!(found(&format!("a,b,c,d\n{table}")), Header::Found);
    // A typing error in the first row is not a header: it is named.
    assert!(refused("1,x,3\n4,5,6\n7,8,9\n").contains("line 1, column 2"));
}

/// Trains on `file`, and returns the number of training and validation samples together, and what was said.
fn trained(folder: &Path, file: &str, out: &str, flags: &[&str]) -> (usize, String) {
    let args = ["train", "--data", file, "--out", out, "--epochs", "1", "--layers", "2", "--scale", "min-max"];
    let output = run(folder, &[&args[..], flags].concat());
    let said = err(&output);
    assert!(output.status.success(), "{file}: {said}");
    let encoded = json(
        folder,
        &[&["encode", out, "--data", file, "--out", &format!("codes-{out}.csv"), "--json"], flags].concat(),
    );
    (encoded["samples"].as_u64().expect("a number") as usize, said)
}

#[test]
fn a_header_of_numbers_is_no_sample_and_the_flag_says_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let table = decimals(40, 4);
    let wrong = "0,1,2,3\n4,5,6,7\n8,9,10,12\n5,3,7,1\n0,2,2,1\n";
    let with_label = table.lines().fold("label,0,1,2,3\n".to_owned(), |text, line| text + "7," + line + "\n");
    for (file, text) in [
        ("pandas.csv", format!("0,1,2,3\n{table}")),
        ("years.csv", format!("1990,2000,2010,2020\n{table}")),
        ("mixed.csv", with_label),
        ("wrong.csv", wrong.to_owned()),
    ] {
        fs::write(at.join(file), text).expect("written");
    }
    for file in ["pandas", "years", "mixed"] {
        let (samples, said) = trained(at, &format!("{file}.csv"), file, &[]);
        assert_eq!(samples, 40, "{file}");
        assert!(said.contains("header: found"), "{said}");
    }
    let (samples, said) = trained(at, "pandas.csv", "values", &["--header", "no"]);
    assert_eq!(samples, 41);
    assert!(said.contains("header: none"), "{said}");
    let (samples, said) = trained(at, "wrong.csv", "found", &[]);
    assert_eq!(samples, 5, "{said}");
    let (samples, said) = trained(at, "wrong.csv", "asked", &["--header", "yes"]);
    assert_eq!(samples, 4);
    assert!(said.contains("header: yes"), "{said}");
    // The run keeps the answer: its model reads a file as its training did.
    let again = json(at, &["encode", "asked", "--data", "wrong.csv", "--out", "again.csv", "--json"]);
    assert_eq!(again["samples"], 4);
}

/// The decimal sign is found from each file. If it is not that of the training, people are told.
#[test]
fn another_decimal_sign_than_in_the_training_is_told() {
    let table = |text: &str| {
        let table = tables::decode(text.as_bytes(), Path::new("t.csv"), &Label::ByName, None, None, &());
        table.unwrap_or_else(|error| panic!("{text:?}: {error}"))
    };
    let comma = table("a;b\n0,5;1,25\n1,5;2,25\n2,5;3,5\n");
    let schema = Schema::of(&comma, &[0, 1, 2], &Asked::default()).expect("columns");
    let told = |text: &str| schema.values(&table(text), &[0]).expect("values").1.lines();
    assert!(told("a,b\n0.5,1.25\n").iter().any(|line| line.contains("decimal point here")));
    assert!(told("a;b\n0,5;1,25\n").is_empty());
}

/// A series without a header, of which a column was left out by its number, can be read again.
#[test]
fn a_column_of_a_series_that_is_left_out_by_number_stays_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("s.csv"), decimals(60, 3)).expect("written");
    let args = ["train", "--data", "s.csv", "--window", "5", "--ignore", "2", "--epochs", "1", "--quiet", "--out", "r"];
    let output = run(at, &args);
    assert!(output.status.success(), "{}", err(&output));
    assert!(json(at, &["eval", "r", "--json"])["samples"].as_u64() > Some(0));
}
