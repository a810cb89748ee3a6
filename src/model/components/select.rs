//! Which components to work on.

use super::{Component, Components};
use crate::model::{
    config::Profile,
    exit::Exit,
    failure::{Failure, Reason},
    nearest::nearest,
};
use std::collections::BTreeMap;
use thiserror::Error;

/// What was asked for; empty: everything that the profile has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these waves; empty: all.
    pub waves: Vec<i64>,
    /// Only these components; empty: all.
    pub only: Vec<String>,
    /// Not these components.
    pub skip: Vec<String>,
}

/// Why a selection was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SelectionError {
    /// A component that there is not.
    #[error("there is no component {name:?}{}; the components are {known}", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
        /// What the profile has.
        known: String,
    },
    /// A component of another profile.
    #[error("the profile {} has no component {name:?}", .profile.word())]
    OtherProfile {
        /// What was asked for.
        name: String,
        /// Whose it is not.
        profile: Profile,
    },
    /// Components that exclude each other.
    #[error("the selection leaves no component")]
    Empty,
    /// A wave without components.
    #[error("there is no wave {wave}; the waves are {known}")]
    UnknownWave {
        /// What was asked for.
        wave: i64,
        /// What the profile has.
        known: String,
    },
}

impl From<SelectionError> for Failure {
    fn from(error: SelectionError) -> Self {
        Self::new(Exit::Usage, Reason::InvalidConfig, error.to_string())
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

impl Components {
    /// The components to work on, in the order of their waves.
    ///
    /// # Errors
    /// [`SelectionError`] if the selection names what the profile does not have.
    pub fn select(&self, selection: &Selection, profile: Profile) -> Result<Vec<&Component>, SelectionError> {
        for name in selection.only.iter().chain(&selection.skip) {
            self.check_name(name, profile)?;
        }
        let there = || self.all().iter().filter(|component| component.is_in(profile));
        for wave in &selection.waves {
            if !there().any(|component| component.wave == *wave) {
                let waves = by_wave(&there().collect::<Vec<_>>()).into_keys();
                return Err(SelectionError::UnknownWave {
                    wave: *wave,
                    known: joined(waves.map(|wave| wave.to_string())),
                });
            }
        }
        let is_chosen = |component: &&Component| {
            (selection.waves.is_empty() || selection.waves.contains(&component.wave))
                && (selection.only.is_empty() || selection.only.contains(&component.name))
                && !selection.skip.contains(&component.name)
        };
        let chosen: Vec<&Component> = there().filter(is_chosen).collect();
        if chosen.is_empty() {
            return Err(SelectionError::Empty);
        }
        Ok(chosen)
    }

    fn check_name(&self, name: &str, profile: Profile) -> Result<(), SelectionError> {
        match self.named(name) {
            Some(component) if component.is_in(profile) => Ok(()),
            Some(_) => Err(SelectionError::OtherProfile {
                name: name.to_owned(),
                profile,
            }),
            None => {
                let there = self.all().iter().filter(|component| component.is_in(profile));
                let known = || there.clone().map(|component| component.name.as_str());
                Err(SelectionError::Unknown {
                    name: name.to_owned(),
                    nearest: nearest(name, known()).map(str::to_owned),
                    known: joined(known().map(str::to_owned)),
                })
            }
        }
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// Components by wave, in the order in which they are installed.
#[must_use]
pub fn by_wave<'a>(components: &[&'a Component]) -> BTreeMap<i64, Vec<&'a Component>> {
    let mut waves: BTreeMap<i64, Vec<&Component>> = BTreeMap::new();
    for component in components {
        waves.entry(component.wave).or_default().push(component);
    }
    waves
}
