//! `handgrad data`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use handgrad_dataset::csv::{Label, Layout};
use handgrad_dataset::tables::{self, Asked, Schema};
use handgrad_dataset::{
    Error, Samples, Values, convert, count, did_you_mean, idx, is_csv, named, series, sizes, synthetic, thousands,
    without_parts,
};
use handgrad_files::{place, shown};
use handgrad_runs::Settings;
use handgrad_runs::settings::{Size, Value};

use crate::advice;
use crate::columns;
use crate::exit::Done;
use crate::flags::DataDir;
use crate::terminal::{self, Bars};

#[derive(Subcommand, Debug)]
pub enum DataCommand {
    /// List the data sets that are known by name, and which of them are on this disk.
    List {
        #[command(flatten)]
        place: DataDir,
    },
    /// Download a data set, or check the files that are there.
    Fetch {
        /// The name, as `handgrad data list` shows it.
        name: String,
        #[command(flatten)]
        place: DataDir,
    },
    /// Describe what is understood from data: a folder of pictures or IDX files, an IDX, .npy or .npz file, or
    /// series as a training would read them: .ts and .tsv, and CSV with --window or --series-column.
    Info {
        /// The folder or the file.
        path: PathBuf,
        /// For folders of pictures: the height and the width to which they are scaled, for example 32 or 32x24.
        #[arg(long, value_name = "HEIGHTxWIDTH", value_parser = Size::read)]
        size: Option<Size>,
        /// For CSV files: the length of a window.
        #[arg(long, value_name = "STEPS")]
        window: Option<NonZeroUsize>,
        /// For CSV files: the column that says to which series each step belongs.
        #[arg(long, value_name = "COLUMN")]
        series_column: Option<String>,
        /// For CSV files: the column that says when each step was, or `none`.
        #[arg(long, value_name = "COLUMN")]
        time_column: Option<String>,
        /// For CSV files: the column of the labels.
        #[arg(long, value_name = "COLUMN")]
        label_column: Option<String>,
    },
    /// Write data of any form as a new folder of IDX files. If the data has no part for validation, the part that
    /// training would hold out becomes the test samples (t10k). Existing files are not overwritten.
    Convert {
        /// The data: a folder of pictures, an .npz, .npy, IDX or CSV file, or the name of a data set.
        from: String,
        /// The folder for the new files.
        to: PathBuf,
        /// For folders of pictures: the height and the width to which they are scaled, for example 32 or 32x24.
        #[arg(long, value_name = "HEIGHTxWIDTH", value_parser = Size::read)]
        size: Option<Size>,
        /// For CSV files: the column of the labels: its name in the header, its number, counted from 1, `last` or
        /// `none`.
        #[arg(long, value_name = "COLUMN")]
        label_column: Option<String>,
        #[command(flatten)]
        place: DataDir,
    },
    /// Draw the synthetic images and write them as four new IDX files.
    Synthesize {
        /// The folder for the four files.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The seed of the variation between images.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// The number of training images.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        train: u32,
        /// The number of validation images.
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        validation: u32,
    },
}

pub fn run(command: &DataCommand) -> Result<Done> {
    match command {
        DataCommand::List { place } => list(&place.folder())?,
        DataCommand::Fetch { name, place } => fetch(name, &place.folder())?,
        DataCommand::Info { path, size, window, series_column, time_column, label_column } => {
            let settings = Settings {
                data: Some(path.to_string_lossy().into_owned()),
                window: *window,
                series_column: series_column.clone(),
                time_column: time_column.clone(),
                label_column: label_column.clone(),
                ..Settings::default()
            };
            if window.is_some() || series_column.is_some() || series::is_file(path) || series::is_folder(path) {
                info_of_series(path, &settings)?;
            } else {
                info(path, *size)?;
            }
        }
        DataCommand::Convert { from, to, size, label_column, place } => {
            let label = label_column.as_deref().map_or(Label::ByName, Label::of);
            convert(from, to, &Layout { label, size: size.map(|size| size.0), ..Layout::default() }, &place.folder())?;
        }
        DataCommand::Synthesize { out, seed, train, validation } => {
            refuse_to_overwrite(out)?;
            synthetic::write(out, *seed, *train as usize, *validation as usize)?;
            let (train, validation) = (thousands(*train as usize), thousands(*validation as usize));
            terminal::result(&format!("wrote {train} training and {validation} validation images to {}", shown(out)))?;
        }
    }
    Ok(Done::Whole)
}

/// Returns an error if one of the files exists, because it may belong to the real data set.
fn refuse_to_overwrite(out: &Path) -> Result<()> {
    let set = named::find("mnist").map_or(&[][..], |set| set.files);
    if let Some(file) = set.iter().find(|file| out.join(file.name).symlink_metadata().is_ok()) {
        bail!("{}: exists already; choose another folder with --out", shown(out.join(file.name)));
    }
    Ok(())
}

fn list(data_dir: &Path) -> Result<()> {
    for set in named::all() {
        let folder = data_dir.join(set.name);
        let there = set.files.iter().filter(|file| folder.join(file.name).exists()).count();
        let state = match (there, set.files.len()) {
            (_, 0) => "always there".to_string(),
            (there, all) if there == all => format!("in {}", shown(&folder)),
            (0, _) => format!("not here: `handgrad data fetch {}`", set.name),
            (there, all) => format!("{there} of {all} files here: `handgrad data fetch {}`", set.name),
        };
        terminal::result(&format!("{:14} {}\n{:14} {}; {state}", set.name, set.about, "", set.licence))?;
    }
    Ok(())
}

fn fetch(name: &str, data_dir: &Path) -> Result<()> {
    let set = named::find(name).with_context(|| {
        let names: Vec<_> = named::all().iter().map(|set| set.name).collect();
        let similar = did_you_mean(name, names.iter().copied());
        format!("there is no data set {name:?}{similar}: there are {}", names.join(", "))
    })?;
    let folder = named::fetch(set, data_dir, &Bars::new(false))?;
    if set.files.is_empty() {
        terminal::result(&format!("{name} is generated when it is used: there is nothing to fetch"))?;
    } else {
        terminal::result(&format!(
            "{name} is in {}: {} files, all with the correct SHA-256",
            shown(&folder),
            set.files.len()
        ))?;
    }
    Ok(())
}

/// Describes series as a training with these settings would read them.
fn info_of_series(path: &Path, settings: &Settings) -> Result<()> {
    let set = handgrad_dataset::load(&path.to_string_lossy(), path, &settings.layout(), &())?;
    let (train, validation) = (&set.train, &set.validation);
    terminal::result(&format!("{}\nvalidation with {}", set.origin, set.validation_origin))?;
    set.understood.iter().try_for_each(|line| terminal::result(line))?;
    let classes = [train, validation].map(|samples| samples.classes().join(", "));
    if train.labels.is_some() {
        terminal::result(&format!("classes: {} in training, {} in validation", classes[0], classes[1]))?;
    }
    let (low, high) = train.range();
    terminal::result(&format!("training values from {low} to {high}, samples of {}", sizes(&train.shape)))
}

fn info(path: &Path, size: Option<Size>) -> Result<()> {
    let is_idx = path.is_file() && !is_csv(path) && !["npy", "npz"].iter().any(|ending| place::ends_in(path, ending));
    if is_idx && size.is_none() {
        return info_of_idx(path);
    }
    let layout = Layout { size: size.map(|size| size.0), ..Layout::default() };
    let bars = Bars::new(false);
    if path.is_file() && is_csv(path) {
        return info_of_table(path, &bars);
    }
    let (parts, understood) = match without_parts(path, &layout, &bars)? {
        Some(whole) => (vec![(whole.samples, whole.origin)], whole.understood),
        None => {
            // A folder that has the name of a known set.
            let what = Path::new(".").join(path);
            let what = what.to_str().with_context(|| format!("{}: its name is not Unicode text", shown(path)))?;
            let set = handgrad_dataset::load(what, Path::new("."), &layout, &bars)?;
            (vec![(set.train, set.origin), (set.validation, set.validation_origin)], set.understood)
        }
    };
    understood.iter().try_for_each(|line| terminal::result(line))?;
    parts.iter().try_for_each(|(samples, origin)| describe(samples, origin))
}

/// Describes samples in lines for people.
fn describe(samples: &Samples, origin: &str) -> Result<()> {
    let (low, high) = samples.range();
    let (count, shape) = (thousands(samples.len()), sizes(&samples.shape));
    let divided = if matches!(samples.values, Values::Bytes(_)) { " (bytes are divided by 255)" } else { "" };
    terminal::result(&format!("{origin}: {count} samples of {shape}, values from {low} to {high}{divided}"))?;
    advice::of_values(samples).iter().try_for_each(|note| terminal::result(note))
}

/// Loads data and writes it as IDX files.
fn convert(from: &str, to: &Path, layout: &Layout, data_dir: &Path) -> Result<()> {
    let set = match handgrad_dataset::load(from, data_dir, layout, &Bars::new(false)) {
        Err(error @ Error::Table { .. }) if is_csv(Path::new(from)) => {
            return Err(error).context(
                "IDX files hold numbers alone, so a table with words, dates or missing cells cannot be converted: \
                 train on it as it is",
            );
        }
        set => set?,
    };
    set.understood.iter().for_each(|line| terminal::note(line));
    let files = convert::write_idx(&set, to)?;
    let names: Vec<_> = files.iter().filter_map(|path| path.file_name()).map(shown).collect();
    let (train, validation) = (thousands(set.train.len()), thousands(set.validation.len()));
    terminal::result(&format!("wrote {train} training and {validation} validation samples to {}", shown(to)))?;
    terminal::result(&names.join(", "))?;
    if names.iter().any(|name| name == convert::CLASSES) {
        let classes = convert::CLASSES;
        terminal::result(&format!(
            "IDX labels are bytes: the classes are numbered, and {classes} has their names, which handgrad reads back"
        ))?;
    }
    Ok(())
}

/// Describes the columns of a CSV file, as they are if it is a table.
fn info_of_table(path: &Path, bars: &Bars) -> Result<()> {
    let table = tables::read(path, &Label::ByName, None, bars)?;
    let rows: Vec<usize> = (0..table.len()).collect();
    let mut schema = Schema::of(&table, &rows, &Asked::default())?;
    // A row without a value in a column that is used is no sample, as in a training.
    let samples = schema.samples(&table)?;
    if samples.len() < rows.len() {
        schema = Schema::of(&table, &samples, &Asked::default())?;
    }
    terminal::result(&format!(
        "{}: {} (header: {})",
        shown(path),
        count(samples.len(), "row", "rows"),
        table.header.in_words()
    ))?;
    terminal::result(&columns::listing(&schema, samples.len()))?;
    columns::constant(&schema).iter().try_for_each(|note| terminal::result(note))?;
    if let Some(labels) = &table.labels {
        let classes = labels.classes();
        let first = classes.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        terminal::result(&format!(
            "{}: {first}{}",
            count(classes.len(), "class", "classes"),
            if classes.len() > 10 { ", …" } else { "" }
        ))?;
    }
    let empty = table.empty_rows + table.len() - samples.len();
    if empty > 0 {
        terminal::result(&format!("{} without any value left out", count(empty, "row", "rows")))?;
    }
    terminal::result("for a series of numbers, one step per row, train with --window")
}

fn info_of_idx(path: &Path) -> Result<()> {
    let array = idx::read(path)?;
    let dims = array.shape().to_vec();
    terminal::result(&format!("{}: IDX, {} values of type {}", shown(path), sizes(&dims), array.element()))?;
    if dims.len() > 1 {
        let samples = Samples::from_idx(array, path)?;
        let (low, high) = samples.range();
        let count = thousands(samples.len());
        terminal::result(&format!(
            "{count} samples of {}, values from {low} to {high} (bytes are divided by 255)",
            sizes(&samples.shape)
        ))?;
        if let Some(note) = advice::of_values(&samples) {
            terminal::result(&note)?;
        }
    } else {
        terminal::result("one dimension: these are labels, not samples")?;
    }
    Ok(())
}
