//! `handgrad trace --step`, `--diff` and `--sweep`. This file belongs to the package of the binary, which it needs.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

mod command;
mod worked;

use command::{err, handgrad, json, number, run};
use worked::{NAMES, flat, here, lines, near, text, trace, value};

fn step(name: &str, input: &str) -> String {
    let mut child = handgrad(here())
        .args(["trace", name, "--step"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads, or has ended");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{name}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// With enough Enters, the text is that of the whole example.
#[test]
fn steps_show_the_whole_example_line_by_line() {
    for name in NAMES {
        let whole = text(&[name]);
        let stepped = step(name, &"\n".repeat(2000)).replace("  (Enter shows the next line, q ends) ", "");
        let plain =
            |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_string).collect::<Vec<_>>();
        assert_eq!(plain(&stepped), plain(&whole), "{name}");
    }
    // The given values and the first heading are shown at once; each Enter shows one line more.
    let shown = |input: &str| step("elman", input);
    assert!(shown("").contains("Time step t = 1") && !shown("").contains("h₁ ="));
    assert!(shown("\n").contains("  h₁ = ") && !shown("\n").contains("y₁ ="));
    assert!(shown("\n\n").contains("  y₁ = ") && !shown("\n\n").contains("h₂ ="));
    assert_eq!(shown("\nq\n\n\n").matches(" = tanh(").count(), shown("\n").matches(" = tanh(").count());
}

/// The lines of a difference are exactly the lines that differ between the two examples.
#[test]
fn differences_are_the_lines_that_change() {
    for (args, diff) in [
        (&["elman"][..], "w_hh=0.5"),
        (&["lstm", "--set", "w_ho=0.3"], "b_if=-2"),
        (&["bptt", "--steps", "4"], "x=2"),
        (&["dense"], "w21=3"),
        (&["sparse"], "s=0"),
        (&["pool"], "x11=9"),
        (&["autoencoder", "--steps", "3"], "b_e2=1"),
    ] {
        let before = trace(args);
        let after = trace(&[args, &["--set", diff]].concat());
        let difference = json(here(), &[&["trace", "--json"], args, &["--diff", diff]].concat());
        let mut found: Vec<(String, String, Value, Value)> = Vec::new();
        for section in difference["sections"].as_array().expect("sections") {
            for line in section["lines"].as_array().expect("lines") {
                let text = |key: &str| line[key].as_str().expect("text").to_string();
                let heading = section["heading"].as_str().expect("a heading").to_string();
                found.push((heading, text("symbol"), line["old"].clone(), line["new"].clone()));
            }
        }
        let all = |trace: &Value| {
            let all = lines(trace).into_iter();
            all.map(|(heading, line)| {
                (heading.to_string(), line["symbol"].as_str().expect("text").to_string(), line["value"].clone())
            })
            .collect::<Vec<_>>()
        };
        let (old, new) = (all(&before), all(&after));
        if old.len() == new.len() {
            let changed: Vec<_> = old
                .iter()
                .zip(&new)
                .filter(|(old, new)| old.2 != new.2)
                .map(|(old, new)| (new.0.clone(), new.1.clone(), old.2.clone(), new.2.clone()))
                .collect();
            assert_eq!(found, changed, "{args:?} {diff}");
        } else {
            // Lines that exist only after the change have no old value.
            assert!(found.iter().any(|(.., old, _)| old.is_null()), "{args:?} {diff}");
        }
        assert_eq!(difference["changed_lines"], found.len());
        assert_eq!(difference["lines"], new.len());
        assert!(!found.is_empty() && found.len() < new.len(), "{args:?} {diff}: {} of {}", found.len(), new.len());
    }
    let text = text(&["elman", "--diff", "w_hh=0.5"]);
    let lines = "\
  h₂ = tanh(w_hh·h₁ + w_xh·x₂ + b_h)
    old  tanh(1·0.964028 + 1·2 + 1) = tanh(3.964028) = 0.9992792862
    new  tanh(0.5·0.964028 + 1·2 + 1) = tanh(3.482014) = 0.9981112220
";
    assert!(text.contains(lines), "{text}");
    assert!(!text.contains("h₁ = tanh") && text.starts_with("elman: what changes with w_hh=0.5\n"), "{text}");
    assert!(text.ends_with(" lines change.\n"), "{text}");
    let document = fs::read_to_string(here().join("../../docs/traces.md")).expect("text");
    assert!(document.contains(lines), "docs/traces.md shows it");
    let markdown = worked::text(&["elman", "--markdown", "--diff", "w_hh=0.5", "--diff", "b_y=0"]);
    assert!(markdown.starts_with("# elman: what changes with w_hh=0.5 b_y=0\n"), "{markdown}");
    assert!(markdown.contains("| y₁ | w_hy·h₁ + b_y |"), "{markdown}");
    assert!(worked::text(&["elman", "--diff", "w_hh=1"]).contains("0 of 33 lines change."));
}

/// Arguments, and the name of the parameter in the formulas.
const SWEEPS: &[(&[&str], &str, &str)] = &[
    (&["elman"], "w_hh=-2..2", "w_hh"),
    (&["bptt", "--steps", "4"], "w_xh=-1..1.5", "w_xh"),
    (&["lstm"], "w_if=-3..3", "w_if"),
    (&["jordan"], "b_y=0..3", "b_y"),
    (&["two-units-gru"], "w_hn12=-2..2", "w_hn₁₂"),
    (&["autoencoder"], "w_e21=-2..2", "w_e₂₁"),
    (&["batch"], "b_d3=-2..2", "b_d₃"),
    (&["tied"], "w12=-1..1", "w₁₂"),
    (&["small-vae"], "w_c12=-2..2", "w_c₁₂"),
    (&["softmax"], "z2=-3..4", "z₂"),
    (&["mse"], "p1=0..2", "p₁"),
    (&["bce"], "z3=-4..4", "z₃"),
    (&["dropout"], "w1=-1..2", "w₁"),
];

/// The loss and the gradient of a sweep are those of the examples, and the gradient is the slope of the loss, both in
/// the numbers and in the picture.
#[test]
fn tangents_are_the_gradients() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (args, range, parameter) in SWEEPS {
        let sweep = json(at, &[&["trace", "--json"], *args, &["--sweep", range, "--out", "sweep.svg"]].concat());
        assert_eq!(sweep["parameter"], *parameter, "{args:?}");
        let points: Vec<[f64; 3]> = sweep["points"]
            .as_array()
            .expect("points")
            .iter()
            .map(|point| ["at", "loss", "gradient"].map(|key| number(&point[key])))
            .collect();
        assert_eq!(points.len(), 201);
        let (name, ends) = range.split_once('=').expect("a range");
        let (from, to) = ends.split_once("..").expect("two ends");
        assert_eq!([points[0][0], points[200][0]], [from, to].map(|end| end.parse::<f64>().expect("a number")));
        // Simpson's rule: the integral of the gradient between two points is the difference of the losses.
        let scale = points.iter().map(|point| point[2].abs()).fold(0.0, f64::max);
        for three in points.windows(3).step_by(2) {
            let integral = (three[2][0] - three[0][0]) / 6.0 * (three[0][2] + 4.0 * three[1][2] + three[2][2]);
            let difference = three[2][1] - three[0][1];
            near(integral, difference, 1e-5 * scale + 1e-9, &format!("{args:?} {range} at {}", three[1][0]));
        }
        // One of the points, and the example's own value.
        let loss = if args[0] == "mse" { "MSE" } else { "L" };
        let there = trace(&[*args, &["--set", &format!("{name}={}", points[37][0])]].concat());
        near(points[37][1], value(&there, loss), 1e-12, "the loss");
        let own = ["at", "loss", "gradient"].map(|key| number(&sweep["own"][key]));
        near(own[1], value(&trace(args), loss), 1e-12, "the loss at the own value");
        let moved = |by: f64| value(&trace(&[*args, &["--set", &format!("{name}={}", own[0] + by)]].concat()), loss);
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        near(own[2], slope, 1e-7 * (1.0 + slope.abs()), &format!("{args:?}: d{parameter}"));
        tangent_touches(&fs::read_to_string(at.join("sweep.svg")).expect("a picture"), &format!("{args:?} {range}"));
    }
}

/// In the picture, the tangent passes through the dot, and has the direction of the curve there.
fn tangent_touches(svg: &str, what: &str) {
    let picture = roxmltree::Document::parse(svg).unwrap_or_else(|e| panic!("{what}: {e}"));
    let of_class =
        |class: &str| picture.descendants().filter(|node| node.attribute("class") == Some(class)).collect::<Vec<_>>();
    let coordinate = |node: &roxmltree::Node, name: &str| -> f64 {
        node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{what}: {name}"))
    };
    let dot = of_class("dot")[0];
    let (x, y) = (coordinate(&dot, "cx"), coordinate(&dot, "cy"));
    let tangent = of_class("tangent")[0];
    let [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map(|name| coordinate(&tangent, name));
    let direction = (y2 - y1) / (x2 - x1);
    near(y1 + direction * (x - x1), y, 0.6 + 0.2 * direction.abs(), &format!("{what}: the tangent passes the dot"));
    let curve = of_class("function")[0].attribute("points").expect("points");
    let points: Vec<[f64; 2]> = curve
        .split(' ')
        .map(|point| point.split_once(',').expect("two numbers"))
        .map(|(x, y)| [x, y].map(|text| text.parse().expect("a number")))
        .collect();
    let nearest = (0..points.len()).min_by(|&a, &b| (points[a][0] - x).abs().total_cmp(&(points[b][0] - x).abs()));
    let place = nearest.expect("a point").clamp(4, points.len() - 5);
    let secant = (points[place + 4][1] - points[place - 4][1]) / (points[place + 4][0] - points[place - 4][0]);
    near(secant, direction, 0.02 + 0.08 * direction.abs(), &format!("{what}: the direction of the curve"));
}

#[test]
fn a_picture_of_a_sweep_says_what_it_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let output = run(at, &["trace", "elman", "--sweep", "w_hh=-2..2", "--out", "l.svg"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", err(&output));
    let expected = trace(&["elman"]);
    let [loss, gradient] = ["L", "dw_hh"].map(|symbol| value(&expected, symbol));
    assert!(
        text.contains(&format!("at w_hh = 1: L = {loss:.10}, dw_hh = {gradient:.10}, the slope of the tangent")),
        "{text}"
    );
    assert!(text.contains("wrote l.svg: L and dw_hh over w_hh"), "{text}");
    let svg = fs::read_to_string(at.join("l.svg")).expect("a picture");
    assert!(svg.contains("handgrad trace elman: L over w_hh") && svg.contains("at w_hh = 1.000: L = "), "{svg}");
    // A tangent outside of the range is not drawn, but the rest is.
    assert!(run(at, &["trace", "elman", "--sweep", "w_hh=-2..0", "--out", "l.svg"]).status.success());
    let svg = fs::read_to_string(at.join("l.svg")).expect("a picture");
    assert!(svg.contains("class=\"function\"") && !svg.contains("class=\"dot\""), "{svg}");
    // What is not a picture is not replaced.
    fs::write(at.join("kept.svg"), "text").expect("written");
    let output = run(at, &["trace", "elman", "--sweep", "w_hh=-2..2", "--out", "kept.svg"]);
    assert!(!output.status.success() && fs::read(at.join("kept.svg")).expect("kept") == b"text");
}

/// Single values of lists and matrices can be set by their names, with usual digits or with subscripts.
#[test]
fn single_values_can_be_set() {
    for (setting, name, expected) in [
        ("w21=7", "w", vec![0.5, -1.0, -1.0, 7.0, 1.0, -0.5]),
        ("w₁₃=7", "w", vec![0.5, -1.0, 7.0, 0.25, 1.0, -0.5]),
        ("b2=7", "b", vec![0.1, 7.0, 0.2]),
        ("w=7", "w", vec![7.0; 6]),
    ] {
        let dense = trace(&["dense", "--set", setting]);
        assert_eq!(flat(&worked::line_of(&dense, "Given", name)["value"]), expected, "{setting}");
    }
    let lstm = trace(&["lstm", "--set", "w_ih2=7"]);
    assert_eq!(value(&lstm, "f₁"), value(&trace(&["lstm", "--set", "w_if=7"]), "f₁"));
}

/// Arguments, and words that the error must contain.
const MISTAKES: &[(&[&str], &[&str])] = &[
    (&["--step"], &["name the example", "elman"]),
    (&["--ask"], &["name the example"]),
    (&["elman", "--step", "--ask"], &["--ask", "cannot be used with"]),
    (&["elman", "--ask", "--json"], &["--json", "cannot be used with"]),
    (&["elman", "--diff", "w_hh"], &["--diff w_hh: write a name, =, and one or more numbers: --diff w_hh=0.5"]),
    (&["elman", "--diff", "w_ho=1"], &["--diff w_ho=1", "elman has no \"w_ho\""]),
    (&["elman", "--diff", "x=1,2"], &["--diff x=1,2", "--steps"]),
    (&["elman", "--sweep", "w_hh=-2..2"], &["--out"]),
    (&["elman", "--out", "l.svg"], &["--sweep"]),
    (&["elman", "--sweep", "w_hh=1", "--out", "l.svg"], &["--sweep w_hh=1", "w_hh=-2..2"]),
    (&["elman", "--sweep", "w_hh=2..-2", "--out", "l.svg"], &["the first number must be smaller"]),
    (&["elman", "--sweep", "w_hh=a..2", "--out", "l.svg"], &["both ends must be numbers"]),
    (&["elman", "--sweep", "w_ho=0..2", "--out", "l.svg"], &["elman has no \"w_ho\"", "w_xh, w_hh, b_h, w_hy, b_y"]),
    (&["elman", "--sweep", "x1=0..2", "--out", "l.svg"], &["no gradient with respect to x1", "w_hh"]),
    (&["autoencoder", "--sweep", "w_e=0..2", "--out", "l.svg"], &["w_e has 8 values", "w_e₁₁"]),
    (&["conv", "--sweep", "w11=0..2", "--out", "l.svg"], &["conv has no loss", "elman", "small-vae"]),
    (&["bptt-printed", "--sweep", "w_hh=0..2", "--out", "l.svg"], &["bptt-printed has no loss"]),
    (&["elman", "--sweep", "w_hh=-2..2", "--out", "l.png"], &["l.png"]),
    (&["softmax", "--set", "t=0.5"], &["add up to 1.5", "must add up to 1"]),
    (&["init", "--set", "n=0.5"], &["n=0.5", "whole number"]),
    (&["dropout", "--set", "rate=1"], &["rate", "below 1"]),
];

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for (args, words) in MISTAKES {
        let output = run(folder.path(), &[&["trace"], *args].concat());
        let text = err(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        words.iter().for_each(|word| assert!(text.contains(word), "{args:?}: {text:?} says nothing of {word:?}"));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is written");
}
