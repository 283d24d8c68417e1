//! `handgrad nearest`: the training samples that are nearest to a sample, by code and by inputs.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_analysis::Nearest;
use handgrad_dataset::{Labels, Samples, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::Part;
use handgrad_pictures::{grid, to_unit};
use handgrad_tasks::Error;
use handgrad_tasks::neighbours::{self, Neighbours};
use ndarray::{Array2, Axis, concatenate};
use serde_json::{Value, json};

use crate::columns::{self, Texts};
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

/// The number of samples that are shown if none is named.
const USUAL: u16 = 5;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad nearest runs/basic-mnist --out near.png\n  \
    handgrad nearest runs/basic-mnist --sample 3,18 --neighbours 8 --out near.png")]
pub struct NearestArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The numbers of the samples, counted from 0 [default: the first five].
    #[arg(long, value_name = "INDEX", value_delimiter = ',')]
    sample: Vec<u32>,

    /// How many training samples to show for each.
    #[arg(long, value_name = "K", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..=100))]
    neighbours: u16,

    /// The picture to write. An older picture of this name is replaced, any other file is not. A table has no picture.
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,

    /// The number of threads. The result is the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

pub fn run(args: &NearestArgs) -> Result<Done> {
    if let Some(out) = &args.out {
        place::must_be(out, Replaceable::Png)?;
    }
    let bars = Bars::new(args.subject.output.quiet);
    let mut subject = args.subject.open(&[Part::Whole], &bars)?;
    if args.out.is_some() && subject.model.spec().table.is_some() {
        let text = "the model was trained on a table, whose rows are no pictures: leave --out out, the rows are listed";
        return Err(UsageError(text.into()).into());
    }
    if args.subject.data.is_none() {
        subject.keep_trained_classes();
    }
    let known = subject.train.is_some();
    let (train, train_origin) = subject.training(&bars)?;
    let samples = &subject.samples;
    let numbers = if args.sample.is_empty() { subject.first(USUAL) } else { args.sample.clone() };
    let found = neighbours::of(&subject.model, &train, samples, &numbers, usize::from(args.neighbours));
    let found = found.map_err(|error| {
        // Neighbours are chosen from the training samples; everything else is about the samples themselves.
        let origin = if matches!(error, Error::Neighbours { .. }) { &train_origin } else { &subject.origin };
        anyhow::Error::from(error).context(origin.clone())
    })?;
    if let Some(out) = &args.out {
        let rows = sheet(&train, samples, &numbers, &found)?;
        handgrad_files::write(out, &grid(&rows, &samples.shape)?)?;
    }
    // The rows of a table are named by what the table says about them.
    let texts = |rows: &dyn Fn(&handgrad_runs::OfTable) -> Vec<usize>| {
        subject.table.as_ref().map_or_else(Vec::new, |of| columns::origin(&subject.model, of, &rows(of)))
    };
    let names = texts(&|of| of.rows.clone());
    let train_names = texts(&|of| if known { of.train_rows.clone() } else { Vec::new() });
    let of_samples = Named { labels: samples.labels.as_ref(), texts: &names };
    let of_train = Named { labels: train.labels.as_ref(), texts: &train_names };
    if args.subject.output.json {
        let listed: Vec<Value> = numbers
            .iter()
            .enumerate()
            .map(|(place, &sample)| {
                let list = |nearest: &Nearest| -> Vec<Value> {
                    let pairs = nearest.rows.row(place).to_vec().into_iter().zip(nearest.distances.row(place));
                    pairs.map(|(row, distance)| of_train.json(row, Some(*distance))).collect()
                };
                let mut object = of_samples.json(sample, None);
                object["by_code"] = list(&found.by_code).into();
                object["by_inputs"] = list(&found.by_inputs).into();
                object
            })
            .collect();
        let picture = args.out.as_ref().map(|out| out.display().to_string());
        let object = json!({ "samples": listed, "training_samples": train.len(), "picture": picture });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    terminal::result(&format!("the nearest of {} training samples, {train_origin}", thousands(train.len())))?;
    for (place, &sample) in numbers.iter().enumerate() {
        terminal::result(&format!("sample {}", of_samples.text(sample)))?;
        for (name, nearest) in [("code", &found.by_code), ("inputs", &found.by_inputs)] {
            for (rank, (&row, &distance)) in
                nearest.rows.row(place).iter().zip(nearest.distances.row(place)).enumerate()
            {
                let by = if rank == 0 { format!("by {name}") } else { String::new() };
                terminal::result(&format!("  {by:10} {:>10}  {}", number(distance), of_train.text(row)))?;
            }
        }
    }
    if let (Some(labels), Some(of_train)) = (&samples.labels, &train.labels) {
        let alike = |nearest: &Nearest| {
            let of_class = |(row, &sample): (ndarray::ArrayView1<u32>, &u32)| {
                let class = labels.name(sample as usize);
                row.iter().filter(|&&row| of_train.name(row as usize) == class).count()
            };
            let same: usize = nearest.rows.rows().into_iter().zip(&numbers).map(of_class).sum();
            format!("{same} of {}", nearest.rows.len())
        };
        let (code, inputs) = (alike(&found.by_code), alike(&found.by_inputs));
        terminal::result(&format!("of the class of their sample: {code} by code, {inputs} by inputs"))?;
    }
    if let Some(out) = &args.out {
        let what = "each sample and its nearest training samples, by code above, by inputs below";
        terminal::result(&format!("wrote {}: {what}", shown(out)))?;
    }
    Ok(Done::Whole)
}

/// Two rows for each sample: the sample and its nearest training samples by code, and then by inputs.
fn sheet(train: &Samples, samples: &Samples, numbers: &[u32], found: &Neighbours) -> Result<Vec<Array2<f32>>> {
    let [a, b] = [train.range(), samples.range()];
    let range = (a.0.min(b.0), a.1.max(b.1));
    let mut rows = Vec::new();
    for (place, &sample) in numbers.iter().enumerate() {
        for nearest in [&found.by_code, &found.by_inputs] {
            let near = train.rows(&nearest.rows.row(place).to_vec());
            let row = concatenate(Axis(0), &[samples.rows(&[sample]).view(), near.view()])?;
            rows.push(to_unit(&row, range));
        }
    }
    Ok(rows)
}

/// What is known of samples beside their numbers.
struct Named<'a> {
    labels: Option<&'a Labels>,
    /// The lines of a table and what names its rows.
    texts: &'a Texts,
}

impl Named<'_> {
    fn text(&self, sample: u32) -> String {
        let mut text = thousands(sample as usize);
        for (name, cells) in self.texts {
            text += &cells.get(sample as usize).map_or_else(String::new, |cell| format!(", {name} {cell}"));
        }
        let label = self.labels.and_then(|labels| labels.name(sample as usize));
        text + &label.map_or_else(String::new, |label| format!(", class {label}"))
    }

    fn json(&self, sample: u32, distance: Option<f64>) -> Value {
        let mut object = json!({ "sample": sample });
        if let Some(label) = self.labels.and_then(|labels| labels.name(sample as usize)) {
            object["label"] = label.into();
        }
        for (name, cells) in self.texts {
            if let Some(cell) = cells.get(sample as usize) {
                object["row"][name.as_str()] = cell.as_str().into();
            }
        }
        if let Some(distance) = distance {
            object["distance"] = distance.into();
        }
        object
    }
}
