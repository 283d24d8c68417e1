use std::sync::atomic::{AtomicUsize, Ordering};

/// Keeps the threads of a step awake.
///
/// A rayon thread without work soon goes to sleep, and must be woken for the next phase. So a thread that is done with
/// its part of a phase waits until those that have begun theirs are done too: then all meet the next phase awake. It
/// does not wait for parts that nobody has begun, nor for ever.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    begun: AtomicUsize,
    done: AtomicUsize,
}

/// Pauses before a waiting thread lets others run: some 40 µs, longer than a well-cut part takes to catch up.
const SPINS: usize = 1000;
/// Times it then lets others run before it goes back to rayon all the same.
const YIELDS: usize = 60;

impl Pace {
    /// Runs one thread's part of a phase.
    pub fn run<R>(&self, part: impl FnOnce() -> R) -> R {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let result = part();
        self.done.fetch_add(1, Ordering::Relaxed);
        // The counts guard no memory, so the weakest ordering will do: rayon's own join is what publishes the results.
        for round in 0..SPINS + YIELDS {
            if self.done.load(Ordering::Relaxed) >= self.begun.load(Ordering::Relaxed) {
                break;
            }
            match round < SPINS {
                true => std::hint::spin_loop(),
                // Where two threads share a core, the one that is waited for gets it.
                false => std::thread::yield_now(),
            }
        }
        result
    }
}
