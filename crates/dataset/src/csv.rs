//! CSV: a series a row, or one long series of which windows are cut.
//!
//! Commas between the cells, quotes where a cell needs them, a header or none: a first line with words and no number is one.
//! Nothing is taken on trust: a row of another length, a cell that is no number and a missing value are errors that name line and
//! column. A row may have 16 MiB; memory stays within a small multiple of what the file holds.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::rc::Rc;

use csv::{ReaderBuilder, StringRecord, Trim};
use ndarray::{Array2, Axis};

use crate::{Error, Samples, Values};

/// Bytes that a row may have.
const LONGEST_ROW: usize = 1 << 24;

/// How the rows of a file become samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Where the labels are, whole numbers from 0 to 255.
    pub label: Label,
    /// What to put in place of missing values; without it they are refused.
    pub fill: Option<Fill>,
    /// The file is one long series, a step a row, and these are the samples.
    pub window: Option<Window>,
}

/// Which column holds the labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Label {
    /// The one called `label` or `class`, if there is one.
    #[default]
    ByName,
    /// None.
    None,
    /// The last one.
    Last,
    /// The one of this name, or of this number, counted from 1.
    Column(String),
}

impl Label {
    /// What people call it: `none`, `last`, a name or a number.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "none" => Self::None,
            "last" => Self::Last,
            column => Self::Column(column.to_owned()),
        }
    }
}

/// What stands in for a missing value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// 0.
    Zero,
    /// The mean of the values that its column has.
    Mean,
    /// The value of the step before it; before the first one that is there, that one.
    Previous,
}

/// Windows over a long series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Steps of a sample.
    pub steps: NonZeroUsize,
    /// Steps from the start of one sample to that of the next.
    pub stride: NonZeroUsize,
}

/// The rows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// As many rows as the file has, without the column of labels.
    pub values: Array2<f32>,
    /// One a row.
    pub labels: Option<Vec<u8>>,
}

impl Rows {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.nrows()
    }

    /// Are there none? No file gives that.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `count` rows and the others.
    pub(crate) fn split(self, count: usize) -> (Self, Self) {
        let (first, others) = self.values.view().split_at(Axis(0), count.min(self.len()));
        let labels = self.labels.as_ref().and_then(|labels| labels.split_at_checked(first.nrows()));
        let rows = |values: ndarray::ArrayView2<f32>, labels: Option<&[u8]>| Self {
            values: values.to_owned(),
            labels: labels.map(<[u8]>::to_vec),
        };
        (rows(first, labels.map(|l| l.0)), rows(others, labels.map(|l| l.1)))
    }

    /// A sample a row, or the windows; `path` is where they came from.
    ///
    /// # Errors
    /// If a window is longer than the series.
    pub(crate) fn samples(self, window: Option<Window>, path: &Path) -> Result<Samples, Error> {
        let Some(Window { steps, stride }) = window else {
            let shape = vec![self.values.ncols()];
            return Ok(Samples { values: Values::Floats(self.values), shape, labels: self.labels });
        };
        let (steps, stride, (length, width)) = (steps.get(), stride.get(), self.values.dim());
        if steps > length {
            return Err(Error::WindowTooLong { path: path.to_path_buf(), steps, found: length });
        }
        let count = (length - steps) / stride + 1;
        // Overlapping windows hold a value several times.
        let needed = count.saturating_mul(steps).saturating_mul(width);
        if Vec::<f32>::new().try_reserve_exact(needed).is_err() {
            let bytes = (needed as u64).saturating_mul(4);
            return Err(Error::OutOfMemory { path: path.to_path_buf(), bytes });
        }
        let value = |(sample, at)| self.values[[sample * stride + at / width, at % width]];
        let values = Array2::from_shape_fn((count, steps * width), value);
        let shape = if width == 1 { vec![steps] } else { vec![steps, width] };
        Ok(Samples { values: Values::Floats(values), shape, labels: None })
    }
}

/// Reads a file.
///
/// # Errors
/// If it is empty, not CSV, or a row, a cell, a missing value or the column of labels is not as `layout` says.
pub fn read(path: &Path, layout: &Layout) -> Result<Rows, Error> {
    let file = File::open(path).map_err(Error::io(path, "opening it"))?;
    // What the reader has taken since the last row ended.
    let taken = Rc::new(Cell::new(0));
    let text = Lines { inner: BufReader::new(file), taken: Rc::clone(&taken), last: b'\n' };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text);
    let mut table = Table { path, layout, columns: 0, label: None, values: Vec::new(), labels: Vec::new() };
    let mut record = StringRecord::new();
    let mut lines = Vec::new();
    // The reader passes over empty lines; in a file of one column they are missing values.
    let mut next_line = 1;
    while reader.read_record(&mut record).map_err(|error| cannot_be_read(path, error))? {
        taken.set(0);
        let after = reader.position().line();
        let line = after - 1 - record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
        let empty = next_line..line;
        next_line = after;
        if table.columns == 0 {
            let header = is_header(&record);
            table.begin(&record, line, header)?;
            if header {
                continue;
            }
        } else if table.columns == 1 {
            for line in empty {
                table.add(&StringRecord::from(vec![""]), line)?;
                lines.push(line);
            }
        }
        table.add(&record, line)?;
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(Error::EmptyTable { path: path.to_path_buf() });
    }
    table.finish(&lines)
}

/// A first line with words and no number.
fn is_header(record: &StringRecord) -> bool {
    let number = |cell: &str| cell.parse::<f32>().is_ok();
    record.iter().any(|cell| !is_missing(cell)) && !record.iter().any(number)
}

fn is_missing(cell: &str) -> bool {
    ["", "?", "na", "nan", "null", "none"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// A file on its way to [`Rows`].
struct Table<'a> {
    path: &'a Path,
    layout: &'a Layout,
    columns: usize,
    label: Option<usize>,
    /// NaN where a value is missing.
    values: Vec<f32>,
    labels: Vec<u8>,
}

impl Table<'_> {
    fn begin(&mut self, first: &StringRecord, line: u64, header: bool) -> Result<(), Error> {
        self.columns = first.len();
        let named =
            |name: &str| header.then(|| first.iter().position(|cell| cell.eq_ignore_ascii_case(name))).flatten();
        self.label = match &self.layout.label {
            Label::ByName => named("label").or_else(|| named("class")),
            Label::None => None,
            Label::Last => self.columns.checked_sub(1),
            Label::Column(column) => {
                let number = column.parse().ok().and_then(|number: usize| number.checked_sub(1));
                let found = named(column).or(number.filter(|&at| at < self.columns));
                Some(found.ok_or_else(|| Error::NoSuchColumn {
                    path: self.path.to_path_buf(),
                    line,
                    column: column.clone(),
                    columns: self.columns,
                })?)
            }
        };
        if self.columns == usize::from(self.label.is_some()) {
            return Err(self.wrong(line, None, "nothing but labels", "at least one column of values"));
        }
        Ok(())
    }

    fn add(&mut self, record: &StringRecord, line: u64) -> Result<(), Error> {
        if record.len() != self.columns {
            let expected = format!("{}, as in the first line,", self.columns);
            return Err(self.wrong(line, None, &format!("{} cells", record.len()), &expected));
        }
        for (column, cell) in record.iter().enumerate() {
            if self.label == Some(column) {
                // 1.0000000e+00 is a class too, for those who wrote it.
                let label =
                    cell.parse().ok().filter(|label: &f32| (0.0..=255.0).contains(label) && label.fract() == 0.0);
                let label = label.ok_or_else(|| {
                    self.wrong(line, Some(column), &quoted(cell), "a label, a whole number from 0 to 255,")
                })?;
                self.labels.push(label as u8);
            } else if is_missing(cell) {
                if self.layout.fill.is_none() {
                    return Err(Error::Missing { path: self.path.to_path_buf(), line, column: column + 1 });
                }
                self.values.push(f32::NAN);
            } else {
                let value = cell.parse().ok().filter(|value: &f32| value.is_finite());
                self.values
                    .push(value.ok_or_else(|| self.wrong(line, Some(column), &quoted(cell), number_after(cell)))?);
            }
        }
        Ok(())
    }

    fn wrong(&self, line: u64, column: Option<usize>, found: &str, expected: &str) -> Error {
        let column = column.map_or_else(String::new, |column| format!(", column {}", column + 1));
        let place = format!("line {line}{column}");
        Error::Table { path: self.path.to_path_buf(), place, found: found.to_owned(), expected: expected.to_owned() }
    }

    fn finish(self, lines: &[u64]) -> Result<Rows, Error> {
        let Self { path, layout, label, labels, values, columns } = self;
        let width = columns - usize::from(label.is_some());
        let mut values = Array2::from_shape_vec((lines.len(), width), values)
            .map_err(|error| Error::io(path, "putting its rows together")(io::Error::other(error)))?;
        if let Some(fill) = layout.fill {
            // A step is a row of a long series, and a cell of a row that is a series.
            let column = lines.len() > 1 && (fill == Fill::Mean || layout.window.is_some());
            for (at, mut lane) in values.lanes_mut(if column { Axis(0) } else { Axis(1) }).into_iter().enumerate() {
                if fill_lane(&mut lane, fill).is_none() {
                    let place = if column {
                        format!("column {}", at + 1 + usize::from(label.is_some_and(|label| label <= at)))
                    } else {
                        format!("line {}", lines[at])
                    };
                    let (found, expected) =
                        ("no value at all".to_owned(), "at least one to fill the others from".to_owned());
                    return Err(Error::Table { path: path.to_path_buf(), place, found, expected });
                }
            }
        }
        Ok(Rows { values, labels: label.map(|_| labels) })
    }
}

/// Fills what is missing; None if there is nothing to fill it from.
fn fill_lane(lane: &mut ndarray::ArrayViewMut1<f32>, fill: Fill) -> Option<()> {
    let known = lane.iter().filter(|value| !value.is_nan());
    let mut stand_in = match fill {
        Fill::Zero => 0.0,
        Fill::Mean => {
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), &value| (sum + f64::from(value), count + 1.0));
            if count == 0.0 { f32::NAN } else { (sum / count) as f32 }
        }
        Fill::Previous => known.copied().next().unwrap_or(f32::NAN),
    };
    for value in lane.iter_mut() {
        if value.is_nan() {
            *value = stand_in;
        } else if fill == Fill::Previous {
            stand_in = *value;
        }
    }
    // It was NaN only if nothing was known.
    (!stand_in.is_nan()).then_some(())
}

/// What was expected in place of a cell.
fn number_after(cell: &str) -> &'static str {
    if cell.contains([';', '\t']) {
        "a finite 32-bit number, and commas between the cells,"
    } else {
        "a finite 32-bit number"
    }
}

/// The beginning of a cell.
fn quoted(cell: &str) -> String {
    format!("{:?}", cell.chars().take(40).collect::<String>())
}

fn cannot_be_read(path: &Path, error: csv::Error) -> Error {
    let place = error.position().map_or_else(|| "its text".to_owned(), |at| format!("line {}", at.line()));
    let found = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "bytes that are no text in UTF-8".to_owned(),
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::InvalidData => error.to_string(),
        _ => error.to_string().lines().next().unwrap_or_default().chars().take(200).collect(),
    };
    match error.into_kind() {
        csv::ErrorKind::Io(source) if source.kind() != io::ErrorKind::InvalidData => {
            Error::io(path, "reading it as CSV")(source)
        }
        _ => Error::Table { path: path.to_path_buf(), place, found, expected: "CSV in UTF-8".to_owned() },
    }
}

/// A file's text with every line ended by a newline, so that lines can be counted. Ends with an error where a row does not end
/// in time, so that no file takes more memory than a row may.
struct Lines<R> {
    inner: R,
    taken: Rc<Cell<usize>>,
    last: u8,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.inner.read(buffer)?;
            self.taken.set(self.taken.get() + count);
            if self.taken.get() > LONGEST_ROW {
                let what = format!("a row of more than {LONGEST_ROW} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            if count == 0 && self.last != b'\n' && self.last != b'\r' && !buffer.is_empty() {
                (self.last, buffer[0]) = (b'\n', b'\n');
                return Ok(1);
            }
            let mut kept = 0;
            for at in 0..count {
                let byte = buffer[at];
                // Of \r\n the second is dropped, and \r alone ends a line too.
                if !(byte == b'\n' && self.last == b'\r') {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
                self.last = byte;
            }
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}
