//! Why a tenant cannot be worked on: what has to be mended first, and where. Pure.

use super::{desired::TEMPLATES, pipeline, seen::Resource};
use crate::model::{
    config::{Config, Namespaces},
    dns,
    tenants::{self, PermissionProfile, names},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that keeps a tenant from being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// One CamelCase word, as conditions have it.
    pub(super) reason: &'static str,
    pub(super) message: String,
    /// Whether it passes when something else comes, rather than when this is mended.
    pub(super) is_pending: bool,
}

impl Problem {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            is_pending: false,
        }
    }

    fn pending(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            is_pending: true,
            ..Self::new(reason, message)
        }
    }
}

/// What is wrong with the name of an Organization, or with its place.
pub(super) fn of_organization_name(resource: &Resource, config: &Config) -> Option<Problem> {
    let platform = &config.namespaces.platform;
    if resource.at.namespace.as_deref() != Some(platform) {
        let message = format!("organizations are made in namespace {platform} only");
        return Some(Problem::new("NamespaceNotAllowed", message));
    }
    let name = &resource.at.name;
    if !dns::is_label(name) || name.len() > 59 {
        let message = "its name has to be a label of DNS (RFC 1123) of at most 59 characters";
        return Some(Problem::new("InvalidName", message));
    }
    None
}

/// What is wrong with the specification of an Organization.
pub(super) fn of_organization(spec: &tenants::OrganizationSpec) -> Option<Problem> {
    if spec.admin_users.is_empty() {
        return Some(Problem::new("InvalidSpec", "spec.adminUsers is empty"));
    }
    let has_system = |user: &&String| user.starts_with("system:") || !user.contains('@');
    if let Some(user) = spec.admin_users.iter().find(has_system) {
        let message = format!("spec.adminUsers: {user:?} is no e-mail address");
        return Some(Problem::new("InvalidSpec", message));
    }
    None
}

/// What all bindings together say.
#[derive(Debug)]
pub(super) struct Others<'a> {
    /// Namespaces that are given to an organization, with its name.
    pub(super) given: &'a BTreeMap<String, String>,
    /// Which binding a pipeline's name belongs to: the oldest one.
    pub(super) holders: BTreeMap<&'a str, &'a Resource>,
    /// The organizations, and what is wrong with each.
    pub(super) organizations: BTreeMap<&'a str, (&'a Resource, Option<&'a Problem>)>,
}

/// What is wrong with a binding; else its Pipeline.
pub(super) fn of_binding(
    resource: &Resource,
    spec: &tenants::RepoBindingSpec,
    others: &Others<'_>,
    config: &Config,
) -> Result<Value, Problem> {
    names_problem(spec, &config.namespaces)?;
    place_problem(resource, spec, others.given, &config.namespaces)?;
    if let Some(holder) = others.holders.get(spec.pipeline_name.as_str())
        && holder.owner != resource.owner
    {
        let message = format!(
            "the pipeline name {} belongs to {}, which is older",
            spec.pipeline_name,
            holder.at.object()
        );
        return Err(Problem::new("NameTaken", message));
    }
    organization_problem(spec, others)?;
    if !TEMPLATES.contains(&spec.template_ref.as_str()) {
        let message = format!(
            "spec.templateRef: there is no template {:?}; there is {}",
            spec.template_ref,
            TEMPLATES.join(", ")
        );
        return Err(Problem::new("TemplateNotFound", message));
    }
    if spec.permission_profile == PermissionProfile::Elevated && !is_elevated(spec, config) {
        let message = format!(
            "spec.permissionProfile: the configuration's tenants.elevated does not name {}",
            spec.aphex_org
        );
        return Err(Problem::new("ProfileNotAllowed", message));
    }
    pipeline::parse(&spec.pipeline_spec)
        .map_err(|error| Problem::new("InvalidPipeline", format!("spec.pipelineSpec: {error}")))
}

/// Whether the binding may have the pipeline's name, if no other has it.
pub(super) fn may_hold(
    resource: &Resource,
    spec: &tenants::RepoBindingSpec,
    given: &BTreeMap<String, String>,
    namespaces: &Namespaces,
) -> bool {
    names_problem(spec, namespaces).is_ok() && place_problem(resource, spec, given, namespaces).is_ok()
}

/// Whether the organization may use the elevated profile.
pub(super) fn is_elevated(spec: &tenants::RepoBindingSpec, config: &Config) -> bool {
    config.tenants.elevated.contains(&spec.aphex_org)
}

fn names_problem(spec: &tenants::RepoBindingSpec, namespaces: &Namespaces) -> Result<(), Problem> {
    let pipeline = &spec.pipeline_name;
    if !dns::is_label(pipeline) || pipeline.len() > 50 {
        let message = "spec.pipelineName has to be a label of DNS (RFC 1123) of at most 50 characters";
        return Err(Problem::new("InvalidName", message));
    }
    if let Some(reserved) = names::reserved(pipeline, namespaces) {
        let message = format!("spec.pipelineName: {pipeline} is reserved for the platform ({reserved})");
        return Err(Problem::new("NameReserved", message));
    }
    let url = format!("https://github.com/{}/{}", spec.repo_org, spec.repo_name);
    if let Some(problem) = tenants::repository_problem(&url) {
        return Err(Problem::new("InvalidRepository", format!("{url} {problem}")));
    }
    match tenants::branch_problem(spec.branch()) {
        Some(problem) => Err(Problem::new("InvalidBranch", format!("spec.branch {problem}"))),
        None => Ok(()),
    }
}

/// Whoever may make a binding gets at the organization's secrets, so it is made where only its administrators can, or where
/// the platform's administrators say that others may: nobody else sets the label.
fn place_problem(
    resource: &Resource,
    spec: &tenants::RepoBindingSpec,
    given: &BTreeMap<String, String>,
    namespaces: &Namespaces,
) -> Result<(), Problem> {
    let own = names::organization_namespace(&spec.aphex_org);
    let allowed = [namespaces.platform.as_str(), own.as_str()];
    let place = resource.at.namespace.as_deref().unwrap_or_default();
    if allowed.contains(&place) || given.get(place) == Some(&spec.aphex_org) {
        return Ok(());
    }
    let message = format!(
        "bindings to {organization} are made in namespace {} or {own}, or in one that an administrator of the platform gave \
         it by the label {}={organization}",
        namespaces.platform,
        names::ORGANIZATION_LABEL,
        organization = spec.aphex_org,
    );
    Err(Problem::new("NamespaceNotAllowed", message))
}

fn organization_problem(spec: &tenants::RepoBindingSpec, others: &Others<'_>) -> Result<(), Problem> {
    let name = &spec.aphex_org;
    match others.organizations.get(name.as_str()) {
        None => Err(Problem::pending(
            "OrganizationNotFound",
            format!("spec.aphexOrg: there is no Organization {name}"),
        )),
        Some((organization, _)) if organization.is_deleted => Err(Problem::pending(
            "OrganizationDeleted",
            format!("Organization {name} is being deleted"),
        )),
        Some((_, Some(problem))) => Err(Problem::pending(
            "OrganizationNotReady",
            format!("Organization {name} has to be mended first: {}", problem.message),
        )),
        Some((_, None)) => Ok(()),
    }
}

/// What is wrong with a knowledge base.
pub(super) fn of_base(spec: &tenants::KnowledgeBaseSpec) -> Option<Problem> {
    let invalid = |message: String| Some(Problem::new("InvalidSpec", message));
    if spec.repositories.is_empty() {
        return invalid("spec.repositories is empty".to_owned());
    }
    for (number, repository) in spec.repositories.iter().enumerate() {
        let at = format!("spec.repositories[{number}]");
        if let Some(problem) = tenants::repository_problem(&repository.url) {
            return invalid(format!("{at}.url {problem}"));
        }
        if let Some(problem) = repository.branch.as_deref().and_then(tenants::branch_problem) {
            return invalid(format!("{at}.branch {problem}"));
        }
        let paths = repository.paths.iter().flatten();
        if let Some(problem) = paths.map(String::as_str).find_map(tenants::docs_path_problem) {
            return invalid(format!("{at}.paths: one of them {problem}"));
        }
        let is_same = |other: &tenants::Repository| other.url.eq_ignore_ascii_case(&repository.url);
        if spec.repositories[..number].iter().any(is_same) {
            return invalid(format!("{at}.url is there twice"));
        }
    }
    None
}
