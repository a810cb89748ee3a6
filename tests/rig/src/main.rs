//! The `rig` command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rig::sandbox::{self, SandboxError};

/// Real clusters and stand-ins for tests.
#[derive(Debug, Parser)]
#[command(name = "rig", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep a pod's namespaces open (the image localhost/pause:1).
    #[command(hide = true)]
    Pause,
    /// Run a command as the first process of a process-id namespace.
    #[command(hide = true)]
    Init {
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Run the node inside the namespaces that were made for it.
    #[command(hide = true)]
    Node {
        /// The sandbox's folder.
        folder: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<u8, SandboxError> {
    match command {
        Command::Pause => sandbox::init::pause().await,
        Command::Init { command } => sandbox::init::run(&command).await,
        Command::Node { folder } => sandbox::run_node(&folder).await.map(|()| 0),
    }
}
