//! The events that are sent to the viewers of a training. A thread that has an event stores it here and goes on. Each
//! viewer has a thread that takes the events that are new for this viewer when it is ready. A slow viewer misses what
//! was replaced meanwhile, and no thread waits for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The most viewers at a time.
pub const MOST_VIEWERS: usize = 16;

/// An event that replaces the older event of its kind.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Step,
    Samples,
    Map,
    /// That the training stops or is over. It is sent last.
    State,
}

/// The number of kinds.
const KINDS: usize = 4;

/// An event as JSON, and its number in the order of all events.
type Numbered = Option<(u64, Arc<str>)>;

#[derive(Default)]
struct Events {
    /// Events that every viewer gets, in order.
    kept: Vec<Arc<str>>,
    /// The newest event of each kind.
    newest: [Numbered; KINDS],
    /// The number of the last event that replaced another one.
    last: u64,
    viewers: usize,
    is_closed: bool,
}

impl Events {
    /// After the end nothing is replaced, so the last event stays the last.
    fn replace(&mut self, kind: Kind, json: String) {
        if self.is_closed {
            return;
        }
        self.last += 1;
        self.newest[kind as usize] = Some((self.last, json.into()));
    }
}

/// The events of a training.
#[derive(Default)]
pub struct Feed {
    events: Mutex<Events>,
    changed: Condvar,
}

impl Feed {
    fn events(&self) -> MutexGuard<'_, Events> {
        // Each change is complete even if a thread panics after it.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Like [`events`](Self::events), but `None` if another thread holds the lock.
    fn events_at_once(&self) -> Option<MutexGuard<'_, Events>> {
        match self.events.try_lock() {
            Ok(events) => Some(events),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Stores an event for all viewers, also for those that come later.
    pub fn keep(&self, json: String) {
        self.events().kept.push(json.into());
        self.changed.notify_all();
    }

    /// Moves all of `json` to the events for all viewers, unless it would have to wait for the lock.
    pub fn try_keep(&self, json: &mut Vec<String>) {
        if let Some(mut events) = self.events_at_once() {
            events.kept.extend(json.drain(..).map(Arc::from));
            drop(events);
            self.changed.notify_all();
        }
    }

    /// Stores an event in the place of the older event of its kind.
    pub fn replace(&self, kind: Kind, json: String) {
        self.events().replace(kind, json);
        self.changed.notify_all();
    }

    /// Like [`replace`](Self::replace), unless it would have to wait for the lock.
    pub fn try_replace(&self, kind: Kind, json: String) {
        if let Some(mut events) = self.events_at_once() {
            events.replace(kind, json);
            drop(events);
            self.changed.notify_all();
        }
    }

    /// Ends the feed. Waits until all viewers have got the last event, but not longer than `time_limit`.
    pub fn close(&self, time_limit: Duration) {
        let mut events = self.events();
        events.is_closed = true;
        self.changed.notify_all();
        let until = Instant::now() + time_limit;
        while events.viewers > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            events = self.changed.wait_timeout(events, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The number of viewers.
    #[cfg(test)]
    pub fn viewers(&self) -> usize {
        self.events().viewers
    }

    /// A new viewer, or `None` if there are too many.
    pub fn viewer(self: &Arc<Self>) -> Option<Viewer> {
        let mut events = self.events();
        if events.viewers >= MOST_VIEWERS {
            return None;
        }
        events.viewers += 1;
        Some(Viewer { feed: Arc::clone(self), kept: 0, last: 0 })
    }
}

/// A viewer, and which events it has got.
pub struct Viewer {
    feed: Arc<Feed>,
    kept: usize,
    last: u64,
}

impl Viewer {
    /// Waits for events, but not longer than `time_limit`. Returns what this viewer has not been told yet, which may be
    /// nothing. `None` if the feed has ended and there is nothing more.
    pub fn next(&mut self, time_limit: Duration) -> Option<Vec<Arc<str>>> {
        let events = self.feed.events();
        let is_idle =
            |events: &mut Events| events.kept.len() == self.kept && events.last == self.last && !events.is_closed;
        let waited = self.feed.changed.wait_timeout_while(events, time_limit, is_idle);
        let (events, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_new = |numbered: &&(u64, Arc<str>)| numbered.0 > self.last;
        let newest = events.newest.iter().flatten().filter(is_new).map(|(_, json)| json);
        let told: Vec<Arc<str>> = events.kept[self.kept..].iter().chain(newest).cloned().collect();
        if told.is_empty() && events.is_closed {
            return None;
        }
        (self.kept, self.last) = (events.kept.len(), events.last);
        Some(told)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.feed.events().viewers -= 1;
        self.feed.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(viewer: &mut Viewer) -> Option<Vec<String>> {
        let told = viewer.next(Duration::ZERO)?;
        Some(told.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_viewer_gets_all_that_is_kept_and_only_the_newest_of_the_rest() {
        let feed = Arc::new(Feed::default());
        feed.keep("epoch 1".into());
        feed.replace(Kind::Step, "step 1".into());
        feed.replace(Kind::State, "stopping".into());
        feed.replace(Kind::Step, "step 2".into());
        let mut early = feed.viewer().expect("room");
        assert_eq!(told(&mut early).expect("events"), ["epoch 1", "step 2", "stopping"]);
        assert!(told(&mut early).expect("it goes on").is_empty());
        feed.keep("epoch 2".into());
        assert_eq!(told(&mut early).expect("events"), ["epoch 2"]);
        let mut late = feed.viewer().expect("room");
        assert_eq!(told(&mut late).expect("events"), ["epoch 1", "epoch 2", "step 2", "stopping"]);
        feed.replace(Kind::State, "end".into());
        feed.close(Duration::ZERO);
        assert_eq!(told(&mut late).expect("events"), ["end"]);
        assert_eq!(told(&mut late), None);
    }

    /// The training does not wait, even if a viewer looks at the events at this moment.
    #[test]
    fn nothing_is_stored_at_once_while_another_thread_has_the_news() {
        let feed = Arc::new(Feed::default());
        let mut epochs = vec!["epoch 1".to_owned()];
        let looking = feed.events();
        feed.try_keep(&mut epochs);
        feed.try_replace(Kind::Step, "step 1".into());
        drop(looking);
        let mut viewer = feed.viewer().expect("room");
        assert_eq!((told(&mut viewer), epochs.len()), (Some(Vec::new()), 1));
        feed.try_keep(&mut epochs);
        feed.try_replace(Kind::Step, "step 2".into());
        assert_eq!(told(&mut viewer).expect("events"), ["epoch 1", "step 2"]);
        assert!(epochs.is_empty());
    }

    #[test]
    fn there_is_room_for_so_many_viewers_and_again_when_one_goes() {
        let feed = Arc::new(Feed::default());
        let mut viewers: Vec<_> = (0..MOST_VIEWERS).map(|_| feed.viewer().expect("room")).collect();
        assert!(feed.viewer().is_none());
        drop(viewers.pop());
        assert!(feed.viewer().is_some());
    }

    #[test]
    fn the_end_waits_for_a_viewer_until_it_has_gone() {
        let feed = Arc::new(Feed::default());
        let mut viewer = feed.viewer().expect("room");
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            while let Some(events) = viewer.next(Duration::from_secs(60)) {
                all.extend(events);
            }
            all.len()
        });
        feed.replace(Kind::State, "end".into());
        feed.close(Duration::from_secs(60));
        assert_eq!(feed.viewers(), 0);
        assert_eq!(reader.join().expect("it ends"), 1);
    }
}
