//! `handgrad split`: the encoder and the decoder of a model, each a file of its own.

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

    /// The file for the encoder, which must not be there yet. `handgrad encode` takes it in place of the model.
    #[arg(long, value_name = "FILE.safetensors")]
    encoder: Option<PathBuf>,

    /// The file for the decoder, which must not be there yet. `handgrad decode` takes it in place of the model, and of
    /// a variational model `handgrad sample`.
    #[arg(long, value_name = "FILE.safetensors")]
    decoder: Option<PathBuf>,

    /// Print one JSON object as the last line of the standard output.
    #[arg(long)]
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
        let (count, out) = (thousands(half.weights().len()), out.display());
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
