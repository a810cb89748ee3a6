//! Values for the tests of all areas.

use super::super::{
    Account, Bootstrap, Facts, Listing, LoginFact, Look, Outcome, Provider, ProviderState, Stored, check, run,
};
use crate::{
    check::{Comparison, Finding, Source},
    model::config::Config,
};
use serde_json::{Value, json};

/// A cluster that was looked at in full, with every kind and no object; its namespaces are there.
pub(crate) fn mk_facts() -> Facts {
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let mut facts = Facts::new(Config::default(), now, "https://api.example".to_owned());
    facts.version = Some("v1.34.0".to_owned());
    for of in super::catalogue().flat_map(|check| check.reads()) {
        facts.lists.insert(*of, Listing::Objects(Vec::new()));
    }
    facts.access = Look::Seen(Account::default());
    facts.secrets = Look::Seen(Vec::new());
    let secret = Comparison::Same;
    facts.account = Look::Seen(Stored::Works { secret, others: 0 });
    facts.bootstrap = Look::Seen(Bootstrap::Gone);
    let provider = |url: &str| Provider {
        url: url.to_owned(),
        state: ProviderState::Good,
    };
    let authentik = "http://authentik.example/application/o/platform-services/";
    facts.providers = Look::Seen(vec![provider(authentik), provider(&facts.config.dex_url())]);
    facts.outside = Look::Seen(vec![provider("https://dex.home.local")]);
    facts.dex_config = Look::Seen(Some("issuer: https://dex.home.local".to_owned()));
    facts.has_jobs_config = Look::Seen(true);
    facts.lease = Look::Seen(None);
    facts.login = Look::Seen(LoginFact {
        token: Ok(Vec::new()),
        accepted: Some(Ok("akadmin@example.org (platform-admins)".to_owned())),
        may_change_email: Some(false),
    });
    let namespaces = facts
        .config
        .namespaces
        .all()
        .map(|name| json!({"metadata": {"name": name}}));
    let facts = facts.with("Namespace", namespaces.to_vec());
    facts.with("Deployment", vec![mk_workload("auth-system", "dex")])
}

impl Facts {
    /// The same with these objects of a kind.
    pub(crate) fn with(mut self, kind: &str, objects: Vec<Value>) -> Self {
        let of = source(kind);
        let objects = objects.into_iter().map(|mut object| {
            object["kind"] = of.kind.into();
            let version = if of.group.is_empty() {
                "v1".to_owned()
            } else {
                format!("{}/v1", of.group)
            };
            object["apiVersion"] = version.into();
            object
        });
        self.lists.insert(of, Listing::Objects(objects.collect()));
        self
    }

    /// The findings of one check.
    pub(crate) fn findings(&self, code: &str) -> Vec<Finding> {
        match self.outcome(code) {
            Outcome::Failed(findings) => findings,
            Outcome::Passed => Vec::new(),
            Outcome::Skipped(skip) => panic!("{code} was skipped: {skip}"),
        }
    }

    pub(crate) fn outcome(&self, code: &str) -> Outcome {
        assert!(check(code).is_some(), "there is no {code}");
        let mut rows = run(self, |check| check.code == code);
        rows.remove(0).outcome
    }
}

fn source(kind: &str) -> Source {
    let mut all = super::catalogue().flat_map(|check| check.reads());
    *all.find(|of| of.kind == kind).unwrap()
}

/// A Deployment whose one Pod is available; Dex says with which secrets it was started.
pub(crate) fn mk_workload(namespace: &str, name: &str) -> Value {
    let labels = json!({"app": name});
    let annotations = json!({"platform.aphex/secrets-digest": "x"});
    json!({
        "metadata": {"namespace": namespace, "name": name, "generation": 1},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": []}},
        },
        "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
            "conditions": [{"type": "Available", "status": "True"}],
        },
    })
}
