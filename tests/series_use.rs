//! What a model of series knows of its training, and what it is used on: names of steps, kinds of times, usual steps.
//! This file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::path::Path;

mod command;

use command::{err, json, number, run};

/// Trains a small model of series on a file of this content.
fn train(at: &Path, text: &str, more: &[&str]) -> String {
    fs::write(at.join("s.csv"), text).expect("written");
    let output = run(at, &[&["train", "--data", "s.csv", "--epochs", "1", "--out", "r"], more].concat());
    assert!(output.status.success(), "{}", err(&output));
    err(&output)
}

/// What `handgrad eval` says about a file of this content.
fn said(at: &Path, text: &str) -> String {
    fs::write(at.join("new.csv"), text).expect("written");
    err(&run(at, &["eval", "r", "--data", "new.csv"]))
}

/// The loss of a file of this content.
fn loss(at: &Path, text: &str) -> f64 {
    fs::write(at.join("new.csv"), text).expect("written");
    number(&json(at, &["eval", "r", "--data", "new.csv", "--json"])["value"])
}

/// Rows with one series each, whose steps have the names that `names` makes of 0, 1, ….
fn wide(steps: &[usize], names: impl Fn(usize) -> String, header: bool) -> String {
    let join = |cells: Vec<String>| cells.join(",") + "\n";
    let row =
        |row: usize| join(steps.iter().map(|&t| format!("{:.3}", ((row + t) as f64 * 0.4).sin() + t as f64)).collect());
    let head = if header { join(steps.iter().map(|&t| names(t)).collect()) } else { String::new() };
    head + &(0..20).map(row).collect::<String>()
}

#[test]
fn the_steps_of_a_series_in_a_row_are_matched_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let steps: Vec<usize> = (0..8).collect();
    let backwards: Vec<usize> = (0..8).rev().collect();
    let name = |t: usize| format!("t{t}");
    train(at, &wide(&steps, name, true), &["--model", "sequence", "--layers", "4"]);
    let whole = loss(at, &wide(&steps, name, true));
    assert_eq!(whole, loss(at, &wide(&backwards, name, true)), "another order is put in order");
    assert_eq!(whole, loss(at, &wide(&steps, name, false)), "without a header the order counts");
    let fewer = said(at, &wide(&steps[2..], name, true));
    assert!(fewer.contains("it has no column \"t0\", \"t1\""), "{fewer}");
    let renamed = said(at, &wide(&steps, |t| format!("q{t}"), true));
    assert!(renamed.contains("does not know \"q0\""), "{renamed}");
    let upper = said(at, &wide(&steps, |t| format!("T{t}"), true));
    assert!(upper.contains("they differ only in upper and lower case"), "{upper}");
}

/// Thousands of names are too many for the specification, which has 10 KiB.
#[test]
fn thousands_of_steps_keep_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let steps: Vec<usize> = (0..2000).collect();
    train(at, &wide(&steps, |t| format!("minute {t}"), true), &["--model", "sequence", "--layers", "2"]);
    let renamed = said(at, &wide(&steps, |t| format!("minute {}", t + 1), true));
    assert!(renamed.contains("it has no column \"minute 0\""), "{renamed}");
}

/// Steps of so many minutes each, of the series `name`, with a pause of `pause` minutes before the step `at`.
fn minutes(name: &str, step: usize, [at, pause]: [usize; 2]) -> String {
    let line = |n: usize| {
        let minute = n * step + if n >= at { pause } else { 0 };
        let (day, hour) = (1 + minute / 1440, minute / 60 % 24);
        format!("2021-01-{day:02} {hour:02}:{:02},{name},{:.3}\n", minute % 60, (n as f64 * 0.3).sin())
    };
    (0..60).map(line).collect()
}

#[test]
fn gaps_of_shorter_steps_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let head = "time,machine,x\n".to_owned();
    let more = ["--window", "5", "--series-column", "machine"];
    train(at, &(head.clone() + &minutes("a", 10, [60, 0])), &more);
    let shorter = said(at, &(head.clone() + &minutes("a", 1, [30, 8])));
    for words in ["usually 1 minute from step to step; 1 gap: 9 minutes", "1 minute, but 10 minutes in the training"] {
        assert!(shorter.contains(words), "{words}: {shorter}");
    }
    let longer = said(at, &(head.clone() + &minutes("a", 20, [60, 0])));
    assert!(longer.contains("usually takes 20 minutes, but 10 minutes"), "{longer}");
    // Numbers are not compared with dates.
    let numbers: String = (0..20).map(|n| format!("{},a,{n}\n", n * 600)).collect();
    let numbers = said(at, &(head + &numbers));
    assert!(numbers.contains("has numbers, but dates in the training data"), "{numbers}");
}

#[test]
fn each_series_has_its_own_usual_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let all = "time,machine,x\n".to_owned() + &minutes("fast", 1, [20, 5]) + &minutes("slow", 10, [60, 0]);
    let told =
        train(at, &(all.clone() + "2021-01-01 00:00,short,1\n"), &["--window", "5", "--series-column", "machine"]);
    for words in [
        "usually 1 minute to 10 minutes, depending on the series,",
        "1 gap: 6 minutes",
        "1 series has no window of 5 steps without a gap, and is left out: \"short\"",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let used = said(at, &all);
    assert!(used.contains("1 gap: 6 minutes") && !used.contains("note"), "{used}");
}
