//! A run folder: `config.toml`, `metrics.csv`, `model.safetensors`, pictures, and `checkpoint`.

use handgrad_files::shown;
use std::path::{Path, PathBuf};

use handgrad_files::Lock;
use handgrad_layers::Loss;
use handgrad_models::file::header::check_toml;
use handgrad_models::{Model, Network, file};
use handgrad_trainer::EpochRecord;

use crate::settings::{LARGEST_FILE, find};
use crate::{Error, Result, Settings, checkpoints, metrics};

pub(crate) const CONFIG: &str = "config.toml";
const VERSION: &str = env!("CARGO_PKG_VERSION");
pub(crate) const METRICS: &str = "metrics.csv";
pub(crate) const MODEL: &str = "model.safetensors";
pub(crate) const RECONSTRUCTIONS: &str = "reconstructions.png";
pub(crate) const CURVES: &str = "reconstructions.svg";
pub(crate) const COLUMNS: &str = "columns.svg";
pub(crate) const LOSS_CHART: &str = "loss.svg";
pub(crate) const REPORT: &str = "report.html";
pub(crate) const CHECKPOINTS: &str = "checkpoint";
pub(crate) const LOCK: &str = "lock";

/// The folder of one run. It is locked as long as this value exists.
pub(crate) struct RunFolder {
    path: PathBuf,
    written: Vec<&'static str>,
    /// The loss and the number of values of a sample, which `metrics.csv` needs. `None` until the network is known.
    measured: Option<(Loss, usize)>,
    _lock: Lock,
}

impl RunFolder {
    /// Creates the folder `out` and writes the configuration and the first line of `metrics.csv`. Without `out`, the
    /// folder is `runs/NAME`, `runs/NAME-2`, …
    ///
    /// A folder that already holds a run is an error, so that nothing is overwritten.
    pub fn create(out: Option<&Path>, name: &str, settings: &Settings, network: &Network<f32>) -> Result<Self> {
        let path = match out {
            Some(out) => given(out)?,
            None => numbered(Path::new("runs"), name)?,
        };
        let begun = path.join(CHECKPOINTS).join(LOCK).exists();
        let mut folder = Self::locked(path)?;
        // Another process may have started a run there a moment ago.
        refuse_a_run(&folder.path)?;
        if begun {
            // An earlier run was killed before it wrote its configuration; its unfinished files are removed. In any
            // other folder, such files may belong to somebody else, so they are kept.
            handgrad_files::sweep(&folder.path)?;
        }
        if let Err(error) = folder.write_config(settings) {
            // If the configuration was written, the folder holds a run that can be continued.
            if !folder.path.join(CONFIG).exists() {
                folder.discard();
            }
            return Err(error);
        }
        folder.write_metrics(network, &[])?;
        Ok(folder)
    }

    /// Opens the folder of an existing run, and reads its settings.
    pub fn open(path: &Path) -> Result<(Self, Settings)> {
        let config = path.join(CONFIG);
        if !config.is_file() {
            return Err(Error::NoRun { path: path.to_path_buf(), config: CONFIG });
        }
        if !path.join(CHECKPOINTS).exists() && path.join(MODEL).exists() {
            return Err(Error::NothingToGoOnFrom { path: path.to_path_buf() });
        }
        let folder = Self::locked(path.to_path_buf())?;
        handgrad_files::sweep(path)?;
        let settings = Settings::read(&config)?;
        let ends_whole = std::fs::read(&config).is_ok_and(|text| text.ends_with(b"\n"));
        refuse_an_incomplete(&settings, ends_whole, &config)?;
        Ok((folder, settings))
    }

    /// Locks the folder against other processes. Also removes unfinished files of a killed process from the folder of
    /// the checkpoints, where nobody else writes.
    fn locked(path: PathBuf) -> Result<Self> {
        let checkpoints = path.join(CHECKPOINTS);
        // If it were followed, files outside the run folder would be removed and written.
        if checkpoints.is_symlink() {
            let what = "is a link, where a folder was expected; replace the link by the folder itself";
            return Err(Error::Checkpoint(format!("{}: {what}", shown(&checkpoints))));
        }
        handgrad_files::make_folder(&checkpoints)?;
        let lock = handgrad_files::lock(&checkpoints.join(LOCK))?;
        handgrad_files::sweep(&checkpoints)?;
        Ok(Self { path, written: Vec::new(), measured: None, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the run has a model.
    pub fn has_model(&self) -> bool {
        self.path.join(MODEL).exists()
    }

    /// The folder of the checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join(CHECKPOINTS)
    }

    /// The names of the files that were written, in the order of writing.
    pub fn written(&self) -> &[&'static str] {
        &self.written
    }

    /// Writes a file under a temporary name, and then renames it. If the file already has exactly these bytes, it is
    /// not changed. A link is replaced, not followed, so that a folder from somebody else cannot redirect the write.
    pub fn write(&mut self, name: &'static str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        if handgrad_files::is_plain(&path) && handgrad_files::holds(&path, bytes)? {
            return Ok(());
        }
        handgrad_files::write_into(&path, bytes)?;
        self.written.push(name);
        Ok(())
    }

    pub fn write_config(&mut self, settings: &Settings) -> Result<()> {
        let text = toml::to_string(settings).map_err(|error| Error::Usage(error.to_string()))?;
        let text = format!("# handgrad {VERSION}: handgrad train --config {CONFIG} repeats this run\n{text}");
        // The length as a quoted string, as a checkpoint contains it, which may be longer than the text itself.
        let bytes = toml::Value::from(text.as_str()).to_string().len();
        if bytes > LARGEST_FILE {
            let (most, advice) = (LARGEST_FILE, "use shorter paths and lists");
            return Err(Error::Usage(format!(
                "the settings take {bytes} bytes, and a configuration has at most {most}: {advice}"
            )));
        }
        check_toml(&text).map_err(|what| Error::Usage(format!("the settings cannot be stored: {what}")))?;
        self.write(CONFIG, text.as_bytes())
    }

    /// Writes `metrics.csv` with a line for each of the given epochs. This repairs a file that a killed process left
    /// incomplete.
    pub fn write_metrics(&mut self, network: &Network<f32>, records: &[EpochRecord]) -> Result<()> {
        let (loss, features) = (network.loss(), network.spec().features());
        self.measured = Some((loss, features));
        let lines = records.iter().map(|record| metrics::line(record, loss, features));
        self.write(METRICS, (metrics::header(&network.term_names()) + &lines.collect::<String>()).as_bytes())
    }

    /// Appends the line of an epoch to `metrics.csv`.
    pub fn add_metrics(&self, record: &EpochRecord) -> Result<()> {
        let path = self.path.join(METRICS);
        let Some((loss, features)) = self.measured else { return Ok(()) };
        let line = metrics::line(record, loss, features);
        handgrad_files::append(&path, line.as_bytes())
            .map_err(|error| Error::from(error).at(format!("{}: epoch {} cannot be added", shown(&path), record.epoch)))
    }

    /// Removes the files that were written, for a run that failed at its beginning. If the folder is then empty, it is
    /// also removed.
    pub fn discard(self) {
        // Errors are ignored here, because the user must see the error of the run itself.
        for name in &self.written {
            let _ = handgrad_files::remove(&self.path.join(name));
        }
        let _ = handgrad_files::remove(&self.checkpoints().join(LOCK));
        let _ = handgrad_files::remove_folder(&self.checkpoints());
        let _ = handgrad_files::remove_folder(&self.path);
    }

    pub fn write_model(&mut self, model: &Model) -> Result<()> {
        self.write(MODEL, &model.to_bytes()?)
    }

    /// Writes a model with the weights `theta`.
    pub fn write_weights(&mut self, network: &Network<f32>, theta: &[f32]) -> Result<()> {
        self.write(MODEL, &file::encode(network, theta)?)
    }
}

/// Returns an error if one of these settings is missing. `config.toml` always contains them, and they include its
/// first and its last one. If one is missing, the file was emptied or cut short, and defaults in place of the missing
/// settings would give another run.
fn refuse_an_incomplete(settings: &Settings, ends_whole: bool, config: &Path) -> Result<()> {
    let is_missing = |name: &&&str| find(name).is_some_and(|setting| !(setting.is_given)(settings));
    let lack = match ["preset", "data", "epochs", "seed"].iter().find(is_missing) {
        Some(name) => format!("has no {name}"),
        None if !ends_whole => "does not end with a whole line".into(),
        None => return Ok(()),
    };
    let what = format!(
        "{lack}, so it is not the whole configuration of a run: it was emptied or cut short; restore it, or start a \
         new run"
    );
    Err(Error::Configuration { path: config.to_path_buf(), line: None, what })
}

fn given(out: &Path) -> Result<PathBuf> {
    handgrad_files::make_folder(out).map_err(|error| bad_folder(out, error))?;
    refuse_a_run(out)?;
    Ok(out.to_path_buf())
}

fn refuse_a_run(out: &Path) -> Result<()> {
    let checkpoint = || {
        handgrad_files::names(&out.join(CHECKPOINTS)).ok()?.into_iter().find(|name| checkpoints::place(name).is_some())
    };
    let named = [CONFIG, METRICS, MODEL, RECONSTRUCTIONS, LOSS_CHART, REPORT]
        .into_iter()
        .find(|name| out.join(name).symlink_metadata().is_ok());
    if let Some(name) = named.map(ToString::to_string).or_else(checkpoint) {
        return Err(Error::HoldsARun { path: out.to_path_buf(), name });
    }
    Ok(())
}

fn numbered(parent: &Path, name: &str) -> Result<PathBuf> {
    handgrad_files::make_folder(parent).map_err(|error| bad_folder(parent, error))?;
    let mut number = 1;
    loop {
        let path = parent.join(if number == 1 { name.to_string() } else { format!("{name}-{number}") });
        if handgrad_files::make_new_folder(&path).map_err(|error| bad_folder(&path, error))? {
            return Ok(path);
        }
        number += 1;
    }
}

fn bad_folder(path: &Path, error: handgrad_files::Error) -> Error {
    Error::BadFolder { path: path.to_path_buf(), source: Box::new(error.into()) }
}
