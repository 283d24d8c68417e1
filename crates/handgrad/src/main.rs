//! `handgrad`: train, study and use autoencoders from the command line.
#![forbid(unsafe_code)]

mod args;
mod config;
mod data;
mod eval;
mod loss_chart;
mod picture;
mod preset;
mod reconstruct;
mod run_folder;
mod show;
mod train;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// What a command came to, where it did not fail.
enum Done {
    /// All of it.
    Whole,
    /// Ctrl-C came; what there was is written.
    Interrupted,
}

/// Exit code after Ctrl-C: 128 + the number of the signal.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Reconstruct(args) => reconstruct::run(&args),
        Command::Data(command) => data::run(&command),
    };
    match result {
        Ok(Done::Whole) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            eprintln!("error: {}", paragraph(&error));
            ExitCode::FAILURE
        }
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
