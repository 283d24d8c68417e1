//! The playground: an autoencoder of which every number can be looked at, changed, and stepped, computed by the layers
//! that train. A page asks with the whole state of a training, and gets everything that it shows.
//!
//! ```text
//! question   { "state": …, "steps": 1, "cell": { "of": "dw_d", "row": 0, "column": 0 } }
//! answer     { "state", "loss", "losses", "values", "check", "explained", "diverged" }
//! ```
//!
//! Nothing is remembered between two questions, so the same question always has the same answer. The numbers have 64
//! bits, and JSON keeps all of them.

mod formulas;
mod passes;
mod state;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Error, mistakes};
use formulas::Cell;
use state::{MISTAKES, Name, State};

/// The largest number of steps of one question.
const MOST_STEPS: u64 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    state: State,
    /// How many steps to take before everything is computed.
    steps: u64,
    /// The cell to be explained.
    cell: Option<Cell>,
}

/// Returns what a page needs to begin: the networks, each with its sizes and its first state, and the mistakes that can
/// be planted.
///
/// # Errors
/// If the layers of a network do not fit together.
pub fn beginning() -> Result<Value, Error> {
    let mut networks = Vec::new();
    for network in Name::ALL {
        let [n, k, m] = network.sizes();
        networks.push(json!({ "n": n, "k": k, "m": m, "first": State::first(network)? }));
    }
    let mut planted = Vec::new();
    for name in MISTAKES {
        for mistake in mistakes::choose(name)? {
            planted.push(json!({
                "name": name,
                "says": mistake.says,
                "right": mistake.right,
                "planted": mistake.wrong,
                "property": mistake.property,
            }));
        }
    }
    Ok(json!({ "networks": networks, "mistakes": planted }))
}

/// Answers a question of a page.
///
/// # Errors
/// If the question is not JSON of the right form, or if a number of it is out of range.
pub fn answer(question: &[u8]) -> Result<Value, Error> {
    let problem = |problem: String| Error::Playground { problem };
    let Question { mut state, steps, cell } =
        serde_json::from_slice(question).map_err(|error| problem(error.to_string()))?;
    state.check()?;
    if steps > MOST_STEPS {
        return Err(problem(format!("{steps} steps are asked for, but at most {MOST_STEPS} are taken at once")));
    }
    let (mut run, mut losses, mut diverged) = (passes::run(&state), Vec::new(), None);
    for _ in 0..steps {
        let mut next = state.clone();
        passes::step(&mut next, &run.dtheta);
        if !next.is_sound() {
            diverged = Some(next.step);
            break;
        }
        state = next;
        run = passes::run(&state);
        losses.push(run.loss);
    }
    let values = formulas::quantities(&state, &run).map(|quantity| (quantity.of.to_string(), json!(quantity.values)));
    let explained = cell.map(|cell| formulas::explain(&state, &run, &cell)).transpose()?;
    let check: Vec<_> = passes::check(&state, &run)
        .into_iter()
        .map(|checked| {
            json!({
                "of": checked.name,
                "row": checked.place[0],
                "column": checked.place[1],
                "values": checked.values,
                "analytic": checked.analytic,
                "numeric": checked.numeric,
                "error": checked.error,
                "verdict": checked.verdict,
            })
        })
        .collect();
    Ok(json!({
        "state": state,
        "loss": run.loss,
        "losses": losses,
        "values": Value::Object(values.into_iter().collect::<Map<_, _>>()),
        "check": check,
        "explained": explained,
        "diverged": diverged,
    }))
}
