//! `waves prune`: what is in the set and not in the manifests any more goes, if everything else is healthy.

use super::{Args, Installed, Run, Seen, Whole, observe, platform, prepared::Prepared, rules::Does};
use crate::{
    apply::{
        Key,
        applyset::{Kept, Live, Removal, Round, Selection, select},
        manifest::{self, Manifest},
        order,
    },
    converge::{
        Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb,
        contract::{Note, Refusal, Wait},
    },
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        kind::Address,
        object::ObjectRef,
        rule::Rule,
    },
};
use serde_json::Value;
use std::{
    cmp::Reverse,
    collections::BTreeSet,
    fmt,
    sync::{Arc, OnceLock},
};

/// Kinds that other objects are of or in: they go when those are gone.
const LAST: [(&str, &str); 2] = [
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("", "Namespace"),
];

/// Delete what is in the set and not in the manifests any more.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct WavesPrune {
    #[command(flatten)]
    args: Args,
    /// Agree to delete so many objects at most; asked for if they are many, or of a kind that holds data
    #[arg(long, value_name = "COUNT")]
    confirm: Option<usize>,
    #[arg(skip)]
    run: Run,
    #[arg(skip)]
    all: OnceLock<Arc<Prepared>>,
}

/// What was seen: the plan's objects, and the set's.
#[derive(Debug, Clone)]
pub struct SetSeen {
    plan: Seen,
    /// Everything that is wanted: the plan, or more if only a part of the platform is chosen.
    all: Option<Arc<Prepared>>,
    members: Vec<(Address, Live)>,
    /// Whether the set's parent says more than the plan has.
    is_wide: bool,
    confirmed: Option<usize>,
}

/// One effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Deletes this very object.
    Remove(Box<(Address, Removal)>),
    /// The set's parent says what there is now.
    Shrink(Arc<Value>),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Remove(..) => "delete: no manifest asks for it any more",
            Self::Shrink(_) => "keep in mind which kinds and namespaces the set still has",
        })
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match self {
            Self::Remove(removed) => removed.0.object(),
            Self::Shrink(parent) => observe::parent_address(parent).object(),
        }
    }

    fn verb(&self) -> Verb {
        match self {
            Self::Remove(..) => Verb::Delete,
            Self::Shrink(_) => Verb::Update,
        }
    }
}

impl Step for WavesPrune {
    const META: Meta = Meta {
        command: "waves prune",
        summary: "nothing is in the set that is not in the manifests",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = SetSeen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        self.run.rules(&self.args, config, Does::Prune)
    }

    async fn observe(&self, cx: &Context) -> Result<SetSeen, Failure> {
        let plan = self.run.look(&self.args, cx).await?;
        let nothing = |plan: Seen| SetSeen {
            plan,
            all: None,
            members: Vec::new(),
            is_wide: false,
            confirmed: self.confirm,
        };
        let Seen::Whole(whole) = &plan else {
            return Ok(nothing(plan));
        };
        let all = match self.all(whole, cx).await {
            Ok(all) => all,
            Err(failures) => return Ok(nothing(Seen::Invalid(super::refused(failures)))),
        };
        let set = observe::parent(cx, &whole.prepared).await?.ok().flatten();
        let members = match &set {
            Some(set) => observe::members(cx, &whole.prepared, set).await?,
            None => Vec::new(),
        };
        let is_wide = set.is_some_and(|set| !all.parent.superset(&set).is_as_wide_as(&all.parent));
        Ok(SetSeen {
            plan,
            all: Some(all),
            members,
            is_wide,
            confirmed: self.confirm,
        })
    }

    fn plan(&self, seen: &SetSeen) -> Plan<Action> {
        match &seen.plan {
            Seen::Invalid(refused) => Plan {
                refused: refused.clone(),
                ..Plan::default()
            },
            Seen::Whole(whole) => plan(seen, whole, seen.all.as_ref().unwrap_or(&whole.prepared)),
        }
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        match action {
            Action::Remove(removed) => {
                let (address, removal) = *removed;
                let version = Some(removal.resource_version.as_str());
                cx.cluster.delete(&address, &removal.uid, version).await?;
                Ok(Outcome::Deleted)
            }
            Action::Shrink(parent) => {
                cx.cluster
                    .apply(&observe::parent_address(&parent), &parent, None)
                    .await?;
                Ok(Outcome::Configured)
            }
        }
    }
}

impl WavesPrune {
    /// The platform's component `controllers` is these objects.
    #[must_use]
    pub fn with(mut self, installed: fn(&Config) -> Vec<Value>) -> Self {
        self.run.installed = Installed(installed);
        self
    }

    /// What of the platform is not chosen, or comes the other way, is wanted all the same. Read once in a run.
    async fn all(&self, whole: &Whole, cx: &Context) -> Result<Arc<Prepared>, Vec<Failure>> {
        if !self.args.is_platform() {
            return Ok(Arc::clone(&whole.prepared));
        }
        if let Some(known) = self.all.get() {
            return Ok(Arc::clone(known));
        }
        let manifests = platform::wanted(&self.args.platform, self.run.installed, cx).await?;
        let served = whole.prepared.served.clone();
        let all = Arc::new(Prepared::new(&self.args, manifests, &cx.config, served)?);
        Ok(Arc::clone(self.all.get_or_init(|| all)))
    }
}

fn plan(seen: &SetSeen, whole: &Whole, all: &Prepared) -> Plan<Action> {
    let mut plan = Plan::default();
    let prepared = &whole.prepared;
    let unhealthy = prepared
        .addresses
        .iter()
        .zip(&whole.known)
        .find(|(_, known)| !known.is_done);
    let selection = selected(seen, all, unhealthy.is_none());
    if let Some(count) = selection.needs_confirmation {
        plan.refused.push(Refusal {
            exit: Exit::Human,
            reason: Reason::DataLossGuard,
            object: parent(prepared),
            message: format!("would delete {count} of its members: many of them, or some that hold data"),
            hint: format!("look at them with --dry-run -o wide, then pass --confirm {count}"),
        });
    }
    if let Some((address, _)) = unhealthy.filter(|_| !selection.kept.is_empty()) {
        plan.refused.push(Refusal {
            exit: Exit::Human,
            reason: Reason::NotReady,
            object: address.object(),
            message: "nothing is deleted before everything that is wanted is there and healthy".to_owned(),
            hint: "run `waves install` with the same manifests first".to_owned(),
        });
    }
    kept(&selection, &mut plan);
    remove(seen, selection, &mut plan);
    if plan.is_converged() && plan.refused.is_empty() && seen.is_wide {
        plan.act.push(Action::Shrink(Arc::new(all.parent.render())));
    }
    plan
}

fn selected(seen: &SetSeen, all: &Prepared, is_healthy: bool) -> Selection {
    let planned: BTreeSet<Key> = all.order.manifests.iter().map(Manifest::key).collect();
    let live: Vec<Live> = seen.members.iter().map(|(_, live)| live.clone()).collect();
    let id = all.parent.id();
    let with = |confirmed: Option<usize>| {
        let round = Round {
            is_complete: true,
            is_healthy,
            confirmed,
        };
        select(&id, &live, &planned, round)
    };
    let selection = with(None);
    // Fewer than were agreed to: what is left of a run that was interrupted, or of this one after its first deletions.
    match (selection.needs_confirmation, seen.confirmed) {
        (Some(count), Some(agreed)) if count <= agreed => with(Some(count)),
        _ => selection,
    }
}

fn kept(selection: &Selection, plan: &mut Plan<Action>) {
    for (key, kept) in &selection.kept {
        let object = key.object();
        match kept {
            Kept::Terminating => {
                let message = "is being deleted; something else has to let go of it";
                plan.wait.push(Wait::new(object, Reason::Terminating, message));
            }
            // The refusal says it once for all of them.
            Kept::Unconfirmed | Kept::Unhealthy => plan.notes.push(Note::skipped(object, "kept for now")),
            Kept::Asked(annotation) => plan
                .notes
                .push(Note::skipped(object, format!("kept: {annotation} asks for it"))),
            other => plan.notes.push(Note::skipped(object, format!("kept: {other:?}"))),
        }
    }
}

/// When an object is deleted: what is of it or in it before it, the waves backwards, and in a wave what an operator looks
/// after before the operator, which may have to let go of it.
fn stage(live: &Live) -> (usize, Reverse<i32>, bool) {
    let last = LAST.iter().position(|kind| live.key.is(*kind));
    let metadata = serde_json::json!({ "metadata": live.metadata });
    let is_ordinary = order::rank(&live.key.group, &live.key.kind) < order::rank("", "");
    let wave = manifest::wave(&metadata).unwrap_or_default();
    (
        last.map_or(0, |place| place + 1),
        Reverse(if last.is_some() { 0 } else { wave }),
        is_ordinary,
    )
}

/// A stage begins when everything of the one before it is gone.
fn remove(seen: &SetSeen, selection: Selection, plan: &mut Plan<Action>) {
    let member = |key: &Key| seen.members.iter().find(|(_, live)| live.key == *key);
    let going = selection
        .kept
        .iter()
        .filter(|(_, kept)| *kept == Kept::Terminating);
    let going = going.map(|(key, _)| key);
    let all = going.chain(selection.delete.iter().map(|removal| &removal.key));
    let first = all.filter_map(member).map(|(_, live)| stage(live)).min();
    let mut delete = selection.delete;
    delete.sort_by_key(|removal| Reverse(order::rank(&removal.key.group, &removal.key.kind)));
    for removal in delete {
        let Some((address, live)) = member(&removal.key) else {
            continue;
        };
        if Some(stage(live)) == first {
            plan.act
                .push(Action::Remove(Box::new((address.clone(), removal))));
        } else {
            let message = "is deleted when what goes before it is gone";
            plan.wait
                .push(Wait::new(address.object(), Reason::NotReady, message));
        }
    }
}

fn parent(prepared: &Prepared) -> ObjectRef {
    ObjectRef::namespaced("ConfigMap", &prepared.parent.namespace, &prepared.parent.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{kind::Kind, names};
    use serde_json::json;

    fn mk_member(kind: &str, wave: &str, is_going: bool) -> (Address, Live) {
        let (group, name) = kind.rsplit_once('/').unwrap_or(("", kind));
        let kind = Kind {
            group: group.to_owned().into(),
            version: "v1".into(),
            name: name.to_owned().into(),
            plural: name.to_lowercase().into(),
            is_namespaced: false,
        };
        let address = Address {
            kind,
            namespace: None,
            name: "a".to_owned(),
        };
        let mut metadata = json!({"name": "a", "annotations": {names::SYNC_WAVE_ANNOTATION: wave}});
        if is_going {
            metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        let key = Key::new(group, name, None, "a");
        (address, Live { key, metadata })
    }

    /// What is deleted now of these members, and how many others wait.
    fn now(members: &[(Address, Live)]) -> (Vec<String>, usize) {
        let seen = SetSeen {
            plan: Seen::Invalid(Vec::new()),
            all: None,
            members: members.to_vec(),
            is_wide: false,
            confirmed: None,
        };
        let mut selection = Selection::default();
        for (_, live) in members {
            let key = live.key.clone();
            if live.metadata["deletionTimestamp"].is_null() {
                selection.delete.push(Removal {
                    key,
                    uid: String::new(),
                    resource_version: String::new(),
                });
            } else {
                selection.kept.push((key, Kept::Terminating));
            }
        }
        let mut plan = Plan::default();
        remove(&seen, selection, &mut plan);
        let acts = plan.act.iter().map(|action| action.object().kind.to_string());
        (acts.collect(), plan.wait.len())
    }

    #[test]
    fn each_stage_is_gone_before_the_next() {
        let all = [
            mk_member("ConfigMap", "5", false),
            mk_member("example.org/Thing", "0", false),
            mk_member("apps/Deployment", "0", false),
            mk_member("ServiceAccount", "0", false),
            mk_member("apiextensions.k8s.io/CustomResourceDefinition", "9", false),
            mk_member("Namespace", "9", false),
        ];
        let stages: [(&[&str], usize); 5] = [
            (&["ConfigMap"], 1),
            (&["Thing"], 2),
            (&["Deployment", "ServiceAccount"], 4),
            (&["CustomResourceDefinition"], 5),
            (&["Namespace"], 6),
        ];
        let mut first = 0;
        for (kinds, last) in stages {
            let left = &all[first..];
            assert_eq!(
                now(left),
                (kinds.iter().map(ToString::to_string).collect(), all.len() - last)
            );
            first = last;
        }
    }

    #[test]
    fn what_is_not_gone_yet_holds_up_what_comes_after_it() {
        let going = mk_member("example.org/Thing", "0", true);
        let definition = mk_member("apiextensions.k8s.io/CustomResourceDefinition", "0", false);
        assert_eq!(now(&[going.clone(), definition]), (Vec::new(), 1));
        let other = mk_member("example.org/Other", "0", false);
        assert_eq!(now(&[going, other]), (vec!["Other".to_owned()], 0));
    }
}
