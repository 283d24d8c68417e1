//! Maps by t-SNE, and how far they can be trusted: against openTSNE and scikit-learn, against central differences, and
//! against their definitions.
//!
//! `tests/reference/embedding.py` makes the fixture.

use handgrad_analysis::embedding::barnes_hut::BarnesHut;
use handgrad_analysis::embedding::trust::trust;
use handgrad_analysis::embedding::{Gradient, affinities, exact, optimize, tsne};
use handgrad_analysis::neighbours::Sparse;
use handgrad_tests::{doubles, numbers, on};
use ndarray::{Array2, array, s};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/embedding.json")).expect("JSON")
}

/// The same points as `groups` of the script.
fn groups(n: usize, d: usize, count: usize) -> Array2<f32> {
    let [centres, own] = [doubles(count * d, 1), doubles(n * d, 2)];
    Array2::from_shape_fn((n, d), |(i, j)| (2.0 * centres[i % count * d + j] + own[i * d + j]) as f32)
}

/// Random places in a square of this side.
fn places(n: usize, side: f64, seed: u64) -> Vec<[f64; 2]> {
    let values = doubles(2 * n, seed);
    (0..n).map(|i| [side / 2.0 * values[2 * i], side / 2.0 * values[2 * i + 1]]).collect()
}

fn to_dense(p: &Sparse) -> Array2<f64> {
    let mut all = Array2::zeros((p.len(), p.len()));
    (0..p.len()).for_each(|i| p.row(i).for_each(|(j, value)| all[[i, j]] = value));
    all
}

#[test]
fn affinities_are_those_of_open_tsne() {
    let fixture = fixture();
    let (points, perplexity) = (groups(600, 10, 7), fixture["perplexity"].as_f64().expect("a number"));
    let ours = to_dense(&affinities::sparse(points.view(), perplexity).expect("finite"));
    let rows = fixture["affinities"].as_array().expect("rows");
    for (i, row) in rows.iter().enumerate() {
        for (j, theirs) in row.as_array().expect("values").iter().enumerate() {
            let theirs = theirs.as_f64().expect("a number");
            // openTSNE ends its search for a perplexity earlier.
            let largest = ours.row(i).iter().copied().fold(0.0, f64::max);
            assert!((ours[[i, j]] - theirs).abs() <= 1e-6 * largest, "{i} {j}: {} {theirs}", ours[[i, j]]);
        }
    }
    assert!(rows.len() == 3 && (ours.sum() - 1.0).abs() < 1e-12 && ours == ours.t(), "symmetric with the sum 1");
}

#[test]
fn a_row_has_the_perplexity_that_was_asked_for() {
    for (perplexity, scale) in [(2.0, 1.0), (30.0, 1e-12), (79.9, 1e12)] {
        let mut row: Vec<f64> = doubles(80, 5).into_iter().map(|x| scale * (1.0 + x)).collect();
        assert!(affinities::to_perplexity(&mut row, perplexity) > 0.0);
        let entropy: f64 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() / perplexity - 1.0).abs() < 1e-8, "{perplexity}: {}", entropy.exp());
    }
    // More points than the perplexity are equally near: only they count, all alike.
    let mut row = [3.0, 1.0, 1.0, 1.0, 2.0];
    affinities::to_perplexity(&mut row, 2.0);
    assert_eq!(row, [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0]);
    let mut row = [7.0; 4];
    affinities::to_perplexity(&mut row, 2.0);
    assert_eq!(row, [0.25; 4]);
}

/// Central differences of C, whose formula is written again here.
#[test]
fn the_exact_gradient_agrees_with_central_differences() {
    let n = 40;
    let p = affinities::sparse(groups(n, 5, 3).view(), 8.0).expect("finite");
    let kl = |y: &[[f64; 2]]| {
        let w = Array2::from_shape_fn((n, n), |(i, j)| {
            let squared = (y[i][0] - y[j][0]).powi(2) + (y[i][1] - y[j][1]).powi(2);
            if i == j { 0.0 } else { 1.0 / (1.0 + squared) }
        });
        let z = w.sum();
        to_dense(&p).iter().zip(&w).filter(|(p, _)| **p > 0.0).map(|(p, w)| p * (p / (w / z)).ln()).sum::<f64>()
    };
    for (side, seed) in [(0.1, 1), (3.0, 2), (40.0, 3)] {
        let y = places(n, side, seed);
        assert!((exact::divergence(&p, &y) / kl(&y) - 1.0).abs() < 1e-12);
        let mut gradient = vec![[0.0; 2]; n];
        exact::gradient(&p, &y, 1.0, &mut gradient);
        let norm = gradient.iter().flatten().map(|g| g * g).sum::<f64>().sqrt();
        let h = 1e-4;
        let mut error = 0.0;
        for (i, axis) in (0..n).flat_map(|i| [(i, 0), (i, 1)]) {
            let moved = |by: f64| {
                let mut y = y.clone();
                y[i][axis] += by;
                kl(&y)
            };
            error += (gradient[i][axis] - (moved(h) - moved(-h)) / (2.0 * h)).powi(2);
        }
        assert!(error.sqrt() < 1e-6 * norm, "side {side}: {} of {norm}", error.sqrt());
    }
}

/// Exaggeration is a factor of P: the gradient with P·e is that of the factor e.
#[test]
fn exaggeration_multiplies_the_affinities() {
    let (n, y) = (30, places(30, 4.0, 9));
    let p = affinities::sparse(groups(n, 4, 2).view(), 5.0).expect("finite");
    let more = Sparse { values: p.values.iter().map(|p| 12.0 * p).collect(), ..p.clone() };
    let [mut by_factor, mut by_p] = [vec![[0.0; 2]; n], vec![[0.0; 2]; n]];
    exact::gradient(&p, &y, 12.0, &mut by_factor);
    exact::gradient(&more, &y, 1.0, &mut by_p);
    let near = |a: &[f64; 2], b: &[f64; 2]| (0..2).all(|axis| (a[axis] - b[axis]).abs() < 1e-12);
    assert!(by_factor.iter().zip(&by_p).all(|(a, b)| near(a, b)));
}

#[test]
fn barnes_hut_is_near_the_exact_gradient() {
    let n = 900;
    let p = affinities::sparse(groups(n, 6, 5).view(), 10.0).expect("finite");
    let mut clusters = places(n, 60.0, 4);
    for (i, place) in clusters.iter_mut().enumerate() {
        *place = [place[0] / 20.0 + 15.0 * (i % 5) as f64, place[1] / 20.0 - 9.0 * (i % 2) as f64];
    }
    for (what, y) in [("a square", places(n, 60.0, 4)), ("small", places(n, 1e-4, 5)), ("clusters", clusters)] {
        let mut exactly = vec![[0.0; 2]; n];
        exact::gradient(&p, &y, 1.0, &mut exactly);
        let norm = exactly.iter().flatten().map(|g| g * g).sum::<f64>().sqrt();
        let mut method = BarnesHut::default();
        let mut last = f64::INFINITY;
        for (theta, most) in [(0.5, 0.05), (0.2, 0.01), (0.0, 1e-10)] {
            let mut gradient = vec![[0.0; 2]; n];
            method.gradient(&p, &y, theta, 1.0, &mut gradient);
            let differences = gradient.iter().flatten().zip(exactly.iter().flatten()).map(|(a, b)| (a - b).powi(2));
            let error = differences.sum::<f64>().sqrt() / norm;
            assert!(error < most && error <= last, "{what}, θ = {theta}: {error}");
            last = error;
        }
        let [ours, exactly] = [method.divergence(&p, &y, 0.0), exact::divergence(&p, &y)];
        assert!((ours / exactly - 1.0).abs() < 1e-10, "{what}: {ours} {exactly}");
    }
}

#[test]
fn coincident_points_end_the_tree() {
    let n = 100;
    let p = affinities::sparse(groups(n, 3, 2).view(), 5.0).expect("finite");
    let mut half_equal = places(n, 2.0, 3);
    half_equal[..50].fill([0.25, -0.5]);
    for y in [vec![[0.0; 2]; n], vec![[3.0, 1e-300]; n], half_equal] {
        let [mut ours, mut exactly] = [vec![[1.0; 2]; n], vec![[1.0; 2]; n]];
        BarnesHut::default().gradient(&p, &y, 0.5, 1.0, &mut ours);
        exact::gradient(&p, &y, 1.0, &mut exactly);
        for (ours, exactly) in ours.iter().flatten().zip(exactly.iter().flatten()) {
            assert!((ours - exactly).abs() < 2e-3, "{ours} {exactly}");
        }
    }
}

/// C of the map, in which openTSNE may be better by at most 2 %.
#[test]
fn maps_are_as_good_as_those_of_open_tsne() {
    let fixture = fixture();
    let (points, perplexity) = (groups(600, 10, 7), fixture["perplexity"].as_f64().expect("a number"));
    let p = affinities::sparse(points.view(), perplexity).expect("finite");
    let theirs = fixture["divergence"].as_f64().expect("a number");
    for gradient in [Gradient::BarnesHut, Gradient::Exact] {
        let mut steps = Vec::new();
        let map = tsne(points.view(), perplexity, 0, gradient, &mut |step, _| steps.push(step)).expect("finite");
        let ours = exact::divergence(&p, &map.points);
        assert!(ours < 1.02 * theirs, "{gradient:?}: {ours}, openTSNE {theirs}");
        assert!((map.divergence() / ours - 1.0).abs() < 0.01, "{gradient:?}: the curve ends at {}", map.divergence());
        assert_eq!(steps.last(), Some(&optimize::STEPS));
        let places = Array2::from_shape_fn((600, 2), |(i, axis)| map.points[i][axis] as f32);
        let found = trust(points.view(), places.view(), 12).expect("finite");
        let columns = trust(points.view(), points.slice(s![.., ..2]), 12).expect("finite");
        assert!(found.trustworthiness > columns.trustworthiness && found.continuity > 0.9, "{found:?}");
    }
}

#[test]
fn the_bits_do_not_depend_on_threads() {
    let points = groups(300, 8, 4);
    for gradient in [Gradient::Exact, Gradient::BarnesHut] {
        let map = || {
            let map = tsne(points.view(), 20.0, 3, gradient, &mut |_, _| ()).expect("finite");
            let places = Array2::from_shape_fn((300, 2), |(i, axis)| map.points[i][axis] as f32);
            (map, trust(points.view(), places.view(), 12).expect("finite"))
        };
        let one = on(1, map);
        for threads in [2, 5, 16] {
            assert_eq!(on(threads, map), one, "{gradient:?} on {threads} threads");
        }
    }
}

#[test]
fn trust_is_that_of_scikit_learn() {
    let points = groups(600, 10, 7);
    for case in fixture()["trust"].as_array().expect("a list") {
        let k = case["k"].as_u64().expect("a count") as usize;
        let ours = trust(points.view(), points.slice(s![.., ..2]), k).expect("finite");
        for (ours, name) in [(ours.trustworthiness, "trustworthiness"), (ours.continuity, "continuity")] {
            let theirs = case[name].as_f64().expect("a number");
            assert!((ours - theirs).abs() < 1e-12, "{name} at {k}: {ours} {theirs}");
        }
        let mean = ours.of_points.iter().sum::<f64>() / 600.0;
        assert!((mean - ours.trustworthiness).abs() < 1e-12, "the mean of all points");
    }
}

/// The worst map: neighbours are the farthest points. With k < n/2 its trustworthiness is 0 or more.
#[test]
fn trust_has_its_bounds() {
    let data = Array2::from_shape_fn((200, 1), |(i, _)| i as f32);
    let same = trust(data.view(), (&data * -3.0).view(), 12).expect("finite");
    assert_eq!((same.trustworthiness, same.continuity), (1.0, 1.0));
    assert!(same.of_points.iter().all(|&of_point| of_point == 1.0));
    let random = Array2::from_shape_vec((200, 2), numbers(400, 8)).expect("400 numbers");
    let random = trust(data.view(), random.view(), 12).expect("finite");
    assert!((0.4..0.6).contains(&random.trustworthiness) && (0.4..0.6).contains(&random.continuity), "{random:?}");
}

#[test]
fn what_is_not_defined_is_none() {
    let few = groups(9, 3, 2);
    assert_eq!(tsne(few.view(), 3.0, 0, Gradient::Exact, &mut |_, _| ()), None, "9 neighbours of 9 points");
    assert!(tsne(few.view(), 2.0, 0, Gradient::BarnesHut, &mut |_, _| ()).is_some());
    for perplexity in [1.0, 0.0, -5.0, f64::NAN, f64::INFINITY] {
        assert_eq!(affinities::sparse(few.view(), perplexity), None, "{perplexity}");
    }
    let mut wrong = few.clone();
    wrong[[4, 1]] = f32::NAN;
    assert_eq!(tsne(wrong.view(), 2.0, 0, Gradient::Exact, &mut |_, _| ()), None);
    assert_eq!(affinities::sparse(wrong.view(), 2.0), None);
    assert_eq!(trust(wrong.view(), few.view(), 2), None);
    assert_eq!(trust(few.view(), few.view(), 0), None);
    assert_eq!(trust(few.view(), few.view(), 5), None, "k is not below n/2");
    assert_eq!(
        trust(array![[0.0], [1.0], [3.0]].view(), array![[0.0], [1.0], [3.0]].view(), 1).map(|t| t.continuity),
        Some(1.0)
    );
}

/// Equal points and points on a line have places, which are finite.
#[test]
fn equal_points_are_mapped() {
    let mut half_equal = groups(60, 4, 2);
    (0..30).for_each(|i| half_equal.row_mut(i).fill(0.5));
    let line = Array2::from_shape_fn((60, 1), |(i, _)| i as f32);
    for points in [half_equal, line, Array2::zeros((60, 2))] {
        for gradient in [Gradient::Exact, Gradient::BarnesHut] {
            let map = tsne(points.view(), 5.0, 0, gradient, &mut |_, _| ()).expect("finite");
            assert!(map.points.iter().flatten().all(|value| value.is_finite()), "{gradient:?}");
        }
    }
}
