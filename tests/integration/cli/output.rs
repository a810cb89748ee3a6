//! What goes to stdout and what to stderr, in which form, and what happens when nobody reads it.

use super::program::Program;
use std::{
    io::{PipeWriter, Write, pipe},
    process::Command,
};

const ESCAPE: char = '\u{1b}';

/// A pipe whose reader is gone, as behind `| head -0`.
fn closed_pipe() -> PipeWriter {
    let (_, writer) = pipe().unwrap();
    writer
}

#[tokio::test]
async fn the_version_has_a_form_for_people_and_one_for_programs() {
    let version = env!("CARGO_PKG_VERSION");
    for line in ["version", "--version", "version -o name"] {
        let left = Program::new(line).run().await;
        assert_eq!(
            left.ended(0, &[]).stdout,
            format!("aphex-ops {version}\n"),
            "{line}"
        );
    }
    let json = Program::new("version -o json").run().await.json();
    assert_eq!(
        (&json["kind"], &json["version"]),
        (&"Version".into(), &version.into())
    );
    assert_eq!(json["apiVersion"], "ops.aphex.io/v1alpha1");
    assert!(json["kubernetes"]["minimum"].is_string(), "{json}");
    let yaml = Program::new("version -o yaml").run().await.stdout;
    assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&yaml).unwrap(), json);
}

#[tokio::test]
async fn every_shell_gets_a_completion_script() {
    let command = aphex_ops::cli::command();
    let completion = command.find_subcommand("completion").unwrap();
    let shells = completion
        .get_arguments()
        .find(|arg| arg.get_id() == "shell")
        .unwrap()
        .get_possible_values();
    assert!(shells.len() >= 5, "{shells:?}");
    for shell in shells {
        let left = Program::new(&format!("completion {}", shell.get_name()))
            .run()
            .await;
        let script = &left.ended(0, &[]).stdout;
        assert!(left.stderr.is_empty(), "{left:?}");
        assert!(
            script.contains("aphex-ops") && script.contains("bootstrap"),
            "{}",
            shell.get_name()
        );
        if shell.get_name() == "bash" {
            // Too long for an argument.
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(script.as_bytes()).unwrap();
            let checked = Command::new("bash").arg("-n").arg(file.path()).status().unwrap();
            assert!(checked.success());
        }
    }
}

#[tokio::test]
async fn the_man_page_is_in_roff_and_names_every_command() {
    let left = Program::new("man").run().await;
    let page = &left.ended(0, &[]).stdout;
    assert!(page.contains(".TH aphex-ops 1"), "{page}");
    for command in aphex_ops::cli::command().get_subcommands() {
        let name = command.get_name().replace('-', "\\-");
        assert!(
            page.contains(&format!("aphex\\-ops\\-{name}(1)")),
            "the page does not name {name}"
        );
    }
    assert!(page.contains("Exit codes"), "{page}");
}

#[tokio::test]
async fn colour_is_only_where_it_is_wanted() {
    let error = || Program::new("namespaces ensure");
    let plain = error().run().await;
    assert!(!plain.stderr.contains(ESCAPE), "stderr is no terminal: {plain:?}");
    let always = Program::new("namespaces ensure --color always").run().await;
    assert!(always.stderr.contains(ESCAPE), "{always:?}");
    let forced = error().env("CLICOLOR_FORCE", "1").run().await;
    assert!(forced.stderr.contains(ESCAPE), "{forced:?}");
    let refused = error()
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .run()
        .await;
    assert!(!refused.stderr.contains(ESCAPE), "{refused:?}");
    let empty = error().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "").run().await;
    assert!(
        empty.stderr.contains(ESCAPE),
        "an empty NO_COLOR does not count (no-color.org): {empty:?}"
    );
    let never = Program::new("namespaces ensure --color never")
        .env("CLICOLOR_FORCE", "1")
        .run()
        .await;
    assert!(!never.stderr.contains(ESCAPE), "{never:?}");
}

#[tokio::test]
async fn a_reader_that_went_away_is_no_error() {
    for line in [
        "version",
        "version -o json",
        "completion bash",
        "man",
        "--help",
        "secrets --help",
        "playbook list",
    ] {
        let left = Program::new(line).stdout(closed_pipe()).run().await;
        left.ended(0, &[]);
        assert_eq!(left.stderr, "", "{line}");
    }
}

#[tokio::test]
async fn progress_as_json_is_one_document_a_line() {
    let left = Program::new("namespaces ensure --progress json").run().await;
    let lines: Vec<serde_json::Value> = left
        .ended(2, &[])
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["event"], "error");
    assert!(
        lines[0]["message"]
            .as_str()
            .is_some_and(|text| text.contains("kubeconfig")),
        "{lines:?}"
    );
    let quiet = Program::new("namespaces ensure --quiet").run().await;
    quiet.ended(2, &["error:", "hint:"]);
}
