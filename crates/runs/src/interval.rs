//! When checkpoints are written.

use std::str::FromStr;
use std::time::{Duration, Instant};

use handgrad_trainer::Event;

/// The interval between two checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// A number of training steps.
    Steps(u64),
    /// A number of epochs.
    Epochs(u64),
    /// A time.
    Time(Duration),
}

impl Default for Every {
    /// 30 seconds. If the process is killed, about this much work is lost.
    fn default() -> Self {
        Self::Time(Duration::from_secs(30))
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let expected = "a whole number of at least 1 with a unit was expected: 50steps, 2epochs, 30sec, 5min or 1h";
        let number = number.parse::<u64>().ok().filter(|&number| number > 0).ok_or(expected)?;
        let seconds = |length: u64| number.checked_mul(length).map(|all| Self::Time(Duration::from_secs(all)));
        match unit.trim_start() {
            "step" | "steps" => Some(Self::Steps(number)),
            "epoch" | "epochs" => Some(Self::Epochs(number)),
            "s" | "sec" => seconds(1),
            "min" => seconds(60),
            "h" => seconds(3600),
            _ => None,
        }
        .ok_or_else(|| expected.into())
    }
}

/// Decides when the next checkpoint is due.
pub(crate) struct Clock {
    every: Every,
    steps: u64,
    last: Instant,
}

impl Clock {
    /// A clock for a training that has already done `steps` steps.
    pub(crate) fn new(every: Every, steps: u64) -> Self {
        Self { every, steps, last: Instant::now() }
    }

    /// Counts the event, and returns whether a checkpoint is due now.
    pub(crate) fn is_due(&mut self, event: &Event) -> bool {
        let step = matches!(event, Event::Step { .. });
        self.steps += u64::from(step);
        let due = match (self.every, event) {
            (Every::Steps(every), _) => step && self.steps.is_multiple_of(every),
            (Every::Epochs(every), Event::Epoch { record, .. }) => (record.epoch as u64).is_multiple_of(every),
            (Every::Epochs(_), _) => false,
            (Every::Time(every), _) => self.last.elapsed() >= every,
        };
        if due {
            self.last = Instant::now();
        }
        due
    }
}
