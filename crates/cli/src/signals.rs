//! Ctrl-C, SIGTERM and SIGHUP, which ask a long training to stop.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::exit::INTERRUPTED;
use crate::{terminal, threads};

/// Set by Ctrl-C, SIGTERM and SIGHUP, and by [`stop`].
static STOP: AtomicBool = AtomicBool::new(false);
/// When the first request to stop came.
static FIRST: OnceLock<Instant> = OnceLock::new();

/// Signals that arrive this soon after the first one are the same request: `timeout` of GNU coreutils sends SIGTERM to
/// the process and once more to its group, and a terminal that is closed sends SIGHUP with it.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// The first Ctrl-C, SIGTERM or SIGHUP asks the training to stop after its step. A second one, at least a second
/// later, ends the process at once. `then` says what is done after the step, and `kept` what is there if the process
/// cannot listen for signals and ends at once.
pub fn listen(then: &'static str, kept: &str) -> Result<()> {
    let heard = ctrlc::set_handler(move || match FIRST.set(Instant::now()) {
        Ok(()) => {
            STOP.store(true, Ordering::Relaxed);
            terminal::note(&format!("\nstopping after this step, then {then}; to stop at once, press Ctrl-C again"));
        }
        Err(now) if FIRST.get().is_some_and(|first| now.duration_since(*first) < SAME_REQUEST) => {}
        Err(_) => std::process::exit(i32::from(INTERRUPTED)),
    });
    match heard {
        Err(error) if !threads::can_start_one() => {
            terminal::note(&format!("note: Ctrl-C and SIGTERM end this training at once ({error}); {kept}"));
            Ok(())
        }
        heard => heard.context("the program cannot listen for Ctrl-C and SIGTERM"),
    }
}

/// Asks the training to stop as the first Ctrl-C does. Nothing happens if it was asked already.
pub fn stop() {
    if FIRST.set(Instant::now()).is_ok() {
        STOP.store(true, Ordering::Relaxed);
        terminal::note("\nstopping after this step, as the page has asked; to stop at once, press Ctrl-C");
    }
}

/// Says whether to continue: not after a request to stop.
pub fn flow() -> ControlFlow<()> {
    if STOP.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
