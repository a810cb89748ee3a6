//! The `rig` command's arguments, and what each command does.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use rig::authentik::{self, command::AuthentikArgs};
use rig::sandbox::{
    self, AuditMark, DexDeployment, Image, Named, Options, Programs, Record, Sandbox, SandboxError, Size,
    State,
};

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
            Self::Build { size } => {
                Programs::ensure(size.programs())?;
            }
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

async fn up(named: &Named, size: Size) -> Result<(), SandboxError> {
    eprintln!("rig: starting sandbox {:?} (size {size})", named.name());
    let Record {
        timings, server_url, ..
    } = named.up(size).await?;
    for (stage, milliseconds) in &timings {
        eprintln!(
            "rig: {stage} after {:.1} s",
            Duration::from_millis(*milliseconds).as_secs_f64()
        );
    }
    eprintln!("rig: {} is ready", server_url.unwrap_or_default());
    println!(
        "export KUBECONFIG={}",
        named.ready()?.join("kubeconfig").display()
    );
    Ok(())
}

fn down(named: &Named) -> Result<(), SandboxError> {
    let was_there = named.down()?;
    eprintln!(
        "rig: sandbox {:?} {}",
        named.name(),
        if was_there { "is gone" } else { "was not there" }
    );
    Ok(())
}

fn status(all: &[Named]) {
    println!("{:<20} {:<14} {:<10} SERVER", "NAME", "SIZE", "STATE");
    for named in all {
        let (size, state, server) = match named.state() {
            State::Ready(record) => (
                record.size.to_string(),
                "ready",
                record.server_url.unwrap_or_default(),
            ),
            State::Starting => (String::new(), "starting", String::new()),
            State::Dead => (String::new(), "dead", String::new()),
            State::Absent => continue,
        };
        println!("{:<20} {size:<14} {state:<10} {server}", named.name());
    }
}

fn logs(named: &Named, process: Option<&str>) -> Result<(), SandboxError> {
    match process {
        None => named.logs().iter().for_each(|name| println!("{name}")),
        Some(process) => {
            let path = named.log(process)?;
            let print = || std::io::stdout().write_all(&fs::read(&path)?);
            print().map_err(|source| SandboxError::Io {
                doing: format!("printing {}", path.display()),
                source,
            })?;
        }
    }
    Ok(())
}

/// For a user that is nobody on a node, as Pod Security "restricted" wants it.
fn image(program: &Path, names: &[String]) -> Image {
    let (first, others) = names
        .split_first()
        .map_or(("", names), |(first, others)| (first.as_str(), others));
    let image = Image::of_program(first, program).user("65532:65532");
    others.iter().fold(image, |image, name| image.named(name))
}

fn load(sandbox: &Sandbox, image: &str) -> Result<(), SandboxError> {
    match image.split_once('=') {
        Some((name, program)) => sandbox.load_image(&Image::of_program(name, Path::new(program)))?,
        None => sandbox.load_tarball(Path::new(image))?,
    }
    eprintln!("rig: loaded {image}");
    Ok(())
}

async fn apply(sandbox: &Sandbox, files: &[PathBuf]) -> Result<(), SandboxError> {
    let client = sandbox.client().await?;
    for file in files {
        let text = fs::read_to_string(file).map_err(|source| SandboxError::Io {
            doing: format!("reading {}", file.display()),
            source,
        })?;
        sandbox::apply(&client, &text).await?;
    }
    Ok(())
}

async fn audit(
    sandbox: &Sandbox,
    since: AuditMark,
    user_agent: &str,
    writes: bool,
) -> Result<(), SandboxError> {
    let events = sandbox.audit_since(since).await?;
    let wanted = |event: &&sandbox::AuditEvent| {
        event.user_agent.starts_with(user_agent) && (!writes || event.is_write())
    };
    for event in events.iter().filter(wanted) {
        let code = event
            .code()
            .map_or_else(|| "-".to_owned(), |code| code.to_string());
        println!(
            "{code} {} {} {} {}",
            event.verb, event.request_uri, event.user.username, event.user_agent
        );
    }
    Ok(())
}

/// Prints the machine's load before and after, because it decides what the times mean.
async fn bench_start(size: Size, runs: usize) -> Result<(), SandboxError> {
    println!("load before: {}", load_average());
    let mut stages: Vec<(&str, Vec<Duration>)> = Vec::new();
    for _ in 0..runs {
        let sandbox = Sandbox::start(Options { size }).await?;
        for (place, (stage, took)) in sandbox.timings().iter().enumerate() {
            match stages.get_mut(place) {
                Some((_, all)) => all.push(*took),
                None => stages.push((stage, vec![*took])),
            }
        }
        sandbox.stop()?;
    }
    println!("load after: {}", load_average());
    for (stage, mut all) in stages {
        all.sort_unstable();
        let seconds = |duration: Option<&Duration>| duration.map_or(0.0, Duration::as_secs_f64);
        let (least, median, most) = (
            seconds(all.first()),
            seconds(all.get(all.len() / 2)),
            seconds(all.last()),
        );
        println!(
            "{size}: {stage}: median {median:.1} s, {least:.1} to {most:.1} s ({} runs)",
            all.len()
        );
    }
    Ok(())
}

fn load_average() -> String {
    fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}
