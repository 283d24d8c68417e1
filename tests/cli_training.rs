//! `handgrad train` with schedules, early stopping, clipping, decay and a validation split, as users run it. This
//! file belongs to the package `handgrad`, whose binary it needs.

mod command;

use std::fs;
use std::path::Path;

use serde_json::Value;

use command::{err, handgrad, json, run, small};
use handgrad_dataset::held_out::held_out;

/// The columns of `metrics.csv` by name.
fn metrics(folder: &Path, run: &str) -> Vec<(String, Vec<f64>)> {
    let text = fs::read_to_string(folder.join(run).join("metrics.csv")).expect("metrics");
    let mut lines = text.lines();
    let header = lines.next().expect("a header").split(',');
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|value| value.parse().expect("a number")).collect()).collect();
    header.enumerate().map(|(at, name)| (name.into(), rows.iter().map(|row| row[at]).collect())).collect()
}

fn column(folder: &Path, run: &str, name: &str) -> Vec<f64> {
    let found = metrics(folder, run).into_iter().find(|column| column.0 == name);
    found.unwrap_or_else(|| panic!("{run} has no column {name}")).1
}

/// All settings at once: the same bits at every thread count, and again from the configuration that the run wrote.
const ALL: &[&str] = &[
    "--preset=deep",
    "--data=small",
    "--epochs=60",
    "--batch-size=5",
    "--learning-rate=0.02",
    "--schedule=plateau",
    "--schedule-patience=0",
    "--schedule-factor=0.5",
    "--early-stopping=4",
    "--clip-norm=0.02",
    "--weight-decay=0.1",
    "--validation-split=0.9",
];

#[test]
fn a_run_with_everything_is_the_same_at_every_thread_count_and_from_its_configuration() {
    let folder = small();
    let at = folder.path();
    let train = |more: &[&str], out: &str| json(at, &[&["train", "--json", "--quiet", "--out", out], more].concat());
    let one = train(&[ALL, &["--threads=1"]].concat(), "one");
    for threads in ["2", "3", "8"] {
        let other = train(&[ALL, &["--threads", threads]].concat(), &format!("of-{threads}"));
        for key in ["weights_sha256", "best_epoch", "epochs", "val_loss", "test_loss"] {
            assert_eq!(other[key], one[key], "{key} on {threads} threads");
        }
    }
    let again = train(&["--config", "one/config.toml"], "again");
    assert_eq!((&again["weights_sha256"], &again["best_epoch"]), (&one["weights_sha256"], &one["best_epoch"]));
    // Each of the settings has an effect.
    for (number, setting) in ALL.iter().enumerate().filter(|(_, setting)| {
        ["--schedule=", "--early-stopping", "--clip-norm", "--weight-decay", "--validation-split"]
            .iter()
            .any(|name| setting.starts_with(name))
    }) {
        let fewer: Vec<&str> = ALL
            .iter()
            .filter(|other| {
                *other != setting && !(setting.starts_with("--schedule=") && other.starts_with("--schedule"))
            })
            .copied()
            .collect();
        let other = train(&fewer, &format!("without-{number}"));
        assert_ne!(other["weights_sha256"], one["weights_sha256"], "without {setting}");
    }
}

#[test]
fn early_stopping_keeps_the_best_epoch_and_says_so() {
    let folder = small();
    let at = folder.path();
    let report = json(at, &[&["train", "--json", "--quiet", "--out", "run"], ALL].concat());
    let losses = column(at, "run", "val_loss");
    let best = report["best_epoch"].as_u64().expect("an epoch") as usize;
    assert!(losses.len() < 60 && losses.len() == best + 4, "{best} of {}", losses.len());
    assert_eq!(report["epochs"], losses.len());
    assert_eq!(losses[best - 1], losses.iter().copied().fold(f64::INFINITY, f64::min));
    assert_eq!(report["val_loss"].as_f64(), Some(losses[best - 1]), "what is reported is the epoch that is kept");
    // The rate decreases while the loss does not improve, and always by one half.
    let rates = column(at, "run", "learning_rate");
    assert!(rates[0] == 0.02 && rates.last() < rates.first(), "{rates:?}");
    assert!(rates.windows(2).all(|pair| pair[1] == pair[0] || pair[1] == pair[0] / 2.0), "{rates:?}");
    // The model file has those weights: `eval` measures the test samples of the data set, as the run did at its end.
    let eval = json(at, &["eval", "run", "--json"]);
    assert_eq!((&eval["value"], &eval["terms"]), (&report["test_loss"], &report["test_terms"]));
    let chart = fs::read_to_string(at.join("run/loss.svg")).expect("a chart");
    assert!(chart.contains(&format!("kept: epoch {best}")), "{chart}");

    let output = run(at, &[&["train", "--out", "words"], ALL].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in [
        "stopped early after 4 epochs without a lower validation loss".to_string(),
        format!("the weights are those of epoch {best}"),
        "per value".into(),
        "per sample; the loss uses the mean".into(),
        "test 0.".into(),
        "the 60 images of t10k-".into(),
    ] {
        assert!(text.contains(&words), "{words:?} is not in {text}");
    }
    let progress = err(&output);
    for words in ["rate 2.00e-2", "270 of them for validation", "a test at the end with the 60 images"] {
        assert!(progress.contains(words), "{words:?} is not in {progress}");
    }
    // Without early stopping the last weights are kept, and no best epoch is mentioned.
    let plain = json(at, &["train", "--data", "small", "--epochs", "3", "--out", "plain", "--json", "--quiet"]);
    assert_eq!((&plain["best_epoch"], &plain["test_loss"]), (&Value::Null, &Value::Null));
    assert_eq!(plain["val_loss"].as_f64(), column(at, "plain", "val_loss").last().copied());
}

/// A run on the samples that are not held out, validated with the held-out ones, is the same run.
#[test]
fn the_split_holds_out_random_training_samples_of_each_class() {
    let folder = small();
    let at = folder.path();
    let image = 28 * 28;
    let train = handgrad_dataset::load("small", at, &Default::default(), &()).unwrap_or_else(|_| {
        handgrad_dataset::load(at.join("small").to_str().expect("UTF-8"), at, &Default::default(), &()).expect("data")
    });
    let handgrad_dataset::Values::Bytes(values) = &train.train.values else { panic!("bytes") };
    let labels = train.train.labels.as_ref().expect("labels");
    let (kept, held_out) = held_out(300, Some(labels), 60, 0);
    let shares = |part: &[usize]| {
        labels
            .classes()
            .iter()
            .map(|class| labels.select(part).among(std::slice::from_ref(class)).iter().filter(|&&is| is).count())
            .collect::<Vec<_>>()
    };
    assert!(
        shares(&held_out)
            .iter()
            .zip(shares(&kept))
            .all(|(held, kept)| held * 5 <= held + kept + 5 && held * 5 + 5 >= held + kept)
    );
    let all: Vec<u8> = kept.iter().chain(&held_out).flat_map(|&row| values.row(row).to_vec()).collect();
    fs::create_dir(at.join("cut")).expect("made");
    for (name, samples) in
        [("train-images-idx3-ubyte", &all[..240 * image]), ("t10k-images-idx3-ubyte", &all[240 * image..])]
    {
        let count = (samples.len() / image) as u32;
        let header = [&[0, 0, 8, 3][..], &count.to_be_bytes(), &28_u32.to_be_bytes(), &28_u32.to_be_bytes()].concat();
        fs::write(at.join("cut").join(name), [&header[..], samples].concat()).expect("written");
    }
    let run = |data: &str, more: &[&str]| {
        let args = ["train", "--data", data, "--epochs", "2", "--batch-size", "50", "--json", "--quiet", "--out"];
        json(at, &[&args[..], &[&format!("of-{data}")], more].concat())
    };
    let (split, cut) = (run("small", &["--validation-split", "0.2"]), run("cut", &[]));
    assert_eq!((&split["weights_sha256"], &split["val_loss"]), (&cut["weights_sha256"], &cut["val_loss"]));
    assert!(split["test_loss"].is_f64() && split["test_loss"] != split["val_loss"]);
}

/// Every term has its own columns and JSON values. The values per value and per sample differ by the number of
/// values.
#[test]
fn every_term_is_reported_apart() {
    let folder = small();
    let at = folder.path();
    for (preset, term, name, reduction) in [
        ("vae", "kl_divergence", "KL divergence", "sum"),
        ("sparse", "l1_activity", "L1 activity", "mean"),
        ("sparse-kl", "kl_sparsity", "KL sparsity", "mean"),
        ("basic", "reconstruction", "reconstruction", "mean"),
    ] {
        let args =
            ["train", "--preset", preset, "--data", "small", "--epochs", "2", "--out", preset, "--json", "--quiet"];
        let report = json(at, &args);
        for set in ["train", "val"] {
            let last = |column_name: &str| column(at, preset, column_name)[1];
            let reconstruction = last(&format!("{set}_reconstruction"));
            let penalty = if term == "reconstruction" { 0.0 } else { last(&format!("{set}_{term}")) };
            let loss = last(&format!("{set}_loss"));
            assert!(((reconstruction + penalty) / loss - 1.0).abs() < 1e-12, "{preset}");
            assert_eq!(report[format!("{set}_terms")][name].as_f64(), Some(last(&format!("{set}_{term}"))));
            assert_eq!(report[format!("{set}_loss")].as_f64(), Some(loss));
        }
        let (per_value, per_sample) = (
            column(at, preset, "val_reconstruction_per_value")[1],
            column(at, preset, "val_reconstruction_per_sample")[1],
        );
        assert!((per_sample / per_value - 784.0).abs() < 1e-9, "{preset}: {per_value}, {per_sample}");
        let counted = if reduction == "sum" { per_sample } else { per_value };
        assert_eq!(counted, column(at, preset, "val_reconstruction")[1], "{preset}");
        assert_eq!(
            (&report["reduction"], report["val_reconstruction_per_value"].as_f64()),
            (&reduction.into(), Some(per_value))
        );

        let eval = json(at, &["eval", preset, "--json"]);
        assert_eq!(eval["terms"], report["val_terms"], "{preset}");
        assert_eq!(eval["reduction"], reduction, "{preset}");
        for both in ["per_value", "per_sample"] {
            assert_eq!(
                eval[format!("reconstruction_{both}")],
                report[format!("val_reconstruction_{both}")],
                "{preset}"
            );
        }
        let text = String::from_utf8_lossy(&run(at, &["eval", preset]).stdout).into_owned();
        assert!(text.contains(&format!("the loss uses the {reduction} over the values of a sample")), "{text}");
        assert_eq!(text.contains(&format!(" + {name} ")), term != "reconstruction", "{text}");
    }
}

#[test]
fn settings_of_the_training_that_mean_nothing_are_refused() {
    let folder = small();
    for (code, args, says) in [
        (2, &["--early-stopping=0"][..], "early_stopping is 0, but must be at least 1"),
        (2, &["--clip-norm=0"], "clip_norm is 0.0, but must be above 0"),
        (2, &["--clip-norm=-1"], "clip_norm is -1.0, but must be above 0"),
        (2, &["--clip-norm=1e-60"], "clip_norm is 1e-60"),
        (2, &["--weight-decay=-0.1"], "weight_decay is -0.1"),
        (2, &["--weight-decay=1000"], "flip the signs of the weights"),
        (2, &["--weight-decay=1e-6"], "weight_decay × learning_rate is 1e-9"),
        (2, &["--validation-split=0"], "validation_split is 0"),
        (2, &["--validation-split=1"], "validation_split is 1"),
        (2, &["--validation-split=nan"], "validation_split is NaN"),
        (2, &["--validation-split=0.001"], "leaves none to validate with"),
        (2, &["--validation-split=0.999"], "leaves none to train on"),
        (2, &["--learning-rate=1e-60"], "learning_rate is 1e-60"),
        (2, &["--learning-rate=1e60"], "learning_rate is 1e60"),
        (2, &["--schedule=step"], "--schedule-every"),
        (2, &["--schedule=step", "--schedule-every=0"], "schedule_every is 0"),
        (2, &["--schedule=step", "--schedule-every=5"], "needs at least 6 epochs, but the run has 5"),
        (2, &["--schedule=step", "--schedule-every=2", "--schedule-factor=1"], "schedule_factor is 1"),
        (2, &["--schedule=plateau", "--schedule-patience=2", "--schedule-factor=0"], "schedule_factor is 0"),
        (2, &["--schedule=plateau", "--schedule-patience=3"], "needs at least 6 epochs, but the run has 5"),
        (2, &["--schedule=cosine", "--epochs=1"], "needs at least 2 epochs, but the run has 1"),
        (2, &["--schedule=cosine", "--schedule-floor=0.001"], "below the learning rate, which is 0.001"),
        (
            2,
            &["--schedule=cosine", "--schedule-factor=0.5"],
            "schedule_factor is given, but it only has an effect with",
        ),
        (2, &["--schedule-every=2"], "schedule_every is given, but it only has an effect with"),
        (2, &["--schedule=step", "--schedule-every=2", "--schedule-patience=1"], "schedule_patience is given"),
        (2, &["--schedule=plateau", "--schedule-patience=1", "--schedule-floor=0"], "schedule_floor is given"),
        (2, &["--momentum=0.5"], "momentum is given, but it only has an effect with"),
    ] {
        let usual = if args.contains(&"--epochs=1") { &[][..] } else { &["--epochs=5"] };
        let output = run(folder.path(), &[&["train", "--data", "small", "--out", "x"], usual, args].concat());
        let text = err(&output);
        assert!(output.status.code() == Some(code) && text.contains(says), "{args:?}: {text}");
        assert_eq!(text.trim().lines().count(), 1, "{args:?}: {text}");
        assert!(!folder.path().join("x").exists());
    }
}

/// The last schedule that has any effect is accepted; above, one more epoch of patience is refused.
#[test]
fn the_latest_change_that_is_allowed_comes() {
    let folder = small();
    let at = folder.path();
    for (number, (schedule, changes)) in [
        // The weights of this network hardly change, so it cannot learn and is on a plateau from the first epoch on.
        (&["--schedule=plateau", "--schedule-patience=2", "--learning-rate=1e-7"][..], 1),
        (&["--schedule=step", "--schedule-every=4"], 1),
        (&["--schedule=cosine"], 4),
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("run-{number}");
        json(at, &[&["train", "--data=small", "--epochs=5", "--quiet", "--json", "--out", &out], schedule].concat());
        let rates = column(at, &out, "learning_rate");
        assert_eq!(rates.windows(2).filter(|pair| pair[0] != pair[1]).count(), changes, "{schedule:?}: {rates:?}");
        assert!(rates[4] < rates[3], "{schedule:?}: {rates:?}");
    }
}

/// Ctrl-C with early stopping keeps the best epoch so far, and the test samples are measured.
#[cfg(unix)]
#[test]
fn ctrl_c_under_early_stopping_keeps_the_best_epoch_so_far() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let folder = small();
    let at = folder.path();
    let args = ["train", "--data=small", "--epochs=1000000", "--early-stopping=1000000", "--validation-split=0.5"];
    let mut child = handgrad(at)
        .args([&args[..], &["--out=run", "--json"]].concat())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    assert!(lines.any(|line| line.expect("text").contains("epoch       3/")), "three epochs go by");
    let rest = std::thread::spawn(move || lines.count());
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    rest.join().expect("the rest is read");
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let losses = column(at, "run", "val_loss");
    let best = report["best_epoch"].as_u64().expect("an epoch") as usize;
    assert_eq!(losses[best - 1], losses.iter().copied().fold(f64::INFINITY, f64::min));
    assert_eq!(json(at, &["eval", "run", "--json"])["value"], report["test_loss"]);
}
