//! `handgrad train`.

mod every;
mod identity;
mod parts;
mod report;
mod session;
mod watch;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use handgrad_dataset::{DataSet, named, thousands};
use handgrad_models::{Network, Scale, Spec};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Outcome, Plan, State, Trainer, Training};

use crate::args::TrainArgs;
use crate::checkpoints::Checkpoints;
use crate::config::{ActivationName, Config, LossName, Settings, UsageError};
use crate::run_folder::{LOSS_CHART, RECONSTRUCTIONS, RunFolder, nothing_to_go_on_from};
use crate::{Done, alter, distribution, eval, loss_chart, reconstruct, scale, show};
pub use every::Every;
use identity::{Identity, same_settings};
use parts::Parts;
use report::{Finished, kept};
use session::Session;
use watch::Watch;

/// Set by Ctrl-C and by SIGTERM.
static STOP: AtomicBool = AtomicBool::new(false);

pub fn run(args: &TrainArgs) -> Result<Done> {
    let file = args.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    let chosen = args.resume.is_some() || args.settings.data.is_some() || file.data.is_some();
    let begun = args.resume.as_deref().map(RunFolder::open).transpose()?;
    let mut config = match &begun {
        None => Config::new(args.settings.clone(), file)?,
        Some((folder, settings)) => {
            let (given, whose) = (args.settings.clone().or(file), folder.path().display().to_string());
            let config = Config::new(given.clone(), settings.clone());
            if config.is_err() {
                // What is not the run's is named before what does not go together.
                same_settings(&given.or(settings.clone()), settings, &whose)?;
            }
            let config = config?;
            same_settings(&config.settings(), &Config::new(settings.clone(), Settings::default())?.settings(), &whose)?;
            config
        }
    };
    let mut data = load(&mut config, chosen, args)?;
    let scale = fit_to_data(&mut config, &mut data)?;
    let parts = Parts::new(&data, config.validation_split)?;
    let network = network(&config, &data, scale)?;
    let (plan, training) = (config.plan(), config.training(parts.train.len()));
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("the threads cannot be started")?;
    pool.install(|| check_memory(&network, &training, &plan))?;
    let yardsticks = yardsticks(&parts.train, &parts.validation, &network)?;
    let identity = pool.install(|| Identity::of(&config, &data, scale));
    let mut trainer = pool.install(|| Trainer::new(network, &training))?;
    listen_for_ctrl_c()?;

    let resumed = begun.is_some();
    let mut folder = match begun {
        Some((folder, _)) => folder,
        None => {
            let name = format!("{}-{}", config.preset, data.name);
            RunFolder::create(args.out.as_deref(), &name, &config.settings(), trainer.network())?
        }
    };
    let mut checkpoints = Checkpoints::new(folder.checkpoints());
    let mut state = State::new(&trainer);
    if resumed {
        match checkpoints.read(&trainer, &plan, |about| identity.check(about))? {
            Some(checkpoint) => state = checkpoint.restore(&mut trainer)?,
            None if folder.has_model() => bail!("{}", nothing_to_go_on_from(folder.path())),
            None => {}
        }
        folder.write_config(&config.settings())?;
        folder.write_metrics(trainer.network(), &state.records)?;
    }
    if !args.output.quiet {
        let summary = show::summary(trainer.network());
        show::note(&format!("{} on {}: {}\n{summary}", config.preset, data.name, parts.about));
        if resumed {
            show::note(&going_on(&trainer, &state, &plan));
        }
    }
    let start = Instant::now();
    let before: f64 = state.records.iter().map(|record| record.seconds).sum::<f64>() + state.place.seconds;
    let all = parts.train.len();
    let seen = state.records.len().saturating_mul(all).saturating_add(state.place.samples);
    let mut watch = Watch::new(&folder, &plan, &yardsticks, [seen, all.saturating_mul(plan.epochs)], args.output.quiet);
    let session = Session {
        parts: &parts,
        plan: &plan,
        every: args.checkpoint_every.unwrap_or_default(),
        about: &identity.text()?,
    };
    let trained = pool.install(|| session.train(&mut trainer, &mut state, &mut watch, &mut checkpoints));
    let failure = watch.finish();
    if let Err(error) = trained {
        let diverged =
            error.downcast_ref::<handgrad_trainer::Error>().is_some_and(handgrad_trainer::Error::is_divergence);
        return Err(match checkpoints.newest().map(|newest| newest.display().to_string()) {
            Some(newest) => {
                let mut text = format!("the run stopped, and its last good checkpoint is kept, {newest}");
                if diverged {
                    text += &match write_last_model(&mut folder, &mut checkpoints, &trainer, &plan) {
                        Ok(()) => ", with its weights as the model".into(),
                        Err(error) => format!(", but not as the model: {}", crate::paragraph(&error)),
                    };
                }
                error.context(text)
            }
            None => {
                if diverged && state.records.is_empty() && !resumed {
                    folder.discard();
                }
                error
            }
        });
    }
    let seconds = before + start.elapsed().as_secs_f64();

    let stopped = !state.is_over(&plan);
    if let Some(best) = &state.best {
        trainer.set_theta(&best.theta)?;
    }
    let outcome = Outcome { epochs: state.records, stopped, best_epoch: state.best.map(|best| best.epoch) };
    folder.write_model(trainer.network(), trainer.theta())?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    let seen = scale::applied(&data.validation, scale);
    let picture = pool.install(|| reconstruct::picture(&mut trainer, &seen, 10))?;
    folder.write(RECONSTRUCTIONS, &picture)?;
    if let Some(kept) = kept(&outcome) {
        let title = format!("{} on {}", config.preset, data.name);
        let loss = eval::loss_name(trainer.network().loss());
        let chart = loss_chart::svg(&title, &loss, &outcome, &yardsticks);
        folder.write(LOSS_CHART, chart.as_bytes())?;
        // The yardstick knows no penalty.
        let reconstruction = kept.validation_terms.first().map_or(kept.validation_loss, |term| term.1);
        if reconstruction > yardsticks.mean_sample && !args.output.quiet {
            show::note(
                "note: the mean image would have had a lower validation loss, so this network has learnt nothing of use yet: try \
                 more epochs, or a tenth of the learning rate if it is not the usual one",
            );
        }
    }
    let test = pool.install(|| parts.test.map(|test| trainer.evaluate(&test)).transpose())?;
    let (config, plan, data, trainer) = (&config, &plan, &data, &trainer);
    Finished { config, plan, data, trainer, outcome: &outcome, test, seconds }.report(args, &folder)?;
    Ok(if outcome.stopped { Done::Interrupted } else { Done::Whole })
}

/// After a training that went wrong: what its last checkpoint has learnt can be used and looked at.
fn write_last_model(
    folder: &mut RunFolder,
    checkpoints: &mut Checkpoints,
    trainer: &Trainer<f32>,
    plan: &Plan,
) -> Result<()> {
    match checkpoints.read(trainer, plan, |_| Ok(()))? {
        Some(last) => {
            folder.write_model(trainer.network(), last.state.best.as_ref().map_or(&last.theta, |best| &best.theta))
        }
        None => Ok(()),
    }
}

/// Where a run goes on, for people.
fn going_on(trainer: &Trainer<f32>, state: &State<f32>, plan: &Plan) -> String {
    match (state.is_over(plan), trainer.steps()) {
        (true, _) => "this run is finished: there is nothing left to train".into(),
        (false, 0) => "there is no checkpoint yet: the run starts from the beginning".into(),
        (false, steps) => format!("going on in epoch {}, after {steps} steps", state.records.len() + 1),
    }
}

/// Early stopping keeps the best weights, and a checkpoint that is being written three copies of all, beside what every
/// training needs.
fn check_memory(network: &Network<f32>, training: &Training, plan: &Plan) -> Result<()> {
    let best = usize::from(plan.early_stopping.is_some());
    let of_a_checkpoint = 1 + training.optimizer.slots() + best;
    let copies = best + 3 * of_a_checkpoint;
    let more = network.param_count().saturating_mul(copies * size_of::<f32>());
    eval::check_bytes(Trainer::memory_needed(network, training).saturating_add(more))
}

/// Loads the data; where nobody chose it and it cannot be had, draws the synthetic set instead and says so.
fn load(config: &mut Config, chosen: bool, args: &TrainArgs) -> Result<DataSet> {
    let progress = show::Download::new(args.output.quiet);
    let data_dir = &config.data_dir.clone();
    let layout = config.settings().layout();
    let images = named::find(&config.data).is_some_and(|set| !set.mirrors.is_empty());
    match handgrad_dataset::load(&config.data, data_dir, &layout, &progress) {
        Err(error) if !chosen && images && error.is_unavailable() => {
            let name = std::mem::replace(&mut config.data, "synthetic".into());
            show::note(&format!(
                "note: {name} is not in {} and cannot be fetched, so synthetic images stand in for it; with a network \
                 `handgrad data fetch {name}` gets it, or put its files there by hand",
                data_dir.join(&name).display()
            ));
            Ok(handgrad_dataset::load("synthetic", data_dir, &layout, &progress)?)
        }
        Err(error) if args.resume.is_some() && named::find(&config.data).is_none() => Err(error)
            .context("the data of this run cannot be read; if it lies elsewhere now, name its path with --data"),
        other => Ok(other?),
    }
}

/// Keeps those samples that are asked for, decides what depends on the data, and refuses what does not go with it.
/// Gives the scale of the training samples. The samples themselves stay as they are: the trainer applies it.
pub fn fit_to_data(config: &mut Config, data: &mut DataSet) -> Result<Option<Scale>> {
    let scale = config.scale.map(|name| scale::of(name, &data.train)).transpose()?;
    if let Some(classes) = &config.only_class {
        keep_classes(classes, data)?;
    }
    let [train, validation] = [&data.train, &data.validation].map(|samples| scale::applied(samples, scale));
    let unit = eval::within_0_to_1(&[&train, &validation]);
    if config.loss == LossName::Bce && !unit {
        bail!(eval::NOT_WITHIN_0_TO_1);
    }
    if config.loss == LossName::CrossEntropy {
        distribution::check(&[("training sample", &train), ("validation sample", &validation)])?;
    }
    let logits = config.loss == LossName::CrossEntropy;
    let usual = if unit && !logits { ActivationName::Sigmoid } else { ActivationName::Linear };
    config.output_activation.get_or_insert(usual);
    // A path is kept whole, so that the configuration gives the same run from any folder.
    if named::find(&config.data).is_some() {
        unicode(&std::path::absolute(&config.data_dir)?)?;
    } else if Path::new(&config.data).exists() {
        config.data = unicode(&Path::new(&config.data).canonicalize()?)?;
    }
    Ok(scale)
}

/// A path as the configuration keeps it, which is text.
fn unicode(path: &Path) -> Result<String> {
    let refusal = || {
        let path = path.display();
        UsageError(format!("{path}: its name is no Unicode text, which the configuration of a run needs: rename it"))
    };
    Ok(path.to_str().ok_or_else(refusal)?.to_owned())
}

/// Learnt from and validated with are samples of these classes alone.
fn keep_classes(classes: &[u8], data: &mut DataSet) -> Result<()> {
    let named = classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let parts = [(&mut data.train, &mut data.origin), (&mut data.validation, &mut data.validation_origin)];
    for (samples, origin) in parts {
        let labels = samples.labels.as_deref().with_context(|| {
            format!("{origin}: they have no labels, so --only-class cannot be heeded: leave it out")
        })?;
        if let Some(missing) = classes.iter().find(|class| !labels.contains(class)) {
            let there = alter::classes(labels);
            bail!("{origin}: none of them is of class {missing}; there are the classes {there}");
        }
        *samples = samples.of_classes(classes);
        *origin = format!("the {} of class {named} among {origin}", thousands(samples.len()));
    }
    Ok(())
}

/// The network that the configuration describes, for this data.
pub fn network(config: &Config, data: &DataSet, scale: Option<Scale>) -> Result<Network<f32>> {
    Ok(Network::new(&Spec { scale, ..config.spec(&data.train.shape)? })?)
}

/// The first Ctrl-C asks the training to stop after its step, the second one ends the process.
fn listen_for_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
        show::note("\nstopping after this step and writing checkpoint and model; once more to stop at once");
    })
    .context("Ctrl-C cannot be listened for")
}
