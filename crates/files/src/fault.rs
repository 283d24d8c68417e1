//! Fault injection: tests use it to make the n-th file operation of a kind fail, for any file.
//!
//! All file operations of this project go through [this crate](crate), which calls this module first. Outside tests
//! no fault is set, and the call only reads an atomic.

use std::io::{self, ErrorKind};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable that sets a fault for the command, in the format of [`Fault`]: `write:7:full`.
pub const VARIABLE: &str = "HANDGRAD_FAULT";

/// A kind of file operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A file or a folder is created.
    Create,
    /// Bytes are written to a file.
    Write,
    /// Buffered bytes are passed to the operating system.
    Flush,
    /// The file is synchronised with the disk.
    Sync,
    /// A finished file gets its name.
    Rename,
    /// A file is opened for reading, or bytes are read.
    Read,
    /// A file or a folder is removed.
    Remove,
}

impl Operation {
    /// All values with their names.
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
    /// The disk is full from this operation on: create, write, flush, sync and rename fail.
    Full,
    /// Only this operation fails: permission denied.
    Denied,
    /// Half of the bytes are written, and only the next operation fails because the disk is full. A read returns half
    /// of the bytes, and no other operation fails.
    Short,
}

impl Failure {
    /// All values with their names.
    pub const ALL: [(&'static str, Self); 3] = [("full", Self::Full), ("denied", Self::Denied), ("short", Self::Short)];
}

/// Makes the operation number `nth` of a kind fail, counted from 1. The text format is `write:7:full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of operation.
    pub operation: Operation,
    /// The number of the operation.
    pub nth: u64,
    /// The kind of failure.
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
        parse().ok_or_else(|| format!("{VARIABLE}: found {text:?}, where a fault such as write:7:full was expected"))
    }
}

static IS_SET: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<Option<State>> = Mutex::new(None);

struct State {
    fault: Fault,
    seen: u64,
    /// Whether the next operation fails, after a short write.
    rest_fails: bool,
}

/// Sets a fault for the whole process, or none. Returns whether the previous fault has occurred.
pub fn set(fault: Option<Fault>) -> bool {
    let mut state = STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    IS_SET.store(fault.is_some(), Ordering::Relaxed);
    let before = std::mem::replace(&mut *state, fault.map(|fault| State { fault, seen: 0, rest_fails: false }));
    before.is_some_and(|before| before.seen >= before.fault.nth)
}

/// Sets the fault of the environment variable [`VARIABLE`], which only tests use.
///
/// # Errors
/// If the value is not a valid fault.
pub fn from_environment() -> Result<(), String> {
    if let Some(text) = std::env::var_os(VARIABLE) {
        set(Some(text.to_string_lossy().parse()?));
    }
    Ok(())
}

/// Returns an error if this operation must fail.
pub(crate) fn ask(operation: Operation) -> io::Result<()> {
    of_bytes(operation, 0).map(|_| ())
}

/// Returns how many of `count` bytes may be written or read, or an error if this operation must fail.
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
    // Opening a file or listing a folder cannot be done by half.
    let nothing_to_halve = fault.failure == Failure::Short && operation == Operation::Read && count < 2;
    if operation != fault.operation || nothing_to_halve {
        return Ok(count);
    }
    *seen += 1;
    if *seen != fault.nth {
        return Ok(count);
    }
    // This line is for the tests, which increase `nth` until no fault occurs.
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
