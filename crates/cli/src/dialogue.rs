//! Lines that are typed while a command runs. Nothing here needs a terminal: the lines may also come from a file or a
//! pipe, and the end of the input ends the dialogue.

use std::io::{self, BufRead, IsTerminal, Read};

use anyhow::{Context, Result};

use crate::terminal;

/// The most bytes of a line that are read at a time.
const LONGEST: u64 = 4096;

/// Shows `prompt`, and returns the next line without spaces at its ends; `None` at the end of the input or if the line
/// is `q`. A line that does not come from a terminal is shown too, so that the output can be read.
pub fn ask(prompt: &str) -> Result<Option<String>> {
    terminal::prompt(prompt)?;
    let (mut line, stdin) = (Vec::new(), io::stdin());
    let is_typed = stdin.is_terminal();
    stdin.lock().take(LONGEST).read_until(b'\n', &mut line).context("the answers cannot be read")?;
    let text = String::from_utf8_lossy(&line).trim().to_string();
    if !is_typed {
        terminal::result(&text)?;
    }
    Ok((!line.is_empty() && text != "q").then_some(text))
}
