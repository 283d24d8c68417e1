//! Runs that are killed at random moments and resumed end with the same bits as a run that was not killed.
//! `HANDGRAD_KILLS` is the number of runs (default 24), and `HANDGRAD_KILLS_SEED` chooses other moments:
//!
//! ```sh
//! HANDGRAD_KILLS=1000 cargo test -p handgrad --test kill -- --nocapture
//! ```
//!
//! Every run is killed at least once, by SIGKILL, and with a probability of one third again while it resumes. With a
//! checkpoint after every step or two, many kills happen while one is being written. This file belongs to the package
//! `handgrad`, whose binary it needs.
#![cfg(unix)]

mod command;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use command::{err, files, handgrad, metrics, run};

/// The trainings: dense, with everything that a checkpoint has to store; variational; convolutional; recurrent.
const RUNS: [(&str, &[&str]); 5] = [
    ("basic", &["--epochs=3", "--batch-size=12", "--checkpoint-every=1step"]),
    (
        "deep",
        &[
            "--epochs=6",
            "--batch-size=20",
            "--schedule=plateau",
            "--schedule-patience=0",
            "--early-stopping=5",
            "--clip-norm=0.02",
            "--weight-decay=0.1",
            "--validation-split=0.25",
            "--optimizer=sgd",
            "--checkpoint-every=1epoch",
        ],
    ),
    ("vae", &["--epochs=2", "--batch-size=15", "--layers=40,5", "--checkpoint-every=2steps"]),
    ("strided-conv", &["--epochs=2", "--batch-size=15", "--layers=4,3", "--checkpoint-every=1step"]),
    ("lstm", &["--epochs=2", "--batch-size=15", "--layers=10", "--checkpoint-every=2steps"]),
];

/// Pseudo-random fractions in 0..1 (a linear congruential generator with Knuth's constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[(self.roll() * all.len() as f64) as usize]
    }
}

/// The results of a run that was not killed.
struct Whole {
    sha: String,
    metrics: Vec<String>,
    names: Vec<String>,
    seconds: f64,
}

fn sha(output: &Output) -> String {
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", err(output)));
    report["weights_sha256"].as_str().expect("a hash").to_string()
}

/// The files of a run. The number of checkpoints depends on when it was killed, but there are at most two.
fn names(run: &Path) -> Vec<String> {
    let all: Vec<String> =
        files(run).iter().map(|(path, _)| path.strip_prefix(run).expect("below").display().to_string()).collect();
    let (checkpoints, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|name| name.ends_with(".checkpoint"));
    assert!((1..=2).contains(&checkpoints.len()), "{checkpoints:?}");
    others
}

/// The output of the process, which is killed after `after` unless it has already ended.
fn for_a_while(at: &Path, args: &[&str], after: Option<f64>) -> Output {
    let mut child = handgrad(at).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    if let Some(seconds) = after {
        sleep(Duration::from_secs_f64(seconds));
        child.kill().expect("SIGKILL");
    }
    child.wait_with_output().expect("it ends")
}

#[test]
fn killed_runs_end_in_the_same_bits() {
    let number =
        |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"));
    let runs = number("HANDGRAD_KILLS", 24);
    let mut dice = Dice(number("HANDGRAD_KILLS_SEED", 1));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let drawn = run(at, &["data", "synthesize", "--out", "tiny", "--train", "60", "--validation", "20"]);
    assert!(drawn.status.success(), "{}", err(&drawn));
    let begin = |preset: &'static str, settings: &[&'static str], out: &'static str| -> Vec<&'static str> {
        [&["train", "--data=tiny", "--json", "--quiet", "--preset", preset, "--out", out], settings].concat()
    };
    let wholes = RUNS.map(|(preset, settings)| {
        let start = Instant::now();
        let output = for_a_while(at, &begin(preset, settings, preset), None);
        assert!(output.status.success(), "{preset}: {}", err(&output));
        let seconds = start.elapsed().as_secs_f64();
        let path = at.join(preset);
        Whole { sha: sha(&output), metrics: metrics(&path), names: names(&path), seconds }
    });
    let (mut kills, mut while_writing, mut before_the_first, mut same) = (0, 0, 0, 0);
    for number in 0..runs {
        let which = number as usize % RUNS.len();
        let ((preset, settings), whole) = (RUNS[which], &wholes[which]);
        let path = at.join("run");
        let mut killed = 0;
        let output = loop {
            let begun = path.join("config.toml").exists();
            let threads = dice.one_of(&["--threads=1", "--threads=2", "--threads=3"]);
            let kill = killed == 0 || dice.roll() < 1.0 / 3.0;
            let after = dice.roll() * whole.seconds;
            // The last setting is the interval of the checkpoints.
            let resume = [&["train", "--json", "--quiet", "--resume=run"], &settings[settings.len() - 1..]].concat();
            let mut args = if begun { resume } else { begin(preset, settings, "run") };
            args.push(threads);
            let output = for_a_while(at, &args, kill.then_some(after));
            if output.status.signal() != Some(9) {
                assert!(output.status.success(), "run {number}, {preset}: {:?} {}", output.status, err(&output));
                if killed > 0 {
                    break output;
                }
                // The run ended before it could be killed: start again from the beginning.
                fs::remove_dir_all(&path).expect("removed");
                continue;
            }
            killed += 1;
            before_the_first += u64::from(!path.join("config.toml").exists());
            while_writing += u64::from(
                path.exists() && files(&path).iter().any(|(file, _)| file.extension().is_some_and(|e| e == "part")),
            );
        };
        kills += killed;
        assert_eq!(sha(&output), whole.sha, "run {number}, {preset}, killed {killed} times");
        assert_eq!(metrics(&path), whole.metrics, "run {number}, {preset}");
        assert_eq!(names(&path), whole.names, "run {number}, {preset}: no stray file, none missing");
        same += 1;
        fs::remove_dir_all(&path).expect("removed");
    }
    // About one of three kills hits a write; a few runs may have none.
    assert!(runs < 24 || while_writing > 0, "no kill hit a write, which is what they are for");
    println!(
        "{same} of {runs} runs ended in the same bits after {kills} kills: {while_writing} while a file was being \
         written, {before_the_first} before the run had its configuration"
    );
}
