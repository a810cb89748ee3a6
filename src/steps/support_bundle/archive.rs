//! Writing the archive.

use super::gather::Gathered;
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use std::{fs, io};
use tar::{Builder, Header};

/// Only who unpacks it may read it.
const MODE: u32 = 0o600;

/// Writes all files into the archive.
///
/// # Errors
/// It cannot be written.
pub(super) fn fill(file: fs::File, gathered: &Gathered) -> io::Result<()> {
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    let mut archive = Builder::new(GzEncoder::new(file, Compression::default()));
    for (path, text) in &gathered.files {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(MODE);
        header.set_mtime(now);
        archive.append_data(&mut header, format!("aphex-ops-support/{path}"), text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.sync_all()
}
