//! `handgrad gradcheck`. This file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_study::mistakes::{self, Mystery};
use serde_json::Value;

mod command;

use command::{err, json, number, run};

const TOLERANCE: f64 = 1e-6;

fn gradcheck(args: &[&str]) -> Value {
    json(Path::new("."), &[&["gradcheck", "--json"], args].concat())
}

fn names(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().map(|check| check["name"].as_str().expect("a name").to_string()).collect()
}

#[test]
fn everything_that_is_listed_is_checked_and_passes() {
    let report = gradcheck(&["all"]);
    assert_eq!(names(&report), names(&gradcheck(&[])));
    let checks = report["checks"].as_array().expect("checks");
    assert!(checks.len() >= 70, "{}", checks.len());
    let mut worst = 0.0_f64;
    for check in checks {
        let error = number(&check["error"]);
        assert!((0.0..=TOLERANCE).contains(&error) && check["passed"] == true, "{check}");
        assert!(number(&check["cases"]) >= 1.0, "{check}");
        // A difference quotient never agrees with an exact derivative to the last bit in all places, so some error is
        // visible.
        assert!(error > 0.0, "{check}");
        let [analytic, numeric] = ["analytic", "numeric"].map(|of| number(&check[of]));
        let simple = (analytic - numeric).abs() / analytic.abs().max(numeric.abs());
        assert!(error <= simple * (1.0 + 1e-6), "{check}: {simple} by the two figures");
        match check["kind"].as_str() {
            Some("models") => {
                let ratio = number(&check["error_ratio_of_half_the_step"]);
                assert!((3.5..4.5).contains(&ratio), "{check}");
            }
            kind => assert!(kind == Some("layers") || kind == Some("losses"), "{check}"),
        }
        worst = worst.max(error);
    }
    assert_eq!((number(&report["worst"]["error"]), &report["passed"]), (worst, &true.into()));
}

/// The source files in a folder and its subfolders whose text contains `mark`, named as check names begin:
/// `conv_transpose2d.rs` becomes conv-transpose2d.
fn files_with(of: &str, mark: &str) -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(of)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("sources") {
            let path = entry.expect("an entry").path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            if path.is_dir() {
                folders.push(path);
            } else if is_source && fs::read_to_string(&path).expect("text").contains(mark) {
                found.push(path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8").replace('_', "-"));
            }
        }
    }
    found
}

/// Fails if a layer, loss or network is added without a check.
#[test]
fn every_layer_loss_and_network_has_a_check() {
    let names = names(&gradcheck(&[]));
    let has = |name: &str| {
        let of_it =
            |check: &String| check.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        names.iter().any(of_it)
    };
    let layers = files_with("crates/layers/src", "impl<T: Scalar> Layer<T> for");
    assert!(layers.len() >= 21, "{layers:?}");
    // Files of losses contain ∂ℓ/∂p or ∂ℓ/∂z; loss.rs is shared by all of them.
    let losses: Vec<_> = files_with("crates/layers/src", "∂ℓ/∂").into_iter().filter(|name| name != "loss").collect();
    assert!(losses.len() >= 5, "{losses:?}");
    for name in layers.iter().chain(&losses) {
        assert!(has(name), "nothing checks {name}: give it an entry in crates/layers/src/gradcheck/catalogue.rs");
    }
    let mut networks = files_with("crates/models/src", "pub fn spec(&self, input: &[usize])");
    networks.extend(files_with("crates/models/src", "impl Spec {"));
    networks.retain(|name| name != "spec");
    assert!(networks.len() >= 8, "{networks:?}");
    for name in networks {
        let short = match name.as_str() {
            "convolutional" => "conv",
            "variational" => "vae",
            "regularized" => "dropout",
            other => other,
        };
        assert!(
            has(&format!("model-{short}")),
            "nothing checks {name}: give it an entry in crates/study/src/gradcheck/models.rs"
        );
    }
}

#[test]
fn names_choose_what_is_checked() {
    let all = names(&gradcheck(&[]));
    let of = |prefix: &str| all.iter().filter(|name| name.starts_with(prefix)).cloned().collect::<Vec<_>>();
    assert_eq!(names(&gradcheck(&["gru"])), of("gru-"));
    assert_eq!(names(&gradcheck(&["conv2d-s"])), ["conv2d-same"]);
    assert_eq!(names(&gradcheck(&["mse-sum", "shift"])), ["shift", "mse-sum"], "in the order of the list");
    let output = run(Path::new("."), &["gradcheck", "dense-relu", "model-basic"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", err(&output));
    for word in
        ["dense-relu  ", "ok", "model-basic  ", "5 rows 8×8", "error ÷ 4.00", "2 checks", "worst relative error"]
    {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
    let output = run(Path::new("."), &["gradcheck"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && all.iter().all(|name| text.contains(name.as_str())), "{text}");
}

/// Every mistake, by name.
fn mistakes() -> Vec<(String, Value)> {
    let report = gradcheck(&["--break", "all"]);
    assert_eq!(report["caught"], true);
    let mistakes = report["mistakes"].as_array().expect("mistakes");
    mistakes.iter().map(|mistake| (mistake["name"].as_str().expect("a name").to_string(), mistake.clone())).collect()
}

#[test]
fn planted_mistakes_are_caught_by_the_check_or_by_a_property() {
    let mistakes = mistakes();
    let (mut seen, mut unseen) = (0, 0);
    for (name, mistake) in &mistakes {
        let check = &mistake["gradient_check"];
        assert!(number(&check["right_error"]) <= TOLERANCE && mistake["caught"] == true, "{mistake}");
        let property = &mistake["property"];
        if property.is_null() {
            // null means that the gradient has a NaN or the error is infinite.
            assert!(check["planted_error"].as_f64().is_none_or(|error| error > 0.1), "{mistake}");
            assert_eq!((&mistake["caught_by"], &check["sees"]), (&"the gradient check".into(), &true.into()), "{name}");
            seen += 1;
            continue;
        }
        assert!(number(&check["planted_error"]) <= TOLERANCE && check["sees"] == false, "{name} is seen: {mistake}");
        let [expected, tolerance, right, planted] =
            ["expected", "tolerance", "right", "planted"].map(|of| number(&property[of]));
        assert!((right - expected).abs() <= tolerance, "{name}: {property}");
        assert!((planted - expected).abs() > 5.0 * tolerance, "{name}: {property}");
        unseen += 1;
    }
    assert!(seen >= 10 && unseen >= 7, "{seen} and {unseen}");
    for name in [
        "missing-transpose",
        "forgotten-bias",
        "no-recursion-through-time",
        "sigma-for-sigma-squared",
        "sigma-squared-for-sigma",
        "mean-for-sum",
        "missing-activation-derivative",
        "kernel-not-flipped",
        "adam-no-bias-correction",
    ] {
        assert!(mistakes.iter().any(|(planted, _)| planted == name), "{name}");
        let output = run(Path::new("."), &["gradcheck", "--break", name]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {}", err(&output));
        assert!(text.starts_with(&format!("{name}: ")) && text.contains("caught by"), "{text}");
    }
}

/// The values are those of the formulas, correct and wrong, computed by hand.
#[test]
fn properties_come_to_what_the_formulas_say() {
    let mistakes = mistakes();
    let figures = |name: &str| {
        let (_, mistake) = mistakes.iter().find(|(planted, _)| planted == name).expect("there");
        ["expected", "right", "planted"].map(|of| number(&mistake["property"][of]))
    };
    let near = |what: &str, found: f64, expected: f64, tolerance: f64| {
        assert!((found - expected).abs() <= tolerance, "{what}: {found}, not {expected}");
    };
    // ½·( Σμ² + Σ e^(ln σ²) − 3 − Σ ln σ² ), and with e^(½·ln σ²).
    let (squares, sum) = (0.7_f64.powi(2) + 0.4_f64.powi(2), -1.2 + 0.5 + 0.1);
    let divergence = |power: f64| {
        let powers: f64 = [-1.2_f64, 0.5, 0.1].iter().map(|logvar| (power * logvar).exp()).sum();
        0.5 * (squares + powers - 3.0 - sum)
    };
    let [monte_carlo, right, planted] = figures("sigma-for-sigma-squared");
    near("KL", right, divergence(1.0), 1e-12);
    near("KL with σ", planted, divergence(0.5), 1e-12);
    near("by drawing", monte_carlo, divergence(1.0), 0.02);
    let [expected, right, planted] = figures("sigma-squared-for-sigma");
    near("σ²", expected, (-0.8_f64).exp(), 1e-12);
    near("variance", right, (-0.8_f64).exp(), 0.01);
    near("variance with σ²", planted, (-1.6_f64).exp(), 0.01);
    let [expected, right, planted] = figures("mean-for-sum");
    assert_eq!((expected, right), (14.0, 14.0));
    near("the mean of 1, 4, 9", planted, 14.0 / 3.0, 1e-12);
    let [_, right, planted] = figures("adam-no-bias-correction");
    near("Adam", right, 1.0, 1e-6);
    near("Adam without correction", planted, 0.1 / 0.001_f64.sqrt(), 1e-5);
    near("dropout without scale", figures("dropout-without-scale")[2], 0.6, 0.01);
}

#[test]
fn wrong_names_are_usage_errors_that_list_the_right_ones() {
    for (args, words) in [
        (&["densely"][..], &["no check \"densely\"", "dense-relu", "model-vae-conv"][..]),
        (&["dense", "convolution"], &["no check \"convolution\"", "conv2d-same"]),
        (&[""], &["no check \"\""]),
        (
            &["--break", "everything"],
            &["no mistake \"everything\"", "\n    missing-transpose  ", "\n    mean-for-sum  "],
        ),
        (&["--break"], &["needs the name of a mistake", "\n    forgotten-bias  ", "\n    kernel-not-flipped  "]),
        (&["dense", "--break", "mean-for-sum"], &["cannot be used with"]),
    ] {
        let output = run(Path::new("."), &[&["gradcheck"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", err(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
        words.iter().for_each(|word| assert!(err(&output).contains(word), "{word:?} is not in {}", err(&output)));
    }
    let output = run(Path::new("."), &["gradcheck", "--help"]);
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && help.contains("2h") && help.contains("cannot see"), "{help}");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gradient-check.md");
    let document = fs::read_to_string(document).expect("text");
    for (name, _) in mistakes() {
        assert!(document.contains(&format!("| `{name}` |")), "{name} is not in docs/gradient-check.md");
        assert!(help.contains(&format!("\n    {name}  ")), "{name} is not in {help}");
    }
}

fn mystery(seed: u64, more: &[&str]) -> Value {
    gradcheck(&[&["--mystery", "--seed", &seed.to_string()], more].concat())
}

/// Without `--reveal`, nothing names the mistake, and with it the same numbers have a name.
#[test]
fn a_mystery_names_its_mistake_only_if_asked() {
    let mut names = std::collections::BTreeSet::new();
    for seed in 0..150 {
        let [hidden, revealed] = [&[][..], &["--reveal"]].map(|more| mystery(seed, more));
        assert!(hidden["mistake"].is_null());
        assert_eq!(hidden["gradients"], revealed["gradients"]);
        let name = revealed["mistake"]["name"].as_str().expect("a name").to_string();
        assert!(!hidden.to_string().contains(&name), "seed {seed}: {hidden}");
        // Something is wrong, and the planted mistake is one of --break.
        let wrong = hidden["gradients"].as_array().expect("gradients").iter().filter(|of| of["right"] == false).count();
        assert!(wrong > 0, "seed {seed}: {name}");
        assert_eq!(mistakes::choose(&name).expect("a mistake").len(), 1);
        names.insert(name);
    }
    assert!(names.len() >= 15, "{names:?}");
    assert_eq!(names.len(), Mystery::mistakes().count(), "every mistake can occur: {names:?}");
    let output = run(Path::new("."), &["gradcheck", "--mystery", "--seed", "3"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["A mistake is planted", "The numbers:", "backward pass", "difference quotient", "is wrong", "by hand"]
    {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let revealed = run(Path::new("."), &["gradcheck", "--mystery", "--seed", "3", "--reveal"]);
    let revealed = String::from_utf8_lossy(&revealed.stdout).into_owned();
    assert!(revealed.contains("The mistake is ") && !text.contains("The mistake is "), "{revealed}");
}

/// Layers with the same numbers and different mistakes show different gradients, so what is shown tells the mistakes
/// apart.
#[test]
fn mysteries_can_be_told_apart() {
    let all: Vec<_> = Mystery::mistakes().collect();
    assert!(all.len() >= 15, "{}", all.len());
    for seed in 0..20 {
        let shown: Vec<_> =
            all.iter().map(|mistake| Mystery::with(mistake, seed).expect("it can be planted")).collect();
        let mut same_layer = 0;
        for (a, b) in (0..all.len()).flat_map(|b| (0..b).map(move |a| (a, b))) {
            let [of_a, of_b] = [a, b].map(|at| shown[at].json(false));
            if of_a["values"] != of_b["values"] || of_a["layer"] != of_b["layer"] {
                continue;
            }
            same_layer += 1;
            let values = |at: usize| shown[at].gradients.iter().flat_map(|of| of.backward.clone()).collect::<Vec<_>>();
            let (values_a, values_b) = (values(a), values(b));
            let differ = |(a, b): (&f64, &f64)| a.is_nan() != b.is_nan() || (a - b).abs() > 1e-3 * a.abs().max(b.abs());
            let are_different = values_a.iter().zip(&values_b).any(differ);
            assert!(are_different, "seed {seed}: {} and {} look the same", all[a].name, all[b].name);
        }
        assert!(same_layer >= 50, "{same_layer} pairs have the same layer");
        // What is right in the layer without a mistake is shown as right.
        for (mistake, mystery) in all.iter().zip(&shown) {
            let right = mystery.gradients.iter().filter(|of| of.is_right()).count();
            assert!(right < mystery.gradients.len(), "{}: nothing is wrong", mistake.name);
        }
    }
}

/// What a reader does: compute the wrong values of a dense layer by hand, from the numbers that are shown. Exactly one
/// of the possible formulas gives them.
#[test]
fn the_mistake_in_a_dense_layer_follows_from_the_numbers() {
    let mut found = 0;
    for seed in 0..150 {
        let shown = mystery(seed, &["--reveal"]);
        if !shown["layer"].as_str().expect("text").starts_with("Dense") {
            continue;
        }
        let values = |name: &str| command::list(&shown["values"][name]);
        let (x, w, y, dy) = (values("x"), values("w"), values("y"), values("dy"));
        let z: Vec<f64> = y.iter().map(|y| y.atanh()).collect();
        let delta = |slope: &dyn Fn(usize) -> f64| (0..4).map(|at| dy[at] * slope(at)).collect::<Vec<_>>();
        let right = delta(&|at| 1.0 - y[at] * y[at]);
        let dx = |delta: &[f64], transposed: bool| {
            let w = |i: usize, j: usize| if transposed { w[i * 2 + j] } else { w[j * 2 + i] };
            (0..4).map(|at| (0..2).map(|j| delta[at / 2 * 2 + j] * w(at % 2, j)).sum()).collect::<Vec<f64>>()
        };
        let dw =
            |delta: &[f64]| (0..4).map(|at| x[at / 2] * delta[at % 2] + x[2 + at / 2] * delta[2 + at % 2]).collect();
        let db = |delta: &[f64]| vec![delta[0] + delta[2], delta[1] + delta[3]];
        let all = |delta: &[f64]| [dx(delta, true), dw(delta), db(delta)];
        let times =
            |values: Vec<f64>, factor: f64| values.into_iter().map(|value| factor * value).collect::<Vec<f64>>();
        let [dx_right, dw_right, db_right] = all(&right);
        let turned = vec![dw_right[0], dw_right[2], dw_right[1], dw_right[3]];
        let hypotheses = [
            ("missing-transpose", [dx(&right, false), dw_right.clone(), db_right.clone()]),
            ("forgotten-bias", [dx_right.clone(), dw_right.clone(), vec![0.0; 2]]),
            ("missing-activation-derivative", all(&dy)),
            ("negative-gradient", [dx_right.clone(), times(dw_right.clone(), -1.0), times(db_right.clone(), -1.0)]),
            ("averaged-twice", [dx_right.clone(), times(dw_right.clone(), 0.5), times(db_right.clone(), 0.5)]),
            ("added-not-assigned", [vec![f64::NAN; 4], dw_right.clone(), db_right.clone()]),
            ("slope-at-z", all(&delta(&|at| 1.0 - z[at] * z[at]))),
            ("slope-of-sigmoid", all(&delta(&|at| y[at] * (1.0 - y[at])))),
            ("last-sample-only", [dx_right.clone(), dw_right.clone(), right[2..].to_vec()]),
            ("transposed-gradient", [dx_right, turned, db_right]),
        ];
        let seen: Vec<f64> = shown["gradients"]
            .as_array()
            .expect("gradients")
            .iter()
            // null is NaN.
            .flat_map(|of| {
                of["backward"].as_array().expect("values").iter().map(|value| value.as_f64().unwrap_or(f64::NAN))
            })
            .collect();
        let same = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan());
        let fitting: Vec<_> = hypotheses
            .iter()
            .filter(|(_, of)| of.concat().iter().zip(&seen).all(same))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(fitting, [shown["mistake"]["name"].as_str().expect("a name")], "seed {seed}: {shown}");
        found += 1;
    }
    assert!(found >= 30, "{found}");
}
