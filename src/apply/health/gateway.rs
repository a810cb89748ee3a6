//! Gateways and the routes behind them.
//!
//! Every condition says for which generation it was written (GEP-1364).

use super::{
    Health, Rule, Verdict,
    subject::{Subject, list, text},
};
use serde_json::Value;

const GROUP: &str = "gateway.networking.k8s.io";

pub(super) const RULES: &[Rule] = &[
    Rule::new(GROUP, "GatewayClass", class).with_conditions(),
    Rule::new(GROUP, "Gateway", gateway).with_conditions(),
    Rule::new(GROUP, "HTTPRoute", route),
    Rule::new(GROUP, "GRPCRoute", route),
    Rule::new(GROUP, "TLSRoute", route),
    Rule::new(GROUP, "TCPRoute", route),
    Rule::new(GROUP, "UDPRoute", route),
];

fn class(subject: &Subject<'_>) -> Verdict {
    all(subject, subject.list("/status/conditions"), &["Accepted"])
}

fn gateway(subject: &Subject<'_>) -> Verdict {
    all(
        subject,
        subject.list("/status/conditions"),
        &["Accepted", "Programmed"],
    )
}

/// A route that each of its parents has accepted, whoever the parent's controller is.
fn route(subject: &Subject<'_>) -> Verdict {
    let parents = subject.list("/spec/parentRefs");
    let verdicts = parents.iter().map(|parent| {
        let name = text(parent, "/name");
        let is_it = |status: &&Value| is_same(subject.namespace(), &status["parentRef"], parent);
        let verdicts = subject
            .list("/status/parents")
            .iter()
            .filter(is_it)
            .map(|status| {
                let conditions = list(status, "/conditions");
                all(subject, conditions, &["Accepted", "ResolvedRefs"])
            });
        let best = verdicts.min_by_key(|verdict| rank(verdict.health));
        let unseen = || Verdict::progressing(format!("its parent {name} has not looked at it yet"));
        best.unwrap_or_else(unseen)
    });
    let worst = verdicts.max_by_key(|verdict| rank(verdict.health));
    let alone = || Verdict::current("it exists").warned("it has no parent, so that nothing comes by it");
    worst.unwrap_or_else(alone)
}

fn rank(health: Health) -> u8 {
    match health {
        Health::Current => 0,
        Health::Progressing => 1,
        _ => 2,
    }
}

fn is_same(namespace: &str, one: &Value, other: &Value) -> bool {
    let place = |reference: &Value| match text(reference, "/namespace") {
        "" => namespace.to_owned(),
        named => named.to_owned(),
    };
    let fields = ["name", "sectionName", "port"];
    place(one) == place(other) && fields.iter().all(|field| one[*field] == other[*field])
}

/// All these conditions have to be true.
fn all(subject: &Subject<'_>, conditions: &[Value], kinds: &[&str]) -> Verdict {
    for kind in kinds {
        match subject.condition_of(conditions, kind) {
            Some(found) if found.is_true() => {}
            Some(found) if found.is_false() && !matches!(found.reason, "Pending") => {
                return found.verdict(Health::Degraded);
            }
            Some(found) => return found.verdict(Health::Progressing),
            None => return Verdict::progressing(format!("nobody says yet whether it is {kind}")),
        }
    }
    Verdict::current(format!("it is {}", kinds.join(" and ")))
}
