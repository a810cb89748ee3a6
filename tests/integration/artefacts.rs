//! Committed files that are made from the code are fresh.

use crate::{golden, help::command_lines, schemas};
use aphex_ops::{
    cli,
    model::{
        config::{self, Config},
        tenants,
    },
    render::{
        job::pod,
        reference::{self, Grant},
        schema,
    },
    report::documents::Document,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, process::Command};

/// What `render` prints of a command; none if it does not work on a cluster.
fn rendered(what: &str, line: &[String]) -> Option<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_aphex-ops"));
    let output = program
        .args(["render", what])
        .args(line)
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then_some(text)
}

/// What a command takes, whatever it is told to work on.
fn grants(line: &[String]) -> Option<Vec<Grant>> {
    let named = ["", "NAME", "FILE --recipient age1", "FILE --identity-file FILE"];
    let whole = named.map(|more| {
        [
            line,
            &more.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        ]
        .concat()
    });
    let text = whole.iter().find_map(|line| rendered("rbac", line))?;
    let mut grants = Vec::new();
    for document in text.split("---\n") {
        let document: Value = serde_saphyr::from_str(document).unwrap();
        if let Some(rules) = document.get("rules") {
            grants.push(Grant {
                namespace: document["metadata"]["namespace"].as_str().map(str::to_owned),
                rules: serde_json::from_value(rules.clone()).unwrap(),
            });
        }
    }
    (!grants.is_empty()).then_some(grants)
}

#[test]
fn the_reference_is_fresh() {
    let lines = command_lines(&cli::command());
    let steps: Vec<(String, Vec<Grant>)> = lines
        .iter()
        .filter_map(|line| Some((line.join(" "), grants(line)?)))
        .collect();
    assert!(steps.len() >= 3, "only {steps:?} work on a cluster");
    let pages = BTreeMap::from([
        ("checks.md".to_owned(), reference::checks()),
        ("commands.md".to_owned(), reference::commands(cli::command())),
        ("config.schema.json".to_owned(), schema::of_input::<Config>()),
        ("configuration.md".to_owned(), reference::configuration()),
        ("exit-codes.md".to_owned(), reference::exit_codes()),
        ("rbac.md".to_owned(), reference::rbac(&steps)),
        (
            "report.schema.json".to_owned(),
            schema::of_output::<Document<'_>>(),
        ),
    ]);
    golden::assert_folder("docs/reference", &pages);
}

/// The definitions of the tenants' kinds are those of their types.
#[test]
fn the_definitions_are_fresh() {
    let definitions = tenants::definitions().unwrap();
    let file = |definition: &Value| {
        let mut definition = definition.clone();
        definition["metadata"]["labels"] = json!({"platform.aphex/managed-by": "aphex-ops"});
        let name = definition["spec"]["names"]["plural"].as_str().unwrap();
        let name = format!("{name}.yaml");
        let text = aphex_ops::render::documents(&[definition]);
        (
            name,
            format!("# Made from the types in src/model/tenants.\n{text}"),
        )
    };
    let files = definitions.iter().map(file).collect();
    golden::assert_folder("manifests/components/crds", &files);
}

/// One file for each step, and one for the bootstrap. What installs the Jobs and removes them is run from outside.
#[test]
fn the_jobs_are_fresh() {
    let lines = command_lines(&cli::command());
    let jobs: BTreeMap<String, String> = lines
        .iter()
        .filter(|line| !["install", "uninstall"].contains(&line.join(" ").as_str()))
        .filter_map(|line| {
            let header = format!(
                "# Made by `aphex-ops render job {}`; `APHEX_OPS_UPDATE=1 cargo test` writes this file again.\n\
                 # Needs the namespaces and the ConfigMap that `aphex-ops install` makes.\n",
                line.join(" ")
            );
            Some((format!("{}.yaml", line.join("-")), header + &rendered("job", line)?))
        })
        .collect();
    assert!(jobs.len() >= 8, "only {:?}", jobs.keys());
    golden::assert_folder("jobs", &jobs);
}

/// No builder is at hand to build it: what can be held against the rest of the repository is.
#[test]
fn the_dockerfile_makes_the_image_that_the_jobs_expect() {
    let read = |name: &str| fs::read_to_string(golden::root().join(name)).unwrap();
    let (file, toolchain) = (read("Dockerfile"), read("rust-toolchain.toml"));
    let version = toolchain.split('"').nth(1).unwrap();
    let user = pod::USER;
    for line in [
        format!("FROM rust:{version}-bookworm AS build"),
        "FROM scratch".to_owned(),
        format!("USER {user}:{user}"),
        "ENTRYPOINT [\"/aphex-ops\"]".to_owned(),
    ] {
        assert!(file.lines().any(|other| other == line), "{line} is missing");
    }
}

#[test]
fn the_readme_has_the_exit_codes() {
    let readme = fs::read_to_string(golden::root().join("README.md")).unwrap();
    let page = reference::exit_codes();
    let missing: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with('|') && !readme.lines().any(|other| other == *line))
        .collect();
    assert!(missing.is_empty(), "README.md lacks {missing:#?}");
}

/// Every YAML block of the guide is a configuration, by the program and by the published schema; but for that of the API server,
/// which `check::smoke` gives to one.
#[test]
fn what_the_guide_configures_is_valid() {
    let mut found = 0;
    for path in golden::files(&golden::root().join("docs/guide")) {
        let text = fs::read_to_string(&path).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            if block.contains("kind: AuthenticationConfiguration") {
                continue;
            }
            config::parse(block).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let document: Value = serde_saphyr::from_str(block).unwrap();
            let problems = schemas::config_problems(&document);
            assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
            found += 1;
        }
    }
    assert!(found > 1, "only {found} blocks");
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let pages = golden::files(&golden::root().join("docs")).into_iter();
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut links = 0;
    for page in pages.chain([golden::root().join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            let path = page.parent().unwrap().join(target);
            assert!(path.exists(), "{}: {target} does not exist", page.display());
            links += 1;
        }
    }
    assert!(links > 10, "only {links} links");
}
