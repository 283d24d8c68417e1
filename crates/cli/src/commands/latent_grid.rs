//! `handgrad latent-grid`: draws the decoded grid of a two-dimensional latent space.

use anyhow::Result;
use clap::Args;
use handgrad_tasks::latent;

use super::sample::PictureArgs;
use crate::exit::Done;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  handgrad train --preset vae-2d --data mnist\n  \
    handgrad latent-grid runs/vae-2d-mnist --out map.png")]
pub struct LatentGridArgs {
    #[command(flatten)]
    picture: PictureArgs,

    /// The number of images along each side.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=100))]
    side: u16,
}

pub fn run(args: &LatentGridArgs) -> Result<Done> {
    let side = usize::from(args.side);
    args.picture.draw(side, |model| latent::grid(model, side))
}
