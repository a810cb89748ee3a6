//! Files of upstream's releases: fetched once, checked against the sums that are pinned, and kept in a folder from which
//! clusters without a network are installed.
//!
//! The folder has `<component>/<file>-<version>.yaml`, and `pins.yaml` with the sums that somebody has recorded for what
//! this program brings no sum of.

mod folder;
mod pins;

use crate::{
    apply::manifest::MAX_TEXT,
    http::{Http, Request},
    model::{
        components::{Component, Release},
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};
use folder::Folder;
pub use folder::whole;
use pins::Pins;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{path::Path, time::Duration};

/// Upstream's files are up to 3 MB, and come through slow networks.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Where the files of releases come from: a folder, or the network.
#[derive(Debug)]
pub struct Mirror {
    folder: Option<Folder>,
    pins: Pins,
}

/// What [`Mirror::fetch`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The file was there, and is what is pinned.
    Present,
    /// It was downloaded, and is what is pinned.
    Written,
    /// It was downloaded, and its sum was recorded.
    Recorded(String),
}

impl Mirror {
    /// Files come from this folder, or without one from the network.
    ///
    /// # Errors
    /// [`Exit::Usage`] if the folder's recorded sums cannot be read.
    pub fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        let folder = folder.map(|path| Folder::new(path.to_owned()));
        let pins = folder
            .as_ref()
            .map_or_else(|| Ok(Pins::default()), Folder::read_pins)?;
        Ok(Self { folder, pins })
    }

    /// The text of a release's file, if it is what is pinned.
    ///
    /// # Errors
    /// [`Reason::InvalidConfig`] if nobody has vouched for the file, [`Reason::NotFound`] if the folder lacks it,
    /// [`Reason::Mismatch`] if it is another one; without a folder, besides, what a download can fail with.
    pub async fn text(
        &self,
        http: &Http,
        component: &Component,
        release: &Release,
    ) -> Result<String, Failure> {
        let pinned = self.pins.of(&component.name, release);
        let pinned = pinned.ok_or_else(|| unpinned(component, release))?;
        let bytes = match &self.folder {
            None => download(http, component, release).await?,
            Some(folder) => match folder.read(&component.name, release)? {
                Some(bytes) => bytes,
                None => return Err(missing(folder, component, release)),
            },
        };
        verify(component, release, &bytes, &pinned)?;
        String::from_utf8(bytes).map_err(|_| {
            failed(
                component,
                release,
                Exit::Human,
                Reason::InvalidValue,
                "it is no text",
            )
            .hint("look at what is in the mirror, or at that address")
        })
    }

    /// The objects of all releases of a component; none if it has no releases.
    ///
    /// # Errors
    /// Everything that is wrong with its files, as in [`Mirror::text`]; besides, what is no YAML.
    pub async fn objects(&self, http: &Http, component: &Component) -> Result<Vec<Value>, Vec<Failure>> {
        let (mut objects, mut failures) = (Vec::new(), Vec::new());
        for release in component.releases() {
            let read = self.text(http, component, release).await;
            match read.and_then(|text| parse(component, release, &text)) {
                Ok(found) => objects.extend(found),
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() {
            Ok(objects)
        } else {
            Err(failures)
        }
    }

    /// Makes the folder have a release's file. With `record`, the sum of a file that nobody has vouched for is taken from
    /// what is downloaded now, and kept by [`Mirror::save`].
    ///
    /// # Errors
    /// As those of [`Mirror::text`], and that the folder cannot be written to.
    pub async fn fetch(
        &mut self,
        http: &Http,
        component: &Component,
        release: &Release,
        record: bool,
    ) -> Result<Fetched, Failure> {
        let Some(folder) = &self.folder else {
            let message = "there is no folder to fetch into";
            return Err(Failure::new(Exit::Usage, Reason::InvalidConfig, message));
        };
        let pinned = self.pins.of(&component.name, release);
        if let Some(pinned) = &pinned
            && let Some(bytes) = folder.read(&component.name, release)?
            && sum(&bytes) == *pinned
        {
            return Ok(Fetched::Present);
        }
        if pinned.is_none() && !record {
            return Err(unpinned(component, release));
        }
        let bytes = download(http, component, release).await?;
        let fetched = match pinned {
            Some(pinned) => {
                verify(component, release, &bytes, &pinned)?;
                Fetched::Written
            }
            None => Fetched::Recorded(self.pins.record(&component.name, release, sum(&bytes))),
        };
        folder.write(&component.name, release, &bytes)?;
        Ok(fetched)
    }

    /// Keeps the sums that were recorded.
    ///
    /// # Errors
    /// That the folder cannot be written to.
    pub fn save(&self) -> Result<(), Failure> {
        match &self.folder {
            Some(folder) if self.pins.is_changed() => folder.write_pins(&self.pins),
            _ => Ok(()),
        }
    }
}

fn parse(component: &Component, release: &Release, text: &str) -> Result<Vec<Value>, Failure> {
    let objects = crate::render::components::read(&release.url, text).map_err(|error| {
        let message = "it cannot be read";
        failed(component, release, Exit::Human, Reason::InvalidValue, message).caused_by(error)
    })?;
    // A document may be a comment only.
    Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
}

/// How the file of a release is named in reports and messages.
#[must_use]
pub fn object(component: &Component, release: &Release) -> ObjectRef {
    ObjectRef::global("Release", format!("{}/{}", component.name, release.name))
}

async fn download(http: &Http, component: &Component, release: &Release) -> Result<Vec<u8>, Failure> {
    // Where it leads does not matter: what counts is the sum of what comes.
    let request = Request::get(&release.url)
        .following_anywhere()
        .limits(TIMEOUT, MAX_TEXT);
    let hint = "let it be fetched where there is a network, with `aphex-ops waves fetch --mirror mirror`, and pass that folder";
    let answer = http
        .send(request)
        .await
        .map_err(|failure| failure.on(object(component, release)).hint(hint))?;
    if answer.is_success() {
        return Ok(answer.body().to_vec());
    }
    let reason = if answer.status == 404 {
        Reason::NotFound
    } else {
        Reason::Unavailable
    };
    Err(failed(component, release, Exit::Transient, reason, answer.to_string()).hint(hint))
}

fn verify(component: &Component, release: &Release, bytes: &[u8], pinned: &str) -> Result<(), Failure> {
    let found = sum(bytes);
    if found == pinned {
        return Ok(());
    }
    let message = format!("its SHA-256 is {found}, and {pinned} is pinned");
    Err(
        failed(component, release, Exit::Human, Reason::Mismatch, message).hint(
            "somebody changed the file: find out who, and install nothing of it until then; a damaged copy in a mirror is \
             deleted, and fetched again",
        ),
    )
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn unpinned(component: &Component, release: &Release) -> Failure {
    let message = format!(
        "nobody has vouched for version {} of it: no SHA-256 is pinned",
        release.version
    );
    failed(component, release, Exit::Usage, Reason::InvalidConfig, message)
        .hint("`aphex-ops waves fetch --mirror mirror --record` fetches it and records its sum; then pass --mirror mirror")
}

fn missing(folder: &Folder, component: &Component, release: &Release) -> Failure {
    let message = format!(
        "the mirror has no {}",
        folder.path_of(&component.name, release).display()
    );
    failed(component, release, Exit::Usage, Reason::NotFound, message)
        .hint("run `aphex-ops waves fetch --mirror mirror` with that folder, where there is a network")
}

fn failed(
    component: &Component,
    release: &Release,
    exit: Exit,
    reason: Reason,
    message: impl Into<String>,
) -> Failure {
    Failure::new(exit, reason, message).on(object(component, release))
}
