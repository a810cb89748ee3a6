//! What kinds there are: those that the cluster serves, and those that the plan brings along.

use super::CRD;
use crate::apply::{Problem, manifest::Manifest, problem::Findings};
use serde_json::Value;
use std::collections::BTreeMap;

/// How objects of a kind are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Versions that are served, the preferred one first.
    pub versions: Vec<String>,
    /// Plural resource.
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub is_namespaced: bool,
}

/// Kinds by group and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeMap<(String, String), Scope>);

impl Scopes {
    /// Adds a kind, or replaces what was known of it.
    pub fn insert(&mut self, group: &str, kind: &str, scope: Scope) {
        self.0.insert((group.to_owned(), kind.to_owned()), scope);
    }

    /// What is known of a kind.
    #[must_use]
    pub fn get(&self, group: &str, kind: &str) -> Option<&Scope> {
        self.0.get(&(group.to_owned(), kind.to_owned()))
    }

    /// These kinds, and those that the CustomResourceDefinitions among the manifests define.
    ///
    /// What a manifest says holds: once it is applied, a version that it does not serve is served no more.
    ///
    /// # Errors
    /// One problem for each definition that does not say what it defines.
    pub fn with(&self, manifests: &[Manifest]) -> (Self, Vec<Problem>) {
        let (mut scopes, mut problems) = (self.clone(), Vec::new());
        for manifest in manifests.iter().filter(|manifest| manifest.is(CRD)) {
            match (defines(manifest), scope(&manifest.object["spec"])) {
                (Some((group, kind)), Some(scope)) => scopes.insert(group, kind, scope),
                _ => {
                    let mut found = Findings::of(&manifest.source);
                    found.object = Some(manifest.key().object());
                    found.add(
                        "it does not say which kind it defines",
                        "write spec.group, spec.names, spec.scope and a version that is served",
                    );
                    problems.extend(found.problems);
                }
            }
        }
        (scopes, problems)
    }
}

/// Group and kind that a CustomResourceDefinition defines.
pub(super) fn defines(definition: &Manifest) -> Option<(&str, &str)> {
    let spec = &definition.object["spec"];
    Some((spec["group"].as_str()?, spec["names"]["kind"].as_str()?))
}

fn scope(spec: &Value) -> Option<Scope> {
    let versions = spec["versions"].as_array()?.iter();
    let versions = versions.filter(|version| version["served"] == true);
    let versions: Vec<String> = versions
        .filter_map(|version| version["name"].as_str().map(str::to_owned))
        .collect();
    let is_namespaced = match spec["scope"].as_str()? {
        "Namespaced" => true,
        "Cluster" => false,
        _ => return None,
    };
    let plural = spec["names"]["plural"].as_str()?.to_owned();
    (!versions.is_empty()).then_some(Scope {
        versions,
        plural,
        is_namespaced,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::order::{order, testing::*};
    use serde_json::json;

    #[test]
    fn kinds_and_versions_must_be_served() {
        assert_problem(
            &[mk("a.b/Thing", "ns/a", json!({}))],
            "the cluster has no kind Thing in group a.b",
        );
        assert_problem(
            &[mk("Thing", "ns/a", json!({}))],
            "no kind Thing in the core group",
        );
        let mut newer = mk("apps/Deployment", "ns/a", json!({}));
        newer["apiVersion"] = json!("apps/v2");
        assert_problem(&[newer], "version v2 of Deployment is not served; served are: v1");
        let mut unserved = mk("a.b/Thing", "ns/a", json!({}));
        unserved["apiVersion"] = json!("a.b/v2");
        assert_problem(&[unserved, mk_definition(0, "Namespaced")], "served are: v1");
        assert_problem(
            &[mk("a.b/Thing", "ns/a", json!({})), mk_definition(0, "Cluster")],
            "cluster-scoped",
        );
        for (path, value) in [
            ("/spec/group", json!(1)),
            ("/spec/scope", json!("Any")),
            ("/spec/names", json!({})),
            ("/spec/versions", json!([])),
        ] {
            let mut definition = mk_definition(0, "Cluster");
            *definition.pointer_mut(path).unwrap() = value;
            assert_problem(&[definition], "does not say which kind it defines");
        }
    }

    #[test]
    fn what_a_definition_of_the_plan_says_replaces_what_the_cluster_says() {
        let mut scopes = mk_scopes();
        let old = Scope {
            versions: vec!["v2".to_owned()],
            plural: "things".to_owned(),
            is_namespaced: false,
        };
        scopes.insert("a.b", "Thing", old);
        let manifests = mk_manifests(&[mk_definition(0, "Namespaced"), mk("a.b/Thing", "ns/a", json!({}))]);
        assert!(order(manifests, &scopes, &mk_options()).is_ok());
    }
}
