//! A file that nobody but its maker may read.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

const MODE: u32 = 0o600;

/// Makes the file and fills it; what was begun and could not be ended is removed again.
///
/// # Errors
/// The file exists already, or cannot be written.
pub(crate) fn create(path: &Path, fill: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    let filled = fill(file);
    if filled.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    filled
}
