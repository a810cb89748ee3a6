//! What to say about the providers that were seen.

use crate::{
    converge::{
        Plan, Wait,
        contract::{Note, Nothing, Refusal},
    },
    model::{exit::Exit, failure::Reason, object::ObjectRef},
};

/// What was seen of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub(in crate::steps) place: Place,
    pub(in crate::steps) url: String,
    pub(in crate::steps) state: State,
}

/// Which provider, from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::steps) enum Place {
    Authentik,
    DexInside,
    DexOutside,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps) enum State {
    Good { keys: usize },
    NotYet(Problem),
    Wrong(Vec<Problem>),
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps) struct Problem {
    pub(in crate::steps) reason: Reason,
    pub(in crate::steps) message: String,
    /// What mends it, if the cause alone tells.
    pub(in crate::steps) remedy: Option<String>,
}

/// What is wrong is refused at once, what does not answer yet is waited for.
pub(super) fn plan(seen: &[Seen]) -> Plan<Nothing> {
    let mut plan = Plan::default();
    for provider in seen {
        let object = ObjectRef::global("OIDC provider", &provider.url);
        match &provider.state {
            State::Good { keys } => plan.notes.push(Note::unchanged(object, good(*keys))),
            State::Skipped => plan
                .notes
                .push(Note::skipped(object, "not asked, by --skip-external")),
            State::NotYet(problem) => plan.wait.push(wait(provider.place, object, problem)),
            State::Wrong(problems) => {
                plan.refused.extend(
                    problems
                        .iter()
                        .map(|problem| refusal(provider.place, &object, problem)),
                );
            }
        }
    }
    if !plan.refused.is_empty() {
        // Waiting for the others would only delay the verdict.
        let silent = |wait: Wait| Note::warning(wait.object, wait.reason, wait.message);
        plan.notes.extend(plan.wait.drain(..).map(silent));
    }
    plan
}

fn good(keys: usize) -> String {
    match keys {
        1 => "issuer, endpoints and its one key are right".to_owned(),
        _ => format!("issuer, endpoints and its {keys} keys are right"),
    }
}

fn wait(place: Place, object: ObjectRef, problem: &Problem) -> Wait {
    let wait = Wait::new(object, problem.reason, &problem.message);
    let remedy = problem.remedy.as_deref();
    match place {
        Place::DexInside => wait.provided_by("dex scale"),
        Place::Authentik => wait.remedy(remedy.unwrap_or(
            "check that Authentik runs, and authentik.url and authentik.slug of the configuration",
        )),
        Place::DexOutside => {
            let remedy = remedy.unwrap_or("check the Ingress of that name");
            wait.remedy(format!(
                "{remedy}; `aphex-ops oidc verify --skip-external` checks inside the cluster only"
            ))
        }
    }
}

fn refusal(place: Place, object: &ObjectRef, problem: &Problem) -> Refusal {
    let by_place = match place {
        Place::Authentik => {
            "check authentik.url and authentik.slug of the configuration, and in Authentik that the \
             provider has a signing key"
        }
        Place::DexInside => {
            "check `issuer` in Dex's own configuration, and dex.url and dex.issuer of this one"
        }
        Place::DexOutside => {
            "check the Ingress, DNS and certificate of that name; http.resolve and http.caBundle of the \
             configuration help where they are not public"
        }
    };
    Refusal {
        exit: Exit::CheckFailed,
        reason: problem.reason,
        object: object.clone(),
        message: problem.message.clone(),
        hint: problem.remedy.clone().unwrap_or_else(|| by_place.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_seen(place: Place, state: State) -> Seen {
        let url = "https://dex.home.local".to_owned();
        Seen { place, url, state }
    }

    fn mk_problem(reason: Reason) -> Problem {
        let message = "says why".to_owned();
        Problem {
            reason,
            message,
            remedy: None,
        }
    }

    #[test]
    fn good_and_skipped_providers_are_notes() {
        let plan = plan(&[
            mk_seen(Place::DexInside, State::Good { keys: 2 }),
            mk_seen(Place::DexOutside, State::Skipped),
        ]);
        assert!(plan.is_converged() && plan.refused.is_empty());
        let outcomes: Vec<String> = plan.notes.iter().map(|note| note.outcome.to_string()).collect();
        assert_eq!(outcomes, ["unchanged", "skipped"]);
    }

    #[test]
    fn silence_is_waited_for_and_names_the_command_that_ends_it() {
        let silent = |place| mk_seen(place, State::NotYet(mk_problem(Reason::Unavailable)));
        let plan = plan(&[
            silent(Place::Authentik),
            silent(Place::DexInside),
            silent(Place::DexOutside),
        ]);
        let commands: Vec<Option<&str>> = plan.wait.iter().map(|wait| wait.provided_by).collect();
        assert_eq!(commands, [None, Some("dex scale"), None]);
        assert!(!plan.is_converged());
    }

    #[test]
    fn every_silence_has_a_remedy_and_the_cause_knows_it_best() {
        let remedy = |place, remedy: Option<&str>| {
            let problem = Problem {
                remedy: remedy.map(str::to_owned),
                ..mk_problem(Reason::Unavailable)
            };
            let plan = plan(&[mk_seen(place, State::NotYet(problem))]);
            plan.wait[0].remedy.clone().unwrap_or_default()
        };
        assert!(remedy(Place::Authentik, None).contains("authentik.url"));
        assert!(remedy(Place::DexOutside, None).contains("Ingress"));
        let unresolved = remedy(Place::DexOutside, Some("use http.resolve"));
        assert!(unresolved.starts_with("use http.resolve; ") && unresolved.contains("--skip-external"));
    }

    #[test]
    fn a_wrong_provider_ends_the_wait_for_the_others() {
        let problems = vec![mk_problem(Reason::Mismatch), mk_problem(Reason::InvalidAnswer)];
        let plan = plan(&[
            mk_seen(Place::DexInside, State::Wrong(problems)),
            mk_seen(Place::DexOutside, State::NotYet(mk_problem(Reason::Unavailable))),
        ]);
        assert!(plan.is_converged());
        let refused: Vec<(Exit, Reason)> = plan
            .refused
            .iter()
            .map(|refusal| (refusal.exit, refusal.reason))
            .collect();
        assert_eq!(
            refused,
            [
                (Exit::CheckFailed, Reason::Mismatch),
                (Exit::CheckFailed, Reason::InvalidAnswer)
            ]
        );
        assert_eq!(plan.notes[0].reason, Some(Reason::Unavailable));
    }

    #[test]
    fn every_remedy_names_what_to_look_at() {
        let wrong = |place| {
            let plan = plan(&[mk_seen(place, State::Wrong(vec![mk_problem(Reason::Mismatch)]))]);
            plan.refused[0].hint.clone()
        };
        let mended = Problem {
            remedy: Some("trust it".to_owned()),
            ..mk_problem(Reason::InvalidAnswer)
        };
        let untrusted = plan(&[mk_seen(Place::DexOutside, State::Wrong(vec![mended]))]);
        assert_eq!(untrusted.refused[0].hint, "trust it");
        assert!(wrong(Place::Authentik).contains("authentik.slug"));
        assert!(wrong(Place::DexInside).contains("dex.issuer"));
        assert!(wrong(Place::DexOutside).contains("http.caBundle"));
    }
}
