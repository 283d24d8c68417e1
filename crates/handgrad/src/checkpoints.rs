//! The checkpoints of a run: the newest and the one before it, in the folder `checkpoint`.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, bail};
use handgrad_dataset::disk;
use handgrad_trainer::checkpoint::{self, Checkpoint};
use handgrad_trainer::{Plan, Trainer};

use crate::show;

/// Writes checkpoints while the training goes on.
pub struct Checkpoints {
    folder: PathBuf,
    /// The last one that was written and read back, or gone on from.
    newest: Option<PathBuf>,
    /// What writes the next one, and says where.
    writer: Option<JoinHandle<Result<PathBuf>>>,
}

impl Checkpoints {
    /// In a folder that is there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, newest: None, writer: None }
    }

    /// The newest checkpoint of this training that is whole, or None where there is none at all. `check` says whether
    /// it is of the same run, by what its writer said of it.
    pub fn read(
        &mut self,
        trainer: &Trainer<f32>,
        plan: &Plan,
        check: impl Fn(&str) -> Result<()>,
    ) -> Result<Option<Checkpoint>> {
        let (names, most_bytes) = (trainer.network().term_names(), Checkpoint::most_bytes(trainer, plan));
        let mut all: Vec<_> =
            disk::names(&self.folder)?.into_iter().filter_map(|name| Some((place(&name)?, name))).collect();
        all.sort();
        let mut damages = Vec::new();
        for (at, (_, name)) in all.iter().enumerate().rev() {
            let path = self.folder.join(name);
            let read = || {
                let bytes = disk::read(&path, most_bytes)?;
                let about = checkpoint::about(&bytes).with_context(|| path.display().to_string())?;
                Ok::<_, anyhow::Error>((bytes, about))
            };
            match read() {
                Ok((bytes, about)) => {
                    check(&about).with_context(|| path.display().to_string())?;
                    if !damages.is_empty() {
                        show::note(&format!("note: {}; going on from the one before, {name}", damages.join("; ")));
                    }
                    let checkpoint = Checkpoint::decode(&bytes, &names).with_context(|| path.display().to_string())?;
                    // A writer that was killed may not have come to that.
                    let mut too_old = all.iter().take(at.saturating_sub(1));
                    too_old.try_for_each(|(_, name)| disk::remove(&self.folder.join(name)))?;
                    self.newest = Some(path);
                    return Ok(Some(checkpoint));
                }
                Err(error) if matches!(error.downcast_ref(), Some(checkpoint::Error::TooNew { .. })) => {
                    return Err(error);
                }
                Err(error) => damages.push(format!("{error:#}")),
            }
        }
        if !damages.is_empty() {
            bail!(
                "{}; no other checkpoint is left, so the run can only be started again, with --config",
                damages.join("; ")
            );
        }
        Ok(None)
    }

    /// Writes a checkpoint in the background, as soon as the one before it is written.
    pub fn write(&mut self, checkpoint: Checkpoint) -> Result<()> {
        self.wait()?;
        let path = self.folder.join(name(&checkpoint));
        if self.newest.as_ref() == Some(&path) {
            return Ok(());
        }
        let newest = self.newest.clone();
        let writer = thread::Builder::new().name("checkpoint".into());
        let writer = writer.spawn(move || write(path, &checkpoint, newest.as_deref()));
        self.writer = Some(writer.context("the thread that writes checkpoints cannot be started")?);
        Ok(())
    }

    /// Until what was asked for is on the disk, and has been read back.
    pub fn wait(&mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            let written = writer.join().map_err(|_| anyhow!("the thread that writes checkpoints has panicked"))?;
            self.newest = Some(written.context("no checkpoint could be written; the one before it is as it was")?);
        }
        Ok(())
    }

    /// The one to go on from, if there is any.
    pub fn newest(&self) -> Option<&Path> {
        self.newest.as_deref()
    }
}

/// Writes it, reads it back, and only then removes all others but the one before.
fn write(path: PathBuf, checkpoint: &Checkpoint, before: Option<&Path>) -> Result<PathBuf> {
    let bytes = checkpoint.encode().with_context(|| path.display().to_string())?;
    disk::write(&path, &bytes)?;
    if !disk::holds(&path, &bytes)? {
        let problem = "was written and reads back otherwise: is the disk failing? It is removed";
        let _ = disk::remove(&path);
        bail!("{}: {problem}", path.display());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    for name in disk::names(folder)?.iter().filter(|name| place(name).is_some()) {
        let other = folder.join(name);
        if other != path && Some(other.as_path()) != before {
            disk::remove(&other)?;
        }
    }
    Ok(path)
}

/// `epoch-3-step-17.checkpoint`: of epoch 3 there are 17 steps done.
fn name(checkpoint: &Checkpoint) -> String {
    let state = &checkpoint.state;
    format!("epoch-{}-step-{}.checkpoint", state.records.len() + 1, state.place.steps)
}

/// And back: they order the checkpoints of a run.
pub fn place(name: &str) -> Option<[usize; 2]> {
    let (epoch, step) = name.strip_prefix("epoch-")?.strip_suffix(".checkpoint")?.split_once("-step-")?;
    Some([epoch.parse().ok()?, step.parse().ok()?])
}
