//! Charts, read back as XML by `roxmltree`: they are well-formed, no text leaves the picture or covers another, and
//! they show what was given.

use std::ops::Range;

use handgrad_pictures::Error;
use handgrad_pictures::charts::dendrogram::{self, Dendrogram, Join};
use handgrad_pictures::charts::heat_map::{self, HeatMap};
use handgrad_pictures::charts::losses::{self, Losses};
use handgrad_pictures::charts::scatter::{self, Groups, Scatter};
use handgrad_pictures::charts::scores::{self, Roc, Scores};
use handgrad_pictures::charts::series::{self, Channel, Series, StepErrors};
use handgrad_pictures::charts::slope::{self, Slope};
use handgrad_pictures::charts::table::{self, Column, Table};
use handgrad_tests::numbers;
use proptest::prelude::*;
use roxmltree::{Document, Node};

/// The widths of the characters from the space to the tilde in DejaVu Sans 2.37, in thousandths of the font size. It is
/// one of the widest sans-serif fonts.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 295, 295, 656, 558, 863,
    749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635,
    616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637,
    337, 637, 838,
];

fn parsed(svg: &str) -> Document<'_> {
    Document::parse(svg).unwrap_or_else(|error| panic!("{error} in {svg}"))
}

fn at(node: Node, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} of {node:?}"))
}

fn all<'a, 'i>(svg: &'a Document<'i>, tag: &str, class: &str) -> Vec<Node<'a, 'i>> {
    let is = |node: &Node| {
        node.has_tag_name(("http://www.w3.org/2000/svg", tag))
            && (class == "*" || node.attribute("class").unwrap_or("") == class)
    };
    svg.descendants().filter(is).collect()
}

fn texts(svg: &Document) -> Vec<String> {
    all(svg, "text", "*").iter().map(|node| node.text().unwrap_or("").to_owned()).collect()
}

fn points(node: Node) -> Vec<[f64; 2]> {
    let number = |text: &str| text.parse().expect("a number");
    let point = |text: &str| text.split_once(',').map(|(x, y)| [number(x), number(y)]).expect("two numbers");
    node.attribute("points").expect("points").split_whitespace().map(point).collect()
}

/// The left, upper, right and lower edge of a text.
fn edges(node: Node) -> [f64; 4] {
    let (size, bolder) = match node.attribute("class") {
        Some("title") => (15.0, 1.25),
        Some("name" | "identifier") => (13.0, 1.25),
        _ => (13.0, 1.0),
    };
    let letter =
        |letter: char| WIDTHS.get((letter as usize).wrapping_sub(32)).map_or(1.1, |&width| f64::from(width) / 1000.0);
    let width = size * bolder * node.text().unwrap_or("").chars().map(letter).sum::<f64>();
    let (x, y) = (at(node, "x"), at(node, "y"));
    if node.has_attribute("transform") {
        assert_eq!(node.attribute("transform"), Some(&*format!("rotate(-60 {x} {y})")));
        let (sine, cosine) = 60_f64.to_radians().sin_cos();
        return [x - 0.8 * size, y - width * sine - 0.5 * size, x + width * cosine, y];
    }
    let left = match node.attribute("text-anchor") {
        None => x,
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        Some(other) => panic!("{other}"),
    };
    [left, y - 0.75 * size, left + width, y + 0.2 * size]
}

/// Checks what is true of every chart.
fn check(svg: &str) {
    let document = parsed(svg);
    let root = document.root_element();
    let size: Vec<f64> =
        root.attribute("viewBox").expect("a size").split(' ').map(|text| text.parse().expect("a number")).collect();
    let [_, _, width, height] = size[..] else { panic!("{size:?}") };
    for tag in ["title", "desc"] {
        assert_eq!(root.children().filter(|node| node.tag_name().name() == tag).count(), 1, "one {tag}");
    }
    let inside = |x: f64, y: f64| (-0.1..=width + 0.1).contains(&x) && (-0.1..=height + 0.1).contains(&y);
    for node in document.descendants().filter(Node::is_element) {
        let pairs = match node.tag_name().name() {
            "rect" if node.has_attribute("x") => {
                let [x, y, wide, high] = ["x", "y", "width", "height"].map(|name| at(node, name));
                assert!(wide >= 0.0 && high >= 0.0, "{node:?}");
                vec![[x, y], [x + wide, y + high]]
            }
            "line" => vec![[at(node, "x1"), at(node, "y1")], [at(node, "x2"), at(node, "y2")]],
            "circle" => vec![[at(node, "cx"), at(node, "cy")]],
            "polyline" => points(node),
            _ => Vec::new(),
        };
        assert!(pairs.iter().all(|[x, y]| inside(*x, *y)), "{node:?} leaves the picture:\n{svg}");
    }
    let boxes: Vec<_> = all(&document, "text", "*").into_iter().map(|node| (node, edges(node))).collect();
    for (at, (node, [left, top, right, bottom])) in boxes.iter().enumerate() {
        assert!(inside(*left, *top) && inside(*right, *bottom), "{:?} leaves the picture:\n{svg}", node.text());
        for (other, [l, t, r, b]) in boxes[..at].iter().filter(|(other, _)| !other.has_attribute("transform")) {
            let apart = right <= l || r <= left || bottom <= t || b <= top || node.has_attribute("transform");
            assert!(apart, "{:?} and {:?} cover each other:\n{svg}", node.text(), other.text());
        }
    }
}

/// How bright a colour is without its hue, by the luminance of sRGB.
fn brightness(color: &str) -> f64 {
    let level = |at: usize| {
        let level = f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("two digits")) / 255.0;
        if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * level(1) + 0.7152 * level(3) + 0.0722 * level(5)
}

const STRANGE: &str = "<a x=\"1\">&\u{0}\u{1b}\n\u{ffff}";

fn table_of<'a>(rows: &'a [table::Row<'a>], columns_per_row: usize) -> Table<'a> {
    Table { title: "Table", contribution: "squared error", rows, columns_per_row }
}

#[test]
fn a_table_draws_the_worst_columns_first_and_says_how_many_are_left_out() {
    let names: Vec<String> = (0..15).map(|at| format!("column {at}")).collect();
    let contributions = [0.5, f64::NAN, 4.0, 0.0, 1.0, -3.0, 0.1, 0.2, 0.3, 0.05, 0.01, 0.02, 0.03, 0.04, 0.06];
    let columns: Vec<_> = names
        .iter()
        .zip(contributions)
        .map(|(name, contribution)| Column { name, found: "a", expected: "b", contribution })
        .collect();
    let rows: Vec<_> = (0..13).map(|_| table::Row { identifier: "row", columns: &columns }).collect();
    let svg = table::svg(&table_of(&rows, 3));
    check(&svg);
    let svg = parsed(&svg);
    let texts = texts(&svg);
    let drawn: Vec<_> = texts.iter().filter(|text| text.starts_with("column ")).map(String::as_str).collect();
    assert_eq!(drawn, ["column 2", "column 4", "column 0"].repeat(10));
    assert_eq!(texts.iter().filter(|text| *text == "and 12 more columns").count(), 10);
    assert_eq!(texts.last().map(String::as_str), Some("and 3 more rows"));
    let bars: Vec<_> = all(&svg, "rect", "bar").iter().take(3).map(|bar| at(*bar, "width")).collect();
    assert_eq!(bars, [240.0, 60.0, 30.0], "lengths are proportional to 4, 1 and 0.5");

    let everything = table::svg(&table_of(&rows[..1], 20));
    check(&everything);
    assert!(!everything.contains(">and "), "nothing is left out");
    let everything = parsed(&everything);
    assert_eq!(all(&everything, "rect", "bar").len(), 12, "no bar for 0, for less and for what is not a number");
    let order = self::texts(&everything);
    let last = order.iter().rposition(|text| text.starts_with("column ")).expect("columns");
    assert_eq!((&*order[last], &*order[last + 3]), ("column 1", "–"), "what is not a number is last");
    assert!(table::svg(&table_of(&rows[..1], 14)).contains(">and 1 more column<"));
}

#[test]
fn infinite_contributions_have_the_longest_bar_and_the_others_keep_their_scale() {
    let column = |name, contribution| Column { name, found: "", expected: "", contribution };
    let columns = [column("a", 1.0), column("b", f64::INFINITY), column("c", 2.0)];
    let svg = table::svg(&table_of(&[table::Row { identifier: "r", columns: &columns }], 9));
    check(&svg);
    let svg = parsed(&svg);
    let bars: Vec<_> = all(&svg, "rect", "bar").iter().map(|bar| at(*bar, "width")).collect();
    assert_eq!(bars, [240.0, 240.0, 120.0]);
    assert!(texts(&svg).contains(&"∞".to_owned()));
}

#[test]
fn a_heat_map_sorts_columns_by_their_mean_and_darkens_with_the_error() {
    let rows = [
        heat_map::Row { identifier: "first", errors: &[1.0, 3.0, f64::NAN, 0.0] },
        heat_map::Row { identifier: "second", errors: &[2.0, 4.0, f64::NAN, 1.0] },
    ];
    let map = HeatMap { title: "Map", error: "error in °C", columns: &["a", "b", "c", "d"], rows: &rows };
    let svg = heat_map::svg(&map).expect("drawn");
    check(&svg);
    let svg = parsed(&svg);
    let names = |text: &&String| ["a", "b", "c", "d"].contains(&text.as_str());
    assert_eq!(texts(&svg).iter().filter(names).cloned().collect::<Vec<_>>(), ["b", "a", "d", "c"]);
    assert!(texts(&svg).contains(&"error in °C".to_owned()));
    let cells: Vec<_> =
        all(&svg, "rect", "").into_iter().filter(|cell| cell.attribute("width") == Some("19")).collect();
    let brightness: Vec<_> = cells.iter().map(|cell| brightness(cell.attribute("fill").expect("a colour"))).collect();
    // The cells of b, a and d in the first row: 3, 1, 0; then in the second: 4, 2, 1.
    let [three, one, zero, four, two, again] = brightness[..] else { panic!("{brightness:?}") };
    assert!(zero > one && one > two && two > three && three > four && one == again, "{brightness:?}");
    assert!(zero > 0.85 && four < 0.03, "{brightness:?}");
    assert_eq!(all(&svg, "line", "unknown").len(), 2 * 2, "each unknown error is crossed out by two lines");
}

#[test]
fn a_heat_map_is_limited_and_says_how_much_is_left_out() {
    let names: Vec<String> = (0..47).map(|at| format!("a column with a rather long name {at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let errors: Vec<f64> = (0..47).map(f64::from).collect();
    let rows: Vec<_> = (0..31).map(|_| heat_map::Row { identifier: "a row", errors: &errors }).collect();
    let svg = heat_map::svg(&HeatMap { title: "", error: "", columns: &names, rows: &rows }).expect("drawn");
    check(&svg);
    assert!(svg.contains(">and 7 more columns and 1 more row, which are not drawn<"));
    let cells = parsed(&svg).descendants().filter(|cell| cell.attribute("width") == Some("19")).count();
    assert_eq!(cells, heat_map::ROWS * heat_map::COLUMNS);
    assert!(svg.contains("long name 46<") && !svg.contains("long name 6<"), "the worst columns are drawn");

    let short = [heat_map::Row { identifier: "row 5", errors: &[1.0] }];
    let error =
        heat_map::svg(&HeatMap { title: "", error: "", columns: &["a", "b"], rows: &short }).expect_err("refused");
    assert!(matches!(error, Error::RowLength { errors: 1, columns: 2, .. }));
    assert_eq!(error.to_string(), "the row row 5 has 1 errors, but there are 2 columns");
}

#[test]
fn one_large_error_does_not_make_the_other_cells_indistinguishable() {
    let mut errors: Vec<f64> = (0..30).map(|at| f64::from(at) / 30.0).collect();
    errors[7] = 1e9;
    let names = ["n"; 30];
    let rows = [heat_map::Row { identifier: "", errors: &errors }];
    let svg = heat_map::svg(&HeatMap { title: "", error: "", columns: &names, rows: &rows }).expect("drawn");
    check(&svg);
    assert!(svg.contains(">darkest: 0.9667 and more<"), "{svg}");
    let svg = parsed(&svg);
    let colors: Vec<_> = svg.descendants().filter(|cell| cell.attribute("width") == Some("19")).collect();
    let mut colors: Vec<_> = colors.iter().filter_map(|cell| cell.attribute("fill")).collect();
    colors.dedup();
    assert_eq!(colors.len(), 29, "the largest of the others has the same colour as the very large one");
}

fn series_of<'a>(channels: &'a [Channel<'a>], marked: &'a [Range<usize>]) -> Series<'a> {
    Series { title: "Series", steps: "step", channels, marked, mark: "missing", error: None }
}

#[test]
fn gaps_and_marked_steps_interrupt_a_curve_and_values_stand_where_the_axis_says() {
    let nan = f64::NAN;
    let channel = Channel { name: "pulse", input: &[0.0, 3.0, nan, 1.0, 2.0, 0.5, 1.5], reconstruction: &[1.0; 7] };
    let error = StepErrors { name: "squared error", values: &[0.0, 1.0, nan, 4.0, 1.0, 0.0, 2.0] };
    let marked = 5..6;
    let svg = series::svg(&Series { error: Some(error), ..series_of(&[channel], std::slice::from_ref(&marked)) });
    check(&svg);
    let svg = parsed(&svg);
    let inputs: Vec<_> = all(&svg, "polyline", "input").into_iter().map(points).collect();
    assert_eq!(inputs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2], "steps 0 and 1, steps 3 and 4");
    assert_eq!(all(&svg, "circle", "input").len(), 1, "step 6 is alone");
    assert_eq!(
        all(&svg, "polyline", "reconstruction").into_iter().map(|line| points(line).len()).collect::<Vec<_>>(),
        [7]
    );
    assert_eq!(all(&svg, "polyline", "error").into_iter().map(|line| points(line).len()).collect::<Vec<_>>(), [2, 4]);
    // The axis of the first panel ends at 0 and 3, because 0 and 3 are ticks, and it is 90 high.
    let [[x0, y0], [x1, y3]] = inputs[0][..] else { panic!("two points") };
    assert!((y0 - y3 - 90.0).abs() < 0.11, "{y0} and {y3}");
    assert!((inputs[1][0][1] - (y0 - 30.0)).abs() < 0.11 && (inputs[1][0][0] - (x0 + 3.0 * (x1 - x0))).abs() < 0.5);
    // Each of the two panels has a band of one step around step 5. One more is in the legend.
    let bands: Vec<_> = all(&svg, "rect", "marked").into_iter().filter(|band| at(*band, "height") == 90.0).collect();
    assert_eq!(bands.len(), 2);
    let middle = at(bands[0], "x") + at(bands[0], "width") / 2.0;
    assert!((middle - (x0 + 5.0 * (x1 - x0))).abs() < 0.5 && (at(bands[0], "width") - (x1 - x0)).abs() < 0.2);
    let texts = texts(&svg);
    for text in ["pulse", "squared error", "input", "reconstruction", "missing", "step", "0", "6"] {
        assert!(texts.iter().any(|drawn| drawn == text), "{text} is not in {texts:?}");
    }
}

#[test]
fn very_long_series_keep_their_extremes_and_are_thinned() {
    let mut values: Vec<f64> = numbers(200_000, 3).into_iter().map(f64::from).collect();
    values[123_456] = 40.0;
    values[77_777] = -40.0;
    let marked: Vec<_> = (0..50_000).map(|at| 4 * at..4 * at + 1).collect();
    let channels: Vec<_> = (0..14).map(|_| Channel { name: "c", input: &values, reconstruction: &[] }).collect();
    for marked in [&[][..], &marked] {
        let svg = series::svg(&series_of(&channels, marked));
        check(&svg);
        assert!(svg.len() < 600_000, "{} bytes", svg.len());
        assert!(svg.contains(">and 2 more channels, not drawn<"));
        let svg = parsed(&svg);
        let points: Vec<_> = all(&svg, "polyline", "input").into_iter().take(1).flat_map(points).collect();
        let ends = points.iter().fold((1e9, 0.0), |(low, high): (f64, f64), p| (low.min(p[1]), high.max(p[1])));
        // The smallest value is -40. The largest is 40 on an axis from -50 to 50, or, where step 123,456 is marked, 1
        // on an axis from -40 to 20. Step 77,777 is not marked. An axis is 90 high.
        let high = if marked.is_empty() { 90.0 * 80.0 / 100.0 } else { 90.0 * 41.0 / 60.0 };
        assert!((ends.1 - ends.0 - high).abs() < 0.5, "{ends:?}");
    }
}

#[test]
fn labels_of_near_losses_are_apart_and_inside() {
    for (a, b, least) in [
        (0.25, 0.25, 0.25),
        (0.2500001, 0.25, 0.2499999),
        (1e-9, 2e-9, 0.0),
        (123_456_789.0, 123_456_789.5, 123_456_788.0),
        (-1.234_567e-100, -1.3e-100, -1.4e-100),
        (1e300, -1e300, 0.0),
    ] {
        for epochs in [1, 2, 3, 17, 100, 20_000] {
            let (training, validation) = (vec![a; epochs], vec![b; epochs]);
            for best in [1, epochs] {
                let chart = Losses {
                    title: "A title that is far too long for the width of this picture, whatever the font may be",
                    loss: "binary cross-entropy on logits + 0.001 · L1 penalty of the code + 0.1 · divergence + more",
                    training: &training,
                    validation: &validation,
                    terms: &[],
                    best_epoch: Some(best),
                    least,
                };
                check(&losses::svg(&chart));
            }
        }
    }
}

#[test]
fn losses_have_four_significant_digits() {
    let chart = Losses {
        title: "",
        loss: "",
        training: &[0.31, 0.284_449],
        validation: &[0.9, 0.300_04],
        terms: &[],
        best_epoch: None,
        least: 0.242_249_9,
    };
    let svg = losses::svg(&chart);
    let svg = parsed(&svg);
    let texts = texts(&svg);
    for label in ["training 0.2844", "validation 0.3000", "least possible 0.2422"] {
        assert!(texts.iter().any(|text| text == label), "{label} is not in {texts:?}");
    }
}

/// The heights of the bars at the edges and on the axis.
fn bars<'a, 'i>(svg: &'a Document<'i>, class: &str) -> (Vec<Node<'a, 'i>>, Vec<Node<'a, 'i>>) {
    let bars = all(svg, "rect", class).into_iter().filter(|bar| at(*bar, "y") != 44.0);
    bars.partition(|bar| at(*bar, "width") == 20.0)
}

#[test]
fn one_outlier_does_not_flatten_the_histogram() {
    let mut scores: Vec<f64> = (0..1000).map(|at| f64::from(at) / 1000.0).collect();
    scores[500] = 1e6;
    scores[501] = f64::INFINITY;
    scores[502] = f64::NAN;
    let chart = Scores { title: "", name: "score", scores: &scores, truth: None, threshold: 0.9, roc: None };
    let svg = scores::svg(&chart);
    check(&svg);
    assert!(svg.contains(">beyond the axis: 2 samples above 1.000<"), "{svg}");
    assert!(svg.contains(">not a number and not drawn: 1 score<"));
    let svg = parsed(&svg);
    let (beyond, on_axis) = bars(&svg, "normal");
    assert_eq!(beyond.len(), 1);
    assert!(on_axis.len() >= 40, "{} bars", on_axis.len());
    assert!(at(beyond[0], "x") > on_axis.iter().map(|bar| at(*bar, "x") + at(*bar, "width")).fold(0.0, f64::max));
    let threshold = at(all(&svg, "line", "threshold")[0], "x1");
    let [first, last] = [on_axis[0], on_axis[on_axis.len() - 1]].map(|bar| at(bar, "x"));
    let end = last + at(on_axis[0], "width");
    assert!((threshold - (first + 0.9 * (end - first))).abs() < 0.5, "{threshold} between {first} and {end}");
}

#[test]
fn scores_without_outliers_are_all_on_the_axis() {
    let scores: Vec<f64> = (0..100).map(|at| f64::from(at) / 100.0).chain([10.0]).collect();
    let chart = Scores { title: "", name: "", scores: &scores, truth: None, threshold: 0.9, roc: None };
    let svg = scores::svg(&chart);
    check(&svg);
    assert!(!svg.contains("beyond"), "10 is less than 30 interquartile ranges away");
    assert!(bars(&parsed(&svg), "normal").0.is_empty());
}

#[test]
fn many_far_scores_make_the_axis_logarithmic() {
    let scores: Vec<f64> =
        (0..1000).map(|at| if at % 10 == 0 { 1000.0 } else { 1.0 + f64::from(at) / 1000.0 }).collect();
    let truth: Vec<bool> = (0..1000).map(|at| at % 10 == 0).collect();
    let chart = Scores { title: "", name: "", scores: &scores, truth: Some(&truth), threshold: 31.6, roc: None };
    let svg = scores::svg(&chart);
    check(&svg);
    assert!(svg.contains(">the axis of the scores is logarithmic<") && !svg.contains("beyond"), "{svg}");
    let svg = parsed(&svg);
    let label = |text: &str| {
        let is = |node: &&Node| node.text() == Some(text) && at(**node, "y") == 360.0;
        at(*all(&svg, "text", "").iter().find(is).expect("a tick"), "x")
    };
    assert!((label("100") - label("10") - (label("1000") - label("100"))).abs() < 0.2, "decades are equally long");
    let threshold = at(all(&svg, "line", "threshold")[0], "x1");
    let expected = label("10") + 31.6_f64.log10().fract() * (label("100") - label("10"));
    assert!((threshold - expected).abs() < 0.2, "{threshold}, not {expected}");
    assert_eq!(bars(&svg, "anomalous").1.len(), 1);
}

#[test]
fn a_far_threshold_is_drawn_beyond_the_axis() {
    let scores: Vec<f64> = (0..100).map(|at| f64::from(at) / 100.0).collect();
    for (threshold, place) in [(1e9, 520.0), (f64::INFINITY, 520.0), (-1e9, 70.0), (f64::NEG_INFINITY, 70.0)] {
        let chart = Scores { title: "", name: "", scores: &scores, truth: None, threshold, roc: None };
        let svg = scores::svg(&chart);
        check(&svg);
        assert!(svg.contains(", beyond the axis<"));
        assert_eq!(at(all(&parsed(&svg), "line", "threshold")[0], "x1"), place);
    }
    let chart = Scores { title: "", name: "", scores: &scores, truth: None, threshold: f64::NAN, roc: None };
    assert!(scores::svg(&chart).contains(">the threshold is not a number<"));
}

#[test]
fn two_kinds_differ_by_more_than_their_hue() {
    let style =
        |svg: &str| svg.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next().map(str::to_owned));
    let losses =
        Losses { title: "", loss: "", training: &[1.0], validation: &[1.0], terms: &[], best_epoch: None, least: 0.0 };
    let losses = style(&losses::svg(&losses)).expect("a style");
    assert!(losses.contains(".val{stroke:#cc6677;stroke-dasharray"), "{losses}");
    let series = style(&series::svg(&series_of(&[], &[]))).expect("a style");
    assert!(series.contains(".reconstruction{") && series.contains("stroke-dasharray"), "{series}");
}

#[test]
fn empty_input_is_a_picture_without_content() {
    check(&table::svg(&table_of(&[], 5)));
    check(&table::svg(&table_of(&[table::Row { identifier: "", columns: &[] }], 0)));
    check(&heat_map::svg(&HeatMap { title: "", error: "", columns: &[], rows: &[] }).expect("drawn"));
    check(&series::svg(&series_of(&[], &[])));
    check(&series::svg(&series_of(&[Channel { name: "", input: &[], reconstruction: &[] }], &[0..9, 3..4])));
    check(&losses::svg(&Losses {
        title: "",
        loss: "",
        training: &[],
        validation: &[],
        terms: &[],
        best_epoch: Some(1),
        least: 0.0,
    }));
    let roc = Some(Roc { points: &[], area: f64::NAN });
    check(&scores::svg(&Scores { title: "", name: "", scores: &[], truth: None, threshold: f64::NAN, roc }));
}

#[test]
fn names_are_escaped_in_every_chart() {
    let column = Column { name: STRANGE, found: STRANGE, expected: STRANGE, contribution: 1.0 };
    let rows = [table::Row { identifier: STRANGE, columns: &[column] }];
    let table = Table { title: STRANGE, contribution: STRANGE, rows: &rows, columns_per_row: 1 };
    let rows = [heat_map::Row { identifier: STRANGE, errors: &[1.0] }];
    let map = HeatMap { title: STRANGE, error: STRANGE, columns: &[STRANGE], rows: &rows };
    let channels = [Channel { name: STRANGE, input: &[1.0], reconstruction: &[] }];
    let series = Series { title: STRANGE, steps: STRANGE, mark: STRANGE, ..series_of(&channels, &[]) };
    for svg in [table::svg(&table), heat_map::svg(&map).expect("drawn"), series::svg(&series)] {
        check(&svg);
        let svg = parsed(&svg);
        let expected = "<a x=\"1\">&\u{fffd}\u{fffd} \u{fffd}";
        assert!(texts(&svg).iter().filter(|text| *text == expected).count() >= 3, "{:?}", texts(&svg));
        assert!(svg.descendants().all(|node| !node.has_tag_name("a")));
    }
}

/// Numbers of every size, and what is not a number.

#[test]
fn a_tree_puts_joined_leaves_side_by_side_and_its_joins_where_the_axis_says() {
    let joins = [([0, 3], 2.0), ([1, 2], 5.0), ([4, 5], 10.0)].map(|(of, height)| Join { of, height });
    let leaves = ["a & b", "second", "third", "a very long name of a leaf, which does not fit beside the tree at all"];
    let tree = Dendrogram {
        title: "Tree <1>",
        height: "distance",
        leaves: &leaves,
        joins: &joins,
        cut: Some(("2 clusters", 7.5)),
    };
    let drawn = dendrogram::svg(&tree);
    check(&drawn);
    let svg = parsed(&drawn);
    let height = |name: &str| {
        let is_it = |node: &Node| node.text().is_some_and(|text| text.starts_with(name));
        at(all(&svg, "text", "").into_iter().find(is_it).expect("a name"), "y")
    };
    assert!(height("a & b") < height("a very") && height("a very") < height("second"));
    assert!(height("second") < height("third"), "no branches cross");
    let branches: Vec<_> = all(&svg, "polyline", "branch").into_iter().map(points).collect();
    assert_eq!(branches.len(), 3);
    // 0 is on the right, so a join of twice the height is twice as far from the leaves.
    let zero = branches[0][0][0];
    let depth = |branch: &[[f64; 2]]| zero - branch[1][0];
    assert!((depth(&branches[1]) / depth(&branches[0]) - 2.5).abs() < 0.01);
    assert!((depth(&branches[2]) / depth(&branches[0]) - 5.0).abs() < 0.01);
    let cut = at(all(&svg, "line", "cut")[0], "x1");
    assert!(((zero - cut) / depth(&branches[0]) - 3.75).abs() < 0.01);

    // Joins that make no tree are left out.
    let wrong = [([0, 9], 1.0), ([5, 1], 2.0), ([0, 1], 3.0)].map(|(of, height)| Join { of, height });
    let drawn = dendrogram::svg(&Dendrogram { joins: &wrong, ..tree });
    check(&drawn);
    assert_eq!(all(&parsed(&drawn), "polyline", "branch").len(), 1);
    check(&dendrogram::svg(&Dendrogram { leaves: &[], joins: &[], cut: None, ..tree }));
    check(&dendrogram::svg(&Dendrogram { leaves: &leaves[..1], joins: &[], cut: None, ..tree }));
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -3.0..3.0_f64,
        2 => prop::num::f64::ANY,
        1 => prop::sample::select(vec![0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MAX, f64::MIN, 1e-320]),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", ".{0,60}", "[WM@ a-z]{0,200}", "[0-9.]{0,9}"]
}

proptest! {
    #[test]
    fn no_input_breaks_a_chart(
        text in any_text(),
        other in any_text(),
        a in prop::collection::vec(any_number(), 0..60),
        b in prop::collection::vec(any_number(), 0..60),
        truth in prop::collection::vec(prop::bool::ANY, 0..60),
        marked in prop::collection::vec((0..70_usize, 0..70_usize), 0..3),
        one in any_number(),
        count in 0..70_usize,
    ) {
        let (text, other) = (text.as_str(), other.as_str());
        let losses = Losses {
            title: text, loss: other, training: &a, validation: &b, terms: &[], best_epoch: Some(count), least: one,
        };
        check(&losses::svg(&losses));
        let points: Vec<_> = a.iter().zip(&b).map(|(&a, &b)| [a.clamp(0.0, 1.0), b.clamp(0.0, 1.0)]).collect();
        let roc = Some(Roc { points: &points, area: one.clamp(0.0, 1.0) });
        for truth in [None, Some(&truth[..])] {
            check(&scores::svg(&Scores { title: text, name: other, scores: &a, truth, threshold: one, roc }));
        }
        let columns: Vec<_> =
            a.iter().map(|&contribution| Column { name: text, found: other, expected: text, contribution }).collect();
        let rows = vec![table::Row { identifier: other, columns: &columns }; count % 14];
        check(&table::svg(&Table { title: text, contribution: other, rows: &rows, columns_per_row: count }));
        let rows = vec![heat_map::Row { identifier: other, errors: &a }; count];
        let names = vec![text; a.len()];
        check(&heat_map::svg(&HeatMap { title: text, error: other, columns: &names, rows: &rows }).expect("drawn"));
        let marked: Vec<_> = marked.into_iter().map(|(from, to)| from..to).collect();
        let channels = vec![Channel { name: text, input: &a, reconstruction: &b }; count % 15];
        let error = Some(StepErrors { name: text, values: &b });
        let chart = Series { title: text, steps: other, channels: &channels, marked: &marked, mark: text, error };
        check(&series::svg(&chart));
    }
}

/// The colour of each path of markers, and the number of its markers.
fn drawn_markers(svg: &Document) -> Vec<(String, usize)> {
    let path = |node: &Node| {
        let color = node.attribute("fill").or(node.attribute("stroke")).expect("a colour").to_owned();
        (color, node.attribute("d").expect("a path").matches('M').count())
    };
    all(svg, "path", "*").iter().map(path).collect()
}

fn grouped<'a>(names: &'a [String], of_points: &'a [u32], are_ordered: bool) -> Groups<'a> {
    Groups { title: "class", names, of_points, are_ordered }
}

#[test]
fn a_scatter_chart_has_every_point_once_in_the_style_of_its_group() {
    let places = numbers(5000, 3);
    let mut points: Vec<[f64; 2]> = (0..2500).map(|i| [0, 1].map(|axis| f64::from(places[2 * i + axis]))).collect();
    points[7] = [f64::NAN, 0.0];
    points[8] = [0.0, f64::INFINITY];
    let names: Vec<String> = (0..12).map(|class| format!("class {class}")).collect();
    let of_points: Vec<u32> = (0..2500).map(|i| i % 12).collect();
    let captions = ["one line".to_owned(), "and a very long line of many words ".repeat(9)];
    let chart =
        Scatter { title: "Codes", points: &points, groups: None, axes: Some(["z0", "z1"]), captions: &captions };
    // Two points are not finite.
    let drawn = |groups: u32| (0..2500).filter(|i| i % 12 < groups && *i != 7 && *i != 8).count();
    for are_ordered in [false, true] {
        let groups = Some(grouped(&names[..if are_ordered { 5 } else { 12 }], &of_points, are_ordered));
        let svg = scatter::svg(&Scatter { groups, ..chart });
        check(&svg);
        let document = parsed(&svg);
        let markers = drawn_markers(&document);
        let points: usize = markers.iter().map(|(_, count)| count).sum();
        // Each group has one more marker, in the legend.
        let expected = if are_ordered { drawn(5) + 5 } else { drawn(12) + 12 };
        assert_eq!(points, expected);
        assert!(texts(&document).contains(&"class 4 (208)".into()), "with its number of points");
        assert_eq!(all(&document, "text", "name").is_empty(), are_ordered, "names in the chart");
        if are_ordered {
            let shades: Vec<f64> = markers[..5].iter().map(|(color, _)| brightness(color)).collect();
            assert!(shades.windows(2).all(|pair| pair[1] < 0.8 * pair[0]), "{shades:?}");
        }
    }
    let svg = scatter::svg(&chart);
    check(&svg);
    assert_eq!(drawn_markers(&parsed(&svg)).iter().map(|(_, count)| count).sum::<usize>(), 2498);
    assert!(svg.len() < 20 * 2500, "{} bytes for 2,500 points", svg.len());
}

/// Both axes have the same scale, and a map of one point, of equal points or of points on a line is drawn.
#[test]
fn a_scatter_chart_keeps_the_proportions_of_distances() {
    let captions = [STRANGE.to_owned()];
    let chart = Scatter { title: STRANGE, points: &[], groups: None, axes: None, captions: &captions };
    for points in
        [&[][..], &[[1.0, 1.0]], &[[5.0, 5.0]; 9], &[[0.0, 2.0], [1.0, 2.0]], &[[f64::NAN; 2]], &[[1e300, -1e300]; 2]]
    {
        check(&scatter::svg(&Scatter { points, axes: Some(["x", "y"]), ..chart }));
        check(&scatter::svg(&Scatter { points, ..chart }));
    }
    let svg = scatter::svg(&Scatter { points: &[[0.0, 0.0], [10.0, 0.0], [0.0, 5.0]], ..chart });
    let document = parsed(&svg);
    let path = all(&document, "path", "*")[0].attribute("d").expect("a path").replace("h0", "");
    let places: Vec<Vec<f64>> =
        path.split('M').skip(1).map(|at| at.split(',').map(|v| v.parse().expect("a number")).collect()).collect();
    let across = places[1][0] - places[0][0];
    let up = places[0][1] - places[2][1];
    assert!(across > 500.0 && (across - 2.0 * up).abs() < 0.3, "{across} {up}");
    let names: Vec<String> = (0..40).map(|class| format!("{STRANGE}{class}")).collect();
    let of_points: Vec<u32> = (0..9).collect();
    let groups = Some(grouped(&names, &of_points, false));
    let svg = scatter::svg(&Scatter { points: &[[5.0, 5.0]; 9], groups, ..chart });
    check(&svg);
    assert!(svg.contains("and 10 more"));
}

#[test]
fn pictures_of_points_do_not_cover_each_other() {
    let places = numbers(400, 5);
    let points: Vec<[f64; 2]> = (0..200).map(|i| [0, 1].map(|axis| f64::from(places[2 * i + axis]))).collect();
    let chart = Scatter { title: "Codes", points: &points, groups: None, axes: None, captions: &[] };
    for (shape, values) in [(&[6, 4][..], 24), (&[1, 4, 6], 24), (&[3, 5, 5], 75), (&[4, 5, 5], 100)] {
        let samples = ndarray::Array2::from_elem((200, values), 0.5);
        let svg = scatter::with_pictures(&chart, &samples, shape).expect("images");
        check(&svg);
        let document = parsed(&svg);
        let images = all(&document, "image", "*");
        assert!((50..=200).contains(&images.len()), "{}", images.len());
        let corners: Vec<[f64; 2]> = images.iter().map(|&node| [at(node, "x"), at(node, "y")]).collect();
        let size = ["width", "height"].map(|name| at(images[0], name));
        for (number, a) in corners.iter().enumerate() {
            let apart = |b: &[f64; 2]| (0..2).any(|axis| (a[axis] - b[axis]).abs() >= size[axis]);
            assert!(corners[..number].iter().all(apart));
        }
        assert_eq!(drawn_markers(&document).iter().map(|(_, count)| count).sum::<usize>(), 200);
    }
    let samples = ndarray::Array2::zeros((200, 24));
    for shape in [&[24][..], &[5, 5], &[2, 3, 4], &[]] {
        assert!(matches!(scatter::with_pictures(&chart, &samples, shape), Err(Error::Shape { .. })), "{shape:?}");
    }
    assert!(scatter::with_pictures(&chart, &ndarray::Array2::zeros((3, 24)), &[6, 4]).is_err(), "3 samples of 200");
}

/// Whatever the numbers are, the picture is well-formed and its coordinates are numbers.
#[test]
fn slopes_are_drawn_for_any_numbers() {
    let parabola: Vec<[f64; 3]> = (-10..=10).map(|x| f64::from(x) / 5.0).map(|x| [x, x * x, 2.0 * x]).collect();
    let broken = [[0.0, f64::NAN, 1.0], [1.0, f64::INFINITY, f64::NAN], [2.0, 1e300, -1e300], [3.0, 5.0, 0.0]];
    for (points, tangent, has_tangent) in [
        (&parabola[..], [1.0, 1.0, 2.0], true),
        (&parabola, [0.0, 0.0, 0.0], true),
        (&parabola, [5.0, 25.0, 10.0], false),
        (&parabola, [1.0, f64::NAN, f64::NAN], false),
        (&broken, [3.0, 5.0, 0.0], true),
        (&[], [0.0, 0.0, 0.0], true),
        (&[[1.0, 2.0, 3.0]], [1.0, 2.0, 3.0], true),
    ] {
        let chart = Slope { title: "<T>", x: "x", function: "f & g", slope: "s", points, tangent };
        let svg = slope::svg(&chart);
        check(&svg);
        assert_eq!(svg.contains("class=\"tangent\""), has_tangent, "{tangent:?}");
    }
}
