//! Runs that are stopped, resumed, changed, damaged or go wrong, as people run them. This file belongs to the package
//! `handgrad`, whose binary it needs.

mod command;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use command::{err, files, handgrad, json, run, small};

/// A run that takes about a second, and has all that there is to keep.
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

fn train(at: &Path, out: &str, settings: &[&str]) -> serde_json::Value {
    json(at, &[&["train", "--json", "--quiet", "--out", out], settings].concat())
}

fn resume(at: &Path, run: &str, more: &[&str]) -> serde_json::Value {
    json(at, &[&["train", "--json", "--quiet", "--resume", run], more].concat())
}

/// `metrics.csv` without the times, which stand in the last two columns.
fn metrics(at: &Path, run: &str) -> Vec<String> {
    let text = fs::read_to_string(at.join(run).join("metrics.csv")).expect("metrics");
    let timeless = |line: &str| line.rsplitn(3, ',').last().expect("columns").to_string();
    text.lines().map(timeless).collect()
}

/// The checkpoints, the newest last.
fn checkpoints(at: &Path, run: &str) -> Vec<PathBuf> {
    let all = files(&at.join(run).join("checkpoint")).into_iter().map(|(path, _)| path);
    let mut found: Vec<_> = all.filter(|path| path.extension().is_some_and(|end| end == "checkpoint")).collect();
    found.sort_by_key(|path| {
        let name = path.file_stem().expect("a name").to_str().expect("Unicode").to_string();
        name.split('-').filter_map(|part| part.parse().ok()).collect::<Vec<usize>>()
    });
    found
}

fn refused(output: &Output, code: i32, words: &[&str]) {
    let text = err(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

/// Starts a run, and comes back when its second epoch is done.
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
        assert_eq!(metrics(at, name), metrics(at, "whole"));
        let model = |run: &str| fs::read(at.join(run).join("model.safetensors")).expect("a model");
        assert!(model(name) == model("whole"));
    }
}

/// The lock names its holder, and dies with it.
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

/// A small run whose last checkpoint but one is its newest: it is not finished.
fn unfinished(at: &Path, out: &str) -> serde_json::Value {
    let report = train(at, out, &["--data=small", "--epochs=3", "--batch-size=64", "--checkpoint-every=1step"]);
    let newest = checkpoints(at, out).pop().expect("a checkpoint");
    fs::remove_file(newest).expect("removed");
    report
}

#[test]
fn a_torn_line_of_the_metrics_is_written_again() {
    let folder = small();
    let at = folder.path();
    let whole = unfinished(at, "run");
    let expected = metrics(at, "run");
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
        assert_eq!(metrics(at, &name), expected, "{torn:?}");
    }
    unfinished(at, "gone");
    fs::remove_file(at.join("gone/metrics.csv")).expect("removed");
    resume(at, "gone", &[]);
    assert_eq!(metrics(at, "gone"), expected);
}

#[test]
fn a_finished_run_has_nothing_to_do_and_stays_as_it_is() {
    let folder = small();
    let at = folder.path();
    let report = train(at, "run", &["--data=small", "--epochs=2", "--early-stopping=1", "--validation-split=0.5"]);
    // The lock alone says who had it last.
    let all = || files(&at.join("run")).into_iter().filter(|(path, _)| !path.ends_with("lock")).collect::<Vec<_>>();
    let before = all();
    let output = run(at, &["train", "--resume", "run"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("this run is finished"), "{}", err(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing was left to do"));
    assert!(before == all());
    // What is missing is written, to the same bytes.
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
    assert_eq!(metrics(at, "run"), metrics(at, "whole"));
    refused(&run(at, &["train", "--resume=run", "--epochs=5"]), 2, &["epochs is 5, and 6 in run"]);
    // Every rate of a wave hangs on its length.
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
    // Training samples as they were, validation samples others.
    for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"] {
        fs::copy(at.join("kept").join(name), at.join("small").join(name)).expect("copied");
    }
    refused(&run(at, &["train", "--resume=run"]), 1, &["the validation samples are not those", "60 samples of 28×28"]);
    fs::remove_dir_all(at.join("small")).expect("removed");
    fs::rename(at.join("kept"), at.join("small")).expect("moved back");
    let may_differ = ["--threads=3", "--checkpoint-every=2epochs", "--learning-rate=0.001", "--data-dir=elsewhere"];
    assert_eq!(resume(at, "run", &may_differ)["weights_sha256"], whole["weights_sha256"]);
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_one_before_it_and_says_so() {
    let folder = small();
    let at = folder.path();
    let settings = ["--data=small", "--epochs=3", "--batch-size=64", "--checkpoint-every=1step"];
    let whole = train(at, "run", &settings);
    let [before, newest] = &checkpoints(at, "run")[..] else { panic!("two checkpoints") };
    let bytes = fs::read(newest).expect("a checkpoint");
    for damaged in [&bytes[..bytes.len() / 2], &[], &[&bytes[..], b" "].concat()] {
        fs::write(newest, damaged).expect("damaged");
        let output = run(at, &["train", "--json", "--quiet", "--resume=run"]);
        let name = before.file_name().expect("a name").to_str().expect("Unicode");
        let says = format!("going on from the one before, {name}");
        assert!(output.status.success() && err(&output).contains(&says), "{}", err(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["weights_sha256"], whole["weights_sha256"]);
        assert!(fs::read(newest).expect("written again") != damaged, "and the damaged one is replaced");
    }
    for path in [before, newest] {
        fs::write(path, "nothing").expect("damaged");
    }
    refused(&run(at, &["train", "--resume=run"]), 1, &["epoch-4-step-0", "epoch-3-step-5", "is damaged", "--config"]);
    // Without any, it starts again, to the same bits.
    for path in [before, newest] {
        fs::remove_file(path).expect("removed");
    }
    refused(&run(at, &["train", "--resume=run"]), 1, &["has a model and no checkpoint", "--config"]);
    fs::remove_file(at.join("run/model.safetensors")).expect("removed");
    let output = run(at, &["train", "--resume=run"]);
    assert!(err(&output).contains("starts from the beginning"), "{}", err(&output));
    assert_eq!(resume(at, "run", &[])["weights_sha256"], whole["weights_sha256"]);
}

/// Layer, step, batch and usual cause are named, the last good checkpoint is kept, and the exit code is 3.
#[test]
fn a_run_that_goes_wrong_stops_within_a_step_and_keeps_its_checkpoint() {
    let folder = small();
    let at = folder.path();
    let settings = ["train", "--data=small", "--batch-size=50", "--epochs=2", "--quiet"];
    let output = run(at, &[&settings[..], &["--learning-rate=1e38", "--out=at-once"]].concat());
    let words =
        ["epoch 1, step 1", "layer 1, Dense 784 → 32, relu", "the batch of samples ", "(50 of them", "a tenth of it"];
    refused(&output, 3, &words);
    assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
    assert!(!at.join("at-once").exists(), "nothing was learnt, so nothing is left");

    // Gradient descent on a linear network whose rate is some times too high: every step makes it worse.
    let slowly =
        ["--optimizer=sgd", "--learning-rate=2000", "--momentum=0.5", "--loss=mse", "--output-activation=linear"];
    let output = run(at, &[&settings[..], &slowly, &["--checkpoint-every=1step", "--out=slowly"]].concat());
    refused(
        &output,
        3,
        &["training diverged in epoch ", "the batch of samples ", "checkpoint is kept, slowly/checkpoint/epoch-"],
    );
    // What was learnt before that can be used.
    json(at, &["eval", "slowly", "--json"]);
    let kept = checkpoints(at, "slowly");
    assert!(!kept.is_empty());
    let before = fs::read(kept.last().expect("one")).expect("a checkpoint");
    let again = run(at, &["train", "--quiet", "--resume=slowly"]);
    assert_eq!((again.status.code(), err(&again)), (Some(3), err(&output)), "it goes the same way again");
    assert!(fs::read(kept.last().expect("one")).expect("kept") == before);
}

#[test]
fn how_often_a_checkpoint_is_written_can_be_said_in_steps_epochs_and_time() {
    let folder = small();
    let at = folder.path();
    for wrong in [
        "5",
        "5sss",
        "5hs",
        "0steps",
        "-1steps",
        "steps",
        "5parsecs",
        "1.5h",
        "99999999999999999999steps",
        "99999999999999999h",
        "",
    ] {
        let every = format!("--checkpoint-every={wrong}");
        refused(&run(at, &["train", "--data=small", &every]), 2, &["--checkpoint-every", "50steps, 2epochs, 30sec"]);
    }
    // Of 2 epochs of 5 steps, the newest two: the last one is always there.
    for (every, before) in [("3steps", "epoch-2-step-4"), ("1 step", "epoch-2-step-5"), ("1epoch", "epoch-2-step-0")] {
        let every = ["--data=small", "--epochs=2", "--batch-size=60", "--checkpoint-every", every];
        train(at, "run", &every);
        let names =
            checkpoints(at, "run").iter().map(|path| path.file_stem().expect("a name").to_owned()).collect::<Vec<_>>();
        assert_eq!(names, [before, "epoch-3-step-0"]);
        fs::remove_dir_all(at.join("run")).expect("removed");
    }
    for every in ["2epochs", "1h", "5min", "90sec", "30s"] {
        train(at, "run", &["--data=small", "--epochs=2", "--batch-size=60", "--checkpoint-every", every]);
        assert_eq!(checkpoints(at, "run").len(), 1, "{every}");
        fs::remove_dir_all(at.join("run")).expect("removed");
    }
}

/// A run that finds no room, or is denied something, for a moment: the next state is written at once.
#[test]
fn a_checkpoint_that_cannot_be_written_is_told_and_tried_once_more() {
    let folder = small();
    let at = folder.path();
    let settings = ["train", "--json", "--data=small", "--epochs=2", "--batch-size=60", "--checkpoint-every=1step"];
    let settings = [&settings[..], &["--quiet", "--out"]].concat();
    let whole = json(at, &[&settings[..], &["whole"]].concat());
    let with_fault = |fault: &str| {
        let _ = fs::remove_dir_all(at.join("run"));
        let mut command = handgrad(at);
        command.args(&settings).arg("run").env("HANDGRAD_FAULT", fault).output().expect("it starts")
    };
    let mut tried_again = 0;
    for nth in (5..40).step_by(3) {
        let output = with_fault(&format!("sync:{nth}:denied"));
        if err(&output).contains("could not be written, so it is tried once more: run/checkpoint") {
            tried_again += 1;
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(report["weights_sha256"], whole["weights_sha256"]);
            assert_eq!(checkpoints(at, "run").len(), 2);
        }
    }
    assert!(tried_again > 3, "{tried_again}");
    // Where there is no room for long, the second failure in a row ends it, and what was there stays.
    let output = with_fault("sync:20:full");
    refused(&output, 1, &["tried once more", "no checkpoint could be written; the one before it is as it was"]);
    assert!(!checkpoints(at, "run").is_empty());
}

/// What is named like a checkpoint and is no file is none; a file that cannot be read is not taken for damaged.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_checkpoint_and_what_cannot_be_read_is_not_replaced() {
    let folder = small();
    let at = folder.path();
    let whole = unfinished(at, "run");
    let pipe = at.join("run/checkpoint/epoch-9-step-0.checkpoint");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    fs::create_dir(at.join("run/checkpoint/epoch-1-step-1.checkpoint")).expect("a folder");
    // Reading the pipe would take for ever.
    let checkpoint_files = || -> Vec<_> {
        let entries = fs::read_dir(at.join("run/checkpoint")).expect("a folder");
        let mut kept: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        kept.retain(|path| path.is_file() && !path.ends_with("lock"));
        kept.sort();
        kept.into_iter().map(|path| (path.clone(), fs::read(path).expect("a checkpoint"))).collect()
    };
    let before = checkpoint_files();
    for nth in 1..60 {
        let mut command = handgrad(at);
        command.args(["train", "--json", "--quiet", "--resume=run"]);
        let output = command.env("HANDGRAD_FAULT", format!("read:{nth}:denied")).output().expect("it starts");
        if err(&output).contains(".checkpoint: reading failed") {
            assert_eq!(output.status.code(), Some(1), "{}", err(&output));
            assert!(checkpoint_files() == before, "nothing is replaced");
            assert_eq!(resume(at, "run", &[])["weights_sha256"], whole["weights_sha256"]);
            return;
        }
    }
    panic!("no read of a checkpoint failed");
}

/// Whatever the path of the run, of the data, or of where the command is given.
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
    // The first command line, with --resume for --out.
    assert_eq!(resume(at, "one/run", &settings)["weights_sha256"], whole["weights_sha256"]);
    stop("one/run");
    fs::rename(at.join("one"), at.join("two")).expect("moved");
    refused(&run(at, &["train", "--resume=two/run"]), 1, &["one/small", "if it lies elsewhere now", "--data"]);
    assert_eq!(resume(at, "two/run", &["--data=two/small"])["weights_sha256"], whole["weights_sha256"]);
    stop("two/run");
    assert_eq!(resume(at, "two/run", &[])["weights_sha256"], whole["weights_sha256"], "config.toml says where");
    // Another name is no other place.
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

#[test]
fn a_start_that_is_refused_or_fails_leaves_nothing() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--data=small", "--epochs=1"]);
    fs::remove_dir_all(at.join("run/checkpoint")).expect("removed");
    let before = files(at);
    refused(&run(at, &["train", "--resume=run"]), 1, &["has a model and no checkpoint", "--config"]);
    assert!(before == files(at) && !at.join("run/checkpoint").exists());
    let mut command = handgrad(at);
    command.args(["train", "--data=small", "--epochs=1"]).env("HANDGRAD_FAULT", "rename:1:denied");
    refused(&command.output().expect("it starts"), 1, &["config.toml", "renaming"]);
    assert!(fs::read_dir(at.join("runs")).expect("a folder").next().is_none(), "no folder is taken");
    // A file that another process is writing where a run begins.
    fs::create_dir(at.join("else")).expect("a folder");
    fs::write(at.join("else/.handgrad-abc.part"), "half").expect("written");
    train(at, "else", &["--data=small", "--epochs=1"]);
    assert!(at.join("else/.handgrad-abc.part").exists());
}
