//! `handgrad train`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use handgrad_dataset::DataSet;
use handgrad_layers::Activation;
use handgrad_models::{Network, deep, file};
use handgrad_trainer::yardstick::{Yardsticks, yardsticks};
use handgrad_trainer::{EpochRecord, Event, Outcome, Plan, Source, Trainer, fit};
use indicatif::ProgressBar;
use serde_json::json;

use crate::args::TrainArgs;
use crate::config::{ActivationName, Config, LossName, Settings};
use crate::run_folder::RunFolder;
use crate::{Done, loss_chart, reconstruct, show};

/// Set by Ctrl-C and by SIGTERM.
static STOP: AtomicBool = AtomicBool::new(false);

pub fn run(args: &TrainArgs) -> Result<Done> {
    let file = args.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    let chosen = args.settings.data.is_some() || file.data.is_some();
    let mut config = Config::new(args.settings.clone(), file)?;
    let data = load(&mut config, chosen, args)?;
    fit_to_data(&mut config, &data)?;
    let network = network(&config, &data)?;
    let folder_name = format!("{}-{}", config.preset, data.name);
    let mut folder = RunFolder::create(args.out.as_deref(), &folder_name, &config.settings())?;
    let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
    let yardsticks = yardsticks(&train, &validation, network.loss());

    let say = |text: String| {
        if !args.output.quiet {
            eprintln!("{text}")
        }
    };
    say(format!(
        "{} on {}: {}; validation with {}\n{}",
        config.preset,
        data.name,
        data.origin,
        data.validation_origin,
        show::summary(&network)
    ));
    listen_for_ctrl_c()?;
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("the threads cannot be started")?;
    let plan = Plan { epochs: config.epochs, batch_size: config.batch_size.min(data.train.len()), seed: config.seed };
    let start = Instant::now();
    let (mut trainer, outcome) = pool.install(|| {
        let mut trainer = Trainer::new(network, config.optimizer(), plan.batch_size, plan.seed);
        let mut watch = Watch::new(&folder, &plan, &yardsticks, train.len(), args.output.quiet);
        let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |event| watch.on(event));
        watch.finish().and_then(|()| Ok((trainer, outcome?)))
    })?;
    let seconds = start.elapsed().as_secs_f64();

    folder.write_model(trainer.network(), trainer.theta())?;
    let picture = pool.install(|| reconstruct::picture(&mut trainer, &data.validation, 10))?;
    folder.write("reconstructions.png", &picture)?;
    if !outcome.epochs.is_empty() {
        let title = format!("{} on {}", config.preset, data.name);
        let chart = loss_chart::svg(&title, loss_name(config.loss), &outcome.epochs, &yardsticks);
        folder.write("loss.svg", chart.as_bytes())?;
    }
    report(args, &config, &folder, &trainer, &outcome, seconds);
    Ok(if outcome.stopped { Done::Interrupted } else { Done::Whole })
}

/// Loads the data; where nobody chose it and it cannot be had, draws the synthetic set instead and says so.
fn load(config: &mut Config, chosen: bool, args: &TrainArgs) -> Result<DataSet> {
    let progress = show::Download::new(args.output.quiet);
    let data_dir = &args.place.data_dir;
    match handgrad_dataset::load(&config.data, data_dir, &progress) {
        Err(error) if !chosen && error.is_unavailable() => {
            let name = std::mem::replace(&mut config.data, "synthetic".into());
            eprintln!(
                "note: {name} is not in {} and cannot be fetched, so synthetic images stand in for it; with a network \
                 `handgrad data fetch {name}` gets it, or put its files there by hand",
                data_dir.join(&name).display()
            );
            Ok(handgrad_dataset::load("synthetic", data_dir, &progress)?)
        }
        other => Ok(other?),
    }
}

/// Decides what hangs on the data, and refuses what does not go with it.
fn fit_to_data(config: &mut Config, data: &DataSet) -> Result<()> {
    let ranges = [data.train.range(), data.validation.range()];
    let (low, high) = ranges.into_iter().fold((f32::INFINITY, f32::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    let unit = low >= 0.0 && high <= 1.0;
    if config.loss == LossName::Bce && !unit {
        bail!(
            "the loss bce needs values within 0..1, and {} has values from {low} to {high}: use --loss mse, or scale the \
             data to 0..1",
            data.name
        );
    }
    let usual = if unit { ActivationName::Sigmoid } else { ActivationName::Linear };
    config.output_activation.get_or_insert(usual);
    // A path is kept whole, so that the configuration gives the same run from any folder.
    if Path::new(&config.data).exists() && handgrad_dataset::named::find(&config.data).is_none() {
        config.data = Path::new(&config.data).canonicalize()?.to_string_lossy().into_owned();
    }
    Ok(())
}

fn network(config: &Config, data: &DataSet) -> Result<Network<f32>> {
    let output = config.output_activation.map_or(Activation::Sigmoid, Activation::from);
    let spec = deep::spec(&data.train.shape, &config.layers, config.activation.into(), output, config.loss.into());
    Ok(Network::new(&spec)?)
}

/// The first Ctrl-C asks the training to stop after its step, the second one ends the process.
fn listen_for_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
        eprintln!("\nstopping after this step and writing the model; once more to stop at once");
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
    failure: Option<anyhow::Error>,
}

impl<'a> Watch<'a> {
    fn new(folder: &'a RunFolder, plan: &'a Plan, yardsticks: &'a Yardsticks, samples: usize, quiet: bool) -> Self {
        let bar = show::sample_bar(samples * plan.epochs, quiet);
        Self { folder, plan, yardsticks, bar, quiet, failure: None }
    }

    /// Takes note, and says whether to go on.
    fn on(&mut self, event: Event) -> bool {
        match event {
            Event::Step { epoch, samples, loss, samples_per_epoch } => {
                self.bar.set_prefix(format!("epoch {epoch}/{}", self.plan.epochs));
                self.bar.set_position(((epoch - 1) * samples_per_epoch + samples) as u64);
                let rate = show::thousands(self.bar.per_sec() as usize);
                self.bar.set_message(format!("loss {}  {rate} images/s", show::number(loss)));
            }
            Event::Epoch(record) => {
                if !self.quiet {
                    let line = show::epoch_line(record, self.plan.epochs, self.yardsticks);
                    self.bar.suspend(|| eprintln!("{line}"));
                }
                if let Err(error) = self.folder.add_metrics(record) {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
        !STOP.load(Ordering::Relaxed)
    }

    fn finish(self) -> Result<()> {
        self.bar.finish_and_clear();
        self.failure.map_or(Ok(()), Err)
    }
}

fn loss_name(loss: LossName) -> &'static str {
    match loss {
        LossName::Mse => "squared error per value",
        LossName::Bce => "binary cross-entropy per value, nats",
        LossName::Mae => "absolute error per value",
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
) {
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
            "weights_sha256": file::weights_sha256(trainer.theta()),
            "seconds": seconds,
            "images_per_second": last.map(|_| samples / training),
        });
        println!("{object}");
        return;
    }
    match last {
        Some(record) => println!(
            "{} epochs in {seconds:.1} s: loss {}, validation {}",
            outcome.epochs.len(),
            show::number(record.train_loss),
            show::number(record.validation_loss)
        ),
        None => println!("stopped within the first epoch, after {} steps", trainer.steps()),
    }
    println!("wrote {}: {}", folder.path().display(), folder.written().join(", "));
}
