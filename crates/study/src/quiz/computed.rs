//! Values to compute, with numbers that the seed varies. Each is computed by the functions that train.

mod dense;
mod images;
mod sequences;
mod uses;

use handgrad_analysis::Random;

use super::question::Question;

/// Returns the questions of a chapter.
pub fn questions(chapter: usize, random: &mut Random) -> Vec<Question> {
    match chapter {
        0 => dense::chain_rule(random),
        1 => dense::losses(random),
        2 => dense::autoencoder(random),
        3 => dense::code_size(random),
        4 => images::convolution(random),
        5 => uses::denoising(random),
        6 => uses::sparse(random),
        7 => uses::variational(random),
        8 => sequences::recurrence(random),
        9 => sequences::gates(random),
        10 => uses::codes(random),
        _ => Vec::new(),
    }
}

/// Returns a number with one decimal from `low` to `high`, given in tenths; never 0.
fn tenths(random: &mut Random, low: i32, high: i32) -> f64 {
    let drawn = low + random.below((high - low + 1) as usize) as i32;
    f64::from(if drawn == 0 { high } else { drawn }) / 10.0
}

/// Returns a number with one decimal from −2 to 2; never 0.
pub(super) fn number(random: &mut Random) -> f64 {
    tenths(random, -20, 20)
}

/// Returns one of the numbers.
fn one_of<const N: usize>(random: &mut Random, numbers: [usize; N]) -> usize {
    numbers[random.below(N)]
}

/// Writes values with their names: `x₁ = 0.3, x₂ = −1`.
fn listed(known: &[(&str, f64)]) -> String {
    let one = |(name, value): &(&str, f64)| format!("{name} = {value}").replace('-', "−");
    known.iter().map(one).collect::<Vec<_>>().join(", ")
}
