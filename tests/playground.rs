//! The numbers of the playground are those of the formulas and of the trainer, every one has a formula that gives it,
//! and planted mistakes are found. This file belongs to the package `handgrad-cli`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

mod by_hand;
mod command;
mod formula;

use by_hand::{ask, by_hand, first, near, plain, sizes, stepped_by_hand, with};
use command::{list, number};
use handgrad_dataset::{Samples, Values};
use handgrad_layers::Optimizer;
use handgrad_layers::adam::Adam;
use handgrad_models::{Basic, Network};
use handgrad_trainer::{Source, Trainer, Training};
use ndarray::Array2;
use serde_json::{Value, json};

#[test]
fn every_number_is_that_of_the_formulas_after_any_steps() {
    for network in ["4-2-4", "64-8-64"] {
        for optimizer in ["sgd", "adam"] {
            let start = with(&first(network), &[("optimizer", json!(optimizer)), ("learning_rate", json!(0.05))]);
            let (mut expected, mut state) = (start.clone(), start);
            for step in 0..4 {
                let answer = ask(&state, usize::from(step > 0), Value::Null);
                if step > 0 {
                    expected = stepped_by_hand(&expected);
                }
                let by_hand = by_hand(&expected);
                near(number(&answer["loss"]), by_hand["loss"][0], 1e-13, "the loss");
                let values = answer["values"].as_object().expect("values");
                assert_eq!(values.len(), 15);
                for (name, found) in values {
                    let (found, expected) = (list(found), &by_hand[name.as_str()]);
                    assert_eq!(found.len(), expected.len(), "{name}");
                    for (found, &expected) in found.into_iter().zip(expected) {
                        near(found, expected, 1e-12, &format!("{network}, {optimizer}, step {step}: {name}"));
                    }
                }
                state = answer["state"].clone();
            }
        }
    }
}

/// The engine behind the page is the one that trains: not a bit differs.
#[test]
fn thirty_steps_have_the_bits_of_the_trainer() {
    let start = first("64-8-64");
    let spec = Basic { units: 8, ..Basic::default() }.spec(&[8, 8]);
    let network = Network::<f64>::new(&spec).expect("a network");
    let x: Vec<f32> = list(&start["x"]).into_iter().map(|x| x as f32).collect();
    let values = Values::Floats(Array2::from_shape_vec((10, 64), x).expect("rows"));
    let samples = Samples { values, shape: vec![8, 8], labels: None, places: None };
    let optimizer = Optimizer::Adam(Adam { learning_rate: 0.01, ..Adam::default() });
    let training = Training { optimizer, batch_size: 10, ..Training::default() };
    let mut trainer = Trainer::with_weights(network, list(&start["theta"]), &training).expect("a trainer");
    let (source, batch) = (Source::new(&samples), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for _ in 0..30 {
        trainer.step(&source, &batch);
    }
    let mut state = start;
    for steps in [1, 29] {
        state = ask(&state, steps, Value::Null)["state"].clone();
    }
    assert_eq!(list(&state["theta"]), trainer.theta());
}

/// The small network is the one of `handgrad trace batch`, whose numbers are in chapter 2 of the course.
#[test]
fn the_small_network_is_that_of_the_course() {
    let start = first("4-2-4");
    let close = |found: &Value, expected: f64| near(number(found), expected, 5.1e-11, "a loss of the course");
    let sgd = ask(&start, 5, Value::Null);
    close(&ask(&start, 0, Value::Null)["loss"], 0.6846109691);
    close(&sgd["losses"][0], 0.6834820316);
    close(&sgd["losses"][4], 0.6790614454);
    let adam = ask(&with(&start, &[("optimizer", json!("adam"))]), 5, Value::Null);
    close(&adam["losses"][0], 0.6485195108);
    close(&adam["losses"][4], 0.5157736071);
}

const MISTAKES: [&str; 7] = [
    "missing-transpose",
    "forgotten-bias",
    "missing-activation-derivative",
    "negative-gradient",
    "averaged-twice",
    "transposed-weights",
    "adam-no-bias-correction",
];

/// The formula with numbers put in, calculated, gives the value of the cell; and the function that it names exists.
/// This holds with every planted mistake as well.
#[test]
fn every_cell_is_explained_by_a_formula_that_gives_its_value() {
    let mistakes = [None].into_iter().chain(MISTAKES.map(Some));
    for (network, mistake) in mistakes.flat_map(|mistake| [("4-2-4", mistake), ("64-8-64", mistake)]) {
        let start = with(&first(network), &[("optimizer", json!("adam")), ("mistake", json!(mistake))]);
        let answer = ask(&start, 2, Value::Null);
        let [n, k, m] = sizes(&start);
        for (name, rows, columns) in [
            ("h", m, k),
            ("p", m, n),
            ("losses", m, 1),
            ("delta_d", m, n),
            ("dh", m, k),
            ("delta_e", m, k),
            ("dw_e", n, k),
            ("dw_d", k, n),
            ("db_e", 1, k),
            ("db_d", 1, n),
        ] {
            for (row, column) in [(rows - 1, columns - 1), (rows / 2, columns / 3)] {
                let what = format!("{network}, {mistake:?}: {name}, {row}, {column}");
                let told = ask(&answer["state"], 0, json!({ "of": name, "row": row, "column": column }));
                let lines = told["explained"].as_array().expect("lines");
                // The loss of a sample is followed by that of the batch.
                let at = lines.len() - if name == "losses" { 2 } else { 1 };
                let value = list(&told["values"][name])[row * columns + column];
                let shown: f64 = plain(&lines[at]["value"]).parse().expect("a number");
                near(shown, value, 1e-9 * value.abs(), &what);
                let tolerance = if name.starts_with('d') { 1e-6 } else { 3e-5 };
                lines.iter().for_each(|line| check_line(line, tolerance, &what));
            }
        }
    }
}

/// The formula of a line with numbers put in gives its value, and the function that it names is in its file. Six digits
/// of each number are put in.
fn check_line(line: &Value, tolerance: f64, what: &str) {
    let what = format!("{what}: {line}");
    let value: f64 = plain(&line["value"]).parse().expect("a number");
    let numbers = line["numbers"].as_array().expect("a list");
    let formulas: Vec<_> = if numbers.is_empty() { vec![&line["formula"]] } else { numbers.iter().collect() };
    for formula in formulas {
        let formula = formula.as_str().expect("text");
        let found = formula::evaluate(formula, &HashMap::new()).unwrap_or_else(|problem| panic!("{what}: {problem}"));
        near(found, value, tolerance, &what);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (file, function) = (line["file"].as_str().expect("a file"), line["function"].as_str().expect("a name"));
    let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(source.contains(&format!("fn {function}(")) || source.contains(&format!("fn {function}<")), "{what}");
}

/// The last line of a weight is its value after the next step.
#[test]
fn a_weight_is_explained_by_its_next_step() {
    for optimizer in ["sgd", "adam"] {
        let start = with(&first("4-2-4"), &[("optimizer", json!(optimizer))]);
        for (name, row, column, place) in [("w_e", 3, 1, 7), ("b_e", 0, 1, 9), ("w_d", 1, 2, 16), ("b_d", 0, 3, 21)] {
            let state = ask(&start, 3, Value::Null)["state"].clone();
            let told = ask(&state, 0, json!({ "of": name, "row": row, "column": column }));
            let after = ask(&state, 1, Value::Null);
            let lines = told["explained"].as_array().expect("lines");
            assert_eq!(lines.len(), if optimizer == "sgd" { 1 } else { 3 });
            for line in lines {
                let value: f64 = plain(&line["value"]).parse().expect("a number");
                check_line(line, 2e-5 * value.abs(), name);
            }
            let line = &lines[lines.len() - 1];
            let shown: f64 = plain(&line["value"]).parse().expect("a number");
            near(shown, list(&after["state"]["theta"])[place], 1e-9, name);
        }
    }
}

/// Which gradients the check finds wrong.
fn wrong(answer: &Value) -> Vec<&str> {
    let checks = answer["check"].as_array().expect("a list").iter();
    checks.filter(|check| check["verdict"] == "differs").filter_map(|check| check["of"].as_str()).collect()
}

#[test]
fn planted_mistakes_are_seen_by_the_check_or_by_the_loss() {
    let encoder = &["dw_e", "db_e"][..];
    let all = &["dw_e", "db_e", "dw_d", "db_d"][..];
    let seen = [encoder, &["db_e", "db_d"], encoder, all, all, &[], &[]];
    for network in ["4-2-4", "64-8-64"] {
        let start = with(&first(network), &[("optimizer", json!("adam"))]);
        let right = ask(&start, 20, Value::Null);
        assert_eq!(wrong(&ask(&start, 0, Value::Null)), [""; 0]);
        for (mistake, seen) in MISTAKES.into_iter().zip(seen) {
            let planted = ask(&with(&start, &[("mistake", json!(mistake))]), 0, Value::Null);
            assert_eq!(wrong(&planted), seen, "{network}, {mistake}");
            let trained = ask(&planted["state"], 20, Value::Null);
            assert_ne!(trained["loss"], right["loss"], "{network}, {mistake}: another loss");
        }
        let up = ask(&with(&start, &[("mistake", json!("negative-gradient"))]), 20, Value::Null);
        assert!(number(&up["loss"]) > number(&ask(&start, 0, Value::Null)["loss"]), "up instead of down");
    }
    // At a kink of ReLU, here z = 0 in every unit, the quotient is no derivative, and this is told.
    let mut start = first("4-2-4");
    (0..10).for_each(|at| start["theta"][at] = json!(0.0));
    let verdicts = ask(&start, 0, Value::Null)["check"].as_array().expect("a list").clone();
    let verdicts: Vec<_> = verdicts.iter().map(|check| check["verdict"].clone()).collect();
    assert_eq!(verdicts, ["kink", "kink", "agrees", "agrees"]);
}

/// A training that diverges stops at the last sound state.
#[test]
fn a_training_that_diverges_stops_before_its_numbers_are_lost() {
    let changes = [("mistake", json!("negative-gradient")), ("learning_rate", json!(1000.0))];
    let mut state = with(&first("64-8-64"), &changes);
    let mut diverged = Value::Null;
    for _ in 0..30 {
        let answer = ask(&state, 100, Value::Null);
        assert!(list(&answer["state"]["theta"]).iter().all(|theta| theta.abs() <= 1e6));
        (state, diverged) = (answer["state"].clone(), answer["diverged"].clone());
        if !diverged.is_null() {
            break;
        }
    }
    assert_eq!(number(&diverged), number(&state["step"]) + 1.0);
}
