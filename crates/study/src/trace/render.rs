//! Writes a worked example as text of 100 columns, as Markdown, or as JSON.

use serde_json::{Value as Json, json};

use super::example::Example;
use super::form::{Item, Line, Section, Trace, Value, long};

/// The format in which an example is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text of 100 columns.
    Text,
    /// Markdown.
    Markdown,
    /// One JSON object, with all digits of all values.
    Json,
}

/// The width of the text in columns.
const WIDTH: usize = 100;

/// Returns the width of a text in columns. Accents above a letter take no column.
fn width(text: &str) -> usize {
    text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).count()
}

/// Wraps a text between words. The first line begins after `start` columns, the others after `indent` spaces.
pub fn wrap(text: &str, start: usize, indent: usize) -> String {
    let (mut lines, mut used) = (String::new(), start);
    for (at, word) in text.split(' ').enumerate() {
        let space = usize::from(at > 0);
        if at > 0 && used + space + width(word) > WIDTH {
            lines += &format!("\n{:indent$}{word}", "");
            used = indent + width(word);
        } else {
            lines += &format!("{:space$}{word}", "");
            used += space + width(word);
        }
    }
    lines
}

/// Returns the remark on a line's value: what the slide prints, and the note.
fn remark(line: &Line) -> String {
    let printed = line.slide.map(|slide| format!("slide: {slide}"));
    let note = Some(line.note.clone()).filter(|note| !note.is_empty());
    printed.into_iter().chain(note).collect::<Vec<_>>().join("; ")
}

/// Returns the rows of a value as text; the columns of a matrix are aligned.
pub fn rows(value: &Value) -> Vec<String> {
    let columns = value.columns.unwrap_or(1).max(1);
    let texts: Vec<_> = value.values.iter().map(|&value| long(value)).collect();
    if texts.len() <= columns {
        return vec![texts.join(", ")];
    }
    let widest = texts.iter().map(|text| width(text)).max().unwrap_or(0);
    let pad = |text: &String| format!("{}{text}", " ".repeat(widest - width(text)));
    texts.chunks(columns).map(|row| row.iter().map(pad).collect::<Vec<_>>().join("  ")).collect()
}

/// Returns what comes after the formula of a line: the numbers put in, and the value, if it is a single row and not the
/// last of these numbers.
pub fn results(line: &Line) -> Vec<String> {
    let rows = rows(&line.value);
    let last = rows.first().filter(|last| rows.len() == 1 && line.numbers.last() != Some(last)).cloned();
    line.numbers.iter().cloned().chain(last).collect()
}

/// Returns the symbol and the formula of a line, without its value.
pub fn question(line: &Line) -> String {
    let indent = 2 + width(&line.symbol) + 1;
    format!("  {} {}", line.symbol, wrap(&format!("= {}", line.formula), indent, indent + 4))
}

/// Returns a line of the text, wrapped before an = where it would be too long.
pub fn text_line(line: &Line) -> String {
    let indent = 2 + width(&line.symbol) + 1;
    let mut text = format!("  {}", line.symbol);
    let mut used = indent - 1;
    let rows = rows(&line.value);
    let formula = Some(line.formula.clone()).filter(|formula| !formula.is_empty());
    for (at, part) in formula.into_iter().chain(results(line)).enumerate() {
        let part = format!("= {part}");
        if at > 0 && used + 1 + width(&part) > WIDTH {
            text += &format!("\n{:indent$}", "");
            used = indent;
        } else {
            text += " ";
            used += 1;
        }
        let wrapped = wrap(&part, used, indent + 4);
        used = wrapped.rsplit_once('\n').map_or(used + width(&part), |(_, last)| width(last));
        text += &wrapped;
    }
    if rows.len() > 1 {
        text += &format!(" =\n{}", rows.iter().map(|row| format!("      {row}")).collect::<Vec<_>>().join("\n"));
        used = 6 + rows.last().map_or(0, |row| width(row));
    }
    match remark(line) {
        remark if remark.is_empty() => text,
        remark if used + 4 + width(&remark) <= WIDTH => format!("{text}  ({remark})"),
        remark => format!("{text}\n{:indent$}{}", "", wrap(&format!("({remark})"), indent, indent + 1)),
    }
}

/// Returns the title of an example and the slides that it is about.
pub fn title(example: &Example) -> String {
    format!("{}: {}\n{}", example.name, example.title, wrap(&format!("Slides: {}", example.slides), 0, 8))
}

/// Returns the heading of a section, after an empty line.
pub fn heading(section: &Section) -> String {
    format!("\n{}", section.heading)
}

/// Returns a text or a line of a section.
pub fn item(item: &Item) -> String {
    match item {
        Item::Text(paragraph) => format!("  {}", wrap(paragraph, 2, 2)),
        Item::Line(line) => text_line(line),
    }
}

pub fn text(example: &Example, trace: &Trace) -> String {
    let mut text = title(example) + "\n";
    for section in &trace.sections {
        text += &(heading(section) + "\n");
        section.items.iter().for_each(|part| text += &(item(part) + "\n"));
    }
    text.trim_end().to_string()
}

pub fn markdown(example: &Example, trace: &Trace) -> String {
    let mut text = format!("# {}: {}\n\nSlides: {}\n", example.name, example.title, example.slides);
    let cell = |text: &str| text.replace('|', "\\|");
    for section in &trace.sections {
        text += &format!("\n## {}\n", section.heading);
        let mut in_table = false;
        for item in &section.items {
            match item {
                Item::Text(paragraph) => text += &format!("\n{paragraph}\n"),
                Item::Line(line) => {
                    if !in_table {
                        text += "\n| | formula | numbers put in | value | |\n| --- | --- | --- | --- | --- |\n";
                    }
                    let value = rows(&line.value).join("<br>");
                    let numbers = line.numbers.join(" = ");
                    let cells = [&line.symbol, &line.formula, &numbers, &value, &remark(line)].map(|text| cell(text));
                    text += &format!("| {} |\n", cells.join(" | "));
                }
            }
            in_table = matches!(item, Item::Line(_));
        }
    }
    text.trim_end().to_string()
}

/// Converts a value to JSON: to a number, a list of numbers, or a list of rows. A number that is not finite becomes
/// null.
pub fn json_value(value: &Value) -> Json {
    match value.columns {
        None => json!(value.values.first()),
        Some(columns) if columns == value.values.len() => json!(value.values),
        Some(columns) => value.values.chunks(columns.max(1)).map(|row| json!(row)).collect(),
    }
}

pub fn json(example: &Example, trace: &Trace) -> Json {
    let item = |item: &Item| match item {
        Item::Text(text) => json!({ "text": text }),
        Item::Line(line) => {
            let mut object = serde_json::Map::new();
            object.insert("symbol".into(), json!(line.symbol));
            let optional = [
                ("formula", json!(line.formula), line.formula.is_empty()),
                ("numbers", json!(line.numbers), line.numbers.is_empty()),
                ("value", json_value(&line.value), false),
                ("slide", json!(line.slide), line.slide.is_none()),
                ("note", json!(line.note), line.note.is_empty()),
            ];
            object.extend(
                optional.into_iter().filter(|field| !field.2).map(|(name, value, _)| (name.to_string(), value)),
            );
            Json::from(object)
        }
    };
    let sections = trace.sections.iter().map(|section| {
        let lines: Vec<_> = section.items.iter().map(item).collect();
        json!({ "heading": section.heading, "lines": lines })
    });
    let sections: Vec<_> = sections.collect();
    json!({ "example": example.name, "title": example.title, "slides": example.slides, "sections": sections })
}
