//! Every `--help` of the whole clap tree, as the program prints it.

use crate::golden;
use std::{collections::BTreeMap, process::Command};

/// The command lines of all commands, the groups included, without the program's name.
pub(crate) fn command_lines(command: &clap::Command) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    for sub in command.get_subcommands() {
        for mut line in command_lines(sub) {
            line.insert(0, sub.get_name().to_owned());
            found.push(line);
        }
    }
    found
}

/// Without an environment, so that neither the terminal's width nor a variable shows.
fn help(line: &[String]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_aphex-ops"));
    let output = program.args(line).arg("--help").env_clear().output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{line:?}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_help_is_as_committed() {
    let lines = command_lines(&aphex_ops::cli::command());
    assert!(lines.len() > 10, "only {lines:?}");
    let files: BTreeMap<String, String> = lines
        .iter()
        .map(|line| {
            let name = if line.is_empty() {
                "aphex-ops".to_owned()
            } else {
                line.join("-")
            };
            (format!("{name}.txt"), help(line))
        })
        .collect();
    golden::assert_folder("tests/integration/snapshots/help", &files);
}

#[test]
fn every_command_that_works_has_examples() {
    for line in command_lines(&aphex_ops::cli::command()) {
        let text = help(&line);
        let is_group = text.contains("\nCommands:\n");
        assert!(
            is_group || text.contains("\nExamples:\n"),
            "`{}` has no examples",
            line.join(" ")
        );
    }
}
