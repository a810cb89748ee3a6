//! The `rig` command's arguments, and what each command does.

mod actions;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use rig::authentik::{self, command::AuthentikArgs};
use rig::sandbox::{self, AuditMark, Component, DexDeployment, Named, Programs, Sandbox, SandboxError, Size};

use actions::{apply, audit, bench_start, down, image, install, load, logs, status, up};

/// Real clusters and stand-ins for tests.
#[derive(Debug, Parser)]
#[command(name = "rig", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a sandbox in the background and wait until it is ready.
    Up {
        #[command(flatten)]
        which: Which,
        /// How much of a cluster.
        #[arg(long, value_enum, default_value_t = Size::ControlPlane)]
        size: Size,
    },
    /// End a sandbox and remove everything of it, also after a crash.
    Down {
        #[command(flatten)]
        which: Which,
        /// Every sandbox.
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// List the sandboxes.
    Status,
    /// Print the path of the administrator's kubeconfig.
    Kubeconfig {
        #[command(flatten)]
        which: Which,
    },
    /// Print the log of one process, or the processes' names.
    Logs {
        #[command(flatten)]
        which: Which,
        /// For example `kube-apiserver`, or `launcher`.
        process: Option<String>,
    },
    /// Put images into a sandbox of size node: tarballs, or static programs as NAME=PROGRAM.
    LoadImage {
        #[command(flatten)]
        which: Which,
        /// `image.tar` or `localhost/tool:1=target/tool`.
        #[arg(required = true)]
        images: Vec<String>,
    },
    /// Write a static program as an OCI image, and print the image's digest. The same program gives the same bytes.
    Image {
        /// The program.
        #[arg(long)]
        program: PathBuf,
        /// The image's name; may be repeated.
        #[arg(long = "name", required = true)]
        names: Vec<String>,
        /// The tarball.
        tarball: PathBuf,
    },
    /// Apply YAML files, server-side and by force.
    Apply {
        #[command(flatten)]
        which: Which,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the API server's audit log, one request a line.
    Audit {
        #[command(flatten)]
        which: Which,
        /// Print a mark for `--since` instead.
        #[arg(long)]
        mark: bool,
        /// Only requests after this mark.
        #[arg(long, default_value = "0")]
        since: AuditMark,
        /// Only requests of clients whose User-Agent begins like this.
        #[arg(long, default_value = "")]
        user_agent: String,
        /// Only what counts as a write.
        #[arg(long)]
        writes: bool,
    },
    /// Put Dex into a sandbox of size node, as the platform would: with no replicas.
    ApplyDex {
        #[command(flatten)]
        which: Which,
    },
    /// Put the Authentik stand-in into a sandbox of size node.
    ApplyAuthentik {
        #[command(flatten)]
        which: Which,
        /// The namespace.
        #[arg(long, default_value = "auth-system")]
        namespace: String,
    },
    /// Run the Authentik stand-in until it is ended.
    Authentik(AuthentikArgs),
    /// Compile the programs that a size needs, so that starting it takes seconds.
    Build {
        /// How much of a cluster.
        #[arg(long, value_enum, default_value_t = Size::Node)]
        size: Size,
        /// Also what runs on the platform.
        #[arg(long, value_enum, value_delimiter = ',')]
        with: Vec<Component>,
    },
    /// Install parts of the platform into a sandbox of size node, from their own manifests.
    Install {
        #[command(flatten)]
        which: Which,
        /// Which parts, in this order.
        #[arg(required = true, value_enum)]
        components: Vec<Component>,
    },
    /// Start and end sandboxes, and print the median of each stage.
    BenchStart {
        /// How much of a cluster.
        #[arg(long, value_enum, default_value_t = Size::ControlPlane)]
        size: Size,
        /// How many.
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Be the launcher of a background sandbox.
    #[command(hide = true)]
    Launch {
        #[command(flatten)]
        which: Which,
        /// How much of a cluster.
        #[arg(long, value_enum)]
        size: Size,
    },
    /// Connect to a host by its name, to see from a pod whether names and Services work.
    #[command(hide = true)]
    Reach {
        /// `name:port`.
        host: String,
    },
    /// Serve the Git repositories of a folder over HTTP.
    #[command(hide = true)]
    GitServer {
        /// The folder.
        folder: PathBuf,
        /// Where to listen.
        address: SocketAddr,
    },
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

/// Which sandbox.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The sandbox's name.
    #[arg(long, default_value = "default")]
    name: String,
}

impl Which {
    fn named(&self) -> Result<Named, SandboxError> {
        Named::new(&self.name)
    }
}

impl Command {
    /// Runs the command; its exit code.
    pub(crate) async fn run(self) -> Result<u8, SandboxError> {
        match self {
            Self::Up { which, size } => up(&which.named()?, size).await?,
            Self::Down { which, all } => {
                let wanted = if all { Named::all()? } else { vec![which.named()?] };
                wanted.iter().try_for_each(down)?;
            }
            Self::Status => status(&Named::all()?),
            Self::Kubeconfig { which } => {
                println!("{}", which.named()?.ready()?.join("kubeconfig").display())
            }
            Self::Logs { which, process } => logs(&which.named()?, process.as_deref())?,
            Self::LoadImage { which, images } => {
                let sandbox = Sandbox::attach(&which.name).await?;
                images.iter().try_for_each(|image| load(&sandbox, image))?;
            }
            Self::Image {
                program,
                names,
                tarball,
            } => println!("{}", image(&program, &names).write(&tarball)?),
            Self::Apply { which, files } => apply(&Sandbox::attach(&which.name).await?, &files).await?,
            Self::Audit {
                which, mark: true, ..
            } => {
                println!("{}", Sandbox::attach(&which.name).await?.audit_mark().await?);
            }
            Self::Audit {
                which,
                since,
                user_agent,
                writes,
                ..
            } => {
                audit(&Sandbox::attach(&which.name).await?, since, &user_agent, writes).await?;
            }
            Self::ApplyDex { which } => {
                DexDeployment::default()
                    .apply(&Sandbox::attach(&which.name).await?)
                    .await?;
            }
            Self::ApplyAuthentik { which, namespace } => {
                authentik::deploy(&Sandbox::attach(&which.name).await?, &namespace).await?;
            }
            Self::Authentik(args) => {
                let ended = authentik::command::run(args).await;
                ended.map_err(|source| SandboxError::Io {
                    doing: "running the Authentik stand-in".to_owned(),
                    source,
                })?;
            }
            Self::Build { size, with } => {
                let parts = with.iter().flat_map(|component| component.programs());
                Programs::ensure(&size.programs().iter().chain(parts).copied().collect::<Vec<_>>())?;
            }
            Self::Install { which, components } => {
                install(&Sandbox::attach(&which.name).await?, &components).await?;
            }
            Self::GitServer { folder, address } => sandbox::serve_git(folder, address).await?,
            Self::BenchStart { size, runs } => bench_start(size, runs).await?,
            Self::Launch { which, size } => which.named()?.serve(size).await?,
            Self::Reach { host } => {
                let connected = tokio::net::TcpStream::connect(&host).await;
                connected.map_err(|source| SandboxError::Io {
                    doing: format!("connecting to {host}"),
                    source,
                })?;
            }
            Self::Pause => return sandbox::init::pause().await,
            Self::Init { command } => return sandbox::init::run(&command).await,
            Self::Node { folder } => sandbox::run_node(&folder).await?,
        }
        Ok(0)
    }
}
