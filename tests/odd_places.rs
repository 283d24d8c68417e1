//! Links, pipes, names that are not valid Unicode, and file modes, in the places of input and output files. This file
//! belongs to the package `handgrad`, whose binary it needs.
#![cfg(unix)]

mod command;
mod runs;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use command::{err, files, handgrad, json, run, small};
use runs::{refused, resume, train, unfinished};

fn pipe(at: &Path) {
    assert!(Command::new("mkfifo").arg(at).status().expect("mkfifo is there").success());
}

/// Runs a command that must not wait for anything.
fn within_a_minute(at: &Path, args: &[&str]) -> Output {
    let mut child = handgrad(at).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let start = Instant::now();
    while child.try_wait().expect("it can be asked").is_none() {
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().expect("killed");
            panic!("{args:?} waits");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("it has ended")
}

/// A folder from somebody else must not make the command write outside it.
#[test]
fn links_in_a_run_folder_are_not_followed() {
    let folder = small();
    let at = folder.path();
    let whole = unfinished(at, "run");
    let victim = at.join("victim");
    let put = |name: &str| {
        fs::write(&victim, "mine").expect("written");
        let link = at.join("run").join(name);
        let _ = fs::remove_file(&link);
        symlink(&victim, link).expect("a link");
    };
    put("checkpoint/lock");
    refused(&run(at, &["train", "--resume=run"]), 1, &["run/checkpoint/lock", "a link or no file; remove it"]);
    assert_eq!(fs::read(&victim).expect("there"), b"mine");
    fs::remove_file(at.join("run/checkpoint/lock")).expect("removed");
    for name in ["metrics.csv", "model.safetensors", "reconstructions.png", "loss.svg"] {
        put(name);
    }
    assert_eq!(resume(at, "run", &[])["weights_sha256"], whole["weights_sha256"]);
    assert_eq!(fs::read(&victim).expect("there"), b"mine");
    assert!(files(&at.join("run")).iter().all(|(path, _)| !path.is_symlink()), "they are files now");
    // The same for the folder of the checkpoints.
    fs::rename(at.join("run/checkpoint"), at.join("elsewhere")).expect("moved");
    symlink(at.join("elsewhere"), at.join("run/checkpoint")).expect("a link");
    let before = files(&at.join("elsewhere"));
    refused(&run(at, &["train", "--resume=run"]), 1, &["run/checkpoint: is a link, where a folder was expected"]);
    assert!(files(&at.join("elsewhere")) == before);
    // A link whose target does not exist is not a free place.
    fs::create_dir(at.join("else")).expect("a folder");
    symlink(at.join("nowhere"), at.join("else/model.safetensors")).expect("a link");
    refused(&run(at, &["train", "--data=small", "--out=else"]), 1, &["holds a run already", "model.safetensors"]);
}

#[test]
fn pipes_in_a_run_folder_are_refused_and_not_waited_for() {
    let folder = small();
    let at = folder.path();
    for name in ["metrics.csv", "model.safetensors", "loss.svg", "reconstructions.png", "checkpoint/lock"] {
        let out = format!("run-{}", name.replace('/', "-"));
        unfinished(at, &out);
        let path = at.join(&out).join(name);
        fs::remove_file(&path).expect("removed");
        pipe(&path);
        refused(&within_a_minute(at, &["train", "--quiet", "--resume", &out]), 1, &[name, "no file"]);
    }
    train(at, "run", &["--data=small", "--epochs=1"]);
    pipe(&at.join("pipe.svg"));
    let output = within_a_minute(at, &["anomaly", "run", "--out=odd.png", "--chart=pipe.svg"]);
    refused(&output, 1, &["pipe.svg", "is no SVG"]);
    // A folder with the name of an unfinished file.
    fs::create_dir(at.join("run/.handgrad-mine.part")).expect("a folder");
    resume(at, "run", &[]);
}

#[test]
fn what_a_user_names_may_be_a_link_and_keeps_its_mode() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--data=small", "--epochs=1"]);
    json(at, &["reconstruct", "run", "--out=picture.png", "--count=1", "--json"]);
    let before = fs::read(at.join("picture.png")).expect("a picture");
    fs::set_permissions(at.join("picture.png"), fs::Permissions::from_mode(0o600)).expect("closed to others");
    symlink("picture.png", at.join("link.png")).expect("a link");
    json(at, &["reconstruct", "run", "--out=link.png", "--count=2", "--json"]);
    assert!(at.join("link.png").is_symlink() && fs::read(at.join("picture.png")).expect("a picture") != before);
    let mode = fs::metadata(at.join("picture.png")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "its mode");
    symlink("nowhere.png", at.join("lost.png")).expect("a link");
    refused(&run(at, &["reconstruct", "run", "--out=lost.png"]), 1, &["lost.png", "a link that leads nowhere"]);
    refused(&run(at, &["split", "run", "--encoder=lost.png"]), 1, &["lost.png", "exists already"]);
}

/// The path `nope/..` does not exist until `nope` exists, and then it may lead to a file.
#[test]
fn what_must_not_be_overwritten_is_not_whatever_it_is_called() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--data=small", "--epochs=1"]);
    json(at, &["encode", "run", "--out=codes.csv", "--json"]);
    fs::write(at.join("notes.png"), "no picture").expect("written");
    let before = files(at);
    for args in [
        &["encode", "run", "--out=nope/../codes.csv"][..],
        &["split", "run", "--encoder=nope/../codes.csv"],
        &["decode", "run", "codes.csv", "--out=nope/../codes.csv", "--out=new.png"],
        &["reconstruct", "run", "--out=nope/../notes.png"],
        &["data", "synthesize", "--out=nope/../small", "--train=3", "--validation=2"],
    ] {
        refused(&run(at, args), 1, &["nope", "leads out of a folder that does not exist"]);
        assert!(before == files(at) && !at.join("nope").exists(), "{args:?}");
    }
    let twice = ["split", "run", "--encoder=one.safetensors", "--decoder=./one.safetensors"];
    refused(&run(at, &twice), 1, &["one.safetensors", "it exists already and is not overwritten"]);
    assert!(before == files(at), "the first one is taken back");
    fs::create_dir(at.join("set")).expect("a folder");
    symlink("nowhere", at.join("set/train-images-idx3-ubyte.gz")).expect("a link");
    let args = ["data", "synthesize", "--out=set", "--train=3", "--validation=2"];
    refused(&run(at, &args), 1, &["train-images-idx3-ubyte.gz", "exists already"]);
}

/// If the system refuses memory, the command reports an error.
#[cfg(target_os = "linux")]
#[test]
fn more_memory_than_there_is_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Signed bytes, which become four bytes each: 200 MB become 800 MB.
    let mut file = fs::File::create(folder.path().join("large.idx")).expect("a file");
    let header = [&[0, 0, 9, 2][..], &200_u32.to_be_bytes(), &1_000_000_u32.to_be_bytes()].concat();
    std::io::Write::write_all(&mut file, &header).expect("written");
    file.set_len(200_000_012).expect("zeros");
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 700000; exec \"$0\" data info large.idx", env!("CARGO_BIN_EXE_handgrad")]);
    let output = shell.current_dir(folder.path()).output().expect("sh is there");
    refused(&output, 1, &["large.idx", "800000000 bytes of memory"]);
}

/// Linux allows any bytes in a name. The names in a run must be text, because its configuration is text.
#[test]
fn names_that_are_no_unicode_work_or_are_refused_at_once() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--data=small", "--epochs=1"]);
    for (command, ending) in [("reconstruct", "png"), ("anomaly", "png"), ("encode", "npy"), ("denoise", "png")] {
        let name = [b"\xff", command.as_bytes(), b".", ending.as_bytes()].concat();
        let mut args = handgrad(at);
        args.args([command, "run", "--json", "--quiet", "--out"]).arg(OsStr::from_bytes(&name));
        if command == "denoise" {
            args.args(["--noise", "gaussian"]);
        }
        let output = args.output().expect("it starts");
        assert!(output.status.success(), "{command}: {}", err(&output));
        assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok(), "{command}");
        assert!(at.join(OsStr::from_bytes(&name)).is_file(), "{command}");
    }
    let odd = at.join(OsStr::from_bytes(b"odd\xff"));
    fs::rename(at.join("small"), &odd).expect("moved");
    let mut args = handgrad(&odd);
    args.args(["train", "--data=.", "--epochs=1", "--out=../new"]);
    refused(&args.output().expect("it starts"), 2, &["odd", "not Unicode text", "rename it"]);
    assert!(!at.join("new").exists());
    let mut args = handgrad(at);
    args.args(["train", "--data=synthetic", "--epochs=1", "--out=new", "--data-dir"]).arg(&odd);
    refused(&args.output().expect("it starts"), 2, &["odd", "not Unicode text", "rename it"]);
}

/// Every configuration that is written can be read.
#[test]
fn settings_that_are_too_long_are_refused_before_anything_is_learnt() {
    let folder = small();
    let at = folder.path();
    let classes = format!("--only-class={}", vec!["1"; 5000].join(","));
    let words = ["the settings take ", "bytes, and a configuration has at most 8192"];
    refused(&run(at, &["train", "--data=small", "--epochs=1", "--out=new", &classes]), 2, &words);
    assert!(!at.join("new").exists());
    // A checkpoint quotes the configuration, and there backslashes take twice the room.
    let name = format!("{}'''", "\\".repeat(200));
    let long = vec![name; 14].join("/");
    fs::create_dir_all(at.join(&long)).expect("a folder");
    let mut args = handgrad(&at.join(&long));
    args.args(["train", "--epochs=1", "--layers=2", "--out=run", "--data=small"]);
    for (path, bytes) in files(&at.join("small")) {
        fs::create_dir_all(at.join(&long).join("small")).expect("a folder");
        fs::write(at.join(&long).join("small").join(path.file_name().expect("a name")), bytes).expect("copied");
    }
    refused(&args.output().expect("it starts"), 2, &["the settings take "]);
    assert!(!at.join(&long).join("run").exists());
}
