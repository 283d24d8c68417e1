//! What a person reads: help, manual pages, completions, messages and progress. This file belongs to the package
//! `handgrad-cli`.

mod command;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use command::{err, files, handgrad, run, small};
use handgrad_runs::settings::SETTINGS;

const WIDTH: usize = 80;

/// Every command of the list in the help.
fn commands(at: &Path) -> Vec<String> {
    let help = out(at, &["--help"]);
    let list = help.split_once("Train:").expect("groups").1.split_once("Options:").expect("options").0;
    let name = |line: &str| line.strip_prefix("  ").and_then(|line| line.split_whitespace().next()).map(str::to_owned);
    list.lines().filter_map(name).collect()
}

fn out(at: &Path, args: &[&str]) -> String {
    let output = handgrad(at).args(args).env("COLUMNS", WIDTH.to_string()).output().expect("it starts");
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn assert_fits(text: &str, what: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{what}: {} characters in {line:?}", line.chars().count());
    }
}

#[test]
fn help_fits_a_terminal_of_80_columns_and_lists_every_command_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let names = commands(at);
    assert_eq!(names.len(), 34, "{names:?}");
    assert_fits(&out(at, &["--help"]), "handgrad --help");
    for name in &names {
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name} is listed once");
        for flag in ["--help", "-h"] {
            assert_fits(&out(at, &[name, flag]), name);
        }
    }
    for name in ["list", "fetch", "info", "synthesize"] {
        assert_fits(&out(at, &["data", name, "--help"]), name);
    }
}

#[test]
fn the_help_of_train_has_headings_and_the_most_used_flags_first() {
    let folder = tempfile::tempdir().expect("a folder");
    for flag in ["--help", "-h"] {
        let help = out(folder.path(), &["train", flag]);
        let headings: Vec<_> = help.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
        let expected = [
            "Most used:",
            "Data:",
            "Network:",
            "Loss, noise and penalties:",
            "Training:",
            "Configuration and checkpoints:",
            "Output:",
        ];
        let found: Vec<_> = headings.iter().filter(|heading| expected.contains(heading)).copied().collect();
        assert_eq!(found, expected, "{headings:?}");
        let first = help.split_once("Most used:").expect("a heading").1.split_once("\nData:").expect("the next one").0;
        let flags: Vec<_> =
            first.lines().filter_map(|line| line.trim_start().strip_prefix("--")?.split_whitespace().next()).collect();
        let ten =
            ["preset", "data", "layers", "loss", "epochs", "batch-size", "learning-rate", "seed", "threads", "out"];
        assert_eq!(flags, ten);
    }
}

/// A flag that a command ignores would be a promise that it does not keep.
#[test]
fn score_has_only_the_settings_that_it_uses() {
    let folder = small();
    let at = folder.path();
    let help = out(at, &["score", "--help"]);
    for setting in SETTINGS {
        let flag = format!("--{}", setting.name.replace('_', "-"));
        let is_listed = help.split_whitespace().any(|word| word.split('[').next() == Some(&flag));
        let used = ["preset", "data", "model", "layers", "cell", "bidirectional", "scale", "seed", "only_class"];
        let unused = ["epochs", "batch_size", "optimizer", "learning_rate", "early_stopping", "l1", "noise", "loss"];
        assert!(is_listed || !used.contains(&setting.name), "{flag} is missing");
        assert!(!is_listed || !unused.contains(&setting.name), "{flag} has no effect");
    }
    let output = run(at, &["score", "--preset", "lstm", "--data", "small", "--epochs", "3"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

/// Runs a shell on a script, if that shell is installed.
fn accepts(shell: &[&str], script: &str) -> bool {
    let mut command = Command::new(shell[0]);
    let started = command.args(&shell[1..]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        eprintln!("skipped: there is no {} here", shell[0]);
        return false;
    };
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{shell:?}: {}", err(&output));
    true
}

#[test]
fn completions_load_in_the_shells_that_are_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = |shell: &str| out(folder.path(), &["completions", shell]);
    for (name, shell) in [("bash", &["bash"][..]), ("zsh", &["zsh", "-f"]), ("fish", &["fish", "--no-config"])] {
        let script = script(name);
        for word in ["handgrad", "latent-grid", "batch-size", "strided-conv"] {
            assert!(script.contains(word), "{name}: {word}");
        }
        let before = if name == "zsh" { "autoload -Uz compinit; compinit -D\n" } else { "" };
        accepts(shell, &format!("{before}{script}"));
    }
    assert!(
        script("powershell").contains("Register-ArgumentCompleter") && script("elvish").contains("edit:completion")
    );
    let words = script("bash")
        + "\nCOMP_WORDS=(handgrad tra); COMP_CWORD=1; _handgrad handgrad tra handgrad\n\
        for reply in \"${COMPREPLY[@]}\"; do [ \"$reply\" = train ] && exit 0; done; exit 1\n";
    accepts(&["bash"], &words);
}

#[test]
fn manual_pages_render() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let pages =
        [(vec!["man"], "latent\\-grid"), (vec!["man", "train"], "batch\\-size"), (vec!["man", "denoise"], "clean")];
    for (args, word) in pages {
        let page = out(at, &args);
        assert!(page.contains(".TH ") && page.contains(".SH DESCRIPTION") && page.contains(word), "{args:?}: {page}");
        accepts(&["groff", "-man", "-Tutf8", "-ww", "-K", "utf8"], &page);
    }
    let output = run(at, &["man", "trian"]);
    assert!(!output.status.success() && err(&output).contains("trian"), "{}", err(&output));
}

/// The names of an error are those that people typed, and one that is nearly right is suggested.
#[test]
fn what_is_mistyped_is_named_and_the_nearest_name_suggested() {
    let folder = small();
    let at = folder.path();
    let config = |text: &str| {
        std::fs::write(at.join("c.toml"), text).expect("written");
        let output = run(at, &["train", "--config", "c.toml", "--data", "small", "--out", "unused"]);
        assert!(!output.status.success() && !at.join("unused").exists(), "{text}");
        err(&output)
    };
    for (text, line, words) in [
        ("epoch = 3\n", 1, &["\"epoch\"", "did you mean epochs?"][..]),
        ("seed = 1\nbatch-size = 3\n", 2, &["\"batch-size\"", "did you mean batch_size?"]),
        ("epochs = \"ten\"\n", 1, &["epochs is \"ten\"", "a whole number of 0 or more was expected, without quotes"]),
        ("epochs = 1.5\n", 1, &["epochs is 1.5", "a whole number"]),
        ("layers = 32\n", 1, &["layers is 32", "a list of whole numbers", "[128, 64]"]),
        ("layers = [32, -1]\n", 1, &["layers is [32, -1]", "a list of whole numbers"]),
        ("seed = 1\nlayers = [\n  32,\n  \"a\",\n]\n", 4, &["layers is \"a\"", "a list of whole numbers"]),
        ("layers = [\n 64,\n \"a=b\",\n]\n", 3, &["layers is \"a=b\"", "a list of whole numbers"]),
        ("epochs = 3.5 # = x\n", 1, &["epochs is 3.5, but a whole number"]),
        ("seed = 99999999999999999999\n", 1, &["a whole number from 0 to 2^64 − 1"]),
        ("epochs = 3\n[data]\nx = 1\n", 2, &["data is a table", "text in quotes"]),
        ("\"epochs\" = \"3\"\n", 1, &["epochs is \"3\"", "a whole number"]),
        ("only_class = [1, [2]]\n", 1, &["only_class is [1, [2]]", "a list of words in quotes or of numbers"]),
        ("epochs = 1\nepochs = 2\n", 2, &["epochs is given twice"]),
        ("layers = [\n 64, # a = b\n \"x\",\n]\n", 3, &["layers is \"x\"", "a list of whole numbers"]),
        ("tied = \"yes\"\n", 1, &["tied is \"yes\"", "true or false was expected"]),
        ("loss = \"bcee\"\n", 1, &["loss is \"bcee\"", "\"mse\", \"bce\"", "did you mean bce?"]),
        ("seed = -1\n", 1, &["seed is -1", "a whole number"]),
        ("data = 3\n", 1, &["data is 3", "text in quotes"]),
        ("learning_rate = fast\n", 1, &["c.toml, line 1"]),
        ("window = 0\n", 1, &["window is 0", "a whole number of 1 or more"]),
    ] {
        let message = config(text);
        for word in words {
            assert!(message.contains(word), "{text:?}: {word:?} is not in {message}");
        }
        assert!(message.contains(&format!("c.toml, line {line}")), "{message}");
        for jargon in ["usize", "u64", "nonzero", "unknown field", "variant"] {
            assert!(!message.contains(jargon), "{text:?}: {message}");
        }
    }
    // A line without an equals sign is not blamed on the setting above it.
    let message = config("epochs = 3\nseed 5\n");
    assert!(message.contains("c.toml, line 2") && !message.contains("epochs"), "{message}");
    for (args, words) in [
        (&["train", "--preset", "bsic"][..], "did you mean basic?"),
        (&["train", "--data", "mnsit"], "did you mean mnist?"),
        (&["data", "fetch", "fashion_mnist"], "did you mean fashion-mnist?"),
        (&["trace", "lsmt"], "did you mean lstm?"),
        (&["claims", "hole"], "did you mean holes?"),
        (&["scoreboard", "tf-basik"], "did you mean tf-basic?"),
        (&["gradcheck", "dense-tahn"], "did you mean dense-tanh?"),
        (&["train", "--epoch", "3"], "--epochs"),
        (&["train", "--loss", "bcee"], "bce"),
        (&["trian"], "train"),
    ] {
        let output = run(at, args);
        assert!(!output.status.success() && err(&output).contains(words), "{args:?}: {}", err(&output));
    }
}

/// What a table of a program is told: counts agree with their nouns, and its rows are not images.
#[test]
fn counts_agree_with_their_nouns() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let rows: String = (0..12).map(|row| format!("{row},{},0.5\n", row % 3)).collect();
    std::fs::write(at.join("table.csv"), format!("a,b,c\n{rows}")).expect("written");
    let args = ["train", "--data", "table.csv", "--layers", "2", "--loss", "mse", "--epochs", "1", "--out", "run"];
    let output = run(at, &args);
    let text = err(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 epoch in ") && text.contains("11 rows of") && text.contains("1 row,"), "{text}");
    assert!(!text.contains("image") && !text.contains(" 1 rows") && !text.contains(" 1 epochs"), "{text}");
    let output = run(at, &["eval", "run"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !text.contains("image") && text.contains("1 row"), "{text}");
}

/// Lines of the progress fit a terminal; what they can be compared with is printed once.
#[test]
fn epoch_lines_fit_and_yardsticks_are_printed_once() {
    let folder = small();
    let at = folder.path();
    for settings in [&["--preset", "basic"][..], &["--preset", "vae", "--schedule", "cosine", "--clip-norm", "50"]] {
        let train = ["train", "--data", "small", "--epochs", "11", "--out", settings[1]];
        let text = err(&run(at, &[&train[..], settings].concat()));
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with("epoch ")).collect();
        assert_eq!(lines.len(), 11, "{text}");
        lines.iter().for_each(|line| assert_fits(line, settings[1]));
        assert!(lines[10].starts_with("epoch 11/11  loss "), "{}", lines[10]);
        assert_eq!(text.matches("least possible").count(), 1, "{text}");
    }
    let text = err(&run(at, &["train", "--resume", "vae", "--epochs", "11", "--schedule", "cosine"]));
    assert!(text.contains("validation = reconstruction + KL divergence"), "{text}");
}

#[test]
fn the_version_is_in_what_is_written() {
    let folder = small();
    let at = folder.path();
    let version = out(at, &["--version"]);
    let version = version.trim();
    assert_eq!(version, concat!("handgrad ", env!("CARGO_PKG_VERSION")));
    assert!(run(at, &["train", "--data", "small", "--epochs", "1", "--out", "run"]).status.success());
    let chart = ["anomaly", "run", "--out", "run/odd.png", "--chart", "run/odd.svg"];
    assert!(run(at, &chart).status.success());
    let holds = |bytes: &[u8]| bytes.windows(version.len()).any(|part| part == version.as_bytes());
    let unmarked: Vec<_> =
        files(&at.join("run")).into_iter().filter(|(_, bytes)| !holds(bytes)).map(|(path, _)| path).collect();
    // The lock names a process, and a comment in a CSV file would be a row to most programs.
    let names: Vec<_> = unmarked.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(names, ["lock", "metrics.csv"]);
}
