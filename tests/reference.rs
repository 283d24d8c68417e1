//! Against an independent implementation: 20 Adam steps of the same network in PyTorch, in f64.
//!
//! `tests/reference/autoencoder.py` makes the fixture; `family.py` makes that of the other layers, `recurrent.py`
//! that of the recurrent layers, `tied.py` that of tied weights and cross-entropy, `training.py` that of schedules,
//! clipping and weight decay.

use handgrad_dataset::{Samples, Values};
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{
    Activation, BatchRows, Bidirectional, Block, Conv2d, ConvTranspose2d, Dense, Elman, Gru, Layer, Loss, LossKind,
    Lstm, MaxPool2d, Optimizer, Padding, ParamSpec, Pass, Reduction, Saved, SavedBatch, Sequence, Upsample2d,
    adam::Adam, clip, dropout, reparameterize,
};
use handgrad_models::{Basic, Deep, Network, Spec};
use handgrad_tests::{numbers, run_layer};
use handgrad_trainer::{Rate, Schedule, Source, Trainer, Training};
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

/// The same steps from the same θ; `x_of` makes the batch of a step from its random numbers in 0..1.
fn compare_steps(name: &str, spec: &Spec, theirs: &Value, x_of: impl Fn(&mut [f32])) {
    let network = Network::<f64>::new(spec).expect("fits");
    let theta = numbers(network.param_count(), 1).into_iter().map(|v| f64::from(v) * 0.5).collect();
    let adam = Optimizer::Adam(Adam { learning_rate: 1e-2, ..Adam::default() });
    let mut trainer = Trainer::with_weights(network, theta, &handgrad_tests::training(adam, BATCH)).expect("fits");
    let mut losses = Vec::new();
    for step in 0..20 {
        let mut x: Vec<f32> = numbers(BATCH * INPUTS, 100 + step).into_iter().map(|v| (v + 1.0) / 2.0).collect();
        x.chunks_mut(INPUTS).for_each(&x_of);
        let x = Array2::from_shape_vec((BATCH, INPUTS), x).expect("as many values as the shape has");
        let samples = Samples { values: Values::Floats(x), shape: vec![INPUTS], labels: None, places: None };
        let (source, batch) = (Source::new(&samples), [0, 1, 2, 3, 4, 5, 6]);
        if step == 0 {
            let theirs = list(&theirs["first_gradient"]);
            assert_near(
                &format!("{name}: gradient"),
                &trainer.gradient(&source, &batch).expect("fits").1,
                &theirs,
                1e-12,
            );
        }
        losses.push(trainer.step(&source, &batch));
    }
    assert_near(&format!("{name}: loss of step"), &losses, &list(&theirs["losses"]), 1e-10);
    assert_near(&format!("{name}: weight"), trainer.theta(), &list(&theirs["theta"]), 1e-9);
}

#[test]
fn twenty_adam_steps_equal_those_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/autoencoder.json")).expect("JSON");
    for (name, kind) in [("mse", LossKind::Mse), ("bce", LossKind::Bce)] {
        compare_steps(name, &Basic { units: CODE, loss: kind }.spec(&[INPUTS]), &fixture[name], |_| {});
    }
}

/// A tied network with two layers per side, and a network whose samples are distributions.
#[test]
fn tied_weights_and_cross_entropy_equal_those_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/tied.json")).expect("JSON");
    for case in fixture["cross_entropy"].as_array().expect("cases") {
        let (z, t, rows) = (list(&case["z"]), list(&case["t"]), case["rows"].as_u64().expect("a number") as usize);
        let (loss, n) = (Loss { kind: LossKind::CrossEntropy, reduction: Reduction::Sum }, z.len() / rows);
        let mut gradient = vec![f64::NAN; z.len()];
        let of_rows = z.chunks(n).zip(t.chunks(n)).zip(gradient.chunks_mut(n));
        let sum: f64 = of_rows.map(|((z, t), delta)| loss.forward_backward(z, t, rows, delta)).sum();
        let theirs = case["loss"].as_f64().expect("a number");
        assert_near(&format!("{n} values: loss"), &[sum / rows as f64], &[theirs], 1e-13 * theirs.max(1.0));
        assert_near(&format!("{n} values: gradient"), &gradient, &list(&case["gradient"]), 1e-15);
    }
    let distribution = |x: &mut [f32]| {
        let sum = x.iter().skip(1).fold(x[0], |sum, x| sum + x);
        x.iter_mut().for_each(|x| *x /= sum);
    };
    let tied = Deep { layers: vec![7, 4], activation: Activation::Tanh, tied: true, ..Deep::default() }.spec(&[INPUTS]);
    compare_steps("tied", &tied, &fixture["tied"], distribution);
    let softmax = Deep {
        layers: vec![CODE],
        output_activation: Activation::Linear,
        loss: LossKind::CrossEntropy,
        ..Deep::default()
    }
    .spec(&[INPUTS]);
    compare_steps("softmax", &softmax, &fixture["softmax"], distribution);
}

/// The forward pass of a layer and all its gradients compared with PyTorch, from the same weights, input and upstream
/// gradient.
#[test]
fn convolutions_pooling_and_upsampling_equal_those_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/family.json")).expect("JSON");
    let cases = fixture["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 22);
    for case in cases {
        let kind = case["kind"].as_str().expect("a kind");
        let number = |name: &str| case[name].as_u64().map_or(1, |number| number as usize);
        let shape: Vec<usize> = list(&case["input"]).into_iter().map(|dim| dim as usize).collect();
        let input = [shape[0], shape[1], shape[2]];
        let window = [number("kernel_size"), number("stride"), number("dilation")];
        let filters = number("filters");
        let padding = if kind.ends_with("_same") { Padding::Same } else { Padding::Explicit(number("padding")) };
        let more = case["output_padding"].as_u64().unwrap_or(0) as usize;
        let layer: Box<dyn Layer<f64>> = match kind {
            "conv" | "conv_same" => {
                Box::new(Conv2d::new(input, filters, window, padding, Activation::Tanh).expect("fits"))
            }
            "conv_transpose" | "conv_transpose_same" => {
                Box::new(ConvTranspose2d::new(input, filters, window, padding, more, Activation::Tanh).expect("fits"))
            }
            "max_pool" => Box::new(MaxPool2d { input, size: number("size") }),
            _ => Box::new(Upsample2d { input, size: number("size") }),
        };
        let output: Vec<usize> = list(&case["output"]).into_iter().map(|dim| dim as usize).collect();
        assert_eq!(layer.output_shape(&shape), Ok(output.clone()), "{}", layer.describe());
        let (x, mut delta, rows) = (list(&case["x"]), list(&case["dy"]), number("rows"));
        let theta = match case.get("w") {
            Some(w) => [list(w), list(&case["b"])].concat(),
            None => Vec::new(),
        };
        let mut scratch = vec![f64::NAN; layer.scratch_len()];
        let mut cache = vec![f64::NAN; rows * layer.cache_len()];
        let (mut y, mut dx) = (vec![f64::NAN; delta.len()], vec![f64::NAN; x.len()]);
        let mut pass = Pass { scratch: &mut scratch, cache: &mut cache, ..Pass::predict() };
        layer.forward(&theta, &x, &mut y, &mut pass);
        let name = layer.describe();
        assert_near(&format!("{name}: y"), &y, &list(&case["y"]), 1e-12);
        let mut pass = Pass { scratch: &mut scratch, cache: &mut cache, ..Pass::predict() };
        layer.backward_input(&theta, Saved { x: &x, y: &y }, &mut delta, Some(&mut dx), &mut pass);
        assert_near(&format!("{name}: dx"), &dx, &list(&case["dx"]), 1e-12);
        let width = |values: &[f64]| values.len() / rows;
        let rows_of = |values| BatchRows::contiguous(values, width(values));
        let cache = BatchRows::new(&cache, 0, layer.cache_len(), rows, rows, cache.len());
        let saved = SavedBatch { x: rows_of(&x), delta: rows_of(&delta), cache };
        for (param, spec) in layer.params().iter().enumerate() {
            let mut gradient = vec![f64::NAN; spec.len()];
            layer.backward_params(saved, &Block { param, rows: 0..spec.rows() }, &mut gradient, &mut scratch);
            let theirs = list(&case[&format!("d{}", spec.name)]);
            assert_near(&format!("{name}: d{}", spec.name), &gradient, &theirs, 1e-11);
        }
    }
}

/// A whole variational autoencoder with a given ε, layer by layer: both terms of its loss and the gradient of every
/// weight.
#[test]
fn a_variational_autoencoder_equals_that_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/family.json")).expect("JSON");
    let vae = &fixture["vae"];
    let (x, eps, theta) = (list(&vae["x"]), list(&vae["eps"]), list(&vae["theta"]));
    let rows = 3;
    let dense = |inputs, units, activation| Dense { inputs, units, activation };
    let layers = [
        dense(12, 7, Activation::Relu),
        dense(7, 4, Activation::Linear),
        dense(2, 7, Activation::Relu),
        dense(7, 12, Activation::Linear),
    ];
    let mut starts = vec![0];
    layers.iter().for_each(|layer| starts.push(starts[starts.len() - 1] + (layer.inputs + 1) * layer.units));
    let of = |at: usize| &theta[starts[at]..starts[at + 1]];
    let forward = |at: usize, x: &[f64]| {
        let mut y = vec![f64::NAN; rows * layers[at].units];
        layers[at].forward(of(at), x, &mut y, &mut Pass::predict());
        y
    };
    let hidden = forward(0, &x);
    let code = forward(1, &hidden);
    let mut z = vec![f64::NAN; rows * 2];
    for row in 0..rows {
        reparameterize::forward(&code[row * 4..][..4], &eps[row * 2..][..2], &mut z[row * 2..][..2]);
    }
    let hidden2 = forward(2, &z);
    let logits = forward(3, &hidden2);
    let loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Sum };
    let mut delta = vec![f64::NAN; x.len()];
    let pairs = logits.chunks(12).zip(x.chunks(12)).zip(delta.chunks_mut(12));
    let reconstruction: f64 = pairs.map(|((p, t), delta)| loss.forward_backward(p, t, rows, delta)).sum();
    let divergence: f64 = code.chunks(4).map(reparameterize::kl).sum();
    let mean = |sum: f64| [sum / rows as f64];
    assert_near("reconstruction", &mean(reconstruction), &[vae["reconstruction"].as_f64().expect("a number")], 1e-12);
    assert_near("divergence", &mean(divergence), &[vae["divergence"].as_f64().expect("a number")], 1e-12);

    let mut gradient = vec![f64::NAN; theta.len()];
    let mut backward = |at: usize, x: &[f64], y: &[f64], dy: &mut [f64]| {
        let mut dx = vec![f64::NAN; x.len()];
        layers[at].backward_input(of(at), Saved { x, y }, dy, Some(&mut dx), &mut Pass::predict());
        let (inputs, units) = (layers[at].inputs, layers[at].units);
        let (x, delta) = (BatchRows::contiguous(x, inputs), BatchRows::contiguous(dy, units));
        let saved = SavedBatch { x, delta, cache: BatchRows::contiguous(&[], 0) };
        let (dw, db) = gradient[starts[at]..starts[at + 1]].split_at_mut(inputs * units);
        layers[at].backward_params(saved, &Block { param: 0, rows: 0..inputs }, dw, &mut []);
        layers[at].backward_params(saved, &Block { param: 1, rows: 0..units }, db, &mut []);
        dx
    };
    let mut dy = backward(3, &hidden2, &logits, &mut delta);
    let dz = backward(2, &z, &hidden2, &mut dy);
    let mut dcode = vec![f64::NAN; code.len()];
    for row in 0..rows {
        let (x, dx) = (&code[row * 4..][..4], &mut dcode[row * 4..][..4]);
        reparameterize::backward(x, &eps[row * 2..][..2], &dz[row * 2..][..2], dx);
        reparameterize::backward_kl(x, 1.0 / rows as f64, dx);
    }
    let mut dhidden = backward(1, &hidden, &code, &mut dcode);
    backward(0, &x, &hidden, &mut dhidden);
    assert_near("gradient", &gradient, &list(&vae["gradient"]), 1e-12);
}

/// Dropout with PyTorch's mask: u is 1 if the mask kept a value, and 0 if it dropped it.
#[test]
fn dropout_equals_that_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/family.json")).expect("JSON");
    let dropout = &fixture["dropout"];
    let (rate, kept) = (dropout["rate"].as_f64().expect("a rate"), list(&dropout["kept"]));
    assert!(kept.contains(&0.0) && kept.contains(&1.0));
    for (from, to) in [("x", "y"), ("dy", "dx")] {
        let values = list(&dropout[from]).into_iter().zip(&kept);
        let ours: Vec<f64> = values.map(|(value, &u)| dropout::masked(value, u, rate)).collect();
        assert_near(to, &ours, &list(&dropout[to]), 1e-15);
    }
}

fn training() -> Value {
    serde_json::from_str(include_str!("fixtures/training.json")).expect("JSON")
}

/// The learning rate of every epoch with each schedule. Step and plateau multiply as PyTorch does, so only the last
/// digit of a number read from JSON may differ. PyTorch's cosine is a recurrence; ours is the closed form.
#[test]
fn schedules_equal_those_of_pytorch() {
    let fixture = training();
    let compare = |kind: &str, tolerance: f64, schedule: &dyn Fn(&Value) -> Schedule| {
        let cases = fixture["schedules"][kind].as_array().expect("cases");
        assert!(cases.len() >= 3, "{kind}");
        for case in cases {
            let (schedule, theirs) = (schedule(case), list(&case["rates"]));
            let losses = case.get("losses").map(list);
            let mut rate = Rate::new(0.1);
            let mut ours = Vec::new();
            for epoch in 1..=theirs.len() {
                ours.push(rate.now);
                let loss = losses.as_ref().map_or(f64::NAN, |losses| losses[epoch - 1]);
                rate.advance(&schedule, epoch, theirs.len(), loss);
            }
            assert_near(&format!("{schedule:?}"), &ours, &theirs, tolerance);
        }
    };
    let (number, factor) =
        (|v: &Value| v.as_u64().expect("a number") as usize, |v: &Value| v.as_f64().expect("a factor"));
    compare("step", 1e-17, &|case| Schedule::Step { every: number(&case["every"]), factor: factor(&case["factor"]) });
    compare("cosine", 1e-15, &|case| Schedule::Cosine { floor: factor(&case["floor"]) });
    compare("plateau", 1e-17, &|case| Schedule::Plateau {
        patience: number(&case["patience"]),
        factor: factor(&case["factor"]),
    });
}

/// The same norm; and the same clipped gradient, except for the 10⁻⁶ that PyTorch adds to the norm before dividing.
#[test]
fn clipping_equals_that_of_pytorch() {
    let fixture = training();
    for case in fixture["clipping"].as_array().expect("cases") {
        let (mut g, max_norm) = (list(&case["g"]), case["max_norm"].as_f64().expect("a norm"));
        let norm = clip::sum_of_squares(&g).sqrt();
        assert_near("norm", &[norm], &[case["norm"].as_f64().expect("a norm")], 1e-13 * norm);
        let factor = clip::factor(norm, max_norm);
        clip::scale(&mut g, factor);
        let with_theirs = |g: f64| if factor < 1.0 { g * norm / (norm + 1e-6) } else { g };
        let ours: Vec<f64> = g.iter().copied().map(with_theirs).collect();
        assert_near("clipped gradient", &ours, &list(&case["clipped"]), 1e-15);
        let after = clip::sum_of_squares(&g).sqrt();
        assert!((after - norm.min(max_norm)).abs() < 1e-15 * norm, "{after}");
    }
}

/// Twenty steps of AdamW, and of gradient descent with momentum and decoupled decay; with and without clipping. With
/// this norm limit some of the steps are not clipped.
#[test]
fn decaying_and_clipped_steps_equal_those_of_pytorch() {
    let fixture = training();
    let steps = &fixture["steps"];
    let number = |name: &str| steps[name].as_f64().expect("a number");
    let (learning_rate, max_norm) = (number("learning_rate"), number("max_norm"));
    let adam = Optimizer::Adam(Adam { learning_rate, ..Adam::default() });
    let sgd = Optimizer::Sgd { learning_rate, momentum: 0.9 };
    for (name, optimizer, clipped) in
        [("adam", adam, false), ("adam clipped", adam, true), ("sgd", sgd, false), ("sgd clipped", sgd, true)]
    {
        let network = Network::<f64>::new(&Basic { units: CODE, ..Basic::default() }.spec(&[INPUTS])).expect("fits");
        let theta = numbers(network.param_count(), 1).into_iter().map(|v| f64::from(v) * 0.5).collect();
        let (weight_decay, clip_norm) = (number("weight_decay"), clipped.then_some(max_norm));
        let settings = Training { weight_decay, clip_norm, ..handgrad_tests::training(optimizer, BATCH) };
        let mut trainer = Trainer::with_weights(network, theta, &settings).expect("fits");
        let norms = list(&steps[name]["norms"]);
        assert!(norms.iter().any(|&norm| norm < max_norm) && norms.iter().any(|&norm| norm > max_norm), "{name}");
        let mut losses = Vec::new();
        for step in 0..20 {
            let x = numbers(BATCH * INPUTS, 100 + step).into_iter().map(|v| (v + 1.0) / 2.0).collect();
            let x = Array2::from_shape_vec((BATCH, INPUTS), x).expect("as many values as the shape has");
            let samples = Samples { values: Values::Floats(x), shape: vec![INPUTS], labels: None, places: None };
            losses.push(trainer.step(&Source::new(&samples), &[0, 1, 2, 3, 4, 5, 6]));
        }
        assert_near(&format!("{name}: loss of step"), &losses, &list(&steps[name]["losses"]), 1e-10);
        assert_near(&format!("{name}: weight"), trainer.theta(), &list(&steps[name]["theta"]), 1e-9);
    }
}

/// Recurrent layers over 28 steps, from the same weights, input and upstream gradient: the output and every gradient.
#[test]
fn recurrent_layers_equal_those_of_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/recurrent.json")).expect("JSON");
    let cases = fixture["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 12, "four layers in three shapes");
    let doubles = |count, seed| numbers(count, seed).into_iter().map(f64::from).collect::<Vec<_>>();
    for case in cases {
        let number = |name: &str| case[name].as_u64().expect("a number") as usize;
        let (rows, inputs, units, steps) = (number("rows"), number("inputs"), number("units"), 28);
        let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: None };
        let lstm = Lstm { sequence };
        let layer: Box<dyn Layer<f64>> = match case["kind"].as_str().expect("a kind") {
            "elman" => Box::new(Elman { sequence, activation: Activation::Tanh }),
            "gru" => Box::new(Gru { sequence, update: Update::KeepsOld, reset: Reset::AfterProduct }),
            "lstm" => Box::new(lstm),
            _ => Box::new(Bidirectional::new(Box::new(lstm), sequence, units)),
        };
        let count = layer.params().iter().map(ParamSpec::len).sum();
        let theta: Vec<f64> = doubles(count, 1).into_iter().map(|value| 0.5 * value).collect();
        let outputs: usize = layer.output_shape(&[steps, inputs]).expect("fits").iter().product();
        let ran =
            run_layer(&*layer, &theta, &doubles(rows * steps * inputs, 2), [rows, outputs], |y| doubles(y.len(), 3));
        for (what, found) in [("y", ran.y), ("dx", ran.dx), ("dtheta", ran.dtheta)] {
            assert_near(&format!("{}: {what}", layer.describe()), &found, &list(&case[what]), 1e-10);
        }
    }
}
