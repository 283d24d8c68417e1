//! `handgrad playground`: a page on which every number of a small autoencoder can be looked at, changed and stepped. It
//! is served by this program, whose layers compute it.

use anyhow::{Context, Result};
use clap::Args;
use handgrad_study::playground;

use crate::exit::Done;
use crate::server::{Request, Response, Server};
use crate::terminal;

#[derive(Args, Debug)]
#[command(after_help = "\
The program serves the page at an address of this computer, which no other
computer can reach, until you press Ctrl-C. Nothing is written to the disk.

Examples:
  handgrad playground
  handgrad playground --port 8080")]
pub struct PlaygroundArgs {
    /// The port of the address [default: any free port].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
}

/// The command that opens an address in the browser.
const OPEN: &str = if cfg!(windows) {
    "start"
} else if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

pub fn run(args: &PlaygroundArgs) -> Result<Done> {
    let page = handgrad_pictures::playground::html(&playground::beginning()?);
    let port = args.port;
    let server = Server::open(port).with_context(|| match port {
        0 => "there is no free port on 127.0.0.1".to_string(),
        _ => format!("port {port} of 127.0.0.1 cannot be used; give --port another number, or leave it out"),
    })?;
    let address = server.address();
    terminal::result(&format!(
        "The playground is at {address}\nOpen this address in a browser, for example with: {OPEN} {address}\n\
         Ctrl-C ends it."
    ))?;
    server.serve(|request| answer(&page, request));
    Ok(Done::Whole)
}

fn answer(page: &str, request: &Request) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "") => Response { status: "200 OK", kind: "text/html; charset=utf-8", body: page.into() },
        ("POST", "ask") => match playground::answer(&request.body) {
            Ok(answer) => {
                Response { status: "200 OK", kind: "application/json", body: answer.to_string().into_bytes() }
            }
            Err(error) => Response::text("400 Bad Request", &error.to_string()),
        },
        _ => Response::refusal("404 Not Found"),
    }
}
