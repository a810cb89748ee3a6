//! What a run knows while it goes on, and how it learns more.

use super::{
    Args, Installed,
    find::{self, CONCURRENCY, Sight},
    input,
    memory::Known,
    observe, platform,
    prepared::Prepared,
    refused,
};
use crate::{
    apply::applyset::Parent,
    converge::{Context, contract::Refusal},
    kubernetes::State,
    model::failure::{Failure, Reason},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// After this time every API server has taken a new role up.
const ROLES_ARE_KNOWN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Progress {
    pub(super) prepared: Arc<Prepared>,
    pub(super) known: Vec<Known>,
    /// What has to be written about the set before anything else.
    pub(super) parent: Option<Parent>,
    /// Answers to applies that nobody has looked at yet.
    answers: Vec<(usize, Value)>,
    /// Whether the set was not known before this run.
    is_new: bool,
    /// Whether everything was looked at once.
    has_looked: bool,
}

/// Reads the manifests, and orders them for the kinds that the cluster has.
///
/// # Errors
/// A [`Failure`] of discovery; inside, all that is wrong with the manifests.
pub(super) async fn prepare(
    args: &Args,
    installed: Installed,
    cx: &Context,
) -> Result<Result<Prepared, Vec<Failure>>, Failure> {
    let served = cx.cluster.kinds().await?;
    let manifests = if args.is_platform() {
        platform::read(&args.platform, installed, cx).await
    } else {
        input::read(&args.files)
    };
    Ok(manifests.and_then(|manifests| Prepared::new(args, manifests, &cx.config, served)))
}

/// Reads the manifests and what is known of their set.
pub(super) async fn start(
    args: &Args,
    installed: Installed,
    cx: &Context,
) -> Result<Result<Progress, Vec<Refusal>>, Failure> {
    let prepared = match prepare(args, installed, cx).await? {
        Ok(prepared) => Arc::new(prepared),
        Err(failures) => return Ok(Err(refused(failures))),
    };
    let wanted = &prepared.parent;
    let known = match observe::parent(cx, &prepared).await? {
        Ok(known) => known,
        Err(refusal) => return Ok(Err(vec![refusal])),
    };
    let is_new = known.is_none();
    let parent = match known {
        None => Some(wanted.clone()),
        Some(known) => Some(wanted.superset(&known)).filter(|superset| !superset.is_as_wide_as(&known)),
    };
    let known = vec![Known::new(State::Missing); prepared.addresses.len()];
    Ok(Ok(Progress {
        prepared,
        known,
        parent,
        answers: Vec::new(),
        is_new,
        has_looked: false,
    }))
}

impl Progress {
    /// Takes the answer to an apply. Of what is as good as it gets nothing more is kept.
    pub(super) fn applied(&mut self, at: usize, live: Value) {
        let known = &mut self.known[at];
        known.seen_same(&live, true);
        match observe::settled(&self.prepared, known, &live) {
            Some(verdict) => known.judged(verdict, &live),
            None => self.answers.push((at, live)),
        }
    }

    /// Whether a binding is refused because the server has not taken up yet that its role, which this run has applied, is
    /// there: it looks roles up in a cache of its own (the bind and escalation checks of RBAC).
    pub(super) fn may_be_too_early(&self, at: usize, failure: &Failure) -> bool {
        let kind_of = |at: usize| &*self.prepared.addresses[at].kind.name;
        let is_binding = |at: usize| kind_of(at).ends_with("RoleBinding");
        let is_fresh_role = |(at, known): (usize, &Known)| {
            kind_of(at).ends_with("Role") && known.was_judged_within(ROLES_ARE_KNOWN)
        };
        failure.reason == Reason::Forbidden
            && is_binding(at)
            && self.known.iter().enumerate().any(is_fresh_role)
    }

    /// Looks at all of the plan for the first time. What is wrong with it that only the cluster can tell.
    async fn first_look(&mut self, cx: &Context) -> Result<Vec<Refusal>, Failure> {
        let is_served = |at: &usize| self.prepared.is_served(&self.prepared.addresses[*at].kind);
        let served: Vec<usize> = (0..self.known.len()).filter(is_served).collect();
        self.look_at(cx, &served).await?;
        let homeless = observe::missing_namespaces(cx, &self.prepared, &self.known).await?;
        self.has_looked = homeless.is_empty();
        Ok(homeless)
    }

    /// Looks at what was written, and at what is waited for; at first, at everything. What is wrong with the plan.
    pub(super) async fn look(&mut self, cx: &Context) -> Result<Vec<Refusal>, Failure> {
        if !self.has_looked {
            return self.first_look(cx).await;
        }
        let answers = std::mem::take(&mut self.answers);
        let answered: Vec<usize> = answers.iter().map(|(at, _)| *at).collect();
        for (at, live) in answers {
            observe::judge(cx, &self.prepared, at, &mut self.known[at], &live).await?;
        }
        let done: Vec<bool> = self.known.iter().map(|known| known.is_done).collect();
        let open = self.prepared.order.ready(&done).into_iter();
        let open: Vec<usize> = open
            .filter(|at| !answered.contains(at) && self.known[*at].is_worth_a_look())
            .collect();
        self.look_at(cx, &open).await?;
        Ok(Vec::new())
    }

    /// Page by page, so that never more than a few pages are held however many objects there are.
    async fn look_at(&mut self, cx: &Context, wanted: &[usize]) -> Result<(), Failure> {
        let prepared = Arc::clone(&self.prepared);
        let (pages, mut found) = mpsc::channel(1);
        let find = find::find(cx, &prepared, wanted, self.is_new && !self.has_looked, pages);
        let take = async {
            while let Some(page) = found.recv().await {
                self.take(cx, page).await?;
            }
            Ok(())
        };
        // Whichever fails first ends both: nobody would take what the other one still sends.
        futures::try_join!(find, take).map(|_| ())
    }

    async fn take(&mut self, cx: &Context, page: Vec<Sight>) -> Result<(), Failure> {
        let (prepared, known) = (&self.prepared, &self.known);
        let looks = page.into_iter().map(|(at, live)| async move {
            let known = observe::look(cx, prepared, at, known[at].clone(), live).await;
            known.map(|known| (at, known))
        });
        let news: Vec<(usize, Known)> = stream::iter(looks)
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        for (at, known) in news {
            self.known[at] = known;
        }
        Ok(())
    }
}
