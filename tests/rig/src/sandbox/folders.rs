//! Where things are kept outside the checkout, and the locks that say who uses them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::error::SandboxError;

const TEMPORARY_PREFIX: &str = "aphex-ops-sandbox-";
/// A launcher holds this file of its folder locked for as long as it lives.
const LOCK: &str = "lock";

/// `${XDG_CACHE_HOME:-~/.cache}/aphex-ops`: whatever can be made again.
pub(crate) fn cache() -> Result<PathBuf, SandboxError> {
    base("XDG_CACHE_HOME", ".cache")
}

/// `${XDG_STATE_HOME:-~/.local/state}/aphex-ops`: the sandboxes that have a name.
pub(crate) fn state() -> Result<PathBuf, SandboxError> {
    base("XDG_STATE_HOME", ".local/state")
}

fn base(variable: &str, fallback: &str) -> Result<PathBuf, SandboxError> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable)
        .or_else(|| Some(absolute("HOME")?.join(fallback)))
        .map(|folder| folder.join("aphex-ops"))
        .ok_or_else(|| SandboxError::Io {
            doing: format!("neither {variable} nor HOME names an absolute path"),
            source: std::io::ErrorKind::NotFound.into(),
        })
}

/// Waits until the file can be locked. The lock ends when the returned file is closed, at the latest with the process.
pub(crate) fn lock(path: &Path) -> Result<File, SandboxError> {
    let failed = |source| SandboxError::Io {
        doing: format!("locking {}", path.display()),
        source,
    };
    let file = File::create(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// The folder of one sandbox, marked as in use.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    temporary: bool,
    _lock: File,
}

impl Folder {
    /// A new folder below the system's temporary one. Removes what launchers left there that were killed.
    pub(crate) fn temporary() -> Result<Self, SandboxError> {
        sweep();
        let path = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempdir()
            .map_err(SandboxError::io("creating a temporary folder"))?
            .keep();
        let mut folder = Self::claim(path)?;
        folder.temporary = true;
        Ok(folder)
    }

    /// Takes an existing folder. The lock is held before the file has its final name, so that a sweep never sees one
    /// that is free.
    pub(crate) fn claim(path: PathBuf) -> Result<Self, SandboxError> {
        let lock = lock(&path.join("lock.new"))?;
        fs::rename(path.join("lock.new"), path.join(LOCK))
            .map_err(SandboxError::io(format!("claiming {}", path.display())))?;
        Ok(Self {
            path,
            temporary: false,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn remove(&self) -> Result<(), SandboxError> {
        remove(&self.path)
    }
}

/// Removes a folder, unless it is gone already.
pub(crate) fn remove(folder: &Path) -> Result<(), SandboxError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SandboxError::io(format!("removing {}", folder.display()))(error))
        }
        _ => Ok(()),
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = self.remove();
        }
    }
}

/// Whether a launcher that lives holds this folder.
pub(crate) fn in_use(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err())
}

fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let ours = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY_PREFIX));
        if ours && path.join(LOCK).is_file() && !in_use(&path) {
            let _ = super::remains::clear(&path);
        }
    }
}
