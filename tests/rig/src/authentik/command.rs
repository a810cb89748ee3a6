//! `rig authentik`: the stand-in as a process of its own.

use std::io;
use std::net::SocketAddr;

use clap::Args;

use super::{Authentik, Latency, Options, Version};

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
        latency: if args.latency {
            Latency::Recorded
        } else {
            Latency::Off
        },
        ..Options::default()
    })
    .await?;
    eprintln!("authentik stand-in listens on {}", authentik.url());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
