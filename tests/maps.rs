//! `handgrad map`, with good and with bad input, and the network that places new points. This file belongs to the
//! package of the binary.

use std::fs;
use std::path::Path;

use handgrad_analysis::embedding::trust::trust;
use handgrad_analysis::{nearest, vote};
use handgrad_tasks::placer::Placer;
use handgrad_tests::{numbers, on};
use ndarray::{Array2, s};
use ndarray_npy::write_npy;
use roxmltree::Document;
use serde_json::Value;

mod command;

use command::{err, files, handgrad, json, number, run, small, train};

/// The value of a score of the map.
fn score(report: &Value, name: &str) -> f64 {
    number(&report["scores"][name])
}

/// The number of elements of a kind in an SVG.
fn elements(path: &Path, tag: &str) -> usize {
    let text = fs::read_to_string(path).expect("a picture");
    let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error} in {}", path.display()));
    document.descendants().filter(|node| node.tag_name().name() == tag).count()
}

#[test]
fn codes_are_mapped_by_tsne() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16"]);
    let args = ["map", "run", "--perplexity", "10", "--out", "map.svg", "--json", "--quiet"];
    let report = json(at, &args);
    assert_eq!((&report["method"], &report["points"], &report["samples"]), (&"tsne".into(), &60.into(), &60.into()));
    assert_eq!((&report["compared_with"], &report["neighbours"]), (&"code".into(), &12.into()));
    assert!(
        (0.8..=1.0).contains(&score(&report, "trustworthiness")) && (0.8..=1.0).contains(&score(&report, "continuity"))
    );
    assert!(score(&report, "knn_accuracy") > 0.3, "of four or more classes");
    assert!(number(&report["kl_divergence"]) > 0.0 && report["pca_scores"]["trustworthiness"].is_number());
    for name in ["map.svg", "map-trust.svg", "map-pictures.svg", "map-kl.svg"] {
        assert!(elements(&at.join(name), "text") > 0, "{name}");
    }
    assert!(elements(&at.join("map-pictures.svg"), "image") > 5);
    let map = fs::read_to_string(at.join("map.svg")).expect("a picture");
    for part in ["perplexity 10", "KL divergence", "all 60 samples", "no meaning", "Trustworthiness"] {
        assert!(map.contains(part), "{part}");
    }

    // The same for any number of threads, and when the pictures are replaced.
    let before = files(at);
    for threads in ["1", "2", "5"] {
        assert_eq!(json(at, &[&args[..], &["--threads", threads]].concat()), report, "{threads} threads");
        assert!(files(at) == before, "{threads} threads");
    }

    // Some of the samples, chosen by the seed.
    let some = |seed: &str| {
        let args = ["map", "run", "--perplexity", "5", "--points", "30", "--seed", seed, "--out", "some.svg"];
        let output = run(at, &args);
        assert!(output.status.success(), "{}", err(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let told = some("1");
    for part in ["30 of 60 samples, chosen at random with the seed 1", "PCA of the codes, 2 components", "no meaning"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_ne!(told.replace("seed 1", ""), some("2").replace("seed 2", ""));

    let report = json(at, &["map", "run", "--method", "pca", "--out", "pca.svg", "--json"]);
    assert_eq!((&report["pca_scores"], &report["kl_chart"]), (&Value::Null, &Value::Null));
    assert!(!at.join("pca-kl.svg").exists());

    // An encoder alone has codes, too.
    json(at, &["split", "run", "--encoder", "e.safetensors", "--json"]);
    let args = ["map", "e.safetensors", "--data", "small", "--method", "pca", "--out", "e.svg", "--json"];
    assert_eq!(json(at, &args)["scores"], report["scores"]);
}

#[test]
fn small_codes_are_drawn_as_they_are() {
    let folder = small();
    let at = folder.path();
    train(at, "two", &["--preset", "vae-2d"]);
    let report = json(at, &["map", "two", "--out", "two.svg", "--json"]);
    assert_eq!((&report["method"], &report["compared_with"]), (&"code".into(), &"inputs".into()));
    assert!(score(&report, "trustworthiness") < 1.0, "compared with the pixels");
    assert!(fs::read_to_string(at.join("two.svg")).expect("a picture").contains("z1"));

    train(at, "one", &["--layers", "1", "--code-activation", "linear"]);
    let output = run(at, &["map", "one", "--out", "one.svg"]);
    assert!(output.status.success(), "{}", err(&output));
    let map = fs::read_to_string(at.join("one.svg")).expect("a picture");
    assert!(map.contains("The map has one axis") && map.contains("60 codes of 1 value"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("PCA of the inputs of the network, 1 component"));
    let report = json(at, &["map", "one", "--method", "tsne", "--perplexity", "5", "--out", "one.svg", "--json"]);
    assert!(score(&report, "trustworthiness") > 0.9);
}

/// The network learns from the training samples, and places the others.
#[test]
fn new_samples_are_placed_by_a_network() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "16"]);
    let args = ["map", "run", "--method", "parametric-tsne", "--perplexity", "10", "--out", "map.svg", "--json"];
    let report = json(at, &args);
    assert_eq!((&report["method"], &report["points"]), (&"parametric-tsne".into(), &60.into()));
    assert_eq!((&report["training_samples"], &report["compared_with"]), (&300.into(), &"code".into()));
    assert!(score(&report, "trustworthiness") > 0.8, "{report}");
    assert!(report["pca_scores"]["trustworthiness"].is_number() && report["kl_chart"].is_null());
    let map = fs::read_to_string(at.join("map.svg")).expect("a picture");
    for part in ["Parametric t-SNE of 60 codes", "perplexity 10", "learnt from 300 samples", "no meaning"] {
        assert!(map.contains(part), "{part}");
    }
    let before = files(at);
    for threads in ["1", "5"] {
        assert_eq!(json(at, &[&args[..], &["--threads", threads]].concat()), report, "{threads} threads");
        assert!(files(at) == before, "{threads} threads");
    }
    let told = String::from_utf8(run(at, &args[..8]).stdout).expect("UTF-8");
    for part in ["the network learnt from 300 samples", "PCA of the training codes, 2 components", "no meaning"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let some = json(at, &[&args[..], &["--points", "50"]].concat());
    assert_eq!((&some["points"], &some["training_samples"]), (&50.into(), &50.into()));
    let output = run(at, &["map", "run", "--method", "parametric-tsne", "--perplexity", "100", "--out", "x.svg"]);
    assert!(err(&output).contains("with 300 samples it must be from 2 to 99"), "{}", err(&output));
}

/// Without labels the map has no colours; its scores are told all the same.
#[test]
fn samples_without_labels_are_mapped() {
    let folder = small();
    let at = folder.path();
    let values = Array2::from_shape_vec((80, 6), numbers(480, 3)).expect("480 numbers");
    write_npy(at.join("values.npy"), &values).expect("written");
    train_on(at, "values.npy", "run");
    let output = run(at, &["map", "run", "--data", "values.npy", "--perplexity", "8", "--out", "map.svg"]);
    assert!(output.status.success() && err(&output).contains("no labels"), "{}", err(&output));
    assert!(!at.join("map-pictures.svg").exists(), "the samples are not images");
    let map = fs::read_to_string(at.join("map.svg")).expect("a picture");
    assert!(!map.contains("k-NN accuracy") && map.contains("Trustworthiness"));

    // Bad input: every value the same, too few samples, and what else a map cannot be made of.
    let rows = |name: &str, rows: usize, value: Option<f32>| {
        let some = Array2::from_shape_fn((rows, 6), |at| value.unwrap_or(values[at]));
        write_npy(at.join(name), &some).expect("written");
    };
    rows("equal.npy", 80, Some(0.5));
    rows("two.npy", 2, None);
    rows("six.npy", 6, None);
    rows("fifty.npy", 50, None);
    fs::write(at.join("text.svg"), "mine").expect("written");
    fs::write(at.join("mine-kl.svg"), "mine").expect("written");
    let before = files(at);
    for (code, args, says) in [
        (1, &["--data", "equal.npy", "--perplexity", "8"][..], &["the code of all samples is the same"][..]),
        (1, &["--data", "two.npy"], &["t-SNE needs at least 7 samples", "2"]),
        (1, &["--data", "two.npy", "--method", "pca"], &["at least 3 samples", "2"]),
        (1, &["--data", "six.npy"], &["at least 7 samples", "6"]),
        (2, &["--data", "fifty.npy"], &["perplexity is 30", "50 samples", "from 2 to 16", "--perplexity"]),
        (2, &["--data", "fifty.npy", "--perplexity", "nan"], &["NaN", "from 2 to 16"]),
        (2, &["--data", "fifty.npy", "--perplexity", "1.5"], &["1.5", "from 2 to 16"]),
        (2, &["--data", "values.npy", "--method", "code"], &["4 values", "two axes", "--method"]),
        (2, &["--data", "values.npy", "--method", "pca", "--perplexity", "8"], &["only for t-SNE", "method is pca"]),
        (2, &["--points", "2"], &["--points"]),
        (2, &["--method", "umap"], &["umap", "tsne"]),
    ] {
        let output = run(at, &[&["map", "run", "--out", "x.svg"], args].concat());
        let told = err(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(says.iter().all(|part| told.contains(part)), "{args:?}: {told}");
        assert!(files(at) == before, "{args:?}: nothing is written");
    }
    for out in ["x.png", "text.svg", "mine.svg"] {
        let output = run(at, &["map", "run", "--out", out]);
        assert!(!output.status.success() && files(at) == before, "{out}: {}", err(&output));
    }
    let output = handgrad(at).args(["map", "nothing", "--out", "x.svg"]).output().expect("the binary starts");
    assert!(!output.status.success() && err(&output).contains("nothing"));
}

fn train_on(at: &Path, data: &str, out: &str) {
    let args =
        ["train", "--data", data, "--layers", "4", "--code-activation", "linear", "--loss", "mse", "--epochs", "2"];
    json(at, &[&args[..], &["--out", out, "--json", "--quiet"]].concat());
}

/// A network that is trained on some points places others of the same groups among them.
#[test]
fn a_placer_places_new_points_in_their_groups() {
    let (centres, own) = (numbers(70, 1), numbers(9000, 2));
    let all = Array2::from_shape_fn((900, 10), |(i, j)| 2.0 * centres[i % 7 * 10 + j] + own[10 * i + j]);
    let count = 600;
    let (known, new) = all.view().split_at(ndarray::Axis(0), count);
    let fit = || Placer::fit(known, 20.0, 0, &()).expect("finite");
    let placer = on(2, fit);
    let places = placer.place(known);
    let classes: Vec<u32> = (0..count as u32).map(|i| i % 7).collect();
    let found = vote(&nearest(places.view(), placer.place(new).view(), 5).expect("finite"), &classes, 7);
    let right = found.iter().zip(count as u32..).filter(|(class, i)| **class == i % 7).count();
    // The same vote among the points themselves.
    let best = vote(&nearest(known, new, 5).expect("finite"), &classes, 7);
    let best = best.iter().zip(count as u32..).filter(|(class, i)| **class == i % 7).count();
    assert!(right * 100 >= best * 90, "{right} of 300, by all values {best}");
    let [ours, columns] = [places.view(), known.slice(s![.., ..2])].map(|map| trust(known, map, 12).expect("finite"));
    assert!(
        ours.trustworthiness > columns.trustworthiness + 0.05,
        "{} {}",
        ours.trustworthiness,
        columns.trustworthiness
    );
    assert_eq!(on(5, fit).place(new), placer.place(new), "the same bits on 2 and on 5 threads");
    // A place depends on the code alone, not on the codes that are placed together with it.
    assert_eq!(placer.place(new.slice(s![7..8, ..])), placer.place(new).slice(s![7..8, ..]));
}
