//! Each parser alone, so that what it takes can be counted.

use std::io::Cursor;

use handgrad_dataset::{csv, idx, npy, photo};
use handgrad_models::file;
use handgrad_trainer::checkpoint::Checkpoint;

use super::checks::{self, name};
use super::config::Settings;

pub fn idx(bytes: &[u8]) {
    let _ = idx::decode(bytes, name());
}

pub fn csv(bytes: &[u8]) {
    let _ = csv::decode(bytes, name(), &checks::layout(bytes));
}

pub fn npy(bytes: &[u8]) {
    let _ = npy::decode(bytes, name());
}

/// In grey or in colour, as the length draws.
pub fn photo(bytes: &[u8]) {
    let _ = photo::decode(Cursor::new(bytes), name(), 1 + 2 * (bytes.len() % 2));
}

pub fn model(bytes: &[u8]) {
    let _ = file::decode(bytes);
}

pub fn checkpoint(bytes: &[u8]) {
    let _ = Checkpoint::decode(bytes, checks::TERMS);
}

/// No longer than the file may be.
pub fn config(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(checks::start_of(bytes)) {
        let _ = Settings::parse(text, name());
    }
}
