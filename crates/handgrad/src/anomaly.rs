//! `handgrad anomaly`: what a model reconstructs badly is unlike what it was trained on.
//!
//! ```text
//! score(x) = 1/n · Σ_i ℓ(x̂_i, x_i)          x̂: what the model makes of x, ℓ: its loss, or squared or absolute error
//! anomalous where score ≥ threshold
//! ```
//!
//! Slides: DIVE "Applications of Autoencoders", 3; CE6146 "Why Are Autoencoders Important (2/2)", "Example – VAEs".

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handgrad_analysis::threshold;
use handgrad_dataset::{Samples, thousands};
use handgrad_layers::{Loss, LossKind, Reduction};
use handgrad_trainer::{Source, Trainer};
use indicatif::ProgressBar;

use crate::alter::classes;
use crate::args::uses::{AnomalyArgs, Rule, ScoreName};
use crate::config::UsageError;
use crate::subject::{self, CHUNK, Data, Subject};
use crate::verdict::{Threshold, Verdict};
use crate::{Done, eval, picture, reconstruct, score_chart, show, table};

pub fn run(args: &AnomalyArgs) -> Result<Done> {
    check(args)?;
    let mut subject = subject::open(&args.eval)?;
    let normal_class = match &subject.samples.labels {
        // What it was trained on tells what is normal, where labels say what is not.
        Some(labels) if args.normal_class.is_empty() && some_of(&subject.only_class, labels) => {
            subject.only_class.clone()
        }
        _ => args.normal_class.clone(),
    };
    let truth = truth(&subject.samples, &normal_class, &subject.origin)?;
    if args.threshold == Rule::BestF1 && truth.is_none() {
        let text = "--threshold best-f1 needs labels: say which classes are normal with --normal-class";
        return Err(UsageError(text.into()).into());
    }
    let loss = loss(&subject.trainer, args.score);
    let quiet = args.eval.output.quiet;
    let scores = {
        let all = subject::all(&subject.samples);
        scores(&mut subject.trainer, &subject.samples, &all, loss, &show::sample_bar(all.len(), quiet))?
    };
    let threshold = match args.threshold {
        Rule::BestF1 => {
            let (value, f1) = threshold::best_f1(&scores, truth.as_deref().unwrap_or_default())
                .context("best-f1 needs anomalous samples, and there is none")?;
            let how = format!("the best F1 of anomalies, {f1:.4}, on these very samples, whose figures it flatters");
            Threshold { value, how, normal: None }
        }
        Rule::Std(_) | Rule::Quantile(_) => from_normal(args, &normal_class, &mut subject, loss)?,
    };
    let verdict = Verdict { scores, truth, threshold, loss: eval::loss_name(loss) };

    handgrad_files::write(
        &args.out,
        &worst(&mut subject.trainer, &subject.samples, &verdict.scores, usize::from(args.count))?,
    )?;
    if let Some(path) = &args.chart {
        let title = format!("Scores of {}", subject.origin);
        handgrad_files::write(path, score_chart::svg(&title, &verdict)?.as_bytes())?;
    }
    // Last, as they are never overwritten: where something fails, all can be done again.
    if let Some(path) = &args.scores {
        write_scores(path, &verdict, subject.samples.labels.as_deref())?;
    }
    verdict.report(args, &subject.origin)?;
    Ok(Done::Whole)
}

/// Refuses what makes no sense before anything is read.
fn check(args: &AnomalyArgs) -> Result<()> {
    reconstruct::check_place(&args.out)?;
    if let Some(path) = &args.scores
        && table::check_place(path)? != table::Format::Csv
    {
        return Err(UsageError(format!("{}: scores are written as CSV; call it so", path.display())).into());
    }
    if let Some(path) = &args.chart {
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("svg")) {
            return Err(
                UsageError(format!("{}: the chart is an SVG; call it so: --chart scores.svg", path.display())).into()
            );
        }
        let begins_so = || -> Result<bool> {
            let mut start = Vec::new();
            // A pipe would have us wait for ever.
            if !path.is_file() {
                return Ok(false);
            }
            handgrad_files::open(path)?.0.take(4).read_to_end(&mut start)?;
            Ok(start == b"<svg")
        };
        if path.exists() && !begins_so()? {
            bail!("{}: is there and is no SVG; it is not overwritten: choose another name", path.display());
        }
    }
    if args.threshold == Rule::BestF1 && args.normal.is_some() {
        let text =
            "--normal is given, but best-f1 heeds only the labelled samples: take std:K or quantile:Q, or leave it out";
        return Err(UsageError(text.into()).into());
    }
    Ok(())
}

/// Are some of the labels among the classes, and others not?
fn some_of(classes: &[u8], labels: &[u8]) -> bool {
    let of_them = |label: &u8| classes.contains(label);
    labels.iter().any(of_them) && !labels.iter().all(of_them)
}

/// Which samples are anomalous, if the classes that are normal were named.
fn truth(samples: &Samples, normal: &[u8], origin: &str) -> Result<Option<Vec<bool>>> {
    if normal.is_empty() {
        return Ok(None);
    }
    let labels = samples.labels.as_deref().with_context(|| {
        format!(
            "{origin}: no labels, so nothing says which are of a normal class: leave out --normal-class, or give a data set with \
             labels, by name or as a folder with label files beside the images"
        )
    })?;
    if let Some(missing) = normal.iter().find(|class| !labels.contains(class)) {
        bail!("{origin}: no sample is of class {missing}; there are the classes {}", classes(labels));
    }
    let truth: Vec<bool> = labels.iter().map(|label| !normal.contains(label)).collect();
    if !truth.contains(&true) {
        bail!("{origin}: every sample is of a class that --normal-class names, so there is no anomaly to find");
    }
    Ok(Some(truth))
}

/// The error of a reconstruction, as a mean over its values.
pub fn loss(trainer: &Trainer<f32>, asked: Option<ScoreName>) -> Loss {
    let kind = match asked {
        Some(ScoreName::Mse) => LossKind::Mse,
        Some(ScoreName::Mae) => LossKind::Mae,
        None => trainer.network().loss().kind,
    };
    Loss { kind, reduction: Reduction::Mean }
}

/// The scores of samples.
pub fn scores(
    trainer: &mut Trainer<f32>,
    samples: &Samples,
    numbers: &[u32],
    loss: Loss,
    bar: &ProgressBar,
) -> Result<Vec<f64>> {
    let source = Source::new(samples);
    let mut scores = Vec::with_capacity(numbers.len());
    for numbers in numbers.chunks(CHUNK) {
        let predictions = trainer.predict(&source, numbers)?;
        let targets = subject::rows(samples, numbers);
        let pairs = predictions.rows().into_iter().zip(targets.rows());
        let score = |p: &[f32], t: &[f32]| f64::from(loss.of_prediction(p, t));
        scores.extend(pairs.map(|(p, t)| p.to_slice().zip(t.to_slice()).map_or(f64::NAN, |(p, t)| score(p, t))));
        bar.inc(numbers.len() as u64);
    }
    bar.finish_and_clear();
    if let Some(wrong) = scores.iter().position(|score| !score.is_finite()) {
        bail!("sample {} has the score {}: the model or the data is far out of range", numbers[wrong], scores[wrong]);
    }
    Ok(scores)
}

/// The threshold that normal data sets.
fn from_normal(args: &AnomalyArgs, normal_class: &[u8], subject: &mut Subject, loss: Loss) -> Result<Threshold> {
    let quiet = args.eval.output.quiet;
    let asked = match &args.normal {
        Some(what) => Some((what, true)),
        None => subject.trained_on.as_ref().filter(|what| **what != subject.what).map(|what| (what, false)),
    };
    let loaded;
    let (normal, origin) = match asked {
        Some((what, own)) => {
            let Data { train, train_origin, samples, origin } = subject.loader.load(what, own)?;
            loaded = if let Some(train) = train { (train, train_origin) } else { (samples, origin) };
            subject::check_fit(subject.trainer.network(), &loaded.0, what)?;
            (&loaded.0, &loaded.1)
        }
        None => {
            let train = subject.train.as_ref().context(
                "nothing says what the model was trained on, so there are no normal scores to set a threshold by: name normal data \
                 with --normal",
            )?;
            (train, &subject.train_origin)
        }
    };
    let mut numbers = subject::all(normal);
    let mut origin = origin.clone();
    // Where nothing else is said, normal is what was learnt.
    let learnt = |labels: &Vec<u8>| labels.iter().any(|label| subject.only_class.contains(label));
    let normal_class = match &normal.labels {
        Some(labels) if normal_class.is_empty() && learnt(labels) => &subject.only_class,
        _ => normal_class,
    };
    if let (Some(labels), false) = (&normal.labels, normal_class.is_empty()) {
        numbers.retain(|&number| normal_class.contains(&labels[number as usize]));
        if numbers.is_empty() {
            bail!("{origin}: no sample is of a normal class; there are the classes {}", classes(labels));
        }
        if numbers.len() < normal.len() {
            origin = format!("the {} normal ones of {origin}", thousands(numbers.len()));
        }
    }
    let bar = show::sample_bar(numbers.len(), quiet);
    let scores = scores(&mut subject.trainer, normal, &numbers, loss, &bar)?;
    let none = "there are no normal scores";
    let (mean, std) = threshold::mean_and_std(&scores).context(none)?;
    let (value, how) = match args.threshold {
        Rule::Quantile(q) => (threshold::quantile(&scores, q), format!("the quantile {q} of the normal scores")),
        Rule::Std(k) => (threshold::mean_plus_std(&scores, k), format!("mean + {k}·std of the normal scores")),
        Rule::BestF1 => (None, String::new()),
    };
    Ok(Threshold { value: value.context(none)?, how, normal: Some((origin, scores.len(), mean, std)) })
}

/// The samples with the highest scores, above what the model made of them, above how far off that is: white where it is
/// furthest off in the whole picture.
fn worst(trainer: &mut Trainer<f32>, samples: &Samples, scores: &[f64], count: usize) -> Result<Vec<u8>> {
    let mut order = subject::all(samples);
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    order.truncate(count);
    let source = Source::new(samples);
    let reconstructions = trainer.predict(&source, &order)?;
    let originals = subject::rows(samples, &order);
    let errors = (&originals - &reconstructions).mapv(f32::abs);
    let largest = errors.iter().fold(0.0, |largest: f32, &error| largest.max(error));
    let errors = errors / largest.max(f32::MIN_POSITIVE);
    let range = samples.range();
    let [originals, reconstructions] = [originals, reconstructions].map(|rows| picture::to_unit(&rows, range));
    picture::grid(&[originals, reconstructions, errors], &samples.shape)
}

/// `sample,label,score,called`: a line a sample.
fn write_scores(path: &Path, verdict: &Verdict, labels: Option<&[u8]>) -> Result<()> {
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    let label = |text: Option<String>| labels.and(text);
    let header = [Some("sample".to_string()), label(Some("label".into())), Some("score".into()), Some("called".into())];
    writer.write_record(header.into_iter().flatten())?;
    for (number, score) in verdict.scores.iter().enumerate() {
        let called = if verdict.calls(*score) { "anomalous" } else { "normal" };
        let label = label(labels.and_then(|labels| labels.get(number)).map(ToString::to_string));
        let cells = [Some(number.to_string()), label, Some(score.to_string()), Some(called.into())];
        writer.write_record(cells.into_iter().flatten())?;
    }
    writer.flush()?;
    drop(writer);
    Ok(handgrad_files::write_new(path, &bytes)?)
}
