//! Charts of losses and scores: lines and bars stand where the axes of the picture say.

use std::collections::HashMap;

use handgrad_pictures::charts::losses::{self, Losses};
use handgrad_pictures::charts::number;
use handgrad_pictures::charts::scores::{self, Roc, Scores};
use handgrad_tests::numbers;
use proptest::prelude::*;

/// An element of an SVG, and the text that follows its tag.
struct Element<'a> {
    tag: &'a str,
    attributes: HashMap<&'a str, &'a str>,
    text: &'a str,
}

impl Element<'_> {
    fn at(&self, name: &str) -> f64 {
        self.attributes[name].parse().expect("a number")
    }

    fn is(&self, tag: &str, class: &str) -> bool {
        self.tag == tag && self.attributes.get("class") == Some(&class)
    }

    /// The points of a polyline.
    fn points(&self) -> Vec<[f64; 2]> {
        let number = |text: &str| text.parse().expect("a number");
        let point = |text: &str| text.split_once(',').map(|(x, y)| [number(x), number(y)]).expect("two numbers");
        self.attributes["points"].split_whitespace().map(point).collect()
    }
}

fn elements(svg: &str) -> Vec<Element<'_>> {
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let element = |part| {
        let (inside, text) = str::split_once(part, '>').expect("a tag ends");
        let (tag, rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let parts: Vec<_> = rest.split('"').collect();
        let attributes = parts.chunks_exact(2).map(|pair| (pair[0].trim().trim_end_matches('='), pair[1])).collect();
        Element { tag, attributes, text }
    };
    svg.split('<').skip(1).map(element).collect()
}

/// A function from a coordinate to its value, from two marks of an axis and their labels.
fn axis(marks: &[(f64, f64)]) -> impl Fn(f64) -> f64 + use<> {
    let [(from, low), .., (to, high)] = *marks else { panic!("an axis has two marks, not {marks:?}") };
    for (at, label) in marks {
        let expected = low + (at - from) / (to - from) * (high - low);
        assert!((label - expected).abs() < 2e-3 * (high - low), "{label} stands at {expected}");
    }
    move |at| low + (at - from) / (to - from) * (high - low)
}

/// The y axis from the grid lines that start at `left`, each followed by its label.
fn y_axis(svg: &[Element], left: f64) -> impl Fn(f64) -> f64 + use<> {
    let lines = svg.iter().enumerate().filter(|(_, line)| line.is("line", "grid") && line.at("x1") == left);
    let label = |at: usize| svg[at + 1].text.trim_end_matches(" %").parse().expect("a number");
    axis(&lines.map(|(at, line)| (line.at("y1"), label(at))).collect::<Vec<_>>())
}

/// The x axis from the labels below the lowest point of a chart, between two ends.
fn x_axis(svg: &[Element], below: f64, [left, right]: [f64; 2]) -> impl Fn(f64) -> f64 + use<> {
    let is = |text: &&Element| text.tag == "text" && text.at("y") == below && text.text.parse::<f64>().is_ok();
    let marks = svg.iter().filter(is).map(|text| (text.at("x"), text.text.parse().expect("a number")));
    axis(&marks.filter(|(at, _)| (left..=right).contains(at)).collect::<Vec<_>>())
}

fn near(what: &str, drawn: f64, meant: f64, within: f64) {
    assert!((drawn - meant).abs() <= within, "{what}: drawn at {drawn}, meant {meant}");
}

#[test]
fn losses_stand_where_the_axes_say() {
    let of = |seed, scale: f64| (numbers(40, seed).into_iter().map(move |v| scale * (1.5 + f64::from(v)))).collect();
    for (seed, scale) in [(8, 1e-3), (9, 1.0), (10, 700.0)] {
        let (training, validation): (Vec<f64>, Vec<f64>) = (of(seed, scale), of(seed + 10, scale));
        let chart = Losses {
            title: "",
            loss: "",
            training: &training,
            validation: &validation,
            terms: &[],
            best_epoch: Some(7),
            least: 0.0,
        };
        let svg = losses::svg(&chart);
        let svg = elements(&svg);
        let y = y_axis(&svg, 70.0);
        let x = x_axis(&svg, 370.0, [0.0, 720.0]);
        // A tenth of a pixel.
        let (fine_x, fine_y) = ((x(0.1) - x(0.0)).abs(), (y(0.1) - y(0.0)).abs());
        for (class, losses) in [("train", &training), ("val", &validation)] {
            let points = svg.iter().find(|line| line.is("polyline", class)).expect("a curve").points();
            assert_eq!(points.len(), losses.len());
            for (at, ([drawn_x, drawn_y], &loss)) in points.into_iter().zip(losses).enumerate() {
                near("epoch", x(drawn_x), at as f64 + 1.0, fine_x);
                near("loss", y(drawn_y), loss, fine_y);
            }
        }
        let [least, best] = &svg.iter().filter(|line| line.is("line", "least")).collect::<Vec<_>>()[..] else {
            panic!("the least possible loss and the best epoch")
        };
        near("least", y(least.at("y1")), 0.0, fine_y);
        near("best epoch", x(best.at("x1")), 7.0, fine_x);
        assert!(svg.iter().any(|text| text.text == "kept: epoch 7"));
        let label = svg.iter().find_map(|text| text.text.strip_prefix("training ")).expect("a label");
        let four_digits = format!("{:.3e}", training[39]);
        assert_eq!(label.parse::<f64>(), four_digits.parse(), "{label}");
    }
}

#[test]
fn the_least_possible_loss_is_left_out_where_it_would_press_the_curves_flat() {
    let with = |least| Losses {
        title: "",
        loss: "",
        training: &[5.0, 4.0],
        validation: &[5.0, 4.5],
        terms: &[],
        best_epoch: None,
        least,
    };
    assert!(losses::svg(&with(2.1)).contains("least possible 2.100"));
    assert!(!losses::svg(&with(1.9)).contains("least possible"));
}

/// Losses over several powers of ten have a logarithmic axis, on which equal ratios have equal distances.
#[test]
fn losses_of_many_sizes_have_a_logarithmic_axis() {
    for (scale, decades) in [(1e-9, 2), (0.03, 2), (1.0, 5), (700.0, 40)] {
        let losses: Vec<f64> = (0..=10).map(|at| scale * 10_f64.powf(f64::from((10 - at) * decades) / 10.0)).collect();
        let term = vec![0.0, scale * 1e-9, scale * 3.0];
        let chart = Losses {
            title: "",
            loss: "error",
            training: &losses,
            validation: &losses,
            terms: &[("one", term), ("two", losses.clone())],
            best_epoch: None,
            least: 0.0,
        };
        let svg = losses::svg(&chart);
        assert!(svg.contains("error (logarithmic axis)") && !svg.contains("NaN"), "{svg}");
        let svg = elements(&svg);
        // The logarithm of a loss against its place, from the labels of the grid lines.
        let lines = svg.iter().enumerate().filter(|(_, line)| line.is("line", "grid"));
        let label = |at: usize| svg[at + 1].text.parse::<f64>().expect("a number").log10();
        let ticks: Vec<(f64, f64)> = lines.map(|(at, line)| (line.at("y1"), label(at))).collect();
        assert!((3..=10).contains(&ticks.len()), "{ticks:?}");
        let [(from, low), .., (to, high)] = ticks[..] else { panic!("several ticks") };
        let of = |place: f64| low + (place - from) / (to - from) * (high - low);
        let fine = (of(0.2) - of(0.0)).abs();
        ticks.iter().for_each(|(place, tick)| near("tick", of(*place), *tick, fine));
        let points = |class: &str| svg.iter().find(|line| line.is("polyline", class)).map(Element::points);
        for class in ["train", "val", "term1"] {
            for ([_, place], loss) in points(class).expect("a curve").into_iter().zip(&losses) {
                near(class, of(place), loss.log10(), fine);
            }
        }
        // A term of 0 is a gap, and one far below all losses is at the lower end.
        let small = points("term0").expect("a curve");
        assert_eq!((small.len(), small[0][1]), (2, 350.0));
        near("a term", of(small[1][1]), (scale * 3.0).log10(), fine);
    }
}

#[test]
fn the_axis_of_losses_is_linear_where_they_are_alike_or_not_positive() {
    for losses in [[1.0, 0.1, 0.06], [5.0, 0.0, 1.0], [100.0, -1.0, 2.0]] {
        let one = [("reconstruction", losses.to_vec())];
        let (training, validation) = (&losses[..], &losses[..]);
        let chart =
            Losses { title: "", loss: "", training, validation, terms: &one, best_epoch: None, least: f64::NAN };
        let svg = losses::svg(&chart);
        assert!(!svg.contains("logarithmic") && !svg.contains("reconstruction"), "a single term is the loss: {svg}");
        let y = y_axis(&elements(&svg), 70.0);
        let points = elements(&svg).iter().find(|line| line.is("polyline", "train")).expect("a curve").points();
        let fine = (y(0.1) - y(0.0)).abs();
        points.iter().zip(losses).for_each(|(point, loss)| near("loss", y(point[1]), loss, fine));
    }
    // With a second term that is much smaller than the loss, both are to be seen.
    let terms = [("reconstruction", vec![200.0, 190.0]), ("KL divergence", vec![2.0, 3.0])];
    let (training, validation) = (&[202.0, 193.0][..], &[202.0, 193.0][..]);
    let chart = Losses { title: "", loss: "", training, validation, terms: &terms, best_epoch: None, least: 0.0 };
    let svg = losses::svg(&chart);
    for text in ["logarithmic", "reconstruction 190.0", "KL divergence 3.000", "validation 193.0"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn scores_stand_where_the_axes_say() {
    // In the middle of a bar: each is 0.02 wide.
    let all = numbers(300, 11).into_iter().map(|v| (5.0 + 5.0 * f64::from(v)).floor() / 10.0 + 0.03);
    let all: Vec<f64> = all.collect();
    let truth: Vec<bool> = (0..all.len()).map(|at| at % 7 == 0).collect();
    let points = [[0.0, 0.0], [0.25, 0.5], [0.5, 0.875], [1.0, 1.0]];
    let roc = Some(Roc { points: &points, area: 0.703 });
    let chart = Scores { title: "", name: "", scores: &all, truth: Some(&truth), threshold: 0.51, roc };
    let svg = scores::svg(&chart);
    let svg = elements(&svg);
    let y = y_axis(&svg, 60.0);
    let x = x_axis(&svg, 360.0, [0.0, 535.0]);
    let (fine_x, fine_y) = ((x(0.2) - x(0.0)).abs(), (y(0.2) - y(0.0)).abs());
    for (class, kind) in [("normal", false), ("anomalous", true)] {
        let of_kind: Vec<f64> =
            all.iter().zip(&truth).filter(|(_, is)| **is == kind).map(|(score, _)| *score).collect();
        let is_bar = |bar: &&Element| bar.is("rect", class) && bar.attributes["y"] != "44";
        let bars: Vec<_> = svg.iter().filter(is_bar).collect();
        let mut seen = 0;
        for bar in bars {
            let (from, to) = (x(bar.at("x")), x(bar.at("x") + bar.at("width")));
            near("width", to - from, 0.02, 2.0 * fine_x);
            let within = of_kind.iter().filter(|score| (from..to).contains(*score)).count();
            near("bar", y(bar.at("y")), 100.0 * within as f64 / of_kind.len() as f64, fine_y);
            near("foot", y(bar.at("y") + bar.at("height")), 0.0, fine_y);
            seen += within;
        }
        assert_eq!(seen, of_kind.len(), "every score is in a bar");
    }
    let lines: Vec<_> = svg.iter().filter(|line| line.is("line", "threshold")).collect();
    near("threshold", x(lines[0].at("x1")), 0.51, fine_x);

    let y = y_axis(&svg, 630.0);
    let x = x_axis(&svg, 360.0, [600.0, 930.0]);
    let drawn = svg.iter().find(|line| line.is("polyline", "curve")).expect("a curve").points();
    assert_eq!(drawn.len(), points.len());
    for (drawn, point) in drawn.into_iter().zip(points) {
        near("false positive rate", x(drawn[0]), point[0], 1e-3);
        near("true positive rate", y(drawn[1]), point[1], 1e-3);
    }
    assert!(svg.iter().any(|text| text.text == "ROC, area 0.7030: anomalies found"));
}

#[test]
fn a_curve_of_very_many_points_is_thinned_but_keeps_its_ends() {
    let points: Vec<[f64; 2]> = (0..=100_000).map(|at| f64::from(at) / 1e5).map(|part| [part, part.sqrt()]).collect();
    let roc = Some(Roc { points: &points, area: 2.0 / 3.0 });
    let chart = Scores { title: "", name: "", scores: &[0.0], truth: Some(&[true]), threshold: 0.5, roc };
    let svg = scores::svg(&chart);
    let drawn = elements(&svg).iter().find(|line| line.is("polyline", "curve")).expect("a curve").points();
    assert!((100..1000).contains(&drawn.len()), "{} points", drawn.len());
    assert_eq!((drawn[0], drawn[drawn.len() - 1]), ([630.0, 340.0], [900.0, 70.0]));
    // The area under what is drawn, by trapezoids.
    let area: f64 = drawn.windows(2).map(|p| (p[1][0] - p[0][0]) * (680.0 - p[0][1] - p[1][1]) / 2.0).sum();
    near("area", area / (270.0 * 270.0), 2.0 / 3.0, 1e-3);
}

#[test]
fn charts_of_nothing_and_of_one_number_have_axes() {
    for losses in [&[][..], &[0.0], &[3.0]] {
        let chart = Losses {
            title: "",
            loss: "",
            training: losses,
            validation: losses,
            terms: &[],
            best_epoch: None,
            least: 0.0,
        };
        assert!(y_axis(&elements(&losses::svg(&chart)), 70.0)(100.0).is_finite());
    }
    for scores in [&[][..], &[0.0], &[3.0]] {
        for truth in [None, Some(&[true][..])] {
            let chart = Scores { title: "", name: "", scores, truth, threshold: 3.0, roc: None };
            assert!(y_axis(&elements(&scores::svg(&chart)), 60.0)(100.0).is_finite());
        }
    }
}

#[test]
fn names_cannot_break_the_svg_and_long_titles_are_cut() {
    let title = "a < b & c > d";
    let chart =
        Losses { title, loss: title, training: &[1.0], validation: &[1.0], terms: &[], best_epoch: None, least: 0.0 };
    let escaped = "a &lt; b &amp; c &gt; d";
    assert_eq!(losses::svg(&chart).matches(&format!(">{escaped}</")).count(), 3, "twice the title, once the loss");
    let scores = |title| Scores { title, name: "a&b", scores: &[1.0], truth: None, threshold: 2.0, roc: None };
    assert!(scores::svg(&scores(title)).contains(&format!("<title>{escaped}</title>")));
    assert!(scores::svg(&scores(title)).contains(">a&amp;b</text>"));
    let long = "x".repeat(200);
    let svg = scores::svg(&scores(&long));
    let cut = elements(&svg).iter().find(|text| text.is("text", "title")).expect("a title").text.to_string();
    assert!(cut.ends_with("x…") && cut.chars().count() < 60, "{cut}");
}

proptest! {
    /// Rounding to five digits in the scientific notation of the standard library is the same.
    #[test]
    fn numbers_have_five_significant_digits(mantissa in 1.0..10.0_f64, power in -5..4_i32, sign in prop::bool::ANY) {
        let value = mantissa * 10_f64.powi(power) * if sign { 1.0 } else { -1.0 };
        let parsed = |text: String| text.parse::<f64>().expect("a number");
        prop_assert_eq!(parsed(number(value)), parsed(format!("{value:.4e}")));
    }
}
