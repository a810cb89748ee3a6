//! The Tekton Pipeline in the specification of a `RepoBinding`: exactly one, and nothing else.

use super::desired;
use serde_json::Value;
use thiserror::Error;

/// The workspace that a run gives to a Pipeline that asks for it.
pub(super) const SOURCE: &str = "source";

/// A Pipeline as it is kept, of thousands of bindings: its JSON takes a fifth of what the tree does.
#[derive(Debug, Default)]
pub(super) struct Packed(String);

impl Packed {
    pub(super) fn of(pipeline: &Value) -> Self {
        Self(pipeline.to_string())
    }

    /// Null if there is none.
    pub(super) fn open(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// Why a text is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum PipelineError {
    #[error("it is not YAML: {0}")]
    Syntax(String),
    #[error("it holds {0} documents; expected exactly one Pipeline")]
    Count(usize),
    #[error("it is a {0}; expected a tekton.dev/v1 Pipeline")]
    Other(String),
    #[error("it has no spec")]
    NoSpec,
    #[error("its parameter {0} has no default, and a push gives it no value; a push gives {given}", given = given())]
    Parameter(String),
    #[error("its workspace {0} is not optional, and a push gives only `source`")]
    Workspace(String),
    #[error("its parameter {0} has to be a string: that is what a push gives")]
    NoString(String),
}

fn given() -> String {
    desired::parameters().collect::<Vec<_>>().join(", ")
}

/// Reads the one Pipeline. Aliases and depth are limited by the parser.
pub(super) fn parse(text: &str) -> Result<Value, PipelineError> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        // The first line says what and where; the others show the text.
        let error = error.to_string();
        PipelineError::Syntax(error.lines().next().unwrap_or_default().to_owned())
    })?;
    let mut documents: Vec<Value> = documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect();
    let (Some(pipeline), true) = (documents.pop(), documents.is_empty()) else {
        return Err(PipelineError::Count(
            documents.len() + usize::from(!documents.is_empty()),
        ));
    };
    let word = |field: &str| pipeline[field].as_str().unwrap_or("?").to_owned();
    if (word("apiVersion").as_str(), word("kind").as_str()) != ("tekton.dev/v1", "Pipeline") {
        return Err(PipelineError::Other(format!(
            "{} {}",
            word("apiVersion"),
            word("kind")
        )));
    }
    if !pipeline["spec"].is_object() {
        return Err(PipelineError::NoSpec);
    }
    can_run(&pipeline)?;
    Ok(pipeline)
}

/// Whether a push gives it all that it needs: else no run of it would ever start.
fn can_run(pipeline: &Value) -> Result<(), PipelineError> {
    let given: Vec<&str> = desired::parameters().collect();
    for parameter in items(pipeline, "params") {
        let name = parameter["name"].as_str().unwrap_or_default();
        let is_string = parameter["type"].as_str().is_none_or(|kind| kind == "string");
        match given.contains(&name) {
            true if !is_string => return Err(PipelineError::NoString(name.to_owned())),
            false if parameter["default"].is_null() => return Err(PipelineError::Parameter(name.to_owned())),
            _ => {}
        }
    }
    for workspace in items(pipeline, "workspaces") {
        let name = workspace["name"].as_str().unwrap_or_default();
        if name != SOURCE && workspace["optional"] != true {
            return Err(PipelineError::Workspace(name.to_owned()));
        }
    }
    Ok(())
}

/// The names of the parameters that it declares.
pub(super) fn parameters(pipeline: &Value) -> Vec<&str> {
    items(pipeline, "params")
        .filter_map(|item| item["name"].as_str())
        .collect()
}

/// The names of the workspaces that it declares.
pub(super) fn workspaces(pipeline: &Value) -> Vec<&str> {
    items(pipeline, "workspaces")
        .filter_map(|item| item["name"].as_str())
        .collect()
}

fn items<'a>(pipeline: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    pipeline["spec"][field].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: x}\nspec:\n  params: [{name: git-url}]\n  tasks: []\n";

    #[test]
    fn exactly_one_pipeline_is_taken() {
        let pipeline = parse(GOOD).unwrap();
        assert_eq!(parameters(&pipeline), ["git-url"]);
        let twice = format!("{GOOD}---\n{GOOD}");
        let bad = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(bad(&twice), "it holds 2 documents; expected exactly one Pipeline");
        assert_eq!(
            bad("# nothing\n"),
            "it holds 0 documents; expected exactly one Pipeline"
        );
        let role = GOOD
            .replace("tekton.dev/v1", "rbac.authorization.k8s.io/v1")
            .replace("Pipeline", "ClusterRole");
        assert!(bad(&role).starts_with("it is a rbac.authorization.k8s.io/v1 ClusterRole"));
        assert!(bad(&GOOD.replace("/v1", "/v1beta1")).contains("v1beta1"));
        assert!(bad("a: [").starts_with("it is not YAML"));
        assert_eq!(
            bad("apiVersion: tekton.dev/v1\nkind: Pipeline\n"),
            "it has no spec"
        );
    }

    #[test]
    fn a_pipeline_that_no_push_can_start_is_refused() {
        let with = |params: &str| parse(&GOOD.replace("[{name: git-url}]", params));
        assert_eq!(with("[{name: x}]"), Err(PipelineError::Parameter("x".to_owned())));
        assert_eq!(
            with("[{name: commit-sha, type: array}]"),
            Err(PipelineError::NoString("commit-sha".to_owned()))
        );
        with("[{name: x, default: y}]").unwrap();
        let workspace = |text: &str| parse(&GOOD.replace("tasks: []", text));
        workspace("workspaces: [{name: source}, {name: cache, optional: true}]").unwrap();
        let error = workspace("workspaces: [{name: cache}]");
        assert_eq!(error, Err(PipelineError::Workspace("cache".to_owned())));
    }

    #[test]
    fn a_bomb_of_aliases_does_not_go_off() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                before.trim_end_matches(", ")
            ));
        }
        assert!(matches!(parse(&text), Err(PipelineError::Syntax(_))));
    }
}
