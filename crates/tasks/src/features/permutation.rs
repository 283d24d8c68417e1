//! How much the error of the model grows if an input tells nothing any more, because its values are shuffled.
//!
//! ```text
//! π              a random order of the rows, another one for each group of inputs
//! x^g_ri         x_π(r)i for the inputs i of the group g, x_ri for all others
//! score of g  =  E(x^g) − E(x),    E(x′) = Σ_r ‖f(x′_r) − x_r‖²,   f the network
//! ```
//!
//! Each pixel is a group of its own. The inputs of one column of a table are a group: a category has an input for each
//! class, of which one is 1, and these tell the same. If only one of them were shuffled, the others would still tell
//! the class, and rows of no class or of two classes would arise. All inputs of a column get the score of the column.
//!
//! Source: Breiman, "Random forests", Machine Learning 45 (2001), section 10.

use std::ops::Range;

use handgrad_analysis::Random;
use handgrad_models::Model;
use ndarray::{Array2, ArrayView2, Axis};

use crate::Error;
use crate::columns::surprise::starts;

/// The samples whose inputs are shuffled.
const SHUFFLED: usize = 100;

/// Returns the score of each input of the model, measured on the first of `rows`, which are in the units of the
/// network.
pub(super) fn scores(model: &Model, rows: &Array2<f32>, seed: u64) -> Result<Vec<f64>, Error> {
    let rows = rows.slice_axis(Axis(0), (..SHUFFLED.min(rows.nrows())).into());
    let groups: Vec<Range<usize>> = match &model.spec().table {
        Some(schema) => starts(schema).windows(2).map(|ends| ends[0]..ends[1]).collect(),
        None => (0..rows.ncols()).map(|input| input..input + 1).collect(),
    };
    let error = |x: ArrayView2<f32>| -> Result<f64, Error> {
        let told = model.network().predict(model.weights(), x)?;
        Ok(told.iter().zip(&rows).map(|(&told, &x)| (f64::from(told) - f64::from(x)).powi(2)).sum())
    };
    let growths = growths(rows, &groups, seed, error)?;
    Ok(groups.into_iter().zip(growths).flat_map(|(group, growth)| group.map(move |_| growth)).collect())
}

/// How much `error` grows if the columns of a group are shuffled, all of them in the same order.
fn growths(
    rows: ArrayView2<f32>,
    groups: &[Range<usize>],
    seed: u64,
    error: impl Fn(ArrayView2<f32>) -> Result<f64, Error>,
) -> Result<Vec<f64>, Error> {
    let mut places: Vec<usize> = (0..rows.nrows()).collect();
    let mut random = Random::new(seed, 3);
    let mut shuffled = rows.to_owned();
    let plain = error(rows)?;
    let mut growths = Vec::new();
    for group in groups {
        random.shuffle(&mut places);
        for input in group.clone() {
            places.iter().enumerate().for_each(|(to, &from)| shuffled[[to, input]] = rows[[from, input]]);
        }
        growths.push(error(shuffled.view())? - plain);
        group.clone().for_each(|input| shuffled.column_mut(input).assign(&rows.column(input)));
    }
    Ok(growths)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2};

    use super::growths;

    /// Inputs 0 and 1 belong to one category: one of them is 1. Input 2 is a number.
    fn rows() -> Array2<f32> {
        Array2::from_shape_fn((50, 3), |(row, input)| match input {
            0 => (row % 2) as f32,
            1 => 1.0 - (row % 2) as f32,
            _ => row as f32,
        })
    }

    /// How many rows are of no class or of two classes.
    fn broken(x: ArrayView2<f32>) -> f64 {
        x.rows().into_iter().filter(|row| row[0] + row[1] != 1.0).count() as f64
    }

    #[test]
    fn the_inputs_of_a_category_are_shuffled_together() {
        let rows = rows();
        let found = growths(rows.view(), &[0..2, 2..3], 7, |x| Ok(broken(x))).expect("counted");
        assert_eq!(found, [0.0, 0.0], "every row still has one class");
        let alone = growths(rows.view(), &[0..1, 1..2], 7, |x| Ok(broken(x))).expect("counted");
        assert!(alone.iter().all(|&broken| broken > 5.0), "{alone:?}");
        // The columns are shuffled at all, one group at a time, and put back.
        let moved = |x: ArrayView2<f32>, inputs: &[usize]| {
            let differs = |row: &usize| inputs.iter().any(|&input| x[[*row, input]] != rows[[*row, input]]);
            (0..50).filter(differs).count() as f64
        };
        let category = growths(rows.view(), &[0..2, 2..3], 7, |x| Ok(moved(x, &[0, 1]))).expect("counted");
        assert!(category[0] > 10.0 && category[1] == 0.0, "{category:?}");
        let number = growths(rows.view(), &[0..2, 2..3], 7, |x| Ok(moved(x, &[2]))).expect("counted");
        assert!(number[0] == 0.0 && number[1] > 40.0, "{number:?}");
    }
}
