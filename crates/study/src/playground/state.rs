//! The networks of the playground and the state of a training. A page sends the whole state with every question, so
//! nothing is remembered between two questions.

use handgrad_dataset::count;
use handgrad_layers::adam::Adam;
use handgrad_layers::{Dense, Optimizer};
use handgrad_models::{Basic, Network};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::mistakes::{self, Planted};
use crate::trace::small_autoencoder::{BATCH, weights};

/// The name of the mistake in Adam. All others are mistakes of a dense layer.
pub const IN_ADAM: &str = "adam-no-bias-correction";
/// All mistakes that can be planted here, in the order of the page.
pub const MISTAKES: [&str; 7] = [
    "missing-transpose",
    "forgotten-bias",
    "missing-activation-derivative",
    "negative-gradient",
    "averaged-twice",
    "transposed-weights",
    IN_ADAM,
];
/// No weight may be farther from 0.
const FARTHEST: f64 = 100.0;
/// The most steps of a training.
const MOST_STEPS: u64 = 1_000_000_000;
/// The range of the learning rate.
const RATES: [f64; 2] = [1e-6, 1e3];
/// The seed of the initial weights of the larger network.
const SEED: u64 = 1;

/// A network of the playground, by its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Name {
    #[serde(rename = "4-2-4")]
    Small,
    #[serde(rename = "64-8-64")]
    Digits,
}

impl Name {
    pub const ALL: [Self; 2] = [Self::Small, Self::Digits];

    /// The number n of values of a sample, k of units of the code, and m of samples.
    pub fn sizes(self) -> [usize; 3] {
        match self {
            Self::Small => [4, 2, 3],
            Self::Digits => [64, 8, 10],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerName {
    Sgd,
    Adam,
}

/// Everything that a training depends on.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub network: Name,
    /// The samples, m×n, which are also the targets.
    pub x: Vec<f64>,
    /// w_e, b_e, w_d and b_d, one after another.
    pub theta: Vec<f64>,
    pub optimizer: OptimizerName,
    pub learning_rate: f64,
    /// The running values of the optimiser: two for each parameter, of which gradient descent needs one.
    pub slots: [Vec<f64>; 2],
    /// The number of steps taken.
    pub step: u64,
    /// The name of the planted mistake.
    pub mistake: Option<String>,
}

impl State {
    /// Returns the first state of a network: for 4-2-4 that of `handgrad trace batch`, for 64-8-64 ten digits of 8×8
    /// pixels and the initial weights of the basic autoencoder.
    pub fn first(network: Name) -> Result<Self, Error> {
        let [n, k, _] = network.sizes();
        let (x, theta, optimizer, learning_rate) = match network {
            Name::Small => {
                let theta: Vec<f64> = weights().iter().flat_map(|given| given.value.values.clone()).collect();
                (BATCH.to_vec(), theta, OptimizerName::Sgd, 0.1)
            }
            Name::Digits => {
                let pixels = include_str!("digits.txt").chars().filter(|c| !c.is_whitespace());
                let x = pixels.map(|c| if c == '#' { 1.0 } else { 0.0 }).collect();
                let spec = Basic { units: k, ..Basic::default() }.spec(&[8, n / 8]);
                (x, Network::new(&spec)?.init(SEED), OptimizerName::Adam, 0.01)
            }
        };
        let slots = [0, 1].map(|_| vec![0.0; theta.len()]);
        Ok(Self { network, x, theta, optimizer, learning_rate, slots, step: 0, mistake: None })
    }

    /// Checks a state that comes from a page.
    pub fn check(&self) -> Result<(), Error> {
        let [n, k, m] = self.network.sizes();
        let problem = |problem: String| Err(Error::Playground { problem });
        let lens = [
            ("x", self.x.len(), m * n),
            ("theta", self.theta.len(), (n + 1) * k + (k + 1) * n),
            ("slots[0]", self.slots[0].len(), self.theta.len()),
            ("slots[1]", self.slots[1].len(), self.theta.len()),
        ];
        if let Some((name, found, expected)) = lens.into_iter().find(|(_, found, expected)| found != expected) {
            return problem(format!("{name} has {}, but must have {expected}", count(found, "number", "numbers")));
        }
        if let Some(wrong) = self.x.iter().find(|x| !(0.0..=1.0).contains(*x)) {
            return problem(format!("an input is {wrong}, but must be within 0..1"));
        }
        let [low, high] = RATES;
        if !(low..=high).contains(&self.learning_rate) {
            return problem(format!("the learning rate is {}, but must be {low} to {high}", self.learning_rate));
        }
        if let Some(name) = self.mistake.as_ref().filter(|name| !MISTAKES.contains(&name.as_str())) {
            return problem(format!("there is no mistake {name:?}; choose one of {}", MISTAKES.join(", ")));
        }
        if self.step > MOST_STEPS {
            return problem(format!("{} steps were taken, but there must be at most {MOST_STEPS}", self.step));
        }
        if self.slots[1].iter().any(|v| *v < 0.0) {
            return problem("a running mean of squares is below 0".to_owned());
        }
        if !self.is_sound() {
            return problem(format!("a weight is beyond ±{FARTHEST}"));
        }
        Ok(())
    }

    /// Is every number finite, and no weight too far from 0?
    pub fn is_sound(&self) -> bool {
        let mut slots = self.slots.iter().flatten();
        self.theta.iter().all(|theta| theta.abs() <= FARTHEST) && slots.all(|value| value.is_finite())
    }

    pub fn has(&self, mistakes: &[&str]) -> bool {
        self.mistake.as_ref().is_some_and(|name| mistakes.contains(&name.as_str()))
    }

    /// Returns the layer with the planted mistake, if it is a mistake of a layer.
    pub fn planted(&self, layer: Dense) -> Planted<Dense> {
        match self.mistake.as_deref().and_then(mistakes::plant_in_dense) {
            Some(plant) => plant(layer),
            None => Planted::on(layer),
        }
    }

    pub fn adam(&self) -> Adam {
        Adam { learning_rate: self.learning_rate, ..Adam::default() }
    }

    pub fn optimizer(&self) -> Optimizer {
        match self.optimizer {
            OptimizerName::Sgd => Optimizer::Sgd { learning_rate: self.learning_rate, momentum: 0.0 },
            OptimizerName::Adam => Optimizer::Adam(self.adam()),
        }
    }
}
