//! With `--log-format json`, what a run says is JSON lines throughout, and each carries the run's id.

use super::{
    cluster::Cluster,
    program::{Left, Program},
};
use serde_json::Value;

const JSON: &str = "--log-format json -vv -o json";

/// The lines of stderr, each of which must be an object with a time, a level and the one id of the run.
#[track_caller]
fn lines(left: &Left) -> (String, Vec<Value>) {
    let parse = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?} of {left:#?}"))
    };
    let lines: Vec<Value> = left.stderr.lines().map(parse).collect();
    let id = lines[0]["runID"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 16, "{left:#?}");
    for line in &lines {
        assert_eq!(line["runID"], id.as_str(), "{line}");
        assert!(
            line["time"].as_str().is_some_and(|time| time.ends_with('Z')),
            "{line}"
        );
        let level = line["level"].as_str().unwrap_or_default();
        assert!(["error", "warn", "info", "debug"].contains(&level), "{line}");
    }
    (id, lines)
}

/// The document on stdout, which must be one line.
#[track_caller]
fn in_one_line(left: &Left) -> Value {
    assert_eq!(left.stdout.lines().count(), 1, "{left:#?}");
    left.json()
}

fn errors(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["event"] == "error").collect()
}

#[tokio::test]
async fn requests_progress_and_the_report_have_the_same_id() {
    let cluster = Cluster::share("lines-run").await;
    let left = cluster.run(&format!("namespaces ensure {JSON}")).await;
    let (id, lines) = lines(left.ended(0, &[]));
    assert_eq!(in_one_line(&left)["runID"], id.as_str());
    let requests = lines.iter().filter(|line| {
        line["message"] == "answered" && line["url"].as_str().is_some_and(|url| url.starts_with("/api"))
    });
    assert!(requests.count() > 4, "{lines:#?}");
    for event in ["target", "started", "acting", "acted", "ended"] {
        assert!(
            lines.iter().any(|line| line["event"] == event),
            "no {event}: {lines:#?}"
        );
    }
    assert_eq!(errors(&lines), [] as [&Value; 0]);
}

#[tokio::test]
async fn no_line_holds_a_secret() {
    let cluster = Cluster::share("lines-secret").await.with_namespaces().await;
    // The second run reads them, and what it reads must not be told either.
    for _ in 0..2 {
        let left = cluster.run(&format!("secrets generate {JSON}")).await;
        lines(left.ended(0, &[]));
        let values = cluster.secret_values("auth").await;
        assert!(values.len() > 6, "only {} values", values.len());
        let told = |value: &String| left.stderr.contains(value) || left.stdout.contains(value);
        assert!(!values.iter().any(told), "{left:#?}");
    }
}

#[tokio::test]
async fn every_report_of_a_playbook_has_the_id_and_every_failure_is_a_line() {
    let cluster = Cluster::share("lines-fail").await.with_namespaces().await;
    let line = format!("bootstrap --only verify {JSON} --skip-external --timeout 1s");
    let left = cluster.run(&line).await;
    let (id, lines) = lines(left.ended(5, &[]));
    let list = in_one_line(&left);
    let reports = list["items"].as_array().unwrap();
    assert!(
        reports.iter().all(|report| report["runID"] == id.as_str()),
        "{list}"
    );
    let failure = &reports[0]["failures"][0];
    let errors = errors(&lines);
    assert_eq!(errors.len(), 1, "{lines:#?}");
    assert_eq!(
        (&errors[0]["level"], &errors[0]["code"]),
        (&"error".into(), &5.into())
    );
    for field in ["reason", "object", "message", "hint"] {
        assert!(errors[0][field].is_string(), "{errors:#?}");
        assert_eq!(errors[0][field], failure[field]);
    }
}

#[tokio::test]
async fn what_ends_before_a_request_is_lines_too() {
    for line in [
        "namespaces ensure",
        "namespaces ensure --quiet",
        "namespaces ensure --progress none",
        "namespaces ensure --unknown",
        "unknown",
        "playbook show unknown",
    ] {
        let left = Program::new(&format!("{line} {JSON}")).run().await;
        let (_, lines) = lines(left.ended(2, &[]));
        let errors = errors(&lines);
        assert_eq!(errors.len(), 1, "{left:#?}");
        assert_eq!(
            (&errors[0]["reason"], &errors[0]["code"]),
            (&"InvalidConfig".into(), &2.into())
        );
    }
    let usage = Program::new("namespaces ensure --unknown --log-format=json")
        .run()
        .await;
    let message = lines(usage.ended(2, &[])).1[0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.starts_with("unexpected argument '--unknown'"),
        "{message}"
    );
}

#[tokio::test]
async fn what_is_chosen_explicitly_wins_over_the_format_of_log_lines() {
    let left = Program::new("version --log-format json --progress plain -o json")
        .run()
        .await;
    assert_eq!(left.ended(0, &[]).stderr, "");
    assert_eq!(in_one_line(&left)["kind"], "Version");
    let cluster = Cluster::share("lines-plain").await;
    let left = cluster
        .run("namespaces ensure --dry-run --log-format json --progress plain")
        .await;
    left.ended(0, &["Target cluster https://"]);
    let text = cluster.run("namespaces ensure --dry-run -vv").await;
    assert!(
        text.ended(0, &["Target cluster https://"])
            .stderr
            .lines()
            .all(|line| !line.starts_with('{')),
        "{text:#?}"
    );
}
