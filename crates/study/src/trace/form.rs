//! The structure of a worked example: sections of lines, each line with a symbol, a formula, the formula with numbers
//! put in, a value and a note. The examples build it; `render.rs` writes it as text, Markdown or JSON.

use std::collections::HashMap;

pub(crate) use crate::subscripts::sub;

/// A number, or a matrix.
#[derive(Clone, Debug)]
pub struct Value {
    /// The values, row by row.
    pub values: Vec<f64>,
    /// The number of columns of a matrix, which may have a single row; `None` for a number.
    pub columns: Option<usize>,
}

impl Value {
    pub fn number(value: f64) -> Self {
        Self { values: vec![value], columns: None }
    }

    pub fn matrix(values: &[f64], columns: usize) -> Self {
        Self { values: values.to_vec(), columns: Some(columns) }
    }

    /// Returns the name of one of the values in formulas: `x` for a number, `x₂` in a list, `x₂₁` in a matrix.
    pub fn name_of(&self, symbol: &str, place: usize) -> String {
        match self.columns {
            None => symbol.to_string(),
            Some(columns) if columns == self.values.len() => format!("{symbol}{}", sub(place + 1)),
            Some(columns) => at(symbol, place / columns + 1, place % columns + 1),
        }
    }
}

/// A line `symbol = formula = numbers = value`, with the value on the slide and a note.
#[derive(Debug)]
pub struct Line {
    pub symbol: String,
    /// Empty if there is no formula, such as for given values.
    pub formula: String,
    /// The formula with numbers put in. For a function of a sum there is a second text, with the sum computed:
    /// `tanh(1·0 + 1·1 + 1)`, `tanh(2)`.
    pub numbers: Vec<String>,
    pub value: Value,
    /// The value that the slide prints.
    pub slide: Option<&'static str>,
    pub note: String,
    /// How many entries the log of the trace had before this line: what the formula can use.
    pub known: usize,
}

#[derive(Debug)]
pub enum Item {
    Text(String),
    Line(Line),
}

#[derive(Debug)]
pub struct Section {
    pub heading: String,
    pub items: Vec<Item>,
}

/// A worked example.
#[derive(Debug)]
pub struct Trace {
    pub sections: Vec<Section>,
    /// The values known so far, by their symbols. They are put into formulas.
    scope: HashMap<String, f64>,
    /// All symbols with their values, in the order in which they became known. A symbol may occur again with another
    /// value, such as a loss that is computed in two ways.
    pub log: Vec<(String, f64)>,
    /// True if no setting has changed the example's numbers, so that the values on the slide can be shown beside
    /// them.
    as_printed: bool,
}

impl Trace {
    pub fn new(as_printed: bool) -> Self {
        Self { sections: Vec::new(), scope: HashMap::new(), log: Vec::new(), as_printed }
    }

    pub fn section(&mut self, heading: impl Into<String>) {
        self.sections.push(Section { heading: heading.into(), items: Vec::new() });
    }

    pub fn text(&mut self, text: &str) {
        self.push(Item::Text(text.into()));
    }

    /// Adds a text that is true only for the example's own numbers. It is left out if a setting has changed them.
    pub fn text_as_printed(&mut self, text: &str) {
        if self.as_printed {
            self.text(text);
        }
    }

    /// Makes a value known to formulas without adding a line for it.
    pub fn know(&mut self, symbol: impl Into<String>, value: f64) {
        let symbol = symbol.into();
        self.log.push((symbol.clone(), value));
        self.scope.insert(symbol, value);
    }

    /// Adds a line for a number with its formula. The values that the formula uses must be known already.
    pub fn line(&mut self, symbol: impl Into<String>, formula: impl Into<String>, value: f64) {
        let (symbol, formula) = (symbol.into(), formula.into());
        let (numbers, known) = (self.put_in(&formula), self.log.len());
        self.know(symbol.clone(), value);
        self.push_line(symbol, formula, numbers, Value::number(value), known);
    }

    /// Adds a line for a matrix or for a given value. Formulas refer to the values of a matrix by subscripts: `x₁`,
    /// `w₂₁`.
    pub fn matrix(&mut self, symbol: &str, formula: impl Into<String>, value: Value) {
        let known = self.log.len();
        for (place, &number) in value.values.iter().enumerate() {
            self.know(value.name_of(symbol, place), number);
        }
        self.push_line(symbol.to_string(), formula.into(), Vec::new(), value, known);
    }

    /// Sets the value that the slide prints for the last line, unless a setting has changed the numbers.
    pub fn slide(&mut self, printed: &'static str) {
        let as_printed = self.as_printed;
        if let Some(Item::Line(line)) = self.last() {
            line.slide = as_printed.then_some(printed);
        }
    }

    /// Sets the note of the last line.
    pub fn note(&mut self, note: impl Into<String>) {
        if let Some(Item::Line(line)) = self.last() {
            line.note = note.into();
        }
    }

    /// Sets the note of the last line, unless a setting has changed the numbers.
    pub fn note_as_printed(&mut self, note: &str) {
        if self.as_printed {
            self.note(note);
        }
    }

    fn last(&mut self) -> Option<&mut Item> {
        self.sections.last_mut()?.items.last_mut()
    }

    fn push(&mut self, item: Item) {
        if let Some(section) = self.sections.last_mut() {
            section.items.push(item);
        }
    }

    fn push_line(&mut self, symbol: String, formula: String, numbers: Vec<String>, value: Value, known: usize) {
        self.push(Item::Line(Line { symbol, formula, numbers, value, slide: None, note: String::new(), known }));
    }

    /// Returns the formula with every known name replaced by its number, and for a function of a sum also with the
    /// sum computed. Empty if the formula has no known name.
    pub fn put_in(&self, formula: &str) -> Vec<String> {
        let mut text = String::new();
        let mut rest = formula;
        while let Some(first) = rest.chars().next() {
            let word_len = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
            let len = word_len.max(first.len_utf8());
            let (token, after) = rest.split_at(len);
            match self.scope.get(token) {
                // A negative number needs brackets if it follows another operator, and always before ².
                Some(&value)
                    if value < 0.0
                        && (!(text.is_empty() || text.ends_with('(') || text.ends_with(", "))
                            || after.starts_with('²')) =>
                {
                    text += &format!("({})", short(value));
                }
                Some(&value) => text += &short(value),
                None => text += token,
            }
            rest = after;
        }
        if text == formula {
            return Vec::new();
        }
        let argument = formula.split_once('(').and_then(|(name, rest)| {
            let sum = self.sum_of_products(rest.strip_suffix(')')?)?;
            (!name.is_empty() && name.chars().all(in_name)).then(|| format!("{name}({})", short(sum)))
        });
        let argument = argument.filter(|argument| *argument != text);
        [text].into_iter().chain(argument).collect()
    }

    /// Returns the value of a sum of products of known names, such as a·b + c − d; `None` for any other formula.
    fn sum_of_products(&self, formula: &str) -> Option<f64> {
        let (mut sum, mut sign) = (0.0, 1.0);
        for word in formula.split(' ') {
            match word {
                "+" => sign = 1.0,
                "−" => sign = -1.0,
                _ => {
                    let factors = word.split('·').map(|factor| self.scope.get(factor).copied());
                    sum += sign * factors.product::<Option<f64>>()?;
                }
            }
        }
        Some(sum)
    }
}

/// True for a character of a name: a letter, a digit, a subscript, a prime, or an accent above a letter.
fn in_name(c: char) -> bool {
    let superscript = matches!(c, '²' | '³' | '¹' | '√' | 'Σ');
    !superscript && (c.is_alphanumeric() || matches!(c, '_' | '′' | '∂' | '\u{300}'..='\u{36f}'))
}

/// Returns a name with two subscripts, such as `x₂₃`.
pub fn at(name: &str, i: usize, j: usize) -> String {
    format!("{name}{}{}", sub(i), sub(j))
}

/// Returns all places (row, column) of a matrix, counted from 1.
pub fn places(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..=rows).flat_map(move |i| (1..=columns).map(move |j| (i, j)))
}

/// Returns the sum of `term` over 1 … `count`.
pub fn terms(count: usize, term: impl Fn(usize) -> String) -> String {
    (1..=count).map(term).collect::<Vec<_>>().join(" + ")
}

/// Returns the formula a₁·b₁ + a₂·b₂ + …; `a` and `b` return the name at each place.
pub fn dot(len: usize, a: impl Fn(usize) -> String, b: impl Fn(usize) -> String) -> String {
    terms(len, |at| format!("{}·{}", a(at), b(at)))
}

/// Returns the formula a₁ + a₂ + …, with `count` terms.
pub fn sum(a: &str, count: usize) -> String {
    terms(count, |t| format!("{a}{}", sub(t)))
}

/// Formats a number within a formula: six digits, without trailing zeros.
pub fn short(value: f64) -> String {
    written(value, 6, true)
}

/// Formats a result: ten digits, or fewer if these are exact.
pub fn long(value: f64) -> String {
    written(value, 10, false)
}

/// Formats a number with `digits` decimals, where zeros directly after the decimal point are not counted. Whole
/// numbers have no decimals; very small and very large numbers have an exponent. `trim` always removes trailing
/// zeros.
fn written(value: f64, digits: usize, trim: bool) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() || (value.fract() == 0.0 && size < 1e9) {
        return value.to_string().replace('-', "−");
    }
    let (mantissa, exponent) = if (1e-3..1e6).contains(&size) {
        let zeros = [0.1, 0.01].into_iter().filter(|&power| size < power).count();
        (format!("{value:.*}", digits + zeros), String::new())
    } else {
        let text = format!("{value:.*e}", digits - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        (mantissa.to_string(), format!("e{exponent}"))
    };
    // Trailing zeros are removed if the digits are exact: 0.3, but 0.9999858100.
    let exact = format!("{mantissa}{exponent}").parse().is_ok_and(|shown: f64| (shown - value).abs() <= 1e-14 * size);
    let mantissa = if trim || exact { mantissa.trim_end_matches('0').trim_end_matches('.') } else { &mantissa };
    format!("{mantissa}{exponent}").replace('-', "−")
}
