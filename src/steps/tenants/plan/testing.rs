//! Tenants as they could be seen, for tests of what is decided about them.

use super::{
    BindingPart, BindingSeen, OrganizationPart, OrganizationSeen, Part, PartSeen, PartState, Remedy,
    Resource, Seen, TunnelSeen, WebhookSecret, names, observe,
};
use crate::{
    model::{
        config::Config,
        kind::{Address, Kind},
        tenants::{OrganizationSpec, PermissionProfile, RepoBindingSpec},
    },
    steps::tenants::{desired::Facts, kinds, pipeline::Packed},
};
use serde_json::json;
use std::collections::BTreeMap;

pub(in crate::steps::tenants) fn mk_resource(kind: &Kind, name: &str, finalizers: &[&str]) -> Resource {
    Resource {
        at: Address {
            kind: kind.clone(),
            namespace: Some("platform-system".to_owned()),
            name: name.to_owned(),
        },
        owner: format!("{}/platform-system/{name}", kind.name),
        uid: "uid".to_owned(),
        version: "1".to_owned(),
        generation: 1,
        finalizers: finalizers.iter().map(|name| (*name).to_owned()).collect(),
        is_deleted: false,
        is_suspended: false,
    }
}

pub(in crate::steps::tenants) fn mk_there(remedy: Remedy) -> PartState {
    PartState::There {
        uid: "uid".to_owned(),
        remedy,
        differs: Vec::new(),
        is_terminating: false,
        complaint: None,
    }
}

/// An organization whose objects are all in this state.
pub(in crate::steps::tenants) fn mk_organization(state: &PartState) -> OrganizationSeen {
    let spec = OrganizationSpec {
        display_name: "Acme".to_owned(),
        admin_users: vec!["a@x.org".to_owned()],
        webhook_secret: None,
    };
    let mut seen = OrganizationSeen {
        resource: mk_resource(&kinds::ORGANIZATION, "acme", &[names::ORGANIZATION_FINALIZER]),
        spec,
        status: None,
        problem: None,
        holds_name: true,
        parts: Vec::new(),
        webhook_secret: WebhookSecret::Good,
        tunnel: TunnelSeen::Off,
    };
    let facts = Facts::new(&Config::default());
    let tenant = observe::organization(&seen, &facts);
    let parts = OrganizationPart::all().iter().map(|part| PartSeen {
        part: *part,
        at: part.at(&tenant),
        state: state.clone(),
    });
    seen.parts = parts.collect();
    seen
}

/// The same for a binding of it.
pub(in crate::steps::tenants) fn mk_binding(state: &PartState) -> BindingSeen {
    let spec = RepoBindingSpec {
        aphex_org: "acme".to_owned(),
        repo_org: "acme".to_owned(),
        repo_name: "app".to_owned(),
        pipeline_name: "app".to_owned(),
        template_ref: "run-pipeline-v1".to_owned(),
        pipeline_spec: String::new(),
        branch: None,
        permission_profile: PermissionProfile::Standard,
    };
    let mut seen = BindingSeen {
        resource: mk_resource(&kinds::REPO_BINDING, "app", &[names::BINDING_FINALIZER]),
        spec,
        status: None,
        problem: None,
        pipeline: Packed::of(&json!({"spec": {}})),
        is_elevated: false,
        holds_name: true,
        parts: Vec::new(),
        applications: Vec::new(),
    };
    let facts = Facts::new(&Config::default());
    let tenant = observe::binding(&seen, &facts);
    let parts = BindingPart::all().iter().map(|part| PartSeen {
        part: *part,
        at: part.at(&tenant),
        state: state.clone(),
    });
    seen.parts = parts.collect();
    seen
}

pub(in crate::steps::tenants) fn mk_seen(
    organizations: Vec<OrganizationSeen>,
    bindings: Vec<BindingSeen>,
) -> Seen {
    Seen {
        is_defined: true,
        facts: Facts::new(&Config::default()),
        organizations,
        bindings,
        bases: Vec::new(),
        teams: Vec::new(),
        strays: Vec::new(),
        failed: BTreeMap::new(),
        only: Vec::new(),
        shard: None,
        has_deleted: false,
        is_patience_over: false,
    }
}
