//! Fork and join for threads that stay awake between one piece of work and the next.
//!
//! ```text
//! gather      the calling thread leads, and the members of the team, which sit in a loop, do what it offers
//! join(a, b)  the thread offers b to the seat in the middle of its range, runs a, and
//!             takes b back and runs it too, if nobody has begun it
//! ```
//!
//! A step of a small network takes 100 µs and has several pieces of work for each thread. Waking a thread of a pool
//! costs several microseconds each time. A thread in its seat instead finds work within a fraction of a microsecond.
//! Nobody ever waits for work that has not begun: if another program has the core of a thread, the others do the work
//! that it has not begun. A member without work soon lets other threads run, and then falls asleep.

use std::any::Any;
use std::cell::Cell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Thread, available_parallelism, current, park, sleep, yield_now};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Number of times that a waiting thread looks for a change before it lets other threads run: some 20 µs.
const LOOKS: u32 = 500;
/// Number of times that a member without work then lets others run before it falls asleep: some milliseconds.
const YIELDS: u32 = 5000;
/// The same if there are more threads than cores.
const YIELDS_IN_A_CROWD: u32 = 50;
/// If letting others run takes longer than this, others have the core; a thread that sleeps gets it back sooner.
const LONG: Duration = Duration::from_micros(200);
/// Number of waits after that for which threads fall asleep at once.
const WAITS_IN_A_CROWD: u32 = 1000;
/// How long a leader sleeps in a crowd before it looks again.
const NAP: Duration = Duration::from_micros(30);

/// Threads that work together. See the [module](self).
#[derive(Debug)]
pub struct Team {
    seats: Arc<Seats>,
    /// The threads of the members, which do nothing else. `None` if there are none.
    members: Option<ThreadPool>,
}

/// The seats of a team, one for each thread.
#[derive(Debug)]
struct Seats {
    seats: Box<[Seat]>,
    is_led: AtomicBool,
    is_timed: AtomicBool,
    timings: Mutex<Vec<Timing>>,
    /// Whether the members must leave.
    is_over: AtomicBool,
    /// How often a waiting thread looks before it lets others run.
    looks: u32,
    /// How often a member then lets others run before it falls asleep.
    yields: u32,
    /// For how many more waits threads fall asleep at once, because other programs use the cores.
    crowded: AtomicU32,
}

/// Where a member finds the work that it is offered. Each seat has cache lines of its own.
#[repr(align(128))]
#[derive(Debug)]
struct Seat {
    offered: AtomicPtr<Job>,
    /// Whether the member must be woken up.
    is_asleep: AtomicBool,
    /// The member, if there is one.
    member: Mutex<Option<Thread>>,
}

impl Seat {
    fn new() -> Self {
        Self { offered: AtomicPtr::new(null_mut()), is_asleep: AtomicBool::new(false), member: Mutex::new(None) }
    }

    /// Wakes the member up if it is asleep. The caller has changed something that the member waits for.
    fn wake(&self) {
        // The order of this load and of the change before it must be the same for both threads.
        if self.is_asleep.load(Ordering::SeqCst) {
            self.is_asleep.store(false, Ordering::Relaxed);
            if let Some(member) = &*self.member.lock().unwrap_or_else(PoisonError::into_inner) {
                member.unpark();
            }
        }
    }
}

/// The part of an offer that does not depend on the type of the work.
struct Job {
    /// Runs the work of the offer that this is the first field of.
    run: unsafe fn(*mut Job),
    /// Whether the work is done.
    is_done: AtomicBool,
}

/// A piece of work on the stack of the thread that offers it.
#[repr(C)]
struct Offer<'t, F, R> {
    job: Job,
    hands: Hands<'t>,
    work: Option<F>,
    result: Option<Result<R, Box<dyn Any + Send>>>,
}

/// How long the leader took for its own share of a part, and how long it then waited for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The part, as [`Hands::name_part`] named it.
    pub part: &'static str,
    /// The number of the layer that it belongs to.
    pub layer: usize,
    /// The time of the leader's own share.
    pub own: Duration,
    /// The time for which it waited after that.
    pub waited: Duration,
}

/// Some neighbouring seats of a team, of which the first belongs to the thread that may offer work to the others.
#[derive(Debug)]
pub struct Hands<'t> {
    seats: &'t Seats,
    first: usize,
    count: usize,
    part: (&'static str, usize),
}

impl Team {
    /// A team of as many threads as the current rayon pool has: the one that leads, and members of its own. If the
    /// system cannot start threads, there are no members.
    #[must_use]
    pub fn new() -> Self {
        let threads = rayon::current_num_threads();
        let has_cores = available_parallelism().is_ok_and(|cores| cores.get() >= threads);
        let seats = Arc::new(Seats {
            seats: (0..threads).map(|_| Seat::new()).collect(),
            is_led: AtomicBool::new(false),
            is_timed: AtomicBool::new(false),
            timings: Mutex::new(Vec::new()),
            is_over: AtomicBool::new(false),
            looks: if has_cores { LOOKS } else { 1 },
            yields: if has_cores { YIELDS } else { YIELDS_IN_A_CROWD },
            crowded: AtomicU32::new(0),
        });
        let members = match threads {
            1 => None,
            _ => ThreadPoolBuilder::new().num_threads(threads - 1).build().ok(),
        };
        if let Some(members) = &members {
            let seats = Arc::clone(&seats);
            members.spawn_broadcast(move |member| seats.wait_for_work(member.index() + 1));
        }
        Self { seats, members }
    }

    /// Calls `lead` with the right to offer work to the members. The result is the same if none of them comes. If this
    /// thread or another one leads the team already, there is nobody to offer work to.
    ///
    /// ```
    /// use handgrad_kernels::team::Team;
    /// let team = Team::new();
    /// let (a, b) = team.gather(|hands| hands.join(|_| 2 + 3, |_| 4 * 5));
    /// assert_eq!((a, b), (5, 20));
    /// ```
    pub fn gather<R>(&self, lead: impl FnOnce(&mut Hands<'_>) -> R) -> R {
        let seats = &*self.seats;
        if seats.is_led.swap(true, Ordering::Acquire) {
            return lead(&mut Hands { seats, first: 0, count: 1, part: ("", 0) });
        }
        // Also if `lead` panics, others can lead afterwards.
        let _leading = Leading { seats, seat: SEAT.replace(0) };
        lead(&mut Hands { seats, first: 0, count: seats.seats.len(), part: ("", 0) })
    }

    /// Times the parts of the work from now on, or no longer. Without this, nothing is measured.
    pub fn set_timed(&self, is_timed: bool) {
        self.seats.is_timed.store(is_timed, Ordering::Relaxed);
    }

    /// Returns the parts that were timed since the last call, in order. Work that one thread does alone is not timed.
    #[must_use]
    pub fn timings(&self) -> Vec<Timing> {
        std::mem::take(&mut *self.seats.timings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Team {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.seats.is_over.store(true, Ordering::SeqCst);
        self.seats.seats.iter().for_each(Seat::wake);
        // The threads of the pool end when it is dropped.
        drop(self.members.take());
    }
}

thread_local! {
    static SEAT: Cell<usize> = const { Cell::new(0) };
}

/// Returns the number of this thread in the team that it works for, counted from 0, which is the leader.
#[must_use]
pub fn seat() -> usize {
    SEAT.get()
}

impl Seats {
    fn wait_for_work(&self, number: usize) {
        SEAT.set(number);
        let seat = &self.seats[number];
        *seat.member.lock().unwrap_or_else(PoisonError::into_inner) = Some(current());
        let mut looked = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            let offered = !seat.offered.load(Ordering::SeqCst).is_null();
            // The offer may have been taken back and another one made meanwhile, so the pointer is read once more.
            let job = if offered { seat.offered.swap(null_mut(), Ordering::Acquire) } else { null_mut() };
            if !job.is_null() {
                // SAFETY: the offer was taken from the seat, so the thread that made it now waits until it is done.
                unsafe { ((*job).run)(job) };
                looked = 0;
            } else if looked < self.looks || (looked < self.looks + self.yields && !self.is_crowded()) {
                self.pause(&mut looked);
            } else if seat.is_asleep.swap(true, Ordering::SeqCst) {
                // It was marked as asleep before it looked once more, so nothing was missed.
                park();
            }
        }
    }

    /// Waits a moment; after many of them, lets other threads run.
    fn pause(&self, looked: &mut u32) {
        *looked = looked.saturating_add(1);
        if *looked < self.looks {
            spin_loop();
        } else if self.is_crowded() {
            sleep(NAP);
        } else {
            let start = Instant::now();
            yield_now();
            if start.elapsed() > LONG {
                self.crowded.store(WAITS_IN_A_CROWD, Ordering::Relaxed);
            }
        }
    }

    /// Whether other programs used the cores not long ago. Each call counts as one wait, more or less.
    fn is_crowded(&self) -> bool {
        let waits = self.crowded.load(Ordering::Relaxed);
        self.crowded.store(waits.saturating_sub(1), Ordering::Relaxed);
        waits > 0
    }
}

/// Says that somebody leads the team, until it is dropped.
struct Leading<'t> {
    seats: &'t Seats,
    /// The seat of this thread in another team.
    seat: usize,
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.seats.is_led.store(false, Ordering::Release);
        SEAT.set(self.seat);
    }
}

impl<'t> Hands<'t> {
    /// Names the part of the work that is divided next, for [`Team::timings`].
    pub fn name_part(&mut self, part: &'static str, layer: usize) {
        self.part = (part, layer);
    }

    /// Number of threads that may work.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Calls `a` on this thread and `b` on another one, or on this one too if the other does not come in time. Each
    /// of them gets a share of the hands; that of `a` is the smaller half. The same piece of work comes to the same
    /// thread whenever that thread is awake, and so it finds its data in its cache.
    ///
    /// # Panics
    /// If `a` or `b` panics, after none of them runs any longer.
    pub fn join<A, B, FA, FB>(&mut self, a: FA, b: FB) -> (A, B)
    where
        B: Send,
        FA: FnOnce(&mut Hands<'t>) -> A,
        FB: FnOnce(&mut Hands<'t>) -> B + Send,
    {
        let Self { seats, first, count, part } = *self;
        if count == 1 {
            return (a(self), b(self));
        }
        let mut left = Hands { seats, first, count: count / 2, part };
        let right = Hands { seats, first: first + count / 2, count: count - count / 2, part };
        let seat = &seats.seats[right.first];
        let job = Job { run: run::<FB, B>, is_done: AtomicBool::new(false) };
        let mut offer = Offer { job, hands: right, work: Some(b), result: None };
        let job = (&raw mut offer).cast::<Job>();
        let is_timed = count == seats.seats.len() && seats.is_timed.load(Ordering::Relaxed);
        let start = is_timed.then(Instant::now);
        seat.offered.store(job, Ordering::SeqCst);
        seat.wake();
        let of_a = catch_unwind(AssertUnwindSafe(|| a(&mut left)));
        let end_of_a = is_timed.then(Instant::now);
        if seat.offered.compare_exchange(job, null_mut(), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            // SAFETY: the pointer is that of the offer above, which has the types of `run`. It came back from the
            // seat, so no other thread has it.
            unsafe { run::<FB, B>(job) };
        } else {
            let mut looked = 0;
            // SAFETY: the other thread only sets this flag of the job, which is atomic.
            while !unsafe { &(*job).is_done }.load(Ordering::Acquire) {
                seats.pause(&mut looked);
            }
        }
        if let (Some(start), Some(end)) = (start, end_of_a) {
            let timing = Timing { part: part.0, layer: part.1, own: end - start, waited: end.elapsed() };
            seats.timings.lock().unwrap_or_else(PoisonError::into_inner).push(timing);
        }
        match (of_a, offer.result) {
            (Ok(a), Some(Ok(b))) => (a, b),
            (Err(panic), _) | (_, Some(Err(panic))) => resume_unwind(panic),
            (Ok(_), None) => unreachable!("the work is done"),
        }
    }
}

/// Runs the work of an offer and then marks it as done.
///
/// # Safety
/// `job` is the first field of an `Offer<F, R>` that lives until it is done. Until then other threads only look whether
/// it is done.
unsafe fn run<'t, F: FnOnce(&mut Hands<'t>) -> R, R>(job: *mut Job) {
    let offer = job.cast::<Offer<'t, F, R>>();
    // SAFETY: guaranteed by the caller. The references are to single fields, because the thread that made the offer
    // looks at the job at the same time. They end before the offer is marked as done.
    unsafe {
        let (hands, work, result) = (&mut (*offer).hands, &mut (*offer).work, &mut (*offer).result);
        *result = work.take().map(|work| catch_unwind(AssertUnwindSafe(|| work(hands))));
    }
    // SAFETY: as above. After this the thread that made the offer may end it.
    unsafe { (*job).is_done.store(true, Ordering::Release) };
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{Hands, Team};

    /// Σ of the numbers, divided among the hands down to single numbers.
    fn sum(numbers: &[u64], hands: &mut Hands) -> u64 {
        if numbers.len() <= 1 {
            return numbers.iter().sum();
        }
        let (left, right) = numbers.split_at(numbers.len() / 2);
        let (left, right) = hands.join(|hands| sum(left, hands), |hands| sum(right, hands));
        left + right
    }

    fn on<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
    }

    #[test]
    fn every_piece_of_work_is_done_once() {
        let numbers: Vec<u64> = (0..257).collect();
        for threads in [1, 2, 3, 4, 7, 16] {
            on(threads, || {
                let team = Team::new();
                for _ in 0..20 {
                    let sums = team.gather(|hands| [(); 50].map(|()| sum(&numbers, hands)));
                    assert_eq!(sums, [256 * 257 / 2; 50]);
                }
            });
        }
    }

    #[test]
    fn members_sleep_and_wake_up() {
        let pause = || std::thread::sleep(std::time::Duration::from_millis(30));
        on(4, || {
            Team::new().gather(|hands| {
                for _ in 0..5 {
                    pause();
                    assert_eq!(sum(&[1, 2, 3, 4, 5], hands), 15);
                }
            });
        });
    }

    #[test]
    fn leaders_do_not_wait_for_each_other() {
        on(3, || {
            let team = Team::new();
            let lead = || team.gather(|hands| team.gather(|inner| (sum(&[1, 2, 3], hands), inner.count())));
            std::thread::scope(|scope| {
                let leaders: Vec<_> = (0..4).map(|_| scope.spawn(lead)).collect();
                assert!(leaders.into_iter().all(|leader| leader.join().expect("no panic") == (6, 1)));
            });
        });
    }

    /// A leader may use rayon while it leads.
    #[test]
    fn a_leader_may_wait_for_rayon() {
        on(4, || {
            let team = Team::new();
            let pause = || std::thread::sleep(std::time::Duration::from_micros(100));
            for _ in 0..300 {
                team.gather(|hands| {
                    rayon::join(|| (), || rayon::join(pause, || rayon::join(pause, pause)));
                    assert_eq!(sum(&[1, 2, 3], hands), 6);
                });
            }
        });
    }

    #[test]
    fn a_panic_comes_to_the_leader_after_all_work_is_done() {
        on(2, || {
            let team = Team::new();
            for (of_a, of_b) in [(true, false), (false, true), (true, true)] {
                let mut done = [false; 2];
                let [a, b] = &mut done;
                let work = |fails: bool, done: &mut bool| {
                    *done = true;
                    assert!(!fails, "on purpose");
                };
                let second = work;
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    team.gather(|hands| hands.join(|_| work(of_a, a), |_| second(of_b, b)));
                }));
                assert!(outcome.is_err() && done == [true; 2]);
                assert_eq!(team.gather(|hands| sum(&[1, 2, 3], hands)), 6);
            }
        });
    }
}
