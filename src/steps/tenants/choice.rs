//! Which tenants a command line names. Pure.

use super::{kinds, seen::Resource};
use crate::{
    converge::contract::Refusal,
    model::{
        exit::Exit,
        failure::Reason,
        kind::Kind,
        nearest::{meant, nearest_all},
        object::ObjectRef,
    },
};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// A tenant as it is named on a command line: `NAME`, `KIND/NAME` or `KIND/NAMESPACE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    kind: Option<Kind>,
    namespace: Option<String>,
    name: String,
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match words.as_slice() {
            [name] => (None, None, *name),
            [kind, name] => (Some(*kind), None, *name),
            [kind, namespace, name] => (Some(*kind), Some(*namespace), *name),
            _ => return Err("expected NAME, KIND/NAME or KIND/NAMESPACE/NAME".to_owned()),
        };
        if name.is_empty() || namespace.is_some_and(str::is_empty) {
            return Err("expected a name on both sides of a slash".to_owned());
        }
        Ok(Self {
            kind: kind.map(kind_of).transpose()?,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        })
    }
}

/// By its name or its plural, in upper or lower case, as kubectl takes them.
fn kind_of(word: &str) -> Result<Kind, String> {
    let is_it = |kind: &Kind| [&kind.name, &kind.plural].map(|name| name.eq_ignore_ascii_case(word));
    kinds::TENANTS
        .iter()
        .find(|kind| is_it(kind).contains(&true))
        .cloned()
        .ok_or_else(|| "the kinds are Organization, RepoBinding and KnowledgeBase".to_owned())
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_ref().map(|kind| kind.name.as_ref());
        let words = [kind, self.namespace.as_deref(), Some(&self.name)];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join("/"))
    }
}

impl Choice {
    /// Whether this tenant is named.
    pub(super) fn is(&self, resource: &Resource) -> bool {
        let is_there = |namespace: &String| resource.at.namespace.as_ref() == Some(namespace);
        self.may_be(&resource.at.kind)
            && self.namespace.as_ref().is_none_or(is_there)
            && self.name == resource.at.name
    }

    /// Whether the Organization of that name is named: then its bindings are meant too.
    pub(super) fn is_organization(&self, name: &str) -> bool {
        self.may_be(&kinds::ORGANIZATION) && self.name == name
    }

    /// As whom it is spoken of when nobody is found by that name.
    fn object(&self) -> ObjectRef {
        ObjectRef::global("tenant", self.to_string())
    }

    fn may_be(&self, kind: &Kind) -> bool {
        self.kind.as_ref().is_none_or(|named| named == kind)
    }
}

/// Who is meant, one tenant by each name and each of them once.
///
/// # Errors
/// A refusal for each name that nobody has, or more than one.
pub(super) fn choose<'a>(
    names: &[Choice],
    everybody: impl Iterator<Item = &'a Resource> + Clone,
) -> Result<Vec<&'a Resource>, Vec<Refusal>> {
    let mut chosen: Vec<&Resource> = Vec::new();
    let mut refused = Vec::new();
    for name in names {
        let named: Vec<&Resource> = everybody.clone().filter(|resource| name.is(resource)).collect();
        match named.as_slice() {
            [] => refused.push(nobody(name, everybody.clone())),
            [resource] if chosen.iter().any(|other| other.owner == resource.owner) => {}
            [resource] => chosen.push(resource),
            several => refused.push(ambiguous(name, several)),
        }
    }
    if refused.is_empty() {
        Ok(chosen)
    } else {
        Err(refused)
    }
}

/// Which tenants are to go, as they were when a run first looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leavers {
    /// Those that are there, by their uids: one that is made anew under the same name is another one.
    pub(super) uids: Vec<String>,
    /// The names that nobody has, nor any like them: they are gone already.
    pub(super) gone: Vec<ObjectRef>,
}

impl Leavers {
    /// Whether this one is to go.
    pub(super) fn have(&self, resource: &Resource) -> bool {
        self.uids.contains(&resource.uid)
    }

    /// Who is meant by each name, if anybody still is.
    ///
    /// # Errors
    /// As those of [`choose`], for names that are gone too if there are others like them.
    pub(super) fn choose<'a>(
        names: &[Choice],
        everybody: impl Iterator<Item = &'a Resource> + Clone,
    ) -> Result<Self, Vec<Refusal>> {
        let is_gone = |name: &&Choice| {
            let is_anybody = everybody.clone().any(|resource| name.is(resource));
            !is_anybody && near(name, everybody.clone()).is_none()
        };
        let (gone, there): (Vec<&Choice>, Vec<&Choice>) = names.iter().partition(is_gone);
        let there: Vec<Choice> = there.into_iter().cloned().collect();
        let chosen = choose(&there, everybody.clone())?;
        Ok(Self {
            uids: chosen.iter().map(|resource| resource.uid.clone()).collect(),
            gone: gone.iter().map(|name| name.object()).collect(),
        })
    }
}

/// The question whether another name is meant.
fn near<'a>(choice: &Choice, everybody: impl Iterator<Item = &'a Resource>) -> Option<String> {
    let names = everybody.filter(|resource| choice.may_be(&resource.at.kind));
    let names: BTreeSet<&str> = names.map(|resource| resource.at.name.as_str()).collect();
    meant(&nearest_all(
        &choice.name,
        names.into_iter().filter(|name| *name != choice.name),
    ))
}

/// Somebody named a tenant that is not there.
pub(super) fn nobody<'a>(choice: &Choice, everybody: impl Iterator<Item = &'a Resource>) -> Refusal {
    let kinds = match &choice.kind {
        Some(kind) => kind.name.as_ref(),
        None => "Organization, RepoBinding or KnowledgeBase",
    };
    let near = near(choice, everybody).map_or_else(String::new, |question| format!("; {question}"));
    Refusal {
        exit: Exit::Usage,
        reason: Reason::NotFound,
        object: choice.object(),
        message: format!("there is no {kinds} of that name{near}"),
        hint: "`aphex-ops tenants status -o wide` lists them".to_owned(),
    }
}

fn ambiguous(choice: &Choice, several: &[&Resource]) -> Refusal {
    let several: Vec<&str> = several.iter().map(|resource| resource.owner.as_str()).collect();
    Refusal {
        exit: Exit::Usage,
        reason: Reason::AmbiguousMatch,
        object: choice.object(),
        message: format!("more than one has that name: {}", several.join(", ")),
        hint: "name one of them in this form, KIND/NAMESPACE/NAME".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tenants::plan::testing::mk_resource;

    fn choice(text: &str) -> Choice {
        text.parse().unwrap()
    }

    fn refused(names: &[&str], everybody: &[Resource]) -> Vec<String> {
        let names: Vec<Choice> = names.iter().map(|name| choice(name)).collect();
        let refused = choose(&names, everybody.iter()).unwrap_err();
        let words = refused
            .iter()
            .map(|refusal| format!("{}: {}", refusal.object, refusal.message));
        words.collect()
    }

    #[test]
    fn a_name_is_read_as_kubectl_reads_it() {
        let acme = mk_resource(&kinds::ORGANIZATION, "acme", &[]);
        let named = [
            "acme",
            "Organization/acme",
            "organizations/acme",
            "organization/platform-system/acme",
        ];
        assert!(named.iter().all(|text| choice(text).is(&acme)));
        let others = ["other", "RepoBinding/acme", "Organization/elsewhere/acme"];
        assert!(!others.iter().any(|text| choice(text).is(&acme)));
        assert!(
            choice("acme").is_organization("acme") && !choice("RepoBinding/acme").is_organization("acme")
        );
        for text in [
            "",
            "Organization/",
            "Tenant/acme",
            "Organization//acme",
            "a/b/c/d",
        ] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_gone_is_no_slip_unless_another_name_is_near() {
        let everybody = [mk_resource(&kinds::ORGANIZATION, "acme", &[])];
        let chosen = Leavers::choose(&["acme", "application"].map(choice), everybody.iter()).unwrap();
        assert_eq!(chosen.uids, ["uid"]);
        assert_eq!(chosen.gone[0].to_string(), "tenant application");
        let refused = Leavers::choose(&["amce"].map(choice), everybody.iter()).unwrap_err();
        assert!(refused[0].message.ends_with("is acme meant?"), "{refused:?}");
    }

    #[test]
    fn one_tenant_is_meant_by_a_name_or_none_is_chosen() {
        let everybody = [
            mk_resource(&kinds::ORGANIZATION, "acme", &[]),
            mk_resource(&kinds::REPO_BINDING, "acme", &[]),
            mk_resource(&kinds::REPO_BINDING, "application", &[]),
        ];
        let names = ["Organization/acme", "application", "RepoBinding/application"].map(choice);
        let chosen = choose(&names, everybody.iter()).unwrap();
        assert_eq!(chosen.len(), 2);
        let refused = refused(&["acme", "aplication", "KnowledgeBase/acme"], &everybody);
        let expected = [
            "tenant acme: more than one has that name: Organization/platform-system/acme, RepoBinding/platform-system/acme",
            "tenant aplication: there is no Organization, RepoBinding or KnowledgeBase of that name; is application meant?",
            "tenant KnowledgeBase/acme: there is no KnowledgeBase of that name",
        ];
        assert_eq!(refused, expected);
    }
}
