//! `handgrad score`: a recurrent network judged before it is trained.

use anyhow::{Context, Result};
use handgrad_analysis::hidden_covariance;
use handgrad_dataset::Samples;
use handgrad_models::Network;
use handgrad_trainer::{Source, Trainer, Training};
use ndarray::Axis;
use serde_json::json;

use crate::args::ScoreArgs;
use crate::config::{Config, ModelName, Settings, UsageError};
use crate::subject::still;
use crate::{Done, eval, scale, show, train};

pub fn run(args: &ScoreArgs) -> Result<Done> {
    let mut config = Config::new(args.settings.clone(), Settings::default())?;
    if !matches!(config.model, ModelName::Sequence | ModelName::NextStep) {
        let text = "the score is of a recurrent network's states: take --preset lstm, or --model sequence or next-step";
        return Err(UsageError(text.into()).into());
    }
    let layout = config.settings().layout();
    let progress = show::Download::new(args.output.quiet);
    let mut data = handgrad_dataset::load(&config.data, &config.data_dir, &layout, &progress)?;
    let scale = train::fit_to_data(&mut config, &mut data)?;
    scale::apply(&mut data.train, scale);
    let units = config.layers[0] * if config.bidirectional { 2 } else { 1 };
    let samples = args.samples.map_or((units / 2).max(2), usize::from);
    let mut scores = Vec::new();
    for start in 0..u64::from(args.starts) {
        let network = train::network(&config, &data, scale)?;
        eval::check_memory(&network, &still(samples))?;
        scores.push(of_start(network, config.seed.wrapping_add(start), units, &data.train, samples)?);
    }
    scores.sort_by(f64::total_cmp);
    let (least, middle, largest) = (scores[0], scores[scores.len() / 2], scores[scores.len() - 1]);
    let shown = samples.min(data.train.len());
    if args.output.json {
        let object = json!({ "score": middle, "least": least, "largest": largest, "samples": shown, "scores": scores });
        show::result(&object.to_string())?;
    } else {
        let [least, middle, largest] = [least, middle, largest].map(show::number);
        show::result(&format!(
            "hidden covariance {middle} ({least} to {largest} over {} starts), of {shown} samples of {}; the higher the better, and \
             at most about −{shown}",
            args.starts, data.origin
        ))?;
        if shown >= units {
            show::result(&format!(
                "{shown} samples and states of {units} values: some must be alike, and the score counts little else; take fewer \
                 with --samples"
            ))?;
        }
    }
    Ok(Done::Whole)
}

/// The score of a network as it starts from a seed: of its states after the last step of the first samples.
pub fn of_start(network: Network<f32>, seed: u64, units: usize, train: &Samples, samples: usize) -> Result<f64> {
    let mut trainer = Trainer::new(network, &Training { seed, ..still(samples) })?;
    let first: Vec<u32> = (0..samples.min(train.len()) as u32).collect();
    let codes = trainer.encode(&Source::new(train), &first)?;
    // A next-step network gives the states of all steps.
    let last = codes.ncols().saturating_sub(units);
    hidden_covariance(codes.slice_axis(Axis(1), (last..).into())).context(
        "a state is the same in all its units, or no number, so there is nothing to correlate: take more units",
    )
}
