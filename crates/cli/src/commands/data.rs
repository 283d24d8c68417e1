//! `handgrad data`.

use handgrad_files::shown;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use handgrad_dataset::{Samples, did_you_mean, idx, named, sizes, synthetic, thousands};

use crate::advice;
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
    /// Describe the content of an IDX file.
    Info {
        /// The file, plain or compressed with gzip.
        path: PathBuf,
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
        DataCommand::Info { path } => info(path)?,
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

fn info(path: &Path) -> Result<()> {
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
