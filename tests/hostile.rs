//! The worst files we could think of, one by one: each is refused at once with its own error, and without the memory
//! that it claims. Memory is counted, so this is a separate binary.

use std::alloc::System;
use std::fmt::Display;
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use handgrad_dataset::csv::{self, Fill, Layout};
use handgrad_dataset::{idx, npy, photo};
use handgrad_models::file;
use handgrad_trainer::checkpoint::{self, Checkpoint};
use image::{GrayImage, ImageFormat};
use sha2::{Digest, Sha256};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

mod fuzzing;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time, since the memory of all of them would be counted.
static ALONE: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// A file that begins with `start` and has `length` bytes; the bytes after `start` take no room on the disk.
fn file_of(folder: &Path, start: &[u8], length: u64) -> PathBuf {
    let path = folder.join("some.file");
    let mut file = File::create(&path).expect("a file");
    file.write_all(start).expect("written");
    file.set_len(length).expect("long");
    path
}

/// Expects a refusal with these words, within `memory` bytes. The time is printed; it depends on the machine.
fn refused<T, E: Display>(what: &str, memory: usize, words: &[&str], read: impl FnOnce() -> Result<T, E>) {
    let (start, region) = (Instant::now(), Region::new(ALLOCATOR));
    let outcome = read();
    let (taken, time) = (region.change().bytes_allocated, start.elapsed());
    let error = outcome.err().unwrap_or_else(|| panic!("{what} is taken")).to_string();
    assert!(words.iter().all(|word| error.contains(word)), "{what}: {error}");
    assert!(taken <= memory, "{what}: {taken} bytes of memory, and {memory} allowed: {error}");
    println!("{what}: refused in {time:?} with {taken} bytes");
}

/// Expects that the file is accepted, within 1 MiB plus four times its length.
fn taken<T, E: Display>(what: &str, length: usize, read: impl FnOnce() -> Result<T, E>) {
    taken_within(what, length, 4.0, read);
}

/// The same, within 1 MiB plus `times` its length.
fn taken_within<T, E: Display>(what: &str, length: usize, times: f64, read: impl FnOnce() -> Result<T, E>) {
    let region = Region::new(ALLOCATOR);
    let outcome = read();
    let taken = region.change().bytes_allocated;
    assert!(outcome.is_ok(), "{what}: {}", outcome.err().map_or_else(String::new, |error| error.to_string()));
    println!("{what}: {length} bytes taken with {taken}, {:.2} a byte", taken as f64 / length as f64);
    assert!(taken as f64 <= MIB as f64 + times * length as f64, "{what} of {length} bytes takes {taken}");
}

fn idx_header(code: u8, dims: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, dims.len() as u8];
    dims.iter().for_each(|d| bytes.extend(d.to_be_bytes()));
    bytes
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

#[test]
fn idx_headers_that_claim_more_than_there_is() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    for (what, header, word) in [
        ("2^63 elements", idx_header(0x08, &[1 << 31, 1 << 31, 2]), "more bytes than can be addressed"),
        ("2^62 elements of 8 bytes", idx_header(0x0e, &[1 << 31, 1 << 31]), "more bytes than can be addressed"),
        (
            "dimensions with a product above 2^64",
            idx_header(0x08, &[u32::MAX; 255]),
            "more bytes than can be addressed",
        ),
        ("2^40 elements", idx_header(0x08, &[1 << 20, 1 << 20]), "bytes instead of the expected 1,099,511,627,776"),
    ] {
        let file = file_of(path, &header, header.len() as u64 + 2);
        refused(what, MIB, &[word], || idx::read(&file));
        refused(&format!("{what}, in a stream"), MIB, &[word], || idx::decode(&header[..], &file));
        refused(&format!("{what}, in gzip"), MIB, &[word], || idx::decode(&gz(&header)[..], &file));
    }
}

/// 1 GiB of zeros in 1 MB of gzip, with a header that claims 1 GiB.
#[test]
fn a_gzip_bomb() {
    let _alone = ALONE.lock();
    let piece = gz(&vec![0; 4 * MIB]);
    let bomb = [gz(&idx_header(0x08, &[1 << 10, 1 << 10, 1 << 10])), piece.repeat(256)].concat();
    assert!(bomb.len() < 2 * MIB);
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_of(folder.path(), &bomb, bomb.len() as u64);
    // The documented limit; a growing buffer allocates up to twice as much.
    refused("a gzip bomb", 2 * (64 + 256) * MIB, &["gzip stream", "64 MiB", "gunzip"], || idx::read(&file));
    // If the header claims little, nothing beyond that is unpacked.
    let quiet = [gz(&idx_header(0x08, &[1 << 10])), piece.repeat(256)].concat();
    refused("a quiet gzip bomb", MIB, &["goes on after"], || idx::decode(&quiet[..], &file));
}

#[test]
fn csv_lines_and_cells_without_end() {
    let _alone = ALONE.lock();
    let (name, layout) = (Path::new("some.csv"), Layout::default());
    let filled = Layout { fill: Some(Fill::Zero), ..Layout::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_of(folder.path(), b"1,2\n", 1 << 30);
    refused("1 GB of zero bytes", MIB, &["zero bytes", "UTF-8"], || csv::read(&file, &layout));
    let endless = |piece: &'static [u8]| Repeat { piece, at: 0, left: 1 << 30 };
    let long_cell = (&b"1,2\n"[..]).chain(endless(b"1"));
    let cell = &["line 2", "a cell of more than 4096 bytes"];
    refused("a CSV cell of 1 GB", MIB, cell, || csv::decode(long_cell, name, &layout));
    let row = &["line 1", "a row of more than 16777216 bytes"];
    // 16 MiB have been read.
    refused("a CSV line of 1 GB", 65 * MIB, row, || csv::decode(endless(b"1,"), name, &layout));
    refused("a CSV line of 1 GB, of commas", 81 * MIB, row, || csv::decode(endless(b","), name, &filled));
    refused("1 GB of blank lines", MIB, row, || csv::decode(endless(b"\n"), name, &layout));
    // Only the first error of a row is reported, and nothing is stored about the others.
    let missing = [&b","[..], &b",".repeat(MIB), b"\n"].concat();
    let all = &["line 1, column 1: the value is missing"];
    refused("a CSV line of missing values", MIB + 5 * missing.len(), all, || csv::decode(&missing[..], name, &layout));
    let quoted = (&b"\""[..]).chain(endless(b"a\n"));
    refused("a CSV cell of 1 GB, quoted", MIB, &["a cell of"], || csv::decode(quoted, name, &layout));
}

/// An accepted file does not need more memory than documented either. Loading it for training needs another tenth of
/// the values, which are held out for validation.
#[test]
fn large_files_take_four_times_their_length() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let written = |bytes: &[u8]| file_of(folder.path(), bytes, bytes.len() as u64);
    let load = |bytes: &[u8], name: &str, layout: &Layout| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        handgrad_dataset::load(path.to_str().expect("text"), folder.path(), layout, &())
    };
    let filled = Layout { fill: Some(Fill::Zero), ..Layout::default() };
    for (what, text) in [
        ("CSV of a digit a line", b"1\n".repeat(4 * MIB)),
        ("CSV of digits", b"1,2,3,4\n".repeat(MIB)),
        ("CSV of next to nothing", [&b"1,1,1,1\n"[..], &b",,,\n".repeat(MIB)].concat()),
    ] {
        taken(what, text.len(), || csv::read(&written(&text), &filled));
        // Twice the tenth: before copying, the program first tries to allocate the memory.
        taken_within(&format!("{what}, loaded"), text.len(), 4.8, || load(&text, "some.csv", &filled));
    }
    // The memory for loading a value: the bytes read, the number, the float, and twice a tenth of that.
    for (code, each, loaded) in
        [(0x08, 1, 1.2), (0x09, 1, 5.8), (0x0b, 2, 8.8), (0x0c, 4, 12.8), (0x0d, 4, 8.8), (0x0e, 8, 20.8)]
    {
        let bytes = [idx_header(code, &[1 << 12, 1 << 10]), vec![0; each * 4 * MIB]].concat();
        taken("IDX", bytes.len(), || idx::read(&written(&bytes)));
        let times = loaded / each as f64;
        taken_within(&format!("IDX {code}, loaded"), bytes.len(), times, || load(&bytes, "some.idx", &filled));
    }
    let header = b"{'descr': '<f8', 'fortran_order': True, 'shape': (1024, 1024), }\n";
    let bytes = [b"\x93NUMPY\x01\0", &[header.len() as u8, 0][..], header, &vec![0; 8 * MIB]].concat();
    taken(".npy", bytes.len(), || npy::read(&written(&bytes)));
}

#[test]
fn npy_headers_that_claim_more_than_there_is() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let header = |length: u32, text: &str| [&b"\x93NUMPY\x02\0"[..], &length.to_le_bytes(), text.as_bytes()].concat();
    let shape = |shape: &str| {
        let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        header(text.len() as u32, &text)
    };
    for (what, bytes, word) in [
        ("a .npy header of 4 GB", header(u32::MAX, "{"), "at most 10,000"),
        ("a .npy of version 0", [b"\x93NUMPY\0", &header(8, "{}")[7..]].concat(), "version 0"),
        ("a .npy of version 200", [b"\x93NUMPY\xc8", &header(8, "{}")[7..]].concat(), "version 200"),
        ("a .npy header of brackets", header(10_000, &"(".repeat(10_000)), "plain numbers"),
        ("a .npy of 2^63 elements", shape("(9223372036854775808, 1)"), "9223372036854775808×1"),
        ("a .npy with an overflow", shape("(4294967296, 4294967297)"), "4294967296×4294967297"),
        ("a .npy of 2^60 bytes", shape("(1125899906842624, 128)"), "1125899906842624×128"),
    ] {
        let file = file_of(folder.path(), &bytes, 1 << 30);
        refused(what, MIB, &[word], || npy::read(&file));
        refused(&format!("{what}, in a stream"), MIB, &[word], || npy::decode(&bytes[..], &file));
    }
}

#[test]
fn pictures_with_more_to_say_than_to_show() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let mut png = Cursor::new(Vec::new());
    GrayImage::new(4, 4).write_to(&mut png, ImageFormat::Png).expect("written");
    let png = png.into_inner();
    for name in [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf"] {
        let start = [&png[..33], &100_000_000_u32.to_be_bytes(), name, b"Comment\0"].concat();
        let file = file_of(folder.path(), &start, 33 + 12 + 100_000_000);
        let words = &["100,000,000 bytes", std::str::from_utf8(name).expect("ASCII")];
        refused("a PNG with a huge text", MIB, words, || photo::read(&file, 1));
    }
    // After the pixels too.
    let start = [&png[..png.len() - 12], &100_000_000_u32.to_be_bytes(), b"tEXt"].concat();
    let file = file_of(folder.path(), &start, 200_000_000);
    refused("a PNG with a huge text at its end", MIB, &["tEXt"], || photo::read(&file, 3));
    // Sizes without pixels, with correct checksums.
    for (side, words) in [
        (8000_u32, "cannot hold"),
        (8192, "cannot hold"),
        (8193, "make it smaller first"),
        (20_000, "make it smaller first"),
    ] {
        let mut claim = png.clone();
        claim[16..20].copy_from_slice(&side.to_be_bytes());
        claim[20..24].copy_from_slice(&side.to_be_bytes());
        let claim = fuzzing::checks::with_right_crcs(&claim);
        let words = &[&format!("{side}×{side} pixels")[..], words];
        refused("a PNG that claims", 1 << 18, words, || photo::decode(Cursor::new(&claim), &file, 3));
    }
    let file = file_of(folder.path(), &png, 1 << 40);
    refused("a PNG of 1 TB", MIB, &["1048576 MiB"], || photo::read(&file, 1));
}

/// Many entries of a few bytes each, for which ten times as many bytes are stored.
#[test]
fn pictures_with_very_many_texts() {
    let _alone = ALONE.lock();
    let (png, name) = (&fuzzing::seeds::png()[0], Path::new("some.png"));
    for (chunk, says) in [(b"iTXt", &b"a\0\0\0\0\0"[..]), (b"tEXt", b"a\0"), (b"zTXt", b"a\0\0")] {
        let text = [&(says.len() as u32).to_be_bytes()[..], chunk, says, &[0; 4]].concat();
        let of =
            |count: usize| fuzzing::checks::with_right_crcs(&[&png[..33], &text.repeat(count), &png[33..]].concat());
        let bytes = of(1_000_000);
        refused("a PNG of texts", 1 << 16, &["more than 1,000 texts"], || photo::decode(Cursor::new(&bytes), name, 1));
        let bytes = of(1000);
        taken("a PNG of a thousand texts", bytes.len(), || photo::decode(Cursor::new(&bytes), name, 1));
    }
}

#[test]
fn no_jpeg_that_was_cut_short_is_taken() {
    let _alone = ALONE.lock();
    let name = Path::new("some.jpg");
    let read = |bytes: &[u8]| photo::decode(Cursor::new(bytes), name, 3);
    let files = fuzzing::seeds::jpeg();
    // The Exif data contains a small picture with its own end marker.
    let small = &files[0];
    let note = [b"\xff\xe1", &(small.len() as u16 + 2).to_be_bytes()[..], small].concat();
    let with_small = [&files[1][..2], &note, &files[1][2..]].concat();
    for whole in files.iter().chain([&with_small]) {
        let picture = read(whole).unwrap_or_else(|error| panic!("{error}"));
        for length in 0..whole.len() {
            let error = read(&whole[..length]).err().unwrap_or_else(|| panic!("{length} of {} bytes", whole.len()));
            assert!(error.to_string().contains("not a PNG or JPEG"), "{error}");
        }
        for more in [&b"\0"[..], b"\xff", b"\xff\xd8 and more", small] {
            assert_eq!(read(&[whole, more].concat()).unwrap_or_else(|error| panic!("{error}")), picture);
        }
    }
}

/// The JPEG decoder is known to panic on some of these.
#[test]
fn a_jpeg_with_finer_colours_than_brightness_is_refused() {
    let _alone = ALONE.lock();
    let colour = &fuzzing::seeds::jpeg()[1];
    let frame = colour.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame");
    // Marker, length, precision, height, width, number of components; then for each component a name, its sampling
    // factors across and down, and a table.
    let second = frame + 10 + 3 + 1;
    for (byte, refused) in [(0x11, false), (0x31, true), (0x13, true), (0xff, true)] {
        let mut bytes = colour.clone();
        bytes[second] = byte;
        let read = photo::decode(Cursor::new(&bytes), Path::new("some.jpg"), 3);
        let told = read.as_ref().is_err_and(|error| error.to_string().contains("colours are finer"));
        assert_eq!((told, read.is_ok()), (refused, !refused), "{byte:02x}: {:?}", read.map(|_| ()));
    }
}

#[test]
fn models_with_headers_without_end() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let read = |path: &Path| {
        let file = File::open(path).expect("there");
        let length = file.metadata().expect("there").len();
        file::read(file, length)
    };
    let words = &["its header has 100000000 bytes", "at most 4227072"];
    let file = file_of(folder.path(), &100_000_000_u64.to_le_bytes(), 100_000_100);
    refused("a safetensors header of 100 MB", MIB, words, || read(&file));
    let file = file_of(folder.path(), &u64::MAX.to_le_bytes(), 100);
    refused("a safetensors header of 2^64 bytes", MIB, &["18446744073709551615"], || read(&file));
    let file = file_of(folder.path(), &100_u64.to_le_bytes(), 1 << 40);
    refused("a model file of 1 TB", MIB, &["1099511627776 bytes"], || read(&file));
    // Headers of the maximum length with content that is expensive to read.
    let of = |json: String| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat();
    let tensor = |number: usize| format!("\"{number}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let many = (0..550).map(tensor).collect::<Vec<_>>().join(",");
    let shape = "0,".repeat(16_300);
    for (what, bytes) in [
        ("thousands of tensors", of(format!("{{{many}}}"))),
        (
            "a shape without end",
            of(format!("{{\"0\":{{\"dtype\":\"F32\",\"shape\":[{shape}0],\"data_offsets\":[0,0]}}}}")),
        ),
        ("brackets", of("[".repeat(32_700))),
        ("tables", of("{\"a\":".repeat(5_400))),
    ] {
        refused(what, MIB + 4 * bytes.len(), &["not a handgrad model file"], || file::decode(&bytes));
    }
    let brackets = serde_json::to_string(&("format = 2\n".to_owned() + &"[".repeat(18_000))).expect("text");
    let bytes = of(format!("{{\"__metadata__\":{{\"handgrad\":{brackets}}}}}"));
    refused("a specification without end", MIB, &["18011 bytes", "at most 11264"], || file::decode(&bytes));
    // Offsets whose sum with the length of the header overflows.
    let eighth = (1_u64 << 61) - 1;
    let tensor = |at: u64| {
        let (from, to) = (at * eighth, (at + 1) * eighth);
        format!("\"{at}\":{{\"dtype\":\"U8\",\"shape\":[{eighth}],\"data_offsets\":[{from},{to}]}}")
    };
    let bytes = of(format!("{{{}}}", (0..8).map(tensor).collect::<Vec<_>>().join(",")));
    refused("tensors of 2^64 bytes", MIB, &["more than 15 digits"], || file::decode(&bytes));
    for (what, text) in toml() {
        for begins in ["format = 2\n", "format = 2\na=["] {
            let text = begins.to_owned() + &text.repeat(((11 << 10) - 16) / text.len());
            let json = serde_json::to_string(&text).expect("text");
            let bytes = of(format!("{{\"__metadata__\":{{\"handgrad\":{json}}}}}"));
            refused(what, MIB + 4 * bytes.len(), &["damaged"], || file::decode(&bytes));
        }
    }
}

/// A correct hash over a description of the maximum length, or longer.
#[test]
fn checkpoints_with_much_to_read() {
    let _alone = ALONE.lock();
    let of = |text: &str, tensors: &str| {
        let text = serde_json::to_string(text).expect("text");
        let json = format!("{{\"__metadata__\":{{\"handgrad-checkpoint\":{text}}}{tensors}}}");
        let body = [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat();
        [&body[..], &Sha256::digest(&body)[..]].concat()
    };
    let decode = |bytes: &[u8]| checkpoint::about(bytes).and_then(|_| Checkpoint::decode(bytes, &["reconstruction"]));
    for (what, piece) in toml() {
        let bytes = of(&("format = 1\n".to_owned() + &piece.repeat(((10 << 10) - 16) / piece.len())), "");
        refused(&format!("a checkpoint of {what}"), MIB + 4 * bytes.len(), &["damaged"], || decode(&bytes));
        let text = |length: usize| "format = 1\na=[".to_owned() + &piece.repeat(length / piece.len());
        let bytes = of(&text((10 << 10) - 16), "");
        refused(&format!("a checkpoint of {what}"), MIB + 4 * bytes.len(), &["damaged"], || decode(&bytes));
        for length in [11 << 10, 62 << 10, MIB] {
            let bytes = of(&text(length), "");
            refused(&format!("a long checkpoint of {what}"), 1 << 18, &["at most"], || decode(&bytes));
        }
    }
    let shape = "0,".repeat(16_000);
    let tensor = format!(",\"t\":{{\"dtype\":\"F32\",\"shape\":[{shape}0],\"data_offsets\":[0,0]}}");
    let bytes = of("", &tensor);
    refused("a checkpoint with a shape without end", MIB + 4 * bytes.len(), &["format number"], || decode(&bytes));
}

/// Pieces of TOML that are expensive to read, to be repeated.
fn toml() -> Vec<(&'static str, String)> {
    let pieces = [
        ("TOML in brackets", "a=[["),
        ("TOML in dots", "a.b."),
        ("TOML in tables", "[a.a]\n"),
        ("TOML of inline tables", "a={a={"),
        ("TOML of numbers", "0,"),
        ("TOML of keys", "\"\\u00e9"),
        ("TOML of dots alone", "."),
        ("TOML of commas alone", ","),
        ("TOML of signs alone", "="),
        ("TOML of lines", "\r"),
        ("TOML of quotes", "'"),
    ];
    let mut all: Vec<_> = pieces.map(|(what, piece)| (what, piece.to_owned())).into();
    for depth in [1, 10, 30, 75] {
        all.push(("TOML of tables in tables", format!("[{}1{},", "{s.a=".repeat(depth), "}".repeat(depth))));
        all.push(("TOML of tables in a list", format!("{}1{},", "{s.a=".repeat(depth), "}".repeat(depth))));
    }
    all
}

#[test]
fn configurations_of_brackets() {
    let _alone = ALONE.lock();
    for (what, piece) in toml() {
        for begins in ["layers=[", "", "[", "[\r[\r"] {
            let text = begins.to_owned() + &piece.repeat(((1 << 13) - 16) / piece.len());
            refused(what, MIB + 4 * text.len(), &["some.toml, line"], || {
                fuzzing::Settings::parse(&text, Path::new("some.toml"))
            });
        }
    }
    let many = (0..700).map(|number| format!("k{number} = 1\n")).collect::<String>();
    refused("thousands of keys", MIB + 4 * many.len(), &["there is no setting"], || {
        fuzzing::Settings::parse(&many, Path::new("some.toml"))
    });
    let long = format!("layers = [{}1]\n", "1, ".repeat(2_500));
    taken("a long list", long.len(), || fuzzing::Settings::parse(&long, Path::new("some.toml")));
}

/// A repeated piece of text.
struct Repeat {
    piece: &'static [u8],
    at: usize,
    left: usize,
}

impl Read for Repeat {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(self.left);
        for byte in &mut into[..count] {
            *byte = self.piece[self.at];
            self.at = (self.at + 1) % self.piece.len();
        }
        self.left -= count;
        Ok(count)
    }
}
