//! A file that a step makes on this machine: new, and for nobody but who made it.

use crate::{
    converge::contract::Refusal,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

const MODE: u32 = 0o600;

/// The file, as it is named in messages.
pub(super) fn object(path: &Path) -> ObjectRef {
    ObjectRef::global("file", path.display().to_string())
}

/// Makes the file and fills it; what was begun and could not be ended is removed again.
///
/// # Errors
/// The file exists already, or cannot be written.
pub(super) fn create(path: &Path, fill: impl FnOnce(File) -> io::Result<()>) -> Result<(), Failure> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path);
    let filled = file.and_then(|file| {
        let filled = fill(file);
        if filled.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(path);
        }
        filled
    });
    filled.map_err(|error| {
        let failure = Failure::new(Exit::Usage, Reason::Unavailable, "it cannot be written");
        failure.caused_by(error).on(object(path))
    })
}

/// Why nothing is written where a file is.
pub(super) fn exists(path: &Path) -> Refusal {
    Refusal {
        exit: Exit::Usage,
        reason: Reason::DataLossGuard,
        object: object(path),
        message: "it exists already, and is not overwritten".to_owned(),
        hint: "name another file, or remove that one".to_owned(),
    }
}
