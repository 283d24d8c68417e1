//! What is measured of a network while it trains, compared with other ways to compute it.

use std::fs;
use std::path::Path;

use handgrad_models::{Model, Network};
use handgrad_pictures::live::{Event, Samples, Values};
use handgrad_runs::live::{Watch, watch};
use handgrad_runs::{Request, Run, Settings};
use handgrad_tests::numbers;
use handgrad_trainer::{Source, evaluate, shuffled};

/// A run that has not begun to train, with its settings as pairs.
fn run_of(folder: &Path, given: &[(&str, &str)]) -> Run {
    let given = Settings::of(given).expect("settings");
    Run::begin(&Request { given, out: Some(folder.join("run")), ..Request::default() }, &()).expect("it begins")
}

/// A table of numbers without any pattern, for a network of a few parameters.
fn of_numbers(folder: &Path) -> Run {
    let values = numbers(60 * 5, 1);
    let rows = values.chunks(5).map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let path = folder.join("numbers.csv");
    fs::write(&path, rows.collect::<Vec<_>>().join("\n")).expect("a file");
    let data = path.to_str().expect("Unicode").to_owned();
    run_of(
        folder,
        &[
            ("preset", "basic"),
            ("data", &data),
            ("header", "no"),
            ("label_column", "none"),
            ("layers", "2"),
            ("loss", "mse"),
            ("output_activation", "linear"),
            ("batch_size", "100"),
        ],
    )
}

/// Weights that differ from those of the run.
fn moved(run: &Run) -> Vec<f32> {
    run.theta().iter().zip(numbers(run.theta().len(), 7)).map(|(w, change)| w + 0.1 * change).collect()
}

/// The number of the sample that a title names: `sample 12, class 3`.
fn number_in(title: &str) -> u32 {
    let digits: String = title.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

fn layers(watch: &mut Watch, theta: &[f32], epoch: usize) -> (usize, Vec<f64>, Vec<f64>) {
    match watch.layers(theta, epoch).expect("they are measured") {
        Event::Layers { epoch: of, from, gradients, updates } if of == epoch => (from, gradients, updates),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_gradient_of_a_layer_agrees_with_central_differences() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = of_numbers(folder.path());
    let theta = moved(&run);
    let (mut watched, page) = watch(&run, &run.yardsticks().expect("losses")).expect("it is watched");
    let (_, gradients, _) = layers(&mut watched, &theta, 1);
    assert_eq!((gradients.len(), page.start.layers.len()), (2, 2));

    let train = &run.prepared().data.train;
    // The batch has room for 64 samples.
    let count = train.len();
    assert!((40..=64).contains(&count), "{count}");
    let network = Network::<f64>::new(&run.prepared().spec).expect("a network");
    let exact: Vec<f64> = theta.iter().map(|&w| f64::from(w)).collect();
    let loss = |at: usize, step: f64| {
        let mut theta = exact.clone();
        theta[at] += step;
        evaluate(&network, &theta, &Source::new(train), count).expect("a loss").loss
    };
    for (layer, gradient) in gradients.iter().enumerate() {
        let slope = |at: usize| (loss(at, 1e-5) - loss(at, -1e-5)) / 2e-5;
        let norm = network.theta_of(layer).map(|at| slope(at).powi(2)).sum::<f64>().sqrt();
        assert!((gradient - norm).abs() < 1e-4 * norm && norm > 0.0, "layer {layer}: {gradient} {norm}");
    }
}

#[test]
fn the_update_of_a_layer_is_its_relative_change_since_the_measurement_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = of_numbers(folder.path());
    let (mut watched, _) = watch(&run, &run.yardsticks().expect("losses")).expect("it is watched");
    let first: Vec<f32> = run.theta().iter().map(|w| 1.5 * w).collect();
    let is_near = |updates: &[f64], expected: [f64; 2]| {
        updates.len() == 2 && updates.iter().zip(expected).all(|(update, expected)| (update - expected).abs() < 1e-6)
    };
    let (from, _, updates) = layers(&mut watched, &first, 1);
    assert!(from == 0 && is_near(&updates, [0.5, 0.5]), "{updates:?}");
    // Only the second layer moves.
    let mut second = first.clone();
    let start = run.network().theta_of(1).start;
    second[start..].iter_mut().for_each(|w| *w *= 0.75);
    let (from, _, updates) = layers(&mut watched, &second, 4);
    assert!(from == 1 && is_near(&updates, [0.0, 0.25]), "{updates:?}");
    // From 0, no relative change is defined.
    layers(&mut watched, &vec![0.0; first.len()], 5);
    let (from, _, updates) = layers(&mut watched, &first, 6);
    assert!(from == 5 && updates.iter().all(|update| update.is_nan()), "{updates:?}");
}

#[test]
fn the_reconstructions_and_the_map_are_those_of_the_library() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_of(folder.path(), &[("data", "synthetic"), ("layers", "3"), ("epochs", "1")]);
    let theta = moved(&run);
    let (mut watched, page) = watch(&run, &run.yardsticks().expect("losses")).expect("it is watched");
    let model = Model::new(Network::new(&run.prepared().spec).expect("a network"), theta.clone()).expect("a model");
    let samples = &run.prepared().data.validation;
    let shown: Vec<u32> = page.start.samples.titles.iter().map(|title| number_in(title)).collect();
    let labels = samples.labels.as_ref().expect("labels");
    let classes: Vec<u32> = shown.iter().map(|&number| labels.numbers()[number as usize]).collect();
    assert_eq!(classes, (0..10).collect::<Vec<u32>>(), "one of each class");
    let Event::Samples { when, scores, outputs: Values::Levels(drawn) } =
        watched.samples(&theta, "now").expect("drawn")
    else {
        panic!("images")
    };
    let x = samples.rows(&shown);
    let told = model.reconstruct(x.view()).expect("reconstructions");
    assert_eq!((when.as_str(), scores.len(), drawn.len()), ("now", 10, 10));
    for (at, score) in scores.iter().enumerate() {
        let error = (&x.row(at) - &told.row(at)).mapv(|error| f64::from(error).powi(2)).mean().expect("values");
        assert!((score - error).abs() < 1e-6 * error, "{score} {error}");
    }
    let Samples { form, shape, inputs: Values::Levels(inputs), .. } = &page.start.samples else { panic!("images") };
    assert_eq!((*form, *shape, inputs.len()), ("image", [1, 28, 28], 10));
    assert_ne!(inputs, &drawn);

    let Some(Event::Map { axes, ends, points, .. }) = watched.map(&theta, "now").expect("drawn") else {
        panic!("a map")
    };
    let mut mapped = vec![0; samples.len()];
    shuffled(0, 0, &mut mapped);
    mapped.truncate(500);
    mapped.sort_unstable();
    let classes: Vec<u32> = mapped.iter().map(|&number| labels.numbers()[number as usize]).collect();
    assert_eq!(page.start.of, classes);
    let codes = model.encode(samples.rows(&mapped).view()).expect("codes");
    let plane = handgrad_tasks::report::plane(codes.view()).expect("a plane");
    assert_eq!((points.len(), &axes), (2 * codes.nrows(), &plane.axes));
    for (point, place) in plane.points.iter().zip(points.chunks(2)) {
        let part = |axis: usize| (point[axis] - ends[axis][0]) / (ends[axis][1] - ends[axis][0]);
        let expected = [500.0 * part(0), 500.0 * (1.0 - part(1))];
        assert!((0..2).all(|axis| (expected[axis] - f64::from(place[axis])).abs() <= 0.5 + 1e-6), "{place:?}");
    }
}

/// With noise and dropout, the same batch gets the same random numbers each time.
#[test]
fn a_measurement_can_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let noisy = [("data", "synthetic"), ("layers", "3"), ("noise", "gaussian"), ("noise_level", "0.2")];
    let run = run_of(folder.path(), &noisy);
    let theta = moved(&run);
    let (mut watched, _) = watch(&run, &run.yardsticks().expect("losses")).expect("it is watched");
    let (_, first, _) = layers(&mut watched, &theta, 1);
    layers(&mut watched, run.theta(), 2);
    let (_, again, _) = layers(&mut watched, &theta, 3);
    assert_eq!(first, again);
}

/// Series are numbers step by step, and rows of a table are text.
#[test]
fn series_and_rows_are_shown_in_the_units_of_the_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let wave = |step: usize| (step as f64 * 0.3).sin();
    let lines: Vec<String> = (0..400).map(|step| format!("{},{}", wave(step), 5.0 * wave(step + 9))).collect();
    fs::write(at.join("waves.csv"), format!("flow,pressure\n{}\n", lines.join("\n"))).expect("a file");
    let data = at.join("waves.csv").to_str().expect("Unicode").to_owned();
    let run = run_of(at, &[("preset", "series"), ("data", &data), ("window", "20")]);
    let (watched, page) = watch(&run, &run.yardsticks().expect("losses")).expect("it is watched");
    let Samples { form, shape, names, inputs: Values::Numbers(inputs), .. } = &page.start.samples else {
        panic!("numbers")
    };
    assert_eq!((*form, *shape, &names[..]), ("series", [1, 20, 2], &["flow".to_owned(), "pressure".to_owned()][..]));
    let first = run.prepared().data.validation.rows(&[number_in(&page.start.samples.titles[0])]);
    assert_eq!(inputs[0], first.into_iter().collect::<Vec<f32>>());
    let told = watched.samples(run.theta(), "now").expect("drawn");
    assert!(matches!(told, Event::Samples { outputs: Values::Numbers(rows), .. } if rows[0].len() == 40));

    let lines: Vec<String> = (0..90).map(|row| format!("{}.25,{}", row % 7, ["a", "b"][row % 2])).collect();
    fs::write(at.join("table.csv"), format!("x,kind\n{}\n", lines.join("\n"))).expect("a file");
    let data = at.join("table.csv").to_str().expect("Unicode").to_owned();
    let run = run_of(&at.join("other"), &[("preset", "table"), ("data", &data)]);
    let (_, page) = watch(&run, &run.yardsticks().expect("losses")).expect("it is watched");
    let Samples { form, names, inputs: Values::Cells(rows), .. } = &page.start.samples else { panic!("cells") };
    assert_eq!((*form, names.len()), ("table", 2));
    let is_found = |row: &Vec<String>| row[0].ends_with(".25") && ["a", "b"].contains(&&row[1][..]);
    assert!(rows.len() >= 9 && rows.iter().all(is_found), "{rows:?}");
}
