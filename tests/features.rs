//! Which inputs matter: the group-L1 penalty against its definition, ridge regression against its normal equations, and
//! the choice of inputs on samples whose good inputs are known. This file belongs to the package `handgrad-tasks`.

use handgrad_analysis::{Random, Ridge};
use handgrad_dataset::{Labels, Samples, Values};
use handgrad_layers::{LossKind, group_l1};
use handgrad_models::{Basic, Model, Network};
use handgrad_tasks::features::{Asked, Score, choose};
use ndarray::{Array2, Axis};

fn drawn(count: usize, seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed, 0);
    (0..count).map(|_| 2.0 * random.uniform() - 1.0).collect()
}

#[test]
fn the_gradient_of_the_penalty_agrees_with_central_differences() {
    let (units, weight, h) = (4, 0.7, 1e-6);
    let mut w = drawn(5 * units, 1);
    w[8..12].fill(0.0);
    let mut dw = vec![0.25; w.len()];
    group_l1::backward(&w, units, weight, &mut dw);
    for at in (0..w.len()).filter(|at| !(8..12).contains(at)) {
        let penalty = |step: f64| {
            let mut w = w.clone();
            w[at] += step;
            group_l1::penalty(&w, units, weight)
        };
        let numeric = (penalty(h) - penalty(-h)) / (2.0 * h);
        assert!((dw[at] - 0.25 - numeric).abs() <= 1e-6 * numeric.abs().max(1e-2), "{at}: {} {numeric}", dw[at]);
    }
    assert_eq!(dw[8..12], [0.25; 4], "the subgradient at 0 is 0, and the gradient is added");
}

/// The proximal step solves its small problem: no point nearby is better.
#[test]
fn the_proximal_step_is_a_minimum() {
    let units = 3;
    for (seed, step) in [(1, 0.1), (2, 0.5), (3, 5.0)] {
        let w = drawn(6 * units, seed);
        let mut stepped = w.clone();
        group_l1::proximal(&mut stepped, units, step);
        let objective = |v: &[f64]| {
            let squared: f64 = v.iter().zip(&w).map(|(v, w)| (v - w).powi(2)).sum();
            0.5 * squared + group_l1::penalty(v, units, step)
        };
        let least = objective(&stepped);
        for move_seed in 0..200 {
            let size = 10_f64.powi(-(move_seed as i32 % 5));
            let moves = drawn(w.len(), 100 + move_seed);
            let moved: Vec<f64> = stepped.iter().zip(moves).map(|(v, by)| v + size * by).collect();
            assert!(objective(&moved) >= least, "{step}");
        }
        assert_eq!(step > 1.8, stepped.iter().all(|v| *v == 0.0), "{step}: rows shorter than the step become 0");
    }
}

#[test]
fn ridge_regression_solves_its_normal_equations() {
    let values = |rows: usize, columns: usize, seed: u64| {
        let drawn = drawn(rows * columns, seed);
        Array2::from_shape_fn((rows, columns), |(i, j)| (drawn[i * columns + j] + j as f64) as f32)
    };
    let (x, y) = (values(40, 5, 1), values(40, 3, 2));
    let alpha = 0.3;
    let ridge = Ridge::fit(x.view(), y.view(), alpha).expect("finite values");
    // Row i of W is how the targets change with input i.
    let told = |x: &Array2<f32>| ridge.predict(x.view());
    let at = told(&Array2::zeros((1, 5)));
    let w = told(&Array2::eye(5)) - &at;
    let residual = y.mapv(f64::from) - told(&x);
    let centred = x.mapv(f64::from) - x.mapv(f64::from).mean_axis(Axis(0)).expect("rows");
    let gap = centred.t().dot(&residual) - alpha * &w;
    assert!(gap.iter().all(|value| value.abs() < 1e-10), "{gap}");
    assert!(residual.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-10), "the means are told exactly");
    assert_eq!(Ridge::fit(x.view(), values(39, 3, 2).view(), alpha), None);
    assert_eq!(Ridge::fit(x.view(), y.view(), 0.0), None);
    // Equal inputs share the weight.
    let twice = ndarray::concatenate(Axis(1), &[x.view(), x.view()]).expect("rows");
    assert!(Ridge::fit(twice.view(), y.view(), alpha).is_some());
}

/// Inputs 0, 1 and 2 are hidden numbers, each of which 3 further inputs repeat with noise; 8 inputs never change.
fn samples(count: usize, seed: u64) -> Samples {
    let own = drawn(count * 20, seed);
    let values = Array2::from_shape_fn((count, 20), |(i, j)| match j {
        0..3 => 0.5 + 0.5 * own[i * 20 + j],
        3..12 => 0.5 + 0.4 * own[i * 20 + j % 3] + 0.05 * own[i * 20 + j],
        _ => 0.5,
    } as f32);
    let labels = values.rows().into_iter().map(|row| if row[0] > 0.5 { "high" } else { "low" }).collect::<Vec<_>>();
    Samples { values: Values::Floats(values), shape: vec![20], labels: Some(Labels::named(labels)), places: None }
}

fn model() -> Model {
    let network = Network::new(&Basic { units: 6, loss: LossKind::Mse }.spec(&[20])).expect("a network");
    let weights = network.init(0);
    Model::new(network, weights).expect("a model")
}

#[test]
fn inputs_that_tell_all_others_are_found() {
    let (fit, rows) = (samples(400, 1), samples(200, 2));
    let asked = Asked { inputs: 3, seeds: 3, seed: 5, shown: 4 };
    let found = choose(&model(), &fit, &rows, &asked, &()).expect("inputs");
    assert_eq!(found.counts, [3, 10]);
    let of = |score: Score| found.scores.iter().find(|of| of.score == score).expect("the score");
    for of in &found.scores {
        assert!(of.errors[1] <= of.errors[0] + 1e-9, "more inputs tell more: {of:?}");
        assert!((0.0..=1.0).contains(&of.stability));
    }
    // One of each hidden number is enough, and group-L1 finds one of each.
    let group = of(Score::GroupL1);
    let mut hidden: Vec<usize> = group.order[..3].iter().map(|input| input % 3).collect();
    hidden.sort_unstable();
    assert!(group.order[..3].iter().all(|input| *input < 12) && hidden == [0, 1, 2], "{group:?}");
    assert!(group.errors[0] < 0.05 * found.variance, "{group:?} {}", found.variance);
    // The largest variances are those of the hidden numbers themselves.
    let mut best = of(Score::Variance).order[..3].to_vec();
    best.sort_unstable();
    assert_eq!(best, [0, 1, 2]);
    assert_eq!(of(Score::Variance).stability, 1.0);
    assert!(of(Score::Variance).accuracies[0].expect("labels") > 0.9);
    assert!(of(Score::Random).stability < 1.0);
    assert_eq!(found.rebuilt.len(), 5);
    assert_eq!((found.rebuilt[0].dim(), found.originals.dim()), ((4, 20), (4, 20)));
}

#[test]
fn wrong_requests_are_refused() {
    let (fit, rows) = (samples(40, 1), samples(20, 2));
    let asked = Asked { inputs: 3, seeds: 2, seed: 0, shown: 2 };
    let refused = |fit: &Samples, rows: &Samples, asked: Asked| {
        choose(&model(), fit, rows, &asked, &()).expect_err("refused").to_string()
    };
    assert!(refused(&fit, &rows, Asked { inputs: 20, ..asked }).contains("1 to 19 inputs"));
    assert!(refused(&fit, &rows, Asked { inputs: 0, ..asked }).contains("1 to 19 inputs"));
    assert!(refused(&fit, &rows, Asked { seeds: 1, ..asked }).contains("at least 2 seeds"));
    assert!(refused(&samples(5, 1), &rows, asked).contains("at least 12 samples, but there are 5"));
    // Without labels there is no accuracy.
    let without = |samples: Samples| Samples { labels: None, ..samples };
    let found = choose(&model(), &without(fit), &without(rows), &asked, &()).expect("inputs");
    assert_eq!(found.accuracy_of_all, None);
    assert!(found.scores.iter().all(|of| of.accuracies.iter().all(Option::is_none)));
}
