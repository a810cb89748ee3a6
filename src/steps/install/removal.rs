//! Removing what was installed: found by its labels, last made first.

use crate::{
    converge::{Context, Outcome, contract::Wait},
    model::{
        failure::{Failure, Reason},
        kind::{Address, KINDS, Kind, Stage},
        names,
        rule::Rule,
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

/// Something that was installed and is there.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::steps) struct Installed {
    pub(in crate::steps) at: Address,
    uid: String,
    is_terminating: bool,
}

/// Deletes one object: the one that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    pub(in crate::steps) at: Address,
    pub(in crate::steps) uid: String,
}

impl Installed {
    pub(super) fn new(at: Address, live: &Value) -> Self {
        let metadata = &live["metadata"];
        Self {
            at,
            uid: uid(live),
            is_terminating: metadata["deletionTimestamp"].is_string(),
        }
    }
}

impl Removal {
    /// Deletes it, unless another one is in its place by now.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub(in crate::steps) async fn apply(&self, cx: &Context) -> Result<Outcome, Failure> {
        cx.cluster.delete(&self.at, &self.uid, None).await?;
        Ok(Outcome::Deleted)
    }
}

/// The kinds that `install` labels. Never namespaces, whatever label they carry: they hold the platform.
fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| kind.stage() != Stage::Namespaces)
}

/// The permissions that finding and removing takes: the names are not known beforehand.
pub(in crate::steps) fn rules() -> Vec<Rule> {
    kinds()
        .map(|kind| Rule::everywhere(kind, &["list", "delete"]))
        .collect()
}

/// All that carries the labels of `install`, in the whole cluster.
pub(super) async fn all(cx: &Context) -> Result<Vec<(Address, Value)>, Failure> {
    let labels = format!(
        "{}={},{}={}",
        names::MANAGED_BY_LABEL,
        names::PRODUCT,
        names::PART_OF_LABEL,
        names::INSTALL_PART
    );
    let labels = labels.as_str();
    let lists = stream::iter(kinds())
        .map(|kind| cx.cluster.find_all(kind, None, labels))
        .buffered(KINDS.len());
    let lists: Vec<Vec<Value>> = lists.try_collect().await?;
    let with_address = |live: Value| Ok((Address::of(&live)?, live));
    lists.into_iter().flatten().map(with_address).collect()
}

/// The same, for one who only removes.
pub(in crate::steps) async fn installed(cx: &Context) -> Result<Vec<Installed>, Failure> {
    let all = all(cx).await?;
    let installed = all.into_iter().map(|(at, live)| Installed::new(at, &live));
    Ok(installed.collect())
}

pub(super) fn uid(live: &Value) -> String {
    live["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

/// What of it can go now: the last stage that there is of it. The rest waits for that.
pub(in crate::steps) fn plan(installed: &[Installed]) -> (Vec<Removal>, Vec<Wait>) {
    let last = installed.iter().map(|one| one.at.kind.stage()).max();
    let (mut act, mut wait, mut later) = (Vec::new(), Vec::new(), Vec::new());
    for Installed {
        at,
        uid,
        is_terminating,
    } in installed
    {
        let waits = |message: String| Wait::new(at.object(), Reason::Terminating, message);
        match last {
            _ if *is_terminating => wait.push(
                waits("is being deleted; something else has to let go of it".to_owned())
                    .remedy("look at its metadata.finalizers: whoever set one has to remove it"),
            ),
            Some(last) if at.kind.stage() < last => later.push(waits(format!("is removed after {last}"))),
            _ => act.push(Removal {
                at: at.clone(),
                uid: uid.clone(),
            }),
        }
    }
    wait.extend(later);
    (act, wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mk_installed(kind: &str, name: &str, more: Value) -> Installed {
        let kind = KINDS.iter().find(|other| other.name == kind).unwrap();
        let mut metadata = more;
        metadata["name"] = json!(name);
        metadata["uid"] = json!("1");
        if kind.is_namespaced {
            metadata["namespace"] = json!("ns");
        }
        let live = json!({"apiVersion": kind.api_version(), "kind": kind.name, "metadata": metadata});
        Installed::new(Address::of(&live).unwrap(), &live)
    }

    fn names(act: &[Removal]) -> Vec<&str> {
        act.iter().map(|removal| removal.at.name.as_str()).collect()
    }

    #[test]
    fn what_was_made_last_is_removed_first() {
        let mut installed = vec![
            mk_installed("ConfigMap", "config", json!({})),
            mk_installed("ServiceAccount", "account", json!({})),
            mk_installed("ClusterRole", "role", json!({})),
            mk_installed("RoleBinding", "binding", json!({})),
            mk_installed("CronJob", "job", json!({})),
        ];
        for expected in [&["job"][..], &["binding"], &["role"], &["config", "account"]] {
            let (act, wait) = plan(&installed);
            assert_eq!(names(&act), expected);
            assert_eq!(wait.len(), installed.len() - act.len());
            installed.retain(|one| act.iter().all(|removal| removal.at != one.at));
        }
        assert!(plan(&[]).0.is_empty() && plan(&[]).1.is_empty());
    }

    #[test]
    fn what_is_being_deleted_is_waited_for() {
        let dying = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        let installed = [
            mk_installed("RoleBinding", "binding", dying),
            mk_installed("ServiceAccount", "account", json!({})),
        ];
        let (act, wait) = plan(&installed);
        assert!(act.is_empty(), "{act:?}");
        assert_eq!(wait[1].message, "is removed after the role bindings");
    }
}
