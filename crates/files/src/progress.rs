//! How far a download is, told to whoever wants to know.

/// Told how far something is. `()` shows nothing.
pub trait Progress: Sync {
    /// Something begins; `bytes` is its size, where known.
    fn start(&self, what: &str, bytes: Option<u64>);
    /// So many bytes more have arrived.
    fn advance(&self, bytes: u64);
    /// It is over, well or not.
    fn finish(&self);
}

impl Progress for () {
    fn start(&self, _what: &str, _bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self) {}
}
