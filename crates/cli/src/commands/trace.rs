//! `handgrad trace`: prints worked examples, forward and backward, computed by the functions that train; line by line,
//! as questions, with other numbers, or as a picture of a loss and its gradient.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_pictures::charts::slope::{self, Slope};
use handgrad_study::Error;
use handgrad_study::answer::{Asked, Verdict};
use handgrad_study::trace::{self, Format, Options, Piece, Worked};
use serde_json::json;

use crate::dialogue;
use crate::exit::{Done, UsageError};
use crate::terminal;

#[derive(Args, Debug)]
#[command(after_help = format!("{ABOUT}\n\nWorked examples:\n{}\n\n{EXAMPLES}", trace::listing(Format::Text)))]
pub struct TraceArgs {
    /// The name of the example [default: a list of all examples].
    name: Option<String>,

    /// The number of time steps of a recurrent network, or of steps of the optimiser.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    steps: Option<u16>,

    /// The learning rate α.
    #[arg(long, value_name = "ALPHA", value_parser = positive)]
    learning_rate: Option<f64>,

    /// Change the given numbers: set all values of an input or a parameter to one number, or to a list of numbers. A
    /// single value has a name with a number: x2, w21. The flag can be given several times.
    #[arg(long, value_name = "NAME=VALUE[,VALUE…]")]
    set: Vec<String>,

    /// Show one line after another: Enter shows the next one, q ends.
    #[arg(long, help_heading = "To learn", conflicts_with_all = ["ask", "diff", "sweep", "json", "markdown"])]
    step: bool,

    /// Ask for every value before it is shown. A wrong answer is explained if it comes from a known slip.
    #[arg(long, help_heading = "To learn", conflicts_with_all = ["diff", "sweep", "json", "markdown"])]
    ask: bool,

    /// Change given numbers as --set does, and show only the lines that change, old and new.
    #[arg(long, help_heading = "To learn", value_name = "NAME=VALUE[,VALUE…]", conflicts_with = "sweep")]
    diff: Vec<String>,

    /// Draw the loss and its gradient over the values of one parameter, with the tangent at its own value.
    #[arg(
        long,
        help_heading = "To learn",
        value_name = "NAME=FROM..TO",
        requires = "out",
        conflicts_with = "markdown"
    )]
    sweep: Option<String>,

    /// The picture of --sweep to write. An older picture of this name is replaced, any other file is not.
    #[arg(long, help_heading = "To learn", value_name = "FILE.svg", requires = "sweep")]
    out: Option<PathBuf>,

    /// Print Markdown.
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    markdown: bool,

    /// Print one JSON object with all digits of all values.
    #[arg(long, help_heading = "Output")]
    json: bool,
}

const ABOUT: &str = "\
Every number comes from the functions that train, in 64 bits, on a network small enough to be checked by hand. Next to
it is the number that the slide prints. If the two differ, a note says why. In formulas, dw is ∂L/∂w, and δ is the
gradient before an activation.";

const EXAMPLES: &str = "Examples:
  handgrad trace elman                                the numbers of the slides, then the backward pass
  handgrad trace lstm --ask                           compute every value yourself
  handgrad trace bptt --learning-rate 0.01            the weights after a step of gradient descent
  handgrad trace bptt --steps 10 --set w_hh=0.5       a gradient that vanishes; with w_hh=2 it explodes
  handgrad trace elman --diff w_hh=0.5                what depends on w_hh
  handgrad trace bptt --sweep w_hh=-1..2 --out l.svg    the loss and its slope
  handgrad trace lstm --set w_if=0 --set b_if=-5      close the forget gate
  handgrad trace adam --steps 5 --json                every digit, for programs";

/// Reads a learning rate.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("it must be a number above 0, such as 0.01".into()),
    }
}

pub fn run(args: &TraceArgs) -> Result<Done> {
    let format = match (args.json, args.markdown) {
        (true, _) => Format::Json,
        (_, true) => Format::Markdown,
        _ => Format::Text,
    };
    let Some(name) = &args.name else {
        terminal::result(&listing(args, format)?)?;
        return Ok(Done::Whole);
    };
    let options =
        Options { steps: args.steps.map(usize::from), learning_rate: args.learning_rate, set: args.set.clone() };
    if let (Some(range), Some(out)) = (&args.sweep, &args.out) {
        sweep(name, &options, range, out, args.json)?;
        return Ok(Done::Whole);
    }
    let worked = Worked::new(name, &options).map_err(|error| with_flags(error, "--set"))?;
    if args.step {
        step(&worked)?;
    } else if args.ask {
        ask(&worked)?;
    } else if args.diff.is_empty() {
        terminal::result(&worked.write(format))?;
    } else {
        let set = options.set.iter().chain(&args.diff).cloned().collect();
        let other = Worked::new(name, &Options { set, ..options }).map_err(|error| with_flags(error, "--diff"))?;
        terminal::result(&trace::changes(&worked, &other, &args.diff.join(" "), format))?;
    }
    Ok(Done::Whole)
}

/// Shows the example line by line.
fn step(worked: &Worked) -> Result<()> {
    // Headings and texts are shown together with the line below them, and the line break after a line is typed.
    let (mut above, mut hint) = (String::new(), "  (Enter shows the next line, q ends) ");
    for piece in worked.pieces() {
        match piece {
            Piece::Text(text) => above += &(text + "\n"),
            Piece::Line { text, .. } => {
                if !hint.is_empty() {
                    terminal::prompt(&std::mem::take(&mut above))?;
                }
                if dialogue::ask(std::mem::take(&mut hint))?.is_none() {
                    return Ok(());
                }
                terminal::prompt(&(std::mem::take(&mut above) + &text))?;
            }
        }
    }
    let break_and_rest = if above.is_empty() { String::new() } else { format!("\n{}", above.trim_end()) };
    terminal::result(&break_and_rest)
}

/// How often the value of a line may be tried.
const TRIES: usize = 2;

/// Asks for every value of the example.
fn ask(worked: &Worked) -> Result<()> {
    let (mut asked, mut right, mut at_once, mut is_first) = (0, 0, 0, true);
    for piece in worked.pieces() {
        let (text, question) = match piece {
            Piece::Text(text) => (text, None),
            Piece::Line { text, question } => (text, question),
        };
        let Some((question, value)) = question else {
            terminal::result(&text)?;
            continue;
        };
        if std::mem::take(&mut is_first) {
            terminal::result(HOW_TO_ANSWER)?;
        }
        terminal::result(&question)?;
        let Some(tries) = answer(&value)? else { break };
        asked += 1;
        right += usize::from(tries.is_some());
        at_once += usize::from(tries == Some(1));
        terminal::result(&text)?;
    }
    terminal::result(&format!("\n{right} of {asked} values right, {at_once} of them at once."))
}

const HOW_TO_ANSWER: &str = "  \
  Type each value. Three digits are enough, and a formula of numbers is accepted too, such as
  2*(1 - 3)/4 or tanh(2). Enter alone shows the value, q ends.";

/// Asks for a value. Returns the number of tries after which it was right, if it was; `None` at the end of the input.
fn answer(value: &Asked) -> Result<Option<Option<usize>>> {
    let mut tries = 0;
    while tries < TRIES {
        let Some(typed) = dialogue::ask("  ? ")? else { return Ok(None) };
        if typed.is_empty() {
            return Ok(Some(None));
        }
        match value.judge(&typed) {
            Verdict::Right => {
                terminal::result("  Right.")?;
                return Ok(Some(Some(tries + 1)));
            }
            Verdict::NotANumber => {
                terminal::result("  This is neither a number nor a formula of numbers, such as 0.964 or tanh(2).")?;
            }
            Verdict::Wrong(slip) => {
                tries += 1;
                let why = slip.map_or(String::new(), |(_, why)| format!(" {why}"));
                let again = if tries < TRIES { " Try once more." } else { "" };
                terminal::result(&format!("  No.{why}{again}"))?;
            }
        }
    }
    Ok(Some(None))
}

/// Draws the loss over the values of a parameter.
fn sweep(name: &str, options: &Options, range: &str, out: &Path, as_json: bool) -> Result<()> {
    place::must_be(out, Replaceable::Svg)?;
    let sweep = trace::sweep(name, options, range).map_err(|error| with_flags(error, "--set"))?;
    let (parameter, loss, [own, value, gradient]) = (&sweep.parameter, sweep.loss, sweep.own);
    let chart = slope::svg(&Slope {
        title: &format!("handgrad trace {name}: {loss} over {parameter}"),
        x: parameter,
        function: loss,
        slope: &format!("d{parameter}"),
        points: &sweep.points,
        tangent: sweep.own,
    });
    handgrad_files::write(out, chart.as_bytes()).with_context(|| shown(out))?;
    let left_out = match sweep.points.iter().filter(|point| !point[1].is_finite()).count() {
        0 => String::new(),
        count => format!("; left out: {count} of {} values, at which {loss} is not finite", sweep.points.len()),
    };
    terminal::result(&match as_json {
        true => {
            let point = |[at, value, gradient]: [f64; 3]| json!({ "at": at, "loss": value, "gradient": gradient });
            let points: Vec<_> = sweep.points.iter().copied().map(point).collect();
            json!({ "example": name, "parameter": parameter, "own": point(sweep.own), "points": points }).to_string()
        }
        false => format!(
            "at {parameter} = {own}: {loss} = {value:.10}, d{parameter} = {gradient:.10}, the slope of the tangent\n\
             wrote {}: {loss} and d{parameter} over {parameter}{left_out}",
            shown(out)
        ),
    })
}

/// The list of examples, which is printed if no example is named.
fn listing(args: &TraceArgs, format: Format) -> Result<String> {
    let TraceArgs { steps, learning_rate, set, step, ask, diff, sweep, .. } = args;
    let has_options = steps.is_some() || learning_rate.is_some() || !set.is_empty();
    if has_options || *step || *ask || !diff.is_empty() || sweep.is_some() {
        let text = format!("name the example that the options are for: {}", trace::names().join(", "));
        return Err(UsageError(text).into());
    }
    let listing = trace::listing(format);
    Ok(match format {
        Format::Text => format!("Worked examples, `handgrad trace NAME`:\n{listing}"),
        Format::Markdown | Format::Json => listing,
    })
}

/// Rewrites the error with the names of the flags. `setting` is the flag that changed the numbers.
fn with_flags(error: Error, setting: &str) -> anyhow::Error {
    let text = match &error {
        Error::UnusedOption { option, example, users } => {
            format!("--{} has no effect on {example}; it is for {users}", option.replace('_', "-"))
        }
        Error::NoEqualsSign { setting: given } => {
            format!(
                "{setting} {given}: write a name, =, and one or more numbers: {setting} w_hh=0.5, {setting} x=1,2,3"
            )
        }
        Error::WrongCount { .. } => {
            format!("{setting} {}", error.to_string().replace("; steps changes", "; --steps changes"))
        }
        Error::Setting { .. } => format!("{setting} {error}"),
        Error::Sweep { .. } => format!("--sweep {error}"),
        _ => error.to_string(),
    };
    if error.is_usage() { UsageError(text).into() } else { error.into() }
}
