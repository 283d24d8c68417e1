//! Memory that begins with a cache line.

use std::ops::{Deref, DerefMut};

/// Two cache lines in bytes: processors fetch them in pairs.
const LINES: usize = 128;

/// Values in memory that begins with a cache line. If the rows of a matrix are whole cache lines, then two threads that
/// write neighbouring columns do not write to the same line, which would move it back and forth between their cores.
#[derive(Debug)]
pub(crate) struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy> Aligned<T> {
    /// `len` times the same value.
    pub fn filled(value: T, len: usize) -> Self {
        let values = vec![value; len + LINES / size_of::<T>()];
        let start = values.as_ptr().align_offset(LINES).min(values.len() - len);
        Self { values, start, len }
    }

    /// A copy of these values.
    pub fn copied(from: &[T], zero: T) -> Self {
        let mut values = Self::filled(zero, from.len());
        values.copy_from_slice(from);
        values
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.len]
    }
}
