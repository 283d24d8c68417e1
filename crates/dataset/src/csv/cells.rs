//! Reads the cells of a CSV file one after another, with a bounded buffer, however long the lines are. The separator is
//! found from the first lines.

use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use csv_core::{ReadFieldResult, Reader};

use super::dialect::Dialect;
use crate::Error;

/// The bytes that are read at first.
const SHORTEST_BEGINNING: usize = 1 << 12;
/// The number of bytes at the beginning of a file from which its separator and its header are found.
const BEGINNING: usize = 1 << 16;
/// The most bytes of this beginning, if the first lines are long.
const LONGEST_BEGINNING: usize = 1 << 19;
/// The number of rows that are kept for the decision about the header.
const FIRST_ROWS: usize = 6;
/// The most bytes that a row may have, together with the empty lines before it.
const LONGEST_ROW: usize = 1 << 24;
/// The most bytes that a cell may have.
const LONGEST_CELL: usize = 1 << 12;

/// One cell of a row.
pub(crate) struct Cell<'a> {
    /// Its text, without the quotes and the spaces around it.
    pub text: &'a str,
    /// The line on which its row begins, counted from 1.
    pub line: u64,
    /// The empty lines before its row. The range is empty unless this is the first cell of the row.
    pub empty_lines: Range<u64>,
    /// True for the last cell of a row.
    pub ends_row: bool,
}

/// Reads the cells of a file.
pub(crate) struct Cells<'a, R> {
    path: &'a Path,
    reader: BufReader<Chain<Cursor<Vec<u8>>, Lines<R>>>,
    dialect: Dialect,
    first_rows: Vec<Vec<String>>,
    core: Reader,
    cell: Vec<u8>,
    /// The line on which the row begins.
    line: u64,
    /// The number of bytes that have been read since the end of the row before.
    taken: usize,
    starts_row: bool,
}

impl<'a, R: Read> Cells<'a, R> {
    /// Reads the beginning of the file, to find its dialect.
    pub fn new(text: R, path: &'a Path) -> Result<Self, Error> {
        let mut lines = Lines { inner: text, last: b'\n' };
        let (beginning, is_all) = beginning(&mut lines).map_err(Error::io(path, "reading"))?;
        if let Some(kind) = handgrad_files::kind(&beginning[..beginning.len().min(512)]) {
            let problem = format!("it is {kind}, where CSV was expected: text with one row of cells in each line");
            return Err(Error::Unfit { path: path.to_path_buf(), problem });
        }
        if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") || beginning.contains(&0) {
            let problem = "it has zero bytes or begins as UTF-16, where CSV in UTF-8 was expected: save the file as \
                           UTF-8";
            return Err(Error::Unfit { path: path.to_path_buf(), problem: problem.into() });
        }
        let compared = beginning.len().min(BEGINNING);
        let dialect = Dialect::of(&beginning[..compared], is_all && compared == beginning.len());
        Ok(Self {
            path,
            dialect,
            first_rows: dialect.first_rows(&beginning, is_all, FIRST_ROWS),
            core: dialect.reader(),
            reader: BufReader::with_capacity(1 << 14, Cursor::new(beginning).chain(lines)),
            cell: vec![0; LONGEST_CELL],
            line: 1,
            taken: 0,
            starts_row: true,
        })
    }

    /// The separator of the file and its decimal sign.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The first 1,024 cells of each of the first 6 rows, without empty lines. They are also returned by
    /// [`next`](Self::next).
    pub fn first_rows(&self) -> &[Vec<String>] {
        &self.first_rows
    }

    /// Reads the next cell. Returns `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Cell<'_>>, Error> {
        let mut length = 0;
        if self.starts_row {
            (self.line, self.taken) = (self.core.line(), 0);
        }
        let (ends_row, newline) = loop {
            let input = match self.reader.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io(self.path, "reading")(error)),
            };
            let at_end = input.is_empty();
            let (result, taken, written) = self.core.read_field(input, &mut self.cell[length..]);
            self.reader.consume(taken);
            length += written;
            self.taken += taken;
            if self.taken > LONGEST_ROW {
                return Err(self.wrong("a row", LONGEST_ROW));
            }
            match result {
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull => return Err(self.wrong("a cell", LONGEST_CELL)),
                ReadFieldResult::Field { record_end } => break (record_end, record_end && !at_end),
                ReadFieldResult::End => return Ok(None),
            }
        };
        let mut empty_lines = self.line..self.line;
        if self.starts_row {
            // The reader skips empty lines, and its line number is now that of the end of this cell. To find the line
            // where the row begins, subtract the newlines in the cell and the one after it. A quote that is never
            // closed ends at the end of the text.
            let newlines = self.cell[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.line = self.core.line() - u64::from(newline) - newlines;
            empty_lines.end = self.line;
        }
        self.starts_row = ends_row;
        let line = self.line;
        match std::str::from_utf8(&self.cell[..length]) {
            Ok(text) => Ok(Some(Cell { text: text.trim(), line, empty_lines, ends_row })),
            Err(_) => {
                let problem = format!(
                    "line {line} has bytes that are not valid UTF-8, where text in UTF-8 was \
                     expected: save the file as UTF-8"
                );
                Err(Error::Unfit { path: self.path.to_path_buf(), problem })
            }
        }
    }

    fn wrong(&self, what: &str, most: usize) -> Error {
        let found = format!("{what} of more than {most} bytes");
        let (path, place) = (self.path.to_path_buf(), format!("line {}", self.line));
        Error::Table { path, place, found, expected: "a shorter one".to_owned() }
    }
}

/// Reads the beginning of a file. Returns also whether this is the whole file.
fn beginning(lines: &mut impl Read) -> io::Result<(Vec<u8>, bool)> {
    let (mut text, mut length) = (vec![0; SHORTEST_BEGINNING], 0);
    loop {
        match lines.read(&mut text[length..]) {
            Ok(0) if length < text.len() => {
                text.truncate(length);
                return Ok((text, true));
            }
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length == text.len() {
            let newlines = text.iter().filter(|&&byte| byte == b'\n').count();
            if newlines >= FIRST_ROWS && length >= BEGINNING || length >= LONGEST_BEGINNING {
                return Ok((text, false));
            }
            text.resize(2 * length, 0);
        }
    }
}

/// A reader that ends every line with `\n`, so that lines can be counted. It replaces `\r\n` and `\r`, and adds a
/// missing `\n` at the end of the text.
struct Lines<R> {
    inner: R,
    last: u8,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.inner.read(buffer)?;
            if count == 0 && self.last != b'\n' && self.last != b'\r' && !buffer.is_empty() {
                (self.last, buffer[0]) = (b'\n', b'\n');
                return Ok(1);
            }
            let mut kept = 0;
            for at in 0..count {
                let byte = buffer[at];
                // `\r` ends a line and becomes `\n`. The `\n` of `\r\n` is dropped.
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
