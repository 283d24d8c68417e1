//! The seam at which tests make the disk fail: the n-th operation of a kind, whichever file it is about.
//!
//! Everything that this project does with files goes through [this crate](crate), and asks here first. Outside tests
//! nothing is set, and asking is one look at an atomic.

use std::io::{self, ErrorKind};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable that sets a fault for the command, as [`Fault`] is written: `write:7:full`.
pub const VARIABLE: &str = "HANDGRAD_FAULT";

/// What is done with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A file or a folder is made.
    Create,
    /// Bytes are handed over.
    Write,
    /// They leave the program.
    Flush,
    /// They are put on the disk.
    Sync,
    /// A finished file gets its name.
    Rename,
    /// A file is opened to be read, or bytes are asked for.
    Read,
    /// A file or a folder is removed.
    Remove,
}

impl Operation {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 7] = [
        ("create", Self::Create),
        ("write", Self::Write),
        ("flush", Self::Flush),
        ("sync", Self::Sync),
        ("rename", Self::Rename),
        ("read", Self::Read),
        ("remove", Self::Remove),
    ];
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no room left, now and from then on: nothing more can be made, written, flushed, put on the disk or
    /// renamed.
    Full,
    /// It is not allowed, this once.
    Denied,
    /// Half of it is done; what comes next finds no room, this once. Of a read, half is given and no more is wrong.
    Short,
}

impl Failure {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 3] = [("full", Self::Full), ("denied", Self::Denied), ("short", Self::Short)];
}

/// Of the operations of a kind, the number `nth`, counted from 1, fails. Written `write:7:full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub operation: Operation,
    /// Which one.
    pub nth: u64,
    /// How.
    pub failure: Failure,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (operation, rest) = text.split_once(':')?;
            let (nth, failure) = rest.split_once(':')?;
            let operation = Operation::ALL.iter().find(|(name, _)| *name == operation)?.1;
            let failure = Failure::ALL.iter().find(|(name, _)| *name == failure)?.1;
            Some(Self { operation, nth: nth.parse().ok().filter(|&nth| nth > 0)?, failure })
        };
        parse().ok_or_else(|| format!("{VARIABLE}: found {text:?}, where for instance write:7:full was expected"))
    }
}

static IS_SET: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<Option<State>> = Mutex::new(None);

struct State {
    fault: Fault,
    seen: u64,
    /// The other half of a short write is to fail.
    rest_fails: bool,
}

/// Sets a fault for the whole process, or none. Says whether the one before has come about.
pub fn set(fault: Option<Fault>) -> bool {
    let mut state = STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    IS_SET.store(fault.is_some(), Ordering::Relaxed);
    let before = std::mem::replace(&mut *state, fault.map(|fault| State { fault, seen: 0, rest_fails: false }));
    before.is_some_and(|before| before.seen >= before.fault.nth)
}

/// Sets the fault that the environment names, which only tests do.
///
/// # Errors
/// If it names none that there is.
pub fn from_environment() -> Result<(), String> {
    if let Some(text) = std::env::var_os(VARIABLE) {
        set(Some(text.to_string_lossy().parse()?));
    }
    Ok(())
}

/// Asks whether an operation may go on.
pub(crate) fn ask(operation: Operation) -> io::Result<()> {
    of_bytes(operation, 0).map(|_| ())
}

/// Asks how many of so many bytes may be written or read.
pub(crate) fn of_bytes(operation: Operation, count: usize) -> io::Result<usize> {
    if IS_SET.load(Ordering::Relaxed) { decide(operation, count) } else { Ok(count) }
}

#[cold]
fn decide(operation: Operation, count: usize) -> io::Result<usize> {
    let mut state = STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let Some(State { fault, seen, rest_fails }) = state.as_mut() else { return Ok(count) };
    let full = || Err(ErrorKind::StorageFull.into());
    if std::mem::take(rest_fails) && operation != Operation::Read {
        return full();
    }
    let needs_room = !matches!(operation, Operation::Read | Operation::Remove);
    if fault.failure == Failure::Full && *seen >= fault.nth && needs_room {
        return full();
    }
    // Half of what is opened or listed would be all of it.
    let nothing_to_halve = fault.failure == Failure::Short && operation == Operation::Read && count < 2;
    if operation != fault.operation || nothing_to_halve {
        return Ok(count);
    }
    *seen += 1;
    if *seen != fault.nth {
        return Ok(count);
    }
    // For the tests, which go on until no fault comes about.
    eprintln!("fault: {fault:?}");
    match fault.failure {
        Failure::Full => full(),
        Failure::Denied => Err(ErrorKind::PermissionDenied.into()),
        Failure::Short if operation == Operation::Read => Ok(count.div_ceil(2)),
        Failure::Short if count > 1 => {
            *rest_fails = true;
            Ok(count / 2)
        }
        Failure::Short => full(),
    }
}
