//! Measures against scikit-learn, scikit-image and numpy, and against their defining properties.
//!
//! `tests/reference/measures.py` makes the fixture.

use handgrad_analysis::{Confusion, average_precision, hidden_covariance, psnr, roc, ssim, threshold};
use handgrad_tests::numbers;
use ndarray::{Array2, array};
use proptest::prelude::*;
use serde_json::Value;

fn fixture(kind: &str) -> Vec<Value> {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/measures.json")).expect("JSON");
    fixture[kind].as_array().expect("a list").clone()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn assert_near(what: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-10, "{what}: {ours} here, {theirs} there");
}

/// The same numbers as `scores_and_labels` of the script: many equal scores; positives have slightly higher scores.
fn scores_and_labels(count: usize, seed: u64, steps: f64) -> (Vec<f64>, Vec<bool>) {
    let positive: Vec<bool> = numbers(count, seed + 1).into_iter().map(|v| f64::from(v) > 1.0 / 3.0).collect();
    let raised = |(v, &positive): (f32, &bool)| f64::from(v) + if positive { 0.4 } else { 0.0 };
    let scores = numbers(count, seed).into_iter().zip(&positive).map(raised);
    (scores.map(|score| (score * steps).round_ties_even() / steps).collect(), positive)
}

#[test]
fn scores_are_judged_as_by_scikit_learn() {
    for case in fixture("scores") {
        let (count, seed) = (case["count"].as_u64().expect("a count"), case["seed"].as_u64().expect("a seed"));
        let (scores, positive) = scores_and_labels(count as usize, seed, number(&case["steps"]));
        let area = roc::area(&scores, &positive).expect("both kinds are there");
        assert_near("ROC-AUC", area, number(&case["roc_auc"]));
        if let Some(theirs) = case["roc_curve"].as_array() {
            let ours = roc::curve(&scores, &positive).expect("both kinds are there");
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(theirs) {
                list(theirs).iter().zip(ours).for_each(|(&theirs, &ours)| assert_near("a point", ours, theirs));
            }
        }
        let precision = average_precision(&scores, &positive).expect("both kinds are there");
        assert_near("average precision", precision, number(&case["average_precision"]));
        let best = threshold::best_f1(&scores, &positive).expect("positives are there");
        list(&case["best_f1"]).iter().zip([best.0, best.1]).for_each(|(&theirs, ours)| assert_near("F1", ours, theirs));

        let is = Confusion::new(scores.iter().map(|&score| score >= 0.5).zip(positive.iter().copied()));
        let counts = [is.true_negatives, is.false_positives, is.false_negatives, is.true_positives];
        assert_eq!(counts.map(|count| count as f64).to_vec(), list(&case["confusion"]));
        assert_near("accuracy", is.accuracy().expect("samples"), number(&case["accuracy"]));
        for (name, measure) in [
            ("precision", Confusion::precision as fn(&Confusion) -> Option<f64>),
            ("recall", Confusion::recall),
            ("f1", Confusion::f1),
        ] {
            let ours = [is, is.swapped()].map(|counts| measure(&counts).expect("both kinds are there"));
            ours.iter().zip(list(&case[name])).for_each(|(&ours, theirs)| assert_near(name, ours, theirs));
        }

        let above = threshold::mean_plus_std(&scores, 2.0).expect("scores");
        assert_near("mean + 2 std", above, number(&case["mean_plus_2_std"]));
        for (q, theirs) in [0.0, 0.1, 0.5, 0.95, 1.0].into_iter().zip(list(&case["quantiles"])) {
            assert_near("a quantile", threshold::quantile(&scores, q).expect("scores"), theirs);
        }
    }
}

#[test]
fn images_are_compared_as_by_scikit_image() {
    for case in fixture("images") {
        let [height, width, seed] = ["height", "width", "seed"].map(|key| case[key].as_u64().expect("a count"));
        let (noise, range) = (number(&case["noise"]), number(&case["range"]));
        let size = (height as usize, width as usize);
        let wave = |(y, x): (usize, usize)| range * (0.5 + 0.4 * (y as f64 / 3.0).sin() * (x as f64 / 4.0).cos());
        let draws = numbers(size.0 * size.1, seed);
        let clean = Array2::from_shape_fn(size, |at| wave(at) as f32);
        let noisy = Array2::from_shape_fn(size, |(y, x)| {
            (wave((y, x)) + range * noise * f64::from(draws[y * size.1 + x])) as f32
        });
        let [x, y] = [&clean, &noisy].map(|image| image.as_slice().expect("in order"));
        assert_near("PSNR", psnr(x, y, range).expect("values"), number(&case["psnr"]));
        assert_near("SSIM", ssim(clean.view(), noisy.view(), range).expect("large enough"), number(&case["ssim"]));
    }
}

/// The formula at the only position in an image of the window's size, with the Gaussian written out in two
/// dimensions.
#[test]
fn ssim_of_one_window_is_its_definition() {
    let image = |seed| Array2::from_shape_vec((11, 11), numbers(121, seed)).expect("as many values as the shape has");
    let (x, y) = (image(1), image(2));
    let weight = |(i, j): (usize, usize)| (-((i as f64 - 5.0).powi(2) + (j as f64 - 5.0).powi(2)) / 4.5).exp();
    let all: f64 = x.indexed_iter().map(|(at, _)| weight(at)).sum();
    let mean = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        x.indexed_iter().map(|(at, &v)| weight(at) / all * f(f64::from(v), f64::from(y[at]))).sum()
    };
    let (mu_x, mu_y) = (mean(&|x, _| x), mean(&|_, y| y));
    let (var_x, var_y) = (mean(&|x, _| (x - mu_x).powi(2)), mean(&|_, y| (y - mu_y).powi(2)));
    let covar = mean(&|x, y| (x - mu_x) * (y - mu_y));
    let (c1, c2) = ((0.01_f64 * 2.0).powi(2), (0.03_f64 * 2.0).powi(2));
    let by_hand =
        (2.0 * mu_x * mu_y + c1) * (2.0 * covar + c2) / ((mu_x * mu_x + mu_y * mu_y + c1) * (var_x + var_y + c2));
    assert_near("SSIM", ssim(x.view(), y.view(), 2.0).expect("as large as the window"), by_hand);
    assert_eq!(ssim(x.view(), x.view(), 2.0), Some(1.0));
    assert_eq!(ssim(x.slice(ndarray::s![..10, ..]), y.slice(ndarray::s![..10, ..]), 2.0), None, "too small");
}

#[test]
fn an_error_of_a_tenth_of_the_range_is_20_decibels() {
    let (x, y) = (vec![0.5_f32; 64], vec![0.6_f32; 64]);
    assert!((psnr(&x, &y, 1.0).expect("values") - 20.0).abs() < 1e-5);
    assert_eq!(psnr(&x, &x, 1.0), Some(f64::INFINITY));
    assert_eq!(psnr(&[], &[], 1.0), None);
}

#[test]
fn what_is_undefined_is_none() {
    let scores = [0.1, 0.2];
    for positive in [[true; 2], [false; 2]] {
        assert_eq!((roc::area(&scores, &positive), average_precision(&scores, &positive)), (None, None));
    }
    assert_eq!((roc::area(&[], &[]), threshold::quantile(&[], 0.5), threshold::mean_and_std(&[])), (None, None, None));
    assert_eq!((threshold::quantile(&scores, 1.5), threshold::quantile(&scores, f64::NAN)), (None, None));
    assert_eq!(threshold::best_f1(&scores, &[false; 2]), None);
    let nothing_found = Confusion::new([(false, true), (false, false)]);
    assert_eq!((nothing_found.precision(), nothing_found.recall()), (None, Some(0.0)));
    assert_eq!(Confusion::default().accuracy(), None);
}

proptest! {
    /// The area is the probability that a positive has a higher score than a negative, where a tie counts one half.
    /// So it does not change if the scores change but keep their order.
    #[test]
    fn the_area_counts_pairs(samples in proptest::collection::vec((0_u8..12, any::<bool>()), 2..60)) {
        let (scores, positive): (Vec<f64>, Vec<bool>) = samples.iter().map(|&(s, p)| (f64::from(s), p)).unzip();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (&a, _) in scores.iter().zip(&positive).filter(|(_, p)| **p) {
            for (&b, _) in scores.iter().zip(&positive).filter(|(_, p)| !**p) {
                won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                pairs += 1.0;
            }
        }
        let area = roc::area(&scores, &positive);
        prop_assert_eq!(area.is_some(), pairs > 0.0);
        let bent: Vec<f64> = scores.iter().map(|score| score.powi(3) - 7.0).collect();
        let other: Vec<bool> = positive.iter().map(|positive| !positive).collect();
        if let Some(area) = area {
            prop_assert!((area - won / pairs).abs() < 1e-12);
            prop_assert!((roc::area(&bent, &positive).unwrap_or(2.0) - area).abs() < 1e-12);
            prop_assert!((roc::area(&scores, &other).unwrap_or(2.0) + area - 1.0).abs() < 1e-12);
        }
    }

    /// No threshold has a better F1 than the best one, and the best one has the F1 that it reports.
    #[test]
    fn the_best_f1_is_the_best(samples in proptest::collection::vec((0_u8..9, any::<bool>()), 1..40)) {
        let (scores, positive): (Vec<f64>, Vec<bool>) = samples.iter().map(|&(s, p)| (f64::from(s), p)).unzip();
        let f1 = |threshold: f64| {
            Confusion::new(scores.iter().map(|&score| score >= threshold).zip(positive.iter().copied())).f1()
        };
        if let Some((threshold, claimed)) = threshold::best_f1(&scores, &positive) {
            prop_assert!((f1(threshold).unwrap_or(2.0) - claimed).abs() < 1e-12);
            for &other in &scores {
                prop_assert!(f1(other).unwrap_or(0.0) <= claimed + 1e-12);
            }
        } else {
            prop_assert!(positive.iter().all(|positive| !positive));
        }
    }
}

/// Uncorrelated states give the identity, with all eigenvalues 1. Two equal states give 2 and 0, and so do opposite
/// ones.
#[test]
fn hidden_covariance_is_that_of_its_eigenvalues() {
    let k = 1e-5_f64;
    let term = |value: f64| (value + k).ln() + 1.0 / (value + k);
    let score = |states: Array2<f32>| hidden_covariance(states.view()).expect("a score");
    let apart = array![[1.0, -1.0, 0.0, 0.0], [5.0, 5.0, 9.0, 1.0]];
    assert_near("uncorrelated", score(apart), -2.0 * term(1.0));
    let alike = array![[1.0, 2.0, 4.0], [30.0, 50.0, 90.0]];
    let scale = term(0.0).abs();
    assert!((score(alike) + term(2.0) + term(0.0)).abs() < 1e-6 * scale);
    assert!((score(array![[1.0, 2.0, 4.0], [-1.0, -2.0, -4.0]]) + term(2.0) + term(0.0)).abs() < 1e-6 * scale);
    // Correlations of ½ between three states: eigenvalues 2, ½ and ½.
    let third = array![[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, -1.0], [0.0, 0.0, 1.0, -1.0]];
    let by_hand = -(term(2.0) + 2.0 * term(0.5));
    assert!((score(third) - by_hand).abs() < 1e-6, "{by_hand}");
    // A state that is the same in all its units has no correlation with anything.
    assert_eq!(hidden_covariance(array![[1.0, 2.0], [3.0, 3.0]].view()), None);
    assert_eq!(hidden_covariance(Array2::zeros((0, 4)).view()), None);
    assert_eq!(hidden_covariance(array![[1.0, f32::NAN]].view()), None);
}
