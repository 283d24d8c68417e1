//! `handgrad score`: the score of a recurrent network before training.

use anyhow::Result;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use handgrad_runs::Settings;
use handgrad_runs::settings::LossName;
use handgrad_tasks::untrained;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::{Output, SettingsArgs, with_flags};
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  handgrad score --preset lstm\n  handgrad score --preset lstm --cell gru --samples \
    16\n  handgrad score --preset ecg-lstm --json"
)]
pub struct ScoreArgs {
    #[command(flatten)]
    settings: ScoreSettings,

    /// The number of training samples that the network is given, from the first one on [default: half as many as a
    /// state has values].
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=2048))]
    samples: Option<u16>,

    /// The number of untrained networks to score, each with its own seed, from --seed on.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    starts: u16,

    #[command(flatten)]
    output: Output,
}

/// The settings that decide the data and an untrained recurrent network. The others have no effect on the score.
const USED: [&str; 15] = [
    "preset",
    "data",
    "data_dir",
    "label_column",
    "header",
    "fill",
    "window",
    "window_stride",
    "only_class",
    "scale",
    "model",
    "layers",
    "cell",
    "bidirectional",
    "seed",
];

#[derive(Debug)]
struct ScoreSettings(SettingsArgs);

impl Args for ScoreSettings {
    fn augment_args(command: Command) -> Command {
        with_flags(command, |setting| USED.contains(&setting.name))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ScoreSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        SettingsArgs::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

pub fn run(args: &ScoreArgs) -> Result<Done> {
    // States do not depend on the loss, and this one accepts any data.
    let settings = Settings { loss: Some(LossName::Mse), ..args.settings.0.0.clone() };
    let config = handgrad_runs::Config::new(settings.clone())?;
    let Some(units) = config.state_units() else {
        let text = "only recurrent networks have a score: give --preset lstm, --model sequence or --model next-step";
        return Err(UsageError(text.into()).into());
    };
    let prepared = handgrad_runs::prepare(settings, &Bars::new(args.output.quiet))?;
    let samples = args.samples.map_or((units / 2).max(2), usize::from);
    let (spec, train) = (&prepared.spec, &prepared.data.train);
    let starts = untrained::starts(spec, prepared.config.seed(), args.starts.into(), units, train, samples)?;
    let (least, middle, largest) = (starts.least(), starts.median(), starts.largest());
    let shown = samples.min(train.len());
    if args.output.json {
        let object =
            json!({ "score": middle, "least": least, "largest": largest, "samples": shown, "scores": starts.scores });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let [least, middle, largest] = [least, middle, largest].map(number);
    terminal::result(&format!(
        "hidden covariance {middle} ({least} to {largest} over {} seeds), computed from {shown} samples of {}; higher \
         is better, and the maximum is about −{shown}",
        args.starts, prepared.data.origin
    ))?;
    if shown >= units {
        terminal::result(&format!(
            "note: {shown} states of {units} values cannot all be different directions, and the score mainly counts \
             this; use fewer samples with --samples"
        ))?;
    }
    Ok(Done::Whole)
}
