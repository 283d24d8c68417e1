//! Every setting of a training, each in one place: its name, which is also its key in a configuration, its type, what
//! it means, its usual value, what it needs to have an effect, and which values make sense.
//!
//! A new setting is one entry in `list.rs`, and the line of code that heeds it. The flags of a command, the keys of
//! a configuration, what `config.toml` states, and all checks of a single value are made from that entry.

mod list;
mod read;
mod value;

pub(crate) use list::is_variational;
pub use list::{SETTINGS, Settings};
pub(crate) use read::LARGEST_FILE;
pub use value::{
    CellName, FillName, Kind, LossName, ModelName, NoiseName, OptimizerName, ScaleName, ScheduleName, Value,
};

/// What is known about a setting beside its value.
pub struct Setting {
    /// Its name: the key in a configuration.
    pub name: &'static str,
    /// What a value is called, for example `UNITS`.
    pub value_name: &'static str,
    /// What it means, in sentences.
    pub help: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Reads a value into settings.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    /// Is it given?
    pub is_given: fn(&Settings) -> bool,
    /// What it needs to have an effect, in words; empty where it always has one.
    pub heeded_by: &'static str,
    /// Does it have an effect, given all settings?
    pub(crate) is_heeded: fn(&Settings) -> bool,
    /// Is it given, and does it ask for something else than not giving it would?
    pub(crate) asks_for_something: fn(&Settings) -> bool,
    /// Is its value one that makes sense, as far as that can be said of it alone?
    pub(crate) check: fn(&Settings) -> Result<(), String>,
    /// Puts it as `config.toml` states it: with its usual value, or not at all where it has no effect.
    pub(crate) state: fn(&mut Settings),
}

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Makes the struct of all settings, the list of what is known about each, and for each a function that gives its
/// value: the usual one where there is one and it was not given, or None where it has no effect.
///
/// ```text
/// /// What it means.
/// name: Type, "WHAT A VALUE IS CALLED",
///     usual(|s| value),              stated in config.toml
///     silent(value),                 the usual value, too, but left out of config.toml
///     heeded("by what", |s| bool),
///     check(|value| Result<(), String>);
/// ```
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ty, $value_name:literal
        $(, usual(|$u:ident| $usual:expr))?
        $(, silent($silent:expr))?
        $(, heeded($by:literal, |$h:ident| $heeded:expr))?
        $(, check(|$c:pat_param| $check:expr))?
        ;
    )+) => {
        /// Every setting of a training, each of them optional: what is not given has its usual value, or that of the
        /// preset.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $($(#[doc = $doc])+ pub $name: Option<$type>,)+
        }

        impl Settings {
            /// Each setting of `self`, or where it has none that of `other`.
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
                value_name: $value_name,
                help: concat!($($doc, "\n"),+),
                kind: <$type as Value>::KIND,
                set: |settings, text| {
                    settings.$name = Some(<$type as Value>::read(text)?);
                    Ok(())
                },
                is_given: |settings| settings.$name.is_some(),
                heeded_by: concat!($($by)?),
                is_heeded: |_settings| true $(&& { let $h = _settings; $heeded })?,
                asks_for_something: |settings| settings.$name.is_some() $(&& settings.$name != Some($silent))?,
                check: |_settings| {
                    $(if let Some($c) = _settings.$name.as_ref() { return $check; })?
                    Ok(())
                },
                state: |settings| {
                    let is_heeded = true $(&& { let $h = &*settings; $heeded })?;
                    $(if settings.$name.is_none() { settings.$name = { let $u = &*settings; Some($usual) }; })?
                    $(if settings.$name == Some($silent) { settings.$name = None; })?
                    if !is_heeded { settings.$name = None; }
                },
            },
        )+];
    };
}
pub(crate) use settings;
