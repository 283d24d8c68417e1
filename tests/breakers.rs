//! Situations in which programs lose work or say nothing: signals, no threads, little memory, pipes, emptied files,
//! hostile names. This file belongs to the package `handgrad-cli`.
#![cfg(unix)]

mod command;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use command::{err, handgrad, json, run, small, train};

/// Starts a long training in `run`, and waits until three epochs are done.
fn long_training(at: &Path) -> (Child, std::thread::JoinHandle<String>) {
    let args = ["train", "--data", "small", "--epochs", "1000000", "--out", "run"];
    let mut child = handgrad(at).args(args).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    assert!(lines.any(|line| line.expect("text").contains("epoch       3/")), "three epochs go by");
    let rest = std::thread::spawn(move || lines.map(|line| line.expect("text") + "\n").collect());
    (child, rest)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
}

/// `timeout` of GNU coreutils sends SIGTERM to the process and at once to its group.
#[test]
fn two_signals_at_once_are_one_request() {
    for second in ["-TERM", "-INT", "-HUP"] {
        let folder = small();
        let at = folder.path();
        let (child, rest) = long_training(at);
        signal(&child, "-TERM");
        signal(&child, second);
        let output = child.wait_with_output().expect("it ends");
        let told = rest.join().expect("the rest is read");
        assert_eq!(output.status.code(), Some(130), "TERM and {second}: {told}");
        assert_eq!(told.matches("stopping after this step").count(), 1, "{told}");
        assert!(at.join("run/model.safetensors").is_file(), "TERM and {second}: there is a model");
        assert!(String::from_utf8_lossy(&output.stdout).contains("handgrad train --resume run"));
        assert!(json(at, &["eval", "run", "--json"])["value"].is_f64());
    }
}

/// The binary for a user for whom the system starts no threads; None if this cannot be set up here.
fn without_threads(at: &Path) -> Option<Command> {
    fs::set_permissions(at, fs::Permissions::from_mode(0o777)).expect("a folder for everybody");
    let limit = ["prlimit", "--nproc=1"];
    let user = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
    let is_root = fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0);
    let words = if is_root { [&user[..], &limit].concat() } else { limit.to_vec() };
    let works =
        Command::new(words[0]).args(&words[1..]).arg("true").output().is_ok_and(|output| output.status.success());
    // The limit does not count for root, and the binary may lie where the other user cannot go.
    let copy = at.join("handgrad-of-everybody");
    fs::copy(env!("CARGO_BIN_EXE_handgrad"), &copy).expect("copied");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("for everybody");
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(copy).current_dir(at).env_remove("HANDGRAD_DATA").stdin(Stdio::null());
    works.then_some(command)
}

#[test]
fn where_no_threads_can_be_started_one_is_enough() {
    let folder = small();
    let at = folder.path();
    train(at, "expected", &["--seed", "3"]);
    let limited =
        |args: &[&str]| without_threads(at).map(|mut command| command.args(args).output().expect("it starts"));
    let settings = ["train", "--data", "small", "--epochs", "2", "--seed", "3", "--checkpoint-every", "1steps"];
    let Some(output) = limited(&[&settings[..], &["--out", "alone", "--json"]].concat()) else {
        eprintln!("skipped: prlimit or setpriv is not here");
        return;
    };
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("one thread"), "{}", err(&output));
    let weights = |run: &str| json(at, &["train", "--resume", run, "--json"])["weights_sha256"].clone();
    assert_eq!(weights("alone"), weights("expected"), "the same bits");
    for args in [
        &["eval", "alone"][..],
        &["encode", "alone", "--out", "codes.npy"],
        &["reconstruct", "alone", "--out", "seen.png"],
        &["interpolate", "alone", "--from", "0", "--to", "1", "--out", "walk.png"],
        &["anomaly", "alone", "--out", "odd.png"],
        &["gradcheck", "dense"],
    ] {
        let output = limited(args).expect("as before");
        assert!(output.status.success(), "{args:?}: {}", err(&output));
        assert!(!err(&output).contains("panicked"), "{args:?}: {}", err(&output));
    }
}

#[test]
fn the_number_of_threads_in_the_environment_has_a_bound() {
    let folder = small();
    let at = folder.path();
    let with = |threads: &str| {
        handgrad(at)
            .args(["data", "info", "small/t10k-images-idx3-ubyte.gz"])
            .env("RAYON_NUM_THREADS", threads)
            .output()
    };
    for (threads, code) in
        [("2", 0), ("0", 0), ("", 0), ("1024", 0), ("1025", 2), ("100000", 2), ("many", 2), ("-1", 2)]
    {
        let output = with(threads).expect("it starts");
        assert_eq!(output.status.code(), Some(code), "{threads}: {}", err(&output));
        assert!(code == 0 || err(&output).contains("from 1 to 1024"), "{threads}: {}", err(&output));
    }
}

/// A control group with a limit, below the group of this process. It is removed at the end.
struct Group(Vec<std::path::PathBuf>);

impl Group {
    fn new(bytes: u64) -> Option<Self> {
        let name = format!("handgrad-test-{}", std::process::id());
        let root = Path::new("/sys/fs/cgroup");
        let (folder, limit) = match root.join("cgroup.controllers").exists() {
            true => (root.join(name), "memory.max"),
            false => (root.join("memory").join(name), "memory.limit_in_bytes"),
        };
        fs::create_dir(&folder).ok()?;
        let group = Self(vec![folder.clone()]);
        fs::write(folder.join(limit), bytes.to_string()).ok()?;
        Some(group)
    }

    /// Runs the binary in this group.
    fn run(&self, at: &Path, args: &[&str]) -> Output {
        let script = format!("echo $$ > {}/cgroup.procs; exec \"$0\" \"$@\"", self.0[0].display());
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_handgrad")).args(args);
        command.current_dir(at).env_remove("HANDGRAD_DATA").stdin(Stdio::null()).output().expect("it starts")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.0 {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Without the limit's being seen, the process is killed without a word.
#[test]
fn the_memory_limit_of_a_control_group_is_seen() {
    let folder = small();
    let at = folder.path();
    let Some(group) = Group::new(200 << 20) else {
        eprintln!("skipped: no control group can be made here");
        return;
    };
    let training = ["train", "--data", "small", "--epochs", "1", "--quiet", "--out"];
    let fits = group.run(at, &[&training[..], &["fits"]].concat());
    assert!(fits.status.success(), "{}", err(&fits));
    // 784·20,000·2 weights take 125 MB, and Adam and a checkpoint several times as much.
    let large = group.run(at, &[&training[..], &["large", "--layers", "20000"]].concat());
    assert_eq!(large.status.code(), Some(1), "{:?}: {}", large.status, err(&large));
    assert!(err(&large).contains("memory"), "{}", err(&large));
    assert!(!at.join("large").exists());
    // 300 MB of samples.
    let header = [0, 0, 8, 3, 0, 5, 0xbe, 0x86, 0, 0, 0, 28, 0, 0, 0, 28];
    let file = fs::File::create(at.join("large.idx")).expect("made");
    std::io::Write::write_all(&mut &file, &header).expect("written");
    file.set_len(16 + 0x0005_be86 * 784).expect("a file with holes");
    let data = group.run(at, &["train", "--data", "large.idx", "--epochs", "1", "--out", "data"]);
    assert_eq!(data.status.code(), Some(1), "{:?}: {}", data.status, err(&data));
    assert!(err(&data).contains("large.idx") && err(&data).contains("memory"), "{}", err(&data));
}

/// The defaults of a run that was never asked for must not stand in for what a file has lost.
#[test]
fn a_configuration_that_was_emptied_or_cut_short_is_not_resumed() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &[]);
    let config = at.join("run/config.toml");
    let whole = fs::read_to_string(&config).expect("text");
    let half: String = whole.lines().take(whole.lines().count() / 2).map(|line| format!("{line}\n")).collect();
    let last = whole.trim_end().trim_end_matches(|c: char| c.is_ascii_digit()).to_owned() + "1";
    for text in ["", "# a comment\n", "preset = \"basic\"\n", &half, &last] {
        fs::write(&config, text).expect("written");
        let output = run(at, &["train", "--resume", "run"]);
        assert_eq!(output.status.code(), Some(1), "{text:?}: {}", err(&output));
        let message = err(&output);
        assert!(message.contains("config.toml") && message.contains("emptied or cut short"), "{text:?}: {message}");
        assert_eq!(fs::read_to_string(&config).expect("text"), text, "nothing is overwritten");
    }
    fs::write(&config, whole).expect("written");
    assert!(run(at, &["train", "--resume", "run"]).status.success());
}

/// `--data <(zcat x.idx.gz)`: the shell gives a name in /dev/fd, which is read once.
#[test]
fn data_may_come_from_a_pipe() {
    let folder = small();
    let at = folder.path();
    let through_a_pipe = |args: &str| {
        let mut command = Command::new("sh");
        let script = format!("cat small/t10k-images-idx3-ubyte.gz | \"$0\" {args}");
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_handgrad")).current_dir(at).env_remove("HANDGRAD_DATA");
        command.output().expect("it starts")
    };
    let output = through_a_pipe("train --data /dev/stdin --epochs 2 --out piped --json");
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("can be read only once"), "{}", err(&output));
    let from_file = ["train", "--data", "small/t10k-images-idx3-ubyte.gz", "--epochs", "2", "--out", "file", "--json"];
    let weights =
        |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("JSON")["weights_sha256"].clone();
    assert_eq!(weights(&output.stdout), weights(&run(at, &from_file).stdout));
    // All samples of a pipe are measured, as of a file, and not the tenth that a training would hold out.
    let output = through_a_pipe("eval file --data /dev/stdin --json");
    assert!(output.status.success(), "{}", err(&output));
    let whole = json(at, &["eval", "file", "--data", "small/t10k-images-idx3-ubyte.gz", "--json"]);
    let piped: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&piped["samples"], &piped["value"]), (&whole["samples"], &whole["value"]));
    // What was read from a pipe is asked for again, and not waited for.
    for args in [&["train", "--resume", "piped", "--epochs", "3"][..], &["eval", "piped"]] {
        let output = through_a_pipe(&args.join(" "));
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", err(&output));
        assert!(err(&output).contains("--data"), "{args:?}: {}", err(&output));
    }
    let garbage = through_a_pipe("train --data /dev/fd/9 --out unused 9< small/t10k-labels-idx1-ubyte.gz");
    assert!(!garbage.status.success() && !err(&garbage).contains("read only once"), "{}", err(&garbage));
}

/// Names of files, columns and classes come from elsewhere: none may move the cursor, hide text or add a line.
#[test]
fn names_reach_a_terminal_without_control_characters() {
    let folder = small();
    let at = folder.path();
    let name = "a\u{1b}[31mred\nerror: forged\r\u{7}.idx";
    fs::copy(at.join("small/t10k-images-idx3-ubyte.gz"), at.join(name)).expect("copied");
    fs::write(at.join("table.csv"), "a,b\n1,\u{1b}[2Jx\n").expect("written");
    let odd_folder = "run\u{1b}[8m\nx";
    for args in [
        &["train", "--data", name, "--epochs", "1", "--out", odd_folder][..],
        &["train", "--data", "no\u{1b}[31m\nsuch.idx", "--out", "unused"],
        &["train", "--data", "table.csv", "--out", "unused"],
        &["train", "--resume", "no\u{1b}[31m\nrun"],
        &["eval", "no\u{1b}[31m\nrun"],
        &["eval", odd_folder],
        &["eval", odd_folder, "--data", name],
        &["data", "info", name],
        &["decode", odd_folder, "no\u{1b}codes.csv", "--out", "x.png"],
        &["reconstruct", odd_folder, "--out", "x\u{1b}[1m\n.png"],
        &["train", "--preset", "no\u{1b}[31m\npreset"],
    ] {
        let output = run(at, args);
        let text = err(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{args:?}: {text:?}");
        let forged =
            text.lines().any(|line| line.starts_with("error: forged") || line == "x" || line.starts_with("such"));
        assert!(!forged, "{args:?}: {text:?}");
    }
    for name in ["y\u{1b}.png", "del\u{7f}c1\u{9b}.png", "line\nfeed.png"] {
        let object = json(at, &["reconstruct", odd_folder, "--out", name, "--json", "--quiet"]);
        assert_eq!(object["picture"], *name, "for programs the name is exact");
    }
}

#[test]
fn a_run_that_still_trains_is_waited_for_and_not_resumed() {
    let folder = small();
    let at = folder.path();
    let (child, rest) = long_training(at);
    for args in [&["eval", "run"][..], &["reconstruct", "run", "--out", "x.png"], &["encode", "run", "--out", "c.csv"]]
    {
        let output = run(at, args);
        assert!(!output.status.success(), "{args:?}");
        let message = err(&output);
        assert!(message.contains("still training") && !message.contains("--resume"), "{args:?}: {message}");
    }
    signal(&child, "-INT");
    child.wait_with_output().expect("it ends");
    rest.join().expect("the rest is read");
    assert!(run(at, &["eval", "run"]).status.success());
    fs::remove_file(at.join("run/model.safetensors")).expect("removed");
    let message = err(&run(at, &["eval", "run"]));
    assert!(message.contains("--resume"), "a run without a model that nobody trains: {message}");
}

/// A picture is no series of several sensors, though both have two dimensions.
#[test]
fn a_picture_does_not_go_into_a_model_of_series() {
    let folder = small();
    let at = folder.path();
    let rows: String = (0..200).map(|t| format!("{},{},{}\n", t % 7, (t * 3) % 11, (t * 5) % 13)).collect();
    fs::write(at.join("sensors.csv"), format!("a,b,c\n{rows}")).expect("written");
    let series = ["--data", "sensors.csv", "--window", "8", "--scale", "min-max", "--epochs", "1", "--layers", "4"];
    for (model, out) in [("sequence", "lstm"), ("dense", "dense")] {
        let settings = ["train", "--model", model, "--loss", "mse", "--out", out];
        let output = run(at, &[&settings[..], &series].concat());
        assert!(output.status.success(), "{}", err(&output));
    }
    train(at, "images", &["--preset", "lstm", "--epochs", "1"]);
    assert!(run(at, &["reconstruct", "images", "--out", "picture.png"]).status.success());
    for run_folder in ["lstm", "dense", "lstm/model.safetensors"] {
        let output = run(at, &["denoise", run_folder, "picture.png", "--out", "clean.png"]);
        assert_eq!(output.status.code(), Some(1), "{run_folder}: {}", err(&output));
        assert!(err(&output).contains("not images") && !at.join("clean.png").exists(), "{}", err(&output));
    }
    let output = run(at, &["denoise", "images", "picture.png", "--out", "clean.png"]);
    assert!(output.status.success(), "a recurrent model of images reads them line by line: {}", err(&output));
}

/// Columns of codes are found by their names.
#[test]
fn codes_are_decoded_in_the_order_of_their_header() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "3"]);
    let decoded = |name: &str, text: &str| {
        fs::write(at.join(format!("{name}.csv")), text).expect("written");
        let [codes, out] = [format!("{name}.csv"), format!("{name}.npy")];
        let output = run(at, &["decode", "run", &codes, "--out", &out]);
        (fs::read(at.join(out)).ok(), err(&output))
    };
    let (expected, _) = decoded("plain", "z0,z1,z2\n1,2,3\n4,5,6\n");
    assert!(expected.is_some());
    for (name, text) in [
        ("shuffled", "z2,z0,z1\n3,1,2\n6,4,5\n"),
        ("labelled", "z1,label,z0,z2\n2,7,1,3\n5,8,4,6\n"),
        ("capitals", "Z1,Z0,Z2\n2,1,3\n5,4,6\n"),
        ("unnamed", "1,2,3\n4,5,6\n"),
        ("others", "first,second,third\n1,2,3\n4,5,6\n"),
    ] {
        let (found, message) = decoded(name, text);
        assert_eq!(found, expected, "{name}: {message}");
    }
    // Below a header, a row of 0, 1, 2 is a code and not another header.
    let (numbered, _) = decoded("numbered", "z0,z1,z2\n0,1,2\n4,5,6\n");
    assert_eq!(numbered.map(|bytes| bytes.len()), expected.map(|bytes| bytes.len()), "two samples");
    for (name, text, words) in [
        ("twice", "z0,z1,z1\n1,2,3\n", "the column z1 twice"),
        ("missing", "z0,z1,z3\n1,2,3\n", "no column z2"),
        ("foreign", "z0,z1,x2\n1,2,3\n", "no column z2"),
    ] {
        let (found, message) = decoded(name, text);
        assert!(found.is_none() && message.contains(words), "{name}: {message}");
    }
}

/// A weight that no 32-bit number has is what is wrong, and not the data.
#[test]
fn a_penalty_that_is_too_heavy_is_refused_by_its_name() {
    let folder = small();
    let at = folder.path();
    for (settings, name) in [
        (&["--preset", "vae", "--beta", "1e38"][..], "beta is 1e38"),
        (&["--l1", "1e38"], "l1 is 1e38"),
        (&["--sparsity", "0.05", "--sparsity-weight", "1e38"], "sparsity_weight is 1e38"),
        (&["--l1=-1"], "l1 is -1"),
    ] {
        let output = run(at, &[&["train", "--data", "small", "--out", "unused"], settings].concat());
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains(name) && !err(&output).contains("data"), "{}", err(&output));
        assert!(!at.join("unused").exists());
    }
}
