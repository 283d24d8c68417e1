//! The disk fails at every single file operation of a command, is full, or disappears. In all cases: no panic, no
//! success reported for files that were not written, older files unchanged, no unfinished files, and the run can be
//! continued to the same bits. This file belongs to the package `handgrad`, whose binary it needs.

mod command;
mod faulty;
mod runs;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use command::{err, files, handgrad, json, run};
use faulty::{Files, TRAIN, exhaust, folder_with_a_run, remove, report};
use handgrad_files::fault::VARIABLE;
use handgrad_trainer::checkpoint;
use runs::checkpoints;

/// A page contains times, so there is none where runs are compared.
const RESUME: &[&str] = &["train", "--resume=run", "--no-report", "--json", "--quiet"];

fn sha(report: &serde_json::Value) -> String {
    report["weights_sha256"].as_str().expect("a hash").to_string()
}

/// Files whose bytes depend neither on the time nor on the process.
fn lasting(folder: &Path) -> Files {
    let told = |path: &Path| path.ends_with("metrics.csv") || path.ends_with("checkpoint/lock");
    let mut all = files(folder);
    all.retain(|(path, _)| !told(path) && path.extension().is_none_or(|end| end != "checkpoint"));
    all.into_iter().map(|(path, bytes)| (path.strip_prefix(folder).expect("below").to_owned(), bytes)).collect()
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let place = to.join(path.strip_prefix(from).expect("below"));
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, bytes).expect("copied");
    }
}

/// Finishes the run in `run`, and compares it with the whole run.
fn goes_on(at: &Path, fault: &str) {
    let begun = at.join("run/config.toml").exists();
    let command: Vec<&str> = if begun { RESUME.to_vec() } else { [TRAIN, &["--out=run"]].concat() };
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
            // A run that stops in the middle writes its model, as after Ctrl-C.
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
    // The state that a kill in the last epoch leaves.
    copy(&at.join("whole"), &at.join("stopped"));
    for name in ["model.safetensors", "reconstructions.png", "loss.svg", "checkpoint/epoch-3-step-0.checkpoint"] {
        fs::remove_file(at.join("stopped").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let prepare = || {
        remove(&at.join("run"));
        copy(&at.join("stopped"), &at.join("run"));
    };
    let before = [files(&at.join("tiny")), files(&at.join("whole"))];
    let count = exhaust(at, RESUME, prepare, |fault, output| {
        assert!(before == [files(&at.join("tiny")), files(&at.join("whole"))], "{fault}: older files changed");
        if output.status.success() {
            same_as_whole(at, fault);
        }
        assert!(at.join("run/config.toml").exists(), "{fault}");
        // Either the checkpoint that existed before, or a later one: older ones are kept until a newer one has been
        // read back.
        let whole = |path: &Path| checkpoint::about(&fs::read(path).expect("a checkpoint")).is_ok();
        let kept: Vec<_> = checkpoints(at, "run").into_iter().filter(|path| whole(path)).collect();
        assert!(
            kept.last()
                >= checkpoints(at, "stopped")
                    .last()
                    .map(|path| at.join("run/checkpoint").join(path.file_name().expect("a name")))
                    .as_ref(),
            "{fault}: {kept:?}"
        );
        goes_on(at, fault);
    });
    let _ = writeln!(std::io::stderr(), "train --resume: {count} faults");
    assert!(count > 60, "{count}");
}

#[test]
fn every_fault_of_a_page_is_a_note_and_leaves_a_whole_page_or_none() {
    let folder = folder_with_a_run();
    let at = folder.path();
    let prepare = || {
        remove(&at.join("run"));
        copy(&at.join("whole"), &at.join("run"));
    };
    let resume = ["train", "--resume=run", "--json", "--quiet"];
    let page = || fs::read_to_string(at.join("run/report.html")).ok();
    prepare();
    json(at, &resume);
    let whole = page().expect("a page");
    let notes = std::cell::Cell::new(0);
    exhaust(at, &resume, prepare, |fault, output| {
        let told = err(output).contains("report.html was not written");
        notes.set(notes.get() + usize::from(told));
        assert!(page().is_none_or(|page| page == whole), "{fault}: a part of a page");
        let advised = !told || err(output).contains("to write it: handgrad report run");
        assert!(advised && (!output.status.success() || told || page().is_some()), "{fault}: {}", err(output));
        let others = |run: &str| {
            let mut files = lasting(&at.join(run));
            files.retain(|(path, _)| path != Path::new("report.html"));
            files
        };
        assert!(others("run") == others("whole"), "{fault}");
    });
    assert!(notes.get() > 5, "{}", notes.get());
}

#[test]
fn a_fault_that_there_is_not_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for wrong in ["", "write", "write:0:full", "write:1:gone", "eat:1:full", "write:x:full"] {
        let output = handgrad(folder.path()).args(["data", "list"]).env(VARIABLE, wrong).output().expect("it starts");
        assert!(output.status.code() == Some(1) && err(&output).contains("write:7:full"), "{}", err(&output));
    }
}

/// A small mounted disk, unmounted on drop. If it cannot be mounted: None, and the test says that it was skipped.
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

/// A disk with room for a given number of bytes, from nothing to everything, in steps of a page.
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
        let resume: &[&str] = &["train", "--resume=disk/run", "--no-report", "--json", "--quiet"];
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
    // A checkpoint that is written at the same time can make the removal fail.
    while fs::remove_dir_all(at.join("gone")).is_err() {}
    let text = lines.collect::<Vec<_>>().join("\n");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let error = text.split("error: ").nth(1).unwrap_or_else(|| panic!("no error: {text}"));
    assert!(error.contains("gone") && !text.contains("panicked") && output.stdout.is_empty(), "{text}");
    assert!(!at.join("gone").exists(), "it is not made again without what was in it");
}
