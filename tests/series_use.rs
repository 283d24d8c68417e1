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

#[test]
fn times_with_an_offset_and_times_of_day_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = |time: &dyn Fn(usize) -> String| {
        (0..54).fold("when,x\n".to_owned(), |text, n| text + &format!("{},{n}\n", time(n)))
    };
    let info = |text: &str| {
        fs::write(at.join("s.csv"), text).expect("written");
        let output = run(at, &["data", "info", "s.csv", "--window", "5"]);
        String::from_utf8_lossy(&output.stdout).into_owned() + &err(&output)
    };
    let offset = |n: usize| format!("2021-03-28T0{}:{:02}:00+0{}:00", n / 6, n % 6 * 10, 1);
    for told in [
        info(&text(&offset)),
        info(&text(&|n| format!("2021-03-28 0{}:{:02}:00Z", n / 6, n % 6 * 10))),
        info(&text(&|n| format!("0{}:{:02}:00", n / 6, n % 6 * 10))),
    ] {
        assert!(told.contains("usually 10 minutes from step to step; no gaps"), "{told}");
    }
    let unknown = info(&text(&|n| format!("{n}h00m on 3.4.21")));
    assert!(unknown.contains("\"0h00m on 3.4.21\"") && unknown.contains("a date such as 2021-01-31"), "{unknown}");
}

#[test]
fn scores_of_series_say_where_they_come_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let all = "time,machine,x\n".to_owned() + &minutes("a", 10, [60, 0]) + &minutes("b", 10, [60, 0]);
    train(at, &all, &["--window", "5", "--series-column", "machine"]);
    fs::write(at.join("new.csv"), all.clone() + "2021-01-02 00:00,b,0\n").expect("written");
    json(at, &["anomaly", "r", "--data", "new.csv", "--scores", "scores.csv", "--json"]);
    let scores = fs::read_to_string(at.join("scores.csv")).expect("scores");
    let lines: Vec<&str> = scores.lines().collect();
    assert_eq!(lines[0], "sample,line,time,machine,score,called");
    assert!(lines[2].starts_with("1,3,2021-01-01 00:10,a,"), "{}", lines[2]);
    assert!(lines[57].starts_with("56,62,2021-01-01 00:00,b,"), "{}", lines[57]);
    // What goes back in time is told without a flag that the command lacks.
    let back = "time,machine,x\n".to_owned() + &"2021-01-02 00:00,a,1\n2021-01-01 00:00,a,2\n".repeat(5);
    fs::write(at.join("back.csv"), back).expect("written");
    let refused = err(&run(at, &["anomaly", "r", "--data", "back.csv", "--scores", "other.csv"]));
    assert!(refused.contains("sort the rows by time") && !refused.contains("--"), "{refused}");
    // A window of the model cannot be made shorter.
    fs::write(at.join("short.csv"), "time,machine,x\n2021-01-01 00:00,a,1\n").expect("written");
    let refused = err(&run(at, &["anomaly", "r", "--data", "short.csv", "--scores", "other.csv"]));
    assert!(refused.contains("too few for a window of 5") && !refused.contains("--"), "{refused}");
    // Without the data of the training there is no threshold.
    fs::remove_file(at.join("s.csv")).expect("removed");
    let refused = err(&run(at, &["anomaly", "r", "--data", "new.csv", "--scores", "other.csv"]));
    assert!(refused.contains("set the threshold") && refused.contains("--normal"), "{refused}");
}

#[test]
fn files_in_other_encodings_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = "straße,x\n1,2\n2,3\n3,4\n";
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin1: Vec<u8> = text.chars().map(|char| char as u8).collect();
    for bytes in [utf16, latin1] {
        fs::write(at.join("s.csv"), bytes).expect("written");
        let refused = err(&run(at, &["train", "--data", "s.csv", "--out", "r"]));
        assert!(refused.contains("save the file as UTF-8"), "{refused}");
    }
}
