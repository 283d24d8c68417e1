//! Every setting of a training, each in one place: its name, which is also its key in a configuration, its type, what
//! it means, its default, when it has an effect, and which values make sense.
//!
//! A new setting is one entry in `list.rs`, and the line of code that uses it. The flags of the command, the keys of
//! a configuration, the lines of `config.toml`, and all checks of single values are made from that entry.

mod list;
mod read;
mod value;

pub use list::{SETTINGS, Settings};
pub(crate) use list::{is_convolutional, is_recurrent, is_series, is_table, is_variational};
pub(crate) use read::LARGEST_FILE;
pub use value::{
    CellName, FillName, HeaderName, Kind, LossName, ModelName, NoiseName, OptimizerName, ScaleName, ScheduleName, Size,
    Value, Words,
};

/// Everything about a setting except its value.
pub struct Setting {
    /// The name, which is also the key in a configuration.
    pub name: &'static str,
    /// The group under which programs list it.
    pub group: Group,
    /// The name of its values in help texts, for example `UNITS`.
    pub value_name: &'static str,
    /// What it means, in sentences.
    pub help: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// Reads a value into settings.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    /// Is it given?
    pub is_given: fn(&Settings) -> bool,
    /// The condition under which it has an effect, in words. Empty if it always has one.
    pub only_with: &'static str,
    /// Does it have an effect, given all settings?
    pub(crate) has_effect: fn(&Settings) -> bool,
    /// Returns true if it is given with a value that differs from the default.
    pub(crate) asks_for_something: fn(&Settings) -> bool,
    /// Checks its value, as far as this is possible without the other settings.
    pub(crate) check: fn(&Settings) -> Result<(), String>,
    /// Sets it as `config.toml` states it: with its default if it is not given, and not at all if it has no effect.
    pub(crate) state: fn(&mut Settings),
}

/// The groups of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The settings that most people need first.
    First,
    /// Which samples are used, and how files are read.
    Data,
    /// The layers of the network.
    Network,
    /// The loss, noise and penalties.
    Loss,
    /// The optimiser, its learning rate, and when training ends.
    Training,
}

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Makes the struct of all settings, the list with everything about each of them, and for each setting with a default
/// a function that returns its value.
///
/// ```text
/// /// What it means.
/// name: Type, Group, "NAME OF ITS VALUES",
///     default(|s| value),            the default, which config.toml states
///     silent(value),                 a default that config.toml does not state
///     only_with("what", |s| bool),   the condition under which it has an effect
///     check(|value| Result<(), String>);
/// ```
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ty, $group:ident, $value_name:literal
        $(, default(|$u:ident| $usual:expr))?
        $(, silent($silent:expr))?
        $(, only_with($by:literal, |$h:ident| $has_effect:expr))?
        $(, check(|$c:pat_param| $check:expr))?
        ;
    )+) => {
        /// Every setting of a training, all of them optional. A setting that is not given has the value of the preset,
        /// or its default.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $($(#[doc = $doc])+ pub $name: Option<$type>,)+
        }

        impl Settings {
            /// Takes each setting from `self` if it is given there, otherwise from `other`.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)+ }
            }

            $(
                $(pub(crate) fn $name(&self) -> $type {
                    let $u = self;
                    self.$name.clone().unwrap_or_else(|| $usual)
                })?
                $(pub(crate) fn $name(&self) -> $type {
                    self.$name.clone().unwrap_or($silent)
                })?
            )+
        }

        /// All settings, in the order in which a configuration has them.
        pub static SETTINGS: &[Setting] = &[$(
            Setting {
                name: stringify!($name),
                group: Group::$group,
                value_name: $value_name,
                help: concat!($($doc, "\n"),+),
                kind: <$type as Value>::KIND,
                set: |settings, text| {
                    settings.$name = Some(<$type as Value>::read(text)?);
                    Ok(())
                },
                is_given: |settings| settings.$name.is_some(),
                only_with: concat!($($by)?),
                has_effect: |_settings| true $(&& { let $h = _settings; $has_effect })?,
                asks_for_something: |settings| settings.$name.is_some() $(&& settings.$name != Some($silent))?,
                check: |_settings| {
                    $(if let Some($c) = _settings.$name.as_ref() { return $check; })?
                    Ok(())
                },
                state: |settings| {
                    let has_effect = true $(&& { let $h = &*settings; $has_effect })?;
                    $(if settings.$name.is_none() { settings.$name = { let $u = &*settings; Some($usual) }; })?
                    $(if settings.$name == Some($silent) { settings.$name = None; })?
                    if !has_effect { settings.$name = None; }
                },
            },
        )+];
    };
}
pub(crate) use settings;
