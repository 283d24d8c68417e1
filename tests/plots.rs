//! Charts with axes, read back as XML by `roxmltree`: losses, scores, trees and points stand where the axes say, and no
//! text leaves the picture or covers another.

mod svg;

use handgrad_pictures::Error;
use handgrad_pictures::charts::dendrogram::{self, Dendrogram, Join};
use handgrad_pictures::charts::losses::{self, Losses};
use handgrad_pictures::charts::scatter::{self, Groups, Scatter};
use handgrad_pictures::charts::scores::{self, Scores};
use handgrad_pictures::charts::slope::{self, Slope};
use handgrad_tests::numbers;
use roxmltree::{Document, Node};
use svg::{STRANGE, all, at, brightness, check, parsed, points, texts};

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
