//! Each file is one command: it defines the flags, calls a library, and draws, writes and prints the results. A new
//! command needs a new file, and a line in each of the four lists here.

use clap::Subcommand;

use crate::exit::Done;

mod alter;
mod anomaly;
mod claims;
mod cluster;
mod compare;
mod data;
mod decode;
mod denoise;
mod encode;
mod eval;
mod features;
mod finetune;
mod gradcheck;
mod help;
mod impute;
mod interpolate;
mod label;
mod latent_grid;
mod map;
mod nearest;
mod playground;
mod predict;
mod probe;
mod quiz;
mod reconstruct;
mod report;
mod sample;
mod score;
mod scoreboard;
mod search;
mod split;
mod trace;
mod train;

/// The groups of the list of commands in the help.
pub const GROUPS: [(&str, &[&str]); 7] = [
    ("Train", &["train", "eval", "compare", "search"]),
    ("Look at a model", &["report", "reconstruct", "interpolate", "alter", "sample", "latent-grid"]),
    ("Use a model", &["encode", "decode", "denoise", "anomaly", "impute", "features", "split"]),
    ("Use its codes", &["map", "cluster", "nearest", "probe", "label"]),
    ("Classify", &["finetune", "predict"]),
    ("Learn how it works", &["trace", "quiz", "playground", "gradcheck", "claims", "scoreboard", "score"]),
    ("Data and help", &["data", "completions", "man"]),
];

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train an autoencoder and write a run folder.
    ///
    /// The folder gets the model, its settings, the losses of every epoch and pictures. Flags override the file of
    /// --config, and the file overrides the preset.
    Train(Box<train::TrainArgs>),
    /// Measure the loss of a trained model on data.
    Eval(eval::EvalArgs),
    /// Show finished runs side by side.
    ///
    /// A table of the losses, sizes and times, and of the settings in which the runs differ, and a chart of the
    /// reconstruction errors. They are compared only if all runs have the same kind of loss and the same validation
    /// samples.
    Compare(compare::CompareArgs),
    /// Search for good settings.
    ///
    /// Each combination of the given values is trained with several seeds and measured on samples that are held out of
    /// the training samples. The best one is trained once more as a run, and only that run is measured on the test
    /// samples. All are measured by the squared error, whatever their loss. The search writes a table, one line for
    /// each training; if it is interrupted, the same command goes on.
    Search(Box<search::SearchArgs>),
    /// Write a page about a run, with an explorer of its codes.
    ///
    /// The page is one HTML file for any browser, and needs no network. It shows what was trained and how the training
    /// went, the best, median and worst reconstructions, a map of the codes, and the scores. The network runs in the
    /// page: move a point over the map, change the values of a code, draw an image or edit a row, and see the result.
    Report(report::ReportArgs),
    /// Draw samples and, below them, their reconstructions.
    Reconstruct(reconstruct::ReconstructArgs),
    /// Write the codes of samples to a CSV or .npy file.
    ///
    /// The code of a variational model is the mean of its distribution. Instead of a model, an encoder written by
    /// `handgrad split` can be given, together with --data.
    Encode(encode::EncodeArgs),
    /// Decode codes from a file to pictures or tables.
    ///
    /// The file has one code per row. It is a CSV file as `encode` writes it, with or without the header and the labels
    /// in the first column, or a .npy array of two dimensions of 32-bit or 64-bit floats. If the header has the names
    /// z0, z1, …, the columns may be in any order. Instead of a model, a decoder written by `handgrad split` can be
    /// given.
    Decode(decode::DecodeArgs),
    /// Remove noise from your own image, or measure it on samples.
    ///
    /// With an image of your own, the picture is that image without its noise. Without one, or with --noise, the
    /// picture shows clean samples, the same samples with noise, and denoised, and PSNR and SSIM say how similar the
    /// last two are to the clean ones.
    Denoise(denoise::DenoiseArgs),
    /// Draw new images from a variational model.
    ///
    /// A variational model is trained so that the codes of all samples together have about the distribution N(0, 1).
    /// Codes that are drawn from this distribution therefore decode to new samples. Other models have no distribution
    /// of their codes, and are refused.
    Sample(sample::SampleArgs),
    /// Draw the decoded grid of a two-dimensional latent space.
    ///
    /// The codes are spaced so that each image of the grid represents the same part of the distribution N(0, 1).
    LatentGrid(latent_grid::LatentGridArgs),
    /// Draw the codes of samples as points in the plane.
    ///
    /// A code of two values is drawn as it is, others by t-SNE or as two principal components. Printed beside the
    /// picture: how many neighbours in the map are neighbours in the data (trustworthiness), how many neighbours in the
    /// data are neighbours in the map (continuity), and how often the class of a sample is that of its neighbours. The
    /// same is told of principal components.
    Map(map::MapArgs),
    /// Draw the way from the code of one sample to that of another.
    ///
    /// The first row blends the two images pixel by pixel. The second row moves from code to code on a straight line
    /// and decodes every step.
    Interpolate(interpolate::InterpolateArgs),
    /// Change images of one class towards another class.
    ///
    /// The direction is the mean code of the second class minus that of the first, over the training samples. Each row
    /// of the picture shows an image, and then the decoded image for codes that are moved further along this direction
    /// from column to column. The data needs labels.
    Alter(alter::AlterArgs),
    /// Find samples that a model reconstructs badly.
    ///
    /// A model reconstructs samples like those of its training well, and others badly. The score of a sample is its
    /// reconstruction error; from the threshold on, a sample is called anomalous. With --normal-class, the labels say
    /// which samples are normal, and the command measures how well the scores separate the two kinds, with either kind
    /// as the positive one.
    Anomaly(anomaly::AnomalyArgs),
    /// Fill in the missing cells of a table.
    ///
    /// The model tells each missing cell from the cells of its row that are not missing. Columns that the model does
    /// not use, such as identifiers and free text, keep their holes.
    Impute(impute::ImputeArgs),
    /// Find clusters of samples by their codes.
    ///
    /// The labels take no part in finding them. Afterwards, the clusters are compared with the classes: by the adjusted
    /// Rand index (ARI), the normalised mutual information (NMI), and the accuracy if each class gets the cluster that
    /// fits best. The silhouette needs no labels: it says how far the clusters are apart. The same is done with as many
    /// principal components as a code has values, and with the inputs, for comparison.
    Cluster(Box<cluster::ClusterArgs>),
    /// Show the training samples that are nearest to a sample.
    ///
    /// Once by their codes, and once by their inputs, such as pixels. The picture has two rows for each sample: the
    /// sample and its nearest training samples by code, and below it those by inputs.
    Nearest(nearest::NearestArgs),
    /// Measure how well codes tell the classes apart.
    ///
    /// k-NN and logistic regression learn from the training samples, once from their codes, once from as many principal
    /// components, and once from the inputs, and classify the other samples. The data needs labels. The network itself
    /// never saw a label.
    Probe(probe::ProbeArgs),
    /// Label many samples from few labels.
    ///
    /// With --labels-per-class, measures how many samples five methods label wrongly if only so many training samples
    /// of each class have a label. With --out, writes a label and its confidence for every sample.
    Label(label::LabelArgs),
    /// Make a classifier of the encoder of a model, with few labels.
    ///
    /// The classifier is the encoder and a new layer on top of it, with one output for each class, all trained on
    /// labelled samples. The same network is also trained from scratch, which shows what the training of the
    /// autoencoder was worth. The errors on the test samples are printed and drawn for each number of labels, and the
    /// classifier with the most labels is written.
    Finetune(Box<finetune::FinetuneArgs>),
    /// Tell the classes of samples with a classifier.
    ///
    /// The classifier comes from `handgrad finetune`. The file has one row for each sample: its number, its label if
    /// there is one, the predicted class, and the probability that the classifier gives it.
    Predict(predict::PredictArgs),
    /// Choose the inputs that tell the most about all others.
    ///
    /// The inputs are scored in five ways: by a small autoencoder with a group-L1 penalty on the weights of each input,
    /// by shuffling them, by their variance, by principal components, and at random. For 10 to 200 inputs, all inputs
    /// are rebuilt from the best ones. An L1 penalty on the code, as in the presets for sparse codes, selects no
    /// inputs.
    Features(features::FeaturesArgs),
    /// Write the encoder and the decoder to separate files.
    Split(split::SplitArgs),
    /// Score an untrained recurrent network.
    ///
    /// The network is the one that `handgrad train` would start with. Its states after the last step of a few samples
    /// are correlated with each other: the more similar they are, the lower is the score (hidden covariance: Serianni &
    /// Kalita, ACL 2023). Only scores of the same number of samples can be compared, and the network needs more units
    /// than there are samples. docs/recurrent.md shows how useful these scores are.
    Score(Box<score::ScoreArgs>),
    /// Compare every gradient with central differences.
    ///
    /// Planted mistakes (--break) show what such a check finds, and what it cannot find.
    Gradcheck(gradcheck::GradcheckArgs),
    /// Repeat published examples, and compare the results.
    Scoreboard(scoreboard::ScoreboardArgs),
    /// Test what the slides say about autoencoders.
    Claims(claims::ClaimsArgs),
    /// Work through an example of the slides, number by number.
    ///
    /// Forward and backward: the formula, the formula with numbers, and the result.
    Trace(trace::TraceArgs),
    /// Open a page with every number of a small autoencoder.
    ///
    /// The page shows every weight, activation and gradient of an autoencoder 4-2-4 or 64-8-64. Take training steps one
    /// by one, select a number to see its formula and the function that computed it, change a weight and see the loss
    /// and all gradients follow, or plant a known mistake and see whether the gradient check finds it.
    Playground(playground::PlaygroundArgs),
    /// Answer questions about a chapter of the course.
    ///
    /// The knowledge checks and exercises of the slides, their errors as "find the mistake", values to compute, and
    /// computations with one wrong line. Every answer is explained, and the score is printed at the end.
    Quiz(quiz::QuizArgs),
    /// List, download, describe and draw data sets.
    #[command(subcommand)]
    Data(data::DataCommand),
    /// Print the completion script for a shell.
    Completions(help::CompletionsArgs),
    /// Print a manual page.
    Man(help::ManArgs),
}

impl Command {
    /// The requested number of threads.
    pub fn threads(&self) -> Option<u16> {
        match self {
            Self::Train(args) => args.threads,
            Self::Search(args) => args.threads,
            Self::Cluster(args) => args.threads,
            Self::Map(args) => args.threads,
            Self::Nearest(args) => args.threads,
            Self::Probe(args) => args.threads,
            Self::Label(args) => args.threads,
            Self::Finetune(args) => args.threads,
            Self::Predict(args) => args.threads,
            Self::Report(args) => args.threads,
            Self::Features(args) => args.threads,
            Self::Scoreboard(args) => args.experiment.threads,
            Self::Claims(args) => args.experiment.threads,
            _ => None,
        }
    }

    /// Runs the command. `program` is the description of all flags, for completions and manual pages.
    pub fn run(&self, program: &clap::Command) -> anyhow::Result<Done> {
        match self {
            Self::Train(args) => train::run(args),
            Self::Eval(args) => eval::run(args),
            Self::Compare(args) => compare::run(args),
            Self::Search(args) => search::run(args),
            Self::Report(args) => report::run(args),
            Self::Reconstruct(args) => reconstruct::run(args),
            Self::Encode(args) => encode::run(args),
            Self::Decode(args) => decode::run(args),
            Self::Denoise(args) => denoise::run(args),
            Self::Sample(args) => sample::run(args),
            Self::LatentGrid(args) => latent_grid::run(args),
            Self::Map(args) => map::run(args),
            Self::Interpolate(args) => interpolate::run(args),
            Self::Alter(args) => alter::run(args),
            Self::Anomaly(args) => anomaly::run(args),
            Self::Impute(args) => impute::run(args),
            Self::Cluster(args) => cluster::run(args),
            Self::Nearest(args) => nearest::run(args),
            Self::Probe(args) => probe::run(args),
            Self::Label(args) => label::run(args),
            Self::Finetune(args) => finetune::run(args),
            Self::Predict(args) => predict::run(args),
            Self::Features(args) => features::run(args),
            Self::Split(args) => split::run(args),
            Self::Score(args) => score::run(args),
            Self::Gradcheck(args) => gradcheck::run(args),
            Self::Scoreboard(args) => scoreboard::run(args),
            Self::Claims(args) => claims::run(args),
            Self::Trace(args) => trace::run(args),
            Self::Playground(args) => playground::run(args),
            Self::Quiz(args) => quiz::run(args),
            Self::Data(command) => data::run(command),
            Self::Completions(args) => help::completions(args, program),
            Self::Man(args) => help::man(args, program),
        }
    }
}
