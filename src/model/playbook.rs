//! A named, ordered list of command lines.

use crate::model::{config::Profile, names};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A playbook file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Playbook {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    pub api_version: String,
    /// Always `Playbook`.
    #[schemars(extend("const" = "Playbook"))]
    pub kind: String,
    /// Its name.
    pub metadata: Metadata,
    /// What it does.
    pub spec: Spec,
}

/// The name of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The name by which it is run.
    pub name: String,
}

/// What a playbook does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Whether a person must agree before it starts.
    #[serde(default)]
    pub confirm: bool,
    /// The steps, in order.
    pub steps: Vec<Entry>,
}

/// One step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// The name that `--skip`, `--from` and `--only` take.
    pub name: String,
    /// Why it is there, in one sentence.
    pub why: String,
    /// The command line, without the program's name.
    pub run: Vec<String>,
    /// Profiles that have this step; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Profile>,
}

/// Why a playbook, or a selection of its steps, was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlaybookError {
    /// Not a playbook; says line and column where the text itself is wrong.
    #[error("{0}")]
    Syntax(String),
    /// Two steps of one name.
    #[error("the step name {0:?} is used twice")]
    Duplicate(String),
    /// A step that the playbook does not have.
    #[error("there is no step {name:?}; the steps are {known}")]
    UnknownStep {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

/// Which steps of a playbook to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Leave these out.
    pub skip: Vec<String>,
    /// Start with this one.
    pub from: Option<String>,
    /// Run only these; empty: all.
    pub only: Vec<String>,
}

impl Playbook {
    /// Reads a playbook.
    ///
    /// # Errors
    /// [`PlaybookError::Syntax`] or [`PlaybookError::Duplicate`].
    pub fn parse(text: &str) -> Result<Self, PlaybookError> {
        let playbook: Self =
            serde_saphyr::from_str(text).map_err(|error| PlaybookError::Syntax(error.to_string()))?;
        if playbook.api_version != names::OPS_API_VERSION || playbook.kind != "Playbook" {
            let found = format!("{} {}", playbook.api_version, playbook.kind);
            return Err(PlaybookError::Syntax(format!(
                "this is a {found}; expected {} Playbook",
                names::OPS_API_VERSION
            )));
        }
        let mut seen = std::collections::BTreeSet::new();
        match playbook.spec.steps.iter().find(|entry| !seen.insert(&entry.name)) {
            Some(twice) => Err(PlaybookError::Duplicate(twice.name.clone())),
            None => Ok(playbook),
        }
    }

    /// The steps to run, in order.
    ///
    /// # Errors
    /// [`PlaybookError::UnknownStep`] if the selection names a step that does not exist.
    pub fn select(&self, selection: &Selection, profile: Profile) -> Result<Vec<&Entry>, PlaybookError> {
        let steps = &self.spec.steps;
        let asked = selection
            .skip
            .iter()
            .chain(&selection.from)
            .chain(&selection.only);
        for name in asked {
            if !steps.iter().any(|entry| &entry.name == name) {
                let known = steps
                    .iter()
                    .map(|entry| entry.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                return Err(PlaybookError::UnknownStep {
                    name: name.clone(),
                    known,
                });
            }
        }
        let chosen = |entry: &&Entry| {
            (entry.when.is_empty() || entry.when.contains(&profile))
                && !selection.skip.contains(&entry.name)
                && (selection.only.is_empty() || selection.only.contains(&entry.name))
        };
        let before_start = |entry: &&Entry| selection.from.as_ref().is_some_and(|from| &entry.name != from);
        Ok(steps.iter().skip_while(before_start).filter(chosen).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_playbook(names: &[&str]) -> Playbook {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            why: String::new(),
            run: vec![],
            when: if name.starts_with("k3s") {
                vec![Profile::K3s]
            } else {
                vec![]
            },
        };
        Playbook {
            api_version: names::OPS_API_VERSION.to_owned(),
            kind: "Playbook".to_owned(),
            metadata: Metadata {
                name: "test".to_owned(),
            },
            spec: Spec {
                confirm: false,
                steps: names.iter().map(entry).collect(),
            },
        }
    }

    fn run(selection: &Selection, profile: Profile) -> Vec<String> {
        let playbook = mk_playbook(&["a", "b", "k3s-c", "d"]);
        playbook
            .select(selection, profile)
            .unwrap()
            .iter()
            .map(|entry| entry.name.clone())
            .collect()
    }

    #[test]
    fn selections() {
        let none = Selection::default();
        assert_eq!(run(&none, Profile::Kind), ["a", "b", "d"]);
        assert_eq!(run(&none, Profile::K3s), ["a", "b", "k3s-c", "d"]);
        let skip = Selection {
            skip: vec!["b".into()],
            ..none.clone()
        };
        assert_eq!(run(&skip, Profile::Kind), ["a", "d"]);
        let from = Selection {
            from: Some("b".into()),
            ..none.clone()
        };
        assert_eq!(run(&from, Profile::Kind), ["b", "d"]);
        let only = Selection {
            only: vec!["d".into()],
            ..none
        };
        assert_eq!(run(&only, Profile::Kind), ["d"]);
    }

    #[test]
    fn an_unknown_step_is_an_error_that_lists_the_known_ones() {
        let playbook = mk_playbook(&["a", "b"]);
        let selection = Selection {
            from: Some("x".into()),
            ..Selection::default()
        };
        let error = playbook.select(&selection, Profile::Kind).unwrap_err();
        assert_eq!(error.to_string(), "there is no step \"x\"; the steps are a, b");
    }

    #[test]
    fn mistakes_in_the_text() {
        assert!(matches!(Playbook::parse("a: b"), Err(PlaybookError::Syntax(_))));
        let text = serde_saphyr::to_string(&mk_playbook(&["a", "a"])).unwrap();
        assert_eq!(
            Playbook::parse(&text),
            Err(PlaybookError::Duplicate("a".to_owned()))
        );
    }
}
