//! Reports whose objects are parts of each other, for people.

use crate::{
    converge::{Report, Verb, report::ActionReport},
    model::object::ObjectRef,
};
use std::collections::HashMap;

/// Whether it says what is, and any of its objects is a part of another. What was done is shown in the order of doing.
pub(super) fn is_tree(report: &Report) -> bool {
    let is_look = report.actions.iter().all(|row| row.verb == Verb::Check);
    is_look && report.actions.iter().any(|row| row.part_of.is_some())
}

/// What each row has directly below it.
type Below<'a> = HashMap<&'a ObjectRef, Vec<&'a ActionReport>>;

/// Each object with its state, indented below the one that it is a part of. A row whose parent has none is shown at the top.
pub(super) fn rows(actions: &[ActionReport]) -> Vec<[String; 2]> {
    let mut below: Below<'_> = actions.iter().map(|row| (&row.object, Vec::new())).collect();
    let mut top = Vec::new();
    for row in actions {
        match row.part_of.as_ref().and_then(|parent| below.get_mut(parent)) {
            Some(parts) => parts.push(row),
            None => top.push(row),
        }
    }
    let mut rows = Vec::new();
    for row in top {
        rows.push([row.object.to_string(), row.message.clone()]);
        add_parts(row, &below, "", &mut rows);
    }
    rows
}

fn add_parts(parent: &ActionReport, below: &Below<'_>, indent: &str, rows: &mut Vec<[String; 2]>) {
    let parts = below.get(&parent.object).map_or(&[][..], Vec::as_slice);
    for (position, part) in parts.iter().enumerate() {
        let is_last = position + 1 == parts.len();
        let (branch, beneath) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let name = name_below(&part.object, &parent.object);
        rows.push([format!("{indent}{branch}{name}"), part.message.clone()]);
        add_parts(part, below, &format!("{indent}{beneath}"), rows);
    }
}

/// What is below its namespace need not name it again.
fn name_below(object: &ObjectRef, parent: &ObjectRef) -> String {
    let is_inside = parent.kind == "Namespace" && object.namespace.as_ref() == Some(&parent.name);
    if is_inside {
        ObjectRef::global(object.kind.as_str(), object.name.as_str()).to_string()
    } else {
        object.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::Outcome;

    fn mk_row(object: ObjectRef, part_of: Option<&ObjectRef>) -> ActionReport {
        ActionReport {
            object,
            part_of: part_of.cloned(),
            verb: Verb::Check,
            outcome: Some(Outcome::Unchanged),
            reason: None,
            message: "as wanted".to_owned(),
        }
    }

    #[test]
    fn what_is_a_part_is_below_the_whole() {
        let tenant = ObjectRef::namespaced("Organization", "platform-system", "acme");
        let namespace = ObjectRef::global("Namespace", "org-acme");
        let inside = |name| mk_row(ObjectRef::secret("org-acme", name), Some(&namespace));
        let rows = rows(&[
            mk_row(tenant.clone(), None),
            mk_row(namespace.clone(), Some(&tenant)),
            inside("a"),
            mk_row(
                ObjectRef::global("ClusterSecretStore", "org-acme-store"),
                Some(&tenant),
            ),
            inside("b"),
            mk_row(
                ObjectRef::global("Namespace", "lost"),
                Some(&ObjectRef::global("Tenant", "none")),
            ),
        ]);
        let names: Vec<&str> = rows.iter().map(|[name, _]| name.as_str()).collect();
        let expected = [
            "Organization platform-system/acme",
            "├─ Namespace org-acme",
            "│  ├─ Secret a",
            "│  └─ Secret b",
            "└─ ClusterSecretStore org-acme-store",
            "Namespace lost",
        ];
        assert_eq!(names, expected);
    }
}
