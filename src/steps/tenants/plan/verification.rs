//! What comes next for the canary. Pure.

use super::{departure, undefined};
use crate::{
    converge::{
        Plan, Wait,
        contract::{Note, Refusal, Watch},
    },
    model::{exit::Exit, failure::Reason, kind::Address, names, object::ObjectRef},
    steps::tenants::{
        self, Seen,
        choice::Leavers,
        verify::{Action, Sent, canary},
    },
};
use serde_json::Value;

/// The label in which a run of Tekton Triggers carries the id of its event.
const EVENT_LABEL: &str = "triggers.tekton.dev/triggers-eventid";

/// One custom resource of the canary: as it shall be, and as it is.
#[derive(Debug)]
pub(in crate::steps::tenants) struct Place {
    pub(in crate::steps::tenants) at: Address,
    pub(in crate::steps::tenants) body: Value,
    pub(in crate::steps::tenants) live: Option<Value>,
}

/// Everything that the plan follows from.
#[derive(Debug)]
pub struct Looked {
    pub(in crate::steps::tenants) seen: Seen,
    pub(in crate::steps::tenants) canary: Vec<Place>,
    pub(in crate::steps::tenants) listener: Option<Value>,
    /// What was sent in this run, and the runs that there are.
    pub(in crate::steps::tenants) runs: Option<(Sent, Vec<Value>)>,
    /// Whether it was seen in this run that all is well.
    pub(in crate::steps::tenants) is_verified: bool,
}

/// What the runs say of the pushes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::steps::tenants) enum Verdict {
    /// The good push started a run that succeeded, and it alone.
    Good,
    /// Not yet known: what is waited for.
    Open(String),
    /// A push started a run that must not: what is wrong with it.
    Unguarded(&'static str),
    /// The run of the good push failed: why.
    Failed(String),
}

/// What the runs say of the pushes.
pub(in crate::steps::tenants) fn verdict(sent: &Sent, runs: &[Value]) -> Verdict {
    let of = |id: &str| {
        runs.iter()
            .find(|run| run["metadata"]["labels"][EVENT_LABEL] == id)
    };
    if let Some((what, _)) = sent.bad.iter().find(|(_, id)| of(id).is_some()) {
        return Verdict::Unguarded(what);
    }
    let Some(run) = of(&sent.good) else {
        return Verdict::Open("no run yet for the signed push".to_owned());
    };
    let conditions = run["status"]["conditions"].as_array().into_iter().flatten();
    let mut succeeded = conditions.filter(|condition| condition["type"] == "Succeeded");
    let condition = succeeded.next().unwrap_or(&Value::Null);
    let message = condition["message"].as_str().unwrap_or("it has no status yet");
    match condition["status"].as_str() {
        Some("True") => Verdict::Good,
        Some("False") => Verdict::Failed(message.to_owned()),
        _ => Verdict::Open(format!("its run goes on: {message}")),
    }
}

/// First the tenant, then the pushes, then the tenant is deleted.
pub(in crate::steps::tenants) fn plan(looked: &Looked) -> Plan<Action> {
    let mut plan = Plan::default();
    if !looked.seen.is_defined {
        plan.notes.push(undefined());
        plan.refused.push(refusal(
            canary::listener().object(),
            "the cluster has no tenants".to_owned(),
            "`aphex-ops waves install` brings what they need",
        ));
        return plan;
    }
    plan.refused = looked.canary.iter().filter_map(foreign).collect();
    if !plan.refused.is_empty() {
        return plan;
    }
    let is_leaving = |place: &Place| {
        let live = place.live.as_ref();
        live.is_some_and(|live| !live["metadata"]["deletionTimestamp"].is_null())
    };
    if looked.is_verified || looked.canary.iter().any(is_leaving) {
        leave(looked, &mut plan);
        return plan;
    }
    let missing = looked.canary.iter().filter(|place| place.live.is_none());
    plan.act = missing
        .map(|place| Action::Make(Box::new((place.at.clone(), place.body.clone()))))
        .collect();
    if plan.act.is_empty() {
        plan.take(super::plan(&looked.seen), tenant);
    }
    if plan.is_converged() && plan.refused.is_empty() {
        stand(looked, &mut plan);
    }
    plan
}

fn tenant(action: tenants::Action) -> Action {
    Action::Tenant(Box::new(action))
}

/// A tenant of somebody's that happens to have the name.
fn foreign(place: &Place) -> Option<Refusal> {
    let live = place.live.as_ref()?;
    let is_ours = live["metadata"]["labels"][names::MANAGED_BY_LABEL] == names::PRODUCT;
    (!is_ours).then(|| {
        let message = "it has the name of the canary, and was not made by this command".to_owned();
        refusal(
            place.at.object(),
            message,
            "rename it: nothing is tried out on a tenant of somebody's",
        )
    })
}

fn leave(looked: &Looked, plan: &mut Plan<Action>) {
    let there = looked.canary.iter().filter_map(|place| place.live.as_ref());
    let uids = there.filter_map(|live| live["metadata"]["uid"].as_str());
    let leavers = Leavers {
        uids: uids.map(str::to_owned).collect(),
        gone: Vec::new(),
    };
    plan.take(departure::plan(&looked.seen, Ok(&leavers)), tenant);
    if looked.is_verified && plan.is_converged() && plan.refused.is_empty() {
        let message = "a signed push started a run that succeeded, and five others started none";
        // What it is about is gone; a remark on the listener would be one with what was done to it.
        let push = ObjectRef::global("push", canary::REPOSITORY);
        plan.notes.push(Note::unchanged(push, message));
    }
}

/// The tenant is as its custom resources say; now it has to work.
fn stand(looked: &Looked, plan: &mut Plan<Action>) {
    plan.refused = looked.canary.iter().filter_map(unfit).collect();
    if !plan.refused.is_empty() {
        return;
    }
    match (listens(looked.listener.as_ref()), &looked.runs) {
        (Err(wait), _) => plan.wait.push(wait),
        (Ok(()), None) => plan.act.push(Action::Push),
        (Ok(()), Some((sent, runs))) => judge(verdict(sent, runs), plan),
    }
}

/// A tenant that cannot be made says why itself.
fn unfit(place: &Place) -> Option<Refusal> {
    let status = &place.live.as_ref()?["status"];
    let text = |field: &str| status[field].as_str().unwrap_or_default();
    (!["Active", "Ready"].contains(&text("phase"))).then(|| {
        let message = format!("it is {}: {}", text("phase"), text("message"));
        refusal(
            place.at.object(),
            message,
            "mend what the message names, then run the same command again",
        )
    })
}

fn listens(listener: Option<&Value>) -> Result<(), Wait> {
    let at = canary::listener();
    let conditions = listener.map(|live| &live["status"]["conditions"]);
    let conditions = conditions.and_then(Value::as_array).into_iter().flatten();
    let mut available = conditions.filter(|condition| condition["type"] == "Available");
    let condition = available.next().unwrap_or(&Value::Null);
    if condition["status"] == "True" {
        return Ok(());
    }
    let message = condition["message"].as_str();
    let message = message.unwrap_or("Tekton Triggers has not said anything of it");
    let remedy = "look at its Deployment and Pod, in the namespace of the listener";
    let since = listener.and_then(|live| live["metadata"]["resourceVersion"].as_str());
    Err(Wait::new(at.object(), Reason::Starting, message)
        .remedy(remedy)
        .watching(Watch {
            path: at.collection(),
            name: at.name,
            since: since.map(str::to_owned),
            settling: Watch::SETTLING,
        }))
}

fn judge(verdict: Verdict, plan: &mut Plan<Action>) {
    let object = || canary::listener().object();
    match verdict {
        // The next look takes it up.
        Verdict::Good => {}
        Verdict::Open(message) => {
            let wait = Wait::new(object(), Reason::Starting, message);
            plan.wait
                .push(wait.remedy("the log of the listener's Pod says what became of the event"));
        }
        Verdict::Unguarded(what) => plan.refused.push(refusal(
            object(),
            format!("a push started a run although {what}"),
            "`aphex-ops tenants reconcile` puts the listener back; the canary is left to be looked at",
        )),
        Verdict::Failed(message) => plan.refused.push(refusal(
            ObjectRef::namespaced("PipelineRun", canary::NAME, canary::NAME),
            format!("the run of the signed push failed: {message}"),
            "look at its TaskRun; the canary is left for that",
        )),
    }
}

fn refusal(object: ObjectRef, message: String, hint: &str) -> Refusal {
    Refusal {
        exit: Exit::CheckFailed,
        reason: Reason::NotReady,
        object,
        message,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::Config;
    use serde_json::json;

    fn mk_sent() -> Sent {
        Sent {
            good: "good".to_owned(),
            bad: vec![("it is not signed", "bad".to_owned())],
        }
    }

    fn mk_run(event: &str, status: &str) -> Value {
        json!({
            "metadata": {"labels": {EVENT_LABEL: event}},
            "status": {"conditions": [{"type": "Succeeded", "status": status, "message": "so it is"}]},
        })
    }

    fn mk_looked(live: impl Fn(&Value) -> Option<Value>) -> Looked {
        let canary = canary::resources(&Config::default()).map(|(at, body)| Place {
            live: live(&body),
            at,
            body,
        });
        Looked {
            seen: crate::steps::tenants::plan::testing::mk_seen(vec![], vec![]),
            canary: canary.into(),
            listener: None,
            runs: None,
            is_verified: false,
        }
    }

    fn mk_live(body: &Value, phase: &str) -> Option<Value> {
        let mut live = body.clone();
        live["metadata"]["uid"] = "uid".into();
        live["status"] = json!({"phase": phase, "message": "so it is"});
        Some(live)
    }

    fn mk_listener(is_available: &str) -> Option<Value> {
        let condition = json!({"type": "Available", "status": is_available, "message": "no minimum"});
        Some(json!({"metadata": {"resourceVersion": "7"}, "status": {"conditions": [condition]}}))
    }

    fn acts(looked: &Looked) -> Vec<String> {
        plan(looked).act.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_a_run_of_the_good_push_that_succeeded_is_good() {
        let said = |runs: &[Value]| verdict(&mk_sent(), runs);
        let good = mk_run("good", "True");
        assert_eq!(said(&[good.clone(), mk_run("earlier", "False")]), Verdict::Good);
        assert_eq!(
            said(&[good, mk_run("bad", "Unknown")]),
            Verdict::Unguarded("it is not signed")
        );
        let failed = Verdict::Failed("so it is".to_owned());
        assert_eq!(said(&[mk_run("good", "False")]), failed);
        for runs in [
            vec![],
            vec![mk_run("earlier", "True")],
            vec![mk_run("good", "Unknown")],
        ] {
            assert!(matches!(said(&runs), Verdict::Open(_)), "{runs:?}");
        }
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_anybody_elses_left_alone() {
        assert_eq!(acts(&mk_looked(|_| None)), ["create the canary"; 2]);
        let foreign = plan(&mk_looked(|_| Some(json!({"metadata": {"name": canary::NAME}}))));
        assert!(foreign.act.is_empty());
        assert_eq!(foreign.refused.len(), 2);
        assert!(
            foreign.refused[0]
                .message
                .contains("was not made by this command")
        );
    }

    #[test]
    fn pushes_are_sent_once_somebody_listens() {
        let mut looked = mk_looked(|body| mk_live(body, "Ready"));
        assert_eq!(plan(&looked).wait[0].reason, Reason::Starting);
        looked.listener = mk_listener("False");
        assert_eq!(plan(&looked).wait[0].message, "no minimum");
        looked.listener = mk_listener("True");
        assert_eq!(acts(&looked), ["send it pushes, one of them good"]);
        looked.runs = Some((mk_sent(), vec![mk_run("bad", "Unknown")]));
        let refused = plan(&looked).refused;
        assert_eq!(
            refused[0].message,
            "a push started a run although it is not signed"
        );
        assert_eq!(refused[0].exit, Exit::CheckFailed);
    }

    #[test]
    fn a_tenant_that_failed_says_why() {
        let mut looked = mk_looked(|body| mk_live(body, "Failed"));
        looked.listener = mk_listener("True");
        assert_eq!(plan(&looked).refused[0].message, "it is Failed: so it is");
    }

    #[test]
    fn it_is_said_to_be_good_only_when_nothing_is_left_of_it() {
        let mut looked = mk_looked(|_| None);
        looked.is_verified = true;
        let plan = plan(&looked);
        assert!(plan.is_converged() && plan.refused.is_empty());
        assert!(plan.notes[0].message.starts_with("a signed push started a run"));
    }
}
