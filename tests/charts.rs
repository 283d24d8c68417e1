//! Tables, heat maps and series, read back as XML by `roxmltree`: they are well-formed, no text leaves the picture or
//! covers another, and they show what was given. What holds for every chart, whatever it is given.

mod svg;

use std::ops::Range;

use handgrad_pictures::Error;
use handgrad_pictures::charts::heat_map::{self, HeatMap};
use handgrad_pictures::charts::losses::{self, Losses};
use handgrad_pictures::charts::scores::{self, Roc, Scores};
use handgrad_pictures::charts::series::{self, Channel, Series, StepErrors};
use handgrad_pictures::charts::table::{self, Column, Table};
use handgrad_tests::numbers;
use proptest::prelude::*;
use svg::{STRANGE, all, at, brightness, check, parsed, points, texts};

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
