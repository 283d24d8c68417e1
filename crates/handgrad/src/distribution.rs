//! Samples that cross-entropy takes: distributions over their values.

use anyhow::{Result, bail};
use handgrad_dataset::Samples;
use handgrad_trainer::Source;

/// How far from 1 a sample's sum may be: values written with three decimals, or rounded to f32, are not further.
const TOLERANCE: f64 = 1e-3;

/// Refuses the first sample that is none: it has a value below 0, or does not sum to 1. Each set goes by a name.
pub fn check(sets: &[(&str, &Samples)]) -> Result<()> {
    const NEEDS: &str = "and the loss is cross-entropy, which needs samples that are distributions: no value below 0, \
        and all of a sample sum to 1. Divide each sample by its sum, or train with --loss bce or --loss mse";
    for (name, samples) in sets {
        let mut row = vec![0.0_f64; samples.features()];
        for sample in 0..samples.len() {
            Source::new(samples).fill(sample, &mut row)?;
            if let Some(position) = row.iter().position(|&value| value < 0.0) {
                let value = row[position];
                bail!("{name} {sample} (counted from 0) has {value} at position {position}, {NEEDS}");
            }
            let sum: f64 = row.iter().sum();
            if (sum - 1.0).abs() > TOLERANCE {
                bail!("{name} {sample} (counted from 0) sums to {sum:.6}, {NEEDS}");
            }
        }
    }
    Ok(())
}
