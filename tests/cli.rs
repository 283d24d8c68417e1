//! The command as users run it. This file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

mod command;

use command::{err, files, handgrad, json, png_size, run, small};

#[test]
fn a_run_leaves_a_folder_from_which_it_can_be_run_again() {
    let folder = small();
    let at = folder.path();
    let report = json(at, &["train", "--data", "small", "--epochs", "3", "--out", "run", "--json"]);
    let keys: Vec<_> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = "preset parameters epochs best_epoch stopped steps loss reduction train_loss train_terms val_loss \
        val_terms val_reconstruction_per_value val_reconstruction_per_sample test_loss test_terms code \
        columns weights_sha256 seconds images_per_second";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    assert_eq!((&report["preset"], &report["parameters"]), (&"basic".into(), &50_992.into()));

    let all = files(&at.join("run"));
    let names: Vec<_> =
        all.iter().map(|(path, _)| path.strip_prefix(at).expect("below").to_str().expect("Unicode")).collect();
    let expected = "run/checkpoint/epoch-4-step-0.checkpoint run/checkpoint/lock run/config.toml run/loss.svg \
        run/metrics.csv run/model.safetensors run/reconstructions.png run/report.html";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
    let metrics = fs::read_to_string(at.join("run/metrics.csv")).expect("metrics");
    let lines: Vec<_> = metrics.lines().collect();
    let columns = "epoch,train_loss,val_loss,learning_rate,train_reconstruction,val_reconstruction,\
                   val_reconstruction_per_value,val_reconstruction_per_sample,seconds,images_per_second";
    assert_eq!(lines[0], columns);
    assert_eq!(lines.len(), 4);
    let last: Vec<f64> = lines[3].split(',').map(|field| field.parse().expect("a number")).collect();
    assert_eq!((last[0], Some(last[2])), (3.0, report["val_loss"].as_f64()));
    let picture = fs::read(at.join("run/reconstructions.png")).expect("a picture");
    assert_eq!(png_size(&picture), (10 * (84 + 6) + 6, 3 * (84 + 6) + 6), "10 columns, 3 rows");
    assert!(fs::read_to_string(at.join("run/loss.svg")).expect("a chart").contains("<polyline"));

    let again = json(at, &["train", "--config", "run/config.toml", "--out", "again", "--json"]);
    assert_eq!(again["weights_sha256"], report["weights_sha256"]);
    let model = |run: &str| fs::read(at.join(run).join("model.safetensors")).expect("a model");
    assert_eq!(model("run"), model("again"), "the same run writes the same file");
    let other = json(at, &["train", "--config", "run/config.toml", "--seed", "1", "--out", "other", "--json"]);
    assert_ne!(other["weights_sha256"], report["weights_sha256"], "a flag overrides the file");
}

#[test]
fn weights_do_not_depend_on_threads_or_on_the_vector_instructions() {
    let folder = small();
    for preset in ["basic", "tf-basic", "deep"] {
        let sha = |threads: &str, level: &str| {
            let out = format!("{preset}-{threads}-{level}");
            let args = ["train", "--preset", preset, "--data", "small", "--epochs", "2", "--threads", threads];
            let args = [&args[..], &["--out", &out, "--json", "--quiet"]].concat();
            let output = handgrad(folder.path()).args(args).env("HANDGRAD_SIMD", level).output().expect("it starts");
            let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", err(&output)));
            report["weights_sha256"].as_str().expect("a digest").to_string()
        };
        let one = sha("1", "avx512");
        for threads in ["2", "3", "4", "8", "16"] {
            assert_eq!(sha(threads, "avx512"), one, "{preset}, {threads} threads");
        }
        for level in ["avx2", "portable"] {
            assert_eq!(sha("2", level), one, "{preset}, {level}");
        }
    }
}

#[test]
fn without_data_and_network_the_default_falls_back_and_says_so_in_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run(folder.path(), &["train", "--epochs", "1", "--quiet", "--data-dir", "nowhere"]);
    assert!(output.status.success());
    let text = err(&output);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("fashion-mnist") && text.contains("handgrad data fetch"), "{text}");
    assert!(folder.path().join("runs/basic-synthetic/reconstructions.png").exists());
    let config = fs::read_to_string(folder.path().join("runs/basic-synthetic/config.toml")).expect("a configuration");
    assert!(config.contains("data = \"synthetic\""), "{config}");

    let output = run(folder.path(), &["train", "--data", "mnist", "--data-dir", "nowhere"]);
    assert_eq!(output.status.code(), Some(1), "data that was asked for is not replaced");
    assert!(err(&output).contains("mnist"), "{}", err(&output));
}

/// Exit code, arguments, and words that the error must contain. The code is 2 for wrong usage, 1 for other failures,
/// and 3 for a diverging training.
const MISTAKES: &[(i32, &[&str], &[&str])] = &[
    (2, &["train", "--data", "small", "--layers", "0"], &["layers", "at least 1"]),
    (2, &["train", "--data", "small", "--layers", "32,0"], &["layers", "at least 1"]),
    (2, &["train", "--data", "small", "--epochs", "0"], &["epochs", "at least 1"]),
    (2, &["train", "--data", "small", "--batch-size", "0"], &["batch_size", "at least 1"]),
    (2, &["train", "--data", "small", "--learning-rate", "-1"], &["learning_rate", "above 0"]),
    (2, &["train", "--data", "small", "--learning-rate", "nan"], &["learning_rate", "above 0"]),
    (2, &["train", "--data", "small", "--optimizer", "sgd", "--momentum", "1"], &["momentum", "below 1"]),
    (2, &["train", "--data", "small", "--preset", "basics"], &["basics", "tf-basic"]),
    (1, &["train", "--data", "small", "--layers", "99999999999"], &["2³⁰"]),
    (1, &["train", "--data", "small", "--layers", "1300000"], &["2³⁰"]),
    (1, &["train", "--data", "small", "--loss", "bce", "--output-activation", "linear"], &["sigmoid", "mse"]),
    (3, &["train", "--data", "small", "--learning-rate", "1e6", "--out", "diverging"], &["diverged", "tenth"]),
    (3, &["train", "--data", "huge.idx", "--loss", "mse"], &["too large", "scale"]),
    (2, &["train", "--resume", "small"], &["small", "holds no run"]),
    (1, &["train", "--data", "no-such-thing"], &["no-such-thing", "fashion-mnist"]),
    (1, &["train", "--data", "labels.idx"], &["labels.idx", "label"]),
    (1, &["train", "--data", "nan.idx"], &["nan.idx", "NaN"]),
    (1, &["train", "--data", "wide.idx", "--loss", "bce"], &["0..1", "--loss mse"]),
    (1, &["train", "--data", "short.idx"], &["short.idx"]),
    (1, &["train", "--data", "text.txt"], &["text.txt", "IDX"]),
    (1, &["train", "--data", "empty"], &["empty", "train-"]),
    (2, &["train", "--data", "small", "--config", "unknown.toml"], &["unknown.toml, line 2", "learning_speed"]),
    (2, &["train", "--data", "small", "--config", "broken.toml"], &["broken.toml, line 1"]),
    (1, &["train", "--data", "small", "--config", "missing.toml"], &["missing.toml"]),
    (1, &["train", "--data", "small", "--config", "/dev/zero"], &["/dev/zero", "not a configuration"]),
    (1, &["train", "--data", "small", "--out", "text.txt/run"], &["text.txt/run", "--out"]),
    (1, &["train", "--data", "small", "--out", "run"], &["run", "already", "--out"]),
    (1, &["train", "--data", "small", "--out", "mine"], &["mine", "loss.svg", "overwritten"]),
    (1, &["eval", "nothing"], &["nothing"]),
    (1, &["eval", "/dev/zero"], &["/dev/zero", "not a file"]),
    (1, &["eval", "text.txt", "--data", "small"], &["text.txt", "not a handgrad model"]),
    (1, &["eval", "run/model.safetensors"], &["--data"]),
    (1, &["eval", "run", "--data", "plain.idx"], &["784", "4"]),
    (1, &["eval", "run", "--data", "wide.idx"], &["784", "4"]),
    (1, &["reconstruct", "run", "--out", "text.txt/picture.png"], &["text.txt"]),
    (2, &["reconstruct", "run", "--out", "run/model.safetensors"], &["run/model.safetensors", ".png"]),
    (1, &["reconstruct", "run", "--out", "mine/words.png"], &["words.png", "not overwritten"]),
    (1, &["data", "synthesize", "--out", "small"], &["small", "already"]),
    (1, &["data", "info", "text.txt"], &["text.txt", "IDX"]),
    (1, &["data", "fetch", "imagenet"], &["imagenet", "fashion-mnist"]),
];

#[test]
fn bad_input_is_one_paragraph_that_says_what_to_do_and_nothing_is_touched() {
    let folder = small();
    let at = folder.path();
    json(at, &["train", "--data", "small", "--epochs", "1", "--out", "run", "--json"]);
    let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>();
    // Magic (0, 0, f32, two dimensions), 3 × 4
    let header = [0, 0, 0x0d, 2, 0, 0, 0, 3, 0, 0, 0, 4];
    let wide: Vec<f32> = (0..12).map(|v| v as f32 - 6.0).collect();
    let with_nan: Vec<f32> = (0..12).map(|v| if v == 7 { f32::NAN } else { 0.5 }).collect();
    let write = |name: &str, bytes: &[u8]| fs::write(at.join(name), bytes).expect("written");
    write("wide.idx", &[&header[..], &floats(&wide)].concat());
    write("nan.idx", &[&header[..], &floats(&with_nan)].concat());
    write("short.idx", &[&header[..], &floats(&wide[..5])].concat());
    write("labels.idx", &[0, 0, 8, 1, 0, 0, 0, 2, 3, 4]);
    write("text.txt", b"plain words");
    write("plain.idx", &[&header[..], &floats(&[0.5; 12])].concat());
    write("huge.idx", &[&header[..], &floats(&[[1e30, 2e30]; 6].concat())].concat());
    fs::create_dir(at.join("mine")).expect("made");
    write("mine/loss.svg", b"a chart of my own");
    write("mine/words.png", b"words");
    write("unknown.toml", b"epochs = 3\nlearning_speed = 3\n");
    write("broken.toml", b"epochs = = 3\n");
    fs::create_dir(at.join("empty")).expect("made");
    let before = files(at);
    for (code, args, words) in MISTAKES {
        let output = run(at, args);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {text}");
        let error = text.split("error: ").nth(1).unwrap_or_else(|| panic!("{args:?}: no error in {text:?}"));
        assert!(!error.contains("\n\n") && error.len() < 1200, "{args:?}: one paragraph: {error}");
        assert!(!text.contains("panicked"), "{args:?}: {text}");
        for word in *words {
            assert!(error.contains(word), "{args:?}: {word:?} is not in {error:?}");
        }
    }
    assert_eq!(before, files(at), "what was there is as it was, and nothing was added");
    // A run that failed does not keep its folder occupied.
    json(at, &["train", "--data", "small", "--epochs", "1", "--out", "diverging", "--json"]);
}

#[test]
fn data_outside_of_0_to_1_gets_a_linear_output() {
    let folder = small();
    let at = folder.path();
    let values: Vec<u8> = (0..40 * 4).flat_map(|v| (((v * 37) % 23) as f32 - 11.0).to_be_bytes()).collect();
    let header = [0, 0, 0x0d, 2, 0, 0, 0, 40, 0, 0, 0, 4];
    fs::write(at.join("wide.idx"), [&header[..], &values].concat()).expect("written");
    let args = ["train", "--data", "wide.idx", "--loss", "mse", "--layers", "3", "--epochs", "30"];
    let report = json(at, &[&args[..], &["--learning-rate", "0.01", "--out", "run", "--json"]].concat());
    assert!(report["val_loss"].as_f64().expect("a number") < 44.0, "below the variance of the data: {report}");
    let config = fs::read_to_string(at.join("run/config.toml")).expect("a configuration");
    assert!(config.contains("output_activation = \"linear\""), "{config}");
    assert!(config.contains(at.join("wide.idx").to_str().expect("UTF-8")), "the data's whole path: {config}");
}

#[test]
fn usage_errors_exit_with_2_and_help_teaches() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for args in [&["trian"][..], &["train", "--layers", "many"], &["train", "--loss", "huber"], &["eval"], &[]] {
        assert_eq!(run(folder.path(), args).status.code(), Some(2), "{args:?}");
    }
    let help = run(folder.path(), &["train", "--help"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in ["tf-basic", "784-128-64-32", "--data-dir", "Examples:", "--threads", "otherwise basic]"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
}

#[test]
fn progress_goes_to_the_standard_error_without_colours_and_results_to_the_standard_output() {
    let folder = small();
    let args = ["train", "--data", "small", "--epochs", "2", "--out", "run"];
    let output = handgrad(folder.path()).args(args).env("NO_COLOR", "1").output().expect("it starts");
    let (out, progress) = (String::from_utf8_lossy(&output.stdout).into_owned(), err(&output));
    assert!(!progress.contains('\u{1b}') && !out.contains('\u{1b}'));
    for word in ["Dense 784 → 32, relu", "Dense 32 → 784, sigmoid", "50,992", "epoch 2/2", "least possible"] {
        assert!(progress.contains(word), "{word} is not in {progress}");
    }
    assert!(out.contains("wrote run: config.toml") && !out.contains("epoch 1"), "{out}");
    let quiet = run(folder.path(), &["train", "--data", "small", "--epochs", "1", "--out", "quiet", "--quiet"]);
    assert_eq!(err(&quiet), "");
}

#[cfg(unix)]
#[test]
fn ctrl_c_finishes_the_step_writes_the_model_and_exits_with_130() {
    let folder = small();
    let at = folder.path();
    let args = ["train", "--data", "small", "--epochs", "1000000", "--out", "run", "--json"];
    let mut child = handgrad(at).args(args).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    assert!(lines.any(|line| line.expect("text").contains("epoch       3/")), "three epochs go by");
    let rest = std::thread::spawn(move || lines.count());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    rest.join().expect("the rest is read");
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(report["epochs"].as_u64() >= Some(3));
    assert!(json(at, &["eval", "run", "--json"])["value"].is_f64(), "the model can be used");
}

#[test]
fn data_commands_list_describe_and_draw() {
    let folder = small();
    let at = folder.path();
    let text = |args: &[&str]| {
        let output = run(at, args);
        assert!(output.status.success(), "{args:?}: {}", err(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let list = text(&["data", "list"]);
    for name in ["fashion-mnist", "mnist", "synthetic"] {
        assert!(list.contains(name), "{list}");
    }
    let info = text(&["data", "info", "small/t10k-images-idx3-ubyte.gz"]);
    assert!(info.contains("60 samples of 28×28") && info.contains("u8"), "{info}");
    assert!(text(&["data", "info", "small/t10k-labels-idx1-ubyte.gz"]).contains("labels"));
    assert!(text(&["data", "fetch", "synthetic"]).contains("nothing to fetch"));
}

#[test]
fn a_mistyped_level_of_vector_instructions_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output =
        handgrad(folder.path()).args(["data", "list"]).env("HANDGRAD_SIMD", "AVX2").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("avx2"), "{}", err(&output));
}

/// The reader of the progress and of the results has closed the pipe; the run is still saved.
#[cfg(unix)]
#[test]
fn a_closed_terminal_does_not_cost_a_run() {
    let folder = small();
    let at = folder.path();
    let binary = env!("CARGO_BIN_EXE_handgrad");
    let train = |out: &str, redirection: &str| {
        let line = format!("{binary} train --data small --epochs 3 --out {out} {redirection}");
        Command::new("sh").args(["-c", &line]).current_dir(at).output().expect("sh is there")
    };
    train("piped", "2>&1 | head -1");
    let full = train("full", ">/dev/full");
    assert_eq!(full.status.code(), Some(1));
    assert!(err(&full).contains("standard output") && !err(&full).contains("panicked"), "{}", err(&full));
    assert_eq!(train("closed", "2>&- >&-").status.code(), Some(0));
    for run in ["piped", "full", "closed"] {
        assert!(json(at, &["eval", run, "--json"])["value"].is_f64(), "{run}");
    }
}

/// A sample with one dimension is drawn as a strip, and reduced if it is too long to draw.
#[test]
fn long_samples_are_drawn_within_bounds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let columns: u32 = 100_000;
    let header = [&[0, 0, 8, 2, 0, 0, 0, 20][..], &columns.to_be_bytes()].concat();
    let values: Vec<u8> = (0..20 * columns).map(|v| (v % 251) as u8).collect();
    fs::write(at.join("long.idx"), [&header[..], &values].concat()).expect("written");
    json(at, &["train", "--data", "long.idx", "--layers", "1", "--epochs", "1", "--out", "run", "--json"]);
    let (width, height) = png_size(&fs::read(at.join("run/reconstructions.png")).expect("a picture"));
    assert!(width > 1000 && u64::from(width) * u64::from(height) < 1 << 25, "{width}×{height}");
}

/// A data folder given by a flag is part of the configuration.
#[test]
fn a_run_remembers_where_its_data_is() {
    let Some(data) = std::env::var_os("HANDGRAD_DATA") else {
        let _ = writeln!(std::io::stderr(), "skipped: HANDGRAD_DATA is not set");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let data = data.to_str().expect("UTF-8");
    let args = ["train", "--data", "mnist", "--data-dir", data, "--epochs", "1", "--out", "run", "--json"];
    let report = json(at, &args);
    assert_eq!(json(at, &["eval", "run", "--json"])["value"], report["val_loss"]);
    let again = json(at, &["train", "--config", "run/config.toml", "--out", "again", "--json"]);
    assert_eq!(again["weights_sha256"], report["weights_sha256"]);
}

/// Every preset learns something in one epoch and reports the terms of its loss.
#[test]
fn every_preset_runs_and_its_terms_add_up() {
    let folder = small();
    for (preset, terms) in [
        ("basic", 1),
        ("tf-basic", 1),
        ("deep", 1),
        ("hinton", 1),
        ("sparse", 2),
        ("sparse-kl", 2),
        ("keras-conv", 1),
        ("strided-conv", 1),
        ("tf-denoise", 1),
        ("keras-denoise", 1),
        ("vae", 2),
        ("vae-2d", 2),
        ("conv-vae", 2),
        ("lstm", 1),
        ("ecg", 1),
        ("ecg-lstm", 1),
    ] {
        // A cosine schedule makes no sense for a single epoch.
        let epochs = if preset == "hinton" { "2" } else { "1" };
        let data = ["--data", "small", "--epochs", epochs, "--batch-size", "50", "--out", preset, "--json", "--quiet"];
        let result = json(folder.path(), &[&["train", "--preset", preset, "--threads", "1"], &data[..]].concat());
        let found: Vec<f64> =
            result["val_terms"].as_object().expect("terms").values().filter_map(Value::as_f64).collect();
        let loss = result["val_loss"].as_f64().expect("a loss");
        assert_eq!(found.len(), terms, "{preset}: {result}");
        // The configuration that it writes is accepted again and gives the same bits on more threads.
        let config = format!("{preset}/config.toml");
        let out = format!("{preset}-again");
        let again = ["train", "--config", &config, "--out", &out, "--threads", "3", "--json", "--quiet"];
        assert_eq!(json(folder.path(), &again)["weights_sha256"], result["weights_sha256"], "{preset}");
        assert!((found.iter().sum::<f64>() - loss).abs() < 1e-9 * loss.abs(), "{preset}: {result}");
        // The model file is complete: `eval` measures the same loss, and each of its terms, for any batch size.
        let again = json(folder.path(), &["eval", preset, "--json", "--quiet"]);
        assert_eq!((&again["value"], &again["terms"]), (&result["val_loss"], &result["val_terms"]), "{preset}");
    }
}

#[test]
fn settings_of_the_family_that_mean_nothing_are_refused() {
    let folder = small();
    for (args, says) in [
        (&["--sparsity", "1.5"][..], "sparsity is 1.5, but must be above 0 and below 1"),
        (&["--sparsity", "0.1", "--l1", "0.1"], "two penalties"),
        (&["--l1", "-1"], "l1 is -1, but must be 0 or more"),
        (&["--noise", "masking", "--noise-level", "2"], "the probability of noise is 2"),
        (&["--noise", "gaussian", "--noise-level", "-0.1"], "the standard deviation of noise is -0.1"),
        (&["--preset", "vae", "--beta", "-1"], "beta is -1, but must be 0 or more"),
        (&["--preset", "vae", "--l1", "0.1"], "has a penalty on its code already"),
        (&["--preset", "conv-vae", "--layers", "3,2"], "needs only the size of its code"),
        (&["--preset", "keras-conv", "--layers", "3,2"], "layers is given, but it only has an effect with"),
        (&["--preset", "vae", "--activation", "tanh"], "activation is given, but it only has an effect with"),
        (&["--beta", "2"], "beta is given, but it only has an effect with"),
        (&["--noise-level", "0.5"], "noise_level is given, but it only has an effect with"),
    ] {
        let output = run(folder.path(), &[&["train", "--data", "small", "--epochs", "1", "--out", "x"], args].concat());
        assert!(!output.status.success() && err(&output).contains(says), "{args:?}: {}", err(&output));
        assert_eq!(err(&output).trim().lines().count(), 1, "{args:?}: {}", err(&output));
        assert!(!folder.path().join("x").exists());
    }
}

/// Every command in a `console` block of the documents works, in the order of the document. Commands that print the
/// SHA-256 of weights print the same one throughout a document, as the documents say.
#[test]
fn the_commands_in_the_documents_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut documents: Vec<_> =
        fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path()).collect();
    documents.push(root.join("README.md"));
    let mut tried = 0;
    for document in documents.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(document).expect("text");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut hashes = Vec::new();
        for block in text.split("```console\n").skip(1) {
            for line in block.split("```").next().unwrap_or_default().lines() {
                let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{line:?} is not a command"));
                let command = command.replace("cargo run --release --", "handgrad");
                let Some((settings, args)) = command.split_once("handgrad ") else { continue };
                let mut process = handgrad(folder.path());
                process.envs(settings.split_whitespace().filter_map(|setting| setting.split_once('=')));
                let output = process.args(args.split_whitespace()).output().expect("it starts");
                assert!(output.status.success(), "{line}: {}", err(&output));
                let report = String::from_utf8_lossy(&output.stdout).into_owned();
                hashes.extend(report.split("weights_sha256\":\"").nth(1).map(|rest| rest[..64].to_string()));
                tried += 1;
            }
        }
        assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{}: {hashes:?}", document.display());
    }
    assert!(tried >= 8, "{tried} commands found");
}
