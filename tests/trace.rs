//! `handgrad trace`: its output and options, and its values compared with those of the slides. This file belongs to
//! the package `handgrad`, whose binary it needs.
//!
//! The text of every example is stored in `tests/fixtures/trace/NAME.txt`. To update the files after an intended
//! change, run `HANDGRAD_RENEW=1 cargo test -p handgrad --test trace` and read the difference: the run writes the
//! files and fails.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

mod command;
mod worked;

use command::{err, list, number, run};
use worked::{NAMES, flat, here, line_of, lines, near, text, trace, value, value_below};

#[test]
fn texts_are_those_in_the_fixtures() {
    let folder = here().join("../../tests/fixtures/trace");
    let renew = std::env::var_os("HANDGRAD_RENEW").is_some();
    let mut renewed = Vec::new();
    for name in NAMES {
        let (path, found): (PathBuf, _) = (folder.join(format!("{name}.txt")), text(&[name]));
        // Combining accents take no column.
        let columns = |line: &str| line.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).count();
        assert!(found.lines().all(|line| columns(line) <= 100), "{name} fits 100 columns");
        if fs::read_to_string(&path).is_ok_and(|kept| kept == found) {
            continue;
        }
        assert!(renew, "{}: the text of `handgrad trace {name}` is another one:\n{found}", path.display());
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(&path, found).expect("it can be written");
        renewed.push(name);
    }
    assert!(!renew, "renewed: {renewed:?}; read the difference, and run without HANDGRAD_RENEW");
}

/// Example, symbol, the number printed on the slide, and the value with more digits.
const SLIDES: &[(&str, &str, &str, f64)] = &[
    ("elman", "h₁", ".9640", 0.9640275801),
    ("elman", "y₁", "1.9640", 1.9640275801),
    ("elman", "h₂", ".9993", 0.9992792862),
    ("elman", "y₂", "1.9993", 1.9992792862),
    ("jordan", "h₁", ".9640", 0.9640275801),
    ("jordan", "y₁", "1.9640", 1.9640275801),
    ("jordan", "h₂", ".9999", 0.9999858100),
    ("jordan", "y₂", "1.9999", 1.9999858100),
    ("lstm", "i₁", ".9526", 0.9525741268),
    ("lstm", "f₁", ".9526", 0.9525741268),
    ("lstm", "o₁", ".9526", 0.9525741268),
    ("lstm", "c̃₁", ".9951", 0.9950547537),
    ("lstm", "c₁", ".9479", 0.9478634131),
    ("lstm", "h₁", ".7038", 0.7037753330),
];

#[test]
fn the_slides_figures_stand_beside_the_true_values() {
    for &(name, symbol, printed, expected) in SLIDES {
        let trace = trace(&[name]);
        let line = line_of(&trace, "Time step", symbol);
        assert_eq!(line["slide"], printed, "{name} {symbol}");
        let found = number(&line["value"]);
        near(found, expected, 1e-10, symbol);
        // The slide rounds to four digits, except in the second step of Jordan's network, where it truncates.
        let truncated = name == "jordan" && symbol.ends_with('₂');
        let four = if truncated { format!("{:.4}", (found * 1e4).floor() / 1e4) } else { format!("{found:.4}") };
        assert_eq!(four.trim_start_matches('0'), printed, "{name} {symbol}");
        let ten = format!("{expected:.10}");
        assert!(text(&[name]).contains(&ten), "{name} prints {ten}");
    }
}

#[test]
fn backpropagation_through_time_in_integers() {
    let right = trace(&["bptt"]);
    assert_eq!(["L₁", "L₂", "L₃", "L"].map(|symbol| value(&right, symbol)), [1.0, 9.0, 36.0, 46.0]);
    const GRADIENTS: [&str; 5] = ["dw_hh", "dw_xh", "db_h", "dw_hy", "db_y"];
    assert_eq!(GRADIENTS.map(|symbol| value(&right, symbol)), [96.0, 92.0, 50.0, 142.0, 20.0]);
    assert_eq!(list(&line_of(&right, "", "‖∂L/∂h_t‖")["value"]), [20.0, 18.0, 12.0]);
    assert_eq!(list(&line_of(&right, "", "‖∂L_T/∂h_t‖")["value"]), [12.0, 12.0, 12.0]);

    let printed = trace(&["bptt-printed"]);
    let below = |heading: &str| GRADIENTS.map(|symbol| value_below(&printed, heading, symbol));
    assert_eq!(below("Gradients as printed"), [72.0, 50.0, 20.0, 142.0, 20.0]);
    assert_eq!(below("Gradients with the recursion"), [96.0, 92.0, 50.0, 142.0, 20.0]);
    let missing = GRADIENTS.map(|symbol| value(&printed, &format!("Δ{symbol}")));
    assert_eq!(missing, [24.0, 42.0, 30.0, 0.0, 0.0]);

    let tanh = ["L", "dw_hh", "dw_xh", "db_h", "dw_hy", "db_y"].map(|symbol| value_below(&right, "tanh", symbol));
    let expected = [5.00309968, -0.00350805, -0.01323891, -0.00889914, -6.06917390, -6.07356812];
    tanh.iter().zip(expected).for_each(|(&found, expected)| near(found, expected, 5e-9, "tanh"));
}

#[test]
fn a_step_of_gradient_descent_moves_the_weights_of_the_example() {
    let names = ["w_hh", "w_xh", "b_h", "w_hy", "b_y"];
    let moved = trace(&["bptt", "--learning-rate", "0.01"]);
    for (name, expected) in names.into_iter().zip([0.04, 0.08, 0.5, -0.42, 0.8]) {
        near(value(&moved, &format!("{name}′")), expected, 1e-15, name);
    }
    // The loss after the step equals the loss of an example that starts with the new parameters.
    let settings = names.map(|name| format!("{name}={}", value(&moved, &format!("{name}′"))));
    let args: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    near(value(&trace(&[&["bptt"], &args[..]].concat()), "L"), value(&moved, "L′"), 1e-12, "L′");
    assert!(value(&moved, "L′") < value(&moved, "L"));
}

#[test]
fn gradients_vanish_and_explode_as_the_weight_says() {
    for w in [0.5, 2.0] {
        let trace = trace(&["bptt", "--steps", "10", "--set", &format!("w_hh={w}")]);
        let norms = list(&line_of(&trace, "How far", "‖∂L_T/∂h_t‖")["value"]);
        assert_eq!(norms.len(), 10);
        for pair in norms.windows(2) {
            near(pair[0] / pair[1], w, 1e-12, "from step to step");
        }
    }
}

/// Checks whether a statement about an example is true.
type Holds = fn(&Value) -> bool;

/// The examples in docs/traces.md, and a check of the comment next to each.
const DOCUMENTED: &[(&str, Holds)] = &[
    ("bptt --steps 10 --set w_hh=0.5", |trace| last_norms(trace).windows(2).all(|pair| pair[0] == 0.5 * pair[1])),
    ("bptt --steps 10 --set w_hh=2", |trace| last_norms(trace).windows(2).all(|pair| pair[0] == 2.0 * pair[1])),
    ("lstm --steps 3 --set w_if=0 --set b_if=-5", |trace| {
        let [f, dc] = [value(trace, "f₃"), value(trace, "dc₃")];
        let direct = value(trace, "dc₂") - value(trace, "dh₂") * slope_of_c(trace, "₂");
        (direct - f * dc).abs() < 1e-15 && (0.0..0.04).contains(&f)
    }),
    ("lstm --set b_hh=0", |trace| (value(trace, "i₁") - 1.0 / (1.0 + f64::exp(-2.0))).abs() < 1e-15),
    ("autoencoder --set b_e=-0.5,0.1", |trace| {
        // The first unit gets 0.36 from x, and its bias is −0.5.
        let learnt = |name: &str| {
            let [before, after] = ["", "′"].map(|prime| flat(&line_of(trace, "", &format!("{name}{prime}"))["value"]));
            before.iter().zip(after).map(|(before, after)| *before != after).collect::<Vec<_>>()
        };
        let note = &line_of(trace, "", "δ_e₁")["note"];
        value(trace, "h₁") == 0.0
            && *note == "h₁ = 0: nothing passes"
            && learnt("w_e") == [false, true].repeat(4)
            && learnt("b_e") == [false, true]
    }),
    ("autoencoder --steps 30 --learning-rate 0.01", |trace| value(trace, "L after step 30") < value(trace, "L")),
    ("adam --set g=1000,-0.001,1000", |trace| (value(trace, "Δ₁") + 0.001).abs() < 1e-12),
];

fn last_norms(trace: &Value) -> Vec<f64> {
    list(&line_of(trace, "How far", "‖∂L_T/∂h_t‖")["value"])
}

/// ∂h/∂c of an LSTM, through tanh.
fn slope_of_c(trace: &Value, t: &str) -> f64 {
    value(trace, &format!("o{t}")) * (1.0 - value(trace, &format!("c{t}")).tanh().powi(2))
}

#[test]
fn the_examples_of_the_document_do_what_it_says() {
    let document = fs::read_to_string(here().join("../../docs/traces.md")).expect("text");
    let (_, to_play) = document.split_once("## To play").expect("a heading");
    let commands = to_play.lines().filter_map(|line| line.strip_prefix("$ handgrad trace "));
    let commands: Vec<_> = commands.map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, DOCUMENTED.iter().map(|(command, _)| *command).collect::<Vec<_>>());
    for (command, is_so) in DOCUMENTED {
        let trace = trace(&command.split(' ').collect::<Vec<_>>());
        assert!(is_so(&trace), "{command}: {trace}");
    }
    // The lines shown in the document are lines of the example.
    let shown = document.split("```").find(|block| block.contains("$ handgrad trace elman")).expect("a block");
    let elman = text(&["elman"]);
    for line in shown.lines().skip(2).filter(|line| !line.starts_with('…')) {
        assert!(elman.lines().any(|of_it| of_it == line), "{line:?} is not in {elman}");
    }
}

#[test]
fn changed_numbers_are_not_compared_with_the_slides() {
    let changed = trace(&["elman", "--set", "w_hh=0.5"]);
    assert!(lines(&changed).iter().all(|(_, line)| line["slide"].is_null()));
    assert_eq!(value(&changed, "w_hh"), 0.5);
    near(value(&changed, "h₂"), f64::tanh(0.5 * f64::tanh(2.0) + 3.0), 1e-15, "h₂");
    assert_eq!(list(&line_of(&trace(&["elman", "--set", "X=2"]), "Given", "x")["value"]), [2.0; 3]);
    // Statements that are true only for the example's own numbers are left out too.
    for (name, setting, words) in [("gru", "b_hn=2", "biases are 1"), ("conv", "w=1", "vertical edges")] {
        assert!(text(&[name]).contains(words) && !text(&[name, "--set", setting]).contains(words), "{name}: {words}");
    }
    let gates = trace(&["lstm", "--set", "w_ih=1,2,3,4", "--set", "w_if=7"]);
    assert_eq!(list(&line_of(&gates, "Given", "w_ih")["value"]), [1.0, 7.0, 3.0, 4.0]);
}

#[test]
fn other_forms_hold_the_same_values() {
    let listing = text(&[]);
    let names: Vec<_> = listing.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, NAMES);
    assert_eq!(trace(&[])["examples"].as_array().expect("examples").len(), NAMES.len());
    for name in NAMES {
        let (json, markdown) = (trace(&[name]), text(&[name, "--markdown"]));
        assert!(markdown.starts_with(&format!("# {name}: ")));
        let rows =
            markdown.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |") && !line.contains("---"));
        assert_eq!(rows.count(), lines(&json).len(), "{name}: a row of a table for every line");
        for (heading, line) in lines(&json) {
            assert!(markdown.contains(&format!("## {heading}")));
            let formula = line["formula"].as_str().unwrap_or_default().replace('|', "\\|");
            assert!(markdown.contains(&formula), "{name}: {formula}");
        }
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        assert!(markdown.lines().filter(|line| line.starts_with('|')).all(|line| columns(line) == 6), "{name}");
    }
}

/// Words that the text of each example must contain.
const ERRORS: &[(&str, &[&str])] = &[
    ("jordan", &["W_yh·h_t", "hybrid", "swapped", "truncated"]),
    ("jordan-classic", &["hybrid"]),
    ("lstm", &["b_ij = b_ij = 0", "x₀", "two biases", "start it at 2"]),
    ("gru", &["reset gate", "candidate", "opposite role"]),
    ("bptt", &["linear hidden unit", "puts σ", "One W_h", "without the recursion", "not averaged", "three losses"]),
    ("bptt-printed", &["without the recursion", "not averaged", "three losses, not four"]),
    ("autoencoder", &["Smaller batch", "supervised", "never calls fit"]),
    ("mse", &["defines N", "sums to n"]),
    ("bce", &["DIVE", "ReLU"]),
    ("vae", &["a mean and a variance", "ln σ²"]),
];

#[test]
fn the_slides_errors_are_named_where_they_occur() {
    for (name, words) in ERRORS {
        let text = text(&[name]).split_whitespace().collect::<Vec<_>>().join(" ");
        words.iter().for_each(|word| assert!(text.contains(word), "{name} says nothing of {word:?}"));
    }
}

/// Arguments, and words that the error must contain.
const MISTAKES: &[(&[&str], &[&str])] = &[
    (&["elmann"], &["elmann", "elman", "bptt-printed", "sparse"]),
    (&["mse", "--steps", "2"], &["--steps", "mse", "elman", "adam"]),
    (&["conv", "--learning-rate", "0.1"], &["--learning-rate", "conv", "bptt"]),
    (&["elman", "--set", "w_ho=1"], &["w_ho", "x, w_xh, w_hh, b_h, w_hy, b_y"]),
    (&["lstm", "--set", "w_xx=1"], &["w_xx", "w_ih (w_ii, w_if, w_ig, w_io)"]),
    (&["elman", "--set", "w_hh"], &["w_hh", "--set w_hh=0.5"]),
    (&["elman", "--set", "w_hh=a"], &["\"a\"", "not a number"]),
    (&["elman", "--set", "w_hh=nan"], &["not a number"]),
    (&["elman", "--set", "x=1,2"], &["2 numbers", "3", "--steps"]),
    (&["mse", "--set", "p=1,2"], &["2 numbers", "p has 4", "give 1 or 4"]),
    (&["elman", "--set", "w_hh=1,2"], &["2 numbers", "w_hh has 1", "give one"]),
    (&["lstm", "--set", "w_ih=1,2"], &["2 numbers", "w_ih has 4", "give 1 or 4"]),
    (&["lstm", "--set", "w_if=1,2"], &["2 numbers", "w_if has 1", "give one"]),
    (&["adam", "--set", "g=1,2"], &["2 numbers", "give 1 or 3", "--steps"]),
    (&["adam", "--set", "beta1=1"], &["beta1", "below 1"]),
    (&["adam", "--set", "epsilon=0"], &["epsilon", "1e-12"]),
    (&["bce", "--set", "t=2"], &["t", "0..1"]),
    (&["autoencoder", "--set", "x=-1"], &["x", "0..1"]),
    (&["sparse", "--set", "s=3"], &["s", "0..1"]),
    (&["sparse", "--set", "rho=0"], &["ρ", "above 0"]),
    (&["vae", "--set", "beta=-1"], &["beta", "0 or more"]),
    (&["elman", "--steps", "0"], &["--steps", "1"]),
    (&["elman", "--learning-rate", "0"], &["--learning-rate", "above 0"]),
    (&["elman", "--json", "--markdown"], &["--json", "--markdown"]),
    (&["--steps", "3"], &["name the example", "elman"]),
];

#[test]
fn mistakes_are_told() {
    for (args, words) in MISTAKES {
        let output = run(here(), &[&["trace"], *args].concat());
        let text = err(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        // --steps is mentioned only if it helps.
        let of_steps = args.contains(&"--steps") || words.contains(&"--steps");
        assert!(of_steps || !text.contains("--steps"), "{args:?}: {text}");
        words.iter().for_each(|word| assert!(text.contains(word), "{args:?}: {text:?} says nothing of {word:?}"));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn an_error_shows_how_a_long_list_begins() {
    let numbers = format!("x={}", vec!["1"; 5000].join(","));
    for setting in [&numbers, &format!("{numbers},a"), &"ä".repeat(5000), &format!("{}=1", "ä".repeat(5000))] {
        let output = run(here(), &["trace", "elman", "--set", setting]);
        let (text, start) = (err(&output), setting.chars().take(60).collect::<String>());
        assert!(output.status.code() == Some(2) && text.contains(&format!("{start}…")), "{text}");
        assert!(text.len() < 700, "{text}");
    }
}

#[test]
fn help_lists_the_examples() {
    let help = text(&["--help"]);
    NAMES.iter().for_each(|name| assert!(help.contains(name), "{name}"));
    assert!(help.contains("handgrad trace bptt --steps 10 --set w_hh=0.5"));
    // The commands in the help text work.
    let folder = tempfile::tempdir().expect("a folder");
    for line in help.lines().filter(|line| line.trim().starts_with("handgrad trace ")) {
        let command = line.trim().split("   ").next().expect("a command");
        let output = run(folder.path(), &command.split_whitespace().skip(1).collect::<Vec<_>>());
        assert!(output.status.success(), "{command}: {}", err(&output));
    }
    // Numbers beyond the range of floats are reported as such, without a panic.
    assert!(text(&["bptt", "--set", "w_hh=1e300"]).contains("inf"));
}
