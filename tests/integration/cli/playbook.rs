//! Playbooks: which steps run, in which order, and where they stop.

use super::{
    cluster::Cluster,
    program::{Left, Program},
};

/// The steps of which a report was printed.
fn steps(left: &Left) -> Vec<String> {
    let list = left.json();
    assert_eq!(list["kind"], "List");
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|report| report["step"].as_str().unwrap().to_owned())
        .collect()
}

const MINE: &str = "apiVersion: ops.aphex.io/v1alpha1
kind: Playbook
metadata: {name: mine}
spec:
  steps:
  - {name: one, why: it is first, run: [namespaces, ensure]}
  - {name: two, why: it needs namespaces, run: [secrets, generate]}
  - {name: three, why: it looks, run: [secrets, status]}
  - {name: four, why: it is on k3s only, run: [secrets, status], when: [k3s]}
";

#[tokio::test]
async fn selections_choose_the_steps() {
    let cluster = Cluster::share("play-select").await;
    let cases: [(&str, &[&str]); 6] = [
        ("", &["namespaces ensure", "secrets generate", "secrets status"]),
        ("--skip two", &["namespaces ensure", "secrets status"]),
        ("--skip one --skip two", &["secrets status"]),
        ("--from two", &["secrets generate", "secrets status"]),
        (
            "--only three --only one",
            &["namespaces ensure", "secrets status"],
        ),
        (
            "--from three --profile k3s",
            &["secrets status", "secrets status"],
        ),
    ];
    for (options, expected) in cases {
        let program = cluster.program(&format!("playbook run -o json {options}"));
        let path = program.file("mine.yaml", MINE);
        let left = program.arg("--", path).run().await;
        assert_eq!(steps(left.ended(0, &[])), expected, "{options}");
    }
}

#[tokio::test]
async fn a_selection_of_what_is_not_there_exits_2_and_lists_what_is() {
    let cluster = Cluster::share("play-unknown").await;
    for option in ["--skip", "--from", "--only"] {
        let left = cluster.run(&format!("bootstrap {option} unknown")).await;
        left.ended(
            2,
            &["\"unknown\"", "namespaces, secrets, token, sync, scale, verify"],
        );
    }
    let program = cluster.program("playbook run --only four");
    let path = program.file("mine.yaml", MINE);
    program.arg("--", path).run().await.ended(2, &["leaves no step"]);
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
}

#[tokio::test]
async fn it_stops_at_the_first_step_that_fails_with_its_exit_code() {
    let cluster = Cluster::share("play-stop").await;
    let program = cluster.program("playbook run -o json --skip one --skip two");
    let text = format!("{MINE}  - {{name: five, why: it comes too late, run: [namespaces, ensure]}}\n");
    let path = program.file("mine.yaml", &text);
    let left = program.arg("--", path).run().await;
    assert_eq!(
        steps(left.ended(4, &["aphex-ops secrets generate"])),
        ["secrets status"]
    );
}

#[tokio::test]
async fn a_part_of_the_bootstrap_is_the_same_as_its_command() {
    let cluster = Cluster::share("play-part").await;
    let part = cluster.run("bootstrap --only namespaces -o json").await;
    assert_eq!(steps(part.ended(0, &["[1/1] namespaces"])), ["namespaces ensure"]);
    let whole = cluster.run("namespaces ensure -o json").await.json();
    assert!(
        whole["actions"]
            .as_array()
            .unwrap()
            .iter()
            .all(|action| action["outcome"] == "unchanged"),
        "{whole}"
    );
}

#[tokio::test]
async fn list_and_show_need_no_cluster() {
    let list = Program::new("playbook list").run().await;
    assert!(list.ended(0, &[]).stdout.contains("bootstrap"), "{list:?}");
    let show = Program::new("playbook show bootstrap").run().await;
    assert!(show.ended(0, &[]).stdout.contains("dex scale"), "{show:?}");
}

#[tokio::test]
async fn what_is_shown_as_yaml_is_a_playbook_to_run() {
    let list = Program::new("playbook list -o json").run().await;
    let list = list.ended(0, &[]).json();
    assert_eq!(
        (&list["kind"], &list["items"][0]["kind"]),
        (&"List".into(), &"Playbook".into())
    );
    let show = Program::new("playbook show bootstrap -o json").run().await;
    assert_eq!(show.ended(0, &[]).json(), list["items"][0]);
    let yaml = Program::new("playbook show bootstrap -o yaml").run().await.stdout;
    let again = Program::new("playbook show -o json");
    let path = again.file("mine.yaml", &yaml);
    let again = again.arg("--", path).run().await;
    assert_eq!(again.ended(0, &[]).json(), list["items"][0]);
}
