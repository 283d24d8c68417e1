//! The values of the worked examples of single layers, compared with PyTorch's, forward and backward, and their
//! gradients compared with central differences of what they print. This file belongs to the package of the binary,
//! which it needs.

use serde_json::Value;

mod command;
mod worked;

use command::{list, number};
use worked::{flat, line_of, lines, near, trace, value};

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/traces.json")).expect("JSON")
}

/// `tests/reference/traces.py` computed the fixture.
#[test]
fn values_are_those_of_pytorch() {
    let fixture = fixture();
    let (mut examples, mut count) = (Vec::new(), 0);
    for case in fixture["cases"].as_array().expect("cases") {
        let args: Vec<_> =
            case["args"].as_array().expect("arguments").iter().map(|arg| arg.as_str().expect("text")).collect();
        let trace = trace(&args);
        examples.push(args[0].to_string());
        let values = case["values"].as_object().expect("values");
        assert!(values.len() >= 5, "{args:?}");
        for (symbol, expected) in values {
            let found = flat(&line_of(&trace, "", symbol)["value"]);
            let expected = flat(expected);
            assert_eq!(found.len(), expected.len(), "{args:?}: {symbol}");
            for (found, expected) in found.into_iter().zip(expected) {
                near(found, expected, 1e-10 * (1.0 + expected.abs()), &format!("{args:?}: {symbol}"));
                count += 1;
            }
        }
    }
    examples.dedup();
    let expected = [
        "two-units-lstm",
        "two-units-gru",
        "bidirectional",
        "convlstm",
        "tied",
        "softmax",
        "conv-transpose",
        "dilation",
        "pool",
        "dropout",
        "init",
        "small-vae",
    ];
    assert_eq!(examples, expected);
    assert!(count > 600, "{count} values");
}

/// The given numbers of an example, by name.
fn given(trace: &Value) -> Vec<(String, Vec<f64>)> {
    let given = lines(trace).into_iter().filter(|(heading, _)| *heading == "Given");
    given.map(|(_, line)| (line["symbol"].as_str().expect("a symbol").to_string(), flat(&line["value"]))).collect()
}

/// The central difference of `f` for one value of what is given, in an example with these arguments.
fn difference(args: &[&str], name: &str, values: &[f64], place: usize, f: impl Fn(&Value) -> f64) -> f64 {
    const STEP: f64 = 1e-5;
    let at = |by: f64| {
        let mut values = values.to_vec();
        values[place] += by;
        let values: Vec<_> = values.iter().map(f64::to_string).collect();
        f(&trace(&[args, &["--set", &format!("{name}={}", values.join(","))]].concat()))
    };
    (at(STEP) - at(-STEP)) / (2.0 * STEP)
}

/// The gradient with respect to one value: the line of this value alone, or the line of the matrix.
fn gradient(trace: &Value, name: &str, place: usize, len: usize, columns: usize) -> f64 {
    let digit = |at: usize| char::from_u32(0x2081 + at as u32).expect("a subscript");
    let single = match (len, columns) {
        (1, _) => format!("d{name}"),
        (len, columns) if len == columns => format!("d{name}{}", digit(place)),
        _ => format!("d{name}{}{}", digit(place / columns), digit(place % columns)),
    };
    match lines(trace).into_iter().find(|(_, line)| line["symbol"] == single.as_str()) {
        Some((_, line)) => number(&line["value"]),
        None => flat(&line_of(trace, "", &format!("d{name}"))["value"])[place],
    }
}

/// Examples with a loss L, and the given values that have a gradient.
const WITH_A_LOSS: [(&[&str], &[&str]); 4] = [
    (&["tied"], &["w", "b_e", "b_d"]),
    (&["softmax", "--set", "t=0.1,0.2,0.7"], &["z"]),
    (&["dropout"], &["h", "w", "b"]),
    (&["small-vae"], &["w_e", "b_e", "w_c", "b_c", "w_d", "b_d"]),
];

#[test]
fn gradients_are_central_differences_of_the_loss() {
    for (args, names) in WITH_A_LOSS {
        let example = trace(args);
        for (name, values) in given(&example).into_iter().filter(|(name, _)| names.contains(&name.as_str())) {
            let shape = &line_of(&example, "Given", &name)["value"];
            let columns = shape.get(0).and_then(Value::as_array).map_or(values.len(), Vec::len);
            for place in 0..values.len() {
                let expected = difference(args, &name, &values, place, |trace| value(trace, "L"));
                let found = gradient(&example, &name, place, values.len(), columns);
                near(found, expected, 1e-8, &format!("{args:?}: d{name}, value {place}"));
            }
        }
    }
}

/// Examples that get dy, with the symbols of the values that dy belongs to, and the given values that have a gradient.
const WITH_DY: [(&str, &str, &[&str]); 5] = [
    ("bidirectional", "y", &["x", "w_xf", "w_ff", "b_f", "w_xr", "w_rr", "b_r"]),
    ("convlstm", "y", &["x", "w_ii", "w_hf", "w_hg", "w_io", "b_i", "b_f", "b_g", "b_o"]),
    ("conv-transpose", "y", &["x", "w", "b"]),
    ("dilation", "y₁₁ y₁₂ y₂₁ y₂₂", &["x", "w", "b"]),
    ("pool", "y₁₁ y₁₂ y₂₁ y₂₂", &["x"]),
];

#[test]
fn gradients_of_layers_are_central_differences_of_their_output() {
    for (name, outputs, names) in WITH_DY {
        // In a tie, the largest value of a square has two slopes.
        let args: &[&str] = if name == "pool" { &["pool", "--set", "x32=4.5"] } else { &[name] };
        let example = trace(args);
        let dy = flat(&line_of(&example, "Given", "dy")["value"]);
        let loss = |trace: &Value| {
            let y: Vec<f64> =
                outputs.split(' ').flat_map(|symbol| flat(&line_of(trace, "", symbol)["value"])).collect();
            assert_eq!(y.len(), dy.len(), "{name}");
            y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
        };
        for (given, values) in given(&example).into_iter().filter(|(given, _)| names.contains(&given.as_str())) {
            let shape = &line_of(&example, "Given", &given)["value"];
            let columns = shape.get(0).and_then(Value::as_array).map_or(values.len(), Vec::len);
            for place in 0..values.len() {
                let expected = difference(args, &given, &values, place, loss);
                let found = gradient(&example, &given, place, values.len(), columns);
                near(found, expected, 1e-8, &format!("{name}: d{given}, value {place}"));
            }
        }
    }
}

#[test]
fn what_has_no_formula_is_computed_here() {
    // Upsampling repeats every value, and the adjoint identity ⟨z, dz⟩ = ⟨a, da⟩ holds.
    let pool = trace(&["pool"]);
    let (a, dz) = (flat(&line_of(&pool, "Given", "a")["value"]), flat(&line_of(&pool, "Given", "dz")["value"]));
    let z = flat(&line_of(&pool, "Upsampling", "z")["value"]);
    let expected: Vec<f64> = (0..16).map(|at| a[at / 8 * 2 + at % 4 / 2]).collect();
    assert_eq!(z, expected);
    let da = ["da₁₁", "da₁₂", "da₂₁", "da₂₂"].map(|symbol| value(&pool, symbol));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    near(dot(&z, &dz), dot(&a, &da), 1e-12, "the adjoint identity");

    // Uniform weights lie within ±a, and the mean squares after ten layers are near the factors beside them.
    let init = trace(&["init", "--set", "fan_in=8", "--set", "fan_out=8"]);
    for (name, kind) in [("w, Xavier uniform", "a_X"), ("w, He uniform", "a_H")] {
        let w = flat(&line_of(&init, "", name)["value"]);
        let a = value(&init, kind);
        assert!(w.len() == 64 && w.iter().all(|w| w.abs() < a) && w.iter().any(|w| w.abs() > 0.9 * a), "{name}");
    }
    for (measured, factor) in [("measured, He", "factor, He"), ("measured, Xavier", "factor, Xavier")] {
        let ratio = value(&init, measured) / value(&init, factor);
        assert!((0.2..5.0).contains(&ratio), "{measured}: {ratio}");
    }

    // The loss after a step is that of the new parameters.
    for args in [&["tied"][..], &["small-vae"], &["two-units-lstm"], &["two-units-gru"]] {
        let example = trace(args);
        let mut moved: Vec<String> = args.iter().map(ToString::to_string).collect();
        for (name, values) in given(&example) {
            let is_new = lines(&example).into_iter().any(|(_, line)| line["symbol"] == format!("{name}′"));
            let new = match (is_new, values.len()) {
                (true, _) => flat(&line_of(&example, "", &format!("{name}′"))["value"]),
                (false, 1..=4) if args[0].starts_with("two") && name != "x" => singles(&example, &name, values.len()),
                _ => continue,
            };
            let new: Vec<_> = new.iter().map(f64::to_string).collect();
            moved.extend(["--set".to_string(), format!("{name}={}", new.join(","))]);
        }
        let after = trace(&moved.iter().map(String::as_str).collect::<Vec<_>>());
        near(value(&example, "L′"), value(&after, "L"), 1e-12, args[0]);
        assert!(value(&example, "L′") < value(&example, "L"), "{args:?}");
    }
    assert_eq!(list(&line_of(&trace(&["softmax"]), "Given", "t")["value"]), [0.0, 1.0, 0.0]);
}

/// The new values of a parameter whose values have a line each.
fn singles(trace: &Value, name: &str, len: usize) -> Vec<f64> {
    let subscripts: &[&str] = match len {
        4 => &["₁₁", "₁₂", "₂₁", "₂₂"],
        2 => &["₁", "₂"],
        _ => &[""],
    };
    subscripts.iter().map(|subscript| value(trace, &format!("{name}{subscript}′"))).collect()
}
