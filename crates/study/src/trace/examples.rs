//! All worked examples. To add one, add its file to the folder `examples/` and its name to the two lists below.

mod adam;
mod autoencoder;
mod batch;
mod bce;
mod bptt;
mod bptt_printed;
mod conv;
mod dense;
mod elman;
mod gru;
mod jordan;
mod jordan_classic;
mod lstm;
mod mse;
mod noise;
mod pca;
mod sparse;
mod stride;
mod two_units;
mod vae;

use super::example::Example;

/// All examples, in the order in which they are listed.
pub const EXAMPLES: &[&Example] = &[
    &elman::EXAMPLE,
    &jordan::EXAMPLE,
    &jordan_classic::EXAMPLE,
    &lstm::EXAMPLE,
    &gru::EXAMPLE,
    &bptt::EXAMPLE,
    &bptt_printed::EXAMPLE,
    &two_units::EXAMPLE,
    &dense::EXAMPLE,
    &autoencoder::EXAMPLE,
    &batch::EXAMPLE,
    &pca::EXAMPLE,
    &mse::EXAMPLE,
    &bce::EXAMPLE,
    &adam::EXAMPLE,
    &conv::EXAMPLE,
    &stride::EXAMPLE,
    &noise::EXAMPLE,
    &vae::EXAMPLE,
    &sparse::EXAMPLE,
];
