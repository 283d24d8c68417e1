//! A confusion matrix as an SVG: how many samples of each class are called each class.

use super::drawing::{Anchor, Drawing, FONT};
use super::heat_map::color;
use super::text::{counted, fit, width};
use crate::Error;

/// The most classes that are drawn.
pub const CLASSES: usize = 40;
/// The numbers are written into the cells if there are at most this many classes.
const NUMBERED: usize = 20;

/// The width and the height of a cell with a number, and of one without.
const CELLS: [f64; 2] = [44.0, 18.0];
/// The most room for the name of a class.
const NAME: f64 = 150.0;
const GAP: f64 = 8.0;
const LEAST_WIDTH: f64 = 720.0;

const STYLE: &str = ".frame{fill:none;stroke:#999}.light{fill:#fff}.note{fill:#666}";

/// A confusion matrix.
#[derive(Clone, Copy, Debug)]
pub struct Confusion<'a> {
    /// The title above the matrix.
    pub title: &'a str,
    /// The names of the classes.
    pub classes: &'a [&'a str],
    /// The number of samples of each class that are called each class: all of the first class, then all of the second.
    pub counts: &'a [usize],
}

/// Draws a line of cells for each class, and in it a cell for each class that its samples are called. A cell is the
/// darker, the larger the part of the samples of the line. At most [`CLASSES`] classes are drawn, and the picture says
/// how many are left out.
///
/// ```
/// use handgrad_pictures::charts::confusion::{Confusion, svg};
///
/// let drawn = svg(&Confusion { title: "Pets", classes: &["cat", "dog"], counts: &[8, 2, 1, 9] })?;
/// assert!(drawn.contains("cat, called dog: 2 of 10"));
/// # Ok::<(), handgrad_pictures::Error>(())
/// ```
///
/// # Errors
/// If there are not as many counts as pairs of classes.
pub fn svg(matrix: &Confusion) -> Result<String, Error> {
    let &Confusion { title, classes, counts } = matrix;
    let all = classes.len();
    if counts.len() != all * all {
        return Err(Error::Counts { counts: counts.len(), classes: all });
    }
    let drawn = all.min(CLASSES);
    let is_numbered = drawn <= NUMBERED;
    let cell = CELLS[usize::from(!is_numbered)];
    let names: Vec<String> = classes[..drawn].iter().map(|name| fit(name, FONT, NAME)).collect();
    let room = names.iter().map(|name| width(name, FONT)).fold(30.0, f64::max);
    let left = GAP + room + GAP;
    let top = 66.0 + room.min(NAME) + GAP;
    let side = cell * drawn as f64;
    let full_width = (left + side + 0.5 * room + 2.0 * GAP).max(LEAST_WIDTH);
    let height = top + side + 32.0 + if drawn < all { 22.0 } else { 0.0 };
    let samples: usize = counts.iter().sum();
    let right: usize = (0..all).map(|class| counts[class * all + class]).sum();
    let of_classes = if all == 1 { "1 class".to_owned() } else { format!("{all} classes") };
    let about = format!(
        "A confusion matrix of {of_classes}: {right} of {} are called their class.",
        counted(samples, "sample")
    );
    let mut drawing = Drawing::new([full_width, height], title, &about, STYLE);
    let whole_line = full_width - 2.0 * GAP;
    drawing.text_within("title", Anchor::Start, [GAP, 24.0], title, whole_line);
    let note = "rows: the class; columns: what it is called; darker: a larger part of the row";
    drawing.text_within("note", Anchor::Start, [GAP, 46.0], note, whole_line);
    for (at, name) in classes[..drawn].iter().enumerate() {
        drawing.rising_text([left + cell * (at as f64 + 0.5) + 4.0, top - GAP], name, NAME);
        let y = top + cell * (at as f64 + 0.5);
        drawing.text_within("", Anchor::End, [left - GAP, y + 5.0], name, NAME);
    }
    for row in 0..drawn {
        let of_row = &counts[row * all..][..all];
        let sum: usize = of_row.iter().sum();
        for (column, &count) in of_row[..drawn].iter().enumerate() {
            let place = [left + cell * column as f64, top + cell * row as f64];
            let part = count as f64 / sum.max(1) as f64;
            let text = format!("{}, called {}: {count} of {sum}", classes[row], classes[column]);
            drawing.cell_with_title(&color(part), place, [cell - 1.0, cell - 1.0], &text);
            if is_numbered && count > 0 {
                let class = if part > 0.5 { "light" } else { "" };
                let middle = [place[0] + 0.5 * (cell - 1.0), place[1] + 0.5 * cell + 5.0];
                drawing.text_within(class, Anchor::Middle, middle, &count.to_string(), cell);
            }
        }
    }
    drawing.rect("frame", [left - 0.5, top - 0.5], [side, side]);
    if drawn < all {
        let text = format!("and {} more classes, which are not drawn", all - drawn);
        drawing.text("note", Anchor::Start, [GAP, height - 12.0], &text);
    }
    Ok(drawing.finish())
}
