//! Which inputs matter: a few inputs from which all others can be rebuilt.
//!
//! ```text
//! group-l1      how long a small autoencoder keeps the input under a growing group-L1 penalty       sparse.rs
//! permutation   growth of the model's squared error if the values of the input are shuffled over the samples;
//!               of a table, of its whole column                                                      permutation.rs
//! variance      variance of the input
//! loadings      Σ_j λ_j·v_ji² over the first k principal components: the part of the variance that they explain
//! random        a random number
//!
//! error(n)      squared error per value of all inputs, told from the n best ones by ridge regression
//! accuracy(n)   of the class of most of the 5 nearest training samples, compared in the n best inputs only
//! stability     mean of |A ∩ B| / |A ∪ B| over pairs of seeds, A and B: the best inputs of two random halves
//! ```
//!
//! An L1 penalty on the *code* selects no inputs: it makes activities sparse, while every input keeps its weights.
//! Missing values count as the mean of their place.

use handgrad_analysis::{Pca, Random, Ridge, nearest, vote};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Axis};

use crate::draws::some;
use crate::views::{Classes, Form, view};
use crate::{Error, check_labels};

mod permutation;
mod sparse;

/// The most training samples and the most samples that are used.
const FIT: usize = 5_000;
const MEASURED: usize = 2_000;
/// The numbers of inputs that are tried.
const COUNTS: [usize; 5] = [10, 20, 50, 100, 200];
/// The weight α of ridge regressions.
const ALPHA: f64 = 1.0;
const NEIGHBOURS: usize = 5;

/// What makes an input a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// Kept long under a growing group-L1 penalty.
    GroupL1,
    /// The model needs it.
    Permutation,
    /// It varies.
    Variance,
    /// The principal components explain it.
    Loadings,
    /// Chance, to compare with.
    Random,
}

impl Score {
    /// All scores.
    pub const ALL: [Self; 5] = [Self::GroupL1, Self::Permutation, Self::Variance, Self::Loadings, Self::Random];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GroupL1 => "group-l1",
            Self::Permutation => "permutation",
            Self::Variance => "variance",
            Self::Loadings => "loadings",
            Self::Random => "random",
        }
    }
}

/// How good the best inputs of a score are.
#[derive(Clone, Debug, PartialEq)]
pub struct OfScore {
    /// The score.
    pub score: Score,
    /// All inputs, the best first.
    pub order: Vec<usize>,
    /// For each number of inputs, the squared error per value of all inputs.
    pub errors: Vec<f64>,
    /// For each number of inputs, the accuracy of nearest neighbours. `None` without labels of at least two classes.
    pub accuracies: Vec<Option<f64>>,
    /// The mean overlap of the best inputs of two seeds.
    pub stability: f64,
}

/// The inputs that matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The number of training samples and of samples that were used.
    pub used: [usize; 2],
    /// The numbers of inputs that were tried, ascending.
    pub counts: Vec<usize>,
    /// Each score.
    pub scores: Vec<OfScore>,
    /// The squared error per value if no input is known: the variance.
    pub variance: f64,
    /// The accuracy with all inputs.
    pub accuracy_of_all: Option<f64>,
    /// The first samples in the units of the network, and the same rebuilt from the asked number of inputs of each
    /// score.
    pub originals: Array2<f32>,
    /// In the order of the scores.
    pub rebuilt: Vec<Array2<f32>>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The number of inputs to choose.
    pub inputs: usize,
    /// The number of seeds of the stability, at least 2.
    pub seeds: usize,
    /// The first seed.
    pub seed: u64,
    /// The number of samples to rebuild.
    pub shown: usize,
}

/// Scores the inputs of a model, and measures how much the best ones tell about all others. `fit` are the training
/// samples.
///
/// # Errors
/// If there are fewer inputs than asked for, or too few samples; [`Error::AllEqual`] for the training samples;
/// [`Error::LabelCount`]; also the errors of [`view`].
pub fn choose(
    model: &Model,
    fit: &Samples,
    samples: &Samples,
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<Features, Error> {
    let d = model.spec().features();
    if asked.inputs == 0 || asked.inputs >= d || asked.seeds < 2 {
        let text = format!(
            "{} of {d} inputs and {} seeds: ask for 1 to {} inputs and at least 2 seeds",
            asked.inputs,
            asked.seeds,
            d.saturating_sub(1)
        );
        return Err(Error::Usage(text));
    }
    [fit, samples].into_iter().try_for_each(check_labels)?;
    let needed = 2 * (NEIGHBOURS + 1);
    if fit.len() < needed || samples.is_empty() {
        let has = if samples.is_empty() { 0 } else { fit.len() };
        return Err(Error::FewSamples { what: "Choosing inputs".into(), needed, has });
    }
    let of =
        |samples: &Samples, most: usize, stream: u64| samples.select(&some(samples.len(), most, asked.seed, stream));
    let (fit, samples) = (of(fit, FIT, 0), of(samples, MEASURED, 1));
    let classes = match Classes::of(&fit, &samples) {
        Ok(classes) => Some(classes),
        Err(Error::NoLabels | Error::OneClass { .. }) => None,
        Err(error) => return Err(error),
    };
    let whole = view(Form::Inputs, model, &fit, &samples)?;
    if whole.fit.rows().into_iter().all(|row| row == whole.fit.row(0)) {
        return Err(Error::AllEqual { form: Form::Inputs.name() });
    }
    progress.start("scoring inputs", Some(asked.seeds as u64 * 5), Unit::Parts);
    let scored = scored(model, &whole.fit, asked, progress);
    progress.finish();
    let scored = scored?;

    let mut counts: Vec<usize> = COUNTS.into_iter().filter(|&count| count < d).chain([asked.inputs]).collect();
    counts.sort_unstable();
    counts.dedup();
    let accuracy = |columns: &[usize]| {
        let classes = classes.as_ref()?;
        let [fit, rows] = [&whole.fit, &whole.rows].map(|rows| rows.select(Axis(1), columns));
        let found = vote(&nearest(fit.view(), rows.view(), NEIGHBOURS)?, &classes.fit, classes.names.len());
        let right = found.iter().zip(&classes.rows).filter(|(found, class)| found == class).count();
        Some(right as f64 / classes.rows.len() as f64)
    };
    let rebuild = |columns: &[usize]| -> Option<Array2<f64>> {
        let [fit, rows] = [&whole.fit, &whole.rows].map(|rows| rows.select(Axis(1), columns));
        Some(Ridge::fit(fit.view(), whole.fit.view(), ALPHA)?.predict(rows.view()))
    };
    let error = |told: &Array2<f64>| {
        told.iter().zip(&whole.rows).map(|(told, &x)| (told - f64::from(x)).powi(2)).sum::<f64>() / told.len() as f64
    };
    let shown = asked.shown.min(whole.rows.nrows());
    let (mut scores, mut rebuilt) = (Vec::new(), Vec::new());
    for (score, orders) in Score::ALL.into_iter().zip(scored) {
        let (mut errors, mut accuracies) = (Vec::new(), Vec::new());
        for &count in &counts {
            let best = &orders[0][..count];
            let told = rebuild(best).ok_or(Error::NotFinite { form: Form::Inputs.name() })?;
            errors.push(error(&told));
            accuracies.push(accuracy(best));
            if count == asked.inputs {
                rebuilt.push(told.slice_axis(Axis(0), (..shown).into()).mapv(|value| value as f32));
            }
        }
        let stability = stability(&orders, asked.inputs);
        let order = orders.into_iter().next().unwrap_or_default();
        scores.push(OfScore { score, order, errors, accuracies, stability });
    }
    let means = whole.fit.mapv(f64::from).mean_axis(Axis(0)).map(|means| means.insert_axis(Axis(0)));
    let variance = means.and_then(|means| means.broadcast(whole.rows.dim()).map(|means| error(&means.to_owned())));
    Ok(Features {
        used: [fit.len(), samples.len()],
        counts,
        scores,
        variance: variance.unwrap_or(f64::NAN),
        accuracy_of_all: accuracy(&(0..d).collect::<Vec<_>>()),
        originals: whole.rows.slice_axis(Axis(0), (..shown).into()).to_owned(),
        rebuilt,
    })
}

/// For each score, and each seed, the inputs in the order of their scores on a random half of `rows`.
fn scored(
    model: &Model,
    rows: &Array2<f32>,
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<Vec<Vec<Vec<usize>>>, Error> {
    let seeds: Vec<u64> = (0..asked.seeds as u64).map(|seed| asked.seed.wrapping_add(seed)).collect();
    let half = |seed: u64| rows.select(Axis(0), &some(rows.nrows(), rows.nrows() / 2, seed, 2));
    // Each of these trainings runs on one thread.
    let sparse: Vec<Vec<f64>> =
        seeds.par_iter().with_max_len(1).map(|&seed| sparse::scores(&half(seed), seed)).collect();
    progress.advance(seeds.len() as u64);
    let mut all = vec![sparse.iter().map(|scores| order(scores)).collect::<Vec<_>>()];
    for score in &Score::ALL[1..] {
        let mut orders = Vec::new();
        for &seed in &seeds {
            let half = half(seed);
            let scores = match score {
                Score::Permutation => permutation::scores(model, &half, seed)?,
                Score::Loadings => {
                    let k = model.code_len().min(half.ncols());
                    let pca = Pca::fit(half.view(), k).ok_or(Error::NotFinite { form: Form::Inputs.name() })?;
                    variances(&pca.reconstruct(half.view()))
                }
                Score::Random => {
                    let mut random = Random::new(seed, 4);
                    (0..half.ncols()).map(|_| random.uniform()).collect()
                }
                Score::Variance | Score::GroupL1 => variances(&half),
            };
            progress.advance(1);
            orders.push(order(&scores));
        }
        all.push(orders);
    }
    Ok(all)
}

/// The inputs, the one with the highest score first. Of equal ones, the first is first.
fn order(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

fn variances(rows: &Array2<f32>) -> Vec<f64> {
    rows.mapv(f64::from).var_axis(Axis(0), 0.0).to_vec()
}

/// The mean of |A ∩ B| / |A ∪ B| over all pairs of seeds.
fn stability(orders: &[Vec<usize>], inputs: usize) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0);
    for (number, a) in orders.iter().enumerate() {
        for b in &orders[..number] {
            let both = a[..inputs].iter().filter(|input| b[..inputs].contains(input)).count();
            sum += both as f64 / (2 * inputs - both) as f64;
            pairs += 1;
        }
    }
    sum / f64::from(pairs)
}
