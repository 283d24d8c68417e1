//! The hot loops against their versions in plain Rust, against matrixmultiply, and against f64.

use handgrad_kernels::{
    BatchRows, Finish, Level, Scalar, level, matmul, matmul_bias, matmul_nt, matmul_tn, reference, rivals,
};
use handgrad_tests::numbers;
use rayon::prelude::*;

/// The product of matrixmultiply: the external reference for the bits. Strides are (row, column).
fn oracle(sizes: [usize; 3], a: &[f32], sa: [usize; 2], b: &[f32], sb: [usize; 2]) -> Vec<f32> {
    let mut c = vec![f32::NAN; sizes[0] * sizes[2]];
    rivals::matrixmultiply(sizes, a, sa, b, sb, &mut c);
    c
}

fn check(m: usize, k: usize, n: usize) {
    let (x, w, d) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m * n, 3));
    let nan = |len: usize| vec![f32::NAN; len];

    let (mut y, mut twin) = (nan(m * n), nan(m * n));
    matmul(&x, &w, &mut y, k, n);
    reference::matmul(&x, &w, &mut twin, k, n);
    assert_eq!(y, twin, "x·w against the twin at {m}×{k}×{n}");
    assert_eq!(y, oracle([m, k, n], &x, [k, 1], &w, [n, 1]), "x·w against matrixmultiply at {m}×{k}×{n}");

    let (mut dx, mut twin) = (nan(m * k), nan(m * k));
    matmul_nt(&d, &w, &mut dx, k, n);
    reference::matmul_nt(&d, &w, &mut twin, k, n);
    assert_eq!(dx, twin, "δ·wᵀ against the twin at {m}×{k}×{n}");
    assert_eq!(dx, oracle([m, n, k], &d, [n, 1], &w, [1, n]), "δ·wᵀ against matrixmultiply at {m}×{k}×{n}");

    let (mut dw, mut twin) = (nan(k * n), nan(k * n));
    matmul_tn(BatchRows::contiguous(&x, k), BatchRows::contiguous(&d, n), 0..k, &mut dw);
    reference::matmul_tn(&x, &d, &mut twin, k, n);
    assert_eq!(dw, twin, "xᵀ·δ against the twin at {m}×{k}×{n}");
    assert_eq!(dw, oracle([k, m, n], &x, [1, k], &d, [n, 1]), "xᵀ·δ against matrixmultiply at {m}×{k}×{n}");
}

#[test]
fn products_equal_their_twins_and_matrixmultiply_bit_for_bit() {
    const SIZES: [usize; 13] = [1, 2, 3, 5, 7, 8, 12, 13, 16, 31, 33, 48, 70];
    for m in SIZES {
        for k in SIZES {
            for n in SIZES {
                check(m, k, n);
            }
        }
    }
    for (m, k, n) in [
        (1, 784, 32),
        (25, 784, 64),
        (97, 32, 784),
        (300, 255, 33),
        (513, 257, 30),
        (64, 512, 100),
        (8, 784, 512),
        (16, 64, 784),
        (130, 784, 128),
        (32, 1000, 500),
        (150, 100, 530),
        (150, 784, 1000),
        (257, 1000, 513),
        (129, 49, 3000),
    ] {
        check(m, k, n);
    }
}

/// All three products at every m, k and n up to 70.
#[test]
fn small_products_equal_matrixmultiply_at_every_size() {
    const LARGEST: usize = 70;
    // If a fused multiply-add is a function call, testing every size takes minutes.
    let step = if level() == Level::Portable { 6 } else { 1 };
    let (x, w, d) = [1, 2, 3].map(|seed| numbers(LARGEST * LARGEST, seed)).into();
    (1..=LARGEST).into_par_iter().for_each(|m| {
        let (mut ours, mut theirs) = (vec![0.0; LARGEST * LARGEST], vec![0.0; LARGEST * LARGEST]);
        for k in (1..=LARGEST).step_by(step) {
            for n in (1..=LARGEST).step_by(step) {
                let (x, w, d) = (&x[..m * k], &w[..k * n], &d[..m * n]);
                let mut compare = |len, ours_into: &dyn Fn(&mut [f32]), theirs_into: &dyn Fn(&mut [f32])| {
                    let (ours, theirs) = (&mut ours[..len], &mut theirs[..len]);
                    ours.fill(f32::NAN);
                    ours_into(ours);
                    theirs_into(theirs);
                    let equal = ours.iter().zip(&*theirs).all(|(ours, theirs)| ours.to_bits() == theirs.to_bits());
                    assert!(equal, "{m}×{k}×{n}: a result of {len} values");
                };
                compare(m * n, &|y| matmul(x, w, y, k, n), &|y| {
                    rivals::matrixmultiply([m, k, n], x, [k, 1], w, [n, 1], y);
                });
                compare(m * k, &|dx| matmul_nt(d, w, dx, k, n), &|dx| {
                    rivals::matrixmultiply([m, n, k], d, [n, 1], w, [1, n], dx);
                });
                let (x_rows, d_rows) = (BatchRows::contiguous(x, k), BatchRows::contiguous(d, n));
                compare(k * n, &|dw| matmul_tn(x_rows, d_rows, 0..k, dw), &|dw| {
                    rivals::matrixmultiply([k, m, n], x, [1, k], d, [n, 1], dw);
                });
            }
        }
    });
}

#[test]
fn the_bias_is_added_to_the_whole_sum_and_relu_keeps_nan() {
    for (m, k, n) in [(1, 3, 1), (13, 20, 37), (25, 300, 16), (12, 784, 33), (4, 0, 5)] {
        let (mut x, w, b) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 4));
        x.iter_mut().take(1).for_each(|x| *x = f32::NAN);
        let mut sum = vec![f32::NAN; m * n];
        reference::matmul(&x, &w, &mut sum, k, n);
        for finish in [Finish::None, Finish::Relu] {
            let mut y = vec![f32::NAN; m * n];
            matmul_bias(&x, &w, &b, finish, &mut y);
            for (place, (&y, &sum)) in y.iter().zip(&sum).enumerate() {
                let z = sum + b[place % n];
                let want = if finish == Finish::Relu && z < 0.0 { 0.0 } else { z };
                assert!(y.to_bits() == want.to_bits() || (y.is_nan() && want.is_nan()), "{m}×{k}×{n}: {y}, not {want}");
            }
        }
    }
}

#[test]
fn empty_dimensions_give_empty_or_zero_results() {
    let mut y = [f32::NAN; 6];
    matmul(&[], &[], &mut y, 0, 3);
    assert_eq!(y, [0.0; 6]);
    let mut dx = [f32::NAN; 6];
    matmul_nt(&[], &[], &mut dx, 3, 0);
    assert_eq!(dx, [0.0; 6]);
    let mut dw = [f32::NAN; 6];
    matmul_tn(BatchRows::new(&[], 0, 2, 0, 1, 0), BatchRows::new(&[], 0, 3, 0, 1, 0), 0..2, &mut dw);
    assert_eq!(dw, [0.0; 6]);
    matmul::<f32>(&[], &[], &mut [], 4, 0);
}

/// Sizes whose product overflows must not be accepted for an empty slice.
#[test]
fn sizes_that_overflow_are_refused() {
    let refused = |f: fn()| assert!(std::panic::catch_unwind(f).is_err());
    refused(|| matmul(&[], &[], &mut [0.0_f32; 512], 1 << 60, 32));
    refused(|| matmul_nt(&[], &[], &mut [0.0_f32; 512], 32, 1 << 60));
    refused(|| assert_eq!(BatchRows::new(&[0.0_f32; 8], 0, 1 << 63, 3, 3, 0).rows(), 3));
    refused(|| assert_eq!(BatchRows::new(&[0.0_f32; 8], 0, 4, 3, 1, 1 << 63).rows(), 3));
    // Overlapping shards: row 19 would be after the last row.
    refused(|| assert_eq!(BatchRows::new(&[0.0_f32; 10], 0, 1, 21, 10, 1).rows(), 21));
}

#[test]
fn slices_need_no_alignment() {
    let (m, k, n) = (14, 40, 33);
    let (x, w) = (numbers(m * k + 1, 1), numbers(k * n + 3, 2));
    let (mut y, mut twin) = (vec![0.0; m * n + 1], vec![0.0; m * n]);
    matmul(&x[1..], &w[3..], &mut y[1..], k, n);
    reference::matmul(&x[1..], &w[3..], &mut twin, k, n);
    assert_eq!(y[1..], twin);
    let d = numbers(m * n + 1, 3);
    let (mut dx, mut twin) = (vec![0.0; m * k + 1], vec![0.0; m * k]);
    matmul_nt(&d[1..], &w[3..], &mut dx[1..], k, n);
    reference::matmul_nt(&d[1..], &w[3..], &mut twin, k, n);
    assert_eq!(dx[1..], twin);
    let (mut dw, mut twin) = (vec![0.0; k * n + 1], vec![0.0; k * n]);
    matmul_tn(BatchRows::contiguous(&x[1..], k), BatchRows::contiguous(&d[1..], n), 0..k, &mut dw[1..]);
    reference::matmul_tn(&x[1..], &d[1..], &mut twin, k, n);
    assert_eq!(dw[1..], twin);
}

#[test]
fn infinities_and_nan_pass_through_a_product() {
    let (m, k, n) = (13, 20, 37);
    let (mut x, w) = (numbers(m * k, 1), numbers(k * n, 2));
    x[0] = f32::INFINITY;
    x[k] = f32::NAN;
    let mut y = vec![0.0; m * n];
    matmul(&x, &w, &mut y, k, n);
    for (j, w) in w[..n].iter().enumerate() {
        assert_eq!(y[j], f32::INFINITY * w.signum());
        assert!(y[n + j].is_nan());
        assert!(y[2 * n + j].is_finite());
    }
    // δ(1, ·) belongs to row 1 of x, which is NaN in column 0: so dw(0, ·) is NaN, and dw(2, ·) is not. The same for
    // dx.
    let d = numbers(m * n, 3);
    let mut dw = vec![0.0; k * n];
    matmul_tn(BatchRows::contiguous(&x, k), BatchRows::contiguous(&d, n), 0..k, &mut dw);
    assert!(dw[..n].iter().all(|dw| dw.is_nan()) && dw[n..].iter().all(|dw| dw.is_finite()));
    let mut dx = vec![0.0; m * 5];
    matmul_nt(&x, &w[..5 * k], &mut dx, 5, k);
    assert!(dx[5..10].iter().all(|dx| dx.is_nan()) && dx[10..].iter().all(|dx| dx.is_finite()));
    assert!(dx[..5].iter().all(|dx| dx.is_infinite()));
}

/// The gradient of a batch does not depend on how its rows are divided into shards, for all rows and for any part of
/// them.
#[test]
fn shards_and_blocks_do_not_change_a_bit() {
    let (m, k, n) = (300, 200, 41);
    let (x, d) = (numbers(m * k, 1), numbers(m * n, 3));
    let mut whole = vec![0.0; k * n];
    reference::matmul_tn(&x, &d, &mut whole, k, n);
    for shard_rows in [1, 7, 64, 299, 300, 1000] {
        let stride = shard_rows * (k + n) + 5;
        let mut memory = vec![f32::NAN; m.div_ceil(shard_rows) * stride];
        for row in 0..m {
            let (shard, row_in) = (row / shard_rows * stride, row % shard_rows);
            memory[shard + row_in * k..][..k].copy_from_slice(&x[row * k..][..k]);
            memory[shard + shard_rows * k + row_in * n..][..n].copy_from_slice(&d[row * n..][..n]);
        }
        let rows = |offset, cols| BatchRows::new(&memory, offset, cols, m, shard_rows, stride);
        for inputs in [0..k, 0..1, 13..14, 3..200, 24..37, 100..200] {
            let mut dw = vec![f32::NAN; inputs.len() * n];
            matmul_tn(rows(0, k), rows(shard_rows * k, n), inputs.clone(), &mut dw);
            assert_eq!(dw, whole[inputs.start * n..inputs.end * n], "{shard_rows} rows a shard, inputs {inputs:?}");
        }
    }
}

/// x and δ may be in shards of different sizes.
#[test]
fn x_and_delta_need_not_be_cut_alike() {
    let (m, k, n) = (40, 13, 37);
    let (x, d) = (numbers(m * k, 1), numbers(m * n, 3));
    let mut whole = vec![0.0; k * n];
    reference::matmul_tn(&x, &d, &mut whole, k, n);
    let spread = |values: &[f32], cols: usize, shard_rows: usize| {
        let stride = shard_rows * cols + 3;
        let mut memory = vec![f32::NAN; m.div_ceil(shard_rows) * stride];
        for (row, values) in values.chunks_exact(cols).enumerate() {
            memory[row / shard_rows * stride + row % shard_rows * cols..][..cols].copy_from_slice(values);
        }
        memory
    };
    for (x_rows, d_rows) in [(30, 10), (10, 30), (10, 5), (40, 7), (7, 40)] {
        let (x, d) = (spread(&x, k, x_rows), spread(&d, n, d_rows));
        let x = BatchRows::new(&x, 0, k, m, x_rows, x_rows * k + 3);
        let d = BatchRows::new(&d, 0, n, m, d_rows, d_rows * n + 3);
        let mut dw = vec![f32::NAN; k * n];
        matmul_tn(x, d, 0..k, &mut dw);
        assert_eq!(dw, whole, "{x_rows} rows of x a shard, {d_rows} of δ");
    }
}

#[test]
fn f64_products_agree_with_sums_in_order() {
    let (m, k, n) = (9, 31, 14);
    let double = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<_>>();
    let (x, w, d) = (double(numbers(m * k, 1)), double(numbers(k * n, 2)), double(numbers(m * n, 3)));
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    let (mut y, mut dx, mut dw) = (vec![f64::NAN; m * n], vec![f64::NAN; m * k], vec![f64::NAN; 5 * n]);
    matmul(&x, &w, &mut y, k, n);
    matmul_nt(&d, &w, &mut dx, k, n);
    matmul_tn(BatchRows::contiguous(&x, k), BatchRows::contiguous(&d, n), 20..25, &mut dw);
    for i in 0..m {
        (0..n).for_each(|j| near(y[i * n + j], (0..k).map(|p| x[i * k + p] * w[p * n + j]).sum()));
        (0..k).for_each(|j| near(dx[i * k + j], (0..n).map(|p| d[i * n + p] * w[j * n + p]).sum()));
    }
    for i in 0..5 {
        (0..n).for_each(|j| near(dw[i * n + j], (0..m).map(|p| x[p * k + 20 + i] * d[p * n + j]).sum()));
    }
}

/// The loops of convolutions: in f32 with registers, in f64 the plain version, for images with every remainder.
#[test]
fn loops_over_lanes_equal_their_sums_written_out() {
    lanes_of::<f32>();
    lanes_of::<f64>();
}

fn lanes_of<T: Scalar>() {
    use handgrad_kernels::Finish;
    use handgrad_kernels::lanes::{Grid, LANES, Windows, add_dots, correlate, pack, unpack};
    let values = |count: usize, seed: u64| -> Vec<T> {
        numbers(count, seed).into_iter().map(|value| T::from_f64(f64::from(value))).collect()
    };
    let lanes = |count: usize, seed: u64| values(count * LANES, seed).as_chunks::<LANES>().0.to_vec();
    let bits = |value: T| value.to_f64().to_bits();
    for (outputs, channels, taps, lines, columns, step) in [
        (1, 1, 1, 1, 1, 1),
        (2, 3, 2, 3, 17, 2),
        (3, 1, 9, 5, 13, 1),
        (4, 2, 5, 2, 6, 3),
        (7, 2, 4, 3, 5, 1),
        (8, 1, 3, 16, 7, 2),
        (13, 3, 9, 4, 28, 1),
        (9, 1, 0, 2, 5, 2),
        (5, 2, 16, 1, 33, 1),
    ] {
        let offsets: Vec<usize> = (0..taps).map(|tap| tap * 7 % 11).collect();
        let line = columns * step + 3;
        let grid = Grid { start: 2, channel: lines * line + 5, line, column: step };
        let image = lanes(channels * (lines * line + 5) + 13, 1);
        let windows = Windows { values: &image, channels, grid, offsets: &offsets };
        let (w, b) = (values(outputs * channels * taps, 2), values(outputs, 3));
        let x = |t: usize, i: usize, j: usize| {
            image[2 + t / taps * (lines * line + 5) + i * line + j * step + offsets[t % taps]]
        };
        // Written to every second column of a separate image.
        let to = Grid { start: 1, channel: lines * columns * 2, line: columns * 2, column: 2 };
        let out_len = 1 + outputs * lines * columns * 2;
        for (b, finish) in [(&b[..], Finish::Relu), (&[], Finish::None)] {
            let mut out = vec![[T::NAN; LANES]; out_len];
            correlate(&w, b, finish, &windows, [outputs, lines, columns], &mut out, to);
            for (m, i, j, lane) in every([outputs, lines, columns, LANES]) {
                let begin = b.get(m).copied().unwrap_or(T::ZERO);
                let chain = (0..channels * taps)
                    .fold(begin, |sum, t| w[m * channels * taps + t].mul_add(x(t, i, j)[lane], sum));
                let expected = if finish == Finish::Relu && chain < T::ZERO { T::ZERO } else { chain };
                let place = 1 + (m * lines + i) * columns * 2 + j * 2;
                assert_eq!(bits(out[place][lane]), bits(expected), "{outputs} {channels} {taps}: {m} {i} {j} {lane}");
            }
            let untouched = out.iter().filter(|place| place.iter().all(|value| !value.is_finite())).count();
            assert_eq!(untouched, out_len - outputs * lines * columns, "nothing else is written");
        }

        let y = lanes(outputs * lines * columns, 4);
        for part in [0..outputs, 0..1, outputs / 2..outputs] {
            let begun = lanes(part.len() * channels * taps, 5);
            let mut sums = begun.clone();
            add_dots(&y, Grid::whole(lines, columns), part.clone(), &windows, [lines, columns], &mut sums);
            for (at, (sum, begun)) in sums.iter().zip(&begun).enumerate() {
                let (m, t) = (part.start + at / (channels * taps), at % (channels * taps));
                for lane in 0..LANES {
                    let chain = every([1, 1, lines, columns]).fold(begun[lane], |sum, (_, _, i, j)| {
                        y[(m * lines + i) * columns + j][lane].mul_add(x(t, i, j)[lane], sum)
                    });
                    assert_eq!(bits(sum[lane]), bits(chain), "{outputs} {channels} {taps}: sum {at}, lane {lane}");
                }
            }
        }
    }

    // Rows are converted to lanes and back, from shards of seven rows.
    for (rows, image) in [(1_usize, [1, 1, 1]), (16, [3, 5, 7]), (21, [2, 4, 8]), (37, [1, 3, 19])] {
        let n: usize = image.iter().product();
        let memory = values(rows.div_ceil(7) * (7 * n + 3) + 5, 6);
        let batch = BatchRows::new(&memory, 5, n, rows, 7, 7 * n + 3);
        let [channels, lines, columns] = image;
        for first in (0..rows).step_by(LANES) {
            let count = LANES.min(rows - first);
            let padded = Grid { start: 4, channel: (lines + 1) * (columns + 2), line: columns + 2, column: 1 };
            let mut apart = vec![[T::NAN; LANES]; 4 + channels * (lines + 1) * (columns + 2)];
            pack(batch, first, image, &mut apart, padded);
            for (c, i, j, lane) in every([channels, lines, columns, LANES]) {
                let expected =
                    if lane < count { batch.row(first + lane)[(c * lines + i) * columns + j] } else { T::ZERO };
                let place = 4 + (c * (lines + 1) + i) * (columns + 2) + j;
                assert_eq!(bits(apart[place][lane]), bits(expected), "row {first} + {lane}: {c} {i} {j}");
            }
            let mut together = vec![[T::NAN; LANES]; n];
            pack(batch, first, image, &mut together, Grid::whole(lines, columns));
            let mut back = vec![T::NAN; count * n];
            unpack(&together, &mut back);
            let rows: Vec<T> = (first..first + count).flat_map(|row| batch.row(row).to_vec()).collect();
            assert_eq!(back, rows);
        }
    }

    let image = vec![[T::ONE; LANES]; 10];
    let grid = Grid::whole(2, 5);
    let reaching = |channels: usize, offset: usize| (channels, vec![offset]);
    let refused = |f: &dyn Fn()| assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err());
    for (channels, offsets) in [reaching(1, 1), reaching(2, 0), reaching(1 << 60, 0), reaching(1, usize::MAX)] {
        let windows = Windows { values: &image, channels, grid, offsets: &offsets };
        refused(&|| correlate(&[T::ONE], &[], Finish::None, &windows, [1, 2, 5], &mut image.clone(), grid));
        refused(&|| add_dots(&image, grid, 0..1, &windows, [2, 5], &mut image[..1].to_vec()));
    }
    // Steps whose sum overflows to 0, even in 128 bits.
    let most = usize::MAX;
    let far = Grid { start: 0, channel: 1 << 63, line: most, column: most };
    let windows = Windows { values: &image, channels: 3, grid: far, offsets: &[0] };
    let nowhere = Grid { start: 0, channel: 0, line: 0, column: 0 };
    refused(&|| correlate(&[T::ONE; 3], &[], Finish::None, &windows, [1, most, 3], &mut image.clone(), nowhere));
    refused(&|| add_dots(&image, nowhere, 0..1, &windows, [most, 3], &mut image[..3].to_vec()));
    let windows = Windows { values: &image, channels: 1, grid, offsets: &[0] };
    // With no positions nothing is read, wherever the grids point.
    correlate(&[T::ONE], &[], Finish::None, &windows, [1, most, 0], &mut [], far);
    add_dots(&[], far, 0..1, &Windows { grid: far, ..windows }, [most, 0], &mut image[..1].to_vec());
    unpack::<T>(&[], &mut []);
    refused(&|| correlate(&[T::ONE], &[], Finish::None, &windows, [1, 2, 5], &mut image[..9].to_vec(), grid));
    refused(&|| correlate(&[T::ONE; 2], &[], Finish::None, &windows, [1, 2, 5], &mut image.clone(), grid));
    refused(&|| add_dots(&image[..9], grid, 0..1, &windows, [2, 5], &mut image[..1].to_vec()));
    refused(&|| pack(BatchRows::contiguous(&[T::ONE; 10], 10), 0, [1, 2, 5], &mut image[..9].to_vec(), grid));
    refused(&|| pack(BatchRows::contiguous(&[T::ONE; 10], 10), 2, [1, 2, 5], &mut image.clone(), grid));
    refused(&|| unpack(&image, &mut [T::ONE; 15]));
    refused(&|| unpack(&image, &mut [T::ONE; 170]));
}

/// Every combination of numbers below the given ones.
fn every([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..a * b * c * d).map(move |at| (at / (b * c * d), at / (c * d) % b, at / d % c, at % d))
}
