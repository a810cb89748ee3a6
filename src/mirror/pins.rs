//! Sums of files that this program brings no sum of, as somebody recorded them.

use crate::model::{components::Release, names};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The sums of a mirror. What is built in always holds; these are for the rest.
#[derive(Debug, Default)]
pub(super) struct Pins {
    recorded: BTreeMap<String, Pin>,
    is_changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    version: String,
    url: String,
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    api_version: String,
    kind: String,
    releases: BTreeMap<String, Pin>,
}

impl Pins {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if (file.api_version.as_str(), file.kind.as_str()) != (names::OPS_API_VERSION, "Pins") {
            return Err(format!("it is no Pins of {}", names::OPS_API_VERSION));
        }
        Ok(Self {
            recorded: file.releases,
            is_changed: false,
        })
    }

    pub(super) fn render(&self) -> String {
        let file = File {
            api_version: names::OPS_API_VERSION.to_owned(),
            kind: "Pins".to_owned(),
            releases: self.recorded.clone(),
        };
        crate::render::document(&file)
    }

    /// What the file of a release must be; `None` if nobody has vouched for this version from this place.
    pub(super) fn of(&self, component: &str, release: &Release) -> Option<String> {
        if release.sha256.is_some() {
            return release.sha256.clone();
        }
        let pin = self.recorded.get(&key(component, release))?;
        let is_same = pin.version == release.version && pin.url == release.url;
        is_same.then(|| pin.sha256.clone())
    }

    pub(super) fn record(&mut self, component: &str, release: &Release, sha256: String) -> String {
        let pin = Pin {
            version: release.version.clone(),
            url: release.url.clone(),
            sha256: sha256.clone(),
        };
        self.recorded.insert(key(component, release), pin);
        self.is_changed = true;
        sha256
    }

    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }
}

fn key(component: &str, release: &Release) -> String {
    format!("{component}/{}", release.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_release(version: &str, sha256: Option<&str>) -> Release {
        Release {
            name: "r".to_owned(),
            version: version.to_owned(),
            url: format!("https://example.org/{version}/r.yaml"),
            sha256: sha256.map(str::to_owned),
        }
    }

    #[test]
    fn a_recorded_sum_holds_for_one_version_and_never_for_what_is_built_in() {
        let mut pins = Pins::default();
        pins.record("c", &mk_release("v1", None), "recorded".to_owned());
        let read = Pins::parse(&pins.render()).unwrap();
        let sum = |release: &Release| read.of("c", release);
        assert_eq!(sum(&mk_release("v1", None)).as_deref(), Some("recorded"));
        assert_eq!(sum(&mk_release("v2", None)), None);
        assert_eq!(
            sum(&mk_release("v1", Some("built-in"))).as_deref(),
            Some("built-in")
        );
        assert_eq!(read.of("d", &mk_release("v1", None)), None);
    }

    #[test]
    fn what_is_no_list_of_sums_is_refused() {
        assert!(
            Pins::parse("").is_err(),
            "what a crash left of it would be trusted"
        );
        let other = "apiVersion: v1\nkind: Pins\nreleases: {}\n";
        assert!(Pins::parse(other).unwrap_err().contains("no Pins"));
        assert!(Pins::parse("releases: 7").is_err());
    }
}
