//! The driver's rules, on toy steps without a cluster.

use super::*;
use crate::{
    converge::{Events, Meta, Schedule, Stop, contract::Refusal, stop::Cause},
    http::Http,
    kubernetes::{Cluster, Connection},
    model::{config::Config, object::ObjectRef, rule::Rule},
};
use std::{cell::RefCell, collections::VecDeque, fmt};

#[derive(Debug, Clone, PartialEq)]
struct Write(&'static str);

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write {}", self.0)
    }
}

impl Effect for Write {
    fn object(&self) -> ObjectRef {
        ObjectRef::global("Toy", self.0)
    }
    fn verb(&self) -> Verb {
        Verb::Update
    }
    /// `s1:a` is of rank 1 in the sequence `s`.
    fn sequence(&self) -> Option<(&str, u8)> {
        let (place, _) = self.0.split_once(':')?;
        Some((&place[..1], place[1..].parse().unwrap()))
    }
}

type Answer = Result<Outcome, Failure>;

/// Plans what it is told to, one plan a look, and then nothing; answers what it is told to.
#[derive(Default)]
struct Toy {
    plans: RefCell<VecDeque<Plan<Write>>>,
    answers: RefCell<VecDeque<Answer>>,
    applied: RefCell<Vec<&'static str>>,
}

impl Toy {
    fn new(plans: impl IntoIterator<Item = Plan<Write>>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            plans: RefCell::new(plans.into_iter().collect()),
            answers: RefCell::new(answers.into_iter().collect()),
            ..Self::default()
        }
    }
}

impl Step for Toy {
    const META: Meta = Meta {
        command: "toy",
        summary: "a toy",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Plan<Write>;
    type Action = Write;

    fn rules(&self, _: &Config) -> Vec<Rule> {
        Vec::new()
    }
    async fn observe(&self, _: &Context) -> Result<Plan<Write>, Failure> {
        Ok(self.plans.borrow_mut().pop_front().unwrap_or_default())
    }
    fn plan(&self, seen: &Plan<Write>) -> Plan<Write> {
        seen.clone()
    }
    async fn apply(&self, _: &Context, action: Write) -> Answer {
        self.applied.borrow_mut().push(action.0);
        self.answers
            .borrow_mut()
            .pop_front()
            .unwrap_or(Ok(Outcome::Configured))
    }
}

fn act(names: &[&'static str]) -> Plan<Write> {
    Plan {
        act: names.iter().map(|name| Write(name)).collect(),
        ..Plan::default()
    }
}

fn mk_wait() -> Wait {
    Wait::new(ObjectRef::global("Toy", "w"), Reason::NotReady, "is not ready").provided_by("toy make")
}

fn wait() -> Plan<Write> {
    Plan {
        wait: vec![mk_wait()],
        ..Plan::default()
    }
}

fn refuse(exit: Exit) -> Refusal {
    let object = ObjectRef::global("Toy", "r");
    Refusal {
        exit,
        reason: Reason::Paused,
        object,
        message: "no".to_owned(),
        hint: "yes".to_owned(),
    }
}

fn fail(exit: Exit) -> Answer {
    Err(Failure::new(exit, Reason::Unavailable, "broken"))
}

async fn mk_context() -> Context {
    let (config, stop) = (Config::default(), Stop::default());
    let mut kubeconfig = tempfile::NamedTempFile::new().unwrap();
    let text = "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}], users: [{name: u, user: {}}], \
                contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}";
    std::io::Write::write_all(&mut kubeconfig, text.as_bytes()).unwrap();
    let connection = Connection {
        kubeconfig: Some(kubeconfig.path().to_owned()),
        ..Connection::default()
    };
    Context {
        cluster: Cluster::connect(&connection, &stop).await.unwrap(),
        http: Http::new(&config, &stop).unwrap(),
        events: Events::nowhere(),
        deadline: Instant::now() + Duration::from_secs(60),
        run_id: "test".to_owned(),
        command: "toy".to_owned(),
        config,
        stop,
    }
}

async fn run(toy: &Toy) -> Report {
    converge(toy, &mk_context().await, Mode::Apply).await
}

#[tokio::test(start_paused = true)]
async fn rounds_go_on_until_the_plan_is_empty() {
    let toy = Toy::new([act(&["a", "b"]), act(&["c"])], []);
    let report = run(&toy).await;
    assert_eq!((report.exit_code, report.rounds, report.changed()), (0, 3, 3));
    let again = run(&toy).await;
    assert_eq!((again.exit_code, again.rounds, again.changed()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_applies_nothing() {
    let toy = Toy::new(
        [Plan {
            wait: wait().wait,
            ..act(&["a"])
        }],
        [],
    );
    let report = converge(&toy, &mk_context().await, Mode::DryRun).await;
    assert_eq!(
        (report.exit_code, report.pending(), report.waiting.len()),
        (0, 1, 1)
    );
    assert!(toy.applied.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_action_planned_again_right_after_it_succeeded_is_a_hot_loop() {
    let report = run(&Toy::new([act(&["a"]), act(&["a"])], [])).await;
    assert_eq!(report.exit_code, Exit::Bug.code());
    assert_eq!(report.failures[0].reason, Reason::HotLoop);
    assert!(report.failures[0].message.contains("write a"));
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_tried_again_but_not_for_ever() {
    let toy = Toy::new([act(&["a"]), act(&["a"])], [fail(Exit::Transient)]);
    assert_eq!(run(&toy).await.exit_code, 0);
    let toy = Toy::new(vec![act(&["a"]); 9], (0..9).map(|_| fail(Exit::Transient)));
    assert_eq!(run(&toy).await.exit_code, Exit::Transient.code());
    assert_eq!(toy.applied.borrow().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_failed_for_good_is_not_tried_again_and_stops_nothing_else() {
    let toy = Toy::new(
        vec![act(&["a", "b"]), act(&["a", "c"]), act(&["a"])],
        [fail(Exit::Human)],
    );
    let report = run(&toy).await;
    assert_eq!(*toy.applied.borrow(), ["a", "b", "c"]);
    assert_eq!(report.exit_code, Exit::Human.code());
    assert_eq!(report.changed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_goes_by_rank_and_ends_with_the_rank_that_fails() {
    let all = act(&["s2:c", "s1:a", "other", "s1:b"]);
    let toy = Toy::new([all.clone()], []);
    assert_eq!(run(&toy).await.exit_code, 0);
    let order = toy.applied.borrow().clone();
    let of_sequence: Vec<_> = order.into_iter().filter(|name| *name != "other").collect();
    assert_eq!(of_sequence, ["s1:a", "s1:b", "s2:c"]);

    // What fails for good is not overtaken in a later round either.
    let sequence = act(&["s1:a", "s1:b", "s2:c"]);
    let toy = Toy::new(
        [sequence, act(&["s1:a", "s2:c"]), act(&["s1:a", "s2:c"])],
        [fail(Exit::Human)],
    );
    let report = run(&toy).await;
    assert_eq!(*toy.applied.borrow(), ["s1:a", "s1:b"]);
    assert_eq!((report.exit_code, report.changed()), (Exit::Human.code(), 1));

    let toy = Toy::new(
        [act(&["s1:a", "s2:c"]), act(&["s1:a", "s2:c"])],
        [fail(Exit::Transient)],
    );
    assert_eq!(run(&toy).await.exit_code, 0);
    assert_eq!(*toy.applied.borrow(), ["s1:a", "s1:a", "s2:c"]);
}

#[tokio::test(start_paused = true)]
async fn several_failures_beside_a_success_are_partly() {
    let toy = Toy::new(
        [act(&["a", "b", "c"])],
        [fail(Exit::Human), fail(Exit::Forbidden)],
    );
    assert_eq!(run(&toy).await.exit_code, Exit::Partly.code());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_lets_the_rest_go_on() {
    let plan = Plan {
        refused: vec![refuse(Exit::Human)],
        ..act(&["a"])
    };
    let last = Plan {
        refused: vec![refuse(Exit::Human)],
        ..Plan::default()
    };
    let toy = Toy::new([plan, last], []);
    let report = run(&toy).await;
    assert_eq!(
        (report.exit_code, report.changed(), report.failures.len()),
        (7, 1, 1)
    );
    assert_eq!(report.failures[0].hint.as_deref(), Some("yes"));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_comes_after_a_refusal() {
    let refused = |waits: Vec<Wait>| Plan {
        refused: vec![refuse(Exit::ResourceFailed)],
        wait: waits,
        ..Plan::default()
    };
    let (own, after) = (mk_wait(), mk_wait().coming_after());
    let plans = [refused(vec![own, after.clone()]), refused(vec![after])];
    let report = run(&Toy::new(plans, [])).await;
    assert_eq!(
        (report.exit_code, report.rounds),
        (Exit::ResourceFailed.code(), 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_its_reason_does_and_else_at_the_deadline() {
    let report = run(&Toy::new([wait(), wait(), act(&["a"])], [])).await;
    assert_eq!((report.exit_code, report.changed()), (0, 1));
    let toy = Toy::new((0..1000).map(|_| wait()), []);
    let report = run(&toy).await;
    assert_eq!(report.exit_code, Exit::Deadline.code());
    let hint = report.failures[0].hint.as_deref().unwrap();
    assert!(hint.contains("aphex-ops toy make"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_wait_and_keeps_actions_from_starting() {
    let cx = mk_context().await;
    cx.stop.request(Cause::Terminate);
    let toy = Toy::new([act(&["a"])], []);
    let report = converge(&toy, &cx, Mode::Apply).await;
    assert_eq!(report.exit_code, Exit::Terminated.code());
    assert!(toy.applied.borrow().is_empty());
}
