use super::*;
use crate::{
    converge::{
        Verb, Wait,
        report::{ActionReport, FailureReport},
    },
    model::{
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};

fn mk_action(outcome: Option<Outcome>) -> ActionReport {
    ActionReport {
        object: ObjectRef::secret("auth-system", "dex-secrets"),
        part_of: None,
        verb: Verb::Create,
        outcome,
        reason: None,
        message: String::new(),
    }
}

fn mk_report(seconds: f64) -> Report {
    let object = ObjectRef::secret("auth-system", "dex-secrets");
    let failure = Failure::new(Exit::Transient, Reason::Unavailable, "no answer");
    let mut report = Report::start("test", "playbook run mine", "secrets generate", false);
    report.duration_seconds = seconds;
    report.exit_code = 9;
    report.actions = vec![mk_action(Some(Outcome::Created)), mk_action(None)];
    report.waiting = vec![Wait::new(object, Reason::NotReady, "not yet")];
    report.failures = vec![FailureReport::from(&failure)];
    report
}

fn mk_measured(reports: &[Report]) -> Measured {
    let requests = [
        (("get", Some(200)), 3),
        (("get", None), 1),
        (("http-post", Some(503)), 2),
    ];
    let measured = Measured::now(
        Exit::Partly,
        Duration::from_millis(2500),
        requests.into(),
        reports,
    );
    Measured {
        ended: "2023-11-14T22:13:20.5Z".parse().unwrap(),
        ..measured
    }
}

#[test]
fn the_text_says_what_the_run_did() {
    let text = mk_measured(&[mk_report(1.0), mk_report(0.25)]).text("playbook run mine");
    let expected = r#"# HELP aphex_ops_run_exit_code Exit code of the run
# TYPE aphex_ops_run_exit_code gauge
aphex_ops_run_exit_code{command="playbook run mine"} 9
# HELP aphex_ops_run_end_seconds When the run ended (Unix time)
# TYPE aphex_ops_run_end_seconds gauge
# UNIT aphex_ops_run_end_seconds seconds
aphex_ops_run_end_seconds{command="playbook run mine"} 1700000000.5
# HELP aphex_ops_run_duration_seconds How long the run took
# TYPE aphex_ops_run_duration_seconds gauge
# UNIT aphex_ops_run_duration_seconds seconds
aphex_ops_run_duration_seconds{command="playbook run mine"} 2.5
# HELP aphex_ops_run_requests Requests sent by the run, retries too, by status code of the answer
# TYPE aphex_ops_run_requests gauge
aphex_ops_run_requests{command="playbook run mine",verb="get",code="none"} 1
aphex_ops_run_requests{command="playbook run mine",verb="get",code="200"} 3
aphex_ops_run_requests{command="playbook run mine",verb="http-post",code="503"} 2
# HELP aphex_ops_step_duration_seconds How long the step took
# TYPE aphex_ops_step_duration_seconds gauge
# UNIT aphex_ops_step_duration_seconds seconds
aphex_ops_step_duration_seconds{command="playbook run mine",step="secrets generate"} 1.25
# HELP aphex_ops_step_exit_code Exit code of the step
# TYPE aphex_ops_step_exit_code gauge
aphex_ops_step_exit_code{command="playbook run mine",step="secrets generate"} 9
# HELP aphex_ops_step_objects Objects of the step by outcome
# TYPE aphex_ops_step_objects gauge
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="configured"} 0
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="created"} 2
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="deleted"} 0
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="failed"} 2
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="planned"} 2
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="skipped"} 0
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="unchanged"} 0
aphex_ops_step_objects{command="playbook run mine",step="secrets generate",outcome="waiting"} 2
# EOF
"#;
    assert_eq!(text.unwrap(), expected);
}

#[test]
fn a_run_without_steps_has_its_end_and_a_label_cannot_break_the_text() {
    let text = mk_measured(&[]).text("playbook run ./a\"b\\c\nd.yaml").unwrap();
    assert!(!text.contains("step"), "{text}");
    let label = r#"{command="playbook run ./a\"b\\c\nd.yaml"} 9"#;
    assert!(text.contains(label), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
}
