//! What the user sees while a command runs: lines and progress bars. Progress goes to the standard error, results go to
//! the standard output.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use handgrad_files::{Progress, Unit};
use indicatif::{ProgressBar, ProgressStyle};

use crate::threads;

/// Writes a line to the standard error. If this fails, the command continues.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless(text));
}

/// Replaces control characters other than line feeds and tabs by escapes like `\u001b`, which are also those of
/// JSON. The names of columns and classes come from files, and must not be able to move the cursor, hide text or
/// recolour a terminal.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_harmful) {
        return text.into();
    }
    let escaped = |c: char| if is_harmful(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    text.chars().map(escaped).collect::<String>().into()
}

/// Writes a result to the standard output. If the reader has closed the pipe, this is not an error; anything else is.
pub fn result(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{}", harmless(text)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the results cannot be written to the standard output; is its disk full?"),
    }
}

/// Writes a text to the standard output, without a line break, and shows it at once. A closed pipe is not an error.
pub fn prompt(text: &str) -> Result<()> {
    let mut out = io::stdout();
    match write!(out, "{}", harmless(text)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the results cannot be written to the standard output; is its disk full?"),
    }
}

/// A progress bar over samples. It is hidden with `quiet`, and where the standard error is not a terminal.
pub fn sample_bar(samples: usize, quiet: bool) -> ProgressBar {
    bar(samples as u64, quiet, "{prefix} {bar:20} {percent:>3} %  {msg}  {eta} left")
}

fn bar(length: u64, quiet: bool, template: &str) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    // The ticking needs a thread, and indicatif panics if there cannot be one.
    if !bar.is_hidden() && threads::can_start_one() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

/// Shows a progress bar for the tasks of the libraries, such as a download, one task at a time.
#[derive(Default)]
pub struct Bars {
    bar: Mutex<Option<ProgressBar>>,
    quiet: bool,
}

impl Bars {
    pub fn new(quiet: bool) -> Self {
        Self { quiet, ..Self::default() }
    }

    fn with_bar(&self, f: impl FnOnce(&mut Option<ProgressBar>)) {
        // The bar can still be used after a panic in another thread.
        f(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, total: Option<u64>, unit: Unit) {
        let total = total.unwrap_or(0);
        let new = match unit {
            Unit::Bytes => bar(total, self.quiet, "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}"),
            Unit::Samples => bar(total, self.quiet, "{msg} {bar:30} {percent:>3} %  {eta} left"),
            Unit::Parts => bar(total, self.quiet, "{msg} {bar:30} {pos}/{len}  {eta} left"),
        };
        new.set_message(harmless(what).into_owned());
        self.with_bar(|bar| *bar = Some(new));
    }

    fn advance(&self, count: u64) {
        self.with_bar(|bar| bar.iter().for_each(|bar| bar.inc(count)));
    }

    fn finish(&self) {
        self.with_bar(|bar| bar.take().iter().for_each(ProgressBar::finish_and_clear));
    }
}
