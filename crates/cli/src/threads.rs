//! The threads that a command computes on.

use anyhow::{Context, Result};
use rayon::ThreadPool;

use crate::exit::UsageError;
use crate::terminal;

/// The largest number of threads that can be asked for.
pub const MOST: u16 = 1024;
/// The environment variable that every program built on rayon reads. A flag `--threads` has precedence.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Runs `compute` on `threads` threads. The default is what `RAYON_NUM_THREADS` says, or one thread per core.
///
/// If the system starts no more threads for this user, prints a note and runs `compute` on this one thread. The results
/// are the same.
pub fn on<R: Send>(threads: Option<u16>, compute: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    let threads = match threads {
        Some(threads) => usize::from(threads),
        None => from_environment()?.unwrap_or_else(cores),
    };
    match pool(threads) {
        Ok(pool) => pool.install(compute),
        Err(error) if !can_start_one() => {
            let reason = "the system starts no more threads";
            terminal::note(&format!("note: {reason} ({error}), so everything is computed on one thread"));
            // Without a pool of its own rayon would try to start threads again, and panic.
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
            alone.build_global().context("not even one thread can be used to compute on")?;
            compute()
        }
        Err(error) => {
            Err(error).context(format!("{threads} threads cannot be started: give --threads a smaller number"))
        }
    }
}

fn pool(threads: usize) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(usize::from(MOST))
}

/// Can the system start one more thread for this user now?
pub fn can_start_one() -> bool {
    std::thread::Builder::new().spawn(|| ()).is_ok()
}

/// Returns the number of threads in the environment variable. `None` means the default: the variable is not set, empty
/// or 0.
fn from_environment() -> Result<Option<usize>> {
    let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.to_str().and_then(|text| text.trim().parse::<usize>().ok()) {
        Some(threads) if threads <= usize::from(MOST) => Ok(Some(threads).filter(|&threads| threads > 0)),
        _ => {
            let text = format!("{VARIABLE} is {text:?}, but must be a number from 1 to {MOST}, or not be set");
            Err(UsageError(text).into())
        }
    }
}
