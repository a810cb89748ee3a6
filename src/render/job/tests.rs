use super::*;
use crate::model::config;
use serde_json::json;

fn mk_command(schedule: Option<&str>) -> Command {
    Command {
        words: vec!["secrets".to_owned(), "generate".to_owned()],
        name: "secrets-generate".to_owned(),
        steps: 1,
        timeout: Duration::from_secs(600),
        schedule: schedule.map(str::to_owned),
        read_only: false,
        rules: vec![Rule::named("auth-system", "", "secrets", ["x"], &["get"])],
        image: "localhost/aphex-ops:1".to_owned(),
    }
}

#[test]
fn the_policy_follows_from_the_exit_codes() {
    let policy = serde_json::to_value(failure_policy()).unwrap();
    let expected = json!({"rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": "aphex-ops", "operator": "In", "values": [2, 6, 7]}},
        {"action": "Count", "onExitCodes": {"containerName": "aphex-ops", "operator": "In",
            "values": [1, 3, 4, 5, 8, 9, 10, 11, 130, 143]}},
    ]});
    assert_eq!(policy, expected);
}

#[test]
fn a_job_comes_after_what_it_needs() {
    let objects = objects(&mk_command(None), &Config::default());
    let kinds: Vec<_> = objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "ServiceAccount",
            "Role",
            "RoleBinding",
            "Role",
            "RoleBinding",
            "Job"
        ]
    );
    let deadline = &objects[5]["spec"]["activeDeadlineSeconds"];
    assert!(deadline.as_i64().unwrap() > 600, "{deadline}");
}

#[test]
fn accounts_name_the_secrets_that_images_are_pulled_with() {
    let config = config::parse("imagePullSecrets: [one, two]\n").unwrap();
    let found = objects(&mk_command(None), &config);
    let secrets = json!([{"name": "one"}, {"name": "two"}]);
    assert_eq!(found[0]["imagePullSecrets"], secrets);
    let without = objects(&mk_command(None), &Config::default());
    assert_eq!(without[0].get("imagePullSecrets"), None);
}

#[test]
fn what_the_command_says_itself_is_not_said_twice() {
    let arguments = |command: &Command| {
        let object = objects(command, &Config::default()).pop().unwrap();
        let job = if object["kind"] == "Job" {
            &object
        } else {
            &object["spec"]["jobTemplate"]
        };
        job["spec"]["template"]["spec"]["containers"][0]["args"].clone()
    };
    let once = json!([
        "secrets",
        "generate",
        "--timeout=600s",
        "--log-format=json",
        "--output=json"
    ]);
    assert_eq!(arguments(&mk_command(None)), once);
    let mut scheduled = mk_command(Some("* * * * *"));
    scheduled.words.push("--timeout=5s".to_owned());
    let skipping = json!([
        "secrets",
        "generate",
        "--timeout=5s",
        "--skip-if-locked",
        "--log-format=json",
        "--output=json"
    ]);
    assert_eq!(arguments(&scheduled), skipping);
}

#[test]
fn only_what_looks_is_never_tried_again() {
    assert_eq!(job(&mk_command(None)).backoff_limit, Some(6));
    let looks = Command {
        read_only: true,
        ..mk_command(None)
    };
    assert_eq!(job(&looks).backoff_limit, Some(0));
}

#[test]
fn a_limit_is_at_most_twice_the_measured_peak() {
    assert_eq!(
        resources::memory("another"),
        resources::memory("tenants-reconcile")
    );
    for (name, peak) in resources::MEASURED_PEAKS {
        assert!(10 * resources::memory(name).limit <= 2 * peak);
    }
}
