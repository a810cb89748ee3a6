//! Other objects that a verdict looks at.

use super::verdict::Doubt;
use serde_json::Value;
use std::collections::BTreeMap;

/// What to read besides the object.
///
/// Of Secrets only the names of the keys are looked at, so that their values can be blanked before they get here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// One object by its name.
    Object {
        /// API group; empty for the core group.
        group: &'static str,
        /// Kind.
        kind: &'static str,
        /// Namespace; `None` for a kind that has none.
        namespace: Option<String>,
        /// Name.
        name: String,
    },
    /// All objects of a namespace that a label selector matches.
    Selected {
        /// API group; empty for the core group.
        group: &'static str,
        /// Kind.
        kind: &'static str,
        /// Namespace.
        namespace: String,
        /// Label selector as a query parameter; empty for all.
        labels: String,
    },
}

impl Need {
    pub(super) fn object(
        group: &'static str,
        kind: &'static str,
        namespace: Option<&str>,
        name: &str,
    ) -> Self {
        Self::Object {
            group,
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    pub(super) fn selected(group: &'static str, kind: &'static str, namespace: &str, labels: String) -> Self {
        Self::Selected {
            group,
            kind,
            namespace: namespace.to_owned(),
            labels,
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object { kind, name, .. } => write!(f, "{kind} {name}"),
            Self::Selected { kind, labels, .. } => write!(f, "every {kind} with {labels}"),
        }
    }
}

/// What was found of a need.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// These exist; none, if there are none.
    Objects(Vec<Value>),
    /// It could not be found out, and why: forbidden, or a kind that the server does not have.
    Unknown(String),
}

/// What was found of some needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found(BTreeMap<Need, Answer>);

impl Found {
    /// Keeps an answer, in place of an earlier one.
    pub fn insert(&mut self, need: Need, answer: Answer) {
        self.0.insert(need, answer);
    }

    /// The objects, or why they are not known.
    pub(super) fn objects(&self, need: &Need) -> Result<&[Value], Doubt> {
        match self.0.get(need) {
            Some(Answer::Objects(objects)) => Ok(objects),
            Some(Answer::Unknown(why)) => Err(Doubt::Unseen(format!("{need} could not be looked at: {why}"))),
            None => Err(Doubt::Unseen(format!("{need} was not looked at"))),
        }
    }

    /// The first object.
    pub(super) fn object(&self, need: &Need) -> Result<&Value, Doubt> {
        let missing = || Doubt::Denied(format!("{need} does not exist"));
        self.objects(need)?.first().ok_or_else(missing)
    }

    /// All Pods among the answers.
    pub(super) fn pods(&self) -> Vec<&Value> {
        let is_pods = |need: &&Need| {
            matches!(
                need,
                Need::Selected {
                    group: "",
                    kind: "Pod",
                    ..
                }
            )
        };
        let answers = self.0.iter().filter(|(need, _)| is_pods(need));
        let objects = answers.filter_map(|(_, answer)| match answer {
            Answer::Objects(objects) => Some(objects),
            Answer::Unknown(_) => None,
        });
        objects.flatten().collect()
    }
}

/// A label selector as a query parameter; `None` if it would select everything, or cannot be written.
pub(super) fn selector(selector: &Value) -> Option<String> {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(name, value)| Some(format!("{name}={}", value.as_str()?)));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let terms: Option<Vec<String>> = labels.chain(expressions.map(expression)).collect();
    terms
        .map(|terms| terms.join(","))
        .filter(|terms| !terms.is_empty())
}

fn expression(expression: &Value) -> Option<String> {
    let key = expression["key"].as_str()?;
    let values = expression["values"].as_array().into_iter().flatten();
    let values: Vec<&str> = values.filter_map(Value::as_str).collect();
    let values = values.join(",");
    Some(match expression["operator"].as_str()? {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "Exists" => key.to_owned(),
        "DoesNotExist" => format!("!{key}"),
        _ => return None,
    })
}
