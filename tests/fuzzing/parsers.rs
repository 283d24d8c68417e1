//! Each parser alone, so that its memory can be counted. The result says whether it accepts the input.

use std::io::Cursor;

use handgrad_dataset::{arrays, csv, idx, npy, photo, series};
use handgrad_models::file;
use handgrad_trainer::checkpoint::Checkpoint;

use super::checks::{self, name};
use handgrad_runs::Settings;

pub fn idx(bytes: &[u8]) -> bool {
    idx::decode(bytes, name()).is_ok()
}

pub fn csv(bytes: &[u8]) -> bool {
    csv::decode(bytes, name(), &checks::layout(bytes)).is_ok()
}

pub fn series_csv(bytes: &[u8]) -> bool {
    series::decode(bytes, "some.csv".as_ref(), &checks::series_layout(bytes)).is_ok()
}

pub fn ts(bytes: &[u8]) -> bool {
    series::decode(bytes, "some.ts".as_ref(), &checks::layout(bytes)).is_ok()
}

pub fn tsv(bytes: &[u8]) -> bool {
    series::decode(bytes, "some.tsv".as_ref(), &checks::layout(bytes)).is_ok()
}

pub fn npy(bytes: &[u8]) -> bool {
    npy::decode(bytes, name()).is_ok()
}

pub fn array(bytes: &[u8]) -> bool {
    arrays::decode_npy(bytes, name()).is_ok()
}

pub fn npz(bytes: &[u8]) -> bool {
    arrays::decode_npz(Cursor::new(bytes), name()).is_ok()
}

/// In grey or in colour, chosen by the length of the input.
pub fn photo(bytes: &[u8]) -> bool {
    photo::decode(Cursor::new(bytes), name(), 1 + 2 * (bytes.len() % 2)).is_ok()
}

pub fn model(bytes: &[u8]) -> bool {
    file::decode(bytes).is_ok()
}

pub fn checkpoint(bytes: &[u8]) -> bool {
    Checkpoint::decode(bytes, checks::TERMS).is_ok()
}

/// Cut to the length that a file may have.
pub fn config(bytes: &[u8]) -> bool {
    std::str::from_utf8(checks::start_of(bytes)).is_ok_and(|text| Settings::parse(text, name()).is_ok())
}
