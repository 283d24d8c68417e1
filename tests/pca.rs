//! Principal components against their definition and against values from the real data sets.

use handgrad_analysis::{Pca, psnr::mse};
use handgrad_tests::numbers;
use ndarray::{Array2, array};

/// Samples with a known covariance: the axes are rotated by a known angle, with a known spread.
#[test]
fn the_first_component_is_the_direction_of_the_largest_spread() {
    let (cos, sin) = (0.6_f32, 0.8_f32);
    let samples = Array2::from_shape_fn((400, 2), |(i, j)| {
        // Along (cos, sin) from −2 to 2, across by ∓0.1; the mean is (3, −1).
        let (along, across) = (i as f32 / 100.0 - 1.995, if i % 2 == 0 { 0.1 } else { -0.1 });
        [3.0 + cos * along - sin * across, -1.0 + sin * along + cos * across][j]
    });
    let pca = Pca::fit(samples.view(), 1).expect("fits");
    assert!(pca.shared_subspace(array![[cos, sin]].view()).expect("one direction") > 0.999);
    assert!(pca.shared_subspace(array![[-sin, cos]].view()).expect("one direction") < 0.03);
    assert_eq!(pca.shared_subspace(array![[1.0, 0.0], [0.0, 1.0]].view()), None);
    // The discarded part is the spread across the axis: 0.1 squared, divided by two values.
    let left = mse(samples.as_slice().expect("whole"), pca.reconstruct(samples.view()).as_slice().expect("whole"));
    assert!((left.expect("values") - 0.005).abs() < 1e-4, "{left:?}");
}

#[test]
fn all_components_leave_nothing_out_and_fewer_leave_more() {
    let samples = Array2::from_shape_vec((50, 7), numbers(350, 3)).expect("350 numbers");
    let left = |k: usize| {
        let back = Pca::fit(samples.view(), k).expect("fits").reconstruct(samples.view());
        mse(samples.as_slice().expect("whole"), back.as_slice().expect("whole")).expect("values")
    };
    assert!(left(7) < 1e-13);
    assert!((0..7).all(|k| left(k) > left(k + 1)));
    assert!(Pca::fit(samples.view(), 8).is_none());
    assert!(Pca::fit(Array2::zeros((0, 3)).view(), 1).is_none());
}
