//! Reports the progress of long operations.

/// The unit of a progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file or a download.
    Bytes,
    /// Samples of a data set.
    Samples,
    /// Parts of the work that are not samples: steps of a descent, epochs, draws, or forms of the samples.
    Parts,
}

/// Receives the progress of an operation. The implementation for `()` shows nothing.
pub trait Progress: Sync {
    /// An operation begins. `total` is its size, if it is known.
    fn start(&self, what: &str, total: Option<u64>, unit: Unit);
    /// `count` more units are done.
    fn advance(&self, count: u64);
    /// The operation has ended, with or without success.
    fn finish(&self);
}

impl Progress for () {
    fn start(&self, _what: &str, _total: Option<u64>, _unit: Unit) {}
    fn advance(&self, _count: u64) {}
    fn finish(&self) {}
}
