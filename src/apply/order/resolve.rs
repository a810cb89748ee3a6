//! Each manifest against what the cluster and the plan know of its kind.

use super::{Options, Scope, Scopes};
use crate::apply::{Key, Problem, manifest::Manifest, problem::Findings};
use serde_json::Value;
use std::collections::{BTreeMap, btree_map::Entry};

/// Gives the default namespace to manifests that need one, and returns what is wrong with each by itself.
pub(super) fn resolve(manifests: &mut [Manifest], scopes: &Scopes, options: &Options) -> Vec<Problem> {
    let mut problems = Vec::new();
    for manifest in manifests {
        let mut found = Findings::of(&manifest.source);
        found.object = Some(manifest.key().object());
        match scopes.get(&manifest.group, &manifest.kind) {
            Some(scope) => {
                version(manifest, scope, &mut found);
                namespace(manifest, scope, options, &mut found);
            }
            None => unknown(manifest, &mut found),
        }
        let ttl = &manifest.object["spec"]["ttlSecondsAfterFinished"];
        if manifest.is(("batch", "Job")) && !ttl.is_null() && !options.rerun_jobs {
            found.add(
                "Kubernetes removes this Job some time after it is done, so each run would start it again",
                "leave ttlSecondsAfterFinished out, or pass --rerun-jobs",
            );
        }
        problems.extend(found.problems);
    }
    problems
}

fn unknown(manifest: &Manifest, found: &mut Findings) {
    let Manifest { group, kind, .. } = manifest;
    let what = if group.is_empty() {
        "the core group".to_owned()
    } else {
        format!("group {group}")
    };
    found.add(
        format!("the cluster has no kind {kind} in {what}, and no CustomResourceDefinition here defines it"),
        "add its CustomResourceDefinition, or install what brings it first",
    );
}

fn version(manifest: &Manifest, scope: &Scope, found: &mut Findings) {
    if !scope.versions.contains(&manifest.version) {
        let Manifest { version, kind, .. } = manifest;
        let served = scope.versions.join(", ");
        found.add(
            format!("version {version} of {kind} is not served; served are: {served}"),
            "write the object in one of these versions",
        );
    }
}

fn namespace(manifest: &mut Manifest, scope: &Scope, options: &Options, found: &mut Findings) {
    match (&manifest.namespace, scope.is_namespaced) {
        (Some(_), true) | (None, false) => {}
        (Some(namespace), false) => found.add(
            format!(
                "{} is cluster-scoped, but the manifest names the namespace {namespace}",
                manifest.kind
            ),
            "leave metadata.namespace out",
        ),
        (None, true) => match manifest
            .home
            .as_ref()
            .or(options.default_namespace.as_ref())
            .cloned()
        {
            Some(namespace) => {
                manifest.object["metadata"]["namespace"] = Value::from(namespace.as_str());
                manifest.namespace = Some(namespace);
            }
            None => found.add(
                format!(
                    "a {} needs a namespace, and the manifest names none",
                    manifest.kind
                ),
                "write metadata.namespace",
            ),
        },
    }
}

/// Objects that an earlier manifest declares already; one of them would silently undo the other.
pub(super) fn twice(manifests: &[Manifest]) -> Vec<Problem> {
    let mut first: BTreeMap<Key, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for manifest in manifests {
        match first.entry(manifest.key()) {
            Entry::Vacant(place) => {
                place.insert(&manifest.source);
            }
            Entry::Occupied(place) => {
                let mut found = Findings::of(&manifest.source);
                found.object = Some(manifest.key().object());
                let message = format!("the same object is in {}", place.get());
                found.add(message, "keep one of the two");
                problems.extend(found.problems);
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::apply::order::{Options, order, testing::*};
    use serde_json::json;

    #[test]
    fn namespaces_are_filled_in_or_refused() {
        let filled = mk_order(&[mk("ConfigMap", "a", json!({}))]);
        assert_eq!(filled.manifests[0].namespace.as_deref(), Some("default"));
        assert_eq!(filled.manifests[0].object["metadata"]["namespace"], "default");
        let none = Options::default();
        let problems = order(
            mk_manifests(&[mk("ConfigMap", "a", json!({}))]),
            &mk_scopes(),
            &none,
        )
        .unwrap_err();
        assert!(problems[0].message.contains("needs a namespace"), "{problems:?}");
        assert_problem(
            &[mk("Namespace", "ns/a", json!({}))],
            "Namespace is cluster-scoped",
        );
        // The same object, once with the default namespace and once with its name.
        let both = [
            mk("ConfigMap", "a", json!({})),
            mk("ConfigMap", "default/a", json!({})),
        ];
        assert_problem(&both, "the same object is in a.yaml, document 1 (line 1)");
    }

    #[test]
    fn an_object_is_there_once() {
        let twice = [
            mk("ConfigMap", "ns/a", json!({})),
            mk_in(3, "ConfigMap", "ns/a", json!({})),
        ];
        let expected =
            "a.yaml, document 2 (line 2): ConfigMap ns/a: the same object is in a.yaml, document 1 (line 1)";
        assert_problem(&twice, expected);
        mk_order(&[
            mk("ConfigMap", "ns/a", json!({})),
            mk("Secret", "ns/a", json!({})),
            mk("ConfigMap", "an/a", json!({})),
        ]);
    }

    #[test]
    fn a_job_that_would_vanish_is_refused() {
        let job = [mk(
            "batch/Job",
            "ns/a",
            json!({"spec": {"ttlSecondsAfterFinished": 0}}),
        )];
        assert_problem(&job, "Kubernetes removes this Job");
        let options = Options {
            rerun_jobs: true,
            ..mk_options()
        };
        assert!(order(mk_manifests(&job), &mk_scopes(), &options).is_ok());
        let cron = json!({"spec": {"jobTemplate": {"spec": {"ttlSecondsAfterFinished": 60}}}});
        mk_order(&[
            mk("batch/CronJob", "ns/a", cron),
            mk("batch/Job", "ns/a", json!({})),
        ]);
    }
}
