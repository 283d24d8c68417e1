//! Anomaly scores of [`Model::score`]: the excess of the loss over its least possible value for a sample.

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Activation, LossKind, Reduction};
use handgrad_models::{Deep, Model, Network, Scale, Spec};
use handgrad_tests::{floats, numbers};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Source, evaluate};
use ndarray::{Array2, array};

/// A network of two dense layers for samples of `features` values, with its weights times `factor`.
fn model(features: usize, loss: LossKind, factor: f32, change: impl FnOnce(&mut Spec)) -> Model {
    let output_activation = if loss == LossKind::Bce { Activation::Sigmoid } else { Activation::Linear };
    let mut spec = Deep { layers: vec![6], output_activation, loss, ..Deep::default() }.spec(&[features]);
    change(&mut spec);
    let network = Network::new(&spec).expect("fits");
    let weights = network.init(3).into_iter().map(|weight| factor * weight).collect();
    Model::new(network, weights).expect("a model")
}

/// A model that reconstructs every sample as the same values: those of the last bias, which are `outputs`.
fn constant(outputs: &[f32], loss: LossKind) -> Model {
    let (network, mut weights) = model(outputs.len(), loss, 0.0, |_| {}).into_parts();
    let last = weights.len() - outputs.len();
    weights[last..].copy_from_slice(outputs);
    Model::new(network, weights).expect("a model")
}

fn of(values: &Samples) -> Array2<f32> {
    values.rows(&values.numbers())
}

/// Rows of `features` values that are not negative and sum to 1.
fn distributions(count: usize, features: usize) -> Samples {
    let Values::Floats(mut values) = floats(count, features, 5).values else { panic!("floats") };
    values.rows_mut().into_iter().for_each(|mut row| row /= row.sum());
    Samples { values: Values::Floats(values), shape: vec![features], labels: None, places: None }
}

/// The mean score and the mean entropy of the samples add up to the loss of `evaluate`, which is computed by other
/// code. The weights are so large that probabilities in f32 would be 0 or 1.
#[test]
fn the_mean_score_plus_the_mean_entropy_is_the_loss() {
    for (loss, samples) in [(LossKind::Bce, floats(40, 20, 1)), (LossKind::CrossEntropy, distributions(40, 20))] {
        for factor in [1.0, 12.0] {
            let model = model(20, loss, factor, |spec| spec.reduction = Reduction::Mean);
            let source = Source::new(&samples);
            let measured = evaluate(model.network(), model.weights(), &source, 7).expect("fits").loss;
            let entropy = |t: f32| if t > 0.0 { -f64::from(t) * f64::from(t).ln() } else { 0.0 };
            let of_value = |&t: &f32| if loss == LossKind::Bce { entropy(t) + entropy(1.0 - t) } else { entropy(t) };
            let values = of(&samples);
            let entropy = values.iter().map(of_value).sum::<f64>() / values.len() as f64;
            let least = yardsticks(&source, &source, model.network()).expect("fits").least;
            assert!((entropy - least).abs() < 1e-7, "{loss:?}: entropy {entropy}, least possible loss {least}");
            let score = model.score(values.view()).expect("finite").mean().expect("forty");
            let sum = score + entropy;
            assert!((sum - measured).abs() < 1e-5 * measured, "{loss:?}, {factor}: {sum}, {measured} by evaluate");
            assert!(factor == 1.0 || score > 0.1, "{loss:?}: {score} must be large for this test to say anything");
        }
    }
}

/// By the definition KL = t·ln(t/p) + (1 − t)·ln((1 − t)/(1 − p)) with p = σ(z).
#[test]
fn the_score_of_binary_cross_entropy_is_a_divergence() {
    let z = numbers(30, 1).iter().map(|z| 6.0 * z).collect::<Vec<_>>();
    let t = floats(1, 30, 2);
    let kl = |(&z, &t): (&f32, &f32)| {
        let (p, t) = (1.0 / (1.0 + (-f64::from(z)).exp()), f64::from(t));
        t * (t / p).ln() + (1.0 - t) * ((1.0 - t) / (1.0 - p)).ln()
    };
    let values = of(&t);
    let expected = z.iter().zip(&values).map(kl).sum::<f64>() / 30.0;
    let found = constant(&z, LossKind::Bce).score(values.view()).expect("finite")[0];
    assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    // A probability in f32 ends at 10⁻⁷ or at 1, a logit does not.
    let certain = constant(&[50.0, -300.0], LossKind::Bce);
    assert!((certain.score(array![[0.0, 1.0]].view()).expect("finite")[0] - 175.0).abs() < 1e-9);
    assert!(certain.score(array![[1.0, 0.0]].view()).expect("finite")[0] < 1e-20);
}

/// A perfect reconstruction has the score 0, whatever the sample is: grey, black and white, or a distribution. The
/// worse of two reconstructions has the higher score, also if its sample has the lower entropy.
#[test]
fn grey_samples_are_no_anomalies() {
    let logit = |p: f32| (p / (1.0 - p)).ln();
    let grey = constant(&[logit(0.5), logit(0.25), logit(0.75)], LossKind::Bce);
    let scores = grey.score(array![[0.5, 0.25, 0.75], [0.0, 0.0, 1.0]].view()).expect("finite");
    assert!(scores[0] < 1e-12 && scores[1] > 0.3, "{scores}");
    // In contrast, the binary cross-entropy itself is higher for the grey sample, which is reconstructed perfectly.
    let samples =
        |row: [f32; 3]| Samples { values: Values::Floats(array![row]), shape: vec![3], labels: None, places: None };
    let loss =
        |samples: Samples| evaluate(grey.network(), grey.weights(), &Source::new(&samples), 1).expect("fits").loss;
    assert!(loss(samples([0.5, 0.25, 0.75])) > loss(samples([0.0, 0.0, 1.0])));
    // The same fault with distributions, and with values that a scale takes to 0..1.
    let even = constant(&[0.0, 0.0, 0.0], LossKind::CrossEntropy);
    let third = 1.0 / 3.0;
    let scores = even.score(array![[third, third, third], [1.0, 0.0, 0.0]].view()).expect("finite");
    assert!(scores[0] < 1e-7 && scores[1] > 0.3, "{scores}");
    let (network, weights) = grey.into_parts();
    let spec = Spec { scale: Some(Scale::of_all(10.0, 4.0)), ..network.spec().clone() };
    let scaled = Model::new(Network::new(&spec).expect("fits"), weights).expect("a model");
    let scores = scaled.score(array![[12.0, 11.0, 13.0], [10.0, 10.0, 14.0]].view()).expect("finite");
    assert!(scores[0] < 1e-12 && scores[1] > 0.3, "{scores}");
}

/// The less probable a value is that is present, the higher the score: no step down where probabilities round to 0.
#[test]
fn scores_grow_with_the_improbability() {
    for loss in [LossKind::Bce, LossKind::CrossEntropy] {
        let of_logit = |z: f32| {
            let model = constant(&[z, -z], loss);
            model.score(array![[0.0, 1.0]].view()).expect("finite")[0]
        };
        let scores: Vec<f64> = (0..400).map(|z| of_logit(z as f32)).collect();
        assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{loss:?}");
        assert!(scores[399] > 390.0, "{loss:?}: {}", scores[399]);
    }
}

/// Another loss than that of the model is computed from the predictions, in the units of the network.
#[test]
fn a_model_can_be_scored_by_another_loss() {
    let samples = floats(9, 20, 4);
    let values = of(&samples);
    let network = model(20, LossKind::Bce, 2.0, |_| {});
    let errors = &network.reconstruct(values.view()).expect("fits") - &values;
    let near = |kind, expected: Vec<f32>| {
        let found = network.score_by(kind, values.view()).expect("finite");
        let pairs = found.iter().zip(expected);
        pairs.for_each(|(a, b)| assert!((a - f64::from(b)).abs() < 1e-6, "{kind:?}: {a}, not {b}"));
    };
    let means = |of: fn(f32) -> f32| errors.mapv(of).rows().into_iter().map(|row| row.sum() / 20.0).collect();
    near(LossKind::Mse, means(|error| error * error));
    near(LossKind::Mae, means(f32::abs));
    assert_eq!(network.score_by(LossKind::Bce, values.view()).ok(), network.score(values.view()).ok());
    // A network without logits: those of its predictions.
    let linear = constant(&[0.25, 0.5], LossKind::Mse);
    let found = linear.score_by(LossKind::Bce, array![[0.25, 1.0]].view()).expect("finite")[0];
    assert!((found - 2.0_f64.ln() / 2.0).abs() < 1e-7, "{found}");
    let found = linear.score_by(LossKind::CrossEntropy, array![[1.0, 0.0]].view()).expect("finite")[0];
    assert!((found - 3.0_f64.ln() / 2.0).abs() < 1e-7, "the logits are ln ¼ and ln ½, so p is ⅓ and ⅔: {found}");
}

/// Outside 0..1 the score grows with the distance, without a step at the border, and it is never below the squared
/// error of the same reconstruction.
#[test]
fn values_outside_the_range_are_scored_by_their_distance() {
    for z in [-30.0, -2.0, 0.0, 0.7, 12.0, 60.0_f32] {
        let model = constant(&[z], LossKind::Bce);
        let score = |t: f32| model.score(array![[t]].view()).expect("finite")[0];
        let squared = |t: f32| model.score_by(LossKind::Mse, array![[t]].view()).expect("finite")[0];
        let far = [0.0, 1e-4, 0.01, 0.3, 1.0, 7.0, 39.0, 1e4, 1e12];
        for (from, sign) in [(1.0, 1.0), (0.0, -1.0)] {
            let scores: Vec<f64> = far.iter().map(|d| score(from + sign * d)).collect();
            assert!(scores.windows(2).all(|pair| pair[0] <= pair[1]) && scores[3] < scores[4], "{z}: {scores:?}");
            assert!(scores[1] - scores[0] < 1e-6, "{z}: a step of {}", scores[1] - scores[0]);
        }
        for t in [-1e4, -40.0, -1.2, -0.01, 0.0, 0.2, 0.5, 0.99, 1.0, 1.01, 3.0, 40.0] {
            assert!(score(t) >= squared(t) * (1.0 - 1e-6), "{z}, {t}: {} and {}", score(t), squared(t));
        }
    }
    // The definition by hand: p = ½, and 1.5 is ½ above the range.
    let half = constant(&[0.0], LossKind::Bce);
    let score = half.score(array![[1.5]].view()).expect("finite")[0];
    assert!((score - (2.0_f64.ln() + 0.5)).abs() < 1e-12, "{score}");
    // Twice the distance of both is more in the units of the data: 40 is (40 − 10)/5 = 6.
    let (network, weights) = half.into_parts();
    let spec = Spec { scale: Some(Scale::of_all(10.0, 5.0)), ..network.spec().clone() };
    let scaled = Model::new(Network::new(&spec).expect("fits"), weights).expect("a model");
    let scores = scaled.score(array![[15.0], [40.0], [-20.0]].view()).expect("finite");
    let by_hand = [0.0, 50.0, 72.0].map(|more| 2.0_f64.ln() + more);
    assert!(scores.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-9), "{scores}");
}

/// An evaluation compares with the nearest value within 0..1, while the network gets the value itself.
#[test]
fn an_evaluation_clips_targets_but_not_inputs() {
    let of = |model: &Model, row: [f32; 2]| {
        let samples = Samples { values: Values::Floats(array![row]), shape: vec![2], labels: None, places: None };
        let source = Source::new(&samples);
        let least = yardsticks(&source, &source, model.network()).expect("fits");
        (evaluate(model.network(), model.weights(), &source, 1).expect("fits").loss, least)
    };
    let constant = constant(&[0.4, -3.0], LossKind::Bce);
    assert_eq!(of(&constant, [40.0, -7.0]), of(&constant, [1.0, 0.0]));
    assert_eq!(of(&constant, [40.0, 0.3]).1.least, of(&constant, [1.0, 0.3]).1.least);
    let model = model(2, LossKind::Bce, 1.0, |_| {});
    let [far, near] = [of(&model, [40.0, -7.0]), of(&model, [1.0, 0.0])];
    assert!(far.0.is_finite() && far.0 > 0.0 && far.0 != near.0, "{far:?}, {near:?}");
    assert_ne!(model.encode(array![[40.0, -7.0]].view()).ok(), model.encode(array![[1.0, 0.0]].view()).ok());
}
