//! `handgrad split`: writes the encoder and the decoder of a model to separate files.

use handgrad_files::shown;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgGroup, Args};
use handgrad_dataset::thousands;
use handgrad_files::{Together, place, write_new};
use handgrad_models::Part;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::terminal;

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("parts").required(true).multiple(true).args(["encoder", "decoder"])))]
pub struct SplitArgs {
    /// A run folder, or a model.safetensors file.
    run: PathBuf,

    /// A new file for the encoder. `handgrad encode` accepts it instead of a model.
    #[arg(long, value_name = "FILE.safetensors")]
    encoder: Option<PathBuf>,

    /// A new file for the decoder. `handgrad decode` accepts it instead of a model; so does `handgrad sample`, if the
    /// model is variational.
    #[arg(long, value_name = "FILE.safetensors")]
    decoder: Option<PathBuf>,

    /// Print one JSON object as the last line of the standard output.
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub fn run(args: &SplitArgs) -> Result<Done> {
    if args.encoder == args.decoder {
        return Err(UsageError("--encoder and --decoder name the same file: give each a name of its own".into()).into());
    }
    let wanted = [(Part::Encoder, &args.encoder), (Part::Decoder, &args.decoder)];
    let wanted = || wanted.iter().filter_map(|(part, out)| out.as_deref().map(|out: &Path| (*part, out)));
    wanted().try_for_each(|(_, out)| place::must_be_free(out))?;
    let (model, _) = handgrad_runs::model(&args.run, &[Part::Whole])?;
    let (mut new, mut lines) = (Together::default(), Vec::new());
    for (part, out) in wanted() {
        let half = model.split(part)?;
        write_new(out, &half.to_bytes()?)?;
        new.add(out);
        let (count, out) = (thousands(half.weights().len()), shown(out));
        lines.push(format!("wrote {out}: the {}, {count} parameters", part.name()));
    }
    new.keep();
    if args.json {
        let name = |out: &Option<PathBuf>| out.as_ref().map(|out| out.display().to_string());
        terminal::result(&json!({ "encoder": name(&args.encoder), "decoder": name(&args.decoder) }).to_string())?;
    } else {
        terminal::result(&lines.join("\n"))?;
    }
    Ok(Done::Whole)
}
