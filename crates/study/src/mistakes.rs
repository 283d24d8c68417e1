//! Known mistakes, planted on purpose, and what finds them.

mod dense;
mod draws;
mod images;
mod losses;
mod mistake;
mod mystery;
mod planted;
mod recurrent;
mod render;
mod sampler;
mod unseen;

use crate::Error;

pub(crate) use dense::plant as plant_in_dense;
pub use mistake::{Mistake, Planting, Property};
pub use mystery::{Compared, Mystery};
pub(crate) use planted::Planted;
pub use render::{json, text};
pub(crate) use unseen::adam_no_bias_correction;

/// The mistakes that the gradient check sees.
fn seen() -> impl Iterator<Item = &'static Mistake> {
    let layers = dense::MISTAKES.iter().chain(&recurrent::MISTAKES).chain(&images::MISTAKES);
    layers.chain(&draws::MISTAKES).chain(&losses::MISTAKES)
}

/// Returns one line for each mistake: first those that the gradient check sees, then those that it cannot see.
#[must_use]
pub fn list() -> String {
    let (seen, unseen) = (render::lines(seen()), render::lines(unseen::MISTAKES.iter()));
    format!(
        "  The gradient check sees:\n{seen}  The gradient check cannot see, but a property of the forward pass \
             finds:\n{unseen}"
    )
}

/// Returns the mistake with this name; `all` selects every mistake.
///
/// # Errors
/// If no mistake has this name.
pub fn choose(name: &str) -> Result<Vec<&'static Mistake>, Error> {
    let all = seen().chain(&unseen::MISTAKES);
    let chosen: Vec<_> = all.filter(|mistake| name == "all" || name == mistake.name).collect();
    if chosen.is_empty() {
        return Err(Error::NoSuchMistake { name: name.into(), known: list().trim_end().into() });
    }
    Ok(chosen)
}

/// Returns success if every mistake was found by what should find it.
///
/// # Errors
/// If a mistake was not found by what should find it.
pub fn verdict(planted: &[(&Mistake, Planting)]) -> Result<(), Error> {
    let missed = planted.iter().filter(|(mistake, planting)| !mistake.caught(planting));
    let missed: Vec<_> = missed.map(|(mistake, _)| mistake.name).collect();
    match missed[..] {
        [] => Ok(()),
        _ => Err(Error::NotCaught { names: missed.join(", ") }),
    }
}
