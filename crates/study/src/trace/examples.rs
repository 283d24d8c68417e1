//! All worked examples. To add one, add its file to the folder `examples/` and its name to the two lists below.

mod adam;
mod autoencoder;
mod batch;
mod bce;
mod bidirectional;
mod bptt;
mod bptt_printed;
mod conv;
mod conv_transpose;
mod convlstm;
mod dense;
mod dilation;
mod dropout;
mod elman;
mod gru;
mod init;
mod jordan;
mod jordan_classic;
mod lstm;
mod mse;
mod noise;
mod pca;
mod pool;
mod small_vae;
mod softmax;
mod sparse;
mod stride;
mod tied;
mod two_units;
mod two_units_gru;
mod two_units_lstm;
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
    &two_units_lstm::EXAMPLE,
    &two_units_gru::EXAMPLE,
    &bidirectional::EXAMPLE,
    &convlstm::EXAMPLE,
    &dense::EXAMPLE,
    &autoencoder::EXAMPLE,
    &batch::EXAMPLE,
    &tied::EXAMPLE,
    &pca::EXAMPLE,
    &mse::EXAMPLE,
    &bce::EXAMPLE,
    &softmax::EXAMPLE,
    &adam::EXAMPLE,
    &init::EXAMPLE,
    &conv::EXAMPLE,
    &stride::EXAMPLE,
    &dilation::EXAMPLE,
    &conv_transpose::EXAMPLE,
    &pool::EXAMPLE,
    &noise::EXAMPLE,
    &dropout::EXAMPLE,
    &vae::EXAMPLE,
    &small_vae::EXAMPLE,
    &sparse::EXAMPLE,
];
