//! What `install` puts into a cluster.

use crate::model::{config::Config, kind::KINDS, names};
use serde_json::{Value, json};

/// Everything that is installed, in an order in which it can be applied: the platform's namespaces, the configuration,
/// and `jobs`, what the scheduled steps need (accounts, roles, bindings, CronJobs; in any order).
///
/// All but the namespaces, which hold more than this, carry [`names::PART_OF_LABEL`], by which they are found again when
/// they are no longer wanted.
#[must_use]
pub fn objects(config: &Config, jobs: Vec<Value>) -> Vec<Value> {
    let mut objects: Vec<Value> = Vec::new();
    for name in config.namespaces.all() {
        let namespace = super::platform_namespace(name);
        if !objects.contains(&namespace) {
            objects.push(namespace);
        }
    }
    let others = std::iter::once(configuration(config)).chain(jobs);
    objects.extend(others.map(installed));
    objects.sort_by_key(|object| {
        KINDS
            .iter()
            .position(|kind| object["kind"] == *kind.name)
            .unwrap_or(KINDS.len())
    });
    objects
}

/// The ConfigMap that the Jobs mount.
fn configuration(config: &Config) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": names::CONFIG_MAP, "namespace": config.namespaces.platform},
        "data": {names::CONFIG_KEY: super::document(config)},
    })
}

fn installed(mut object: Value) -> Value {
    object["metadata"]["labels"][names::MANAGED_BY_LABEL] = names::PRODUCT.into();
    object["metadata"]["labels"][names::PART_OF_LABEL] = names::INSTALL_PART.into();
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config;

    fn mk_object(kind: &str) -> Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", "namespace": "ns", "labels": {"own": "1"}}})
    }

    fn kinds(objects: &[Value]) -> Vec<&str> {
        objects
            .iter()
            .filter_map(|object| object["kind"].as_str())
            .collect()
    }

    #[test]
    fn what_others_need_comes_first() {
        let jobs = ["CronJob", "RoleBinding", "Role", "ServiceAccount"].map(mk_object);
        let found = objects(&Config::default(), jobs.into());
        let expected = ["ConfigMap", "ServiceAccount", "Role", "RoleBinding", "CronJob"];
        assert_eq!(kinds(&found), [&["Namespace"; 4][..], &expected].concat());
        let labels =
            json!({"own": "1", names::MANAGED_BY_LABEL: "aphex-ops", names::PART_OF_LABEL: "install"});
        assert_eq!(found[5]["metadata"]["labels"], labels);
        assert_eq!(
            found[0],
            super::super::platform_namespace("auth-system"),
            "namespaces are as `namespaces ensure` makes them"
        );
    }

    #[test]
    fn the_configuration_is_one_that_we_read() {
        let text = "profile: k3s\nnamespaces: {auth: login, argocd: login}\nsuppress: [{check: 'a: b', reason: '#c'}]\n";
        let config = config::parse(text).unwrap();
        let found = objects(&config, Vec::new());
        assert_eq!(
            kinds(&found),
            ["Namespace", "Namespace", "Namespace", "ConfigMap"]
        );
        let text = found[3]["data"]["config.yaml"].as_str().unwrap();
        assert_eq!(config::parse(text).unwrap(), config);
        assert_eq!(found[3]["metadata"]["namespace"], "platform-system");
    }

    #[test]
    fn the_documents_say_what_the_objects_do() {
        let objects = objects(&Config::default(), vec![mk_object("ServiceAccount")]);
        let read: Vec<Value> = serde_saphyr::from_multiple(&super::super::documents(&objects)).unwrap();
        assert_eq!(read, objects);
    }
}
