//! What was found in a table that does not fit its columns.

use crate::count;

/// Cells of one column that do not fit it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    pub column: String,
    pub cells: usize,
    /// The text of the first of these cells, and its line.
    pub example: (String, usize),
    pub is_category: bool,
}

/// What was found in a table that does not fit its columns, for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub(super) misfits: Vec<Misfit>,
    /// The number of rows without any value, which are left out.
    pub empty_rows: usize,
    /// Whether only one of the table and the model has names of columns.
    pub(super) by_position: bool,
    /// If the decimal sign is not that of the training: whether it is a comma.
    pub(super) other_decimal: Option<bool>,
}

impl Told {
    /// Adds what was found in other rows of the same table.
    pub fn add(&mut self, other: Told) {
        for misfit in other.misfits {
            match self.misfits.iter_mut().find(|own| own.column == misfit.column) {
                Some(own) => own.cells += misfit.cells,
                None => self.misfits.push(misfit),
            }
        }
    }

    /// One line for each column with cells that do not fit, and one for the rows that were left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .misfits
            .iter()
            .map(|Misfit { column, cells, example: (text, line), is_category }| {
                let text = text.chars().take(40).collect::<String>();
                match is_category {
                    true => format!(
                        "column {column:?}: {} of no known class, such as {text:?} in line {line}: counted as other",
                        count(*cells, "cell is", "cells are")
                    ),
                    false => format!(
                        "column {column:?}: {} text, for example {text:?} in line {line}: counted as missing",
                        count(*cells, "cell holds", "cells hold")
                    ),
                }
            })
            .collect();
        if let Some(comma) = self.other_decimal {
            let [here, there] = if comma { ["comma", "point"] } else { ["point", "comma"] };
            lines.push(format!(
                "numbers are read with a decimal {here} here, and with a decimal {there} in the training"
            ));
        }
        if self.by_position {
            lines.push(
                "only one of this table and that of the training has a header: columns are matched by position".into(),
            );
        }
        if self.empty_rows > 0 {
            lines.push(format!("{} without any value left out", count(self.empty_rows, "row", "rows")));
        }
        lines
    }
}
