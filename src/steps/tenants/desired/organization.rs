//! The objects of an Organization.

use super::{
    Exactness, GRANTED, Organization, Part, Stage, account, address, connector, grant, listener, managed_by,
    object,
};
use crate::{
    model::{kind::Address, tenants::names},
    steps::tenants::kinds,
};
use serde_json::{Value, json};

/// One object of an Organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::steps::tenants) enum OrganizationPart {
    Namespace,
    /// Lets us at the Secrets of the namespace that we make.
    SecretsAccess,
    /// Lets the administrators at the namespace.
    Admins,
    StoreAccount,
    StoreAccess,
    ListenerAccount,
    ListenerAccess,
    /// What any listener reads of the whole cluster.
    ListenerInterceptors,
    Store,
    WebhookSecret,
    PushBinding,
    Listener,
    /// What the connector runs with; only where there are tunnels.
    ConnectorConfig,
    /// Connects the listener with its tunnel.
    Connector,
}

use OrganizationPart as P;

/// The account as which external-secrets reads.
const STORE_READER: &str = "eso-secrets-reader";
/// The account of the listener.
pub(super) const LISTENER_ACCOUNT: &str = "eventlistener";

impl Part for OrganizationPart {
    type Tenant<'a> = Organization<'a>;

    fn all() -> &'static [Self] {
        &[
            P::Namespace,
            P::SecretsAccess,
            P::Admins,
            P::StoreAccount,
            P::StoreAccess,
            P::ListenerAccount,
            P::ListenerAccess,
            P::ListenerInterceptors,
            P::Store,
            P::WebhookSecret,
            P::PushBinding,
            P::Listener,
        ]
    }

    fn at(self, tenant: &Organization<'_>) -> Address {
        let namespace = tenant.namespace();
        let inside = |kind, name: &str| address(kind, Some(&namespace), name);
        let organization = tenant.name;
        match self {
            P::Namespace => address(kinds::NAMESPACE, None, namespace),
            P::SecretsAccess => inside(kinds::ROLE_BINDING, "tenant-secrets"),
            P::Admins => inside(kinds::ROLE_BINDING, "organization-admin"),
            P::StoreAccount => inside(kinds::SERVICE_ACCOUNT, STORE_READER),
            P::StoreAccess => inside(kinds::ROLE_BINDING, STORE_READER),
            P::ListenerAccount => inside(kinds::SERVICE_ACCOUNT, LISTENER_ACCOUNT),
            P::ListenerAccess => inside(kinds::ROLE_BINDING, LISTENER_ACCOUNT),
            P::ListenerInterceptors => address(
                kinds::CLUSTER_ROLE_BINDING,
                None,
                format!("eventlistener-{organization}"),
            ),
            P::Store => address(kinds::SECRET_STORE, None, names::secret_store(organization)),
            P::WebhookSecret => inside(kinds::SECRET, names::WEBHOOK_SECRET),
            P::PushBinding => inside(kinds::TRIGGER_BINDING, listener::PUSH_BINDING),
            P::Listener => inside(kinds::EVENT_LISTENER, listener::LISTENER),
            P::ConnectorConfig => inside(kinds::CONFIG_MAP, connector::CONFIG),
            P::Connector => inside(kinds::DEPLOYMENT, &connector::name(organization)),
        }
    }

    fn body(self, tenant: &Organization<'_>) -> Value {
        let namespace = tenant.namespace();
        let listener_account = || json!([account(LISTENER_ACCOUNT, &namespace)]);
        let fields = match self {
            P::Namespace | P::WebhookSecret => Value::Null,
            P::SecretsAccess if tenant.facts.has_tunnels => {
                // The names of credentials follow from those of organizations, which no role can have.
                super::binding::secrets_access("organization-secrets", tenant.facts)
            }
            P::SecretsAccess => super::binding::secrets_access("tenant-secrets", tenant.facts),
            P::Admins => grant("organization-admin", admins(&tenant.spec.admin_users)),
            P::StoreAccount | P::ListenerAccount => json!({}),
            P::StoreAccess => grant(STORE_READER, json!([account(STORE_READER, &namespace)])),
            P::ListenerAccess => grant("eventlistener-triggers", listener_account()),
            P::ListenerInterceptors => grant("eventlistener-interceptors", listener_account()),
            P::Store => store(tenant.name, &namespace),
            P::PushBinding => listener::push_binding(),
            P::Listener => listener::listener(tenant.name),
            P::ConnectorConfig => connector::config(tenant),
            P::Connector => connector::deployment(tenant),
        };
        let mut labels = managed_by(names::ORGANIZATION_MANAGER);
        labels.insert(names::ORGANIZATION_LABEL.to_owned(), tenant.name.into());
        if self == P::Namespace {
            labels.insert(names::STORE_LABEL.to_owned(), tenant.name.into());
            labels.insert(
                "pod-security.kubernetes.io/enforce".to_owned(),
                "restricted".into(),
            );
        }
        object(&self.at(tenant), labels.into(), tenant.owner, fields)
    }

    fn stage(self) -> Stage {
        match self {
            P::Namespace => Stage::Namespace,
            P::WebhookSecret | P::PushBinding | P::ConnectorConfig | P::Connector => Stage::Content,
            P::Listener => Stage::Door,
            _ => Stage::Fence,
        }
    }

    fn exactness(self) -> Exactness {
        match self {
            P::SecretsAccess | P::Admins | P::StoreAccess | P::ListenerAccess | P::ListenerInterceptors => {
                GRANTED
            }
            P::Store => Exactness::Exactly(&["spec"]),
            _ => Exactness::AtLeast,
        }
    }

    fn is_in_shared_place(self) -> bool {
        matches!(self, P::Namespace | P::ListenerInterceptors | P::Store)
    }
}

impl OrganizationPart {
    /// Whether a controller writes into its status whether it works: Triggers for listeners, external-secrets for stores.
    pub(in crate::steps::tenants) const fn says_how_it_is(self) -> bool {
        matches!(self, P::Listener | P::Store)
    }

    /// Those that take a tunnel.
    pub(in crate::steps::tenants) const CONNECTOR: [Self; 2] = [P::ConnectorConfig, P::Connector];
}

/// In one order, whatever order they are given in.
fn admins(users: &[String]) -> Value {
    let mut users: Vec<&str> = users.iter().map(String::as_str).collect();
    users.sort_unstable();
    let subject = |user| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user});
    users.into_iter().map(subject).collect()
}

fn store(organization: &str, namespace: &str) -> Value {
    json!({"spec": {
        "conditions": [{"namespaceSelector": {"matchLabels": {names::STORE_LABEL: organization}}}],
        "provider": {"kubernetes": {
            "remoteNamespace": namespace,
            "server": {
                // The definition's default, written out: the specification is compared as a whole.
                "url": "kubernetes.default",
                "caProvider": {
                    "type": "ConfigMap",
                    "name": "kube-root-ca.crt",
                    "key": "ca.crt",
                    "namespace": namespace,
                },
            },
            "auth": {"serviceAccount": {"name": STORE_READER, "namespace": namespace}},
        }},
    }})
}
