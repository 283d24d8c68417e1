//! Matrix products on one thread, with several implementations ("rungs"), from the loop of the textbook to the
//! kernels of this workspace.
//!
//! ```text
//! forward           y  ← x·w       m×n ← m×k · k×n
//! backward_input    dx ← δ·wᵀ      m×k ← m×n · n×k
//! backward_params   dw ← xᵀ·δ      k×n ← k×m · m×n
//!
//! naive             one sum for each element of y; w is read with a stride
//! reordered         the two inner loops exchanged: reads along the rows of w and y
//! blocked           a block of w stays in cache, a row's sums in registers; fused, and as wide as this machine's
//!                   registers, but still plain Rust
//! matrixmultiply    packed panels and tiles in registers; ndarray uses this crate
//! gemm              the same method; candle and faer use this crate
//! handgrad          handgrad_kernels::{matmul, matmul_nt, matmul_tn}
//! ```
//!
//! A shape is m×k×n: rows of the batch, inputs and units of a dense layer, or a square.
//!
//! To run a part, give a regular expression that the name `product/shape/rung` matches somewhere:
//!
//! ```text
//! cargo bench --bench matmul                            all, about two minutes
//! cargo bench --bench matmul -- forward                 one product
//! cargo bench --bench matmul -- 128x784x32              one shape
//! cargo bench --bench matmul -- '/(gemm|handgrad)$'     some rungs
//! cargo bench --bench matmul -- --test                  no timing, only checks the result of every rung
//! ```
//!
//! How to read it: a product is 2·m·k·n floating-point operations, and Criterion counts these as elements, so its
//! `Gelem/s` are GFLOP/s. The table at the end compares the best sample of each rung with the peak, which one core
//! reaches with multiply-adds that do not access memory. The difference to 100 % is the time for packing, for edges
//! where a tile does not fit, and for waiting for memory. Before a rung is timed, its result is compared with the
//! plain version in `handgrad_kernels::reference`.

use std::cell::OnceCell;
use std::hint::black_box;
use std::mem;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use handgrad_benches::{peak_flops, random_floats};
use handgrad_kernels::{BatchRows, matmul, matmul_nt, matmul_tn, reference, rivals, vectorize};

/// Rows of the batch, inputs and units of dense layers that are common in autoencoders of 784 values.
const LAYERS: [[usize; 3]; 10] = [
    [8, 784, 512],
    [32, 784, 512],
    [128, 784, 512],
    [512, 784, 512],
    [128, 784, 32],
    [128, 32, 784],
    [32, 784, 64],
    [64, 784, 128],
    [64, 784, 1000],
    [64, 1000, 500],
];
const SQUARES: [[usize; 3]; 3] = [[64; 3], [256; 3], [512; 3]];

/// The operands of a dense layer's three products.
struct Operands {
    m: usize,
    k: usize,
    n: usize,
    /// m×k
    x: Vec<f32>,
    /// k×n
    w: Vec<f32>,
    /// m×n
    delta: Vec<f32>,
}

impl Operands {
    fn random([m, k, n]: [usize; 3]) -> Self {
        Self { m, k, n, x: random_floats(m * k, 0), w: random_floats(k * n, 1), delta: random_floats(m * n, 2) }
    }
}

/// Computes a product and overwrites the slice with the result.
type Multiply = fn(&Operands, &mut [f32]);

/// The allowed difference between a rung and the plain version.
#[derive(Clone, Copy)]
enum Tolerance {
    /// No difference: the same sums in the same order.
    Bits,
    /// 10⁻⁴ of the largest element, for a different order of the sums.
    Rounding,
}

/// An implementation of a product.
struct Rung {
    name: &'static str,
    multiply: Multiply,
    tolerance: Tolerance,
    /// Products with more operations than this are skipped.
    most_flops: usize,
}

impl Rung {
    const fn new(name: &'static str, multiply: Multiply, tolerance: Tolerance) -> Self {
        Self { name, multiply, tolerance, most_flops: usize::MAX }
    }
}

/// One of the three products, with its implementations.
struct Product {
    name: &'static str,
    reference: Multiply,
    result_len: fn(&Operands) -> usize,
    rungs: &'static [Rung],
}

const FORWARD: Product = Product {
    name: "forward",
    reference: |o, y| reference::matmul(&o.x, &o.w, y, o.k, o.n),
    result_len: |o| o.m * o.n,
    rungs: &[
        Rung { most_flops: 50_000_000, ..Rung::new("naive", naive, Tolerance::Rounding) },
        Rung::new("reordered", reordered, Tolerance::Rounding),
        Rung::new("blocked", blocked, Tolerance::Rounding),
        Rung::new(
            "matrixmultiply",
            |o, y| rivals::matrixmultiply([o.m, o.k, o.n], &o.x, [o.k, 1], &o.w, [o.n, 1], y),
            Tolerance::Bits,
        ),
        Rung::new("gemm", |o, y| rivals::gemm([o.m, o.k, o.n], &o.x, [o.k, 1], &o.w, [o.n, 1], y), Tolerance::Rounding),
        Rung::new("handgrad", |o, y| matmul(&o.x, &o.w, y, o.k, o.n), Tolerance::Bits),
    ],
};

const BACKWARD_INPUT: Product = Product {
    name: "backward_input",
    reference: |o, dx| reference::matmul_nt(&o.delta, &o.w, dx, o.k, o.n),
    result_len: |o| o.m * o.k,
    rungs: &[
        Rung::new(
            "matrixmultiply",
            |o, dx| rivals::matrixmultiply([o.m, o.n, o.k], &o.delta, [o.n, 1], &o.w, [1, o.n], dx),
            Tolerance::Bits,
        ),
        Rung::new(
            "gemm",
            |o, dx| rivals::gemm([o.m, o.n, o.k], &o.delta, [o.n, 1], &o.w, [1, o.n], dx),
            Tolerance::Rounding,
        ),
        Rung::new("handgrad", |o, dx| matmul_nt(&o.delta, &o.w, dx, o.k, o.n), Tolerance::Bits),
    ],
};

const BACKWARD_PARAMS: Product = Product {
    name: "backward_params",
    reference: |o, dw| reference::matmul_tn(&o.x, &o.delta, dw, o.k, o.n),
    result_len: |o| o.k * o.n,
    rungs: &[
        Rung::new(
            "matrixmultiply",
            |o, dw| rivals::matrixmultiply([o.k, o.m, o.n], &o.x, [1, o.k], &o.delta, [o.n, 1], dw),
            Tolerance::Bits,
        ),
        Rung::new(
            "gemm",
            |o, dw| rivals::gemm([o.k, o.m, o.n], &o.x, [1, o.k], &o.delta, [o.n, 1], dw),
            Tolerance::Rounding,
        ),
        Rung::new(
            "handgrad",
            |o, dw| {
                let (x, delta) = (BatchRows::contiguous(&o.x, o.k), BatchRows::contiguous(&o.delta, o.n));
                matmul_tn(x, delta, 0..o.k, dw);
            },
            Tolerance::Bits,
        ),
    ],
};

/// y(i,j) ← Σ_p x(i,p)·w(p,j), exactly as in the formula.
fn naive(o: &Operands, y: &mut [f32]) {
    for i in 0..o.m {
        for j in 0..o.n {
            let mut sum = 0.0;
            for p in 0..o.k {
                sum += o.x[i * o.k + p] * o.w[p * o.n + j];
            }
            y[i * o.n + j] = sum;
        }
    }
}

/// The loops in the order i, p, j: the rows of w are added to row i of y, and the innermost loop has stride 1.
fn reordered(o: &Operands, y: &mut [f32]) {
    y.fill(0.0);
    for (x, y) in o.x.chunks_exact(o.k).zip(y.chunks_exact_mut(o.n)) {
        for (&x, w) in x.iter().zip(o.w.chunks_exact(o.n)) {
            for (y, &w) in y.iter_mut().zip(w) {
                *y += x * w;
            }
        }
    }
}

/// Number of rows of w in a block.
const BLOCK_K: usize = 256;
/// Number of columns of w in a block. A block has 32 KiB, the size of an L1 cache.
const BLOCK_N: usize = 32;

/// Copies one block of w after another to contiguous memory. All rows of x are multiplied with a block, and the sums
/// of a row stay in registers.
fn blocked(o: &Operands, y: &mut [f32]) {
    y.fill(0.0);
    vectorize!({
        let mut block = [[0.0; BLOCK_N]; BLOCK_K];
        for p in (0..o.k).step_by(BLOCK_K) {
            for j in (0..o.n).step_by(BLOCK_N) {
                let (depth, width) = (BLOCK_K.min(o.k - p), BLOCK_N.min(o.n - j));
                for (to, w) in block.iter_mut().zip(o.w[p * o.n..].chunks_exact(o.n)) {
                    to[..width].copy_from_slice(&w[j..][..width]);
                }
                for (x, y) in o.x.chunks_exact(o.k).zip(y.chunks_exact_mut(o.n)) {
                    // The sums always have the width of a block, even if the last block is narrower: with a fixed
                    // length they are kept in registers.
                    let mut sums = [0.0_f32; BLOCK_N];
                    for (&x, w) in x[p..][..depth].iter().zip(&block) {
                        for column in 0..BLOCK_N {
                            sums[column] = x.mul_add(w[column], sums[column]);
                        }
                    }
                    for (y, sum) in y[j..][..width].iter_mut().zip(sums) {
                        *y += sum;
                    }
                }
            }
        }
    });
}

/// # Panics
/// If the result of the rung differs from the expected one.
fn verify(rung: &Rung, operands: &Operands, expected: &[f32]) {
    let mut result = vec![f32::NAN; expected.len()];
    (rung.multiply)(operands, &mut result);
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    for (place, (&got, &want)) in result.iter().zip(expected).enumerate() {
        let equal = match rung.tolerance {
            Tolerance::Bits => got.to_bits() == want.to_bits(),
            Tolerance::Rounding => (got - want).abs() <= 1e-4 * largest,
        };
        assert!(equal, "{}: element {place} is {got}, expected {want}", rung.name);
    }
}

/// A line of the table.
struct Line {
    name: String,
    rung: &'static str,
    flops: f64,
}

/// Times every rung of a product at one shape, if the command line selects it.
fn bench(criterion: &mut Criterion, product: &Product, shape: [usize; 3], table: &mut Vec<Line>) {
    let operands = Operands::random(shape);
    let len = (product.result_len)(&operands);
    let expected = OnceCell::new();
    let flops = 2 * shape.iter().product::<usize>();
    let name = format!("{}/{}", product.name, shape.map(|size| size.to_string()).join("x"));
    let mut group = criterion.benchmark_group(&name);
    group.throughput(Throughput::Elements(flops as u64));
    for rung in product.rungs.iter().filter(|rung| flops <= rung.most_flops) {
        let mut result = vec![0.0; len];
        let mut best = None;
        let mut verified = false;
        // Criterion calls this several times, or never if the filter excludes the rung.
        group.bench_function(rung.name, |bencher| {
            if !mem::replace(&mut verified, true) {
                let expected = expected.get_or_init(|| {
                    let mut expected = vec![0.0; len];
                    (product.reference)(&operands, &mut expected);
                    expected
                });
                verify(rung, &operands, expected);
            }
            bencher.iter_custom(|times| {
                let start = Instant::now();
                for _ in 0..times {
                    (rung.multiply)(black_box(&operands), black_box(&mut result));
                }
                let time = start.elapsed();
                let seconds = time.as_secs_f64() / times as f64;
                best = Some(best.map_or(seconds, |best: f64| best.min(seconds)));
                time
            });
        });
        if let Some(seconds) = best {
            table.push(Line { name: name.clone(), rung: rung.name, flops: flops as f64 / seconds });
        }
    }
    group.finish();
}

fn main() {
    // The same rule as in Criterion: nothing is timed without cargo's `--bench`, or with `--test` or `--list`.
    let given = |flag: &str| std::env::args().any(|arg| arg == flag);
    let timed = given("--bench") && !given("--test") && !given("--list");
    let peak = timed.then(peak_flops);
    if let Some(peak) = peak {
        println!("peak of one core: {:.1} GFLOP/s of fused multiply-adds\n", peak / 1e9);
    }

    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        // This is enough for ten samples. The plots of the default of 100,000 would take ten times as long as the
        // runs.
        .nresamples(10_000)
        .configure_from_args();
    let mut table = Vec::new();
    for shape in LAYERS.into_iter().chain(SQUARES) {
        bench(&mut criterion, &FORWARD, shape, &mut table);
    }
    for product in [BACKWARD_INPUT, BACKWARD_PARAMS] {
        for shape in LAYERS {
            bench(&mut criterion, &product, shape, &mut table);
        }
    }
    criterion.final_summary();

    if let (Some(peak), false) = (peak, table.is_empty()) {
        println!("{:30} | {:14} | {:>7} | % of peak", "shape", "rung", "GFLOP/s");
        for Line { name, rung, flops } in table {
            println!("{name:30} | {rung:14} | {:7.1} | {:9.1}", flops / 1e9, 100.0 * flops / peak);
        }
    }
}
