//! The first process of a process-id namespace: it buries the orphans, which nobody else would.

use std::process::Command;

use tokio::signal::unix::{SignalKind, signal};

use super::error::SandboxError;

/// Runs a command and returns its exit code as soon as it ends; with it ends the whole namespace.
///
/// # Errors
/// When the command cannot be started.
pub async fn run(words: &[String]) -> Result<u8, SandboxError> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(2);
    };
    let child = Command::new(program).args(arguments).spawn();
    let child = child.map_err(SandboxError::io(format!("starting {program}")))?;
    let child = i32::try_from(child.id()).unwrap_or_default();
    loop_until(|pid, status| (pid == child).then(|| status.unwrap_or(1))).await
}

/// What keeps a pod's namespaces open: does nothing until it is told to end.
///
/// # Errors
/// When signals cannot be received.
pub async fn pause() -> Result<u8, SandboxError> {
    loop_until(|_, _| None).await
}

/// Buries every process that ends, until `last` knows the exit code or somebody asks for the end.
async fn loop_until(last: impl Fn(i32, Option<u8>) -> Option<u8>) -> Result<u8, SandboxError> {
    let receive = |kind| signal(kind).map_err(SandboxError::io("receiving signals"));
    let mut deaths = receive(SignalKind::child())?;
    let mut terminate = receive(SignalKind::terminate())?;
    let mut interrupt = receive(SignalKind::interrupt())?;
    loop {
        while let Ok(Some((pid, status))) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
            let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
            if let Some(code) = last(pid.as_raw_pid(), code) {
                return Ok(code);
            }
        }
        tokio::select! {
            _ = deaths.recv() => {}
            _ = terminate.recv() => return Ok(0),
            _ = interrupt.recv() => return Ok(0),
        }
    }
}
