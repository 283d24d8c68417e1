//! The table of a search in a file, one line for each training. A search that was interrupted goes on from it.

use std::path::{Path, PathBuf};

use handgrad_files::{Lock, Progress, shown};

use super::{Search, Trial};
use crate::{Error, Result, prepare};

/// The name of the table in the folder of a search.
pub const SEARCH: &str = "search.tsv";
/// The name of the file that says what is searched.
const ASKED: &str = "search.toml";
/// The name of the lock file.
const LOCK: &str = "lock";
/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 26;

/// The trainings of a search that have been made. Its folder is locked as long as this value exists.
pub struct Table {
    path: PathBuf,
    trials: Vec<Trial>,
    _lock: Lock,
}

impl Table {
    /// Opens the table in the folder of a search, or begins it. A search with other settings, other values to try or
    /// other data needs another folder.
    ///
    /// # Errors
    /// If the search is not valid, if its data cannot be loaded, if the folder belongs to another search or to another
    /// process, or if a file cannot be read or written.
    pub fn open(folder: &Path, search: &Search, progress: &dyn Progress) -> Result<Self> {
        search.check()?;
        let data = prepare(search.settings(&search.combinations()[0])?, progress)?.data;
        handgrad_files::make_folder(folder)?;
        let lock = handgrad_files::lock(&folder.join(LOCK))?;
        let (path, asked) = (folder.join(SEARCH), folder.join(ASKED));
        let unread = |path: &Path, what: String| Error::Configuration { path: path.into(), line: None, what };
        let settings = toml::to_string(&search.base).map_err(|error| Error::Usage(error.to_string()))?;
        let names: Vec<&str> = search.choices.iter().map(|choice| choice.name.as_str()).collect();
        let tried: Vec<String> =
            search.choices.iter().map(|choice| format!("{}={}", choice.name, choice.values.join("/"))).collect();
        let text = format!(
            "# A search, {:?}, of {}, with {} seeds\n# Data: {}, {}\n{settings}",
            search.method,
            tried.join(" "),
            search.seeds,
            data.train.fingerprint(),
            data.validation.fingerprint()
        );
        if asked.exists() {
            if handgrad_files::read(&asked, MOST_BYTES)? != text.as_bytes() {
                let what = "is of a search with other settings, other values or other data: name another folder";
                return Err(unread(&asked, what.into()));
            }
        } else if path.exists() {
            return Err(unread(&path, format!("is there, but {ASKED} is not: name another folder")));
        }
        let mut columns: Vec<&str> = names;
        columns.extend(["seed", "epochs", "error_per_value", "code", "parameters"]);
        let header = columns.join("\t");
        if !path.exists() {
            handgrad_files::write_into(&asked, text.as_bytes())?;
            handgrad_files::write_into(&path, format!("{header}\n").as_bytes())?;
            return Ok(Self { path, trials: Vec::new(), _lock: lock });
        }
        let text = String::from_utf8(handgrad_files::read(&path, MOST_BYTES)?)
            .map_err(|_| unread(&path, "is not text in UTF-8".into()))?;
        let mut lines = text.split_inclusive('\n');
        if lines.next().map(str::trim_end) != Some(&*header) {
            return Err(unread(
                &path,
                format!("line 1 is not the header of this search, {}", header.replace('\t', " ")),
            ));
        }
        let mut trials = Vec::new();
        let mut whole = header.len() + 1;
        for (number, line) in (2..).zip(lines) {
            // A line without an end was cut short by a process that was killed. Its training is made again.
            if !line.ends_with('\n') {
                handgrad_files::write_into(&path, &text.as_bytes()[..whole])?;
                break;
            }
            whole += line.len();
            let cells: Vec<&str> = line.trim_end().split('\t').collect();
            let trial = read(&cells, search.choices.len());
            trials.push(trial.ok_or_else(|| unread(&path, format!("line {number} is not a training of this search")))?);
        }
        Ok(Self { path, trials, _lock: lock })
    }

    /// The trainings so far, in the order in which they were made.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The training with these values, this seed and this number of epochs.
    pub(super) fn find(&self, values: &[String], seed: u64, epochs: usize) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.values == values && trial.seed == seed && trial.epochs == epochs)
    }

    pub(super) fn add(&mut self, trial: Trial) -> Result<()> {
        let Trial { values, seed, epochs, error, code, parameters } = &trial;
        let line = format!("{}\t{seed}\t{epochs}\t{error}\t{code}\t{parameters}\n", values.join("\t"));
        handgrad_files::append(&self.path, line.as_bytes())
            .map_err(|error| Error::from(error).at(format!("{}: a training cannot be added", shown(&self.path))))?;
        self.trials.push(trial);
        Ok(())
    }
}

/// Reads a line. `None` if it is not one of a training.
fn read(cells: &[&str], choices: usize) -> Option<Trial> {
    let (values, rest) = cells.split_at_checked(choices)?;
    let [seed, epochs, error, code, parameters] = rest else { return None };
    Some(Trial {
        values: values.iter().map(ToString::to_string).collect(),
        seed: seed.parse().ok()?,
        epochs: epochs.parse().ok()?,
        error: error.parse().ok()?,
        code: code.parse().ok()?,
        parameters: parameters.parse().ok()?,
    })
}
