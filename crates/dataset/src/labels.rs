//! The classes of samples, by name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// The class of each sample. A class is any word or number, for example `cat` or `7`.
///
/// ```
/// use handgrad_dataset::Labels;
///
/// let labels = Labels::named(["cat", "dog", "10", "9", "cat"]);
/// assert_eq!(labels.classes(), ["9", "10", "cat", "dog"]);
/// assert_eq!((labels.len(), labels.name(1)), (5, Some("dog")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The classes that occur: first the numbers, then the words, each in ascending order.
    classes: Vec<String>,
    /// For each sample, the position of its class in `classes`.
    of: Vec<u32>,
}

impl From<Vec<u8>> for Labels {
    fn from(bytes: Vec<u8>) -> Self {
        let occurring: Vec<u8> = (0..=u8::MAX).filter(|class| bytes.contains(class)).collect();
        let place = |byte: &u8| occurring.partition_point(|class| class < byte) as u32;
        Self { of: bytes.iter().map(place).collect(), classes: occurring.iter().map(ToString::to_string).collect() }
    }
}

impl Labels {
    /// Labels from the name of each sample's class. Numbers with the same value are the same class: `1`, `01` and `1.0`
    /// are all written `1`.
    pub fn named<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let mut collector = Collector::default();
        names.into_iter().for_each(|name| collector.add(name.as_ref()));
        collector.finish()
    }

    /// Sorts the classes and drops those that do not occur. `of` holds positions in `names`, which may repeat a name.
    fn sorted(names: Vec<String>, mut of: Vec<u32>) -> Self {
        let mut occurs = vec![false; names.len()];
        of.iter().for_each(|&at| occurs[at as usize] = true);
        let mut classes: Vec<String> =
            names.iter().zip(&occurs).filter(|(_, occurs)| **occurs).map(|(name, _)| name.clone()).collect();
        classes.sort_by(|a, b| in_order(a, b));
        classes.dedup();
        let place: BTreeMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
        let places: Vec<u32> = names.iter().map(|name| place.get(name.as_str()).copied().unwrap_or_default()).collect();
        of.iter_mut().for_each(|at| *at = places[*at as usize]);
        Self { classes, of }
    }

    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// True if there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The classes that occur: first the numbers, then the words, each in ascending order.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// For each sample, the position of its class in [`classes`](Self::classes).
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.of
    }

    /// The class of a sample. `None` if there is no such sample.
    #[must_use]
    pub fn name(&self, sample: usize) -> Option<&str> {
        self.of.get(sample).map(|&at| self.classes[at as usize].as_str())
    }

    /// The class of each sample, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.of.iter().map(|&at| self.classes[at as usize].as_str())
    }

    /// True if a sample is of this class.
    #[must_use]
    pub fn has(&self, class: &str) -> bool {
        let class = class_name(class);
        self.classes.contains(&class)
    }

    /// For each sample, whether its class is one of these.
    #[must_use]
    pub fn among(&self, classes: &[String]) -> Vec<bool> {
        let wanted: Vec<String> = classes.iter().map(|class| class_name(class)).collect();
        let is_wanted: Vec<bool> = self.classes.iter().map(|class| wanted.contains(class)).collect();
        self.of.iter().map(|&at| is_wanted[at as usize]).collect()
    }

    /// The labels of the samples with these numbers, counted from 0.
    ///
    /// # Panics
    /// If a number is not that of a sample.
    #[must_use]
    pub fn select(&self, samples: &[usize]) -> Self {
        Self::sorted(self.classes.clone(), samples.iter().map(|&sample| self.of[sample]).collect())
    }

    /// The labels as bytes, if all of them are whole numbers from 0 to 255. IDX files store labels in this way.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let classes: Option<Vec<u8>> = self.classes.iter().map(|class| class.parse().ok()).collect();
        classes.map(|classes| self.of.iter().map(|&at| classes[at as usize]).collect())
    }
}

/// Collects the classes of samples one after another.
#[derive(Default)]
pub(crate) struct Collector {
    /// The names that were added so far, each with its number.
    numbers: HashMap<String, u32>,
    /// For each sample, the number of its name.
    of: Vec<u32>,
}

impl Collector {
    /// Adds the class of the next sample.
    pub fn add(&mut self, name: &str) {
        let next = self.numbers.len() as u32;
        let number = match self.numbers.get(name) {
            Some(&number) => number,
            None => *self.numbers.entry(name.to_owned()).or_insert(next),
        };
        self.of.push(number);
    }

    pub fn finish(self) -> Labels {
        let mut names = vec![String::new(); self.numbers.len()];
        for (name, number) in self.numbers {
            names[number as usize] = class_name(&name);
        }
        Labels::sorted(names, self.of)
    }
}

/// The name of a class as labels store it: numbers are written in their shortest form, and words are kept.
#[must_use]
pub fn class_name(text: &str) -> String {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.starts_with(|first: char| !first.is_alphabetic()) => {
            // −0 is 0.
            (number + 0.0).to_string()
        }
        _ => text.to_owned(),
    }
}

/// Numbers come before words.
fn in_order(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}
