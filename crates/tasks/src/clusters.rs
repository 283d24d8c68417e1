//! Clusters of samples by their codes, and for comparison by their principal components and by their inputs.
//!
//! ```text
//! k-means        centres are fitted to training samples; a sample belongs to the nearest centre
//! hierarchical   the samples themselves are merged, until as many clusters are left as are asked for
//! DBSCAN         dense regions of the samples themselves; the rest is noise
//!
//! unit length    x ← x / ‖x‖                                  only the direction of a code counts
//! smooth         x ← mean of the k training samples nearest to x      moves codes towards dense regions
//! ```
//!
//! The labels of the samples take no part. They are only compared with the clusters afterwards; noise then counts as a
//! cluster of its own. The silhouette is that of the samples that are not noise.
//!
//! ε of DBSCAN is by default the height of the k-distance plot below which 90 % of the samples lie, so that at most
//! 10 % are noise. Distances of codes, components and inputs have different units: a given ε is for the codes, and the
//! other forms get the ε with which as many of their samples are core samples.

use handgrad_analysis::clusters::{
    Agreement, Linkage, Merge, agreement, cluster_distances, cut, dbscan, kmeans, linkage, nearest_centre,
};
use handgrad_analysis::{nearest, nearest_others};
use handgrad_dataset::{Samples, thousands};
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::{Array2, Axis};

use crate::draws;
use crate::views::{Form, View, view};
use crate::{Error, check_labels, check_room};

/// The most samples of hierarchical clustering, whose distances need 400 MB, and how many are taken by default.
pub const MOST_MERGED: usize = 10_000;
const USUALLY_MERGED: usize = 5_000;
/// The most samples of DBSCAN, and how many are taken by default.
pub const MOST_DENSE: usize = 50_000;
const USUALLY_DENSE: usize = 10_000;
/// The silhouette is measured on at most this many samples.
const MOST_MEASURED: usize = 10_000;
/// The part of the samples that are core samples of DBSCAN by default.
const CORE: f64 = 0.9;

/// A method of clustering.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// k-means.
    Kmeans {
        /// The number of clusters.
        clusters: usize,
        /// The number of starts, of which the best counts.
        restarts: usize,
    },
    /// Hierarchical clustering.
    Hierarchical {
        /// The number of clusters.
        clusters: usize,
        /// The distance of two clusters.
        linkage: Linkage,
    },
    /// DBSCAN.
    Dbscan {
        /// The radius of neighbourhoods of codes.
        eps: Option<f64>,
        /// The number of samples that a core sample has in its neighbourhood, itself included.
        min_samples: usize,
    },
}

/// How samples are clustered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The number of samples that are clustered, drawn at random: training samples for k-means. By default all, but at
    /// most 5,000 for hierarchical clustering and 10,000 for DBSCAN.
    pub points: Option<usize>,
    /// The seed of all random choices.
    pub seed: u64,
    /// Whether each code, and each sample in other forms, is divided by its norm.
    pub unit_length: bool,
    /// The number of nearest training samples whose mean replaces a sample.
    pub smooth: Option<usize>,
}

/// Clusters of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The numbers of the samples that the figures are of, in ascending order.
    pub samples: Vec<u32>,
    /// The number of samples that the clusters were found on.
    pub fitted: usize,
    /// The samples on which the silhouette was measured: positions in `samples`, in ascending order.
    pub measured: Vec<usize>,
    /// The clusters in each form, in the order of [`Form::ALL`].
    pub forms: Vec<OfForm>,
}

/// The clusters of samples in one form.
#[derive(Clone, Debug, PartialEq)]
pub struct OfForm {
    /// The form.
    pub form: Form,
    /// The cluster of each sample; `None` is noise.
    pub of: Vec<Option<u32>>,
    /// The number of clusters that were found. k-means may find fewer than are asked for, and some of its clusters may
    /// have none of the samples, because they are fitted to training samples.
    pub clusters: usize,
    /// How well the clusters agree with the classes. `None` if there are no labels or only one class.
    pub agreement: Option<Agreement>,
    /// The mean silhouette, if there are at least two clusters.
    pub silhouette: Option<f64>,
    /// The number of samples that are noise.
    pub noise: usize,
    /// For each measured sample, its mean distance to those of its cluster. NaN for noise.
    pub within: Vec<f64>,
    /// The merges of hierarchical clustering.
    pub merges: Vec<Merge>,
    /// The radius of DBSCAN.
    pub eps: Option<f64>,
    /// The k-distance plot of DBSCAN: the distances to the (`min_samples` − 1)-th nearest other sample, ascending.
    pub distances: Vec<f64>,
}

/// Finds clusters of `samples` in each form. `fit` are the training samples.
///
/// ```
/// use handgrad_dataset::synthetic;
/// use handgrad_layers::LossKind;
/// use handgrad_models::{Basic, Model, Network};
/// use handgrad_tasks::clusters::{Asked, Method, find};
///
/// let (fit, samples) = (synthetic::draw(0, 60), synthetic::draw(1, 30));
/// let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&samples.shape))?;
/// let weights = network.init(0);
/// let model = Model::new(network, weights)?;
/// let method = Method::Kmeans { clusters: 5, restarts: 2 };
/// let asked = Asked { method, points: None, seed: 0, unit_length: false, smooth: None };
/// let found = find(&model, &fit, &samples, &asked, &())?;
/// assert_eq!((found.forms.len(), found.forms[0].of.len()), (3, 30));
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// If there are fewer samples than clusters or than neighbours; [`Error::AllEqual`], [`Error::LabelCount`] and
/// [`Error::OutOfMemory`]; also the errors of [`view`].
pub fn find(
    model: &Model,
    fit: &Samples,
    samples: &Samples,
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<Clusters, Error> {
    check_labels(samples)?;
    let is_kmeans = matches!(asked.method, Method::Kmeans { .. });
    let points = drawn(if is_kmeans { fit.len() } else { samples.len() }, asked)?;
    let everyone: Vec<usize> = (0..samples.len()).collect();
    let numbers = if is_kmeans { &everyone } else { &points };
    let (some_fit, some) = (is_kmeans.then(|| fit.select(&points)), samples.select(numbers));
    let measured = draws::some(numbers.len(), MOST_MEASURED, asked.seed, 1);
    let classes = some.labels.as_ref().filter(|labels| labels.classes().len() > 1).map(|labels| labels.numbers());
    let mut forms: Vec<OfForm> = Vec::new();
    progress.start("finding clusters", Some(Form::ALL.len() as u64), Unit::Parts);
    for form in Form::ALL {
        let found = prepared(model, some_fit.as_ref().unwrap_or(fit), &some, form, asked)
            .and_then(|view| of_form(&view, asked, &measured, classes, forms.first()));
        progress.advance(1);
        match found {
            Ok(found) => forms.push(found),
            Err(error) => {
                progress.finish();
                return Err(error);
            }
        }
    }
    progress.finish();
    let samples = numbers.iter().map(|&number| number as u32).collect();
    Ok(Clusters { samples, fitted: points.len(), measured, forms })
}

/// The numbers of the samples to find clusters on, after checks that there are enough of them and enough memory.
fn drawn(count: usize, asked: &Asked) -> Result<Vec<usize>, Error> {
    let (usual, most) = match asked.method {
        Method::Kmeans { .. } => (usize::MAX, usize::MAX),
        Method::Hierarchical { .. } => (USUALLY_MERGED, MOST_MERGED),
        Method::Dbscan { .. } => (USUALLY_DENSE, MOST_DENSE),
    };
    if let Some(points) = asked.points.filter(|&points| points > most) {
        let (points, most) = (thousands(points), thousands(most));
        return Err(Error::Usage(format!("{points} samples are asked for, but this method takes at most {most}")));
    }
    if let Method::Dbscan { eps, min_samples } = asked.method {
        if min_samples < 2 {
            return Err(Error::Usage("a neighbourhood of DBSCAN needs at least 2 samples".into()));
        }
        if let Some(eps) = eps.filter(|eps| !eps.is_finite() || *eps <= 0.0) {
            return Err(Error::Usage(format!("the radius is {eps}, but must be a finite number above 0")));
        }
    }
    let points = draws::some(count, asked.points.unwrap_or(usual), asked.seed, 0);
    let (what, needed) = match asked.method {
        Method::Kmeans { clusters, .. } => {
            (format!("a division of the training samples into {clusters} clusters"), clusters.max(2))
        }
        Method::Hierarchical { clusters, .. } => (format!("a division into {clusters} clusters"), clusters.max(2)),
        Method::Dbscan { min_samples, .. } => {
            (format!("DBSCAN with {min_samples} samples in a neighbourhood"), min_samples.max(2))
        }
    };
    if points.len() < needed {
        return Err(Error::FewSamples { what, needed, has: points.len() });
    }
    if let Method::Hierarchical { .. } = asked.method {
        // n·n/2 distances of 64 bits are as large as n·n numbers of 32 bits.
        check_room(Some(points.len()), points.len(), || "the distances of all samples".into())?;
    }
    Ok(points)
}

/// The samples in a form, with unit length and smooth if that is asked for.
fn prepared(model: &Model, fit: &Samples, samples: &Samples, form: Form, asked: &Asked) -> Result<View, Error> {
    let mut view = view(form, model, fit, samples)?;
    if asked.unit_length {
        [&mut view.fit, &mut view.rows].into_iter().for_each(to_unit_length);
    }
    if let Some(k) = asked.smooth {
        let [fit, rows] = [&view.fit, &view.rows].map(|rows| smooth(&view.fit, rows, k));
        view = View { form, fit: fit?, rows: rows? };
    }
    Ok(view)
}

/// Divides each row by its norm. A row of zeros stays as it is.
fn to_unit_length(rows: &mut Array2<f32>) {
    for mut row in rows.rows_mut() {
        let norm = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        if norm > 0.0 {
            row.mapv_inplace(|value| (f64::from(value) / norm) as f32);
        }
    }
}

/// Replaces each of `rows` by the mean of the `k` nearest rows of `fit`, to which a row of `fit` belongs itself.
fn smooth(fit: &Array2<f32>, rows: &Array2<f32>, k: usize) -> Result<Array2<f32>, Error> {
    let found = nearest(fit.view(), rows.view(), k).ok_or(Error::Neighbours { asked: k, has: fit.nrows() })?;
    let mut means = Array2::zeros(rows.dim());
    for (mut mean, near) in means.rows_mut().into_iter().zip(found.rows.rows()) {
        let mut sum = ndarray::Array1::<f64>::zeros(rows.ncols());
        near.iter().for_each(|&at| sum.zip_mut_with(&fit.row(at as usize), |sum, &x| *sum += f64::from(x)));
        mean.assign(&sum.mapv(|sum| (sum / k as f64) as f32));
    }
    Ok(means)
}

/// Finds clusters in one form. `first` are those of the codes, which decide the radius of DBSCAN for the other forms.
fn of_form(
    view: &View,
    asked: &Asked,
    measured: &[usize],
    classes: Option<&[u32]>,
    first: Option<&OfForm>,
) -> Result<OfForm, Error> {
    let (form, rows) = (view.form, view.rows.view());
    let not_finite = || Error::NotFinite { form: form.name() };
    let clustered = if matches!(asked.method, Method::Kmeans { .. }) { view.fit.view() } else { rows };
    if clustered.rows().into_iter().all(|row| row == clustered.row(0)) {
        return Err(Error::AllEqual { form: form.name() });
    }
    let (mut merges, mut eps, mut distances) = (Vec::new(), None, Vec::new());
    let mut centres = None;
    let of: Vec<Option<u32>> = match asked.method {
        Method::Kmeans { clusters, restarts } => {
            let found = kmeans(clustered, clusters, restarts, asked.seed).ok_or_else(not_finite)?;
            centres = Some(found.centres.nrows());
            nearest_centre(rows, &found.centres).into_iter().map(Some).collect()
        }
        Method::Hierarchical { clusters, linkage: by } => {
            merges = linkage(rows, by).ok_or_else(not_finite)?;
            cut(&merges, clusters).into_iter().map(Some).collect()
        }
        Method::Dbscan { eps: given, min_samples } => {
            let k = min_samples - 1;
            let near = nearest_others(rows, k).ok_or(Error::Neighbours { asked: k, has: rows.nrows() - 1 })?;
            distances = near.distances.column(k - 1).to_vec();
            distances.sort_by(f64::total_cmp);
            let radius = match (given, first) {
                (Some(eps), None) => eps,
                (Some(eps), Some(codes)) => height(&distances, codes.distances.partition_point(|&d| d <= eps)),
                (None, _) => height(&distances, (CORE * distances.len() as f64).ceil() as usize),
            };
            eps = Some(radius);
            dbscan(rows, radius, min_samples).ok_or_else(not_finite)?
        }
    };
    let clusters = centres.unwrap_or_else(|| of.iter().flatten().max().map_or(0, |&last| last as usize + 1));
    let (silhouette, within) =
        measure(rows.select(Axis(0), measured), measured.iter().map(|&at| of[at]).collect()).ok_or_else(not_finite)?;
    // Noise is a cluster of its own here.
    let numbered: Vec<u32> = of.iter().map(|cluster| cluster.unwrap_or(clusters as u32)).collect();
    let noise = of.iter().filter(|cluster| cluster.is_none()).count();
    let agreement = classes.and_then(|classes| agreement(&numbered, classes));
    Ok(OfForm { form, of, clusters, agreement, silhouette, noise, within, merges, eps, distances })
}

/// The height of the k-distance plot at which `core` of the samples are core samples.
fn height(distances: &[f64], core: usize) -> f64 {
    core.checked_sub(1).map_or(distances[0] / 2.0, |last| distances[last])
}

/// The silhouette of the rows that are not noise, and for each row its mean distance to those of its cluster.
fn measure(rows: Array2<f32>, of: Vec<Option<u32>>) -> Option<(Option<f64>, Vec<f64>)> {
    let kept: Vec<usize> = (0..of.len()).filter(|&row| of[row].is_some()).collect();
    let labels: Vec<u32> = of.iter().flatten().copied().collect();
    let distances = cluster_distances(rows.select(Axis(0), &kept).view(), &labels)?;
    let mut within = vec![f64::NAN; of.len()];
    kept.iter().zip(&distances.own).for_each(|(&row, &own)| within[row] = own);
    Some((distances.silhouette(), within))
}

/// A cluster of codes in pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The number of the cluster.
    pub cluster: usize,
    /// The number of its samples.
    pub size: usize,
    /// The numbers of samples in its middle: those with the smallest mean distance to the others, the medoid first.
    pub middle: Vec<u32>,
    /// The numbers of the samples that are farthest from the others, the farthest last.
    pub farthest: Vec<u32>,
    /// The mean code of its samples, decoded, in the units of the data.
    pub decoded: Vec<f32>,
}

/// Chooses samples that show the clusters of the codes: `middle` and `farthest` of each of the `most` largest clusters,
/// the largest first. The mean is that of the codes as the model computes them, whatever their preparation was.
///
/// # Errors
/// As [`Model::encode`] and [`Model::decode`].
pub fn show(
    model: &Model,
    samples: &Samples,
    found: &Clusters,
    [most, middle, farthest]: [usize; 3],
) -> Result<Vec<Shown>, Error> {
    let Some(codes) = found.forms.first() else { return Ok(Vec::new()) };
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); codes.clusters];
    codes.of.iter().enumerate().for_each(|(at, of)| {
        if let Some(cluster) = of {
            members[*cluster as usize].push(at);
        }
    });
    let mut order: Vec<usize> = (0..codes.clusters).filter(|&cluster| !members[cluster].is_empty()).collect();
    order.sort_by_key(|&cluster| (std::cmp::Reverse(members[cluster].len()), cluster));
    order.truncate(most);
    let show = |cluster: usize| {
        let numbers: Vec<u32> = members[cluster].iter().map(|&at| found.samples[at]).collect();
        let mean = mean_code(model, samples, &numbers)?;
        let decoded = model.decode(mean.view())?.row(0).to_vec();
        let measured = found.measured.iter().zip(&codes.within);
        let mut by_distance: Vec<(f64, u32)> = measured
            .filter(|(at, _)| codes.of[**at] == Some(cluster as u32))
            .map(|(&at, &within)| (within, found.samples[at]))
            .collect();
        by_distance.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let ranked: Vec<u32> = by_distance.into_iter().map(|(_, number)| number).collect();
        let (first, rest) = ranked.split_at(middle.min(ranked.len()));
        let last = rest[rest.len() - farthest.min(rest.len())..].to_vec();
        Ok(Shown { cluster, size: numbers.len(), middle: first.to_vec(), farthest: last, decoded })
    };
    order.into_iter().map(show).collect()
}

/// The mean of the codes of samples, as a matrix of one row.
fn mean_code(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Array2<f32>, Error> {
    let mut sum = ndarray::Array1::<f64>::zeros(model.code_len());
    for numbers in numbers.chunks(crate::CHUNK) {
        for code in model.encode(samples.exact_rows(numbers).view())?.rows() {
            sum.zip_mut_with(&code, |sum, &z| *sum += f64::from(z));
        }
    }
    Ok(sum.mapv(|sum| (sum / numbers.len() as f64) as f32).insert_axis(Axis(0)))
}
