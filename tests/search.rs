//! Searches for settings: they go on where they stopped, they do not depend on the number of threads, and their errors
//! are those that an independent calculation gives. Finished runs side by side.

use std::ops::ControlFlow;
use std::path::Path;

use handgrad_analysis::Pca;
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_runs::history::{differences, not_comparable};
use handgrad_runs::search::{Choice, Combination, Method, Search, Table, baseline};
use handgrad_runs::{Error, History, Request, Run, Settings};
use ndarray::Axis;

fn choice(name: &str, values: &[&str]) -> Choice {
    Choice { name: name.into(), values: values.iter().map(ToString::to_string).collect() }
}

fn search(choices: Vec<Choice>, method: Method, epochs: &str) -> Search {
    let base = [("data", "synthetic"), ("epochs", epochs), ("batch_size", "500"), ("seed", "7")];
    Search { base: Settings::of(&base).expect("valid"), choices, method, seeds: 2 }
}

fn small() -> Search {
    search(vec![choice("layers", &["4", "8"]), choice("loss", &["mse", "bce"])], Method::Grid, "1")
}

fn run(search: &Search, folder: &Path, threads: usize) -> Vec<Combination> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| {
        let mut table = Table::open(folder, search, &()).expect("a new table");
        search.run(&mut table, &()).expect("trained")
    })
}

#[test]
fn the_table_is_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, five] = [1, 5].map(|threads| {
        let place = folder.path().join(threads.to_string());
        let found = run(&small(), &place, threads);
        (found, std::fs::read_to_string(place.join("search.tsv")).expect("a table"))
    });
    assert_eq!(one, five);
    assert_eq!(one.0.len(), 4);
    assert!(one.0.is_sorted_by(|a, b| a.error <= b.error));
    assert_eq!(one.1.lines().count(), 1 + 4 * 2);
}

#[test]
fn a_search_that_was_killed_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let found = run(&small(), folder.path(), 2);
    let path = folder.path().join("search.tsv");
    let whole = std::fs::read_to_string(&path).expect("a table");
    // The last line is cut short, and the two before it are missing.
    let kept: Vec<&str> = whole.split_inclusive('\n').collect();
    let cut = kept[..6].concat() + &kept[8][..kept[8].len() - 9];
    std::fs::write(&path, cut).expect("written");
    assert_eq!(Table::open(folder.path(), &small(), &()).expect("the table").trials().len(), 5);
    assert_eq!(run(&small(), folder.path(), 2), found);
    assert_eq!(std::fs::read_to_string(&path).expect("a table"), whole);
}

/// Each training of the search is the one that `handgrad train` makes with the same settings.
#[test]
fn the_error_is_that_of_the_run_with_these_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let search = Search { seeds: 1, ..search(vec![choice("layers", &["6"])], Method::Grid, "2") };
    let found = run(&search, &folder.path().join("search"), 2);
    let settings = search.settings_of(&found[0]).expect("valid");
    let request = Request { given: settings, out: Some(folder.path().join("run")), ..Request::default() };
    let finished =
        Run::begin(&request, &()).expect("begun").train(&mut |_| ControlFlow::Continue(())).expect("trained");
    let all = finished.data.train.to_floats();
    let first = all.nrows() - (all.nrows() as f64 * 0.1).round() as usize;
    let held_out = all.slice_axis(Axis(0), (first..).into());
    let rebuilt = finished.model.reconstruct(held_out).expect("rebuilt");
    let squares = held_out.iter().zip(&rebuilt).map(|(&x, &y)| f64::from(x - y).powi(2));
    let error = squares.sum::<f64>() / held_out.len() as f64;
    assert!((found[0].error / error - 1.0).abs() < 1e-5, "{} and {error}", found[0].error);
    assert!(finished.test.is_some(), "the winner is measured on samples that took no part");

    let baseline = baseline(&search, &[2, 6, 1000], &()).expect("data").expect("no missing values");
    let fit = all.slice_axis(Axis(0), (..first).into());
    let sizes: Vec<usize> = baseline.errors.iter().map(|&(size, _)| size).collect();
    assert_eq!(sizes, [2, 6], "no more components than values");
    for (size, error) in baseline.errors {
        let pca = Pca::fit(fit, size).expect("finite");
        let squares =
            pca.reconstruct(held_out).iter().zip(held_out).map(|(y, x)| f64::from(y - x).powi(2)).sum::<f64>();
        assert!((error * held_out.len() as f64 / squares - 1.0).abs() < 1e-4);
    }
}

#[test]
fn halving_keeps_the_better_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let rates = ["1e-6", "1e-3", "1e-5", "1e12"];
    let search = Search { seeds: 1, ..search(vec![choice("learning_rate", &rates)], Method::Halving, "4") };
    let found = run(&search, folder.path(), 2);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].values[0].as_str(), found[0].epochs), ("1e-3", 4));
    let table = Table::open(folder.path(), &search, &()).expect("the table");
    let epochs: Vec<usize> = table.trials().iter().map(|trial| trial.epochs).collect();
    assert_eq!(epochs, [1, 1, 1, 1, 2, 2, 4]);
    assert!(table.trials()[3].error.is_nan(), "a training that diverges is no error of the search");
}

#[test]
fn a_random_search_draws_different_combinations() {
    let folder = tempfile::tempdir().expect("a folder");
    let search = Search { seeds: 1, method: Method::Random(2), ..small() };
    let found = run(&search, folder.path(), 2);
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].values, found[1].values);
}

#[test]
fn wrong_searches_are_refused_before_anything_is_trained() {
    let wrong = |choices: Vec<Choice>, what: &str| {
        let error = search(choices, Method::Grid, "1").check().expect_err(what);
        assert!(error.is_usage() && error.to_string().contains(what), "{error}");
    };
    wrong(vec![choice("layer", &["8"])], "there is no setting layer");
    wrong(vec![choice("data", &["mnist"])], "cannot try values of data");
    wrong(vec![choice("scale", &["standard"])], "cannot try values of scale");
    wrong(vec![choice("batch_size", &["8"])], "batch_size is given, and it is also");
    wrong(vec![choice("layers", &["8", "08"])], "the values 8 and 08 are the same");
    wrong(vec![choice("layers", &["8\t"])], "must be named once, with values");
    wrong(vec![choice("layers", &["8"]), choice("layers", &["9"])], "must be named once");
    wrong(vec![choice("layers", &["8", "many"])], "many");
    wrong(vec![choice("cell", &["gru"])], "cell");
    wrong(Vec::new(), "at least one seed");
    let many: Vec<String> = (1..=200).map(|units| units.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    wrong(vec![choice("layers", &many), choice("early_stopping", &many)], "more than 10000 combinations");
    let error = Search { method: Method::Random(9), ..small() }.check().expect_err("too many").to_string();
    assert!(error.contains("only 4 combinations, but 9"), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let open = Table::open(folder.path(), &small(), &()).expect("a new table");
    let second = Table::open(folder.path(), &small(), &()).err().expect("locked").to_string();
    assert!(second.contains("lock"), "{second}");
    drop(open);
    for other in [search(small().choices, Method::Grid, "2"), Search { seeds: 3, ..small() }] {
        let error = Table::open(folder.path(), &other, &()).err().expect("another search").to_string();
        assert!(error.contains("search.toml") && error.contains("another folder"), "{error}");
    }
}

/// A table has columns with losses of their own. Its error is the squared error over the encoded columns all the same.
#[test]
fn a_table_is_measured_by_the_squared_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    let row = |i: usize| format!("{},{},{}\n", i % 17, (i * i) % 23, ["red", "green", "blue"][i * 7 % 5 % 3]);
    let text: String = std::iter::once("a,b,colour\n".to_owned()).chain((0..300).map(row)).collect();
    std::fs::write(&path, &text).expect("written");
    let data = path.to_str().expect("a name");
    let base = Settings::of(&[("data", data), ("epochs", "2"), ("layers", "3")]).expect("valid");
    let choices = vec![choice("reduction", &["mean", "sum"])];
    let search = Search { base, choices, method: Method::Grid, seeds: 1 };
    let found = run(&search, &folder.path().join("search"), 2);
    let ratio = found[1].error / found[0].error;
    assert!((0.5..2.0).contains(&ratio), "the reduction of the loss is no part of the error: {ratio}");
    // Changed data is another search.
    std::fs::write(&path, text + "1,2,red\n").expect("written");
    let error = Table::open(&folder.path().join("search"), &search, &()).err().expect("changed").to_string();
    assert!(error.contains("other data"), "{error}");
}

/// Weights that are not finite are a training that diverged. If all diverge, that is the result.
#[test]
fn trainings_that_diverge_do_not_stop_a_search() {
    let folder = tempfile::tempdir().expect("a folder");
    let search = Search { seeds: 1, ..search(vec![choice("learning_rate", &["1e30", "1e25"])], Method::Grid, "1") };
    let mut table = Table::open(folder.path(), &search, &()).expect("a new table");
    let error = search.run(&mut table, &()).expect_err("all diverge");
    assert!(error.is_divergence(), "{error}");
    assert_eq!(table.trials().len(), 2);
}

#[test]
fn runs_are_read_back_and_their_differences_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let trained = |name: &str, units: &str| {
        let given = [("data", "synthetic"), ("layers", units), ("epochs", "2"), ("batch_size", "500")];
        let out = folder.path().join(name);
        let request =
            Request { given: Settings::of(&given).expect("valid"), out: Some(out.clone()), ..Request::default() };
        let run = Run::begin(&request, &()).expect("begun");
        (run.train(&mut |_| ControlFlow::Continue(())).expect("trained"), History::read(&out).expect("a finished run"))
    };
    let ((first, a), (_, b)) = (trained("a", "4"), trained("b", "8"));
    assert_eq!(a.epochs.len(), 2);
    let [last, kept] = [first.outcome.epochs[1].validation_loss, a.kept().validation_loss];
    assert_eq!(last.to_bits(), kept.to_bits());
    let found = differences(&[&a.settings, &b.settings]);
    assert_eq!(found.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["layers"]);
    assert_eq!(found[0].values, ["4", "8"]);
    assert_eq!(not_comparable(&[&a, &b]), None);
    let mut other = b;
    other.settings = Settings { seed: Some(9), validation_split: Some(0.1), ..a.settings.clone() };
    assert!(not_comparable(&[&a, &other]).is_some_and(|why| why.contains("validation samples")));
    other.settings = Settings { data: Some("mnist".into()), ..a.settings.clone() };
    assert!(not_comparable(&[&a, &other]).is_some_and(|why| why.contains("data")));

    let metrics = folder.path().join("a/metrics.csv");
    let whole = std::fs::read_to_string(&metrics).expect("metrics");
    std::fs::write(&metrics, &whole[..whole.len() - 60]).expect("written");
    let error = History::read(&folder.path().join("a")).err().expect("cut short").to_string();
    assert!(error.contains("metrics.csv") && error.contains("line 3"), "{error}");
    let missing = History::read(&folder.path().join("c")).err().expect("no run");
    assert!(matches!(missing, Error::NoRun { .. }), "{missing}");
}

/// The path of the data is the same, but its content has changed between the runs.
#[test]
fn runs_on_a_file_that_changed_cannot_be_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    let trained = |name: &str, rows: usize| {
        let row = |i: usize| format!("{},{}\n", i % 7, (i * i) % 11);
        std::fs::write(&path, (0..rows).map(row).fold("a,b\n".to_owned(), |text, row| text + &row)).expect("written");
        let given = [("data", path.to_str().expect("a name")), ("epochs", "1"), ("layers", "1")];
        let (given, out) = (Settings::of(&given).expect("valid"), folder.path().join(name));
        let request = Request { given, out: Some(out.clone()), ..Request::default() };
        Run::begin(&request, &()).expect("begun").train(&mut |_| ControlFlow::Continue(())).expect("trained");
        History::read(&out).expect("a finished run")
    };
    let (a, same, changed) = (trained("a", 60), trained("same", 60), trained("changed", 61));
    assert_eq!(not_comparable(&[&a, &same]), None);
    assert_eq!(not_comparable(&[&a, &changed]), Some("the content of their data differs"));
}

#[test]
fn a_chart_of_curves_shows_what_was_given() {
    let [one, two] = [[[1.0, 5.0], [10.0, 3.0], [100.0, f64::NAN]], [[1.0, 2.0], [10.0, 2.5], [100.0, 1.0]]];
    let curves = [Line { name: "a < b", points: &one }, Line { name: "c", points: &two }];
    let (x, y) = ("labels", "error");
    let drawn = lines::svg(&Lines { title: "T", x, y, is_logarithmic: true, mark: Some(("m", 4.0)), lines: &curves });
    let svg = roxmltree::Document::parse(&drawn).expect("well-formed");
    let texts: Vec<&str> = svg
        .descendants()
        .filter(|it| it.has_tag_name("text") || it.tag_name().name() == "text")
        .filter_map(|it| it.text())
        .collect();
    for expected in ["T", "labels", "error", "1", "10", "100", "a < b 3.000", "c 1.000", "m 4.000"] {
        assert!(texts.contains(&expected), "{expected} is not in {texts:?}");
    }
    // Different shapes: circles of the first curve, squares of the second.
    let count = |tag: &str, class: &str| {
        let is = |it: &roxmltree::Node| it.tag_name().name() == tag && it.attribute("class") == Some(class);
        svg.descendants().filter(is).count()
    };
    assert_eq!((count("circle", "p0"), count("polygon", "p1")), (2, 3));
    let empty = lines::svg(&Lines { title: "", x, y, is_logarithmic: true, mark: None, lines: &[] });
    assert!(roxmltree::Document::parse(&empty).is_ok());
}
