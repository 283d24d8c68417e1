//! Probes, label spreading and L-BFGS: compared with scikit-learn on the same rows, with central differences, and with
//! properties of the methods. Rows that cannot be used are errors.

use handgrad_analysis::spreading::{ALPHA, Graph};
use handgrad_analysis::{lbfgs, nearest, nearest_others, standard_error, vote};
use handgrad_dataset::{Labels, Samples, Values};
use handgrad_layers::LossKind;
use handgrad_models::{Basic, Model, Network};
use handgrad_tasks::probe::logistic::Problem;
use handgrad_tasks::probe::{Method, Scaled, measure};
use handgrad_tasks::views::Form;
use handgrad_tasks::{Error, neighbours};
use handgrad_tests::{all, doubles, on};
use ndarray::{Array2, array};
use serde_json::Value;

const CLASSES: usize = 3;
const VALUES: usize = 7;

/// Rows of three classes that overlap, as in tests/reference/probe.py.
fn rows(count: usize, seed: u64) -> (Array2<f32>, Vec<u32>) {
    let values = doubles(count * VALUES, seed);
    let classes: Vec<u32> = (0..count).map(|row| (row % CLASSES) as u32).collect();
    let value = |(row, at): (usize, usize)| {
        let shift = if at % CLASSES == row % CLASSES { 0.6 } else { 0.0 };
        (values[row * VALUES + at] + shift) as f32
    };
    (Array2::from_shape_fn((count, VALUES), value), classes)
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/probe.json")).expect("JSON")
}

fn list(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(list).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what}, {at}: {a}, but {b} is expected");
    }
}

fn problem<'a>(rows: &'a Array2<f32>, classes: &'a [u32]) -> Problem<'a> {
    Problem { rows: rows.view(), classes, count: CLASSES, c: 1.0 }
}

#[test]
fn k_nn_calls_the_classes_that_scikit_learn_calls() {
    let ((fit, classes), (test, _)) = (rows(150, 1), rows(60, 2));
    let called = vote(&nearest(fit.view(), test.view(), 5).expect("finite"), &classes, CLASSES);
    let called: Vec<f64> = called.into_iter().map(f64::from).collect();
    assert_near(&called, &list(&fixture()["knn"]), 0.0, "k-NN");
}

#[test]
fn logistic_regression_has_the_minimum_that_scikit_learn_finds() {
    let ((fit, classes), (test, _), expected) = (rows(150, 1), rows(60, 2), fixture());
    let fitted = problem(&fit, &classes).fit_to(1e-7);
    assert!(fitted.is_converged);
    // scikit-learn's loss is not divided by C·n.
    let loss = fitted.loss * 150.0;
    let minimum = expected["loss"].as_f64().expect("a number");
    assert!((loss / minimum - 1.0).abs() < 1e-6, "{loss}, but {minimum} is expected");
    let found: Vec<f64> = fitted.w.iter().copied().collect();
    assert_near(&found, &list(&expected["w"]), 1e-3, "W");
    // The same number in all of b changes nothing.
    let mean = fitted.b.iter().sum::<f64>() / CLASSES as f64;
    let b: Vec<f64> = fitted.b.iter().map(|b| b - mean).collect();
    assert_near(&b, &list(&expected["b"]), 1e-3, "b");
    let found: Vec<f64> = fitted.probabilities(test.view()).iter().copied().collect();
    assert_near(&found, &list(&expected["probabilities"]), 2e-4, "probabilities");
}

/// The layer for rows as they are gives the logits of the scaled rows, so the probabilities are the same.
#[test]
fn a_scaled_fit_is_a_layer_for_rows_as_they_are() {
    let ((fit, classes), (test, _)) = (rows(150, 1), rows(60, 2));
    let (fit, test) = (fit.mapv(|x| 1000.0 + 40.0 * x), test.mapv(|x| 1000.0 + 40.0 * x));
    let fitted = Scaled::fit(fit.view(), &classes, CLASSES).expect("different rows");
    assert!(fitted.logistic.is_converged);
    let (w, b) = fitted.layer();
    let z = test.mapv(f64::from).dot(&w) + ndarray::ArrayView1::from(&b);
    let largest = |row: ndarray::ArrayView1<f64>| handgrad_analysis::argmax(row.iter().copied()) as u32;
    assert_eq!(z.rows().into_iter().map(largest).collect::<Vec<_>>(), fitted.classes(test.view()));
    // The same classes as from the rows in another unit, and the same loss.
    let (plain, (test, _)) = (rows(150, 1).0, rows(60, 2));
    let plain = Scaled::fit(plain.view(), &classes, CLASSES).expect("different rows");
    assert!((plain.logistic.loss - fitted.logistic.loss).abs() < 1e-5);
    assert_eq!(plain.classes(test.view()), z.rows().into_iter().map(largest).collect::<Vec<_>>());
    assert!(Scaled::fit(Array2::zeros((4, 2)).view(), &[0, 1, 0, 1], 2).is_none(), "all rows are equal");
}

#[test]
fn the_gradient_of_the_probe_agrees_with_central_differences() {
    // More rows than a block has.
    let (fit, classes) = rows(300, 5);
    let problem = problem(&fit, &classes);
    let theta = doubles(problem.len(), 9);
    let mut gradient = vec![f64::NAN; theta.len()];
    problem.loss(&theta, &mut gradient);
    let mut unused = vec![0.0; theta.len()];
    for at in 0..theta.len() {
        let mut moved = |by: f64| {
            let mut theta = theta.clone();
            theta[at] += by;
            problem.loss(&theta, &mut unused)
        };
        let step = 1e-5;
        let difference = (moved(step) - moved(-step)) / (2.0 * step);
        let relative = (gradient[at] - difference).abs() / difference.abs().max(1e-3);
        assert!(relative < 1e-6, "{at}: {} and {difference}", gradient[at]);
    }
}

#[test]
fn l_bfgs_finds_the_minimum_of_the_rosenbrock_function() {
    let found = lbfgs(vec![-1.2, 1.0, -1.2, 1.0], 1e-8, 200, |x, gradient| {
        gradient.fill(0.0);
        let mut value = 0.0;
        for pair in 0..2 {
            let (a, b) = (x[2 * pair], x[2 * pair + 1]);
            value += 100.0 * (b - a * a).powi(2) + (1.0 - a).powi(2);
            gradient[2 * pair] = -400.0 * a * (b - a * a) - 2.0 * (1.0 - a);
            gradient[2 * pair + 1] = 200.0 * (b - a * a);
        }
        value
    });
    assert!(found.is_converged && found.steps < 100, "{found:?}");
    assert_near(&found.x, &[1.0; 4], 1e-7, "x");
    // Too few steps, and a function that is not finite, are told.
    assert!(!lbfgs(vec![5.0], 1e-8, 0, |x, gradient| (gradient.fill(2.0 * x[0]), x[0] * x[0]).1).is_converged);
    assert!(!lbfgs(vec![5.0], 1e-8, 9, |_, gradient| (gradient.fill(f64::NAN), f64::NAN).1).is_converged);
}

#[test]
fn labels_spread_as_in_scikit_learn_and_as_by_the_definition() {
    let ((fit, classes), expected) = (rows(150, 1), fixture());
    let graph = Graph::of(&nearest_others(fit.view(), 5).expect("finite"));
    let labels: Vec<(u32, u32)> = (0..30).map(|row| (row, classes[row as usize])).collect();
    let found: Vec<f64> = graph.spread(&labels, CLASSES, ALPHA).iter().copied().collect();
    assert_near(&found, &list(&expected["spreading_exact"]), 1e-7, "F by its definition");
    assert_near(&found, &list(&expected["spreading"]), 1e-6, "scikit-learn");
}

#[test]
fn no_label_reaches_a_group_without_one() {
    let near = array![[0.0], [1.0], [2.0], [50.0], [51.0], [52.0]];
    let graph = Graph::of(&nearest_others(near.view(), 2).expect("finite"));
    let found = graph.spread(&[(0, 1)], 2, ALPHA);
    assert_eq!(found.row(2).to_vec(), [0.0, 1.0]);
    assert_eq!(found.row(4).to_vec(), [0.0, 0.0], "exactly 0");
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    let ((fit, classes), (test, _)) = (rows(900, 1), rows(500, 2));
    let found = |threads: usize| {
        on(threads, || {
            let fitted = problem(&fit, &classes).fit();
            let graph = Graph::of(&nearest_others(fit.view(), 5).expect("finite"));
            let spread = graph.spread(&[(0, 0), (1, 1), (2, 2)], CLASSES, ALPHA);
            let probabilities = fitted.probabilities(test.view());
            bits([fitted.loss].into_iter().chain(fitted.w).chain(probabilities).chain(spread))
        })
    };
    let one = found(1);
    for threads in [2, 5, 16] {
        assert!(found(threads) == one, "{threads} threads");
    }
}

#[test]
fn the_standard_error_is_that_of_a_proportion() {
    assert!((standard_error(0.9, 10_000) - 0.003).abs() < 1e-15);
    assert_eq!(standard_error(1.0, 10), 0.0);
    // 0 and 1, each of a thousand draws with mean .2: the deviation of their mean.
    let draws: Vec<f64> = (0..1000).map(|at| f64::from(at % 5 == 0)).collect();
    let mean = draws.iter().sum::<f64>() / 1000.0;
    let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 1000.0;
    assert!((standard_error(mean, 1000) - (variance / 1000.0).sqrt()).abs() < 1e-15);
}

fn samples(values: Array2<f32>, labels: &[u32]) -> Samples {
    let labels = Some(Labels::named(labels.iter().map(ToString::to_string)));
    Samples { shape: vec![values.ncols()], values: Values::Floats(values), labels, places: None }
}

fn model(values: usize, units: usize) -> Model {
    let network = Network::new(&Basic { units, loss: LossKind::Mse }.spec(&[values])).expect("a network");
    let weights = network.init(0);
    Model::new(network, weights).expect("a model")
}

fn drawn(count: usize, seed: u64) -> Samples {
    let (rows, classes) = rows(count, seed);
    samples(rows.mapv(|value| value / 4.0 + 0.4), &classes)
}

#[test]
fn a_probe_measures_every_form_with_both_classifiers() {
    let (fit, test) = (drawn(150, 1), drawn(60, 2));
    let found = measure(&model(VALUES, 4), &fit, &test, 5, &()).expect("measured");
    assert_eq!((found.fitted, found.samples, found.classes.len()), (150, 60, 3));
    let expected = list(&fixture()["knn"]);
    let right = expected.iter().zip(0..).filter(|(called, row)| **called == f64::from(row % 3)).count();
    let of_inputs = found.measured.iter().find(|it| it.form == Form::Inputs && it.method == Method::Knn);
    let of_inputs = of_inputs.expect("one of them");
    assert_eq!(of_inputs.confusion.diag().sum(), right);
    assert_eq!(of_inputs.confusion.sum(), 60);
    assert!(of_inputs.confusion.rows().into_iter().all(|row| row.sum() == 20), "20 samples of each class");
    assert!(found.measured.iter().all(|it| it.is_converged && it.confusion.sum() == 60));
    // A code of one value works as any other.
    let narrow = measure(&model(VALUES, 1), &fit, &test, 5, &()).expect("measured");
    assert!(narrow.measured.iter().filter(|it| it.form != Form::Inputs).all(|it| it.values == 1));
}

fn error<V>(result: Result<V, Error>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn samples_that_cannot_be_classified_are_one_clear_error() {
    let model = model(VALUES, 4);
    let (fit, test) = (drawn(12, 1), drawn(6, 2));
    let unlabelled = Samples { labels: None, ..fit.clone() };
    assert!(error(measure(&model, &unlabelled, &test, 5, &())).contains("no labels"));
    assert!(error(measure(&model, &fit, &Samples { labels: None, ..test.clone() }, 5, &())).contains("no labels"));
    let one = samples(fit.to_floats(), &[4; 12]);
    assert!(error(measure(&model, &one, &test, 5, &())).contains("every sample is of class 4"));
    assert!(
        error(measure(&model, &fit, &test, 13, &())).contains("13 nearest samples are asked for, but there are 12")
    );
    let equal = samples(Array2::from_elem((6, VALUES), 0.5), &[0, 1, 0, 1, 0, 1]);
    assert!(error(measure(&model, &equal, &test, 5, &())).contains("of all samples is the same"));
    let mut values = fit.to_floats();
    values[[3, 2]] = f32::INFINITY;
    let infinite = samples(values, &rows(12, 1).1);
    assert!(error(measure(&model, &infinite, &test, 5, &())).contains("finite"));
    let short = Samples { labels: Some(Labels::named(["0", "1"])), ..fit.clone() };
    assert_eq!(error(measure(&model, &short, &test, 5, &())), "there are 2 labels for 12 samples");
    // Two samples are enough for one neighbour.
    let two = fit.select(&[0, 1]);
    assert!(measure(&model, &two, &test, 1, &()).is_ok());
    assert!(error(measure(&model, &two, &test, 3, &())).contains("there are 2"));
}

#[test]
fn the_nearest_samples_are_those_of_a_search_by_hand() {
    let (train, test, model) = (drawn(40, 1), drawn(10, 2), model(VALUES, 4));
    let found = neighbours::of(&model, &train, &test, &[7, 2], 3).expect("neighbours");
    for (form, [train, test]) in [
        (&found.by_inputs, [train.to_floats(), test.to_floats()]),
        (&found.by_code, [&train, &test].map(|samples| model.encode(samples.to_floats().view()).expect("codes"))),
    ] {
        for (place, number) in [7, 2].into_iter().enumerate() {
            let squared = |row: usize| (&train.row(row) - &test.row(number)).mapv(|v| f64::from(v).powi(2)).sum();
            let mut order = (0..40).collect::<Vec<_>>();
            order.sort_by(|&a, &b| squared(a).total_cmp(&squared(b)));
            assert_eq!(form.rows.row(place).to_vec(), order[..3].iter().map(|&row| row as u32).collect::<Vec<_>>());
            assert!((form.distances[[place, 0]] - squared(order[0]).sqrt()).abs() < 1e-6);
        }
    }
    assert!(error(neighbours::of(&model, &train, &test, &[10], 3)).contains("no sample 10"));
    assert!(error(neighbours::of(&model, &train, &test, &all(10), 41)).contains("41 nearest"));
}
