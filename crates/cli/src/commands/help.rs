//! `handgrad completions` and `handgrad man`: both are made from the same description of the flags as `--help`.

use anyhow::{Result, bail};
use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Done;
use crate::terminal;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad completions bash > ~/.local/share/bash-completion/completions/handgrad\n  \
    handgrad completions zsh > ~/.zfunc/_handgrad           # a folder of $fpath\n  \
    handgrad completions fish > ~/.config/fish/completions/handgrad.fish")]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad man > handgrad.1 && man ./handgrad.1\n  \
    handgrad man train > handgrad-train.1")]
pub struct ManArgs {
    /// A command [default: the page of the whole program].
    command: Option<String>,
}

pub fn completions(args: &CompletionsArgs, program: &Command) -> Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program.clone(), "handgrad", &mut script);
    terminal::result(String::from_utf8(script)?.trim_end())?;
    Ok(Done::Whole)
}

pub fn man(args: &ManArgs, program: &Command) -> Result<Done> {
    let mut whole = program.clone();
    whole.build();
    let described = match &args.command {
        None => whole,
        Some(name) => match whole.find_subcommand(name) {
            Some(found) => found.clone().name(format!("handgrad-{name}")),
            None => bail!("there is no command {name:?}: `handgrad --help` lists them"),
        },
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(described).render(&mut page)?;
    terminal::result(String::from_utf8(page)?.trim_end())?;
    Ok(Done::Whole)
}
