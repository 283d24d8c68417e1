//! What every use of a model begins with: the model, and samples to use it on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handgrad_dataset::csv::Layout;
use handgrad_dataset::{Samples, Values, all_of_csv, idx, is_csv, sizes, thousands};
use handgrad_layers::{LossKind, Optimizer};
use handgrad_models::{Network, Part, Scale};
use handgrad_trainer::{Trainer, Training};
use ndarray::Array2;

use crate::args::{EvalArgs, usual_data_dir};
use crate::config::{Settings, UsageError};
use crate::run_folder::{self, Trained};
use crate::{distribution, eval, scale, show};

/// Samples that go through the network at a time.
pub const BATCH: usize = 256;
/// Samples whose results are kept at a time, where there may be many.
pub const CHUNK: usize = 2048;
/// Where nothing is learnt the simplest optimiser will do.
pub fn still(batch_size: usize) -> Training {
    let optimizer = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };
    Training { optimizer, batch_size, ..Training::default() }
}

/// A trained model, of which there may be as much as one of `parts`, ready to be used; and what its run folder says of the
/// data it was trained on.
pub fn model(run: &Path, parts: &[Part]) -> Result<(Trainer<f32>, Settings)> {
    let Trained { network, theta, settings } = run_folder::read_one_of(run, parts)?;
    eval::check_memory(&network, &still(BATCH))?;
    Ok((Trainer::with_weights(network, theta, &still(BATCH))?, settings))
}

/// A trained model beside the samples to use it on.
pub struct Subject {
    pub trainer: Trainer<f32>,
    pub samples: Samples,
    /// The samples in words.
    pub origin: String,
    /// The other part of the data: its training samples, unless it is a file of one's own.
    pub train: Option<Samples>,
    /// Of `train`, in words.
    pub train_origin: String,
    /// What the samples were loaded as, and what the model was trained on, if that is known.
    pub what: String,
    pub trained_on: Option<String>,
    /// The classes that it was trained on, where they are some of many.
    pub only_class: Vec<u8>,
    pub loader: Loader,
}

/// Opens a whole model and data for it: what is asked for, or else what it was trained on.
pub fn open(args: &EvalArgs) -> Result<Subject> {
    open_one_of(args, &[Part::Whole])
}

/// Opens a model of which there may be as much as one of `parts`, and data for it, at the scale of the network.
pub fn open_one_of(args: &EvalArgs, parts: &[Part]) -> Result<Subject> {
    let mut subject = open_unscaled(args, parts)?;
    for samples in [&mut subject.samples].into_iter().chain(&mut subject.train) {
        scale::apply(samples, subject.loader.scale);
    }
    Ok(subject)
}

/// The same with the data in its own units.
pub fn open_unscaled(args: &EvalArgs, parts: &[Part]) -> Result<Subject> {
    let (trainer, mut settings) = model(&args.run, parts)?;
    let trained_on = settings.data.take();
    let what = args.data.clone().or(trained_on.clone()).with_context(|| {
        format!("{}: does not say what it was trained on; name the data with --data", args.run.display())
    })?;
    if (args.label_column.is_some() || args.fill.is_some()) && !is_csv(Path::new(&what)) {
        let text = format!("{what}: --label-column and --fill are for CSV files, whose name ends in .csv");
        return Err(UsageError(text).into());
    }
    let csv = Settings { label_column: args.label_column.clone(), fill: args.fill, ..Settings::default() };
    let only_class = settings.only_class.clone().unwrap_or_default();
    let loader = Loader {
        data_dir: args.place.data_dir.clone().or(settings.data_dir.clone()).unwrap_or_else(usual_data_dir),
        given: csv.or(settings.clone()).layout(),
        trained: settings.layout(),
        scale: trainer.network().spec().scale,
        quiet: args.output.quiet,
    };
    let Data { train, train_origin, samples, origin } = loader.load_unscaled(&what, args.data.is_some())?;
    check_fit(trainer.network(), &scale::applied(&samples, loader.scale), &what)?;
    Ok(Subject { trainer, samples, origin, train, train_origin, what, trained_on, only_class, loader })
}

/// Samples to use a model on, and the training samples beside them.
pub struct Data {
    pub train: Option<Samples>,
    pub train_origin: String,
    pub samples: Samples,
    pub origin: String,
}

/// How data for a model is loaded.
pub struct Loader {
    /// Where named sets are kept.
    data_dir: PathBuf,
    /// Of files that the command names, and of what the model was trained on.
    given: Layout,
    trained: Layout,
    /// The model's.
    scale: Option<Scale>,
    quiet: bool,
}

impl Loader {
    /// Loads a name, a folder, or a file, at the scale of the network.
    pub fn load(&self, what: &str, own: bool) -> Result<Data> {
        let mut data = self.load_unscaled(what, own)?;
        for samples in [&mut data.samples].into_iter().chain(&mut data.train) {
            scale::apply(samples, self.scale);
        }
        Ok(data)
    }

    /// The same in the data's own units. A file of one's own is used whole, not just the tenth that training would hold
    /// out.
    fn load_unscaled(&self, what: &str, own: bool) -> Result<Data> {
        let path = Path::new(what);
        let layout = if own { &self.given } else { &self.trained };
        if own && path.is_file() {
            let samples = match is_csv(path) {
                true => all_of_csv(path, layout)?,
                false => Samples::from_idx(idx::read(path)?, path)?,
            };
            let (train_origin, origin) = (String::new(), format!("all samples of {what}"));
            Ok(Data { train: None, train_origin, samples, origin })
        } else {
            let data = handgrad_dataset::load(what, &self.data_dir, layout, &show::Download::new(self.quiet))?;
            let (train_origin, origin) = (data.origin, data.validation_origin);
            Ok(Data { train: Some(data.train), train_origin, samples: data.validation, origin })
        }
    }
}

/// Refuses samples of another size than the network's, or with values that its loss cannot take.
pub fn check_fit(network: &Network<f32>, samples: &Samples, what: &str) -> Result<()> {
    if matches!(network.loss().kind, LossKind::Bce | LossKind::BceLogits) && !eval::within_0_to_1(&[samples]) {
        bail!(eval::NOT_WITHIN_0_TO_1);
    }
    if network.loss().kind == LossKind::CrossEntropy {
        distribution::check(&[("sample", samples)])?;
    }
    // One channel or none is the same; and samples in a line are as good as images of as many values.
    let bare = |shape: &[usize]| shape.iter().copied().skip_while(|&dim| dim == 1).collect::<Vec<_>>();
    let (takes, has) = (bare(&network.spec().input), bare(&samples.shape));
    let in_a_line = takes.len() <= 1 || has.len() <= 1;
    if takes != has && !(in_a_line && network.spec().features() == samples.features()) {
        bail!(
            "{what}: its samples are {}, {} values each, and the network takes {}, {} values: use the data it was made for, or \
             train a new one",
            sizes(&samples.shape),
            thousands(samples.features()),
            sizes(&network.spec().input),
            thousands(network.spec().features()),
        );
    }
    Ok(())
}

/// Rows of values as samples like those of the network.
pub fn samples(values: Array2<f32>, network: &Network<f32>) -> Samples {
    Samples { values: Values::Floats(values), shape: network.spec().input.clone(), labels: None }
}

/// The values of the samples of these numbers, one a row.
pub fn rows(samples: &Samples, numbers: &[u32]) -> Array2<f32> {
    let mut rows = Array2::zeros((numbers.len(), samples.features()));
    for (mut row, &number) in rows.rows_mut().into_iter().zip(numbers) {
        match &samples.values {
            Values::Bytes(values) => {
                row.zip_mut_with(&values.row(number as usize), |to, &value| *to = f32::from(value) / 255.0);
            }
            Values::Floats(values) => row.assign(&values.row(number as usize)),
        }
    }
    rows
}

/// 0, 1, 2, …
pub fn all(samples: &Samples) -> Vec<u32> {
    (0..samples.len() as u32).collect()
}
