//! Settings from a file, and from pairs of names and values.

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;

use handgrad_dataset::csv::{Fill, Label, Layout, Window};
use handgrad_models::file::header::check_toml;

use super::{Settings, find};
use crate::Error;

/// No configuration is longer, by far.
pub(crate) const LARGEST_FILE: usize = 1 << 13;

impl Settings {
    /// Reads a configuration, a TOML file.
    ///
    /// # Errors
    /// If it cannot be read, is too long, or has something in it that is not a setting or not a value of one.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let cannot = |source: std::io::Error| Error::CannotRead { path: path.to_path_buf(), source };
        // Reading from a pipe would wait for ever.
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

    /// The settings in `text`; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str, name: &Path) -> Result<Self, Error> {
        let wrong = |line, what| Error::Configuration { path: name.to_path_buf(), line: Some(line), what };
        check_toml(text).map_err(|what| wrong(1, what))?;
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            wrong(line, error.message().lines().next().unwrap_or_default().chars().take(200).collect())
        })
    }

    /// The settings of these names and values.
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
    /// If there is no such setting, or it has no such value.
    pub fn of(pairs: &[(&str, &str)]) -> Result<Self, Error> {
        let mut settings = Self::default();
        for (name, value) in pairs {
            let setting = find(name).ok_or_else(|| Error::Usage(format!("there is no setting {name:?}")))?;
            (setting.set)(&mut settings, value)
                .map_err(|expected| Error::Usage(format!("{name} is {value:?}, but {expected}")))?;
        }
        Ok(settings)
    }

    /// How a CSV file is to be read.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let label = self.label_column.as_deref().map_or(Label::ByName, Label::of);
        let stride = self.window_stride.unwrap_or(NonZeroUsize::MIN);
        let window = self.window.map(|steps| Window { steps, stride });
        Layout { label, fill: self.fill.map(Fill::from), window }
    }
}
