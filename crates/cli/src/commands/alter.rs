//! `handgrad alter`: images moved along the direction from one class to another.

use handgrad_dataset::{class_name, count};
use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_models::Part;
use handgrad_pictures::{grid_of_columns, to_unit};
use handgrad_tasks::alter::{Direction, of_class};
use serde_json::json;

use crate::columns;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    handgrad alter runs/vae-mnist --from-class 7 --to-class 9 \\\n      \
    --strength 0,0.5,1,1.5 --out sevens.png")]
pub struct AlterArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The class of the images that are changed.
    #[arg(long, value_name = "CLASS")]
    from_class: String,

    /// The class towards which they are changed.
    #[arg(long, value_name = "CLASS")]
    to_class: String,

    /// How far, one column each: 0 is the reconstruction, 1 is the whole distance between the two means.
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "0,0.25,0.5,0.75,1,1.25",
        allow_negative_numbers = true
    )]
    strength: Vec<f32>,

    /// The number of images to draw, from the first one of the class on. All are measured.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    count: u16,

    /// The picture to write. An older picture of this name is replaced, any other file is not.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
}

pub fn run(args: &AlterArgs) -> Result<Done> {
    place::must_be(&args.out, Replaceable::Png)?;
    if class_name(&args.from_class) == class_name(&args.to_class) {
        return Err(UsageError(format!("--from-class and --to-class are both {}: name two", args.from_class)).into());
    }
    if let Some(wrong) = args.strength.iter().find(|strength| !strength.is_finite()) {
        return Err(UsageError(format!("a --strength is {wrong}, but must be a number, such as 0.5")).into());
    }
    let output = args.subject.output;
    let subject = args.subject.open(&[Part::Whole], &Bars::new(output.quiet))?;
    columns::refuse(&subject.model, "alter")?;
    let (model, samples) = (&subject.model, &subject.samples);
    let learnt_from = subject.train.as_ref().unwrap_or(samples);
    let direction = Direction::between(model, learnt_from, [&args.from_class, &args.to_class])
        .with_context(|| shown(&subject.what))?;
    let starts = of_class(samples, &args.from_class).with_context(|| subject.origin.clone())?;
    let drawn = &starts[..starts.len().min(usize::from(args.count))];
    let mut columns = vec![samples.rows(drawn)];
    columns.extend(direction.altered(model, samples, drawn, &args.strength)?);
    let columns: Vec<_> = columns.iter().map(|column| to_unit(column, samples.range())).collect();
    handgrad_files::write(&args.out, &grid_of_columns(&columns, &samples.shape)?)?;

    let arrived = direction.arrived(model, samples, &starts, &args.strength)?;
    let (picture, distance) = (shown(&args.out), direction.distance());
    if output.json {
        let object = json!({
            "picture": args.out.display().to_string(),
            "images": drawn.len(),
            "samples": starts.len(),
            "distance": distance,
            "strength": args.strength,
            "nearer_to_class": arrived,
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let (a, b, images) = (&args.from_class, &args.to_class, drawn.len());
    let strengths = args.strength.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    terminal::result(&format!(
        "wrote {picture}: {} of class {a}, then changed towards class {b} with the strengths {strengths}",
        count(images, "image", "images")
    ))?;
    terminal::result(&format!("distance between the mean codes of the two classes: {}", number(distance)))?;
    let images = count(starts.len(), "image", "images");
    terminal::result(&format!("part of {images} whose new code is nearer to the mean code of class {b} than of {a}:"))?;
    for (strength, part) in args.strength.iter().zip(&arrived) {
        terminal::result(&format!("  strength {strength}: {:.1} %", 100.0 * part))?;
    }
    Ok(Done::Whole)
}
