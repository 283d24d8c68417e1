//! `handgrad cluster`: finds clusters of samples by their codes, and compares them with the classes.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_analysis::argmax;
use handgrad_analysis::clusters::{Linkage, cut, last_merges};
use handgrad_dataset::table::cell_text;
use handgrad_dataset::{Labels, count, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::Part;
use handgrad_pictures::charts::dendrogram::{self, Dendrogram, Join};
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_pictures::{grid, to_unit};
use handgrad_runs::Subject;
use handgrad_tasks::clusters::{Asked, Clusters, Method, OfForm, Shown, find, show};
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::columns;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad cluster runs/basic-mnist --sheet clusters.png --out clusters.csv\n  \
    handgrad cluster runs/basic-mnist --unit-length --smooth 20\n  \
    handgrad cluster runs/basic-mnist --method hierarchical --linkage average --chart tree.svg\n  \
    handgrad cluster runs/basic-mnist --method dbscan --min-samples 10 --chart k-distances.svg")]
pub struct ClusterArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The method. `kmeans` is fitted to the training samples, and its clusters are measured on the samples. The other
    /// two cluster the samples themselves.
    #[arg(long, value_name = "NAME", default_value = "kmeans", help_heading = "Clusters")]
    method: MethodName,

    /// The number of clusters [default: 10; dbscan finds it itself].
    #[arg(long, value_name = "NUMBER", help_heading = "Clusters", value_parser = clap::value_parser!(u16).range(2..))]
    clusters: Option<u16>,

    /// For kmeans: the number of random starts, of which the best counts [default: 5].
    #[arg(long, value_name = "NUMBER", help_heading = "Clusters", value_parser = clap::value_parser!(u16).range(1..))]
    restarts: Option<u16>,

    /// For hierarchical: what the distance of two clusters is [default: ward].
    #[arg(long, value_name = "NAME", help_heading = "Clusters")]
    linkage: Option<LinkageName>,

    /// For dbscan: the radius of the neighbourhoods of codes. Components and inputs get the radius with which as many
    /// of their samples are core samples [default: 90 % of the samples are core samples].
    #[arg(long, value_name = "DISTANCE", help_heading = "Clusters")]
    eps: Option<f64>,

    /// For dbscan: the number of samples in the neighbourhood of a core sample, with that sample itself [default: 5].
    #[arg(long, value_name = "NUMBER", help_heading = "Clusters", value_parser = clap::value_parser!(u16).range(2..))]
    min_samples: Option<u16>,

    /// Divide each code by its norm, and the samples in other forms too.
    #[arg(long, help_heading = "Clusters")]
    unit_length: bool,

    /// Replace each code, and each sample in other forms, by the mean of this number of nearest training samples.
    #[arg(long, value_name = "NUMBER", help_heading = "Clusters", value_parser = clap::value_parser!(u16).range(1..))]
    smooth: Option<u16>,

    /// The number of samples that the clusters are found on, drawn at random [default: all; at most 5,000 for
    /// hierarchical and 10,000 for dbscan].
    #[arg(long, value_name = "NUMBER", help_heading = "Clusters", value_parser = clap::value_parser!(u32).range(2..))]
    points: Option<u32>,

    /// The seed of all random choices.
    #[arg(long, default_value_t = 0, help_heading = "Clusters")]
    seed: u64,

    /// The number of threads. The clusters are the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Clusters")]
    pub threads: Option<u16>,

    /// A new file to write: the cluster of each sample by its code, its components and its inputs.
    #[arg(long, value_name = "FILE.csv", help_heading = "Files")]
    out: Option<PathBuf>,

    /// A picture of the clusters of codes, one cluster in each row, the largest first: the decoded mean code, the five
    /// samples in the middle, and the three that are farthest from the others. An older picture of this name is
    /// replaced, any other file is not.
    #[arg(long, value_name = "FILE.png", help_heading = "Files")]
    sheet: Option<PathBuf>,

    /// A chart of the codes: the tree of hierarchical, or for dbscan the k-distance plot, from which --eps can be read.
    /// An older picture of this name is replaced, any other file is not.
    #[arg(long, value_name = "FILE.svg", help_heading = "Files")]
    chart: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum MethodName {
    Kmeans,
    Hierarchical,
    Dbscan,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum LinkageName {
    Ward,
    Average,
    Complete,
}

/// The number of clusters by default.
const CLUSTERS: u16 = 10;
/// The clusters in a sheet, the samples in the middle of each, and the farthest ones.
const SHEET: [usize; 3] = [20, 5, 3];
/// The leaves of a tree that is drawn.
const LEAVES: usize = 30;

pub fn run(args: &ClusterArgs) -> Result<Done> {
    let method = method(args)?;
    if let Some(out) = &args.out {
        columns::check_place(out)?;
    }
    for (path, kind) in [(&args.sheet, Replaceable::Png), (&args.chart, Replaceable::Svg)] {
        path.iter().try_for_each(|path| place::must_be(path, kind))?;
    }
    let bars = Bars::new(args.subject.output.quiet);
    let mut subject = args.subject.open(&[Part::Whole], &bars)?;
    if args.sheet.is_some() {
        columns::refuse(&subject.model, "cluster --sheet")?;
    }
    if args.subject.data.is_none() {
        subject.keep_trained_classes();
    }
    let (fit, fit_origin) = subject.training(&bars)?;
    let asked = Asked {
        method,
        points: args.points.map(|points| points as usize),
        seed: args.seed,
        unit_length: args.unit_length,
        smooth: args.smooth.map(usize::from),
    };
    let found = find(&subject.model, &fit, &subject.samples, &asked, &bars)
        .with_context(|| format!("clusters of {}", subject.origin))?;
    let labels = subject.samples.labels.as_ref();
    let chart = args.chart.as_ref().map(|path| (path, drawn(&found, method, labels)));
    if let Some((path, chart)) = chart {
        handgrad_files::write(path, chart.as_bytes()).with_context(|| shown(path))?;
    }
    let mut rows = Vec::new();
    if let Some(path) = &args.sheet {
        rows = show(&subject.model, &subject.samples, &found, SHEET)?;
        handgrad_files::write(path, &sheet(&subject, &rows)?).with_context(|| shown(path))?;
    }
    if let Some(path) = &args.out {
        handgrad_files::write_new(path, csv(&subject, &found).as_bytes())?;
    }
    report(args, &subject, &found, &fit_origin, &rows)
}

/// The method with its settings. Settings of another method are refused.
fn method(args: &ClusterArgs) -> Result<Method> {
    use MethodName::{Dbscan, Hierarchical, Kmeans};
    let of = |flag: &str, is_given: bool, methods: &[MethodName]| match is_given && !methods.contains(&args.method) {
        true => {
            let names: Vec<String> = methods.iter().map(|method| format!("{method:?}").to_lowercase()).collect();
            Err(UsageError(format!("{flag} is only for --method {}", names.join(" and "))))
        }
        false => Ok(()),
    };
    of("--clusters", args.clusters.is_some(), &[Kmeans, Hierarchical])?;
    of("--restarts", args.restarts.is_some(), &[Kmeans])?;
    of("--linkage", args.linkage.is_some(), &[Hierarchical])?;
    of("--eps", args.eps.is_some(), &[Dbscan])?;
    of("--min-samples", args.min_samples.is_some(), &[Dbscan])?;
    of("--chart", args.chart.is_some(), &[Hierarchical, Dbscan])?;
    let clusters = usize::from(args.clusters.unwrap_or(CLUSTERS));
    Ok(match args.method {
        Kmeans => Method::Kmeans { clusters, restarts: usize::from(args.restarts.unwrap_or(5)) },
        Hierarchical => Method::Hierarchical {
            clusters,
            linkage: match args.linkage {
                None | Some(LinkageName::Ward) => Linkage::Ward,
                Some(LinkageName::Average) => Linkage::Average,
                Some(LinkageName::Complete) => Linkage::Complete,
            },
        },
        Dbscan => Method::Dbscan { eps: args.eps, min_samples: usize::from(args.min_samples.unwrap_or(5)) },
    })
}

/// Draws the chart of the codes.
fn drawn(found: &Clusters, method: Method, labels: Option<&Labels>) -> String {
    let codes = &found.forms[0];
    match method {
        Method::Dbscan { min_samples, .. } => {
            let points: Vec<[f64; 2]> = (1..).zip(&codes.distances).map(|(rank, &d)| [f64::from(rank), d]).collect();
            lines::svg(&Lines {
                title: "k-distance plot of the codes",
                x: "samples in ascending order of their distance",
                y: &format!("distance within which a sample has {min_samples} samples, itself included"),
                is_logarithmic: false,
                mark: codes.eps.map(|eps| ("eps", eps)),
                lines: &[Line { name: "codes", points: &points }],
            })
        }
        Method::Kmeans { .. } | Method::Hierarchical { .. } => tree(found, codes, labels),
    }
}

/// Draws the last merges of the codes. A leaf is named by its most frequent class, if there are labels.
fn tree(found: &Clusters, codes: &OfForm, labels: Option<&Labels>) -> String {
    let (merges, n) = (&codes.merges, found.samples.len());
    let leaves = LEAVES.max(codes.clusters).min(n);
    let of = cut(merges, leaves);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); leaves];
    of.iter().zip(&found.samples).for_each(|(&leaf, &sample)| members[leaf as usize].push(sample));
    let names: Vec<String> = members
        .iter()
        .map(|members| {
            let size = count(members.len(), "sample", "samples");
            let Some(labels) = labels else { return size };
            let mut counts = vec![0_u32; labels.classes().len()];
            members.iter().for_each(|&sample| counts[labels.numbers()[sample as usize] as usize] += 1);
            let most = argmax(counts.iter().copied());
            let part = 100.0 * f64::from(counts[most]) / members.len().max(1) as f64;
            format!("{size}, {part:.0} % are {}", labels.classes()[most])
        })
        .collect();
    let joins: Vec<Join> =
        last_merges(merges, leaves).iter().map(|merge| Join { of: merge.of, height: merge.height }).collect();
    // The cut lies between the last merge that is made and the first that is undone.
    let made = n - codes.clusters;
    let heights = (made.checked_sub(1).map_or(0.0, |last| merges[last].height), merges[made.min(n - 2)].height);
    let name = count(codes.clusters, "cluster", "clusters");
    dendrogram::svg(&Dendrogram {
        title: &format!("Hierarchical clusters of {} codes, the last {} merges", thousands(n), joins.len()),
        height: "distance of the two clusters that are merged",
        leaves: &names.iter().map(String::as_str).collect::<Vec<_>>(),
        joins: &joins,
        cut: Some((&name, f64::midpoint(heights.0, heights.1))),
    })
}

/// Draws one cluster in each row.
fn sheet(subject: &Subject, rows: &[Shown]) -> Result<Vec<u8>> {
    let samples = &subject.samples;
    let range = samples.range();
    let rows: Vec<Array2<f32>> = rows
        .iter()
        .map(|row| {
            let mean = Array2::from_shape_vec((1, row.decoded.len()), row.decoded.clone())?;
            let numbers: Vec<u32> = row.middle.iter().chain(&row.farthest).copied().collect();
            let members = samples.rows(&numbers);
            Ok(to_unit(&ndarray::concatenate(Axis(0), &[mean.view(), members.view()])?, range))
        })
        .collect::<Result<_>>()?;
    Ok(grid(&rows, &samples.shape)?)
}

/// The cluster of each sample in each form, after what names the sample and its label.
fn csv(subject: &Subject, found: &Clusters) -> String {
    let samples = &subject.samples;
    let origin = subject.table.as_ref().map_or_else(Vec::new, |of| {
        let rows: Vec<usize> = found.samples.iter().map(|&sample| of.rows[sample as usize]).collect();
        columns::origin(&subject.model, of, &rows)
    });
    let first = origin.iter().map(|(name, _)| cell_text(name)).chain(["sample".into()]);
    let label = samples.labels.as_ref().map(|_| "label".to_owned());
    let forms = found.forms.iter().map(|of| of.form.name().to_owned());
    let mut text = first.chain(label).chain(forms).collect::<Vec<_>>().join(",") + "\n";
    for (at, &sample) in found.samples.iter().enumerate() {
        let first = origin.iter().map(|(_, texts)| cell_text(&texts[at])).chain([sample.to_string()]);
        let label = samples.labels.as_ref().and_then(|labels| labels.name(sample as usize)).map(cell_text);
        let clusters = found.forms.iter().map(|of| of.of[at].map_or("noise".into(), |cluster| cluster.to_string()));
        text += &(first.chain(label).chain(clusters).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

fn report(args: &ClusterArgs, subject: &Subject, found: &Clusters, fit_origin: &str, rows: &[Shown]) -> Result<Done> {
    let n = found.samples.len();
    let classes = subject.samples.labels.as_ref().map(Labels::classes);
    if args.subject.output.json {
        let forms: Vec<_> = found
            .forms
            .iter()
            .map(|of| {
                let agreement = of.agreement.as_ref();
                json!({
                    "form": of.form.name(),
                    "clusters": of.clusters,
                    "ari": agreement.map(|it| it.ari),
                    "nmi": agreement.map(|it| it.nmi),
                    "accuracy": agreement.map(|it| it.accuracy),
                    "silhouette": of.silhouette,
                    "noise": of.noise as f64 / n as f64,
                    "eps": of.eps,
                })
            })
            .collect();
        let sheet: Vec<_> = rows.iter().map(|row| json!({ "cluster": row.cluster, "samples": row.size })).collect();
        let object = json!({
            "samples": n,
            "found_on": found.fitted,
            "silhouette_on": found.measured.len(),
            "forms": forms,
            "rows_of_sheet": sheet,
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    terminal::result(&table(found, args.method == MethodName::Dbscan))?;
    let (figures, fitted) = (count(n, "sample", "samples"), count(found.fitted, "sample", "samples"));
    terminal::result(&match args.method {
        MethodName::Kmeans => {
            format!("centres fitted to {fitted} ({fit_origin}), figures of {figures} ({})", subject.origin)
        }
        _ => format!("clusters and figures of {figures} ({})", subject.origin),
    })?;
    if args.method == MethodName::Kmeans {
        let asked = usize::from(args.clusters.unwrap_or(CLUSTERS));
        for of in found.forms.iter().filter(|of| of.clusters < asked) {
            let (form, clusters) = (of.form.name(), count(of.clusters, "cluster", "clusters"));
            terminal::result(&format!(
                "{form}: only {clusters}, not {asked}, because the other centres lost all training samples to these: \
                 too few of the samples differ from each other"
            ))?;
        }
    }
    if n < subject.samples.len() {
        terminal::result(&format!("these samples were drawn with the seed {}", args.seed))?;
    }
    if found.measured.len() < n {
        let measured = thousands(found.measured.len());
        terminal::result(&format!("silhouette: of {measured} of these samples, drawn with the seed {}", args.seed))?;
    }
    match classes {
        None => terminal::result("there are no labels, so the clusters are not compared with classes")?,
        Some([class]) => terminal::result(&format!(
            "every sample is of class {class}, so the clusters are not compared with classes"
        ))?,
        Some(_) => {}
    }
    if args.method == MethodName::Dbscan && args.eps.is_none() {
        terminal::result(
            "eps: chosen so that 90 % of the samples are core samples; --chart draws the k-distance plot",
        )?;
    }
    if let Some(path) = &args.sheet {
        let sizes: Vec<String> = rows.iter().map(|row| format!("{} ({})", row.cluster, thousands(row.size))).collect();
        let (path, left_out) = (shown(path), found.forms[0].clusters.saturating_sub(rows.len()));
        let more = if left_out > 0 { format!(", and {left_out} more that are not drawn") } else { String::new() };
        terminal::result(&format!(
            "wrote {path}: the mean code decoded, 5 samples in the middle and the 3 farthest of the clusters of codes \
             {}{more}",
            sizes.join(", ")
        ))?;
    }
    for path in args.chart.iter().chain(&args.out) {
        terminal::result(&format!("wrote {}", shown(path)))?;
    }
    Ok(Done::Whole)
}

/// One line for each form.
fn table(found: &Clusters, with_eps: bool) -> String {
    let mut lines =
        vec![["form", "clusters", "ARI", "NMI", "accuracy", "silhouette", "noise", "eps"].map(str::to_owned)];
    let three = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
    for of in &found.forms {
        let agreement = of.agreement.as_ref();
        lines.push([
            of.form.name().to_owned(),
            thousands(of.clusters),
            three(agreement.map(|it| it.ari)),
            three(agreement.map(|it| it.nmi)),
            three(agreement.map(|it| it.accuracy)),
            three(of.silhouette),
            format!("{:.1} %", 100.0 * of.noise as f64 / found.samples.len() as f64),
            of.eps.map_or_else(String::new, number),
        ]);
    }
    let shown = if with_eps { 8 } else { 7 };
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..shown).map(width).collect();
    let text = |line: &[String; 8]| {
        let cells = line[1..shown].iter().zip(&widths[1..]).map(|(cell, &width)| format!("  {cell:>width$}"));
        format!("{:width$}{}", line[0], cells.collect::<String>(), width = widths[0])
    };
    lines.iter().map(text).collect::<Vec<_>>().join("\n")
}
