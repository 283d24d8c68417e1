//! `handgrad train`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use handgrad_dataset::DataSet;
use handgrad_models::{Network, file};
use handgrad_trainer::yardstick::{Yardsticks, yardsticks};
use handgrad_trainer::{EpochRecord, Event, Outcome, Plan, Source, Trainer, fit};
use indicatif::ProgressBar;
use serde_json::json;

use crate::args::TrainArgs;
use crate::config::{ActivationName, Config, LossName, Settings};
use crate::run_folder::{LOSS_CHART, RECONSTRUCTIONS, RunFolder};
use crate::{Done, distribution, eval, loss_chart, reconstruct, show};

/// Set by Ctrl-C and by SIGTERM.
static STOP: AtomicBool = AtomicBool::new(false);

pub fn run(args: &TrainArgs) -> Result<Done> {
    let file = args.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    let chosen = args.settings.data.is_some() || file.data.is_some();
    let mut config = Config::new(args.settings.clone(), file)?;
    let data = load(&mut config, chosen, args)?;
    fit_to_data(&mut config, &data)?;
    let network = network(&config, &data)?;
    let plan = Plan { epochs: config.epochs, batch_size: config.batch_size.min(data.train.len()), seed: config.seed };
    eval::check_memory(&network, &config.optimizer(), plan.batch_size)?;
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("the threads cannot be started")?;
    let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
    let yardsticks = yardsticks(&train, &validation, network.loss());
    listen_for_ctrl_c()?;

    let folder_name = format!("{}-{}", config.preset, data.name);
    let mut folder = RunFolder::create(args.out.as_deref(), &folder_name, &config.settings())?;
    if !args.output.quiet {
        let DataSet { name, origin, validation_origin, .. } = &data;
        let summary = show::summary(&network);
        show::note(&format!("{} on {name}: {origin}; validation with {validation_origin}\n{summary}", config.preset));
    }
    let start = Instant::now();
    let mut watch = Watch::new(&folder, &plan, &yardsticks, train.len(), args.output.quiet);
    let (mut trainer, outcome) = pool.install(|| {
        let mut trainer = Trainer::new(network, config.optimizer(), plan.batch_size, plan.seed);
        let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |event| watch.on(event));
        (trainer, outcome)
    });
    let (epochs_done, failure) = watch.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            if epochs_done == 0 {
                folder.discard();
            }
            return Err(error.into());
        }
    };
    let seconds = start.elapsed().as_secs_f64();

    folder.write_model(trainer.network(), trainer.theta())?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    let picture = pool.install(|| reconstruct::picture(&mut trainer, &data.validation, 10))?;
    folder.write(RECONSTRUCTIONS, &picture)?;
    if let Some(last) = outcome.epochs.last() {
        let title = format!("{} on {}", config.preset, data.name);
        let loss = eval::loss_name(trainer.network().loss());
        let chart = loss_chart::svg(&title, &loss, &outcome.epochs, &yardsticks);
        folder.write(LOSS_CHART, chart.as_bytes())?;
        // The yardstick knows no penalty.
        let reconstruction = last.validation_terms.first().map_or(last.validation_loss, |term| term.1);
        if reconstruction > yardsticks.mean_sample && !args.output.quiet {
            show::note(
                "note: the mean image would have had a lower validation loss, so this network has learnt nothing of use yet: try \
                 more epochs, or a tenth of the learning rate if it is not the usual one",
            );
        }
    }
    report(args, &config, &folder, &trainer, &outcome, seconds)?;
    Ok(if outcome.stopped { Done::Interrupted } else { Done::Whole })
}

/// Loads the data; where nobody chose it and it cannot be had, draws the synthetic set instead and says so.
fn load(config: &mut Config, chosen: bool, args: &TrainArgs) -> Result<DataSet> {
    let progress = show::Download::new(args.output.quiet);
    let data_dir = &config.data_dir.clone();
    match handgrad_dataset::load(&config.data, data_dir, &progress) {
        Err(error) if !chosen && error.is_unavailable() => {
            let name = std::mem::replace(&mut config.data, "synthetic".into());
            show::note(&format!(
                "note: {name} is not in {} and cannot be fetched, so synthetic images stand in for it; with a network \
                 `handgrad data fetch {name}` gets it, or put its files there by hand",
                data_dir.join(&name).display()
            ));
            Ok(handgrad_dataset::load("synthetic", data_dir, &progress)?)
        }
        other => Ok(other?),
    }
}

/// Decides what hangs on the data, and refuses what does not go with it.
pub fn fit_to_data(config: &mut Config, data: &DataSet) -> Result<()> {
    let unit = eval::within_0_to_1(&[&data.train, &data.validation]);
    if config.loss == LossName::Bce && !unit {
        bail!(eval::NOT_WITHIN_0_TO_1);
    }
    if config.loss == LossName::CrossEntropy {
        distribution::check(&[("training sample", &data.train), ("validation sample", &data.validation)])?;
    }
    let logits = config.loss == LossName::CrossEntropy;
    let usual = if unit && !logits { ActivationName::Sigmoid } else { ActivationName::Linear };
    config.output_activation.get_or_insert(usual);
    // A path is kept whole, so that the configuration gives the same run from any folder.
    if Path::new(&config.data).exists() && handgrad_dataset::named::find(&config.data).is_none() {
        config.data = Path::new(&config.data).canonicalize()?.to_string_lossy().into_owned();
    }
    Ok(())
}

/// The network that the configuration describes, for this data.
pub fn network(config: &Config, data: &DataSet) -> Result<Network<f32>> {
    Ok(Network::new(&config.spec(&data.train.shape)?)?)
}

/// The first Ctrl-C asks the training to stop after its step, the second one ends the process.
fn listen_for_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
        show::note("\nstopping after this step and writing the model; once more to stop at once");
    })
    .context("Ctrl-C cannot be listened for")
}

/// Shows the progress and keeps `metrics.csv`.
struct Watch<'a> {
    folder: &'a RunFolder,
    plan: &'a Plan,
    yardsticks: &'a Yardsticks,
    bar: ProgressBar,
    quiet: bool,
    epochs_done: usize,
    failure: Option<anyhow::Error>,
}

impl<'a> Watch<'a> {
    fn new(folder: &'a RunFolder, plan: &'a Plan, yardsticks: &'a Yardsticks, samples: usize, quiet: bool) -> Self {
        let bar = show::sample_bar(samples.saturating_mul(plan.epochs), quiet);
        Self { folder, plan, yardsticks, bar, quiet, epochs_done: 0, failure: None }
    }

    /// Takes note, and says whether to go on.
    fn on(&mut self, event: Event) -> bool {
        match event {
            Event::Step { epoch, samples, loss, samples_per_epoch } => {
                self.bar.set_prefix(format!("epoch {epoch}/{}", self.plan.epochs));
                self.bar.set_position((epoch - 1).saturating_mul(samples_per_epoch).saturating_add(samples) as u64);
                let rate = handgrad_dataset::thousands(self.bar.per_sec() as usize);
                self.bar.set_message(format!("loss {}  {rate} images/s", show::number(loss)));
            }
            Event::Epoch(record) => {
                self.epochs_done = record.epoch;
                if !self.quiet {
                    let line = show::epoch_line(record, self.plan.epochs, self.yardsticks);
                    self.bar.suspend(|| show::note(&line));
                }
                if let Err(error) = self.folder.add_metrics(record) {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
        !STOP.load(Ordering::Relaxed)
    }

    /// Epochs that were finished, and why the training was broken off, if `metrics.csv` was why.
    fn finish(self) -> (usize, Option<anyhow::Error>) {
        self.bar.finish_and_clear();
        (self.epochs_done, self.failure)
    }
}

/// The results, on the standard output.
fn report(
    args: &TrainArgs,
    config: &Config,
    folder: &RunFolder,
    trainer: &Trainer<f32>,
    outcome: &Outcome,
    seconds: f64,
) -> Result<()> {
    let last: Option<&EpochRecord> = outcome.epochs.last();
    if args.output.json {
        let training: f64 = outcome.epochs.iter().map(|record| record.seconds).sum();
        let samples: f64 = outcome.epochs.iter().map(|record| record.seconds * record.samples_per_second).sum();
        let object = json!({
            "preset": config.preset,
            "parameters": trainer.theta().len(),
            "epochs": outcome.epochs.len(),
            "train_loss": last.map(|record| record.train_loss),
            "val_loss": last.map(|record| record.validation_loss),
            "val_terms": last.map(|record| record.validation_terms.iter().copied().collect::<BTreeMap<_, _>>()),
            "weights_sha256": file::weights_sha256(trainer.theta()),
            "seconds": seconds,
            "images_per_second": last.map(|_| samples / training),
        });
        return show::result(&object.to_string());
    }
    let summary = match last {
        Some(record) => format!(
            "{} epochs in {seconds:.1} s: loss {}, validation {}{}",
            outcome.epochs.len(),
            show::number(record.train_loss),
            show::number(record.validation_loss),
            show::terms(record)
        ),
        None => format!("stopped within the first epoch, after {} steps", trainer.steps()),
    };
    show::result(&format!("{summary}\nwrote {}: {}", folder.path().display(), folder.written().join(", ")))
}
