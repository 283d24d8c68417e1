//! `handgrad score`: a recurrent network judged before it is trained.

use anyhow::Result;
use clap::Args;
use handgrad_tasks::untrained;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::{Output, SettingsArgs};
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  handgrad score --preset lstm\n  handgrad score --preset lstm --cell gru --samples \
    16\n  handgrad score --preset ecg-lstm --json"
)]
pub struct ScoreArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// Training samples to show the network, the first ones [default: half as many as a state has values].
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=2048))]
    samples: Option<u16>,

    /// Starts of the network to score, with the seeds from --seed on.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    starts: u16,

    #[command(flatten)]
    output: Output,
}

pub fn run(args: &ScoreArgs) -> Result<Done> {
    let config = handgrad_runs::Config::new(args.settings.0.clone())?;
    let Some(units) = config.state_units() else {
        let text = "the score is of a recurrent network's states: take --preset lstm, or --model sequence or next-step";
        return Err(UsageError(text.into()).into());
    };
    let prepared = handgrad_runs::prepare(args.settings.0.clone(), &Bars::new(args.output.quiet))?;
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
        "hidden covariance {middle} ({least} to {largest} over {} starts), of {shown} samples of {}; the higher the \
         better, and at most about −{shown}",
        args.starts, prepared.data.origin
    ))?;
    if shown >= units {
        terminal::result(&format!(
            "{shown} samples and states of {units} values: some must be alike, and the score counts little else; take \
             fewer with --samples"
        ))?;
    }
    Ok(Done::Whole)
}
