//! The parts of a report that are measured on samples.

use handgrad_analysis::roc;
use handgrad_dataset::tables::{Column, Kind, KindName};
use handgrad_dataset::{Samples, Values, count, thousands};
use handgrad_models::{Model, Spec};
use handgrad_pictures::report::{
    Check, CodeValues, ColumnQuality, ExampleImage, ExampleRow, Examples, Kept, Map, Scores,
};
use handgrad_pictures::{charts, grid, images, to_unit};
use handgrad_tasks::reconstruct::pairs;
use handgrad_tasks::report::{self as measures, Plane, picked};
use handgrad_tasks::{CHUNK, anomaly, code};
use ndarray::{Array2, ArrayView3, Axis};

use super::{CHECKED, EACH, KEPT, KEPT_BYTES, SLIDERS, Shown};
use crate::{Result, curves};

/// The most rows on which the columns of a table are measured.
const ROWS: usize = 2000;
const BINS: usize = 50;

/// How samples are shown: `image`, `series` or `table`.
pub(crate) fn form(spec: &Spec, shape: &[usize]) -> &'static str {
    match (&spec.table, &spec.series, shape) {
        (Some(_), ..) => "table",
        (None, None, [_, _] | [1 | 3 | 4, _, _]) => "image",
        _ => "series",
    }
}

/// The codes of the samples with these numbers.
pub(super) fn codes(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Array2<f32>> {
    let mut codes = Array2::zeros((numbers.len(), model.code_len()));
    for (numbers, mut to) in numbers.chunks(CHUNK).zip(codes.axis_chunks_iter_mut(Axis(0), CHUNK)) {
        to.assign(&model.encode(samples.exact_rows(numbers).view())?);
    }
    Ok(codes)
}

/// The numbers of the normal samples: those of the classes that the model was trained on, or all.
pub(super) fn normal(data: &Shown) -> Vec<u32> {
    let classes = anomaly::learnt_among(data.only_class, data.samples);
    anomaly::normal_samples(data.samples, classes).unwrap_or_else(|_| data.samples.numbers())
}

/// The map of the codes.
pub(super) fn map(data: &Shown, plane: &Plane, numbers: &[u32]) -> Map {
    let (all, shown) = (data.samples.len(), numbers.len());
    let chosen = match shown < all {
        true => format!(
            "Shown: {} of {} samples, evenly spaced. The samples are {}.",
            thousands(shown),
            thousands(all),
            data.origin
        ),
        false => format!("Shown: all samples. They are {}.", data.origin),
    };
    let labels = data.samples.labels.as_ref();
    Map {
        axes: plane.axes.clone(),
        chosen,
        points: plane.points.clone(),
        ends: ends(&plane.points),
        classes: labels.map_or_else(Vec::new, |labels| labels.classes().to_vec()),
        of: labels
            .map_or_else(Vec::new, |labels| numbers.iter().map(|&number| labels.numbers()[number as usize]).collect()),
    }
}

/// The ends of the two axes of a map with these points.
pub(crate) fn ends(points: &[[f64; 2]]) -> [[f64; 2]; 2] {
    [0, 1].map(|axis| {
        let values = points.iter().map(|point| point[axis]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        let margin = 0.04 * if high > low { high - low } else { 1.0 };
        [low - margin, high + margin]
    })
}

/// The ends of the slider of each value of the code, and the values that have a slider.
pub(super) fn sliders(codes: &Array2<f32>) -> (Vec<[f32; 2]>, Vec<usize>) {
    let ends = |column: ndarray::ArrayView1<f32>| {
        let (low, high) = column.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &v| (v.min(l), v.max(h)));
        if high > low { [low, high] } else { [low - 1.0, low + 1.0] }
    };
    let variance = codes.var_axis(Axis(0), 0.0);
    let mut order: Vec<usize> = (0..codes.ncols()).collect();
    order.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]));
    order.truncate(SLIDERS);
    order.sort_unstable();
    (codes.columns().into_iter().map(ends).collect(), order)
}

/// The samples that are in the page, and what the library computes for the first of them.
pub(super) fn kept(data: &Shown) -> Result<(Kept, Check)> {
    let (samples, kind) = match data.train {
        Some(train) => (train, "training"),
        None => (data.samples, "shown"),
    };
    let bytes_each = samples.features() * if matches!(samples.values, Values::Bytes(_)) { 1 } else { 8 };
    let most = (KEPT_BYTES / bytes_each.max(1)).clamp(KEPT[0], KEPT[1]);
    let numbers = measures::evenly(samples.len(), most);
    let name = |&number: &u32| title(kind, samples, number);
    let (bytes, values) = match &samples.values {
        Values::Bytes(values) => {
            let at: Vec<usize> = numbers.iter().map(|&number| number as usize).collect();
            (Some(values.select(Axis(0), &at).into_iter().collect()), Vec::new())
        }
        _ => (None, samples.exact_rows(&numbers).into_iter().collect()),
    };
    let about = format!(
        "There are {} in the page, evenly spaced among {}.",
        count(numbers.len(), &format!("{kind} sample"), &format!("{kind} samples")),
        thousands(samples.len())
    );
    let checked = &numbers[..numbers.len().min(CHECKED)];
    let computed = measures::compute(data.model, samples, checked)?;
    let check = Check {
        samples: checked.len(),
        codes: computed.codes.into_iter().collect(),
        reconstructions: computed.reconstructions.into_iter().collect(),
    };
    Ok((Kept { about, names: numbers.iter().map(name).collect(), bytes, numbers: values }, check))
}

/// What a sample is: `what`, its number, and its class, if it has one.
pub(crate) fn title(what: &str, samples: &Samples, number: u32) -> String {
    match samples.labels.as_ref().and_then(|labels| labels.name(number as usize)) {
        Some(class) => format!("{what} {number}, class {}", cut(class)),
        None => format!("{what} {number}"),
    }
}

/// The first characters of a text from data.
fn cut(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).collect::<String>() + "…" }
}

/// The best, median and worst samples with their reconstructions.
pub(super) fn examples(data: &Shown, scores: &[f64]) -> Result<Examples> {
    let groups = picked(scores, EACH);
    let named: Vec<(u32, &str)> = groups
        .iter()
        .zip(["best", "median", "worst"])
        .flat_map(|(numbers, kind)| numbers.iter().map(move |&number| (number, kind)))
        .collect();
    let numbers: Vec<u32> = named.iter().map(|(number, _)| *number).collect();
    let name = |(number, kind): &(u32, &str)| title(&format!("{kind}: sample"), data.samples, *number);
    let titles: Vec<String> = named.iter().map(name).collect();
    let errors: Vec<f64> = numbers.iter().map(|&number| scores[number as usize]).collect();
    if let Some(schema) = &data.model.spec().table {
        let x = data.samples.exact_rows(&numbers);
        let scaled = data.model.scaled(x.view());
        let told = data.model.network().predict(data.model.weights(), scaled.view())?;
        let told = data.model.unscaled(told.view());
        let names = schema.used().map(|column| column.name.clone()).collect();
        let rows = titles.into_iter().zip(errors).zip(x.rows().into_iter().zip(told.rows()));
        let row =
            |((title, error), (found, told)): ((String, f64), (ndarray::ArrayView1<f64>, ndarray::ArrayView1<f64>))| {
                let cells = schema.used().zip(found.iter().zip(told));
                ExampleRow {
                    title,
                    error,
                    cells: cells
                        .map(|(column, (&found, &told))| [found, told].map(|value| cell(column, value)))
                        .collect(),
                }
            };
        return Ok(Examples::Rows(names, rows.map(row).collect()));
    }
    if form(data.model.spec(), &data.samples.shape) == "series" {
        let titles: Vec<String> = titles
            .iter()
            .zip(&errors)
            .map(|(title, error)| format!("{title}, error {}", charts::number(*error)))
            .collect();
        let svg = curves(data.model, data.samples, &numbers, "Best, median and worst", &titles)?;
        let about = "The best, median and worst series: inputs (solid) and reconstructions (dashed)".to_owned();
        return Ok(Examples::Chart(svg, about));
    }
    let pairs = pairs(data.model, data.samples, &numbers)?;
    let range = data.samples.range();
    let [originals, reconstructions] = [&pairs.originals, &pairs.reconstructions].map(|rows| to_unit(rows, range));
    let white = (&pairs.originals - &pairs.reconstructions).iter().fold(0.0_f32, |most, error| most.max(error.abs()));
    let maps = pairs.error_map();
    let mut drawn = Vec::new();
    for ((at, title), error) in titles.into_iter().enumerate().zip(errors) {
        let png = [&originals, &reconstructions, &maps].map(|rows| png(rows, at, &data.samples.shape));
        let [a, b, c] = png;
        drawn.push(ExampleImage { title, error, png: [a?, b?, c?] });
    }
    let is_unit = range.0 >= 0.0 && range.1 <= 1.0;
    let range = (!is_unit).then_some((f64::from(range.0), f64::from(range.1)));
    Ok(Examples::Images { images: drawn, white: f64::from(white), range })
}

/// A cell of a table as text.
pub(crate) fn cell(column: &Column, value: f64) -> String {
    match column.kind {
        Kind::Category { .. } | Kind::Date { .. } => column.text(value),
        _ => column.written(value),
    }
}

/// One row as a PNG.
fn png(rows: &Array2<f32>, at: usize, shape: &[usize]) -> Result<Vec<u8>> {
    let row = rows.row(at).to_vec();
    let (planes, h, w) = match *shape {
        [h, w] => (1, h, w),
        [planes @ (1 | 3 | 4), h, w] => (planes.min(3), h, w),
        _ => return Ok(grid(&[rows.select(Axis(0), &[at])], shape)?),
    };
    match ArrayView3::from_shape((planes, h, w), &row[..planes * h * w]) {
        Ok(image) => Ok(images(&[image])?),
        Err(_) => Ok(grid(&[rows.select(Axis(0), &[at])], shape)?),
    }
}

/// The distribution of the values of the codes, and what is known about the code.
pub(super) fn code_values(data: &Shown, codes: &Array2<f32>) -> Result<CodeValues> {
    let measured = code::measure(data.model, data.samples)?;
    let all = codes.iter().map(|&value| f64::from(value));
    let found = measures::histogram(all, BINS, f64::INFINITY);
    let list = |units: &[usize]| {
        let shown: Vec<String> = units.iter().take(20).map(|unit| format!("z{unit}")).collect();
        let more = if units.len() > 20 { ", …" } else { "" };
        shown.join(", ") + more
    };
    let mut notes = vec![format!(
        "The code has {}, measured on {}.",
        count(measured.units, "unit", "units"),
        count(measured.samples, "sample", "samples")
    )];
    notes.push(match measured.constant.len() {
        0 => "No unit is dead: each has different values for different samples.".into(),
        dead => format!("{} the same value for every sample: {}.", have(dead), list(&measured.constant)),
    });
    if let Some(kl) = measured.kl_divergence() {
        let inactive = measured.inactive();
        notes.push(format!(
            "KL divergence of the code: {} nats per sample. {} of {} are active (at least {} nats){}.",
            charts::number(kl),
            measured.units - inactive.len(),
            count(measured.units, "unit", "units"),
            code::INACTIVE,
            if inactive.is_empty() { String::new() } else { format!("; inactive: {}", list(&inactive)) }
        ));
    }
    Ok(CodeValues { edges: found.edges, counts: found.counts, notes, kl: measured.kl.unwrap_or_default() })
}

fn have(units: usize) -> String {
    if units == 1 { "1 unit is dead: it has".into() } else { format!("{units} units are dead: they have") }
}

/// How well the columns of a table are told from the others, the worst first.
pub(super) fn columns(data: &Shown) -> Result<Vec<ColumnQuality>> {
    if data.model.spec().table.is_none() {
        return Ok(Vec::new());
    }
    let numbers = measures::evenly(data.samples.len(), ROWS);
    let mut told = handgrad_tasks::columns::report::measure(data.model, data.samples, &numbers)?;
    told.sort_by(|a, b| a.quality.total_cmp(&b.quality));
    let quality = |told: handgrad_tasks::columns::report::Told| {
        let is_category = told.kind == KindName::Category;
        let error = charts::number(told.to_compare);
        ColumnQuality {
            quality: match told.quality {
                quality if quality.is_nan() => "the same value in every row".into(),
                quality if is_category => format!("accuracy {quality:.3}"),
                quality => format!("R² {quality:.3}"),
            },
            part: told.quality,
            error: match told.kind {
                _ if told.cells == 0 => "no known cell".into(),
                KindName::Category => format!("always the most frequent class: {:.3}", told.to_compare),
                KindName::Date => format!("{error} days"),
                _ => error,
            },
            kind: told.kind.name().to_owned(),
            name: told.name,
        }
    };
    Ok(told.into_iter().map(quality).collect())
}

/// The scores, and those of each class.
pub(super) fn scores(data: &Shown, scores: &[f64], threshold: f64) -> Scores {
    // A few very large scores would leave the others in one bin.
    let most = 4.0 * measures::quantile(scores, 0.99);
    let found = measures::histogram(scores.iter().copied(), BINS, most);
    let labels = data.samples.labels.as_ref();
    let classes = labels.map_or_else(Vec::new, |labels| {
        let mut sums = vec![(0, 0.0, 0); labels.classes().len()];
        for (&class, &score) in labels.numbers().iter().zip(scores) {
            let (samples, sum, above) = &mut sums[class as usize];
            (*samples, *sum, *above) = (*samples + 1, *sum + score, *above + usize::from(score >= threshold));
        }
        let named = labels.classes().iter().zip(sums).filter(|(_, (samples, ..))| *samples > 0);
        named
            .map(|(name, (samples, sum, above))| (name.clone(), samples, sum / samples as f64, above))
            .take(100)
            .collect()
    });
    let trained = anomaly::usual_normal(data.only_class, data.samples);
    let separation = labels.filter(|_| !trained.is_empty()).and_then(|labels| {
        let odd: Vec<bool> = labels.among(trained).into_iter().map(|normal| !normal).collect();
        let area = roc::area(scores, &odd)?;
        Some(format!(
            "The model was trained on the classes {} alone. Its scores separate all other classes from these with an \
             area under the ROC curve of {area:.3} (1 is perfect, 0.5 is chance).",
            trained.join(", ")
        ))
    });
    let of = if trained.is_empty() { "these samples" } else { "the samples of the classes of the training" };
    let about = format!(
        "The score of a sample is the mean squared difference between it and its reconstruction, in the units of the \
         network. From the threshold {} on, a sample counts as unusual: 95 % of the scores of {of} are below it. \
         Measured on {}.",
        charts::number(threshold),
        data.origin
    );
    Scores { about, edges: found.edges, counts: found.counts, threshold, classes, separation }
}
