//! The three kinds, with what their URLs take.

use super::{GROUP, VERSION};
use crate::model::kind::Kind;

/// A team.
pub const ORGANIZATION: Kind = own("Organization", "organizations");
/// What pushes to a repository start.
pub const REPO_BINDING: Kind = own("RepoBinding", "repobindings");
/// Documentation that is tracked.
pub const KNOWLEDGE_BASE: Kind = own("KnowledgeBase", "knowledgebases");

/// All of them.
pub static ALL: [Kind; 3] = [ORGANIZATION, REPO_BINDING, KNOWLEDGE_BASE];

const fn own(name: &'static str, plural: &'static str) -> Kind {
    Kind::known(GROUP, VERSION, name, plural, true)
}
