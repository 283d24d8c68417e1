//! `handgrad trace`: what it prints, against the slides, against the formulas it prints beside its values, and against central
//! differences of its own losses. This file belongs to the package `handgrad`, whose binary it needs.
//!
//! The text of every example is kept in `tests/fixtures/trace/NAME.txt`. To renew it after a change that is meant, run
//! `HANDGRAD_RENEW=1 cargo test -p handgrad --test trace` and read the difference: the run writes the files and fails.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

mod command;
mod formula;

use command::{err, list, number, run};

const NAMES: [&str; 14] = [
    "elman",
    "jordan",
    "jordan-classic",
    "lstm",
    "gru",
    "bptt",
    "bptt-printed",
    "autoencoder",
    "mse",
    "bce",
    "adam",
    "conv",
    "vae",
    "sparse",
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The JSON of an example.
fn trace(args: &[&str]) -> Value {
    command::json(here(), &[&["trace", "--json"], args].concat())
}

fn text(args: &[&str]) -> String {
    let output = run(here(), &[&["trace"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// All lines with a symbol, and the heading above each.
fn lines(trace: &Value) -> Vec<(&str, &Value)> {
    let sections = trace["sections"].as_array().expect("sections");
    let of = |section: &'_ Value| section["lines"].as_array().expect("lines").len();
    assert!(sections.iter().all(|section| of(section) > 0));
    sections
        .iter()
        .flat_map(|section| {
            let heading = section["heading"].as_str().expect("a heading");
            section["lines"].as_array().expect("lines").iter().map(move |line| (heading, line))
        })
        .filter(|(_, line)| line["symbol"].is_string())
        .collect()
}

/// The first line with this symbol below a heading that has these words.
fn line_of<'a>(trace: &'a Value, heading: &str, symbol: &str) -> &'a Value {
    let found = lines(trace).into_iter().find(|(over, line)| over.contains(heading) && line["symbol"] == symbol);
    found.unwrap_or_else(|| panic!("no {symbol} below {heading:?} in {trace}")).1
}

fn value(trace: &Value, symbol: &str) -> f64 {
    number(&line_of(trace, "", symbol)["value"])
}

fn value_below(trace: &Value, heading: &str, symbol: &str) -> f64 {
    number(&line_of(trace, heading, symbol)["value"])
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, not {expected}");
}

/// Leaves, or rows of leaves, as one list.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(rows) => rows.iter().flat_map(flat).collect(),
        _ => vec![number(value)],
    }
}

#[test]
fn texts_are_those_in_the_fixtures() {
    let folder = here().join("../../tests/fixtures/trace");
    let renew = std::env::var_os("HANDGRAD_RENEW").is_some();
    let mut renewed = Vec::new();
    for name in NAMES {
        let (path, found): (PathBuf, _) = (folder.join(format!("{name}.txt")), text(&[name]));
        assert!(found.lines().all(|line| line.chars().count() <= 104), "{name} fits 100 columns, but for accents");
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

/// Example, symbol, what the slide prints, and the value in more digits.
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
        // The slide rounds to four digits, but for the second step of Jordan's network, which it truncates.
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
    // The loss after it is that of an example that starts there.
    let settings = names.map(|name| format!("{name}={}", value(&moved, &format!("{name}′"))));
    let args: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    near(value(&trace(&[&["bptt"], &args[..]].concat()), "L"), value(&moved, "L′"), 1e-12, "L′");
    assert!(value(&moved, "L′") < value(&moved, "L"));
}

/// Other numbers for every example: signs mixed, more steps.
const OTHER_NUMBERS: &[&[&str]] = &[
    &["elman", "--steps", "4", "--set", "w_hh=-0.7", "--set", "x=0.3,-1,0.2,2,-0.4", "--learning-rate", "0.3"],
    &["jordan", "--steps", "3", "--set", "w_yh=-0.6", "--set", "w_hh=0.4", "--set", "x=0.2,-0.5,1,0.1"],
    &["jordan-classic", "--steps", "3", "--set", "w_yh=-0.6", "--set", "w_hy=0.4", "--set", "x=0.2,-0.5,1,0.1"],
    &[
        "lstm",
        "--steps",
        "3",
        "--set",
        "w_ih=0.5,-0.3,0.2,0.7",
        "--set",
        "b_if=-0.5",
        "--set",
        "w_hh=-0.4",
        "--set",
        "x=0.2,-0.5,1,2",
    ],
    &[
        "gru",
        "--steps",
        "3",
        "--set",
        "w_ih=0.5,-0.3,0.2",
        "--set",
        "b_hn=-0.5",
        "--set",
        "w_hh=-0.4",
        "--set",
        "x=0.2,-0.5,1,2",
    ],
    &["bptt", "--steps", "4", "--set", "w_hh=-0.5", "--set", "b_y=0.25"],
    &["bptt-printed", "--steps", "4", "--set", "w_hh=-0.5", "--set", "w_hy=2"],
    &["autoencoder", "--set", "b_e=-0.3,0.1", "--steps", "3", "--learning-rate", "0.1"],
    &["mse", "--set", "p=-2,3,0.5,1"],
    &["bce", "--set", "z=-3,4,0.1,-0.2", "--set", "t=0.5"],
    &["adam", "--steps", "5", "--set", "beta1=0.5", "--set", "g=-1,2,-3,4,0.5", "--learning-rate", "0.2"],
    &["conv", "--set", "w=1,2,3,4,5,6,7,8,9", "--set", "b=-1"],
    &["vae", "--set", "logvar=-2,1.5", "--set", "beta=0.3"],
    &["sparse", "--set", "h=-1,0.5,0,2", "--set", "rho=0.2", "--set", "kl_weight=2"],
];

/// Every value is what the formula printed beside it gives, by an evaluator that knows nothing of layers; and so, in fewer
/// digits, is every formula with numbers put in.
#[test]
fn values_are_those_of_the_formulas_beside_them() {
    let own: Vec<_> = NAMES.iter().map(std::slice::from_ref).collect();
    for args in own.into_iter().chain(OTHER_NUMBERS.iter().copied()) {
        let trace = trace(args);
        let mut scope = HashMap::from(["h₀", "y₀", "c₀", "m₀", "v₀"].map(|name| (name.to_string(), 0.0)));
        let mut checked = 0;
        for (heading, line) in lines(&trace) {
            let (symbol, known) = (line["symbol"].as_str().expect("a symbol"), &line["value"]);
            remember(&mut scope, symbol, known);
            let Some(formula) = line["formula"].as_str().filter(|_| known.is_number()) else { continue };
            // What the printed gradient is called stands two sections above; the integers are compared elsewhere.
            if symbol.starts_with("Δd") {
                continue;
            }
            let (what, found) = (format!("{args:?}, {heading}: {symbol} = {formula}"), number(known));
            let expected = formula::evaluate(formula, &scope).unwrap_or_else(|e| panic!("{what}: {e}"));
            near(found, expected, 1e-13 + 1e-9 * expected.abs(), &what);
            for numbers in line["numbers"].as_array().into_iter().flatten() {
                let numbers = numbers.as_str().expect("a text");
                let rounded = formula::evaluate(numbers, &HashMap::new()).unwrap_or_else(|e| panic!("{numbers}: {e}"));
                near(rounded, expected, 2e-4 * expected.abs().max(1.0), &format!("{what} = {numbers}"));
            }
            checked += 1;
        }
        assert!(checked >= 9, "{args:?}: {checked} formulas");
    }
}

/// A value by its symbol, those of a matrix by their places, those of gates by their letters.
fn remember(scope: &mut HashMap<String, f64>, symbol: &str, value: &Value) {
    let sub = |number: usize| {
        char::from_digit(number as u32, 10).map(|c| char::from_u32(0x2080 + c as u32 - 48)).expect("a digit")
    };
    let place = |at: usize| sub(at + 1).expect("a subscript");
    match value {
        Value::Array(rows) if rows.iter().all(Value::is_number) => {
            let gates = match rows.len() {
                4 => "ifgo",
                _ => "rzn",
            };
            for (at, (value, gate)) in list(value).into_iter().zip(gates.chars().chain("-----".chars())).enumerate() {
                scope.insert(format!("{symbol}{}", place(at)), value);
                if let Some(start) = symbol.strip_suffix("ih").or_else(|| symbol.strip_suffix("hh")) {
                    let source = if symbol.ends_with("ih") { 'i' } else { 'h' };
                    scope.insert(format!("{start}{source}{gate}"), value);
                }
            }
        }
        Value::Array(rows) => {
            for (i, row) in rows.iter().enumerate() {
                for (j, value) in list(row).into_iter().enumerate() {
                    scope.insert(format!("{symbol}{}{}", place(i), place(j)), value);
                }
            }
        }
        _ => {
            if symbol == "theta" {
                scope.extend(["theta₀", "plain₀"].map(|name| (name.to_string(), number(value))));
            }
            scope.insert(symbol.into(), number(value));
        }
    }
}

/// ∂f by one value, where `set` makes the arguments that move it by so much.
fn central_difference(set: impl Fn(f64) -> Vec<String>, f: impl Fn(&Value) -> f64) -> f64 {
    const STEP: f64 = 1e-5;
    let at = |by: f64| {
        let args = set(by);
        f(&trace(&args.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    (at(STEP) - at(-STEP)) / (2.0 * STEP)
}

/// `args` and `--set name=…` with the value at a place moved.
fn moved<'a>(args: &'a [&'a str], name: &'a str, values: &'a [f64], place: usize) -> impl Fn(f64) -> Vec<String> + 'a {
    move |by| {
        let values =
            values.iter().enumerate().map(|(at, value)| (value + if at == place { by } else { 0.0 }).to_string());
        let setting = format!("{name}={}", values.collect::<Vec<_>>().join(","));
        args.iter().map(ToString::to_string).chain(["--set".into(), setting]).collect()
    }
}

#[test]
fn gradients_are_central_differences_of_the_losses() {
    let recurrent = OTHER_NUMBERS.iter().filter(|args| args.contains(&"--steps") && args[0] != "adam");
    for args in recurrent {
        let trace = trace(args);
        let given: Vec<_> = lines(&trace).into_iter().filter(|(heading, _)| *heading == "Given").collect();
        for (_, line) in given {
            let (name, values) = (line["symbol"].as_str().expect("a symbol"), flat(&line["value"]));
            if name == "x" {
                continue;
            }
            for place in 0..values.len() {
                let expected = central_difference(moved(args, name, &values, place), |trace| value(trace, "L"));
                let found = match args[0] {
                    "autoencoder" => flat(&line_of(&trace, "Gradients", &format!("d{name}"))["value"])[place],
                    "lstm" | "gru" if values.len() > 1 => {
                        let gate = if args[0] == "lstm" { ["i", "f", "g", "o"][place] } else { ["r", "z", "n"][place] };
                        let symbol = format!("d{}{}{gate}", &name[..2], &name[2..3]);
                        value(&trace, &symbol)
                    }
                    "bptt-printed" => value_below(&trace, "with the recursion", &format!("d{name}")),
                    _ => value(&trace, &format!("d{name}")),
                };
                near(found, expected, 1e-7 * (1.0 + expected.abs()), &format!("{args:?}: d{name}, value {place}"));
            }
        }
    }
}

#[test]
fn pieces_agree_with_central_differences() {
    let conv = trace(&["conv"]);
    let dy = flat(&line_of(&conv, "Given", "dy")["value"]);
    let seen = |trace: &Value| {
        let y = ["y₁₁", "y₁₂", "y₂₁", "y₂₂"].map(|symbol| value(trace, symbol));
        y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
    };
    let gradient = |name: &str, place: usize| {
        let values = flat(&line_of(&conv, "Given", name)["value"]);
        central_difference(moved(&["conv"], name, &values, place), seen)
    };
    let dx = flat(&line_of(&conv, "image", "dx")["value"]);
    (0..16).for_each(|place| near(dx[place], gradient("x", place), 1e-8, "dx"));
    for (place, symbol) in [(0, "dw₁₁"), (4, "dw₂₂"), (5, "dw₂₃"), (8, "dw₃₃")] {
        near(value(&conv, symbol), gradient("w", place), 1e-8, symbol);
    }
    near(value(&conv, "db"), gradient("b", 0), 1e-8, "db");

    let vae = trace(&["vae"]);
    let dz = flat(&line_of(&vae, "Given", "dz")["value"]);
    for (name, symbols) in [("mu", ["dmu₁", "dmu₂"]), ("logvar", ["dlogvar₁", "dlogvar₂"])] {
        let values = flat(&line_of(&vae, "Given", name)["value"]);
        for (place, symbol) in symbols.into_iter().enumerate() {
            let loss =
                |trace: &Value| dz[0] * value(trace, "z₁") + dz[1] * value(trace, "z₂") + value(trace, "penalty");
            near(value(&vae, symbol), central_difference(moved(&["vae"], name, &values, place), loss), 1e-9, symbol);
        }
    }

    let sparse = trace(&["sparse"]);
    let s = flat(&line_of(&sparse, "Given", "s")["value"]);
    for (place, symbol) in [(0, "ds₁"), (1, "ds₂"), (4, "ds₁"), (5, "ds₂")] {
        let penalty = |trace: &Value| value_below(trace, "KL", "P");
        let expected = central_difference(moved(&["sparse"], "s", &s, place), penalty);
        near(value(&sparse, symbol), expected, 1e-9, symbol);
    }
    let h = [0.7, -0.4, 0.2, 1.5];
    let dy = [0.01, 0.02, -0.01, 0.0];
    let at_h = trace(&["sparse", "--set", "h=0.7,-0.4,0.2,1.5"]);
    for (place, symbol) in ["dh₁", "dh₂", "dh₃", "dh₄"].into_iter().enumerate() {
        let pull = central_difference(moved(&["sparse"], "h", &h, place), |trace| value_below(trace, "L1", "P"));
        near(value(&at_h, symbol), dy[place] + pull, 1e-9, symbol);
    }

    for (name, input, loss, heading, symbols) in [
        ("mse", "p", "MSE", "Backward", ["dp₁", "dp₂", "dp₃", "dp₄"]),
        ("mse", "p", "SSE", "Summed", ["dp₁", "dp₂", "dp₃", "dp₄"]),
        ("bce", "z", "L", "Backward", ["dz₁", "dz₂", "dz₃", "dz₄"]),
    ] {
        let example = trace(&[name]);
        let values = flat(&line_of(&example, "Given", input)["value"]);
        for (place, symbol) in symbols.into_iter().enumerate() {
            let expected = central_difference(moved(&[name], input, &values, place), |trace| value(trace, loss));
            near(value_below(&example, heading, symbol), expected, 1e-9, symbol);
        }
    }
}

/// KL of two normal distributions, as the integral that it is.
#[test]
fn the_divergence_is_its_integral() {
    let vae = trace(&["vae"]);
    for (mu, logvar, symbol) in [(0.5, 0.2_f64, "KL₁"), (-1.0, -0.6, "KL₂")] {
        let sigma = (logvar / 2.0).exp();
        let (steps, reach) = (200_000, 12.0);
        let width = 2.0 * reach * sigma / f64::from(steps);
        let integral: f64 = (0..steps)
            .map(|at| {
                let z = mu - reach * sigma + (f64::from(at) + 0.5) * width;
                let ln_q = -((z - mu) / sigma).powi(2) / 2.0 - sigma.ln();
                let ln_p = -z * z / 2.0;
                let q = ln_q.exp() / (2.0 * std::f64::consts::PI).sqrt();
                q * (ln_q - ln_p) * width
            })
            .sum();
        near(value(&vae, symbol), integral, 1e-9, symbol);
    }
}

#[test]
fn steps_of_adam() {
    // By hand: m̂ = g and v̂ = g² in the first step, which is α·g/(|g| + ε).
    for g in [0.5, -0.1, 1e-3] {
        let first = trace(&["adam", "--steps", "1", "--set", &format!("g={g}"), "--learning-rate", "0.01"]);
        near(value(&first, "Δ₁"), -0.01 * g / (f64::abs(g) + 1e-8), 1e-15, "Δ₁");
    }
    // Of an autoencoder every weight moves by nearly α against the sign of its gradient.
    let autoencoder = trace(&["autoencoder"]);
    for name in ["w_e", "b_e", "w_d", "b_d"] {
        let of = |symbol: &str| flat(&line_of(&autoencoder, "", symbol)["value"]);
        for ((before, after), g) in of(name).iter().zip(of(&format!("{name}′"))).zip(of(&format!("d{name}"))) {
            near(after - before, -0.001 * g / (g.abs() + 1e-8), 1e-14, name);
        }
    }
    let losses = trace(&["autoencoder", "--steps", "30", "--learning-rate", "0.01"]);
    let after: Vec<f64> = (1..=30).map(|t| value(&losses, &format!("L after step {t}"))).collect();
    assert!(value(&losses, "L") > after[0] && after.is_sorted_by(|a, b| a > b), "{after:?}");
    assert!(after[29] > value(&losses, "L(x̂ = x)"), "no loss is below the least possible");
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

#[test]
fn changed_numbers_are_not_compared_with_the_slides() {
    let changed = trace(&["elman", "--set", "w_hh=0.5"]);
    assert!(lines(&changed).iter().all(|(_, line)| line["slide"].is_null()));
    assert_eq!(value(&changed, "w_hh"), 0.5);
    near(value(&changed, "h₂"), f64::tanh(0.5 * f64::tanh(2.0) + 3.0), 1e-15, "h₂");
    assert_eq!(list(&line_of(&trace(&["elman", "--set", "X=2"]), "Given", "x")["value"]), [2.0; 3]);
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

/// What every example must name.
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

/// Arguments, and words that the error must have.
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
    (&["mse", "--set", "p=1,2"], &["2 numbers", "p has 4"]),
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
        words.iter().for_each(|word| assert!(text.contains(word), "{args:?}: {text:?} says nothing of {word:?}"));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help_lists_the_examples() {
    let help = text(&["--help"]);
    NAMES.iter().for_each(|name| assert!(help.contains(name), "{name}"));
    assert!(help.contains("handgrad trace bptt --steps 10 --set w_hh=0.5"));
    // What it shows works.
    for line in help.lines().filter(|line| line.trim().starts_with("handgrad trace ")) {
        let command = line.trim().split("   ").next().expect("a command");
        text(&command.split_whitespace().skip(2).collect::<Vec<_>>());
    }
    // Numbers beyond what floats hold are told as such, and nothing breaks.
    assert!(text(&["bptt", "--set", "w_hh=1e300"]).contains("inf"));
}
