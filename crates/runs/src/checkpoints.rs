//! The checkpoints of a run, in its folder `checkpoint`: the newest one and the previous one.

use handgrad_files::shown;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use handgrad_trainer::checkpoint::{self, Checkpoint};
use handgrad_trainer::{Plan, Trainer};

use crate::session::Notes;
use crate::{Error, Result};

/// Writes checkpoints while the training continues.
pub(crate) struct Checkpoints {
    folder: PathBuf,
    /// The last checkpoint that was written and read back, or from which the run was continued.
    newest: Option<PathBuf>,
    /// The thread that writes the next checkpoint. It returns the path.
    writer: Option<JoinHandle<Result<PathBuf>>>,
    /// True if the last write failed.
    failed: bool,
    /// Receives notes for the user.
    notes: Notes,
}

impl Checkpoints {
    /// For checkpoints in `folder`, which must exist.
    pub fn new(folder: PathBuf, notes: Notes) -> Self {
        Self { folder, newest: None, writer: None, failed: false, notes }
    }

    /// Returns the newest checkpoint that is not damaged, or `None` if there are no checkpoints. `check` gets the text
    /// in the checkpoint about its run, and returns an error if it is another run. A file that cannot be read is an
    /// error and is not skipped like a damaged one, because it may be intact.
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
                        (self.notes)(&format!("note: {}; continuing from an earlier one, {name}", damages.join("; ")));
                    }
                    // A process that was killed may not have removed the older ones.
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
                "{}; there is no other checkpoint, so the run cannot go on; start a new one from its configuration",
                damages.join("; ")
            )));
        }
        Ok(None)
    }

    /// Returns whether the last write failed. If it did, a new checkpoint is due immediately.
    pub fn has_failed(&mut self) -> bool {
        if self.writer.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait();
        }
        self.failed
    }

    /// Waits until the previous checkpoint is written, then writes this one on a background thread. If the previous
    /// write failed, or if the training is `over`, writes it on this thread instead.
    ///
    /// Returns an error only after two failures in a row, because a full disk may have room again a moment later.
    pub fn write(&mut self, checkpoint: impl FnOnce() -> Checkpoint, over: bool) -> Result<()> {
        self.wait();
        // The copy is made only now, so that two copies are never in memory at the same time.
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
                // After the next step, a checkpoint is due again, and is then written on this thread.
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
            Some(_) => "no checkpoint could be written; the previous one is unchanged",
            None => "no checkpoint could be written, and there is no previous one",
        };
        self.newest = Some(written.map_err(|error| error.at(left))?);
        self.failed = false;
        Ok(())
    }

    /// Waits until the background thread has finished. If it failed, notes the failure.
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

    /// The checkpoint from which the run can be continued, if there is one.
    pub fn newest(&self) -> Option<&Path> {
        self.newest.as_deref()
    }
}

fn note_failure(error: &Error, notes: &Notes) {
    let error = error.in_full();
    notes(&format!("note: a checkpoint could not be written, so it is tried once more: {error}"));
}

/// Returns the names of the checkpoints in a folder, the newest last. A folder or a pipe with the name of a checkpoint
/// is skipped.
fn all_in(folder: &Path) -> Result<Vec<String>> {
    let names = handgrad_files::names(folder)?.into_iter();
    let mut all: Vec<_> = names.filter_map(|name| Some((place(&name)?, name))).collect();
    all.retain(|(_, name)| fs::metadata(folder.join(name)).map_or(true, |about| about.is_file()));
    all.sort();
    Ok(all.into_iter().map(|(_, name)| name).collect())
}

/// Removes a checkpoint that is no longer needed. A failure is only noted: it costs disk space and nothing else.
fn remove(path: &Path, notes: &Notes) {
    if let Err(error) = handgrad_files::remove(path)
        && path.exists()
    {
        notes(&format!("note: an old checkpoint was not removed: {error}"));
    }
}

/// Writes a checkpoint, reads it back, and only then removes all other checkpoints except `before`, the previous one.
fn write(path: PathBuf, checkpoint: &Checkpoint, before: Option<&Path>, notes: &Notes) -> Result<PathBuf> {
    let bytes = checkpoint.encode().map_err(|error| Error::from(error).at(shown(&path)))?;
    handgrad_files::write_into(&path, &bytes)?;
    if !handgrad_files::holds(&path, &bytes)? {
        let problem = "what was read back differs from what was written, so it was removed: is the disk failing?";
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

/// The name of a checkpoint: `epoch-3-step-17.checkpoint` was written after 17 steps of epoch 3.
fn name(checkpoint: &Checkpoint) -> String {
    let state = &checkpoint.state;
    format!("epoch-{}-step-{}.checkpoint", state.records.len() + 1, state.place.steps)
}

/// Returns the epoch and the step in the name of a checkpoint, by which the checkpoints of a run are ordered, or `None`
/// for any other name.
pub(crate) fn place(name: &str) -> Option<[usize; 2]> {
    let (epoch, step) = name.strip_prefix("epoch-")?.strip_suffix(".checkpoint")?.split_once("-step-")?;
    Some([epoch.parse().ok()?, step.parse().ok()?])
}
