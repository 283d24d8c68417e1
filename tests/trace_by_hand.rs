//! The values of `handgrad trace` that have no formula next to them, computed again in a few lines: states, losses
//! and norms of small networks written out here. This file belongs to the package `handgrad`, whose binary it needs.

use serde_json::Value;

mod command;
mod worked;

use command::list;
use worked::{flat, line_of, lines, near, trace, value, value_below};

fn sigma(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn near_all(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    found.iter().zip(expected).for_each(|(&found, &expected)| near(found, expected, tolerance, what));
}

/// h₁ … h_T of h_t = φ(w_hh·h_{t−1} + w_xh·x_t + b_h), and Σ (w_hy·h_t + b_y − x_{t+1})².
fn elman(phi: fn(f64) -> f64, [w_hh, w_xh, b_h, w_hy, b_y]: [f64; 5], x: &[f64]) -> (Vec<f64>, f64) {
    let (mut h, mut loss) = (vec![], 0.0);
    for pair in x.windows(2) {
        h.push(phi(w_hh * h.last().unwrap_or(&0.0) + w_xh * pair[0] + b_h));
        loss += (w_hy * h[h.len() - 1] + b_y - pair[1]).powi(2);
    }
    (h, loss)
}

#[test]
fn backpropagation_through_time_with_tanh_and_sigma() {
    const NAMES: [&str; 5] = ["w_hh", "w_xh", "b_h", "w_hy", "b_y"];
    let x = [1.0, 2.0, 3.0, 4.0];
    for (args, theta) in [
        (&["bptt"][..], [1.0; 5]),
        (&["bptt", "--set", "w_hh=-0.5", "--set", "w_xh=0.3", "--set", "w_hy=2"], [-0.5, 0.3, 1.0, 2.0, 1.0]),
    ] {
        let trace = trace(args);
        for (heading, phi, slope) in [
            ("h = tanh(…)", f64::tanh as fn(f64) -> f64, (|h| 1.0 - h * h) as fn(f64) -> f64),
            ("h = σ(…)", sigma, |h| h * (1.0 - h)),
        ] {
            let what = format!("{args:?}, {heading}");
            let (h, loss) = elman(phi, theta, &x);
            near_all(&list(&line_of(&trace, heading, "h")["value"]), &h, 1e-14, &what);
            near(value_below(&trace, heading, "L"), loss, 1e-13, &what);
            for (at, name) in NAMES.iter().enumerate() {
                let moved = |by: f64| {
                    let mut theta = theta;
                    theta[at] += by;
                    elman(phi, theta, &x).1
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                near(value_below(&trace, heading, &format!("d{name}")), expected, 1e-8, &what);
            }
            // dL₃/dh₃ = w_hy·2·(y₃ − x₄) of the last step, multiplied by w_hh·φ′ for each step from h_t to h_{t−1}.
            let last = 2.0 * theta[3] * (theta[3] * h[2] + theta[4] - x[3]);
            let second = last * theta[0] * slope(h[2]);
            let norms = [second * theta[0] * slope(h[1]), second, last].map(f64::abs);
            near_all(&list(&line_of(&trace, heading, "‖∂L_T/∂h_t‖")["value"]), &norms, 1e-13, &what);
        }
    }
}

/// Sequences of three steps, and the same sequences without the last step.
const SEQUENCES: [(&[&str], &str, &str); 4] = [
    (&["elman", "--set", "w_hh=-0.7"], "x=0.3,-1,0.2,2", "x=0.3,-1,0.2"),
    (&["bptt", "--set", "w_hh=0.4"], "x=0.3,-1,0.2,2", "x=0.3,-1,0.2"),
    (&["lstm", "--set", "w_ih=0.5,-0.3,0.2,0.7", "--set", "w_hh=-0.4"], "x=0.2,-0.5,1,2", "x=0.2,-0.5,1"),
    (&["gru", "--set", "w_ih=0.5,-0.3,0.2", "--set", "w_hh=-0.4"], "x=0.2,-0.5,1,2", "x=0.2,-0.5,1"),
];

/// The lines dh₁ … dh_T, which have formulas, determine both rows of norms: L is a sum over the steps, so the part of
/// ∂L/∂h_t that the last step's loss adds is ∂L_T/∂h_t.
#[test]
fn norms_are_those_of_the_gradients_above_them() {
    for (args, x, shorter) in SEQUENCES {
        let of = |steps: &str, x: &str| trace(&[args, &["--steps", steps, "--set", x]].concat());
        let (all, without_last) = (of("3", x), of("2", shorter));
        let dh = ["dh₁", "dh₂", "dh₃"].map(|symbol| value(&all, symbol));
        let before = [value(&without_last, "dh₁"), value(&without_last, "dh₂"), 0.0];
        let of_last: Vec<f64> = dh.iter().zip(before).map(|(all, before)| (all - before).abs()).collect();
        let norms = |symbol: &str| list(&line_of(&all, "How far", symbol)["value"]);
        near_all(&norms("‖∂L/∂h_t‖"), &dh.map(f64::abs), 1e-14, args[0]);
        near_all(&norms("‖∂L_T/∂h_t‖"), &of_last, 1e-13, args[0]);
        assert!(of_last.iter().all(|norm| *norm > 1e-4), "{args:?}: {of_last:?} says little");
    }
}

/// The loss after a step equals the loss of an example that starts with the new parameters.
#[test]
fn losses_after_a_step_are_those_of_the_new_weights() {
    let examples: [(&[&str], &str, &str); 9] = [
        (&["elman"], "Update", "L′"),
        (&["jordan"], "Update", "L′"),
        (&["jordan-classic"], "Update", "L′"),
        (&["lstm"], "Update", "L′"),
        (&["gru"], "Update", "L′"),
        (&["bptt"], "Update", "L′"),
        (&["bptt-printed"], "along the printed", "L′"),
        (&["bptt-printed"], "along the right", "L′"),
        (&["autoencoder"], "A step of Adam", "L after step 1"),
    ];
    for (args, heading, symbol) in examples {
        let moved = trace(args);
        let mut settings = Vec::new();
        for (over, line) in lines(&moved) {
            if let Some(name) = line["symbol"].as_str().and_then(|symbol| symbol.strip_suffix('′'))
                && over.contains(heading)
                && name != "L"
            {
                let values: Vec<_> = flat(&line["value"]).iter().map(f64::to_string).collect();
                settings.extend(["--set".to_string(), format!("{name}={}", values.join(","))]);
            }
        }
        // A matrix comes after the lines for its single values.
        let known = |setting: &String| !setting.starts_with("w_d₁₁");
        let mut all: Vec<&str> = args.to_vec();
        for pair in settings.chunks(2).filter(|pair| known(&pair[1])) {
            all.extend(pair.iter().map(String::as_str));
        }
        assert!(all.len() > 8, "{all:?}");
        let expected = value(&trace(&all), "L");
        let heading = if args[0] == "autoencoder" { "Loss after the step" } else { heading };
        near(value_below(&moved, heading, symbol), expected, 1e-13, &format!("{args:?}, {heading}"));
    }
}

/// h of a GRU in which z is the weight of the new value, or the weight of the old one.
fn gru(parameters: &Value, takes_new: bool) -> Vec<f64> {
    let of = |name: &str| list(&line_of(parameters, "Given", name)["value"]);
    let [w_i, w_h, b_i, b_h] = ["w_ih", "w_hh", "b_ih", "b_hh"].map(of);
    let x = of("x");
    let mut states = Vec::new();
    let mut h = 0.0;
    for x in &x[..x.len() - 1] {
        let by_x = |gate: usize| w_i[gate] * x + b_i[gate];
        let by_h = |gate: usize| w_h[gate] * h + b_h[gate];
        let [r, z] = [0, 1].map(|gate| sigma(by_x(gate) + by_h(gate)));
        let candidate = (by_x(2) + r * by_h(2)).tanh();
        let z = if takes_new { z } else { 1.0 - z };
        h = (1.0 - z) * h + z * candidate;
        states.push(h);
    }
    states
}

#[test]
fn the_update_gate_of_a_gru_either_way_round() {
    let other = ["gru", "--steps", "4", "--set", "w_ih=0.5,-0.3,0.2", "--set", "w_hh=-0.4,0.6,0.9"];
    for args in [&["gru"][..], &other] {
        let trace = trace(args);
        let row = |symbol: &str| list(&line_of(&trace, "other way round", symbol)["value"]);
        near_all(&row("h, slide"), &gru(&trace, true), 1e-14, "z takes the new");
        near_all(&row("h, frameworks"), &gru(&trace, false), 1e-14, "z keeps the old");
        near_all(&row("h, turned"), &gru(&trace, true), 1e-14, "−z keeps the old");
    }
}

/// The first step of gradient descent and of Adam, from the printed gradients: the loss after it is that of a batch
/// that starts with the new parameters.
#[test]
fn a_step_for_a_batch_is_that_of_its_gradients() {
    let batch = trace(&["batch", "--learning-rate", "0.2"]);
    type Rule = (&'static str, fn(f64) -> f64);
    let rules: [Rule; 2] = [("gradient descent", |g| g), ("Adam", |g| g / (g.abs() + 1e-8))];
    for (name, rule) in rules {
        let settings = ["w_e", "b_e", "w_d", "b_d"].map(|parameter| {
            let of = |symbol: &str| flat(&line_of(&batch, "", symbol)["value"]);
            let moved = of(parameter).into_iter().zip(of(&format!("d{parameter}"))).map(|(w, g)| w - 0.2 * rule(g));
            format!("{parameter}={}", moved.map(|w| w.to_string()).collect::<Vec<_>>().join(","))
        });
        let args: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        let moved = trace(&[&["batch"], &args[..]].concat());
        near(value(&batch, &format!("L after step 1 of {name}")), value(&moved, "L"), 1e-14, name);
        assert!(value(&moved, "L") < value(&batch, "L"), "{name} improves");
    }
}
