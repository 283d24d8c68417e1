//! The format `.ts` of the UEA and UCR archives: text with one series per line.
//!
//! Lines that begin with `#` are comments. The header has lines that begin with `@`; of these, `@univariate`,
//! `@dimensions`, `@equalLength`, `@seriesLength`, `@timeStamps` and `@classLabel` are used, in upper or lower case.
//! Others are skipped. After `@data`, each line is one series: its dimensions with `:` between them, each of them
//! values with commas between them, and at the end its class if `@classLabel` is true. `?` is a missing value. Series,
//! and the dimensions of one series, may be of unequal length. Time stamps before the values, `(t,v)`, are refused.
//!
//! Source: Bagnall, Dau, Lines, Flynn, Large, Bostrom, Southam & Keogh, "The UEA multivariate time series
//! classification archive, 2018", arXiv:1811.00075.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::one::{Sequences, Series};
use crate::csv::value::is_missing;
use crate::labels::class_name;
use crate::{Error, check_room, count};

/// The most bytes of a line.
const LONGEST_LINE: u64 = 1 << 28;

/// Reads a `.ts` file.
///
/// # Errors
/// If the file cannot be read, or is not valid. The error names the line.
pub fn read(path: &Path) -> Result<Sequences, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    // A value of 8 bytes takes at least 2 bytes of text.
    check_room(path, length.unwrap_or(0).saturating_mul(4))?;
    decode(file, path)
}

/// Reads the content of a `.ts` file. Errors name it `path`.
///
/// # Errors
/// As [`read`].
pub fn decode(text: impl Read, path: &Path) -> Result<Sequences, Error> {
    let mut lines = Lines::new(text, path);
    let mut header = Header::default();
    let mut of = Sequences::default();
    let mut begun = false;
    while let Some((line, text)) = lines.next()? {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let wrong = |found: String, expected: &str| wrong(path, line, found, expected);
        if !begun {
            let Some(text) = text.strip_prefix('@') else {
                return Err(wrong(quoted(text), "a line of the header, which begins with @, or the line @data"));
            };
            begun = header.add(text).map_err(|(found, expected)| wrong(found, expected))?;
            of.classes.clone_from(&header.classes);
            continue;
        }
        let one = header.series(text, &of).map_err(|(found, expected)| wrong(found, &expected))?;
        of.channels = one.1;
        of.all.push(Series { lines: vec![line as u32], ..one.0 });
    }
    if of.all.is_empty() {
        let found = if begun { "no line after @data" } else { "no line @data" };
        return Err(wrong(path, lines.line, found.to_owned(), "at least one series"));
    }
    if let Some(length) = header.length.filter(|_| header.equal) {
        let longest = of.all.iter().map(|series| series.steps).max().unwrap_or(0);
        if longest != length {
            let found = format!("series of {longest} steps, but the line @seriesLength {length}");
            return Err(wrong(path, lines.line, found, "the same number"));
        }
    }
    let classes = of.classes.len();
    if classes > 0 {
        of.told.push(format!("labels: {}", count(classes, "class", "classes")));
    }
    Ok(of)
}

/// What the header says.
#[derive(Default)]
struct Header {
    classes: Vec<String>,
    has_class: bool,
    dimensions: Option<usize>,
    equal: bool,
    length: Option<usize>,
}

impl Header {
    /// Reads a line of the header, without its `@`. Returns whether it is the last one.
    fn add(&mut self, text: &str) -> Result<bool, (String, &'static str)> {
        let mut words = text.split_whitespace();
        let key = words.next().unwrap_or_default().to_lowercase();
        let value = words.next().unwrap_or_default();
        let is_true = || match value.to_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err((quoted(text), "true or false after the name")),
        };
        let number = || value.parse::<usize>().map_err(|_| (quoted(text), "a whole number after the name"));
        match key.as_str() {
            "data" => return Ok(true),
            "timestamps" if is_true()? => {
                return Err((
                    "@timeStamps true".to_owned(),
                    "values without time stamps; write the values of equal steps alone and @timeStamps false",
                ));
            }
            "univariate" if is_true()? => {
                if self.dimensions.is_some_and(|dimensions| dimensions != 1) {
                    return Err(("@univariate true with several dimensions".to_owned(), "@univariate false"));
                }
                self.dimensions = Some(1);
            }
            "dimensions" | "dimension" => {
                let dimensions = number()?;
                if dimensions == 0 || self.dimensions.is_some_and(|known| known != dimensions) {
                    return Err((quoted(text), "the same number of dimensions as in the other lines, at least 1"));
                }
                self.dimensions = Some(dimensions);
            }
            "equallength" => self.equal = is_true()?,
            "serieslength" => self.length = Some(number()?),
            "classlabel" => {
                self.has_class = is_true()?;
                if self.has_class {
                    self.classes = words.map(class_name).collect();
                    if self.classes.is_empty() {
                        return Err((quoted(text), "the names of the classes after true"));
                    }
                }
            }
            "targetlabel" if is_true()? => {
                return Err((
                    "@targetLabel true".to_owned(),
                    "a file for classification; remove this line and the last value of each line",
                ));
            }
            _ => {}
        }
        Ok(false)
    }

    /// Reads a series, and its number of channels.
    fn series(&self, text: &str, of: &Sequences) -> Result<(Series, usize), (String, String)> {
        if text.starts_with('(') {
            let expected = "values without time stamps; write the values of equal steps alone".to_owned();
            return Err(("time stamps in brackets".to_owned(), expected));
        }
        let (text, class) = match (self.has_class, text.rsplit_once(':')) {
            (false, _) => (text, None),
            (true, Some((text, class))) => (text, Some(class.trim())),
            (true, None) => {
                return Err(("no class".to_owned(), "a colon and a class at the end of the line".to_owned()));
            }
        };
        let class = class.map(|class| {
            let found = self.classes.iter().position(|other| *other == class_name(class));
            found.map(|at| at as u32).ok_or_else(|| {
                (format!("the class {}", quoted(class)), "one of the classes in the line @classLabel".to_owned())
            })
        });
        let class = class.transpose()?;
        let channels = text.split(':').count();
        let expected = self.dimensions.or((of.channels > 0).then_some(of.channels)).unwrap_or(channels);
        if channels != expected {
            let found = format!("{} before the class", count(channels, "dimension", "dimensions"));
            return Err((found, format!("{expected}, as in the header or in the lines above")));
        }
        let steps = text.split(':').map(|dimension| dimension.split(',').count()).max().unwrap_or(0);
        // A line with many colons and one long dimension must not take much more memory than it has bytes.
        if steps.saturating_mul(channels) > 4 * text.len() + 64 {
            let found = "dimensions of very unequal length".to_owned();
            return Err((found, "dimensions of the same series that have about the same length".to_owned()));
        }
        let mut values = vec![f64::NAN; steps * channels];
        for (channel, dimension) in text.split(':').enumerate() {
            for (step, cell) in dimension.split(',').enumerate() {
                values[step * channels + channel] = number(cell.trim())?;
            }
        }
        Ok((Series::whole(values, channels, class), channels))
    }
}

/// A value, or NaN if it is missing.
pub(super) fn number(cell: &str) -> Result<f64, (String, String)> {
    if is_missing(cell) {
        return Ok(f64::NAN);
    }
    let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| (quoted(cell), "a finite number, or ? for a missing value".to_owned()))
}

/// The first 40 characters of a text, in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

pub(super) fn wrong(path: &Path, line: usize, found: String, expected: &str) -> Error {
    Error::Table { path: path.to_path_buf(), place: format!("line {line}"), found, expected: expected.to_owned() }
}

/// The lines of a text, one after another.
pub(super) struct Lines<'a, R> {
    path: &'a Path,
    reader: BufReader<R>,
    bytes: Vec<u8>,
    /// The number of lines that were read.
    pub line: usize,
}

impl<'a, R: Read> Lines<'a, R> {
    pub fn new(text: R, path: &'a Path) -> Self {
        Self { path, reader: BufReader::new(text), bytes: Vec::new(), line: 0 }
    }

    /// Reads the next line and its number, counted from 1. `None` at the end of the text.
    pub fn next(&mut self) -> Result<Option<(usize, &str)>, Error> {
        self.bytes.clear();
        let mut limited = (&mut self.reader).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.bytes).map_err(Error::io(self.path, "reading"))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if read as u64 == LONGEST_LINE {
            return Err(wrong(self.path, self.line, format!("{LONGEST_LINE} bytes or more"), "a shorter line"));
        }
        let bytes =
            if self.line == 1 { self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes) } else { &self.bytes };
        let text = std::str::from_utf8(bytes).map_err(|_| {
            wrong(self.path, self.line, "bytes that are not valid UTF-8".to_owned(), "a file saved as UTF-8")
        })?;
        Ok(Some((self.line, text)))
    }
}
