//! One file is one command: what can be typed, and from that values, one call of a library, what is drawn, written and
//! told. A new command is a new file and a line in each of the three lists here.

use clap::Subcommand;

use crate::exit::Done;

mod alter;
mod anomaly;
mod claims;
mod data;
mod decode;
mod denoise;
mod encode;
mod eval;
mod gradcheck;
mod interpolate;
mod latent_grid;
mod reconstruct;
mod sample;
mod score;
mod scoreboard;
mod split;
mod trace;
mod train;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train an autoencoder and leave a run folder: the model, its settings, losses and pictures.
    ///
    /// Flags override the --config file, and the file overrides the preset.
    Train(Box<train::TrainArgs>),
    /// Measure the loss of a trained model on data.
    Eval(eval::EvalArgs),
    /// Draw samples above what a trained model makes of them.
    Reconstruct(reconstruct::ReconstructArgs),
    /// Write the codes of samples, as CSV or .npy.
    ///
    /// The code of a variational model is the mean of its distribution. An encoder alone, written by `handgrad split`,
    /// will do in place of a model; then --data must name the data.
    Encode(encode::EncodeArgs),
    /// Draw or write what a model makes of codes from a file.
    ///
    /// The codes are one a row, in CSV as `encode` writes it, with or without the header and the label in front, or as
    /// a .npy array of two dimensions and floats of 32 or 64 bits. Change them on the way, and see what comes of it. A
    /// decoder alone, written by `handgrad split`, will do in place of a model.
    Decode(decode::DecodeArgs),
    /// Take noise off an image of your own, or show how well it comes off samples.
    ///
    /// With an image of your own, the picture is that image without its noise. Without one, or with --noise, it shows
    /// what was clean, the same with noise, and denoised, and PSNR and SSIM tell how far each is from the clean.
    Denoise(denoise::DenoiseArgs),
    /// Draw new images from a variational model.
    ///
    /// A variational model was trained so that the codes of its samples, all together, lie like N(0, 1); so codes drawn
    /// from there are codes of samples that never were. A model without that has no distribution to draw from, and is
    /// refused.
    Sample(sample::SampleArgs),
    /// Draw the images that lie side by side in a variational code of two places.
    ///
    /// The codes are spaced so that each image stands for as many samples as any other.
    LatentGrid(latent_grid::LatentGridArgs),
    /// Walk from one sample's code to another's.
    ///
    /// Above, one image fades into the other pixel by pixel; below, the code goes from one to the other on a straight
    /// line, and every step of it is decoded.
    Interpolate(interpolate::InterpolateArgs),
    /// Move images from their class towards another one.
    ///
    /// The direction is the mean code of one class less that of the other, over the training samples. Each row of the
    /// picture is an image, then the same one moved along that direction, further from column to column. Needs labels.
    Alter(alter::AlterArgs),
    /// Tell samples that a model reconstructs badly from those it knows.
    ///
    /// A model knows only what it was trained on: what it reconstructs badly is unlike that. The score of a sample is
    /// its reconstruction error; from the threshold on it is called anomalous. With --normal-class the labels tell
    /// which samples are normal, and how well the scores tell them apart is measured, with either kind as the positive
    /// one.
    Anomaly(anomaly::AnomalyArgs),
    /// Write the encoder and the decoder of a model to files of their own.
    Split(split::SplitArgs),
    /// Score recurrent networks before any training, by the covariance of their states.
    ///
    /// The network is that of `handgrad train` with the same settings, as it starts. Its states after the last step of
    /// a few samples are correlated with each other: the more alike, the lower the score (hidden covariance: Serianni &
    /// Kalita, ACL 2023). Nothing is trained. Only scores of the same number of samples can be compared, and only where
    /// the units are more than they: a network of fewer is punished for that alone. What scores are worth is in
    /// docs/recurrent.md.
    Score(Box<score::ScoreArgs>),
    /// Check every gradient against central differences, and plant mistakes to see what such a check finds.
    Gradcheck(gradcheck::GradcheckArgs),
    /// Run the published examples again and print ours beside theirs, as a table.
    Scoreboard(scoreboard::ScoreboardArgs),
    /// Try what the slides say about autoencoders, and print what came out.
    Claims(claims::ClaimsArgs),
    /// Work an example as the slides do, forward and backward: formula, numbers put in, result.
    Trace(trace::TraceArgs),
    /// List, fetch, look at and draw data sets.
    #[command(subcommand)]
    Data(data::DataCommand),
}

impl Command {
    /// The threads that are asked for.
    pub fn threads(&self) -> Option<u16> {
        match self {
            Self::Train(args) => args.threads,
            Self::Scoreboard(args) => args.experiment.threads,
            Self::Claims(args) => args.experiment.threads,
            _ => None,
        }
    }

    pub fn run(&self) -> anyhow::Result<Done> {
        match self {
            Self::Train(args) => train::run(args),
            Self::Eval(args) => eval::run(args),
            Self::Reconstruct(args) => reconstruct::run(args),
            Self::Encode(args) => encode::run(args),
            Self::Decode(args) => decode::run(args),
            Self::Denoise(args) => denoise::run(args),
            Self::Sample(args) => sample::run(args),
            Self::LatentGrid(args) => latent_grid::run(args),
            Self::Interpolate(args) => interpolate::run(args),
            Self::Alter(args) => alter::run(args),
            Self::Anomaly(args) => anomaly::run(args),
            Self::Split(args) => split::run(args),
            Self::Score(args) => score::run(args),
            Self::Gradcheck(args) => gradcheck::run(args),
            Self::Scoreboard(args) => scoreboard::run(args),
            Self::Claims(args) => claims::run(args),
            Self::Trace(args) => trace::run(args),
            Self::Data(command) => data::run(command),
        }
    }
}
