//! What changes in a worked example if some of its numbers change: the lines with another value.

use serde_json::json;

use super::form::{Item, Line, Section};
use super::render::{self, Format};
use super::worked::Worked;

/// A line that has different values before and after the change.
struct Change<'a> {
    /// The line after the change, or before it if it is gone.
    line: &'a Line,
    /// The line before and after the change; `None` where it does not exist.
    values: [Option<&'a Line>; 2],
}

fn lines(section: &Section) -> Vec<&Line> {
    section.items.iter().filter_map(|item| if let Item::Line(line) = item { Some(line) } else { None }).collect()
}

/// Returns the lines of a section that have different values before and after the change.
fn changed<'a>(before: &'a Section, after: &'a Section) -> Vec<Change<'a>> {
    let (before, mut next) = (lines(before), 0);
    let gone = |line: &'a Line| Change { line, values: [Some(line), None] };
    let mut changes = Vec::new();
    for line in lines(after) {
        let found = before[next..].iter().position(|other| other.symbol == line.symbol);
        let place = found.map(|skipped| next + skipped);
        if let Some(place) = place {
            changes.extend(before[next..place].iter().copied().map(gone));
            next = place + 1;
        }
        changes.push(Change { line, values: [place.map(|place| before[place]), Some(line)] });
    }
    changes.extend(before[next..].iter().copied().map(gone));
    let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    changes.retain(|change| match change.values {
        [Some(before), Some(after)] => !before.value.values.iter().zip(&after.value.values).all(same),
        _ => true,
    });
    changes
}

/// Writes the lines in which two workings of the same example differ, with the old and the new value. `settings` says
/// what was changed.
#[must_use]
pub fn changes(before: &Worked, after: &Worked, settings: &str, format: Format) -> String {
    let sections = before.trace.sections.iter().zip(&after.trace.sections);
    let sections: Vec<_> = sections.map(|(before, after)| (after, changed(before, after))).collect();
    let all: usize = after.trace.sections.iter().map(|section| lines(section).len()).sum();
    let count: usize = sections.iter().map(|(_, changes)| changes.len()).sum();
    let sections: Vec<_> = sections.into_iter().filter(|(_, changes)| !changes.is_empty()).collect();
    let name = after.example.name;
    let summary = format!("{count} of {all} lines change.");
    match format {
        Format::Text => {
            let mut text = format!("{name}: what changes with {settings}\n");
            for (section, changes) in &sections {
                text += &format!("{}\n", render::heading(section));
                changes.iter().for_each(|change| text += &text_of(change));
            }
            text + "\n" + &summary
        }
        Format::Markdown => {
            let mut text = format!("# {name}: what changes with {settings}\n");
            for (section, changes) in &sections {
                text += &format!("\n## {}\n\n| | formula | old | new |\n| --- | --- | --- | --- |\n", section.heading);
                for Change { line, values } in changes {
                    let [old, new] = values.map(|line| line.map_or(String::new(), |line| rows_of(line).join("<br>")));
                    let cells = [&line.symbol, &line.formula, &old, &new].map(|cell| cell.replace('|', "\\|"));
                    text += &format!("| {} |\n", cells.join(" | "));
                }
            }
            text + "\n" + &summary
        }
        Format::Json => {
            let change = |Change { line, values }: &Change| {
                let [old, new] = values.map(|line| line.map(|line| render::json_value(&line.value)));
                json!({ "symbol": line.symbol, "formula": line.formula, "old": old, "new": new })
            };
            let section = |(section, changes): &(&Section, Vec<Change>)| {
                let lines: Vec<_> = changes.iter().map(change).collect();
                json!({ "heading": section.heading, "lines": lines })
            };
            let sections: Vec<_> = sections.iter().map(section).collect();
            json!({ "example": name, "changed": settings, "sections": sections, "changed_lines": count, "lines": all })
                .to_string()
        }
    }
}

/// Returns the rows of the value, with the numbers put in before a single row.
fn rows_of(line: &Line) -> Vec<String> {
    match render::rows(&line.value) {
        rows if rows.len() > 1 => rows,
        _ => vec![render::results(line).join(" = ")],
    }
}

/// Returns the symbol and the formula, and below them the old and the new value.
fn text_of(Change { line, values }: &Change) -> String {
    let mut text = match line.formula.is_empty() {
        true => format!("  {}\n", line.symbol),
        false => render::question(line) + "\n",
    };
    for (name, line) in ["old", "new"].into_iter().zip(values) {
        let rows = line.map_or_else(|| vec!["this line is not there".into()], rows_of);
        let rows: Vec<_> = rows.iter().map(|row| render::wrap(row, 9, 9)).collect();
        text += &format!("    {name}  {}\n", rows.join("\n         "));
    }
    text
}
