//! What a tenant consists of: which objects, and what is in each. Pure.
//!
//! An object is named by its [`Part`] and made only when it is looked at or written, so that what is wanted of thousands of
//! tenants need not be held at once.

mod binding;
mod connector;
mod facts;
mod listener;
mod network;
mod organization;
pub(super) mod team;

pub(super) use binding::{BindingPart, TERRAFORM_SECRET};
pub(super) use facts::{Binding, Facts, Organization};
pub(super) use listener::{TEMPLATES, parameters};
pub(super) use organization::OrganizationPart;

pub(super) use crate::model::tenants::names::{WEBHOOK_KEY, WEBHOOK_SECRET};

use super::kinds;
use crate::model::{
    kind::{Address, Kind},
    names,
    tenants::names as tenant_names,
    tunnel::Names,
};
use serde_json::{Map, Value, json};

/// When an object is made: each stage needs the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The custom resource is kept from going without what belongs to it.
    Hold,
    /// What the others are in.
    Namespace,
    /// What fences the namespace, and accounts with what they may do.
    Fence,
    /// What runs inside.
    Content,
    /// What lets somebody from outside start it.
    Door,
}

/// Whether somebody else's addition to an object is drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exactness {
    /// What is wanted is there; more does not matter.
    AtLeast,
    /// This field is as wanted and has nothing more: it grants or limits something.
    Exactly(&'static [&'static str]),
}

/// One object of a tenant.
pub(super) trait Part: Copy + 'static {
    /// The tenant, with all that its objects follow from.
    type Tenant<'a>;
    /// All of them, in the order of their stages.
    fn all() -> &'static [Self];
    /// Which object it is.
    fn at(self, tenant: &Self::Tenant<'_>) -> Address;
    /// The object.
    fn body(self, tenant: &Self::Tenant<'_>) -> Value;
    /// When it is made.
    fn stage(self) -> Stage;
    /// What of it is compared as a whole.
    fn exactness(self) -> Exactness;
    /// Whether its name could be somebody else's: it is in a place that is not the tenant's own.
    fn is_in_shared_place(self) -> bool;
}

fn address(kind: Kind, namespace: Option<&str>, name: impl Into<String>) -> Address {
    Address {
        kind,
        namespace: namespace.map(str::to_owned),
        name: name.into(),
    }
}

/// Where the credentials of an organization's tunnel are.
pub(super) fn credentials(organization: &str, names: &Names) -> Address {
    let namespace = tenant_names::organization_namespace(organization);
    address(kinds::SECRET, Some(&namespace), names.secret.as_str())
}

/// An object with its metadata and these other fields.
fn object(at: &Address, labels: Value, owner: &str, fields: Value) -> Value {
    let mut metadata = json!({
        "name": at.name,
        "labels": labels,
        "annotations": {tenant_names::OWNER_ANNOTATION: owner},
    });
    if let Some(namespace) = &at.namespace {
        metadata["namespace"] = namespace.as_str().into();
    }
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), at.kind.api_version().into());
    object.insert("kind".to_owned(), at.kind.name.as_ref().into());
    object.insert("metadata".to_owned(), metadata);
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

/// How [`grant`]s are compared: nobody else is let in by one.
pub(super) const GRANTED: Exactness = Exactness::Exactly(&["roleRef", "subjects"]);

/// The role, and who has it.
fn grant(role: &str, subjects: Value) -> Value {
    json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": subjects,
    })
}

fn account(name: &str, namespace: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
}

fn managed_by(manager: &str) -> Map<String, Value> {
    Map::from_iter([(names::MANAGED_BY_LABEL.to_owned(), manager.into())])
}

#[cfg(test)]
mod tests;
