//! Alters samples: their codes are moved along the direction from one class to another.
//!
//! ```text
//! direction   d = mean of the codes of class b − mean of the codes of class a          over the training samples
//! altered     decode(encode(x) + s·d)                      s: strength; 0 is the reconstruction, 1 the whole way
//! ```
//!
//! This replaces what the images of a class have in common. What is individual to a sample, for example its slant or
//! thickness, should stay the same.
//!
//! Slides: UTMIST "Variational Autoencoder": "explore variations in existing data, generate desired altered data".
//! Source: Larsen, Sønderby, Larochelle & Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML
//! 2016, "Visual attribute vectors".

use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::{CHUNK, Error, check_numbers};

/// The direction from one class to another in the space of codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    from: Array1<f32>,
    to: Array1<f32>,
}

/// Returns the numbers of the samples of a class.
///
/// # Errors
/// If the samples have no labels, or if no sample is of that class.
pub fn of_class(samples: &Samples, class: &str) -> Result<Vec<u32>, Error> {
    let labels = samples.labels.as_ref().ok_or(Error::NoLabels)?;
    let among = labels.among(&[class.to_owned()]);
    let found: Vec<u32> = (0..).zip(among).filter(|(_, among)| *among).map(|(number, _)| number).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    Err(Error::NoSuchClass { class: class.to_owned(), there: samples.classes() })
}

impl Direction {
    /// Computes the direction from the mean code of class `from` to the mean code of class `to`, over training samples.
    ///
    /// # Errors
    /// If both classes are the same; also the errors of [`of_class`] and [`Model::encode`].
    pub fn between(model: &Model, learnt_from: &Samples, [from, to]: [&str; 2]) -> Result<Self, Error> {
        if from == to {
            return Err(Error::Usage(format!("both classes are {from}: name two different classes")));
        }
        let [from, to] = [from, to].map(|class| of_class(learnt_from, class));
        let mean = |numbers: Vec<u32>| -> Result<Array1<f32>, Error> {
            let codes = model.encode(learnt_from.exact_rows(&numbers).view())?.mapv(f64::from);
            Ok(codes.mean_axis(Axis(0)).ok_or(Error::NoScores)?.mapv(|v| v as f32))
        };
        let (from, to) = (from?, to?);
        Ok(Self { from: mean(from)?, to: mean(to)? })
    }

    fn vector(&self) -> Array1<f32> {
        &self.to - &self.from
    }

    /// The Euclidean distance between the mean codes of the two classes.
    #[must_use]
    pub fn distance(&self) -> f64 {
        self.vector().mapv(|v| f64::from(v).powi(2)).sum().sqrt()
    }

    /// Moves the codes of the samples with these numbers along the direction, and decodes them. Returns one matrix for
    /// each strength, with one altered sample per row.
    ///
    /// # Errors
    /// If a strength is not finite or a number is not that of a sample; also the errors of [`Model::encode`].
    pub fn altered(
        &self,
        model: &Model,
        samples: &Samples,
        numbers: &[u32],
        strengths: &[f32],
    ) -> Result<Vec<Array2<f32>>, Error> {
        if let Some(wrong) = strengths.iter().find(|strength| !strength.is_finite()) {
            return Err(Error::Usage(format!("a strength is {wrong}, but must be a finite number, such as 0.5")));
        }
        check_numbers(samples, numbers)?;
        let (codes, vector) = (model.encode(samples.exact_rows(numbers).view())?, self.vector());
        let moved = |strength: f32| Ok(model.decode((&codes + &(&vector * strength)).view())?);
        strengths.iter().map(|&strength| moved(strength)).collect()
    }

    /// For each strength, the fraction of the altered samples that are encoded nearer to the mean code of the second
    /// class than to that of the first class.
    ///
    /// # Errors
    /// If no numbers are given, since there is no fraction of nothing; also the errors of [`altered`](Self::altered).
    pub fn arrived(
        &self,
        model: &Model,
        samples: &Samples,
        numbers: &[u32],
        strengths: &[f32],
    ) -> Result<Vec<f64>, Error> {
        if numbers.is_empty() {
            return Err(Error::Usage("no samples are given that could arrive: give the number of at least one".into()));
        }
        let mut counts = vec![0; strengths.len()];
        let squared = |code: ArrayView1<f32>, mean: &Array1<f32>| (&code - mean).mapv(|v| f64::from(v).powi(2)).sum();
        for numbers in numbers.chunks(CHUNK) {
            let altered = self.altered(model, samples, numbers, strengths)?;
            for (count, altered) in counts.iter_mut().zip(altered) {
                let codes = model.encode(altered.view())?;
                let is_nearer = |code: &ArrayView1<f32>| squared(*code, &self.to) < squared(*code, &self.from);
                *count += codes.rows().into_iter().filter(is_nearer).count();
            }
        }
        Ok(counts.into_iter().map(|count| count as f64 / numbers.len() as f64).collect())
    }
}
