//! The format `.tsv` of the UCR archive: one series per line, its class first, with tabs between the values. There is
//! no header. Series that are shorter than others end with NaN.
//!
//! Source: Dau, Bagnall, Kamgar, Yeh, Zhu, Gharghabi, Ratanamahatana & Keogh, "The UCR time series archive", IEEE/CAA
//! Journal of Automatica Sinica 6 (2019).

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::one::{Sequences, Series};
use super::ts::{Lines, number, quoted, wrong};
use crate::csv::value::is_missing;
use crate::labels::class_name;
use crate::{Error, check_room, count};

/// Reads a `.tsv` file.
///
/// # Errors
/// If the file cannot be read, or is not valid. The error names the line.
pub fn read(path: &Path) -> Result<Sequences, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    // A value of 8 bytes takes at least 2 bytes of text.
    check_room(path, length.unwrap_or(0).saturating_mul(4))?;
    decode(file, path)
}

/// Reads the content of a `.tsv` file. Errors name it `path`.
///
/// # Errors
/// As [`read`].
pub fn decode(text: impl Read, path: &Path) -> Result<Sequences, Error> {
    let mut lines = Lines::new(text, path);
    let mut of = Sequences { channels: 1, ..Sequences::default() };
    let mut places: HashMap<String, u32> = HashMap::new();
    while let Some((line, text)) = lines.next()? {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            continue;
        }
        let mut cells = text.split('\t').map(str::trim);
        let class = cells.next().unwrap_or_default();
        if is_missing(class) {
            return Err(wrong(path, line, format!("the class {}", quoted(class)), "a word or a number"));
        }
        let mut values = Vec::new();
        for (at, cell) in cells.enumerate() {
            let value = number(cell).map_err(|(found, expected)| {
                let header = if of.all.is_empty() {
                    ", since such a file has no header; the name of a table or of a series with a header ends in .csv"
                } else {
                    ""
                };
                let place = format!("line {line}, column {}", at + 2);
                Error::Table { path: path.to_path_buf(), place, found, expected: expected + header }
            })?;
            values.push(value);
        }
        // Missing values at the end are padding.
        let known = values.iter().rposition(|value| !value.is_nan());
        let Some(last) = known else {
            let found = "no value after the class".to_owned();
            return Err(wrong(path, line, found, "at least one value, with tabs between the cells"));
        };
        values.truncate(last + 1);
        let next = places.len() as u32;
        let class = *places.entry(class_name(class)).or_insert_with_key(|name| {
            of.classes.push(name.clone());
            next
        });
        of.all.push(Series { lines: vec![line as u32], ..Series::whole(values, 1, Some(class)) });
    }
    if of.all.is_empty() {
        return Err(Error::EmptyTable { path: path.to_path_buf() });
    }
    of.told.push(format!("labels: the first column, {}", count(of.classes.len(), "class", "classes")));
    Ok(of)
}
