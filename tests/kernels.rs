//! The hot loops against their plain twins, against matrixmultiply, and against f64.

use handgrad_kernels::{BatchRows, Finish, Level, level, matmul, matmul_bias, matmul_nt, matmul_tn, reference, rivals};
use handgrad_tests::numbers;
use rayon::prelude::*;

/// matrixmultiply's product: the outside oracle for the bits. Strides are (row, column).
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
    // Where a fused multiply-add is a function call, every size takes minutes.
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

/// Sizes whose product wraps around must not pass for those of an empty slice.
#[test]
fn sizes_that_overflow_are_refused() {
    let refused = |f: fn()| assert!(std::panic::catch_unwind(f).is_err());
    refused(|| matmul(&[], &[], &mut [0.0_f32; 512], 1 << 60, 32));
    refused(|| matmul_nt(&[], &[], &mut [0.0_f32; 512], 32, 1 << 60));
    refused(|| assert_eq!(BatchRows::new(&[0.0_f32; 8], 0, 1 << 63, 3, 3, 0).rows(), 3));
    refused(|| assert_eq!(BatchRows::new(&[0.0_f32; 8], 0, 4, 3, 1, 1 << 63).rows(), 3));
    // Shards that overlap: row 19 would lie behind the last row.
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
    // δ(1, ·) of x's row 1, which is NaN in column 0: dw(0, ·) is NaN, dw(2, ·) is not. dx likewise.
    let d = numbers(m * n, 3);
    let mut dw = vec![0.0; k * n];
    matmul_tn(BatchRows::contiguous(&x, k), BatchRows::contiguous(&d, n), 0..k, &mut dw);
    assert!(dw[..n].iter().all(|dw| dw.is_nan()) && dw[n..].iter().all(|dw| dw.is_finite()));
    let mut dx = vec![0.0; m * 5];
    matmul_nt(&x, &w[..5 * k], &mut dx, 5, k);
    assert!(dx[5..10].iter().all(|dx| dx.is_nan()) && dx[10..].iter().all(|dx| dx.is_finite()));
    assert!(dx[..5].iter().all(|dx| dx.is_infinite()));
}

/// The gradient of a batch is the same however its rows are cut into shards, and for any part of its rows.
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

/// x and δ may lie in shards of different sizes.
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

/// The loops of convolutions: in f32 with registers, in f64 the plain twin, over windows of every remainder.
#[test]
fn products_with_overlapping_rows_equal_their_sums_written_out() {
    use handgrad_kernels::windows::{LANES, SLACK, Windows, add_dots, correlate};
    for (lines, channels, taps, places) in [
        (1, 1, 1, 1),
        (2, 3, 2, 17),
        (3, 1, 9, 130),
        (4, 2, 5, 64),
        (7, 2, 4, 33),
        (8, 1, 3, 16),
        (13, 3, 9, 200),
        (9, 1, 0, 5),
    ] {
        let offsets: Vec<usize> = (0..taps).map(|tap| tap * 7 % 11).collect();
        let channel = places + 11;
        let values = numbers(channels * channel + 11 + SLACK, 1);
        let windows = Windows { values: &values, channels, channel, offsets: &offsets };
        let (rows, pitch) = (windows.rows(), places + SLACK + 3);
        let w = numbers(lines * rows, 2);
        let start = |row: usize| row / taps * channel + offsets[row % taps];
        let mut out = vec![f32::NAN; lines * pitch];
        correlate(&w, &windows, &mut out, pitch, places);
        for (line, n) in (0..lines).flat_map(|line| (0..places).map(move |n| (line, n))) {
            let sum = (0..rows).fold(0.0_f32, |sum, row| w[line * rows + row].mul_add(values[start(row) + n], sum));
            assert_eq!(out[line * pitch + n].to_bits(), sum.to_bits(), "{lines}, {channels}, {taps}: line {line}, {n}");
        }

        let (whole, y_line) = (places.next_multiple_of(LANES), places + SLACK);
        let y = numbers(lines * y_line, 3);
        for part in [0..lines, 0..1, lines / 2..lines] {
            let begun = numbers(part.len() * rows * LANES, 4);
            let mut sums = begun.clone();
            add_dots(&y, y_line, part.clone(), &windows, places, &mut sums);
            for (at, &sum) in sums.iter().enumerate() {
                let (line, row, lane) = (at / LANES / rows, at / LANES % rows, at % LANES);
                let (y, from) = (&y[(part.start + line) * y_line..][..whole], &values[start(row)..][..whole]);
                let terms = y.iter().zip(from).skip(lane).step_by(LANES);
                let expected = terms.fold(begun[at], |sum, (&y, &from)| y.mul_add(from, sum));
                assert_eq!(sum.to_bits(), expected.to_bits(), "{lines}, {channels}, {taps}: sum {at} of {part:?}");
            }
        }
    }
    let windows = Windows { values: &[0.0_f32; 200], channels: 1, channel: 0, offsets: &[0, 80] };
    let refused = |f: &dyn Fn()| assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err());
    refused(&|| correlate(&[1.0, 1.0], &windows, &mut [0.0; 200], 200, 1));
    refused(&|| add_dots(&[0.0; 200], 200, 0..1, &windows, 121, &mut [0.0; 32]));
    refused(&|| add_dots(&[0.0; 100], 100, 0..1, &windows, 101, &mut [0.0; 32]));
    // Sizes that would wrap around.
    let many = Windows { values: &[0.0_f32; 16][..], channels: 1 << 60, channel: 0, offsets: &[0] };
    refused(&|| add_dots(&[0.0; 16], 16, 0..1, &many, 16, &mut []));
    refused(&|| correlate(&[2.0], &windows, &mut [0.0; 27], 27, usize::MAX - 100));
}
