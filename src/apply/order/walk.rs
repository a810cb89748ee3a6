//! What may be done now, given what is done.

use super::{Member, Order, Wave};

impl Order {
    /// The manifests that may be applied now, ascending.
    ///
    /// Only those of the first wave that is not all done, and only those whose needs are all done. `done` says for each
    /// manifest whether it is applied and healthy; what it does not say is not. What failed is not done, so it stops what
    /// needs it and the later waves, and nothing else.
    #[must_use]
    pub fn ready(&self, done: &[bool]) -> Vec<usize> {
        let members = self.current(done).into_iter().flat_map(|wave| &wave.members);
        let ready = members.filter(|member| {
            !is_done(done, member.manifest) && member.needs.iter().all(|need| is_done(done, *need))
        });
        ready.map(|member| member.manifest).collect()
    }

    /// The wave that is being applied: the first that is not all done; `None` if everything is.
    #[must_use]
    pub fn current(&self, done: &[bool]) -> Option<&Wave> {
        let is_open = |member: &Member| !is_done(done, member.manifest);
        self.waves.iter().find(|wave| wave.members.iter().any(is_open))
    }

    /// The wave of a manifest; `None` for one that does not exist.
    #[must_use]
    pub fn wave_of(&self, manifest: usize) -> Option<&Wave> {
        self.place(manifest).map(|(wave, _)| wave)
    }

    /// What stands before others, found once for all that are asked about.
    #[must_use]
    pub fn undone<'a>(&'a self, done: &'a [bool]) -> Undone<'a> {
        let current = self.current(done);
        let members = current.into_iter().flat_map(|wave| &wave.members);
        let members = members
            .map(|member| member.manifest)
            .filter(|at| !is_done(done, *at));
        Undone {
            order: self,
            done,
            current,
            members: members.collect(),
        }
    }

    fn place(&self, manifest: usize) -> Option<(&Wave, &Member)> {
        let mut place = manifest;
        for wave in &self.waves {
            match wave.members.get(place) {
                Some(member) => return Some((wave, member)),
                None => place -= wave.members.len(),
            }
        }
        None
    }
}

/// What is not done of the wave that is being applied.
#[derive(Debug)]
pub struct Undone<'a> {
    order: &'a Order,
    done: &'a [bool],
    current: Option<&'a Wave>,
    /// Ascending.
    members: Vec<usize>,
}

impl Undone<'_> {
    /// Why a manifest may not be applied yet, ascending: what it needs that is not done, and before its own wave, all that
    /// is not done of the current one. Empty if it may be applied, if it is done, and for a manifest that does not exist.
    #[must_use]
    pub fn before(&self, manifest: usize) -> Vec<usize> {
        let place = self.order.place(manifest);
        let Some((wave, member)) = place.filter(|_| !is_done(self.done, manifest)) else {
            return Vec::new();
        };
        let needs = member.needs.iter().copied();
        let mut blocking: Vec<usize> = needs.filter(|at| !is_done(self.done, *at)).collect();
        // It is the very same wave or another one: what they hold need not be compared.
        if self.current.is_some_and(|current| !std::ptr::eq(current, wave)) {
            blocking.extend(&self.members);
        }
        blocking.sort_unstable();
        blocking.dedup();
        blocking
    }
}

fn is_done(done: &[bool], at: usize) -> bool {
    done.get(at).copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use serde_json::json;

    fn mk_plan() -> Order {
        let pod = json!({"serviceAccountName": "a", "volumes": [{"configMap": {"name": "c"}}]});
        mk_order(&[
            mk_in(1, "Namespace", "ns", json!({})),
            mk_definition(1, "Namespaced"),
            mk_in(1, "a.b/Thing", "ns/t", json!({})),
            mk_in(1, "ServiceAccount", "ns/a", json!({})),
            mk_in(1, "ConfigMap", "ns/c", json!({})),
            mk_in(1, "Pod", "ns/p", json!({ "spec": pod })),
            mk_in(2, "ConfigMap", "ns/later", json!({})),
        ])
    }

    /// Which of the plan's objects are done.
    fn mk_done(order: &Order, done: &[&str]) -> Vec<bool> {
        let places = 0..order.manifests.len();
        places
            .map(|at| done.contains(&name(order, at).as_str()))
            .collect()
    }

    #[test]
    fn what_may_be_applied() {
        let order = mk_plan();
        let (ns, crd) = ("Namespace ns", "CustomResourceDefinition things.a.b");
        let (account, map, pod, thing, later) = (
            "ServiceAccount a",
            "ConfigMap c",
            "Pod p",
            "Thing t",
            "ConfigMap later",
        );
        let cases: [(&[&str], &[&str]); 7] = [
            (&[], &[ns, crd]),
            (&[ns], &[account, map, crd]),
            (&[crd], &[ns]),
            (&[ns, crd, map], &[account, thing]),
            (&[ns, crd, map, account], &[pod, thing]),
            (&[ns, crd, map, account, thing, pod], &[later]),
            (&[ns, crd, map, account, thing, pod, later], &[]),
        ];
        for (done, expected) in cases {
            assert_eq!(
                names(&order, &order.ready(&mk_done(&order, done))),
                expected,
                "{done:?}"
            );
        }
        assert_eq!(names(&order, &order.ready(&[])), [ns, crd]);
        assert_eq!(order.current(&[true; 7]), None);
    }

    #[test]
    fn what_an_object_waits_for() {
        let order = mk_plan();
        let blocked = |wanted: &str, done: &[&str]| {
            let at = (0..7).find(|at| name(&order, *at) == wanted).unwrap();
            names(&order, &order.undone(&mk_done(&order, done)).before(at))
        };
        assert_eq!(
            blocked("Pod p", &["Namespace ns", "ConfigMap c"]),
            ["ServiceAccount a"]
        );
        assert_eq!(blocked("Namespace ns", &[]), [] as [&str; 0]);
        let first = ["Namespace ns", "ServiceAccount a", "ConfigMap c", "Pod p"];
        assert_eq!(
            blocked("ConfigMap later", &first),
            ["CustomResourceDefinition things.a.b", "Thing t"]
        );
        assert_eq!(blocked("Pod p", &["Pod p"]), [] as [&str; 0]);
        assert_eq!(order.undone(&[]).before(99), [] as [usize; 0]);
    }

    #[test]
    fn following_what_is_ready_ends_with_everything_done() {
        let order = mk_plan();
        let mut done = vec![false; order.manifests.len()];
        for round in 0.. {
            let ready = order.ready(&done);
            let Some(next) = ready.first() else { break };
            assert!(round < 7 && order.undone(&done).before(*next).is_empty());
            done[*next] = true;
        }
        assert!(done.iter().all(|done| *done));
    }
}
