//! The three kinds by which teams ask for what they need: [`Organization`], [`RepoBinding`], [`KnowledgeBase`].
//!
//! Their definitions in `manifests/components/crds` are made from these types: see [`definitions`].

mod condition;
mod definitions;
mod git;
pub mod kinds;
mod knowledge_base;
pub mod names;
mod organization;
mod repo_binding;
mod status;

pub use condition::{Condition, merge_conditions};
pub use definitions::definitions;
pub use git::{branch_problem, docs_path_problem, repository_problem};
pub use knowledge_base::{
    KnowledgeBase, KnowledgeBasePhase, KnowledgeBaseSpec, KnowledgeBaseStatus, Repository,
};
pub use organization::{Organization, OrganizationPhase, OrganizationSpec, OrganizationStatus};
pub use repo_binding::{
    BindingPhase, PermissionProfile, Provisioned, RepoBinding, RepoBindingSpec, RepoBindingStatus,
    WebhookConfiguration,
};
pub use status::Status;

/// API group of the three kinds.
pub const GROUP: &str = "aphex.io";
/// Their version.
pub const VERSION: &str = "v1alpha1";
