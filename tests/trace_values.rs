//! The values of `handgrad trace` compared with the formulas printed next to them, with central differences of its
//! own losses, and with values computed by hand. This file belongs to the package `handgrad`, whose binary it needs.

use std::collections::HashMap;

use serde_json::Value;

mod command;
mod formula;
mod worked;

use command::number;
use worked::{NAMES, flat, line_of, lines, near, remember, trace, value, value_below};

/// Other numbers for every example: mixed signs, more steps.
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
    &["autoencoder", "--set", "b_e=-0.5,0.1", "--steps", "3", "--learning-rate", "0.1"],
    &["dense", "--set", "x=0.3,-1,2,0.4", "--set", "b=-0.5", "--set", "dy=0.1,-2,3,0.7,-0.2,1"],
    &["batch", "--set", "b_e=-0.1,0.2", "--steps", "3", "--learning-rate", "0.5"],
    &["pca", "--set", "x=3,2,-1,0.5,2,-1,0.25,4"],
    &["mse", "--set", "p=-2,3,0.5,1"],
    &["bce", "--set", "z=-3,4,0.1,-0.2", "--set", "t=0.5"],
    &["adam", "--steps", "5", "--set", "beta1=0.5", "--set", "g=-1,2,-3,4,0.5", "--learning-rate", "0.2"],
    &["conv", "--set", "w=1,2,3,4,5,6,7,8,9", "--set", "b=-1"],
    &["stride", "--set", "w=0.5,-2,3", "--set", "x=1,-1,2,0.5,0,3,-2,1"],
    &["two-units", "--steps", "3", "--set", "w_hh=0.3,-0.8,0.7,0.4", "--set", "x=0.3,-1,0.2,2"],
    &["two-units-lstm", "--steps", "3", "--set", "w_hf=0.3,-0.8,0.7,0.4", "--set", "x=0.3,-1,0.2,2"],
    &["two-units-gru", "--steps", "3", "--set", "w_hn=0.3,-0.8,0.7,0.4", "--set", "x=0.3,-1,0.2,2"],
    &["bidirectional", "--set", "x=0.3,-1,0.2", "--set", "w_ff=-0.7", "--set", "dy=0.1,-2,3,0.7,-0.2,1"],
    &["convlstm", "--set", "x=0.3,-1,0.2,2,0.5,-0.4", "--set", "w_hf=0.3,-0.8,0.7", "--set", "b_f=-0.5"],
    &["tied", "--set", "x=0.3,-1,2", "--set", "w=0.7,-0.2,0.3,0.9,-1.1,0.4", "--learning-rate", "0.3"],
    &["softmax", "--set", "z=-1,0.5,3", "--set", "t=0.1,0.2,0.7", "--set", "q=0,0,1"],
    &["init", "--set", "fan_in=5", "--set", "fan_out=7", "--set", "x=0.3,-1,2", "--set", "n=32"],
    &["conv-transpose", "--set", "w=1,2,3,4,5,6,7,8,9", "--set", "x=0.5,-1,2,3", "--set", "b=-1"],
    &["dilation", "--set", "w=1,2,3,4", "--set", "dy=-1,2,0.5,3", "--set", "b=-1"],
    &["pool", "--set", "x=1,2,3,4,8,7,6,5,-1,-2,-3,-4,0,0,0,0", "--set", "dz=2"],
    &["dropout", "--set", "rate=0.3", "--set", "h=-1,0.5,2,0.3", "--set", "t=-2"],
    &["small-vae", "--set", "x=0.2,1,0.5", "--set", "eps=-1.3", "--set", "beta=0.4", "--learning-rate", "0.3"],
    &["noise", "--set", "std=0.7", "--set", "p=0.3", "--set", "rate=0.2"],
    &["vae", "--set", "logvar=-2,1.5", "--set", "beta=0.3"],
    &["sparse", "--set", "h=-1,0.5,0,2", "--set", "rho=0.2", "--set", "kl_weight=2"],
];

/// A line that has a formula.
struct Worked<'a> {
    what: String,
    found: f64,
    /// The value from a calculator that is independent of the layers.
    expected: f64,
    line: &'a Value,
}

fn worked<'a>(args: &[&str], trace: &'a Value) -> Vec<Worked<'a>> {
    let mut scope = worked::start();
    let mut found = Vec::new();
    for (heading, line) in lines(trace) {
        let (symbol, known) = (line["symbol"].as_str().expect("a symbol"), &line["value"]);
        remember(&mut scope, symbol, known);
        let Some(formula) = line["formula"].as_str().filter(|_| known.is_number()) else { continue };
        // The symbol for the printed gradient appears two sections above; the integers are compared elsewhere.
        if symbol.starts_with("Δd") {
            continue;
        }
        let what = format!("{args:?}, {heading}: {symbol} = {formula}");
        let expected = formula::evaluate(formula, &scope).unwrap_or_else(|e| panic!("{what}: {e}"));
        found.push(Worked { what, found: number(known), expected, line });
    }
    found
}

/// Every value equals the result of the formula printed next to it, and so does, with fewer digits, every formula
/// with numbers.
#[test]
fn values_are_those_of_the_formulas_beside_them() {
    let own: Vec<_> = NAMES.iter().map(std::slice::from_ref).collect();
    for args in own.into_iter().chain(OTHER_NUMBERS.iter().copied()) {
        let trace = trace(args);
        let checked = worked(args, &trace);
        assert!(checked.len() >= 9, "{args:?}: {} formulas", checked.len());
        for Worked { what, found, expected, line } in checked {
            near(found, expected, 1e-13 + 1e-10 * expected.abs(), &what);
            for numbers in line["numbers"].as_array().into_iter().flatten() {
                let numbers = numbers.as_str().expect("a text");
                let rounded = formula::evaluate(numbers, &HashMap::new()).unwrap_or_else(|e| panic!("{numbers}: {e}"));
                near(rounded, expected, 2e-4 * expected.abs().max(1.0), &format!("{what} = {numbers}"));
            }
        }
    }
}

/// Extreme numbers, for which a layer clips or rearranges something, and the number of lines where this happens.
const FAR_OUT: &[(&[&str], usize)] = &[
    (&["bce"], 0),
    (&["bce", "--set", "z=40"], 12),
    (&["bce", "--set", "z=-20"], 4),
    (&["bce", "--set", "z=-742"], 12),
    (&["bce", "--set", "z=-1000"], 12),
    (&["autoencoder"], 0),
    (&["autoencoder", "--set", "b_d=50"], 8),
    (&["autoencoder", "--set", "b_d=-1000"], 8),
    (&["sparse"], 0),
    (&["sparse", "--set", "s=0"], 4),
    (&["sparse", "--set", "s=1,0.5,1,0.5,1,0.5"], 2),
];

/// If a value differs from its formula, a note says why.
#[test]
fn what_is_held_is_said_to_be_held() {
    for (args, count) in FAR_OUT {
        let trace = trace(args);
        let said = |line: &Value| {
            let note = line["note"].as_str().unwrap_or_default();
            ["clipped", "clips", "continued along", "computed from z"].iter().any(|word| note.contains(word))
        };
        let all = worked(args, &trace);
        assert_eq!(all.iter().filter(|worked| said(worked.line)).count(), *count, "{args:?}");
        for Worked { what, found, expected, line } in all {
            // For extreme numbers, a difference of 10⁻²⁶ counts.
            let tolerance = 1e-9 * expected.abs() + if expected == 0.0 { f64::MIN_POSITIVE } else { 1e-13 };
            let same = (found - expected).abs() <= tolerance;
            assert!(same || said(line), "{what}: {found}, not {expected}: {line}");
        }
    }
}

/// Adam's first step has the size α, except if the gradient is 0 or as small as ε.
#[test]
fn a_step_of_nothing_is_not_said_to_be_alpha() {
    let says_alpha = |args: &[&str], symbol: &str| {
        line_of(&trace(args), "", symbol)["note"].as_str().is_some_and(|note| note.contains("first step is α"))
    };
    assert!(says_alpha(&["adam"], "Δ₁") && says_alpha(&["adam", "--set", "g=-1e-5"], "Δ₁"));
    assert!(!says_alpha(&["adam", "--set", "g=0"], "Δ₁") && !says_alpha(&["adam", "--set", "g=1e-9"], "Δ₁"));
    assert!(says_alpha(&["autoencoder"], "w_d₁₁′") && !says_alpha(&["autoencoder", "--set", "x=0"], "w_d₁₁′"));
}

/// The derivative of f with respect to one value; `set` makes the arguments that change the value by the given
/// amount.
fn central_difference(set: impl Fn(f64) -> Vec<String>, f: impl Fn(&Value) -> f64) -> f64 {
    const STEP: f64 = 1e-5;
    let at = |by: f64| {
        let args = set(by);
        f(&trace(&args.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    (at(STEP) - at(-STEP)) / (2.0 * STEP)
}

/// `args`, and `--set name=…` with the value at a position changed.
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
                    "autoencoder" | "batch" => flat(&line_of(&trace, "", &format!("d{name}"))["value"])[place],
                    "lstm" | "gru" if values.len() > 1 => {
                        let gate = if args[0] == "lstm" { ["i", "f", "g", "o"][place] } else { ["r", "z", "n"][place] };
                        let symbol = format!("d{}{}{gate}", &name[..2], &name[2..3]);
                        value(&trace, &symbol)
                    }
                    "two-units" | "two-units-lstm" | "two-units-gru" if values.len() > 1 => {
                        let symbols = match values.len() {
                            4 => ["₁₁", "₁₂", "₂₁", "₂₂"][place],
                            _ => ["₁", "₂"][place],
                        };
                        value(&trace, &format!("d{name}{symbols}"))
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

    let dense = trace(&["dense"]);
    let dy = flat(&line_of(&dense, "Given", "dy")["value"]);
    for (name, heading) in [("relu", "y = relu(z)"), ("σ", "y = σ(z)")] {
        let seen = |trace: &Value| {
            let y = ["y₁₁", "y₁₂", "y₁₃", "y₂₁", "y₂₂", "y₂₃"].map(|symbol| value_below(trace, heading, symbol));
            y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
        };
        for (given, starts, count) in [("x", "dx = δ·wᵀ", 4), ("w", "dw = xᵀ·δ", 6)] {
            let values = flat(&line_of(&dense, "Given", given)["value"]);
            let found = flat(&line_of(&dense, &format!("{starts}, for {name}"), &format!("d{given}"))["value"]);
            for place in 0..count {
                let expected = central_difference(moved(&["dense"], given, &values, place), seen);
                near(found[place], expected, 1e-8, given);
            }
        }
        for (place, symbol) in ["db₁", "db₂", "db₃"].into_iter().enumerate() {
            let expected = central_difference(moved(&["dense"], "b", &[0.1, 0.0, 0.2], place), seen);
            near(value_below(&dense, &format!("of δ, for {name}"), symbol), expected, 1e-8, symbol);
        }
    }

    for args in [&["stride"][..], &["stride", "--set", "w=0.5,-2,3"]] {
        let stride = trace(args);
        near(value(&stride, "⟨y, a⟩"), value(&stride, "⟨x, z⟩"), 1e-12, "the adjoint identity");
    }

    // The library's error, from 32 bits, equals the one of the formulas.
    for args in [&["pca"][..], &["pca", "--set", "x=3,2,-1,0.5,2,-1,0.25,4"]] {
        let pca = trace(args);
        near(value(&pca, "E of pca.rs"), value(&pca, "E"), 1e-6, "E");
        near(value(&pca, "E"), value(&pca, "λ₂"), 1e-12, "the variance that is left out");
    }

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

/// The KL divergence of two normal distributions, by its defining integral.
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
fn the_least_cross_entropy_is_the_entropy_of_the_targets() {
    let of = |t: f64| -t * t.ln() - (1.0 - t) * (1.0 - t).ln();
    near(value(&trace(&["bce"]), "L(p = t)"), (of(0.8) + of(0.3)) / 4.0, 1e-15, "1, 0, 0.8, 0.3");
    near(value(&trace(&["autoencoder"]), "L(x̂ = x)"), (of(0.1) + of(0.2)) / 2.0, 1e-15, "0.9, 0.1, 0.8, 0.2");
    assert_eq!(value(&trace(&["autoencoder", "--set", "x=1,0,1,0"]), "L(x̂ = x)"), 0.0);
    // The best possible predictions: z = ln(t/(1 − t)).
    let logit = |t: f64| (t / (1.0 - t)).ln();
    let best = trace(&["bce", "--set", &format!("z=50,-50,{},{}", logit(0.8), logit(0.3))]);
    near(value(&best, "L"), value(&best, "L(p = t)"), 1e-15, "p = t");
}

#[test]
fn steps_of_adam() {
    // By hand: m̂ = g and v̂ = g² in the first step, so the step is α·g/(|g| + ε).
    for g in [0.5, -0.1, 1e-3] {
        let first = trace(&["adam", "--steps", "1", "--set", &format!("g={g}"), "--learning-rate", "0.01"]);
        near(value(&first, "Δ₁"), -0.01 * g / (f64::abs(g) + 1e-8), 1e-15, "Δ₁");
    }
    // In the autoencoder every weight changes by nearly α, against the sign of its gradient.
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
