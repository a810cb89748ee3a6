//! The forms of the report, and that there is one however the run ends.

use crate::cli::{cluster::Cluster, program::Program};
use serde_json::Value;
use std::fs;

fn codes(report: &Value, status: &str) -> Vec<String> {
    let rows = report["checks"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["status"] == status);
    rows.map(|row| row["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_report_is_written_however_the_run_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checks.xml");
    let cluster = Cluster::share("check-gone").await;
    let line = "check --server https://127.0.0.1:1 -o json --request-timeout 1s --timeout 20s";
    let nowhere = cluster.program(line).arg("--report-file", &file).run().await;
    assert_eq!(nowhere.code, Some(4), "{}", nowhere.stderr);
    let report = nowhere.json();
    assert_eq!(codes(&report, "failed"), ["APX-CLU-001"]);
    assert!(codes(&report, "skipped").len() >= 60);
    let xml = fs::read_to_string(&file).unwrap();
    assert!(xml.contains("<failure type=\"Unavailable\""), "{xml}");

    fs::remove_file(&file).unwrap();
    let unconfigured = Program::new("check --config /nowhere.yaml")
        .arg("--report-file", &file)
        .run()
        .await;
    unconfigured.ended(2, &["/nowhere.yaml"]);
    let xml = fs::read_to_string(&file).unwrap();
    assert!(xml.contains("<error type=\"InvalidConfig\""), "{xml}");
}

#[tokio::test]
async fn what_fails_is_told_in_every_form() {
    let cluster = Cluster::share("check-out").await;
    let line = "check --only APX-CLU-003";
    let table = cluster.run(line).await;
    table.ended(4, &[]);
    let expected = "Namespace check-out-auth: it does not exist (NotFound)\n                mend: run `aphex-ops namespaces ensure`";
    assert!(table.stdout.contains(expected), "{}", table.stdout);
    assert_eq!(
        table.stderr.lines().filter(|line| line.contains("error")).count(),
        0,
        "{}",
        table.stderr
    );

    let json = cluster.run(&format!("{line} -o json")).await;
    let report = json.ended(4, &[]).json();
    assert_eq!(codes(&report, "failed"), ["APX-CLU-003"]);
    assert_eq!(report["summary"]["failed"], 1);
    assert_eq!(report["exitCode"], 4);

    let github = cluster.run(&format!("{line} -o github")).await;
    let expected =
        "::error title=APX-CLU-003 Namespace check-out-argocd::it does not exist (NotFound)%0Amend: run";
    assert!(
        github.ended(4, &[]).stdout.contains(expected),
        "{}",
        github.stdout
    );

    let junit = cluster.run(&format!("{line} -o junit")).await;
    assert_junit(&junit.ended(4, &[]).stdout, 1, 1);

    let other = cluster.run("secrets status -o junit").await;
    other.ended(2, &["only `aphex-ops check`"]);
}

/// The parts of JUnit XML that its readers rely on: they are counted, and each test case is in one suite.
#[track_caller]
fn assert_junit(xml: &str, tests: usize, failures: usize) {
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "),
        "{xml}"
    );
    assert!(xml.trim_end().ends_with("</testsuites>"), "{xml}");
    assert_eq!(xml.matches("<testcase ").count(), tests, "{xml}");
    assert_eq!(xml.matches("<failure ").count(), failures, "{xml}");
    for tag in ["testsuites", "testsuite"] {
        let (opened, closed) = (format!("<{tag} "), format!("</{tag}>"));
        assert_eq!(
            xml.matches(&opened).count(),
            xml.matches(&closed).count(),
            "{xml}"
        );
    }
    assert!(
        xml.contains(&format!("tests=\"{tests}\" failures=\"{failures}\"")),
        "{xml}"
    );
}

#[tokio::test]
async fn names_that_do_not_exist_are_refused_with_the_nearest() {
    for (line, says) in [
        ("check --only APX-SEC-01", "APX-SEC-001"),
        ("check --skip secret", "is secrets meant?"),
        ("check --only nonsense", "`aphex-ops explain` lists them"),
        ("explain APX-CLU-0003", "APX-CLU-003"),
        ("explain secrets", "there is no check"),
        ("check --report-file report.doc", ".xml"),
    ] {
        Program::new(line).run().await.ended(2, &[says]);
    }
    let text = "suppress: [{check: APX-SEC-999, reason: none}]";
    let cluster = Cluster::share("check-sup").await;
    let program = cluster.program("check").arg_file("--config", text);
    program.run().await.ended(2, &["suppress: there is no check"]);
}

#[tokio::test]
async fn what_is_known_does_not_count_until_its_time_is_over() {
    let cluster = Cluster::share("check-known").await;
    let config = |until: &str| {
        let name = |part: &str| format!("{part}: check-known-{part}");
        let names = ["auth", "argocd", "tekton", "platform"].map(name).join(", ");
        format!("namespaces: {{{names}}}\nsuppress: [{{check: cluster, reason: not installed yet{until}}}]")
    };
    let run = |until: &'static str| {
        cluster
            .program("check --only cluster -o json")
            .arg_file("--config", &config(until))
            .run()
    };
    let report = run("").await.ended(0, &[]).json();
    assert!(
        codes(&report, "suppressed").contains(&"APX-CLU-003".to_owned()),
        "{report:#}"
    );
    let report = run(", until: 2020-01-01").await.ended(4, &[]).json();
    assert!(codes(&report, "failed").contains(&"APX-CLU-003".to_owned()));
    assert_eq!(codes(&report, "warning"), ["APX-CLU-013"]);
}

#[tokio::test]
async fn every_check_is_explained_without_a_cluster() {
    let list = Program::new("explain -o json").run().await;
    let list = list.ended(0, &[]).json();
    let items = list["items"].as_array().unwrap();
    assert!(items.len() >= 60);
    let code = items[7]["code"].as_str().unwrap();
    let one = Program::new(&format!("explain {code}")).run().await;
    assert!(one.ended(0, &[]).stdout.starts_with(code));
}
