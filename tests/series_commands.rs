//! Files of series, used by the commands as people run them. This file belongs to the package `handgrad-cli`.

use std::fs;
use std::path::Path;

mod command;

use command::{err, json, number, run};

/// A line of a two-channel series.
fn reading(step: usize) -> [f64; 2] {
    let t = step as f64;
    [(t * 0.3).sin() * 2.0 + 20.0, (t * 0.17).cos() * 400.0 + 1000.0]
}

#[test]
fn a_series_with_a_time_column_trains_with_one_command_and_is_used_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |step: usize| {
        let [a, b] = reading(step);
        format!("2021-03-{:02} {:02}:00,{a},{b}\n", 1 + step / 24, step % 24)
    };
    let text: String = (0..300).filter(|step| !(100..110).contains(step)).map(line).collect();
    fs::write(at.join("s.csv"), "time,warm,press\n".to_owned() + &text).expect("written");
    let args = ["train", "--data", "s.csv", "--window", "12", "--epochs", "30", "--out", "r"];
    let output = run(at, &args);
    let said = err(&output);
    assert!(output.status.success(), "{said}");
    for words in ["2 channels in this order: \"warm\", \"press\"", "column \"time\"", "1 gap: 11 hours after"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let svg = fs::read_to_string(at.join("r/reconstructions.svg")).expect("curves");
    assert!(svg.contains(">warm<") && svg.contains(">press<"), "channels are drawn by name");
    let eval = json(at, &["eval", "r", "--json"]);
    assert!(number(&eval["value"]) < 0.5, "each channel has its own scale: {eval}");

    // Columns in another order, without the time, are the same data; missing and unknown ones are refused.
    let columns = |name: &str, header: &str, line: &dyn Fn(f64, f64) -> String| {
        let text: String = (0..40).map(|step| line(reading(step)[0], reading(step)[1])).collect();
        fs::write(at.join(name), format!("{header}\n{text}")).expect("written");
    };
    columns("same.csv", "warm,press", &|a, b| format!("{a},{b}\n"));
    columns("swapped.csv", "press,warm", &|a, b| format!("{b},{a}\n"));
    columns("other.csv", "warm,pres", &|a, b| format!("{a},{b}\n"));
    let value = |name: &str| number(&json(at, &["eval", "r", "--data", name, "--json"])["value"]);
    assert_eq!(value("same.csv"), value("swapped.csv"));
    let refused = err(&run(at, &["eval", "r", "--data", "other.csv"]));
    assert!(refused.contains("\"press\"") && refused.contains("\"pres\""), "{refused}");
    // A hole cannot be used, since training had none, but can be filled with the mean.
    columns("hole.csv", "warm,press", &|a, b| if a > 21.0 { format!(",{b}\n") } else { format!("{a},{b}\n") });
    let refused = err(&run(at, &["eval", "r", "--data", "hole.csv"]));
    assert!(refused.contains("missing") && refused.contains("--fill"), "{refused}");

    let anomaly = run(at, &["anomaly", "r", "--data", "same.csv", "--out", "odd.svg", "--count", "2"]);
    assert!(anomaly.status.success(), "{}", err(&anomaly));
    let svg = fs::read_to_string(at.join("odd.svg")).expect("curves");
    assert!(svg.contains(">press<") && svg.contains("score"), "{svg:.300}");

    let info = run(at, &["data", "info", "s.csv", "--window", "12"]);
    let said = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(said.contains("1 gap") && said.contains("\"warm\"") && said.contains("the last tenth"), "{said}");
}

/// What fills a hole is a part of the model, so that one row does not depend on the others of its file.
#[test]
fn a_hole_is_filled_with_what_the_training_taught() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |step: usize, hole: bool, b: f64| match hole {
        true => format!("{},,{b}\n", reading(step)[0]),
        false => format!("{},{},{b}\n", reading(step)[0], reading(step)[1]),
    };
    let text: String = (0..200).map(|step| line(step, step % 9 == 4, 1.0 + (step % 3) as f64)).collect();
    fs::write(at.join("s.csv"), "a,b,c\n".to_owned() + &text).expect("written");
    json(
        at,
        &[
            "train", "--data", "s.csv", "--window", "4", "--fill", "mean", "--epochs", "2", "--out", "r", "--quiet",
            "--json",
        ],
    );
    let first: String = (0..4).map(|step| line(step, step == 2, 1.0)).collect();
    let odd = |b: f64| (0..4).map(|_| format!("20,{b},1\n")).collect::<String>();
    let score = |name: &str, text: &str| {
        fs::write(at.join(name), "a,b,c\n".to_owned() + text).expect("written");
        let scores = format!("{name}.scores.csv");
        json(at, &["anomaly", "r", "--data", name, "--out", "odd.svg", "--scores", &scores, "--json"]);
        fs::read_to_string(at.join(scores)).expect("scores").lines().nth(1).map(str::to_owned)
    };
    let alone = score("alone.csv", &first);
    assert_eq!(alone, score("beside.csv", &(first.clone() + &odd(1e6))));
    // The model file alone knows its windows, channels and fill values.
    let whole = json(at, &["eval", "r", "--data", "s.csv", "--json"]);
    let model = json(at, &["eval", "r/model.safetensors", "--data", "s.csv", "--json"]);
    assert_eq!(whole["value"], model["value"]);
}

#[test]
fn series_of_unequal_length_train_with_one_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |id: usize| {
        let steps = 12 + id % 7;
        let channel = |speed: f64| {
            let step = |t: usize| format!("{:.3}", ((t + id) as f64 * speed).sin());
            (0..steps).map(step).collect::<Vec<_>>().join(",")
        };
        let class = if id.is_multiple_of(2) { "slow" } else { "fast" };
        let speed = if id.is_multiple_of(2) { 0.2 } else { 0.9 };
        format!("{}:{}:{class}\n", channel(speed), channel(0.5))
    };
    let header =
        "@problemName Waves\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true slow fast\n";
    for (name, count) in [("Waves_TRAIN.ts", 60), ("Waves_TEST.ts", 30)] {
        let text: String = (0..count).map(line).collect();
        fs::write(at.join(name), format!("{header}@data\n{text}")).expect("written");
    }
    for (data, run_name, more) in [
        ("Waves_TRAIN.ts", "dense", &["--epochs", "40"][..]),
        (".", "folder", &["--epochs", "1"]),
        ("Waves_TRAIN.ts", "lstm", &["--model", "sequence", "--layers", "6", "--epochs", "3"]),
        ("Waves_TRAIN.ts", "next", &["--model", "next-step", "--layers", "6", "--epochs", "3", "--threads", "2"]),
    ] {
        let output = run(at, &[&["train", "--data", data, "--out", run_name], more].concat());
        let said = err(&output);
        assert!(output.status.success(), "{run_name}: {said}");
        for words in ["90 series of 12 to 18 steps, 2 channels", "2 classes", "padded to 18 steps", "30 series"] {
            assert!(said.contains(words), "{run_name}, {words}: {said}");
        }
        assert!(number(&json(at, &["eval", run_name, "--json"])["value"]).is_finite());
        json(at, &["encode", run_name, "--data", "Waves_TEST.ts", "--out", &format!("{run_name}.csv"), "--json"]);
    }
    let first = number(&json(at, &["eval", "folder", "--json"])["value"]);
    let trained = number(&json(at, &["eval", "dense", "--json"])["value"]);
    assert!(trained < 0.3 * first, "{trained} after 40 epochs, {first} after one");
    // A longer series than those of the training is refused.
    fs::write(at.join("long.ts"), format!("{header}@data\n{0}:{0}:slow\n", vec!["1"; 20].join(","))).expect("written");
    let refused = err(&run(at, &["eval", "dense", "--data", "long.ts"]));
    assert!(refused.contains("20 steps") && refused.contains("at most 18"), "{refused}");
    // What a network cannot do with padding is said.
    for more in [&["--model", "strided-conv"][..], &["--tied"]] {
        let output = run(at, &[&["train", "--data", "Waves_TRAIN.ts", "--layers", "4", "--out", "no"], more].concat());
        let refused = err(&output);
        assert!(output.status.code() == Some(2) && refused.contains("unequal length"), "{refused}");
    }
    let info = run(at, &["data", "info", "Waves_TRAIN.ts"]);
    let said = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(said.contains("Waves_TEST.ts") && said.contains("samples of 18×2"), "{said}");
}

#[test]
fn several_series_in_one_file_train_with_one_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |id: usize, step: usize| format!("m{id},{step},{},{}\n", reading(step + id)[0], reading(step)[1]);
    let text: String = (0..12).flat_map(|id| (0..30 + id).map(move |step| line(id, step))).collect();
    fs::write(at.join("s.csv"), "machine,time,a,b\n".to_owned() + &text).expect("written");
    let common = ["train", "--data", "s.csv", "--series-column", "machine", "--epochs", "3"];
    for (name, more, words) in [
        ("windows", &["--window", "10"][..], "12 series: \"m0\", \"m1\", \"m2\", …"),
        ("whole", &[], "padded to 41 steps"),
        ("lstm", &["--model", "sequence", "--layers", "5", "--scale", "standard"], "11 series of"),
    ] {
        let output = run(at, &[&common[..], &["--out", name], more].concat());
        let said = err(&output);
        assert!(output.status.success() && said.contains(words), "{name}: {said}");
        assert!(number(&json(at, &["eval", name, "--json"])["value"]).is_finite());
    }
}

/// The two parts of ECG5000 as the archive has them, if they are there.
#[test]
fn real_series_as_the_archive_writes_them() {
    let Some(data) = std::env::var_os("HANDGRAD_DATA") else {
        eprintln!("skipped: HANDGRAD_DATA names no folder with data");
        return;
    };
    let source = Path::new(&data).join("ecg5000/ECG5000_TRAIN.csv");
    let Ok(text) = fs::read_to_string(&source) else {
        eprintln!("skipped: there is no {}", source.display());
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // The class comes last in this copy, and first in the archive's .tsv.
    let tsv: String = text
        .lines()
        .filter_map(|line| line.rsplit_once(','))
        .map(|(values, class)| format!("{class}\t{}\n", values.replace(',', "\t")))
        .collect();
    fs::write(at.join("ECG5000_TRAIN.tsv"), tsv).expect("written");
    let trained =
        json(at, &["train", "--data", "ECG5000_TRAIN.tsv", "--epochs", "20", "--out", "r", "--quiet", "--json"]);
    assert!(number(&trained["val_loss"]) < 0.2, "{trained}");
}
