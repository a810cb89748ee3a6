//! Every fault, one after the other, in one platform on which all is well before and after.

mod access;
mod certificates;
mod cluster;
mod custom;
mod entrances;
mod login;
mod workloads;

use super::{
    fault::{Change, Fault, Undo},
    world::Healthy,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn fault(
    code: &'static str,
    object: &'static str,
    reason: &'static str,
    remedy: &'static str,
    changes: Vec<Change>,
) -> Fault {
    Fault {
        code,
        object,
        reason,
        remedy,
        changes,
    }
}

/// An object with its namespace, or none if that is empty.
fn mk(version: &str, kind: &str, namespace: &str, name: &str, mut rest: Value) -> Value {
    let metadata = match namespace {
        "" => json!({ "name": name }),
        _ => json!({"name": name, "namespace": namespace}),
    };
    rest["apiVersion"] = version.into();
    rest["kind"] = kind.into();
    json_patch::merge(&mut rest, &json!({ "metadata": metadata }));
    rest
}

/// What the strictest level of Pod Security lets pass.
fn mk_pod(more: Value) -> Value {
    let security = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    let mut spec = json!({
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "main", "image": "registry.example/none:1", "securityContext": security}],
        "restartPolicy": "Never",
    });
    json_patch::merge(&mut spec, &more);
    spec
}

fn mk_data(key: &str, value: &str) -> Value {
    json!({"stringData": {key: value}})
}

/// What of a report is not well: codes, and the findings of one of them.
fn deviations(report: &Value, code: &str) -> (Vec<String>, Vec<Value>) {
    let rows = report["checks"].as_array().unwrap().iter();
    let bad: Vec<&Value> = rows.filter(|row| row["findings"].is_array()).collect();
    let findings = bad
        .iter()
        .filter(|row| row["code"] == code)
        .flat_map(|row| row["findings"].as_array().unwrap().clone());
    let findings = findings.collect();
    (
        bad.iter()
            .map(|row| row["code"].as_str().unwrap().to_owned())
            .collect(),
        findings,
    )
}

/// Looks until the fault, and nothing else, is told of.
async fn is_told(healthy: &Healthy, fault: &Fault, config: &Value) -> Result<(), String> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let (_, report) = healthy.check("", config).await;
        let (codes, findings) = deviations(&report, fault.code);
        let fits = |finding: &Value| {
            let remedy = finding["remedy"].as_str().unwrap();
            let object = finding["object"].as_str().unwrap();
            let is_object = match fault.object.strip_suffix('*') {
                Some(start) => object.starts_with(start),
                None => object == fault.object,
            };
            is_object && finding["reason"] == fault.reason && remedy.contains(fault.remedy)
        };
        if codes == [fault.code] && findings.iter().any(fits) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!(
                "{} {}: {codes:?} {findings:#?}",
                fault.code, fault.object
            ));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn play(healthy: &Healthy, faults: Vec<Fault>) -> Vec<String> {
    let chosen = std::env::var("FAULT").unwrap_or_default();
    let mut wrong = Vec::new();
    for fault in faults.into_iter().filter(|fault| fault.code.contains(&chosen)) {
        let started = Instant::now();
        let mut config = healthy.config.clone();
        let mut undo: Vec<Undo> = Vec::new();
        for change in &fault.changes {
            undo.extend(change.make(&healthy.client, &mut config).await);
        }
        let told = is_told(healthy, &fault, &config).await;
        for undo in undo.into_iter().rev() {
            undo.take_back(&healthy.client).await;
        }
        healthy.heals().await;
        println!(
            "{} {} in {:.1} s",
            fault.code,
            if told.is_ok() { "told" } else { "WRONG" },
            started.elapsed().as_secs_f64()
        );
        wrong.extend(told.err());
    }
    wrong
}

/// What commands of ours mend is mended, one after the other, and what they do not is left.
async fn is_mended(healthy: &Healthy) {
    let mut config = healthy.config.clone();
    for change in [
        Change::Delete("v1/Secret/tekton-pipelines/tekton-dashboard-oidc"),
        Change::Patch(
            "v1/Secret/auth-system/authentik-api-token",
            json!({"stringData": {"token": "revoked"}}),
        ),
        Change::Patch(
            "apps/v1/Deployment/auth-system/dex",
            json!({"spec": {"replicas": 0}}),
        ),
        Change::Delete("rbac.authorization.k8s.io/v1/ClusterRole//platform-operator"),
    ] {
        change.make(&healthy.client, &mut config).await;
    }
    let (planned, _) = healthy.check("--fix --dry-run", &config).await;
    planned.ended(4, &[]);
    let (left, report) = healthy.check("--fix --wait --timeout 60s", &config).await;
    assert_eq!(left.code, Some(0), "{report:#}");
    let fixes = report["fixes"].as_array().unwrap().iter();
    let fixes: Vec<&str> = fixes.map(|fix| fix["command"].as_str().unwrap()).collect();
    println!("{fixes:?}");
    let expected = [
        "secrets generate",
        "authentik token",
        "dex scale",
        "waves install --only rbac",
    ];
    assert_eq!(fixes, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_by_its_root_and_nothing_else_is() {
    let healthy = Healthy::start().await;
    let line = "--failure-threshold warning";
    let (left, report) = healthy.check(line, &healthy.config).await;
    let (codes, _) = deviations(&report, "");
    assert_eq!(codes, [] as [&str; 0], "{report:#}");
    left.ended(0, &[]);
    let requests: u64 = report["requests"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    println!(
        "{requests} requests: {} {}",
        report["requests"], report["summary"]
    );
    assert!(requests < 80, "{}", report["requests"]);

    let all = [
        cluster::cluster(),
        login::secrets(),
        login::identity(),
        login::oidc(),
        workloads::workloads(),
        custom::custom(),
        certificates::certificates(),
        access::rbac(),
        access::jobs(),
        entrances::webhooks(),
        entrances::dns(),
    ];
    let wrong = play(&healthy, all.into_iter().flatten().collect()).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    is_mended(&healthy).await;
    healthy.platform.sandbox.stop().unwrap();
}
