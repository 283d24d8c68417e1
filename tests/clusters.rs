//! Clusters against scikit-learn and SciPy, and against their definitions.
//!
//! `tests/reference/clusters.py` makes the fixture.

use std::collections::HashMap;

use handgrad_analysis::Random;
use handgrad_analysis::clusters::{
    Linkage, agreement, best_matching, cluster_distances, cut, dbscan, kmeans, linkage, lloyd, nearest_centre,
    plus_plus,
};
use handgrad_tests::{numbers, on};
use ndarray::{Array2, Axis, array, s};
use serde_json::Value;

fn fixture(kind: &str) -> Vec<Value> {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/clusters.json")).expect("JSON");
    fixture[kind].as_array().expect("a list").clone()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn counts<const N: usize>(case: &Value, keys: [&str; N]) -> [usize; N] {
    keys.map(|key| case[key].as_u64().expect("a count") as usize)
}

fn assert_near(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours} here, {theirs} there");
}

/// The same numbers as `rows` of the script.
fn rows(n: usize, d: usize, groups: usize, spread: f64, offset: f64) -> Array2<f32> {
    let [centres, own] = [numbers(groups * d, 1), numbers(n * d, 2)];
    Array2::from_shape_fn((n, d), |(i, j)| {
        (f64::from(centres[i % groups * d + j]) + spread * f64::from(own[i * d + j]) + offset) as f32
    })
}

fn of_case(case: &Value) -> Array2<f32> {
    let [n, d, groups] = counts(case, ["n", "d", "groups"]);
    rows(n, d, groups, number(&case["spread"]), number(&case["offset"]))
}

/// The same partition with the clusters numbered in the order of their first rows.
fn in_order(labels: &[f64]) -> Vec<u32> {
    let mut numbers = HashMap::new();
    labels
        .iter()
        .map(|label| {
            let next = numbers.len() as u32;
            *numbers.entry(*label as i64).or_insert(next)
        })
        .collect()
}

#[test]
fn centres_are_those_of_scikit_learn_from_the_same_starts() {
    for case in fixture("rows") {
        let rows = of_case(&case);
        let [clusters, groups] = counts(&case, ["clusters", "groups"]);
        let starts = rows.slice(s![..clusters, ..]).mapv(f64::from);
        let found = lloyd(rows.view(), starts, 0.0);
        assert_near(found.inertia, number(&case["kmeans"]["inertia"]), "inertia");
        let labels: Vec<f64> = found.labels.iter().map(|&label| f64::from(label)).collect();
        assert_eq!(labels, list(&case["kmeans"]["labels"]));
        assert_eq!(nearest_centre(rows.view(), &found.centres), found.labels);

        let classes: Vec<u32> = (0..rows.nrows()).map(|i| (i % groups) as u32).collect();
        let agreement = agreement(&found.labels, &classes).expect("as many classes");
        assert_near(agreement.ari, number(&case["ari"]), "ARI");
        assert_near(agreement.nmi, number(&case["nmi"]), "NMI");
        assert_near(agreement.accuracy, number(&case["accuracy"]), "accuracy");
        let distances = cluster_distances(rows.view(), &found.labels).expect("finite values");
        assert_near(distances.silhouette().expect("clusters"), number(&case["silhouette"]), "silhouette");
        for ((a, b), theirs) in distances.own.iter().zip(&distances.other).zip(list(&case["silhouettes"])) {
            assert_near((b - a) / a.max(*b), theirs, "the silhouette of a row");
        }
    }
}

#[test]
fn trees_are_those_of_scipy() {
    for case in fixture("rows") {
        let rows = of_case(&case);
        let [clusters] = counts(&case, ["clusters"]);
        for (name, method) in [("ward", Linkage::Ward), ("average", Linkage::Average), ("complete", Linkage::Complete)]
        {
            let merges = linkage(rows.view(), method).expect("finite values");
            let theirs = list(&case[name]["heights"]);
            assert_eq!(merges.len(), theirs.len());
            for (merge, theirs) in merges.iter().zip(theirs) {
                assert_near(merge.height, theirs, name);
            }
            let sizes: Vec<f64> = merges.iter().map(|merge| merge.size as f64).collect();
            assert_eq!(sizes, list(&case[name]["sizes"]), "{name}");
            assert_eq!(cut(&merges, clusters), in_order(&list(&case[name]["labels"])), "{name}");
        }
    }
}

#[test]
fn dense_regions_are_those_of_scikit_learn() {
    let mut noise = 0;
    for case in fixture("rows") {
        let rows = of_case(&case);
        for found in case["dbscan"].as_array().expect("a list") {
            let [least] = counts(found, ["min_samples"]);
            let ours = dbscan(rows.view(), number(&found["eps"]), least).expect("finite values");
            let ours: Vec<f64> = ours.iter().map(|label| label.map_or(-1.0, f64::from)).collect();
            assert_eq!(ours, list(&found["labels"]), "{}", found["eps"]);
            noise += ours.iter().filter(|label| **label < 0.0).count();
        }
    }
    assert!(noise > 100, "noise is tested");
}

#[test]
fn matchings_are_those_of_scipy() {
    for case in fixture("matchings") {
        let [n, m, seed] = counts(&case, ["rows", "columns", "seed"]);
        let drawn = numbers(n * m, seed as u64);
        let gain = |(r, c): (usize, usize)| ((f64::from(drawn[r * m + c]) + 1.0) * 50.0).floor() as u32;
        let gains = Array2::from_shape_fn((n, m), gain);
        let matched = best_matching(&gains);
        let mut used: Vec<usize> = matched.iter().flatten().copied().collect();
        assert_eq!(used.len(), n.min(m), "as many as fit");
        used.sort_unstable();
        used.dedup();
        assert_eq!(used.len(), n.min(m), "each column once");
        let sum: u32 = matched.iter().enumerate().filter_map(|(r, c)| Some(gains[[r, (*c)?]])).sum();
        assert_eq!(f64::from(sum), number(&case["sum"]), "{n}×{m}");
    }
}

#[test]
fn partitions_agree_as_in_scikit_learn() {
    for case in fixture("partitions") {
        let [n, a, b, seed] = counts(&case, ["n", "a", "b", "seed"]);
        let part = |count: usize, seed: usize| -> Vec<u32> {
            let drawn = numbers(n, seed as u64);
            drawn.iter().map(|&drawn| ((f64::from(drawn) + 1.0) / 2.0 * count as f64).floor() as u32).collect()
        };
        let found = agreement(&part(a, seed), &part(b, seed + 1)).expect("as many");
        assert_near(found.ari, number(&case["ari"]), "ARI");
        assert_near(found.nmi, number(&case["nmi"]), "NMI");
    }
    let same = agreement(&[2, 2, 0, 1], &[0, 0, 5, 3]).expect("as many");
    assert_eq!((same.ari, same.accuracy), (1.0, 1.0));
    assert_near(same.nmi, 1.0, "the same partition");
    assert_eq!(agreement(&[0, 1], &[0]), None, "labels of another length");
    assert_eq!(agreement(&[], &[]), None);
}

#[test]
fn all_results_have_the_same_bits_on_any_number_of_threads() {
    // More rows than a block has, and a last block that is not full.
    let rows = rows(1500, 7, 9, 0.5, 0.0);
    let all = |threads| {
        on(threads, || {
            let means = kmeans(rows.view(), 9, 3, 5).expect("finite values");
            let merges = linkage(rows.view(), Linkage::Average).expect("finite values");
            let distances = cluster_distances(rows.view(), &means.labels).expect("finite values");
            (means, merges, dbscan(rows.view(), 0.7, 5), distances)
        })
    };
    let one = all(1);
    for threads in [2, 5, 16] {
        assert_eq!(all(threads), one, "{threads} threads");
    }
}

/// Mini-batches find about the same centres as whole rounds.
#[test]
fn many_rows_are_clustered_by_mini_batches() {
    let rows = rows(100_001, 2, 3, 0.1, 0.0);
    let found = on(2, || kmeans(rows.view(), 3, 2, 0)).expect("finite values");
    let whole = lloyd(rows.view(), found.centres.clone(), 0.0);
    assert!(
        found.inertia >= whole.inertia && found.inertia < 1.01 * whole.inertia,
        "{} {}",
        found.inertia,
        whole.inertia
    );
    let classes: Vec<u32> = (0..100_001).map(|i| i % 3).collect();
    assert!(agreement(&found.labels, &classes).expect("as many").accuracy > 0.95);
    assert_eq!(on(5, || kmeans(rows.view(), 3, 2, 0)), Some(found));
}

#[test]
fn starts_are_different_rows_if_there_are_enough() {
    let rows = array![[0.0_f32], [0.0], [0.0], [7.0], [9.0]];
    for seed in 0..20 {
        let starts = plus_plus(rows.view(), 3, &mut Random::new(seed, 0));
        let mut values: Vec<f64> = starts.iter().copied().collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values, [0.0, 7.0, 9.0]);
    }
}

#[test]
fn a_centre_without_rows_gets_the_farthest_row() {
    let rows = array![[0.0_f32], [1.0], [2.0], [30.0]];
    // The last centre is far from all rows.
    let found = lloyd(rows.view(), array![[1.0], [100.0]], 0.0);
    assert_eq!((found.centres, found.labels), (array![[1.0], [30.0]], vec![0, 0, 0, 1]));
}

/// Three values cannot be divided into five clusters: three are found, and each has rows.
#[test]
fn centres_without_rows_are_left_out() {
    let rows = Array2::from_shape_fn((30, 1), |(row, _)| [0.0_f32, 7.0, 9.0][row % 3]);
    for seed in 0..10 {
        let found = kmeans(rows.view(), 5, 2, seed).expect("finite values");
        let mut centres: Vec<f64> = found.centres.iter().copied().collect();
        centres.sort_by(f64::total_cmp);
        assert_eq!((centres, found.inertia), (vec![0.0, 7.0, 9.0], 0.0));
        assert_eq!(nearest_centre(rows.view(), &found.centres), found.labels);
        assert!((0..3).all(|cluster| found.labels.contains(&cluster)), "{:?}", found.labels);
    }
    assert_eq!(kmeans(rows.view(), 3, 2, 0).expect("finite values").centres.nrows(), 3);
}

#[test]
fn a_best_restart_is_not_worse_than_any() {
    let rows = rows(200, 2, 7, 0.4, 0.0);
    let inertia = |restarts| kmeans(rows.view(), 7, restarts, 3).expect("finite values").inertia;
    assert!(inertia(8) <= inertia(4) && inertia(4) <= inertia(1));
}

#[test]
fn unusual_rows() {
    let equal = Array2::<f32>::from_elem((5, 2), 3.0);
    let found = kmeans(equal.view(), 3, 2, 0).expect("finite values");
    assert_eq!((found.inertia, found.labels, found.centres.nrows()), (0.0, vec![0; 5], 1));
    assert_eq!(dbscan(equal.view(), 0.0, 5), Some(vec![Some(0); 5]));
    assert!(linkage(equal.view(), Linkage::Ward).expect("finite").iter().all(|merge| merge.height == 0.0));
    let alone = cluster_distances(equal.view(), &[0; 5]).expect("finite values");
    assert_eq!((alone.silhouette(), alone.other[0]), (None, f64::INFINITY));

    let two = array![[0.0_f32], [1.0]];
    assert_eq!(kmeans(two.view(), 2, 1, 0).expect("two clusters").inertia, 0.0);
    assert_eq!(kmeans(two.view(), 3, 1, 0), None, "more clusters than rows");
    assert_eq!(kmeans(two.view(), 0, 1, 0), None);
    assert_eq!(cluster_distances(two.view(), &[0, 1]).expect("finite").silhouette(), None, "each row is alone");
    assert_eq!(cluster_distances(two.view(), &[0]), None, "labels of another length");
    let merges = linkage(two.view(), Linkage::Complete).expect("finite values");
    assert_eq!((cut(&merges, 1), cut(&merges, 2), cut(&merges, 9)), (vec![0, 0], vec![0, 1], vec![0, 1]));
    let one = two.select(Axis(0), &[0]);
    assert_eq!(linkage(one.view(), Linkage::Ward), Some(Vec::new()));
    assert_eq!(cut(&[], 4), [0]);

    let wrong = array![[0.0_f32], [f32::NAN], [1.0]];
    assert_eq!(kmeans(wrong.view(), 2, 1, 0), None);
    assert_eq!(linkage(wrong.view(), Linkage::Ward), None);
    assert_eq!(dbscan(wrong.view(), 1.0, 2), None);
    assert_eq!(dbscan(two.view(), f64::NAN, 2), None);
    assert_eq!(cluster_distances(wrong.view(), &[0, 0, 1]), None);
}
