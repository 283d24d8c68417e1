//! Every slide that the project cites exists: each title in quotation marks after the short name of a deck is in the
//! list of titles in docs/slides.md, in the section of that deck.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const DECKS: [&str; 4] = ["KERAS", "DIVE", "CE6146", "UTMIST"];

/// The titles of each deck, with the number of slides of that title and the chapters of the course that cover them.
type Titles = BTreeMap<String, BTreeMap<String, (usize, Vec<usize>)>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace around the tests")
}

/// Reads the tables below "## The titles of the slides".
fn titles(document: &str) -> Titles {
    let (_, list) = document.split_once("\n## The titles of the slides\n").expect("the list of titles");
    let list = list.split("\n## ").next().expect("text");
    let decks = list.split("\n### ").skip(1).map(|section| {
        let (deck, table) = section.split_once('\n').expect("a table below the name");
        let rows = table.lines().filter_map(|line| line.strip_prefix("| ")).skip(2);
        let row = |row: &str| {
            let cells: Vec<_> = row.trim_end_matches(" |").split(" | ").collect();
            let chapters = cells[2].split(", ").filter(|chapter| *chapter != "—");
            let chapters = chapters.map(|chapter| chapter.parse().expect("a chapter")).collect();
            (cells[0].to_string(), (cells[1].parse().expect("a number of slides"), chapters))
        };
        (deck.to_string(), rows.map(row).collect())
    });
    decks.collect()
}

/// The text of a file on one line: without the marks of comments, the escapes of quotation marks and the line breaks
/// of string literals.
fn plain(text: &str) -> String {
    let line = |line: &str| {
        let line = line.trim();
        let line = ["//!", "///", "//"].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
        line.trim_end_matches('\\').trim().to_string()
    };
    text.lines().map(line).collect::<Vec<_>>().join(" ").replace("\\\"", "\"")
}

/// The quoted texts with which `text` begins, connected by commas, "and" or "to".
fn quoted(mut text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some(rest) = text.strip_prefix('"') {
        let Some((title, rest)) = rest.split_once('"') else { break };
        found.push(title);
        text = [", and ", ", ", " and ", " to "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or("");
    }
    found
}

/// Every citation in a text: the deck and the title. A part alone, such as "(2/3)", gets the title before it.
fn citations(text: &str) -> Vec<(&'static str, String)> {
    let text = plain(text);
    let mut found = Vec::new();
    for deck in DECKS {
        for (at, _) in text.match_indices(deck) {
            let Some(mut rest) = text[at + deck.len()..].strip_prefix(' ') else { continue };
            // CE6146 and UTMIST "Denoising Autoencoders" cites the slide of both decks.
            while let Some(next) = rest.strip_prefix("and ").or_else(|| rest.strip_prefix(", ")) {
                let Some(after) = DECKS.iter().find_map(|deck| next.strip_prefix(deck)) else { break };
                rest = after.trim_start();
            }
            let mut base = "";
            for title in quoted(rest) {
                if title.starts_with('(') {
                    found.push((deck, format!("{base} {title}")));
                } else {
                    base = title.split(" (").next().filter(|_| part(title).is_some()).unwrap_or(title);
                    found.push((deck, title.to_string()));
                }
            }
        }
    }
    found
}

/// Splits "Title (2/3)" into the title, 2 and 3.
fn part(title: &str) -> Option<(&str, usize, usize)> {
    let (base, part) = title.strip_suffix(')')?.rsplit_once(" (")?;
    let (number, of) = part.split_once('/')?;
    Some((base, number.parse().ok()?, of.parse().ok()?))
}

/// A citation of all slides of a title has no number.
fn exists(titles: &Titles, deck: &str, title: &str) -> bool {
    let slides = |title: &str| titles.get(deck).and_then(|titles| titles.get(title)).map(|of_title| of_title.0);
    slides(title).is_some()
        || part(title).is_some_and(|(base, number, of)| slides(base) == Some(of) && (1..=of).contains(&number))
}

/// Every file of the repository in which slides are cited. The fixtures of the traces are printed by code that is read
/// itself.
fn files() -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = ["crates", "docs", "tests"].iter().map(|folder| root().join(folder)).collect();
    let mut files = vec![root().join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let ending = path.extension().unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if ["rs", "md", "toml", "py"].iter().any(|known| ending == *known) && !path.ends_with(file!()) {
                files.push(path);
            }
        }
    }
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("text"))).collect()
}

#[test]
fn every_cited_slide_exists() {
    let titles = titles(&fs::read_to_string(root().join("docs/slides.md")).expect("text"));
    assert_eq!(titles.keys().collect::<Vec<_>>(), ["CE6146", "DIVE", "KERAS", "UTMIST"]);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, text) in files() {
        for (deck, title) in citations(&text) {
            count += 1;
            if !exists(&titles, deck, &title) {
                wrong.push(format!("{}: {deck} has no slide {title:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 150, "only {count} citations were found");
}

/// The list of titles names a chapter exactly where the chapter names the slide.
#[test]
fn the_chapters_of_a_slide_are_those_that_cite_it() {
    let titles = titles(&fs::read_to_string(root().join("docs/slides.md")).expect("text"));
    let listed: BTreeSet<_> = titles
        .iter()
        .flat_map(|(deck, titles)| titles.iter().map(move |(title, (_, chapters))| (deck, title, chapters)))
        .flat_map(|(deck, title, chapters)| chapters.iter().map(move |chapter| (*chapter, deck.clone(), title.clone())))
        .collect();
    let mut cited = BTreeSet::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path.starts_with(root().join("docs/course"))) {
        let chapter = path.file_name().expect("a name").to_string_lossy()[..2].parse().expect("a number");
        let (_, slides) = text.split_once("**Slides:**").expect("the slides of the chapter");
        for (deck, title) in citations(slides.split("\n\n").next().unwrap_or_default()) {
            let base = part(&title).map_or(title.as_str(), |(base, ..)| base).to_string();
            cited.insert((chapter, deck.to_string(), base));
        }
    }
    assert_eq!(listed, cited);
}

#[test]
fn a_wrong_citation_is_found() {
    let table = "\n## The titles of the slides\n\n### KERAS\n\n| title | slides | chapters |\n| --- | --- | --- |\n\
                 | A | 1 | — |\n| B | 3 | 2, 4 |\n\n### UTMIST\n\n| title | slides | chapters |\n\
                 | --- | --- | --- |\n| B | 1 | 0 |\n\n## Errors\n";
    let titles = titles(table);
    let of = |deck: &'static str, title: &str| (deck, title.to_string());
    let text =
        "//! Slides: KERAS \"A\",\n//! \"B (1/3)\" to \"(3/3)\": \"words\". KERAS and UTMIST \"B\" \\\n  and \"C\"";
    let found = citations(text);
    let keras = [of("KERAS", "A"), of("KERAS", "B (1/3)"), of("KERAS", "B (3/3)"), of("KERAS", "B"), of("KERAS", "C")];
    assert_eq!(found, [&keras[..], &[of("UTMIST", "B"), of("UTMIST", "C")]].concat());
    let wrong: Vec<_> = found.iter().filter(|(deck, title)| !exists(&titles, deck, title)).collect();
    assert_eq!(wrong, [&of("KERAS", "C"), &of("UTMIST", "C")]);
    for title in ["B (4/3)", "B (0/3)", "B (1/4)", "A (1/3)", "(1/3)"] {
        assert!(!exists(&titles, "KERAS", title), "{title}");
    }
}
