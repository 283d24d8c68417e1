//! Writes a CSV file again with its holes filled. Every other byte stays as it is.

use std::io::Read;
use std::ops::Range;

use csv_core::{ReadFieldResult, Reader};
use handgrad_files::memory;
use ndarray::Array2;

use super::{Kind, Schema, Table};
use crate::Error;
use crate::csv::cells::Cells;
use crate::csv::dialect::Dialect;
use crate::csv::value::{Decimal, is_missing};

/// A file whose holes were filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// The text of the file.
    pub text: Vec<u8>,
    /// How many cells were filled.
    pub filled: usize,
    /// How many cells of these rows are still missing, because their columns are left out of the network.
    pub left: usize,
}

/// One cell of a record: the bytes between the separators, and whether it holds nothing.
struct Span {
    content: Range<usize>,
    is_hole: bool,
}

/// Fills the holes of the file that `table` was read from: a cell that holds nothing gets the value in `values`, which
/// has a column for each used column of `schema`. `rows` says for each row of `values` to which row of the table it
/// belongs. Other rows of the table keep their holes. A cell with text in a column of numbers is no hole and stays as
/// it is. A number is written with as many decimals as its column had in the training
/// ([`Column::decimals`](super::Column::decimals)), a date in the format of its column.
///
/// # Errors
/// If the file cannot be read, or if memory is not sufficient.
pub fn fill_holes(table: &Table, schema: &Schema, rows: &[usize], values: &Array2<f64>) -> Result<Filled, Error> {
    let path = &table.path;
    let (mut file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    let mut bytes = Vec::new();
    let expected = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let out_of_memory = |_| Error::OutOfMemory { path: path.clone(), bytes: expected as u64 };
    memory::reserve(&mut bytes, expected).map_err(out_of_memory)?;
    file.read_to_end(&mut bytes).map_err(Error::io(path, "reading"))?;
    let dialect = Cells::new(&bytes[..], path)?.dialect();

    // For each column of the file: its place among the used columns. The column of labels is none of them.
    let label = table.label_at;
    let place = |name: &str| schema.used().position(|column| column.name == name);
    let mut places: Vec<Option<usize>> = match schema.has_header && table.has_header() {
        true => table.names.iter().map(|name| place(name)).collect(),
        false => schema.columns.iter().map(|column| place(&column.name)).collect(),
    };
    if let Some(label) = label {
        places.insert(label, None);
    }
    let columns: Vec<_> = schema.used().collect();
    let mut filled = Filled { text: Vec::with_capacity(bytes.len() + bytes.len() / 16), filled: 0, left: 0 };
    let mut copied = 0;
    let mut samples = vec![None; table.len()];
    rows.iter().enumerate().for_each(|(sample, &row)| samples[row] = Some(sample));
    records(&bytes, dialect, table, |row, record| {
        let Some(sample) = samples[row] else { return };
        for (at, span) in record.iter().enumerate().filter(|(at, span)| span.is_hole && Some(*at) != label) {
            let Some(place) = places.get(at).copied().flatten() else {
                filled.left += 1;
                continue;
            };
            let column = columns[place];
            let value = values[[sample, place]];
            let mut text = column.text(value);
            // A class may be a number, which must stay the same. The points of a date such as 31.01.2020 are no decimal
            // points.
            let is_kept = |number: &f64| column.written(*number).parse() == Ok(*number);
            let number = match column.kind {
                Kind::Category { .. } => text.parse().ok().filter(is_kept),
                Kind::Date { .. } => None,
                _ => Some(value),
            };
            let is_number = number.is_some();
            if let Some(number) = number {
                text = column.written(number);
            }
            if dialect.decimal == Decimal::Comma && is_number {
                text = text.replace('.', ",");
            }
            filled.text.extend(&bytes[copied..span.content.start]);
            filled.text.extend(quoted(&text, dialect).as_bytes());
            copied = span.content.end;
            filled.filled += 1;
        }
    });
    filled.text.extend(&bytes[copied..]);
    Ok(filled)
}

/// Calls `use_record` for each row of the table, with its number and its cells.
fn records(bytes: &[u8], dialect: Dialect, table: &Table, mut use_record: impl FnMut(usize, &[Span])) {
    let mut reader: Reader = dialect.reader();
    let mut cell = vec![0; 1 << 13];
    let (mut at, mut record, mut row) = (0, Vec::new(), 0);
    let mut is_header = table.has_header();
    loop {
        let start = at;
        let mut written = 0;
        let result = loop {
            let (result, taken, length) = reader.read_field(&bytes[at..], &mut cell[written..]);
            at += taken;
            written += length;
            match result {
                ReadFieldResult::OutputFull => cell.resize(2 * cell.len(), 0),
                // The end of the text is told by an empty input.
                ReadFieldResult::InputEmpty if at < bytes.len() => {}
                ReadFieldResult::InputEmpty => {
                    let (result, _, length) = reader.read_field(&[], &mut cell[written..]);
                    written += length;
                    break result;
                }
                result => break result,
            }
        };
        let ReadFieldResult::Field { record_end } = result else { break };
        let is_end = |byte: &u8| *byte == b'\n' || *byte == b'\r';
        // Line ends before the first cell of a record belong to the record before it.
        let lead = bytes[start..at].iter().take_while(|byte| record.is_empty() && is_end(byte)).count();
        let closes = bytes[start + lead..at].last().is_some_and(|byte| *byte == dialect.separator || is_end(byte));
        let content = start + lead..(at - usize::from(closes)).max(start + lead);
        let text = String::from_utf8_lossy(&cell[..written]);
        let text = text.trim();
        record.push(Span { content, is_hole: is_missing(text) });
        if !record_end {
            continue;
        }
        let is_row = |(at, span): (usize, &Span)| !span.is_hole && Some(at) != table.label_at;
        if std::mem::take(&mut is_header) {
            // The names of the columns.
        } else if record.iter().enumerate().any(is_row) {
            if row < table.len() {
                use_record(row, &record);
            }
            row += 1;
        }
        record.clear();
    }
}

/// A text as a cell: in quotes if it contains the separator, a quote or a line end.
fn quoted(text: &str, dialect: Dialect) -> String {
    let needs_quotes = |byte: u8| byte == dialect.separator || matches!(byte, b'"' | b'\n' | b'\r');
    if text.bytes().any(needs_quotes) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::fill_holes;
    use crate::csv::Label;
    use crate::tables::{Asked, Kind, KindName, Schema, Table, read};

    fn with_table<T>(text: &str, use_table: impl FnOnce(&Table) -> T) -> T {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).expect("written");
        use_table(&read(&path, &Label::ByName, None, &()).expect("a table"))
    }

    fn schema(table: &Table) -> Schema {
        let rows: Vec<usize> = (0..table.len()).collect();
        Schema::of(table, &rows, &Asked::default()).expect("columns")
    }

    /// Fills the holes of a table with 1.25, class 0 or day 1.25, and returns the text.
    fn filled_by(schema: &Schema, table: &Table) -> String {
        let rows = schema.samples(table).expect("rows");
        let values = Array2::from_shape_fn((rows.len(), schema.used().count()), |(_, at)| {
            if schema.used().nth(at).is_some_and(|column| column.width() == 1) { 1.25 } else { 0.0 }
        });
        String::from_utf8(fill_holes(table, schema, &rows, &values).expect("filled").text).expect("text")
    }

    fn filled(text: &str) -> String {
        with_table(text, |table| filled_by(&schema(table), table))
    }

    #[test]
    fn decimals_are_those_of_the_training() {
        let trained = with_table("a,b\n1.5,2.25\n2.5,3.75\n4,1\n", schema);
        for text in ["a,b\n,7\n8,\n", "a,b\n,7\n8,\n9,1\n1.125,1.125\n"] {
            let filled = with_table(text, |table| filled_by(&trained, table));
            assert!(filled.starts_with("a,b\n1.2,7\n8,1.25\n"), "{filled}");
        }
        // Zeros at the end count, an exponent moves the point, and more than six decimals have to be needed.
        let decimals = |text: &str| with_table(text, schema).columns[0].decimals;
        assert_eq!(decimals("a,b\n13.00,1\n7.50,2\n12.00,3\n"), 2);
        assert_eq!(decimals("a;b\n13,00;1\n7,50;2\n12,00;3\n"), 2);
        assert_eq!(decimals("a,b\n1300,1\n750,2\n1.2e3,3\n"), 0);
        assert_eq!(decimals("a,b\n0.1234567891,1\n3,4\n7,5\n"), 6);
        assert_eq!(decimals("a,b\n3.7e-8,1\n0.0000000212,4\n4.5e-8,5\n"), 10);
        assert_eq!(decimals("a,b\n0.00000003712345678,1\n0.0000000212,4\n4.5e-8,5\n"), 13);
        // Classes of numbers are written as numbers.
        let two = with_table("a;b\n1,00;1\n2,00;2\n1,00;2,5\n", schema);
        let filled = with_table("a;b\n;1\n2,00;2,5\n", |table| filled_by(&two, table));
        assert!(two.columns[0].width() == 3 && filled.starts_with("a;b\n1,00;1\n"), "{filled}");
        let tiny = with_table("a,b\n3.7123456e-30,1\n2.1e-30,4\n4.5e-30,5\n", schema);
        assert_eq!(tiny.columns[0].written(2.123_456_7e-30), "2.12346e-30");
    }

    #[test]
    fn rows_that_are_no_samples_keep_their_holes() {
        let text = "id,x,y\nonly,,\nb,1.5,\n,,\nc,,2.5\nd,3.5,4.5\n";
        let mut trained = with_table("id,x,y\nu,1.5,2.5\nv,2.5,3\nw,1,0.5\n", schema);
        trained.columns[0].kind = Kind::LeftOut { name: KindName::Identifier };
        let filled = with_table(text, |table| filled_by(&trained, table));
        assert_eq!(filled, "id,x,y\nonly,,\nb,1.5,1.2\n,,\nc,1.2,2.5\nd,3.5,4.5\n");
    }

    #[test]
    fn only_holes_change() {
        assert_eq!(filled("a,b\n,2.50\n3.1,\n,NA\n5,6\n"), "a,b\n1.2,2.50\n3.1,1.25\n,NA\n5,6\n");
        assert_eq!(filled("a,b\r\n ,2.50\r\n3,\"\"\r\n4,5\r\n7,8\r\n"), "a,b\r\n1,2.50\r\n3,1.25\r\n4,5\r\n7,8\r\n");
        assert_eq!(filled("a;b\n;2,50\n3,1;\n4,5;6\n"), "a;b\n1,2;2,50\n3,1;1,25\n4,5;6\n");
        assert_eq!(filled("a,b\n1,x\n\n2,\n3,x"), "a,b\n1,x\n\n2,x\n3,x");
    }

    #[test]
    fn labels_and_classes_with_commas_keep_their_form() {
        // The row without any value is no sample, and stays as it is.
        let text = "label,a,b\n?x,1,\"Rome, Italy\"\n2,1,\n,,\n3,4,\"Rome, Italy\"\n";
        assert_eq!(filled(text), text.replace("2,1,\n", "2,1,\"Rome, Italy\"\n"));
    }
}
