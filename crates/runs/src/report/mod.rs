//! The report of a run: what its page shows, computed from the run and from samples.

mod layers;
mod parts;

pub(crate) use parts::{cell, ends, form, title};

use std::path::Path;

use handgrad_dataset::{Samples, count, sizes, thousands};
use handgrad_files::place::{Replaceable, must_be};
use handgrad_files::{Progress, shown};
use handgrad_layers::Output;
use handgrad_models::{Model, Network};
use handgrad_pictures::report::{self as page, Block, Epoch, Explorer, Page};
use handgrad_tasks::report as measures;
use handgrad_trainer::Source;
use handgrad_trainer::yardstick::{Yardsticks, yardsticks};

use crate::folder::REPORT;
use crate::{Error, Finished, History, Result, Settings, Subject};

/// The most points of the map.
const POINTS: usize = 2000;
/// About as many bytes the samples in the page have at most, and the fewest and the most of these samples.
const KEPT_BYTES: usize = 110_000;
const KEPT: [usize; 2] = [12, 300];
/// The samples whose results are compared.
const CHECKED: usize = 4;
/// Networks with more weights than this have no explorer, because their page would be too large.
const MOST_WEIGHTS: usize = 4_000_000;
/// The most sliders.
const SLIDERS: usize = 24;
/// The most samples of each kind among the examples.
const EACH: usize = 3;
/// The part of the scores of normal samples that is below the threshold.
const USUAL: f64 = 0.95;

/// Draws the report of a run as an HTML page. `run` is the folder of the run, and `subject` its model with samples. The
/// page is the same for any number of threads.
///
/// # Errors
/// If the folder has no finished run, or the samples cannot be used with the model.
pub fn report(run: &Path, subject: &Subject, progress: &dyn Progress) -> Result<String> {
    let yardsticks = subject.train.as_ref().map(|train| {
        yardsticks(&Source::new(train), &Source::new(&subject.samples), subject.model.network()).map_err(Error::from)
    });
    let shown = Shown {
        model: &subject.model,
        samples: &subject.samples,
        origin: without_folders(&subject.origin, Path::new(&subject.what)),
        train: subject.train.as_ref(),
        yardsticks: yardsticks.transpose()?,
        only_class: &subject.only_class,
    };
    html(run, &subject.what, &shown, progress)
}

/// Writes the report of a training that has ended into its folder, from the data that it was trained on, and adds it to
/// the files that were written. A page that has these bytes already is not changed.
///
/// # Errors
/// As [`report`], or if the file cannot be written, or if something else has its name.
pub fn write_report(finished: &mut Finished, progress: &dyn Progress) -> Result<()> {
    let settings = finished.config.settings();
    let what = settings.data.clone().unwrap_or_default();
    let shown = Shown {
        model: &finished.model,
        samples: &finished.data.validation,
        origin: without_folders(&finished.data.validation_origin, Path::new(&what)),
        train: Some(&finished.data.train),
        yardsticks: Some(finished.yardsticks),
        only_class: settings.only_class.as_ref().map_or(&[], |classes| &classes.0),
    };
    let path = finished.folder.join(REPORT);
    must_be(&path, Replaceable::Html)?;
    let html = html(&finished.folder, &what, &shown, progress)?;
    if handgrad_files::is_plain(&path) && handgrad_files::holds(&path, html.as_bytes())? {
        return Ok(());
    }
    handgrad_files::write_into(&path, html.as_bytes())?;
    finished.written.push(REPORT);
    Ok(())
}

/// Draws the page of the run in the folder `run`, which was trained on the data `what`, if its settings name none.
fn html(run: &Path, what: &str, data: &Shown, progress: &dyn Progress) -> Result<String> {
    let history = History::read(run)?;
    let name = run.file_name().map_or_else(|| shown(run), |name| name.to_string_lossy().into_owned());
    let what = history.settings.data.as_deref().unwrap_or(what);
    let what = Path::new(what).file_name().map_or(what.to_owned(), |name| name.to_string_lossy().into());
    let command = format!("handgrad train --config {} --out NEW-FOLDER", shown(run.join("config.toml")));
    Ok(page::html(&page(&history, data, [&name, &what, &command], progress)?))
}

/// Returns a text about the file or folder `path` with only its name, because the page is to be shown to others, who
/// do not need the folders of this machine. The text can have the path or, if it was given so, an end of it.
pub(crate) fn without_folders(text: &str, path: &Path) -> String {
    let Some(name) = path.file_name() else { return text.to_owned() };
    let mut end = path.components();
    while end.as_path().file_name().is_some() {
        let part = shown(end.as_path());
        if text.contains(&part) {
            return text.replace(&part, &name.to_string_lossy());
        }
        end.next();
    }
    text.to_owned()
}

/// The samples that a report shows.
struct Shown<'a> {
    model: &'a Model,
    samples: &'a Samples,
    origin: String,
    train: Option<&'a Samples>,
    /// Losses to compare with, if the training samples are known.
    yardsticks: Option<Yardsticks>,
    only_class: &'a [String],
}

fn page(history: &History, data: &Shown, [name, what, command]: [&str; 3], progress: &dyn Progress) -> Result<Page> {
    let (model, samples) = (data.model, data.samples);
    let scores = measures::scores(model, samples, progress)?;
    let chosen = measures::evenly(samples.len(), POINTS);
    let codes = parts::codes(model, samples, &chosen)?;
    let normal: Vec<f64> = parts::normal(data).iter().map(|&at| scores[at as usize]).collect();
    let threshold = measures::quantile(&normal, USUAL);
    let plane = measures::plane(codes.view());
    let map = plane.as_ref().map(|plane| parts::map(data, plane, &chosen));
    let explorer = explorer(data, &codes, plane.as_ref().zip(map.as_ref()), threshold)?;
    let best = history.kept();
    let preset = history.settings.preset.clone().unwrap_or_default();
    let mut facts = vec![
        ["model".to_owned(), format!("{preset}: {}", network_in_words(model.network()))],
        ["data".to_owned(), what.to_owned()],
        ["shown samples".to_owned(), data.origin.clone()],
        ["parameters".to_owned(), thousands(model.network().param_count())],
        ["values of a code".to_owned(), thousands(model.code_len())],
        ["loss".to_owned(), loss_in_words(model.network())],
        ["epochs".to_owned(), format!("{}; the weights are those of epoch {}", history.epochs.len(), best.epoch)],
        ["validation loss".to_owned(), page_number(best.validation_loss)],
        [
            "seconds of training".to_owned(),
            format!("{:.1}", history.epochs.iter().map(|epoch| epoch.seconds).sum::<f64>()),
        ],
    ];
    if let Some(file) = &model.spec().trained_on {
        facts.push(["SHA-256 of the data".to_owned(), file.sha256.clone()]);
    }
    Ok(Page {
        title: name.to_owned(),
        about: format!(
            "An autoencoder, {preset}, trained on {what}: {}. The pictures show {}.",
            network_in_words(model.network()),
            data.origin
        ),
        facts,
        settings: settings(&history.settings),
        command: command.to_owned(),
        blocks: blocks(model.network()),
        epochs: epochs(history),
        loss: loss_in_words(model.network()),
        yardsticks: data.yardsticks.map_or_else(Vec::new, |found| {
            vec![("least possible loss".into(), found.least), ("loss of the mean sample".into(), found.mean_sample)]
        }),
        kept: best.epoch,
        examples: parts::examples(data, &scores)?,
        map,
        code: parts::code_values(data, &codes)?,
        columns: parts::columns(data)?,
        scores: parts::scores(data, &scores, threshold),
        explorer,
    })
}

fn page_number(value: f64) -> String {
    handgrad_pictures::charts::number(value)
}

/// What the loss is.
pub(crate) fn loss_in_words(network: &Network<f32>) -> String {
    match network.spec().table {
        Some(_) => "mean over the columns of their losses; about 1 for the mean row".into(),
        None => network.loss().to_string(),
    }
}

/// The numbers of values from layer to layer.
pub(crate) fn network_in_words(network: &Network<f32>) -> String {
    let mut widths: Vec<String> = (0..=network.layers().len()).map(|at| network.width(at).to_string()).collect();
    widths.dedup();
    widths.join("-")
}

/// The settings that the configuration states.
pub(crate) fn settings(settings: &Settings) -> Vec<[String; 2]> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(settings) else { return Vec::new() };
    let in_words = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let given = fields.iter().filter(|(_, value)| !value.is_null());
    given.map(|(name, value)| [name.clone(), in_words(value)]).collect()
}

/// The sample and the layers, for the diagram.
pub(crate) fn blocks(network: &Network<f32>) -> Vec<Block> {
    let last = network.layers().len() - 1;
    let input = &network.spec().input;
    let mut blocks = vec![Block {
        what: "sample".into(),
        shape: sizes(input),
        values: network.width(0),
        parameters: 0,
        is_code: false,
    }];
    for (at, layer) in network.layers().iter().enumerate() {
        let mut what = layer.describe();
        if at == last && network.output() != Output::Linear {
            what = format!("{}, {}", what.trim_end_matches(", linear"), network.output().name());
        }
        blocks.push(Block {
            what,
            shape: sizes(network.shape(at + 1)),
            values: network.width(at + 1),
            parameters: network.params().iter().filter(|param| param.layer == at).map(|param| param.range.len()).sum(),
            is_code: at + 1 == network.encoder_len(),
        });
    }
    blocks
}

fn epochs(history: &History) -> Vec<Epoch> {
    let terms = |at: usize| history.terms.iter().map(|(name, values)| (name.clone(), values[at])).collect();
    let epoch = |(at, epoch): (usize, &crate::history::Measured)| Epoch {
        epoch: epoch.epoch,
        training: epoch.train_loss,
        validation: epoch.validation_loss,
        terms: terms(at),
        learning_rate: epoch.learning_rate,
        seconds: epoch.seconds,
    };
    history.epochs.iter().enumerate().map(epoch).collect()
}

/// What the page needs to run the network, and the packed weights.
fn explorer(
    data: &Shown,
    codes: &ndarray::Array2<f32>,
    map: Option<(&measures::Plane, &page::Map)>,
    threshold: f64,
) -> Result<std::result::Result<(Explorer, String), String>> {
    let model = data.model;
    let network = model.network();
    if network.param_count() > MOST_WEIGHTS {
        let weights = count(network.param_count(), "weight", "weights");
        let most = thousands(MOST_WEIGHTS);
        return Ok(Err(format!("the network has {weights}, and a page has room for at most {most}")));
    }
    let [encoder, decoder] = match layers::layers(model) {
        Ok(layers) => layers,
        Err(why) => return Ok(Err(why)),
    };
    let params: Vec<&[f32]> = network.params().iter().map(|param| &model.weights()[param.range.clone()]).collect();
    let (params, weights) = page::pack(&params);
    let (kept, check) = parts::kept(data)?;
    let (code, sliders) = parts::sliders(codes);
    let (low, high) = data.samples.range();
    let spec = model.spec();
    let explorer = Explorer {
        shape: data.samples.shape.clone(),
        form: form(model.spec(), &data.samples.shape),
        encoder,
        decoder,
        outputs: layers::outputs(network),
        params,
        scale: spec
            .scale
            .as_ref()
            .map(|scale| page::Scale { offset: scale.offset.clone(), factor: scale.factor.clone() }),
        columns: spec.table.as_ref().map_or_else(Vec::new, layers::columns),
        channels: spec.series.as_ref().map_or_else(Vec::new, |series| series.names.clone()),
        range: if low.is_finite() && high.is_finite() { [low, high] } else { [0.0, 1.0] },
        code,
        sliders,
        plane: map.map(|(plane, map)| page::Plane {
            mean: plane.mean.clone(),
            directions: plane.directions.clone(),
            ends: map.ends,
        }),
        threshold,
        kept,
        check,
    };
    Ok(Ok((explorer, weights)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::without_folders;

    #[test]
    fn a_text_has_only_the_name_of_a_path() {
        for (text, path, expected) in [
            ("the 20 rows of /home/me/data.csv", "/home/me/data.csv", "the 20 rows of data.csv"),
            ("the 20 rows of me/data.csv", "/home/me/data.csv", "the 20 rows of data.csv"),
            ("the 10,000 images of t10k-images.gz", "mnist", "the 10,000 images of t10k-images.gz"),
            ("drawn from seed 0", "a/b", "drawn from seed 0"),
        ] {
            assert_eq!(without_folders(text, Path::new(path)), expected);
        }
    }
}
