//! `handgrad trace --ask`: the questions, and every kind of slip that it recognises. Wrong answers are computed here,
//! by the mistake that they stand for. This file belongs to the package of the binary, which it needs.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::process::Stdio;

use handgrad_study::answer;

mod command;
mod worked;

use command::{err, handgrad};
use worked::{here, lines, remember, start, text, trace};

/// Runs the command with these lines as its input, and returns what it prints.
fn typed(args: &[&str], input: &str) -> String {
    let mut child = handgrad(here())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads, or has ended");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn ask(args: &[&str], input: &str) -> String {
    typed(&[&["trace"], args, &["--ask"]].concat(), input)
}

/// The symbols that are asked for, in their order: each prompt belongs to the last line above it that begins with one.
fn asked(args: &[&str]) -> Vec<String> {
    let all = ask(args, &"\n".repeat(1000));
    let (mut symbols, mut last) = (Vec::new(), String::new());
    for line in all.lines() {
        if line.trim_end() == "  ?" {
            symbols.push(last.clone());
        } else if let Some((symbol, _)) = line.strip_prefix("  ").and_then(|rest| rest.split_once(" = "))
            && !symbol.starts_with(' ')
        {
            last = symbol.to_string();
        }
    }
    symbols
}

type Values<'a> = &'a dyn Fn(&str) -> f64;

/// A wrong answer: the kind of slip, the example, what is asked for, the slip, and words of the explanation.
type Case = (&'static str, &'static [&'static str], &'static str, fn(Values) -> f64, &'static str);

const ELMAN: &[&str] = &[
    "elman",
    "--set",
    "w_hh=0.6",
    "--set",
    "w_xh=0.3",
    "--set",
    "b_h=0.2",
    "--set",
    "w_hy=1.5",
    "--set",
    "b_y=0.4",
    "--learning-rate",
    "0.3",
];
const GRU: &[&str] = &["gru", "--set", "w_ih=0.5,-0.3,0.2", "--set", "w_hh=-0.4,0.6,0.9", "--set", "b_ih=0.1"];

fn sigma(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn z2(v: Values) -> f64 {
    v("w_hh") * v("h₁") + v("w_xh") * v("x₂") + v("b_h")
}

const CASES: &[Case] = &[
    ("activation", ELMAN, "h₂", |v| z2(v), "You stopped before tanh"),
    ("other-activation", ELMAN, "h₂", |v| sigma(z2(v)), "You took σ"),
    ("tan", ELMAN, "h₂", |v| z2(v).tan(), "That is the tangent"),
    (
        "log",
        &["bce"],
        "ℓ₃",
        |v| -(v("t₃") * v("p₃").log10() + (1.0 - v("t₃")) * (1.0 - v("p₃")).log10()),
        "decimal logarithm",
    ),
    ("slope", ELMAN, "δ₁", |v| v("dh₁"), "You forgot the slope of tanh, (1 − h₁²)"),
    ("slope", GRU, "δ_z₂", |v| v("dh₂") * (v("h̃₂") - v("h₁")), "You forgot the slope of σ, z₂·(1 − z₂)"),
    ("other-slope", ELMAN, "δ₂", |v| v("dh₂") * v("h₂") * (1.0 - v("h₂")), "You took the slope of σ"),
    ("square-of-brackets", ELMAN, "δ₂", |v| v("dh₂") * (1.0 - v("h₂")).powi(2), "only h₂ is squared"),
    ("half", &["vae"], "σ₁", |v| v("logvar₁").exp(), "You forgot the ½"),
    ("two", ELMAN, "dy₁", |v| v("y₁") - v("x₂"), "You forgot the factor 2: the slope of a square"),
    ("mean", &["mse"], "MSE", |v| v("ℓ₁") + v("ℓ₂") + v("ℓ₃") + v("ℓ₄"), "You forgot to divide by 4"),
    (
        "divisor",
        &["adam", "--learning-rate", "0.3"],
        "theta₁",
        |v| v("theta") - v("α") * v("m₁") / ((v("v₁") / (1.0 - v("beta2"))).sqrt() + v("epsilon")),
        "You forgot to divide by 1 − beta1^1",
    ),
    ("twice", &["mse"], "dp₁", |v| 2.0 * (v("p₁") - v("t₁")) / 16.0, "You divided by 4 twice"),
    ("square", &["mse"], "ℓ₁", |v| v("p₁") - v("t₁"), "You forgot the square of p₁ − t₁"),
    ("doubled", &["mse"], "ℓ₃", |v| 2.0 * (v("p₃") - v("t₃")), "instead of squaring it"),
    ("root", &["pca"], "v₁", |v| v("c₁₂") / (v("c₁₂").powi(2) + (v("λ₁") - v("c₁₁")).powi(2)), "You forgot the root"),
    (
        "absolute-value",
        &["sparse", "--set", "h=-1,0.5,0.25,2"],
        "P",
        |v| v("weight") * (v("h₁") + v("h₂").abs() + v("h₃").abs() + v("h₄").abs()),
        "the absolute value of h₁",
    ),
    ("later-step", ELMAN, "dh₁", |v| v("w_hy") * v("dy₁"), "You left out what comes back from step 2"),
    ("earlier-step", ELMAN, "h₂", |v| (v("w_xh") * v("x₂") + v("b_h")).tanh(), "You left out what comes from step 1"),
    ("bias", ELMAN, "y₁", |v| v("w_hy") * v("h₁"), "You forgot the bias b_y"),
    ("ascent", ELMAN, "w_hh′", |v| v("w_hh") + v("α") * v("dw_hh"), "A step goes against the gradient"),
    ("learning-rate", ELMAN, "w_xh′", |v| v("w_xh") - v("dw_xh"), "You forgot the learning rate α"),
    (
        "mask",
        &["dropout", "--set", "rate=0.9"],
        "y₂",
        |v| v("h₂") / (1.0 - v("rate")),
        "You forgot to multiply by mask₂",
    ),
    ("gate", GRU, "h₂", |v| v("z₂") * v("h₁") + (1.0 - v("z₂")) * v("h̃₂"), "You exchanged z₂ and 1 − z₂"),
    ("wrong-way", &["autoencoder"], "δ_d₁", |v| (v("x₁") - v("x̂₁")) / 4.0, "the wrong way round"),
    ("brackets", ELMAN, "dy₁", |v| 2.0 * v("y₁") - v("x₂"), "You multiplied only the first term"),
    (
        "transposed",
        &["two-units"],
        "dh₁₁",
        |v| v("dy₁") * v("w_hy₁") + v("δ₂₁") * v("w_hh₁₁") + v("δ₂₂") * v("w_hh₂₁"),
        "the rows of w_hh for its columns",
    ),
    (
        "flipped",
        &["stride", "--set", "w=0.5,-2,3", "--set", "x=1,-1,2,0.5,0,3,-2,1"],
        "y₂",
        |v| v("w₃") * v("x₁") + v("w₂") * v("x₂") + v("w₁") * v("x₃"),
        "You flipped the window",
    ),
    ("other-value", ELMAN, "h₂", |v| v("h₁"), "That is h₁."),
    (
        "index",
        &["dense"],
        "z₂₁",
        |v| v("x₁₁") * v("w₁₁") + v("x₂₂") * v("w₂₁") + v("b₁"),
        "You took x₁₁ instead of x₂₁",
    ),
    ("one-term", ELMAN, "dw_xh", |v| v("δ₂") * v("x₂"), "That is only δ₂·x₂"),
    ("term", ELMAN, "h₂", |v| (v("w_hh") * v("h₁") + v("b_h")).tanh(), "You left out the term w_xh·x₂"),
    (
        "sign-of-a-term",
        &["dense", "--set", "x=0.3,-1,2,0.4"],
        "z₁₁",
        |v| v("x₁₁") * v("w₁₁") - v("x₁₂") * v("w₂₁") + v("b₁"),
        "You subtracted x₁₂·w₂₁",
    ),
    ("sign", &["vae"], "dlogvar₁ by z", |v| -v("dz₁") * v("σ₁") * v("eps₁") / 2.0, "Only the sign is wrong"),
    ("factor", &["vae"], "z₁", |v| v("mu₁") + v("eps₁"), "You forgot the factor σ₁"),
    ("decimal-point", &["mse"], "MSE", |_| 0.30625, "the decimal point is at the wrong place"),
    ("known-value", ELMAN, "y₂", |v| v("w_xh"), "That is w_xh"),
    ("digits", ELMAN, "h₂", |v| (10.0 * z2(v).tanh()).round() / 10.0, "give at least three of them"),
];

#[test]
fn every_kind_of_slip_is_recognised() {
    let kinds: BTreeSet<_> = CASES.iter().map(|case| case.0).collect();
    assert_eq!(kinds, answer::kinds().into_iter().collect::<BTreeSet<_>>());
    assert!(kinds.len() >= 20, "{}", kinds.len());
    for (kind, args, symbol, slip, words) in CASES {
        let example = trace(args);
        // What is known before the line.
        let mut known: HashMap<String, f64> = start();
        for (_, line) in lines(&example) {
            if line["symbol"] == *symbol && line["formula"].is_string() {
                break;
            }
            remember(&mut known, line["symbol"].as_str().expect("a symbol"), &line["value"]);
        }
        let wrong = slip(&|name| *known.get(name).unwrap_or_else(|| panic!("{args:?}: {name} is not known")));
        let symbols = asked(args);
        let place = symbols.iter().position(|other| other == symbol);
        let place = place.unwrap_or_else(|| panic!("{args:?}: {symbol} is not asked for: {symbols:?}"));
        let output = ask(args, &format!("{}{wrong}\n", "\n".repeat(place)));
        let reply = output.lines().find(|line| line.starts_with("  No.") || line.starts_with("  Right."));
        let reply = reply.unwrap_or_else(|| panic!("{kind}: no reply in {output}"));
        assert!(reply.contains(words), "{kind}, {args:?}, {symbol}: {wrong} gives {reply:?}, not {words:?}");
    }
}

/// Right answers are accepted as they are printed, rounded, and as formulas of numbers.
#[test]
fn right_answers_are_accepted() {
    for right in ["0.9640275801", "0.9640", ".964", "0,96403", "tanh(2)", "tanh(1*0 + 1*1 + 1)"] {
        let output = ask(&["elman"], &format!("{right}\n"));
        assert!(output.contains("  Right.\n") && !output.contains("No."), "{right}: {output}");
        assert!(output.ends_with("1 of 1 values right, 1 of them at once.\n"), "{output}");
    }
    // All values of an example, as they are printed.
    for name in ["lstm", "autoencoder", "vae", "small-vae", "pool"] {
        let example = trace(&[name]);
        let symbols = asked(&[name]);
        let mut left = symbols.iter();
        let mut next = left.next();
        let mut input = String::new();
        for (heading, line) in lines(&example) {
            if heading != "Given"
                && next.is_some_and(|symbol| line["symbol"] == symbol.as_str())
                && line["formula"].is_string()
            {
                input += &format!("{:.6e}\n", command::number(&line["value"]));
                next = left.next();
            }
        }
        let (count, output) = (symbols.len(), ask(&[name], &input));
        assert!(output.ends_with(&format!("{count} of {count} values right, {count} of them at once.\n")), "{output}");
    }
}

#[test]
fn a_value_may_be_tried_twice_and_is_then_shown() {
    let output = ask(&["elman"], "2\n0.964\n7\n8\nabc\n\nq\n0.9\n");
    let shown = text(&["elman"]);
    for words in [
        "No. You stopped before tanh: this is what tanh is applied to. Try once more.",
        "  Right.\n  h₁ = tanh(w_hh·h₀ + w_xh·x₁ + b_h) = tanh(1·0 + 1·1 + 1) = tanh(2) = 0.9640275801  (slide: .9640)",
        "  No. Try once more.",
        "  No.\n  y₁ = w_hy·h₁ + b_y = 1·0.964028 + 1 = 1.9640275801  (slide: 1.9640)",
        "neither a number nor a formula of numbers",
        "\n1 of 3 values right, 0 of them at once.\n",
    ] {
        assert!(output.contains(words), "{words:?} is not in {output}");
    }
    // What is shown is what the example prints.
    let line = shown.lines().find(|line| line.starts_with("  y₁")).expect("a line");
    assert!(output.contains(line), "{output}");
}

/// The dialogue in docs/traces.md is what the command prints.
#[test]
fn the_dialogue_of_the_document_is_true() {
    let document = std::fs::read_to_string(here().join("../../docs/traces.md")).expect("text");
    let block = document.split("```text\n").find_map(|block| block.strip_prefix("$ handgrad trace elman --ask\n"));
    let block = block.and_then(|block| block.split("```").next()).expect("the dialogue");
    let output = ask(&["elman"], "2\n0.964\n");
    let mut printed = output.lines();
    for line in block.lines().filter(|line| *line != "…") {
        assert!(printed.any(|printed| printed == line), "{line:?} is not in {output}, or not in this order");
    }
    assert!(document.contains(&format!("{} kinds in all", answer::kinds().len())), "the number of kinds");
}

#[test]
fn the_end_of_the_input_ends_the_questions() {
    let output = ask(&["lstm"], "");
    assert!(output.ends_with("0 of 0 values right, 0 of them at once.\n"), "{output}");
    let output = ask(&["lstm"], "0.9526");
    assert!(output.ends_with("1 of 1 values right, 1 of them at once.\n"), "{output}");
    // No text breaks it.
    let output = ask(&["lstm"], &format!("{}\n\u{0}\u{1b}[31m\n{}\n", "((((".repeat(2000), "9".repeat(5000)));
    assert!(!output.contains('\u{1b}') && output.contains("0 of "), "{output}");
}
