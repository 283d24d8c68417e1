//! From the bytes of a file to a batch: decoding IDX, plain and gzip, and converting bytes to floats.
//!
//! ```text
//! idx/decode-plain    10,000 pictures of 28×28, in memory, to an array of bytes
//! idx/decode-gzip     the same, compressed
//! idx/fill            the same pictures in shuffled order into batches of 256 rows of f32
//! ```
//!
//! To run a part: `cargo bench --bench idx -- gzip`.
//!
//! How to read it: in all three, the bytes are the 7.84 MB of pixels, so that the rates can be compared. The first
//! two are needed once for each run, the last one in every epoch.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use flate2::Compression;
use flate2::write::GzEncoder;
use handgrad_dataset::{Values, idx};
use handgrad_trainer::{Source, shuffled};

/// Number of rows of a batch.
const BATCH_SIZE: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();

    // Synthetic pictures instead of random bytes, because noise does not compress like pictures.
    let samples = handgrad_dataset::load("synthetic", Path::new("data"), &Default::default(), &())?.train;
    let Values::Bytes(values) = &samples.values else {
        return Err("the synthetic pictures are bytes".into());
    };
    let mut plain = vec![0, 0, 0x08, 3];
    for size in [samples.len(), samples.shape[0], samples.shape[1]] {
        plain.extend(u32::try_from(size)?.to_be_bytes());
    }
    plain.extend(values);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
    gzip.write_all(&plain)?;
    let gzip = gzip.finish()?;

    let mut group = criterion.benchmark_group("idx");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(values.len() as u64));
    for (id, bytes) in [("decode-plain", &plain), ("decode-gzip", &gzip)] {
        group.bench_function(id, |bencher| bencher.iter(|| idx::decode(&bytes[..], Path::new(id))));
    }

    let source = Source::new(&samples);
    let mut order = vec![0; samples.len()];
    shuffled(0, 1, &mut order);
    let mut batch = vec![0.0_f32; BATCH_SIZE * samples.features()];
    group.bench_function("fill", |bencher| {
        bencher.iter(|| {
            for chosen in order.chunks(BATCH_SIZE) {
                for (&sample, row) in chosen.iter().zip(batch.chunks_exact_mut(samples.features())) {
                    let _ = source.fill(sample as usize, row);
                }
                black_box(&mut batch);
            }
        });
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
