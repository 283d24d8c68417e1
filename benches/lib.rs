//! What the benches share: the networks that are timed, random samples, and the arithmetic peak of one core.
//!
//! ```text
//! cargo bench --bench matmul     products: a ladder from the naive loop to ours, in GFLOP/s and % of the peak
//! cargo bench --bench profile    a step taken apart, by phase and layer
//! cargo bench --bench step       one training step, on one thread and on all
//! cargo bench --bench adam       the optimiser where gradients live and where they have died
//! cargo bench --bench idx        reading IDX files and filling batches, in bytes a second
//! cargo bench --bench epoch      whole epochs, one line a network
//! ```
//!
//! Times are only worth comparing from a quiet machine. `HANDGRAD_SIMD=avx2` or `portable` takes narrower vector
//! registers than the machine has; the results stay the same to the last bit, the speed does not. The products of
//! other crates do not heed it.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use handgrad_dataset::{Samples, Values};
use handgrad_kernels::{Level, level, vectorize};
use handgrad_layers::{Activation, LossKind};
use handgrad_models::{Error, Network, Spec, convolutional, deep, sequence, sequence::Cell, variational};
use handgrad_trainer::{Trainer, Training};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Samples of an epoch, as many as MNIST has.
pub const SAMPLES: usize = 60_000;

/// The shape of a sample: 784 values.
pub const SHAPE: [usize; 2] = [28, 28];

/// A network in training, with Adam.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// What the command line calls it.
    pub name: &'static str,
    /// The network.
    pub spec: fn() -> Spec,
    /// Samples of a step.
    pub batch_size: usize,
    /// Samples of a timed epoch: all, or so many that it takes seconds.
    pub timed_samples: usize,
}

/// 784 values down to the code and, mirrored, back; hidden layers ReLU, output sigmoid.
fn mirrored(layers: &[usize], loss: LossKind) -> Spec {
    deep::spec(&SHAPE, layers, Activation::Relu, Activation::Sigmoid, loss)
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
        || variational::dense_spec(&SHAPE, &[400], 20, 1.0, Activation::Sigmoid, LossKind::Bce),
        128,
        SAMPLES,
    ),
    workload(
        "conv-16-8-mse-b32",
        || convolutional::strided(&SHAPE, &[16, 8], Activation::Sigmoid, LossKind::Mse),
        32,
        6_400,
    ),
    workload("conv-pooled-bce-b128", || convolutional::pooled(&SHAPE, Activation::Sigmoid, LossKind::Bce), 128, 6_400),
    workload(
        "lstm-64-mse-b64",
        || sequence::autoencoder(&SHAPE, Cell::Lstm, 64, false, Activation::Sigmoid, LossKind::Mse),
        64,
        SAMPLES,
    ),
];

impl Workload {
    /// The network.
    ///
    /// # Errors
    /// If the layers do not fit together.
    pub fn network(&self) -> Result<Network<f32>, Error> {
        Network::new(&(self.spec)())
    }

    /// The network with fresh weights, ready to train.
    ///
    /// # Errors
    /// If the layers do not fit together, or there is too little memory.
    pub fn trainer(&self) -> Result<Trainer<f32>, Box<dyn std::error::Error>> {
        let network = self.network()?;
        Ok(Trainer::new(network, &Training { batch_size: self.batch_size, ..Training::default() })?)
    }
}

/// The workloads that the command line names, all if it names none, and whether they are to be timed or, with
/// `--test`, only tried.
///
/// # Errors
/// If there is none of a name.
pub fn chosen() -> Result<(Vec<Workload>, bool), String> {
    let mut chosen = Vec::new();
    let mut timed = true;
    for name in std::env::args().skip(1) {
        match &name[..] {
            // Cargo's own.
            "--bench" => {}
            "--test" => timed = false,
            _ => {
                let known = WORKLOADS.iter().find(|workload| workload.name == name);
                chosen.push(*known.ok_or_else(|| {
                    let names = WORKLOADS.map(|workload| workload.name).join(", ");
                    format!("no network is called {name:?}; there are: {names}")
                })?);
            }
        }
    }
    Ok((if chosen.is_empty() { WORKLOADS.to_vec() } else { chosen }, timed))
}

/// A pool of so many threads.
///
/// # Errors
/// If the system gives no threads.
pub fn pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).build()
}

/// Threads that the machine runs at a time.
#[must_use]
pub fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Samples of random bytes, always the same ones. A step takes as long on noise as on pictures.
#[must_use]
pub fn random_samples(count: usize) -> Samples {
    let mut values = Array2::zeros((count, SHAPE.iter().product()));
    if let Some(bytes) = values.as_slice_mut() {
        ChaCha8Rng::seed_from_u64(0).fill_bytes(bytes);
    }
    Samples { values: Values::Bytes(values), shape: SHAPE.to_vec(), labels: None }
}

/// Floats spread evenly over −1..1, always the same ones for a seed.
#[must_use]
pub fn random_floats(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.next_u32() as i32 as f32 / 2.0_f32.powi(31)).collect()
}

/// Chains of multiply-adds side by side: enough to hide an instruction's latency of 4 or 5 cycles on two units, few
/// enough to stay in 16 registers.
const CHAINS: usize = 12;
/// Multiply-adds of a chain: about a millisecond of them.
const STEPS: usize = 200_000;

/// Floating-point operations that one core does in a second at most, measured: fused multiply-adds, of two operations
/// each, that wait for nothing but their registers. The registers are those that the kernels use.
#[must_use]
pub fn peak_flops() -> f64 {
    match level() {
        Level::Avx512 => peak_of_lanes::<16>(),
        Level::Avx2 => peak_of_lanes::<8>(),
        Level::Portable => peak_of_lanes::<4>(),
    }
}

fn peak_of_lanes<const LANES: usize>() -> f64 {
    // The best of many: whatever else the machine does only ever makes it slower.
    let seconds = (0..50).map(|_| {
        let start = Instant::now();
        black_box(vectorize!(multiply_adds::<LANES>(black_box([[0.5; LANES]; CHAINS]), black_box(0.75))));
        start.elapsed().as_secs_f64()
    });
    (2 * LANES * CHAINS * STEPS) as f64 / seconds.fold(f64::INFINITY, f64::min)
}

/// s ← s·a + a for every s, many times: one register a chain. With the loop over the lanes outside, the compiler keeps
/// the sums in registers; the other way round it gathers them from memory at every step, a sixtieth as fast.
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
