//! Runs whose checkpoints are damaged or cannot be written, and runs that diverge. This file belongs to the package
//! `handgrad`, whose binary it needs.

mod command;
mod runs;

use std::fs;
use std::process::Command;

use command::{err, files, handgrad, json, run, small};
use runs::{checkpoints, refused, resume, train, unfinished};

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
        let says = format!("continuing from an earlier one, {name}");
        assert!(output.status.success() && err(&output).contains(&says), "{}", err(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["weights_sha256"], whole["weights_sha256"]);
        assert!(fs::read(newest).expect("written again") != damaged, "and the damaged one is replaced");
    }
    for path in [before, newest] {
        fs::write(path, "nothing").expect("damaged");
    }
    refused(&run(at, &["train", "--resume=run"]), 1, &["epoch-4-step-0", "epoch-3-step-5", "is damaged", "--config"]);
    // Without any checkpoint it starts again, to the same bits.
    for path in [before, newest] {
        fs::remove_file(path).expect("removed");
    }
    refused(&run(at, &["train", "--resume=run"]), 1, &["has a model and no checkpoint", "--config"]);
    fs::remove_file(at.join("run/model.safetensors")).expect("removed");
    let output = run(at, &["train", "--resume=run"]);
    assert!(err(&output).contains("starts from the beginning"), "{}", err(&output));
    assert_eq!(resume(at, "run", &[])["weights_sha256"], whole["weights_sha256"]);
}

/// The error names layer, step, batch and usual cause; the last good checkpoint is kept; the exit code is 3.
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

    // Gradient descent on a linear network with a learning rate several times too large: every step increases the
    // error.
    let slowly =
        ["--optimizer=sgd", "--learning-rate=2000", "--momentum=0.5", "--loss=mse", "--output-activation=linear"];
    let output = run(at, &[&settings[..], &slowly, &["--checkpoint-every=1step", "--out=slowly"]].concat());
    refused(
        &output,
        3,
        &["training diverged in epoch ", "the batch of samples ", "checkpoint is kept, slowly/checkpoint/epoch-"],
    );
    // The weights learnt before can be used.
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
    // For 2 epochs of 5 steps, the newest two checkpoints: one at the end always exists.
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

/// A run that temporarily finds no room, or no permission: the next state is written at once.
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
    // If there is no room for longer, the second failure in a row ends the run, and the files stay as they were.
    let output = with_fault("sync:20:full");
    refused(&output, 1, &["tried once more", "no checkpoint could be written; the previous one is unchanged"]);
    assert!(!checkpoints(at, "run").is_empty());
}

/// Something with the name of a checkpoint that is not a file is ignored; a file that cannot be read is not treated
/// as damaged.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_checkpoint_and_what_cannot_be_read_is_not_replaced() {
    let folder = small();
    let at = folder.path();
    let whole = unfinished(at, "run");
    let pipe = at.join("run/checkpoint/epoch-9-step-0.checkpoint");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    fs::create_dir(at.join("run/checkpoint/epoch-1-step-1.checkpoint")).expect("a folder");
    // Reading the pipe would never end.
    let checkpoint_files = || -> Vec<_> {
        let entries = fs::read_dir(at.join("run/checkpoint")).expect("a folder");
        let mut kept: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        kept.retain(|path| path.is_file() && !path.ends_with("lock"));
        kept.sort();
        kept.into_iter().map(|path| (path.clone(), fs::read(path).expect("a checkpoint"))).collect()
    };
    for nth in 1..60 {
        // Whether the data is a folder of series is looked up without an error, so the run may go on after a fault.
        let before = checkpoint_files();
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
    // A file that another process is writing in the place where a run starts.
    fs::create_dir(at.join("else")).expect("a folder");
    fs::write(at.join("else/.handgrad-abc.part"), "half").expect("written");
    train(at, "else", &["--data=small", "--epochs=1"]);
    assert!(at.join("else/.handgrad-abc.part").exists());
}
