//! `handgrad encode`: writes the codes of samples to a file.

use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use handgrad_dataset::table::{self, Format, Table};
use handgrad_dataset::{Labels, count};
use handgrad_models::Part;
use handgrad_runs::OfTable;
use handgrad_tasks::CHUNK;
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::columns;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad encode runs/basic-mnist --out codes.csv   columns label,z0,z1,…\n  \
    handgrad encode runs/basic-mnist --out codes.npy   for numpy.load, no labels\n  \
    handgrad decode runs/basic-mnist codes.npy --out back.png")]
pub struct EncodeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The new file to write. The end of its name decides the format. For a model of tables, the line of each row in
    /// the file and its identifier come first in a CSV file.
    #[arg(long, value_name = "FILE.csv|.npy")]
    out: PathBuf,

    /// Which samples: `train`, `validation`, or `all`, the training samples first. The data must have these parts, as
    /// that of the training has [default: validation, and all samples of a file that is named with --data].
    #[arg(long, value_name = "PART")]
    split: Option<Split>,
}

/// A part of the data.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    Train,
    Validation,
    All,
}

/// Writes the code of every sample, one per row. In a CSV file, the label is in the first column, if there are labels;
/// for rows of a table, their lines, and what names them, come before it.
pub fn run(args: &EncodeArgs) -> Result<Done> {
    let format = table::check_place(&args.out)?;
    let output = args.subject.output;
    let subject = args.subject.open(&[Part::Whole, Part::Encoder, Part::Classifier], &Bars::new(output.quiet))?;
    // The lines of a table, and what names its rows.
    let lines = |rows: fn(&OfTable) -> &[usize]| {
        subject.table.as_ref().map_or_else(Vec::new, |of| columns::origin(&subject.model, of, rows(of)))
    };
    let (of_train, of_validation) = (lines(|of| &of.train_rows), lines(|of| &of.rows));
    let validation = (subject.samples, subject.origin, of_validation);
    let train = subject.train.map(|train| (train, subject.train_origin, of_train));
    let parts = match (args.split, train) {
        (None, _) | (Some(Split::Validation), Some(_)) => vec![validation],
        (Some(Split::Train), Some(train)) => vec![train],
        (Some(Split::All), Some(train)) => vec![train, validation],
        (Some(_), None) => {
            let text = format!("--split: {} is not divided into parts; leave it out", validation.1);
            return Err(UsageError(text).into());
        }
    };
    let (mut codes, mut names) = (Array2::zeros((0, subject.model.code_len())), Vec::new());
    let mut origins = columns::Texts::new();
    for (samples, _, lines) in &parts {
        for numbers in samples.numbers().chunks(CHUNK) {
            codes.append(Axis(0), subject.model.encode(samples.exact_rows(numbers).view())?.view())?;
        }
        match origins.is_empty() {
            true => origins.clone_from(lines),
            false => origins.iter_mut().zip(lines).for_each(|((_, all), (_, texts))| all.extend_from_slice(texts)),
        }
        names.extend(samples.labels.iter().flat_map(|labels| labels.names().map(str::to_owned)));
    }
    let origin = parts.iter().map(|(_, origin, _)| origin.as_str()).collect::<Vec<_>>().join(", and then ");
    let labels = (names.len() == codes.nrows() && format == Format::Csv).then(|| Labels::named(names));
    let (samples, values, labelled) = (codes.nrows(), codes.ncols(), labels.is_some());
    table::write(&args.out, &Table { values: codes, labels }, "z", &[values], &origins)?;
    let path = shown(&args.out);
    if output.json {
        let codes = args.out.display().to_string();
        let object = json!({ "codes": codes, "samples": samples, "values": values, "labels": labelled });
        terminal::result(&object.to_string())?;
    } else {
        let with = match (origins.is_empty() || format == Format::Npy, labelled) {
            (true, true) => ", with labels in the first column",
            (false, true) => ", with the lines of the file and labels in the first columns",
            (false, false) => ", with the lines of the file in the first column",
            (true, false) => "",
        };
        let (codes, values) = (count(samples, "code", "codes"), count(values, "value", "values"));
        terminal::result(&format!("wrote {path}: {codes} of {values}{with}, from {origin}"))?;
    }
    Ok(Done::Whole)
}
