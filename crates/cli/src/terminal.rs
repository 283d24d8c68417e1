//! What people see while a command runs: lines and bars. Progress goes to the standard error, results to the standard
//! output.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use handgrad_files::{Progress, Unit};
use indicatif::{ProgressBar, ProgressStyle};

/// A line on the standard error. Nobody may be listening: that is no reason to stop.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A result, on the standard output. A reader that has closed the pipe is no failure; anything else is.
pub fn result(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the results cannot be written to the standard output; is its disk full?"),
    }
}

/// A bar over samples, hidden where there is no terminal or no wish for one.
pub fn sample_bar(samples: usize, quiet: bool) -> ProgressBar {
    bar(samples as u64, quiet, "{prefix} {bar:30} {percent:>3} %  {msg}  {eta} left")
}

fn bar(length: u64, quiet: bool, template: &str) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Shows how far a library is, one thing at a time.
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
        // A panic elsewhere does not make the bar unusable.
        f(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, total: Option<u64>, unit: Unit) {
        let total = total.unwrap_or(0);
        let new = match unit {
            Unit::Bytes => bar(total, self.quiet, "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}"),
            Unit::Samples => bar(total, self.quiet, "{msg} {bar:30} {percent:>3} %  {eta} left"),
        };
        new.set_message(what.to_string());
        self.with_bar(|bar| *bar = Some(new));
    }

    fn advance(&self, count: u64) {
        self.with_bar(|bar| bar.iter().for_each(|bar| bar.inc(count)));
    }

    fn finish(&self) {
        self.with_bar(|bar| bar.take().iter().for_each(ProgressBar::finish_and_clear));
    }
}
