//! Claims about autoencoders, their codes and recurrent networks, put to the test. Most are made on the slides. Four
//! are not, but are well known: `linear-is-pca`, `holes`, `collapse` and `pre-training`.

mod codes;
mod recurrent;

use handgrad_analysis::Pca;
use handgrad_layers::{Mode, Noise, Pass, random};
use handgrad_tasks::noise;
use handgrad_trainer::shuffled;
use ndarray::{Array2, ArrayView2, Axis};

use crate::Error;
use crate::experiment::{Experiment, Setup, squared_error};

/// A claim that is put to the test.
pub struct Claim {
    /// The name that selects it.
    pub name: &'static str,
    /// The claim.
    pub says: &'static str,
    /// How it is tested, and when it holds.
    pub how: &'static str,
    /// The headings of the table.
    pub columns: &'static [&'static str],
    measure: fn(&Setup) -> Result<Found, Error>,
}

/// The result of testing a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The lines of the table, each with a name and figures.
    pub lines: Vec<(String, Vec<f64>)>,
    /// True if the claim holds.
    pub holds: bool,
}

/// All claims.
pub static CLAIMS: [Claim; 15] = [
    Claim {
        name: "linear-is-pca",
        says: "A linear autoencoder is PCA.",
        how: "784-8-784 without activations, squared error, on Fashion-MNIST. Shared subspace: the cosine of the \
              largest angle between the subspace that the decoder's weights span and that of the principal components. \
              It holds if the error is less than 1 % above that of PCA and the cosine is above 0.99.",
        columns: &["test MSE", "shared subspace"],
        measure: linear_is_pca,
    },
    Claim {
        name: "nonlinear-beats-pca",
        says: "A nonlinear autoencoder keeps more than PCA in a code of the same size.",
        how: "784-256-128-k-128-256-784 with ReLU, squared error, 20 epochs with batches of 128, codes of k = 2, 8, \
              16, 32 units, on Fashion-MNIST and MNIST. It holds if the autoencoder's error is smaller in every line.",
        columns: &["PCA, test MSE", "autoencoder, test MSE", "ratio"],
        measure: nonlinear_beats_pca,
    },
    Claim {
        name: "holes",
        says: "Codes drawn from a variational autoencoder's prior decode to more plausible images than codes drawn for \
               a plain autoencoder.",
        how: "784-400-20-400-784 on MNIST, 20 epochs. 1,000 codes are drawn and decoded: for the variational \
              autoencoder from N(0, 1), for the plain one each unit separately from its values on the test images. \
              Distance: the squared distance to the nearest of 20,000 training images. Factor: the distance of the \
              drawn images divided by that of the reconstructions; it would be 1 if drawn images were as close to real \
              ones as reconstructions are. It holds if the factor of the plain autoencoder is larger. It does not say \
              that the code space of the variational autoencoder has no holes: then its factor would be 1.",
        columns: &["reconstructions, distance", "drawn images, distance", "factor"],
        measure: holes,
    },
    Claim {
        name: "denoising",
        says: "A denoising autoencoder removes noise that a plain one keeps.",
        how: "The network of the TensorFlow tutorial on Fashion-MNIST, trained once with clean images and once with \
              Gaussian noise of standard deviation 0.2. Both get noisy test images. It holds if the denoiser's error \
              is smaller at the noise that it was trained with and at stronger noise.",
        columns: &["noisy images, MSE", "plain, MSE", "denoising, MSE"],
        measure: denoising,
    },
    Claim {
        name: "sparse",
        says: "With a sparsity penalty only a few units of the code are active at a time.",
        how: "784-64-784 on MNIST, 30 epochs with batches of 256. A unit is active if its value is more than a tenth \
              of the largest value in all codes. It holds if for both penalties fewer units are active when the \
              penalty is stronger.",
        columns: &["active part of the code", "mean code", "BCE"],
        measure: sparse,
    },
    Claim {
        name: "collapse",
        says: "In a variational autoencoder a larger β leaves fewer units of the code active, and in the end none \
               (posterior collapse).",
        how: "784-400-20-400-784 on MNIST, 10 epochs. A unit is active if the variance of its μ over the test images \
              is above 0.01 (Burda et al. 2016). It holds if the number of active units never increases with β, and is \
              0 for the largest β.",
        columns: &["active units of 20", "KL divergence", "reconstruction, nats"],
        measure: collapse,
    },
    Claim {
        name: "cells",
        says: "A GRU is simpler than an LSTM and faster to train.",
        how: "The preset lstm with each cell: 28 steps of 28 values, 64 units, on Fashion-MNIST. Parameters are those \
              of the encoder's layer, with two biases per gate. It holds if an LSTM has 4 times and a GRU 3 times the \
              parameters of an Elman network, and an epoch of the GRU takes less time than one of the LSTM.",
        columns: &["parameters", "seconds an epoch", "test MSE"],
        measure: recurrent::cells,
    },
    Claim {
        name: "long-memory",
        says: "A simple recurrent network forgets inputs from many steps ago; LSTM and GRU remember them.",
        how: "A sequence begins with one of 8 symbols, continues with noise, and ends with a signal and the same \
              symbol again. A network with 32 units predicts every step from the steps before it: 80 epochs with \
              batches of 16 over 4,096 sequences, Adam with a learning rate of 0.003, gradients clipped to a norm of \
              1, and the weights of the best epoch. The figures are the fraction of 1,024 new sequences whose last \
              step is predicted correctly; guessing gives 0.125. It holds if LSTM and GRU are above 0.9 at every \
              length and the Elman network is below 0.5 at the largest length.",
        columns: &["10 steps", "20 steps", "30 steps", "40 steps"],
        measure: recurrent::long_memory,
    },
    Claim {
        name: "gradient-by-step",
        says: "Over many steps gradients vanish or explode; gates let them through.",
        how: "50 steps, 64 units, initial weights, and a gradient of 1 at each value of the last step only. The \
              figures are ‖∂L/∂h_t‖ at the given number of steps before the last one, divided by that of the last \
              step. It holds if at the first step the figure of the Elman network is below 10⁻⁵, that with recurrent \
              weights 3 times as large is above 1, and those of every GRU and LSTM are larger than that of the Elman \
              network.",
        columns: &["1 before", "5", "10", "20", "30", "49"],
        measure: recurrent::gradient_by_step,
    },
    Claim {
        name: "hidden-covariance",
        says: "The covariance of an untrained network's hidden states predicts how good the network is after training.",
        how: "The preset lstm on Fashion-MNIST with each cell and three sizes, 3 epochs, compared with the score of \
              the same network before training, computed from 16 samples (`handgrad score`). Kendall's τ is 1 if a \
              higher score always means a smaller error, and about 0 if the two are unrelated. It holds if τ is above \
              0.5.",
        columns: &["score before training", "test MSE after it"],
        measure: recurrent::hidden_covariance,
    },
    Claim {
        name: "codes-cluster",
        says: "Codes are better features for clustering than pixels.",
        how: "DIVE \"Applications of Autoencoders\", 2. 784-256-64-10 with a linear code and masking noise of 0.25, \
              binary cross-entropy, 8 epochs with batches of 128 on MNIST, for three seeds. k-means with 10 clusters \
              is fitted to the first 10,000 training images. The figures are the part of the test images whose \
              cluster is matched with their class. It holds if the codes have the highest one in every line.",
        columns: &["codes", "principal components", "pixels"],
        measure: codes::codes_cluster,
    },
    Claim {
        name: "codes-on-a-map",
        says: "A map of codes by t-SNE can be trusted as much as a map of pixels.",
        how: "UTMIST \"Dimensionality Reduction\". 784-256-32 as in `codes-cluster`; t-SNE of the first 2,000 test \
              images, perplexity 30. Trustworthiness is 1 if the 12 nearest points in the map are the 12 nearest in \
              the data; the accuracy is that of the classes of most of the 12 nearest points in the map. It holds if \
              the map of the codes is at most 0.01 less trustworthy than that of the pixels, compared with the codes \
              and compared with the pixels.",
        columns: &["trustworthiness", "continuity", "k-NN accuracy"],
        measure: codes::codes_on_a_map,
    },
    Claim {
        name: "pre-training",
        says: "Pre-training without labels helps a classifier if labels are few, and not if they are many.",
        how: "784-256-64 on MNIST with tanh and with ReLU in both layers, otherwise as in `codes-cluster`, then 10 \
              outputs. All weights are trained with the labels for 3 epochs and at least 500 steps, once from the \
              encoder and once from new weights, for three seeds. The figures are means of the part of wrong test \
              images. It holds if with both activations pre-training lowers the error by more than a tenth with 5 \
              labels a class, and by less than a tenth with all labels.",
        columns: &["pre-trained, error", "from scratch, error", "ratio"],
        measure: codes::pre_training,
    },
    Claim {
        name: "sparse-codes",
        says: "In sparse codes most values are near 0, and they tell the classes as well as plain codes.",
        how: "CE6146 \"Sparse Autoencoders\", \"Example – Sparse Autoencoders\". 784-64-784 on MNIST, 10 epochs with \
              batches of 256. Near 0: below a hundredth of the largest value in all codes. Logistic regression and \
              5-NN learn from the codes of 10,000 training images; the figures are their accuracies on the test \
              images. It holds if with L1 and the weight 10⁻³ more than half of the values are near 0 and both \
              accuracies are at most 0.01 below those of the plain code.",
        columns: &["values near 0", "logistic, accuracy", "5-NN, accuracy"],
        measure: codes::sparse_codes,
    },
    Claim {
        name: "nearest-reconstruction",
        says: "The label of the nearest reconstruction is right more often than that of the nearest image.",
        how: "DIVE \"Applications of Autoencoders\", 6, which compares reconstructions. 784-256-32 as in \
              `codes-cluster`. Labelled images are drawn from 10,000 training images, 5 times; the others have no \
              label. The figures are means and standard deviations of the part of 2,000 test images that gets a wrong \
              label. It holds if the mean error of the nearest reconstruction is smaller in every line.",
        columns: &["reconstruction, error", "±", "image, error", "±", "code, error"],
        measure: codes::nearest_reconstruction,
    },
];

/// Returns the claims with these names, or all claims if `names` is empty.
///
/// # Errors
/// If no claim has one of these names.
pub fn choose(names: &[String]) -> Result<Vec<&'static Claim>, Error> {
    if let Some(name) = names.iter().find(|name| CLAIMS.iter().all(|claim| claim.name != **name)) {
        let known = CLAIMS.iter().map(|claim| claim.name).collect::<Vec<_>>().join(", ");
        return Err(Error::NoSuchClaim { name: name.clone(), known });
    }
    Ok(CLAIMS.iter().filter(|claim| names.is_empty() || names.iter().any(|name| name == claim.name)).collect())
}

impl Claim {
    /// Trains what the claim is about, and measures it.
    ///
    /// # Errors
    /// If the data cannot be loaded, or if a training fails.
    pub fn run(&self, setup: &Setup) -> Result<Found, Error> {
        (self.measure)(setup)
    }
}

fn fit_pca(experiment: &Experiment, k: usize) -> Result<Pca, Error> {
    Pca::fit(experiment.data.train.to_floats().view(), k).ok_or(Error::NoComponents)
}

/// Returns the mean squared error per value of PCA's reconstructions of the validation samples.
fn pca_error(pca: &Pca, experiment: &Experiment) -> f64 {
    let clean = experiment.data.validation.to_floats();
    squared_error(&clean, &pca.reconstruct(clean.view())) / clean.ncols() as f64
}

fn linear_is_pca(setup: &Setup) -> Result<Found, Error> {
    let settings = [
        ("data", "fashion-mnist"),
        ("layers", "8"),
        ("activation", "linear"),
        ("output_activation", "linear"),
        ("loss", "mse"),
        ("epochs", "30"),
    ];
    let experiment = Experiment::run("linear-is-pca", &settings, 0, setup)?;
    let pca = fit_pca(&experiment, 8)?;
    // The decoder is the last layer: 8 rows of 784 weights, then its biases.
    let network = experiment.model.network();
    let theta = &experiment.model.weights()[network.theta_of(network.layers().len() - 1)];
    let weights = ArrayView2::from_shape((8, 784), &theta[..8 * 784]).map_err(|_| Error::NoComponents)?;
    let shared = pca.shared_subspace(weights).ok_or(Error::NoComponents)?;
    let (ours, theirs) = (experiment.last().validation_loss, pca_error(&pca, &experiment));
    let lines = vec![("PCA".into(), vec![theirs, 1.0]), ("linear autoencoder".into(), vec![ours, shared])];
    Ok(Found { lines, holds: ours < 1.01 * theirs && shared > 0.99 })
}

fn nonlinear_beats_pca(setup: &Setup) -> Result<Found, Error> {
    let mut lines = Vec::new();
    for (data, k) in ["fashion-mnist", "mnist"].into_iter().flat_map(|data| [2, 8, 16, 32].map(|k| (data, k))) {
        let layers = format!("256,128,{k}");
        let settings = [
            ("data", data),
            ("layers", &layers),
            ("activation", "relu"),
            ("loss", "mse"),
            ("epochs", "20"),
            ("batch_size", "128"),
        ];
        let experiment = Experiment::run(&format!("{data}, code of {k}"), &settings, 0, setup)?;
        let (ours, theirs) = (experiment.last().validation_loss, pca_error(&fit_pca(&experiment, k)?, &experiment));
        lines.push((format!("{data}, code of {k}"), vec![theirs, ours, ours / theirs]));
    }
    let holds = lines.iter().all(|(_, figures)| figures[2] < 1.0);
    Ok(Found { lines, holds })
}

/// The number of codes that are drawn, and of training images with which the decoded images are compared.
const DRAWN: usize = 1_000;
const COMPARED: usize = 20_000;

/// Returns the first `count` rows, or all rows if there are fewer.
fn first(rows: &Array2<f32>, count: usize) -> Array2<f32> {
    rows.view().split_at(Axis(0), count.min(rows.nrows())).0.to_owned()
}

fn holes(setup: &Setup) -> Result<Found, Error> {
    let mut lines = Vec::new();
    let plain = [("data", "mnist"), ("layers", "400,20"), ("loss", "bce"), ("epochs", "20"), ("batch_size", "128")];
    let variational = [("preset", "vae"), ("data", "mnist"), ("epochs", "20")];
    for (name, settings) in [("plain", &plain[..]), ("variational", &variational)] {
        let experiment = Experiment::run(name, settings, 0, setup)?;
        let mut drawn = first(&experiment.codes()?, DRAWN);
        for (place, mut column) in drawn.columns_mut().into_iter().enumerate() {
            let mut values = column.to_vec();
            if name == "plain" {
                // Every unit is shuffled separately: each value occurs in a code, but their combination need not
                // occur.
                let mut order = vec![0; values.len()];
                shuffled(0, place as u64 + 1, &mut order);
                values = order.iter().map(|&from| column[from as usize]).collect();
            } else {
                let pass = Pass { mode: Mode::Train, samples: &[place as u32], ..Pass::predict() };
                random::with_normal(&pass, 0, &mut values, |_, normal| normal);
            }
            column.iter_mut().zip(values).for_each(|(to, value)| *to = value);
        }
        let drawn = experiment.model.decode(drawn.view())?;
        let reconstructions = experiment.reconstructions()?;
        let real = experiment.data.train.to_floats();
        let real = first(&real, COMPARED);
        let near = |images: &Array2<f32>| {
            let lengths = real.map_axis(Axis(1), |row| row.dot(&row));
            let products = images.dot(&real.t());
            let nearest = products.rows().into_iter().zip(images.rows()).map(|(products, image)| {
                let distances = products.iter().zip(&lengths).map(|(product, length)| length - 2.0 * product);
                f64::from(distances.fold(f32::INFINITY, f32::min) + image.dot(&image))
            });
            nearest.sum::<f64>() / images.nrows() as f64
        };
        let (known, new) = (near(&first(&reconstructions, DRAWN)), near(&drawn));
        lines.push((name.to_string(), vec![known, new, new / known]));
    }
    let holds = lines[0].1[2] > lines[1].1[2];
    Ok(Found { lines, holds })
}

fn denoising(setup: &Setup) -> Result<Found, Error> {
    let plain = [
        ("preset", "strided-conv"),
        ("data", "fashion-mnist"),
        ("loss", "mse"),
        ("epochs", "10"),
        ("batch_size", "32"),
    ];
    let plain = Experiment::run("plain", &plain, 0, setup)?;
    let denoiser = [("preset", "tf-denoise"), ("data", "fashion-mnist")];
    let denoiser = Experiment::run("denoising", &denoiser, 0, setup)?;
    let (clean, numbers) = (plain.data.validation.to_floats(), plain.data.validation.numbers());
    let mut lines = Vec::new();
    for std in [0.1, 0.2, 0.3, 0.4] {
        let mut noisy = clean.clone();
        noise::put_on(&plain.model, &mut noisy, &numbers, &[Noise::Gaussian { std, clip: Some([0.0, 1.0]) }])?;
        let error = |images: &Array2<f32>| squared_error(&clean, images) / clean.ncols() as f64;
        let before = error(&noisy);
        let [plain, denoised] = [&plain, &denoiser].map(|run| run.model.reconstruct(noisy.view()));
        lines.push((format!("noise of {std}"), vec![before, error(&plain?), error(&denoised?)]));
    }
    let holds = lines[1..].iter().all(|(_, figures)| figures[2] < figures[1]);
    Ok(Found { lines, holds })
}

fn sparse(setup: &Setup) -> Result<Found, Error> {
    let common = [("data", "mnist"), ("layers", "64"), ("loss", "bce"), ("epochs", "30"), ("batch_size", "256")];
    let mut lines = Vec::new();
    for (name, setting) in [
        ("ReLU, no penalty", None),
        ("L1, weight 10⁻⁴", Some(("l1", "1e-4"))),
        ("L1, weight 10⁻³", Some(("l1", "1e-3"))),
        ("L1, weight 10⁻²", Some(("l1", "1e-2"))),
        ("sigmoid, no penalty", Some(("activation", "sigmoid"))),
        ("KL to 0.2", Some(("sparsity", "0.2"))),
        ("KL to 0.05", Some(("sparsity", "0.05"))),
    ] {
        let settings: Vec<_> = common.into_iter().chain(setting).collect();
        let experiment = Experiment::run(name, &settings, 0, setup)?;
        let codes = experiment.codes()?;
        let largest = codes.iter().fold(0.0, |largest: f32, &value| largest.max(value));
        let part = |sum: f64| sum / codes.len() as f64;
        let active = part(codes.iter().filter(|value| **value > 0.1 * largest).count() as f64);
        let mean = part(codes.iter().map(|&value| f64::from(value)).sum());
        lines.push((name.to_string(), vec![active, mean, experiment.reconstruction()]));
    }
    let active: Vec<f64> = lines.iter().map(|(_, figures)| figures[0]).collect();
    let holds = [&active[..4], &active[4..]].iter().all(|active| active.is_sorted_by(|a, b| a > b));
    Ok(Found { lines, holds })
}

fn collapse(setup: &Setup) -> Result<Found, Error> {
    let mut lines = Vec::new();
    for (beta, weight) in [("0.25", 0.25), ("1", 1.0), ("4", 4.0), ("16", 16.0), ("64", 64.0)] {
        let settings = [("preset", "vae"), ("data", "mnist"), ("beta", beta)];
        let experiment = Experiment::run(&format!("β {beta}"), &settings, 0, setup)?;
        let codes = experiment.codes()?;
        let active = codes.columns().into_iter().filter(|mu| mu.var(0.0) > 0.01).count();
        let last = experiment.last();
        // The penalty in the loss is β times the divergence.
        let divergence = last.validation_terms.get(1).map_or(f64::NAN, |term| term.1 / weight);
        lines.push((format!("β = {beta}"), vec![active as f64, divergence, experiment.reconstruction()]));
    }
    let active: Vec<f64> = lines.iter().map(|(_, figures)| figures[0]).collect();
    Ok(Found { holds: active.is_sorted_by(|a, b| a >= b) && active.last() == Some(&0.0), lines })
}
