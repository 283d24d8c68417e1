//! Files, lines and crates stay small.

use std::collections::BTreeMap;

/// The maximum number of lines of a source file under `crates/`.
const LINES: usize = 450;
/// The maximum number of characters of a line.
const WIDTH: usize = 120;
/// A crate may have at most one in this many of all lines under `crates/`.
const PARTS: usize = 4;

/// Source files under `crates/` with too many lines.
pub fn long_files(sources: &[(String, String)]) -> Vec<String> {
    let in_crates = sources.iter().filter(|(path, _)| path.starts_with("crates/"));
    let counted = in_crates.map(|(path, text)| (path, text.lines().count()));
    let too_long = counted.filter(|(_, lines)| *lines > LINES);
    too_long.map(|(path, lines)| format!("{path} has {lines} lines, more than {LINES}")).collect()
}

/// Lines with too many characters.
pub fn wide_lines(sources: &[(String, String)]) -> Vec<String> {
    let wide = |(path, text): &(String, String)| {
        let widths = (1..).zip(text.lines().map(|line| line.chars().count()));
        let too_wide = widths.filter(|(_, width)| *width > WIDTH);
        too_wide.map(|(at, width): (usize, _)| format!("{path}:{at} has {width} characters")).collect::<Vec<_>>()
    };
    sources.iter().flat_map(wide).collect()
}

/// Lines of Markdown with too many characters, without what cannot be broken: rows of tables, pictures, and code.
pub fn wide_prose(documents: &[(String, String)]) -> Vec<String> {
    let mut prose = Vec::new();
    for (path, text) in documents {
        let mut in_code = false;
        let kept = text.lines().map(|line| {
            in_code ^= line.trim_start().starts_with("```");
            if in_code || line.starts_with(['|', '!']) { "" } else { line }
        });
        prose.push((path.clone(), kept.collect::<Vec<_>>().join("\n")));
    }
    wide_lines(&prose)
}

/// Crates with too large a share of the lines.
pub fn large_crates(sources: &[(String, String)]) -> Vec<String> {
    let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, text) in sources {
        if let Some((name, _)) = path.strip_prefix("crates/").and_then(|path| path.split_once('/')) {
            *crates.entry(name).or_default() += text.lines().count();
        }
    }
    let all: usize = crates.values().sum();
    let too_large = crates.into_iter().filter(|(_, lines)| lines * PARTS > all);
    too_large.map(|(name, lines)| format!("{name} holds {lines} of {all} lines, more than one in {PARTS}")).collect()
}

fn source(path: &str, text: &str) -> (String, String) {
    (path.into(), text.into())
}

#[test]
fn a_file_of_451_lines_is_too_long() {
    let with = |lines| [source("crates/a/src/b.rs", &"\n".repeat(lines)), source("tests/c.rs", &"\n".repeat(1000))];
    assert_eq!(long_files(&with(450)), [""; 0]);
    assert_eq!(long_files(&with(451)), ["crates/a/src/b.rs has 451 lines, more than 450"]);
}

#[test]
fn prose_that_can_be_broken_is_not_wide() {
    let long = "word ".repeat(30);
    let text = format!("# Title\n| {long} |\n```console\n$ {long}\n```\n![{long}](x.png)\n{long}\n");
    assert_eq!(wide_prose(&[source("docs/a.md", &text)]), ["docs/a.md:7 has 150 characters"]);
}

#[test]
fn a_line_of_121_characters_is_too_wide() {
    let with = |width| [source("tests/c.rs", &format!("short\n{}\nshort", "é".repeat(width)))];
    assert_eq!(wide_lines(&with(120)), [""; 0]);
    assert_eq!(wide_lines(&with(121)), ["tests/c.rs:2 has 121 characters"]);
}

#[test]
fn a_crate_with_more_than_a_quarter_of_the_lines_is_too_large() {
    let with = |lines: [usize; 4]| {
        let of = |(name, lines): (&str, usize)| source(&format!("crates/{name}/src/lib.rs"), &"\n".repeat(lines));
        ["a", "b", "c", "d"].into_iter().zip(lines).map(of).chain([source("tests/c.rs", "\n")]).collect::<Vec<_>>()
    };
    assert_eq!(large_crates(&with([10, 10, 10, 10])), [""; 0]);
    assert_eq!(large_crates(&with([9, 10, 10, 11])), ["d holds 11 of 40 lines, more than one in 4"]);
}
