//! Runs of programs.

use std::time::Duration;

use rig::laws::run::{Exit, Run};

fn shell(script: &str) -> Run {
    Run::new("/bin/sh").args(["-c", script])
}

#[tokio::test]
async fn all_that_a_process_lets_out_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    let run = shell(r#"read line; echo "out $line"; echo err >&2; echo -n why > "$MESSAGE"; exit 7"#);
    let run = run.env("MESSAGE", &file).stdin("in\n").termination_message(&file);
    let ran = run.finish().await.unwrap();
    assert_eq!(ran.exit, Exit::Code(7));
    assert!(!ran.succeeded());
    assert_eq!(
        (ran.stdout.as_slice(), ran.stderr.as_slice()),
        (&b"out in\n"[..], &b"err\n"[..])
    );
    assert_eq!(ran.termination_message, b"why");
    assert!(String::from_utf8_lossy(&ran.cmdline).starts_with("/bin/sh\0-c\0read line;"));
    assert!(String::from_utf8_lossy(&ran.environ).starts_with("MESSAGE="));
}

#[tokio::test]
async fn the_environment_is_what_was_given_and_nothing_else() {
    let ran = Run::new("/usr/bin/env").env("ONE", "1").finish().await.unwrap();
    assert_eq!(ran.stdout, b"ONE=1\n");
}

#[tokio::test]
async fn a_process_that_hangs_is_killed() {
    let ran = shell("exec sleep 600")
        .timeout(Duration::from_millis(50))
        .finish()
        .await
        .unwrap();
    assert_eq!(ran.exit, Exit::TimedOut);
    assert!(ran.peak_rss_kib.is_some());
}

#[tokio::test]
async fn a_signal_is_told_from_a_code() {
    let ran = shell("kill -TERM $$").finish().await.unwrap();
    assert_eq!(ran.exit, Exit::Signal(15));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let error = Run::new("/nowhere/aphex-ops").finish().await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/aphex-ops"), "{error}");
}
