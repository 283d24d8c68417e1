//! A run is a folder: `config.toml`, `metrics.csv`, `model.safetensors` and pictures.

mod metrics;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handgrad_dataset::disk;
use handgrad_layers::Loss;
use handgrad_models::{Network, Part, file};
use handgrad_trainer::EpochRecord;

use crate::config::Settings;

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.csv";
const MODEL: &str = "model.safetensors";
pub const RECONSTRUCTIONS: &str = "reconstructions.png";
pub const LOSS_CHART: &str = "loss.svg";

/// A folder that belongs to one run.
pub struct RunFolder {
    path: PathBuf,
    written: Vec<&'static str>,
    loss: Loss,
    features: usize,
}

impl RunFolder {
    /// Makes the folder `out`, or `runs/NAME`, `runs/NAME-2`, … where none is asked for, and writes the configuration of the
    /// run that is to train `network`.
    ///
    /// A folder that holds a run already is refused: nothing that is there is overwritten.
    pub fn create(out: Option<&Path>, name: &str, settings: &Settings, network: &Network<f32>) -> Result<Self> {
        let path = match out {
            Some(out) => given(out)?,
            None => numbered(Path::new("runs"), name)?,
        };
        let (loss, features) = (network.loss(), network.spec().features());
        let mut folder = Self { path, written: Vec::new(), loss, features };
        let text = toml::to_string(settings)?;
        folder.write(CONFIG, format!("# handgrad train --config {CONFIG} gives this run again\n{text}").as_bytes())?;
        folder.write(METRICS, metrics::header(&network.term_names()).as_bytes())?;
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files of the run, in the order they were written.
    pub fn written(&self) -> &[&'static str] {
        &self.written
    }

    /// Writes a whole file: beside, then renamed.
    pub fn write(&mut self, name: &'static str, bytes: &[u8]) -> Result<()> {
        disk::write(&self.path.join(name), bytes)?;
        self.written.push(name);
        Ok(())
    }

    /// Adds an epoch to `metrics.csv`.
    pub fn add_metrics(&self, record: &EpochRecord) -> Result<()> {
        let path = self.path.join(METRICS);
        let line = metrics::line(record, self.loss, self.features);
        let append = || OpenOptions::new().append(true).open(&path)?.write_all(line.as_bytes());
        append()
            .with_context(|| format!("{}: epoch {} cannot be added; is the disk full?", path.display(), record.epoch))
    }

    /// Takes back what was written, for a run that came to nothing; the folder goes too, if that leaves it empty.
    pub fn discard(self) {
        for name in &self.written {
            // What cannot be removed stays: the run's own error is what people must see.
            let _ = fs::remove_file(self.path.join(name));
        }
        let _ = fs::remove_dir(&self.path);
    }

    pub fn write_model(&mut self, network: &Network<f32>, theta: &[f32]) -> Result<()> {
        self.write(MODEL, &file::encode(network, theta)?)
    }
}

fn given(out: &Path) -> Result<PathBuf> {
    let advice = "choose another folder with --out";
    fs::create_dir_all(out).with_context(|| format!("{}: cannot be made; {advice}", out.display()))?;
    for name in [CONFIG, METRICS, MODEL, RECONSTRUCTIONS, LOSS_CHART] {
        if out.join(name).exists() {
            bail!(
                "{}: holds a run already, or a file of a run's name ({name}); nothing is overwritten: {advice}, or move this one away",
                out.display()
            );
        }
    }
    Ok(out.to_path_buf())
}

fn numbered(parent: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(parent).with_context(|| {
        format!("{}: cannot be made for the run's files; choose a folder with --out", parent.display())
    })?;
    let mut number = 1;
    loop {
        let path = parent.join(if number == 1 { name.to_string() } else { format!("{name}-{number}") });
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("{}: cannot be made for the run's files; choose a folder with --out", path.display())
                });
            }
        }
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
    let advice = || format!("{}: cannot be read; name the folder of a finished run, or a model file", model.display());
    if !fs::metadata(&model).with_context(advice)?.is_file() {
        bail!("{}: not a file", model.display());
    }
    let bytes = fs::read(&model).with_context(advice)?;
    let (network, theta) = file::decode(&bytes).with_context(|| format!("{}", model.display()))?;
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
