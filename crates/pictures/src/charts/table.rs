//! Rows of a table as an SVG: for each row the columns that contribute most to its error, with the value that was
//! found, the value that was expected, and a bar.

use super::drawing::{Anchor, Drawing};
use super::text::{counted, short};

/// The most rows that are drawn.
pub const ROWS: usize = 10;

const WIDTH: f64 = 900.0;
/// The left ends of the names, the values that were found, those that were expected, and the bars.
const COLUMNS: [f64; 4] = [24.0, 220.0, 390.0, 560.0];
/// The right end of the longest bar. The number of the bar stands to the right of it.
const BARS_END: f64 = 800.0;
/// The distance of two texts in one line.
const GAP: f64 = 14.0;
/// The height of a line.
const LINE: f64 = 22.0;
/// The place of the line with the headings.
const HEADINGS: f64 = 56.0;

const STYLE: &str = ".bar{fill:#4477aa}.identifier{font-weight:600}.heading{fill:#666}.rule{stroke:#bbb}\
    .more{fill:#666;font-style:italic}";

/// Rows of a table whose values were not what was expected.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The title above the rows.
    pub title: &'a str,
    /// What the contribution of a column is, with its unit if it has one: the heading of the bars.
    pub contribution: &'a str,
    /// The rows in the order in which they are drawn. At most [`ROWS`] are drawn.
    pub rows: &'a [Row<'a>],
    /// The most columns that are drawn of each row.
    pub columns_per_row: usize,
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What distinguishes the row from others, such as its number or its key.
    pub identifier: &'a str,
    /// The columns of the row, in any order.
    pub columns: &'a [Column<'a>],
}

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The name of the column.
    pub name: &'a str,
    /// The value in the row, as text.
    pub found: &'a str,
    /// The value that the model expected, as text.
    pub expected: &'a str,
    /// How much the column contributes to the error of the row: the larger, the more unusual. It may be infinite.
    pub contribution: f64,
}

/// Draws the rows below each other. The columns of each row are sorted: the largest contribution is first, and a
/// contribution that is not a number is last. The bars of all rows have the same scale. A bar of 0 or less is empty.
///
/// ```
/// use handgrad_pictures::charts::table::{Column, Row, Table, svg};
///
/// let columns = [
///     Column { name: "age", found: "41", expected: "38.2", contribution: 0.1 },
///     Column { name: "country", found: "Norway", expected: "Chile", contribution: 2.5 },
/// ];
/// let rows = [Row { identifier: "row 17", columns: &columns }];
/// let table = Table { title: "Most unusual", contribution: "squared error", rows: &rows, columns_per_row: 1 };
/// let svg = svg(&table);
/// assert!(svg.contains("Norway") && !svg.contains("38.2"));
/// assert!(svg.contains("and 1 more column"));
/// ```
#[must_use]
pub fn svg(table: &Table) -> String {
    let &Table { title, contribution, rows, columns_per_row } = table;
    let rows_left = rows.len().saturating_sub(ROWS);
    let drawn: Vec<_> = rows.iter().take(ROWS).map(|row| (row, worst(row, columns_per_row))).collect();
    // Each row is a line for its identifier, a line for each column, and a line for what is left out.
    let lines_of = |(row, worst): &(&Row, Vec<Column>)| 1 + worst.len() + usize::from(worst.len() < row.columns.len());
    let lines = drawn.iter().map(lines_of).sum::<usize>() + usize::from(rows_left > 0);
    let height = HEADINGS + 24.0 + (LINE * lines as f64) + 10.0 * drawn.len() as f64;
    let about = format!(
        "The columns that contribute most to the error of each row, worst first: name, found value, expected value, \
         and a bar for the {contribution}. {} of {}.",
        drawn.len(),
        counted(rows.len(), "row")
    );
    let mut drawing = Drawing::new([WIDTH, height], title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [COLUMNS[0], 24.0], title, WIDTH - 2.0 * COLUMNS[0]);
    let edges = [COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3], WIDTH];
    let room = |at: usize| edges[at + 1] - edges[at] - GAP;
    for (at, heading) in ["column", "found", "expected", contribution].into_iter().enumerate() {
        drawing.text_within("heading", Anchor::Start, [COLUMNS[at], HEADINGS], heading, room(at));
    }

    let all = drawn.iter().flat_map(|(_, worst)| worst).map(|column| column.contribution);
    let longest = all.filter(|contribution| contribution.is_finite()).fold(0.0, f64::max);
    let mut y = HEADINGS + 8.0;
    for (row, worst) in &drawn {
        drawing.line("rule", [COLUMNS[0], y], [WIDTH - COLUMNS[0], y]);
        y += LINE;
        // The letters of the identifier are bold, which makes them up to 25 % wider.
        let whole_line = (WIDTH - 2.0 * COLUMNS[0]) / 1.25;
        drawing.text_within("identifier", Anchor::Start, [COLUMNS[0], y - 4.0], row.identifier, whole_line);
        for column in worst {
            y += LINE;
            for (at, text) in [column.name, column.found, column.expected].into_iter().enumerate() {
                drawing.text_within("", Anchor::Start, [COLUMNS[at], y - 4.0], text, room(at));
            }
            // What is not a number has no bar, and an infinite contribution has the longest.
            let part = match column.contribution {
                size if size == f64::INFINITY => 1.0,
                size if size > 0.0 => size / longest,
                _ => 0.0,
            };
            let bar = part * (BARS_END - COLUMNS[3]);
            if bar > 0.0 {
                drawing.rect("bar", [COLUMNS[3], y - 16.0], [bar, 14.0]);
            }
            drawing.text("", Anchor::Start, [COLUMNS[3] + bar + 6.0, y - 4.0], &short(column.contribution));
        }
        if worst.len() < row.columns.len() {
            y += LINE;
            let more = counted(row.columns.len() - worst.len(), "more column");
            drawing.text("more", Anchor::Start, [COLUMNS[0], y - 4.0], &format!("and {more}"));
        }
        y += 10.0;
    }
    if rows_left > 0 {
        drawing.line("rule", [COLUMNS[0], y], [WIDTH - COLUMNS[0], y]);
        let more = format!("and {}", counted(rows_left, "more row"));
        drawing.text("more", Anchor::Start, [COLUMNS[0], y + LINE - 4.0], &more);
    }
    drawing.finish()
}

/// The columns with the largest contributions, the largest first. Equal ones keep their order.
fn worst<'a>(row: &Row<'a>, most: usize) -> Vec<Column<'a>> {
    let mut columns = row.columns.to_vec();
    let size = |column: &Column| if column.contribution.is_nan() { f64::NEG_INFINITY } else { column.contribution };
    columns.sort_by(|a, b| size(b).total_cmp(&size(a)));
    columns.truncate(most);
    columns
}
