//! The flags for the settings of a training. Each flag is made from one entry of [`handgrad_runs::settings::SETTINGS`].

use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, StyledStr, TypedValueParser};
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use handgrad_files::shown;
use handgrad_runs::Settings;
use handgrad_runs::settings::{Group, Kind, SETTINGS, Setting};

/// The settings that were given as flags.
#[derive(Clone, Debug, Default)]
pub struct SettingsArgs(pub Settings);

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        with_flags(command, |_| true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for setting in SETTINGS {
            // A command may have flags for some of the settings only.
            if let Ok(Some(text)) = matches.try_get_one::<String>(setting.name) {
                // The flag's parser has read it already, so this cannot fail.
                (setting.set)(&mut self.0, text)
                    .map_err(|expected| Error::raw(clap::error::ErrorKind::ValueValidation, expected))?;
            }
        }
        Ok(())
    }
}

/// Adds a flag to `command` for each setting for which `wanted` returns true, and returns the command.
pub fn with_flags(command: Command, wanted: impl Fn(&Setting) -> bool) -> Command {
    SETTINGS.iter().filter(|setting| wanted(setting)).fold(command, |command, setting| command.arg(flag_of(setting)))
}

/// The heading in the help above the flags of a group.
pub const fn heading(group: Group) -> &'static str {
    match group {
        Group::First => "Most used",
        Group::Data => "Data",
        Group::Network => "Network",
        Group::Loss => "Loss, noise and penalties",
        Group::Training => "Training",
    }
}

/// `--batch-size <SAMPLES>` for the setting `batch_size`.
fn flag_of(setting: &'static Setting) -> Arg {
    let (short, long) = help_of(setting.help);
    let arg = Arg::new(setting.name).long(setting.name.replace('_', "-")).value_name(setting.value_name);
    let arg = arg.help(short).long_help(long).help_heading(heading(setting.group));
    let set = setting.set;
    let read = move |text: &str| set(&mut Settings::default(), text).map(|()| text.to_string());
    match setting.kind {
        Kind::Choice(names) => {
            let values = names.iter().map(|&(name, about)| match about.trim() {
                "" => PossibleValue::new(name),
                about => PossibleValue::new(name).help(StyledStr::from(about.trim_end_matches('.').to_string())),
            });
            arg.value_parser(PossibleValuesParser::new(values))
        }
        Kind::Switch => arg.value_parser(read).num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::Number => arg.value_parser(read).allow_negative_numbers(true),
        Kind::Numbers | Kind::Words | Kind::Size => arg.value_parser(read),
        Kind::Text => arg.value_parser(OsStringValueParser::new().try_map(|text| {
            let what = "is not Unicode text, which the configuration of a run needs: rename it";
            text.into_string().map_err(|text| format!("{}: {what}", shown(&text)))
        })),
    }
}

/// Returns the help of a setting: for `-h` its first sentence and its default, and for `--help` all of it.
fn help_of(text: &str) -> (String, String) {
    let whole = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let whole = whole.trim().trim_end_matches('.').to_string();
    let (sentences, default) = match whole.split_once(" [default") {
        Some((sentences, default)) => (sentences, format!(" [default{default}")),
        None => (&*whole, String::new()),
    };
    let first = sentences.split(". ").next().unwrap_or_default().trim_end_matches('.');
    (format!("{first}{default}"), whole.clone())
}
