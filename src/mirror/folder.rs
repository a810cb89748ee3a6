//! The folder of a mirror.

use super::pins::Pins;
use crate::model::{
    components::Release,
    exit::Exit,
    failure::{Failure, Reason},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

const PINS: &str = "pins.yaml";

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path_of(&self, component: &str, release: &Release) -> PathBuf {
        let file = format!("{}-{}.yaml", release.name, release.version);
        self.0.join(component).join(file)
    }

    /// The file of a release; `None` if there is none.
    pub(super) fn read(&self, component: &str, release: &Release) -> Result<Option<Vec<u8>>, Failure> {
        optional(&self.path_of(component, release))
    }

    pub(super) fn read_pins(&self) -> Result<Pins, Failure> {
        let path = self.0.join(PINS);
        let Some(text) = optional(&path)? else {
            return Ok(Pins::default());
        };
        Pins::parse(&String::from_utf8_lossy(&text)).map_err(|problem| {
            let message = format!("{}: {problem}", path.display());
            Failure::new(Exit::Usage, Reason::InvalidConfig, message)
                .hint("mend it, or delete it and record the sums again")
        })
    }

    pub(super) fn write(&self, component: &str, release: &Release, bytes: &[u8]) -> Result<(), Failure> {
        whole(&self.path_of(component, release), bytes)
    }

    pub(super) fn write_pins(&self, pins: &Pins) -> Result<(), Failure> {
        whole(&self.0.join(PINS), pins.render().as_bytes())
    }
}

fn optional(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable("read", path, error)),
    }
}

/// Writes a file, with the folders that it is in. It is there as a whole or not at all, also after a crash or on a full disk.
///
/// # Errors
/// [`Exit::Usage`] with what the system says.
pub fn whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let draft = path.with_extension("part");
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    written().map_err(|error| {
        // What is left of the draft helps nobody; that it cannot be removed says nothing new.
        let _ = fs::remove_file(&draft);
        unusable("write", path, error)
    })
}

fn unusable(verb: &str, path: &Path, error: io::Error) -> Failure {
    let message = format!("cannot {verb} {}", path.display());
    Failure::new(Exit::Usage, Reason::InvalidConfig, message).caused_by(error)
}
