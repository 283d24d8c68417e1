//! Known mistakes, planted beside the right line, and what finds them.

mod mistake;
mod planted;
mod render;
mod sampler;
mod seen;
mod unseen;

use crate::Error;

pub use mistake::{Mistake, Planting, Property};
pub use render::{json, text};

/// A line for each mistake: those that the gradient check sees, then those that it cannot see.
#[must_use]
pub fn list() -> String {
    let (seen, unseen) = (render::lines(&seen::MISTAKES), render::lines(&unseen::MISTAKES));
    format!("  The check sees:\n{seen}  The check cannot see, but a property of the forward pass does:\n{unseen}")
}

/// The mistake of this name; `all` chooses every mistake.
///
/// # Errors
/// If there is none.
pub fn choose(name: &str) -> Result<Vec<&'static Mistake>, Error> {
    let all = seen::MISTAKES.iter().chain(&unseen::MISTAKES);
    let chosen: Vec<_> = all.filter(|mistake| name == "all" || name == mistake.name).collect();
    if chosen.is_empty() {
        return Err(Error::NoSuchMistake { name: name.into(), known: list().trim_end().into() });
    }
    Ok(chosen)
}

/// Success where every mistake was caught as it should be.
///
/// # Errors
/// If one was not.
pub fn verdict(planted: &[(&Mistake, Planting)]) -> Result<(), Error> {
    let missed = planted.iter().filter(|(mistake, planting)| !mistake.caught(planting));
    let missed: Vec<_> = missed.map(|(mistake, _)| mistake.name).collect();
    match missed[..] {
        [] => Ok(()),
        _ => Err(Error::NotCaught { names: missed.join(", ") }),
    }
}
