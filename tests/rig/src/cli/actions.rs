//! What the commands do that take more than a line.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rig::sandbox::{
    self, AuditMark, Component, Image, Named, Options, Record, Sandbox, SandboxError, Size, State,
};

pub(super) async fn up(named: &Named, size: Size) -> Result<(), SandboxError> {
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

pub(super) fn down(named: &Named) -> Result<(), SandboxError> {
    let was_there = named.down()?;
    eprintln!(
        "rig: sandbox {:?} {}",
        named.name(),
        if was_there { "is gone" } else { "was not there" }
    );
    Ok(())
}

pub(super) fn status(all: &[Named]) {
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

pub(super) fn logs(named: &Named, process: Option<&str>) -> Result<(), SandboxError> {
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
pub(super) fn image(program: &Path, names: &[String]) -> Image {
    let (first, others) = names
        .split_first()
        .map_or(("", names), |(first, others)| (first.as_str(), others));
    let image = Image::of_program(first, program).user("65532:65532");
    others.iter().fold(image, |image, name| image.named(name))
}

pub(super) fn load(sandbox: &Sandbox, image: &str) -> Result<(), SandboxError> {
    match image.split_once('=') {
        Some((name, program)) => sandbox.load_image(&Image::of_program(name, Path::new(program)))?,
        None => sandbox.load_tarball(Path::new(image))?,
    }
    eprintln!("rig: loaded {image}");
    Ok(())
}

pub(super) async fn apply(sandbox: &Sandbox, files: &[PathBuf]) -> Result<(), SandboxError> {
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

pub(super) async fn audit(
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
pub(super) async fn bench_start(size: Size, runs: usize) -> Result<(), SandboxError> {
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

pub(super) async fn install(sandbox: &Sandbox, components: &[Component]) -> Result<(), SandboxError> {
    for component in components {
        let took = component.install(sandbox).await?;
        eprintln!(
            "rig: {component:?}: images after {:.1} s, manifests after {:.1} s more, available after {:.1} s more",
            took.images.as_secs_f64(),
            took.manifests.as_secs_f64(),
            took.available.as_secs_f64(),
        );
    }
    Ok(())
}
