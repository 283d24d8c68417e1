//! The networks of the playground, computed in loops by the formulas of docs/course/02-autoencoder.md.
#![allow(dead_code, reason = "each test file of the playground uses some of these functions")]

use std::collections::HashMap;

use handgrad_study::playground;
use serde_json::{Value, json};

use crate::command::{list, number};

/// The first state of a network, as the page gets it.
pub fn first(network: &str) -> Value {
    let beginning = playground::beginning().expect("networks");
    let networks = beginning["networks"].as_array().expect("a list");
    let found = networks.iter().find(|known| known["first"]["network"] == network).expect("a network");
    found["first"].clone()
}

pub fn sizes(state: &Value) -> [usize; 3] {
    if state["network"] == "4-2-4" { [4, 2, 3] } else { [64, 8, 10] }
}

pub fn ask(state: &Value, steps: usize, cell: Value) -> Value {
    let question = json!({ "state": state, "steps": steps, "cell": cell });
    playground::answer(question.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

pub fn with(state: &Value, changes: &[(&str, Value)]) -> Value {
    let mut state = state.clone();
    changes.iter().for_each(|(name, value)| state[name] = value.clone());
    state
}

/// Everything that the page shows, by the formulas of docs/course/02-autoencoder.md, in loops.
pub fn by_hand(state: &Value) -> HashMap<&'static str, Vec<f64>> {
    let [n, k, m] = sizes(state);
    let (x, theta) = (list(&state["x"]), list(&state["theta"]));
    let (w_e, rest) = theta.split_at(n * k);
    let (b_e, rest) = rest.split_at(k);
    let (w_d, b_d) = rest.split_at(k * n);
    let over = |count: usize, term: &dyn Fn(usize) -> f64| (0..count).map(term).sum::<f64>();
    let matrix = |rows: usize, columns: usize, value: &dyn Fn(usize, usize) -> f64| {
        (0..rows * columns).map(|at| value(at / columns, at % columns)).collect::<Vec<_>>()
    };
    let h = matrix(m, k, &|r, j| (b_e[j] + over(n, &|i| x[r * n + i] * w_e[i * k + j])).max(0.0));
    let p = matrix(m, n, &|r, j| 1.0 / (1.0 + (-b_d[j] - over(k, &|i| h[r * k + i] * w_d[i * n + j])).exp()));
    let losses = matrix(m, 1, &|r, _| {
        let value = |i: usize| (x[r * n + i], p[r * n + i]);
        over(n, &|i| {
            let (x, p) = value(i);
            -(x * p.ln() + (1.0 - x) * (1.0 - p).ln()) / n as f64
        })
    });
    let delta_d = matrix(m, n, &|r, j| (p[r * n + j] - x[r * n + j]) / (m * n) as f64);
    let dh = matrix(m, k, &|r, i| over(n, &|j| delta_d[r * n + j] * w_d[i * n + j]));
    let delta_e = matrix(m, k, &|r, j| if h[r * k + j] > 0.0 { dh[r * k + j] } else { 0.0 });
    let dw_e = matrix(n, k, &|i, j| over(m, &|r| x[r * n + i] * delta_e[r * k + j]));
    let dw_d = matrix(k, n, &|i, j| over(m, &|r| h[r * k + i] * delta_d[r * n + j]));
    let db_e = matrix(1, k, &|_, j| over(m, &|r| delta_e[r * k + j]));
    let db_d = matrix(1, n, &|_, j| over(m, &|r| delta_d[r * n + j]));
    let loss = vec![losses.iter().sum::<f64>() / m as f64];
    HashMap::from([
        ("x", x),
        ("w_e", w_e.to_vec()),
        ("b_e", b_e.to_vec()),
        ("w_d", w_d.to_vec()),
        ("b_d", b_d.to_vec()),
        ("h", h),
        ("p", p),
        ("losses", losses),
        ("loss", loss),
        ("delta_d", delta_d),
        ("dh", dh),
        ("delta_e", delta_e),
        ("dw_e", dw_e),
        ("dw_d", dw_d),
        ("db_e", db_e),
        ("db_d", db_d),
    ])
}

/// The state after one step, by the formulas of the optimisers.
pub fn stepped_by_hand(state: &Value) -> Value {
    let (found, mut theta) = (by_hand(state), list(&state["theta"]));
    let g = [&found["dw_e"][..], &found["db_e"], &found["dw_d"], &found["db_d"]].concat();
    let (alpha, t) = (number(&state["learning_rate"]), number(&state["step"]) as i32 + 1);
    let (mut m, mut v) = (list(&state["slots"][0]), list(&state["slots"][1]));
    for at in 0..theta.len() {
        if state["optimizer"] == "sgd" {
            m[at] = g[at];
            theta[at] -= alpha * g[at];
        } else {
            m[at] = 0.9 * m[at] + 0.1 * g[at];
            v[at] = 0.999 * v[at] + 0.001 * g[at] * g[at];
            let (m, v) = (m[at] / (1.0 - 0.9_f64.powi(t)), v[at] / (1.0 - 0.999_f64.powi(t)));
            theta[at] -= alpha * m / (v.sqrt() + 1e-8);
        }
    }
    with(state, &[("theta", json!(theta)), ("slots", json!([m, v])), ("step", json!(t))])
}

pub fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, not {expected}");
}

/// The text of a number with an ASCII minus.
pub fn plain(text: &Value) -> String {
    text.as_str().expect("text").replace('−', "-")
}
