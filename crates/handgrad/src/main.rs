//! `handgrad`: train, study and use autoencoders from the command line.
#![forbid(unsafe_code)]

mod alter;
mod anomaly;
mod args;
mod checkpoints;
mod claims;
mod config;
mod data;
mod decode;
mod denoise;
mod distribution;
mod encode;
mod eval;
mod experiment;
mod gradcheck;
mod interpolate;
mod latent;
mod loss_chart;
mod noisy;
mod picture;
mod preset;
mod reconstruct;
mod run_folder;
mod scale;
mod score;
mod score_chart;
mod scoreboard;
mod show;
mod split;
mod subject;
mod table;
mod tiles;
mod trace;
mod train;
mod verdict;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use handgrad_layers::Level;

/// What a command came to, where it did not fail.
enum Done {
    /// All of it.
    Whole,
    /// Ctrl-C came; what there was is written.
    Interrupted,
}

/// Exit code of what failed.
const FAILURE: u8 = 1;
/// Exit code of what was asked for wrongly, as clap's.
const USAGE: u8 = 2;
/// Exit code of a training that went wrong: a loss or a weight is no longer a number, or is far too large.
const DIVERGED: u8 = 3;
/// Exit code after Ctrl-C: 128 + the number of the signal.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = known_level()
        .and_then(|()| handgrad_files::fault::from_environment().map_err(anyhow::Error::msg))
        .and_then(|()| match args.command {
            Command::Train(args) => train::run(&args),
            Command::Eval(args) => eval::run(&args),
            Command::Reconstruct(args) => reconstruct::run(&args),
            Command::Sample(args) => latent::sample(&args),
            Command::LatentGrid(args) => latent::grid(&args),
            Command::Encode(args) => encode::run(&args),
            Command::Decode(args) => decode::run(&args),
            Command::Denoise(args) => denoise::run(&args),
            Command::Interpolate(args) => interpolate::run(&args),
            Command::Alter(args) => alter::run(&args),
            Command::Anomaly(args) => anomaly::run(&args),
            Command::Gradcheck(args) => gradcheck::run(&args),
            Command::Claims(args) => claims::run(&args),
            Command::Score(args) => score::run(&args),
            Command::Scoreboard(args) => scoreboard::run(&args),
            Command::Split(args) => split::run(&args),
            Command::Trace(args) => trace::run(&args),
            Command::Data(command) => data::run(&command),
        });
    match result {
        Ok(Done::Whole) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            show::note(&format!("error: {}", paragraph(&error)));
            ExitCode::from(match error.downcast_ref::<handgrad_trainer::Error>() {
                Some(error) if error.is_divergence() => DIVERGED,
                _ if error.is::<config::UsageError>() => USAGE,
                _ => FAILURE,
            })
        }
    }
}

/// A mistyped HANDGRAD_SIMD would silently mean the widest level.
fn known_level() -> anyhow::Result<()> {
    match std::env::var("HANDGRAD_SIMD") {
        Ok(name) if Level::from_name(&name).is_none() => {
            let text = format!("HANDGRAD_SIMD is {name:?}, but must be portable, avx2 or avx512, or not be set");
            Err(config::UsageError(text).into())
        }
        _ => Ok(()),
    }
}

/// The error and its causes, but for those that the text so far quotes already.
fn paragraph(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match cause.to_string() {
        cause if text.contains(&cause) => text,
        cause if text.is_empty() => cause,
        cause => format!("{text}: {cause}"),
    })
}
