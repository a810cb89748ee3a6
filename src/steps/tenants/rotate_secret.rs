//! `tenants rotate-secret`: another value for the secret that signs an Organization's webhooks.
//!
//! GitHub is told by whoever may change the repositories, and only one value can be valid at a time: the deliveries between
//! the two changes are refused, and GitHub can send them again. So there is one write here and nothing to prove.

use super::{
    apply::SECRET_BYTES,
    desired::{WEBHOOK_KEY, WEBHOOK_SECRET},
    kinds,
    plan::rotation::{self as plan, Act, Found, Owner, Stored},
    resources,
};
use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    entropy,
    kubernetes::Part,
    model::{
        config::Config,
        failure::{Failure, Reason},
        kind::Address,
        rotation::{self, ROTATION_ANNOTATION},
        rule::Rule,
        tenants::names,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Give the secret that signs an Organization's webhooks a new value.
#[derive(Debug, Default, clap::Args)]
pub struct TenantsRotateSecret {
    /// Name of the Organization
    #[arg(value_name = "ORGANIZATION")]
    organization: String,
    /// The rotation's id: running the same one again does nothing if it is done; without it, a new one begins
    #[arg(long, value_name = "ID", value_parser = rotation::parse_request)]
    request: Option<String>,
    #[arg(skip)]
    made: OnceLock<String>,
}

impl TenantsRotateSecret {
    fn namespace(&self) -> String {
        names::organization_namespace(&self.organization)
    }

    fn request(&self) -> Result<String, Failure> {
        if let Some(request) = self.request.as_ref().or(self.made.get()) {
            return Ok(request.clone());
        }
        let made = entropy::name()?;
        Ok(self.made.get_or_init(|| made).clone())
    }

    async fn stored(&self, cx: &Context) -> Result<Option<Stored>, Failure> {
        let secret = cx.cluster.secret(&self.namespace(), WEBHOOK_SECRET).await?;
        Ok(secret.map(|secret| {
            let value = secret.value(WEBHOOK_KEY);
            let annotation = |name: &str| secret.annotations.get(name).cloned();
            Stored {
                version: secret.version.clone(),
                owner: annotation(names::OWNER_ANNOTATION).unwrap_or_default(),
                rotations: annotation(ROTATION_ANNOTATION).unwrap_or_default(),
                has_value: value.is_some_and(|value| !value.expose_secret().is_empty()),
                is_immutable: secret.immutable,
            }
        }))
    }
}

impl Step for TenantsRotateSecret {
    const META: Meta = Meta {
        command: "tenants rotate-secret",
        summary: "the secret that signs an organization's webhooks has a new value",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Found;
    type Action = Act;

    fn rules(&self, _: &Config) -> Vec<Rule> {
        let verbs = &["get", "patch"];
        let secret = match self.organization.as_str() {
            "" => Rule::cluster("", "secrets", [WEBHOOK_SECRET], verbs),
            _ => Rule::named(&self.namespace(), "", "secrets", [WEBHOOK_SECRET], verbs),
        };
        vec![Rule::everywhere(&kinds::ORGANIZATION, &["list"]), secret]
    }

    async fn observe(&self, cx: &Context) -> Result<Found, Failure> {
        let organizations = match cx.cluster.find_all(&kinds::ORGANIZATION, None, "").await {
            // The cluster does not have the kind.
            Err(failure) if failure.reason == Reason::NotFound => Vec::new(),
            found => found?,
        };
        let owners: Vec<Owner> = organizations.iter().map(owner).collect();
        let is_there = owners.iter().any(|owner| owner.name == self.organization);
        Ok(Found {
            organization: self.organization.clone(),
            owners,
            stored: if is_there { self.stored(cx).await? } else { None },
            request: self.request()?,
        })
    }

    fn plan(&self, found: &Found) -> Plan<Act> {
        plan::plan(found)
    }

    async fn apply(&self, cx: &Context, act: Act) -> Result<Outcome, Failure> {
        let value = entropy::secret(SECRET_BYTES)?;
        let body = json!({
            "metadata": {"resourceVersion": act.version, "annotations": {ROTATION_ANNOTATION: act.rotations}},
            "data": {WEBHOOK_KEY: STANDARD.encode(value.expose_secret())},
        });
        let at = Address {
            kind: kinds::SECRET,
            namespace: Some(act.namespace),
            name: WEBHOOK_SECRET.to_owned(),
        };
        cx.cluster.merge_into(&at, Part::Whole, &body).await?;
        Ok(Outcome::Configured)
    }
}

fn owner(organization: &Value) -> Owner {
    let at = kinds::ORGANIZATION.address(organization);
    Owner {
        owner: resources::owner(&at),
        name: at.name,
        gives_secret: !organization["spec"]["webhookSecret"].is_null(),
    }
}
