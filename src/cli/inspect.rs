//! `oidc inspect`: what a token says, and whether it holds.

use super::{options::Options, output::Printed, process::Ended};
use crate::{
    converge::Stop,
    http::Http,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
    oidc::{
        Document,
        checks::{Expected, Plain},
        keys::{self, KeySet},
        provider::{KeysFrom, look},
        token::{Token, Wanted},
    },
    report::token::TokenReport,
};
use clap::Args;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// File with the token; without it, it is read from stdin
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A client id that the token may be for; may be repeated
    #[arg(long, value_name = "ID", default_values = ["kubernetes", "argocd", "tekton-dashboard"])]
    audience: Vec<String>,
    /// File with the issuer's key set, instead of asking the issuer
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
}

/// No more of a file than any token has.
const MOST: u64 = 64 << 10;

pub(super) async fn inspect(options: &Options, args: &InspectArgs) -> Result<Ended, Failure> {
    let config = options.run.load_config()?;
    let text = text(args.token_file.as_deref())?;
    let token = Token::parse(&text).map_err(|finding| {
        Failure::new(
            Exit::CheckFailed,
            Reason::InvalidValue,
            format!("this is no token: {}", finding.message),
        )
        .hint("pass the token alone, as a client shows it: three parts with dots between them")
    })?;
    let issuer = config.dex_issuer();
    let keys = match &args.jwks {
        Some(path) => from_file(path)?,
        None => {
            let http = Http::new(&config, &Stop::default())?;
            from_issuer(&http, &issuer).await?
        }
    };
    let rules = token.judge(Wanted {
        issuer: &issuer,
        audiences: &args.audience,
        keys: keys.as_ref().map_err(String::as_str),
        now: jiff::Timestamp::now(),
    });
    let exit = match rules.iter().all(|rule| rule.holds) {
        true => Exit::Done,
        false => Exit::CheckFailed,
    };
    let report = TokenReport::new(&token, rules);
    Ok(Ended {
        exit,
        ..Ended::only(Printed::Token(Box::new(report)))
    })
}

fn unread(path: &str, error: std::io::Error) -> Failure {
    Failure::new(Exit::Usage, Reason::InvalidConfig, format!("cannot read {path}")).caused_by(error)
}

fn text(path: Option<&Path>) -> Result<String, Failure> {
    let mut text = String::new();
    match path {
        Some(path) => {
            let name = path.display().to_string();
            let file = std::fs::File::open(path).map_err(|error| unread(&name, error))?;
            file.take(MOST)
                .read_to_string(&mut text)
                .map_err(|error| unread(&name, error))?;
        }
        None => {
            let read = std::io::stdin().take(MOST).read_to_string(&mut text);
            read.map_err(|error| unread("stdin", error))?;
        }
    }
    Ok(text)
}

fn from_file(path: &Path) -> Result<Result<KeySet, String>, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| unread(&name, error))?;
    let document = Document::parse(&text).map_err(|finding| {
        Failure::new(
            Exit::Usage,
            Reason::InvalidConfig,
            format!("{name}: {}", finding.message),
        )
    })?;
    let (set, findings) = keys::keys(&document);
    Ok(keys::usable(set, &findings))
}

async fn from_issuer(http: &Http, issuer: &str) -> Result<Result<KeySet, String>, Failure> {
    let plain = Plain::InCluster;
    let found = look(http, issuer, Expected { issuer, plain }, KeysFrom::Document).await?;
    Ok(found.keys())
}
