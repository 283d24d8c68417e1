//! `handgrad finetune`: a classifier of the encoder of a model, beside the same network from scratch.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_analysis::{deviation, mean};
use handgrad_dataset::{Samples, count, thousands};
use handgrad_files::{place, shown};
use handgrad_models::Part;
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_tasks::finetune::{self, Event, Layerwise, Options, Outcome, Row, Settings, compare};
use indicatif::ProgressBar;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::{SubjectArgs, Unlabelled};
use crate::terminal::{self, Bars};
use crate::words::number;
use crate::{signals, words};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad finetune runs/denoise --labels-per-class 10,100,all --out runs/sorted\n  \
    handgrad finetune runs/denoise --encoder-rate 0 --out runs/frozen\n  \
    handgrad finetune runs/sdae3 --pretrain layerwise --pretrain-epochs 15 \\\n    \
    --labels-per-class 10,100,1000,all --out runs/sdae3-classifier\n  \
    handgrad predict runs/sorted --out predictions.csv")]
pub struct FinetuneArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    unlabelled: Unlabelled,

    /// The numbers of labelled samples of each class, drawn from the training samples; `all` means all of them.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = labels, help_heading = "Training",
        default_values = ["10", "100", "all"])]
    labels_per_class: Vec<Labels>,

    /// The number of epochs. With few labels there are more, so that there are at least 500 steps.
    #[arg(long, default_value_t = 30, help_heading = "Training",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    epochs: u32,

    /// The number of samples of a step.
    #[arg(long, default_value_t = 100, help_heading = "Training",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: u32,

    /// The learning rate of the first epoch, for Adam. It falls to 0 along half a cosine.
    #[arg(long, default_value_t = 1e-3, help_heading = "Training")]
    learning_rate: f64,

    /// The learning rate of the pre-trained encoder, as a factor of that of the new layer. 0 leaves its weights as they
    /// are; then the new layer is the logistic regression of the codes that `handgrad probe` measures, fitted to the
    /// minimum of its loss without epochs. The network from scratch has the same rate in all layers.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, help_heading = "Training")]
    encoder_rate: f64,

    /// The part of the values after each layer of the encoder that is set to 0 in training (dropout).
    #[arg(long, value_name = "RATE", default_value_t = 0.0, help_heading = "Training")]
    dropout: f64,

    /// The part of the input values that is set to 0 in training (masking noise).
    #[arg(long, value_name = "RATE", default_value_t = 0.0, help_heading = "Training")]
    input_noise: f64,

    /// Do not train the same network from scratch.
    #[arg(long, help_heading = "Training")]
    no_scratch: bool,

    /// The seed of the labelled samples, the new weights, the order of the samples, noise and dropout.
    #[arg(long, default_value_t = 0, help_heading = "Training")]
    seed: u64,

    /// The number of seeds, which begin with --seed. The errors are then shown with their standard deviation.
    #[arg(long, default_value_t = 1, help_heading = "Training", value_parser = clap::value_parser!(u16).range(1..=100))]
    seeds: u16,

    /// What the encoder starts from: `none` takes its weights as the run trained them, and `layerwise` trains its
    /// layers anew, one after another, each as a denoising autoencoder of the codes of the layers before it.
    #[arg(long, value_name = "NAME", default_value = "none", help_heading = "Pre-training")]
    pretrain: Pretrain,

    /// With --pretrain layerwise: the number of epochs of each layer [default: 15].
    #[arg(long, value_name = "EPOCHS", help_heading = "Pre-training",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pretrain_epochs: Option<u32>,

    /// With --pretrain layerwise: the part of the inputs of a layer that is set to 0 [default: 0.25].
    #[arg(long, value_name = "RATE", help_heading = "Pre-training")]
    masked: Option<f64>,

    /// The folder for the classifier and the errors, which must not hold them yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The number of threads. The weights are the same, to the bit, for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Pretrain {
    None,
    Layerwise,
}

/// A number of labels of each class. `None` means all.
#[derive(Clone, Copy, Debug)]
struct Labels(Option<usize>);

fn labels(text: &str) -> Result<Labels, String> {
    match text.trim() {
        "all" => Ok(Labels(None)),
        text => match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(Labels(Some(number as usize))),
            _ => Err("expected numbers above 0 and `all`, with commas between them".into()),
        },
    }
}

/// The files of the folder.
const MODEL: &str = "model.safetensors";
const CONFIG: &str = "config.toml";
const TABLE: &str = "errors.csv";
const CHART: &str = "errors.svg";
/// The largest configuration of a run.
const LARGEST_CONFIG: u64 = 1 << 20;

pub fn run(args: &FinetuneArgs) -> Result<Done> {
    let options = options(args)?;
    [MODEL, CONFIG, TABLE, CHART].iter().try_for_each(|name| place::must_be_free(&args.out.join(name)))?;
    let (output, bars) = (args.subject.output, Bars::new(args.subject.output.quiet));
    let mut subject = args.subject.open(&[Part::Whole, Part::Encoder], &bars)?;
    if args.subject.data.is_none() {
        subject.keep_trained_classes();
    }
    let (train, origin) = match (&args.subject.data, subject.train.take()) {
        (Some(_), Some(train)) => (train, subject.train_origin.clone()),
        (Some(data), None) => {
            let text = format!(
                "{data} is not divided into training and test samples: name a data set or a folder that is, or leave \
                 --data out to use those of the run"
            );
            return Err(UsageError(text).into());
        }
        (None, train) => {
            subject.train = train;
            subject.training(&bars)?
        }
    };
    args.unlabelled.note_if_there_are_none([&train, &subject.samples]);
    signals::listen("writing the errors and the classifier that are finished", "nothing is written")?;
    if !output.quiet {
        terminal::note(&words::summary(&finetune::network(&subject.model, &train, &options)?));
        let (train, test) = (thousands(train.len()), thousands(subject.samples.len()));
        terminal::note(&format!("labels from {train} samples, {origin}; test on {test}, {}", subject.origin));
    }
    let outcome = compared(args, &options, &subject.model, [&train, &subject.samples])?;
    let written = write(args, &outcome)?;
    report(args, &outcome, &written)?;
    Ok(if outcome.stopped { Done::Interrupted } else { Done::Whole })
}

fn options(args: &FinetuneArgs) -> Result<Options> {
    let is_layerwise = args.pretrain == Pretrain::Layerwise;
    if !is_layerwise && (args.pretrain_epochs.is_some() || args.masked.is_some()) {
        return Err(UsageError("--pretrain-epochs and --masked are only for --pretrain layerwise".into()).into());
    }
    let masked = args.masked.unwrap_or(0.25);
    for (flag, rate) in [("--dropout", args.dropout), ("--input-noise", args.input_noise), ("--masked", masked)] {
        if !(0.0..1.0).contains(&rate) {
            return Err(UsageError(format!("{flag} {rate}: expected a number of at least 0 and below 1")).into());
        }
    }
    let are_finite = args.learning_rate.is_finite() && args.encoder_rate.is_finite();
    if !(are_finite && args.learning_rate > 0.0 && args.encoder_rate >= 0.0) {
        let text = "--learning-rate must be a number above 0, and --encoder-rate one of at least 0";
        return Err(UsageError(text.into()).into());
    }
    Ok(Options {
        labels: args.labels_per_class.iter().map(|labels| labels.0).collect(),
        settings: Settings {
            epochs: args.epochs as usize,
            batch_size: args.batch_size as usize,
            learning_rate: args.learning_rate,
            seed: args.seed,
        },
        dropout: args.dropout,
        input_noise: args.input_noise,
        encoder_rate: args.encoder_rate,
        unknown: args.unlabelled.class.clone(),
        pretraining: is_layerwise.then(|| Layerwise { epochs: args.pretrain_epochs.unwrap_or(15) as usize, masked }),
        from_scratch: !args.no_scratch,
        seeds: usize::from(args.seeds),
    })
}

/// Makes the comparison, and shows its progress: a bar for each training, and a line every two seconds.
fn compared(
    args: &FinetuneArgs,
    options: &Options,
    model: &handgrad_models::Model,
    [train, test]: [&Samples; 2],
) -> Result<Outcome> {
    let quiet = args.subject.output.quiet;
    let (mut bar, mut printed) = (ProgressBar::hidden(), Instant::now());
    let outcome = compare(model, train, test, options, &mut |event| {
        match event {
            Event::Begins { what, samples } => {
                bar.finish_and_clear();
                bar = terminal::sample_bar(samples, quiet);
                bar.set_prefix(what.to_owned());
            }
            Event::Step { samples, loss } => {
                bar.set_position(samples as u64);
                bar.set_message(format!("loss {}", number(loss)));
            }
            Event::Epoch { record, epochs } if !quiet && printed.elapsed() >= Duration::from_secs(2) => {
                printed = Instant::now();
                let (what, loss) = (bar.prefix(), number(record.train_loss));
                let line = format!("{what}: epoch {}/{epochs}  loss {loss}  {:.2} s", record.epoch, record.seconds);
                bar.suspend(|| terminal::note(&line));
            }
            Event::Epoch { .. } => {}
        }
        signals::flow()
    });
    bar.finish_and_clear();
    Ok(outcome?)
}

/// Writes what is finished. Returns the names of the files.
fn write(args: &FinetuneArgs, outcome: &Outcome) -> Result<Vec<&'static str>> {
    let Some(classifier) = &outcome.classifier else { return Ok(Vec::new()) };
    handgrad_files::make_folder(&args.out)?;
    let mut written = Vec::new();
    let mut add = |name: &'static str, bytes: &[u8]| -> Result<()> {
        let path = args.out.join(name);
        handgrad_files::write_new(&path, bytes).with_context(|| shown(&path))?;
        written.push(name);
        Ok(())
    };
    add(MODEL, &classifier.to_bytes()?)?;
    // With it, `predict` knows the data, and how to read it.
    let config = args.subject.run.join(CONFIG);
    if args.subject.data.is_none() && config.is_file() {
        add(CONFIG, &handgrad_files::read(&config, LARGEST_CONFIG)?)?;
    }
    add(TABLE, csv(&outcome.rows, args.seed).as_bytes())?;
    if outcome.rows.len() > 1 {
        add(CHART, drawn(&outcome.rows).as_bytes())?;
    }
    Ok(written)
}

/// The errors with every number of labels and every seed.
fn csv(rows: &[Row], seed: u64) -> String {
    let mut text = String::from("labels_per_class,labels,method,seed,error\n");
    for row in rows {
        for (method, errors) in [("fine-tuned", &row.fine_tuned), ("from scratch", &row.from_scratch)] {
            for (number, error) in errors.iter().enumerate() {
                let seed = seed.wrapping_add(number as u64);
                text += &format!("{},{},{method},{seed},{error}\n", per_class(row), row.samples);
            }
        }
    }
    text
}

fn per_class(row: &Row) -> String {
    row.per_class.map_or_else(|| "all".into(), |count| count.to_string())
}

fn drawn(rows: &[Row]) -> String {
    let points = |errors: fn(&Row) -> &[f64]| -> Vec<[f64; 2]> {
        let rows = rows.iter().filter(|row| !errors(row).is_empty());
        rows.map(|row| [row.samples as f64, 100.0 * mean(errors(row))]).collect()
    };
    let (fine_tuned, from_scratch) = (points(|row| &row.fine_tuned), points(|row| &row.from_scratch));
    let mut curves = vec![Line { name: "fine-tuned", points: &fine_tuned }];
    if !from_scratch.is_empty() {
        curves.push(Line { name: "from scratch", points: &from_scratch });
    }
    lines::svg(&Lines {
        title: "Error of the classifier against the number of labels",
        x: "labelled samples",
        y: "error on the test samples, %",
        is_logarithmic: true,
        mark: None,
        lines: &curves,
    })
}

/// An error in percent, with its standard deviation if there are several seeds.
fn percent(errors: &[f64]) -> String {
    match deviation(errors) {
        None if errors.is_empty() => "–".into(),
        None => format!("{:.2} %", 100.0 * mean(errors)),
        Some(deviation) => format!("{:.2} ± {:.2} %", 100.0 * mean(errors), 100.0 * deviation),
    }
}

fn report(args: &FinetuneArgs, outcome: &Outcome, written: &[&str]) -> Result<()> {
    for row in outcome.rows.iter().filter(|row| row.unfinished > 0) {
        let (labels, seeds) = (per_class(row), count(row.unfinished, "seed", "seeds"));
        terminal::note(&format!(
            "note: with {labels} labels a class and {seeds}, the new layer did not reach the minimum of its loss"
        ));
    }
    if args.subject.output.json {
        let row = |row: &Row| {
            json!({
                "labels_per_class": row.per_class,
                "labels": row.samples,
                "fine_tuned": row.fine_tuned,
                "from_scratch": row.from_scratch,
                "unfinished_fits": row.unfinished,
            })
        };
        let layers: Vec<_> = outcome
            .layers
            .iter()
            .map(|layer| json!({ "units": layer.units, "before": layer.before, "after": layer.after }))
            .collect();
        let object = json!({
            "rows": outcome.rows.iter().map(row).collect::<Vec<_>>(),
            "layers": layers,
            "test_samples": outcome.tests,
            "classes": outcome.classifier.as_ref().map(|model| &model.spec().classes),
            "stopped": outcome.stopped,
            "out": args.out.display().to_string(),
            "written": written,
        });
        return terminal::result(&object.to_string());
    }
    for (number, layer) in outcome.layers.iter().enumerate() {
        terminal::result(&format!(
            "pre-trained layer {}, {} units: reconstruction loss {} → {}",
            number + 1,
            thousands(layer.units),
            self::number(layer.before),
            self::number(layer.after)
        ))?;
    }
    let mut table = vec![["labels a class", "labels", "fine-tuned", "from scratch"].map(String::from)];
    for row in &outcome.rows {
        table.push([per_class(row), thousands(row.samples), percent(&row.fine_tuned), percent(&row.from_scratch)]);
    }
    let width = |at: usize| table.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for row in table.iter().filter(|_| !outcome.rows.is_empty()) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect::<Vec<_>>();
        terminal::result(&cells.join("  "))?;
    }
    let more = match args.seeds {
        1 => String::new(),
        seeds => format!(", mean ± standard deviation of {seeds} seeds"),
    };
    let stopped = if outcome.stopped { "stopped before the end; " } else { "" };
    match written {
        [] => terminal::result("stopped before a classifier was finished, so nothing is written"),
        _ => {
            terminal::result(&format!("error on {}{more}", count(outcome.tests, "test sample", "test samples")))?;
            if args.encoder_rate == 0.0 {
                terminal::result("fine-tuned: the encoder as it is, with the logistic regression of its codes")?;
            }
            let best = outcome.rows.last().map_or_else(String::new, |row| thousands(row.samples));
            terminal::result(&format!(
                "{stopped}wrote {}: {}; the model is fine-tuned on {best} labelled samples",
                shown(&args.out),
                written.join(", ")
            ))
        }
    }
}
