//! Computations with one wrong line: lines of a worked example with other numbers, one of which gets the result of a
//! known slip. The lines after it go on with the wrong result.

use std::collections::HashMap;
use std::rc::Rc;

use handgrad_analysis::Random;

use super::question::Question;
use crate::Error;
use crate::answer::{Asked, Formula};
use crate::trace::form::{Item, Line, long, short};
use crate::trace::{Options, Worked};

/// For each chapter: a worked example, and names of given values that are drawn at random.
const EXAMPLES: [(&str, &[&str]); 11] = [
    ("dense", &["x11", "x12", "w11", "w21", "w22", "b1"]),
    ("mse", &["p1", "p2", "p3", "p4"]),
    ("autoencoder", &["w_e11", "w_e21", "w_d11", "w_d12", "b_e1"]),
    ("pca", &["x11", "x12", "x21"]),
    ("dilation", &["x11", "x13", "w11", "w12", "b"]),
    ("dropout", &["w1", "w4", "b", "t"]),
    ("sparse", &["h1", "h3", "h4"]),
    ("small-vae", &["w_e11", "w_c11", "w_c12", "b_c1", "eps"]),
    ("two-units", &["w_hh11", "w_hh12", "w_xh1", "w_hy1"]),
    ("lstm", &["w_ii", "w_if", "w_hg", "b_if", "w_ho"]),
    ("pca", &["x31", "x32", "x42"]),
];

/// The number of lines that are shown.
const LINES: usize = 4;
/// Slips that a reader cannot find as a mistake of one line, or that are no mistakes of a formula.
const NOT_PLANTED: [&str; 5] = ["known-value", "other-value", "decimal-point", "index", "one-term"];

/// Returns the question which line is wrong.
pub fn question(chapter: usize, random: &mut Random) -> Result<Question, Error> {
    let (name, changed) = EXAMPLES[chapter];
    // With some numbers no line has a slip that changes its value; then others are drawn.
    loop {
        let set = changed.iter().map(|name| format!("{name}={}", super::computed::number(random))).collect();
        let worked = Worked::new(name, &Options { set, ..Options::default() })?;
        if let Some(question) = wrong_line(chapter, &worked, random) {
            return Ok(question);
        }
    }
}

/// Plants a slip in one of some lines.
fn wrong_line(chapter: usize, worked: &Worked, random: &mut Random) -> Option<Question> {
    let log: Rc<[(String, f64)]> = worked.trace.log.clone().into();
    let items = worked.trace.sections.iter().skip(1).flat_map(|section| &section.items);
    let lines: Vec<(&Line, Asked)> = items
        .filter_map(|item| match item {
            Item::Line(line) if line.value.columns.is_none() => {
                let asked = Asked::new(&line.symbol, &line.formula, &log, line.known, line.value.values[0]);
                asked.agrees(&asked.values()).then_some((line, asked))
            }
            _ => None,
        })
        .collect();
    let first = random.below(lines.len().saturating_sub(LINES) + 1);
    let shown = lines.get(first..first + LINES)?;
    let wrong = random.below(LINES);
    let right = shown[wrong].0.value.values[0];
    // The difference must be seen in the printed digits.
    let is_seen = |value: f64| value.is_finite() && (value - right).abs() > 0.02 * right.abs().max(0.05);
    let mut slips = shown[wrong].1.slips();
    slips.retain(|(kind, value, _)| !NOT_PLANTED.contains(kind) && is_seen(*value));
    if slips.is_empty() {
        return None;
    }
    let (_, planted, why) = slips.swap_remove(random.below(slips.len()));

    let mut values: HashMap<&str, f64> =
        log[..shown[0].0.known].iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let mut options = Vec::new();
    for (place, (line, _)) in shown.iter().enumerate() {
        let formula = Formula::read(&line.formula)?;
        let known = |name: &str| values.get(name).copied();
        let numbers = formula.renamed(&|name| {
            let brackets = |text: String| if text.starts_with('−') { format!("({text})") } else { text };
            known(name).map(short).map(brackets)
        });
        let value = if place == wrong { planted } else { formula.value(&known)? };
        options.push(format!("{} = {} = {numbers} = {}", line.symbol, line.formula, long(value)));
        values.insert(&line.symbol, value);
    }
    let text = format!(
        "Find the mistake. These are lines of `handgrad trace {}` with other numbers. In one of them, the result is \
         not that of its formula; the lines below it go on with its result. Which one is wrong?",
        worked.example.name
    );
    let why = format!("The result should be {}. The slip in that line: \"{why}\"", long(right));
    Some(Question::in_order(chapter, &text, options, wrong, &why))
}
