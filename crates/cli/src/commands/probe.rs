//! `handgrad probe`: how well simple classifiers tell the classes apart, from codes, principal components and inputs.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_dataset::{count, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::Part;
use handgrad_pictures::charts::confusion::{self, Confusion};
use handgrad_tasks::probe::{self, Measured, Method, Probe};
use handgrad_tasks::views::{Form, with_class};
use serde_json::{Value, json};

use crate::exit::Done;
use crate::flags::{SubjectArgs, Unlabelled};
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  handgrad probe runs/basic-mnist --out confusion.svg")]
pub struct ProbeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    unlabelled: Unlabelled,

    /// The number of neighbours of k-NN.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    neighbours: u16,

    /// The chart to write: how many samples of each class logistic regression on codes calls each class. An older chart
    /// of this name is replaced, any other file is not.
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,

    /// The number of threads. The figures are the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

pub fn run(args: &ProbeArgs) -> Result<Done> {
    if let Some(out) = &args.out {
        place::must_be(out, Replaceable::Svg)?;
    }
    let output = args.subject.output;
    let bars = Bars::new(output.quiet);
    let mut subject = args.subject.open(&[Part::Whole], &bars)?;
    match args.subject.data {
        None => subject.keep_trained_classes(),
        Some(_) => args.subject.must_be_new(&subject)?,
    }
    let (train, train_origin) = subject.training(&bars)?;
    let k = usize::from(args.neighbours);
    args.unlabelled.note_if_there_are_none([&train, &subject.samples]);
    let of_known = |samples| with_class(samples, args.unlabelled.class.as_deref());
    let measured = || {
        let (fit, samples) = (of_known(&train)?, of_known(&subject.samples)?);
        probe::measure(&subject.model, &fit, &samples, k, &bars)
    };
    let found = measured().with_context(|| format!("{train_origin}, and {}", subject.origin))?;
    let left_out = [train.len() - found.fitted, subject.samples.len() - found.samples];
    if let Some(out) = &args.out {
        handgrad_files::write(out, chart(&found)?.as_bytes())?;
    }
    for of in found.measured.iter().filter(|of| !of.is_converged) {
        let form = of.form.name();
        terminal::note(&format!("note: logistic regression on {form} did not reach the minimum of its loss"));
    }
    if output.json {
        let of = |of: &Measured| -> Value {
            json!({
                "form": of.form.name(),
                "values": of.values,
                "method": of.method.name(),
                "accuracy": of.accuracy(),
                "standard_error": of.standard_error(),
                "is_converged": of.is_converged,
                "confusion": of.confusion.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
            })
        };
        let object = json!({
            "training_samples": found.fitted,
            "samples": found.samples,
            "left_out": left_out,
            "neighbours": k,
            "classes": found.classes,
            "measured": found.measured.iter().map(of).collect::<Vec<_>>(),
            "picture": args.out.as_ref().map(|out| out.display().to_string()),
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let (fitted, samples) = (thousands(found.fitted), thousands(found.samples));
    terminal::result(&format!("learnt from {fitted} training samples: {train_origin}"))?;
    terminal::result(&format!("measured on {samples} samples of {} classes: {}", found.classes.len(), subject.origin))?;
    if let Some(class) = &args.unlabelled.class {
        let [train, samples] = left_out.map(thousands);
        terminal::result(&format!("left out, of class {class}: {train} training samples and {samples} others"))?;
    }
    terminal::result(&format!("{:24}{:>18}{:>18}", "", format!("{k}-NN"), "logistic"))?;
    for form in Form::ALL {
        let of = |method| found.measured.iter().find(|of| of.form == form && of.method == method);
        let (Some(knn), Some(logistic)) = (of(Method::Knn), of(Method::Logistic)) else { continue };
        let name = format!("{}, {}", form.name(), count(knn.values, "value", "values"));
        terminal::result(&format!("{name:24}{:>18}{:>18}", accuracy(knn), accuracy(logistic)))?;
    }
    terminal::result("accuracy in %, ± its standard error, √(a·(1 − a)/n)")?;
    if let Some(out) = &args.out {
        terminal::result(&format!("wrote {}: the confusion matrix of logistic regression on codes", shown(out)))?;
    }
    Ok(Done::Whole)
}

fn accuracy(of: &Measured) -> String {
    format!("{:.2} ± {:.2}", 100.0 * of.accuracy(), 100.0 * of.standard_error())
}

/// The confusion matrix of logistic regression on codes.
fn chart(found: &Probe) -> Result<String> {
    let of = found.measured.iter().find(|of| of.form == Form::Code && of.method == Method::Logistic);
    let of = of.context("logistic regression on codes was not measured")?;
    let classes: Vec<&str> = found.classes.iter().map(String::as_str).collect();
    let counts: Vec<usize> = of.confusion.iter().copied().collect();
    let title = format!("Logistic regression on codes, accuracy {} %", accuracy(of));
    Ok(confusion::svg(&Confusion { title: &title, classes: &classes, counts: &counts })?)
}
