//! Invalid input that `handgrad_tasks` refuses, and noise with a scale. This file belongs to that package.

use handgrad_dataset::{Samples, Values, synthetic, thousands};
use handgrad_layers::{LossKind, Noise};
use handgrad_models::builders::reparameterize;
use handgrad_models::{Basic, Encoding, Model, Network, Scale, Spec};
use handgrad_tasks::alter::Direction;
use handgrad_tasks::anomaly::{Rule, Threshold, Verdict, scores};
use handgrad_tasks::untrained::Starts;
use handgrad_tasks::{check_fit, check_targets, check_uses, outside};
use handgrad_tasks::{denoise, interpolate, latent, noise, reconstruct};
use ndarray::{Array2, Array3, array};

fn made(change: impl FnOnce(&mut Spec)) -> (Model, Samples) {
    let samples = synthetic::draw(0, 20);
    let mut spec = Basic { units: 4, loss: LossKind::Mse }.spec(&samples.shape);
    change(&mut spec);
    let network = Network::new(&spec).expect("a network");
    let weights = network.init(0);
    (Model::new(network, weights).expect("a model"), samples)
}

#[track_caller]
fn refused<T>(result: Result<T, handgrad_tasks::Error>, words: &[&str]) {
    let error = result.err().expect("this must be refused").to_string();
    assert!(words.iter().all(|word| error.contains(word)), "{error:?} lacks some of {words:?}");
}

/// The scale is applied and undone only for values that the noise changes.
#[test]
fn what_no_noise_hits_stays_as_it_is() {
    let (model, samples) = made(|spec| spec.scale = Some(Scale::of_all(0.286, 0.353)));
    let clean = samples.rows(&samples.numbers());
    let range = model.scaled_range((0.0, 1.0));
    let with = |kind, level, mut rows: Array2<f32>| {
        let noise = noise::checked(kind, level, range).expect("a level");
        noise::put_on(&model, &mut rows, &samples.numbers(), &[noise]).expect("a number for each row");
        rows
    };
    assert_eq!(with(noise::Kind::Gaussian, 0.0, clean.clone()), clean);
    let hit = with(noise::Kind::SaltAndPepper, 0.1, clean.clone());
    let ends = |value: f32| value.abs() < 1e-6 || (value - 1.0).abs() < 1e-6;
    assert!(hit.iter().zip(&clean).all(|(&a, &b)| a == b || ends(a)), "ends of the data's own range");
    let part = hit.iter().zip(&clean).filter(|(a, b)| a != b).count() as f64 / clean.len() as f64;
    assert!((0.03..0.11).contains(&part), "{part}");
    // The noise does not depend on the order of the rows in memory.
    let mut other = Array2::from_shape_vec(clean.t().dim(), clean.t().iter().copied().collect()).expect("as many");
    other.swap_axes(0, 1);
    assert_eq!(with(noise::Kind::SaltAndPepper, 0.1, other), hit);
}

#[test]
fn samples_that_are_not_there_are_refused() {
    let (model, samples) = made(|_| ());
    let words = ["9999", "20"];
    refused(reconstruct::pairs(&model, &samples, &[0, 9999]), &words);
    refused(scores(&model, &samples, &[0, 9999], None, &()), &words);
    refused(denoise::rows(&model, &samples, &[9999], &[Noise::Masking { p: 0.1 }]), &words);
    refused(interpolate::between(&model, &samples, [0, 9999], 3), &words);
    let none = synthetic::draw(0, 0);
    refused(reconstruct::pairs(&model, &none, &[0]), &["there are none"]);
    let one = synthetic::draw(0, 1);
    refused(reconstruct::pairs(&model, &one, &[1]), &["no sample 1", "there is only sample 0"]);
    refused(reconstruct::pairs(&model, &samples, &[20]), &["there are 20, counted from 0 to 19"]);
}

/// Training needs values within 0..1 for binary cross-entropy. A trained model takes all values.
#[test]
fn values_outside_the_range_are_counted() {
    let floats = Samples {
        values: Values::Floats(array![[0.0, 1.0, 0.5], [-0.1, 40.0, 1.0]]),
        shape: vec![3],
        labels: None,
        places: None,
    };
    let bytes = Samples { values: Values::Bytes(array![[0, 51, 255]]), shape: vec![3], labels: None, places: None };
    let half = Some(Scale::of_all(0.0, 0.5));
    let of = |loss, scale: Option<&Scale>, samples| {
        let encoding = scale.map_or(Encoding::Same, Encoding::Scaled);
        (outside(loss, encoding, samples), check_targets(loss, scale, samples).is_ok())
    };
    assert_eq!(of(LossKind::Bce, None, &floats), (2, false));
    assert_eq!(of(LossKind::BceLogits, half.as_ref(), &floats), (2 + 2, false), "1 becomes 2");
    assert_eq!(of(LossKind::Mse, None, &floats), (0, true));
    assert_eq!(of(LossKind::Bce, None, &bytes), (0, true));
    assert_eq!(of(LossKind::Bce, half.as_ref(), &bytes), (1, false), "255 stands for 1, which becomes 2");
    refused(check_targets(LossKind::Bce, None, &floats), &["sample 1", "-0.1", "position 0", "0..1"]);
    assert!(check_uses(LossKind::Bce, None, &floats).is_ok());
    refused(check_uses(LossKind::CrossEntropy, None, &floats), &["sample 0", "sums to 1.5"]);
    let network = Network::new(&Basic { units: 2, loss: LossKind::Bce }.spec(&[3])).expect("a network");
    let weights = network.init(0);
    let model = Model::new(network, weights).expect("a model");
    assert!(check_fit(&model, &floats).is_ok());
    let scores = scores(&model, &floats, &[0, 1], None, &()).expect("scores");
    assert!(scores[1] > 2.0 * 39.0 * 39.0 / 3.0, "{scores:?}");
}

#[test]
fn no_fraction_of_nothing_arrives() {
    let (model, samples) = made(|_| ());
    let direction = Direction::between(&model, &samples, ["0", "1"]).expect("both classes are there");
    refused(direction.arrived(&model, &samples, &[], &[1.0]), &["no samples"]);
    let whole = direction.arrived(&model, &samples, &[0, 10], &[0.0, 1.0]).expect("fractions");
    assert!(whole.len() == 2 && whole.iter().all(|part| (0.0..=1.0).contains(part)), "{whole:?}");
}

#[test]
fn noise_needs_one_number_for_each_row() {
    let (model, samples) = made(|_| ());
    let clean = samples.rows(&[0, 1]);
    for numbers in [&[0][..], &[0, 1, 2][..]] {
        let mut rows = clean.clone();
        let put_on = noise::put_on(&model, &mut rows, numbers, &[Noise::Masking { p: 0.5 }]);
        refused(put_on, &["2 rows", if numbers.len() == 1 { "1 number:" } else { "3 numbers:" }]);
        assert_eq!(rows, clean);
    }
}

#[test]
#[should_panic(expected = "one label a score")]
fn a_verdict_needs_one_truth_for_each_score() {
    let threshold = Threshold { value: 0.5, how: String::new(), normal: None };
    let _ = Verdict { scores: vec![0.0, 1.0], truth: Some(vec![true]), threshold }.kinds();
}

#[test]
fn classes_are_listed_with_the_right_noun() {
    let (_, samples) = made(|_| ());
    let of = |classes: &[u8]| {
        let classes: Vec<_> = classes.iter().map(ToString::to_string).collect();
        handgrad_tasks::alter::of_class(&samples.of_classes(&classes), "7")
    };
    refused(of(&[2]), &["class 7; the data has only class 2"]);
    refused(of(&[2, 3]), &["class 7; the data has the classes 2, 3"]);
    refused(of(&[]), &["class 7; the data has no classes"]);
}

#[test]
fn what_no_memory_holds_is_refused() {
    let (model, samples) = made(|spec| spec.encoder.push(reparameterize(2, 1.0)));
    for many in [usize::MAX, usize::MAX / 1000, 1 << 33] {
        refused(latent::grid(&model, many), &["not enough memory", &thousands(many)]);
    }
    for many in [usize::MAX, usize::MAX / 1000] {
        refused(latent::drawn(&model, many, 0), &["not enough memory", &thousands(many)]);
        refused(interpolate::between(&model, &samples, [0, 1], many), &["not enough memory", &thousands(many)]);
    }
}

#[test]
fn an_image_without_pixels_is_refused() {
    let (model, _) = made(|_| ());
    for size in [(1, 0, 5), (1, 5, 0)] {
        refused(denoise::image(&model, &Array3::zeros(size), denoise::Fit::Tiled, &()), &["no pixels"]);
    }
}

#[test]
fn thresholds_are_of_numbers_that_make_sense() {
    let from = |rule| Threshold::from_normal(rule, &[1.0, 2.0, 3.0]);
    refused(from(Rule::Std(f64::NAN)), &["NaN", "finite"]);
    refused(Threshold::from_normal(Rule::Std(f64::MAX), &[0.0, 10.0]), &["inf"]);
    refused(from(Rule::Quantile(7.0)), &["7", "0..1"]);
    refused(from(Rule::BestF1), &["labelled"]);
    assert_eq!(from(Rule::Quantile(0.5)).expect("a threshold").value, 2.0);
    let wrong = [1.0, f64::NAN, 3.0];
    refused(Threshold::from_normal(Rule::Std(1.0), &wrong), &["score 1", "NaN"]);
    refused(Threshold::best_f1(&wrong, &[true, false, true]), &["score 1", "NaN"]);
    refused(Threshold::best_f1(&[1.0, 2.0], &[true]), &["2 scores and 1 label:"]);
}

#[test]
fn no_starts_have_no_score() {
    let none = Starts { scores: Vec::new() };
    assert!([none.least(), none.median(), none.largest()].iter().all(|score| score.is_nan()));
}
