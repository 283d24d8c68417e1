//! Fine-tuning: what pre-training without labels is worth to a classifier that gets few labels.
//!
//! ```text
//! fine-tuned       encoder: the weights learnt without labels          head: new weights
//! from scratch     encoder: new weights, otherwise the same network    head: the same new weights
//! both             trained on n labels of each class with the cross-entropy, Adam, and a learning rate that falls
//!                  along half a cosine to 0; of the encoder it is `encoder_rate` times as large if fine-tuned
//! encoder_rate 0   the encoder stays as it is, and the head is logistic regression of its codes         head.rs
//! epochs           at least as many as are asked for, and so many that there are 500 steps
//! error            1 − accuracy on the test samples, which take no part in any training
//! ```
//!
//! The encoder is that of a trained autoencoder as a whole, or it is pre-trained anew, layer by layer: see
//! [`layerwise`]. With each seed the labelled samples, the head, and the weights from scratch are drawn again; the
//! pre-trained encoder stays the same. A smaller draw of labels is a part of a larger one of the same seed. Samples
//! whose class is not known take part in the pre-training layer by layer only.
//!
//! Sources: Hinton & Salakhutdinov, Science 313 (2006); Vincent et al., JMLR 11 (2010), section 3.4; Erhan et al.,
//! "Why does unsupervised pre-training help deep learning?", JMLR 11 (2010), which varies the number of labels.

mod head;
pub mod layerwise;
mod training;

use std::borrow::Cow;
use std::ops::ControlFlow;

use handgrad_dataset::Samples;
use handgrad_models::{Classifier, Model, Network};

pub use self::layerwise::{Layer, Layerwise};
pub use self::training::{Event, LEAST_STEPS, Observer, Settings, epochs_for};
use crate::classify::{Accuracy, numbered, predict};
use crate::views::with_class;
use crate::{Error, check_fit, draws};

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The numbers of labels of each class. `None` means all labels.
    pub labels: Vec<Option<usize>>,
    /// The settings of each training.
    pub settings: Settings,
    /// Dropout after each layer of the encoder with weights, while the classifier is trained.
    pub dropout: f64,
    /// The part of the input values that is set to 0 while the classifier is trained.
    pub input_noise: f64,
    /// The learning rate of the pre-trained encoder, as a factor of that of the head. With 0 its weights stay as they
    /// are, the head is fitted to its codes to the minimum of its loss, and dropout and input noise must be 0.
    pub encoder_rate: f64,
    /// The class that stands for no label, if there is one.
    pub unknown: Option<String>,
    /// How the encoder is pre-trained anew. `None` means that it has the weights of the model.
    pub pretraining: Option<Layerwise>,
    /// Whether the same network is also trained from scratch.
    pub from_scratch: bool,
    /// The number of seeds, which begin with that of the settings.
    pub seeds: usize,
}

/// The errors of the classifiers with one number of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The number of labels of each class. `None` means all.
    pub per_class: Option<usize>,
    /// The number of labelled samples.
    pub samples: usize,
    /// The error of the fine-tuned classifier on the test samples, for each seed.
    pub fine_tuned: Vec<f64>,
    /// The same of the classifier from scratch. Empty if none was trained.
    pub from_scratch: Vec<f64>,
    /// For how many seeds the head of an encoder that stays as it is did not reach the minimum of its loss.
    pub unfinished: usize,
}

/// The result of a comparison.
#[derive(Debug)]
pub struct Outcome {
    /// The layers that were pre-trained. Empty without layer-wise pre-training.
    pub layers: Vec<Layer>,
    /// The errors, with the fewest labels first. If the observer stopped, those that were finished.
    pub rows: Vec<Row>,
    /// The fine-tuned classifier of the last row with the first seed. `None` if no row was finished.
    pub classifier: Option<Model>,
    /// Whether the observer stopped the comparison.
    pub stopped: bool,
    /// The number of test samples whose class is known: the errors are of these.
    pub tests: usize,
}

/// Samples whose classes are known, with the number of the class of each.
struct Labelled<'a> {
    samples: Cow<'a, Samples>,
    classes: Vec<u32>,
}

/// Numbers the classes of the samples. `known` are those of the training samples.
fn labelled<'a>(samples: Cow<'a, Samples>, known: &[String]) -> Result<Labelled<'a>, Error> {
    let labels = samples.labels.as_ref().ok_or(Error::NoLabels)?;
    Ok(Labelled { classes: numbered(labels, known)?, samples })
}

/// The classifier of samples of these classes.
///
/// # Errors
/// If there is only one class.
fn classifier(classes: Vec<String>, options: &Options) -> Result<Classifier, Error> {
    match &classes[..] {
        [class] => Err(Error::OneClass { class: class.clone() }),
        _ => Ok(Classifier { classes, dropout: options.dropout, input_noise: options.input_noise }),
    }
}

/// Returns the network that [`compare`] trains: the encoder of `model` and a new head.
///
/// # Errors
/// If the samples have no labels or are of one class, or an option is not valid.
pub fn network(model: &Model, train: &Samples, options: &Options) -> Result<Network<f32>, Error> {
    let classes = with_class(train, options.unknown.as_deref())?.classes();
    Ok(classifier(classes, options)?.on(model, options.settings.seed)?.0)
}

/// Fine-tunes the encoder of `model` on labelled samples of `train`, and measures the classifiers on `test`.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use handgrad_dataset::synthetic;
/// use handgrad_models::{Basic, Model, Network};
/// use handgrad_tasks::finetune::{Options, Settings, compare};
///
/// let (train, test) = (synthetic::draw(0, 200), synthetic::draw(1, 50));
/// let network = Network::new(&Basic { units: 8, ..Basic::default() }.spec(&train.shape))?;
/// let weights = network.init(0);
/// let options = Options {
///     labels: vec![Some(2)],
///     settings: Settings { epochs: 1, batch_size: 10, learning_rate: 1e-3, seed: 0 },
///     dropout: 0.0,
///     input_noise: 0.0,
///     encoder_rate: 0.1,
///     unknown: None,
///     pretraining: None,
///     from_scratch: true,
///     seeds: 1,
/// };
/// let outcome = compare(&Model::new(network, weights)?, &train, &test, &options, &mut |_| ControlFlow::Continue(()))?;
/// assert_eq!((outcome.rows[0].samples, outcome.rows[0].fine_tuned.len()), (20, 1));
/// assert!(outcome.classifier.is_some());
/// # Ok::<(), handgrad_tasks::Error>(())
/// ```
///
/// # Errors
/// If samples do not fit the model or have no labels, all training samples are of one class, a class of the test does
/// not occur in training or has too few samples, an option is not valid, or a training fails. If the encoder stays as
/// it is, also if the codes of all labelled samples are equal.
pub fn compare(
    model: &Model,
    train: &Samples,
    test: &Samples,
    options: &Options,
    observer: Observer<'_>,
) -> Result<Outcome, Error> {
    for samples in [train, test] {
        check_fit(model, samples)?;
    }
    if options.encoder_rate == 0.0 && (options.dropout > 0.0 || options.input_noise > 0.0) {
        let text = "the encoder stays as it is, and the new layer is fitted to its codes without steps of a training, \
                    so dropout and input noise have no use: leave them out, or let the encoder learn";
        return Err(Error::Usage(text.into()));
    }
    let all = train;
    let [train, test] = [train, test].map(|samples| with_class(samples, options.unknown.as_deref()));
    let train = train?;
    let names = train.classes();
    let ready = classifier(names.clone(), options)?;
    let (train, test) = (labelled(train, &names)?, labelled(test?, &names)?);
    if test.classes.is_empty() {
        return Err(Error::FewSamples { what: "A test".into(), needed: 1, has: 0 });
    }
    // Everything is checked before anything is trained.
    ready.on(model, options.settings.seed)?;
    let mut labels = options.labels.clone();
    labels.sort_by_key(|count| count.unwrap_or(usize::MAX));
    labels.dedup();
    for per_class in labels.iter().flatten() {
        draws::balanced(&train.classes, &names, *per_class, options.settings.seed)?;
    }

    let tests = test.classes.len();
    let mut outcome = Outcome { layers: Vec::new(), rows: Vec::new(), classifier: None, stopped: true, tests };
    let fresh;
    let encoder = match &options.pretraining {
        None => model,
        Some(how) => {
            let ControlFlow::Continue((encoder, layers)) =
                layerwise::pretrain(model, all, how, &options.settings, observer)?
            else {
                return Ok(outcome);
            };
            outcome.layers = layers;
            fresh = encoder;
            &fresh
        }
    };
    for per_class in labels {
        let ControlFlow::Continue((row, classifier)) =
            compare_with(per_class, encoder, &ready, [&train, &test], options, observer)?
        else {
            return Ok(outcome);
        };
        outcome.rows.push(row);
        outcome.classifier = Some(classifier);
    }
    outcome.stopped = false;
    Ok(outcome)
}

/// Trains and measures the classifiers with one number of labels. Also returns the fine-tuned one of the first seed.
fn compare_with(
    per_class: Option<usize>,
    encoder: &Model,
    ready: &Classifier,
    [train, test]: [&Labelled; 2],
    options: &Options,
    observer: Observer<'_>,
) -> Result<ControlFlow<(), (Row, Model)>, Error> {
    let (fine_tuned, from_scratch) = (Vec::new(), Vec::new());
    let mut row = Row { per_class, samples: train.samples.len(), fine_tuned, from_scratch, unfinished: 0 };
    let mut first = None;
    for number in 0..options.seeds.max(1) {
        let settings = Settings { seed: options.settings.seed.wrapping_add(number as u64), ..options.settings };
        let drawn = match per_class {
            None => None,
            Some(count) => {
                let numbers = draws::balanced(&train.classes, &ready.classes, count, settings.seed)?;
                let at: Vec<usize> = numbers.iter().map(|&number| number as usize).collect();
                Some((train.samples.select(&at), at.iter().map(|&at| train.classes[at]).collect::<Vec<_>>()))
            }
        };
        let (samples, classes) =
            drawn.as_ref().map_or((&*train.samples, &train.classes), |(samples, classes)| (samples, classes));
        row.samples = samples.len();
        let labels = per_class.map_or_else(|| "all labels".to_owned(), |count| format!("{count} labels a class"));
        let measured = |model: &Model| -> Result<f64, Error> {
            Ok(1.0 - Accuracy::of(&predict(model, &test.samples)?.classes, &test.classes)?.value())
        };
        let what = format!("{labels}, seed {}, fine-tuned", settings.seed);
        let rate = options.encoder_rate;
        let tuned = if rate == 0.0 {
            if observer(Event::Begins { what: &what, samples: samples.len() }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let fitted = head::fitted(ready, encoder, samples, classes, settings.seed)?;
            row.unfinished += usize::from(!fitted.is_converged);
            observer(Event::Step { samples: samples.len(), loss: fitted.loss }).map_continue(|()| fitted.classifier)
        } else {
            let (network, theta) = ready.on(encoder, settings.seed)?;
            training::classifier(network, theta, samples, classes, &settings, rate, &what, observer)?
        };
        let ControlFlow::Continue(model) = tuned else { return Ok(ControlFlow::Break(())) };
        row.fine_tuned.push(measured(&model)?);
        first.get_or_insert(model);
        if options.from_scratch {
            let network = Network::new(&ready.spec(encoder.spec()))?;
            let theta = network.init(settings.seed);
            let what = format!("{labels}, seed {}, from scratch", settings.seed);
            let ControlFlow::Continue(model) =
                training::classifier(network, theta, samples, classes, &settings, 1.0, &what, observer)?
            else {
                return Ok(ControlFlow::Break(()));
            };
            row.from_scratch.push(measured(&model)?);
        }
    }
    Ok(first.map_or(ControlFlow::Break(()), |model| ControlFlow::Continue((row, model))))
}
