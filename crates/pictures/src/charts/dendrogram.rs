//! The tree of hierarchical clustering as an SVG: clusters on the right, and where two of them are joined, their
//! distance on the axis below.

use super::axis::Axis;
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{counted, short, width};

const WIDTH: f64 = 760.0;
const TOP: f64 = 62.0;
/// The distance of two leaves.
const LINE: f64 = 19.0;
const GAP: f64 = 8.0;
/// The most room for the name of a leaf.
const NAME: f64 = 240.0;

const STYLE: &str = ".branch{stroke:#4477aa;stroke-width:2;fill:none}.cut{stroke:#882255;stroke-dasharray:6 4}\
    .cut-name{fill:#882255}";

/// A join of two clusters. The leaves are numbered from 0 to m − 1, and join i makes the cluster m + i.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Join {
    /// The two clusters.
    pub of: [usize; 2],
    /// Their distance.
    pub height: f64,
}

/// A tree, and the texts of its chart.
#[derive(Clone, Copy, Debug)]
pub struct Dendrogram<'a> {
    /// The title above the tree.
    pub title: &'a str,
    /// What the heights are, written below their axis.
    pub height: &'a str,
    /// The names of the leaves.
    pub leaves: &'a [&'a str],
    /// The joins in ascending order of their height, one fewer than leaves.
    pub joins: &'a [Join],
    /// A height at which the tree is cut, and its name.
    pub cut: Option<(&'a str, f64)>,
}

/// Draws the tree. Joins of clusters that do not exist are left out.
///
/// ```
/// use handgrad_pictures::charts::dendrogram::{Dendrogram, Join, svg};
///
/// let joins = [Join { of: [0, 2], height: 1.0 }, Join { of: [3, 1], height: 4.0 }];
/// let leaves = ["ones", "zeros", "sevens"];
/// let svg = svg(&Dendrogram { title: "Digits", height: "distance", leaves: &leaves, joins: &joins, cut: None });
/// assert!(svg.starts_with("<svg") && leaves.iter().all(|name| svg.contains(name)));
/// ```
#[must_use]
pub fn svg(tree: &Dendrogram) -> String {
    let Dendrogram { title, height: height_name, leaves, joins, cut } = *tree;
    let m = leaves.len();
    let highest = joins.iter().map(|join| join.height).chain(cut.map(|(_, height)| height)).fold(0.0, f64::max);
    let axis = Axis::around(0.0, if highest > 0.0 { highest } else { 1.0 }, 6.0);
    let names = leaves.iter().map(|name| width(name, FONT)).fold(40.0, f64::max).min(NAME);
    let (left, right) = (4.0 * GAP, WIDTH - names - 3.0 * GAP);
    let bottom = TOP + LINE * m as f64;
    // Low heights are on the right, beside the leaves.
    let x = |height: f64| right - axis.part(height) * (right - left);

    // The middle of each cluster.
    let order = order(m, joins);
    let mut y = vec![f64::NAN; m + joins.len()];
    order.iter().enumerate().for_each(|(at, &leaf)| y[leaf] = TOP + LINE * (at as f64 + 0.5));
    let about = format!(
        "A tree of {}: the two that are nearest are joined first, at {}, and the last ones at {}.",
        counted(m, "cluster"),
        short(joins.first().map_or(f64::NAN, |join| join.height)),
        short(joins.last().map_or(f64::NAN, |join| join.height)),
    );
    let mut drawing = Drawing::new([WIDTH, bottom + 52.0], title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [left, 24.0], title, WIDTH - left - GAP);
    for (value, label) in axis.ticks() {
        drawing.line("grid", [x(value), TOP], [x(value), bottom]);
        drawing.text("", Anchor::Middle, [x(value), bottom + 18.0], &label);
    }
    drawing.text_within("", Anchor::Middle, [f64::midpoint(left, right), bottom + 40.0], height_name, right - left);
    let of = |cluster: usize| cluster.checked_sub(m).map_or(0.0, |join| joins[join].height);
    for (number, join) in joins.iter().enumerate() {
        let [a, b] = join.of;
        // A part that does not exist, or is joined only later, has no place.
        let [Some(above), Some(below)] = [a, b].map(|part| y.get(part).copied().filter(|y| y.is_finite())) else {
            continue;
        };
        let at = x(join.height);
        drawing.curve("branch", &[[x(of(a)), above], [at, above], [at, below], [x(of(b)), below]]);
        y[m + number] = f64::midpoint(above, below);
    }
    for (leaf, name) in leaves.iter().enumerate() {
        drawing.text_within("", Anchor::Start, [right + GAP, y[leaf] + 4.0], name, names + GAP);
    }
    if let Some((name, height)) = cut {
        drawing.line("cut", [x(height), TOP - 4.0], [x(height), bottom]);
        drawing.text("cut-name", Anchor::Middle, [x(height).max(left + width(name, FONT) / 2.0), TOP - 6.0], name);
    }
    drawing.finish()
}

/// The leaves from top to bottom, so that the branches do not cross.
fn order(leaves: usize, joins: &[Join]) -> Vec<usize> {
    let mut is_part = vec![false; leaves + joins.len()];
    let parts = |number: usize| joins[number].of.into_iter().filter(move |&part| part < leaves + number);
    (0..joins.len()).flat_map(parts).for_each(|part| is_part[part] = true);
    // The clusters that are part of no other: one, if the joins are those of a whole tree.
    let mut open: Vec<usize> = (0..is_part.len()).filter(|&cluster| !is_part[cluster]).collect();
    let (mut order, mut is_placed) = (Vec::new(), vec![false; leaves]);
    while let Some(cluster) = open.pop() {
        match cluster.checked_sub(leaves) {
            Some(number) => open.extend(parts(number).collect::<Vec<_>>().into_iter().rev()),
            None if !is_placed[cluster] => {
                is_placed[cluster] = true;
                order.push(cluster);
            }
            None => {}
        }
    }
    order
}
