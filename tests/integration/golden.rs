//! Golden files: committed, compared, and rewritten when `APHEX_OPS_UPDATE=1` is set.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const UPDATE: &str = "APHEX_OPS_UPDATE";

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder that holds exactly these files, by name.
///
/// # Panics
/// Unless it does; then it says which files differ and how to rewrite them.
pub(crate) fn assert_folder(folder: &str, wanted: &BTreeMap<String, String>) {
    let folder = root().join(folder);
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        rewrite(&folder, wanted);
    }
    let differences = differences(&read(&folder), wanted);
    assert!(
        differences.is_empty(),
        "{} is stale:\n{}\n`{UPDATE}=1 cargo test` rewrites it; look at the difference before you commit it",
        folder.display(),
        differences.join("\n")
    );
}

fn rewrite(folder: &Path, wanted: &BTreeMap<String, String>) {
    for name in read(folder).keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for (name, text) in wanted {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn read(folder: &Path) -> BTreeMap<String, String> {
    files(folder)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// All files below a folder, in the order of their paths; none if there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// One line for each file that is missing, too many, or different from its first different line on.
fn differences(is: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> Vec<String> {
    let stray = is.keys().filter(|name| !wanted.contains_key(*name));
    let mut found: Vec<String> = stray
        .map(|name| format!("{name}: nothing makes this file any more"))
        .collect();
    for (name, text) in wanted {
        match is.get(name) {
            None => found.push(format!("{name}: missing")),
            Some(old) if old != text => found.push(format!("{name}: {}", first_difference(old, text))),
            Some(_) => {}
        }
    }
    found
}

fn first_difference(old: &str, new: &str) -> String {
    let position = old
        .lines()
        .zip(new.lines())
        .take_while(|(old, new)| old == new)
        .count();
    let line = |text: &str| text.lines().nth(position).unwrap_or("(end of file)").to_owned();
    format!(
        "line {}\n  committed: {}\n  made now:  {}",
        position + 1,
        line(old),
        line(new)
    )
}

#[test]
fn every_kind_of_difference_is_found() {
    let folder = |files: &[(&str, &str)]| -> BTreeMap<String, String> {
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    let is = folder(&[("same", "a\n"), ("stray", "b\n"), ("changed", "one\ntwo\n")]);
    let wanted = folder(&[("same", "a\n"), ("new", "c\n"), ("changed", "one\n2\n")]);
    let found = differences(&is, &wanted);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("stray: "));
    assert!(found[1].starts_with("changed: line 2") && found[1].contains("two"));
    assert_eq!(found[2], "new: missing");
}
