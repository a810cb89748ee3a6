//! Judging a discovery document (OpenID Connect Discovery 1.0 §3, §4.3).

use super::{Document, Finding, keys::ALGORITHMS, quoted};
use crate::http::Url;

/// What a provider must say of itself.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// Which endpoints may be http.
    pub plain: Plain,
}

/// Which endpoints may be http.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Those of Services in the cluster.
    InCluster,
    /// Those of an issuer that is http itself: the configuration says so.
    AsIssuer,
}

/// The endpoints that a login needs.
const REQUIRED: [&str; 3] = ["authorization_endpoint", "token_endpoint", "jwks_uri"];

/// Everything that is wrong with a discovery document.
#[must_use]
pub fn discovery(document: &Document, expected: Expected<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(issuer(document, expected).err());
    let is_issuer_right = findings.is_empty();
    let missing = |name: &&str| document.text(name).err();
    findings.extend(REQUIRED.iter().filter_map(missing));
    // The endpoints follow the issuer: where that is wrong, they are all wrong in the same way.
    if is_issuer_right {
        let wrong = |(name, url): (&str, &str)| endpoint(name, url, expected).err();
        findings.extend(endpoints(document).into_iter().filter_map(wrong));
    }
    findings.extend(contains(document, "response_types_supported", &["code"]).err());
    findings.extend(contains(document, "id_token_signing_alg_values_supported", &ALGORITHMS).err());
    findings
}

/// The algorithms that the provider signs with, as far as they are acceptable.
#[must_use]
pub fn algorithms(document: &Document) -> Vec<&str> {
    let named = document
        .texts("id_token_signing_alg_values_supported")
        .unwrap_or_default();
    named
        .into_iter()
        .filter(|name| ALGORITHMS.contains(name))
        .collect()
}

/// Everything in which what a provider says inside the cluster differs from what it says outside.
#[must_use]
pub fn differences(inside: &Document, outside: &Document) -> Vec<Finding> {
    let (inside, outside) = (endpoints(inside), endpoints(outside));
    let mut names: Vec<&str> = inside.iter().chain(&outside).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let value = |list: &[(&str, &str)], name: &str| {
        let found = list.iter().find(|(other, _)| *other == name);
        found.map_or_else(|| "nothing".to_owned(), |(_, url)| quoted(url))
    };
    let difference = |name: &str| {
        let (inside, outside) = (value(&inside, name), value(&outside, name));
        let message = format!(
            "{} is {inside} in the cluster, but {outside} outside",
            quoted(name)
        );
        (inside != outside).then(|| Finding::mismatch(message))
    };
    names.into_iter().filter_map(difference).collect()
}

/// The endpoints that are there and are text.
fn endpoints(document: &Document) -> Vec<(&str, &str)> {
    let is_endpoint = |name: &str| name.ends_with("_endpoint") || name == "jwks_uri";
    let fields = document.fields().filter(|(name, _)| is_endpoint(name));
    fields
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .collect()
}

fn issuer(document: &Document, expected: Expected<'_>) -> Result<(), Finding> {
    let found = document.text("issuer")?;
    let wanted = expected.issuer;
    if found != wanted {
        let hint = match () {
            () if found.trim_end_matches('/') == wanted.trim_end_matches('/') => {
                " (the slash at the end counts)"
            }
            () if found.eq_ignore_ascii_case(wanted) => " (case counts)",
            () => "",
        };
        let message = format!(
            "the issuer is {}, expected {}{hint}",
            quoted(found),
            quoted(wanted)
        );
        return Err(Finding::mismatch(message));
    }
    let url = url("issuer", found)?;
    if url.query().is_some() {
        return Err(Finding::invalid("\"issuer\" has a query"));
    }
    transport("issuer", &url, expected)
}

fn endpoint(name: &str, value: &str, expected: Expected<'_>) -> Result<(), Finding> {
    let url = url(name, value)?;
    transport(name, &url, expected)?;
    let issuer = Url::parse(expected.issuer).ok();
    let host = issuer.as_ref().and_then(Url::host_str);
    if host.is_some() && url.host_str() != host {
        let (name, value) = (quoted(name), quoted(value));
        return Err(Finding::mismatch(format!(
            "{name} is {value}, which is not on the issuer's host"
        )));
    }
    Ok(())
}

/// An absolute http or https URL without user and fragment.
fn url(name: &str, value: &str) -> Result<Url, Finding> {
    let name = quoted(name);
    let url = Url::parse(value)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Finding::invalid(format!("{name} is not an http or https URL")))?;
    match () {
        () if !url.username().is_empty() || url.password().is_some() => {
            Err(Finding::invalid(format!("{name} has a user in it")))
        }
        () if url.fragment().is_some() => Err(Finding::invalid(format!("{name} has a fragment"))),
        () => Ok(url),
    }
}

fn transport(name: &str, url: &Url, expected: Expected<'_>) -> Result<(), Finding> {
    let may_be_plain = match expected.plain {
        Plain::InCluster => url.host_str().is_some_and(crate::http::is_in_cluster),
        Plain::AsIssuer => expected.issuer.starts_with("http:"),
    };
    if url.scheme() == "https" || may_be_plain {
        return Ok(());
    }
    let (name, value) = (quoted(name), quoted(url.as_str()));
    Err(Finding::invalid(format!("{name} is {value}, which is not https")))
}

fn contains(document: &Document, name: &str, wanted: &[&str]) -> Result<(), Finding> {
    let list = document.texts(name)?;
    if list.iter().any(|entry| wanted.contains(entry)) {
        return Ok(());
    }
    let (name, list) = (quoted(name), quoted(&list.join(" ")));
    let wanted = wanted.join(", ");
    Err(Finding::invalid(format!(
        "{name} is {list}; one of these is needed: {wanted}"
    )))
}

#[cfg(test)]
mod tests;
