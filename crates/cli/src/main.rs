//! `handgrad`: train, study and use autoencoders from the command line.
#![forbid(unsafe_code)]

mod advice;
mod columns;
mod commands;
mod dialogue;
mod exit;
mod flags;
mod live;
mod server;
mod signals;
mod terminal;
mod threads;
mod words;

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Error;
use clap::{CommandFactory, FromArgMatches, Parser};
use handgrad_layers::Level;

/// Autoencoders with every gradient derived and written by hand: train one, see what it learnt, use it.
#[derive(Parser, Debug)]
#[command(name = "handgrad", version, arg_required_else_help = true)]
#[command(after_help = "`handgrad COMMAND --help` explains a command.\n\
    First time here? Run `handgrad train --epochs 5` and open the pictures in the folder that it names.")]
struct Args {
    #[command(subcommand)]
    command: commands::Command,
}

/// The description of the program, with its commands listed in groups.
fn program() -> clap::Command {
    let command = Args::command();
    let mut list = String::new();
    for (heading, names) in commands::GROUPS {
        let _ = writeln!(list, "{heading}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let _ = writeln!(list, "  {name:12} {}", about.map(ToString::to_string).unwrap_or_default());
        }
        list.push('\n');
    }
    command.mut_subcommands(with_short_usage).help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}Options:\n{{options}}{{after-help}}"
    ))
}

/// The widest line of a usage.
const USAGE_WIDTH: usize = 72;

/// A subcommand whose usage is broken into lines, since clap wraps all of the help except the usage.
fn with_short_usage(command: clap::Command) -> clap::Command {
    let mut whole = command.clone().bin_name(format!("handgrad {}", command.get_name()));
    let usage = whole.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    if usage.chars().count() <= USAGE_WIDTH {
        return command;
    }
    let (mut lines, mut line) = (Vec::new(), String::new());
    for part in usage.split_inclusive(['>', ']']) {
        if !line.is_empty() && (line.chars().count() + part.trim_end().chars().count()) > USAGE_WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        line += if line.is_empty() { part.trim_start() } else { part };
    }
    lines.push(line);
    command.override_usage(lines.join("\n           "))
}

fn main() -> ExitCode {
    let program = program();
    let args = Args::from_arg_matches(&program.clone().get_matches()).unwrap_or_else(|error| error.exit());
    let fault = || handgrad_files::fault::from_environment().map_err(Error::msg);
    let run = || threads::on(args.command.threads(), || args.command.run(&program));
    exit::code(known_level().and_then(|()| fault()).and_then(|()| run()))
}

/// Returns an error if HANDGRAD_SIMD has an unknown value. Otherwise the widest level would be used without a warning.
fn known_level() -> anyhow::Result<()> {
    match std::env::var("HANDGRAD_SIMD") {
        Ok(name) if Level::from_name(&name).is_none() => {
            let text = format!("HANDGRAD_SIMD is {name:?}, but must be portable, avx2 or avx512, or not be set");
            Err(exit::UsageError(text).into())
        }
        _ => Ok(()),
    }
}
