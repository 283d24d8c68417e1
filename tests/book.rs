//! The course in docs/: every chapter is complete and in the table of contents, every link leads somewhere, every
//! drawing is well-formed, the lines that a chapter shows of a command are lines that the command prints, and the
//! commands in `console` blocks work. This file belongs to the package of the binary, which it needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod command;
mod worked;

use command::{err, run};
use worked::here;

fn root() -> PathBuf {
    here().join("../..").canonicalize().expect("the repository")
}

/// All Markdown files in a folder and its subfolders, each with its text.
fn pages(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push((path.clone(), fs::read_to_string(&path).expect("text")));
        }
    }
    found.sort();
    found
}

fn chapters() -> Vec<(PathBuf, String)> {
    let chapters = pages(&root().join("docs/course"));
    assert!(!chapters.is_empty(), "there are chapters");
    chapters
}

/// The text without blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect::<Vec<_>>().join("")
}

/// The targets of all links and pictures of a text.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(|target| target.split_whitespace().next().unwrap_or_default().to_string()).collect()
}

/// The anchor that GitHub and mdBook give to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> Vec<String> {
    prose(text).lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_matches(['#', ' ']))).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let root = root();
    let mut pages = pages(&root.join("docs"));
    pages.push((root.join("README.md"), fs::read_to_string(root.join("README.md")).expect("text")));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (page, text) in &pages {
        for link in links(text) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            let found = match fs::read_to_string(&target) {
                Ok(of_target) => heading.is_empty() || anchors(&of_target).iter().any(|known| known == heading),
                Err(_) => target.exists() && heading.is_empty(),
            };
            if !found {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
    assert!(count > 100, "only {count} links were found");
}

#[test]
fn the_table_of_contents_names_every_page() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("the table of contents");
    let listed: BTreeSet<_> = links(&summary).into_iter().map(|link| docs.join(link)).collect();
    for (page, _) in pages(&docs) {
        assert!(page.ends_with("SUMMARY.md") || listed.contains(&page), "{} is not in it", page.display());
    }
    let book = fs::read_to_string(root().join("book.toml")).expect("the settings of mdBook");
    let book: toml::Table = book.parse().expect("TOML");
    assert_eq!(book["book"]["src"].as_str(), Some("docs"));
}

/// In the table from Keras to handgrad, every flag is one of `handgrad train`, and every function is in its file.
#[test]
fn flags_and_functions_of_the_keras_table_exist() {
    let page = fs::read_to_string(root().join("docs/course.md")).expect("text");
    let (_, table) = page.split_once("## From Keras to handgrad").expect("the table");
    let help = train_help();
    let mut flags = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        for flag in cells[1].split(['`', ' ']).filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!("{flag} ")), "{row}: `handgrad train --help` has no {flag}");
            flags += 1;
        }
        let file = links(cells[2]).first().expect("a file").clone();
        let source = fs::read_to_string(root().join("docs").join(&file)).expect("a source file");
        for name in cells[2].split('`').skip(1).step_by(2) {
            assert!(source.contains(&format!("fn {name}")), "{row}: {file} has no function {name}");
        }
    }
    assert!(flags > 10, "{flags} flags were looked for");
}

/// The long help text of `handgrad train`.
fn train_help() -> String {
    let output = run(here(), &["train", "--help"]);
    assert!(output.status.success(), "{}", err(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The parts of a chapter, in this order.
const PARTS: [&str; 6] =
    ["## The idea", "## The formulas", "## The numbers", "## An experiment", "## Exercises", "## A question"];

#[test]
fn every_chapter_is_complete() {
    for (path, text) in chapters() {
        let name = path.display();
        let number = path.file_name().expect("a name").to_string_lossy()[..2].parse::<usize>().expect("a number");
        assert!(text.starts_with(&format!("# {number} · ")), "{name}: the heading has the number of the file");
        assert!(text.contains("\n**Slides:** "), "{name} says which slides it covers");
        let at: Vec<_> = PARTS.iter().map(|part| text.find(&format!("\n{part}\n")).unwrap_or(usize::MAX)).collect();
        assert!(at.is_sorted() && at[5] < text.len(), "{name} has the parts {PARTS:?}: {at:?}");
        let within = |part: usize| &text[at[part]..*at.get(part + 1).unwrap_or(&text.len())];
        let count = |part: usize, words: &str| within(part).matches(words).count();
        assert!(within(0).contains("/images/course/") && within(0).contains(".svg)"), "{name} has a drawing");
        assert!(within(1).contains("```text") && within(1).contains("../../crates/"), "{name} names the derivation");
        assert!(within(2).contains("$ handgrad "), "{name} shows numbers and the command that gives them");
        assert!(within(3).contains("```console\n$ handgrad "), "{name} has an experiment");
        assert_eq!(count(4, "<summary>Solution</summary>"), 3, "{name} has three exercises with solutions");
        for exercise in 1..=3 {
            assert_eq!(count(4, &format!("**{number}.{exercise}**")), 1, "{name}: exercise {number}.{exercise}");
        }
        assert_eq!(count(5, "<summary>Answer</summary>"), 1, "{name} has a question with its answer");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{name}: folds are closed");
    }
}

/// A block that begins with a command shows lines of its output, in their order; … stands for lines left out.
#[test]
fn shown_lines_are_lines_of_the_output() {
    let mut tried = 0;
    for (path, text) in chapters() {
        for block in text.split("```text\n$ handgrad ").skip(1) {
            let mut lines = block.split("```").next().expect("a block").lines();
            let args: Vec<_> = lines.next().expect("a command").split_whitespace().collect();
            let output = run(here(), &args);
            assert!(output.status.success(), "{}: {args:?}: {}", path.display(), err(&output));
            let output = String::from_utf8(output.stdout).expect("UTF-8");
            let mut printed = output.lines();
            for line in lines.filter(|line| *line != "…" && !line.is_empty()) {
                let found = printed.any(|printed| printed == line);
                assert!(found, "{}: {args:?} does not print, or not in this order:\n{line}", path.display());
                tried += 1;
            }
        }
    }
    assert!(tried > 10, "{tried} lines were compared");
}

/// The commands in `console` blocks work, in the order of the chapter. The chapters are tried side by side.
#[test]
fn the_commands_of_every_chapter_work() {
    let chapters = chapters();
    std::thread::scope(|scope| {
        for (path, text) in &chapters {
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a temporary folder");
                for block in text.split("```console\n").skip(1) {
                    for line in block.split("```").next().unwrap_or_default().lines() {
                        let Some((_, args)) = line.split_once("$ handgrad ") else { continue };
                        let args: Vec<_> = args.split_whitespace().collect();
                        let output = run(folder.path(), &args);
                        assert!(output.status.success(), "{}: {line}: {}", path.display(), err(&output));
                    }
                }
            });
        }
    });
}

#[test]
fn drawings_are_well_formed_and_every_one_is_shown() {
    let root = root();
    let shown: BTreeSet<_> = chapters()
        .iter()
        .flat_map(|(_, text)| links(text))
        .filter_map(|link| link.strip_prefix("../images/course/").map(str::to_string))
        .collect();
    let drawings = fs::read_dir(root.join("docs/images/course")).expect("drawings");
    let drawings: BTreeSet<_> =
        drawings.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(shown, drawings);
    for name in drawings {
        let text = fs::read_to_string(root.join("docs/images/course").join(&name)).expect("text");
        let drawing = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(drawing.descendants().any(|node| node.has_tag_name("title")), "{name} has a title");
        // Readable in grey: every colour is a grey.
        for colour in text.match_indices('#').map(|(at, _)| &text[at + 1..]) {
            let digits: String = colour.chars().take_while(char::is_ascii_hexdigit).collect();
            let grey = match digits.len() {
                3 => digits.chars().all(|c| digits.starts_with(c)),
                6 => digits[..2] == digits[2..4] && digits[..2] == digits[4..],
                _ => colour.starts_with("a)"),
            };
            assert!(grey, "{name}: #{digits} is no grey");
        }
    }
}
