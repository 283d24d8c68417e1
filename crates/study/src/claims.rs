//! What the slides say about autoencoders and recurrent networks, tried.

mod recurrent;

use handgrad_analysis::Pca;
use handgrad_layers::{Mode, Noise, Pass, random};
use handgrad_tasks::noise;
use handgrad_trainer::shuffled;
use ndarray::{Array2, ArrayView2, Axis};

use crate::Error;
use crate::experiment::{Experiment, Setup, squared_error};

/// Something the slides say.
pub struct Claim {
    /// What it is called.
    pub name: &'static str,
    /// What the slides say.
    pub says: &'static str,
    /// How it is tried, and when it holds.
    pub how: &'static str,
    /// The headings of the table.
    pub columns: &'static [&'static str],
    measure: fn(&Setup) -> Result<Found, Error>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The lines of the table, each with a name and figures.
    pub lines: Vec<(String, Vec<f64>)>,
    /// Does the claim hold?
    pub holds: bool,
}

/// All claims.
pub static CLAIMS: [Claim; 10] = [
    Claim {
        name: "linear-is-pca",
        says: "A linear autoencoder is PCA.",
        how: "784-8-784 without activations, squared error, on Fashion-MNIST. Shared subspace: the cosine of the \
              largest angle between what the decoder's weights span and the principal components. It holds if the \
              error is within 1 % and the cosine above 0.99.",
        columns: &["test MSE", "shared subspace"],
        measure: linear_is_pca,
    },
    Claim {
        name: "nonlinear-beats-pca",
        says: "A nonlinear autoencoder keeps more than PCA in a code of the same size.",
        how: "784-256-128-k and back with ReLU, squared error, 20 epochs of batches of 128, codes of k = 2, 8, 16, 32 \
              on both sets of images. It holds if the error is smaller in every line.",
        columns: &["PCA, test MSE", "autoencoder, test MSE", "ratio"],
        measure: nonlinear_beats_pca,
    },
    Claim {
        name: "holes",
        says: "The codes of a plain autoencoder have holes between them, where those of a variational one have none.",
        how: "784-400-20-400-784 on MNIST, 20 epochs. 1,000 codes are drawn: of the variational one from N(0, 1), of \
              the plain one each place from the values that the test images have there. The distance is the squared \
              one to the nearest of 20,000 training images. Without any hole the factor would be 1. It holds if the \
              plain one's is larger.",
        columns: &["reconstructions, distance", "drawn images, distance", "factor"],
        measure: holes,
    },
    Claim {
        name: "denoising",
        says: "A denoising autoencoder gets rid of noise that a plain one keeps.",
        how: "The TensorFlow tutorial's network on Fashion-MNIST, trained on clean images and under gaussian noise of \
              0.2, both given noisy test images. It holds if the denoiser's error is smaller at the noise it was \
              trained for and above.",
        columns: &["noisy images, MSE", "plain, MSE", "denoising, MSE"],
        measure: denoising,
    },
    Claim {
        name: "sparse",
        says: "With a sparsity penalty only a few units of the code are active at a time.",
        how: "784-64-784 on MNIST, 30 epochs of batches of 256. Active: more than a tenth of the largest value of any \
              code. It holds if each penalty, made stronger, leaves fewer units active.",
        columns: &["active part of the code", "mean code", "BCE"],
        measure: sparse,
    },
    Claim {
        name: "collapse",
        says: "In a variational autoencoder a larger β gives up units of the code, in the end all (posterior \
               collapse).",
        how: "784-400-20-400-784 on MNIST, 10 epochs. A unit is active if the variance of its μ over the test images \
              is above 0.01 (Burda et al. 2016). It holds if no larger β has more active units and the largest has \
              none.",
        columns: &["active units of 20", "KL divergence", "reconstruction, nats"],
        measure: collapse,
    },
    Claim {
        name: "cells",
        says: "A GRU is simpler than an LSTM and faster to train.",
        how: "Preset lstm with each cell: 28 steps of 28 values, 64 units, on Fashion-MNIST. Parameters are those of \
              the encoder's layer, with two biases a gate. It holds if an LSTM has 4 times the parameters of an Elman \
              network, a GRU 3 times, and the GRU's epoch takes less time.",
        columns: &["parameters", "seconds an epoch", "test MSE"],
        measure: recurrent::cells,
    },
    Claim {
        name: "long-memory",
        says: "A simple recurrent network forgets what it saw long ago; LSTM and GRU keep it.",
        how: "A sequence begins with one of 8 signs, goes on with noise, and ends with a signal and the same sign \
              again. 32 units predict every step from those before it, 80 epochs of batches of 16 over 4,096 \
              sequences, Adam at 0.003, gradients clipped to a norm of 1, the weights of the best epoch. The figures \
              are the part of 1,024 new sequences whose last step is told rightly; guessing gives 0.125. It holds if \
              LSTM and GRU tell more than 0.9 at every length and the Elman network less than 0.5 at the largest.",
        columns: &["10 steps", "20 steps", "30 steps", "40 steps"],
        measure: recurrent::long_memory,
    },
    Claim {
        name: "gradient-by-step",
        says: "Through many steps gradients vanish or explode; gates let them through.",
        how: "50 steps, 64 units, weights as they start, a gradient of 1 at each value of the last step alone: \
              ‖∂L/∂h_t‖ so many steps before it, in parts of that of the last step. It holds if the Elman network's is \
              below 10⁻⁵ at the first step, above 1 with recurrent weights 3 times as large, and those of GRU and LSTM \
              are all larger than the former.",
        columns: &["1 before", "5", "10", "20", "30", "49"],
        measure: recurrent::gradient_by_step,
    },
    Claim {
        name: "hidden-covariance",
        says: "The covariance of an untrained network's states predicts how well it will do once trained.",
        how: "Preset lstm on Fashion-MNIST, 3 epochs, beside the score of the same network as it starts, of 16 samples \
              (`handgrad score`). Kendall's τ is 1 if the order by score is that by error, and 0 if they have nothing \
              to do with each other. It holds if τ is above 0.5.",
        columns: &["score before training", "test MSE after it"],
        measure: recurrent::hidden_covariance,
    },
];

/// The claims of these names, or all of them where none is named.
///
/// # Errors
/// If there is no claim of a name.
pub fn choose(names: &[String]) -> Result<Vec<&'static Claim>, Error> {
    if let Some(name) = names.iter().find(|name| CLAIMS.iter().all(|claim| claim.name != **name)) {
        let known = CLAIMS.iter().map(|claim| claim.name).collect::<Vec<_>>().join(", ");
        return Err(Error::NoSuchClaim { name: name.clone(), known });
    }
    Ok(CLAIMS.iter().filter(|claim| names.is_empty() || names.iter().any(|name| name == claim.name)).collect())
}

impl Claim {
    /// Tries it.
    ///
    /// # Errors
    /// If the data cannot be had, or a training goes wrong.
    pub fn run(&self, setup: &Setup) -> Result<Found, Error> {
        (self.measure)(setup)
    }
}

fn fit_pca(experiment: &Experiment, k: usize) -> Result<Pca, Error> {
    Pca::fit(experiment.data.train.to_floats().view(), k).ok_or(Error::NoComponents)
}

/// The mean squared error per value of what PCA makes of the validation samples.
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
    // The decoder's weights are the last layer's: 8 rows of 784, then its biases.
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

/// Codes that are drawn, and training images that they are compared with.
const DRAWN: usize = 1_000;
const COMPARED: usize = 20_000;

/// The first rows, at most `count`.
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
                // Every place by itself in another order: each value occurs, their combination need not.
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
        noise::put_on(&plain.model, &mut noisy, &numbers, &[Noise::Gaussian { std, clip: Some([0.0, 1.0]) }]);
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
