//! `handgrad`: train, study and use autoencoders from the command line.
#![forbid(unsafe_code)]

mod commands;
mod exit;
mod flags;
mod terminal;
mod threads;
mod words;

use std::process::ExitCode;

use anyhow::Error;
use clap::Parser;
use handgrad_layers::Level;

/// Autoencoders with every gradient derived and written by hand: train one, see what it learnt, use it.
#[derive(Parser, Debug)]
#[command(name = "handgrad", version, arg_required_else_help = true)]
#[command(after_help = "First time here? `handgrad train --epochs 5`, then open the pictures in the folder it names.")]
struct Args {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let fault = || handgrad_files::fault::from_environment().map_err(Error::msg);
    let run = || threads::on(args.command.threads(), || args.command.run());
    exit::code(known_level().and_then(|()| fault()).and_then(|()| run()))
}

/// Returns an error if HANDGRAD_SIMD is mistyped: it would mean the widest level, without a word.
fn known_level() -> anyhow::Result<()> {
    match std::env::var("HANDGRAD_SIMD") {
        Ok(name) if Level::from_name(&name).is_none() => {
            let text = format!("HANDGRAD_SIMD is {name:?}, but must be portable, avx2 or avx512, or not be set");
            Err(exit::UsageError(text).into())
        }
        _ => Ok(()),
    }
}
