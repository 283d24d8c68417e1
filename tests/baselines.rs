//! The baselines of networks, nearest neighbours, iterative ridge regression and principal components, against
//! scikit-learn, PyOD and numpy, and against their definitions.
//!
//! `tests/reference/baselines.py` makes the fixture.

use handgrad_analysis::{Pca, iterative_ridge, knn_distances, knn_impute};
use handgrad_tests::{numbers, on};
use ndarray::{Array2, ArrayView2, array, concatenate, s};
use serde_json::Value;

const NAN: f32 = f32::NAN;

fn fixture(kind: &str) -> Vec<Value> {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/baselines.json")).expect("JSON");
    fixture[kind].as_array().expect("a list").clone()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
}

fn count(case: &Value, key: &str) -> usize {
    case[key].as_u64().expect("a count") as usize
}

fn assert_near(ours: &[f64], theirs: &[f64], relative: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let near = (ours - theirs).abs() <= relative * theirs.abs().max(1.0);
        assert!(near, "number {at}: {ours} here, {theirs} there");
    }
}

/// The same numbers as `table` of the script.
fn table((n, d): (usize, usize), seed: u64, noise: f64) -> Array2<f32> {
    let [hidden, own] = [numbers(3 * n, seed), numbers(n * d, seed + 1)];
    Array2::from_shape_fn((n, d), |(i, j)| {
        let hidden = |j: usize| f64::from(hidden[3 * i + j % 3]);
        (hidden(j) + hidden(j + 1) / 2.0 + noise * f64::from(own[d * i + j]) + j as f64) as f32
    })
}

/// The same holes as `with_holes` of the script.
fn with_holes(mut values: Array2<f32>, seed: u64, part: f64) -> Array2<f32> {
    let drawn = numbers(values.len(), seed);
    let hidden = values.iter_mut().zip(drawn).filter(|(_, drawn)| (f64::from(*drawn) + 1.0) / 2.0 < part);
    hidden.for_each(|(value, _)| *value = NAN);
    values
}

/// The fitting rows and the rows to fill.
fn problem(case: &Value) -> [Array2<f32>; 2] {
    let [n, d, m] = ["n", "d", "m"].map(|key| count(case, key));
    let [noise, holes] = ["noise", "fit_holes"].map(|key| case[key].as_f64().expect("a number"));
    let mut rows = with_holes(table((m, d), 4, noise), 6, 0.3);
    rows.row_mut(0).fill(NAN);
    [with_holes(table((n, d), 1, noise), 3, holes), rows]
}

/// The cells of `filled` that are missing in `rows`; all others must be unchanged.
fn cells(rows: &Array2<f32>, filled: &Array2<f32>) -> Vec<f64> {
    let known = rows.iter().zip(filled).filter(|(before, _)| !before.is_nan());
    known.for_each(|(before, after)| assert_eq!(before.to_bits(), after.to_bits(), "a known cell"));
    rows.iter().zip(filled).filter(|(before, _)| before.is_nan()).map(|(_, &after)| f64::from(after)).collect()
}

/// 32-bit results against 64-bit ones.
const ROUNDED: f64 = 1e-6;

#[test]
fn distances_to_neighbours_are_those_of_pyod() {
    for case in fixture("distances") {
        let [n, d, m, k] = ["n", "d", "m", "k"].map(|key| count(&case, key));
        let (train, samples) = (table((n, d), 1, 0.5), table((m, d), 4, 0.5));
        let ours = knn_distances(train.view(), samples.view(), k).expect("finite values");
        assert_near(&ours, &list(&case["found"]), 1e-12);
    }
}

#[test]
fn neighbours_fill_cells_as_in_scikit_learn() {
    for case in fixture("neighbours") {
        let [train, rows] = problem(&case);
        let filled = knn_impute(train.view(), rows.view(), count(&case, "k")).expect("finite values");
        assert_near(&cells(&rows, &filled), &list(&case["found"]), ROUNDED);
    }
}

/// Few columns against scikit-learn's rounds; more than 100 columns against a regression of each column.
#[test]
fn ridge_regressions_fill_cells_as_in_scikit_learn() {
    let cases = fixture("ridge");
    let rounds: Vec<_> = cases.iter().map(|case| count(&case["found"], "rounds")).collect();
    assert!(rounds.contains(&10) && rounds.iter().any(|&rounds| rounds < 10), "both ends are tested: {rounds:?}");
    for case in cases {
        let [train, rows] = problem(&case);
        let filled = iterative_ridge(train.view(), rows.view()).expect("finite values");
        assert_near(&cells(&rows, &filled), &list(&case["found"]["filled"]), ROUNDED);
    }
}

#[test]
fn components_and_their_scores_are_those_of_scikit_learn() {
    for case in fixture("components") {
        let [n, d, m] = ["n", "d", "m"].map(|key| count(&case, key));
        let (train, samples) = (table((n, d), 1, 0.5), table((m, d), 4, 0.5));
        let found = &case["found"];
        for (part, theirs) in [0.3, 0.7, 0.9, 0.99].into_iter().zip(list(&found["components"])) {
            let ours = Pca::fit_part(train.view(), part).expect("finite values").components();
            assert_eq!(ours as f64, theirs, "components for {part} of the variance");
        }
        for errors in found["errors"].as_array().expect("a list") {
            let k = errors[0].as_u64().expect("a count") as usize;
            let pca = Pca::fit(train.view(), k).expect("finite values");
            assert_near(&pca.errors(samples.view()), &list(&errors[1]), 1e-12);
        }
        let pca = Pca::fit(train.view(), d).expect("finite values");
        assert_near(&pca.mahalanobis(samples.view()), &list(&found["mahalanobis"]), 1e-11);
        assert!(pca.errors(samples.view()).iter().all(|error| *error < 1e-24), "all components keep everything");
    }
}

/// A column that repeats another one has no variance of its own, and does not change the distance.
#[test]
fn a_component_without_variance_counts_nothing() {
    let train = table((300, 5), 1, 0.5);
    let twice = concatenate![ndarray::Axis(1), train, train.slice(s![.., ..2])];
    let scores = |samples: ArrayView2<f32>| {
        let pca = Pca::fit(samples, samples.ncols()).expect("finite values");
        pca.mahalanobis(samples)
    };
    assert_near(&scores(twice.view()), &scores(train.view()), 1e-9);
}

#[test]
fn parts_of_the_variance_have_limits() {
    let samples = table((50, 4), 1, 0.5);
    let components = |part| Pca::fit_part(samples.view(), part).map(|pca| pca.components());
    assert_eq!([0.0, 1.0, -0.1, 1.1, f64::NAN].map(components), [Some(0), Some(4), None, None, None]);
    let equal = Pca::fit_part(Array2::ones((5, 3)).view(), 0.9).expect("finite values");
    assert_eq!((equal.components(), equal.errors(array![[1.0, 2.0, 3.0]].view())), (0, vec![5.0]));
}

/// Rows that are close together and far from 0: ‖x‖² + ‖t‖² − 2·x·t alone would lose their distances.
#[test]
fn distances_far_from_zero_keep_their_digits() {
    let far = |rows: Array2<f32>| rows.mapv(|value| value.mul_add(64.0, 1e6).round());
    let (train, samples) = (far(table((300, 6), 1, 0.5)), far(table((5, 6), 4, 0.5)));
    let by_definition: Vec<f64> = samples
        .rows()
        .into_iter()
        .map(|x| {
            let square = |t: ndarray::ArrayView1<f32>| (&x.mapv(f64::from) - &t.mapv(f64::from)).pow2().sum();
            let mut squares: Vec<f64> = train.rows().into_iter().map(square).collect();
            squares.sort_by(f64::total_cmp);
            squares[2].sqrt()
        })
        .collect();
    assert_eq!(knn_distances(train.view(), samples.view(), 3), Some(by_definition));
    assert_eq!(knn_distances(train.view(), train.view(), 1), Some(vec![0.0; 300]), "each row is its own neighbour");
}

#[test]
fn results_do_not_depend_on_the_threads() {
    let train = with_holes(table((300, 130), 1, 0.5), 3, 0.1);
    let rows = with_holes(table((300, 130), 4, 0.5), 6, 0.2);
    let complete = [&train, &rows].map(|rows| rows.mapv(|value| if value.is_nan() { 0.0 } else { value }));
    let found = [1, 4].map(|threads| {
        on(threads, || {
            let neighbours = knn_impute(train.view(), rows.view(), 5).expect("finite values");
            let ridge = iterative_ridge(train.view(), rows.view()).expect("finite values");
            let distances = knn_distances(complete[0].view(), complete[1].view(), 5).expect("finite values");
            (neighbours, ridge, distances)
        })
    });
    assert_eq!(found[0], found[1]);
}

/// The words of a category are columns of 0 and 1 that are missing together. If such columns were filled from the old
/// values of each other, they would change by more in each round. They are more than 100, so they share one inverse.
#[test]
fn groups_of_columns_that_are_missing_together_stay_bounded() {
    let (n, words) = (600, 120);
    let word = |i: usize| (i * 7 + i / words) % words;
    let rows = Array2::from_shape_fn((n, words + 1), |(i, j)| match j {
        0 => word(i) as f32 / words as f32,
        _ => f32::from(u8::from(word(i) == j - 1)),
    });
    let mut holes = rows.slice(s![..60, ..]).to_owned();
    holes.slice_mut(s![.., 1..]).fill(NAN);
    let filled = iterative_ridge(rows.view(), holes.view()).expect("finite values");
    assert!(filled.iter().all(|value| value.abs() < 2.0), "no value is far outside 0..1");
}

#[test]
fn a_column_without_values_stays_missing() {
    let train = array![[1.0, NAN, 2.0], [2.0, NAN, 4.0], [3.0, NAN, NAN]];
    let rows = array![[NAN, NAN, 4.0], [2.0, 7.0, NAN]];
    for filled in [knn_impute(train.view(), rows.view(), 1), iterative_ridge(train.view(), rows.view())] {
        let filled = filled.expect("finite values");
        assert!(filled[[0, 1]].is_nan() && filled[[1, 1]] == 7.0, "{filled}");
        assert!((1.0..=3.0).contains(&filled[[0, 0]]) && (2.0..=4.0).contains(&filled[[1, 2]]), "{filled}");
    }
}

/// Two rows have a value in this column. One of them shares no column with the row to fill, so only the other counts.
#[test]
fn rows_without_a_shared_column_are_no_neighbours() {
    let train = array![[1.0, NAN, 10.0], [NAN, 1.0, 30.0]];
    let rows = array![[5.0, NAN, NAN], [NAN, NAN, NAN]];
    let filled = knn_impute(train.view(), rows.view(), 2).expect("finite values");
    assert_eq!(filled, array![[5.0, 1.0, 10.0], [1.0, 1.0, 20.0]]);
}

#[test]
fn what_is_undefined_is_none() {
    let (train, none) = (array![[1.0, 2.0], [3.0, 5.0]], Array2::zeros((0, 2)));
    let (nan, infinite) = (array![[1.0, NAN]], array![[1.0, f32::INFINITY]]);
    assert_eq!([0, 3].map(|k| knn_distances(train.view(), train.view(), k)), [None, None]);
    for wrong in [&nan, &infinite] {
        assert_eq!(knn_distances(wrong.view(), train.view(), 1), None);
        assert_eq!(knn_distances(train.view(), wrong.view(), 1), None);
    }
    assert_eq!(knn_distances(train.view(), none.view(), 1), Some(Vec::new()));
    assert_eq!(knn_impute(train.view(), nan.view(), 0), None);
    for fill in [iterative_ridge, |train: ArrayView2<f32>, rows: ArrayView2<f32>| knn_impute(train, rows, 5)] {
        assert_eq!(fill(none.view(), nan.view()), None);
        assert_eq!(fill(infinite.view(), nan.view()), None);
        assert_eq!(fill(train.view(), infinite.view()), None);
        assert_eq!(fill(train.view(), train.view()), Some(train.clone()), "nothing to fill");
        assert_eq!(fill(train.view(), none.view()), Some(none.clone()));
    }
}
