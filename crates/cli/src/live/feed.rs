//! What the viewers of a training are told. Whoever has news stores it here and goes on. Each viewer has a thread that
//! takes what is new for it when it is ready: a slow viewer misses what was replaced meanwhile, and nobody waits for
//! it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The most viewers at a time.
pub const MOST_VIEWERS: usize = 16;

/// News that replaces older news of its kind.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Step,
    Samples,
    Map,
    /// That the training stops or is over. It is told last.
    State,
}

/// The number of kinds.
const KINDS: usize = 4;

/// News as JSON, and its number in the order of all news.
type Numbered = Option<(u64, Arc<str>)>;

#[derive(Default)]
struct News {
    /// News that every viewer gets, in order.
    kept: Vec<Arc<str>>,
    /// The newest news of each kind.
    newest: [Numbered; KINDS],
    /// The number of the last news that replaced other news.
    last: u64,
    viewers: usize,
    is_closed: bool,
}

impl News {
    fn replace(&mut self, kind: Kind, json: String) {
        self.last += 1;
        self.newest[kind as usize] = Some((self.last, json.into()));
    }
}

/// The news of a training.
#[derive(Default)]
pub struct Feed {
    news: Mutex<News>,
    changed: Condvar,
}

impl Feed {
    fn news(&self) -> MutexGuard<'_, News> {
        // Each change is complete even if a thread panics after it.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Like [`news`](Self::news), but `None` if another thread has them at this moment.
    fn news_at_once(&self) -> Option<MutexGuard<'_, News>> {
        match self.news.try_lock() {
            Ok(news) => Some(news),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Stores news for all viewers, also for those that come later.
    pub fn keep(&self, json: String) {
        self.news().kept.push(json.into());
        self.changed.notify_all();
    }

    /// Moves all of `json` to the news for all viewers, unless that would mean to wait.
    pub fn try_keep(&self, json: &mut Vec<String>) {
        if let Some(mut news) = self.news_at_once() {
            news.kept.extend(json.drain(..).map(Arc::from));
            drop(news);
            self.changed.notify_all();
        }
    }

    /// Stores news in place of older news of its kind.
    pub fn replace(&self, kind: Kind, json: String) {
        self.news().replace(kind, json);
        self.changed.notify_all();
    }

    /// Like [`replace`](Self::replace), unless that would mean to wait.
    pub fn try_replace(&self, kind: Kind, json: String) {
        if let Some(mut news) = self.news_at_once() {
            news.replace(kind, json);
            drop(news);
            self.changed.notify_all();
        }
    }

    /// Ends the feed. Waits until all viewers have got the last news, but not longer than `patience`.
    pub fn close(&self, patience: Duration) {
        let mut news = self.news();
        news.is_closed = true;
        self.changed.notify_all();
        let until = Instant::now() + patience;
        while news.viewers > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            news = self.changed.wait_timeout(news, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The number of viewers.
    #[cfg(test)]
    pub fn viewers(&self) -> usize {
        self.news().viewers
    }

    /// A new viewer, or `None` if there are too many.
    pub fn viewer(self: &Arc<Self>) -> Option<Viewer> {
        let mut news = self.news();
        if news.viewers >= MOST_VIEWERS {
            return None;
        }
        news.viewers += 1;
        Some(Viewer { feed: Arc::clone(self), kept: 0, last: 0 })
    }
}

/// Somebody who is told the news, and what it has been told.
pub struct Viewer {
    feed: Arc<Feed>,
    kept: usize,
    last: u64,
}

impl Viewer {
    /// Waits for news, but not longer than `patience`. Returns what this viewer has not been told yet, which may be
    /// nothing. `None` if the feed has ended and there is nothing more.
    pub fn next(&mut self, patience: Duration) -> Option<Vec<Arc<str>>> {
        let news = self.feed.news();
        let is_idle = |news: &mut News| news.kept.len() == self.kept && news.last == self.last && !news.is_closed;
        let waited = self.feed.changed.wait_timeout_while(news, patience, is_idle);
        let (news, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_new = |numbered: &&(u64, Arc<str>)| numbered.0 > self.last;
        let newest = news.newest.iter().flatten().filter(is_new).map(|(_, json)| json);
        let told: Vec<Arc<str>> = news.kept[self.kept..].iter().chain(newest).cloned().collect();
        if told.is_empty() && news.is_closed {
            return None;
        }
        (self.kept, self.last) = (news.kept.len(), news.last);
        Some(told)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.feed.news().viewers -= 1;
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
        assert_eq!(told(&mut early).expect("news"), ["epoch 1", "step 2", "stopping"]);
        assert!(told(&mut early).expect("it goes on").is_empty());
        feed.keep("epoch 2".into());
        assert_eq!(told(&mut early).expect("news"), ["epoch 2"]);
        let mut late = feed.viewer().expect("room");
        assert_eq!(told(&mut late).expect("news"), ["epoch 1", "epoch 2", "step 2", "stopping"]);
        feed.replace(Kind::State, "end".into());
        feed.close(Duration::ZERO);
        assert_eq!(told(&mut late).expect("news"), ["end"]);
        assert_eq!(told(&mut late), None);
    }

    /// The training does not wait, even if a viewer looks at the news at this moment.
    #[test]
    fn nothing_is_stored_at_once_while_another_thread_has_the_news() {
        let feed = Arc::new(Feed::default());
        let mut epochs = vec!["epoch 1".to_owned()];
        let looking = feed.news();
        feed.try_keep(&mut epochs);
        feed.try_replace(Kind::Step, "step 1".into());
        drop(looking);
        let mut viewer = feed.viewer().expect("room");
        assert_eq!((told(&mut viewer), epochs.len()), (Some(Vec::new()), 1));
        feed.try_keep(&mut epochs);
        feed.try_replace(Kind::Step, "step 2".into());
        assert_eq!(told(&mut viewer).expect("news"), ["epoch 1", "step 2"]);
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
            while let Some(news) = viewer.next(Duration::from_secs(60)) {
                all.extend(news);
            }
            all.len()
        });
        feed.replace(Kind::State, "end".into());
        feed.close(Duration::from_secs(60));
        assert_eq!(feed.viewers(), 0);
        assert_eq!(reader.join().expect("it ends"), 1);
    }
}
