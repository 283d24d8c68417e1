//! A generated data set: greyscale images of clothes in the ten classes of Fashion-MNIST. The program draws outlines
//! whose measures, shades and details are random.
//!
//! An image depends only on the seed and on its number. The arithmetic is only +, −, ×, ÷ and whole numbers, so every
//! machine draws the same bytes.

mod canvas;
mod clothes;
mod dice;
mod shoes;
mod tops;

use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView1, ArrayView3, ArrayViewD};
use rayon::prelude::*;

use crate::idx::USUAL_NAMES;
use crate::{Error, Labels, Samples, Values, idx};
use canvas::{Canvas, SIDE};
use dice::Dice;
use handgrad_files::Together;

/// The name of this set for [`crate::load`].
pub(crate) const NAME: &str = "synthetic";

/// The names of the classes, indexed by label, as in Fashion-MNIST.
pub const CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// Draws the first `count` images of a seed. Image i has the class i mod 10, and does not depend on `count`.
#[must_use]
pub fn draw(seed: u64, count: usize) -> Samples {
    let mut bytes = Array2::zeros((count, SIDE * SIDE));
    // An image is determined by its number, so it does not matter which thread draws it.
    if let Some(bytes) = bytes.as_slice_mut() {
        bytes.par_chunks_exact_mut(SIDE * SIDE).enumerate().for_each(|(i, image)| one(seed, i as u64).write(image));
    }
    let labels: Vec<u8> = (0..count).map(|i| (i % CLASSES.len()) as u8).collect();
    Samples { values: Values::Bytes(bytes), shape: vec![SIDE, SIDE], labels: Some(labels.into()), places: None }
}

/// Writes the first `train` images of a seed and the next `test` images into `dir`, with their labels, as four IDX
/// files with the usual names. Existing files with these names are replaced. The same arguments give the same bytes. If
/// a file cannot be written, the new files that were written before it are removed.
///
/// # Errors
/// If a file cannot be written, or if one of the counts is 0.
pub fn write(dir: &Path, seed: u64, train: usize, test: usize) -> Result<(), Error> {
    for (count, name) in [(train, USUAL_NAMES[0]), (test, USUAL_NAMES[2])] {
        if count == 0 {
            return Err(Error::CannotWrite { path: dir.join(name), dims: vec![0, SIDE as u64, SIDE as u64] });
        }
    }
    let mut new = Together::default();
    let mut write = |path: PathBuf, values: &ArrayViewD<'_, u8>| -> Result<(), Error> {
        if path.symlink_metadata().is_err() {
            new.add(&path);
        }
        idx::write_gz(&path, values)
    };
    let (train, test) = draw(seed, train.saturating_add(test)).split(train);
    for (part, names) in [(&train, &USUAL_NAMES[..2]), (&test, &USUAL_NAMES[2..])] {
        let (Values::Bytes(images), Some(labels)) = (&part.values, part.labels.as_ref().and_then(Labels::bytes)) else {
            continue;
        };
        let path = dir.join(names[0]);
        let images = ArrayView3::from_shape((part.len(), SIDE, SIDE), images.as_slice().unwrap_or_default())
            .map_err(|_| Error::CannotWrite { path: path.clone(), dims: vec![part.len() as u64] })?;
        write(path, &images.into_dyn())?;
        write(dir.join(names[1]), &ArrayView1::from(&labels).into_dyn())?;
    }
    new.keep();
    Ok(())
}

/// Draws image number `index` of a seed.
fn one(seed: u64, index: u64) -> Canvas {
    let mut dice = Dice::new(seed, index);
    let d = &mut dice;
    let mut canvas = Canvas::new(d);
    let c = &mut canvas;
    match index % CLASSES.len() as u64 {
        0 => tops::t_shirt(c, d),
        1 => clothes::trouser(c, d),
        2 => tops::pullover(c, d),
        3 => clothes::dress(c, d),
        4 => tops::coat(c, d),
        5 => shoes::sandal(c, d),
        6 => tops::shirt(c, d),
        7 => shoes::sneaker(c, d),
        8 => clothes::bag(c, d),
        _ => shoes::ankle_boot(c, d),
    }
    canvas
}
