//! `handgrad reconstruct`.

use handgrad_dataset::count;
use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_models::Part;
use handgrad_pictures::{grid, to_unit};
use handgrad_tasks::CHUNK;
use handgrad_tasks::reconstruct::pairs;
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::columns;
use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  handgrad reconstruct runs/basic-mnist --out seen.png --count 16")]
pub struct ReconstructArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The picture to write. An older picture of this name is replaced, any other file is not. For a model of tables, a
    /// new FILE.csv with the reconstructions of the rows, after their lines and what names them.
    #[arg(long, value_name = "FILE.png|.csv")]
    out: PathBuf,

    /// The number of samples to draw, or of rows of a table to write, from the first one on [default: 10 samples, all
    /// rows].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: Option<u16>,
}

pub fn run(args: &ReconstructArgs) -> Result<Done> {
    let output = args.subject.output;
    if !place::ends_in(&args.out, "csv") {
        place::must_be(&args.out, Replaceable::Png)?;
    }
    let subject = args.subject.open(&[Part::Whole], &Bars::new(output.quiet))?;
    if let Some(schema) = &subject.model.spec().table {
        columns::check_place(&args.out)?;
        let samples = &subject.samples;
        let numbers = args.count.map_or_else(|| samples.numbers(), |count| subject.first(count));
        let mut rows = Array2::zeros((numbers.len(), samples.features()));
        for numbers in numbers.chunks(CHUNK) {
            let x = subject.model.scaled(samples.exact_rows(numbers).view());
            let told = subject.model.network().predict(subject.model.weights(), x.view())?;
            let first = numbers[0] as usize;
            let told = subject.model.unscaled(told.view());
            rows.slice_axis_mut(Axis(0), (first..first + numbers.len()).into()).assign(&told);
        }
        let origin = subject
            .table
            .as_ref()
            .map_or_else(Vec::new, |of| columns::origin(&subject.model, of, &of.rows[..rows.nrows()]));
        columns::write_rows(&args.out, schema, &rows, samples.labels.as_ref(), &origin)?;
        if output.json {
            terminal::result(&json!({ "written": shown(&args.out), "rows": rows.nrows() }).to_string())?;
            return Ok(Done::Whole);
        }
        let rows = count(rows.nrows(), "row", "rows");
        terminal::result(&format!("wrote {}: the reconstructions of {rows}", shown(&args.out)))?;
        return Ok(Done::Whole);
    }
    place::must_be(&args.out, Replaceable::Png)?;
    let pairs = pairs(&subject.model, &subject.samples, &subject.first(args.count.unwrap_or(10)))?;
    let rows = [&pairs.originals, &pairs.reconstructions].map(|rows| to_unit(rows, subject.samples.range()));
    handgrad_files::write(&args.out, &grid(&rows, &subject.samples.shape)?)?;
    let (errors, mean) = (pairs.squared_errors(), pairs.mean_squared_error());
    let picture = shown(&args.out);
    if output.json {
        let path = args.out.display().to_string();
        let object = json!({ "picture": path, "samples": errors.len(), "mse": mean, "mse_of_each": errors });
        terminal::result(&object.to_string())?;
    } else {
        terminal::result(&format!(
            "wrote {picture}: {} above their reconstructions",
            count(errors.len(), "sample", "samples")
        ))?;
        terminal::result(&format!("squared error per value {}", number(mean)))?;
    }
    Ok(Done::Whole)
}
