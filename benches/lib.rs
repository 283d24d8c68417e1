//! The code that the benchmarks share: the networks that are timed, random samples, and the arithmetic peak of one
//! core.
//!
//! ```text
//! cargo bench --bench matmul     matrix products, from the naive loop to ours, in GFLOP/s and % of the peak
//! cargo bench --bench profile    the parts of a training step, by phase and layer
//! cargo bench --bench step       one training step, on one thread and on all
//! cargo bench --bench adam       the optimiser with normal and with zero gradients
//! cargo bench --bench idx        reading IDX files and filling batches, in bytes per second
//! cargo bench --bench epoch      whole epochs, one line for each network
//! ```
//!
//! Times can be compared only if they were measured on a quiet machine. `HANDGRAD_SIMD=avx2` or `portable` selects
//! narrower vector registers than the machine has. The results stay the same to the last bit, but the speed changes.
//! This variable has no effect on the products of other crates.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use handgrad_dataset::{Samples, Values};
use handgrad_kernels::{Level, level, vectorize};
use handgrad_layers::LossKind;
use handgrad_models::{Deep, Network, PooledConv, SequenceAutoencoder, Spec, StridedConv, Vae};
use handgrad_trainer::{Error, Trainer, Training};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Number of samples of an epoch, the same as in MNIST.
pub const SAMPLES: usize = 60_000;

/// The shape of a sample: 784 values.
pub const SHAPE: [usize; 2] = [28, 28];

/// A network in training, with Adam.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name on the command line.
    pub name: &'static str,
    /// The network.
    pub spec: fn() -> Spec,
    /// Number of samples of a step.
    pub batch_size: usize,
    /// Number of samples of a timed epoch: all, or fewer for a slow network, so that the epoch takes only seconds.
    pub timed_samples: usize,
}

/// Returns a deep autoencoder of 784 values with a mirrored decoder, ReLU in the hidden layers and a sigmoid output.
fn mirrored(layers: &[usize], loss: LossKind) -> Spec {
    Deep { layers: layers.to_vec(), loss, ..Deep::default() }.spec(&SHAPE)
}

const fn workload(name: &'static str, spec: fn() -> Spec, batch_size: usize, timed_samples: usize) -> Workload {
    Workload { name, spec, batch_size, timed_samples }
}

/// The networks that are timed.
pub const WORKLOADS: [Workload; 11] = [
    workload("basic-784-32-bce-b256", || mirrored(&[32], LossKind::Bce), 256, SAMPLES),
    workload("tf-784-64-mse-b32", || mirrored(&[64], LossKind::Mse), 32, SAMPLES),
    workload("deep-128-64-32-bce-b256", || mirrored(&[128, 64, 32], LossKind::Bce), 256, SAMPLES),
    workload("deep-128-64-32-bce-b64", || mirrored(&[128, 64, 32], LossKind::Bce), 64, SAMPLES),
    workload("hinton-1000-500-250-30-bce-b128", || mirrored(&[1000, 500, 250, 30], LossKind::Bce), 128, 12_800),
    workload("wide-784-512-bce-b128", || mirrored(&[512], LossKind::Bce), 128, SAMPLES),
    workload("deep-512-256-64-mse-b64", || mirrored(&[512, 256, 64], LossKind::Mse), 64, SAMPLES),
    workload(
        "vae-400-20-b128",
        || Vae { hidden_dims: vec![400], latent_dim: 20, ..Vae::default() }.spec(&SHAPE),
        128,
        SAMPLES,
    ),
    workload(
        "conv-16-8-mse-b32",
        || StridedConv { filters: vec![16, 8], ..StridedConv::default() }.spec(&SHAPE),
        32,
        6_400,
    ),
    workload("conv-pooled-bce-b128", || PooledConv::default().spec(&SHAPE), 128, 6_400),
    workload("lstm-64-mse-b64", || SequenceAutoencoder { units: 64, ..Default::default() }.spec(&SHAPE), 64, SAMPLES),
];

impl Workload {
    /// The network.
    ///
    /// # Errors
    /// If the layers do not fit together.
    pub fn network(&self) -> Result<Network<f32>, handgrad_models::Error> {
        Network::new(&(self.spec)())
    }

    /// Returns a trainer of the network with newly initialised weights.
    ///
    /// # Errors
    /// If the layers do not fit together.
    pub fn trainer(&self) -> Result<Trainer<f32>, Error> {
        let network = self.network().map_err(|error| Error::Model(error.to_string()))?;
        Trainer::new(network, &Training { batch_size: self.batch_size, ..Training::default() })
    }
}

/// Returns the workloads that the command line names, or all if it names none. Also returns whether they are timed;
/// with `--test` they are only run once.
///
/// # Errors
/// If a name is unknown.
pub fn chosen() -> Result<(Vec<Workload>, bool), String> {
    let mut chosen = Vec::new();
    let mut timed = true;
    for name in std::env::args().skip(1) {
        match &name[..] {
            // Cargo adds this argument.
            "--bench" => {}
            "--test" => timed = false,
            _ => {
                let known = WORKLOADS.iter().find(|workload| workload.name == name);
                chosen.push(*known.ok_or_else(|| {
                    let names = WORKLOADS.map(|workload| workload.name).join(", ");
                    format!("no network has the name {name:?}; the names are: {names}")
                })?);
            }
        }
    }
    Ok((if chosen.is_empty() { WORKLOADS.to_vec() } else { chosen }, timed))
}

/// Returns a pool with this number of threads.
///
/// # Errors
/// If the system cannot create the threads.
pub fn pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).build()
}

/// Returns the number of threads that the machine can run at the same time.
#[must_use]
pub fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns samples of random bytes, which are always the same. A step takes the same time on noise as on pictures.
#[must_use]
pub fn random_samples(count: usize) -> Samples {
    let mut values = Array2::zeros((count, SHAPE.iter().product()));
    if let Some(bytes) = values.as_slice_mut() {
        ChaCha8Rng::seed_from_u64(0).fill_bytes(bytes);
    }
    Samples { values: Values::Bytes(values), shape: SHAPE.to_vec(), labels: None, places: None }
}

/// Returns floats with a uniform distribution over −1..1. They are always the same for the same seed.
#[must_use]
pub fn random_floats(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.next_u32() as i32 as f32 / 2.0_f32.powi(31)).collect()
}

/// Number of independent chains of multiply-adds: enough to hide the latency of an instruction of 4 or 5 cycles on
/// two units, and few enough to stay in 16 registers.
const CHAINS: usize = 12;
/// Number of multiply-adds of a chain, which take about a millisecond.
const STEPS: usize = 200_000;

/// Measures and returns the peak of one core in floating-point operations per second, with fused multiply-adds of two
/// operations each that only use registers. The registers are those that the kernels use.
#[must_use]
pub fn peak_flops() -> f64 {
    match level() {
        Level::Avx512 => peak_of_lanes::<16>(),
        Level::Avx2 => peak_of_lanes::<8>(),
        Level::Portable => peak_of_lanes::<4>(),
    }
}

fn peak_of_lanes<const LANES: usize>() -> f64 {
    // The best of many runs, because other work on the machine can only make a run slower.
    let seconds = (0..50).map(|_| {
        let start = Instant::now();
        black_box(vectorize!(multiply_adds::<LANES>(black_box([[0.5; LANES]; CHAINS]), black_box(0.75))));
        start.elapsed().as_secs_f64()
    });
    (2 * LANES * CHAINS * STEPS) as f64 / seconds.fold(f64::INFINITY, f64::min)
}

/// s ← s·a + a for every s, many times, with one register for each chain. The loop over the lanes must be outside the
/// loop over the sums: then the compiler keeps the sums in registers. With the opposite order it gathers them from
/// memory in every step, which is sixty times slower.
#[inline(always)]
fn multiply_adds<const LANES: usize>(mut sums: [[f32; LANES]; CHAINS], a: f32) -> [[f32; LANES]; CHAINS] {
    for _ in 0..STEPS {
        for lane in 0..LANES {
            for sum in &mut sums {
                sum[lane] = sum[lane].mul_add(a, a);
            }
        }
    }
    sums
}
