//! What each column of a table is, and how its values become values of a network. It is made from the training rows
//! and kept with the model.

use std::collections::HashMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::fit::{MOST_DECIMALS, SIGNIFICANT, column};
use super::told::{Misfit, Told};
use super::{Cell, ColumnError, KindName, Table, date};
use crate::csv::Fill;
use crate::csv::value::long_number;
use crate::{Error, check_room, did_you_mean};

/// The most decimals that a number is written with, unless it has an exponent.
const MOST_PLAIN: usize = 15;

/// How numbers are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// To mean 0 and standard deviation 1 in the training rows.
    #[default]
    Standard,
    /// To 0..1 in the training rows.
    MinMax,
    /// Not at all.
    None,
}

/// An offset and a factor: `(x − offset)/factor`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// The value that becomes 0.
    pub offset: f64,
    /// The distance from the offset that becomes 1. It is above 0.
    pub factor: f64,
}

/// What a column is, with everything that the training rows taught about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// A number.
    Number {
        /// Its scale.
        scale: Linear,
    },
    /// A number with a long tail.
    Amount {
        /// The number above which the logarithm acts: a twentieth of the positive values are below it.
        unit: f64,
        /// The scale of the logarithm.
        scale: Linear,
    },
    /// One of a few whole numbers.
    Ordinal {
        /// The numbers, ascending.
        levels: Vec<f64>,
        /// Their scale.
        scale: Linear,
    },
    /// One of several words or numbers.
    Category {
        /// The classes, the most frequent one first. All other words are one further class, `other`.
        classes: Vec<String>,
        /// For each class and for `other`, its part of the known cells of the training rows.
        shares: Vec<f64>,
    },
    /// A date.
    Date {
        /// Its format, in the notation of `strftime`.
        format: String,
        /// The scale of the days.
        scale: Linear,
        /// How sin and cos are scaled.
        scaling: Scaling,
    },
    /// The column is left out.
    LeftOut {
        /// Why.
        #[serde(rename = "as")]
        name: KindName,
    },
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Why it is that, in words.
    pub reason: String,
    /// What replaces a missing value, in the units of the column: the position of a class for a category. Without it,
    /// missing is a value of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
    /// The cells of the training rows that hold a value of this kind.
    pub known: usize,
    /// The mean over the training rows of the first value of the network: 0 with standard scaling.
    #[serde(default)]
    pub mean: f64,
    /// With how many decimals an imputed number is written: as many as the numbers of the training have at most in the
    /// text of the file, where the rows that were held out count too. Zeros at the end count, so that 13.00 has two. If
    /// there are more than six, no more than six significant digits of a number of usual size need.
    #[serde(default = "most_decimals")]
    pub decimals: usize,
    /// Whether all its known values in the training rows are the same number or date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_constant: bool,
    /// How far a cell is usually from what the rest of its row lets expect: its mean over training rows, as the trained
    /// network told it. 1 before training.
    #[serde(default = "one")]
    pub residual: f64,
}

fn most_decimals() -> usize {
    MOST_DECIMALS
}

fn one() -> f64 {
    1.0
}

/// The columns of a table. See the [module](super).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Whether the names come from a header. If not, columns are matched by their position.
    pub has_header: bool,
    /// Whether the numbers of the training had a decimal comma.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decimal_comma: bool,
    /// The name of the column of labels, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
    /// All columns of the file except that of the labels, in order.
    pub columns: Vec<Column>,
}

/// What the user asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The kinds of columns, by name. A date may have a format.
    pub kinds: Vec<(String, KindName, Option<String>)>,
    /// The columns to leave out.
    pub ignore: Vec<String>,
    /// The only columns to use. Empty for all.
    pub columns: Vec<String>,
    /// How numbers are scaled.
    pub scaling: Scaling,
    /// What replaces missing values. Without it, missing is a value of its own.
    pub fill: Option<Fill>,
}

impl Column {
    /// The name of its kind.
    #[must_use]
    pub fn kind_name(&self) -> KindName {
        match &self.kind {
            Kind::Number { .. } => KindName::Number,
            Kind::Amount { .. } => KindName::Amount,
            Kind::Ordinal { .. } => KindName::Ordinal,
            Kind::Category { .. } => KindName::Category,
            Kind::Date { .. } => KindName::Date,
            Kind::LeftOut { name } => *name,
        }
    }

    /// A value of the column as text: the name of a class, a date in its format, or a number.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        match &self.kind {
            _ if value.is_nan() => String::new(),
            Kind::Category { classes, .. } => classes.get(value as usize).map_or("other", String::as_str).to_owned(),
            Kind::Date { format, .. } => date::write(value, format).unwrap_or_else(|| value.to_string()),
            _ => value.to_string(),
        }
    }

    /// A number of the column with its decimals. Numbers that would need many zeros after the point have an exponent.
    #[must_use]
    pub fn written(&self, value: f64) -> String {
        match self.decimals {
            _ if value.is_nan() => String::new(),
            decimals if decimals > MOST_PLAIN => format!("{value:.*e}", SIGNIFICANT - 1),
            decimals => format!("{value:.decimals$}"),
        }
    }

    /// The value of a cell of a column that is no category. `None` if the cell does not fit the column.
    fn value_of(&self, table: &Table, cell: Cell) -> Option<f64> {
        match (&self.kind, cell) {
            (_, Cell::Missing) => Some(f64::NAN),
            (Kind::Date { format, .. }, Cell::Word(word)) => date::parse(table.word(word), format),
            (Kind::Date { .. }, Cell::Number(_)) => None,
            (_, Cell::Word(word)) => long_number(table.word(word)),
            (_, Cell::Number(number)) => Some(number),
        }
    }
}

impl Schema {
    /// Finds out what each column of a table is, from these rows alone.
    ///
    /// # Errors
    /// If a column that was asked for does not exist, if a column cannot be of the kind that was asked for, or if no
    /// column is left.
    pub fn of(table: &Table, rows: &[usize], asked: &Asked) -> Result<Self, Error> {
        let mut wanted: HashMap<usize, (KindName, Option<&str>)> = HashMap::new();
        let column_of = |name: &String, setting| {
            let similar = || did_you_mean(name, table.names.iter().map(String::as_str));
            let (path, column) = (table.path.clone(), name.clone());
            table.column(name).map_err(|_| ColumnError::NoSuch { path, setting, column, similar: similar() })
        };
        for (name, kind, format) in &asked.kinds {
            wanted.insert(column_of(name, "the schema")?, (*kind, format.as_deref()));
        }
        if !asked.columns.is_empty() {
            let only = asked.columns.iter().map(|name| column_of(name, "columns"));
            let only: Vec<usize> = only.collect::<Result<_, _>>()?;
            (0..table.names.len()).filter(|at| !only.contains(at)).for_each(|at| {
                wanted.insert(at, (KindName::Ignored, None));
            });
        }
        for name in &asked.ignore {
            wanted.insert(column_of(name, "ignore")?, (KindName::Ignored, None));
        }
        let of = |at| column(table, rows, at, wanted.get(&at).copied(), asked);
        let columns = (0..table.names.len()).map(of).collect::<Result<Vec<_>, _>>()?;
        let (has_header, decimal_comma) = (table.has_header(), table.decimal_comma);
        let schema = Self { has_header, decimal_comma, label_column: table.label_column.clone(), columns };
        let varies = |column: &Column| match &column.kind {
            Kind::Category { shares, .. } => !shares.contains(&1.0),
            _ => !column.is_constant,
        };
        if rows.len() > 1 && schema.width() > 0 && !schema.used().any(varies) {
            return Err(ColumnError::Constant { path: table.path.clone() }.into());
        }
        match schema.width() {
            0 => Err(ColumnError::NoColumns { path: table.path.clone() }.into()),
            _ => Ok(schema),
        }
    }

    /// Checks a schema that was read from a file: numbers must be finite, and factors and units above 0.
    ///
    /// # Errors
    /// If that is not so. The error names the column.
    pub fn check(&self) -> Result<(), String> {
        for Column { name, kind, .. } in &self.columns {
            let linear = |scale: &Linear| scale.offset.is_finite() && scale.factor.is_finite() && scale.factor > 0.0;
            let valid = match kind {
                Kind::Number { scale } => linear(scale),
                Kind::Date { format, scale, .. } => linear(scale) && date::is_format(format),
                Kind::Amount { unit, scale } => linear(scale) && unit.is_finite() && *unit > 0.0,
                Kind::Ordinal { levels, scale } => linear(scale) && levels.iter().all(|level| level.is_finite()),
                Kind::Category { classes, shares } => {
                    let is_share = |share: &f64| (0.0..=1.0).contains(share);
                    shares.len() == classes.len() + 1 && shares.iter().all(is_share)
                }
                Kind::LeftOut { name } => !name.is_used(),
            };
            if !valid {
                return Err(format!("the numbers of its column {name:?} are not valid"));
            }
        }
        Ok(())
    }

    /// The columns that the network gets, in order. A sample has one value for each of them.
    pub fn used(&self) -> impl DoubleEndedIterator<Item = &Column> {
        self.columns.iter().filter(|column| column.width() > 0)
    }

    /// How many values the network gets.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.iter().map(Column::width).sum()
    }

    /// Passes the values of the network to `put`, given the values of the used columns.
    pub fn encode(&self, values: impl Iterator<Item = f64>, mut put: impl FnMut(f64)) {
        for (column, value) in self.used().zip(values) {
            column.encode(value, &mut put);
        }
    }

    /// The values of the used columns, given values of the network.
    #[must_use]
    pub fn decode(&self, values: &[f64]) -> Vec<f64> {
        let mut rest = values;
        let mut next = |column: &Column| {
            let (own, others) = rest.split_at(column.width());
            rest = others;
            column.decode(own)
        };
        self.used().map(&mut next).collect()
    }

    /// The values of the used columns in these rows of a table, one row each, and what did not fit. A category becomes
    /// the position of its class, a date its days since 1970, a missing value NaN. Columns are matched by name; without
    /// a header, by their position.
    ///
    /// # Errors
    /// If a used column is missing in the table, if the table has a column that the model does not know, or if memory
    /// is not sufficient.
    pub fn values(&self, table: &Table, rows: &[usize]) -> Result<(Array2<f64>, Told), Error> {
        let places = self.places(table)?;
        check_room(&table.path, (rows.len() as u64).saturating_mul(places.len() as u64 * 8))?;
        let mut values = Array2::zeros((rows.len(), places.len()));
        let by_position = self.has_header != table.has_header();
        // The sign is found from the file, so people should know if it is another one than in the training.
        let other_decimal = (self.decimal_comma != table.decimal_comma).then_some(table.decimal_comma);
        let mut told = Told { misfits: Vec::new(), empty_rows: table.empty_rows, by_position, other_decimal };
        for (at, (column, &place)) in self.used().zip(&places).enumerate() {
            let known = known(column, table);
            let mut misfit: Option<Misfit> = None;
            let mut words = HashMap::new();
            for (row, value) in rows.iter().zip(values.column_mut(at)) {
                let cell = table.cell(*row, place);
                let found = match (&column.kind, cell) {
                    (_, Cell::Missing) => Some(f64::NAN),
                    (Kind::Category { .. }, _) => known.get(&key(cell)).copied(),
                    (_, Cell::Word(word)) => *words.entry(word).or_insert_with(|| column.value_of(table, cell)),
                    _ => column.value_of(table, cell),
                };
                let is_category = matches!(column.kind, Kind::Category { .. });
                let other =
                    if let Kind::Category { classes, .. } = &column.kind { classes.len() as f64 } else { f64::NAN };
                if found.is_some_and(|value| value.abs() > f64::from(f32::MAX)) {
                    let place = format!("line {}, column {:?}", table.line(*row), column.name);
                    let (path, found) = (table.path.clone(), format!("{:e}", found.unwrap_or_default()));
                    let expected = "a number that 32 bits can hold".to_owned();
                    return Err(Error::Table { path, place, found, expected });
                }
                *value = found.unwrap_or(other);
                if found.is_none() {
                    let first = || (table.text(*row, place), table.line(*row));
                    let new = || Misfit { column: column.name.clone(), cells: 0, example: first(), is_category };
                    misfit.get_or_insert_with(new).cells += 1;
                }
            }
            told.misfits.extend(misfit);
        }
        Ok((values, told))
    }

    /// The rows of a table that are samples, in order: those with a value in a used column.
    ///
    /// # Errors
    /// If the columns of the table are not those of the schema.
    pub fn samples(&self, table: &Table) -> Result<Vec<usize>, Error> {
        let places = self.places(table)?;
        let has_value = |row: usize| {
            self.used().zip(&places).any(|(column, &place)| match table.cell(row, place) {
                Cell::Missing => false,
                cell => matches!(column.kind, Kind::Category { .. }) || column.value_of(table, cell).is_some(),
            })
        };
        Ok((0..table.len()).filter(|&row| has_value(row)).collect())
    }

    /// For each used column, its place in a table.
    fn places(&self, table: &Table) -> Result<Vec<usize>, Error> {
        let path = table.path.clone();
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let is_name = |column| names.contains(&table.text(0, column).as_str());
        if self.has_header && !table.has_header() && !table.is_empty() && (0..table.names.len()).all(is_name) {
            return Err(ColumnError::NoHeader { path }.into());
        }
        if !(self.has_header && table.has_header()) {
            if table.names.len() != self.columns.len() {
                let (found, expected) = (table.names.len(), self.columns.len());
                return Err(ColumnError::ColumnCount { path, found, expected }.into());
            }
            let used = self.columns.iter().enumerate().filter(|(_, column)| column.width() > 0);
            return Ok(used.map(|(at, _)| at).collect());
        }
        let at: HashMap<&str, usize> = table.names.iter().map(String::as_str).zip(0..).collect();
        let missing: Vec<&str> =
            self.used().map(|column| column.name.as_str()).filter(|name| !at.contains_key(name)).collect();
        let known = |name: &&str| {
            Some(*name) == self.label_column.as_deref() || self.columns.iter().any(|column| column.name == **name)
        };
        if let Some(column) = table.label_column.clone().filter(|label| missing.contains(&label.as_str())) {
            return Err(ColumnError::TakenAsLabels { path, column }.into());
        }
        let unknown: Vec<&str> = table.names.iter().map(String::as_str).filter(|name| !known(name)).collect();
        if !missing.is_empty() || !unknown.is_empty() {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            return Err(ColumnError::differ(&path, owned(&missing), owned(&unknown)).into());
        }
        Ok(self.used().map(|column| at[column.name.as_str()]).collect())
    }
}

/// A cell as a key of a map.
fn key(cell: Cell) -> u64 {
    match cell {
        // −0 is 0.
        Cell::Number(number) => (number + 0.0).to_bits(),
        other => other.packed().to_bits(),
    }
}

/// For a category: the positions of its classes, by the cells that name them in a table.
fn known(column: &Column, table: &Table) -> HashMap<u64, f64> {
    let Kind::Category { classes, .. } = &column.kind else { return HashMap::new() };
    let mut places = HashMap::new();
    for (at, class) in classes.iter().enumerate() {
        if let Some(word) = table.word_number(class) {
            places.insert(key(Cell::Word(word)), at as f64);
        }
        // The class 01069 is a word, which the number 1069 does not name.
        if let Ok(number) = class.parse::<f64>()
            && number.to_string() == *class
        {
            places.insert(key(Cell::Number(number)), at as f64);
        }
    }
    places
}
