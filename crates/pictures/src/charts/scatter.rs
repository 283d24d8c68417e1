//! Points in the plane as an SVG, for example a map of codes: in groups with colours and shapes of their own, or with
//! the pictures of some points in their places. Both axes have the same scale, because distances are what a map shows.

use ndarray::{Array2, ArrayView1, ArrayView3};

use super::axis::{Axis, ends};
use super::drawing::{Anchor, Drawing, FONT, SHAPES};
use super::text::{counted, width};
use crate::Error;

/// The side of the square with the points, and its left upper corner.
const SIDE: f64 = 640.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 46.0;
const GAP: f64 = 8.0;
/// The room of the legend.
const LEGEND: f64 = 210.0;
/// The distance of lines of text.
const LINE: f64 = 19.0;
/// The most groups with a line in the legend.
const LINES: usize = 30;
/// So many points are drawn before the next group has its turn, so that no group hides all others.
const TURN: usize = 1000;
/// The cells of a grid along each side, and the side of a cell. A name is written in the fullest cell.
const CELLS: usize = 10;
const CELL: f64 = SIDE / CELLS as f64;
/// The side of the picture of a point, and the most such pictures.
const PICTURE: f64 = 28.0;
const PICTURES: usize = 400;

const STYLE: &str = ".frame{fill:none;stroke:#999}\
    .name{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}";

/// Colours of groups without an order, for colour-blind readers too (after Paul Tol).
const COLORS: [&str; 10] =
    ["#332288", "#66b5dd", "#117733", "#ddaa33", "#cc3311", "#44aa99", "#882255", "#999933", "#aa4499", "#555555"];
/// Colours of groups with an order: each is darker than the one before.
const SHADES: [&str; 5] = ["#b9c8dd", "#7fa6cf", "#c9803a", "#9c2f48", "#2d0a41"];

/// The groups of points.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    /// What the groups are, written above the legend.
    pub title: &'a str,
    /// Their names.
    pub names: &'a [String],
    /// The group of each point, a position in `names`.
    pub of_points: &'a [u32],
    /// Whether the groups have an order, for example from good to bad. Then there are at most five of them, each drawn
    /// darker than the one before; otherwise they differ by colour and shape, and have their names in the chart.
    pub are_ordered: bool,
}

/// Points in the plane, and the texts of their chart.
#[derive(Clone, Copy, Debug)]
pub struct Scatter<'a> {
    /// The title above the points.
    pub title: &'a str,
    /// The places of the points. A point that is not finite is not drawn.
    pub points: &'a [[f64; 2]],
    /// Their groups, if there are any.
    pub groups: Option<Groups<'a>>,
    /// What the two axes are. `None` if their values have no meaning by themselves; then they have no ticks.
    pub axes: Option<[&'a str; 2]>,
    /// The lines below the chart.
    pub captions: &'a [String],
}

/// Draws the points.
///
/// ```
/// use handgrad_pictures::charts::scatter::{Groups, Scatter, svg};
///
/// let names = ["cat".to_owned(), "dog".to_owned()];
/// let groups = Groups { title: "class", names: &names, of_points: &[0, 1, 1], are_ordered: false };
/// let points = [[0.0, 1.0], [2.0, 3.0], [2.5, 3.5]];
/// let captions = ["3 points".to_owned()];
/// let chart = Scatter { title: "Codes", points: &points, groups: Some(groups), axes: None, captions: &captions };
/// assert!(svg(&chart).contains("dog (2)"));
/// ```
#[must_use]
pub fn svg(chart: &Scatter) -> String {
    let frame = Frame::around(chart.points);
    let mut drawing = frame.begin(chart);
    let points: Vec<(usize, [f64; 2])> = frame.drawn(chart.points).collect();
    // Fewer points are drawn larger.
    let radius = (100.0 / (points.len().max(1) as f64).sqrt()).clamp(1.4, 4.0);
    let Some(groups) = chart.groups else {
        let places: Vec<[f64; 2]> = points.iter().map(|&(_, place)| place).collect();
        drawing.markers(COLORS[0], 0, radius, &places);
        return drawing.finish();
    };
    let group_of = |point: usize| groups.of_points.get(point).map(|&group| group as usize);
    // Of groups with an order, the darkest are drawn last, above the others.
    let turn = if groups.are_ordered { points.len().max(1) } else { TURN };
    for points in points.chunks(turn) {
        for group in 0..groups.names.len() {
            let of_group = points.iter().filter(|(point, _)| group_of(*point) == Some(group));
            let places: Vec<[f64; 2]> = of_group.map(|&(_, place)| place).collect();
            let (color, shape) = groups.style(group);
            drawing.markers(color, shape, radius, &places);
        }
    }
    if !groups.are_ordered {
        name(&mut drawing, &groups, &points);
    }
    legend(&mut drawing, &groups);
    drawing.finish()
}

/// Draws the pictures of points in their places, as many as have room without covering each other, and the other points
/// as grey dots. `samples` has one sample per row, with values in 0..1 and the shape `shape`: height × width, or
/// channels × height × width.
///
/// # Errors
/// If the samples are not as many as the points, or do not have this shape, or if the shape is not that of an image.
pub fn with_pictures(chart: &Scatter, samples: &Array2<f32>, shape: &[usize]) -> Result<String, Error> {
    let wrong = || Error::Shape { values: samples.ncols(), shape: shape.to_vec() };
    let ([channels, height, width], drawn) = match *shape {
        [height, width] => ([1, height, width], 1),
        [1, height, width] => ([1, height, width], 1),
        // The fourth channel is the opacity, which is not drawn.
        [channels @ (3 | 4), height, width] => ([channels, height, width], 3),
        _ => return Err(wrong()),
    };
    if samples.dim() != (chart.points.len(), channels * height * width) || samples.ncols() == 0 {
        return Err(wrong());
    }
    let picture = |sample: ArrayView1<f32>| {
        let values = sample.to_vec();
        let values = values.get(..drawn * height * width).ok_or_else(wrong)?;
        let view = ArrayView3::from_shape((drawn, height, width), values).map_err(|_| wrong())?;
        crate::images(&[view])
    };
    let frame = Frame::around(chart.points);
    let mut drawing = frame.begin(&Scatter { groups: None, ..*chart });
    let dots: Vec<[f64; 2]> = frame.drawn(chart.points).map(|(_, place)| place).collect();
    drawing.markers("#bbbbbb", 0, 1.4, &dots);
    let longest = height.max(width) as f64;
    let size = [width, height].map(|length| PICTURE * length as f64 / longest);
    let mut taken: Vec<[f64; 2]> = Vec::new();
    for (point, place) in frame.drawn(chart.points) {
        let is_free = |other: &[f64; 2]| (0..2).any(|axis| (other[axis] - place[axis]).abs() > size[axis] + 2.0);
        if taken.len() < PICTURES && taken.iter().all(is_free) {
            let corner = [0, 1].map(|axis| place[axis] - size[axis] / 2.0);
            drawing.image(corner, size, &picture(samples.row(point))?);
            taken.push(place);
        }
    }
    Ok(drawing.finish())
}

impl Groups<'_> {
    /// The colour and the shape of a group.
    fn style(&self, group: usize) -> (&'static str, usize) {
        match self.are_ordered {
            true => (SHADES[group.min(SHADES.len() - 1)], 0),
            false => (COLORS[group % COLORS.len()], group % SHAPES),
        }
    }
}

/// The part of the plane that is drawn: a square.
struct Frame {
    low: [f64; 2],
    span: f64,
}

impl Frame {
    /// The square around all points, with a margin.
    fn around(points: &[[f64; 2]]) -> Self {
        let finite = || points.iter().filter(|point| point.iter().all(|value| value.is_finite()));
        let of_axis = [0, 1].map(|axis| {
            let values: Vec<f64> = finite().map(|point| point[axis]).collect();
            ends(&values).unwrap_or((0.0, 1.0))
        });
        let largest = of_axis.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
        // If all points are in one place, any size will do.
        let span = if largest > 0.0 && largest.is_finite() { 1.1 * largest } else { 1.0 };
        Self { low: of_axis.map(|(low, high)| f64::midpoint(low, high) - span / 2.0), span }
    }

    fn place(&self, point: [f64; 2]) -> [f64; 2] {
        let part = |axis: usize| ((point[axis] - self.low[axis]) / self.span).clamp(0.0, 1.0);
        [LEFT + SIDE * part(0), TOP + SIDE * (1.0 - part(1))]
    }

    /// The points that are finite: their numbers and their places in the picture.
    fn drawn<'a>(&'a self, points: &'a [[f64; 2]]) -> impl Iterator<Item = (usize, [f64; 2])> + 'a {
        let finite = points.iter().enumerate().filter(|(_, point)| point.iter().all(|value| value.is_finite()));
        finite.map(|(number, &point)| (number, self.place(point)))
    }

    /// Begins the picture: everything except points and legend.
    fn begin(&self, chart: &Scatter) -> Drawing {
        let below = if chart.axes.is_some() { 44.0 } else { 12.0 };
        let height = TOP + SIDE + below + LINE * chart.captions.len() as f64 + GAP;
        let right = if chart.groups.is_some() { LEGEND } else { 2.0 * GAP };
        let picture_width = LEFT + SIDE + right;
        let mut drawing = Drawing::new([picture_width, height], chart.title, &about(chart), STYLE);
        drawing.text_within("title", Anchor::Start, [LEFT, 24.0], chart.title, SIDE);
        if let Some(names) = chart.axes {
            self.axes(&mut drawing, names);
        }
        drawing.rect("frame", [LEFT, TOP], [SIDE, SIDE]);
        for (line, caption) in chart.captions.iter().enumerate() {
            let y = TOP + SIDE + below + LINE * (line as f64 + 0.6);
            drawing.text_within("", Anchor::Start, [LEFT, y], caption, picture_width - LEFT - GAP);
        }
        drawing
    }

    fn axes(&self, drawing: &mut Drawing, [x_name, y_name]: [&str; 2]) {
        let ticks = |axis: usize| Axis::between(self.low[axis], self.low[axis] + self.span, 6.0).ticks();
        for (value, label) in ticks(0) {
            let [x, _] = self.place([value, self.low[1]]);
            drawing.line("grid", [x, TOP], [x, TOP + SIDE]);
            drawing.text("", Anchor::Middle, [x, TOP + SIDE + 18.0], &label);
        }
        for (value, label) in ticks(1) {
            let [_, y] = self.place([self.low[0], value]);
            drawing.line("grid", [LEFT, y], [LEFT + SIDE, y]);
            drawing.text("", Anchor::End, [LEFT - GAP, y + 4.0], &label);
        }
        drawing.text_within("", Anchor::Middle, [LEFT + SIDE / 2.0, TOP + SIDE + 37.0], x_name, SIDE);
        drawing.text_within("", Anchor::Start, [GAP, TOP - 10.0], y_name, LEFT - GAP);
    }
}

/// Writes the name of each group where it has most of its points, unless it would cover another name.
fn name(drawing: &mut Drawing, groups: &Groups, points: &[(usize, [f64; 2])]) {
    let mut taken: Vec<[[f64; 2]; 2]> = Vec::new();
    for (group, name) in groups.names.iter().enumerate().take(LINES) {
        let of_group = |point: usize| groups.of_points.get(point).is_some_and(|&of| of as usize == group);
        let places: Vec<[f64; 2]> =
            points.iter().filter(|(point, _)| of_group(*point)).map(|&(_, place)| place).collect();
        let Some(place) = densest(&places) else { continue };
        // Bold letters are up to a quarter wider.
        let half = width(name, 1.25 * FONT) / 2.0;
        if 2.0 * half > SIDE / 4.0 {
            continue;
        }
        let x = place[0].clamp(LEFT + half, LEFT + SIDE - half);
        let y = (place[1] + 4.0).clamp(TOP + FONT, TOP + SIDE - 4.0);
        let [low, high] = [[x - half, y - FONT], [x + half, y + 4.0]];
        let is_free = |[a, b]: &[[f64; 2]; 2]| (0..2).any(|axis| high[axis] < a[axis] || low[axis] > b[axis]);
        if taken.iter().all(is_free) {
            drawing.text("name", Anchor::Middle, [x, y], name);
            taken.push([low, high]);
        }
    }
}

/// The mean of the places in the cell of a grid that has most of them; the first such cell.
fn densest(places: &[[f64; 2]]) -> Option<[f64; 2]> {
    let cell = |place: &[f64; 2]| {
        let [x, y] = [place[0] - LEFT, place[1] - TOP].map(|at| ((at / CELL) as usize).min(CELLS - 1));
        y * CELLS + x
    };
    let mut counts = vec![0_usize; CELLS * CELLS];
    places.iter().for_each(|place| counts[cell(place)] += 1);
    let fullest = (0..counts.len()).rev().max_by_key(|&cell| counts[cell])?;
    let count = counts[fullest] as f64;
    let sum = |axis: usize| places.iter().filter(|place| cell(place) == fullest).map(|place| place[axis]).sum::<f64>();
    (count > 0.0).then(|| [sum(0) / count, sum(1) / count])
}

fn legend(drawing: &mut Drawing, groups: &Groups) {
    let left = LEFT + SIDE + 2.0 * GAP;
    let room = LEGEND - 5.0 * GAP;
    drawing.text_within("", Anchor::Start, [left, TOP + 12.0], groups.title, room + 2.0 * GAP);
    let mut y = TOP + 12.0 + LINE;
    for (group, name) in groups.names.iter().enumerate().take(LINES) {
        let points = groups.of_points.iter().filter(|&&of| of as usize == group).count();
        let (color, shape) = groups.style(group);
        drawing.markers(color, shape, 4.0, &[[left + 4.0, y - 4.0]]);
        drawing.text_within("", Anchor::Start, [left + 2.0 * GAP, y], &format!("{name} ({points})"), room);
        y += LINE;
    }
    if groups.names.len() > LINES {
        drawing.text("", Anchor::Start, [left, y], &format!("and {} more", groups.names.len() - LINES));
    }
}

/// What the chart shows, for screen readers.
fn about(chart: &Scatter) -> String {
    let points = counted(chart.points.len(), "point");
    let groups = chart.groups.map_or(String::new(), |groups| format!(" in {}", counted(groups.names.len(), "group")));
    format!("{points} in the plane{groups}. {}", chart.captions.join(" "))
}
