//! What lets engineers into a namespace of a person or a team.

use super::{address, grant, managed_by, object};
use crate::{
    model::{kind::Address, tenants::names},
    steps::tenants::kinds,
};
use serde_json::{Value, json};

/// What engineers may do there, in `manifests/components/rbac`.
pub(in crate::steps::tenants) const ROLE: &str = "platform-engineer";
/// Who they are, as the identity provider names the group.
const GROUP: &str = "platform-engineering";

/// Which object it is in this namespace.
pub(in crate::steps::tenants) fn at(namespace: &str) -> Address {
    address(kinds::ROLE_BINDING, Some(namespace), "platform-engineer-access")
}

/// Whom it is there for, as objects name it.
pub(in crate::steps::tenants) fn owner(namespace: &str) -> String {
    format!("{}//{namespace}", kinds::NAMESPACE.name)
}

/// The object.
pub(in crate::steps::tenants) fn body(namespace: &str) -> Value {
    let group = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP});
    let labels = managed_by(names::TEAM_MANAGER).into();
    object(
        &at(namespace),
        labels,
        &owner(namespace),
        grant(ROLE, json!([group])),
    )
}
