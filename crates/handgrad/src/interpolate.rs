//! `handgrad interpolate`: a straight walk from one code to another, beside one from image to image.
//!
//! ```text
//! blend   x_k = (1 − t_k)·x_from + t_k·x_to                       t_k = k/(N − 1), k = 0 … N − 1
//! walk    decode((1 − t_k)·z_from + t_k·z_to),  z = encode(x)
//! ```
//!
//! A blend shows both images through each other; where the model has learnt what samples look like, the walk shows
//! samples all the way.

use anyhow::{Result, bail};
use handgrad_trainer::Source;
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::args::uses::InterpolateArgs;
use crate::config::UsageError;
use crate::{Done, picture, reconstruct, show, subject};

pub fn run(args: &InterpolateArgs) -> Result<Done> {
    reconstruct::check_place(&args.out)?;
    let ends = [args.from, args.to];
    if args.from == args.to {
        return Err(UsageError(format!("--from and --to are both {}: name two samples", args.from)).into());
    }
    let mut subject = subject::open(&args.eval)?;
    if let Some(outside) = ends.iter().find(|&&end| end as usize >= subject.samples.len()) {
        let last = subject.samples.len() - 1;
        bail!("there is no sample {outside}: {} are counted from 0 to {last}", subject.origin);
    }
    let codes = subject.trainer.encode(&Source::new(&subject.samples), &ends)?;
    let steps = usize::from(args.steps);
    let blend = along(&subject::rows(&subject.samples, &ends), steps);
    let walk = subject.trainer.decode(&along(&codes, steps))?;
    let range = subject.samples.range();
    let rows = [&blend, &walk].map(|row| picture::to_unit(row, range));
    handgrad_files::write(&args.out, &picture::grid(&rows, &subject.samples.shape)?)?;

    let squares = |difference: Array2<f32>| difference.mapv(|v| f64::from(v).powi(2));
    let distance = squares(&codes.select(Axis(0), &[1]) - &codes.select(Axis(0), &[0])).sum().sqrt();
    let apart: Vec<_> = squares(&walk - &blend).mean_axis(Axis(1)).into_iter().flatten().collect();
    let label = |end: u32| subject.samples.labels.as_ref().and_then(|labels| labels.get(end as usize)).copied();
    if args.eval.output.json {
        let object = json!({
            "picture": args.out.display().to_string(),
            "steps": steps,
            "from": { "sample": args.from, "label": label(args.from) },
            "to": { "sample": args.to, "label": label(args.to) },
            "code_distance": distance,
            "mse_of_walk_and_blend": apart,
        });
        show::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let named = |end: u32| label(end).map_or_else(|| end.to_string(), |label| format!("{end} (class {label})"));
    show::result(&format!(
        "wrote {}: from sample {} to {} in {steps} steps, above as a blend of pixels, below on a \
         straight line from code to code",
        args.out.display(),
        named(args.from),
        named(args.to)
    ))?;
    show::result(&format!("the codes are {} apart", show::number(distance)))?;
    Ok(Done::Whole)
}

/// `steps` rows on the straight line from the first row to the second, both included.
fn along(ends: &Array2<f32>, steps: usize) -> Array2<f32> {
    Array2::from_shape_fn((steps, ends.ncols()), |(step, place)| {
        let t = step as f32 / (steps - 1) as f32;
        (1.0 - t) * ends[(0, place)] + t * ends[(1, place)]
    })
}
