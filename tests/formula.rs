//! A calculator for the formulas that `handgrad trace` prints.

use std::collections::HashMap;

/// Evaluates a formula. The values of names are taken from `scope`.
///
/// expression = term { (+ | −) term }      term = factor { (· | /) factor }      factor = [−] atom [² | ^digits]
/// atom = number | name | function(expression, …) | (expression) | |expression| | √(expression)
pub fn evaluate(formula: &str, scope: &HashMap<String, f64>) -> Result<f64, String> {
    let mut parser = Parser { rest: formula, scope };
    let value = parser.expression()?;
    if parser.rest.trim().is_empty() { Ok(value) } else { Err(format!("{:?} is left over", parser.rest)) }
}

struct Parser<'a> {
    rest: &'a str,
    scope: &'a HashMap<String, f64>,
}

impl<'a> Parser<'a> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expects(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("{sign} expected before {:?}", self.rest)) }
    }

    fn expression(&mut self) -> Result<f64, String> {
        let mut sum = self.term()?;
        loop {
            if self.takes("+") {
                sum += self.term()?;
            } else if self.takes("−") {
                sum -= self.term()?;
            } else {
                return Ok(sum);
            }
        }
    }

    fn term(&mut self) -> Result<f64, String> {
        let mut product = self.factor()?;
        loop {
            if self.takes("·") {
                product *= self.factor()?;
            } else if self.takes("/") {
                product /= self.factor()?;
            } else {
                return Ok(product);
            }
        }
    }

    fn factor(&mut self) -> Result<f64, String> {
        let sign = if self.takes("−") { -1.0 } else { 1.0 };
        let atom = self.atom()?;
        if self.takes("²") {
            return Ok(sign * atom * atom);
        }
        if self.takes("^") {
            let power = self.word(|c| c.is_ascii_digit()).parse().map_err(|_| "no exponent")?;
            return Ok(sign * atom.powi(power));
        }
        Ok(sign * atom)
    }

    fn word(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let (word, rest) = self.rest.split_at(self.rest.find(|c| !of(c)).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn atom(&mut self) -> Result<f64, String> {
        self.rest = self.rest.trim_start();
        if self.takes("|") {
            let value = self.expression()?;
            self.expects("|")?;
            return Ok(value.abs());
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let mut number = self.word(|c| c.is_ascii_digit() || c == '.').to_string();
            if self.takes("e−") {
                number += &format!("e-{}", self.word(|c| c.is_ascii_digit()));
            } else if self.takes("e") {
                number += &format!("e{}", self.word(|c| c.is_ascii_digit()));
            }
            return number.parse().map_err(|_| format!("{number:?} is no number"));
        }
        let name = self.word(|c| !" ()·/+−²^|,".contains(c));
        if !self.takes("(") {
            return self.scope.get(name).copied().ok_or_else(|| format!("{name:?} is not known"));
        }
        let mut value = self.expression()?;
        while name == "max" && self.takes(",") {
            value = value.max(self.expression()?);
        }
        self.expects(")")?;
        Ok(match name {
            "" | "max" => value,
            "tanh" => value.tanh(),
            "σ" => 1.0 / (1.0 + (-value).exp()),
            "relu" => value.max(0.0),
            "exp" => value.exp(),
            "ln" => value.ln(),
            "√" => value.sqrt(),
            _ => return Err(format!("{name} is no function")),
        })
    }
}
