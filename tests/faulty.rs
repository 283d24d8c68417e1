//! Commands on a disk that fails, one file operation after the other.
#![allow(dead_code, reason = "each test file about faults uses some of these functions")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use handgrad_files::fault::{Failure, Operation, VARIABLE};

use crate::command::{err, files, handgrad, json, run};

pub type Files = Vec<(PathBuf, Vec<u8>)>;

/// Every kind of fault, as `write`, `full`. The fault `full` exists only for operations that need room.
pub fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = Operation::ALL.into_iter().flat_map(|operation| Failure::ALL.map(|failure| (operation, failure)));
    let possible = all.filter(|((_, operation), (_, failure))| match failure {
        Failure::Denied => true,
        Failure::Full => !matches!(operation, Operation::Read | Operation::Remove),
        Failure::Short => matches!(operation, Operation::Read | Operation::Write),
    });
    possible.map(|((operation, _), (failure, _))| (operation, failure))
}

/// Runs a command with each fault in turn, until no more operations could fail. `prepare` runs before each command;
/// `after` gets the fault and the output of the command. Returns the number of faults that occurred.
pub fn exhaust(at: &Path, args: &[&str], prepare: impl Fn(), after: impl Fn(&str, &Output)) -> usize {
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

/// The report that `--json` prints.
pub fn report(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", err(output)))
}

/// A folder with a small data set `tiny`, and a run on it with these arguments, `whole`. The run has several
/// checkpoints.
pub fn folder_with_a_run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let drawn = run(at, &["data", "synthesize", "--out", "tiny", "--train", "20", "--validation", "4"]);
    assert!(drawn.status.success(), "{}", err(&drawn));
    json(at, &[TRAIN, &["--out=whole"]].concat());
    folder
}

pub const TRAIN: &[&str] = &[
    "train",
    "--data=tiny",
    "--layers=3",
    "--epochs=2",
    "--batch-size=10",
    "--checkpoint-every=1step",
    "--no-report",
    "--json",
    "--quiet",
];

pub fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("removed");
    }
}
