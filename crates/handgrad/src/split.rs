//! `handgrad split`: the encoder and the decoder of a model, each a file of its own.

use std::path::{Path, PathBuf};

use anyhow::Result;
use handgrad_dataset::thousands;
use handgrad_files::Together;
use handgrad_models::{Part, file};
use serde_json::json;

use crate::args::SplitArgs;
use crate::config::UsageError;
use crate::run_folder::{self, Trained};
use crate::{Done, show, table};

pub fn run(args: &SplitArgs) -> Result<Done> {
    if args.encoder == args.decoder {
        return Err(UsageError("--encoder and --decoder name the same file: give each a name of its own".into()).into());
    }
    let wanted = [(Part::Encoder, &args.encoder), (Part::Decoder, &args.decoder)];
    let wanted = || wanted.iter().filter_map(|(part, out)| out.as_deref().map(|out: &Path| (*part, out)));
    wanted().try_for_each(|(_, out)| table::refuse_to_overwrite(out))?;
    let Trained { network, theta, .. } = run_folder::read_one_of(&args.run, &[Part::Whole])?;
    let (mut new, mut lines) = (Together::default(), Vec::new());
    for (part, out) in wanted() {
        let (network, theta) = network.split(part, &theta)?;
        handgrad_files::write_new(out, &file::encode(&network, &theta)?)?;
        new.add(out);
        lines.push(format!("wrote {}: the {}, {} parameters", out.display(), part.name(), thousands(theta.len())));
    }
    new.keep();
    if !args.json {
        show::result(&lines.join("\n"))?;
    } else {
        let name = |out: &Option<PathBuf>| out.as_ref().map(|out| out.display().to_string());
        show::result(&json!({ "encoder": name(&args.encoder), "decoder": name(&args.decoder) }).to_string())?;
    }
    Ok(Done::Whole)
}
