//! The checkpoints of a run: the newest and the one before it, in the folder `checkpoint`.

use handgrad_files::shown;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use handgrad_trainer::checkpoint::{self, Checkpoint};
use handgrad_trainer::{Plan, Trainer};

use crate::session::Notes;
use crate::{Error, Result};

/// Writes checkpoints while the training goes on.
pub(crate) struct Checkpoints {
    folder: PathBuf,
    /// The last one that was written and read back, or gone on from.
    newest: Option<PathBuf>,
    /// What writes the next one, and says where.
    writer: Option<JoinHandle<Result<PathBuf>>>,
    /// Could the last one that was begun not be written?
    failed: bool,
    /// Told what people should know.
    notes: Notes,
}

impl Checkpoints {
    /// In a folder that is there.
    pub fn new(folder: PathBuf, notes: Notes) -> Self {
        Self { folder, newest: None, writer: None, failed: false, notes }
    }

    /// The newest checkpoint of this training that is whole, or None where there is none at all. `check` says whether
    /// it is of the same run, by what its writer said of it. One that cannot be read is an error, and not taken for
    /// damaged: it may be whole.
    pub fn read(
        &mut self,
        trainer: &Trainer<f32>,
        plan: &Plan,
        check: impl Fn(&str) -> Result<()>,
    ) -> Result<Option<Checkpoint>> {
        let (names, most_bytes) = (trainer.network().term_names(), Checkpoint::most_bytes(trainer, plan));
        let all = all_in(&self.folder)?;
        let mut damages = Vec::new();
        for (at, name) in all.iter().enumerate().rev() {
            let path = self.folder.join(name);
            let bytes = match handgrad_files::read(&path, most_bytes) {
                Err(handgrad_files::Error::Io { source, .. }) if source.kind() == ErrorKind::FileTooLarge => {
                    damages.push(format!("{}: {source}", shown(&path)));
                    continue;
                }
                other => other?,
            };
            let decode = || -> Result<Checkpoint> {
                check(&checkpoint::about(&bytes)?)?;
                Ok(Checkpoint::decode(&bytes, &names)?)
            };
            match decode() {
                Ok(checkpoint) => {
                    if !damages.is_empty() {
                        (self.notes)(&format!("note: {}; going on from the one before, {name}", damages.join("; ")));
                    }
                    // A writer that was killed may not have come to that.
                    let old = all.iter().take(at.saturating_sub(1));
                    old.for_each(|name| remove(&self.folder.join(name), &self.notes));
                    self.newest = Some(path);
                    return Ok(Some(checkpoint));
                }
                Err(error) if matches!(error, Error::Damaged(checkpoint::Error::Damaged(_))) => {
                    damages.push(format!("{}: {error}", shown(&path)));
                }
                Err(error) => return Err(error.at(shown(&path))),
            }
        }
        if !damages.is_empty() {
            return Err(Error::Checkpoint(format!(
                "{}; no other checkpoint is left, so the run can only be started again, from its configuration",
                damages.join("; ")
            )));
        }
        Ok(None)
    }

    /// Has the writer failed meanwhile? Then the next one is due at once.
    pub fn has_failed(&mut self) -> bool {
        if self.writer.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait();
        }
        self.failed
    }

    /// Writes a checkpoint in the background, as soon as the one before it is written; or, where that one has failed or
    /// training is `over`, at once.
    ///
    /// A disk that is full may have room a moment later, so it takes two failures in a row for this to fail.
    pub fn write(&mut self, checkpoint: impl FnOnce() -> Checkpoint, over: bool) -> Result<()> {
        self.wait();
        // Not before: a copy that is still being written and this one take their room one after the other.
        let checkpoint = checkpoint();
        let path = self.folder.join(name(&checkpoint));
        if self.newest.as_ref() == Some(&path) {
            self.failed = false;
            return Ok(());
        }
        let newest = self.newest.clone();
        if !over && !self.failed {
            let writer = thread::Builder::new().name("checkpoint".into());
            let notes = self.notes.clone();
            let writer = writer.spawn(move || write(path, &checkpoint, newest.as_deref(), &notes));
            match writer {
                Ok(writer) => self.writer = Some(writer),
                // The next step asks for a checkpoint again, which is then written at once, on this thread.
                Err(_) => self.failed = true,
            }
            return Ok(());
        }
        let now = || write(path.clone(), &checkpoint, newest.as_deref(), &self.notes);
        let written = match now() {
            Err(error) if !self.failed => {
                note_failure(&error, &self.notes);
                now()
            }
            other => other,
        };
        let left = match &newest {
            Some(_) => "no checkpoint could be written; the one before it is as it was",
            None => "no checkpoint could be written, and there is none before it",
        };
        self.newest = Some(written.map_err(|error| error.at(left))?);
        self.failed = false;
        Ok(())
    }

    /// Until the writer is done; where it failed, that is told.
    pub fn wait(&mut self) {
        if let Some(writer) = self.writer.take() {
            let panicked = |_| Err(Error::Checkpoint("the thread that writes checkpoints has panicked".into()));
            match writer.join().unwrap_or_else(panicked) {
                Ok(path) => self.newest = Some(path),
                Err(error) => {
                    note_failure(&error, &self.notes);
                    self.failed = true;
                }
            }
        }
    }

    /// The one to go on from, if there is any.
    pub fn newest(&self) -> Option<&Path> {
        self.newest.as_deref()
    }
}

fn note_failure(error: &Error, notes: &Notes) {
    let error = error.in_full();
    notes(&format!("note: a checkpoint could not be written, so it is tried once more: {error}"));
}

/// The names of the checkpoints in a folder, the newest last; anything else of such a name, a folder or a pipe, is not
/// a checkpoint.
fn all_in(folder: &Path) -> Result<Vec<String>> {
    let names = handgrad_files::names(folder)?.into_iter();
    let mut all: Vec<_> = names.filter_map(|name| Some((place(&name)?, name))).collect();
    all.retain(|(_, name)| fs::metadata(folder.join(name)).map_or(true, |about| about.is_file()));
    all.sort();
    Ok(all.into_iter().map(|(_, name)| name).collect())
}

/// Removes a checkpoint that is not needed any more. If that fails no more is lost than room.
fn remove(path: &Path, notes: &Notes) {
    if let Err(error) = handgrad_files::remove(path)
        && path.exists()
    {
        notes(&format!("note: an old checkpoint stays: {error}"));
    }
}

/// Writes it, reads it back, and only then removes all others but the one before.
fn write(path: PathBuf, checkpoint: &Checkpoint, before: Option<&Path>, notes: &Notes) -> Result<PathBuf> {
    let bytes = checkpoint.encode().map_err(|error| Error::from(error).at(shown(&path)))?;
    handgrad_files::write_into(&path, &bytes)?;
    if !handgrad_files::holds(&path, &bytes)? {
        let problem = "was written and reads back otherwise: is the disk failing? It is removed";
        let _ = handgrad_files::remove(&path);
        return Err(Error::Checkpoint(format!("{}: {problem}", shown(&path))));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    for other in all_in(folder)?.iter().map(|name| folder.join(name)) {
        if other != path && Some(other.as_path()) != before {
            remove(&other, notes);
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
pub(crate) fn place(name: &str) -> Option<[usize; 2]> {
    let (epoch, step) = name.strip_prefix("epoch-")?.strip_suffix(".checkpoint")?.split_once("-step-")?;
    Some([epoch.parse().ok()?, step.parse().ok()?])
}
