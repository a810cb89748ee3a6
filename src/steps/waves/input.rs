//! Reading manifests: files, folders, standard input.

use crate::{
    apply::{
        Problem,
        manifest::{self, Manifest, Source, Unread},
    },
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use std::{
    fs, io,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
};

/// The endings of files that a folder is searched for.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// Fewer documents than these are read sooner than a thread is made.
const WORTH_A_THREAD: usize = 32;
/// What stands for standard input.
const STDIN: &str = "-";

/// All manifests of these files and folders; of folders, all files below that end in `.yaml`, `.yml` or `.json`.
///
/// # Errors
/// What cannot be read, or all problems of all manifests at once.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Manifest>, Vec<Failure>> {
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut failures = Vec::new();
    for path in paths {
        match files(path).and_then(|files| files.iter().map(|file| text(file)).collect::<Result<Vec<_>, _>>())
        {
            Ok(found) => texts.extend(found),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let sources = texts.iter().map(|(name, text)| Source { name, text });
    let documents: Vec<Unread<'_>> = sources.flat_map(|source| manifest::documents(&source)).collect();
    manifest::collect(in_parts(&documents))
        .map_err(|problems: Vec<Problem>| problems.into_iter().map(Failure::from).collect())
}

/// Reads documents on all processors: nothing else goes on meanwhile, and of a large plan it is what takes longest before
/// the first write (1,000 Roles: 145 ms on one).
fn in_parts(documents: &[Unread<'_>]) -> Vec<Result<Manifest, Vec<Problem>>> {
    let parts = thread::available_parallelism().map_or(1, NonZero::get);
    let part = documents.len().div_ceil(parts).max(WORTH_A_THREAD);
    let read = |documents: &[Unread<'_>]| documents.iter().flat_map(Unread::read).collect::<Vec<_>>();
    let Some((own, others)) = documents.split_at_checked(part) else {
        return read(documents);
    };
    thread::scope(|scope| {
        let others: Vec<_> = others
            .chunks(part)
            .map(|part| scope.spawn(move || read(part)))
            .collect();
        let mut all = read(own);
        for other in others {
            all.extend(
                other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
        }
        all
    })
}

/// The file itself, or the files of a folder, sorted by path.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path == Path::new(STDIN) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&entry.path(), error))?;
            let path = entry.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if kind.is_dir() {
                folders.push(path);
            } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        let message = format!(
            "there is no file {} in {}",
            ENDINGS.map(|ending| format!("*.{ending}")).join(", "),
            path.display()
        );
        return Err(Failure::new(Exit::Usage, Reason::NotFound, message));
    }
    Ok(found)
}

fn text(path: &Path) -> Result<(String, String), Failure> {
    let text = if path == Path::new(STDIN) {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(path)
    };
    let name = if path == Path::new(STDIN) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    Ok((name, text.map_err(|error| unreadable(path, error))?))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    let message = format!("cannot read {}", path.display());
    Failure::new(Exit::Usage, Reason::InvalidConfig, message).caused_by(error)
}
