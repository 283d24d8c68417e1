//! The result of a command: its exit code, and an error in words. Libraries do not know flags; if a flag helps against
//! an error, it is added here.

use handgrad_files::shown;
use std::process::ExitCode;

use handgrad_runs::Error as Run;
use handgrad_runs::settings::SETTINGS;

use crate::terminal;

/// The result of a command that did not fail.
pub enum Done {
    /// Everything is done.
    Whole,
    /// Ctrl-C was pressed; what was computed until then is written.
    Interrupted,
}

/// The exit code of an error.
const FAILURE: u8 = 1;
/// The exit code of wrong arguments, the same as clap's.
const USAGE: u8 = 2;
/// The exit code of a training that diverged: a loss or a weight is not finite or far too large.
const DIVERGED: u8 = 3;
/// The exit code after Ctrl-C: 128 + the number of the signal.
pub const INTERRUPTED: u8 = 130;

/// An error in the arguments that a command itself finds.
#[derive(Debug)]
pub struct UsageError(pub String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Prints the error, if there is one, and returns the exit code.
pub fn code(result: anyhow::Result<Done>) -> ExitCode {
    match result {
        Ok(Done::Whole) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            let hint = hint(&error).map_or(String::new(), |hint| format!(" ({hint})"));
            terminal::note(&format!("error: {}{hint}", in_full(&error)));
            ExitCode::from(if is_divergence(&error) {
                DIVERGED
            } else if is_usage(&error) {
                USAGE
            } else {
                FAILURE
            })
        }
    }
}

/// The error and its causes, without those that the text already contains.
fn in_full(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match cause.to_string() {
        cause if text.contains(&cause) => text,
        cause if text.is_empty() => cause,
        cause => format!("{text}: {cause}"),
    })
}

fn is_divergence(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Run>().is_some_and(Run::is_divergence)
        || error.downcast_ref::<handgrad_tasks::Error>().is_some_and(handgrad_tasks::Error::is_divergence)
        || error.downcast_ref::<handgrad_study::Error>().is_some_and(handgrad_study::Error::is_divergence)
}

fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<UsageError>()
        || error.downcast_ref::<Run>().is_some_and(Run::is_usage)
        || error.downcast_ref::<handgrad_tasks::Error>().is_some_and(handgrad_tasks::Error::is_usage)
        || error.downcast_ref::<handgrad_study::Error>().is_some_and(handgrad_study::Error::is_usage)
        || error.downcast_ref::<handgrad_files::Error>().is_some_and(handgrad_files::Error::is_usage)
        || error.downcast_ref::<handgrad_dataset::Error>().is_some_and(handgrad_dataset::Error::is_usage)
}

/// What to do about an error with the flags of this program.
fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let of_data = || cause.downcast_ref::<handgrad_dataset::Error>().and_then(of_data);
        let of_tasks = || cause.downcast_ref::<handgrad_tasks::Error>().and_then(of_tasks);
        cause.downcast_ref::<Run>().and_then(of_run).or_else(of_data).or_else(of_tasks)
    })
}

fn of_run(error: &Run) -> Option<String> {
    Some(match error {
        Run::Usage(text) => return flags_of(text),
        Run::Configuration { line: Some(_), .. } => "`handgrad train --help` explains the settings".into(),
        Run::HoldsARun { path, .. } => {
            format!("--resume {} continues it, --out names another folder", shown(path))
        }
        Run::BadFolder { .. } => "the flag is --out".into(),
        Run::NothingToGoOnFrom { .. } | Run::Checkpoint(_) => {
            "train with --config to start a new run with the same settings".into()
        }
        Run::NoModel { .. } => "`handgrad train --resume` finishes a run".into(),
        Run::NoData { .. } | Run::DataMoved { .. } => "the flag is --data".into(),
        Run::NoNormalData | Run::NormalDataGone { .. } | Run::DataChanged { .. } => "the flag is --normal".into(),
        Run::NotCsv { .. } => "the flags are --label-column, --header and --fill".into(),
        Run::NoScale { .. } => "the flag is --scale".into(),
        Run::NoLabels => "the flag is --only-class".into(),
        Run::Model(handgrad_models::Error::IsClassifier) => "`handgrad predict` uses a classifier".into(),
        Run::Model(handgrad_models::Error::NotAClassifier) => "`handgrad finetune` does".into(),
        Run::Data(error) => return of_data(error),
        Run::Task(error) => return of_tasks(error),
        Run::At { source, .. } | Run::Stopped { source, .. } => return of_run(source),
        _ => return None,
    })
}

/// The flags of the settings that a text names, if they are spelled differently.
fn flags_of(text: &str) -> Option<String> {
    let is_named = |name: &&str| {
        name.contains('_') && text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == *name)
    };
    let names = SETTINGS.iter().map(|setting| setting.name).filter(is_named);
    let flags: Vec<_> = names.map(|name| format!("--{}", name.replace('_', "-"))).collect();
    match flags.len() {
        0 => None,
        1 => Some(format!("the flag is {}", flags[0])),
        _ => Some(format!("the flags are {}", flags.join(", "))),
    }
}

fn of_data(error: &handgrad_dataset::Error) -> Option<String> {
    use handgrad_dataset::Error::{Missing, NoSuchColumn, Unfit, WindowTooLong};
    Some(match error {
        Missing { .. } => "the flag is --fill".into(),
        NoSuchColumn { .. } => "the flag is --label-column".into(),
        WindowTooLong { .. } => "the flag is --window".into(),
        Unfit { problem, .. } => return flags_of(problem),
        _ => return None,
    })
}

fn of_tasks(error: &handgrad_tasks::Error) -> Option<String> {
    use handgrad_tasks::Error::{
        FewOfClass, Missing, NoAnomaly, NoLabels, NoNoise, NotLayerwise, NotTwoPlaces, NotVariational, Perplexity,
        Target, UnknownClass, WideCode,
    };
    Some(match error {
        Missing => "the flag is --fill".into(),
        NotVariational => "`handgrad train --preset vae` trains such a model".into(),
        NotTwoPlaces { .. } => {
            "`handgrad train --preset vae-2d` trains such a model; `handgrad sample` works with any number of values"
                .into()
        }
        NoNoise => "for example --noise gaussian --noise-level 0.2".into(),
        NoLabels => "the named data sets have labels, and so have folders with label files".into(),
        FewOfClass { .. } => "the flag is --labels-per-class".into(),
        NotLayerwise { .. } => "--pretrain none does".into(),
        UnknownClass { .. } => "with --label-column none, a table has no labels".into(),
        NoAnomaly => "the flag is --normal-class".into(),
        Perplexity { .. } => "the flag is --perplexity".into(),
        WideCode { .. } => "the flag is --method".into(),
        Target { .. } => "--loss mse accepts any values".into(),
        _ => return None,
    })
}
