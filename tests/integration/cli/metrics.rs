//! `--metrics-file`: what is in it, however a run ends, and what happens when it cannot be written.

use super::{
    cluster::Cluster,
    program::{Left, Program},
};
use rustix::process::Signal;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A folder, and the file in it.
fn target() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aphex-ops.prom");
    (folder, file)
}

/// The samples by their names with labels; the text must be complete and alone in its folder.
fn samples(file: &Path) -> BTreeMap<String, f64> {
    let others = fs::read_dir(file.parent().unwrap()).unwrap().count();
    assert_eq!(others, 1, "something was left beside {}", file.display());
    let text = fs::read_to_string(file).unwrap();
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

async fn measured(program: Program) -> (Left, BTreeMap<String, f64>) {
    let (_folder, file) = target();
    let left = program.arg("--metrics-file", &file).run().await;
    let samples = samples(&file);
    (left, samples)
}

#[tokio::test]
async fn a_run_is_measured_and_no_secret_is_in_it() {
    let cluster = Cluster::share("metrics-run").await.with_namespaces().await;
    let (_folder, file) = target();
    fs::write(&file, "of an earlier run").unwrap();
    let program = cluster.program("secrets generate -o json -vv");
    let left = program.arg("--metrics-file", &file).run().await;
    let report = left.ended(0, &[]).json();
    let found = samples(&file);
    let value = |name: &str, labels: &str| {
        let name = format!("aphex_ops_{name}{{command=\"secrets generate\"{labels}}}");
        *found
            .get(&name)
            .unwrap_or_else(|| panic!("no {name} in {found:#?}"))
    };
    assert_eq!(value("run_exit_code", ""), 0.0);
    assert!(value("run_end_seconds", "") > 1.7e9);
    let step = r#",step="secrets generate""#;
    assert_eq!(value("step_exit_code", step), 0.0);
    assert_eq!(report["durationSeconds"], value("step_duration_seconds", step));
    assert!(value("run_duration_seconds", "") >= value("step_duration_seconds", step));
    assert_eq!(
        value("step_objects", &format!(r#"{step},outcome="created""#)),
        5.0
    );
    assert_eq!(value("step_objects", &format!(r#"{step},outcome="failed""#)), 0.0);
    assert_eq!(value("run_requests", r#",verb="patch",code="201""#), 5.0);
    for (verb, count) in report["requests"].as_object().unwrap() {
        let label = format!("verb=\"{verb}\"");
        let of_verb = found.iter().filter(|(name, _)| name.contains(&label));
        let sum: f64 = of_verb.map(|(_, count)| count).sum();
        assert!(
            Some(sum) >= count.as_f64(),
            "{verb}: {sum} of {count}: the lock takes some besides"
        );
    }
    let text = fs::read_to_string(&file).unwrap();
    let values = cluster.secret_values("auth").await;
    assert!(values.len() > 6, "only {} values", values.len());
    assert!(!values.iter().any(|value| text.contains(value)), "{text}");
}

#[tokio::test]
async fn a_run_that_fails_is_measured_too() {
    let exit_of = |found: &BTreeMap<String, f64>, command: &str| {
        found
            .get(&format!("aphex_ops_run_exit_code{{command=\"{command}\"}}"))
            .copied()
    };
    let (left, found) = measured(Program::new("playbook run unknown")).await;
    left.ended(2, &[]);
    assert_eq!(
        (exit_of(&found, "playbook run unknown"), found.len()),
        (Some(2.0), 3),
        "{found:#?}"
    );
    let cluster = Cluster::share("metrics-fail").await.with_namespaces().await;
    let (left, found) = measured(cluster.program("bootstrap --only scale --timeout 1s")).await;
    left.ended(5, &[]);
    assert_eq!(exit_of(&found, "bootstrap"), Some(5.0), "{found:#?}");
    // The Deployment and its Secrets are waited for.
    for (outcome, count) in [("waiting", 2.0), ("failed", 1.0)] {
        let name =
            format!(r#"aphex_ops_step_objects{{command="bootstrap",step="dex scale",outcome="{outcome}"}}"#);
        assert_eq!(found.get(&name), Some(&count), "{found:#?}");
    }
    let (left, found) = measured(cluster.program("status --skip-external")).await;
    left.ended(0, &[]);
    let name = r#"aphex_ops_step_exit_code{command="status",step="oidc verify"}"#;
    assert!(found.contains_key(name), "{found:#?}");
    let (_folder, file) = target();
    let mut run = cluster.program("dex scale").arg("--metrics-file", &file).start();
    run.says("waiting for").await;
    run.signal(Signal::TERM);
    run.end().await.ended(143, &[]);
    assert_eq!(exit_of(&samples(&file), "dex scale"), Some(143.0));
}

#[tokio::test]
async fn requests_without_an_answer_are_counted() {
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "demo",
        "clusters": [{"name": "demo", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": ""}}],
    });
    let program = Program::new("secrets status").arg_file("--kubeconfig", &config.to_string());
    let (left, found) = measured(program).await;
    left.ended(10, &[]);
    let unanswered = found.iter().find(|(name, _)| name.contains(r#"code="none""#));
    assert!(unanswered.is_some_and(|(_, count)| *count > 1.0), "{found:#?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_a_warning() {
    let (folder, file) = target();
    let places = [
        "/nowhere/aphex-ops.prom".into(),
        // A file system that takes no new files, whoever asks.
        "/proc/aphex-ops.prom".into(),
        "/".into(),
        folder.path().to_owned(),
    ];
    for place in places {
        let left = Program::new("version").arg("--metrics-file", &place).run().await;
        left.ended(
            0,
            &[
                "WARN",
                "the metrics could not be written",
                place.to_str().unwrap(),
            ],
        );
        assert!(left.stdout.starts_with("aphex-ops "), "{left:?}");
    }
    let failed = Program::new("playbook show unknown --metrics-file /nowhere/m")
        .run()
        .await;
    failed.ended(2, &["the metrics could not be written", "there is no playbook"]);
    assert!(!file.exists());
}

#[tokio::test]
async fn nobody_reads_half_a_file() {
    let (_folder, file) = target();
    Program::new("version").arg("--metrics-file", &file).run().await;
    let (done, reads) = (tokio::sync::watch::channel(false), file.clone());
    let reader = tokio::task::spawn_blocking(move || {
        let mut read = 0;
        while !*done.1.borrow() {
            let text = fs::read_to_string(&reads).unwrap();
            assert!(text.ends_with("\n# EOF\n"), "{text:?}");
            read += 1;
        }
        read
    });
    for _ in 0..20 {
        let left = Program::new("version").arg("--metrics-file", &file).run().await;
        left.ended(0, &[]);
    }
    done.0.send(true).unwrap();
    assert!(reader.await.unwrap() > 20);
}
