//! Finds the separator of a CSV file and its decimal sign from the first lines.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::value::{Decimal, is_missing, may_be_group, number};

/// How the cells and the numbers of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The byte between two cells.
    pub separator: u8,
    /// The sign before the decimals of a number.
    pub decimal: Decimal,
}

/// The separators that are looked for. If the lines fit several equally well, the first one is taken.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The most rows that are compared.
const MOST_ROWS: usize = 100;
/// The most cells of a row that are kept for a comparison.
pub(crate) const MOST_CELLS: usize = 1 << 10;

impl Dialect {
    /// Finds the dialect of a file from the text at its beginning. `is_all` says that this is the whole file.
    pub fn of(text: &[u8], is_all: bool) -> Self {
        let mut found: Option<(Dialect, [f64; 2])> = None;
        for separator in SEPARATORS {
            let rows = rows(text, separator, is_all, MOST_ROWS);
            let Some(first) = rows.first().filter(|row| row.count > 1) else { continue };
            let alike = rows.iter().filter(|row| row.count == first.count).count() as f64 / rows.len() as f64;
            let decimal = decimal(separator, &rows);
            let cells = || rows.iter().flat_map(|row| &row.cells);
            let numbers = cells().filter(|cell| is_missing(cell) || number(cell, decimal).is_some()).count();
            let fit = [alike, numbers as f64 / cells().count() as f64];
            if found.is_none_or(|(_, best)| fit > best) {
                found = Some((Dialect { separator, decimal }, fit));
            }
        }
        // With a separator that does not even fit half of the rows, the file is not a table in this dialect.
        let found = found.filter(|(_, [alike, _])| *alike > 0.5);
        found.map_or(Dialect { separator: b',', decimal: Decimal::Point }, |(dialect, _)| dialect)
    }

    /// A reader of cells in this dialect.
    pub fn reader(self) -> Reader {
        ReaderBuilder::new().delimiter(self.separator).build()
    }

    /// The separators of the file in words, in the plural.
    pub fn separators(self) -> &'static str {
        match self.separator {
            b';' => "semicolons",
            b'\t' => "tabs",
            b'|' => "vertical bars",
            _ => "commas",
        }
    }

    /// The dialect in words, for error messages.
    pub fn in_words(self) -> String {
        let decimal = if self.decimal == Decimal::Comma { ", and numbers have a decimal comma" } else { "" };
        format!("the cells are separated by {}{decimal}", self.separators())
    }

    /// The first cells of the first `most` rows of a text.
    pub fn first_rows(self, text: &[u8], is_all: bool, most: usize) -> Vec<Vec<String>> {
        rows(text, self.separator, is_all, most).into_iter().map(|row| row.cells).collect()
    }
}

/// A row at the beginning of a file.
struct Row {
    /// The first [`MOST_CELLS`] cells.
    cells: Vec<String>,
    /// The number of all its cells.
    count: usize,
}

/// The decimal sign. With semicolons it is a comma unless a decimal point is seen, because programs write semicolons
/// where the comma is the decimal sign. With tabs and vertical bars it is a comma only if one is seen that cannot stand
/// between groups of three digits, and no decimal point is seen.
fn decimal(separator: u8, rows: &[Row]) -> Decimal {
    if separator == b',' {
        return Decimal::Point;
    }
    let with = |sign: char| {
        let is_number = move |cell: &&String| number(&cell.replace(sign, "."), Decimal::Point).is_some();
        rows.iter().flat_map(|row| &row.cells).filter(move |cell| cell.contains(sign)).filter(is_number)
    };
    let is_sure = |sign: char| with(sign).any(|cell| !may_be_group(cell, sign));
    let is_comma = match separator {
        b';' => !is_sure('.') && (with(',').count() > 0 || with('.').count() == 0),
        _ => is_sure(',') && !is_sure('.'),
    };
    if is_comma { Decimal::Comma } else { Decimal::Point }
}

/// Reads the first rows of a text, at most `most`. The last row is left out if the text does not end with it, unless it
/// is the only one.
fn rows(text: &[u8], separator: u8, is_all: bool, most: usize) -> Vec<Row> {
    let mut reader = Dialect { separator, decimal: Decimal::Point }.reader();
    let (mut rows, mut row) = (Vec::new(), Row { cells: Vec::new(), count: 0 });
    let (mut rest, mut cell, mut length) = (text, vec![0; 1 << 12], 0);
    while rows.len() < most {
        let (result, taken, written) = reader.read_field(rest, &mut cell[length..]);
        rest = &rest[taken..];
        length += written;
        let ends_row = match result {
            ReadFieldResult::Field { record_end } => record_end,
            // A cell that is too long: reading it gives an error later.
            ReadFieldResult::OutputFull | ReadFieldResult::End => break,
            // The text ends within a cell. The second call, without any text, ends the cell and the row.
            ReadFieldResult::InputEmpty if is_all || rows.is_empty() => continue,
            ReadFieldResult::InputEmpty => break,
        };
        if row.count < MOST_CELLS {
            row.cells.push(String::from_utf8_lossy(&cell[..length]).trim().to_owned());
        }
        row.count += 1;
        length = 0;
        if ends_row {
            rows.push(std::mem::replace(&mut row, Row { cells: Vec::new(), count: 0 }));
        }
    }
    rows
}
