//! The synthetic data set: the same bytes on every machine, and ten classes that differ.

use std::path::Path;

use handgrad_dataset::{Error, Samples, Values, idx, load, synthetic};
use ndarray::{Array2, Axis};
use sha2::{Digest, Sha256};

/// SHA-256 of the bytes of `draw(0, 100)`. If it changes, every user of the synthetic set trains on different data.
const PINNED: &str = "c07b63e40b1cf1f13967b9a19b9e6b981031d472c5dc2850dd1fb2adf5d88ef9";

fn images(samples: &Samples) -> &Array2<u8> {
    match &samples.values {
        Values::Bytes(images) => images,
        _ => panic!("drawn images are bytes"),
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_drawing_is_pinned() {
    assert_eq!(sha256(images(&synthetic::draw(0, 100)).as_slice().unwrap()), PINNED);
}

#[test]
fn an_image_depends_on_the_seed_and_its_number_alone() {
    let (few, many) = (synthetic::draw(0, 100), synthetic::draw(0, 200));
    assert_eq!(images(&few), images(&many).view().split_at(Axis(0), 100).0);
    assert_eq!(few.labels, many.labels.as_ref().map(|labels| labels.select(&(0..100).collect::<Vec<_>>())));
    let other = synthetic::draw(1, 200);
    let all: Vec<_> = images(&many).rows().into_iter().chain(images(&other).rows()).map(|row| row.to_vec()).collect();
    let mut distinct = all.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), all.len(), "two images are the same");
}

#[test]
fn shape_labels_and_range_are_those_of_fashion_mnist() {
    let samples = synthetic::draw(3, 50);
    assert_eq!((samples.len(), samples.features(), &samples.shape[..]), (50, 784, &[28, 28][..]));
    assert_eq!(samples.labels, Some((0..50).map(|i| i % 10).collect::<Vec<u8>>().into()));
    for (i, image) in images(&samples).rows().into_iter().enumerate() {
        let drawn = image.iter().filter(|&&v| v > 20).count();
        assert!((40..600).contains(&drawn), "image {i} has {drawn} pixels that are not background");
        let border = (0..28).map(|x| image[x]).filter(|&v| v > 20).count();
        assert!(border < 14, "image {i} runs off the top");
    }
    assert!(synthetic::draw(0, 0).is_empty());
}

/// Assigns each image to the nearest of the means; returns the fraction of correct assignments.
fn nearest_mean_accuracy(fit: &Samples, test: &Samples) -> f64 {
    let mut means = vec![vec![0.0; 784]; 10];
    for (i, image) in images(fit).rows().into_iter().enumerate() {
        for (mean, &v) in means[i % 10].iter_mut().zip(image) {
            *mean += f64::from(v) / (fit.len() / 10) as f64;
        }
    }
    let right = images(test).rows().into_iter().enumerate().filter(|(i, image)| {
        let distance = |mean: &[f64]| mean.iter().zip(*image).map(|(m, &v)| (m - f64::from(v)).powi(2)).sum::<f64>();
        let distances: Vec<f64> = means.iter().map(|mean| distance(mean)).collect();
        (0..10).min_by(|&a, &b| distances[a].total_cmp(&distances[b])) == Some(i % 10)
    });
    right.count() as f64 / test.len() as f64
}

#[test]
fn classes_are_told_apart_by_their_means() {
    let accuracy = nearest_mean_accuracy(&synthetic::draw(0, 2_000), &synthetic::draw(1, 1_000));
    assert!(accuracy > 0.8, "{accuracy}");
}

#[test]
fn images_of_a_class_vary() {
    let samples = synthetic::draw(0, 1_000);
    for class in 0..10 {
        let rows: Vec<Vec<f64>> = images(&samples)
            .rows()
            .into_iter()
            .skip(class)
            .step_by(10)
            .map(|row| row.iter().map(|&v| f64::from(v) / 255.0).collect())
            .collect();
        let count = rows.len() as f64;
        let mean: Vec<f64> = (0..784).map(|j| rows.iter().map(|row| row[j]).sum::<f64>() / count).collect();
        let spread = rows.iter().flat_map(|row| row.iter().zip(&mean).map(|(v, m)| (v - m).powi(2))).sum::<f64>();
        let energy = rows.iter().flatten().map(|v| v * v).sum::<f64>();
        assert!(spread / energy > 0.1, "class {class}: {}", spread / energy);
    }
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn written_files_are_read_back_and_written_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    synthetic::write(&one, 5, 70, 30).unwrap();
    synthetic::write(&two, 5, 70, 30).unwrap();
    assert_eq!(contents(&one), contents(&two));
    let names: Vec<_> = contents(&one).into_iter().map(|(name, _)| name).collect();
    let usual = [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ];
    assert_eq!(names, usual);
    let set = load(one.to_str().unwrap(), Path::new("/nowhere"), &Default::default(), &()).unwrap();
    let drawn = synthetic::draw(5, 100);
    let (train, test) = images(&drawn).view().split_at(Axis(0), 70);
    assert_eq!((images(&set.train), images(&set.validation)), (&train.to_owned(), &test.to_owned()));
    let [first, second] = [set.train.labels.unwrap(), set.validation.labels.unwrap()];
    assert_eq!(Some(handgrad_dataset::Labels::named(first.names().chain(second.names()))), drawn.labels);
    // Writing over existing files gives the same files again. If writing is impossible, they stay as they were.
    synthetic::write(&one, 5, 70, 30).unwrap();
    assert!(matches!(synthetic::write(&one, 6, 70, 0), Err(Error::CannotWrite { .. })));
    assert_eq!(contents(&one), contents(&two));
    assert!(idx::read(&one.join(usual[0])).is_ok());
}
