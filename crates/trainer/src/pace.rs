use std::sync::atomic::{AtomicUsize, Ordering};

/// Keeps the threads of a step awake.
///
/// A rayon thread without work soon goes to sleep, and waking it for the next phase takes time. Therefore a thread
/// that has finished its part of a phase spins until all parts that have begun are finished, so that all threads
/// begin the next phase awake. It does not wait for parts that have not begun, and it waits only for a limited time.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    begun: AtomicUsize,
    done: AtomicUsize,
}

/// Number of spins before a waiting thread yields to others: about 40 µs. This is longer than the difference between
/// two parts of about the same cost.
const SPINS: usize = 1000;
/// Number of times that the thread then yields before it returns to rayon in any case.
const YIELDS: usize = 60;

impl Pace {
    /// Runs a part of a phase on the current thread.
    pub fn run<R>(&self, part: impl FnOnce() -> R) -> R {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let result = part();
        self.done.fetch_add(1, Ordering::Relaxed);
        // The counts protect no memory, so relaxed ordering is sufficient: rayon's join makes the results visible to
        // other threads.
        for round in 0..SPINS + YIELDS {
            if self.done.load(Ordering::Relaxed) >= self.begun.load(Ordering::Relaxed) {
                break;
            }
            match round < SPINS {
                true => std::hint::spin_loop(),
                // If two threads share a core, the thread that still works can run.
                false => std::thread::yield_now(),
            }
        }
        result
    }
}
