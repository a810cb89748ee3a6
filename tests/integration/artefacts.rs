//! Committed files that are made from the code are fresh.

use crate::{golden, help::command_lines};
use aphex_ops::{
    cli,
    render::reference::{self, Grant},
};
use std::{collections::BTreeMap, process::Command};

/// What `render rbac` prints for a command; none if it does not work on a cluster.
fn grants(line: &[String]) -> Option<Vec<Grant>> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_aphex-ops"));
    let output = program
        .args(["render", "rbac"])
        .args(line)
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut grants = Vec::new();
    for document in text.split("---\n").filter(|_| output.status.success()) {
        let document: serde_json::Value = serde_saphyr::from_str(document).unwrap();
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
        ("commands.md".to_owned(), reference::commands(cli::command())),
        ("configuration.md".to_owned(), reference::configuration()),
        ("exit-codes.md".to_owned(), reference::exit_codes()),
        ("rbac.md".to_owned(), reference::rbac(&steps)),
    ]);
    golden::assert_folder("docs/reference", &pages);
}
