//! The thread that measures a network while it trains, and puts what it finds into the feed.
//!
//! It works on copies of the weights. On a machine whose cores are all busy with the training this still takes time
//! from it, so each measurement may take only a small part of the time that has passed: if it has taken more, it is
//! left out until it has not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use handgrad_pictures::live::Page;
use handgrad_runs::Run;
use handgrad_runs::live::Watch;
use handgrad_trainer::yardstick::Yardsticks;

use super::feed::{Feed, Kind};
use crate::terminal;

/// Each of the three measurements may take one in this many seconds, so that all of them take two of a hundred.
const PART: u32 = 150;
/// If the map takes no longer than this, it is also drawn when the training is over. The samples are few.
const CHEAP: Duration = Duration::from_millis(100);

/// Weights to measure.
pub enum Weights {
    /// Those after an epoch.
    After(usize, Vec<f32>),
    /// Those that the training keeps, and which they are, in words. The sender is told when they are measured.
    Kept(Vec<f32>, String, Sender<()>),
}

/// Starts the thread, and returns where to send weights, and the page. While the weights after an epoch are being
/// measured, `is_busy` is true; who sends them sets it.
pub fn start(
    run: &Run,
    yardsticks: &Yardsticks,
    feed: &Arc<Feed>,
    is_busy: &Arc<AtomicBool>,
) -> Result<(Sender<Weights>, Page)> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "live measurements".into());
    // If the thread panics, the page shows no more measurements, and the training goes on.
    let pool =
        pool.panic_handler(|_| {}).build().context("there is no thread to measure the network for the live page")?;
    // Everything that is computed in the pool is computed on its thread.
    let (watch, page) = pool.install(|| handgrad_runs::live::watch(run, yardsticks))?;
    let (sender, receiver) = channel();
    let measuring = Measuring {
        watch,
        feed: Arc::clone(feed),
        shares: [Share::new(), Share::new(), Share::new()],
        has_failed: false,
    };
    let is_busy = Arc::clone(is_busy);
    pool.spawn(move || measuring.run(&receiver, &is_busy));
    Ok((sender, page))
}

struct Measuring {
    watch: Watch,
    feed: Arc<Feed>,
    /// The shares of the time that may be spent on the reconstructions, on the layers and on the map.
    shares: [Share; 3],
    has_failed: bool,
}

impl Measuring {
    fn run(mut self, weights: &Receiver<Weights>, is_busy: &AtomicBool) {
        while let Ok(weights) = weights.recv() {
            match weights {
                Weights::After(epoch, theta) => {
                    self.measure(&theta, epoch);
                    drop(theta);
                    is_busy.store(false, Ordering::Release);
                }
                Weights::Kept(theta, when, done) => {
                    self.samples(&theta, &when);
                    if self.shares[2].last <= CHEAP {
                        self.map(&theta, &when);
                    }
                    let _ = done.send(());
                }
            }
        }
    }

    /// Measures the weights after an epoch, as far as there is time.
    fn measure(&mut self, theta: &[f32], epoch: usize) {
        let when = format!("after epoch {epoch}");
        if self.shares[0].is_due() {
            self.samples(theta, &when);
        }
        if self.shares[1].is_due() {
            let found = self.shares[1].spend(|| self.watch.layers(theta, epoch));
            if let Some(event) = self.found(found) {
                self.feed.keep(event.json());
            }
        }
        if self.shares[2].is_due() {
            self.map(theta, &when);
        }
    }

    fn samples(&mut self, theta: &[f32], when: &str) {
        let found = self.shares[0].spend(|| self.watch.samples(theta, when));
        if let Some(event) = self.found(found) {
            self.feed.replace(Kind::Samples, event.json());
        }
    }

    fn map(&mut self, theta: &[f32], when: &str) {
        let found = self.shares[2].spend(|| self.watch.map(theta, when));
        if let Some(event) = self.found(found).flatten() {
            self.feed.replace(Kind::Map, event.json());
        }
    }

    /// What was measured. The first failure is noted; the training goes on.
    fn found<T>(&mut self, found: handgrad_runs::Result<T>) -> Option<T> {
        if let (Err(error), false) = (&found, self.has_failed) {
            self.has_failed = true;
            terminal::note(&format!("note: the live page does not show everything: {}", error.in_full()));
        }
        found.ok()
    }
}

/// The share of the time that a measurement has.
struct Share {
    start: Instant,
    spent: Duration,
    /// How long the last measurement took.
    last: Duration,
}

impl Share {
    fn new() -> Self {
        Self { start: Instant::now(), spent: Duration::ZERO, last: Duration::ZERO }
    }

    /// Whether there is time for a measurement. There always is for the first one.
    fn is_due(&self) -> bool {
        self.spent * PART <= self.start.elapsed()
    }

    fn spend<T>(&mut self, measure: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let found = measure();
        self.last = start.elapsed();
        self.spent += self.last;
        found
    }
}
