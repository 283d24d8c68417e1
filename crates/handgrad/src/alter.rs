//! `handgrad alter`: images moved along the direction from one class to another.
//!
//! ```text
//! direction   d = mean of the codes of class b − mean of the codes of class a          over the training samples
//! altered     decode(encode(x) + s·d)                      s: strength; 0 is the reconstruction, 1 the whole way
//! ```
//!
//! What the images of a class have in common is replaced, what is a sample's own (its slant, its thickness) is meant to
//! stay.
//!
//! Slides: UTMIST "Variational Autoencoder": "explore variations in existing data, generate desired altered data".
//! Source: Larsen, Sønderby, Larochelle & Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML
//! 2016, "Visual attribute vectors".

use anyhow::{Context, Result, bail};
use handgrad_dataset::Samples;
use handgrad_trainer::{Source, Trainer};
use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate};
use serde_json::json;

use crate::args::uses::AlterArgs;
use crate::config::UsageError;
use crate::subject::{self, CHUNK, Subject};
use crate::{Done, picture, reconstruct, show};

pub fn run(args: &AlterArgs) -> Result<Done> {
    reconstruct::check_place(&args.out)?;
    if args.from_class == args.to_class {
        return Err(UsageError(format!("--from-class and --to-class are both {}: name two", args.from_class)).into());
    }
    if let Some(wrong) = args.strength.iter().find(|strength| !strength.is_finite()) {
        return Err(UsageError(format!("a --strength is {wrong}, but must be a number, such as 0.5")).into());
    }
    let Subject { mut trainer, samples, train, origin, what, .. } = subject::open(&args.eval)?;
    let (trainer, samples) = (&mut trainer, &samples);
    let learnt_from = train.as_ref().unwrap_or(samples);
    let [from, to] = [args.from_class, args.to_class].map(|class| of_class(learnt_from, class, &what));
    let [from, to] = [mean_code(trainer, learnt_from, &from?)?, mean_code(trainer, learnt_from, &to?)?];
    let direction = &to - &from;

    let starts = of_class(samples, args.from_class, &origin)?;
    let drawn = &starts[..starts.len().min(usize::from(args.count))];
    let range = samples.range();
    let codes = trainer.encode(&Source::new(samples), drawn)?;
    // A column is the originals or one strength; a row of the picture takes the same place of each.
    let mut columns = vec![subject::rows(samples, drawn)];
    for &strength in &args.strength {
        columns.push(trainer.decode(&moved(&codes, &direction, strength))?);
    }
    let columns: Vec<_> = columns.iter().map(|column| picture::to_unit(column, range)).collect();
    let row = |number: usize| {
        let views: Vec<_> = columns.iter().map(|column| column.select(Axis(0), &[number])).collect();
        concatenate(Axis(0), &views.iter().map(|view| view.view()).collect::<Vec<_>>())
    };
    let rows = (0..drawn.len()).map(row).collect::<Result<Vec<_>, _>>()?;
    handgrad_files::write(&args.out, &picture::grid(&rows, &samples.shape)?)?;

    let arrived = arrived(trainer, samples, &starts, [&from, &to], &args.strength)?;
    let distance = direction.mapv(|v| f64::from(v).powi(2)).sum().sqrt();
    if args.eval.output.json {
        let object = json!({
            "picture": args.out.display().to_string(),
            "images": drawn.len(),
            "samples": starts.len(),
            "distance": distance,
            "strength": args.strength,
            "nearer_to_class": arrived,
        });
        show::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let (a, b) = (args.from_class, args.to_class);
    show::result(&format!(
        "wrote {}: {} images of class {a}, then altered towards class {b} with strengths {}",
        args.out.display(),
        drawn.len(),
        args.strength.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    ))?;
    show::result(&format!("the mean codes of the classes are {} apart", show::number(distance)))?;
    show::result(&format!(
        "of {} images, encoded again, nearer to the mean code of class {b} than of {a}:",
        starts.len()
    ))?;
    for (strength, part) in args.strength.iter().zip(&arrived) {
        show::result(&format!("  strength {strength}: {:.1} %", 100.0 * part))?;
    }
    Ok(Done::Whole)
}

/// The samples of a class.
fn of_class(samples: &Samples, class: u8, what: &str) -> Result<Vec<u32>> {
    let labels = samples.labels.as_ref().with_context(|| {
        format!(
            "{what}: has no labels, so nothing says which class a sample is of: give a data set with labels, by name \
             or as a folder with label files beside the images"
        )
    })?;
    let found: Vec<u32> = (0..).zip(labels).filter(|(_, label)| **label == class).map(|(number, _)| number).collect();
    if found.is_empty() {
        bail!("{what}: no sample is of class {class}; there are the classes {}", classes(labels));
    }
    Ok(found)
}

/// The classes that occur, in order: `0, 1, 7`.
pub fn classes(labels: &[u8]) -> String {
    let there: Vec<_> = (0..=u8::MAX).filter(|class| labels.contains(class)).map(|class| class.to_string()).collect();
    there.join(", ")
}

fn mean_code(trainer: &mut Trainer<f32>, samples: &Samples, numbers: &[u32]) -> Result<Array1<f32>> {
    let codes = trainer.encode(&Source::new(samples), numbers)?.mapv(f64::from);
    Ok(codes.mean_axis(Axis(0)).context("a class that occurs has samples")?.mapv(|v| v as f32))
}

fn moved(codes: &Array2<f32>, direction: &Array1<f32>, strength: f32) -> Array2<f32> {
    codes + &(direction * strength)
}

/// For each strength the part of the altered images whose own code lies nearer to the second class's mean.
fn arrived(
    trainer: &mut Trainer<f32>,
    samples: &Samples,
    numbers: &[u32],
    [from, to]: [&Array1<f32>; 2],
    strengths: &[f32],
) -> Result<Vec<f64>> {
    let mut counts = vec![0; strengths.len()];
    let squared = |code: ArrayView1<f32>, mean: &Array1<f32>| (&code - mean).mapv(|v| f64::from(v).powi(2)).sum();
    for numbers in numbers.chunks(CHUNK) {
        let codes = trainer.encode(&Source::new(samples), numbers)?;
        for (count, &strength) in counts.iter_mut().zip(strengths) {
            let altered = trainer.decode(&moved(&codes, &(to - from), strength))?;
            let altered = subject::samples(altered, trainer.network());
            let codes = trainer.encode(&Source::new(&altered), &subject::all(&altered))?;
            *count += codes.rows().into_iter().filter(|code| squared(*code, to) < squared(*code, from)).count();
        }
    }
    Ok(counts.into_iter().map(|count| count as f64 / numbers.len() as f64).collect())
}
