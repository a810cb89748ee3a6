//! What the caller may look at.

use super::super::{Category::Permissions, Check, Facts, Finding, Listing, Probe, Skip};
use crate::model::{failure::Reason, object::ObjectRef};

pub(super) const CHECKS: &[Check] = &[
    Check::warning("APX-PER-001", Permissions, "the caller may look at everything that is checked", may_look)
        .means("Checks that need what may not be looked at are skipped, so that something may be wrong and not be seen.")
        .mended("Apply what `aphex-ops render rbac check` prints, with the account that runs the checks.")
        .after(&["APX-CLU-001"])
        .probing(&[Probe::Access]),
    Check::warning("APX-PER-002", Permissions, "the API server can tell all rights of the caller", may_tell)
        .means("A webhook authorizes besides RBAC, and its answers are not in the list of rights.")
        .mended("Nothing has to be done: what is really refused is found when it is looked at.")
        .after(&["APX-CLU-001"])
        .probing(&[Probe::Access]),
    Check::error("APX-PER-003", Permissions, "every list that is checked is answered", answered)
        .means("The API server, or the server behind an aggregated API, has trouble with this kind of object.")
        .mended("Look at the API services and at the API server's log.")
        .after(&["APX-CLU-001"]),
];

fn may_look(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let account = facts.access.seen()?;
    let found = account.missing.iter().map(|rule| {
        let object = ObjectRef::global("Permission", rule);
        let message = "the caller does not have it, so what it shows is not judged";
        Finding::new(
            object,
            Reason::Forbidden,
            message,
            "aphex-ops render rbac check | kubectl apply -f -",
        )
    });
    Ok(found.collect())
}

fn may_tell(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let account = facts.access.seen()?;
    let found = account.is_incomplete.then(|| {
        let object = ObjectRef::global("API server", &facts.server);
        let message = "its review of the caller's rights is incomplete, so that rights may be missing that are not named here";
        Finding::new(object, "Incomplete", message, "kubectl auth can-i --list")
    });
    Ok(found.into_iter().collect())
}

/// What is forbidden is told of by the rights.
fn answered(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let troubled = facts.lists.iter().filter_map(|(of, listing)| match listing {
        Listing::Unseen(trouble) if trouble.reason != Reason::Forbidden => Some((of, trouble)),
        _ => None,
    });
    let found = troubled.map(|(of, trouble)| {
        let plural = match of.group {
            "" => of.plural.to_owned(),
            group => format!("{}.{group}", of.plural),
        };
        let remedy = format!("kubectl get {plural} --all-namespaces --limit 1");
        Finding::new(
            ObjectRef::global("List", plural),
            trouble.reason,
            &trouble.message,
            remedy,
        )
    });
    Ok(found.collect())
}
