//! The errors of the columns of a table in a set of rows, as an SVG: one cell for each row and column.

use super::axis::{Axis, Bulk, bulk};
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{counted, fit, short, width};
use crate::Error;

/// The most rows that are drawn.
pub const ROWS: usize = 30;
/// The most columns that are drawn.
pub const COLUMNS: usize = 40;

/// The width and the height of a cell.
const CELL: f64 = 20.0;
/// The most room for the identifier of a row and for the name of a column.
const NAME: f64 = 170.0;
/// The distance of texts from the edges and from the cells.
const GAP: f64 = 8.0;
/// The width of the legend, and of the picture at least.
const LEGEND: f64 = 240.0;
const LEAST_WIDTH: f64 = 640.0;
/// The legend is drawn in this many steps of brightness.
const STEPS: usize = 60;
/// The sine and the cosine of the 60 degrees by which the names of the columns rise.
const RISE: [f64; 2] = [0.866_025_403_784_438_6, 0.5];

const STYLE: &str = ".unknown{stroke:#999}.frame{fill:none;stroke:#999}";

/// The colours from the smallest error to the largest. The brightness falls evenly.
const COLORS: [[f64; 3]; 4] = [[247.0, 246.0, 235.0], [240.0, 180.0, 90.0], [175.0, 65.0, 70.0], [45.0, 10.0, 65.0]];

/// The errors of the columns of a table in some of its rows.
#[derive(Clone, Copy, Debug)]
pub struct HeatMap<'a> {
    /// The title above the cells.
    pub title: &'a str,
    /// What the errors are, with their unit if they have one: written at the legend.
    pub error: &'a str,
    /// The names of the columns, in any order.
    pub columns: &'a [&'a str],
    /// The rows in the order in which they are drawn. At most [`ROWS`] are drawn.
    pub rows: &'a [Row<'a>],
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What distinguishes the row from others, such as its number or its key.
    pub identifier: &'a str,
    /// The error of each column, as many as there are names of columns. An error that is not a number is drawn as a
    /// crossed-out cell, and an infinite error as the largest.
    pub errors: &'a [f64],
}

/// Draws a cell for each row and column, the darker the larger the error. The columns are sorted by the mean of their
/// errors in the rows that are drawn, the worst first. At most [`COLUMNS`] are drawn, and the picture says how many
/// rows and columns are left out. If a few errors are far larger than the others, the darkest colour stands for all of
/// them, and the legend says so.
///
/// ```
/// use handgrad_pictures::charts::heat_map::{HeatMap, Row, svg};
///
/// let rows = [Row { identifier: "row 3", errors: &[0.1, 2.0] }, Row { identifier: "row 9", errors: &[0.0, 1.0] }];
/// let svg = svg(&HeatMap { title: "Errors", error: "squared error", columns: &["age", "city"], rows: &rows })?;
/// assert!(svg.find("city") < svg.find("age"), "the worst column is first");
/// # Ok::<(), handgrad_pictures::Error>(())
/// ```
///
/// # Errors
/// If a row does not have as many errors as there are columns.
pub fn svg(map: &HeatMap) -> Result<String, Error> {
    let &HeatMap { title, error, columns, rows } = map;
    if let Some(row) = rows.iter().find(|row| row.errors.len() != columns.len()) {
        return Err(Error::RowLength { row: row.identifier.into(), errors: row.errors.len(), columns: columns.len() });
    }
    let shown = &rows[..rows.len().min(ROWS)];
    let order = worst_first(columns.len(), shown);
    let left_out = [(columns.len() - order.len(), "column"), (rows.len() - shown.len(), "row")];
    let left_out: Vec<_> = left_out
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, of)| counted(count, &format!("more {of}")))
        .collect();

    // The colours are for errors from 0, or from the smallest if it is negative, and always include 0.
    let all: Vec<f64> = shown.iter().flat_map(|row| order.iter().map(|&column| row.errors[column])).collect();
    let Bulk { low, high, beyond } = bulk(&all).unwrap_or(Bulk { low: 0.0, high: 1.0, beyond: 0 });
    let (low, high) = (low.min(0.0), high.max(0.0));
    let high = if high > low { high } else { 1.0 };
    let scale = Axis::between(low, high, 4.0);

    let names: Vec<_> = shown.iter().map(|row| fit(row.identifier, FONT, NAME)).collect();
    let left = GAP + names.iter().map(|name| width(name, FONT)).fold(40.0, f64::max) + GAP;
    let rise = order.iter().map(|&column| width(columns[column], FONT).min(NAME)).fold(0.0, f64::max);
    let top = 40.0 + rise * RISE[0] + 2.0 * GAP;
    let (cells_end, bottom) = (left + CELL * order.len() as f64, top + CELL * shown.len() as f64);
    let full_width = (cells_end + rise * RISE[1] + 2.0 * GAP).max(LEAST_WIDTH);
    let height = bottom + 76.0 + if left_out.is_empty() { 0.0 } else { 22.0 };
    let about = format!(
        "A heat map: the {error} of {} in {}. The column with the largest mean is first. {}",
        counted(order.len(), "column"),
        counted(shown.len(), "row"),
        order.first().map_or(String::new(), |&worst| format!("It is {}.", columns[worst]))
    );
    let mut drawing = Drawing::new([full_width, height], title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [GAP, 24.0], title, full_width - 2.0 * GAP);
    for (at, &column) in order.iter().enumerate() {
        let place = [left + CELL * (at as f64 + 0.5) + 4.0, top - GAP];
        drawing.rising_text(place, columns[column], NAME);
    }
    for (line, row) in shown.iter().enumerate() {
        let y = top + CELL * line as f64;
        drawing.text_within("", Anchor::End, [left - GAP, y + 15.0], row.identifier, NAME);
        for (at, &column) in order.iter().enumerate() {
            let (x, error) = (left + CELL * at as f64, row.errors[column]);
            if error.is_nan() {
                drawing.line("unknown", [x + 5.0, y + 5.0], [x + CELL - 5.0, y + CELL - 5.0]);
                drawing.line("unknown", [x + 5.0, y + CELL - 5.0], [x + CELL - 5.0, y + 5.0]);
            } else {
                drawing.cell(&color(scale.part(error)), [x, y], [CELL - 1.0, CELL - 1.0]);
            }
        }
    }
    legend(&mut drawing, &scale, error, bottom + 24.0, full_width, beyond);
    if !left_out.is_empty() {
        let text = format!("and {}, which are not drawn", left_out.join(" and "));
        drawing.text("", Anchor::Start, [GAP, height - 12.0], &text);
    }
    Ok(drawing.finish())
}

/// The numbers of the columns to draw: those with the largest mean error first, those without any number last.
fn worst_first(columns: usize, rows: &[Row]) -> Vec<usize> {
    let mean = |column: usize| {
        let errors: Vec<f64> = rows.iter().map(|row| row.errors[column]).filter(|error| !error.is_nan()).collect();
        // Each error is divided before they are added, so that the sum of large errors is not infinite.
        let mean: f64 = errors.iter().map(|error| error / errors.len() as f64).sum();
        if errors.is_empty() || mean.is_nan() { f64::NEG_INFINITY } else { mean }
    };
    let mut order: Vec<_> = (0..columns).map(|column| (mean(column), column)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.into_iter().take(COLUMNS).map(|(_, column)| column).collect()
}

/// The colour of an error: `part` is 0 for the smallest and 1 for the largest.
pub(super) fn color(part: f64) -> String {
    let place = part * (COLORS.len() - 1) as f64;
    let from = (place as usize).min(COLORS.len() - 2);
    let way = place - from as f64;
    let level = |at: usize| ((1.0 - way) * COLORS[from][at] + way * COLORS[from + 1][at]).round() as u8;
    format!("#{:02x}{:02x}{:02x}", level(0), level(1), level(2))
}

/// Draws the colours with their errors.
fn legend(drawing: &mut Drawing, scale: &Axis, error: &str, y: f64, full_width: f64, beyond: usize) {
    let left = 2.0 * GAP;
    let step = LEGEND / STEPS as f64;
    for at in 0..STEPS {
        let part = at as f64 / (STEPS - 1) as f64;
        // The rectangles overlap, so that no light shines through between them.
        drawing.cell(&color(part), [left + at as f64 * step, y], [LEGEND - at as f64 * step, 14.0]);
    }
    drawing.rect("frame", [left, y], [LEGEND, 14.0]);
    let ticks = scale.ticks();
    let mut end = f64::NEG_INFINITY;
    for (value, label) in &ticks {
        let (x, half) = (left + scale.part(*value) * LEGEND, width(label, FONT) / 2.0);
        drawing.line("frame", [x, y + 14.0], [x, y + 18.0]);
        if x - half > end {
            drawing.text("", Anchor::Middle, [x.max(half), y + 32.0], label);
            end = x + half + 4.0;
        }
    }
    let at = left + LEGEND + 5.0 * GAP;
    drawing.text_within("", Anchor::Start, [at, y + 12.0], error, full_width - at - GAP);
    if beyond > 0 {
        let largest = format!("darkest: {} and more", short(scale.high));
        drawing.text_within("", Anchor::Start, [at, y + 32.0], &largest, full_width - at - GAP);
    }
}
