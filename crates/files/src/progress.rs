//! How far something is, told to whoever wants to know.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file or a download.
    Bytes,
    /// Samples of a data set.
    Samples,
}

/// Told how far something is. `()` shows nothing.
pub trait Progress: Sync {
    /// Something begins; `total` is its size, where that is known.
    fn start(&self, what: &str, total: Option<u64>, unit: Unit);
    /// So many more are done.
    fn advance(&self, count: u64);
    /// It is over, well or not.
    fn finish(&self);
}

impl Progress for () {
    fn start(&self, _what: &str, _total: Option<u64>, _unit: Unit) {}
    fn advance(&self, _count: u64) {}
    fn finish(&self) {}
}
