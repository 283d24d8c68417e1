//! Arrays of numpy that lie or are bombs, with the memory counted, and folders of damaged pictures. Memory is counted,
//! so this is a separate binary.

use std::alloc::System;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Mutex;

use handgrad_dataset::csv::Layout;
use handgrad_dataset::{arrays, without_parts};
use image::{GrayImage, Luma};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

mod fuzzing;

use fuzzing::{Mutator, seeds};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time, since the memory of all of them would be counted.
static ALONE: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// A .npy file whose header claims this shape.
fn npy(shape: &str, values: usize) -> Vec<u8> {
    let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n");
    let mut bytes = [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    bytes.resize(bytes.len() + values, 0);
    bytes
}

/// Expects a refusal with these words, within `memory` bytes.
fn refused(what: &str, memory: usize, words: &[&str], bytes: &[u8]) {
    let region = Region::new(ALLOCATOR);
    let is_zip = bytes.starts_with(b"PK");
    let name = Path::new("some.file");
    let found = if is_zip { arrays::decode_npz(Cursor::new(bytes), name) } else { arrays::decode_npy(bytes, name) };
    let taken = region.change().bytes_allocated;
    let error = found.err().unwrap_or_else(|| panic!("{what} is taken")).to_string();
    assert!(words.iter().all(|word| error.contains(word)), "{what}: {error}");
    assert!(taken <= memory, "{what}: {taken} bytes of memory, and {memory} allowed: {error}");
    println!("{what}: refused with {taken} bytes");
}

#[test]
fn headers_and_directories_that_claim_more_than_there_is() {
    let _alone = ALONE.lock();
    for shape in ["(1048576, 1048576)", "(4611686018427387904, 1)", "(18446744073709551615, 2)"] {
        refused("a .npy array", MIB, &["its header claims"], &npy(shape, 10));
        for odd in 0..2 {
            let bytes = seeds::with_right_directory(&npy(shape, 10 + odd));
            refused("an array in an .npz file", MIB, &["some.file/x.npy", "its header claims"], &bytes);
        }
    }
    // The directory claims 4 GiB for an array that is stored or compressed.
    for odd in 0..2 {
        let mut bytes = seeds::with_right_directory(&npy("(10, 1)", 10 + odd));
        let at = bytes.windows(4).position(|four| four == b"PK\x01\x02").expect("the directory");
        bytes[at + 24..at + 28].fill(0xff);
        refused("a directory that claims 4 GiB", MIB, &["some.file/x.npy"], &bytes);
    }
}

/// 256 MiB of zeros in 256 KiB: refused before anything is unpacked. If the directory claims little, not more than that
/// is unpacked.
#[test]
fn bombs_in_npz_files() {
    let _alone = ALONE.lock();
    let mut contents = npy("(256, 1048576)", 256 * MIB);
    if contents.len().is_multiple_of(2) {
        contents.push(0);
    }
    let mut bytes = seeds::with_right_directory(&contents);
    drop(contents);
    refused("a bomb", MIB, &["at most 64 MiB plus 256 times", "numpy.savez"], &bytes);
    let at = bytes.windows(4).position(|four| four == b"PK\x01\x02").expect("the directory");
    bytes[at + 24..at + 28].copy_from_slice(&1000_u32.to_le_bytes());
    refused("a quiet bomb", MIB, &["some.file/x.npy: Invalid size: expected 1000", "copy it again"], &bytes);
}

/// Every file of a folder is either a sample or left out by name, however damaged it is.
#[test]
fn folders_of_damaged_pictures() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("bad")).expect("a folder");
    fs::create_dir(at.join("good")).expect("a folder");
    GrayImage::from_pixel(9, 7, Luma([50])).save(at.join("good/one.png")).expect("a picture");
    let layout = Layout { size: Some([3, 4]), ..Layout::default() };
    let mut mutator = Mutator::new([seeds::png(), seeds::jpeg()].concat(), 5);
    let (mut taken, mut left_out) = (0, 0);
    for _ in 0..1_000 {
        for name in ["a.png", "b.jpg"] {
            fs::write(at.join("bad").join(name), mutator.next()).expect("written");
        }
        let found = without_parts(at, &layout, &()).unwrap_or_else(|error| panic!("{error}")).expect("pictures");
        let count = found.samples.len();
        let said = found.understood.iter().find(|line| line.contains("left out"));
        let named = said.map_or(0, |line| line.matches("bad/").count());
        assert_eq!(
            (count + named, found.samples.features()),
            (3, if found.samples.shape.len() == 3 { 36 } else { 12 })
        );
        (taken, left_out) = (taken + count - 1, left_out + named);
    }
    assert!(taken > 100 && left_out > 100, "{taken} were taken and {left_out} left out: both were expected");
}
