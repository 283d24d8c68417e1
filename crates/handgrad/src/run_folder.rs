//! A run is a folder: `config.toml`, `metrics.csv`, `model.safetensors`, pictures, and `checkpoint`.

mod metrics;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handgrad_files::Lock;
use handgrad_layers::Loss;
use handgrad_models::file::header::check_toml;
use handgrad_models::{Network, Part, file};
use handgrad_trainer::EpochRecord;

use crate::checkpoints;
use crate::config::{LARGEST_FILE, Settings, UsageError};

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.csv";
const MODEL: &str = "model.safetensors";
pub const RECONSTRUCTIONS: &str = "reconstructions.png";
pub const LOSS_CHART: &str = "loss.svg";
const CHECKPOINTS: &str = "checkpoint";
const LOCK: &str = "lock";

/// A folder that belongs to one run, and to nobody else as long as this is held.
pub struct RunFolder {
    path: PathBuf,
    written: Vec<&'static str>,
    /// What `metrics.csv` is about, once that is known.
    measured: Option<(Loss, usize)>,
    _lock: Lock,
}

impl RunFolder {
    /// Makes the folder `out`, or `runs/NAME`, `runs/NAME-2`, … where none is asked for, and writes the configuration
    /// of the run that is to train `network`.
    ///
    /// A folder that holds a run already is refused: nothing that is there is overwritten.
    pub fn create(out: Option<&Path>, name: &str, settings: &Settings, network: &Network<f32>) -> Result<Self> {
        let path = match out {
            Some(out) => given(out)?,
            None => numbered(Path::new("runs"), name)?,
        };
        let begun = path.join(CHECKPOINTS).join(LOCK).exists();
        let mut folder = Self::locked(path)?;
        // Another process may have begun a run there a moment ago.
        refuse_a_run(&folder.path)?;
        if begun {
            // A run that was killed before it had its configuration; the folder of a first one may have others' files.
            handgrad_files::sweep(&folder.path)?;
        }
        if let Err(error) = folder.write_config(settings) {
            // With its configuration it is a run already, to go on with.
            if !folder.path.join(CONFIG).exists() {
                folder.discard();
            }
            return Err(error);
        }
        folder.write_metrics(network, &[])?;
        Ok(folder)
    }

    /// The folder of a run that has begun, and its settings.
    pub fn open(path: &Path) -> Result<(Self, Settings)> {
        let config = path.join(CONFIG);
        if !config.is_file() {
            let text = format!(
                "{}: holds no run, as it has no {CONFIG}; name the folder of a run that has begun",
                path.display()
            );
            return Err(UsageError(text).into());
        }
        if !path.join(CHECKPOINTS).exists() && path.join(MODEL).exists() {
            bail!("{}", nothing_to_go_on_from(path));
        }
        let folder = Self::locked(path.to_path_buf())?;
        handgrad_files::sweep(path)?;
        let settings = Settings::read(&config)?;
        Ok((folder, settings))
    }

    /// Keeps all others out, and removes what a killed process has left unfinished where nobody else writes.
    fn locked(path: PathBuf) -> Result<Self> {
        let checkpoints = path.join(CHECKPOINTS);
        // Where it leads files would be removed and written.
        if checkpoints.is_symlink() {
            bail!("{}: is a link, where a folder was expected; put the folder itself there", checkpoints.display());
        }
        handgrad_files::make_folder(&checkpoints)?;
        let lock = handgrad_files::lock(&checkpoints.join(LOCK))?;
        handgrad_files::sweep(&checkpoints)?;
        Ok(Self { path, written: Vec::new(), measured: None, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Has the run a model?
    pub fn has_model(&self) -> bool {
        self.path.join(MODEL).exists()
    }

    /// Where the checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join(CHECKPOINTS)
    }

    /// The files that were written, in that order.
    pub fn written(&self) -> &[&'static str] {
        &self.written
    }

    /// Writes a whole file, beside, then renamed; where it is there already, byte by byte, it is left alone. A link is
    /// replaced, not followed: a folder from somebody else must not make us write elsewhere.
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
        let text = toml::to_string(settings)?;
        let text = format!("# handgrad train --config {CONFIG} gives this run again\n{text}");
        // As a checkpoint quotes it, which may take more.
        let bytes = toml::Value::from(text.as_str()).to_string().len();
        if bytes > LARGEST_FILE {
            let (most, advice) = (LARGEST_FILE, "use shorter paths and lists");
            return Err(UsageError(format!(
                "the settings take {bytes} bytes, and a configuration has at most {most}: {advice}"
            ))
            .into());
        }
        check_toml(&text).map_err(|what| UsageError(format!("the settings cannot be kept: {what}")))?;
        self.write(CONFIG, text.as_bytes())
    }

    /// Writes `metrics.csv` as it is after the given epochs of a network, whatever a kill has left of it.
    pub fn write_metrics(&mut self, network: &Network<f32>, records: &[EpochRecord]) -> Result<()> {
        let (loss, features) = (network.loss(), network.spec().features());
        self.measured = Some((loss, features));
        let lines = records.iter().map(|record| metrics::line(record, loss, features));
        self.write(METRICS, (metrics::header(&network.term_names()) + &lines.collect::<String>()).as_bytes())
    }

    /// Adds an epoch to `metrics.csv`.
    pub fn add_metrics(&self, record: &EpochRecord) -> Result<()> {
        let path = self.path.join(METRICS);
        let Some((loss, features)) = self.measured else { bail!("{}: is not there yet", path.display()) };
        let line = metrics::line(record, loss, features);
        handgrad_files::append(&path, line.as_bytes())
            .with_context(|| format!("{}: epoch {} cannot be added", path.display(), record.epoch))
    }

    /// Takes back what was written, for a run that came to nothing; the folder goes too, if that leaves it empty.
    pub fn discard(self) {
        // What cannot be removed stays: the run's own error is what people must see.
        for name in &self.written {
            let _ = handgrad_files::remove(&self.path.join(name));
        }
        let _ = handgrad_files::remove(&self.checkpoints().join(LOCK));
        let _ = handgrad_files::remove_folder(&self.checkpoints());
        let _ = handgrad_files::remove_folder(&self.path);
    }

    pub fn write_model(&mut self, network: &Network<f32>, theta: &[f32]) -> Result<()> {
        self.write(MODEL, &file::encode(network, theta)?)
    }
}

/// Why a run cannot be resumed that has a model and no checkpoint.
pub fn nothing_to_go_on_from(run: &Path) -> String {
    let run = run.display();
    format!("{run}: has a model and no checkpoint, so there is nothing to go on from; start a new run with --config")
}

fn given(out: &Path) -> Result<PathBuf> {
    handgrad_files::make_folder(out)
        .with_context(|| format!("choose another folder with --out than {}", out.display()))?;
    refuse_a_run(out)?;
    Ok(out.to_path_buf())
}

fn refuse_a_run(out: &Path) -> Result<()> {
    let checkpoint = || {
        handgrad_files::names(&out.join(CHECKPOINTS)).ok()?.into_iter().find(|name| checkpoints::place(name).is_some())
    };
    let named = [CONFIG, METRICS, MODEL, RECONSTRUCTIONS, LOSS_CHART]
        .into_iter()
        .find(|name| out.join(name).symlink_metadata().is_ok());
    if let Some(name) = named.map(ToString::to_string).or_else(checkpoint) {
        bail!(
            "{0}: holds a run already, or a file of a run's name ({name}); nothing is overwritten: go on with that run \
             by --resume {0}, choose another folder with --out, or move this one away",
            out.display()
        );
    }
    Ok(())
}

fn numbered(parent: &Path, name: &str) -> Result<PathBuf> {
    let advice = "choose a folder for the run with --out";
    handgrad_files::make_folder(parent).context(advice)?;
    let mut number = 1;
    loop {
        let path = parent.join(if number == 1 { name.to_string() } else { format!("{name}-{number}") });
        if handgrad_files::make_new_folder(&path).context(advice)? {
            return Ok(path);
        }
        number += 1;
    }
}

/// A trained model, and the settings of its run where it lies in a run folder.
pub struct Trained {
    pub network: Network<f32>,
    pub theta: Vec<f32>,
    pub settings: Settings,
}

/// Reads a run folder, or a model file alone, in which there may be as much of a model as one of `parts`.
pub fn read_one_of(run: &Path, parts: &[Part]) -> Result<Trained> {
    let (model, config) = if run.is_dir() { (run.join(MODEL), Some(run.join(CONFIG))) } else { (run.into(), None) };
    let advice = || {
        format!(
            "{}: cannot be read; name the folder of a finished run (`handgrad train --resume` finishes one), or a model file",
            model.display()
        )
    };
    // A pipe would have us wait for ever.
    let about = fs::metadata(&model).with_context(advice)?;
    if !about.is_file() {
        bail!("{}: not a file", model.display());
    }
    let (bytes, _) = handgrad_files::open(&model).with_context(advice)?;
    let (network, theta) = file::read(bytes, about.len()).with_context(|| format!("{}", model.display()))?;
    if !parts.contains(&network.part()) {
        let needed: Vec<_> =
            parts.iter().map(|part| if *part == Part::Whole { "a whole model" } else { part.name() }).collect();
        bail!(
            "{}: holds the {} of a model alone, and this needs {}: name the run that it comes from",
            model.display(),
            network.part().name(),
            needed.join(" or its ")
        );
    }
    let settings = match config.filter(|config| config.exists()) {
        Some(config) => Settings::read(&config)?,
        None => Settings::default(),
    };
    Ok(Trained { network, theta, settings })
}
