//! Every command line that is written anywhere is parsed with the program's own parser.

use crate::golden;
use aphex_ops::{cli, model::playbook::Playbook};
use clap::error::ErrorKind;
use std::fs;

/// Whether the command line is one of ours, and what clap says if it cannot be parsed.
fn problem(line: &str) -> Option<String> {
    match cli::command().try_get_matches_from(line.split_whitespace()) {
        Err(error) if ![ErrorKind::DisplayHelp, ErrorKind::DisplayVersion].contains(&error.kind()) => {
            Some(error.to_string())
        }
        _ => None,
    }
}

/// The command lines of ours in one line of a shell script: without what is before, behind and between them.
fn in_shell(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let parts = line.split(['|', ';', '>']).flat_map(|part| part.split("&&"));
    let words = parts.map(|part| {
        part.split_whitespace()
            .skip_while(|word| *word == "$" || word.contains('='))
    });
    words
        .map(|words| words.collect::<Vec<_>>().join(" "))
        .filter(|line| line.starts_with("aphex-ops "))
        .collect()
}

/// Inline code that starts with the program's name. What has a placeholder of `format!` in it is no command line yet, and
/// what lacks required arguments only names a command.
fn in_backticks(text: &str) -> Vec<String> {
    let is_name = |line: &str| {
        let parsed = cli::command().try_get_matches_from(line.split_whitespace());
        parsed.is_err_and(|error| error.kind() == ErrorKind::MissingRequiredArgument)
    };
    let spans = text.split('`').skip(1).step_by(2);
    spans
        .filter(|span| span.starts_with("aphex-ops ") && !span.contains(['{', '\n']) && !is_name(span))
        .map(str::to_owned)
        .collect()
}

/// Lines of `sh` blocks, what a program's output in any other block says to run next, and inline code.
fn in_markdown(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = None;
    let text = text.replace("\\\n", " ");
    for line in text.lines() {
        match (line.trim().strip_prefix("```"), block) {
            (Some(language), None) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (None, Some("sh")) => found.extend(in_shell(line)),
            (None, Some(_)) => found.extend(line.strip_prefix("Next: ").map(str::to_owned)),
            (None, None) => found.extend(in_backticks(line)),
        }
    }
    found
}

fn in_examples(command: &clap::Command) -> Vec<String> {
    let examples = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let line = |line: &str| line.trim().split("   ").next().unwrap_or_default().to_owned();
    let own = examples.lines().skip(1).map(line);
    own.chain(command.get_subcommands().flat_map(in_examples))
        .collect()
}

fn in_playbook(text: &str) -> Vec<String> {
    let steps = Playbook::parse(text).unwrap().spec.steps;
    steps
        .iter()
        .map(|step| format!("aphex-ops {}", step.run.join(" ")))
        .collect()
}

/// The arguments of every container in a file of `jobs/`.
fn in_jobs(text: &str) -> Vec<String> {
    let documents = text.split("---\n").map(|document| {
        let object: serde_json::Value = serde_saphyr::from_str(document).unwrap();
        let job = object.pointer("/spec/jobTemplate").unwrap_or(&object);
        let words = job
            .pointer("/spec/template/spec/containers/0/args")?
            .as_array()?
            .iter();
        let words: Vec<&str> = words.filter_map(serde_json::Value::as_str).collect();
        Some(format!("aphex-ops {}", words.join(" ")))
    });
    documents.flatten().collect()
}

#[test]
fn every_job_has_a_command_line_that_parses() {
    let files = golden::files(&golden::root().join("jobs"));
    assert!(files.len() >= 8, "only {files:?}");
    for path in files {
        let lines = in_jobs(&fs::read_to_string(&path).unwrap());
        assert_eq!(lines.len(), 1, "{}", path.display());
        assert_eq!(problem(&lines[0]), None, "{}", path.display());
    }
}

#[test]
fn every_written_command_line_parses() {
    let mut lines: Vec<(String, String)> = Vec::new();
    let folders = ["docs", "playbooks", "src", "README.md"].map(|name| golden::root().join(name));
    let files = folders.iter().flat_map(|path| {
        if path.is_dir() {
            golden::files(path)
        } else {
            vec![path.clone()]
        }
    });
    for path in files {
        let read = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => in_markdown,
            Some("rs") => in_backticks,
            Some("yaml") => in_playbook,
            _ => continue,
        };
        let text = fs::read_to_string(&path).unwrap();
        lines.extend(
            read(&text)
                .into_iter()
                .map(|line| (path.display().to_string(), line)),
        );
    }
    lines.extend(
        in_examples(&cli::command())
            .into_iter()
            .map(|line| ("--help".to_owned(), line)),
    );
    assert!(lines.len() > 40, "only {lines:?}");
    let bad: Vec<String> = lines
        .iter()
        .filter_map(|(place, line)| Some(format!("{place}: {line}\n{}", problem(line)?)))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn command_lines_are_found_and_bad_ones_refused() {
    let text = "Run `aphex-ops status`, not `kubectl`.\n```sh\n$ A=1 aphex-ops secrets \\\n  generate | less # why\n\
                aphex-ops man > page && aphex-ops oops\n```\n```text\naphex-ops [OPTIONS]\nNext: aphex-ops version\n```\n";
    let found = in_markdown(text);
    let expected = [
        "aphex-ops status",
        "aphex-ops secrets generate",
        "aphex-ops man",
        "aphex-ops oops",
        "aphex-ops version",
    ];
    assert_eq!(found, expected);
    let refused: Vec<&String> = found.iter().filter(|line| problem(line).is_some()).collect();
    assert_eq!(refused, ["aphex-ops oops"]);
    assert_eq!(
        in_backticks("say `aphex-ops {command}` and `aphex-ops man`"),
        ["aphex-ops man"]
    );
}
