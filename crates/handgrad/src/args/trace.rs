//! What can be typed to work an example.

use clap::Args as ClapArgs;
use handgrad_study::trace::{self, Format};

#[derive(ClapArgs, Debug)]
#[command(after_help = format!("{ABOUT}\n\nWorked examples:\n{}\n\n{EXAMPLES}", trace::listing(Format::Text)))]
pub struct TraceArgs {
    /// Which example [default: list them].
    pub name: Option<String>,

    /// Steps of time of a recurrent network, or of the optimiser.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub steps: Option<u16>,

    /// α of the update.
    #[arg(long, value_name = "ALPHA", value_parser = positive)]
    pub learning_rate: Option<f64>,

    /// Change what is given: all values of an input or a parameter to one number, or to a list of numbers. May be given
    /// several times.
    #[arg(long, value_name = "NAME=VALUE[,VALUE…]")]
    pub set: Vec<String>,

    /// Print Markdown.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,

    /// Print one JSON object with all digits of all values.
    #[arg(long)]
    pub json: bool,
}

const ABOUT: &str = "\
Every number comes from the functions that train, in 64 bits, on a network small enough to be checked by hand. Beside it
stands what the slide prints, and where the slide differs or errs it says why. In formulas dw is ∂L/∂w, and δ is the
gradient before an activation.";

const EXAMPLES: &str = "Examples:
  handgrad trace elman                                the slides' figures, and the way back
  handgrad trace bptt --learning-rate 0.01            the weights after a step of gradient descent
  handgrad trace bptt --steps 10 --set w_hh=0.5       a gradient that vanishes; with w_hh=2 it explodes
  handgrad trace lstm --set w_if=0 --set b_if=-5      shut the forget gate
  handgrad trace adam --steps 5 --json                every digit, for programs";

/// A learning rate.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("it must be a number above 0, such as 0.01".into()),
    }
}
