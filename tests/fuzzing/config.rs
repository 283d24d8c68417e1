//! The configuration of the command, which lives in no library: its own source, compiled once more.

#[path = "../../crates/handgrad/src/config/names.rs"]
mod names;
#[path = "../../crates/handgrad/src/config/settings.rs"]
mod settings;

pub use settings::Settings;
