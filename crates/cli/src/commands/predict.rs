//! `handgrad predict`: the classes of samples, told by a classifier.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_dataset::csv::Fill;
use handgrad_dataset::table::cell_text;
use handgrad_dataset::{Samples, count, thousands};
use handgrad_files::{place, shown};
use handgrad_models::Part;
use handgrad_runs::Wanted;
use handgrad_runs::settings::{FillName, HeaderName, Value};
use handgrad_tasks::classify::{Accuracy, numbered, predict};
use handgrad_tasks::{Error, views};
use serde_json::json;

use crate::columns;
use crate::exit::{Done, UsageError};
use crate::flags::{DataDir, Output, Unlabelled};
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad finetune runs/denoise --labels-per-class 100 --out runs/sorted\n  \
    handgrad predict runs/sorted --out told.csv             the test samples\n  \
    handgrad predict runs/sorted my-digits --out mine.csv   a folder of pictures")]
pub struct PredictArgs {
    /// The folder that `handgrad finetune` wrote, or its model.safetensors.
    model: PathBuf,

    /// The data: the name of a data set, a folder of IDX, PNG or JPEG files, or a file: IDX, .csv, .npy or .npz. If it
    /// has a part for validation, that part is used, otherwise all samples [default: the data of the training].
    data: Option<String>,

    /// The new CSV file to write. For rows of a table, the line of each row in the file and its identifier come first.
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,

    #[command(flatten)]
    unlabelled: Unlabelled,

    /// For CSV files: the column of the labels: its name in the header, its number, counted from 1, `last` or `none`
    /// [default: as in the training].
    #[arg(long, value_name = "COLUMN")]
    label_column: Option<String>,

    /// For CSV files: whether the first row is a header, yes or no [default: as in the training].
    #[arg(long, value_name = "yes|no", value_parser = HeaderName::read)]
    header: Option<HeaderName>,

    /// For CSV files: what replaces missing values: zero, mean or previous [default: as in the training].
    #[arg(long, value_name = "NAME", value_parser = FillName::read)]
    fill: Option<FillName>,

    /// The number of threads. The predictions are the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    #[command(flatten)]
    place: DataDir,

    #[command(flatten)]
    output: Output,
}

pub fn run(args: &PredictArgs) -> Result<Done> {
    if !place::ends_in(&args.out, "csv") {
        let text = format!("{}: predictions are written as CSV; give it a name that ends in .csv", shown(&args.out));
        return Err(UsageError(text).into());
    }
    place::must_be_free(&args.out)?;
    let wanted = Wanted {
        data: args.data.clone(),
        label_column: args.label_column.clone(),
        header: args.header.map(|header| header == HeaderName::Yes),
        fill: args.fill.map(Fill::from),
        data_dir: args.place.data_dir.clone(),
    };
    let bars = Bars::new(args.output.quiet);
    let mut subject = handgrad_runs::open_one_of(&args.model, &wanted, &[Part::Classifier], &bars)?;
    subject.notes.iter().for_each(|note| terminal::note(&format!("note: {note}")));
    if !args.output.quiet {
        subject.understood.iter().for_each(|line| terminal::note(line));
    }
    if args.data.is_none() {
        subject.keep_trained_classes();
    }
    let (model, samples) = (&subject.model, &subject.samples);
    let classes = &model.spec().classes;
    args.unlabelled.note_if_there_are_none([samples]);
    let predictions = predict(model, samples)?;
    let known = known(samples, args.unlabelled.class.as_deref())?;
    let accuracy = accuracy(samples, &known, &predictions.classes, classes)?;

    // Where each sample comes from: the number of a sample, or the line of a row of a table and what names it.
    let mut texts = match &subject.table {
        Some(of) => columns::origin(model, of, &of.rows),
        None => vec![("sample".to_owned(), samples.numbers().iter().map(ToString::to_string).collect())],
    };
    if let Some(labels) = &samples.labels {
        let mut names = vec![String::new(); samples.len()];
        known.iter().for_each(|&at| names[at].push_str(labels.name(at).unwrap_or_default()));
        texts.push(("label".to_owned(), names));
    }
    let named = predictions.classes.iter().map(|&class| classes[class as usize].clone());
    texts.push(("class".to_owned(), named.collect()));
    texts.push(("probability".to_owned(), predictions.probabilities.iter().map(ToString::to_string).collect()));
    let mut text = texts.iter().map(|(name, _)| cell_text(name)).collect::<Vec<_>>().join(",") + "\n";
    for number in 0..samples.len() {
        text += &(texts.iter().map(|(_, cells)| cell_text(&cells[number])).collect::<Vec<_>>().join(",") + "\n");
    }
    handgrad_files::write_new(&args.out, text.as_bytes())?;

    if args.output.json {
        let object = json!({
            "predictions": args.out.display().to_string(),
            "samples": samples.len(),
            "classes": classes,
            "accuracy": accuracy.map(Accuracy::value),
            "standard_error": accuracy.map(Accuracy::standard_error),
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let number = count(samples.len(), "sample", "samples");
    terminal::result(&format!("wrote {}: the classes of {number}, {}", shown(&args.out), subject.origin))?;
    match accuracy {
        Some(accuracy) => terminal::result(&format!(
            "accuracy {:.2} ± {:.2} %: {} of {} are as their labels say (± the standard error)",
            100.0 * accuracy.value(),
            100.0 * accuracy.standard_error(),
            thousands(accuracy.right),
            thousands(accuracy.samples),
        ))?,
        None => terminal::result("no sample has a label, so the accuracy is not known")?,
    }
    Ok(Done::Whole)
}

/// The numbers of the samples whose class is known. There may be none.
fn known(samples: &Samples, unknown: Option<&str>) -> Result<Vec<usize>> {
    match views::known(samples, unknown) {
        Ok(known) => Ok(known.into_iter().map(|number| number as usize).collect()),
        Err(Error::NoLabels) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// How often the predictions are right, of the samples whose class is known. `None` if there are none.
fn accuracy(samples: &Samples, known: &[usize], predicted: &[u32], classes: &[String]) -> Result<Option<Accuracy>> {
    let Some(labels) = samples.labels.as_ref().filter(|_| !known.is_empty()) else { return Ok(None) };
    let predicted: Vec<u32> = known.iter().map(|&at| predicted[at]).collect();
    Ok(Some(Accuracy::of(&predicted, &numbered(&labels.select(known), classes)?)?))
}
