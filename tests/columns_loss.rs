//! The loss of samples whose columns differ in kind, and the mask of missing values, with values computed here.

use handgrad_layers::{Columns, Head, Layer, Loss, LossKind, Mask, Mode, Pass, Reduction};
use handgrad_tests::doubles;

const NAN: f64 = f64::NAN;

/// A number, a date with its five values, and two categories.
fn columns(kind: LossKind, reduction: Reduction) -> Columns {
    let heads = vec![
        Head::Numbers { width: 1 },
        Head::Numbers { width: 5 },
        Head::Category { classes: 3, weight: 1.0 },
        Head::Category { classes: 2, weight: 2.5 },
    ];
    Columns { loss: Loss { kind, reduction }, heads }
}

/// The columns of [`columns`] among the values of a sample.
const PLACES: [std::ops::Range<usize>; 4] = [0..1, 1..6, 6..9, 9..11];
const WEIGHTS: [f64; 4] = [1.0, 1.0, 1.0, 2.5];

/// Targets with no, one, several and all columns missing.
fn targets() -> Vec<Vec<f64>> {
    let whole = [0.7, 0.1, -0.3, 0.5, 0.9, -0.8, 0.0, 1.0, 0.0, 0.0, 1.0];
    let without: [&[usize]; 7] = [&[], &[0], &[1], &[2], &[3], &[0, 2], &[0, 1, 2, 3]];
    let target = |missing: &&[usize]| {
        let mut target = whole.to_vec();
        missing.iter().for_each(|&column| target[PLACES[column].clone()].fill(NAN));
        target
    };
    without.iter().map(target).collect()
}

fn is_missing(target: &[f64], column: usize) -> bool {
    target[PLACES[column].start].is_nan()
}

/// ℓ_j from its definition, without a weight.
fn of_column(kind: LossKind, column: usize, output: &[f64], target: &[f64]) -> f64 {
    let (p, t) = (&output[PLACES[column].clone()], &target[PLACES[column].clone()]);
    if column < 2 {
        let distance = |(p, t): (&f64, &f64)| match kind {
            LossKind::Mse => (p - t) * (p - t),
            LossKind::Mae => (p - t).abs(),
            _ => panic!("not in this test"),
        };
        return p.iter().zip(t).map(distance).sum::<f64>() / p.len() as f64;
    }
    let class = t.iter().position(|&value| value == 1.0).expect("one class");
    -(p[class].exp() / p.iter().map(|z| z.exp()).sum::<f64>()).ln()
}

fn expected(kind: LossKind, reduction: Reduction, output: &[f64], target: &[f64]) -> f64 {
    let known: Vec<usize> = (0..4).filter(|&column| !is_missing(target, column)).collect();
    let sum: f64 = known.iter().map(|&column| WEIGHTS[column] * of_column(kind, column, output, target)).sum();
    match reduction {
        Reduction::Sum => sum,
        Reduction::Mean => sum / known.len().max(1) as f64,
    }
}

const KINDS: [LossKind; 2] = [LossKind::Mse, LossKind::Mae];
const REDUCTIONS: [Reduction; 2] = [Reduction::Mean, Reduction::Sum];

#[test]
fn the_loss_is_that_of_its_definition_with_any_columns_missing() {
    for (kind, reduction) in KINDS.into_iter().flat_map(|kind| REDUCTIONS.map(|reduction| (kind, reduction))) {
        let columns = columns(kind, reduction);
        assert_eq!(columns.width(), 11);
        for (seed, target) in (0..).zip(targets()) {
            let output: Vec<f64> = doubles(11, seed).iter().map(|value| 3.0 * value).collect();
            let (found, expected) = (columns.forward(&output, &target), expected(kind, reduction, &output, &target));
            assert!(
                (found - expected).abs() < 1e-14 * expected.max(1.0),
                "{kind:?} {reduction:?}: {found}, {expected}"
            );
            let mut delta = vec![NAN; 11];
            let again = columns.forward_backward(&output, &target, 3, &mut delta);
            assert!((again - expected).abs() < 1e-14 * expected.max(1.0), "{again} instead of {expected}");
            for (column, found) in columns.of_columns(&output, &target).into_iter().enumerate() {
                assert_eq!(found.is_nan(), is_missing(&target, column));
                if !found.is_nan() {
                    let expected = of_column(kind, column, &output, &target);
                    assert!((found - expected).abs() < 1e-14 * expected.max(1.0), "{column}: {found}, {expected}");
                }
            }
        }
    }
    // One worked example: (0.5 − 2)² = 2.25 for the number, ln 4 for one of four classes with equal logits.
    let heads = vec![Head::Numbers { width: 1 }, Head::Category { classes: 4, weight: 0.5 }];
    let columns = Columns { loss: Loss { kind: LossKind::Mse, reduction: Reduction::Sum }, heads };
    let found = columns.forward(&[0.5, 7.0, 7.0, 7.0, 7.0], &[2.0, 0.0, 0.0, 1.0, 0.0]);
    assert!((found - (2.25 + 0.5 * 4.0_f64.ln())).abs() < 1e-15, "{found}");
}

#[test]
fn the_gradient_is_that_of_central_differences_with_any_columns_missing() {
    let (step, batch) = (1e-6, 7);
    for (kind, reduction) in KINDS.into_iter().flat_map(|kind| REDUCTIONS.map(|reduction| (kind, reduction))) {
        let columns = columns(kind, reduction);
        for (seed, target) in (20..).zip(targets()) {
            let output = doubles(11, seed);
            let mut delta = vec![NAN; 11];
            let _ = columns.forward_backward(&output, &target, batch, &mut delta);
            for at in 0..11 {
                let loss = |moved: f64| {
                    let mut output = output.clone();
                    output[at] += moved;
                    expected(kind, reduction, &output, &target) / batch as f64
                };
                let numeric = (loss(step) - loss(-step)) / (2.0 * step);
                assert!((delta[at] - numeric).abs() < 1e-8, "{kind:?} {reduction:?} {at}: {}, {numeric}", delta[at]);
                let column = PLACES.iter().position(|place| place.contains(&at)).expect("a column");
                if is_missing(&target, column) {
                    assert_eq!(delta[at].to_bits(), 0.0_f64.to_bits(), "a missing column has no gradient");
                }
            }
        }
    }
}

#[test]
fn the_prediction_of_a_missing_column_does_not_matter() {
    let columns = columns(LossKind::Mse, Reduction::Mean);
    for target in targets() {
        let output = doubles(11, 3);
        let mut wild = output.clone();
        for column in (0..4).filter(|&column| is_missing(&target, column)) {
            let values = [1e9, -1e9, NAN, f64::INFINITY, 0.0];
            wild[PLACES[column].clone()].iter_mut().zip(values).for_each(|(to, value)| *to = value);
        }
        let mut deltas = [vec![1.0; 11], vec![-1.0; 11]];
        let [first, second] = &mut deltas;
        let losses =
            [columns.forward_backward(&output, &target, 2, first), columns.forward_backward(&wild, &target, 2, second)];
        assert_eq!(losses[0].to_bits(), losses[1].to_bits());
        assert_eq!(columns.forward(&output, &target).to_bits(), columns.forward(&wild, &target).to_bits());
        assert_eq!(columns.excess(&output, &target).to_bits(), columns.excess(&wild, &target).to_bits());
        assert_eq!(deltas[0], deltas[1]);
    }
}

#[test]
fn a_weight_multiplies_the_loss_and_the_gradient_of_its_column_alone() {
    let of = |weight| {
        let heads = vec![Head::Numbers { width: 2 }, Head::Category { classes: 3, weight }];
        Columns { loss: Loss { kind: LossKind::Mse, reduction: Reduction::Sum }, heads }
    };
    let (output, target) = ([0.3, -0.2, 0.4, -0.9, 0.1], [0.5, 0.5, 0.0, 0.0, 1.0]);
    let run = |weight| {
        let mut delta = [NAN; 5];
        (of(weight).forward_backward(&output, &target, 1, &mut delta), delta)
    };
    let ((one, delta_of_one), (four, delta_of_four)) = (run(1.0), run(4.0));
    // A power of two changes no rounding.
    let class = of(1.0).of_columns(&output, &target)[1];
    assert!((four - one - 3.0 * class).abs() < 1e-15, "{one}, {four}, {class}");
    assert_eq!(delta_of_one[..2], delta_of_four[..2]);
    assert_eq!(delta_of_one[2..].iter().map(|d| 4.0 * d).collect::<Vec<_>>(), delta_of_four[2..]);
    // The best constant prediction of a category is its distribution q, whose loss is H(q): with w = 1/H(q) it is 1.
    let q = [0.5, 0.3, 0.2_f64];
    let entropy: f64 = -q.iter().map(|q| q * q.ln()).sum::<f64>();
    let heads = vec![Head::Category { classes: 3, weight: 1.0 / entropy }];
    let columns = Columns { loss: Loss { kind: LossKind::Mse, reduction: Reduction::Mean }, heads };
    let class = |at: usize| [0, 1, 2].map(|other| if other == at { 1.0 } else { 0.0 });
    let mean: f64 = (0..3).map(|at| q[at] * columns.forward(&q.map(f64::ln), &class(at))).sum();
    assert!((mean - 1.0).abs() < 1e-14, "{mean}");
}

const WIDTHS: [usize; 4] = [1, 5, 3, 2];

/// The output of a mask for rows with these numbers of samples.
fn masked(x: &[f64], samples: &[u32], rate: f64, (mode, seed, epoch): (Mode, u64, u64)) -> Vec<Vec<f64>> {
    let mask = Mask { steps: 1, widths: WIDTHS.to_vec(), rate };
    let (mut y, mut scratch) = (vec![NAN; samples.len() * 15], vec![NAN; 4]);
    let mut pass = Pass { mode, seed, epoch, samples, scratch: &mut scratch, ..Pass::predict() };
    Layer::<f64>::forward(&mask, &[], x, &mut y, &mut pass);
    y.chunks_exact(15).map(<[f64]>::to_vec).collect()
}

#[test]
fn a_mask_hides_what_is_missing_and_flags_it() {
    for target in targets() {
        for mode in [Mode::Measure, Mode::Predict] {
            // The rate acts in training alone.
            let found = masked(&target, &[0], 0.9, (mode, 1, 1)).remove(0);
            let value = |at: usize| if target[at].is_nan() { 0.0 } else { target[at] };
            let flag = |column: usize| f64::from(u8::from(is_missing(&target, column)));
            let expected: Vec<f64> = (0..11).map(value).chain((0..4).map(flag)).collect();
            assert_eq!(found, expected, "{mode:?}");
        }
    }
}

/// The flags of many samples in training.
fn flags(rate: f64, seed: u64, epoch: u64, samples: &[u32]) -> Vec<[bool; 4]> {
    let x = targets()[0].repeat(samples.len());
    let rows = masked(&x, samples, rate, (Mode::Train, seed, epoch));
    let flags = |row: &Vec<f64>| {
        let flags = [11, 12, 13, 14].map(|at| row[at] == 1.0);
        for (place, hidden) in PLACES.iter().zip(flags) {
            // A column is hidden as a whole or not at all.
            let expected = if hidden { vec![0.0; place.len()] } else { targets()[0][place.clone()].to_vec() };
            assert_eq!(row[place.clone()], expected);
        }
        flags
    };
    rows.iter().map(flags).collect()
}

#[test]
fn in_training_the_given_part_of_the_columns_is_hidden() {
    let samples: Vec<u32> = (0..20_000).collect();
    for rate in [0.0, 0.05, 0.2, 0.5, 0.9] {
        let flags = flags(rate, 3, 2, &samples);
        // Four standard deviations of a binomial distribution.
        let most = 4.0 * (rate * (1.0 - rate) / 20_000.0_f64).sqrt();
        for column in 0..4 {
            let share = flags.iter().filter(|flags| flags[column]).count() as f64 / 20_000.0;
            assert!((share - rate).abs() <= most, "column {column}: {share} instead of {rate}");
        }
        // Two columns are hidden independently of each other.
        let both = flags.iter().filter(|flags| flags[0] && flags[2]).count() as f64 / 20_000.0;
        assert!((both - rate * rate).abs() <= 4.0 * (rate / 20_000.0_f64).sqrt(), "{both} instead of {}", rate * rate);
    }
}

#[test]
fn what_is_hidden_depends_on_the_seed_the_epoch_and_the_sample_alone() {
    let samples: Vec<u32> = (0..200).collect();
    let usual = flags(0.4, 3, 2, &samples);
    assert_eq!(flags(0.4, 3, 2, &samples), usual);
    // Each sample alone, and all in another order.
    for &sample in &samples {
        assert_eq!(flags(0.4, 3, 2, &[sample])[0], usual[sample as usize]);
    }
    let back: Vec<u32> = samples.iter().rev().copied().collect();
    assert!(flags(0.4, 3, 2, &back).iter().eq(usual.iter().rev()));
    for (seed, epoch) in [(4, 2), (3, 1), (3, 3)] {
        let other = flags(0.4, seed, epoch, &samples);
        let same = other.iter().zip(&usual).filter(|(a, b)| a == b).count();
        // Independent draws agree in all four columns with probability (0.4² + 0.6²)⁴ = 0.073.
        assert!(same < 40, "seed {seed}, epoch {epoch}: {same} of 200 samples are the same");
    }
}
