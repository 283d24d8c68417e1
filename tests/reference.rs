//! Against an independent implementation: 20 Adam steps of the same network in PyTorch, f64.
//!
//! `tests/reference/autoencoder.py` makes the fixture.

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{LossKind, Optimizer, adam::Adam};
use handgrad_models::{Network, basic};
use handgrad_tests::numbers;
use handgrad_trainer::{Source, Trainer};
use ndarray::Array2;
use serde_json::Value;

const INPUTS: usize = 12;
const CODE: usize = 5;
const BATCH: usize = 7;

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn assert_near(what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what} {place}: {a} here, {b} in PyTorch");
    }
}

#[test]
fn twenty_adam_steps_equal_those_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/autoencoder.json")).expect("JSON");
    for (name, kind) in [("mse", LossKind::Mse), ("bce", LossKind::Bce)] {
        let network = Network::<f64>::new(&basic::spec(&[INPUTS], CODE, kind)).expect("fits");
        let theta = numbers(network.param_count(), 1).into_iter().map(|v| f64::from(v) * 0.5).collect();
        let adam = Optimizer::Adam(Adam { learning_rate: 1e-2, ..Adam::default() });
        let mut trainer = Trainer::with_weights(network, theta, adam, BATCH);
        let mut losses = Vec::new();
        for step in 0..20 {
            let x = numbers(BATCH * INPUTS, 100 + step).into_iter().map(|v| (v + 1.0) / 2.0).collect();
            let x = Array2::from_shape_vec((BATCH, INPUTS), x).expect("as many values as the shape has");
            let samples = Samples { values: Values::Floats(x), shape: vec![INPUTS], labels: None };
            let (source, batch) = (Source::new(&samples), [0, 1, 2, 3, 4, 5, 6]);
            if step == 0 {
                let theirs = list(&fixture[name]["first_gradient"]);
                assert_near(&format!("{name}: gradient"), &trainer.gradient(&source, &batch).1, &theirs, 1e-12);
            }
            losses.push(trainer.step(&source, &batch));
        }
        assert_near(&format!("{name}: loss of step"), &losses, &list(&fixture[name]["losses"]), 1e-10);
        assert_near(&format!("{name}: weight"), trainer.theta(), &list(&fixture[name]["theta"]), 1e-9);
    }
}
