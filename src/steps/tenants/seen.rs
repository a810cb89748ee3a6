//! What was seen of the tenants.

use super::{
    choice::Choice,
    compare::Remedy,
    desired::{BindingPart, Facts, OrganizationPart},
    pipeline::Packed,
    problems::Problem,
    shard::Shard,
    teams::Team,
};
use crate::model::{kind::Address, tenants, tunnel};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that a plan follows from.
#[derive(Debug)]
pub struct Seen {
    /// Whether the cluster has the kinds.
    pub(super) is_defined: bool,
    pub(super) facts: Facts,
    pub(super) organizations: Vec<OrganizationSeen>,
    pub(super) bindings: Vec<BindingSeen>,
    pub(super) bases: Vec<BaseSeen>,
    pub(super) teams: Vec<Team>,
    /// Ours by their labels, and wanted by no tenant that there is.
    pub(super) strays: Vec<Stray>,
    /// What failed for good in this run, by owner.
    pub(super) failed: BTreeMap<String, String>,
    /// Only these tenants are worked on, if any are named.
    pub(super) only: Vec<Choice>,
    /// Only the tenants of this part of the organizations.
    pub(super) shard: Option<Shard>,
    /// Whether this run has deleted something.
    pub(super) has_deleted: bool,
    /// Whether what is being deleted has been waited for long enough.
    pub(super) is_patience_over: bool,
}

impl Seen {
    /// Every tenant that there is.
    pub(super) fn everybody(&self) -> impl Iterator<Item = &Resource> + Clone {
        everybody(&self.organizations, &self.bindings, &self.bases)
    }

    /// Whether a tenant is worked on.
    pub(super) fn is_chosen(&self, resource: &Resource) -> bool {
        self.is_named(resource) && self.is_in_shard(&resource.at.name)
    }

    /// The same for a binding, which is worked on with its organization too.
    pub(super) fn is_chosen_binding(&self, tenant: &BindingSeen) -> bool {
        let organization = &tenant.spec.aphex_org;
        let is_named = self.is_named(&tenant.resource)
            || self.only.iter().any(|name| name.is_organization(organization));
        is_named && self.is_in_shard(organization)
    }

    fn is_named(&self, resource: &Resource) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name.is(resource))
    }

    fn is_in_shard(&self, organization: &str) -> bool {
        self.shard.is_none_or(|shard| shard.has(organization))
    }

    /// Whether it is this run that sees to what is of no tenant, and tells of what belongs to nobody.
    pub(super) fn sees_to_the_rest(&self) -> bool {
        self.only.is_empty() && self.shard.is_none_or(Shard::is_first)
    }

    /// The names that nobody has.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &Choice> {
        let is_anybody = |name: &&Choice| self.everybody().any(|resource| name.is(resource));
        self.only.iter().filter(move |name| !is_anybody(name))
    }
}

/// All of these together.
pub(super) fn everybody<'a>(
    organizations: &'a [OrganizationSeen],
    bindings: &'a [BindingSeen],
    bases: &'a [BaseSeen],
) -> impl Iterator<Item = &'a Resource> + Clone {
    let organizations = organizations.iter().map(|tenant| &tenant.resource);
    let bindings = bindings.iter().map(|tenant| &tenant.resource);
    let bases = bases.iter().map(|base| &base.resource);
    organizations.chain(bindings).chain(bases)
}

/// One custom resource, beside its specification and status.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) at: Address,
    /// `<kind>/<namespace>/<name>`.
    pub(super) owner: String,
    pub(super) uid: String,
    pub(super) version: String,
    pub(super) generation: i64,
    pub(super) finalizers: Vec<String>,
    pub(super) is_deleted: bool,
    pub(super) is_suspended: bool,
}

#[derive(Debug)]
pub(super) struct OrganizationSeen {
    pub(super) resource: Resource,
    pub(super) spec: tenants::OrganizationSpec,
    pub(super) status: Option<tenants::OrganizationStatus>,
    pub(super) problem: Option<Problem>,
    /// Whether its name is one that it may have: else nothing that is called so is its own.
    pub(super) holds_name: bool,
    pub(super) parts: Vec<PartSeen<OrganizationPart>>,
    pub(super) webhook_secret: WebhookSecret,
    pub(super) tunnel: TunnelSeen,
}

/// The way in from the internet of one organization, and what comes next for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TunnelSeen {
    /// There are no tunnels here, or nobody has looked.
    Off,
    /// There it is; when the organization leaves: there is none.
    Done { id: String },
    /// Something has to be done.
    Act(tunnel::Action),
    /// A person has to decide.
    Refused(String),
    /// Cloudflare cannot be asked.
    Unavailable(String),
}

#[derive(Debug)]
pub(super) struct BindingSeen {
    pub(super) resource: Resource,
    pub(super) spec: tenants::RepoBindingSpec,
    pub(super) status: Option<tenants::RepoBindingStatus>,
    pub(super) problem: Option<Problem>,
    /// The Pipeline of the specification; none if there is a problem with it.
    pub(super) pipeline: Packed,
    pub(super) is_elevated: bool,
    /// Whether the pipeline's name is its own: else nothing that is called so is.
    pub(super) holds_name: bool,
    pub(super) parts: Vec<PartSeen<BindingPart>>,
    /// Argo CD's Applications of the tenant: looked for only when it is deleted.
    pub(super) applications: Vec<Leftover>,
}

#[derive(Debug)]
pub(super) struct BaseSeen {
    pub(super) resource: Resource,
    pub(super) spec: tenants::KnowledgeBaseSpec,
    pub(super) status: Option<tenants::KnowledgeBaseStatus>,
}

/// What carries the labels of a tenant and has no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stray {
    pub(super) at: Address,
    /// The custom resource that it was made for, if it says so.
    pub(super) owner: Option<String>,
}

/// Something that has to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leftover {
    pub(super) at: Address,
    pub(super) uid: String,
    pub(super) is_terminating: bool,
}

/// What was seen of the value that signs webhooks; never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WebhookSecret {
    /// There is none, or an empty one.
    Missing,
    /// It is another than the specification gives.
    Different,
    /// It is good.
    Good,
}

#[derive(Debug, Clone)]
pub(super) struct PartSeen<P> {
    pub(super) part: P,
    pub(super) at: Address,
    pub(super) state: PartState,
}

impl<P> PartSeen<P> {
    /// Why it does not do its work, if it is there and says so.
    pub(super) fn complaint(&self) -> Option<String> {
        let said = self.state.complaint()?;
        Some(format!("{} is not ready: {said}", self.at.object()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PartState {
    /// It does not exist.
    Missing,
    /// It exists, and is ours.
    There {
        uid: String,
        remedy: Remedy,
        /// Names of the fields that are not as wanted; never values.
        differs: Vec<String>,
        is_terminating: bool,
        /// What it says of itself that keeps it from doing its work.
        complaint: Option<String>,
    },
    /// It exists, and is somebody else's.
    Foreign {
        /// Whose, as far as can be told.
        owner: String,
    },
    /// The cluster does not have its kind.
    NotServed,
}

impl PartState {
    /// That of an object which is ours, with what mends it, what differs, and what it says of itself.
    pub(super) fn there(
        live: &Value,
        remedy: Remedy,
        differs: Vec<String>,
        complaint: Option<String>,
    ) -> Self {
        Self::There {
            uid: live["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            remedy,
            differs,
            is_terminating: !live["metadata"]["deletionTimestamp"].is_null(),
            complaint,
        }
    }

    /// Why it does not do its work, if it is there and says so.
    fn complaint(&self) -> Option<&str> {
        match self {
            Self::There { complaint, .. } => complaint.as_deref(),
            _ => None,
        }
    }

    /// Whether it is as wanted, and says nothing else of itself.
    pub(super) fn is_well(&self) -> bool {
        self.is_good() && self.complaint().is_none()
    }

    pub(super) fn is_good(&self) -> bool {
        matches!(
            self,
            Self::There {
                remedy: Remedy::None,
                is_terminating: false,
                ..
            }
        )
    }
}
