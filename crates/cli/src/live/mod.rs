//! `train --live`: a page on this machine that shows a training while it runs.
//!
//! ```text
//! training   hands over copies, at most a few times a second, and never waits       (this file)
//! measuring  one thread measures them and puts the results into the feed            measuring.rs
//! feed       the events that are sent to the viewers                                feed.rs
//! server     one thread for each connection; refuses whatever does not belong here  server.rs, request.rs
//! ```

mod feed;
mod measuring;
mod request;
mod server;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use handgrad_files::shown;
use handgrad_pictures::live as page;
use handgrad_runs::{Event, Finished, Run};
use handgrad_trainer::EpochRecord;
use handgrad_trainer::yardstick::Yardsticks;

use crate::server::token;
use crate::signals;
use feed::{Feed, Kind};
use measuring::Weights;
use server::Service;

/// At least this time is between two steps that are sent to the page.
const BETWEEN_STEPS: Duration = Duration::from_millis(250);
/// The same for epochs: shorter ones are sent together.
const BETWEEN_EPOCHS: Duration = Duration::from_millis(250);
/// How long a connection may take for its request, and for each part of its answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long the end of a training waits for its last measurement, and for the viewers to get the last event.
const LAST_MEASUREMENT: Duration = Duration::from_secs(1);
const LAST_EVENT: Duration = Duration::from_millis(200);

/// An address on this machine that is not answered yet.
pub struct Address(TcpListener);

/// Takes a port of this machine, so that nothing is begun if it is not free. 0 stands for any free port.
pub fn address(port: u16) -> Result<Address> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("the port {port} of 127.0.0.1 cannot be used for --live; without a number, --live takes a free port")
    })?;
    Ok(Address(listener))
}

/// A training that can be watched.
pub struct Live {
    feed: Arc<Feed>,
    weights: Sender<Weights>,
    /// Whether weights are being measured.
    is_busy: Arc<AtomicBool>,
    /// Whether the training has ended: then it cannot be stopped any more.
    is_over: Arc<AtomicBool>,
    /// Epochs that were not sent yet, as JSON.
    records: Vec<String>,
    last_step: Instant,
    last_epoch: Instant,
    start: Instant,
    /// The number of epochs of the plan.
    epochs: usize,
    /// The samples of the steps before this start, and those of the whole plan.
    samples: [usize; 2],
    /// The address of the page.
    pub url: String,
}

impl Live {
    /// Prepares the measurements, and answers the address from now on.
    pub fn start(Address(listener): Address, run: &Run, yardsticks: &Yardsticks) -> Result<Self> {
        let (feed, is_busy) = (Arc::new(Feed::default()), Arc::new(AtomicBool::new(false)));
        let (weights, page) = measuring::start(run, yardsticks, &feed, &is_busy)?;
        let host = listener.local_addr().context("the address of the live page")?.to_string();
        let token = token().context("--live needs a random number")?;
        let url = format!("http://{host}/?token={token}");
        run.records().iter().for_each(|record| feed.keep(epoch(record)));
        let (to_stop, is_over) = (Arc::clone(&feed), Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&is_over);
        let stop = move || {
            if !ended.load(Ordering::Acquire) {
                to_stop.replace(Kind::State, page::Event::Stopping.json());
                signals::stop();
            }
        };
        let service = Service {
            host,
            token,
            page: page::html(&page),
            feed: Arc::clone(&feed),
            time_limit: TIME_LIMIT,
            stop: Box::new(stop),
        };
        server::serve(listener, service).context("there is no thread to serve the live page")?;
        let now = Instant::now();
        Ok(Self {
            feed,
            weights,
            is_busy,
            is_over,
            records: Vec::new(),
            last_step: now,
            last_epoch: now,
            start: now,
            epochs: run.prepared().plan().epochs,
            samples: run.samples()?,
            url,
        })
    }

    /// Hands over what happens in the training. It never waits, and it changes nothing in the training.
    pub fn tell(&mut self, event: Event) {
        match event {
            Event::Step { epoch, seen, loss } => {
                if self.last_step.elapsed() >= BETWEEN_STEPS {
                    self.last_step = Instant::now();
                    self.feed.try_replace(Kind::Step, self.step(epoch, seen, loss).json());
                }
            }
            Event::Epoch { record, theta } => {
                self.records.push(epoch(record));
                if self.last_epoch.elapsed() >= BETWEEN_EPOCHS || record.epoch == self.epochs {
                    self.last_epoch = Instant::now();
                    self.feed.try_keep(&mut self.records);
                    if !self.is_busy.swap(true, Ordering::AcqRel) {
                        // If the thread that measures has ended, the page shows no more measurements.
                        let _ = self.weights.send(Weights::After(record.epoch, theta.to_vec()));
                    }
                }
            }
        }
    }

    fn step(&self, epoch: usize, seen: usize, loss: f64) -> page::Event {
        let [before, all] = self.samples;
        let seconds = self.start.elapsed().as_secs_f64();
        let rate = seen.saturating_sub(before) as f64 / seconds;
        let left = (rate > 0.0).then(|| all.saturating_sub(seen) as f64 / rate);
        page::Event::Step { epoch, part: seen as f64 / all.max(1) as f64, loss, rate, left }
    }

    /// The training has ended: from now on a request to stop does nothing.
    pub fn over(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Tells the viewers that the training has ended, and shows what the weights do that it keeps. `has_report` says
    /// whether report.html shows these weights.
    pub fn end(mut self, finished: &Finished, has_report: bool) {
        let kept = finished.outcome.kept();
        let when = match (finished.outcome.best_epoch, kept) {
            (Some(best), _) => format!("with the weights of epoch {best}, which are kept"),
            (None, Some(last)) if !finished.outcome.stopped => format!("after epoch {}", last.epoch),
            _ => "with the weights at the end".to_owned(),
        };
        let (done, is_done) = channel();
        let _ = self.weights.send(Weights::Kept(finished.model.weights().to_vec(), when, done));
        let _ = is_done.recv_timeout(LAST_MEASUREMENT);
        let folder = shown(&finished.folder);
        let text = match finished.outcome.stopped {
            true => format!("The training was stopped. Its files are in {folder}. This page does not change any more."),
            false if has_report => format!(
                "The training is over. Open report.html in {folder}: it shows the finished network. This page does \
                 not change any more."
            ),
            false => format!("The training is over. Its files are in {folder}. This page does not change any more."),
        };
        self.last_event(text);
    }

    /// Tells the viewers that the training has failed.
    pub fn fail(mut self, error: &str) {
        self.last_event(format!("The training has failed: {error}. This page does not change any more."));
    }

    fn last_event(&mut self, text: String) {
        self.over();
        self.records.drain(..).for_each(|json| self.feed.keep(json));
        self.feed.replace(Kind::State, page::Event::End { text }.json());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.feed.close(LAST_EVENT);
    }
}

/// The event of an epoch, as JSON.
fn epoch(record: &EpochRecord) -> String {
    let event = page::Event::Epoch {
        epoch: record.epoch,
        training: record.train_loss,
        validation: record.validation_loss,
        terms: record.validation_terms.iter().map(|term| term.1).collect(),
        learning_rate: record.learning_rate,
        seconds: record.seconds,
    };
    event.json()
}
