//! Settings from a file, and from pairs of names and values.

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;

use handgrad_dataset::csv::{Fill, Label, Layout, Window};
use handgrad_dataset::tables::{Asked, Scaling};
use handgrad_dataset::{did_you_mean, series};
use handgrad_models::file::header::check_toml;

use super::{HeaderName, Kind, LossName, SETTINGS, ScaleName, Setting, Settings, find, is_series, is_table};
use crate::Error;

/// The largest size of a configuration in bytes. Usual configurations are much shorter.
pub(crate) const LARGEST_FILE: usize = 1 << 13;

impl Settings {
    /// Reads a configuration, a TOML file.
    ///
    /// # Errors
    /// If the file cannot be read or is too long, or if it contains an unknown setting or a value that is not valid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let cannot = |source: std::io::Error| Error::CannotRead { path: path.to_path_buf(), source };
        // Reading from a pipe could block for ever.
        let is_file = std::fs::metadata(path).map_err(cannot)?.is_file();
        let mut text = Vec::new();
        if is_file {
            let (file, _) = handgrad_files::open(path).map_err(cannot)?;
            file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut text).map_err(cannot)?;
        }
        if !is_file || text.len() > LARGEST_FILE {
            let what = format!("not a configuration, which is a file of at most {LARGEST_FILE} bytes");
            return Err(Error::Configuration { path: path.to_path_buf(), line: None, what });
        }
        let text = String::from_utf8(text).map_err(|error| cannot(std::io::Error::other(error)))?;
        Self::parse(&text, path)
    }

    /// Reads the settings in `text`. `name` is its name in errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str, name: &Path) -> Result<Self, Error> {
        let wrong = |line, what| Error::Configuration { path: name.to_path_buf(), line: Some(line), what };
        check_toml(text).map_err(|what| wrong(1, what))?;
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            wrong(line, explained(error.message(), text, line))
        })
    }

    /// Reads settings from pairs of names and values.
    ///
    /// ```
    /// use handgrad_runs::Settings;
    ///
    /// let settings = Settings::of(&[("preset", "deep"), ("layers", "64,8"), ("tied", "true")])?;
    /// assert_eq!((settings.layers, settings.tied), (Some(vec![64, 8]), Some(true)));
    /// # Ok::<(), handgrad_runs::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is unknown, or if a value is not valid.
    pub fn of(pairs: &[(&str, &str)]) -> Result<Self, Error> {
        let mut settings = Self::default();
        for (name, value) in pairs {
            let setting = find(name).ok_or_else(|| Error::Usage(no_such_setting(name)))?;
            (setting.set)(&mut settings, value)
                .map_err(|expected| Error::Usage(format!("{name} is {value:?}, but {expected}")))?;
        }
        Ok(settings)
    }

    /// How a CSV file is read with these settings.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let label = self.label_column.as_deref().map_or(Label::ByName, Label::of);
        let stride = self.window_stride.unwrap_or(NonZeroUsize::MIN);
        let window = self.window.map(|steps| Window { steps, stride });
        let table = is_table(self).then(|| Asked {
            kinds: Vec::new(),
            ignore: self.ignore.clone().unwrap_or_default().0,
            columns: self.columns.clone().unwrap_or_default().0,
            scaling: match (self.scale, self.loss) {
                (Some(ScaleName::MinMax), _) | (None, Some(LossName::Bce)) => Scaling::MinMax,
                _ => Scaling::Standard,
            },
            fill: self.fill.map(Fill::from),
        });
        let series = is_series(self).then(|| series::Asked {
            time: self.time_column.clone(),
            series: self.series_column.clone(),
            ignore: self.ignore.clone().unwrap_or_default().0,
            columns: self.columns.clone().unwrap_or_default().0,
            known: None,
        });
        Layout {
            label,
            fill: self.fill.map(Fill::from),
            header: self.header.map(|header| header == HeaderName::Yes),
            window,
            table,
            series,
            seed: Some(self.seed()),
            size: self.size.map(|size| size.0),
            in_colour: None,
        }
    }
}

fn no_such_setting(name: &str) -> String {
    format!("there is no setting {name:?}{}", did_you_mean(name, SETTINGS.iter().map(|setting| setting.name)))
}

/// Rewrites an error of the TOML parser in terms of settings. `line` is the number of the line with the error.
fn explained(message: &str, text: &str, line: usize) -> String {
    let short = |text: &str, most| text.lines().next().unwrap_or_default().chars().take(most).collect::<String>();
    if let Some(name) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        return no_such_setting(&short(name, 60));
    }
    let lines: Vec<_> = text.lines().take(line).collect();
    let last = lines.last().copied().unwrap_or_default().trim();
    let plain = |name: &str| name.trim().trim_matches('"').split('.').next().unwrap_or_default().to_owned();
    // A table: `[data]`. None of the settings is one, and a list of a setting has no line that begins with a bracket.
    if let Some(setting) = last.strip_prefix('[').and_then(|name| find(name.trim_matches(['[', ']', ' ']))) {
        return format!("{} is a table, but {}", setting.name, expected(setting, ""));
    }
    // A list may have several lines: the name of the setting is in the first of them.
    let pairs = || lines.iter().rev().filter_map(|line| line.split_once('='));
    let Some((name, first)) = pairs().find(|(name, _)| find(&plain(name)).is_some()) else {
        return short(message, 200);
    };
    let is_first = last.starts_with(name.trim());
    let is_about_value = message.starts_with("invalid type") || message.starts_with("invalid value");
    match find(&plain(name)) {
        Some(setting) if message.starts_with("duplicate key") => format!("{} is given twice", setting.name),
        // An error of a value may be in a later line of a list. Any other error is about this line alone.
        Some(setting) if is_about_value || (is_first && !message.starts_with("invalid")) => {
            let value = short(without_comment(if is_first { first } else { last }), 60);
            format!("{} is {value}, but {}", setting.name, expected(setting, value.trim_matches('"')))
        }
        _ => short(message, 200),
    }
}

/// A value of TOML on one line, without the comment and the comma behind it.
fn without_comment(text: &str) -> &str {
    let text = text.trim();
    let value = match text.strip_prefix('"').and_then(|rest| rest.find('"')) {
        Some(end) => &text[..end + 2],
        None => text.split('#').next().unwrap_or_default(),
    };
    value.trim_end_matches([',', ' '])
}

/// Says which values a setting accepts in TOML. `found` is the wrong value.
fn expected(setting: &Setting, found: &str) -> String {
    match setting.kind {
        Kind::Switch => "true or false was expected, without quotes".into(),
        Kind::Text => "text in quotes was expected".into(),
        Kind::Size => "a height and a width were expected, such as \"32x24\"".into(),
        Kind::Words => "a list of words in quotes or of numbers was expected, such as [\"cat\", 7]".into(),
        Kind::Numbers => {
            let numbers = (setting.set)(&mut Settings::default(), "?").err().unwrap_or_default();
            let numbers = numbers.replace(" with commas between them were expected", "");
            format!("a list of {numbers} was expected, such as [128, 64]")
        }
        Kind::Choice(names) => {
            let names = || names.iter().map(|&(name, _)| name);
            let all = names().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
            format!("one of {all} was expected{}", did_you_mean(found, names()))
        }
        // The empty text is not a number, so the error says which numbers are accepted.
        Kind::Number => (setting.set)(&mut Settings::default(), "").err().unwrap_or_default() + ", without quotes",
    }
}
