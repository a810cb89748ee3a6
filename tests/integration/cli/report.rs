//! The report of a run in its forms, against a real API server: stdout is data, stderr is the rest.

use super::cluster::Cluster;
use serde_json::Value;

#[tokio::test]
async fn a_run_is_reported_in_every_form() {
    let cluster = Cluster::share("report-forms").await;
    let json = cluster.run("namespaces ensure -o json").await;
    json.ended(
        0,
        &["Target cluster", cluster.server(), "report-forms-auth: created"],
    );
    let report = json.json();
    assert_eq!(
        (&report["apiVersion"], &report["kind"]),
        (&"ops.aphex.io/v1alpha1".into(), &"Report".into())
    );
    assert_eq!(
        (&report["command"], &report["step"]),
        (&"namespaces ensure".into(), &"namespaces ensure".into())
    );
    assert_eq!(
        (&report["exitCode"], &report["dryRun"]),
        (&0.into(), &false.into())
    );
    assert_eq!(report["cluster"]["server"], cluster.server());
    assert!(
        report["runID"].as_str().is_some_and(|id| id.len() == 16),
        "{report}"
    );
    assert!(
        report["startedAt"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{report}"
    );
    assert!(
        report["rounds"].as_u64() >= Some(2) && report["requests"]["patch"] == 3,
        "{report}"
    );
    let created = |report: &Value| {
        let actions = report["actions"].as_array().unwrap().clone();
        actions
            .into_iter()
            .filter(|action| action["outcome"] == "created")
            .count()
    };
    assert_eq!(created(&report), 3, "taking the lock makes the fourth: {report}");
    let again = cluster.run("namespaces ensure -o yaml").await;
    let again: Value =
        serde_saphyr::from_str(&again.ended(0, &["namespaces ensure: unchanged"]).stdout).unwrap();
    assert_eq!(
        (again["actions"].as_array().map(Vec::len), created(&again)),
        (Some(4), 0),
        "{again}"
    );
    let wide = cluster.run("namespaces ensure -o wide").await;
    assert!(
        wide.ended(0, &[])
            .stdout
            .contains("Namespace report-forms-argocd"),
        "{wide:?}"
    );
    let table = cluster.run("namespaces ensure").await;
    assert!(
        table
            .ended(0, &["Next: aphex-ops secrets generate"])
            .stdout
            .starts_with("4 unchanged in "),
        "{table:?}"
    );
}

#[tokio::test]
async fn names_are_those_of_what_changed() {
    let cluster = Cluster::share("report-names").await.with_namespaces().await;
    let left = cluster.run("secrets generate -o name").await;
    let mut names: Vec<&str> = left.ended(0, &[]).stdout.lines().collect();
    names.sort_unstable();
    let expected = [
        "secret/argocd-secret",
        "secret/authentik-postgresql",
        "secret/authentik-secrets",
        "secret/dex-secrets",
        "secret/tekton-dashboard-oidc",
    ];
    assert_eq!(names, expected);
    let again = cluster.run("secrets generate -o name").await;
    assert_eq!(again.ended(0, &[]).stdout.trim(), "");
}

#[tokio::test]
async fn a_dry_run_says_what_is_pending_and_changes_nothing() {
    let cluster = Cluster::share("report-dry").await;
    cluster.run("namespaces ensure --dry-run").await.ended(0, &[]);
    let pending = cluster
        .run("namespaces ensure --dry-run --exit-code -o json")
        .await;
    let report = pending.ended(3, &[]).json();
    assert_eq!(report["dryRun"], true);
    let actions = report["actions"].as_array().unwrap();
    assert!(
        actions.len() == 4 && actions.iter().all(|action| action.get("outcome").is_none()),
        "{report}"
    );
    let table = cluster.run("namespaces ensure --dry-run").await.stdout;
    assert!(
        table.ends_with("Plan: 4 to do, 0 unchanged, 0 waiting, 0 failed; nothing was changed\n"),
        "{table}"
    );
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
    cluster.run("namespaces ensure").await.ended(0, &[]);
    cluster
        .run("namespaces ensure --dry-run --exit-code")
        .await
        .ended(0, &[]);
}

#[tokio::test]
async fn status_is_one_table_of_what_stands() {
    let cluster = Cluster::share("report-status").await;
    let before = cluster.run("status").await;
    let rows: Vec<&str> = before.ended(0, &[]).stdout.lines().collect();
    assert!(
        rows[0].starts_with("STEP") && rows[1].starts_with("namespaces ensure   pending"),
        "{rows:#?}"
    );
    cluster.run("namespaces ensure").await.ended(0, &[]);
    let after = cluster.run("status").await.stdout;
    assert!(
        after.lines().any(|row| row.starts_with("namespaces ensure   ok")),
        "{after}"
    );
    assert!(
        cluster
            .writes()
            .await
            .iter()
            .all(|write| write.contains("report-status")),
        "only the namespaces"
    );
}
