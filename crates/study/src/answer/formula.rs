//! Formulas as trees: reading them, computing them, changing one of their parts, and writing them.
//!
//! ```text
//! sum = product { (+ | −) product }      product = factor { (· | /) factor }      factor = [−] atom [² | ^digits]
//! atom = number | name | function(sum, sum, …) | (sum) | |sum|
//! ```

use std::fmt;

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula {
    Number(f64),
    Name(String),
    /// The terms, each with true if it is subtracted.
    Sum(Vec<(bool, Formula)>),
    /// The factors, each with true if the product is divided by it.
    Product(Vec<(bool, Formula)>),
    Power(Box<Formula>, i32),
    Negative(Box<Formula>),
    /// A function of some values. Without a name these are brackets; `|` is the absolute value.
    Call(String, Vec<Formula>),
}

use Formula::{Call, Name, Negative, Number, Power, Product, Sum};

impl Formula {
    /// Reads a formula; `None` if the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader(text);
        let formula = reader.sum()?;
        reader.0.trim().is_empty().then_some(formula)
    }

    /// Computes the formula. `value` returns the values of names. `None` if a name or a function is not known.
    pub fn value(&self, value: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
        let signed = |minus: bool, part: &Formula| part.value(value).map(|value| if minus { -value } else { value });
        Some(match self {
            Number(number) => *number,
            Name(name) => value(name)?,
            Sum(terms) => terms.iter().map(|(minus, term)| signed(*minus, term)).sum::<Option<f64>>()?,
            Product(factors) => {
                let mut product = 1.0;
                for (divides, factor) in factors {
                    let factor = factor.value(value)?;
                    product = if *divides { product / factor } else { product * factor };
                }
                product
            }
            Power(base, power) => base.value(value)?.powi(*power),
            Negative(part) => -part.value(value)?,
            Call(name, parts) => {
                let values = parts.iter().map(|part| part.value(value)).collect::<Option<Vec<f64>>>()?;
                call(name, &values)?
            }
        })
    }

    /// Returns the parts of this formula.
    pub fn parts(&self) -> Vec<&Formula> {
        match self {
            Number(_) | Name(_) => Vec::new(),
            Sum(parts) | Product(parts) => parts.iter().map(|(_, part)| part).collect(),
            Power(part, _) | Negative(part) => vec![part],
            Call(_, parts) => parts.iter().collect(),
        }
    }

    /// Returns the formula with another part in the place of one of its parts.
    fn with(&self, place: usize, other: Formula) -> Formula {
        let mut changed = self.clone();
        match &mut changed {
            Number(_) | Name(_) => {}
            Sum(parts) | Product(parts) => parts[place].1 = other,
            Power(part, _) | Negative(part) => **part = other,
            Call(_, parts) => parts[place] = other,
        }
        changed
    }

    /// Returns every formula that comes from this one by changing one of its parts, or the whole. `change` returns the
    /// changed forms of a part, each with an explanation.
    pub fn variants(&self, change: &dyn Fn(&Formula) -> Vec<(Formula, String)>) -> Vec<(Formula, String)> {
        let mut found = change(self);
        for (place, part) in self.parts().into_iter().enumerate() {
            let changed = part.variants(change).into_iter();
            found.extend(changed.map(|(part, why)| (self.with(place, part), why)));
        }
        found
    }

    /// Returns the formula with all names replaced for which `other` returns another one.
    pub fn renamed(&self, other: &dyn Fn(&str) -> Option<String>) -> Formula {
        if let Name(name) = self {
            return other(name).map_or_else(|| self.clone(), Name);
        }
        let parts = self.parts().into_iter().enumerate();
        parts.fold(self.clone(), |formula, (place, part)| formula.with(place, part.renamed(other)))
    }

    /// Returns all names, each as often as it occurs.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Name(name) => vec![name],
            other => other.parts().into_iter().flat_map(Formula::names).collect(),
        }
    }

    /// Returns the product of these factors.
    pub fn product(mut factors: Vec<(bool, Formula)>) -> Formula {
        match factors.len() {
            0 => Number(1.0),
            1 if !factors[0].0 => factors.remove(0).1,
            _ => Product(factors),
        }
    }

    /// Returns the sum of these terms.
    pub fn sum(mut terms: Vec<(bool, Formula)>) -> Formula {
        match terms.len() {
            0 => Number(0.0),
            1 if !terms[0].0 => terms.remove(0).1,
            _ => Sum(terms),
        }
    }

    /// Returns the formula in brackets.
    pub fn brackets(part: Formula) -> Formula {
        Call(String::new(), vec![part])
    }

    /// Returns what is inside if the formula is in brackets.
    pub fn inside(&self) -> Option<&Formula> {
        match self {
            Call(name, parts) if name.is_empty() => parts.first(),
            _ => None,
        }
    }
}

/// The functions of formulas. `tan`, `log` and others are those that are taken by mistake.
fn call(name: &str, values: &[f64]) -> Option<f64> {
    let value = *values.first()?;
    Some(match name {
        "max" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ if values.len() > 1 => return None,
        "" => value,
        "|" => value.abs(),
        "tanh" => value.tanh(),
        "σ" | "sigmoid" => 1.0 / (1.0 + (-value).exp()),
        "relu" => value.max(0.0),
        "exp" => value.exp(),
        "ln" => value.ln(),
        "√" | "sqrt" => value.sqrt(),
        "tan" => value.tan(),
        "log₁₀" => value.log10(),
        _ => return None,
    })
}

/// Writes the formula as the worked examples write theirs.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number(number) => f.write_str(&number.to_string().replace('-', "−")),
            Name(name) => f.write_str(name),
            Sum(terms) => terms.iter().enumerate().try_for_each(|(at, (minus, term))| match (at, minus) {
                (0, false) => write!(f, "{term}"),
                (0, true) => write!(f, "−{term}"),
                (_, false) => write!(f, " + {term}"),
                (_, true) => write!(f, " − {term}"),
            }),
            Product(factors) => {
                factors.iter().enumerate().try_for_each(|(at, (divides, factor))| match (at, divides) {
                    (0, false) => write!(f, "{factor}"),
                    (0, true) => write!(f, "1/{factor}"),
                    (_, false) => write!(f, "·{factor}"),
                    (_, true) => write!(f, "/{factor}"),
                })
            }
            Power(base, 2) => write!(f, "{base}²"),
            Power(base, power) => write!(f, "{base}^{power}"),
            Negative(part) => write!(f, "−{part}"),
            Call(name, parts) => {
                let parts = parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                if name == "|" { write!(f, "|{parts}|") } else { write!(f, "{name}({parts})") }
            }
        }
    }
}

/// Reads a formula from left to right; it holds what is not read yet.
struct Reader<'a>(&'a str);

/// How deep brackets may be nested, so that no text that is typed overflows the stack.
const DEEPEST: usize = 50;

impl<'a> Reader<'a> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn word(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let (word, rest) = self.0.split_at(self.0.find(|c| !is_part(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        word
    }

    fn sum(&mut self) -> Option<Formula> {
        // Every opening bracket that is still in the text could open a level.
        if self.0.matches(['(', '|']).count() > DEEPEST {
            return None;
        }
        let mut terms = vec![(false, self.product()?)];
        loop {
            let minus = if self.takes("+") {
                false
            } else if self.takes("−") {
                true
            } else {
                return Some(Formula::sum(terms));
            };
            terms.push((minus, self.product()?));
        }
    }

    fn product(&mut self) -> Option<Formula> {
        let mut factors = vec![(false, self.factor()?)];
        loop {
            let divides = if self.takes("·") {
                false
            } else if self.takes("/") {
                true
            } else {
                return Some(Formula::product(factors));
            };
            factors.push((divides, self.factor()?));
        }
    }

    fn factor(&mut self) -> Option<Formula> {
        let minus = self.takes("−");
        let atom = self.atom()?;
        let power = if self.takes("²") {
            Power(Box::new(atom), 2)
        } else if self.takes("^") {
            Power(Box::new(atom), self.word(|c| c.is_ascii_digit()).parse().ok()?)
        } else {
            atom
        };
        Some(match power {
            Number(number) if minus => Number(-number),
            other if minus => Negative(Box::new(other)),
            other => other,
        })
    }

    fn atom(&mut self) -> Option<Formula> {
        self.0 = self.0.trim_start();
        if self.takes("|") {
            let part = self.sum()?;
            return self.takes("|").then(|| Call("|".into(), vec![part]));
        }
        if self.0.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let mut number = self.word(|c| c.is_ascii_digit() || c == '.').to_string();
            let rest = self.0.strip_prefix(['e', 'E']).unwrap_or_default();
            let (sign, digits) = rest.strip_prefix('−').map_or(("", rest), |digits| ("-", digits));
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.0 = digits;
                number += &format!("e{sign}{}", self.word(|c| c.is_ascii_digit()));
            }
            return number.parse().ok().map(Number);
        }
        let name = self.word(|c| !" ()·/+−²^|,".contains(c));
        if !self.takes("(") {
            return (!name.is_empty()).then(|| Name(name.into()));
        }
        let mut parts = vec![self.sum()?];
        while self.takes(",") {
            parts.push(self.sum()?);
        }
        self.takes(")").then(|| Call(name.into(), parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<f64> {
        let known = |name: &str| [("a", 3.0), ("b₁", -2.0)].iter().find(|known| known.0 == name).map(|known| known.1);
        Formula::read(text)?.value(&known)
    }

    #[test]
    fn formulas_are_computed_and_written_as_they_were_read() {
        for (text, expected) in [
            ("a·b₁ + 1", -5.0),
            ("−a² − b₁²", -13.0),
            ("2·(a − b₁)/4", 2.5),
            ("max(a, b₁, 7)", 7.0),
            ("|b₁|·√(a + 1)", 4.0),
            ("(a/2)^3", 3.375),
            ("relu(b₁) + exp(0)", 1.0),
            ("−3·2", -6.0),
            ("a − −1", 4.0),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
            let written = Formula::read(text).expect("a formula").to_string();
            assert_eq!(value(&written), Some(expected), "{written}");
        }
        assert_eq!(value("1e−3·1.5e2"), Some(0.15));
        assert_eq!(Formula::read("1 − h₁²").expect("a formula").to_string(), "1 − h₁²");
        for text in ["", "a·", "(a", "a)", "c", "f(a)", "a b", "1..2", &"(".repeat(100_000), &"√(".repeat(100_000)] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
