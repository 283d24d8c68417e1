//! `handgrad sample`: new images from a variational model.

use handgrad_dataset::count;
use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_models::{Model, Part};
use handgrad_pictures::{columns_of_square, grid, to_be_seen};
use handgrad_tasks::latent;
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::exit::Done;
use crate::flags::Output;
use crate::{columns, terminal, words};

/// A model and the picture to draw.
#[derive(Args, Debug)]
pub struct PictureArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// The picture to write. An older picture of this name is replaced, any other file is not. For a model of tables, a
    /// new FILE.csv with rows.
    #[arg(long, value_name = "FILE.png|.csv")]
    pub out: PathBuf,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  handgrad train --preset vae --data mnist\n  \
    handgrad sample runs/vae-mnist --out drawn.png --count 100 --seed 1")]
pub struct SampleArgs {
    #[command(flatten)]
    picture: PictureArgs,

    /// The number of images.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,

    /// The seed of the random codes.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Draws codes from the prior, z ~ N(0, 1), and decodes them.
pub fn run(args: &SampleArgs) -> Result<Done> {
    let count = usize::from(args.count);
    args.picture.draw(columns_of_square(count), |model| latent::drawn(model, count, args.seed))
}

impl PictureArgs {
    /// Decodes codes, draws them with `columns` images per row, and writes the picture.
    pub fn draw(
        &self,
        columns: usize,
        codes: impl FnOnce(&Model) -> Result<Array2<f32>, handgrad_tasks::Error>,
    ) -> Result<Done> {
        let (model, _) = handgrad_runs::model(&self.run, &[Part::Whole, Part::Decoder])?;
        let schema = model.spec().table.as_ref();
        match schema {
            Some(_) => columns::check_place(&self.out)?,
            None => place::must_be(&self.out, Replaceable::Png)?,
        }
        let codes = codes(&model).with_context(|| shown(&self.run))?;
        if let Some(schema) = schema {
            let decoded = model.network().decode(model.weights(), codes.view())?;
            columns::write_rows(&self.out, schema, &model.unscaled(decoded.view()), None, &Vec::new())?;
            if self.output.json {
                let object = json!({ "written": shown(&self.out), "rows": codes.nrows() });
                terminal::result(&object.to_string())?;
                return Ok(Done::Whole);
            }
            let rows = count(codes.nrows(), "row", "rows");
            terminal::result(&format!("wrote {}: {rows}", shown(&self.out)))?;
            return Ok(Done::Whole);
        }
        let (images, range) = to_be_seen(&model.decode(codes.view())?);
        let rows: Vec<_> = images.axis_chunks_iter(Axis(0), columns).map(|row| row.to_owned()).collect();
        handgrad_files::write(&self.out, &grid(&rows, &model.spec().input)?)?;
        let (picture, images) = (shown(&self.out), codes.nrows());
        if self.output.json {
            let object = json!({ "picture": self.out.display().to_string(), "images": images, "drawn_from": range });
            terminal::result(&object.to_string())?;
            return Ok(Done::Whole);
        }
        terminal::result(&format!("wrote {picture}: {}", count(images, "image", "images")))?;
        words::drawn_from(range).map_or(Ok(()), |text| terminal::result(&text))?;
        Ok(Done::Whole)
    }
}
