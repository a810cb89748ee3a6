//! `rig authentik`: the stand-in as a process of its own.

use std::io;
use std::net::SocketAddr;

use clap::Args;

use super::{Authentik, Latency, Options, ProviderSeed, RouterState, Version};

/// Run the Authentik stand-in until it is ended.
#[derive(Args, Debug)]
pub struct AuthentikArgs {
    /// Address to listen on
    #[arg(long, default_value = "0.0.0.0:9000")]
    listen: SocketAddr,
    /// API version: 2024.2, 2024.12, 2025.10, 2025.12 or 2026.8
    #[arg(long, default_value = "2025.10")]
    api_version: Version,
    /// Password of akadmin
    #[arg(
        long,
        env = "AUTHENTIK_BOOTSTRAP_PASSWORD",
        hide_env_values = true,
        default_value = "akadmin-password"
    )]
    admin_password: String,
    /// Key of the bootstrap token; without it there is none
    #[arg(long, env = "AUTHENTIK_BOOTSTRAP_TOKEN", hide_env_values = true)]
    bootstrap_token: Option<String>,
    /// Redirect URI of the provider "Dex OIDC Provider"
    #[arg(long, default_value = "https://dex.home.local/callback")]
    redirect_uri: String,
    /// Answer so many requests as if still starting
    #[arg(long, default_value_t = 0)]
    starting: usize,
    /// Answer as slowly as the recorded server
    #[arg(long)]
    latency: bool,
}

/// Runs the stand-in until SIGTERM or SIGINT.
///
/// # Errors
/// The address cannot be bound.
pub async fn run(args: AuthentikArgs) -> io::Result<()> {
    let authentik = Authentik::start(Options {
        listen: args.listen,
        version: args.api_version,
        admin_password: args.admin_password,
        bootstrap_token: args.bootstrap_token.filter(|token| !token.is_empty()),
        providers: vec![ProviderSeed {
            redirect_uris: vec![args.redirect_uri],
            ..ProviderSeed::dex()
        }],
        latency: if args.latency {
            Latency::Recorded
        } else {
            Latency::Off
        },
        ..Options::default()
    })
    .await?;
    authentik.script([(RouterState::Starting, args.starting)]).await?;
    eprintln!("authentik stand-in listens on {}", authentik.url());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Rig {
        #[command(flatten)]
        args: AuthentikArgs,
    }

    #[test]
    fn the_command_line() -> Result<(), clap::Error> {
        let rig = Rig::try_parse_from([
            "rig",
            "--listen",
            "127.0.0.1:0",
            "--api-version",
            "2026.8",
            "--starting",
            "3",
        ])?;
        assert_eq!((rig.args.api_version, rig.args.starting), (Version::V2026_8, 3));
        assert_eq!(rig.args.listen.port(), 0);
        assert!(Rig::try_parse_from(["rig", "--api-version", "2023.1"]).is_err());
        Ok(())
    }
}
