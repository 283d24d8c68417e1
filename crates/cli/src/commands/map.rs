//! `handgrad map`: a picture of the codes of samples in the plane.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_dataset::{Samples, count, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::{Model, Part};
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_pictures::charts::scatter::{self, Groups, Scatter};
use handgrad_pictures::to_unit;
use handgrad_tasks::draws;
use handgrad_tasks::map::{Map, Method, Score, map};
use handgrad_tasks::views::Form;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad map runs/deep-mnist --out map.svg     t-SNE of the codes\n  \
    handgrad map runs/vae-2d-mnist --out map.svg   a code of two values as it is\n  \
    handgrad map runs/deep-mnist --points 2000 --perplexity 50 --out map.svg
      handgrad map runs/deep-mnist --method parametric-tsne --out map.svg
                                                     a network learns from training samples where to place new ones")]
pub struct MapArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The picture to write. More are written beside it: FILE-trust.svg, the same points coloured by how far they can
    /// be trusted; FILE-pictures.svg with images in their places, if the samples are images; for t-SNE FILE-kl.svg,
    /// the Kullback–Leibler divergence during the descent. Older pictures of these names are replaced, any other file
    /// is not.
    #[arg(long, value_name = "FILE.svg")]
    out: PathBuf,

    /// How the places are found: `code`, the codes as they are; `pca`, their first two principal components; `tsne`; or
    /// `parametric-tsne`, by a network that learns from the codes of the training samples where to place codes
    /// [default: code if the code has at most two values, otherwise tsne].
    #[arg(long, value_name = "NAME")]
    method: Option<MethodName>,

    /// For both kinds of t-SNE: about how many neighbours of a point count. At least 2, and at most a third of the
    /// number of points, or of training samples for parametric t-SNE [default: 30].
    #[arg(long, value_name = "NUMBER")]
    perplexity: Option<f64>,

    /// The most samples to draw, and the most training samples for parametric t-SNE. If there are more, so many are
    /// chosen at random.
    #[arg(long, default_value_t = 10_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(3..))]
    points: u32,

    /// The seed of the choice of samples, of the small random part of the start of t-SNE, and of the network of
    /// parametric t-SNE.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// The number of threads. The map is the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum MethodName {
    Code,
    Pca,
    Tsne,
    ParametricTsne,
}

/// The perplexity by default.
const PERPLEXITY: f64 = 30.0;
/// What is said with every map by t-SNE.
const CAUTION: &str = "The sizes of clusters and the distances between clusters in a map by t-SNE have no meaning, and \
                       another perplexity gives another map.";
/// The names of the groups of points by their trust, and the smallest trust of each.
const TRUST: [(&str, f64); 5] =
    [("0.99 to 1", 0.99), ("0.95 to 0.99", 0.95), ("0.9 to 0.95", 0.9), ("0.75 to 0.9", 0.75), ("below 0.75", 0.0)];

pub fn run(args: &MapArgs) -> Result<Done> {
    let [by_trust, with_pictures, of_kl] = ["trust", "pictures", "kl"].map(|what| beside(&args.out, what));
    for path in [&args.out, &by_trust, &with_pictures, &of_kl] {
        place::must_be(path, Replaceable::Svg)?;
    }
    let output = args.subject.output;
    let bars = Bars::new(output.quiet);
    let mut subject = args.subject.open(&[Part::Whole, Part::Encoder], &bars)?;
    let learns = args.method == Some(MethodName::ParametricTsne);
    let training = learns.then(|| subject.training(&bars)).transpose()?;
    let training = training.map(|(samples, origin)| (at_most(args, samples), origin));
    let (perplexity, seed) = (args.perplexity.unwrap_or(PERPLEXITY), args.seed);
    let model = &subject.model;
    let method = match (args.method, &training) {
        (_, Some((train, _))) => Method::ParametricTsne { perplexity, seed, train },
        (Some(MethodName::Code), _) => Method::Code,
        (Some(MethodName::Pca), _) => Method::Pca,
        (None, _) if model.code_len() <= 2 => Method::Code,
        _ => Method::Tsne { perplexity, seed },
    };
    if args.perplexity.is_some() && matches!(method, Method::Code | Method::Pca) {
        let text = format!("--perplexity is only for t-SNE, but the method is {}", name_of(method));
        return Err(UsageError(text).into());
    }
    let all = subject.samples.len();
    let samples = at_most(args, subject.samples);
    let found = map(model, &samples, method, &bars).with_context(|| shown(&args.subject.run))?;

    let taken = match samples.len() < all {
        true => {
            format!("{} of {}, chosen at random with the seed {seed}", thousands(samples.len()), samples_of(all))
        }
        false => format!("all {}", samples_of(all)),
    };
    let captions = captions(&found, model, method, &taken);
    let title = title(&found, model, method);
    let axes = match (method, found.axes) {
        (Method::Code, 1) => Some(["z0", ""]),
        (Method::Code, _) => Some(["z0", "z1"]),
        (Method::Pca, 1) => Some(["component 1", ""]),
        (Method::Pca | Method::Tsne { .. } | Method::ParametricTsne { .. }, _) => None,
    };
    let chart = Scatter { title: &title, points: &found.points, groups: None, axes, captions: &captions };
    let labels = samples.labels.as_ref();
    let by_class = labels.map(|labels| Groups {
        title: "class",
        names: labels.classes(),
        of_points: labels.numbers(),
        are_ordered: false,
    });
    write(&args.out, &scatter::svg(&Scatter { groups: by_class, ..chart }))?;
    let (names, of_points) = by_trust_groups(&found.score.trust.of_points);
    let trust = Groups { title: "trust of a point", names: &names, of_points: &of_points, are_ordered: true };
    write(&by_trust, &scatter::svg(&Scatter { groups: Some(trust), ..chart }))?;
    let are_images = is_image(model, &samples.shape);
    if are_images {
        let images = to_unit(&samples.rows(&samples.numbers()), samples.range());
        write(&with_pictures, &scatter::with_pictures(&chart, &images, &samples.shape)?)?;
    }
    if !found.curve.is_empty() {
        write(&of_kl, &kl_chart(&found.curve))?;
    }

    let divergence = found.curve.last().map(|last| last.1);
    if output.json {
        let score = |score: &Score| {
            json!({
                "trustworthiness": score.trust.trustworthiness,
                "continuity": score.trust.continuity,
                "knn_accuracy": score.accuracy,
            })
        };
        let path = |path: &Path, is_written: bool| is_written.then(|| path.display().to_string());
        let object = json!({
            "map": args.out.display().to_string(),
            "trust_map": by_trust.display().to_string(),
            "pictures_map": path(&with_pictures, are_images),
            "kl_chart": path(&of_kl, divergence.is_some()),
            "method": name_of(method),
            "points": found.points.len(),
            "samples": all,
            "training_samples": training.as_ref().map(|(train, _)| train.len()),
            "compared_with": found.data.name(),
            "neighbours": found.neighbours,
            "kl_divergence": divergence,
            "scores": score(&found.score),
            "pca_scores": found.by_pca.as_ref().map(score),
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    if labels.is_none() {
        terminal::note("note: the samples have no labels, so the map has no colours, and no accuracy is told");
    }
    terminal::result(&format!("wrote {}: {title}", shown(&args.out)))?;
    terminal::result(&format!("wrote {}: the same, coloured by the trust of each point", shown(&by_trust)))?;
    if are_images {
        terminal::result(&format!("wrote {}: the same, with images in their places", shown(&with_pictures)))?;
    }
    if let Some(divergence) = divergence {
        let (path, divergence) = (shown(&of_kl), number(divergence));
        terminal::result(&format!("wrote {path}: the KL divergence during the descent; it ends at {divergence}"))?;
    }
    terminal::result(&format!("points: {taken}, from {}", subject.origin))?;
    if let Some((train, origin)) = &training {
        terminal::result(&format!("the network learnt from {}, from {origin}", samples_of(train.len())))?;
    }
    terminal::result(&table(&found, method))?;
    if let Method::Tsne { .. } | Method::ParametricTsne { .. } = method {
        terminal::result(CAUTION)?;
    }
    Ok(Done::Whole)
}

/// `map.svg` becomes `map-trust.svg`.
fn beside(out: &Path, what: &str) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{stem}-{what}.svg"))
}

/// The samples, or some of them, if there are more than points are wanted.
fn at_most(args: &MapArgs, samples: Samples) -> Samples {
    let chosen = draws::some(samples.len(), args.points as usize, args.seed, 1);
    if chosen.len() < samples.len() { samples.select(&chosen) } else { samples }
}

fn write(path: &Path, svg: &str) -> Result<()> {
    handgrad_files::write(path, svg.as_bytes()).with_context(|| shown(path))
}

fn samples_of(number: usize) -> String {
    count(number, "sample", "samples")
}

fn name_of(method: Method<'_>) -> &'static str {
    match method {
        Method::Code => "code",
        Method::Pca => "pca",
        Method::Tsne { .. } => "tsne",
        Method::ParametricTsne { .. } => "parametric-tsne",
    }
}

/// Whether samples of this shape are images. Series and tables have shapes that look the same.
fn is_image(model: &Model, shape: &[usize]) -> bool {
    let spec = model.spec();
    spec.table.is_none() && spec.series.is_none() && matches!(shape, [_, _] | [1 | 3 | 4, _, _])
}

/// The method and the codes in words.
fn title(found: &Map, model: &Model, method: Method<'_>) -> String {
    let points = count(found.points.len(), "code", "codes");
    let values = count(model.code_len(), "value", "values");
    match method {
        Method::Code => format!("{points} of {values}, as they are"),
        Method::Pca => {
            let components = if found.axes == 1 { "The principal component" } else { "Two principal components" };
            format!("{components} of {points} of {values}")
        }
        Method::Tsne { .. } => format!("t-SNE of {points} of {values}"),
        Method::ParametricTsne { .. } => format!("Parametric t-SNE of {points} of {values}"),
    }
}

/// The lines below the picture.
fn captions(found: &Map, model: &Model, method: Method<'_>, taken: &str) -> Vec<String> {
    let mut lines = vec![title(found, model, method)];
    if let (Method::Tsne { perplexity, seed }, Some((_, divergence))) = (method, found.curve.last()) {
        lines[0] += &format!(", perplexity {perplexity}, KL divergence {}, seed {seed}", number(*divergence));
    }
    if let Method::ParametricTsne { perplexity, seed, train } = method {
        lines[0] += &format!(", perplexity {perplexity}, seed {seed}");
        lines.push(format!("The network that places them learnt from {}", samples_of(train.len())));
    }
    if found.axes == 1 {
        lines[0] += ". The map has one axis: heights have no meaning";
    }
    lines.push(format!("Points: {taken}"));
    let Score { trust, accuracy } = &found.score;
    let accuracy = accuracy.map_or(String::new(), |accuracy| format!(", k-NN accuracy {accuracy:.3}"));
    let (trustworthiness, continuity) = (trust.trustworthiness, trust.continuity);
    lines.push(format!("Trustworthiness {trustworthiness:.3}, continuity {continuity:.3}{accuracy}"));
    lines.push(format!("with {} neighbours, compared with {}", found.neighbours, data_of(found.data)));
    if let Method::Tsne { .. } | Method::ParametricTsne { .. } = method {
        lines.push("The sizes of clusters and the distances between clusters have no meaning.".into());
    }
    lines
}

fn data_of(form: Form) -> &'static str {
    match form {
        Form::Code => "the codes",
        Form::Inputs => "the inputs of the network",
        Form::Pca => "principal components",
    }
}

/// The names of the groups of points by their trust, and the group of each point.
fn by_trust_groups(trust: &[f64]) -> (Vec<String>, Vec<u32>) {
    let group = |trust: &f64| TRUST.iter().position(|(_, least)| trust >= least).unwrap_or(TRUST.len() - 1) as u32;
    (TRUST.iter().map(|(name, _)| (*name).to_owned()).collect(), trust.iter().map(group).collect())
}

fn kl_chart(curve: &[(usize, f64)]) -> String {
    let points: Vec<[f64; 2]> = curve.iter().map(|&(step, divergence)| [step as f64, divergence]).collect();
    lines::svg(&Lines {
        title: "t-SNE: divergence of the map from the affinities of the codes",
        x: "step of the descent; early exaggeration ends at step 250",
        y: "Kullback–Leibler divergence",
        is_logarithmic: false,
        mark: None,
        lines: &[Line { name: "KL", points: &points }],
    })
}

/// The scores of the map and of principal components.
fn table(found: &Map, method: Method<'_>) -> String {
    let k = found.neighbours;
    let own = match method {
        Method::Code => "code",
        Method::Pca => "PCA of the codes",
        Method::Tsne { .. } => "t-SNE of the codes",
        Method::ParametricTsne { .. } => "parametric t-SNE of the codes",
    };
    let components = count(found.axes, "component", "components");
    let fit = if let Method::ParametricTsne { .. } = method { "the training codes" } else { data_of(found.data) };
    let of_pca = format!("PCA of {fit}, {components}");
    let rows = [Some((own.to_owned(), &found.score)), found.by_pca.as_ref().map(|score| (of_pca, score))];
    let width = rows.iter().flatten().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{:width$}  trustworthiness  continuity  k-NN accuracy", "");
    for (name, Score { trust, accuracy }) in rows.iter().flatten() {
        let accuracy = accuracy.map_or_else(|| "–".into(), |accuracy| format!("{accuracy:.4}"));
        let (trustworthiness, continuity) = (trust.trustworthiness, trust.continuity);
        text += &format!("\n{name:width$}  {trustworthiness:>15.4}  {continuity:>10.4}  {accuracy:>13}");
    }
    text + &format!(
        "\nwith {k} neighbours, compared with {}; the accuracy is that of the classes of the nearest others in the map",
        data_of(found.data)
    )
}
