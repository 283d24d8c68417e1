//! The disk fails at every single thing that a command does with it, and is full, and is gone. Whatever it was: no panic, no
//! success told of what was not written, nothing older touched, nothing half left, and what was begun can be gone on with to the
//! same bits. This file belongs to the package `handgrad`, whose binary it needs.

mod command;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use command::{err, files, handgrad, json, run};
use handgrad_dataset::disk::fault::{Failure, Operation, VARIABLE};

type Files = Vec<(PathBuf, Vec<u8>)>;

/// Every kind of fault that there is, as `write`, `full`. There is no room only where room is needed.
fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = Operation::ALL.into_iter().flat_map(|operation| Failure::ALL.map(|failure| (operation, failure)));
    let possible = all.filter(|((_, operation), (_, failure))| match failure {
        Failure::Denied => true,
        Failure::Full => !matches!(operation, Operation::Read | Operation::Remove),
        Failure::Short => matches!(operation, Operation::Read | Operation::Write),
    });
    possible.map(|((operation, _), (failure, _))| (operation, failure))
}

/// Runs a command with each fault in turn, until there are no more operations that could fail; `prepare` comes before each run, and
/// `after` is told of the fault and of how the command ended. Gives the number of faults that came about.
fn exhaust(at: &Path, args: &[&str], prepare: impl Fn(), after: impl Fn(&str, &Output)) -> usize {
    let mut count = 0;
    for (operation, failure) in faults() {
        for nth in 1.. {
            prepare();
            let fault = format!("{operation}:{nth}:{failure}");
            let output = handgrad(at).args(args).env(VARIABLE, &fault).output().expect("the binary starts");
            let text = err(&output);
            assert!(!text.contains("panicked"), "{fault}: {text}");
            let came_about = text.contains("fault: Fault");
            if !output.status.success() {
                assert!(came_about && output.status.code() == Some(1), "{fault}: {text}");
                assert_eq!(text.matches("error: ").count(), 1, "{fault}: {text}");
                assert!(output.stdout.is_empty(), "{fault}: success is told, and {text}");
                let words = ["permission denied", "no storage space"];
                assert!(words.iter().any(|word| text.contains(word)), "{fault}: {text}");
            }
            let left: Vec<_> = files(at).into_iter().map(|file| file.0).collect();
            assert!(left.iter().all(|path| !path.to_string_lossy().contains(".part")), "{fault}: {left:?} {text}");
            after(&fault, &output);
            if !came_about {
                break;
            }
            count += 1;
        }
    }
    count
}

fn sha(report: &serde_json::Value) -> String {
    report["weights_sha256"].as_str().expect("a hash").to_string()
}

/// What `--json` tells.
fn report(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", err(output)))
}

/// A folder with a small data set, `tiny`, and a run on it, `whole`, which took these arguments. It has several checkpoints.
fn folder_with_a_run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let drawn = run(at, &["data", "synthesize", "--out", "tiny", "--train", "20", "--validation", "4"]);
    assert!(drawn.status.success(), "{}", err(&drawn));
    json(at, &[TRAIN, &["--out=whole"]].concat());
    folder
}

const TRAIN: &[&str] = &[
    "train",
    "--data=tiny",
    "--layers=3",
    "--epochs=2",
    "--batch-size=10",
    "--checkpoint-every=1step",
    "--json",
    "--quiet",
];

/// Files whose bytes hang on no clock and no process.
fn lasting(folder: &Path) -> Files {
    let told = |path: &Path| path.ends_with("metrics.csv") || path.ends_with("checkpoint/lock");
    let mut all = files(folder);
    all.retain(|(path, _)| !told(path) && path.extension().is_none_or(|end| end != "checkpoint"));
    all.into_iter().map(|(path, bytes)| (path.strip_prefix(folder).expect("below").to_owned(), bytes)).collect()
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("removed");
    }
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let place = to.join(path.strip_prefix(from).expect("below"));
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, bytes).expect("copied");
    }
}

/// Ends what was begun in `run`, and holds it against the whole run.
fn goes_on(at: &Path, fault: &str) {
    let begun = at.join("run/config.toml").exists();
    let command: Vec<&str> =
        if begun { vec!["train", "--resume=run", "--json", "--quiet"] } else { [TRAIN, &["--out=run"]].concat() };
    let output = run(at, &command);
    assert!(output.status.success(), "after {fault}, begun: {begun}: {}", err(&output));
    same_as_whole(at, fault);
}

fn same_as_whole(at: &Path, fault: &str) {
    let (whole, again) = (lasting(&at.join("whole")), lasting(&at.join("run")));
    let names = |files: &Files| files.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&whole), names(&again), "after {fault}");
    for (whole, again) in whole.iter().zip(&again) {
        assert!(whole == again, "after {fault}: {} differs", whole.0.display());
    }
}

#[test]
fn every_fault_of_a_training_can_be_gone_on_from() {
    let folder = folder_with_a_run();
    let at = folder.path();
    let before = [files(&at.join("tiny")), files(&at.join("whole"))];
    let count = exhaust(
        at,
        &[TRAIN, &["--out=run"]].concat(),
        || remove(&at.join("run")),
        |fault, output| {
            assert!(before == [files(&at.join("tiny")), files(&at.join("whole"))], "{fault}: older files changed");
            if output.status.success() {
                same_as_whole(at, fault);
            }
            // What stops in the middle writes its model, as after Ctrl-C.
            let model = fs::read(at.join("run/model.safetensors")).ok();
            let whole = model.is_none_or(|bytes| handgrad_models::file::decode(&bytes).is_ok());
            assert!(whole, "{fault}: half a model");
            goes_on(at, fault);
        },
    );
    let _ = writeln!(std::io::stderr(), "train: {count} faults");
    assert!(count > 100, "{count}");
}

#[test]
fn every_fault_of_a_resumed_training_leaves_the_older_checkpoint() {
    let folder = folder_with_a_run();
    let at = folder.path();
    // As a kill in the last epoch leaves it.
    copy(&at.join("whole"), &at.join("stopped"));
    for name in ["model.safetensors", "reconstructions.png", "loss.svg", "checkpoint/epoch-3-step-0.checkpoint"] {
        fs::remove_file(at.join("stopped").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let prepare = || {
        remove(&at.join("run"));
        copy(&at.join("stopped"), &at.join("run"));
    };
    let before = [files(&at.join("tiny")), files(&at.join("whole"))];
    let count = exhaust(at, &["train", "--resume=run", "--json", "--quiet"], prepare, |fault, output| {
        assert!(before == [files(&at.join("tiny")), files(&at.join("whole"))], "{fault}: older files changed");
        if output.status.success() {
            same_as_whole(at, fault);
        }
        assert!(at.join("run/config.toml").exists(), "{fault}");
        goes_on(at, fault);
    });
    let _ = writeln!(std::io::stderr(), "train --resume: {count} faults");
    assert!(count > 60, "{count}");
}

/// Commands that read a run, and write a file beside it or none.
#[test]
fn every_fault_of_what_uses_a_run_is_told_and_leaves_no_file() {
    let folder = folder_with_a_run();
    let at = folder.path();
    for (args, out) in [
        (&["eval", "whole", "--json"][..], None),
        (&["reconstruct", "whole", "--out=out.png", "--json"], Some("out.png")),
        (&["encode", "whole", "--out=out.npy", "--json"], Some("out.npy")),
        (&["data", "synthesize", "--out=drawn", "--train=3", "--validation=2"], None),
    ] {
        let good = run(at, args);
        assert!(good.status.success(), "{}", err(&good));
        let written = out.map(|out| fs::read(at.join(out)).expect("written"));
        let drawn = files_in(&at.join("drawn"));
        let prepare = || {
            remove(&at.join("drawn"));
            let _ = out.map(|out| fs::remove_file(at.join(out)));
        };
        let before = [files(&at.join("tiny")), files(&at.join("whole"))];
        let count = exhaust(at, args, prepare, |fault, output| {
            assert!(before == [files(&at.join("tiny")), files(&at.join("whole"))], "{fault}: older files changed");
            let now = out.and_then(|out| fs::read(at.join(out)).ok());
            if output.status.success() {
                assert_eq!(output.stdout, good.stdout, "{fault}");
                assert!(now == written && drawn == files_in(&at.join("drawn")), "{fault}: not all is written");
            }
            assert!(now.is_none() || now == written, "{fault}: half a file");
            assert!(files_in(&at.join("drawn")).iter().all(|file| drawn.contains(file)), "{fault}: half a file");
        });
        let _ = writeln!(std::io::stderr(), "{}: {count} faults", args[0]);
        assert!(count > 10, "{args:?}: {count}");
    }
}

fn files_in(folder: &Path) -> Files {
    if folder.exists() { files(folder) } else { Vec::new() }
}

#[test]
fn a_fault_that_there_is_not_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for wrong in ["", "write", "write:0:full", "write:1:gone", "eat:1:full", "write:x:full"] {
        let output = handgrad(folder.path()).args(["data", "list"]).env(VARIABLE, wrong).output().expect("it starts");
        assert!(output.status.code() == Some(1) && err(&output).contains("write:7:full"), "{}", err(&output));
    }
}

/// Mounted, until it is dropped; where it cannot be mounted, None, and the test says that it was skipped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, kib: usize) -> Option<Self> {
        fs::create_dir_all(&at).expect("a folder");
        let disk = Self(at);
        disk.set(kib, false).then_some(disk)
    }

    fn set(&self, kib: usize, again: bool) -> bool {
        let options = format!("{}size={kib}k", if again { "remount," } else { "" });
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&self.0).stdout(Stdio::null()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).stderr(Stdio::null()).status();
    }
}

/// A disk with room for so much, from nothing to everything, in steps of a page.
#[test]
fn a_full_disk_is_told_and_once_there_is_room_the_run_goes_on() {
    let folder = folder_with_a_run();
    let at = folder.path();
    let mut full = 0;
    for kib in (4..).step_by(8) {
        let Some(disk) = SmallDisk::mount(at.join("disk"), kib) else {
            let _ = writeln!(std::io::stderr(), "skipped: a small disk cannot be mounted here");
            return;
        };
        let output = run(at, &[TRAIN, &["--out=disk/run"]].concat());
        let text = err(&output);
        assert!(
            !text.contains("panicked") && (output.status.success() || output.stdout.is_empty()),
            "{kib} KiB: {text}"
        );
        if output.status.success() {
            assert!(full > 5, "{full}");
            break;
        }
        full += 1;
        assert!(output.status.code() == Some(1) && text.contains("No space left"), "{kib} KiB: {text}");
        assert!(files(&disk.0).iter().all(|(path, _)| !path.to_string_lossy().contains(".part")), "{kib} KiB: {text}");
        assert!(disk.set(100_000, true), "room is made");
        let begun = disk.0.join("run/config.toml").exists();
        let resume: &[&str] = &["train", "--resume=disk/run", "--json", "--quiet"];
        let output = run(at, &if begun { resume.to_vec() } else { [TRAIN, &["--out=disk/run"]].concat() });
        assert!(output.status.success(), "{kib} KiB: {}", err(&output));
        let whole = json(at, &["eval", "whole", "--json"]);
        assert_eq!(whole["value"], json(at, &["eval", "disk/run", "--json"])["value"]);
        assert!(lasting(&at.join("whole")) == lasting(&disk.0.join("run")), "{kib} KiB: {}", sha(&report(&output)));
    }
    let _ = writeln!(std::io::stderr(), "full disk: {full} sizes");
}

#[test]
fn a_folder_that_vanishes_while_training_is_told() {
    let folder = folder_with_a_run();
    let at = folder.path();
    let args = ["train", "--data=tiny", "--layers=3", "--epochs=100000", "--checkpoint-every=20epochs", "--out=gone"];
    let mut child = handgrad(at).args(args).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    assert!(lines.any(|line| line.contains("epoch") && line.contains("2/100000")), "two epochs go by");
    // A checkpoint that is written meanwhile is in the way.
    while fs::remove_dir_all(at.join("gone")).is_err() {}
    let text = lines.collect::<Vec<_>>().join("\n");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let error = text.split("error: ").nth(1).unwrap_or_else(|| panic!("no error: {text}"));
    assert!(error.contains("gone") && !text.contains("panicked") && output.stdout.is_empty(), "{text}");
    assert!(!at.join("gone").exists(), "it is not made again without what was in it");
}
