//! The error type of this crate.

use handgrad_dataset::did_you_mean;

/// The reason why an example, a check or a training could not be run, or did not give the result that it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No example has this name.
    #[error("there is no example {name:?}{}; choose one of {known}", similar(.name, .known))]
    NoSuchExample {
        /// The name that was asked for.
        name: String,
        /// The names of all examples.
        known: String,
    },
    /// The example does not use this option.
    #[error("{example} does not use the option {option}; these examples do: {users}")]
    UnusedOption {
        /// `steps` or `learning_rate`.
        option: &'static str,
        /// The name of the example.
        example: &'static str,
        /// The names of the examples that use the option.
        users: String,
    },
    /// An option has a value outside of its range.
    #[error("{option} is {value}, but must be {range}")]
    OptionOutOfRange {
        /// `steps` or `learning_rate`.
        option: &'static str,
        /// The value that was given.
        value: String,
        /// The values that it may have, in words.
        range: String,
    },
    /// A setting has no equals sign.
    #[error("{setting}: write a name, = and one or more numbers, as in w_hh=0.5 or x=1,2,3")]
    NoEqualsSign {
        /// The setting, or how it begins.
        setting: String,
    },
    /// A setting gives a number of values that does not fit.
    #[error("{setting}: {count} numbers are given, but {name} has {room}: {}{}", fitting(.room), longer(.by_steps))]
    WrongCount {
        /// The setting, or how it begins.
        setting: String,
        /// What is set.
        name: String,
        /// How many numbers were given.
        count: usize,
        /// How many numbers it has.
        room: usize,
        /// True if it has more numbers when the example has more steps.
        by_steps: bool,
    },
    /// A setting is wrong in another way.
    #[error("{setting}: {problem}")]
    Setting {
        /// The setting, or how it begins.
        setting: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A loss cannot be drawn over this range of a parameter.
    #[error("{range}: {problem}")]
    Sweep {
        /// The range, or how it begins.
        range: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A layer does not accept a number that was set.
    #[error(transparent)]
    NotAccepted(handgrad_layers::Error),
    /// No check has a name that begins with this.
    #[error("there is no check {name:?}{}; choose all, or one of {known}", similar(.name, .known))]
    NoSuchCheck {
        /// The name that was asked for.
        name: String,
        /// The names of all checks.
        known: String,
    },
    /// No planted mistake has this name.
    #[error("there is no mistake {name:?}{}; choose all, or one of\n{known}", similar(.name, .known))]
    NoSuchMistake {
        /// The name that was asked for.
        name: String,
        /// A line for each mistake.
        known: String,
    },
    /// Gradient checks found a gradient that is wrong.
    #[error(
        "{names} failed: the relative error is above {tolerance:e}, or it does not decrease fourfold when h is halved. \
         The backward pass does not belong to the forward pass; the table names the place of the largest error"
    )]
    ChecksFailed {
        /// The names of the checks that failed.
        names: String,
        /// The largest relative error that passes.
        tolerance: f64,
    },
    /// A page of the playground asked for something that cannot be computed.
    #[error("the playground cannot answer this: {problem}")]
    Playground {
        /// What is wrong with the question.
        problem: String,
    },
    /// Planted mistakes were not found by what should find them, or also by something else.
    #[error("not caught as expected: {names}; compare the figures with the expected values")]
    NotCaught {
        /// The names of the mistakes.
        names: String,
    },
    /// A model without weights has no gradient to check.
    #[error("the model has no weights, so there is no gradient to check")]
    NoWeights,
    /// No row of the scoreboard has this name.
    #[error("there is no row {name:?} on the scoreboard{}; choose one of {known}", similar(.name, .known))]
    NoSuchRow {
        /// The name that was asked for.
        name: String,
        /// The names of all rows.
        known: String,
    },
    /// No claim has this name.
    #[error("there is no claim {name:?}{}; choose one of {known}", similar(.name, .known))]
    NoSuchClaim {
        /// The name that was asked for.
        name: String,
        /// The names of all claims.
        known: String,
    },
    /// The data has no principal components.
    #[error("the principal components of the data cannot be computed")]
    NoComponents,
    /// A training of a comparison could not begin.
    #[error(transparent)]
    Runs(#[from] handgrad_runs::Error),
    /// A training of a comparison failed.
    #[error(transparent)]
    Trainer(#[from] handgrad_trainer::Error),
    /// A model could not be used on the data.
    #[error(transparent)]
    Tasks(#[from] handgrad_tasks::Error),
    /// A layer does not accept its input.
    #[error(transparent)]
    Layers(#[from] handgrad_layers::Error),
    /// The layers of a model do not fit together.
    #[error(transparent)]
    Models(#[from] handgrad_models::Error),
}

impl Error {
    /// Did a training diverge, so that its numbers are no longer finite?
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        match self {
            Self::Runs(error) => error.is_divergence(),
            Self::Trainer(error) => error.is_divergence(),
            _ => false,
        }
    }

    /// Was the request itself wrong, as opposed to a result that is wrong?
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NoSuchExample { .. }
            | Self::UnusedOption { .. }
            | Self::OptionOutOfRange { .. }
            | Self::NoEqualsSign { .. }
            | Self::WrongCount { .. }
            | Self::Setting { .. }
            | Self::Sweep { .. }
            | Self::NotAccepted(_)
            | Self::NoSuchCheck { .. }
            | Self::NoSuchMistake { .. }
            | Self::NoSuchRow { .. }
            | Self::Playground { .. }
            | Self::NoSuchClaim { .. } => true,
            Self::Runs(error) => error.is_usage(),
            Self::Tasks(error) => error.is_usage(),
            Self::ChecksFailed { .. }
            | Self::NotCaught { .. }
            | Self::NoWeights
            | Self::NoComponents
            | Self::Trainer(_)
            | Self::Layers(_)
            | Self::Models(_) => false,
        }
    }
}

/// Says how many numbers can be given for something that has `room` of them.
fn fitting(room: &usize) -> String {
    if *room == 1 { "give one".to_string() } else { format!("give 1 or {room}") }
}

/// Says which option changes the number of values, if one does.
fn longer(by_steps: &bool) -> &'static str {
    if *by_steps { "; steps changes how many it has" } else { "" }
}

/// Suggests a name. The known names are separated by commas, or each of them begins a line.
fn similar(name: &str, known: &str) -> String {
    did_you_mean(name, known.split([',', '\n']).filter_map(|part| part.split_whitespace().next()))
}
