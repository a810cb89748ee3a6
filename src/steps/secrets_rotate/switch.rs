//! Changing Dex's client secret on both sides with the least time in which they differ.
//!
//! Dex's new Pods are started while the old ones serve, and are held back from traffic. When all have started, Authentik gets
//! the secret and the Pods are let in, in one action: logins fail from then until the old Pods are out of the Service.

use super::action::Action;
use crate::{
    apply::health::Health,
    converge::Plan,
    steps::{
        dex_scale::{self, Digest},
        dex_sync::Push,
    },
};

/// What to do next, from how Dex is and what `dex sync` would do; `None` if there is no more to it than what `dex sync` and
/// `dex scale` do by themselves.
pub(super) fn plan(dex: &dex_scale::Seen, sync: &Plan<Push>) -> Option<Plan<Action>> {
    let live = dex.live().filter(|live| live.replicas > 0 && !live.is_paused)?;
    let mut plan = Plan::default();
    if live.digest != Digest::Same {
        // A gate of somebody else's would stay shut for other reasons.
        let can_be_held = live.is_free || live.gated.is_some();
        plan.act
            .push(Action::Scale(can_be_held.then(|| dex.gated_roll(live))?));
        return Some(plan);
    }
    let gated = live
        .gated
        .as_ref()
        .filter(|_| live.verdict.health != Health::Current)?;
    let (namespace, pods) = (dex.namespace.clone(), gated.shut());
    if !gated.has_started() || pods.is_empty() && sync.is_converged() {
        let mut waiting = Plan::default();
        dex_scale::judge(dex, live, &mut waiting);
        plan.take(waiting, Action::Scale);
    } else if let Some(push) = sync.act.first().cloned() {
        plan.act.push(Action::Switch {
            push,
            namespace,
            pods,
        });
    } else if !sync.is_converged() || !sync.refused.is_empty() {
        plan.take(sync.clone(), Action::Sync);
    } else {
        plan.act.push(Action::Admit { namespace, pods });
    }
    Some(plan)
}

#[cfg(test)]
mod tests;
