//! Samples as the network gets them, for methods without a network: scaled, the columns of a table encoded, and a
//! missing value replaced by the mean of its place.

use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::{Array2, ArrayView1, Axis};

use crate::CHUNK;

/// The samples with these numbers in the units of the network. Missing values are NaN.
pub(crate) fn rows(model: &Model, samples: &Samples, numbers: &[u32]) -> Array2<f32> {
    let mut all = Array2::zeros((numbers.len(), model.spec().features()));
    for (numbers, mut to) in numbers.chunks(CHUNK).zip(all.axis_chunks_iter_mut(Axis(0), CHUNK)) {
        to.assign(&model.scaled(samples.exact_rows(numbers).view()));
    }
    all
}

/// The mean of the known values of each column. 0 if there is none.
pub(crate) fn means(rows: &Array2<f32>) -> Vec<f32> {
    rows.columns().into_iter().map(known_mean).collect()
}

fn known_mean(values: ArrayView1<f32>) -> f32 {
    let known = || values.iter().filter(|value| !value.is_nan());
    (known().map(|&value| f64::from(value)).sum::<f64>() / known().count().max(1) as f64) as f32
}

/// Replaces missing values by the mean of their column.
pub(crate) fn fill(rows: &mut Array2<f32>, means: &[f32]) {
    for mut row in rows.rows_mut() {
        row.iter_mut().zip(means).filter(|(value, _)| value.is_nan()).for_each(|(value, mean)| *value = *mean);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::{fill, means};

    #[test]
    fn a_missing_value_counts_as_the_mean_of_its_place() {
        let mut rows = array![[1.0, f32::NAN, f32::NAN], [f32::NAN, 4.0, f32::NAN], [2.0, 6.0, f32::NAN]];
        let means = means(&rows);
        assert_eq!(means, [1.5, 5.0, 0.0]);
        fill(&mut rows, &means);
        assert_eq!(rows, array![[1.0, 5.0, 0.0], [1.5, 4.0, 0.0], [2.0, 6.0, 0.0]]);
    }
}
