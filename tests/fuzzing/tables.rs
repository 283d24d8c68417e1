//! Tables of columns of different kinds, their holes, and what a model file says about the columns.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use handgrad_dataset::csv::{Fill, Label};
use handgrad_dataset::tables::{Asked, Cell, Scaling, Schema, Table, decode, fill_holes};
use ndarray::Array2;

use super::checks::{check_error, name};

/// What is asked for, chosen by the length of the input.
fn asked(bytes: &[u8]) -> (Label, Asked) {
    let label = if bytes.len() % 5 == 1 { Label::Last } else { Label::ByName };
    let fill = [None, Some(Fill::Mean), Some(Fill::Zero)][bytes.len() % 3];
    let scaling = [Scaling::Standard, Scaling::MinMax][bytes.len() / 3 % 2];
    (label, Asked { fill, scaling, ..Asked::default() })
}

/// The table, its columns and its values.
fn read(bytes: &[u8], path: &Path) -> Result<(Table, Schema, Array2<f64>), handgrad_dataset::Error> {
    let (label, asked) = asked(bytes);
    let table = decode(bytes, path, &label, None, Some(bytes.len() as u64), &())?;
    // The last row is held out.
    let rows: Vec<usize> = (0..table.len()).collect();
    let schema = Schema::of(&table, &rows[..rows.len().max(2) - 1], &asked)?;
    let (values, _) = schema.values(&table, &rows)?;
    Ok((table, schema, values))
}

pub fn parse(bytes: &[u8]) -> bool {
    read(bytes, name()).is_ok()
}

/// A table that is accepted has columns that a model file may hold, its values can be used, and its holes can be
/// filled.
pub fn check(bytes: &[u8]) {
    // The holes are filled in the file that the table was read from.
    static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = folder.path().join("t.csv");
        (folder, path)
    });
    let path = &FILE.1;
    let (mut table, schema, values) = match read(bytes, name()) {
        Ok(all) => all,
        Err(error) => return check_error(&error, "some.file"),
    };
    assert_eq!(schema.check(), Ok(()));
    let text = serde_json::to_string(&schema).unwrap_or_else(|error| panic!("{error}"));
    let again: Schema = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(again, schema);
    assert_eq!(values.dim(), (table.len(), schema.used().count()));
    assert!(values.iter().all(|value| value.is_finite() || value.is_nan()));
    use_columns(&schema, values.rows().into_iter().take(20).map(|row| row.to_vec()));

    table.path.clone_from(path);
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{error}"));
    let rows: Vec<usize> = (0..table.len()).collect();
    let known = values.mapv(|value| if value.is_nan() { 1.25 } else { value });
    let filled = fill_holes(&table, &schema, &rows, &known).unwrap_or_else(|error| panic!("{error}"));
    let cells = (0..table.len()).flat_map(|row| (0..table.names.len()).map(move |column| (row, column)));
    let holes = cells.filter(|&(row, column)| table.cell(row, column) == Cell::Missing).count();
    assert_eq!(filled.filled + filled.left, holes);
    assert!(filled.filled > 0 || filled.text == bytes);
}

/// Encodes and decodes rows, and writes them as text.
fn use_columns(schema: &Schema, rows: impl Iterator<Item = Vec<f64>>) {
    for row in rows {
        let mut encoded = Vec::new();
        schema.encode(row.iter().copied(), |value| encoded.push(value));
        assert_eq!(encoded.len(), schema.width());
        for ((column, &value), back) in schema.used().zip(&row).zip(schema.decode(&encoded)) {
            assert!(!value.is_nan() || column.text(value).is_empty());
            drop(column.text(back));
        }
    }
}

/// The columns of a model, as its file holds them.
fn columns(bytes: &[u8]) -> Option<Schema> {
    let schema: Schema = serde_json::from_slice(bytes).ok()?;
    schema.check().is_ok().then_some(schema)
}

pub fn parse_columns(bytes: &[u8]) -> bool {
    columns(bytes).is_some()
}

pub fn check_columns(bytes: &[u8]) {
    let Some(schema) = columns(bytes) else { return };
    let text = serde_json::to_string(&schema).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(columns(text.as_bytes()).as_ref(), Some(&schema), "{text}");
    let (width, used) = (schema.width(), schema.used().count());
    let values = [f64::NAN, 0.0, -1.0, 7.5, 15_000.25, 1e9, -1e300, f64::MAX];
    use_columns(&schema, values.iter().map(|&value| vec![value; used]));
    for value in values {
        let decoded = schema.decode(&vec![value; width]);
        assert_eq!(decoded.len(), used);
        schema.used().zip(decoded).for_each(|(column, value)| drop(column.text(value)));
    }
}

/// Tables with numbers, words, dates, amounts, identifiers, labels and holes.
pub fn seeds() -> Vec<Vec<u8>> {
    let long = |at: usize| {
        let town = ["Bern", "\"Rome, Italy\"", "?"][at % 3];
        format!("{at},{},{town},2021-0{}-1{},{}\n", at * 37 % 41, 1 + at % 9, at % 8, 10_usize.pow(at as u32 % 7))
    };
    let long = "id,x,town,day,price\n".to_owned() + &(0..45).map(long).collect::<String>();
    [
        "a,b\n1,x\n2,y\n,x\n4,\n",
        "day;town;x\n01.02.2021;Bern;1,5\n;Rome;2,5\n03.02.2021;;\n04.02.2021;Bern;4,25\n",
        "1,2.5\n3,?\nNA,4\n5,6\n",
        "label,x,code\nyes,1,01069\nno,2,04103\nyes,3,01069\n",
        "a\tb\r\n1.5\t\r\n\t2\r\n\t\r\n3\t4",
        "x,when\n1,2-Jun-06\n2,30-Feb-06\n3,Pre-PQ Process\n4,3-Jun-06\n",
        "\u{feff}x,y\n 1 ,\" \"\n\"2\",3\n\n5,6\n",
        &long,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn seeds_of_columns() -> Vec<Vec<u8>> {
    let schemas = seeds().into_iter().filter_map(|bytes| read(&bytes, name()).ok());
    schemas.map(|(_, schema, _)| serde_json::to_vec(&schema).unwrap_or_else(|error| panic!("{error}"))).collect()
}
