//! From the text of the list to components, with everything that is wrong with it.

use super::{Chart, Component, Namespace, Ours, PodSecurity, Release, Source, WAVES};
use crate::model::{
    config::Profile,
    dns,
    exit::Exit,
    failure::{Failure, Reason},
    names,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use thiserror::Error;

/// Why a list was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ComponentsError {
    /// Not such a list; says line and column where the text itself is wrong.
    #[error("{0}")]
    Syntax(String),
    /// Values that cannot work, each with the component that has it.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

/// The list is built in, so that what is wrong with it is wrong with the program.
impl From<ComponentsError> for Failure {
    fn from(error: ComponentsError) -> Self {
        let message = "the built-in components cannot be read";
        Self::new(Exit::Bug, Reason::Unexpected, message).caused_by(error)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    api_version: String,
    kind: String,
    components: Vec<Entry>,
}

/// As it is written: what is judged later is of a type that takes anything.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: String,
    why: String,
    wave: Value,
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    namespaces: Vec<NamespaceEntry>,
    source: SourceEntry,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NamespaceEntry {
    name: String,
    pod_security: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceEntry {
    #[serde(default)]
    ours: bool,
    #[serde(default)]
    per_profile: bool,
    #[serde(default)]
    releases: Vec<ReleaseEntry>,
    chart: Option<ChartEntry>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseEntry {
    name: String,
    version: String,
    url: String,
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChartEntry {
    repository: String,
    name: String,
    version: String,
}

/// What is wrong, with the component that it is wrong in.
struct Problems {
    component: String,
    found: Vec<String>,
}

impl Problems {
    fn add(&mut self, problem: impl AsRef<str>) {
        self.found
            .push(format!("{}: {}", self.component, problem.as_ref()));
    }

    fn unless(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.add(problem());
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Component>, ComponentsError> {
    let list: List =
        serde_saphyr::from_str(text).map_err(|error| ComponentsError::Syntax(error.to_string()))?;
    if list.api_version != names::OPS_API_VERSION || list.kind != "Components" {
        let found = format!("{} {}", list.api_version, list.kind);
        let expected = names::OPS_API_VERSION;
        return Err(ComponentsError::Syntax(format!(
            "this is a {found}; expected {expected} Components"
        )));
    }
    let mut problems = Problems {
        component: String::new(),
        found: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let mut components = Vec::new();
    for entry in list.components {
        problems.component.clone_from(&entry.name);
        problems.unless(seen.insert(entry.name.clone()), || "is there twice".to_owned());
        components.push(component(entry, &mut problems));
    }
    if !problems.found.is_empty() {
        return Err(ComponentsError::Invalid(problems.found));
    }
    components.sort_by_key(|component| component.wave);
    Ok(components)
}

/// The component; what is wrong with it is replaced by something, for no component comes out of a list with problems.
fn component(entry: Entry, problems: &mut Problems) -> Component {
    check_name(&entry.name, problems);
    let wave = entry.wave.as_i64().filter(|wave| WAVES.contains(wave));
    problems.unless(wave.is_some(), || {
        let (first, last) = (WAVES.start(), WAVES.end());
        format!(
            "the wave {} is no whole number from {first} to {last}",
            entry.wave
        )
    });
    let mut profiles = Vec::new();
    for word in &entry.profiles {
        match Profile::ALL.into_iter().find(|profile| profile.word() == word) {
            None => problems.add(format!(
                "there is no profile {word:?}; the profiles are kind, k3s"
            )),
            Some(profile) if profiles.contains(&profile) => {
                problems.add(format!("the profile {word} is there twice"));
            }
            Some(profile) => profiles.push(profile),
        }
    }
    let namespaces = entry.namespaces.into_iter();
    let namespaces = namespaces
        .filter_map(|entry| namespace(entry, problems))
        .collect();
    Component {
        wave: wave.unwrap_or_default(),
        profiles,
        namespaces,
        source: source(entry.source, problems),
        name: entry.name,
        why: entry.why,
    }
}

fn check_name(name: &str, problems: &mut Problems) {
    problems.unless(dns::is_label(name), || {
        format!("{name:?} is not a DNS label (RFC 1123)")
    });
}

fn namespace(entry: NamespaceEntry, problems: &mut Problems) -> Option<Namespace> {
    check_name(&entry.name, problems);
    let word = &entry.pod_security;
    let level = PodSecurity::ALL.into_iter().find(|level| level.word() == word);
    problems.unless(level.is_some(), || {
        format!("there is no level {word:?} of Pod Security")
    });
    Some(Namespace {
        name: entry.name,
        pod_security: level?,
    })
}

fn source(entry: SourceEntry, problems: &mut Problems) -> Source {
    let has_files = entry.ours || !entry.releases.is_empty();
    let sources = [has_files, entry.chart.is_some(), entry.rendered.is_some()];
    if sources.into_iter().filter(|is_there| *is_there).count() != 1 {
        problems.add("needs one source: files (ours, releases), a chart, or what is rendered");
    }
    problems.unless(entry.ours || !entry.per_profile, || {
        "perProfile is about files of ours, and there are none".to_owned()
    });
    if let Some(chart) = entry.chart {
        return Source::Chart(self::chart(chart, problems));
    }
    if let Some(word) = entry.rendered {
        problems.unless(word == "install", || format!("nothing renders {word:?}"));
        return Source::Install;
    }
    let mut seen = BTreeSet::new();
    for release in &entry.releases {
        let is_new = seen.insert(release.name.as_str());
        problems.unless(is_new, || format!("the release {} is there twice", release.name));
    }
    let ours = match (entry.ours, entry.per_profile) {
        (false, _) => None,
        (true, false) => Some(Ours::Common),
        (true, true) => Some(Ours::PerProfile),
    };
    let releases = entry.releases.into_iter();
    Source::Files {
        ours,
        releases: releases.map(|entry| release(entry, problems)).collect(),
    }
}

fn chart(entry: ChartEntry, problems: &mut Problems) -> Chart {
    let repository = &entry.repository;
    let is_safe = repository.starts_with("https://") || repository.starts_with("oci://");
    problems.unless(is_safe, || format!("{repository} is neither https nor oci"));
    check_version(&entry.version, problems);
    Chart {
        repository: entry.repository,
        name: entry.name,
        version: entry.version,
    }
}

fn release(entry: ReleaseEntry, problems: &mut Problems) -> Release {
    let url = &entry.url;
    problems.unless(url.starts_with("https://"), || format!("{url} is not https"));
    check_version(&entry.version, problems);
    problems.unless(url.contains(&entry.version), || {
        format!("{url} does not say the version {}", entry.version)
    });
    if let Some(digest) = &entry.sha256 {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_digest = digest.len() == 64 && digest.bytes().all(is_digit);
        problems.unless(is_digest, || {
            format!("{digest:?} is no SHA-256 (64 lower-case hexadecimal digits)")
        });
    }
    Release {
        name: entry.name,
        version: entry.version,
        url: entry.url,
        sha256: entry.sha256,
    }
}

/// A word that means another thing tomorrow pins nothing.
fn check_version(version: &str, problems: &mut Problems) {
    let is_pinned = version.contains(|letter: char| letter.is_ascii_digit());
    problems.unless(is_pinned, || format!("{version:?} is no version"));
}
