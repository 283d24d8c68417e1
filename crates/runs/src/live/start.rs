//! What is chosen before a training that is watched: its samples, and the page.

use std::path::Path;

use handgrad_dataset::{self as dataset, count, thousands};
use handgrad_files::shown;
use handgrad_layers::Optimizer;
use handgrad_models::{Model, Network};
use handgrad_pictures::live::{Page, Samples, Start};
use handgrad_trainer::yardstick::Yardsticks;
use handgrad_trainer::{Trainer, Training, shuffled};

use super::{Look, Watch};
use crate::curves::channel_names;
use crate::parts::kept;
use crate::prepared::check_bytes;
use crate::report::{blocks, form, loss_in_words, network_in_words, settings, title, without_folders};
use crate::{Result, Run};

/// The number of samples whose reconstructions are shown.
const SHOWN: usize = 10;
/// The most points of the map.
const POINTS: usize = 500;
/// The most samples of the batch of the gradient.
const BATCH: usize = 64;
/// The weights are copied for the measurement, from the training, for the measurement before, and as the gradient.
const COPIES: usize = 4;

/// Prepares to watch a run before it trains. Also returns the page, which shows what does not change, among it the
/// losses to compare with, [`Run::yardsticks`]. The threads that measure are those of the rayon pool in which this is
/// called.
///
/// # Errors
/// If the network cannot be used, or there is not enough memory.
pub fn watch(run: &Run, yardsticks: &Yardsticks) -> Result<(Watch, Page)> {
    let prepared = run.prepared();
    let (config, data, spec) = (&prepared.config, &prepared.data, &prepared.spec);
    let chosen = config.settings();
    let train = kept(data.train.len(), chosen.validation_split);
    let usual = config.training(train);
    let batch = drawn(train, usual.batch_size.min(BATCH), usual.seed);
    let batch: Vec<usize> = batch.into_iter().map(|at| at as usize).collect();
    // The trainer makes no steps, so this optimiser does nothing.
    let optimizer = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };
    let training = Training { optimizer, batch_size: batch.len(), seed: usual.seed, ..Training::default() };
    let network = Network::new(spec)?;
    let copies = network.param_count().saturating_mul(COPIES * size_of::<f32>());
    check_bytes(Trainer::memory_needed(&network, &training).saturating_add(copies))?;

    let samples = &data.validation;
    let (numbers, points) = (of_classes(samples, usual.seed), drawn(samples.len(), POINTS, usual.seed));
    let look = Look::of(run);
    let found: Vec<Vec<f64>> = samples.exact_rows(&numbers).rows().into_iter().map(|row| row.to_vec()).collect();
    let names = match (look.form, &spec.table) {
        ("table", Some(schema)) => schema.used().map(|column| column.name.clone()).collect(),
        ("series", _) => channel_names(spec, look.shape[2]),
        _ => Vec::new(),
    };
    let labels = samples.labels.as_ref();
    let layers: Vec<usize> = (0..network.layers().len()).filter(|&at| !network.theta_of(at).is_empty()).collect();
    let plan = prepared.plan();
    let start = Start {
        epochs: plan.epochs,
        may_end_early: plan.early_stopping.is_some(),
        loss: loss_in_words(&network),
        terms: network.term_names().into_iter().map(str::to_owned).collect(),
        yardsticks: vec![
            ("least possible loss".into(), yardsticks.least),
            ("loss of the mean sample".into(), yardsticks.mean_sample),
        ],
        samples: Samples {
            form: look.form,
            shape: look.shape,
            names,
            titles: numbers.iter().map(|&number| title("sample", samples, number)).collect(),
            inputs: look.drawn(spec, &found),
        },
        classes: labels.map_or_else(Vec::new, |labels| labels.classes().to_vec()),
        of: labels.map_or_else(Vec::new, |labels| points.iter().map(|&at| labels.numbers()[at as usize]).collect()),
        layers: layers.iter().map(|&at| format!("{}. {}", at + 1, network.layers()[at].describe())).collect(),
    };
    let page = page(run, &network, batch.len(), start);
    // Only for its conversion of samples to the units of the network.
    let model = Model::new(network, run.theta().to_vec())?;
    let watch = Watch {
        shown: model.scaled(samples.exact_rows(&numbers).view()),
        mapped: model.scaled(samples.exact_rows(&points).view()),
        look,
        directions: None,
        batch: data.train.select(&batch),
        layers,
        before: (run.records().len(), run.theta().to_vec()),
        trainer: Trainer::with_weights(Network::new(spec)?, run.theta().to_vec(), &training)?,
    };
    Ok((watch, page))
}

/// Draws `most` of the numbers 0 … `len` − 1, or all of them if they are fewer. They are ascending.
fn drawn(len: usize, most: usize, seed: u64) -> Vec<u32> {
    let mut order = vec![0; len];
    // Training draws the orders of its epochs with their numbers, from 1.
    shuffled(seed, 0, &mut order);
    order.truncate(most);
    order.sort_unstable();
    order
}

/// Draws samples of as many different classes as possible, in the order of the classes.
fn of_classes(samples: &dataset::Samples, seed: u64) -> Vec<u32> {
    let Some(labels) = &samples.labels else { return drawn(samples.len(), SHOWN, seed) };
    let mut order = vec![0; samples.len()];
    shuffled(seed, 0, &mut order);
    let mut so_far = vec![0_usize; labels.classes().len()];
    let numbered = order.into_iter().map(|number| {
        let class = labels.numbers()[number as usize];
        so_far[class as usize] += 1;
        (so_far[class as usize], class, number)
    });
    let mut all: Vec<_> = numbered.collect();
    all.sort_unstable();
    all.into_iter().take(SHOWN).map(|(.., number)| number).collect()
}

impl Look {
    fn of(run: &Run) -> Self {
        let prepared = run.prepared();
        let samples = &prepared.data.validation;
        let (shape, form) = (&samples.shape[..], form(&prepared.spec, &samples.shape));
        let shape = match (form, shape) {
            ("image", [planes @ (3 | 4), height, width]) => [(*planes).min(3), *height, *width],
            ("image", [.., height, width]) => [1, *height, *width],
            ("table", _) => [1, 1, samples.features()],
            _ => {
                let channels = shape.get(1).copied().unwrap_or(1).max(1);
                [1, samples.features() / channels, channels]
            }
        };
        Self { form, shape, range: samples.range() }
    }
}

/// The page. `batch` is the number of samples of the gradient.
fn page(run: &Run, network: &Network<f32>, batch: usize, start: Start) -> Page {
    let prepared = run.prepared();
    let (chosen, data) = (prepared.config.settings(), &prepared.data);
    let what = chosen.data.clone().unwrap_or_default();
    let origin = without_folders(&data.validation_origin, Path::new(&what));
    let name = Path::new(&what).file_name().map_or(what.clone(), |name| name.to_string_lossy().into());
    let (preset, widths) = (chosen.preset(), network_in_words(network));
    let folder = run.folder();
    Page {
        title: folder.file_name().map_or_else(|| shown(folder), |name| name.to_string_lossy().into_owned()),
        about: format!("An autoencoder, {preset}, trains on {name}: {widths}. The pictures show {origin}."),
        facts: vec![
            ["model".to_owned(), format!("{preset}: {widths}")],
            ["data".to_owned(), name],
            ["shown samples".to_owned(), origin],
            ["parameters".to_owned(), thousands(network.param_count())],
            ["values of a code".to_owned(), thousands(network.width(network.encoder_len()))],
            ["loss".to_owned(), start.loss.clone()],
            ["epochs of the plan".to_owned(), thousands(start.epochs)],
            ["batch of the gradient by layer".to_owned(), count(batch, "training sample", "training samples")],
        ],
        settings: settings(chosen),
        command: format!("handgrad train --resume {}", shown(folder)),
        blocks: blocks(network),
        start,
    }
}
