//! `handgrad train`.

use handgrad_files::shown;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use handgrad_dataset::{count, thousands};
use handgrad_models::file;
use handgrad_runs::settings::Group;
use handgrad_runs::{Event, Every, Finished, Request, Run, Settings, preset};
use handgrad_tasks::code::{self, Code};
use handgrad_tasks::columns::report::{self, Told};
use handgrad_tasks::columns::surprise;
use handgrad_trainer::EpochRecord;
use serde_json::{Value, json};

use crate::advice;
use crate::columns;
use crate::exit::Done;
use crate::flags::{Output, SettingsArgs, heading};
use crate::live::{self, Live};
use crate::signals;
use crate::terminal::{self, Bars};
use crate::words::{self, number};

/// A heading in the help.
const CHECKPOINTS: &str = "Configuration and checkpoints";

#[derive(Args, Debug)]
#[command(after_help = presets())]
pub struct TrainArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// The number of threads. The weights are the same, to the bit, for any number [default: all cores].
    #[arg(long, help_heading = heading(Group::First), value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// The folder for the run, which must not hold a run yet [default: runs/PRESET-DATA].
    #[arg(long, value_name = "DIR", help_heading = heading(Group::First))]
    out: Option<PathBuf>,

    /// Read settings from a TOML file, for example the config.toml of a run. Their names are those of the flags, with _
    /// for -: `batch_size = 64`. Flags override the file, and the file overrides the preset.
    #[arg(long, value_name = "FILE", help_heading = CHECKPOINTS)]
    config: Option<PathBuf>,

    /// Continue the run in this folder from its last checkpoint. The result has the same bits as if the run had not
    /// been interrupted. The settings are those of the run; only --epochs may be larger (not with the schedule cosine),
    /// and --data may name a new place of the same data.
    #[arg(long, value_name = "DIR", conflicts_with = "out", help_heading = CHECKPOINTS)]
    resume: Option<PathBuf>,

    /// The interval between checkpoints: 50steps, 2epochs, 30sec, 5min or 1h, for example. A checkpoint is also written
    /// at the end, and after Ctrl-C or SIGTERM [default: 30sec].
    #[arg(long, value_name = "INTERVAL", help_heading = CHECKPOINTS)]
    checkpoint_every: Option<Every>,

    /// Do not write report.html at the end. `handgrad report` writes it later.
    #[arg(long, help_heading = CHECKPOINTS)]
    no_report: bool,

    /// Show the training in a browser while it runs: losses, reconstructions, codes, and the gradient of each layer.
    /// The page is served on this machine alone, at the address that is printed, until the training ends. The results
    /// are the same, to the bit [default port: any that is free].
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0", help_heading = "Output")]
    live: Option<u16>,

    #[command(flatten)]
    output: Output,
}

pub fn run(args: &TrainArgs) -> Result<Done> {
    let file = args.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    let given = args.settings.0.clone().or(file);
    let request = Request {
        any_data: args.resume.is_none() && given.data.is_none(),
        given,
        out: args.out.clone(),
        resume: args.resume.clone(),
        every: args.checkpoint_every.unwrap_or_default(),
        notes: Arc::new(terminal::note),
    };
    let (mut finished, live) = train(args, &request)?;
    let has_report = page(args, &mut finished);
    if let Some(live) = live {
        live.end(&finished, has_report);
    }
    if !args.output.quiet
        && let Some(note) = warning(&finished)
    {
        terminal::note(note);
    }
    report(args, &finished)?;
    Ok(if finished.outcome.stopped { Done::Interrupted } else { Done::Whole })
}

/// Trains, and shows the progress in the terminal and, if that was asked for, on a page.
fn train(args: &TrainArgs, request: &Request) -> Result<(Finished, Option<Live>)> {
    let quiet = args.output.quiet;
    let address = args.live.map(live::address).transpose()?;
    let run = Run::begin(request, &Bars::new(quiet))?;
    signals::listen("writing checkpoint and model", "its last checkpoint is kept")?;
    let (plan, yardsticks) = (run.prepared().plan(), run.yardsticks()?);
    if !quiet {
        let prepared = run.prepared();
        let (preset, name) = (prepared.config.settings().preset.as_deref().unwrap_or_default(), &prepared.data.name);
        prepared.data.understood.iter().for_each(|line| terminal::note(line));
        terminal::note(&format!("{preset} on {name}: {}", run.about_data()?));
        if let Some(schema) = &prepared.data.table {
            terminal::note(&columns::listing(schema, prepared.data.train.len()));
            columns::constant(schema).iter().for_each(|note| terminal::note(note));
        }
        terminal::note(&words::summary(run.network()));
        run.going_on().iter().for_each(|text| terminal::note(text));
        terminal::note(&words::above_epochs(
            &yardsticks,
            &run.network().term_names(),
            words::beta(&run.prepared().spec),
        ));
    }
    let (spec, data) = (&run.prepared().spec, &run.prepared().data);
    let note = words::outside_note(&data.validation_origin, spec.loss, spec.encoding(), &data.validation);
    let of_values = if spec.scale.is_none() { advice::of_values(&data.train) } else { None };
    note.iter().chain(&of_values).for_each(|note| terminal::note(note));
    let mut live = address.map(|address| Live::start(address, &run, &yardsticks)).transpose()?;
    if let Some(live) = &live {
        terminal::note(&format!("watch this training at {}", live.url));
    }
    let [seen, all] = run.samples()?;
    let beta = words::beta(&run.prepared().spec);
    let bar = terminal::sample_bar(all, quiet);
    bar.set_position(seen as u64);
    bar.reset_eta();
    let mut printed = Instant::now();
    let finished = run.train(&mut |event| {
        if let Some(live) = &mut live {
            live.tell(event);
        }
        match event {
            Event::Step { epoch, seen, loss } => {
                bar.set_prefix(format!("epoch {epoch}/{}", plan.epochs));
                bar.set_position(seen as u64);
                let rate = thousands(bar.per_sec() as usize);
                bar.set_message(format!("loss {}  {rate}/s", number(loss)));
            }
            // Of many short epochs, one is printed every two seconds; metrics.csv has all.
            Event::Epoch { record, .. } if !quiet && is_printed(record.epoch, plan.epochs, printed.elapsed()) => {
                printed = Instant::now();
                let line = words::epoch_line(record, &plan, beta);
                bar.suspend(|| terminal::note(&line));
            }
            Event::Epoch { .. } => {}
        }
        signals::flow()
    });
    bar.finish_and_clear();
    match finished {
        Ok(finished) => {
            if let Some(live) = &live {
                live.over();
            }
            Ok((finished, live))
        }
        Err(error) => {
            if let Some(live) = live {
                live.fail(&error.in_full());
            }
            Err(error.into())
        }
    }
}

/// Returns whether the line of an epoch is printed, so long after the last one.
fn is_printed(epoch: usize, epochs: usize, since: Duration) -> bool {
    epochs <= 100 || epoch <= 10 || epoch == epochs || since >= Duration::from_secs(2)
}

/// A note if the losses show that the network is useless.
fn warning(finished: &Finished) -> Option<&'static str> {
    let kept = finished.outcome.kept()?;
    (kept.reconstruction() > finished.yardsticks.mean_sample).then_some(
        "note: the mean sample has a lower validation loss than this network, which has learnt nothing useful yet: try \
         more epochs, or a tenth of the learning rate if you changed it",
    )
}

/// Writes the page of a training that has reached its end. If this fails, the run is still whole, so it is only a note.
/// Returns whether there is a page of the finished network.
fn page(args: &TrainArgs, finished: &mut Finished) -> bool {
    let write = format!("to write it: handgrad report {}", shown(&finished.folder));
    if !args.no_report && !finished.outcome.stopped {
        let written = handgrad_runs::write_report(finished, &Bars::new(args.output.quiet));
        if let Err(error) = &written {
            terminal::note(&format!("note: report.html was not written: {}; {write}", error.in_full()));
        }
        return written.is_ok();
    }
    if !finished.written.is_empty() && finished.folder.join("report.html").exists() {
        terminal::note(&format!("note: report.html shows an earlier state of this run; {write}"));
    }
    false
}

fn report(args: &TrainArgs, finished: &Finished) -> Result<()> {
    let validation = &finished.data.validation;
    let code = code::measure(&finished.model, validation)?;
    let told = match finished.data.table.is_some() {
        true => report::measure(&finished.model, validation, &validation.numbers())?,
        false => Vec::new(),
    };
    if args.output.json {
        return terminal::result(&json_of(finished, &code, &told).to_string());
    }
    terminal::result(&text_of(finished))?;
    if !told.is_empty() && finished.outcome.kept().is_some() {
        terminal::result(&columns::told(&told, surprise::hides(&finished.model)))?;
    }
    if finished.outcome.kept().is_some()
        && let Some(note) = advice::of_code(&finished.model, &code, &finished.data.validation)
    {
        terminal::result(&note)?;
    }
    let path = shown(&finished.folder);
    match &finished.written[..] {
        [] => terminal::result(&format!("{path}: the run was finished already, and no file has changed"))?,
        written => terminal::result(&format!("wrote {path}: {}", written.join(", ")))?,
    }
    match finished.outcome.stopped {
        true => terminal::result(&format!("continue with: handgrad train --resume {path}")),
        false => Ok(()),
    }
}

fn json_of(finished: &Finished, code: &Code, told: &[Told]) -> Value {
    let Finished { config, data, model, outcome, steps, test, seconds, .. } = finished;
    let kept = outcome.kept();
    let loss = model.network().loss();
    let both = kept.map(|record| loss.per_value_and_sample(record.reconstruction(), model.spec().features()));
    let terms = |of: fn(&EpochRecord) -> &Vec<(&'static str, f64)>| kept.map(|record| words::json_terms(of(record)));
    json!({
        "preset": config.settings().preset,
        "parameters": model.weights().len(),
        "epochs": outcome.epochs.len(),
        "best_epoch": outcome.best_epoch,
        "stopped": outcome.stopped,
        "steps": steps,
        "loss": words::loss_of(model.network()),
        "reduction": loss.reduction,
        "train_loss": kept.map(|record| record.train_loss),
        "train_terms": terms(|record| &record.train_terms),
        "val_loss": kept.map(|record| record.validation_loss),
        "val_terms": terms(|record| &record.validation_terms),
        "val_reconstruction_per_value": both.map(|both| both[0]),
        "val_reconstruction_per_sample": both.map(|both| both[1]),
        "test_loss": test.as_ref().map(|test| test.loss),
        "test_terms": test.as_ref().map(|test| words::json_terms(&test.terms)),
        "code": kept.map(|_| advice::json_of_code(model, code, &data.validation)),
        "columns": columns::told_json(told),
        "weights_sha256": file::weights_sha256(model.weights()),
        "seconds": seconds,
        "images_per_second": outcome.samples_per_second(),
    })
}

fn steps_in_words(steps: u64) -> String {
    count(steps as usize, "step", "steps")
}

fn text_of(finished: &Finished) -> String {
    let Finished { config, model, outcome, steps, test, seconds, data, .. } = finished;
    let Some(record) = outcome.kept() else {
        return format!("stopped in the first epoch, after {}", steps_in_words(*steps));
    };
    let (epochs, plan, beta) = (outcome.epochs.len(), config.plan(), words::beta(model.spec()));
    let mut text = format!("{} in {seconds:.1} s: ", count(epochs, "epoch", "epochs"));
    if let Some(best) = outcome.best_epoch {
        text += &match plan.early_stopping {
            Some(patience) if epochs < plan.epochs && !outcome.stopped => format!(
                "stopped early after {} without a lower validation loss; the weights are those of epoch {best}: ",
                count(patience, "epoch", "epochs")
            ),
            _ => format!("the weights are those of epoch {best}, which had the lowest validation loss: "),
        };
    }
    if outcome.best_epoch.is_none() && outcome.stopped {
        text += &format!("stopped after {}; the last finished epoch: ", steps_in_words(*steps));
    }
    text += &format!(
        "loss {}, validation {}{}\n{}",
        number(record.train_loss),
        number(record.validation_loss),
        words::terms(&record.validation_terms, beta),
        words::reconstruction(model.network(), &record.validation_terms),
    );
    if let Some(test) = test {
        let (value, terms) = (number(test.loss), words::terms(&test.terms, beta));
        text += &format!("\ntest {value}{terms} over {}", data.validation_origin);
    }
    text
}

/// The list of presets and the examples below `train --help`.
fn presets() -> String {
    let mut text = String::from("Presets (all with Adam at 0.001; their data is fashion-mnist unless it is named):\n");
    for preset in preset::all().unwrap_or_default() {
        text += &format!("  {:13} {}\n", preset.name, preset.about);
    }
    text + "\nExamples:\n  \
        handgrad train                                 basic, on Fashion-MNIST\n  \
        handgrad train --data synthetic --epochs 5     no download, a few seconds\n  \
        handgrad train --preset deep --data mnist --seed 1\n  \
        handgrad train --preset vae --data mnist       afterwards: handgrad sample\n  \
        handgrad train --preset deep --live            a page in the browser while it trains\n  \
        handgrad train --preset deep --noise masking --noise-level 0.3\n  \
        handgrad train --data my-images.idx.gz --layers 64,16 --loss mse\n  \
        handgrad train --data sensors.csv --window 50  windows of a series, every channel scaled by itself\n  \
        handgrad train --data Beats_TRAIN.ts           series of the UEA and UCR archives"
}
