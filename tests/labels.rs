//! Labels from few labels: which samples get none and why, fits that do not finish, series of unequal length, and
//! labels of another length. The progress that the uses of codes tell.

use std::sync::Mutex;

use handgrad_analysis::neighbours::{Sparse, nearest_by_shared};
use handgrad_analysis::spreading::{ALPHA, Graph};
use handgrad_analysis::{argmax, deviation, mean, nearest_others};
use handgrad_dataset::{Labels, Samples, Values, synthetic};
use handgrad_files::{Progress, Unit};
use handgrad_layers::LossKind;
use handgrad_models::{Basic, Model, Network, SequenceAutoencoder, Spec};
use handgrad_tasks::clusters::{self, Method as Clustering};
use handgrad_tasks::label::{Asked, Assigned, Method, assign, measure};
use handgrad_tasks::map::{Method as Mapping, map};
use handgrad_tasks::placer::Placer;
use handgrad_tasks::views::codes;
use handgrad_tasks::{Error, features, probe};
use handgrad_tests::{IMAGE, masked, numbers, padded};
use ndarray::{Array2, ArrayView2, Axis};

fn model_of(spec: &Spec) -> Model {
    let network = Network::new(spec).expect("fits");
    let weights = network.init(3);
    Model::new(network, weights).expect("finite")
}

/// A model whose code of one value is `factor` times the value of the sample, if that is not negative.
fn line(factor: f32) -> Model {
    let network = Network::new(&Basic { units: 1, loss: LossKind::Mse }.spec(&[1])).expect("fits");
    Model::new(network, vec![factor, 0.0, 1.0, 0.0]).expect("finite")
}

fn samples(values: &[f32], labels: &[&str]) -> Samples {
    let values = Array2::from_shape_vec((values.len(), 1), values.to_vec()).expect("a column");
    Samples { values: Values::Floats(values), shape: vec![1], labels: Some(Labels::named(labels)), places: None }
}

fn asked(per_class: usize, neighbours: usize) -> Asked {
    Asked { per_class: vec![per_class], draws: 2, seed: 0, neighbours, unknown: Some("unknown".into()) }
}

#[test]
fn the_symmetric_graph_is_the_sum_with_its_transpose() {
    let (n, k) = (40, 6);
    let rows = Array2::from_shape_vec((n, 3), numbers(3 * n, 4)).expect("120 numbers");
    let near = nearest_others(rows.view(), k).expect("finite");
    let mut dense = Array2::<f64>::zeros((n, n));
    near.rows.indexed_iter().for_each(|((i, place), &j)| dense[[i, j as usize]] = near.distances[[i, place]]);
    let expected = &dense + &dense.t();
    let found = Sparse::symmetric(&near.rows, &near.distances);
    let mut all = Array2::<f64>::zeros((n, n));
    (0..found.len()).for_each(|i| found.row(i).for_each(|(j, value)| all[[i, j]] = value));
    assert_eq!((all, found.values.len()), (expected.clone(), expected.iter().filter(|value| **value > 0.0).count()));
    assert!(found.values.len() > n * k, "some neighbours are not mutual");
}

/// A chain of rows, each connected with the one before and the one after it. F falls by the same factor with every
/// edge, so the rows in the middle get too little, and no row gets the label of the other end.
#[test]
fn rows_far_from_every_label_get_none() {
    let n = 600;
    let rows = Array2::from_shape_fn((n, 1), |(row, _)| row as f32);
    let graph = Graph::of(&nearest_others(rows.view(), 2).expect("finite"));
    assert!(graph.connected([0]).iter().all(|&is_connected| is_connected));
    let spread = graph.spread(&[(0, 0), (n as u32 - 1, 1)], 2, ALPHA);
    let has_label: Vec<bool> = spread.rows().into_iter().map(|row| row.sum() > 0.0).collect();
    let reached = has_label.iter().position(|has| !has).expect("some have none");
    assert!((120..300).contains(&reached), "{reached}");
    for row in 0..n {
        let is_near = row < reached || row >= n - reached;
        assert_eq!(has_label[row], is_near, "{row}");
        let class = argmax(spread.row(row).iter().copied());
        assert!(!is_near || class == usize::from(row >= n / 2), "{row}: {:?}", spread.row(row));
    }
}

#[test]
fn a_row_is_connected_along_any_path() {
    let rows = ndarray::array![[0.0], [1.0], [2.0], [3.0], [50.0], [51.0], [52.0]];
    let graph = Graph::of(&nearest_others(rows.view(), 1).expect("finite"));
    let of = |rows: &[u32]| graph.connected(rows.iter().copied());
    assert_eq!(of(&[3]), [true, true, true, true, false, false, false]);
    assert_eq!(of(&[5]), [false, false, false, false, true, true, true]);
    assert_eq!(of(&[]), [false; 7]);
    assert_eq!(of(&[0, 6]), [true; 7]);
}

/// Two groups, far apart. In the second one no training sample has a label.
fn two_groups() -> [Samples; 2] {
    let near: Vec<f32> = (0..20).map(|at| at as f32 / 10.0).collect();
    let far: Vec<f32> = (0..10).map(|at| 100.0 + at as f32 / 10.0).collect();
    let classes: Vec<&str> = (0..20).map(|at| if at < 10 { "low" } else { "high" }).collect();
    let train = samples(&[near, far].concat(), &[classes, vec!["unknown"; 10]].concat());
    let test = samples(&[0.05, 1.85, 100.05, 100.15, 100.25], &["low", "high", "low", "low", "high"]);
    [train, test]
}

#[test]
fn samples_without_a_label_are_counted_by_the_reason() {
    let ([train, test], model) = (two_groups(), line(1.0));
    let found = measure(&model, &train, &test, &asked(5, 3), &()).expect("measured");
    assert_eq!((found.samples, found.in_graph, found.unfinished), (5, 35, 0));
    assert_eq!((found.unconnected, found.too_far), (3.0, 0.0));
    let spreading = found.errors.iter().find(|of| of.method == Method::Spreading).expect("measured");
    assert!(spreading.errors.iter().all(|&error| error == 0.6), "the three without a label count as wrong");

    let Assigned { labels, is_connected, is_given, is_converged, confidence, .. } =
        assign(&model, [&train, &test], Some("unknown"), None, (Method::Spreading, 3)).expect("assigned");
    let is_near: Vec<bool> = (0..35).map(|at| !(20..30).contains(&at) && at < 32).collect();
    assert_eq!((&is_connected, is_converged), (&is_near, true));
    assert_eq!(labels.iter().map(Option::is_some).collect::<Vec<_>>(), is_near);
    assert_eq!(is_given.iter().filter(|&&given| given).count(), 20);
    assert!(confidence.iter().zip(&is_near).all(|(&confidence, &is_near)| (confidence > 0.0) == is_near));
    // Logistic regression gives every sample a label.
    let by_probe = assign(&model, [&train, &test], Some("unknown"), None, (Method::Probe, 3)).expect("assigned");
    assert!(by_probe.labels.iter().all(Option::is_some) && by_probe.is_connected.iter().all(|&it| it));
}

/// A chain of samples whose ends are labelled: the middle is connected with both, but too far from both.
#[test]
fn samples_that_are_too_far_are_counted() {
    let n = 800;
    let values: Vec<f32> = (0..n).map(|at| at as f32).collect();
    let class = |at: usize| {
        if at == 0 {
            "low"
        } else if at == n - 1 {
            "high"
        } else {
            "unknown"
        }
    };
    let train = samples(&values, &(0..n).map(class).collect::<Vec<_>>());
    // Each of them lies between two training samples.
    let test = samples(&[1.5, 400.5, 401.5, 796.5], &["low", "low", "high", "high"]);
    let found = measure(&line(1.0), &train, &test, &asked(1, 2), &()).expect("measured");
    assert_eq!((found.unconnected, found.too_far), (0.0, 2.0));
    let Assigned { labels, is_connected, .. } =
        assign(&line(1.0), [&train, &test], Some("unknown"), None, (Method::Spreading, 2)).expect("assigned");
    assert!(
        is_connected.iter().all(|&it| it) && labels[400].is_none() && labels[1] == Some(1) && labels[798] == Some(0)
    );
}

/// Codes that differ by less than the smallest scale have no scale, so the fit cannot end at a minimum.
#[test]
fn fits_that_do_not_finish_are_counted() {
    let values: Vec<f32> = (0..20).map(|at| (at % 2) as f32).collect();
    let classes: Vec<&str> = (0..20).map(|at| ["a", "b"][at % 2]).collect();
    let (train, model) = (samples(&values, &classes), line(f32::from_bits(1)));
    assert_eq!(codes(&model, &train).expect("codes")[[1, 0]].to_bits(), 1, "the smallest number above 0");
    let found = measure(&model, &train, &train, &asked(4, 3), &()).expect("measured");
    assert_eq!(found.unfinished, 2, "each of two draws");
    let assigned = assign(&model, [&train, &train], None, None, (Method::Probe, 3)).expect("assigned");
    assert!(!assigned.is_converged);
    let larger = measure(&line(1.0), &train, &train, &asked(4, 3), &()).expect("measured");
    assert_eq!(larger.unfinished, 0);
    let probed = probe::measure(&model, &train, &train, 3, &()).expect("measured");
    assert!(probed.measured.iter().any(|of| !of.is_converged) && probed.measured.iter().any(|of| of.is_converged));
}

/// The rule of the slide on series of 1 to 28 steps: reconstructions are compared by the steps that both series have.
#[test]
fn series_of_unequal_length_are_compared_by_their_common_steps() {
    let model = model_of(&masked(SequenceAutoencoder { units: 7, ..Default::default() }.spec(&IMAGE)));
    let named = |seed: u64| {
        let labels = Some(Labels::named((0..40).map(|row| ["a", "b"][row % 2])));
        Samples { labels, ..padded(40, seed) }
    };
    let (train, test) = (named(1), named(2));
    let rebuilt = |samples: &Samples| {
        let x = samples.to_floats();
        model.network().predict(model.weights(), x.view()).expect("rebuilt")
    };
    let (known, tests) = (rebuilt(&train), rebuilt(&test));
    // Sample r has r mod 28 + 1 steps.
    let label = |row: usize, common: bool| {
        let distance = |other: usize| {
            let steps = if common { (row % 28).min(other % 28) + 1 } else { 28 };
            let squared = |at: usize| (f64::from(tests[[row, at]]) - f64::from(known[[other, at]])).powi(2);
            (0..28 * steps).map(squared).sum::<f64>() / (28 * steps) as f64
        };
        (0..40).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).expect("a sample") % 2
    };
    let error = |common: bool| (0..40).filter(|&row| label(row, common) != row % 2).count() as f64 / 40.0;
    let found = measure(&model, &train, &test, &asked(20, 3), &()).expect("measured");
    let dive = found.errors.iter().find(|of| of.method == Method::Dive).expect("measured");
    assert_eq!(dive.errors, [error(true); 2], "all training samples are labelled, in both draws");
    assert!((0..40).any(|row| label(row, true) != label(row, false)), "padding would give other labels");
}

#[test]
fn rows_are_near_by_what_they_share() {
    let gap = f32::NAN;
    let known = ndarray::array![[0.0, 0.0, gap], [gap, gap, 5.0], [3.0, 3.0, 3.0], [gap, gap, gap]];
    let found = |row: [f32; 3]| nearest_by_shared(known.view(), ArrayView2::from(&[row]))[0];
    assert_eq!(found([1.0, 1.0, 9.0]), Some(0), "the mean over two values, not over three");
    assert_eq!(found([gap, gap, 4.9]), Some(1));
    assert_eq!(found([gap, 3.0, gap]), Some(2));
    assert_eq!(found([gap; 3]), None);
    assert_eq!(found([1.5, 1.5, gap]), Some(0), "of equal ones the first");
}

#[test]
fn statistics_are_those_of_their_definitions() {
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    assert_eq!((mean(&values), deviation(&values)), (5.0, Some((32.0_f64 / 7.0).sqrt())));
    assert!(mean(&[]).is_nan() && deviation(&[]).is_none() && deviation(&[3.0]).is_none());
    assert_eq!([argmax([1.0, 3.0, 3.0]), argmax([f64::NAN; 3]), argmax([f64::NEG_INFINITY, -5.0])], [1, 0, 1]);
    assert_eq!(argmax(Vec::<f32>::new()), 0);
}

fn error<V>(result: Result<V, Error>) -> String {
    result.err().expect("an error").to_string()
}

/// Two labels for 30 samples are one clear error in each use, and not a wrong figure or a panic.
#[test]
fn labels_of_another_length_are_one_clear_error() {
    let good = synthetic::draw(1, 30);
    let short = Samples { labels: Some(Labels::named(["0", "1"])), ..good.clone() };
    let model = model_of(&Basic { units: 8, loss: LossKind::Mse }.spec(&[28, 28]));
    let asked = Asked { per_class: vec![1], draws: 1, seed: 0, neighbours: 3, unknown: None };
    let clustering = |method| clusters::Asked { method, points: None, seed: 0, unit_length: false, smooth: None };
    let inputs = features::Asked { inputs: 5, seeds: 2, seed: 0, shown: 1 };
    let kmeans = clustering(Clustering::Kmeans { clusters: 2, restarts: 1 });
    let told = [
        error(map(&model, &short, Mapping::Pca, &())),
        error(map(&model, &short, Mapping::Tsne { perplexity: 4.0, seed: 0 }, &())),
        error(clusters::find(&model, &good, &short, &kmeans, &())),
        error(probe::measure(&model, &short, &good, 3, &())),
        error(probe::measure(&model, &good, &short, 3, &())),
        error(measure(&model, &short, &good, &asked, &())),
        error(measure(&model, &good, &short, &asked, &())),
        error(assign(&model, [&short, &good], None, None, (Method::Spreading, 3))),
        error(features::choose(&model, &short, &good, &inputs, &())),
        error(features::choose(&model, &good, &short, &inputs, &())),
    ];
    for text in told {
        assert_eq!(text, "there are 2 labels for 30 samples");
    }
}

/// What was begun, in which unit, how much of it was told, and whether its end was told.
type Begun = (String, Option<u64>, Unit, u64, bool);

#[derive(Default)]
struct Recorder(Mutex<Vec<Begun>>);

impl Progress for Recorder {
    fn start(&self, what: &str, total: Option<u64>, unit: Unit) {
        self.0.lock().expect("not poisoned").push((what.to_owned(), total, unit, 0, false));
    }

    fn advance(&self, count: u64) {
        self.0.lock().expect("not poisoned").last_mut().expect("begun").3 += count;
    }

    fn finish(&self) {
        self.0.lock().expect("not poisoned").last_mut().expect("begun").4 = true;
    }
}

/// The unit of steps, draws, forms and scores is a part of the work, and the parts add up to the total.
#[test]
fn progress_counts_all_parts_of_the_work() {
    let (fit, test) = (synthetic::draw(1, 60), synthetic::draw(2, 30));
    let model = model_of(&Basic { units: 8, loss: LossKind::Mse }.spec(&[28, 28]));
    let recorder = Recorder::default();
    let asked = Asked { per_class: vec![1, 2], draws: 3, seed: 0, neighbours: 3, unknown: None };
    probe::measure(&model, &fit, &test, 3, &recorder).expect("measured");
    measure(&model, &fit, &test, &asked, &recorder).expect("measured");
    let method = Clustering::Kmeans { clusters: 3, restarts: 1 };
    let clustering = clusters::Asked { method, points: None, seed: 0, unit_length: false, smooth: None };
    clusters::find(&model, &fit, &test, &clustering, &recorder).expect("found");
    map(&model, &fit, Mapping::Tsne { perplexity: 5.0, seed: 0 }, &recorder).expect("mapped");
    let codes = codes(&model, &fit).expect("codes");
    Placer::fit(codes.slice_axis(Axis(0), (..40).into()), 4.0, 0, &recorder).expect("fitted");
    let found = recorder.0.into_inner().expect("not poisoned");
    let names: Vec<&str> = found.iter().map(|begun| begun.0.as_str()).collect();
    assert_eq!(names, ["classifying", "labelling", "finding clusters", "t-SNE", "parametric t-SNE"]);
    assert_eq!(found.iter().map(|begun| begun.1).collect::<Vec<_>>(), [3, 6, 3, 1000, 200].map(Some));
    for (what, total, unit, told, is_finished) in found {
        assert_eq!((unit, Some(told), is_finished), (Unit::Parts, total, true), "{what}");
    }
}
