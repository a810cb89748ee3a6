//! The import rule, read from `docs/ARCHITECTURE.md` and held against the code: so the page is true, or a test fails.

mod source;

use crate::golden;
use source::Source;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// First column to the words of the second.
type Table = BTreeMap<String, BTreeSet<String>>;

const LONGEST_FILE: usize = 500;
const VAGUE_NAMES: [&str; 6] = ["util", "utils", "helpers", "common", "manager", "handler"];
/// What code that only decides has no use for: effects, the environment, and what a clock or a client would bring in.
const EFFECTS: [&str; 12] = [
    "tokio",
    "kube",
    "reqwest",
    "rand",
    "backon",
    "hyper",
    "std::env",
    "std::fs",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// The sources of the product, without their tests.
fn product() -> Vec<Source> {
    let sources = texts("src").into_iter().filter(|(file, _)| !is_test(file));
    sources.map(|(file, text)| Source::read(&file, &text)).collect()
}

/// Modules that are declared behind `#[cfg(test)]`.
fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.ends_with("/testing.rs")
}

/// All Rust files below a folder of the repository, by their path from its root.
fn texts(folder: &str) -> Vec<(String, String)> {
    let files = golden::files(&golden::root().join(folder)).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let texts = files.map(|path| {
        let file = path
            .strip_prefix(golden::root())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        (file, fs::read_to_string(path).unwrap())
    });
    texts.collect()
}

/// The rows of the table whose header starts with `column`.
fn table(page: &str, column: &str) -> Table {
    let lines = page
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {column} |")));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| {
        row.trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect::<Vec<_>>()
    });
    cells
        .map(|cells| {
            let words = cells[1].split(", ").map(|word| word.trim_matches('`').to_owned());
            (
                cells[0].trim_matches('`').to_owned(),
                words.filter(|word| word != "nothing").collect(),
            )
        })
        .collect()
}

fn page() -> String {
    fs::read_to_string(golden::root().join("docs/ARCHITECTURE.md")).unwrap()
}

/// Who imports whom.
fn imports(sources: &[Source]) -> Table {
    let parts: BTreeSet<&str> = sources.iter().map(Source::part).collect();
    let mut table: Table = parts
        .iter()
        .map(|part| ((*part).to_owned(), BTreeSet::new()))
        .collect();
    for source in sources {
        let targets = source.internal.iter().filter_map(|path| path.first());
        let others = targets.filter(|part| parts.contains(part.as_str()) && *part != source.part());
        table
            .entry(source.part().to_owned())
            .or_default()
            .extend(others.cloned());
    }
    table
}

/// One line for each import that is not allowed, and for each that is allowed and never made.
fn differences(is: &Table, allowed: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let empty = BTreeSet::new();
    for part in is.keys().chain(allowed.keys()).collect::<BTreeSet<_>>() {
        let (is, allowed) = (
            is.get(part).unwrap_or(&empty),
            allowed.get(part).unwrap_or(&empty),
        );
        found.extend(
            is.difference(allowed)
                .map(|other| format!("{part} must not import {other}")),
        );
        found.extend(
            allowed
                .difference(is)
                .map(|other| format!("{part} does not import {other}, as the page says")),
        );
    }
    found
}

/// Whether the path is this item, or one inside it.
fn is_in(path: &[String], item: &str) -> bool {
    let item: Vec<&str> = item.split("::").collect();
    path.len() >= item.len() && path.iter().zip(&item).all(|(word, wanted)| word == wanted)
}

/// One line for each file outside `homes` that names the library, or the part of it.
fn strays(sources: &[Source], library: &str, homes: &BTreeSet<String>) -> Vec<String> {
    let is_home = |file: &str| homes.iter().any(|home| file.starts_with(&format!("src/{home}")));
    let names = |source: &&Source| source.external.iter().any(|path| is_in(path, library));
    let strays = sources
        .iter()
        .filter(names)
        .filter(|source| !is_home(&source.file));
    strays
        .map(|source| format!("{} must not use {library}", source.file))
        .collect()
}

/// One line for each effect in a file that only decides.
fn impurities(sources: &[Source]) -> Vec<String> {
    let pure = ["model", "apply", "check", "render"];
    let mut found = Vec::new();
    for source in sources {
        let is_plan = source.file.ends_with("/plan.rs");
        if !is_plan && !pure.contains(&source.part()) {
            continue;
        }
        let is_effect = |path: &&Vec<String>| {
            EFFECTS.iter().any(|effect| is_in(path, effect)) || path.last().is_some_and(|word| word == "now")
        };
        let effects = source
            .external
            .iter()
            .filter(is_effect)
            .map(|path| path.join("::"));
        let waits = source.words.contains("async").then(|| "async".to_owned());
        let effects = effects.chain(waits);
        found
            .extend(effects.map(|effect| format!("{} only decides, and must not use {effect}", source.file)));
        if is_plan {
            found.extend(foreign(source));
        }
    }
    found
}

/// One line for each import of a plan that is neither pure nor its own folder's.
fn foreign(plan: &Source) -> Vec<String> {
    let folder = &plan.module[..plan.module.len() - 1];
    let usual = ["model", "apply", "converge", "planted"];
    let paths = plan
        .internal
        .iter()
        .filter(|path| !usual.contains(&path[0].as_str()) && !path.starts_with(folder));
    paths
        .map(|path| format!("{} must not import {}", plan.file, path.join("::")))
        .collect()
}

fn vague(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let names = source
            .modules
            .iter()
            .filter(|name| VAGUE_NAMES.contains(&name.as_str()));
        found.extend(names.map(|name| format!("{}: {name:?} says nothing about the module", source.file)));
    }
    found
}

fn long(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().filter(|source| source.lines > LONGEST_FILE);
    long.map(|source| format!("{} has {} lines", source.file, source.lines))
        .collect()
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn imports_are_those_of_the_page() {
    assert_none(&differences(&imports(&product()), &table(&page(), "Part")));
}

#[test]
fn a_library_is_used_where_the_page_says() {
    let libraries = table(&page(), "Library");
    assert!(libraries.len() >= 8, "{libraries:?}");
    let sources = product();
    let strays = libraries
        .iter()
        .flat_map(|(library, homes)| strays(&sources, library, homes));
    assert_none(&strays.collect::<Vec<_>>());
}

#[test]
fn what_decides_has_no_effects() {
    assert_none(&impurities(&product()));
}

#[test]
fn files_are_small_and_modules_have_names_that_say_something() {
    let read = |(file, text): (String, String)| Source::read(&file, &text);
    let all: Vec<Source> = ["src", "tests"].into_iter().flat_map(texts).map(read).collect();
    assert!(all.len() > 100, "only {} files", all.len());
    assert_none(&[long(&all), vague(&all)].concat());
}

/// A check that cannot fail is worth nothing: here is a tree that breaks every rule.
#[test]
fn every_rule_finds_what_breaks_it() {
    let sources: Vec<Source> = [
        ("src/main.rs", "fn main() { aphex_ops::cli::main() }"),
        (
            "src/cli/mod.rs",
            "mod handler { } #[cfg(test)] mod tests { use crate::model::X; }",
        ),
        (
            "src/model/exit.rs",
            "use crate::{cli::{self, Y}, steps}; use std::{env, time::Instant}; fn f() { Z::now() }",
        ),
        (
            "src/steps/a/mod.rs",
            "pub fn x() { tokio::select! { r = reqwest::get(super::super::cli::u()) => r } }",
        ),
        (
            "src/steps/a/plan.rs",
            "use super::x; use crate::{model::exit, steps::b}; pub(in crate::steps) async fn f() {}",
        ),
        ("src/steps/b/mod.rs", &"\n".repeat(501)),
    ]
    .map(|(file, text)| Source::read(file, text))
    .into();
    let page = "| Part | Imports |\n| --- | --- |\n| `main` | `cli` |\n| `cli` | nothing |\n| `model` | `cli` |\n\
                | `steps` | `model`, `http` |\n\n| Library | Only in |\n|---|---|\n| `reqwest` | `http/` |\n";
    let expected = [
        "model must not import steps",
        "steps must not import cli",
        "steps does not import http, as the page says",
    ];
    assert_eq!(differences(&imports(&sources), &table(page, "Part")), expected);
    let homes = &table(page, "Library")["reqwest"];
    assert_eq!(
        strays(&sources, "reqwest", homes),
        ["src/steps/a/mod.rs must not use reqwest"]
    );
    assert_eq!(
        strays(&sources, "reqwest", &BTreeSet::from(["steps/a/".to_owned()])),
        [] as [&str; 0]
    );
    let expected = [
        "src/model/exit.rs only decides, and must not use Z::now",
        "src/model/exit.rs only decides, and must not use std::env",
        "src/model/exit.rs only decides, and must not use std::time::Instant",
        "src/steps/a/plan.rs only decides, and must not use async",
        "src/steps/a/plan.rs must not import steps::b",
    ];
    assert_eq!(impurities(&sources), expected);
    assert_eq!(long(&sources), ["src/steps/b/mod.rs has 501 lines"]);
    assert_eq!(
        vague(&sources),
        ["src/cli/mod.rs: \"handler\" says nothing about the module"]
    );
}
