//! Runs that are stopped and resumed: unchanged, changed, moved, or started twice. This file belongs to the package
//! `handgrad`, whose binary it needs.

mod command;
mod runs;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use command::{err, files, handgrad, metrics, run, small};
use runs::{checkpoints, refused, resume, train, unfinished};

/// A run that takes about a second and has everything that a checkpoint must store.
const LONG: &[&str] = &[
    "--preset=deep",
    "--data=small",
    "--epochs=40",
    "--batch-size=5",
    "--schedule=plateau",
    "--schedule-patience=1",
    "--early-stopping=39",
    "--clip-norm=0.02",
    "--weight-decay=0.1",
    "--validation-split=0.5",
];

/// Starts a run, and returns when its second epoch is finished.
fn started(at: &Path, args: &[&str]) -> Child {
    let mut child = handgrad(at).args(args).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    assert!(lines.any(|line| line.expect("text").contains("epoch  2/")), "two epochs go by");
    std::thread::spawn(move || lines.count());
    child
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there").success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_leave_a_checkpoint_that_goes_on_to_the_same_bits() {
    let folder = small();
    let at = folder.path();
    let whole = train(at, "whole", LONG);
    for (name, signal_name) in [("interrupted", "-INT"), ("ended", "-TERM")] {
        let child = started(at, &[&["train", "--json", "--checkpoint-every=1h", "--out", name], LONG].concat());
        signal(&child, signal_name);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130));
        assert_eq!(checkpoints(at, name).len(), 1, "the one that the signal asked for");
        let rest = resume(at, name, &["--threads=1", "--checkpoint-every=7steps"]);
        for key in ["weights_sha256", "best_epoch", "epochs", "steps", "val_loss", "test_loss", "train_terms"] {
            assert_eq!(rest[key], whole[key], "{key} after {name}");
        }
        assert_eq!(metrics(&at.join(name)), metrics(&at.join("whole")));
        let model = |run: &str| fs::read(at.join(run).join("model.safetensors")).expect("a model");
        assert!(model(name) == model("whole"));
    }
}

/// The lock names its holder, and is released when the holder ends.
#[cfg(unix)]
#[test]
fn a_second_trainer_is_refused_and_a_dead_one_is_not_in_the_way() {
    let folder = small();
    let at = folder.path();
    let whole = train(at, "whole", LONG);
    let mut first = started(at, &[&["train", "--checkpoint-every=20steps", "--out=run"], LONG].concat());
    signal(&first, "-STOP");
    let holder = format!("process {}", first.id());
    refused(&run(at, &["train", "--resume=run"]), 1, &[&holder, "run/checkpoint/lock", "wait"]);
    refused(&run(at, &[&["train", "--out=run"], LONG].concat()), 1, &["holds a run already", "--resume run"]);
    signal(&first, "-KILL");
    assert!(!first.wait().expect("it ends").success());
    assert!(fs::read_to_string(at.join("run/checkpoint/lock")).expect("stale").contains(&holder));
    assert_eq!(resume(at, "run", &[])["weights_sha256"], whole["weights_sha256"]);
}

#[test]
fn a_torn_line_of_the_metrics_is_written_again() {
    let folder = small();
    let at = folder.path();
    let whole = unfinished(at, "run");
    let expected = metrics(&at.join("run"));
    let text = fs::read_to_string(at.join("run/metrics.csv")).expect("metrics");
    for (number, torn) in
        [&text[..text.len() - 20], &text[..text.len() - 1], "", "epoch,tra", &format!("{text}{text}7,")]
            .into_iter()
            .enumerate()
    {
        let name = format!("torn-{number}");
        unfinished(at, &name);
        fs::write(at.join(&name).join("metrics.csv"), torn).expect("torn");
        assert_eq!(resume(at, &name, &[])["weights_sha256"], whole["weights_sha256"]);
        assert_eq!(metrics(&at.join(&name)), expected, "{torn:?}");
    }
    unfinished(at, "gone");
    fs::remove_file(at.join("gone/metrics.csv")).expect("removed");
    resume(at, "gone", &[]);
    assert_eq!(metrics(&at.join("gone")), expected);
}

#[test]
fn a_finished_run_has_nothing_to_do_and_stays_as_it_is() {
    let folder = small();
    let at = folder.path();
    let report = train(at, "run", &["--data=small", "--epochs=2", "--early-stopping=1", "--validation-split=0.5"]);
    // Only the lock file changes: it names the last holder.
    let all = || files(&at.join("run")).into_iter().filter(|(path, _)| !path.ends_with("lock")).collect::<Vec<_>>();
    let before = all();
    let output = run(at, &["train", "--resume", "run"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("this run is finished"), "{}", err(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("the run was finished already"));
    assert!(before == all());
    // Missing files are written again, with the same bytes.
    fs::remove_file(at.join("run/model.safetensors")).expect("removed");
    fs::write(at.join("run/.handgrad-abc.part"), "left by a kill").expect("written");
    fs::write(at.join("run/checkpoint/.handgrad-abc.part"), "left by a kill").expect("written");
    assert_eq!(resume(at, "run", &[])["weights_sha256"], report["weights_sha256"]);
    assert!(before == all());
}

#[test]
fn more_epochs_are_those_of_a_run_that_had_them_from_the_start() {
    let folder = small();
    let at = folder.path();
    let settings = ["--data=small", "--batch-size=50", "--schedule=step", "--schedule-every=2"];
    train(at, "run", &[&settings[..], &["--epochs=3"]].concat());
    let whole = train(at, "whole", &[&settings[..], &["--epochs=6"]].concat());
    let more = resume(at, "run", &["--epochs=6"]);
    assert_eq!((&more["weights_sha256"], &more["epochs"]), (&whole["weights_sha256"], &whole["epochs"]));
    let config = |run: &str| fs::read(at.join(run).join("config.toml")).expect("a configuration");
    assert!(config("run") == config("whole"));
    assert_eq!(metrics(&at.join("run")), metrics(&at.join("whole")));
    refused(&run(at, &["train", "--resume=run", "--epochs=5"]), 2, &["epochs is 5, and 6 in run"]);
    // Every rate of a cosine depends on the number of epochs.
    train(at, "wave", &["--data=small", "--epochs=3", "--schedule=cosine"]);
    refused(&run(at, &["train", "--resume=wave", "--epochs=6"]), 2, &["epochs is 6, and 3 in wave"]);
}

#[test]
fn a_changed_configuration_or_data_set_is_refused_by_naming_the_difference() {
    let folder = small();
    let at = folder.path();
    let whole = unfinished(at, "run");
    let before = files(at);
    let differs = |args: &[&str], words: &[&str]| {
        refused(&run(at, &[&["train", "--resume=run"], args].concat()), 2, words);
        let now: Vec<_> = files(at).into_iter().filter(|(path, _)| !path.ends_with("lock")).collect();
        assert!(now == before.iter().filter(|(path, _)| !path.ends_with("lock")).cloned().collect::<Vec<_>>());
    };
    differs(&["--learning-rate=0.01"], &["learning_rate is 0.01, and 0.001 in run", "start a new run"]);
    differs(&["--seed=1", "--layers=16"], &["seed is 1, and 0 in run", "layers is [16], and [32] in run"]);
    differs(&["--clip-norm=1"], &["clip_norm is 1.0, and not set in run"]);
    differs(&["--preset=vae"], &["preset is \"vae\", and \"basic\" in run"]);
    differs(&["--model=vae"], &["model is \"vae\", and \"dense\" in run"]);
    differs(&["--out=else"], &["--resume", "--out"]);
    fs::write(at.join("other.toml"), "batch_size = 32").expect("written");
    refused(&run(at, &["train", "--resume=run", "--config=other.toml"]), 2, &["batch_size is 32, and 64 in run"]);

    // For a long value, the error shows where it differs.
    let long = |last: &str| format!("--only-class={},{last}", vec!["1"; 160].join(","));
    train(at, "long", &["--data=small", "--epochs=1", &long("2")]);
    refused(
        &run(at, &["train", "--resume=long", &long("3")]),
        2,
        &["only_class is …", "\"3\"], and …", "\"2\"] in long"],
    );
    fs::remove_dir_all(at.join("long")).expect("removed");

    let config = fs::read_to_string(at.join("run/config.toml")).expect("a configuration");
    fs::write(at.join("run/config.toml"), config.replace("seed = 0", "seed = 5")).expect("edited");
    refused(&run(at, &["train", "--resume=run"]), 2, &["seed is 5, and 0 in the checkpoint's run", ".checkpoint"]);
    fs::write(at.join("run/config.toml"), config).expect("as it was");

    let others = ["data", "synthesize", "--out=others", "--train=300", "--validation=60", "--seed=1"];
    assert!(run(at, &others).status.success());
    fs::rename(at.join("small"), at.join("kept")).expect("moved");
    fs::rename(at.join("others"), at.join("small")).expect("moved");
    let words = ["the training samples are not those", "300 samples of 28×28 bytes with SHA-256"];
    refused(&run(at, &["train", "--resume=run"]), 1, &words);
    // The training samples are unchanged, the validation samples are different.
    for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"] {
        fs::copy(at.join("kept").join(name), at.join("small").join(name)).expect("copied");
    }
    refused(&run(at, &["train", "--resume=run"]), 1, &["the validation samples are not those", "60 samples of 28×28"]);
    fs::remove_dir_all(at.join("small")).expect("removed");
    fs::rename(at.join("kept"), at.join("small")).expect("moved back");
    let may_differ = ["--threads=3", "--checkpoint-every=2epochs", "--learning-rate=0.001", "--data-dir=elsewhere"];
    assert_eq!(resume(at, "run", &may_differ)["weights_sha256"], whole["weights_sha256"]);
}

/// For any path of the run, of the data, and of the current folder.
#[test]
fn a_run_whose_folder_and_data_have_moved_goes_on() {
    let folder = small();
    let at = folder.path();
    fs::create_dir(at.join("one")).expect("a folder");
    fs::rename(at.join("small"), at.join("one/small")).expect("moved");
    let settings = ["--data=one/small", "--epochs=3", "--batch-size=64", "--checkpoint-every=1step"];
    let whole = train(at, "one/run", &settings);
    let stop = |run: &str| fs::remove_file(checkpoints(at, run).pop().expect("a checkpoint")).expect("removed");
    stop("one/run");
    // The first command line, with --resume instead of --out.
    assert_eq!(resume(at, "one/run", &settings)["weights_sha256"], whole["weights_sha256"]);
    stop("one/run");
    fs::rename(at.join("one"), at.join("two")).expect("moved");
    refused(&run(at, &["train", "--resume=two/run"]), 1, &["one/small", "if it has moved", "--data"]);
    assert_eq!(resume(at, "two/run", &["--data=two/small"])["weights_sha256"], whole["weights_sha256"]);
    stop("two/run");
    assert_eq!(resume(at, "two/run", &[])["weights_sha256"], whole["weights_sha256"], "config.toml says where");
    // Another named data set is not a new place of the same data.
    refused(&run(at, &["train", "--resume=two/run", "--data=synthetic"]), 2, &["data is \"synthetic\", and \"/"]);
}

#[test]
fn every_seed_can_be_gone_on_with() {
    let folder = small();
    let at = folder.path();
    for seed in [u64::MAX, 1 << 63, (1 << 63) - 1] {
        let (name, seed) = (format!("seed-{seed}"), format!("--seed={seed}"));
        let settings = ["--data=small", "--epochs=2", "--batch-size=64", "--checkpoint-every=1step", &seed];
        let whole = train(at, &name, &settings);
        fs::remove_file(checkpoints(at, &name).pop().expect("a checkpoint")).expect("removed");
        assert_eq!(resume(at, &name, &[])["weights_sha256"], whole["weights_sha256"], "{seed}");
    }
}
