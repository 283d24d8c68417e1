//! Random draws of samples that are the same for a seed on every machine.
//!
//! ```text
//! some          n of all samples: the first n of a random order
//! balanced      n samples of each class: the first n of a random order of the samples of the class
//! ```
//!
//! The order of all samples depends on the seed and on a stream, of which each use has its own. The order of a class
//! depends on the seed and on the number of the class alone. So the samples of a smaller draw are also in a larger draw
//! of the same seed.

use handgrad_analysis::Random;

use crate::Error;

/// Returns the numbers of `most` of `count` samples, or of all if there are not more, in ascending order.
///
/// ```
/// assert_eq!(handgrad_tasks::draws::some(3, 10, 0, 0), [0, 1, 2]);
/// assert_eq!(handgrad_tasks::draws::some(1000, 10, 0, 0).len(), 10);
/// ```
#[must_use]
pub fn some(count: usize, most: usize, seed: u64, stream: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    if most < count {
        Random::new(seed, stream).shuffle(&mut numbers);
        numbers.truncate(most);
        numbers.sort_unstable();
    }
    numbers
}

/// Returns the numbers of `per_class` samples of each class, in ascending order. `classes` has the class of each
/// sample, a position in `names`. Classes without any sample are left out.
///
/// ```
/// let classes = [0, 0, 0, 1, 1];
/// let names = ["cat".to_owned(), "dog".to_owned()];
/// assert_eq!(handgrad_tasks::draws::balanced(&classes, &names, 2, 7)?.len(), 4);
/// let error = handgrad_tasks::draws::balanced(&classes, &names, 3, 7).expect_err("there are only two dogs");
/// assert!(error.to_string().contains("class dog has 2 samples"));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// [`Error::FewOfClass`] if a class has fewer samples.
pub fn balanced(classes: &[u32], names: &[String], per_class: usize, seed: u64) -> Result<Vec<u32>, Error> {
    let mut of_class: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
    classes.iter().zip(0..).for_each(|(&class, sample)| of_class[class as usize].push(sample));
    let fewest = of_class.iter().zip(names).filter(|(all, _)| !all.is_empty()).min_by_key(|(all, _)| all.len());
    if let Some((all, name)) = fewest.filter(|(all, _)| all.len() < per_class) {
        return Err(Error::FewOfClass { asked: per_class, class: name.clone(), has: all.len() });
    }
    let mut drawn = Vec::new();
    for (all, class) in of_class.iter_mut().zip(0..) {
        Random::new(seed, class).shuffle(all);
        drawn.extend(all.iter().take(per_class));
    }
    drawn.sort_unstable();
    Ok(drawn)
}
