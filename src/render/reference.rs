//! The pages of `docs/reference`, from what is declared once. Pure; a test compares them with the committed ones.

use crate::{
    check::{Category, Suite, catalogue},
    model::{config::Config, exit::Exit},
};
use clap::{Arg, Command};
use k8s_openapi::api::rbac::v1::PolicyRule;

const MADE: &str =
    "<!-- Made from the code: change it there. `APHEX_OPS_UPDATE=1 cargo test` writes this page again. -->\n";

/// All checks, by category.
#[must_use]
pub fn checks() -> String {
    let mut page = format!(
        "{MADE}\n# Checks\n\nWhat `aphex-ops check` looks at; `aphex-ops explain` prints the same. A code never gets another meaning. A \
         check is skipped, and has not failed, where one that it needs has failed, or where what it is about is not installed.\n"
    );
    for category in Category::ALL {
        page += &format!("\n## {category}\n");
        for check in catalogue().filter(|check| check.category == category) {
            let needs = match check.needs {
                [] => String::new(),
                some => format!(", needs {}", some.join(", ")),
            };
            let suite = match check.suite {
                Suite::Looking => "",
                Suite::Smoke => ", suite smoke",
            };
            page += &format!(
                "\n### {}\n\n*{}{suite}{needs}*\n\nPasses if {}.\n\n- **If not so:** {}\n- **Mend:** {}\n",
                check.code, check.severity, check.title, check.meaning, check.remedy
            );
        }
    }
    page
}

/// All commands with their arguments and examples.
#[must_use]
pub fn commands(mut command: Command) -> String {
    command.build();
    let globals: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .collect();
    let mut page = format!("{MADE}\n# Commands\n\n{}\n", about(&command));
    page += "\n## Options of every command\n";
    let mut heading = None;
    for arg in globals.into_iter().filter(|arg| !arg.is_hide_set()) {
        if arg.get_help_heading() != heading {
            heading = arg.get_help_heading();
            page += &format!("\n{}:\n\n", heading.unwrap_or_default());
        }
        page += &argument(arg);
    }
    for sub in shown(&command) {
        page += &section(sub, &format!("{} {}", command.get_name(), sub.get_name()));
    }
    page
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set())
}

/// A command that only groups others has no section: its name is in theirs.
fn section(command: &Command, line: &str) -> String {
    if command.has_subcommands() {
        let sections = shown(command).map(|sub| section(sub, &format!("{line} {}", sub.get_name())));
        return sections.collect();
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut text = format!("\n## {line}\n\n{}\n\n```text\n{usage}\n```\n", about(command));
    let own: String = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !arg.is_hide_set())
        .filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
        .map(argument)
        .collect();
    if !own.is_empty() {
        text += &format!("\n{own}");
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines: Vec<String> = examples.lines().skip(1).map(example).collect();
        text += &format!("\n```sh\n{}\n```\n", lines.join("\n"));
    }
    text
}

/// A line of the help's examples, with its explanation as a comment of the shell.
fn example(line: &str) -> String {
    match line.trim().split_once("   ") {
        Some((command, explanation)) => format!("{command}   # {}", explanation.trim()),
        None => line.trim().to_owned(),
    }
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

/// One item of a list.
fn argument(arg: &Arg) -> String {
    let value = arg.get_action().takes_values().then(|| {
        let names = arg.get_value_names().unwrap_or_default().iter();
        names
            .map(|name| format!("<{name}>"))
            .collect::<Vec<_>>()
            .join(" ")
    });
    let long = arg.get_long().map(|long| format!("--{long}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    let flags = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    let name = [flags, value.unwrap_or_default()];
    let name = name
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    if arg.get_action().takes_values() && !arg.is_hide_possible_values_set() {
        let values = arg.get_possible_values();
        let values: Vec<String> = values
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !values.is_empty() {
            text += &format!("; one of {}", values.join(", "));
        }
    }
    if let Some(default) = arg
        .get_default_values()
        .first()
        .filter(|_| arg.get_action().takes_values())
    {
        text += &format!("; default `{}`", default.to_string_lossy());
    }
    if let Some(variable) = arg.get_env() {
        text += &format!("; variable `{}`", variable.to_string_lossy());
    }
    format!("- `{name}`: {text}\n")
}

/// The exit codes and the rule for several failures.
#[must_use]
pub fn exit_codes() -> String {
    let rows = Exit::ALL
        .into_iter()
        .map(|exit| [exit.code().to_string(), exit.meaning().to_owned()]);
    format!(
        "{MADE}\n# Exit codes\n\nThe numbers never change their meaning. What to do about each is in \
         [troubleshooting](../guide/troubleshooting.md).\n\n{}\n\
         A run that is ended by its deadline, by a signal or by the loss of the lock has that code, whatever \
         else happened. One failure has its own code. Several have 9 if the run changed anything, else the \
         first of 7, 6, 2, 11, 5, 10 that is among them. A playbook has the code of the step that failed.\n",
        table(["Code", "Meaning"], rows)
    )
}

/// What a command may do in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// The namespace; `None` is the whole cluster.
    pub namespace: Option<String>,
    /// The rules of its Role or ClusterRole.
    pub rules: Vec<PolicyRule>,
}

/// The permissions of each command: its name and its grants.
#[must_use]
pub fn rbac(commands: &[(String, Vec<Grant>)]) -> String {
    let mut page = format!(
        "{MADE}\n# Permissions\n\nWhat each command needs with the default configuration, and no more. \
         `aphex-ops render rbac secrets generate` prints it as Roles with their bindings, for your configuration \
         and your ServiceAccount. Commands that change something take a lock, which is the Lease; with \
         `--no-lock` they do without its permissions.\n"
    );
    for (command, grants) in commands {
        let rows = grants.iter().flat_map(|grant| {
            let place = grant.namespace.as_deref().unwrap_or("(cluster)");
            grant.rules.iter().map(move |rule| row(place, rule))
        });
        page += &format!(
            "\n## {command}\n\n{}",
            table(["Namespace", "Resource", "Names", "Verbs"], rows)
        );
    }
    page
}

fn row(place: &str, rule: &PolicyRule) -> [String; 4] {
    let list = |list: Option<&Vec<String>>| list.map(|list| list.join(", ")).unwrap_or_default();
    let group = list(rule.api_groups.as_ref());
    let resource = list(rule.resources.as_ref());
    let resource = if group.is_empty() {
        resource
    } else {
        format!("{resource} ({group})")
    };
    let names = rule.resource_names.as_ref().map(|names| list(Some(names)));
    let any = if rule.verbs.iter().any(|verb| verb == "delete") {
        "any: what was once installed is known by its labels only"
    } else {
        "any: the API cannot limit it by name"
    };
    [
        place.to_owned(),
        resource,
        names.unwrap_or_else(|| any.to_owned()),
        rule.verbs.join(", "),
    ]
}

/// Every field of the configuration with its default.
#[must_use]
pub fn configuration() -> String {
    // Documents of ours always serialize.
    let defaults = serde_saphyr::to_string(&Config::default()).unwrap_or_default();
    format!(
        "{MADE}\n# Configuration\n\nA file for `--config` or the variable `APHEX_OPS_CONFIG`. Every field may be \
         left out and then has the value below; `null` stands for a value that is derived from others. \
         An unknown field is an error that names its line and column. For editors and other checks there is a \
         [JSON Schema](config.schema.json), which `aphex-ops render config-schema` prints.\n\n```yaml\n{}\n```\n",
        defaults.trim_end()
    )
}

fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    format!(
        "{}{}{rows}",
        line(&header.map(str::to_owned)),
        line(&header.map(|_| "---".to_owned()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_usage_own_arguments_and_examples() {
        let leaf = Command::new("paint")
            .about("Paint it")
            .arg(
                Arg::new("colour")
                    .long("colour")
                    .short('c')
                    .default_value("red")
                    .value_name("NAME")
                    .help("Which colour"),
            )
            .after_help("Examples:\n  demo wall paint     in red");
        let global = Arg::new("quiet")
            .long("quiet")
            .global(true)
            .help("Be quiet")
            .help_heading("Output");
        let root = Command::new("demo")
            .arg(global)
            .subcommand(Command::new("wall").subcommand(leaf));
        let page = commands(root);
        let section = page.split("## demo wall paint").nth(1).unwrap();
        assert!(page.contains("Output:\n\n- `--quiet`: Be quiet"), "{page}");
        assert!(section.contains("demo wall paint [OPTIONS]"), "{section}");
        assert!(
            section.contains("- `-c, --colour <NAME>`: Which colour; default `red`"),
            "{section}"
        );
        assert!(
            section.contains("```sh\ndemo wall paint   # in red\n```"),
            "{section}"
        );
        assert!(!section.contains("--quiet"), "{section}");
    }
}
