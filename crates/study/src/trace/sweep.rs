//! A loss and its gradient as functions of one given value, for a picture of both.

use super::form::Trace;
use super::given::Numbers;
use super::options::{self, Options};
use super::worked;
use crate::Error;

/// The number of steps from one end to the other.
const STEPS: usize = 200;

/// The loss of an example for many values of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The name of the example.
    pub example: &'static str,
    /// The name of the parameter in the formulas, such as `w_hh₁₂`.
    pub parameter: String,
    /// The symbol of the loss.
    pub loss: &'static str,
    /// The value of the parameter, the loss, and its gradient, at places of equal distance.
    pub points: Vec<[f64; 3]>,
    /// The same at the example's own value, where the gradient is the slope of the tangent.
    pub own: [f64; 3],
}

/// Works an example for many values of one parameter. `range` has the form `w_hh=-2..2`.
///
/// # Errors
/// If the range cannot be read, if the example has no loss or no gradient of this parameter, or if an option or a value
/// does not fit the example.
pub fn sweep(name: &str, options: &Options, range: &str) -> Result<Sweep, Error> {
    let example = worked::find(name, options)?;
    let wrong = |problem: String| Error::Sweep { range: options::begin(range), problem };
    let (parameter, ends) = read(range).map_err(|problem| wrong(problem.into()))?;
    let Some(loss) = example.loss else {
        let known = super::names_where(|example| example.loss.is_some()).join(", ");
        return Err(wrong(format!("{name} has no loss whose gradients it computes; these examples have one: {known}")));
    };
    let work = |numbers: &Numbers| {
        let mut trace = Trace::new(false);
        numbers.write(&mut trace);
        (example.work)(numbers, &mut trace).map(|()| trace)
    };
    let mut numbers = options.numbers(example)?;
    let trace = work(&numbers)?;
    let value = |trace: &Trace, symbol: &str| trace.log.iter().find(|(known, _)| known == symbol).map(|known| known.1);
    let has_gradient = |symbol: &str| value(&trace, &format!("d{symbol}")).is_some();

    let found = options::find(&numbers.given, parameter);
    let single = found.clone().filter(|(_, places)| places.len() == 1).map(|(at, places)| (at, places.start));
    let symbol = single.map(|(at, place)| numbers.given[at].name_of(place)).filter(|symbol| has_gradient(symbol));
    let (Some((at, place)), Some(symbol)) = (single, symbol) else {
        let all = numbers
            .given
            .iter()
            .flat_map(|given| (0..given.value.values.len()).map(|place| given.name_of(place)).collect::<Vec<_>>());
        let known: Vec<_> = all.filter(|symbol| has_gradient(symbol)).collect();
        let why = match found {
            Some((_, places)) if places.len() > 1 => format!("{parameter} has {} values; name one", places.len()),
            Some(_) => format!("{name} has no gradient with respect to {parameter}; choose one"),
            None => format!("{name} has no {:?}; choose one", options::begin(parameter)),
        };
        return Err(wrong(format!("{why} of {}", known.join(", "))));
    };
    let gradient = format!("d{symbol}");
    let point = |own: f64, trace: &Trace| {
        [own, value(trace, loss).unwrap_or(f64::NAN), value(trace, &gradient).unwrap_or(f64::NAN)]
    };
    let own = point(numbers.given[at].value.values[place], &trace);
    let mut points = Vec::new();
    for step in 0..=STEPS {
        let part = step as f64 / STEPS as f64;
        let moved = ends[0] * (1.0 - part) + ends[1] * part;
        numbers.given[at].value.values[place] = moved;
        points.push(point(moved, &work(&numbers)?));
    }
    if points.iter().all(|point| !point[1].is_finite()) {
        return Err(wrong(format!("{loss} is not finite anywhere in this range; choose a smaller one")));
    }
    Ok(Sweep { example: example.name, parameter: symbol, loss, points, own })
}

/// Reads a name and the two ends of a range.
fn read(range: &str) -> Result<(&str, [f64; 2]), &'static str> {
    let parts = range.split_once('=').and_then(|(name, ends)| Some((name, ends.split_once("..")?)));
    let Some((name, (from, to))) = parts else {
        return Err("write a name, =, and two numbers with two points between them, as in w_hh=-2..2");
    };
    let end = |text: &str| text.trim().replace('−', "-").parse::<f64>().ok().filter(|end| end.is_finite());
    match (end(from), end(to)) {
        (Some(from), Some(to)) if from < to => Ok((name, [from, to])),
        (Some(_), Some(_)) => Err("the first number must be smaller than the second"),
        _ => Err("both ends must be numbers, as in w_hh=-2..2"),
    }
}
