//! `handgrad data`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handgrad_dataset::{Samples, idx, named, sizes, synthetic, thousands};

use crate::args::DataCommand;
use crate::{Done, show};

pub fn run(command: &DataCommand) -> Result<Done> {
    match command {
        DataCommand::List { place } => list(&place.folder())?,
        DataCommand::Fetch { name, place } => fetch(name, &place.folder())?,
        DataCommand::Info { path } => info(path)?,
        DataCommand::Synthesize { out, seed, train, validation } => {
            refuse_to_overwrite(out)?;
            synthetic::write(out, *seed, *train as usize, *validation as usize)?;
            let (train, validation) = (thousands(*train as usize), thousands(*validation as usize));
            show::result(&format!("wrote {train} training and {validation} validation images to {}", out.display()))?;
        }
    }
    Ok(Done::Whole)
}

/// Nothing that is there is replaced by drawings: it may be the real set.
fn refuse_to_overwrite(out: &Path) -> Result<()> {
    let set = named::find("mnist").map_or(&[][..], |set| set.files);
    if let Some(file) = set.iter().find(|file| out.join(file.name).symlink_metadata().is_ok()) {
        bail!("{}: is there already; choose another folder with --out", out.join(file.name).display());
    }
    Ok(())
}

fn list(data_dir: &Path) -> Result<()> {
    for set in named::all() {
        let folder = data_dir.join(set.name);
        let there = set.files.iter().filter(|file| folder.join(file.name).exists()).count();
        let state = match (there, set.files.len()) {
            (_, 0) => "always there".to_string(),
            (there, all) if there == all => format!("in {}", folder.display()),
            (0, _) => format!("not here: `handgrad data fetch {}`", set.name),
            (there, all) => format!("{there} of {all} files here: `handgrad data fetch {}`", set.name),
        };
        show::result(&format!("{:14} {}\n{:14} {}; {state}", set.name, set.about, "", set.licence))?;
    }
    Ok(())
}

fn fetch(name: &str, data_dir: &Path) -> Result<()> {
    let set = named::find(name).with_context(|| {
        let names: Vec<_> = named::all().iter().map(|set| set.name).collect();
        format!("there is no data set {name:?}: there are {}", names.join(", "))
    })?;
    let folder = named::fetch(set, data_dir, &show::Download::new(false))?;
    if set.files.is_empty() {
        show::result(&format!("{name} is drawn where it is used: there is nothing to fetch"))?;
    } else {
        show::result(&format!(
            "{name} is in {}: {} files, each with its right SHA-256",
            folder.display(),
            set.files.len()
        ))?;
    }
    Ok(())
}

fn info(path: &Path) -> Result<()> {
    let array = idx::read(path)?;
    let dims = array.shape().to_vec();
    show::result(&format!("{}: IDX, {} values of type {}", path.display(), sizes(&dims), array.element()))?;
    if dims.len() > 1 {
        let samples = Samples::from_idx(array, path)?;
        let (low, high) = samples.range();
        let count = thousands(samples.len());
        show::result(&format!(
            "{count} samples of {}, values from {low} to {high} (bytes count as value/255)",
            sizes(&samples.shape)
        ))?;
    } else {
        show::result("one dimension: labels, not samples")?;
    }
    Ok(())
}
